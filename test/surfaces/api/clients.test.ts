import { createExecutionContext } from 'cloudflare:test'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../../src/app.ts'
import { SCOPES } from '../../../src/domain/api-keys/api-key.ts'
import { getClient, mayRedirectClientTo } from '../../../src/domain/clients/client.ts'
import { getProject } from '../../../src/domain/projects/project.ts'
import type { AppEnv } from '../../../src/http/context.ts'
import { answerRefused, authenticateCaller } from '../../../src/http/oidc/client-authentication.ts'
import { systemPorts } from '../../../src/providers/system.ts'
import { env, ROOT_KEY, testApp } from '../../support/app.ts'
import { aKey, expectInvalid, expectProblem } from '../../support/refusals.ts'

const app = testApp()
const CALLBACK = 'https://app.example.com/callback'
const UNKNOWN = `client_${'2'.repeat(27)}`
const SECRET = /^lks_[0-9A-Za-z]{43}$/
const aName = () => `app-${crypto.randomUUID().slice(0, 13)}`

const post = (body: Record<string, unknown>, options = {}) =>
  app.call('POST', '/v1/clients', { name: 'App', ...body }, options)
const patch = (id: string, body: unknown, options = {}) => app.call('PATCH', `/v1/clients/${id}`, body, options)
async function create(body: Record<string, unknown> = {}) {
  const created = await post(body)
  expect(created.status, created.text).toBe(201)
  return created.json
}
const stored = (id: string) => env.DB.prepare('SELECT * FROM clients WHERE id = ?').bind(id).first()
/** In no order: ids of one second have none. */
async function events(id: string) {
  const { results } = await env.DB.prepare("SELECT type, data FROM events WHERE data ->> 'client' = ?").bind(id).all()
  return results.map(({ type, data }) => ({ type, ...JSON.parse(String(data)) }))
}

/** What another isolate would have: a cache of its own. */
async function isolate() {
  const deps = await createApp(systemPorts).depsFor(env, createExecutionContext())
  const project = await getProject(deps, null)
  if (!project) throw new Error('no first project')
  return { deps, project }
}

