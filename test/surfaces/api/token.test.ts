import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../../src/lib/base64url.ts'
import {
  type Answer,
  anAddress,
  browser,
  codeIn,
  env,
  ISSUER,
  ROOT_KEY,
  type TestApp,
  testApp,
} from '../../support/app.ts'
import { aKey, expectCommonHeaders, expectProblem } from '../../support/refusals.ts'

// The first signing key is of today, whichever test comes first: some have a clock of their own.
beforeAll(async () => {
  expect((await testApp().request('/.well-known/jwks.json')).json.keys).toHaveLength(1)
})

const CALLBACK = 'http://localhost:3000/callback'
const DAY_MS = 86_400_000

afterEach(() => {
  vi.useRealTimers()
})
/** Stops the clock of everything, the Worker and the ledger; what it gives moves it on. */
function stopClock(): (milliseconds: number) => void {
  let now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(now)
  return (milliseconds) => {
    now += milliseconds
    vi.setSystemTime(now)
  }
}

type Headers = Record<string, string>
const token = (app: TestApp, fields: Record<string, string>, key: string | null = ROOT_KEY, headers: Headers = {}) =>
  app.form('/oauth/token', fields, { ...(key === null ? {} : { 'x-api-key': key }), ...headers })
const exchange = (app: TestApp, code: string, key = ROOT_KEY, more: Headers = {}, headers: Headers = {}) =>
  token(app, { grant_type: 'authorization_code', code, ...more }, key, headers)
const refresh = (app: TestApp, refresh_token: string, key = ROOT_KEY) =>
  token(app, { grant_type: 'refresh_token', refresh_token }, key)

/** A link's page, ready to be pressed: every press brings a grant. */
async function aPage(app: TestApp, more: Record<string, unknown> = {}, email = anAddress()) {
  const sent = await app.call('POST', '/v1/passwordless/send', {
    email,
    reveal: true,
    redirect_uri: CALLBACK,
    state: 's',
    ...more,
  })
  expect(sent.status, sent.text).toBe(201)
  const person = browser(app)
  const page = await person.open(sent.json.link)
  const press = async () => codeIn((await person.press(page)).headers.get('location'))
  return { press, sent: sent.json }
}
const aGrant = async (app: TestApp, more: Record<string, unknown> = {}) => (await aPage(app, more)).press()
async function tokens(app: TestApp, key = ROOT_KEY): Promise<Record<string, any>> {
  const exchanged = await exchange(app, await aGrant(app), key)
  expect(exchanged.status, exchanged.text).toBe(200)
  return exchanged.json
}

async function eventsOf(type: string): Promise<number> {
  const row = await env.DB.prepare('SELECT COUNT(*) AS n FROM events WHERE type = ?').bind(type).first<{ n: number }>()
  return row?.n ?? 0
}

/** RFC 6749 §5.2. */
function expectError(answer: Answer, error: string): void {
  expect({ status: answer.status, error: answer.json.error }, answer.text).toEqual({
    status: error === 'invalid_client' ? 401 : 400,
    error,
  })
  expectCommonHeaders(answer)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('pragma')).toBe('no-cache')
  expect(Object.keys(answer.json)).toEqual(['error', 'error_description'])
  // %x20-21 / %x23-5B / %x5D-7E
  expect(answer.json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
}

