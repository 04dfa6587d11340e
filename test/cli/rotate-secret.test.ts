/**
 * `npm run rotate-secret` against a made-up account over a real SQLite database: at every moment, for every isolate that may
 * still run, whatever is sealed can be opened, and what was made with either secret is accepted.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Stop, type World } from '../../src/cli/deploy-steps.ts'
import { type Deployment, NEW_DEPLOYMENT } from '../../src/cli/deployment.ts'
import { finish, rotate } from '../../src/cli/rotate-steps.ts'
import { createKeyring, type Keyring } from '../../src/domain/keyring.ts'
import { messageSecretsPlace, routeKeyPlace, signingKeyPlace, testIdentityPlace } from '../../src/domain/sealed.ts'
import { decodeBase64url, encodeBase64url } from '../../src/lib/base64url.ts'
import { utf8 } from '../../src/lib/bytes.ts'

const OLD = 'the-old-secret-the-old-secret-the-old-secret'
const NEW = 'the-new-secret-the-new-secret-the-new-secret'
const START = 1_790_000_000
const WEEK = 7 * 86_400
/** More than one page of keys. */
const MANY = 40

type Secrets = { LATCHKEY_SECRET: string; LATCHKEY_SECRET_PREVIOUS?: string }

const keyring = ({ LATCHKEY_SECRET, LATCHKEY_SECRET_PREVIOUS }: Secrets): Promise<Keyring> =>
  createKeyring(LATCHKEY_SECRET, LATCHKEY_SECRET_PREVIOUS ?? null, (length) =>
    crypto.getRandomValues(new Uint8Array(length)),
  )

async function madeUpAccount(projects = 3) {
  const sqlite = new DatabaseSync(':memory:')
  const migrations = fileURLToPath(new URL('../../migrations/', import.meta.url))
  for (const name of readdirSync(migrations).sort()) sqlite.exec(readFileSync(migrations + name, 'utf8'))
  const account = {
    secrets: { LATCHKEY_SECRET: OLD } as Secrets,
    /** The isolates that may still run: of this state and of the one before. */
    running: [{ LATCHKEY_SECRET: OLD }] as Secrets[],
    deployment: {
      ...NEW_DEPLOYMENT,
      issuer: 'https://sign-in.example.com',
      account_id: 'acc_1',
      d1_database_id: 'd1_1',
    } as Deployment,
    /** The call that breaks off, counted from 1; before or after it took effect. */
    breaksAt: null as { call: number; after: boolean } | null,
    calls: 0,
    said: [] as string[],
    argv: [] as string[],
    kept: {} as Record<string, string>,
    now: START,
  }
  const seal = async (place: string, text: string) => (await keyring({ LATCHKEY_SECRET: OLD })).seal(place, utf8(text))
  for (let n = 0; n < projects; n++) {
    const id = `proj_${String(n).padStart(3, '0')}`
    const identity = { address: 'review@example.com', until: START + WEEK }
    const sealed = encodeBase64url(await seal(testIdentityPlace(id, identity.address), '1234567890'))
    const settings = JSON.stringify(n % 3 === 0 ? { test_identities: [{ ...identity, sealed }] } : { locale: "d'e" })
    sqlite
      .prepare(
        'INSERT INTO projects (id, first, name, settings, route_key, created_at, updated_at) VALUES (?,?,?,?,?,0,0)',
      )
      .run(id, n === 0 ? 1 : null, `P${n}`, settings, await seal(routeKeyPlace(id), `route ${n}`))
    for (const generation of [1, 2, 10]) {
      const kid = `kid-${n}-${generation}`
      sqlite
        .prepare('INSERT INTO signing_keys VALUES (?,?,?,?,?,?,0,0)')
        .run(id, 'ES256', generation, kid, '{}', await seal(signingKeyPlace(id, kid), kid))
    }
  }
  /** Every sealed value, and whether these secrets open it. */
  const unopened = async (secrets: Secrets): Promise<string[]> => {
    const keys = await keyring(secrets)
    const shut: string[] = []
    const look = async (place: string, sealed: Uint8Array | null) => {
      if (!sealed || !(await keys.unseal(place, sealed))) shut.push(place)
    }
    for (const row of sqlite.prepare('SELECT * FROM projects').all() as Record<string, unknown>[]) {
      const id = String(row.id)
      await look(routeKeyPlace(id), row.route_key as Uint8Array)
      for (const { address, sealed } of JSON.parse(String(row.settings)).test_identities ?? [])
        await look(testIdentityPlace(id, address), decodeBase64url(sealed))
    }
    for (const row of sqlite.prepare('SELECT * FROM signing_keys').all() as Record<string, unknown>[])
      await look(signingKeyPlace(String(row.project_id), String(row.kid)), row.private_jwk as Uint8Array)
    return shut
  }
  /** What any isolate makes, every other isolate takes; what is stored, each of them reads. */
  const expectNothingLost = async () => {
    for (const state of account.running) {
      expect(await unopened(state)).toEqual([])
      const made = await (await keyring(state)).seal('x', utf8('made now'))
      for (const other of account.running) expect(await (await keyring(other)).unseal('x', made)).not.toBeNull()
    }
  }
  const world = (env: Record<string, string>): World =>
    ({
      config: 'wrangler.deploy.json',
      env,
      async wrangler(args: string[], { input }: { input?: string } = {}) {
        account.calls++
        account.argv.push(args.join(' '))
        const breaks = account.breaksAt?.call === account.calls ? account.breaksAt : null
        const broken = { code: 1, stdout: '', stderr: 'connection lost' }
        if (breaks && !breaks.after) return broken
        let stdout = ''
        if (args[0] === 'secret' && args[1] === 'bulk') {
          account.running = [account.secrets, { ...account.secrets, ...JSON.parse(input ?? '') }]
          account.secrets = account.running[1] as Secrets
        }
        if (args[0] === 'secret' && args[1] === 'delete') {
          expect(args[2]).toBe('LATCHKEY_SECRET_PREVIOUS')
          account.secrets = { LATCHKEY_SECRET: account.secrets.LATCHKEY_SECRET }
          account.running = [account.secrets]
        }
        if (args[0] === 'd1') {
          const sql = args.at(-1) ?? ''
          expect(sql.length).toBeLessThan(100_000)
          if (/^\s*SELECT/i.test(sql)) stdout = JSON.stringify([{ results: sqlite.prepare(sql).all() }])
          else {
            sqlite.exec(sql)
            stdout = '[]'
          }
        }
        await expectNothingLost()
        return breaks ? broken : { code: 0, stdout, stderr: '' }
      },
      sleep: async () => {
        account.running = [account.secrets]
      },
      say: (line: string) => void account.said.push(line),
      askSecret: async () => null,
      saveDeployment: (deployment: Deployment) => {
        account.deployment = deployment
      },
      keepSecrets(secrets: Record<string, string>) {
        Object.assign(account.kept, secrets)
        return '.latchkey-secrets'
      },
    }) as Partial<World> as World
  const now = () => account.now * 1000
  return {
    sqlite,
    account,
    unopened,
    rotate: (env: Record<string, string>) => rotate(world(env), account.deployment, now),
    finish: (env: Record<string, string>, force = false) => finish(world(env), account.deployment, now, force),
  }
}

