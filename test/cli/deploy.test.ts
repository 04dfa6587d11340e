/** `npm run deploy` in an account that is made up: what it makes, what it leaves alone, how it stops, and what it never says. */

import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deploy, type Ran, type World } from '../../src/cli/deploy-steps.ts'
import {
  type Deployment,
  NEW_DEPLOYMENT,
  PROVIDERS,
  whyNotDeployable,
  wranglerConfig,
} from '../../src/cli/deployment.ts'

const WANTED: Deployment = {
  ...NEW_DEPLOYMENT,
  issuer: 'https://sign-in.example.com',
  mail_providers: ['resend'],
  mail_from: 'Acme <sign-in@mail.example.com>',
}
const MAIL_KEY = 're_the_key_of_the_operator'
const TOML = {
  name: 'latchkey',
  main: 'src/index.ts',
  build: { command: 'guard' },
  vars: { ISSUER: '' },
  d1_databases: [{ binding: 'DB', database_name: 'latchkey', database_id: 'none', migrations_dir: 'migrations' }],
  kv_namespaces: [{ binding: 'CODES', id: 'none' }],
  env: { dev: { main: 'src/dev.ts' } },
}

/** What Cloudflare holds, and everything that was said and done. */
function madeUpAccount(env: Record<string, string> = { RESEND_API_KEY: MAIL_KEY }) {
  const account = {
    accounts: [{ id: 'acc_1', name: 'Acme' }],
    databases: [] as { name: string; uuid: string }[],
    namespaces: [{ title: 'other', id: 'kv_0' }],
    secrets: null as Record<string, string> | null,
    deployed: 0,
    apiKeys: 0,
    projects: 0,
    /** Requests to the new domain that find nothing yet. */
    slow: 0,
    fails: null as string | null,
    answers: { '/healthz': 200, '/v1/api_keys': 201 } as Record<string, number>,
  }
  const seen = { argv: [] as string[], said: [] as string[], kept: {} as Record<string, string>, slept: 0 }
  const saved = { deployment: null as Deployment | null, configs: {} as Record<string, Record<string, unknown>> }
  const ok = (value: unknown = ''): Ran => ({
    code: 0,
    stdout: typeof value === 'string' ? value : JSON.stringify(value),
    stderr: '',
  })
  const world: World = {
    config: 'wrangler.deploy.json',
    env,
    async wrangler(args, { input, accountId } = {}) {
      const line = args.join(' ')
      seen.argv.push(line)
      if (account.fails && line.startsWith(account.fails)) {
        return {
          code: 1,
          stdout: '',
          stderr: `\x1b[31m✘ [ERROR]\x1b[0m ${line} went wrong\n🪵  Logs were written to "x"`,
        }
      }
      if (line === 'whoami --json') return ok({ loggedIn: true, email: 'ops@example.com', accounts: account.accounts })
      expect(accountId, line).toBe('acc_1')
      if (line === 'd1 list --json') return ok(account.databases)
      if (line === 'kv namespace list') return ok(account.namespaces)
      if (args[0] === 'd1' && args[1] === 'create') account.databases.push({ name: args[2] ?? '', uuid: 'd1_new' })
      if (line.startsWith('kv namespace create')) account.namespaces.push({ title: args[3] ?? '', id: 'kv_new' })
      if (args[0] === 'secret' && args[1] === 'list') {
        if (account.secrets === null)
          return { code: 1, stdout: '', stderr: 'Worker "latchkey" not found.\n\nIf this is a new Worker…' }
        return ok(Object.keys(account.secrets).map((name) => ({ name, type: 'secret_text' })))
      }
      if (args[0] === 'secret' && args[1] === 'bulk')
        account.secrets = { ...account.secrets, ...JSON.parse(input ?? '') }
      if (args[0] === 'd1' && args[1] === 'execute') return ok([{ results: [{ count: account.projects }] }])
      if (args[0] === 'deploy' && !args.includes('--dry-run')) {
        account.deployed++
        return ok('Current Version ID: 1234-5678')
      }
      return ok()
    },
    node: async (args) => {
      seen.argv.push(`node ${args.join(' ')}`)
      return ok()
    },
    async fetch(url, init) {
      const { origin, pathname } = new URL(url)
      expect(origin).toBe(WANTED.issuer)
      if (account.slow-- > 0) throw new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })
      if (pathname === '/v1/api_keys') {
        expect(new Headers(init?.headers).get('x-api-key')).toBe(account.secrets?.LATCHKEY_ROOT_KEY)
        account.apiKeys++
        return Response.json({ key: `lk_first_${account.apiKeys}` }, { status: account.answers[pathname] ?? 404 })
      }
      account.projects = 1
      return Response.json({ status: 'ok' }, { status: account.answers[pathname] ?? 404 })
    },
    sleep: async (milliseconds) => {
      seen.slept += milliseconds
    },
    say: (line) => void seen.said.push(line),
    askSecret: async () => null,
    readToml: () => structuredClone(TOML),
    saveDeployment: (deployment) => {
      saved.deployment = deployment
    },
    saveConfig: (file, config) => {
      saved.configs[file] = config
    },
    keepSecrets(secrets) {
      Object.assign(seen.kept, secrets)
      return '.latchkey-secrets'
    },
  }
  return { account, seen, saved, world }
}

