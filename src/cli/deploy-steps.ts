/** The steps of `npm run deploy`. Each looks first and makes only what is missing; what goes wrong ends it with a sentence. */

import { stripVTControlCharacters } from 'node:util'
import { type Deployment, OPTIONAL_SECRETS, PROVIDERS, wranglerConfig } from './deployment.ts'
import { randomSecrets } from './dev-vars.ts'

export type Ran = { code: number; stdout: string; stderr: string }

/** Everything outside of this program, so that a test can stand in for it. */
export type World = {
  /** Runs wrangler; `input` goes to its standard input. Secrets go nowhere else. */
  wrangler(args: string[], options?: { input?: string; accountId?: string | null }): Promise<Ran>
  /** Runs one of the project's own programs: assets, types. */
  node(args: string[]): Promise<Ran>
  fetch(url: string, init?: RequestInit): Promise<Response>
  sleep(milliseconds: number): Promise<void>
  say(line: string): void
  /** Asks the person; null where nobody is there to answer. */
  askSecret(question: string): Promise<string | null>
  readonly env: Record<string, string | undefined>
  readToml(): Record<string, unknown>
  /** deployment.json, for the operator to commit. */
  saveDeployment(deployment: Deployment): void
  /** What wrangler reads, made anew each time. */
  readonly config: string
  saveConfig(file: string, config: Record<string, unknown>): void
  /** Keeps generated secrets in a file that only this person can read. @returns its name */
  keepSecrets(secrets: Record<string, string>): string
}

/** Ends the deployment: what happened, and the next command. */
export class Stop extends Error {
  override readonly name = 'Stop'
}

const HEALTH_WITHIN_MS = 5 * 60_000
const HEALTH_EVERY_MS = 5000
/** What is typed is neither shown nor in the shell's history. */
const READ = (name: string) => `read -rs ${name}; export ${name}`
const AGAIN = 'then run npm run deploy again: it goes on where it stopped.'

/** What a back end that signs people in needs; not `passwordless:reveal` and `keys:write`, which open everything. */
const FIRST_KEY_SCOPES = [
  'users:read',
  'users:write',
  'passwordless:send',
  'passwordless:verify',
  'sessions:read',
  'sessions:write',
  'settings:read',
  'settings:write',
]

export async function deploy(world: World, wanted: Deployment): Promise<void> {
  const step = stepper(world)

  step('Is wrangler signed in to Cloudflare?')
  let deployment = { ...wanted, account_id: await account(world, wanted) }

  step('Build the assets, and see whether the Worker builds')
  await build(world, deployment)

  step(`The D1 database ${deployment.name}`)
  deployment = { ...deployment, d1_database_id: await database(world, deployment) }

  step(`The KV namespace ${kvTitle(deployment)}`)
  deployment = { ...deployment, kv_namespace_id: await namespace(world, deployment) }
  world.saveDeployment(deployment)
  world.saveConfig(world.config, wranglerConfig(world.readToml(), deployment))
  world.say('  deployment.json has the ids. Commit it: it holds no secret.')

  step('Migrate the database')
  await migrate(world, deployment)

  step('Secrets')
  const made = await secrets(world, deployment)

  step(`Deploy ${deployment.name}`)
  await upload(world, deployment)

  step(`Wait for ${deployment.issuer}/healthz`)
  await healthy(world, deployment)

  if (made.rootKey !== null) {
    step('The first API key')
    await firstKey(world, deployment, made.rootKey)
  }
  world.say(`\nLatchkey runs at ${deployment.issuer}. Next: ${deployment.issuer}/docs/deploy#check-it`)
}

const stepper = (world: Pick<World, 'say'>) => {
  let n = 0
  return (title: string) => world.say(`\n${++n}. ${title}`)
}

// --- 1. account -----------------------------------------------------------------------------------------------------

