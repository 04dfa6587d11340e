import { describe, expect, it } from 'vitest'
import { SCOPES } from '../../../src/domain/api-keys/api-key.ts'
import { encodeBase62 } from '../../../src/lib/base62.ts'
import { encodeBase64url } from '../../../src/lib/base64url.ts'
import { uint32, utf8 } from '../../../src/lib/bytes.ts'
import { crc32 } from '../../../src/lib/crc32.ts'
import { sha256 } from '../../../src/lib/digest.ts'
import { anAddress, env, ROOT_KEY, type TestApp, testApp } from '../../support/app.ts'
import { aKey, expectInvalid, expectProblem, expectUnauthorized } from '../../support/refusals.ts'

const KEY = /^lk_[0-9A-Za-z]{103}$/
const HOUR = 3600
const seconds = () => Math.floor(Date.now() / 1000)

const create = (app: TestApp, body: Record<string, unknown> = {}, key = ROOT_KEY) =>
  app.call('POST', '/v1/api_keys', { name: 'back end', scopes: ['users:read'], ...body }, { key })
const statusWith = async (app: TestApp, key: string) => (await app.call('GET', '/v1/users', undefined, { key })).status
const listed = async (app: TestApp, id: string) => {
  const { json } = await app.call('GET', '/v1/api_keys?limit=100')
  return json.data.find((key: { id: string }) => key.id === id)
}

/** The key with this body, its checksum made right. */
const withChecksum = (body: string) => body + encodeBase62(uint32(crc32(utf8(body))), 6)

/** D1 that counts what it is asked. */
function countingDatabase() {
  const calls: string[] = []
  const DB = new Proxy(env.DB, {
    get(db, name) {
      const member = Reflect.get(db, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        calls.push(String(name))
        return member.apply(db, args)
      }
    },
  })
  return { DB, calls }
}