/** What changes something in the account. */
const changing = (argv: string[]) =>
  argv.filter(
    (line) =>
      /^(d1 create|kv namespace create|secret (bulk|put)|d1 migrations apply|deploy)/.test(line) &&
      !line.includes('--dry-run'),
  )

describe('the first run', () => {
  it('makes everything, in an order in which nothing is exposed half made', async () => {
    const { account, seen, saved, world } = madeUpAccount()
    await deploy(world, WANTED)
    expect(changing(seen.argv)).toEqual([
      'd1 create latchkey',
      'kv namespace create latchkey-codes',
      'd1 migrations apply DB --remote --config wrangler.deploy.json',
      'secret bulk --name latchkey --config wrangler.deploy.json',
      'deploy --config wrangler.deploy.json --minify',
    ])
    expect(Object.keys(account.secrets ?? {}).sort()).toEqual([
      'LATCHKEY_ROOT_KEY',
      'LATCHKEY_SECRET',
      'RESEND_API_KEY',
    ])
    expect(saved.deployment).toEqual({
      ...WANTED,
      account_id: 'acc_1',
      d1_database_id: 'd1_new',
      kv_namespace_id: 'kv_new',
    })
    expect(seen.said.join('\n')).toContain('lk_first_1')
  })

  it('builds before it touches the account', async () => {
    const { seen, world } = madeUpAccount()
    await deploy(world, WANTED)
    const build = seen.argv.findIndex((line) => line.includes('--dry-run'))
    expect(build).toBeLessThan(seen.argv.findIndex((line) => changing([line]).length > 0))
    expect(seen.argv.indexOf('node src/cli/assets.ts')).toBeLessThan(build)
  })

  it('configures wrangler with the ids, the issuer as a custom domain, and nothing of development', async () => {
    const { saved, world } = madeUpAccount()
    await deploy(world, WANTED)
    expect(saved.configs['wrangler.deploy.json']).toEqual({
      name: 'latchkey',
      main: 'src/index.ts',
      account_id: 'acc_1',
      workers_dev: false,
      preview_urls: false,
      routes: [{ pattern: 'sign-in.example.com', custom_domain: true }],
      vars: {
        ISSUER: 'https://sign-in.example.com',
        MAIL_PROVIDERS: 'resend',
        MAIL_FROM: 'Acme <sign-in@mail.example.com>',
      },
      d1_databases: [{ binding: 'DB', database_name: 'latchkey', database_id: 'd1_new', migrations_dir: 'migrations' }],
      kv_namespaces: [{ binding: 'CODES', id: 'kv_new' }],
    })
  })

  it('makes strong secrets, keeps a copy of those it made, and shows none', async () => {
    const { account, seen, world } = madeUpAccount()
    await deploy(world, WANTED)
    const { LATCHKEY_SECRET = '', LATCHKEY_ROOT_KEY = '' } = account.secrets ?? {}
    expect(LATCHKEY_SECRET.length).toBeGreaterThanOrEqual(43)
    expect(LATCHKEY_ROOT_KEY).toMatch(/^lk_root_[0-9A-Za-z]{43,}$/)
    expect(seen.kept).toEqual({ LATCHKEY_SECRET, LATCHKEY_ROOT_KEY })
    for (const secret of [LATCHKEY_SECRET, LATCHKEY_ROOT_KEY, MAIL_KEY]) {
      expect(seen.argv.join('\n')).not.toContain(secret)
      expect(seen.said.join('\n')).not.toContain(secret)
    }
  })

  it('waits for a new domain', async () => {
    const { account, seen, world } = madeUpAccount()
    account.slow = 20
    await deploy(world, WANTED)
    expect(seen.slept).toBe(100_000)
    expect(account.apiKeys).toBe(1)
  })

  it('asks for the key of the provider where somebody is there', async () => {
    const { account, world } = madeUpAccount({})
    await deploy({ ...world, askSecret: async () => MAIL_KEY }, WANTED)
    expect(account.secrets?.RESEND_API_KEY).toBe(MAIL_KEY)
  })
})