describe('POST /v1/clients', () => {
  it('answers with exactly the documented client, defaults and the secret included', async () => {
    const created = await post({})
    expect(created.status, created.text).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    expect(created.json).toEqual({
      id: expect.stringMatching(/^client_[0-9A-Za-z]{27}$/),
      client_id: created.json.id,
      name: 'App',
      redirect_uris: [],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code', 'refresh_token'],
      scopes: [],
      token_endpoint_auth_method: 'client_secret_basic',
      require_pkce: true,
      id_token_signed_response_alg: 'ES256',
      access_ttl: null,
      client_secret: expect.stringMatching(SECRET),
    })
  })

  it('keeps every field as it was given, and shows the secret this once', async () => {
    const given = {
      client_id: aName(),
      redirect_uris: [CALLBACK, 'http://localhost/callback', 'com.example.app:/callback'],
      post_logout_redirect_uris: ['https://app.example.com/'],
      grant_types: ['client_credentials', 'authorization_code'],
      scopes: ['users:read', 'events:read'],
      token_endpoint_auth_method: 'client_secret_post',
      require_pkce: false,
      id_token_signed_response_alg: 'RS256',
      access_ttl: 300,
    }
    const { client_secret, ...created } = await create({ ...given, client_secret: 'a secret from elsewhere' })
    expect(client_secret).toBe('a secret from elsewhere')
    expect(created).toEqual({ id: created.id, name: 'App', ...given })
    const read = await app.call('GET', `/v1/clients/${created.id}`)
    expect(read.headers.get('cache-control')).toBe('no-store')
    expect(read.json).toEqual(created)
    expect((await app.call('GET', '/v1/clients?limit=100')).json.data).toContainEqual(created)
  })

  it('stores no secret in plain, and stands in the events without one', async () => {
    const { id, client_secret } = await create()
    const row = JSON.stringify(await stored(id))
    expect(row).not.toContain(client_secret.slice(4))
    expect(await events(id)).toEqual([{ type: 'client.created', client: id, by: 'key_root' }])
  })

  it('gives a public client no secret, and always PKCE', async () => {
    const created = await create({ token_endpoint_auth_method: 'none', require_pkce: false })
    expect(created).not.toHaveProperty('client_secret')
    expect(created.require_pkce).toBe(true)
    expect((await stored(created.id))?.secret_hash).toBeNull()
  })

  it('gives a client_id once in a project, one that we drew included', async () => {
    const client_id = aName()
    const { id } = await create({ client_id })
    const drawn = await create()
    for (const taken of [client_id, drawn.client_id]) {
      const again = await post({ client_id: taken })
      expectProblem(again, 409, 'identifier_taken')
      expect(again.json.errors).toEqual([{ path: 'client_id', message: 'belongs to another client of this project' }])
    }
    expect((await app.call('DELETE', `/v1/clients/${id}`)).status).toBe(204)
    const next = await create({ client_id })
    expect(next.id).not.toBe(id)
  })

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'a\u202eb' }],
    ['client_id', { client_id: '' }],
    ['client_id', { client_id: 'a b' }],
    ['client_id', { client_id: 'a:b' }],
    ['client_id', { client_id: 'ä' }],
    ['client_id', { client_id: 'x'.repeat(201) }],
    ['client_id', { client_id: 'key_root' }],
    ['client_id', { client_id: `proj_${'2'.repeat(27)}` }],
    ['client_secret', { client_secret: 'x'.repeat(15) }],
    ['client_secret', { client_secret: 'x'.repeat(201) }],
    ['client_secret', { client_secret: `${'x'.repeat(20)}\u0000` }],
    ['client_secret', { client_secret: 'ä'.repeat(20) }],
    ['client_secret', { client_secret: 'x'.repeat(20), token_endpoint_auth_method: 'none' }],
    ['redirect_uris.0', { redirect_uris: ['http://app.example.com/callback'] }],
    ['redirect_uris.1', { redirect_uris: [CALLBACK, 'https://*.example.com/'] }],
    ['redirect_uris.0', { redirect_uris: ['https://app.example.com/#x'] }],
    ['redirect_uris.0', { redirect_uris: ['https://user@app.example.com/'] }],
    ['redirect_uris.0', { redirect_uris: ['javascript:alert(1)'] }],
    ['redirect_uris', { redirect_uris: [CALLBACK, CALLBACK] }],
    ['post_logout_redirect_uris.0', { post_logout_redirect_uris: ['/callback'] }],
    ['grant_types', { grant_types: [] }],
    ['grant_types.0', { grant_types: ['implicit'] }],
    ['grant_types.0', { grant_types: ['password'] }],
    ['grant_types', { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' }],
    ['scopes.0', { scopes: ['*'] }],
    ['scopes.0', { scopes: ['root'] }],
    ['scopes', { scopes: ['users:read', 'users:read'] }],
    ['token_endpoint_auth_method', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['id_token_signed_response_alg', { id_token_signed_response_alg: 'none' }],
    ['id_token_signed_response_alg', { id_token_signed_response_alg: 'HS256' }],
    ['access_ttl', { access_ttl: 299 }],
    ['access_ttl', { access_ttl: 86_401 }],
  ])('400 naming %s for %j', async (path, body) => {
    expectInvalid(await post(body), path)
  })

  it('hands on no scope that the key lacks', async () => {
    const { key } = await aKey(app, ['settings:write', 'users:read'])
    const scopes = ['users:read', 'users:write', 'keys:write']
    const refused = await post({ scopes, grant_types: ['client_credentials'] }, { key })
    expectInvalid(refused, 'scopes')
    expect(refused.json.detail).toContain('users:write, keys:write')
    expect((await post({ scopes: ['users:read'] }, { key })).status).toBe(201)
    const all = await aKey(app, ['*'])
    expect((await post({ scopes: SCOPES }, { key: all.key })).status).toBe(201)
  })
})

describe('GET /v1/clients', () => {
  it('pages, newest first', async () => {
    const made = [await create(), await create(), await create()].map(({ id }) => id).sort()
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { json: Record<string, any> } = await app.call('GET', `/v1/clients?limit=2${cursor}`)
      ids.push(...page.json.data.map(({ id }: { id: string }) => id))
      for (const client of page.json.data) expect(client).not.toHaveProperty('client_secret')
      cursor = page.json.next_cursor && `&cursor=${page.json.next_cursor}`
    }
    expect(ids).toEqual([...new Set(ids)].sort().reverse())
    expect(ids).toEqual(expect.arrayContaining(made))
  })

  it('needs settings:read, and changing settings:write', async () => {
    const { id } = await create()
    const { key } = await aKey(app, ['settings:read'])
    expect((await app.call('GET', '/v1/clients', undefined, { key })).status).toBe(200)
    expect((await app.call('GET', `/v1/clients/${id}`, undefined, { key })).status).toBe(200)
    for (const refused of [
      await post({}, { key }),
      await patch(id, { name: 'x' }, { key }),
      await app.call('DELETE', `/v1/clients/${id}`, undefined, { key }),
    ]) {
      expectProblem(refused, 403, 'insufficient_scope')
    }
  })
})

