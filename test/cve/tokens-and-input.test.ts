/** Published advisories of other products about tokens, limits and what a request may hold. README.md has the list. */

import { SignJWT } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as oidc from '../oidc/support.ts'
import { type Answer, anAddress, env, hiddenFields, ROOT_KEY, testApp } from '../support/app.ts'
import { aProject } from '../support/project.ts'
import { aKey } from '../support/refusals.ts'
import { anApp, refresh, send, sessionsOf, verified, verify } from './support.ts'

vi.setConfig({ testTimeout: 60_000 })
const app = anApp()
let client: oidc.TestClient
let tokens: oidc.TokenSet
beforeAll(async () => {
  client = await oidc.aClient(app)
  tokens = await oidc.signIn(app, client)
})
const bearer = (token: string, scheme = 'Bearer') =>
  app.request('/userinfo', { headers: { authorization: `${scheme} ${token}` } })

// --- JWT ------------------------------------------------------------------------------------------------------------

it('CVE-2026-22817, CVE-2026-22818 (Hono): the key says the algorithm, not the token', async () => {
  const { keys } = (await app.request('/.well-known/jwks.json')).json
  const header = oidc.headerOf(tokens.access_token)
  const jwk = keys.find(({ kid }: { kid: string }) => kid === header.kid)
  for (const secret of [JSON.stringify(jwk), jwk.x, jwk.kid]) {
    const forged = await new SignJWT({ ...oidc.claimsIn(tokens.access_token), sub: 'user_x' })
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(new TextEncoder().encode(secret.padEnd(32, 'x')))
    expect((await bearer(forged)).status).toBe(401)
  }
  const none = `${oidc.base64url(JSON.stringify({ ...header, alg: 'none' }))}.${tokens.access_token.split('.')[1]}.`
  expect((await bearer(none)).status).toBe(401)
  expect((await bearer(tokens.access_token)).status).toBe(200)
})

it('CVE-2026-47673 (Hono): a token behind another scheme than Bearer is none', async () => {
  const { key } = await aKey(app, ['users:read'])
  for (const scheme of ['Basic', 'Token', 'JWT', 'DPoP', 'Negotiate', 'BearerX', '']) {
    expect((await bearer(tokens.access_token, scheme)).status, scheme).toBe(401)
    const api = await app.request('/v1/users', { headers: { authorization: `${scheme} ${key}` } })
    expect(api.status, scheme).toBe(401)
  }
})

// --- PKCE, and the request ------------------------------------------------------------------------------------------

it.each(['CVE-2025-4144 (workers-oauth-provider)', 'CVE-2024-22258 (Spring)'])(
  '%s: a code that was asked for with a challenge is not exchanged without the verifier',
  async () => {
    const { code, verifier } = await oidc.codeFor(client, oidc.person(app))
    expect((await oidc.exchange(app, client, code, null)).json.error).toBe('invalid_grant')
    expect((await oidc.exchange(app, client, code, verifier)).status).toBe(200)
  },
)

it.each(['CVE-2023-48228 (authentik)', 'CVE-2026-48717 (OpenAM)'])(
  '%s: a verifier is refused where the challenge was taken away, and a public client cannot do without one',
  async () => {
    const open = await oidc.aClient(app, { require_pkce: false })
    const { verifier } = await oidc.pkce()
    const back = await oidc.person(app).goThrough(oidc.authorizationUrl(open))
    const code = back.searchParams.get('code') ?? ''
    expect((await oidc.exchange(app, open, code, verifier)).json.error).toBe('invalid_grant')
    expect((await oidc.exchange(app, open, code, null)).status).toBe(200)
    const spa = await oidc.aClient(app, { token_endpoint_auth_method: 'none' })
    for (const more of [{}, { code_challenge: 'A'.repeat(43), code_challenge_method: 'plain' }]) {
      const led = await app.request(String(oidc.authorizationUrl(spa, more)))
      expect(new URL(oidc.locationOf(led)).searchParams.get('error')).toBe('invalid_request')
    }
  },
)