describe('another run', () => {
  it('creates nothing, touches no secret, and deploys', async () => {
    const { account, seen, saved, world } = madeUpAccount()
    await deploy(world, WANTED)
    const before = { ...account.secrets }
    seen.argv.length = seen.said.length = 0
    seen.kept = {}
    const other = { RESEND_API_KEY: 're_other', LATCHKEY_SECRET: 'x'.repeat(40), LATCHKEY_ROOT_KEY: 'y'.repeat(40) }
    await deploy({ ...world, env: other }, saved.deployment ?? WANTED)
    expect(changing(seen.argv)).toEqual([
      'd1 migrations apply DB --remote --config wrangler.deploy.json',
      'deploy --config wrangler.deploy.json --minify',
    ])
    expect(account.secrets).toEqual(before)
    expect(account.apiKeys).toBe(1)
    expect(seen.kept).toEqual({})
  })

  it('finds by name what deployment.json does not know', async () => {
    const { seen, world } = madeUpAccount()
    await deploy(world, WANTED)
    seen.argv.length = 0
    await deploy(world, WANTED)
    expect(changing(seen.argv).filter((line) => line.includes('create'))).toEqual([])
  })

  it('sets only what is missing', async () => {
    const { account, saved, world } = madeUpAccount()
    await deploy(world, WANTED)
    const before = account.secrets
    const env = { POSTMARK_TOKEN: 'pm_token', POSTMARK_WEBHOOK_TOKEN: 'a-token-for-callbacks' }
    await deploy({ ...world, env }, { ...(saved.deployment ?? WANTED), mail_providers: ['resend', 'postmark'] })
    expect(account.secrets).toEqual({ ...before, ...env })
  })

  it('goes on where it stopped', async () => {
    const { account, world } = madeUpAccount()
    account.fails = 'deploy --config wrangler.deploy.json --minify'
    await expect(deploy(world, WANTED)).rejects.toThrow()
    const before = { ...account.secrets }
    account.fails = null
    await deploy(world, WANTED)
    expect(account).toMatchObject({ deployed: 1, secrets: before })
  })
})