async function account(world: World, { account_id }: Deployment): Promise<string | null> {
  const { code, stdout } = await world.wrangler(['whoami', '--json'])
  const who = json<{ loggedIn?: boolean; accounts?: { id: string; name: string }[] }>(stdout)
  if (code !== 0 || !who?.loggedIn) {
    throw new Stop(
      `wrangler is not signed in to Cloudflare. Run npx wrangler login (in CI set CLOUDFLARE_API_TOKEN), ${AGAIN}`,
    )
  }
  const accounts = who.accounts ?? []
  const wanted = account_id ?? world.env.CLOUDFLARE_ACCOUNT_ID ?? null
  if (wanted === null && accounts.length > 1) {
    const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
    throw new Stop(`This sign-in reaches several accounts. Name one with --account <id>:\n${list}`)
  }
  if (wanted !== null && accounts.length > 0 && !accounts.some(({ id }) => id === wanted)) {
    throw new Stop(
      `This sign-in does not reach the account ${wanted}. Run npx wrangler login with another one, ${AGAIN}`,
    )
  }
  const found = accounts.find(({ id }) => id === (wanted ?? accounts[0]?.id))
  world.say(`  yes, to ${found?.name ?? wanted ?? 'one account'}`)
  return found?.id ?? wanted
}

// --- 2. build -------------------------------------------------------------------------------------------------------

async function build(world: World, deployment: Deployment): Promise<void> {
  const assets = await world.node(['src/cli/assets.ts'])
  if (assets.code !== 0) throw new Stop(`The assets could not be made:\n${said(assets)}`)
  world.saveConfig(world.config, wranglerConfig(world.readToml(), deployment))
  await run(
    world,
    deployment,
    ['deploy', '--config', world.config, '--dry-run', '--minify', '--outdir', 'dist/deploy'],
    {
      stop: 'The Worker does not build. Nothing was changed in your account.',
    },
  )
  world.say('  it does')
}

// --- 3. and 4. storage ----------------------------------------------------------------------------------------------

async function database(world: World, deployment: Deployment): Promise<string> {
  const find = async () => {
    const { stdout } = await run(world, deployment, ['d1', 'list', '--json'], {
      stop: `The D1 databases of the account could not be listed. A token needs the permission D1 Edit. Mend it, ${AGAIN}`,
    })
    const list = json<{ name: string; uuid: string }[]>(stdout) ?? []
    const { d1_database_id: id, name } = deployment
    return (list.find((one) => one.uuid === id) ?? list.find((one) => one.name === name))?.uuid ?? null
  }
  const there = await find()
  if (there === null && deployment.d1_database_id !== null) {
    throw new Stop(
      `deployment.json names the database ${deployment.d1_database_id}, and the account does not have it. With another account pass --account; if the database is really gone, take d1_database_id out of deployment.json, ${AGAIN}`,
    )
  }
  if (there !== null) return told(world, 'there already', there)
  await run(world, deployment, ['d1', 'create', deployment.name], {
    stop: `The database could not be created. See the reason above, ${AGAIN}`,
  })
  const made = await find()
  if (made === null) throw new Stop(`The database was created and is not in the list yet. Wait a minute, ${AGAIN}`)
  return told(world, 'created', made)
}

const kvTitle = ({ name }: Deployment): string => `${name}-codes`

async function namespace(world: World, deployment: Deployment): Promise<string> {
  const find = async () => {
    const { stdout } = await run(world, deployment, ['kv', 'namespace', 'list'], {
      stop: `The KV namespaces of the account could not be listed. A token needs the permission Workers KV Storage Edit. Mend it, ${AGAIN}`,
    })
    const list = json<{ id: string; title: string }[]>(stdout) ?? []
    const { kv_namespace_id: id } = deployment
    return (list.find((one) => one.id === id) ?? list.find((one) => one.title === kvTitle(deployment)))?.id ?? null
  }
  const there = await find()
  if (there !== null) return told(world, 'there already', there)
  await run(world, deployment, ['kv', 'namespace', 'create', kvTitle(deployment)], {
    stop: `The namespace could not be created. See the reason above, ${AGAIN}`,
  })
  const made = await find()
  if (made === null) throw new Stop(`The namespace was created and is not in the list yet. Wait a minute, ${AGAIN}`)
  return told(world, 'created', made)
}

function told(world: World, what: string, id: string): string {
  world.say(`  ${what}: ${id}`)
  return id
}

// --- 5. migrations --------------------------------------------------------------------------------------------------