describe('authorization_code', () => {
  it('brings tokens that verify, once', async () => {
    const app = testApp()
    const grant = await aGrant(app)
    const answer = await exchange(app, grant, ROOT_KEY, { redirect_uri: CALLBACK })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('pragma')).toBe('no-cache')
    expectCommonHeaders(answer)
    expect(answer.json).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[\w-]{72}$/),
      id_token: expect.any(String),
      session_id: expect.stringMatching(/^sess_/),
    })
    const keys = createLocalJWKSet((await app.request('/.well-known/jwks.json')).json as never)
    const audience: string = (await app.call('GET', '/v1/project')).json.id
    const access = await jwtVerify(answer.json.access_token, keys, { issuer: ISSUER, audience, typ: 'at+jwt' })
    expect(access.payload).toMatchObject({ sid: answer.json.session_id, client_id: 'key_root', amr: ['email', 'link'] })
    await jwtVerify(answer.json.id_token, keys, { issuer: ISSUER, audience })
    expectError(await exchange(app, grant), 'invalid_grant')
  })

  it('takes any key of the project that has passwordless:verify', async () => {
    const app = testApp()
    const { key } = await aKey(app, ['passwordless:verify'])
    expect((await exchange(app, await aGrant(app), key)).status).toBe(200)
    const bearer = await token(app, { grant_type: 'authorization_code', code: await aGrant(app) }, null, {
      authorization: `Bearer ${key}`,
    })
    expect(bearer.status, bearer.text).toBe(200)
  })

  it('names a resource as audience, if the project has it', async () => {
    const app = testApp()
    await app.call('PATCH', '/v1/project', { resources: ['https://api.example.com'] })
    const grant = await aGrant(app)
    expectError(await exchange(app, grant, ROOT_KEY, { resource: 'https://other.example.com' }), 'invalid_target')
    const answer = await exchange(app, grant, ROOT_KEY, { resource: 'https://api.example.com' })
    expect(answer.status, answer.text).toBe(200)
    const [, payload = ''] = answer.json.access_token.split('.')
    expect(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).aud).toBe('https://api.example.com')
    await app.call('PATCH', '/v1/project', { resources: null })
  })

  it.each([
    ['another redirect_uri', { redirect_uri: `${CALLBACK}/` }],
    ['a redirect_uri in another case', { redirect_uri: CALLBACK.replace('callback', 'Callback') }],
    ['a redirect_uri with a port it had not', { redirect_uri: CALLBACK.replace('3000', '3001') }],
    ['a code_verifier where none was asked for', { code_verifier: 'v'.repeat(43) }],
  ])('refuses %s, and uses nothing up', async (_name, fields) => {
    const app = testApp()
    const grant = await aGrant(app)
    expectError(await exchange(app, grant, ROOT_KEY, fields), 'invalid_grant')
    expect((await exchange(app, grant, ROOT_KEY, { redirect_uri: CALLBACK })).status).toBe(200)
  })

  it('refuses a redirect_uri where the send had none', async () => {
    const app = testApp()
    await app.call('PATCH', '/v1/project', { default_login_redirect: CALLBACK })
    const page = await aPage(app, { redirect_uri: undefined })
    const grant = await page.press()
    await app.call('PATCH', '/v1/project', { default_login_redirect: null })
    expectError(await exchange(app, grant, ROOT_KEY, { redirect_uri: 'https://evil.example' }), 'invalid_grant')
    expect((await exchange(app, grant)).status).toBe(200)
  })

  it('bound by code_challenge: needs the verifier, and a wrong one uses nothing up', async () => {
    const app = testApp()
    const code_verifier = 'v'.repeat(43)
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code_verifier)))
    const code_challenge = btoa(String.fromCharCode(...hash))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
    const page = await aPage(app, { code_challenge, code_challenge_method: 'S256' })
    const grant = await page.press()
    expectError(await exchange(app, grant), 'invalid_grant')
    expectError(await exchange(app, grant, ROOT_KEY, { code_verifier: 'w'.repeat(43) }), 'invalid_grant')
    expectError(await exchange(app, grant, ROOT_KEY, { code_verifier: code_challenge }), 'invalid_grant')
    const one = await exchange(app, grant, ROOT_KEY, { code_verifier })
    expect(one.status, one.text).toBe(200)
    const two = await exchange(app, await page.press(), ROOT_KEY, { code_verifier })
    expect(two.json.session_id).toBe(one.json.session_id)
  })

  it.each([
    ['junk', async () => 'junk'],
    ['a text as long as a grant', async () => 'A'.repeat(99)],
    [
      'a grant with another last character',
      async (app: TestApp) => (await aGrant(app)).replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
    ],
    ['a challenge id', async (app: TestApp) => (await aPage(app)).sent.id],
    ['the code of the mail', async (app: TestApp) => (await aPage(app)).sent.code],
    ['the link itself', async (app: TestApp) => codeIn((await aPage(app)).sent.link)],
    ['a refresh token', async (app: TestApp) => (await tokens(app)).refresh_token],
    ['an access token', async (app: TestApp) => (await tokens(app)).access_token],
    ['an API key', async () => ROOT_KEY],
  ])('refuses %s for a grant', async (_name, make) => {
    const app = testApp()
    expectError(await exchange(app, await make(app)), 'invalid_grant')
  })

  it('refuses the link here without using it up', async () => {
    const app = testApp()
    const { sent, press } = await aPage(app)
    expectError(await exchange(app, codeIn(sent.link)), 'invalid_grant')
    expect((await exchange(app, await press())).status).toBe(200)
  })

  it('takes a grant for 60 seconds', async () => {
    const later = stopClock()
    const app = testApp()
    const page = await aPage(app)
    const [one, two] = [await page.press(), await page.press()]
    later(58_000)
    expect((await exchange(app, one)).status).toBe(200)
    later(3000)
    expectError(await exchange(app, two), 'invalid_grant')
  })

  it('takes 5 grants that wait at once, and of more the last 5', async () => {
    const app = testApp()
    const page = await aPage(app)
    const grants: string[] = []
    for (let i = 0; i < 7; i++) grants.push(await page.press())
    const answers = await Promise.all(grants.map((grant) => exchange(app, grant)))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 200, 200, 200, 200, 200])
    expect(new Set(answers.slice(2).map(({ json }) => json.session_id)).size).toBe(1)
    expect(new Set(answers.slice(2).map(({ json }) => json.refresh_token)).size).toBe(5)
  })

  it('refuses a user who became inactive after the press', async () => {
    const app = testApp()
    const page = await aPage(app)
    const grant = await page.press()
    await app.call('PUT', `/v1/users/${page.sent.user_id}/status`, { status: 'INACTIVE' })
    expectError(await exchange(app, grant), 'invalid_grant')
  })

  it('used twice ends what it issued, and nothing else', async () => {
    const app = testApp()
    const before = await eventsOf('grant.reused')
    const page = await aPage(app)
    const [one, two] = [await page.press(), await page.press()]
    const [first, second] = [(await exchange(app, one)).json, (await exchange(app, two)).json]
    expect(first.session_id).toBe(second.session_id)
    expectError(await exchange(app, one), 'invalid_grant')
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
    expect((await refresh(app, second.refresh_token)).status).toBe(200)
    expect((await app.call('GET', `/v1/sessions/${first.session_id}`)).json.revoked_at).toBeNull()
    expectError(await exchange(app, one), 'invalid_grant')
    expect(await eventsOf('grant.reused')).toBe(before + 1)
  })

  it('used twice ends what was refreshed since, too', async () => {
    const app = testApp()
    const grant = await aGrant(app)
    const first = (await exchange(app, grant)).json
    const second = (await refresh(app, first.refresh_token)).json
    expectError(await exchange(app, grant, (await aKey(app, ['passwordless:verify'])).key), 'invalid_grant')
    expectError(await refresh(app, second.refresh_token), 'invalid_grant')
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
  })

  it('is the same grant at /v1/passwordless/verify', async () => {
    const app = testApp()
    const grant = await aGrant(app)
    const { refresh_token } = (await exchange(app, grant)).json
    expectProblem(await app.call('POST', '/v1/passwordless/verify', { token: grant }), 409, 'already_used')
    expectError(await refresh(app, refresh_token), 'invalid_grant')
  })
})