describe('it stops with a sentence and the next step', () => {
  it.each([
    ['d1 list', /D1 Edit.*npm run deploy again/],
    ['d1 create', /database could not be created/],
    ['kv namespace list', /Workers KV Storage Edit/],
    ['kv namespace create', /namespace could not be created/],
    ['d1 migrations apply', /running version was not touched/],
    ['secret list', /secrets of the Worker could not be listed/],
    ['d1 execute', /database could not be asked/],
    ['secret bulk', /secrets could not be stored/],
    ['deploy --config wrangler.deploy.json --dry-run', /does not build. Nothing was changed/],
    ['deploy --config wrangler.deploy.json --minify', /sign-in\.example\.com must lie in a zone/],
  ])('when %s fails, and does nothing after it', async (command, sentence) => {
    const { account, seen, world } = madeUpAccount()
    account.fails = command
    const stopped = await deploy(world, WANTED).catch((error: Error) => error)
    expect(stopped).toMatchObject({ name: 'Stop', message: expect.stringMatching(sentence) })
    expect((stopped as Error).message).toContain(`✘ [ERROR] ${command}`)
    expect((stopped as Error).message).not.toContain('\x1b')
    expect((stopped as Error).message).not.toContain('Logs were written')
    expect(seen.argv.at(-1)).toMatch(new RegExp(`^${command}`))
  })

  it('when nobody is signed in', async () => {
    const { seen, world } = madeUpAccount()
    const out = async (): Promise<Ran> => ({ code: 1, stdout: '{"loggedIn":false}', stderr: '' })
    await expect(deploy({ ...world, wrangler: out }, WANTED)).rejects.toThrow(/npx wrangler login/)
    expect(seen.argv).toEqual([])
  })

  it('when there are several accounts, unless one is named', async () => {
    const { account, seen, world } = madeUpAccount()
    account.accounts.push({ id: 'acc_2', name: 'Other' })
    await expect(deploy(world, WANTED)).rejects.toThrow(/--account <id>:\n {2}acc_1 {2}Acme\n {2}acc_2 {2}Other/)
    await expect(deploy(world, { ...WANTED, account_id: 'acc_3' })).rejects.toThrow(/does not reach the account acc_3/)
    expect(changing(seen.argv)).toEqual([])
    await deploy(world, { ...WANTED, account_id: 'acc_1' })
  })

  it('when the database of deployment.json is not in the account', async () => {
    const { seen, world } = madeUpAccount()
    await expect(deploy(world, { ...WANTED, d1_database_id: 'd1_old' })).rejects.toThrow(/names the database d1_old/)
    expect(changing(seen.argv)).toEqual([])
  })

  it('when the key of a provider is nowhere', async () => {
    const { account, world } = madeUpAccount({})
    await expect(deploy(world, WANTED)).rejects.toThrow(/RESEND_API_KEY is not set.*read -rs RESEND_API_KEY/)
    expect(account).toMatchObject({ secrets: null, deployed: 0 })
  })

  it('rather than put a new LATCHKEY_SECRET over a database in use', async () => {
    const { account, seen, world } = madeUpAccount()
    await deploy(world, WANTED)
    account.secrets = null
    await expect(deploy(world, WANTED)).rejects.toThrow(/has no LATCHKEY_SECRET.*unreadable/)
    expect(account.secrets).toBeNull()
    const old = { LATCHKEY_SECRET: 'the-old-secret-the-old-secret-the-old-one', RESEND_API_KEY: MAIL_KEY }
    await deploy({ ...world, env: old }, WANTED)
    expect(account.secrets).toMatchObject(old)
    expect(seen.said.join('\n')).not.toContain(old.LATCHKEY_SECRET)
  })

  it('rather than let CI lose the secrets it would make', async () => {
    const { account, world } = madeUpAccount({ CI: 'true', RESEND_API_KEY: MAIL_KEY })
    await expect(deploy(world, WANTED)).rejects.toThrow(/lost with this machine/)
    expect(account.secrets).toBeNull()
  })

  it('when the Worker never gets well, and names the next command', async () => {
    const { account, world } = madeUpAccount()
    account.answers['/healthz'] = 503
    await expect(deploy(world, WANTED)).rejects.toThrow(/healthz does not answer with 200: 503.*\n.*wrangler tail/)
  })

  it('when the first key cannot be made, and says how to make it without the root key in sight', async () => {
    const { account, world } = madeUpAccount()
    account.answers['/v1/api_keys'] = 500
    const stopped = await deploy(world, WANTED).catch((error: Error) => error)
    expect((stopped as Error).message).toMatch(/curl .*\$LATCHKEY_ROOT_KEY/)
    expect((stopped as Error).message).not.toContain(account.secrets?.LATCHKEY_ROOT_KEY)
  })
})

describe('in CI', () => {
  it('prints no key', async () => {
    const own = { LATCHKEY_SECRET: 's'.repeat(40), LATCHKEY_ROOT_KEY: 'r'.repeat(40) }
    const { account, seen, world } = madeUpAccount({ CI: 'true', RESEND_API_KEY: MAIL_KEY, ...own })
    await deploy(world, WANTED)
    expect(account).toMatchObject({ deployed: 1, apiKeys: 0 })
    expect(seen.said.join('\n')).not.toMatch(/lk_first|s{40}|r{40}/)
  })
})