describe('POST /v1/api_keys', () => {
  it('makes a key that works, and shows it this once', async () => {
    const app = testApp()
    const before = seconds()
    const created = await create(app)
    expect(created.status, created.text).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    const { key, ...rest } = created.json
    expect(key).toMatch(KEY)
    expect(rest).toEqual({
      id: expect.stringMatching(/^key_[0-9A-Za-z]{27}$/),
      name: 'back end',
      prefix: expect.any(String),
      scopes: ['users:read'],
      created_at: expect.any(Number),
      last_used_at: null,
      expires_at: null,
      revoked_at: null,
    })
    expect(key.startsWith(rest.prefix)).toBe(true)
    expect(rest.prefix.length).toBeLessThan(20)
    expect(rest.created_at).toBeGreaterThanOrEqual(before)
    expect(await listed(app, rest.id)).toEqual(rest)
    expect((await app.call('GET', '/v1/api_keys?limit=100')).text).not.toContain(key)
    expect(await statusWith(app, key)).toBe(200)
  })

  it('never makes two alike', async () => {
    const app = testApp()
    const made = await Promise.all(Array.from({ length: 20 }, () => create(app)))
    expect(new Set(made.map(({ json }) => json.key)).size).toBe(20)
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(20)
  })

  it('stores a hash only: no column of any table holds the key, or its secret part', async () => {
    const app = testApp()
    const { key } = (await create(app)).json
    await statusWith(app, key)
    const secret = key.slice('lk_'.length + 27 + 27, -6)
    const hash = encodeBase64url(await sha256(utf8(key)))
    const tables = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{ name: string }>()
    let hashes = 0
    for (const { name } of tables.results.filter((table) => !/^(_cf|sqlite)/.test(table.name))) {
      const { results } = await env.DB.prepare(`SELECT * FROM ${name}`).all()
      for (const value of results.flatMap((row) => Object.values(row))) {
        const text = Array.isArray(value) ? String.fromCharCode(...(value as number[])) : String(value)
        for (const part of [key, secret, btoa(key), btoa(secret)]) expect(text).not.toContain(part)
        if (text === hash) hashes++
      }
    }
    expect(hashes).toBe(1)
  })

  it.each([...SCOPES, '*'])('may do what the scope %s allows and nothing else', async (scope) => {
    const app = testApp()
    const { key } = await aKey(app, [scope])
    const asked: [string, string, string, unknown?][] = [
      ['users:read', 'GET', '/v1/users'],
      ['users:write', 'POST', '/v1/users', { email: anAddress() }],
      ['passwordless:send', 'POST', '/v1/passwordless/send', { email: anAddress() }],
      ['passwordless:verify', 'POST', '/v1/passwordless/verify', { token: 'x' }],
      ['passwordless:reveal', 'POST', `/v1/users/user_${'2'.repeat(27)}/login_url`],
      ['sessions:read', 'GET', `/v1/sessions/sess_${'2'.repeat(27)}`],
      ['sessions:write', 'DELETE', `/v1/sessions/sess_${'2'.repeat(27)}`],
      ['settings:read', 'GET', '/v1/project'],
      ['settings:write', 'PATCH', '/v1/project', {}],
      ['keys:write', 'GET', '/v1/api_keys'],
    ]
    for (const [needed, method, path, body] of asked) {
      const answer = await app.call(method, path, body, { key })
      if (scope === '*' || scope === needed) expect(answer.status, path).not.toBe(403)
      else expectProblem(answer, 403, 'insufficient_scope')
    }
  })

  it('hands on only scopes that its maker has', async () => {
    const app = testApp()
    const maker = await aKey(app, ['keys:write', 'users:read'])
    for (const scopes of [['users:write'], ['users:read', 'users:write'], ['*'], ['keys:write', '*']]) {
      const refused = await create(app, { scopes }, maker.key)
      expectInvalid(refused, 'scopes')
      expect(refused.json.detail).toContain(scopes.at(-1))
    }
    const made = await create(app, { scopes: ['users:read', 'keys:write'] }, maker.key)
    expect(made.status, made.text).toBe(201)
    expect(await statusWith(app, made.json.key)).toBe(200)
    expect((await create(app, { scopes: ['users:write'] }, made.json.key)).status).toBe(400)
  })

  it.each([
    ['in the past', () => seconds() - 1],
    ['now', () => seconds()],
    ['0', () => 0],
    ['negative', () => -1],
  ])('refuses expires_at %s', async (_name, at) => {
    const app = testApp()
    expectInvalid(await create(app, { expires_at: at() }), 'expires_at')
  })

  it('works until expires_at, and no longer', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const expires_at = Math.floor(now / 1000) + HOUR
    const { json } = await create(app, { expires_at })
    expect(json.expires_at).toBe(expires_at)
    expect(await statusWith(app, json.key)).toBe(200)
    now = expires_at * 1000 - 1
    expect(await statusWith(app, json.key)).toBe(200)
    now = expires_at * 1000
    expect(await statusWith(app, json.key)).toBe(401)
    expect(await statusWith(testApp({ ports: { now: () => now } }), json.key)).toBe(401)
  })

  it.each([
    ['no scopes', { scopes: [] }, 'scopes'],
    ['an unknown scope', { scopes: ['users:delete'] }, 'scopes.0'],
    ['a scope that is no text', { scopes: [1] }, 'scopes.0'],
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
    ['a key of its own', { key: 'lk_mine' }, 'key'],
    ['a text for a time', { expires_at: '2030-01-01' }, 'expires_at'],
  ])('refuses %s', async (_name, change, path) => {
    const app = testApp()
    expectInvalid(await create(app, change), path)
  })

  it('writes an event that names the key and its maker', async () => {
    const app = testApp()
    const maker = await aKey(app, ['keys:write'])
    const made = (await create(app, { scopes: ['keys:write'] }, maker.key)).json
    await app.call('DELETE', `/v1/api_keys/${made.id}`)
    await app.call('DELETE', `/v1/api_keys/${made.id}`)
    const { results } = await env.DB.prepare('SELECT type, data FROM events WHERE data LIKE ?')
      .bind(`%"${made.id}"%`)
      .all<{ type: string; data: string }>()
    expect(results.map(({ type, data }) => [type, JSON.parse(data)]).sort()).toEqual([
      ['api_key.created', { api_key: made.id, by: maker.id }],
      ['api_key.revoked', { api_key: made.id, by: 'key_root' }],
    ])
  })
})

describe('last_used_at', () => {
  it('is kept to the hour, and neither the root key nor a refusal counts', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const { id, key } = await aKey(app, ['users:read'])
    await statusWith(app, `${key}x`)
    expect((await listed(app, id)).last_used_at).toBeNull()
    await statusWith(app, key)
    const first = Math.floor(now / 1000)
    expect((await listed(app, id)).last_used_at).toBe(first)
    now += (HOUR - 1) * 1000
    await statusWith(app, key)
    expect((await listed(app, id)).last_used_at).toBe(first)
    now += 1000
    await statusWith(app, key)
    expect((await listed(app, id)).last_used_at).toBe(first + HOUR)
  })
})

