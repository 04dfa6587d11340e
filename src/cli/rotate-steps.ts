/**
 * The steps of `npm run rotate-secret`. Nothing is lost on the way: the new secret is accepted everywhere before anything is made
 * with it, and the old one as long as something made with it lives.
 */

import { createKeyring, type Keyring } from '../domain/keyring.ts'
import { type Ran, run, Stop, type World } from './deploy-steps.ts'
import type { Deployment } from './deployment.ts'
import { randomSecrets } from './dev-vars.ts'
import { countSealedUnder, reseal, type SqlDatabase } from './reseal.ts'

/** So that no isolate runs that does not know of the last change: they are replaced within seconds, requests end within 30 s. */
const SETTLE_MS = 90_000
/** The longest that a link lives, and a mail waits. */
const LINK_SECONDS = 7 * 86_400

const READ = (name: string) => `read -rs ${name}; export ${name}`
const AGAIN = 'then run npm run rotate-secret again: it goes on where it stopped.'
const FINISH = 'npm run rotate-secret -- --finish'

export async function rotate(world: World, deployment: Deployment, now: () => number): Promise<void> {
  const db = database(world, deployment)
  const { secret_rotation: rotation } = deployment
  if (rotation?.state === 'done') {
    throw new Stop(
      `The rotation of ${day(rotation.at)} is not finished: the Worker still accepts the secret before. Finish it first: ${FINISH}`,
    )
  }

  world.say('\n1. The secret in use')
  const current = await given(world, 'LATCHKEY_SECRET', rotation ? 'the old one' : 'the one in use')
  const goesOn = rotation ? await given(world, 'LATCHKEY_SECRET_NEXT', 'the new one') : null
  const earlier = world.env.LATCHKEY_SECRET_PREVIOUS || null
  const known = await keyring(current, goesOn ?? earlier)
  await assertOpens(db, known)
  // What an earlier change by hand left sealed under the secret before this one would be lost with it.
  if (earlier && !goesOn) await reseal(db, known, await keyring(current, null))
  world.say('  it opens what is sealed in the database')

  world.say('\n2. The new secret')
  const next = goesOn ?? (await nextSecret(world, current))

  if (!goesOn) {
    world.say('\n3. The Worker accepts both, and goes on with the one in use')
    await put(world, deployment, { LATCHKEY_SECRET_PREVIOUS: next })
    await settle(world)
  }

  world.say('\n4. The Worker goes over to the new one, and accepts both')
  const at = rotation?.at ?? Math.floor(now() / 1000)
  // Before: whether it was done or not, it is done again, and never step 3 over it.
  world.saveDeployment({ ...deployment, secret_rotation: { state: 'switching', at } })
  await put(world, deployment, { LATCHKEY_SECRET: next, LATCHKEY_SECRET_PREVIOUS: current })
  await settle(world)

  world.say('\n5. What is sealed in the database is sealed anew')
  const { looked, changed } = await reseal(db, await keyring(next, current), await keyring(next, null))
  world.say(`  ${changed} of ${looked} values; the others were already`)
  world.saveDeployment({ ...deployment, secret_rotation: { state: 'done', at } })
  world.say(`
The new secret is in use. Move it to where you keep the backups; the old one still opens the backups made before today.
Links live up to 7 days and refresh tokens as long as session_idle of their project, so the Worker accepts both for now.
deployment.json has the day: commit it, and after ${day(at + LINK_SECONDS)} run ${FINISH}.`)
}

/** Takes the previous secret away, unless something still needs it. */
export async function finish(world: World, deployment: Deployment, now: () => number, force: boolean): Promise<void> {
  const { secret_rotation: rotation, ...rest } = deployment
  if (rotation?.state !== 'done') {
    throw new Stop(
      'deployment.json knows of no rotation that waits for its end. npm run rotate-secret begins or goes on with one.',
    )
  }
  const db = database(world, deployment)
  const current = await given(world, 'LATCHKEY_SECRET', 'the new one, in use')
  const previous = await given(world, 'LATCHKEY_SECRET_PREVIOUS', 'the old one')
  await assertOpens(db, await keyring(current, null))
  const sealed = await countSealedUnder(db, (await keyring(previous, null)).currentId)
  if (sealed > 0)
    throw new Stop(`${sealed} values are still sealed under the old secret: pending mails. Run this again in a week.`)
  const linksUntil = rotation.at + LINK_SECONDS
  const seconds = Math.floor(now() / 1000)
  const [row] = await db.rows(
    `SELECT count(*) AS count FROM refresh_families f JOIN sessions s ON s.project_id = f.project_id AND s.id = f.session_id
     WHERE f.ended_at IS NULL AND f.rotated_at < ${rotation.at * 1000} AND s.revoked_at IS NULL AND s.expires_at > ${seconds}
       AND s.last_active_at + s.idle_ttl > ${seconds}`,
  )
  const families = Number(row?.count ?? 0)
  const why = [
    ...(seconds < linksUntil ? [`links sent before the rotation live until ${day(linksUntil)}`] : []),
    ...(families > 0 ? [`${families} refresh tokens from before the rotation are still good`] : []),
  ]
  if (why.length > 0 && !force)
    throw new Stop(
      `Not yet: ${why.join(', and ')}. Whoever holds one would have to sign in again; --force ends them all the same.`,
    )
  await run(
    world,
    deployment,
    ['secret', 'delete', 'LATCHKEY_SECRET_PREVIOUS', '--name', deployment.name, '--config', world.config],
    {
      input: 'y\n',
      stop: 'The previous secret could not be taken away. See the reason above.',
    },
  )
  world.saveDeployment(rest)
  world.say('The previous secret is accepted no more.')
}