describe('rotating LATCHKEY_SECRET', () => {
  it('seals everything anew, and at no moment is anything unreadable or refused', async () => {
    const { rotate, account, unopened } = await madeUpAccount(MANY)
    await rotate({ LATCHKEY_SECRET: OLD })
    const made = account.kept.LATCHKEY_SECRET_NEXT ?? ''
    expect(made.length).toBeGreaterThanOrEqual(43)
    expect(account.secrets).toEqual({ LATCHKEY_SECRET: made, LATCHKEY_SECRET_PREVIOUS: OLD })
    expect(await unopened({ LATCHKEY_SECRET: made })).toEqual([])
    expect(account.deployment.secret_rotation).toEqual({ state: 'done', at: START })
  })

  it('goes on where it broke off, wherever that was', async () => {
    const first = await madeUpAccount()
    await first.rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: NEW })
    const { calls } = first.account
    expect(calls).toBeGreaterThan(10)
    for (let call = 1; call <= calls; call++) {
      for (const after of [false, true]) {
        const { rotate, account, unopened } = await madeUpAccount()
        account.breaksAt = { call, after }
        await expect(rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: NEW }), `${call}`).rejects.toThrow(Stop)
        await rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: NEW })
        expect(account.secrets).toEqual({ LATCHKEY_SECRET: NEW, LATCHKEY_SECRET_PREVIOUS: OLD })
        expect(await unopened({ LATCHKEY_SECRET: NEW })).toEqual([])
      }
    }
  })

  it('takes over what a change by hand left under the secret before', async () => {
    const { rotate, account, unopened } = await madeUpAccount()
    const middle = 'a-secret-that-was-set-by-hand-in-between-them'
    account.secrets = { LATCHKEY_SECRET: middle, LATCHKEY_SECRET_PREVIOUS: OLD }
    account.running = [account.secrets]
    await expect(rotate({ LATCHKEY_SECRET: middle })).rejects.toThrow(/does not open \d+ of \d+/)
    expect(account.secrets.LATCHKEY_SECRET).toBe(middle)
    await rotate({ LATCHKEY_SECRET: middle, LATCHKEY_SECRET_PREVIOUS: OLD, LATCHKEY_SECRET_NEXT: NEW })
    expect(await unopened({ LATCHKEY_SECRET: NEW })).toEqual([])
  })

  it('changes nothing with a wrong secret, a short one, or one of the same key id', async () => {
    const { rotate, account } = await madeUpAccount()
    const { currentId } = await keyring({ LATCHKEY_SECRET: OLD })
    let twin = ''
    for (let n = 0; twin === ''; n++) {
      const candidate = `another-secret-another-secret-another-${n}`
      if ((await keyring({ LATCHKEY_SECRET: candidate })).currentId === currentId) twin = candidate
    }
    await expect(rotate({ LATCHKEY_SECRET: NEW })).rejects.toThrow(/does not open/)
    await expect(rotate({})).rejects.toThrow(/LATCHKEY_SECRET is needed/)
    await expect(rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: 'short' })).rejects.toThrow(/fewer than 32/)
    await expect(rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: twin })).rejects.toThrow(/key id/)
    expect(account.secrets).toEqual({ LATCHKEY_SECRET: OLD })
    expect(account.argv.filter((line) => /bulk|UPDATE/.test(line))).toEqual([])
  })

  it('says no secret, and puts none on a command line', async () => {
    const { rotate, account } = await madeUpAccount()
    await rotate({ LATCHKEY_SECRET: OLD })
    const all = [...account.said, ...account.argv].join('\n')
    for (const secret of [OLD, account.kept.LATCHKEY_SECRET_NEXT ?? '']) expect(all).not.toContain(secret)
  })
})