it('CVE-2026-9689 (Keycloak): a parameter that comes twice is refused, with the same value too', async () => {
  const url = String(oidc.authorizationUrl(client, { code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }))
  for (const again of [
    'redirect_uri=https://evil.example',
    `client_id=${client.clientId}`,
    'scope=openid',
    'state=2',
  ]) {
    const answer = await app.request(`${url}&${again}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  }
})

// --- keys, ids, cookies ---------------------------------------------------------------------------------------------

it('CVE-2026-63203 (Logto): a key without the scope may not', async () => {
  const { key } = await aKey(app, ['users:read'])
  const { id } = (await app.call('POST', '/v1/users', { email: anAddress() })).json
  for (const [method, path, body] of [
    ['PUT', `/v1/users/${id}`, { first_name: 'Eve' }],
    ['DELETE', `/v1/users/${id}`],
    ['POST', '/v1/api_keys', { name: 'k', scopes: ['users:read'] }],
    ['POST', `/v1/users/${id}/login_url`, {}],
    ['GET', '/v1/project'],
  ] as [string, string, unknown?][]) {
    expect((await app.call(method, path, body, { key })).json.code, path).toBe('insufficient_scope')
  }
})

it('CVE-2026-55670 (ZITADEL): what was given to a client is none of a later client of the same id', async () => {
  const wish = {
    client_id: `again-${crypto.randomUUID()}`,
    grant_types: ['client_credentials'],
    scopes: ['users:read'],
  }
  const first = await oidc.aClient(app, wish)
  const { access_token } = (await oidc.ask(app, first, '/oauth/token', { grant_type: 'client_credentials' })).json
  const users = () => app.call('GET', '/v1/users', undefined, { key: access_token })
  expect((await users()).status).toBe(200)
  expect((await app.call('DELETE', `/v1/clients/${first.id}`)).status).toBe(204)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await oidc.aClient(app, wish)
  expect((await users()).status).toBe(401)
  // Nor is a person's older link for whoever has their address now.
  const { email, token, userId } = await send(app)
  await app.call('DELETE', `/v1/users/${userId}`)
  const next = (await app.call('POST', '/v1/users', { email })).json.id
  expect((await verify(app, { token })).status).toBeGreaterThanOrEqual(400)
  expect(await sessionsOf(next)).toEqual([])
})

it('CVE-2026-119128 (ZITADEL): cookies that say who it is cannot be made up', async () => {
  const who = oidc.person(app)
  await who.answerSignIn('/sign-in')
  const [name = '', value = ''] = [...who.cookies].find(([cookie]) => cookie.startsWith('session_')) ?? []
  const [id = '', mac = ''] = value.split('.')
  const other = (await verified(app)).session_id
  const forgeries = [
    id,
    `${id}.`,
    `${id}.${'A'.repeat(43)}`,
    `${other}.${mac}`,
    `${value}.x`,
    value.slice(0, -1),
    btoa(id),
  ]
  for (const forged of forgeries) {
    const answer = await app.request('/account', { headers: { accept: 'text/html', cookie: `${name}=${forged}` } })
    expect([answer.status, new URL(oidc.locationOf(answer)).pathname], forged).toEqual([303, '/sign-in'])
  }
  const good = await app.request('/account', { headers: { accept: 'text/html', cookie: `${name}=${value}` } })
  expect(good.status).toBe(200)
})

it('CVE-2026-47675 (Hono): nothing that a caller sends ends up among the attributes of a cookie', async () => {
  const who = oidc.person(app)
  who.cookies.set('device', 'AAAAAAAAAAAAAAAAAAAAAA.x%3B%20Domain%3Devil.example.BBBBBBBBBBBBBBBBBBBBB;')
  who.cookies.set('flow', 'x%3B%20Domain%3Devil.example')
  const page = await who.open('/sign-in')
  const asked = await who.submit(page, '/sign-in', { email: who.email })
  const waiting = asked.status === 303 ? await who.open(oidc.locationOf(asked)) : asked
  const done = await who.submit(waiting, '/sign-in/code', { typed: who.mailedCode() })
  const cookies = [page, asked, done].flatMap(({ headers }) => headers.getSetCookie())
  expect(cookies.length).toBeGreaterThan(2)
  for (const cookie of cookies) {
    expect(cookie).toMatch(/^\w+=[\w.-]*; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
  }
})

it('better-auth (security.md H4): no page on another site reads an answer with credentials', async () => {
  const { key } = await aKey(app, ['*'])
  const origin = 'https://evil.example'
  for (const [method, path] of [
    ['OPTIONS', '/v1/passwordless/verify'],
    ['GET', '/v1/users'],
    ['GET', '/userinfo'],
    ['GET', '/account'],
    ['GET', '/sign-in/status'],
    ['OPTIONS', '/oauth/token'],
  ] as const) {
    const headers = { origin, 'x-api-key': key, 'access-control-request-method': 'POST' }
    const answer = await app.request(path, { method, headers })
    expect(answer.headers.get('access-control-allow-origin') ?? '', path).not.toContain('evil')
    expect(answer.headers.get('access-control-allow-credentials'), path).toBeNull()
  }
})

// --- limits ---------------------------------------------------------------------------------------------------------

/** An app whose page limiter notes what it is asked for. */
function noting() {
  const keys: string[] = []
  const limit = { limit: async ({ key }: { key: string }) => ({ success: keys.push(key) > 0 }) }
  return { keys, app: testApp({ bindings: { PAGE_LIMIT: limit, PROJECT_LIMIT: undefined } }) }
}
const limited = noting()
const askFrom = async (headers: Record<string, string>, path = '/sign-in', more: Record<string, string> = {}) => {
  limited.keys.length = 0
  await limited.app.form(path, { email: anAddress(), nonce: 'n', ...more }, { accept: 'text/html', ...headers })
  return limited.keys[0]
}

it('CVE-2026-45364: addresses of one IPv6 /64 share a limit', async () => {
  const keys = new Set<unknown>()
  for (let i = 0; i < 64; i++) {
    const host = crypto.getRandomValues(new Uint16Array(4)).reduce((text, part) => `${text}:${part.toString(16)}`, '')
    keys.add(await askFrom({ 'cf-connecting-ip': `2001:db8:1:2${host}` }))
  }
  expect(keys.size).toBe(1)
  expect(await askFrom({ 'cf-connecting-ip': '2001:db8:1:3::1' })).not.toBe([...keys][0])
})

it('CVE-2026-47674 (Hono): spellings of one address share a limit, and headers that anybody can write say nothing', async () => {
  const spellings = [
    '2001:db8::1',
    '2001:DB8:0:0::1',
    '2001:0db8:0000:0000:0000:0000:0000:0001',
    '2001:db8:0:0:0:0:0:1',
  ]
  const seen = new Set<unknown>()
  for (const ip of spellings) seen.add(await askFrom({ 'cf-connecting-ip': ip }))
  expect(seen.size).toBe(1)
  const one = await askFrom({ 'cf-connecting-ip': '203.0.113.7' })
  for (const name of [
    'x-forwarded-for',
    'x-real-ip',
    'forwarded',
    'true-client-ip',
    'x-client-ip',
    'fastly-client-ip',
  ]) {
    expect(await askFrom({ 'cf-connecting-ip': '203.0.113.7', [name]: '198.51.100.9' })).toBe(one)
  }
})

it('CVE-2025-64526 (Strapi): fields of the body do not choose the limit', async () => {
  const ip = { 'cf-connecting-ip': '203.0.113.7' }
  const plain = await askFrom(ip)
  for (const more of [
    { ip: '198.51.100.9' },
    { identifier: 'x' },
    { key: 'x' },
    { project: 'x' },
    { nonce: 'other' },
  ]) {
    expect(await askFrom(ip, '/sign-in', more as unknown as Record<string, string>)).toBe(plain)
  }
})

it('GHSA-x732-6j76-qmhm (better-auth, rou3), CVE-2026-47676 (Hono): another spelling of a path is no way around a check', async () => {
  const paths = [
    '//v1/users',
    '/v1//users',
    '/V1/users',
    '/v1/%75sers/',
    '/v1/users/',
    '/./v1/users/',
    '/v1/users%2f',
    '/v1%2fusers',
    '/v1\\users/',
  ]
  for (const path of paths) {
    const answer = await app.request(path.startsWith('//') ? `http://localhost:8787${path}` : path)
    expect([401, 404], `${path}: ${answer.status}`).toContain(answer.status)
    expect(answer.json.data).toBeUndefined()
  }
  for (const path of ['//sign-in', '/sign-in/', '/SIGN-IN', '/%73ign-in/', '/sign-in%2f']) {
    const { app: noted } = noting()
    const answer = await noted.form(
      `http://localhost:8787${path}`,
      { email: anAddress(), nonce: 'n' },
      { accept: 'text/html' },
    )
    expect([404, 405], path).toContain(answer.status)
    expect(noted.outbox).toEqual([])
  }
})

// --- bodies ---------------------------------------------------------------------------------------------------------

it('CVE-2025-61928 (better-auth): a key is made for the caller’s own project, whoever the body names', async () => {
  const victim = await aProject(app)
  const { key } = await aKey(app, ['keys:write', 'users:read'])
  for (const name of [
    'userId',
    'user_id',
    'project_id',
    'projectId',
    'project',
    'owner',
    'id',
    'key',
    'hash',
    'prefix',
  ]) {
    const body = { name: 'k', scopes: ['users:read'], [name]: victim.id }
    expect((await app.call('POST', '/v1/api_keys', body, { key })).json.code, name).toBe('invalid_request')
  }
  const { results } = await env.DB.prepare('SELECT id FROM api_keys WHERE project_id = ?').bind(victim.id).all()
  expect(results).toEqual([])
})

it('CVE-2026-27946 (ZITADEL): nobody writes that an address is verified', async () => {
  const { id } = (await app.call('POST', '/v1/users', { email: anAddress() })).json
  const claims = { email_verified: true, verified_at: 1, identifiers: [{ verified_at: 1 }], phone_verified: true }
  for (const [name, value] of Object.entries(claims)) {
    const tries = [
      await app.call('POST', '/v1/users', { email: anAddress(), [name]: value }),
      await app.call('PUT', `/v1/users/${id}`, { [name]: value }),
    ]
    expect(tries.map(({ json }) => json.code)).toEqual(['invalid_request', 'invalid_request'])
    // A dialect leaves out what it does not know.
    expect((await app.call('PUT', `/users/${id}`, { [name]: value })).status).toBe(200)
    const made = await app.call('POST', '/users', { email: anAddress(), [name]: value })
    expect([made.status, made.json.email_verified]).toEqual([201, false])
  }
  expect((await app.call('GET', `/v1/users/${id}`)).json.email_verified).toBe(false)
})

/** None of these is a code; the right one works after four of them. */
const NO_CODES: unknown[] = ['', ' ', '-', '\0', null, true, 0, [], {}, [''], ['000000'], { $ne: null }, { length: 6 }]

describe.each([
  ['CVE-2025-12374 (WordPress): an empty code', NO_CODES.slice(0, 4)],
  ['CVE-2026-85216 (MISP): a credential that is no text', NO_CODES.slice(4)],
])('%s signs nobody in', (_name, values) => {
  it('at verify, the dialects, the token endpoint and the code field', async () => {
    const { id, userId } = await send(app)
    for (const value of values) {
      const answers: Answer[] = [
        await verify(app, { id, code: value }),
        await verify(app, { token: value }),
        await app.call('POST', '/cis/v1/auth/otp/authenticate', {
          identifier: userId,
          identifier_type: 'user_id',
          passcode: value,
        }),
        await app.call('POST', '/cis/v1/auth/link/email/authenticate', { code: value }),
        await app.call('POST', '/api/v1/passwordless/email/verify', { auth_request_id: id, code: value }),
        await app.call('POST', '/api/v1/passwordless/email/verify', { link_token: value }),
      ]
      for (const { status, text } of answers) expect([400, 404, 423], text).toContain(status)
      const fields = { grant_type: 'authorization_code', code: String(value) }
      expect((await app.form('/oauth/token', fields, { 'x-api-key': ROOT_KEY })).status).toBe(400)
      expect((await refresh(app, String(value))).status).toBe(400)
    }
    expect(await sessionsOf(userId)).toEqual([])
    const who = oidc.person(app)
    const waiting = await who.open(
      oidc.locationOf(await who.submit(await who.open('/sign-in'), '/sign-in', { email: who.email })),
    )
    const { s = '' } = hiddenFields(waiting.text)
    for (const typed of ['', ' ', '-', '\0']) {
      expect((await who.post('/sign-in/code', { s, typed })).status).toBe(400)
    }
    expect([...who.cookies.keys()].some((cookie) => cookie.startsWith('session_'))).toBe(false)
  })
})

it('GO-2026-4807 (Ory Hydra): a cursor that somebody wrote is refused, and never reaches SQL', async () => {
  const page = await app.call('GET', '/v1/users?limit=1')
  const [id = '', mac = ''] = String(page.json.next_cursor).split('.')
  for (const cursor of [
    `${id}' OR 1=1 --.${mac}`,
    `' UNION SELECT hash FROM api_keys --.${mac}`,
    `${id}.${'A'.repeat(mac.length)}`,
    `user_${'z'.repeat(27)}.${mac}`,
    btoa(JSON.stringify({ id, where: '1=1' })),
    `${id}.`,
    id,
  ]) {
    const answer = await app.call('GET', `/v1/users?limit=1&cursor=${encodeURIComponent(cursor)}`)
    expect([answer.status, answer.json.code], cursor).toEqual([400, 'invalid_request'])
  }
})
