/** A client's own token (RFC 6749 §4.4) in place of an API key (api.md, Caller). */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  aClient,
  aProject,
  ask,
  claimsIn,
  inProject,
  introspect,
  oidcApp,
  person,
  signIn,
  type TestClient,
  type TestProject,
} from './support.ts'

const app = oidcApp()
const API = 'https://api.acme.example'
let machine: TestClient
let project: TestProject
beforeAll(async () => {
  machine = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read', 'passwordless:send'] })
  project = await aProject(app)
})
afterEach(() => {
  vi.useRealTimers()
})

const tokenOf = async (client: TestClient, more: Record<string, string> = {}): Promise<string> => {
  const answer = await ask(app, client, '/oauth/token', { grant_type: 'client_credentials', ...more })
  expect(answer.status, answer.text).toBe(200)
  return answer.json.access_token
}
const call = (token: string, method = 'GET', path = '/v1/users', body?: unknown, headers = {}) =>
  app.call(method, path, body, { key: null, headers: { authorization: `Bearer ${token}`, ...headers } })

describe('a client-credentials token', () => {
  it('does what the client’s scopes allow, and no more', async () => {
    const token = await tokenOf(machine)
    expect((await call(token)).status).toBe(200)
    const refused = await call(token, 'GET', '/v1/clients')
    expect([refused.status, refused.json.code]).toEqual([403, 'insufficient_scope'])
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="settings:read"')
    expect((await call(token, 'GET', '/v1/projects')).status).toBe(403)
  })

  it('does no more than the token was given', async () => {
    const token = await tokenOf(machine, { scope: 'passwordless:send' })
    expect((await call(token)).status).toBe(403)
    expect((await call(token, 'POST', '/v1/passwordless/send', { email: person(app).email })).status).toBe(201)
  })

  it('cannot be asked for with scopes beyond the client’s (RFC 6749 §5.2)', async () => {
    const answer = await ask(app, machine, '/oauth/token', { grant_type: 'client_credentials', scope: 'keys:write' })
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_scope'])
  })

  it('loses at once what its client loses', async () => {
    const client = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read', 'events:read'] })
    const token = await tokenOf(client)
    await app.call('PATCH', `/v1/clients/${client.id}`, { scopes: ['events:read'] })
    expect((await call(token)).status).toBe(403)
    await app.call('PATCH', `/v1/clients/${client.id}`, { scopes: ['users:read'] })
    expect((await call(token)).status).toBe(200)
    await app.call('PATCH', `/v1/clients/${client.id}`, { grant_types: ['authorization_code'] })
    expect((await call(token)).status).toBe(401)
  })

  it('ends with its client, and serves no later one of the same name', async () => {
    const client = await aClient(app, {
      client_id: 'moved-here',
      grant_types: ['client_credentials'],
      scopes: ['users:read'],
    })
    const token = await tokenOf(client)
    await app.call('DELETE', `/v1/clients/${client.id}`)
    expect((await call(token)).status).toBe(401)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 2000)
    await aClient(app, { client_id: 'moved-here', grant_types: ['client_credentials'], scopes: ['users:read'] })
    expect((await call(token)).status).toBe(401)
    expect(await introspect(app, machine, token)).toEqual({ active: false })
  })

  it('ends by itself', async () => {
    const token = await tokenOf(machine)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 3601_000)
    const answer = await call(token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="latchkey", error="invalid_token"')
  })

  it('for a resource is that resource’s, not ours (RFC 8707, RFC 9068 §4)', async () => {
    await app.call('PATCH', '/v1/project', { resources: [API] })
    const token = await tokenOf(machine, { resource: API })
    expect(claimsIn(token).aud).toBe(API)
    expect((await call(token)).status).toBe(401)
  })

  it('acts for the project that issued it, whatever x-project says', async () => {
    const there = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read'] }, project)
    const email = person(app).email
    await app.call('POST', '/v1/users', { email }, { headers: inProject(project) })
    const token = await tokenOf(there)
    expect((await call(token)).json.data.map((user: { email: string }) => user.email)).toEqual([email])
    expect((await call(await tokenOf(machine), 'GET', '/v1/users', undefined, inProject(project))).status).toBe(403)
  })

  it('may verify, and the client refreshes what it was given', async () => {
    const client = await aClient(app, {
      grant_types: ['client_credentials', 'refresh_token'],
      scopes: ['passwordless:verify'],
      client_id: `own-${crypto.randomUUID()}`,
      client_secret: crypto.randomUUID(),
      access_ttl: 7200,
    })
    const { email } = person(app)
    const sent = await app.call('POST', '/v1/passwordless/send', { email, reveal: true })
    const verified = await call(await tokenOf(client), 'POST', '/v1/passwordless/verify', {
      id: sent.json.id,
      code: sent.json.code,
    })
    expect(verified.status, verified.text).toBe(200)
    // As the client wants its tokens, from the first on.
    const { client_id, aud, iat, exp } = claimsIn(verified.json.access_token)
    expect([client_id, aud, exp - iat]).toEqual([client.clientId, client.clientId, 7200])
    const fields = { grant_type: 'refresh_token', refresh_token: verified.json.refresh_token }
    expect((await ask(app, client, '/oauth/token', fields)).status).toBe(200)
  })
})

describe('no other token is a key', () => {
  it('neither a person’s access token, nor their ID token', async () => {
    const client = await aClient(app, { scopes: ['users:read'] })
    const tokens = await signIn(app, client, person(app), { scope: 'openid users:read' })
    for (const token of [tokens.access_token, tokens.id_token, tokens.refresh_token]) {
      expect((await call(token)).status).toBe(401)
    }
  })

  it.each(['a.b.c', '..', '.', 'e30.e30.', `e30.${btoa('{"iss":5}')}.x`])('nor junk: %s', async (token) => {
    expect((await call(token)).status).toBe(401)
  })
})