describe('DELETE /v1/api_keys/{id}', () => {
  it('is felt at once in this isolate, and by every other that has not seen the key', async () => {
    const app = testApp()
    const { id, key } = await aKey(app, ['users:read'])
    expect(await statusWith(app, key)).toBe(200)
    const before = seconds()
    const revoked = await app.call('DELETE', `/v1/api_keys/${id}`)
    expect([revoked.status, revoked.text]).toEqual([204, ''])
    expectUnauthorized(await app.call('GET', '/v1/users', undefined, { key }), true)
    expectUnauthorized(await testApp().call('GET', '/v1/users', undefined, { key }), true)
    expect((await listed(app, id)).revoked_at).toBeGreaterThanOrEqual(before)
  })

  it('is felt within 30 seconds by an isolate that has seen it', async () => {
    let now = Date.now()
    const other = testApp({ ports: { now: () => now } })
    const app = testApp()
    const { id, key } = await aKey(app, ['users:read'])
    expect(await statusWith(other, key)).toBe(200)
    await app.call('DELETE', `/v1/api_keys/${id}`)
    now += 30_000
    expect(await statusWith(other, key)).toBe(401)
  })

  it('is the same twice, and keeps the time of the first', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const { id } = await aKey(app, ['users:read'])
    expect((await app.call('DELETE', `/v1/api_keys/${id}`)).status).toBe(204)
    const { revoked_at } = await listed(app, id)
    now += 60_000
    expect((await app.call('DELETE', `/v1/api_keys/${id}`)).status).toBe(204)
    expect((await listed(app, id)).revoked_at).toBe(revoked_at)
  })

  it('lets a key revoke itself', async () => {
    const app = testApp()
    const { id, key } = await aKey(app, ['keys:write', 'users:read'])
    expect((await app.call('DELETE', `/v1/api_keys/${id}`, undefined, { key })).status).toBe(204)
    expect(await statusWith(app, key)).toBe(401)
  })

  it.each([`key_${'2'.repeat(27)}`, 'key_root', 'x', 'lk_x'])('404 for %s', async (id) => {
    const app = testApp()
    expectProblem(await app.call('DELETE', `/v1/api_keys/${id}`), 404, 'not_found')
    expect((await app.call('GET', '/v1/users')).status).toBe(200)
  })
})

describe('GET /v1/api_keys', () => {
  it('pages through all of them, newest first, none lost, none twice', async () => {
    let now = Date.now() + 1000 * HOUR
    const app = testApp({ ports: { now: () => now } })
    const made: string[] = []
    for (let i = 0; i < 23; i++) {
      now += 1000
      made.unshift((await aKey(app, ['users:read'])).id)
    }
    const found: Record<string, unknown>[] = []
    let cursor = ''
    do {
      const page = await app.call('GET', `/v1/api_keys?limit=5${cursor}`)
      expect(page.status, page.text).toBe(200)
      expect(page.json.data.length).toBeLessThanOrEqual(5)
      found.push(...page.json.data)
      cursor = page.json.next_cursor === null ? '' : `&cursor=${page.json.next_cursor}`
    } while (cursor !== '')
    const ids = found.map(({ id }) => id)
    expect(ids.slice(0, 23)).toEqual(made)
    expect(new Set(ids).size).toBe(ids.length)
    for (const key of found) {
      expect(Object.keys(key)).toEqual([
        'id',
        'name',
        'prefix',
        'scopes',
        'created_at',
        'last_used_at',
        'expires_at',
        'revoked_at',
      ])
    }
    expect((await app.call('GET', '/v1/api_keys')).json.data).toHaveLength(20)
  })
})

describe('a key that was never made', () => {
  const changed = (key: string, at: number) => `${key.slice(0, at)}${key[at] === 'A' ? 'B' : 'A'}${key.slice(at + 1)}`

  it('is refused without asking the database where its checksum is wrong', async () => {
    const { key } = await aKey(testApp(), ['*'])
    const { DB, calls } = countingDatabase()
    const app = testApp({ bindings: { DB } })
    const junk = [
      ...Array.from({ length: key.length - 3 }, (_, i) => changed(key, i + 3)),
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`.trimEnd().replace('lk_', 'LK_'),
      'lk_',
      'x'.repeat(5000),
      `lk_${'0'.repeat(103)}`,
      ROOT_KEY.toUpperCase(),
    ]
    for (const presented of junk) {
      expectUnauthorized(await app.call('GET', '/v1/users', undefined, { key: presented }), true)
    }
    expect(calls).toEqual([])
    // The counter counts.
    expect(await statusWith(app, key)).toBe(200)
    expect(calls.length).toBeGreaterThan(0)
  })

  it('is refused where its checksum is right and the rest is not', async () => {
    const app = testApp()
    const { key } = await aKey(app, ['*'])
    const other = await aKey(app, ['users:read'])
    const body = key.slice(0, -6)
    for (const forged of [
      withChecksum(changed(body, body.length - 1)),
      withChecksum(changed(body, 5)),
      withChecksum(changed(body, 35)),
      // The ids of one key with the secret of another.
      withChecksum(other.key.slice(0, 57) + body.slice(57)),
      withChecksum(body.slice(0, 57) + other.key.slice(57, -6)),
      withChecksum(`lk_${'0'.repeat(97)}`),
    ]) {
      expect(forged).toMatch(KEY)
      expectUnauthorized(await app.call('GET', '/v1/users', undefined, { key: forged }), true)
    }
    expect(withChecksum(body)).toBe(key)
    expect(await statusWith(app, key)).toBe(200)
  })
})

describe('x-api-key and Authorization', () => {
  it('x-api-key decides where both are there', async () => {
    const app = testApp()
    const { key } = await aKey(app, ['users:read'])
    const both = (apiKey: string, bearer: string) =>
      app.request('/v1/users', { headers: { 'x-api-key': apiKey, authorization: `Bearer ${bearer}` } })
    expect((await both(key, 'junk')).status).toBe(200)
    expect((await both('junk', key)).status).toBe(401)
  })
})