describe('--finish', () => {
  const given = { LATCHKEY_SECRET: NEW, LATCHKEY_SECRET_PREVIOUS: OLD }
  const rotated = async () => {
    const made = await madeUpAccount()
    await made.rotate({ LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_NEXT: NEW })
    return made
  }

  it('waits a week for links, and then ends the old secret', async () => {
    const { finish, account } = await rotated()
    account.now += WEEK - 1
    await expect(finish(given)).rejects.toThrow(/links sent before the rotation live until 20\d\d-/)
    expect(account.secrets.LATCHKEY_SECRET_PREVIOUS).toBe(OLD)
    account.now += 1
    await finish(given)
    expect(account.secrets).toEqual({ LATCHKEY_SECRET: NEW })
    expect(account.deployment.secret_rotation).toBeUndefined()
  })

  it('says how many refresh tokens would end, and ends them only when told to', async () => {
    const { finish, account, sqlite } = await rotated()
    account.now += WEEK
    sqlite.exec(`INSERT INTO sessions (project_id, id, user_id, amr, created_at, last_active_at, idle_ttl, expires_at)
      VALUES ('proj_000', 'sess_1', 'user_1', '[]', 0, ${account.now}, 1000, ${account.now + 1000});
      INSERT INTO refresh_families (project_id, id, session_id, client_id, grant_data, generation, rotated_at)
      VALUES ('proj_000', 'a', 'sess_1', 'c', '{}', 1, ${START * 1000 - 1}), ('proj_000', 'b', 'sess_1', 'c', '{}', 1, ${START * 1000})`)
    await expect(finish(given)).rejects.toThrow(/1 refresh tokens/)
    await finish(given, true)
    expect(account.secrets).toEqual({ LATCHKEY_SECRET: NEW })
  })

  it('never takes away what a pending mail is sealed with', async () => {
    const { finish, account, sqlite } = await rotated()
    account.now += WEEK
    const sealed = await (await keyring({ LATCHKEY_SECRET: OLD })).seal(
      messageSecretsPlace('proj_000', 'msg_1'),
      utf8('{}'),
    )
    sqlite
      .prepare(
        `INSERT INTO messages (project_id, id, channel, to_masked, template, locale, status, timeline, secrets, expires_at, created_at)
         VALUES ('proj_000', 'msg_1', 'email', 'a', 'sign_in', 'en', 'pending', '[]', ?, 0, 0)`,
      )
      .run(sealed)
    await expect(finish(given, true)).rejects.toThrow(/1 values are still sealed/)
    expect(account.secrets.LATCHKEY_SECRET_PREVIOUS).toBe(OLD)
  })

  it('refuses before a rotation, and with a wrong secret', async () => {
    const { finish } = await madeUpAccount()
    await expect(finish(given)).rejects.toThrow(/no rotation/)
    const after = await rotated()
    after.account.now += WEEK
    await expect(after.finish({ ...given, LATCHKEY_SECRET: OLD })).rejects.toThrow(/does not open/)
    await expect(after.rotate({ LATCHKEY_SECRET: NEW })).rejects.toThrow(/not finished/)
  })
})