describe('Idempotency-Key', () => {
  const key = () => ({ 'idempotency-key': crypto.randomUUID() })

  it('at the token endpoint: the same session and refresh token for a minute, for the same caller', async () => {
    const later = stopClock()
    const app = testApp()
    const page = await aPage(app)
    const [grant, kept] = [await page.press(), await page.press()]
    const headers = key()
    const one = await exchange(app, grant, ROOT_KEY, {}, headers)
    const two = await exchange(app, grant, ROOT_KEY, {}, headers)
    expect([one.status, two.status]).toEqual([200, 200])
    for (const name of ['session_id', 'refresh_token', 'expires_in']) expect(two.json[name]).toBe(one.json[name])
    expect((await app.call('GET', `/v1/users/${page.sent.user_id}/sessions`)).json.data).toHaveLength(1)
    later(59_000)
    expect((await exchange(app, grant, ROOT_KEY, {}, headers)).json.refresh_token).toBe(one.json.refresh_token)
    expect((await refresh(app, one.json.refresh_token)).status).toBe(200)
    later(2000)
    expectError(await exchange(app, grant, ROOT_KEY, {}, headers), 'invalid_grant')
    expectError(await exchange(app, kept, ROOT_KEY, {}, headers), 'invalid_grant')
  })

  it('at the token endpoint: another key, or the key of another caller, is a second use', async () => {
    const app = testApp()
    const other = await aKey(app, ['passwordless:verify'])
    for (const [apiKey, headers] of [
      [ROOT_KEY, key()],
      [other.key, null],
    ] as const) {
      const grant = await aGrant(app)
      const mine = key()
      const one = await exchange(app, grant, ROOT_KEY, {}, mine)
      expectError(await exchange(app, grant, apiKey, {}, headers ?? mine), 'invalid_grant')
      expectError(await refresh(app, one.json.refresh_token), 'invalid_grant')
    }
  })

  it('at the token endpoint: 20 at once are one', async () => {
    const app = testApp()
    const grant = await aGrant(app)
    const headers = key()
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(app, grant, ROOT_KEY, {}, headers)))
    expect(new Set(answers.map(({ json }) => json.refresh_token)).size).toBe(1)
    expect(new Set(answers.map(({ json }) => json.session_id)).size).toBe(1)
    expect((await refresh(app, answers[0]?.json.refresh_token)).status).toBe(200)
  })

  it('on verify: the same session and refresh token, for link and for code', async () => {
    const app = testApp()
    for (const by of ['link', 'code']) {
      const { json: sent } = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })
      const body = by === 'link' ? { token: codeIn(sent.link) } : { id: sent.id, code: sent.code }
      const headers = key()
      const verify = (given: Headers, apiKey = ROOT_KEY) =>
        app.call('POST', '/v1/passwordless/verify', body, { headers: given, key: apiKey })
      const [one, two] = [await verify(headers), await verify(headers)]
      const { access_token: _, id_token: __, ...first } = one.json
      expect(two.status, two.text).toBe(200)
      expect(two.json).toMatchObject(first)
      expectProblem(await verify(key()), 409, 'already_used')
      expectProblem(await verify({}), 409, 'already_used')
      expectProblem(await verify(headers, (await aKey(app, ['passwordless:verify'])).key), 409, 'already_used')
      expect((await refresh(app, one.json.refresh_token)).status).toBe(200)
    }
  })
})