// --- the pieces -----------------------------------------------------------------------------------------------------

const keyring = (current: string, previous: string | null): Promise<Keyring> =>
  createKeyring(current, previous, (length) => crypto.getRandomValues(new Uint8Array(length)))

async function given(world: World, name: string, what: string): Promise<string> {
  const value = world.env[name] || (await world.askSecret(`  ${name}, ${what} (not shown): `))
  if (!value) throw new Stop(`${name} is needed: ${what}. Put it into the environment (${READ(name)}), ${AGAIN}`)
  return value
}

/** A wrong secret would be found out by everybody who signs in. */
async function assertOpens(db: SqlDatabase, keys: Keyring): Promise<void> {
  const { looked, unreadable } = await reseal({ ...db, run: async () => {} }, keys, keys)
  if (looked === 0) throw new Stop('The database holds nothing yet: set another LATCHKEY_SECRET and deploy.')
  if (unreadable.length > 0)
    throw new Stop(
      `This LATCHKEY_SECRET does not open ${unreadable.length} of ${looked} sealed values of the database. Nothing was changed. Give the one that the Worker uses; if an earlier rotation broke off, give the one before it as LATCHKEY_SECRET_PREVIOUS.`,
    )
}

/** From the environment, where a rotation broke off, else a fresh one, kept in a file first. Its key id differs from the old. */
async function nextSecret(world: World, current: string): Promise<string> {
  const wanted = world.env.LATCHKEY_SECRET_NEXT
  const { currentId } = await keyring(current, null)
  if (wanted) {
    if (wanted.length < 32) throw new Stop('LATCHKEY_SECRET_NEXT has fewer than 32 characters.')
    if ((await keyring(wanted, null)).currentId === currentId)
      throw new Stop('LATCHKEY_SECRET_NEXT shares its key id with the one in use (1 in 256 does): take another.')
    world.say('  LATCHKEY_SECRET_NEXT of the environment')
    return wanted
  }
  let next = randomSecrets().LATCHKEY_SECRET
  while ((await keyring(next, null)).currentId === currentId) next = randomSecrets().LATCHKEY_SECRET
  const file = world.keepSecrets({ LATCHKEY_SECRET_NEXT: next })
  world.say(`  made, and kept in ${file}: Cloudflare never shows it again. If this stops half-way, put it into the`)
  world.say(`  environment (${READ('LATCHKEY_SECRET_NEXT')}) ${AGAIN}`)
  return next
}

async function settle(world: World): Promise<void> {
  world.say(`  done; ${SETTLE_MS / 1000} seconds until every isolate knows`)
  await world.sleep(SETTLE_MS)
}

const put = (world: World, deployment: Deployment, secrets: Record<string, string>): Promise<Ran> =>
  run(world, deployment, ['secret', 'bulk', '--name', deployment.name, '--config', world.config], {
    input: JSON.stringify(secrets),
    stop: `The secrets could not be stored. See the reason above, ${AGAIN}`,
  })

function database(world: World, deployment: Deployment): SqlDatabase {
  const execute = async (sql: string) => {
    const args = ['d1', 'execute', 'DB', '--remote', '--json', '--config', world.config, '--command', sql]
    const { stdout } = await run(world, deployment, args, {
      stop: `The database could not be asked. See the reason above, ${AGAIN}`,
    })
    return JSON.parse(stdout) as { results: Record<string, unknown>[] }[]
  }
  return {
    rows: async (sql) => (await execute(sql))[0]?.results ?? [],
    run: async (statements) => void (await execute(statements.join(';\n'))),
  }
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)