describe('the answers', () => {
  it.each([
    [{ issuer: '' }, /--issuer/],
    [{ issuer: 'http://sign-in.example.com' }, /https origin/],
    [{ issuer: 'https://sign-in.example.com/' }, /slash/],
    [{ issuer: 'https://example.com/auth' }, /without a path/],
    [{ mail_providers: [] }, /--mail-provider resend/],
    [{ mail_providers: ['resent'] }, /knows resend, .*not "resent"/],
    [{ mail_providers: ['twilio'] }, /--mail-provider knows/],
    [{ sms_providers: ['resend'] }, /--sms-provider knows/],
    [{ mail_providers: ['mailgun'] }, /mailgun needs MAILGUN_DOMAIN/],
    [{ mail_from: null }, /--mail-from/],
    [{ name: 'Latch Key' }, /--name/],
  ])('%j: says which is wrong', (change, sentence) => {
    expect(whyNotDeployable({ ...WANTED, ...change })).toMatch(sentence)
  })

  it('are fine as they are', () => {
    expect(whyNotDeployable(WANTED)).toBeNull()
    expect(
      whyNotDeployable({ ...WANTED, mail_providers: ['mailgun'], vars: { MAILGUN_DOMAIN: 'mg.example.com' } }),
    ).toBeNull()
  })

  it('may name workers.dev, and lay more over the configuration', () => {
    const config = wranglerConfig(TOML, {
      ...WANTED,
      issuer: 'https://latchkey.acme.workers.dev',
      mail_providers: ['cloudflare'],
      wrangler: { placement: { mode: 'smart' } },
    })
    expect(config).toMatchObject({ workers_dev: true, send_email: [{ name: 'EMAIL' }], placement: { mode: 'smart' } })
    expect(config).not.toHaveProperty('routes')
  })
})

describe('the providers', () => {
  // By address: the Worker's types and those of Node do not go together.
  const source = '../../src/env.ts'
  it.each(Object.entries(PROVIDERS))(
    '%s: the Worker is content with what is asked for, and not with less',
    async (name, provider) => {
      const { readEnv } = (await import(/* @vite-ignore */ source)) as {
        readEnv(env: Record<string, unknown>): unknown
      }
      const samples: Record<string, string> = {
        MAILGUN_DOMAIN: 'mg.example.com',
        SES_REGION: 'eu-central-1',
        TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
        TWILIO_FROM: '+15005550006',
        VONAGE_FROM: 'Acme',
        MESSAGEBIRD_ORIGINATOR: 'Acme',
      }
      const needed = [...provider.secrets, ...provider.vars]
      const base = {
        ISSUER: WANTED.issuer,
        LATCHKEY_SECRET: 's'.repeat(40),
        LATCHKEY_ROOT_KEY: 'r'.repeat(40),
        MAIL_FROM: 'sign-in@example.com',
        EMAIL: {},
        [provider.kind === 'mail' ? 'MAIL_PROVIDERS' : 'SMS_PROVIDERS']: name,
      }
      const all = Object.fromEntries(needed.map((variable) => [variable, samples[variable] ?? 'value']))
      expect(() => readEnv({ ...base, ...all })).not.toThrow()
      for (const variable of needed)
        expect(() => readEnv({ ...base, ...all, [variable]: '' }), variable).toThrow(variable)
    },
  )
})

describe('the program', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [resolve('src/cli/deploy.ts'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, RESEND_API_KEY: MAIL_KEY, CLOUDFLARE_API_TOKEN: '' },
    })

  it('explains itself', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    for (const flag of ['--issuer', '--mail-provider', '--mail-from', '--dry-run']) expect(stdout).toContain(flag)
  })

  it('shows every step without an account, and builds', () => {
    const { status, stdout, stderr } = run('--dry-run', '--issuer', WANTED.issuer)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    for (const command of ['d1 create latchkey', 'kv namespace create', 'd1 migrations apply', 'secret bulk', 'POST']) {
      expect(stdout).toContain(command)
    }
    expect(stdout).not.toContain(MAIL_KEY)
  })

  it.each([
    [['--isuer', 'x'], /--isuer/],
    [['--dry-run', '--issuer', 'http://x'], /https origin/],
    [['--dry-run', '--var', 'RESEND_API_KEY=x'], /is a secret/],
  ])('%j: refuses in a sentence', (args, sentence) => {
    const { status, stderr } = run(...args)
    expect(status).toBe(1)
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toContain('    at ')
  })

  it('is named by a bare wrangler deploy', () => {
    const { WRANGLER_COMMAND: _, ...env } = process.env
    const guard = (extra: Record<string, string>) =>
      spawnSync(process.execPath, [resolve('src/cli/guard.mjs')], { encoding: 'utf8', env: { ...env, ...extra } })
    expect(guard({ WRANGLER_COMMAND: 'deploy' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('npm run deploy'),
    })
    expect(guard({ WRANGLER_COMMAND: 'dev' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('npm run dev'),
    })
    expect(guard({ WRANGLER_COMMAND: 'deploy', LATCHKEY_CLI: '1' }).status).toBe(0)
  })
})