describe('refresh_token', () => {
  it('brings a successor, and says the same as the first tokens did', async () => {
    const app = testApp()
    const first = await tokens(app)
    const answer = await refresh(app, first.refresh_token)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(Object.keys(answer.json).sort()).toEqual(Object.keys(first).sort())
    expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 3600, session_id: first.session_id })
    expect(answer.json.refresh_token).not.toBe(first.refresh_token)
    const keys = createLocalJWKSet((await app.request('/.well-known/jwks.json')).json as never)
    const [before, after] = await Promise.all(
      [first, answer.json].map(({ access_token }) => jwtVerify(access_token, keys)),
    )
    const { iat: _, exp: __, jti: ___, ...said } = before?.payload ?? {}
    expect(after?.payload).toMatchObject(said)
    expect(after?.payload.jti).not.toBe(before?.payload.jti)
  })

  it('goes on for as long as each is used once', async () => {
    const app = testApp()
    let { refresh_token } = await tokens(app)
    const seen = new Set([refresh_token])
    for (let i = 0; i < 12; i++) {
      const answer = await refresh(app, refresh_token)
      expect(answer.status, answer.text).toBe(200)
      refresh_token = answer.json.refresh_token
      seen.add(refresh_token)
    }
    expect(seen.size).toBe(13)
  })

  it('asked again within 10 seconds: the same successor', async () => {
    const later = stopClock()
    const app = testApp()
    const first = await tokens(app)
    const one = await refresh(app, first.refresh_token)
    later(9900)
    const two = await refresh(app, first.refresh_token)
    expect(two.status, two.text).toBe(200)
    for (const name of ['refresh_token', 'session_id', 'token_type']) expect(two.json[name]).toBe(one.json[name])
    expect((await refresh(app, one.json.refresh_token)).status).toBe(200)
  })

  it('asked again after 10 seconds: the family ends, the newest token with it', async () => {
    const later = stopClock()
    const app = testApp()
    const before = await eventsOf('refresh.reused')
    const first = await tokens(app)
    const second = (await refresh(app, first.refresh_token)).json
    later(10_000)
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
    expectError(await refresh(app, second.refresh_token), 'invalid_grant')
    expectError(await refresh(testApp(), second.refresh_token), 'invalid_grant')
    // The session is not the family: another sign-in on it would go on.
    expect((await app.call('GET', `/v1/sessions/${first.session_id}`)).json.revoked_at).toBeNull()
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
    expect(await eventsOf('refresh.reused')).toBe(before + 1)
  })

  it('one that is two generations old ends the family at once', async () => {
    const app = testApp()
    const first = await tokens(app)
    const second = (await refresh(app, first.refresh_token)).json
    const third = (await refresh(app, second.refresh_token)).json
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
    expectError(await refresh(app, third.refresh_token), 'invalid_grant')
  })

  it('20 at once with one token get one successor', async () => {
    const app = testApp()
    const { refresh_token } = await tokens(app)
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, refresh_token)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(new Set(answers.map(({ json }) => json.refresh_token)).size).toBe(1)
    expect((await refresh(app, answers[0]?.json.refresh_token)).status).toBe(200)
  })

  it('belongs to the API key that got it: another one is refused, and ends nothing', async () => {
    const later = stopClock()
    const app = testApp()
    const [mine, other] = [await aKey(app, ['passwordless:verify']), await aKey(app, ['*'])]
    const first = await tokens(app, mine.key)
    expectError(await refresh(app, first.refresh_token, other.key), 'invalid_grant')
    expectError(await refresh(app, first.refresh_token, ROOT_KEY), 'invalid_grant')
    const second = await refresh(app, first.refresh_token, mine.key)
    expect(second.status, second.text).toBe(200)
    expectError(await refresh(app, first.refresh_token, other.key), 'invalid_grant')
    later(11_000)
    expectError(await refresh(app, first.refresh_token, other.key), 'invalid_grant')
    expect((await refresh(app, second.json.refresh_token, mine.key)).status).toBe(200)
  })

  it('is refused when its session was revoked', async () => {
    const app = testApp()
    const first = await tokens(app)
    const second = (await refresh(app, first.refresh_token)).json
    await app.call('DELETE', `/v1/sessions/${first.session_id}`)
    expectError(await refresh(app, second.refresh_token), 'invalid_grant')
    // Nor does a retry of the refresh before bring one.
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
  })

  it.each(['INACTIVE', 'PENDING'])('is refused when its user is %s', async (status) => {
    const app = testApp()
    const first = await tokens(app)
    const { user_id } = (await app.call('GET', `/v1/sessions/${first.session_id}`)).json
    await app.call('PUT', `/v1/users/${user_id}/status`, { status })
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
  })

  it('refused for a PENDING user was not used up: it works when they are ACTIVE again', async () => {
    const later = stopClock()
    const app = testApp()
    const first = await tokens(app)
    const { user_id } = (await app.call('GET', `/v1/sessions/${first.session_id}`)).json
    await app.call('PUT', `/v1/users/${user_id}/status`, { status: 'PENDING' })
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
    await app.call('PUT', `/v1/users/${user_id}/status`, { status: 'ACTIVE' })
    later(60_000)
    expect((await refresh(app, first.refresh_token)).status).toBe(200)
  })

  it('is refused when its user was deleted', async () => {
    const app = testApp()
    const first = await tokens(app)
    const { user_id } = (await app.call('GET', `/v1/sessions/${first.session_id}`)).json
    await app.call('DELETE', `/v1/users/${user_id}`)
    expectError(await refresh(app, first.refresh_token), 'invalid_grant')
  })

  it('is refused after 30 days without use', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    // The ledger has a clock of its own, so both sign in first.
    const [used, idle] = [await tokens(app), await tokens(app)]
    now += 30 * DAY_MS - 5000
    const refreshed = await refresh(app, used.refresh_token)
    expect(refreshed.status, refreshed.text).toBe(200)
    now += 5000
    expectError(await refresh(app, idle.refresh_token), 'invalid_grant')
    expect((await refresh(app, refreshed.json.refresh_token)).status).toBe(200)
  })

  it('is refused 90 days after the sign-in, however often it was used; no access token outlives that', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    let { refresh_token, session_id } = await tokens(app)
    const { expires_at } = (await app.call('GET', `/v1/sessions/${session_id}`)).json
    for (const days of [29, 29, 29]) {
      now += days * DAY_MS
      refresh_token = (await refresh(app, refresh_token)).json.refresh_token
    }
    now = (expires_at - 600) * 1000
    const last = await refresh(app, refresh_token)
    expect([last.status, last.json.expires_in]).toEqual([200, 600])
    now = expires_at * 1000
    expectError(await refresh(app, last.json.refresh_token), 'invalid_grant')
  })

  it.each([
    ['junk', async () => 'junk'],
    ['a text as long as a token', async () => 'A'.repeat(72)],
    [
      'a token with another last character',
      async (app: TestApp) =>
        (await tokens(app)).refresh_token.replace(/.$/, (last: string) => (last === 'A' ? 'E' : 'A')),
    ],
    [
      'a token of a later generation',
      async (app: TestApp) => {
        const bytes = decodeBase64url((await tokens(app)).refresh_token) ?? new Uint8Array()
        bytes[21] = (bytes[21] ?? 0) + 1
        return encodeBase64url(bytes)
      },
    ],
    ['a grant', (app: TestApp) => aGrant(app)],
    ['an access token', async (app: TestApp) => (await tokens(app)).access_token],
    ['a session id', async (app: TestApp) => (await tokens(app)).session_id],
  ])('refuses %s', async (_name, make) => {
    const app = testApp()
    expectError(await refresh(app, await make(app)), 'invalid_grant')
  })
})