async function migrate(world: World, deployment: Deployment): Promise<void> {
  const { stdout } = await run(
    world,
    deployment,
    ['d1', 'migrations', 'apply', 'DB', '--remote', '--config', world.config],
    {
      stop: `The migrations could not be applied; one that failed was rolled back. The running version was not touched. See the reason above, ${AGAIN}`,
    },
  )
  world.say(/No migrations to apply/i.test(stdout) ? '  nothing to do' : '  done')
}

// --- 6. secrets -----------------------------------------------------------------------------------------------------

/** One that is set is never touched. @returns `rootKey` if it was set just now, for the first API key */
async function secrets(world: World, deployment: Deployment): Promise<{ rootKey: string | null }> {
  const set = await namesOfSecrets(world, deployment)
  const { generated, given } = await ownSecrets(world, deployment, set)
  const providers = [...deployment.mail_providers, ...deployment.sms_providers]
  for (const name of providers.flatMap((provider) => PROVIDERS[provider]?.secrets ?? [])) {
    if (set.has(name)) continue
    const value = world.env[name] || (await world.askSecret(`  ${name} (not shown): `))
    if (!value) throw new Stop(`${name} is not set. Put it into the environment (${READ(name)}), ${AGAIN}`)
    given[name] = value
  }
  for (const name of OPTIONAL_SECRETS) if (!set.has(name) && world.env[name]) given[name] = world.env[name]

  if (Object.keys(generated).length > 0) {
    const file = world.keepSecrets(generated)
    world.say(
      `  made ${Object.keys(generated).join(' and ')}. Cloudflare never shows them again: move them from ${file}`,
    )
    world.say('  to where you keep the backups of the database, and delete the file.')
  }
  const all = { ...given, ...generated }
  if (Object.keys(all).length === 0) {
    world.say(`  all set: ${[...set].sort().join(', ')}`)
    return { rootKey: null }
  }
  await run(world, deployment, ['secret', 'bulk', '--name', deployment.name, '--config', world.config], {
    input: JSON.stringify(all),
    stop: `The secrets could not be stored. See the reason above, ${AGAIN}`,
  })
  world.say(`  set: ${Object.keys(all).sort().join(', ')}`)
  return { rootKey: all.LATCHKEY_ROOT_KEY ?? null }
}

async function namesOfSecrets(world: World, deployment: Deployment): Promise<Set<string>> {
  const args = ['secret', 'list', '--name', deployment.name, '--config', world.config, '--format', 'json']
  const ran = await world.wrangler(args, { accountId: deployment.account_id })
  if (ran.code !== 0) {
    // Only this answer says that there is no Worker yet. Any other could end with a new secret over the one in use.
    if (/Worker "[^"]*"[^\n]* not found/.test(said(ran))) return new Set()
    throw new Stop(`${said(ran)}\nThe secrets of the Worker could not be listed. See the reason above, ${AGAIN}`)
  }
  return new Set((json<{ name: string }[]>(ran.stdout) ?? []).map(({ name }) => name))
}

/** LATCHKEY_SECRET and LATCHKEY_ROOT_KEY: from the environment, else new ones, but never over those in use. */
async function ownSecrets(
  world: World,
  deployment: Deployment,
  set: Set<string>,
): Promise<{ generated: Record<string, string>; given: Record<string, string> }> {
  const generated: Record<string, string> = {}
  const given: Record<string, string> = {}
  for (const [name, fresh] of Object.entries(randomSecrets())) {
    if (set.has(name)) continue
    const value = world.env[name]
    if (value && value.length < 32) throw new Stop(`${name} of the environment has fewer than 32 characters.`)
    if (value) given[name] = value
    else generated[name] = fresh
  }
  if (generated.LATCHKEY_SECRET !== undefined && (await isInUse(world, deployment))) {
    throw new Stop(
      `The database has been in use, and the Worker ${deployment.name} has no LATCHKEY_SECRET. A new one would make what is sealed in the database unreadable. Put the old one into the environment (${READ('LATCHKEY_SECRET')}), ${AGAIN} If it is lost, see /docs/deploy#a-lost-secret.`,
    )
  }
  if (Object.keys(generated).length > 0 && world.env.CI) {
    throw new Stop(
      `${Object.keys(generated).join(' and ')} would be made here and lost with this machine. Make the first deployment from your own, or give CI the secrets: openssl rand -base64 32`,
    )
  }
  return { generated, given }
}