describe('PATCH /v1/clients/{id}', () => {
  it('changes what is given, leaves the rest, and takes null for the default', async () => {
    const { client_secret: _, ...before } = await create({
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [CALLBACK],
      access_ttl: 600,
      require_pkce: false,
    })
    const changed = await patch(before.id, { name: 'Renamed', redirect_uris: ['https://new.example.com/'] })
    expect(changed.status, changed.text).toBe(200)
    expect(changed.headers.get('cache-control')).toBe('no-store')
    expect(changed.json).toEqual({ ...before, name: 'Renamed', redirect_uris: ['https://new.example.com/'] })
    const reset = await patch(before.id, { redirect_uris: null, access_ttl: null, require_pkce: null })
    expect(reset.json).toEqual({ ...before, name: 'Renamed', redirect_uris: [], access_ttl: null, require_pkce: true })
    expect((await app.call('GET', `/v1/clients/${before.id}`)).json).toEqual(reset.json)
    const told = await events(before.id)
    expect(told).toHaveLength(3)
    const updated = { type: 'client.updated', client: before.id, by: 'key_root' }
    expect(told).toContainEqual({ ...updated, changed: 'name redirect_uris' })
    expect(told).toContainEqual({ ...updated, changed: 'redirect_uris require_pkce access_ttl' })
  })

  it('changes nothing and tells nothing for nothing', async () => {
    const { id, client_secret: _, ...before } = await create()
    for (const body of [undefined, {}, { name: before.name }, { rotate_secret: false }]) {
      const answer = await patch(id, body)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.json).toEqual({ id, ...before })
    }
    expect(await events(id)).toHaveLength(1)
  })

  it('draws a new secret once, and the old one ends', async () => {
    const { id, client_id, client_secret: old } = await create()
    const asked = isAuthenticated(await isolate())
    expect(await asked(client_id, old)).toBe(true)
    const rotated = await patch(id, { rotate_secret: true })
    expect(rotated.json.client_secret).toMatch(SECRET)
    expect(rotated.json.client_secret).not.toBe(old)
    expect((await app.call('GET', `/v1/clients/${id}`)).json).not.toHaveProperty('client_secret')
    // The new one works at once where the old one is still remembered; where nothing is, the old one does not.
    expect(await asked(client_id, rotated.json.client_secret)).toBe(true)
    expect(await asked(client_id, old)).toBe(false)
    const told = { type: 'client.updated', client: id, by: 'key_root', changed: 'secret_hash' }
    expect(await events(id)).toContainEqual(told)
  })

  it('takes the secret of a client that becomes public, and draws one for the way back', async () => {
    const { id, client_id, client_secret: old } = await create({ require_pkce: false })
    const open = await patch(id, { token_endpoint_auth_method: 'none' })
    expect(open.json).toMatchObject({ token_endpoint_auth_method: 'none', require_pkce: true })
    expect(open.json).not.toHaveProperty('client_secret')
    expect((await stored(id))?.secret_hash).toBeNull()
    expectInvalid(await patch(id, { rotate_secret: true }), 'rotate_secret')
    expectInvalid(await patch(id, { grant_types: ['client_credentials'] }), 'grant_types')
    const back = await patch(id, { token_endpoint_auth_method: null })
    expect(back.json.client_secret).toMatch(SECRET)
    const asked = isAuthenticated(await isolate())
    expect(await asked(client_id, old)).toBe(false)
    expect(await asked(client_id, null)).toBe(false)
    expect(await asked(client_id, back.json.client_secret)).toBe(true)
  })

  it.each([
    ['client_id', { client_id: 'other' }],
    ['client_secret', { client_secret: 'x'.repeat(20) }],
    ['id', { id: UNKNOWN }],
    ['name', { name: null }],
    ['redirect_uris.0', { redirect_uris: ['http://app.example.com/'] }],
    ['grant_types', { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' }],
    ['access_ttl', { access_ttl: 1 }],
  ])('400 naming %s for %j, and nothing is changed', async (path, body) => {
    const { id } = await create()
    const before = await stored(id)
    expectInvalid(await patch(id, { name: 'Renamed', ...body }), path)
    expect(await stored(id)).toEqual(before)
  })

  it('lets no key reach scopes that it lacks through a client that has them', async () => {
    const { id } = await create({ scopes: ['keys:write'], grant_types: ['client_credentials'] })
    const { key } = await aKey(app, ['settings:write'])
    const before = await stored(id)
    for (const body of [
      { rotate_secret: true },
      { scopes: ['keys:write', 'users:read'] },
      { token_endpoint_auth_method: 'client_secret_post' },
      { grant_types: ['client_credentials', 'refresh_token'] },
    ]) {
      expectInvalid(await patch(id, body, { key }), 'scopes')
    }
    expect(await stored(id)).toEqual(before)
    expect((await patch(id, { name: 'Renamed' }, { key })).status).toBe(200)
    expect((await patch(id, { scopes: [] }, { key })).status).toBe(200)
    expect((await patch(id, { rotate_secret: true }, { key })).json.client_secret).toMatch(SECRET)
  })

  it('never ends in what two patches alone may not do', async () => {
    const { id } = await create()
    const answers = await Promise.all([
      patch(id, { token_endpoint_auth_method: 'none' }),
      patch(id, { grant_types: ['client_credentials'] }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    const row = await stored(id)
    expect(row?.token_endpoint_auth_method === 'none' && String(row.grant_types).includes('credentials')).toBe(false)
  })
})

describe('DELETE /v1/clients/{id}', () => {
  it('ends the client', async () => {
    const { id, client_id, client_secret } = await create()
    expect((await app.call('DELETE', `/v1/clients/${id}`)).status).toBe(204)
    expectProblem(await app.call('GET', `/v1/clients/${id}`), 404, 'not_found')
    expectProblem(await app.call('DELETE', `/v1/clients/${id}`), 404, 'not_found')
    expectProblem(await patch(id, { name: 'x' }), 404, 'not_found')
    expect(await isAuthenticated(await isolate())(client_id, client_secret)).toBe(false)
    expect(await events(id)).toContainEqual({ type: 'client.deleted', client: id, by: 'key_root' })
  })

  it.each([UNKNOWN, 'x', `user_${'2'.repeat(27)}`])('404 for %s', async (id) => {
    expectProblem(await app.call('DELETE', `/v1/clients/${id}`), 404, 'not_found')
    expectProblem(await app.call('GET', `/v1/clients/${id}`), 404, 'not_found')
  })

  it('404 for a client_id that is not the id', async () => {
    const { client_id } = await create({ client_id: aName() })
    expectProblem(await app.call('GET', `/v1/clients/${client_id}`), 404, 'not_found')
  })
})

it('a client may be redirected to what it registered, and after a change to that', async () => {
  const { deps, project } = await isolate()
  const { client_id, id } = await create({ redirect_uris: [CALLBACK, 'http://127.0.0.1/cb'] })
  const client = await getClient(deps, project, client_id)
  expect(client).toMatchObject({ id, clientId: client_id, idTokenAlg: 'ES256' })
  if (!client) return
  expect(mayRedirectClientTo(client, CALLBACK)).toBe(true)
  expect(mayRedirectClientTo(client, 'http://127.0.0.1:4567/cb')).toBe(true)
  expect(mayRedirectClientTo(client, `${CALLBACK}/`)).toBe(false)
  // Development's freedom of the project is not a client's.
  expect(mayRedirectClientTo(client, 'http://localhost:4567/cb')).toBe(false)
})

it.each(['', 'a:b', 'x'.repeat(201), 'first', "' OR 1=1 --"])('no client has the client_id %s', async (clientId) => {
  const { deps, project } = await isolate()
  expect(await getClient(deps, project, clientId)).toBeNull()
})

// --- at the OAuth endpoints -----------------------------------------------------------------------------------------

type Isolate = Awaited<ReturnType<typeof isolate>>

/** An endpoint that only says who calls. */
async function whoCalls(
  { deps, project }: Isolate,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; json: any }> {
  const endpoint = new Hono<AppEnv>().get('/', async (c) => {
    c.set('deps', deps)
    const caller = await authenticateCaller(c, project, new Map(Object.entries(form)))
    switch (caller.kind) {
      case 'refused':
        return answerRefused(c, caller)
      case 'client':
        return c.json({ kind: 'client', id: caller.client.id, project: caller.project.id })
      case 'key':
        return c.json({ kind: 'key', id: caller.caller.id, project: caller.project.id })
    }
  })
  const answer = await endpoint.request('/', { headers })
  return { status: answer.status, headers: answer.headers, json: await answer.json() }
}

const isAuthenticated = (at: Isolate) => async (clientId: string, secret: string | null) =>
  (await whoCalls(at, { client_id: clientId, ...(secret === null ? {} : { client_secret: secret }) })).status === 200

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })

function expectInvalidClient(answer: Awaited<ReturnType<typeof whoCalls>>, scheme: 'Basic' | 'Bearer') {
  expect(answer.status).toBe(401)
  expect(answer.json).toEqual({ error: 'invalid_client', error_description: expect.stringMatching(/\S/) })
  expect(answer.headers.get('www-authenticate')).toMatch(new RegExp(`^${scheme} realm="latchkey"`))
  expect(answer.headers.get('cache-control')).toBe('no-store')
}

describe('authentication of a client (RFC 6749 §2.3)', () => {
  it.each(['client_secret_basic', 'client_secret_post'])('%s: takes the secret in either place', async (method) => {
    const at = await isolate()
    const { id, client_id, client_secret } = await create({ token_endpoint_auth_method: method, client_id: aName() })
    const client = { kind: 'client', id, project: at.project.id }
    expect((await whoCalls(at, { client_id, client_secret })).json).toEqual(client)
    expect((await whoCalls(at, {}, basic(client_id, client_secret))).json).toEqual(client)
    expect((await whoCalls(at, { client_id }, basic(client_id, client_secret))).json).toEqual(client)
  })

  it('takes a secret of odd characters, form-encoded as §2.3.1 says, or as it is', async () => {
    const at = await isolate()
    const secret = 'a b+c%41:d/e=&"~\\ f%'
    const { client_id, id } = await create({ client_secret: secret, client_id: 'a.b_c~d-1' })
    const encoded = new URLSearchParams({ s: secret }).toString().slice(2)
    for (const written of [encoded, encodeURIComponent(secret), secret]) {
      expect((await whoCalls(at, {}, basic(client_id, written))).json).toMatchObject({ kind: 'client', id })
    }
    expect((await whoCalls(at, { client_id, client_secret: secret })).json).toMatchObject({ kind: 'client', id })
    expectInvalidClient(await whoCalls(at, { client_id, client_secret: encoded }), 'Bearer')
  })

  it('refuses every other secret, and none', async () => {
    const at = await isolate()
    const { client_id, client_secret } = await create()
    const hash = String((await stored(client_id))?.secret_hash)
    for (const wrong of [
      `${client_secret}x`,
      client_secret.slice(0, -1),
      client_secret.toUpperCase(),
      hash,
      ROOT_KEY,
    ]) {
      expectInvalidClient(await whoCalls(at, { client_id, client_secret: wrong }), 'Bearer')
      expectInvalidClient(await whoCalls(at, {}, basic(client_id, wrong)), 'Basic')
    }
    expectInvalidClient(await whoCalls(at, { client_id }), 'Bearer')
    expectInvalidClient(await whoCalls(at, {}, basic(client_id, '')), 'Basic')
  })

  it('takes a public client by its id alone', async () => {
    const at = await isolate()
    const { client_id, id } = await create({ token_endpoint_auth_method: 'none' })
    expect((await whoCalls(at, { client_id })).json).toMatchObject({ kind: 'client', id })
    expectInvalidClient(await whoCalls(at, { client_id, client_secret: 'x'.repeat(20) }), 'Bearer')
    expectInvalidClient(await whoCalls(at, {}, basic(client_id, '')), 'Basic')
  })

  it('answers alike for a client that there is and one that there is not', async () => {
    const at = await isolate()
    const { client_id } = await create()
    for (const ask of [
      (id: string) => whoCalls(at, { client_id: id, client_secret: 'x'.repeat(20) }),
      (id: string) => whoCalls(at, {}, basic(id, 'x'.repeat(20))),
      (id: string) => whoCalls(at, { client_id: id }),
    ]) {
      const [known, unknown] = [await ask(client_id), await ask(UNKNOWN)]
      expect(known.json).toEqual(unknown.json)
      expect([...known.headers]).toEqual([...unknown.headers])
    }
  })

  it('takes an API key in either header', async () => {
    const at = await isolate()
    const { id, key } = await aKey(app, ['passwordless:verify'])
    for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
      expect((await whoCalls(at, {}, headers)).json).toEqual({ kind: 'key', id, project: at.project.id })
    }
    expect((await whoCalls(at, { client_id: id }, { 'x-api-key': key })).status).toBe(200)
    expectInvalidClient(await whoCalls(at, {}, { 'x-api-key': `${key}0` }), 'Bearer')
    expectInvalidClient(await whoCalls(at, {}, { 'x-api-key': '' }), 'Bearer')
    expectInvalidClient(await whoCalls(at, {}), 'Bearer')
  })

  it("takes a key for its own project at the first one's address, and for no other project elsewhere", async () => {
    const first = await isolate()
    const [a, b] = await Promise.all(
      ['A', 'B'].map(async (name) => (await app.call('POST', '/v1/projects', { name })).json.id),
    )
    const project = await getProject(first.deps, a)
    if (!project) throw new Error('no project')
    const second = { deps: first.deps, project }
    const asked = { headers: { 'x-project': a } }
    const own = (await app.call('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] }, asked)).json
    const theirs = await aKey(app, ['*'])
    const ofKey = (key: string, wished?: string) => ({ 'x-api-key': key, ...(wished ? { 'x-project': wished } : {}) })

    for (const at of [first, second]) {
      expect((await whoCalls(at, {}, ofKey(own.key))).json).toEqual({ kind: 'key', id: own.id, project: a })
      expectInvalidClient(await whoCalls(at, {}, ofKey(own.key, b)), 'Bearer')
      expect((await whoCalls(at, {}, ofKey(ROOT_KEY))).json.project).toBe(at.project.id)
      expect((await whoCalls(at, {}, ofKey(ROOT_KEY, a))).json.project).toBe(a)
      expectInvalidClient(await whoCalls(at, {}, ofKey(ROOT_KEY, `proj_${'2'.repeat(27)}`)), 'Bearer')
    }
    expectInvalidClient(await whoCalls(second, {}, ofKey(theirs.key)), 'Bearer')
    expectInvalidClient(await whoCalls(second, {}, ofKey(ROOT_KEY, b)), 'Bearer')
    // A client is known in its own project alone.
    const { client_id, client_secret } = await create()
    expectInvalidClient(await whoCalls(second, { client_id, client_secret }), 'Bearer')
  })

  it('refuses two ways at once, also when each is right', async () => {
    const at = await isolate()
    const { client_id, client_secret } = await create()
    const other = await create({ token_endpoint_auth_method: 'none' })
    const { key } = await aKey(app, ['*'])
    for (const [form, headers] of [
      [{ client_id, client_secret }, basic(client_id, client_secret)],
      [{ client_secret }, basic(client_id, client_secret)],
      [{ client_id, client_secret }, { 'x-api-key': key }],
      [{}, { ...basic(client_id, client_secret), 'x-api-key': key }],
      [{ client_id: other.client_id }, { 'x-api-key': key }],
    ] as const) {
      const answer = await whoCalls(at, form, headers)
      expect([answer.status, answer.json.error]).toEqual([400, 'invalid_request'])
    }
    expectInvalidClient(await whoCalls(at, { client_id: other.client_id }, basic(client_id, client_secret)), 'Basic')
  })

  it.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${btoa('no-colon')}`,
    `Basic ${btoa('\xff\xfe:x')}`,
    `Basic ${btoa('%zz:%zz')}`,
    `basic ${btoa(':')}`,
  ])('401 with a Basic challenge for the header %j', async (authorization) => {
    expectInvalidClient(await whoCalls(await isolate(), {}, { authorization }), 'Basic')
  })

  it('reads the scheme in any case', async () => {
    const { client_id, client_secret } = await create()
    const { authorization } = basic(client_id, client_secret)
    const answer = await whoCalls(await isolate(), {}, { authorization: authorization.replace('Basic', 'bAsIc') })
    expect(answer.status).toBe(200)
  })
})