describe('POST /oauth/token', () => {
  it.each([
    ['no grant_type', {}],
    ['an empty grant_type', { grant_type: '' }],
    ['no code', { grant_type: 'authorization_code' }],
    ['an empty code', { grant_type: 'authorization_code', code: '' }],
    ['no refresh_token', { grant_type: 'refresh_token' }],
    ['an empty refresh_token', { grant_type: 'refresh_token', refresh_token: '', code: 'x' }],
  ])('invalid_request for %s', async (_name, fields) => {
    expectError(await token(testApp(), fields), 'invalid_request')
  })

  it.each([
    'password',
    'implicit',
    'Authorization_Code',
    'urn:ietf:params:oauth:grant-type:device_code',
    '__proto__',
    'authorization_code ',
  ])('unsupported_grant_type for %s', async (grant_type) => {
    expectError(await token(testApp(), { grant_type, code: 'x', refresh_token: 'x' }), 'unsupported_grant_type')
  })

  it.each([
    ['grant_type', 'grant_type=refresh_token&grant_type=refresh_token&refresh_token=x'],
    ['code', 'grant_type=authorization_code&code=x&code=y'],
    ['an empty one', 'grant_type=authorization_code&code=x&code='],
    ['one that means nothing here', 'grant_type=authorization_code&code=x&a=1&a=2'],
    ['one in two spellings', 'grant_type=authorization_code&code=x&c%6fde=y'],
  ])('invalid_request for a parameter given twice: %s', async (_name, body) => {
    const answer = await testApp().request('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-api-key': ROOT_KEY },
      body,
    })
    expectError(answer, 'invalid_request')
  })

  it('takes an empty parameter for one that is left out, and unknown ones for nothing (RFC 6749 §3.2)', async () => {
    const app = testApp()
    const answer = await exchange(app, await aGrant(app), ROOT_KEY, {
      redirect_uri: '',
      code_verifier: '',
      resource: '',
      scope: 'openid',
      surprise: '1',
    })
    expect(answer.status, answer.text).toBe(200)
  })

  it.each([
    ['JSON', { 'content-type': 'application/json' }, '{"grant_type":"refresh_token","refresh_token":"x"}'],
    ['a form under another name', { 'content-type': 'text/plain' }, 'grant_type=refresh_token&refresh_token=x'],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
    ['no content type', { 'content-type': '' }, 'grant_type=refresh_token&refresh_token=x'],
  ])('invalid_request for %s', async (_name, headers, body) => {
    const answer = await testApp().request('/oauth/token', {
      method: 'POST',
      headers: { 'x-api-key': ROOT_KEY, ...headers },
      body,
    })
    expectError(answer, 'invalid_request')
  })

  it('takes no grant from the query', async () => {
    const app = testApp()
    const code = await aGrant(app)
    const answer = await app.form(
      `/oauth/token?grant_type=authorization_code&code=${code}`,
      {},
      { 'x-api-key': ROOT_KEY },
    )
    expectError(answer, 'invalid_request')
    expect((await exchange(app, code)).status).toBe(200)
  })

  it('never a 5xx for a body that is no text', async () => {
    const app = testApp()
    for (const body of [
      Uint8Array.of(0xff, 0xfe, 0x00),
      new TextEncoder().encode('grant_type=%FF%00&code=%E0%A4'),
      new Uint8Array(0),
    ]) {
      const answer = await app.request('/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-api-key': ROOT_KEY },
        body,
      })
      expect(answer.status).toBe(400)
    }
  })

  it('413 for more than 16 KiB', async () => {
    expectProblem(await token(testApp(), { grant_type: 'x'.repeat(17_000) }), 413, 'body_too_large')
  })

  it('405 for GET', async () => {
    expectProblem(await testApp().call('GET', '/oauth/token'), 405, 'method_not_allowed')
  })

  it('invalid_client without a key, with junk, with a revoked and with an expired one', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const revoked = await aKey(app, ['*'])
    const expiring = await aKey(app, ['*'], { expires_at: Math.floor(now / 1000) + 60 })
    await app.call('DELETE', `/v1/api_keys/${revoked.id}`)
    const code = await aGrant(app)
    now += 59_000
    const fields = { grant_type: 'authorization_code', code }
    for (const key of [null, 'junk', revoked.key]) {
      const refused = await token(app, fields, key)
      expectError(refused, 'invalid_client')
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"')
    }
    expectError(await token(app, { ...fields, client_id: 'key_root', client_secret: ROOT_KEY }, null), 'invalid_client')
    expect((await token(app, fields, expiring.key)).status).toBe(200)
    now += 1000
    expectError(await token(app, fields, expiring.key), 'invalid_client')
  })

  it('unauthorized_client for a key without passwordless:verify, and uses nothing up', async () => {
    const app = testApp()
    const { key } = await aKey(app, ['passwordless:send', 'sessions:write', 'users:write'])
    const grant = await aGrant(app)
    const refused = await exchange(app, grant, key)
    expectError(refused, 'unauthorized_client')
    expect(refused.json.error_description).toContain('passwordless:verify')
    const first = await exchange(app, grant)
    expect(first.status).toBe(200)
    expectError(await refresh(app, first.json.refresh_token, key), 'unauthorized_client')
    expect((await refresh(app, first.json.refresh_token)).status).toBe(200)
  })

  it('tells a caller of one error whatever the reason was', async () => {
    const app = testApp()
    const used = await aGrant(app)
    await exchange(app, used)
    const texts = new Set<string>()
    for (const code of ['junk', used, codeIn((await aPage(app)).sent.link)]) texts.add((await exchange(app, code)).text)
    expect(texts.size).toBe(1)
  })
})