/** Whether a Worker has answered with this database: it makes the first project when it is first asked. */
async function isInUse(world: World, deployment: Deployment): Promise<boolean> {
  const sql = 'SELECT COUNT(*) AS count FROM projects'
  const { stdout } = await run(
    world,
    deployment,
    ['d1', 'execute', 'DB', '--remote', '--json', '--command', sql, '--config', world.config],
    { stop: `The database could not be asked. See the reason above, ${AGAIN}` },
  )
  const [answer] = json<{ results: { count: number }[] }[]>(stdout) ?? []
  return answer?.results[0]?.count !== 0
}

// --- 7. and 8. deploy -----------------------------------------------------------------------------------------------

async function upload(world: World, deployment: Deployment): Promise<void> {
  const { stdout } = await run(world, deployment, ['deploy', '--config', world.config, '--minify'], {
    stop: `The Worker could not be deployed; what ran before still runs. If it is about the domain: ${new URL(deployment.issuer).host} must lie in a zone of this account, without a DNS record of its own. Mend it, ${AGAIN}`,
  })
  const version = /Current Version ID: (\S+)/.exec(stdout)?.[1]
  world.say(`  deployed${version === undefined ? '' : `, version ${version}`}`)
}

async function healthy(world: World, { issuer }: Deployment): Promise<void> {
  let last = 'no answer'
  for (let waited = 0; waited <= HEALTH_WITHIN_MS; waited += HEALTH_EVERY_MS) {
    try {
      const answer = await world.fetch(`${issuer}/healthz`, { redirect: 'manual', signal: AbortSignal.timeout(10_000) })
      const text = await answer.text()
      if (answer.status === 200) {
        world.say('  well')
        return
      }
      last = `${answer.status} ${text.slice(0, 500)}`
    } catch (error) {
      last =
        error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)
    }
    if (waited === 0) world.say('  not yet; a new domain needs a few minutes for its certificate')
    await world.sleep(HEALTH_EVERY_MS)
  }
  throw new Stop(
    `The Worker is deployed and ${issuer}/healthz does not answer with 200: ${last}\nLook at npx wrangler tail --config ${world.config}, ${AGAIN}`,
  )
}

// --- 9. first key ---------------------------------------------------------------------------------------------------

async function firstKey(world: World, { issuer }: Deployment, rootKey: string): Promise<void> {
  const byHand = `curl ${issuer}/v1/api_keys -H "x-api-key: $LATCHKEY_ROOT_KEY" -H 'content-type: application/json' -d '${JSON.stringify({ name: 'first', scopes: FIRST_KEY_SCOPES })}'`
  if (world.env.CI) {
    world.say(`  not made here, where a log would keep it. Make it with your root key:\n  ${byHand}`)
    return
  }
  const answer = await world
    .fetch(`${issuer}/v1/api_keys`, {
      method: 'POST',
      redirect: 'error',
      headers: { 'x-api-key': rootKey, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'first', scopes: FIRST_KEY_SCOPES }),
      signal: AbortSignal.timeout(30_000),
    })
    .catch(() => null)
  const { key } = json<{ key?: string }>((await answer?.text()) ?? '') ?? {}
  if (answer?.status !== 201 || key === undefined) {
    throw new Stop(
      `Everything runs, but the first API key could not be made (${answer?.status ?? 'no answer'}). Make it:\n  ${byHand}`,
    )
  }
  world.say(`  ${key}`)
  world.say('  It is shown this once. It may send, verify, and change users, sessions and settings.')
}

// --- the command line ----------------------------------------------------------------------------------------------

export async function run(
  world: World,
  { account_id }: Deployment,
  args: string[],
  { stop, input }: { stop: string; input?: string },
): Promise<Ran> {
  const ran = await world.wrangler(args, { accountId: account_id, ...(input === undefined ? {} : { input }) })
  if (ran.code !== 0) throw new Stop(`${said(ran)}\n${stop}`)
  return ran
}

/** What wrangler said, without the colours and without what it says each time. */
const said = ({ stdout, stderr }: Ran): string =>
  stripVTControlCharacters(`${stderr}\n${stdout}`)
    .split('\n')
    .filter((line) => !/Logs were written to|^\s*$/.test(line))
    .join('\n')

function json<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}
