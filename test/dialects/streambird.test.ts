/** Streambird's magic links, passcodes, sessions and users: the requests of its documentation, replayed with real values. */

import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWK, jwtVerify, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeyring } from '../../src/domain/keyring.ts'
import { parseSessionToken } from '../../src/domain/sessions/session-token.ts'
import { type Answer, anAddress, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { aProject, signInOf, tokenOf } from '../support/project.ts'

const LOGIN = 'https://app.example.com/authenticate'
const REGISTER = 'https://app.example.com/welcome'
const SCOPES = [
  'users:read',
  'users:write',
  'passwordless:send',
  'passwordless:verify',
  'passwordless:reveal',
  'sessions:read',
  'sessions:write',
]
const SESSION_CLAIM = 'https://streambird.io/jwt/session'
const FINGERPRINT = { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (Macintosh) Chrome/126.0' }
const MINUTE = 60
const DAY = 86_400

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
const idOf = (prefix: string) => expect.stringMatching(new RegExp(`^${prefix}_[0-9A-Za-z]{27}$`))
const SECONDS = expect.toSatisfy((value) => Number.isInteger(value) && Math.abs(value - Date.now() / 1000) < 400 * DAY)
const TOKEN = expect.stringMatching(/^[\w-]{82}$/)
const random = (prefix: string) => `${prefix}_${'2'.repeat(27)}`
const wrongFor = (otp: string): string => (otp === '000000' ? '000001' : '000000')

type Options = { key?: string | null; headers?: Record<string, string> }
type Fields = Record<string, any>

/** An application that was written for Streambird: a project, its key, and the calls. */
async function streambird({ app = testApp(), settings = {} }: { app?: TestApp; settings?: Fields } = {}) {
  const project = await aProject(app, { redirect_uris: [LOGIN, REGISTER], ...settings })
  const { key: apiKey } = await project.ok('POST', '/v1/api_keys', { name: 'app', scopes: SCOPES })
  const base = new URL(project.issuer).pathname
  const call = (method: string, path: string, body?: unknown, { key = apiKey, headers = {} }: Options = {}) =>
    app.call(method, `${base}/v1/auth${path}`, body, {
      key: null,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    })
  const fine = async (answer: Promise<Answer>): Promise<Fields> => {
    const { status, text, json, headers } = await answer
    expect(status, text).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    return json
  }
  const post = (path: string) => (body: unknown, options?: Options) => call('POST', path, body, options)
  const t = {
    app,
    project,
    base,
    apiKey,
    call,
    fine,
    login: post('/magic_links/email/login_or_create'),
    invite: post('/magic_links/email/invite'),
    create: post('/magic_links/create'),
    status: post('/magic_links/email/login_status'),
    verify: post('/magic_links/verify'),
    otpLogin: post('/otps/email/login_or_create'),
    otpSend: post('/otps/email/send'),
    otpVerify: post('/otps/verify'),
    verifySession: post('/sessions/verify'),
    deleteSession: (body: unknown) => call('DELETE', '/sessions/delete', body),
    mailTo: (email: string) => signInOf(app.outbox.findLast(({ to }) => to === email)),
    tokenTo: (email: string) => tokenOf(t.mailTo(email).link),
    otpTo: (email: string) => t.mailTo(email).code ?? '',
    aUser: async (email = anAddress()) =>
      ({ email, ...(await fine(call('POST', '/users/create', { email }))) }) as Fields,
    /** A link was asked for and sent; its token. */
    link: async (email: string, more: Fields = {}) => {
      const sent = await fine(
        t.login({ email, login_redirect_url: LOGIN, registration_redirect_url: REGISTER, ...more }),
      )
      return { ...sent, token: t.tokenTo(email) } as Fields
    },
    otp: async (email: string, more: Fields = {}) => {
      const sent = await fine(t.otpLogin({ email, ...more }))
      return { method_id: sent.email_id, otp: t.otpTo(email), user_id: sent.user_id } as Fields & { otp: string }
    },
    signIn: async (email = anAddress(), session_expires_in = 60) => {
      const { token } = await t.link(email)
      return fine(t.verify({ token, session_expires_in }))
    },
    sessions: async (user_id: string) =>
      (await fine(call('GET', `/sessions/list?user_id=${user_id}`))).sessions as Fields[],
  }
  return t
}

/** Every refusal: exactly Streambird's shape, never a problem. */
function expectRefusal(answer: Answer, status: number, error_type: string, message: string | RegExp = /\S/): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  expect(answer.json).toEqual({ status_code: status, error_type, error_message: expect.stringMatching(message) })
}

const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort()
const later = (seconds: number) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + seconds * 1000)
}

const sessionOf = (user_id: string, email: string, email_id: string, more: Fields = {}) => ({
  id: idOf('sess'),
  user_id,
  started_at: SECONDS,
  expires_at: SECONDS,
  last_active_at: SECONDS,
  factors: [
    {
      delivery_channel: 'email',
      type: 'magic_link',
      method: { method_id: email_id, method_type: 'email', email_id, email, last_verified_at: SECONDS },
    },
  ],
  device_fingerprint: { ip: '', user_agent: '' },
  updated_at: SECONDS,
  created_at: SECONDS,
  ...more,
})

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('the documentation, replayed', () => {
  it('magic_links/email/login_or_create: the sample, a registration and then a login', async () => {
    const t = await streambird()
    const email = anAddress()
    const body = { email, expires_in: 60, login_redirect_url: LOGIN, registration_redirect_url: LOGIN }
    const first = await t.fine(t.login(body))
    expect(first).toEqual({
      user_id: idOf('user'),
      status: 'active',
      user_created: true,
      updated_at: SECONDS,
      created_at: SECONDS,
      email_id: idOf('email'),
      request_origin_token: expect.stringMatching(/^[\w-]+$/),
    })
    expect(t.mailTo(email)).toMatchObject({ code: null, linkTtl: 3600, isSignUp: true })
    expect(t.mailTo(email).link).toMatch(/^https:\/\/app\.example\.com\/authenticate\?token=[\w-]{99}$/)
    const second = await t.fine(t.login(body))
    expect(second).toEqual({ ...first, user_created: false, request_origin_token: expect.any(String) })
    expect(second.request_origin_token).not.toBe(first.request_origin_token)
    expect(t.mailTo(email).isSignUp).toBe(false)
  })

  it('magic_links/verify: the sample, without a session, and with one', async () => {
    const t = await streambird()
    const email = anAddress()
    const { token, user_id, email_id } = await t.link(email)
    const bare = await t.fine(t.verify({ token }))
    expect(bare).toEqual({ method_id: email_id, method_type: 'email', user_id })
    expect(await t.sessions(user_id)).toEqual([])

    const again = await t.link(email)
    const answer = await t.fine(
      t.verify({ token: again.token, session_expires_in: 100, device_fingerprint: FINGERPRINT }),
    )
    const session = sessionOf(user_id, email, email_id, { device_fingerprint: FINGERPRINT })
    expect(answer).toEqual({
      method_id: email_id,
      method_type: 'email',
      user_id,
      session_token: TOKEN,
      session_jwt: expect.stringMatching(JWT),
      session,
    })
    expect(answer.session.expires_at - answer.session.started_at).toBe(100 * MINUTE)
    expect(await t.project.ok('GET', `/v1/users/${user_id}`)).toMatchObject({ email_verified: true, status: 'ACTIVE' })
  })

  it('magic_links/email/invite: every field', async () => {
    const t = await streambird()
    const email = anAddress()
    const invited = await t.fine(
      t.invite({
        first_name: 'John',
        middle_name: 'Q',
        last_name: 'Smith',
        email,
        invite_redirect_url: REGISTER,
        invite_expires_in: 180,
        device_fingerprint: FINGERPRINT,
      }),
    )
    expect(invited).toEqual({ user_id: idOf('user'), status: 'pending', user_created: true, email_id: idOf('email') })
    const { link, linkTtl } = t.mailTo(email)
    expect([link?.startsWith(`${REGISTER}?token=`), linkTtl]).toEqual([true, 180 * MINUTE])
    const user = () => t.fine(t.call('GET', `/users/${invited.user_id}`))
    expect(await user()).toMatchObject({
      first_name: 'John',
      middle_name: 'Q',
      last_name: 'Smith',
      status: 'pending',
      active: false,
    })
    expectRefusal(await t.verify({ token: tokenOf(link) }), 400, 'device_fingerprint_mismatch')
    await t.fine(t.verify({ token: tokenOf(link), device_fingerprint: FINGERPRINT }))
    expect(await user()).toMatchObject({ status: 'active', active: true })
  })

  it('magic_links/create: a token by user, or by email, and nothing is sent', async () => {
    const t = await streambird()
    const { email, user_id, email_id } = await t.aUser()
    const made = await t.fine(t.create({ user_id, expires_in: 60 }))
    expect(made).toEqual({ user_id, token: expect.stringMatching(/^[\w-]{99}$/) })
    const byEmail = await t.fine(t.create({ email }))
    expect(byEmail).toEqual({
      user_id,
      email_id,
      token: expect.stringMatching(/^[\w-]{99}$/),
      request_origin_token: expect.any(String),
    })
    expect(t.app.outbox).toEqual([])
    const answer = await t.fine(t.verify({ token: made.token, session_expires_in: 5 }))
    expect(answer).toMatchObject({ method_id: email_id, method_type: 'email', user_id })
    expect(answer.session.factors[0]).toMatchObject({ delivery_channel: 'embedded', type: 'magic_link' })
    later(61 * MINUTE)
    expectRefusal(await t.verify({ token: byEmail.token }), 400, 'magic_token_expired')
  })

  it('otps: the samples', async () => {
    const t = await streambird()
    const email = anAddress()
    const made = await t.fine(t.otpLogin({ email, expires_in: 3 }))
    expect(made).toEqual({ user_id: idOf('user'), user_created: true, status: 'active', email_id: idOf('email') })
    expect(t.mailTo(email)).toMatchObject({ link: null, codeTtl: 180, isSignUp: true })
    expect(await t.fine(t.otpLogin({ email }))).toEqual({ ...made, user_created: false })
    expect(t.mailTo(email)).toMatchObject({ codeTtl: 60, isSignUp: false })
    const { user_id, email_id } = made
    expect(await t.fine(t.otpSend({ email, expires_in: 3, device_fingerprint: { ip: '123.2.1.1' } }))).toEqual({
      email_id,
      user_id,
    })
    const body = { method_id: email_id, otp: t.otpTo(email), session_expires_in: 100 }
    const answer = await t.fine(t.otpVerify({ ...body, device_fingerprint: { ip: '123.2.1.1' } }))
    const [factor] = sessionOf(user_id, email, email_id).factors
    expect(answer).toEqual({
      method_id: email_id,
      method_type: 'email',
      user_id,
      session_token: TOKEN,
      session_jwt: expect.stringMatching(JWT),
      session: sessionOf(user_id, email, email_id, {
        factors: [{ ...factor, type: 'otp' }],
        device_fingerprint: { ip: '123.2.1.1', user_agent: '' },
      }),
    })
  })

  it('sessions: verify by token, by JWT and by both, list, delete', async () => {
    const t = await streambird()
    const email = anAddress()
    const { session_token, session_jwt, session, user_id, method_id } = await t.signIn(email)
    for (const body of [{ session_token }, { session_jwt }, { session_token, session_jwt }]) {
      const answer = await t.fine(t.verifySession(body))
      expect(answer).toEqual({
        session_token,
        session_jwt: expect.stringMatching(JWT),
        session: sessionOf(user_id, email, method_id, { id: session.id, expires_at: session.expires_at }),
      })
    }
    expect(await t.sessions(user_id)).toEqual([sessionOf(user_id, email, method_id, { id: session.id })])
    expect(await t.fine(t.deleteSession({ session_token }))).toEqual({ message: 'Successfully deleted session' })
    expect(await t.sessions(user_id)).toEqual([])
    // Promise 8: at once, and the signed statement that has not expired is worth nothing either.
    for (const body of [{ session_token }, { session_jwt }, { session_token, session_jwt }])
      expectRefusal(await t.verifySession(body), 404, 'session_not_found')
    // Deleting twice is the same as once.
    expect((await t.deleteSession({ session_id: session.id })).status).toBe(200)
  })

  it.each(['session_id', 'session_token', 'session_jwt'])('sessions/delete by %s', async (name) => {
    const t = await streambird()
    const made = await t.signIn()
    const named = name === 'session_id' ? made.session.id : made[name]
    await t.fine(t.deleteSession({ [name]: named }))
    expectRefusal(await t.verifySession({ session_token: made.session_token }), 404, 'session_not_found')
    expectRefusal(await t.deleteSession({ session_id: made.session.id, session_token: 'x' }), 400, 'invalid_request')
  })

  it('session_jwt: an hour, the session in its claim, checked with the keys of auth/jwks/default', async () => {
    const t = await streambird()
    const { session_jwt, session, user_id } = await t.signIn()
    for (const query of ['', '?api_key=anything', `?api_key=${t.apiKey}`]) {
      const jwks = await t.app.request(`${t.base}/v1/auth/jwks/default${query}`)
      expect(jwks.status).toBe(200)
      const { payload, protectedHeader } = await jwtVerify(
        session_jwt,
        createLocalJWKSet(jwks.json as { keys: JWK[] }),
        { issuer: t.project.issuer },
      )
      expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'session+jwt' })
      expect(payload).toMatchObject({ sub: user_id, jti: session.id, [SESSION_CLAIM]: session })
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
    }
    // Never longer than the session.
    const short = await t.signIn(anAddress(), 5)
    expect(decodeJwt(short.session_jwt).exp).toBe(short.session.expires_at)
  })

  it('session_jwt is RS256 where the project has an RSA key', async () => {
    const t = await streambird()
    expect(decodeProtectedHeader((await t.signIn()).session_jwt).alg).toBe('ES256')
    const client_secret = `secret-${crypto.randomUUID()}`
    const { client_id } = await t.project.ok('POST', '/v1/clients', {
      name: 'rsa',
      client_id: `c-${crypto.randomUUID()}`,
      client_secret,
      grant_types: ['client_credentials'],
      scopes: ['passwordless:verify'],
      id_token_signed_response_alg: 'RS256',
    })
    const fields = { grant_type: 'client_credentials', client_id, client_secret }
    const granted = await t.app.form(`${t.base}/oauth/token`, fields)
    const { id, code } = await t.project.sent({ reveal: true })
    const authorization = `Bearer ${granted.json.access_token}`
    await t.app.call('POST', '/v1/passwordless/verify', { id, code }, { key: null, headers: { authorization } })
    const { session_jwt, session_token } = await t.signIn()
    expect(decodeProtectedHeader(session_jwt)).toMatchObject({ alg: 'RS256', typ: 'session+jwt' })
    await t.fine(t.verifySession({ session_jwt }))
    await t.fine(t.verifySession({ session_token }))
  })

  it('users: create, get, update, search, delete', async () => {
    const t = await streambird()
    const email = anAddress()
    const made = await t.fine(
      t.call('POST', '/users/create', {
        email,
        phone_number: '+12025550123',
        first_name: 'Ada',
        middle_name: 'King',
        last_name: 'Lovelace',
        requires_verification: true,
        wallet_type: 'ETH',
      }),
    )
    expect(made).toEqual({
      user_id: idOf('user'),
      status: 'pending',
      email_id: idOf('email'),
      phone_number_id: idOf('phone'),
    })
    const { user_id, email_id, phone_number_id } = made
    const times = { updated_at: SECONDS, created_at: SECONDS }
    const user = {
      user_id,
      first_name: 'Ada',
      middle_name: 'King',
      last_name: 'Lovelace',
      status: 'pending',
      active: false,
      ...times,
      emails: [{ id: email_id, verified: false, email, ...times }],
      phone_numbers: [{ id: phone_number_id, verified: false, phone_number: '+12025550123', ...times }],
      idp_providers: [],
      wallets: [],
      totps: [],
    }
    expect(await t.fine(t.call('GET', `/users/${user_id}`))).toEqual(user)

    const renamed = { first_name: 'Augusta', middle_name: 'A', last_name: 'Byron' }
    const changed = await t.fine(t.call('PUT', `/users/${user_id}/update`, renamed))
    expect(changed).toEqual({ user_id, emails: [], phone_numbers: [], user: { ...user, ...renamed } })
    const other = anAddress()
    const moved = await t.fine(
      t.call('PUT', `/users/${user_id}`, {
        emails: [{ email: other }],
        phone_numbers: [{ phone_number: '+12025550124' }],
      }),
    )
    expect(moved).toEqual({
      user_id,
      emails: [{ id: idOf('email'), verified: false, email: other, ...times }],
      phone_numbers: [{ id: idOf('phone'), verified: false, phone_number: '+12025550124', ...times }],
      user: { ...user, ...renamed, emails: moved.emails, phone_numbers: moved.phone_numbers },
    })
    const found = await t.fine(t.call('POST', '/users/search', { limit: 100 }))
    expect(found).toEqual({ users: [moved.user], total_count: 1, has_more: false })

    expect(await t.fine(t.call('DELETE', `/users/${user_id}/delete`))).toEqual({
      message: 'Successfully deleted user',
      user_id,
    })
    const second = await t.aUser()
    expect(await t.fine(t.call('DELETE', `/users/${second.user_id}`))).toMatchObject({ user_id: second.user_id })
    for (const [method, path, body] of [
      ['GET', ''],
      ['PUT', '/update', {}],
      ['PUT', '', {}],
      ['DELETE', '/delete'],
      ['DELETE', ''],
    ] as const)
      expectRefusal(await t.call(method, `/users/${user_id}${path}`, body), 404, 'user_not_found')
  })
})

describe('where a link leads, and how long it lives', () => {
  it.each([
    [{}, 60, 60],
    [{ expires_in: 30 }, 30, 30],
    [{ login_expires_in: 5, registration_expires_in: 10_080 }, 5, 10_080],
    [{ expires_in: 30, login_expires_in: 5 }, 5, 30],
    [{ registration_expires_in: 7.5 }, 60, 7.5],
    [{ login_expires_in: null, expires_in: null }, 60, 60],
  ])('%j: %d minutes for a login, %d for a registration', async (given, login, registration) => {
    const t = await streambird()
    const email = anAddress()
    await t.link(email, given)
    expect(t.mailTo(email)).toMatchObject({ linkTtl: registration * MINUTE })
    expect(t.mailTo(email).link?.startsWith(`${REGISTER}?token=`)).toBe(true)
    await t.link(email, given)
    expect(t.mailTo(email)).toMatchObject({ linkTtl: login * MINUTE })
    expect(t.mailTo(email).link?.startsWith(`${LOGIN}?token=`)).toBe(true)
  })

  it('without a URL the project’s defaults count, and without those it says what to do', async () => {
    const t = await streambird()
    const email = anAddress()
    expectRefusal(await t.login({ email }), 400, 'missing_redirect_url', /default_login_redirect/)
    // The registration's is missing, though the login's is there.
    expectRefusal(await t.login({ email, login_redirect_url: LOGIN }), 400, 'missing_redirect_url')
    expectRefusal(await t.invite({ email }), 400, 'missing_redirect_url')
    expect(t.app.outbox).toEqual([])
    expect(await t.fine(t.call('POST', '/users/search', {}))).toMatchObject({ total_count: 0 })
    await t.project.patch({ default_login_redirect: LOGIN, default_registration_redirect: REGISTER })
    await t.fine(t.login({ email }))
    expect(t.mailTo(email).link?.startsWith(`${REGISTER}?token=`)).toBe(true)
    await t.fine(t.login({ email, registration_redirect_url: REGISTER }))
    expect(t.mailTo(email).link?.startsWith(`${LOGIN}?token=`)).toBe(true)
    await t.fine(t.invite({ email: anAddress() }))
    expect(t.app.outbox.at(-1)?.content).toMatchObject({ link: expect.stringContaining(`${REGISTER}?token=`) })
  })

  it.each(['login_redirect_url', 'registration_redirect_url'])('an unregistered %s is refused', async (name) => {
    const t = await streambird()
    const urls = { login_redirect_url: LOGIN, registration_redirect_url: REGISTER }
    const body = { email: anAddress(), ...urls, [name]: 'https://evil.example/' }
    expectRefusal(await t.login(body), 400, 'invalid_redirect_url', /redirect_uris/)
    expect(t.app.outbox).toEqual([])
  })

  it('a link is good to its last second and no longer', async () => {
    const t = await streambird()
    const [early, late] = [anAddress(), anAddress()]
    const one = await t.link(early, { registration_expires_in: 5 })
    const two = await t.link(late, { registration_expires_in: 5 })
    later(5 * MINUTE - 5)
    await t.fine(t.verify({ token: one.token }))
    later(10)
    expectRefusal(await t.verify({ token: two.token }), 400, 'magic_token_expired')
  })
})

describe('requires_verification', () => {
  it('a new user is pending until verified, by link', async () => {
    const t = await streambird()
    const email = anAddress()
    const { status, user_id, token } = await t.link(email, { requires_verification: true })
    expect(status).toBe('pending')
    // Asking again without it activates nobody.
    expect((await t.link(email)).status).toBe('pending')
    await t.fine(t.verify({ token }))
    expect(await t.fine(t.call('GET', `/users/${user_id}`))).toMatchObject({ status: 'active', active: true })
    // An active user stays what they are.
    expect((await t.link(email, { requires_verification: true })).status).toBe('active')
  })

  it('a new user is pending until verified, by passcode', async () => {
    const t = await streambird()
    const email = anAddress()
    const made = await t.fine(t.otpLogin({ email, requires_verification: true }))
    expect(made).toMatchObject({ status: 'pending', user_created: true })
    await t.fine(t.otpVerify({ method_id: made.email_id, otp: t.otpTo(email), session_expires_in: 5 }))
    expect(await t.fine(t.call('GET', `/users/${made.user_id}`))).toMatchObject({ status: 'active' })
  })
})

describe('device_fingerprint', () => {
  const OTHERS = [
    undefined,
    {},
    { ...FINGERPRINT, ip: '203.0.113.8' },
    { ...FINGERPRINT, user_agent: 'Mozilla/5.0' },
    { ip: FINGERPRINT.ip },
    { user_agent: FINGERPRINT.user_agent },
  ]

  it('of a link: one that differs in a field burns nothing', async () => {
    const t = await streambird()
    const { token, user_id } = await t.link(anAddress(), { device_fingerprint: FINGERPRINT })
    for (const device_fingerprint of OTHERS) {
      const answer = await t.verify({ token, session_expires_in: 5, device_fingerprint })
      expectRefusal(answer, 400, 'device_fingerprint_mismatch', /Nothing was used up/)
    }
    expect(await t.sessions(user_id)).toEqual([])
    const { session } = await t.fine(t.verify({ token, session_expires_in: 5, device_fingerprint: FINGERPRINT }))
    expect(session.device_fingerprint).toEqual(FINGERPRINT)
  })

  it('of a passcode: one that differs in a field burns nothing and costs no try', async () => {
    const t = await streambird()
    const email = anAddress()
    const { method_id, otp } = await t.otp(email, { device_fingerprint: FINGERPRINT, expires_in: 10 })
    for (const device_fingerprint of OTHERS)
      expectRefusal(await t.otpVerify({ method_id, otp, device_fingerprint }), 400, 'device_fingerprint_mismatch')
    await t.fine(t.otpVerify({ method_id, otp, device_fingerprint: FINGERPRINT }))
  })

  it.each([
    [{ ip: FINGERPRINT.ip }, { user_agent: 'another' }],
    [{ user_agent: FINGERPRINT.user_agent }, { ip: '198.51.100.1' }],
  ])('what was not given need not match: %j', async (given, more) => {
    const t = await streambird()
    const { token } = await t.link(anAddress(), { device_fingerprint: given })
    await t.fine(t.verify({ token, device_fingerprint: { ...given, ...more } }))
  })

  it('of magic_links/create', async () => {
    const t = await streambird()
    const { user_id } = await t.aUser()
    const { token } = await t.fine(t.create({ user_id, device_fingerprint: FINGERPRINT }))
    expectRefusal(await t.verify({ token }), 400, 'device_fingerprint_mismatch')
    await t.fine(t.verify({ token, device_fingerprint: FINGERPRINT }))
  })
})

describe('one redemption', () => {
  it('64 at once with one link: one wins', async () => {
    const t = await streambird()
    const { token, user_id } = await t.link(anAddress(), { device_fingerprint: FINGERPRINT })
    const body = { token, session_expires_in: 60, device_fingerprint: FINGERPRINT }
    const answers = await Promise.all(Array.from({ length: 64 }, () => t.verify(body)))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 63 }, () => 400)])
    for (const lost of answers.filter(({ status }) => status === 400))
      expectRefusal(lost, 400, 'magic_token_already_used')
    expect(await t.sessions(user_id)).toHaveLength(1)
  })

  it('64 at once with one passcode: one wins', async () => {
    const t = await streambird()
    const { user_id, ...code } = await t.otp(anAddress())
    const body = { ...code, session_expires_in: 60 }
    const answers = await Promise.all(Array.from({ length: 64 }, () => t.otpVerify(body)))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 63 }, () => 400)])
    for (const lost of answers.filter(({ status }) => status === 400)) expectRefusal(lost, 400, 'otp_already_used')
    expect(await t.sessions(user_id)).toHaveLength(1)
  })

  it('64 at once with one created token: one wins', async () => {
    const t = await streambird()
    const { user_id } = await t.aUser()
    const { token } = await t.fine(t.create({ user_id }))
    const answers = await Promise.all(Array.from({ length: 64 }, () => t.verify({ token, session_expires_in: 60 })))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 63 }, () => 400)])
    expect(await t.sessions(user_id)).toHaveLength(1)
  })

  it('the same Idempotency-Key gives the same answer', async () => {
    const t = await streambird()
    const email = anAddress()
    const twice = async (ask: (options: Options) => Promise<Answer>) => {
      const headers = { 'idempotency-key': crypto.randomUUID() }
      const [one, two] = [await t.fine(ask({ headers })), await t.fine(ask({ headers }))]
      return [one, two] as const
    }
    const same = async (ask: (options: Options) => Promise<Answer>) => {
      const [one, two] = await twice(ask)
      // Signed anew: what it says is the same.
      const said = ({ session_jwt, ...rest }: Fields) => ({
        ...rest,
        claim: session_jwt && decodeJwt(session_jwt)[SESSION_CLAIM],
      })
      expect(said(two)).toEqual(said(one))
      return one
    }
    await same((options) => t.login({ email, registration_redirect_url: REGISTER }, options))
    expect(t.app.outbox).toHaveLength(1)
    const [registered] = await twice((options) => t.login({ email, login_redirect_url: LOGIN }, options))
    expect(registered).toMatchObject({ user_created: false })
    await same((options) => t.verify({ token: t.tokenTo(email), session_expires_in: 5 }, options))
    const { user_id } = registered
    await same((options) => t.create({ user_id }, options))
    const other = anAddress()
    const made = await same((options) => t.otpLogin({ email: other }, options))
    expect(made.user_created).toBe(true)
    await same((options) =>
      t.otpVerify({ method_id: made.email_id, otp: t.otpTo(other), session_expires_in: 5 }, options),
    )
    await same((options) => t.invite({ email: other, invite_redirect_url: LOGIN }, options))
    expect(await t.sessions(user_id)).toHaveLength(1)
    const headers = { 'idempotency-key': crypto.randomUUID() }
    await t.fine(t.otpLogin({ email: other }, { headers }))
    expectRefusal(await t.otpLogin({ email: other, expires_in: 2 }, { headers }), 409, 'idempotency_key_reused')
  })

  it('wrong passcodes to the limit: locked, the right one too; a new one opens again', async () => {
    const t = await streambird()
    const email = anAddress()
    const { method_id, otp } = await t.otp(email)
    for (let left = 4; left >= 0; left--) {
      const answer = await t.otpVerify({ method_id, otp: wrongFor(otp) })
      expectRefusal(answer, 400, 'invalid_otp', new RegExp(`left: ${left}`))
    }
    expectRefusal(await t.otpVerify({ method_id, otp }), 400, 'otp_locked')
    await t.fine(t.otpSend({ email }))
    await t.fine(t.otpVerify({ method_id, otp: t.otpTo(email) }))
  })

  it('somebody new whom 16 ask for at once is one person, made once', async () => {
    const t = await streambird()
    const asks = [
      () => t.login({ email: one, login_redirect_url: LOGIN, registration_redirect_url: REGISTER }),
      () => t.otpLogin({ email: two }),
    ]
    const [one, two] = [anAddress(), anAddress()]
    for (const ask of asks) {
      const answers = await Promise.all(Array.from({ length: 16 }, () => t.fine(ask())))
      expect(new Set(answers.map(({ user_id, email_id }) => `${user_id} ${email_id}`)).size).toBe(1)
      expect(answers.filter(({ user_created }) => user_created)).toHaveLength(1)
    }
    await t.fine(t.otpVerify({ method_id: (await t.otp(two)).method_id, otp: t.otpTo(two) }))
  })

  it('a passcode that was mailed is none of the person’s number', async () => {
    const t = await streambird()
    const email = anAddress()
    const body = { email, phone_number: '+12025550126' }
    const { phone_number_id } = await t.fine(t.call('POST', '/users/create', body))
    const { method_id, otp } = await t.otp(email)
    expectRefusal(await t.otpVerify({ method_id: phone_number_id, otp }), 400, 'invalid_otp')
    await t.fine(t.otpVerify({ method_id, otp }))
  })

  it('the newest passcode counts, for as long as it was asked for', async () => {
    const t = await streambird()
    const email = anAddress()
    const older = await t.otp(email)
    const newer = await t.otp(email, { expires_in: 2 })
    if (older.otp !== newer.otp) expectRefusal(await t.otpVerify(older), 400, 'invalid_otp')
    later(2 * MINUTE + 1)
    expectRefusal(await t.otpVerify(newer), 400, 'otp_expired')
  })

  it('nobody comes in who was made inactive or deleted since', async () => {
    const t = await streambird()
    const email = anAddress()
    const { token, user_id } = await t.link(email)
    const code = await t.otp(email)
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    expectRefusal(await t.verify({ token, session_expires_in: 5 }), 403, 'user_inactive')
    expectRefusal(await t.otpVerify(code), 403, 'user_inactive')
    expectRefusal(await t.login({ email, login_redirect_url: LOGIN }), 403, 'user_inactive')
    expectRefusal(await t.otpSend({ email }), 403, 'user_inactive')
    expectRefusal(await t.create({ user_id }), 403, 'user_inactive')
    const gone = anAddress()
    const link = await t.link(gone)
    await t.fine(t.call('DELETE', `/users/${link.user_id}/delete`))
    expectRefusal(await t.verify({ token: link.token, session_expires_in: 5 }), 400, 'magic_token_revoked')
  })
})

describe('sessions', () => {
  it.each([5, 525_600])('last %i minutes, used or not, whatever the project’s settings say', async (minutes) => {
    const t = await streambird({ settings: { session_idle: 300, session_absolute: 3600 } })
    const { session, session_token } = await t.signIn(anAddress(), minutes)
    expect(session.expires_at - session.started_at).toBe(minutes * MINUTE)
    later(minutes * MINUTE - 5)
    expect((await t.fine(t.verifySession({ session_token }))).session.id).toBe(session.id)
    later(10)
    expectRefusal(await t.verifySession({ session_token }), 404, 'session_not_found')
  })

  it.each([4, 525_601, 5.5, '60', -1])(
    'session_expires_in: %j is refused, and nothing is used up',
    async (session_expires_in) => {
      const t = await streambird()
      const { token } = await t.link(anAddress())
      const code = await t.otp(anAddress())
      expectRefusal(await t.verify({ token, session_expires_in }), 400, 'invalid_request', /session_expires_in/)
      expectRefusal(await t.otpVerify({ ...code, session_expires_in }), 400, 'invalid_request', /session_expires_in/)
      const { session_token } = await t.fine(t.verify({ token, session_expires_in: 5 }))
      expectRefusal(await t.verifySession({ session_token, session_expires_in }), 400, 'invalid_request')
      await t.fine(t.otpVerify(code))
    },
  )

  it('sessions/verify makes one longer, and never shorter', async () => {
    const t = await streambird()
    const { session, session_token, session_jwt } = await t.signIn(anAddress(), 60)
    const longer = await t.fine(t.verifySession({ session_token, session_expires_in: 1000 }))
    expect(longer.session.id).toBe(session.id)
    expect(longer.session.expires_at - session.started_at).toBeGreaterThanOrEqual(1000 * MINUTE)
    const same = await t.fine(t.verifySession({ session_jwt, session_expires_in: 5 }))
    expect(same.session.expires_at).toBe(longer.session.expires_at)
    later(999 * MINUTE)
    // The first statement has expired; the token stands, alone and beside it.
    expectRefusal(await t.verifySession({ session_jwt }), 404, 'session_not_found')
    await t.fine(t.verifySession({ session_token }))
    await t.fine(t.verifySession({ session_token, session_jwt }))
  })

  it.each(['session_token', 'session_jwt'])(
    'a valid %s beside a secret: that session is extended, none is added',
    async (name) => {
      const t = await streambird()
      const email = anAddress()
      const first = await t.signIn(email)
      const { token } = await t.link(email)
      const second = await t.fine(t.verify({ token, [name]: first[name], session_expires_in: 10_000 }))
      expect(second.session.id).toBe(first.session.id)
      expect(second.session_token).toBe(first.session_token)
      expect(second.session.expires_at - first.session.started_at).toBeGreaterThanOrEqual(10_000 * MINUTE)
      const code = await t.otp(email)
      // Without a time of its own it stays as long as it is.
      const third = await t.fine(t.otpVerify({ ...code, [name]: second[name] }))
      expect(third.session).toMatchObject({ id: first.session.id, expires_at: second.session.expires_at })
      expect(third.session.factors.map(({ type }: Fields) => type)).toEqual(['magic_link', 'otp'])
      expect(await t.sessions(first.user_id)).toHaveLength(1)
    },
  )

  it('somebody else’s, an ended or a foreign session beside a secret: refused, and nothing is used up', async () => {
    const t = await streambird()
    const there = await streambird({ app: t.app })
    const email = anAddress()
    const ended = await t.signIn(email)
    await t.fine(t.deleteSession({ session_id: ended.session.id }))
    const { token } = await t.link(email)
    const code = await t.otp(email, { expires_in: 10 })
    for (const strange of [
      await t.signIn(),
      ended,
      await there.signIn(email),
      { session_token: 'x', session_jwt: 'x' },
    ]) {
      const { session_token, session_jwt } = strange
      for (const shown of [{ session_token }, { session_jwt }, { session_token, session_jwt }]) {
        const asked = { ...shown, session_expires_in: 5 }
        expectRefusal(await t.verify({ token, ...asked }), 404, 'session_not_found')
        expectRefusal(await t.otpVerify({ ...code, ...asked }), 404, 'session_not_found')
      }
    }
    // Two that differ are none.
    const [one, two] = [await t.signIn(email), await t.signIn(email)]
    const mixed = { session_token: one.session_token, session_jwt: two.session_jwt }
    expectRefusal(await t.verify({ token, ...mixed }), 404, 'session_not_found')
    expectRefusal(await t.verifySession(mixed), 404, 'session_not_found')
    await t.fine(t.verify({ token, session_token: one.session_token }))
    await t.fine(t.otpVerify(code))
  })

  it('end with their user', async () => {
    const t = await streambird()
    const { session_token, session_jwt, user_id } = await t.signIn()
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    for (const body of [{ session_token }, { session_jwt }])
      expectRefusal(await t.verifySession(body), 404, 'session_not_found')
  })

  it('survive a rotation of the secret if they are seen meanwhile', async () => {
    const t = await streambird()
    const { session_token } = await t.signIn()
    const [old, current, next] = [
      env.LATCHKEY_SECRET,
      'another-secret-another-secret-another-1',
      'a-third-secret-a-third-secret-a-third-01',
    ]
    const during = testApp({ bindings: { LATCHKEY_SECRET: current, LATCHKEY_SECRET_PREVIOUS: old } })
    const ask = (app: TestApp, token: string) =>
      app.call(
        'POST',
        `${t.base}/v1/auth/sessions/verify`,
        { session_token: token },
        { headers: { 'x-project': t.project.id } },
      )
    const seen = await ask(during, session_token)
    expect(seen.status, seen.text).toBe(200)
    expect(seen.json.session_token).not.toBe(session_token)
    // Then only what was minted since is accepted.
    const keys = await createKeyring(next, current, (length) => crypto.getRandomValues(new Uint8Array(length)))
    expect(await parseSessionToken(keys, t.project.id, seen.json.session_token)).toBe(seen.json.session.id)
    expect(await parseSessionToken(keys, t.project.id, session_token)).toBeNull()
  })

  it('a token that was changed in any character is none', async () => {
    const t = await streambird()
    const { session_token } = await t.signIn()
    for (const at of [0, 1, 3, 20, 45, 81]) {
      const other = session_token[at] === 'A' ? 'B' : 'A'
      const changed = session_token.slice(0, at) + other + session_token.slice(at + 1)
      expectRefusal(await t.verifySession({ session_token: changed }), 404, 'session_not_found')
    }
  })
})

describe('login_status', () => {
  it('is pending until the link is verified, and then gives the one session', async () => {
    const t = await streambird()
    const email = anAddress()
    const { token, email_id, user_id, request_origin_token } = await t.link(email, { requires_verification: true })
    const asked = { email_id, request_origin_token }
    expect(await t.fine(t.status(asked))).toEqual({ user_id, status: 'pending' })
    const verified = await t.fine(t.verify({ token, session_expires_in: 60 }))
    const { session_token, session } = verified
    expect(await t.fine(t.status(asked))).toEqual({
      user_id,
      status: 'active',
      session_token,
      session_jwt: expect.stringMatching(JWT),
      session,
    })
    expect(await t.sessions(user_id)).toHaveLength(1)
    // The ledger keeps it whole for a minute.
    later(61)
    expect(await t.fine(t.status(asked))).toEqual({ user_id, status: 'active' })
    await t.fine(t.verifySession({ session_token }))
  })

  it('shows no session that was ended, or not asked for', async () => {
    const t = await streambird()
    const ended = await t.link(anAddress())
    const { session_token } = await t.fine(t.verify({ token: ended.token, session_expires_in: 60 }))
    await t.fine(t.deleteSession({ session_token }))
    const bare = await t.link(anAddress())
    await t.fine(t.verify({ token: bare.token }))
    for (const { email_id, user_id, request_origin_token } of [ended, bare])
      expect(await t.fine(t.status({ email_id, request_origin_token }))).toEqual({ user_id, status: 'active' })
  })

  it('says nothing too early: between the mark and the session it is pending', async () => {
    const t = await streambird()
    const { token, email_id, user_id, request_origin_token } = await t.link(anAddress())
    const broken = testApp({
      bindings: {
        DB: new Proxy(env.DB, {
          get(db, name) {
            const member = Reflect.get(db, name)
            if (name === 'batch') return () => Promise.reject(new Error('down'))
            return typeof member === 'function' ? member.bind(db) : member
          },
        }),
      },
    })
    const headers = { authorization: `Bearer ${t.apiKey}`, 'idempotency-key': 'one' }
    const lost = await broken.call(
      'POST',
      `${t.base}/v1/auth/magic_links/verify`,
      { token, session_expires_in: 5 },
      { key: null, headers },
    )
    expectRefusal(lost, 503, 'unavailable')
    expect(await t.fine(t.status({ email_id, request_origin_token }))).toEqual({ user_id, status: 'pending' })
    const { session } = await t.fine(
      t.verify({ token, session_expires_in: 5 }, { headers: { 'idempotency-key': 'one' } }),
    )
    expect(await t.fine(t.status({ email_id, request_origin_token }))).toMatchObject({ status: 'active', session })
  })

  it('says that a link has expired', async () => {
    const t = await streambird()
    const { email_id, user_id, request_origin_token } = await t.link(anAddress(), { registration_expires_in: 5 })
    later(5 * MINUTE + 1)
    expect(await t.fine(t.status({ email_id, request_origin_token }))).toEqual({ user_id, status: 'expired' })
  })

  it('of a created link, by the email that it was created for', async () => {
    const t = await streambird()
    const { email } = await t.aUser()
    const { token, email_id, request_origin_token } = await t.fine(t.create({ email }))
    const { session } = await t.fine(t.verify({ token, session_expires_in: 5 }))
    expect(await t.fine(t.status({ email_id, request_origin_token }))).toMatchObject({ status: 'active', session })
  })

  it('of another address, another project or none: one answer', async () => {
    const t = await streambird()
    const there = await streambird({ app: t.app })
    const [mine, other] = [await t.link(anAddress()), await t.link(anAddress())]
    const foreign = await there.link(anAddress())
    const wrong = [
      { email_id: other.email_id, request_origin_token: mine.request_origin_token },
      { email_id: random('email'), request_origin_token: mine.request_origin_token },
      { email_id: mine.user_id, request_origin_token: mine.request_origin_token },
      { email_id: foreign.email_id, request_origin_token: foreign.request_origin_token },
      { email_id: mine.email_id, request_origin_token: foreign.request_origin_token },
      { email_id: mine.email_id, request_origin_token: 'junk' },
      { email_id: mine.email_id, request_origin_token: mine.token },
    ]
    for (const body of wrong) expectRefusal(await t.status(body), 404, 'request_not_found')
    // It opens nothing, and it is no challenge id.
    for (const token of [mine.request_origin_token, `chal_${mine.request_origin_token}`]) {
      expectRefusal(await t.verify({ token }), 400, 'invalid_magic_token')
      expect((await t.project.call('GET', `/v1/passwordless/${token}`)).status).toBe(404)
    }
  })

  it('link_requires_id of the project: the origin token must come beside the link’s', async () => {
    const t = await streambird({ settings: { link_requires_id: true } })
    const mine = await t.link(anAddress())
    const other = await t.link(anAddress())
    expectRefusal(await t.verify({ token: mine.token }), 400, 'device_fingerprint_mismatch', /request_origin_token/)
    for (const request_origin_token of [other.request_origin_token, 'junk'])
      expectRefusal(await t.verify({ token: mine.token, request_origin_token }), 400, 'invalid_magic_token')
    await t.fine(t.verify({ token: mine.token, request_origin_token: mine.request_origin_token }))
    const { user_id } = mine
    const made = await t.fine(t.create({ user_id }))
    await t.fine(t.verify({ token: made.token, request_origin_token: made.request_origin_token }))
    const email = anAddress()
    const invited = await t.fine(t.invite({ email, invite_redirect_url: LOGIN }))
    await t.fine(t.verify({ token: t.tokenTo(email), request_origin_token: invited.request_origin_token }))
  })
})

describe('users/search', () => {
  const setUp = async () => {
    const t = await streambird()
    const create = (body: Fields) => t.fine(t.call('POST', '/users/create', body))
    const ada = await create({
      email: `ada.${crypto.randomUUID()}@example.com`,
      first_name: 'Ada',
      last_name: 'Lovelace',
    })
    const grace = await create({ email: anAddress(), phone_number: '+12025550125', requires_verification: true })
    const people: Record<string, Fields> = { ada, grace }
    const emailOf = async (id: string) => (await t.fine(t.call('GET', `/users/${id}`))).emails[0].email as string
    const search = async (filters: unknown, more: Fields = {}) => {
      const { users, total_count } = await t.fine(
        t.call('POST', '/users/search', { ...more, ...(filters ? { filters } : {}) }),
      )
      const names = users.map(({ user_id }: Fields) =>
        Object.keys(people).find((name) => people[name]?.user_id === user_id),
      )
      expect(total_count).toBe(names.length)
      return names.sort() as string[]
    }
    return { t, ada, grace, emailOf, search }
  }

  it('by every field that is kept here, with AND and OR', async () => {
    const { ada, grace, emailOf, search } = await setUp()
    const by = (field: string, value: unknown, more: Fields = {}) =>
      search({ operator: 'AND', fields: [{ field, operator: 'eq', value, ...more }] })
    const adasEmail = await emailOf(ada.user_id)
    expect(await search(undefined)).toEqual(['ada', 'grace'])
    expect(await by('user_id', ada.user_id)).toEqual(['ada'])
    expect(await by('user_id', undefined, { operator: 'in', values: [ada.user_id, grace.user_id] })).toEqual([
      'ada',
      'grace',
    ])
    expect(await by('status', 'pending')).toEqual(['grace'])
    expect(await by('full_name_match', 'a love')).toEqual(['ada'])
    expect(await by('email', adasEmail.toUpperCase())).toEqual(['ada'])
    expect(await by('email', 'no address')).toEqual([])
    expect(await by('email_id', grace.email_id)).toEqual(['grace'])
    expect(await by('email_match', 'ada.')).toEqual(['ada'])
    expect(await by('email_verified', false)).toEqual(['ada', 'grace'])
    expect(await by('phone_number', '+1 202 555 0125')).toEqual(['grace'])
    expect(await by('phone_number_id', grace.phone_number_id)).toEqual(['grace'])
    expect(await by('phone_number_match', '5550125')).toEqual(['grace'])
    expect(await by('phone_number_verified', true)).toEqual([])
    expect(await by('wallet_id', 'wallet_1')).toEqual([])
    const now = Math.floor(Date.now() / 1000)
    expect(await by('created_at', now - 60, { operator: 'gt' })).toEqual(['ada', 'grace'])
    expect(await by('created_at', now - 60, { operator: 'lt' })).toEqual([])
    expect(await by('created_at', now - 60, { operator: 'between', second_value: now + 60 })).toEqual(['ada', 'grace'])
    const fields = [
      { field: 'email', operator: 'eq', value: adasEmail },
      { field: 'status', operator: 'eq', value: 'pending' },
    ]
    expect(await search({ operator: 'OR', fields })).toEqual(['ada', 'grace'])
    expect(await search({ operator: 'AND', fields })).toEqual([])
    expect(await search(undefined, { email: adasEmail })).toEqual(['ada'])
    expect(
      await search(undefined, { phone_number: '+12025550125', status: 'pending', user_id: grace.user_id }),
    ).toEqual(['grace'])
  })

  it('page by page', async () => {
    const t = await streambird()
    const made = []
    for (let i = 0; i < 3; i++) made.push((await t.aUser()).user_id)
    const first = await t.fine(t.call('POST', '/users/search', { limit: 2 }))
    expect([first.users.length, first.total_count, first.has_more]).toEqual([2, 3, true])
    const starting_after = first.users[1].user_id
    const second = await t.fine(t.call('POST', '/users/search', { limit: 2, starting_after }))
    expect([second.users.length, second.total_count, second.has_more]).toEqual([1, 3, false])
    expect([...first.users, ...second.users].map(({ user_id }) => user_id).sort()).toEqual(made.sort())
  })

  it.each([
    [{ limit: 0 }, /limit/],
    [{ limit: 101 }, /limit/],
    [{ starting_after: 'x' }, /starting_after/],
    [{ filters: { operator: 'XOR', fields: [] } }, /filters\.operator/],
    [{ filters: { operator: 'AND', fields: [] } }, /filters\.fields/],
    [
      { filters: { operator: 'AND', fields: [{ field: 'password', operator: 'eq', value: 'x' }] } },
      /filters\.fields\.0.*password/,
    ],
    [{ filters: { operator: 'AND', fields: [{ field: 'email', operator: 'gt', value: 'x' }] } }, /eq or in/],
    [{ filters: { operator: 'AND', fields: [{ field: 'email', operator: 'eq' }] } }, /needs value/],
    [
      { filters: { operator: 'AND', fields: [{ field: 'email_verified', operator: 'eq', value: 'yes' }] } },
      /true or false/,
    ],
    [
      { filters: { operator: 'AND', fields: [{ field: 'email', operator: 'in', values: Array(51).fill('x') }] } },
      /values/,
    ],
    [
      { filters: { operator: 'AND', fields: Array(11).fill({ field: 'email', operator: 'eq', value: 'x' }) } },
      /fields/,
    ],
  ])('refuses %j', async (body, message) => {
    const t = await streambird()
    expectRefusal(await t.call('POST', '/users/search', body), 400, 'invalid_request', message)
  })
})

describe('what is refused', () => {
  const CALLS: [string, string, Fields | undefined, string][] = [
    ['POST', '/magic_links/email/login_or_create', { email: 'a@example.com' }, 'passwordless:send'],
    ['POST', '/magic_links/email/invite', { email: 'a@example.com' }, 'passwordless:send'],
    ['POST', '/magic_links/email/login_status', { email_id: 'x', request_origin_token: 'x' }, 'passwordless:verify'],
    ['POST', '/magic_links/create', { user_id: random('user') }, 'passwordless:reveal'],
    ['POST', '/magic_links/verify', { token: 'x' }, 'passwordless:verify'],
    ['POST', '/otps/email/login_or_create', { email: 'a@example.com' }, 'passwordless:send'],
    ['POST', '/otps/email/send', { email: 'a@example.com' }, 'passwordless:send'],
    ['POST', '/otps/verify', { otp: '1', method_id: 'x' }, 'passwordless:verify'],
    ['POST', '/sessions/verify', { session_token: 'x' }, 'passwordless:verify'],
    ['GET', `/sessions/list?user_id=${random('user')}`, undefined, 'sessions:read'],
    ['DELETE', '/sessions/delete', { session_id: random('sess') }, 'sessions:write'],
    ['POST', '/users/create', { email: 'a@example.com' }, 'users:write'],
    ['POST', '/users/search', {}, 'users:read'],
    ['GET', `/users/${random('user')}`, undefined, 'users:read'],
    ['PUT', `/users/${random('user')}/update`, {}, 'users:write'],
    ['PUT', `/users/${random('user')}`, {}, 'users:write'],
    ['DELETE', `/users/${random('user')}/delete`, undefined, 'users:write'],
    ['DELETE', `/users/${random('user')}`, undefined, 'users:write'],
  ]

  it.each(CALLS)(
    '%s %s without a key, with a wrong one, without its scope, for another project',
    async (method, path, body, scope) => {
      const t = await streambird()
      const there = await streambird({ app: t.app })
      for (const key of [null, 'sk_test_wrong', there.apiKey])
        expectRefusal(await t.call(method, path, body, { key }), 401, 'unauthorized')
      const scopes = SCOPES.filter((other) => other !== scope)
      const { key } = await t.project.ok('POST', '/v1/api_keys', { name: 'k', scopes })
      expectRefusal(await t.call(method, path, body, { key }), 403, 'insufficient_scope', scope)
      // And with no scope but its own it gets as far as the question.
      const { key: own } = await t.project.ok('POST', '/v1/api_keys', { name: 'k', scopes: [scope] })
      expect([401, 403]).not.toContain((await t.call(method, path, body, { key: own })).status)
    },
  )

  it.each(CALLS.filter(([, , body]) => body))('%s %s with a body that is none', async (method, path) => {
    const t = await streambird()
    const send = (body: string, type = 'application/json') =>
      t.app.request(`${t.base}/v1/auth${path}`, {
        method,
        headers: { authorization: `Bearer ${t.apiKey}`, 'content-type': type },
        body,
      })
    expectRefusal(await send('{'), 400, 'invalid_request')
    expectRefusal(await send('[]'), 400, 'invalid_request')
    expectRefusal(await send('"x"'), 400, 'invalid_request')
    expectRefusal(await send('a=b', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type')
    expectRefusal(await send(JSON.stringify({ x: 'x'.repeat(70_000) })), 413, 'body_too_large')
  })

  it.each([
    ['/magic_links/email/login_or_create', 'email', { email: undefined }],
    ['/magic_links/email/login_or_create', 'email', { email: '' }],
    ['/magic_links/email/login_or_create', 'email', { email: 'ada' }],
    ['/magic_links/email/login_or_create', 'email', { email: 5 }],
    ['/magic_links/email/login_or_create', 'login_redirect_url', { login_redirect_url: 5 }],
    ['/magic_links/email/login_or_create', 'registration_redirect_url', { registration_redirect_url: [] }],
    ['/magic_links/email/login_or_create', 'login_expires_in', { login_expires_in: 4 }],
    ['/magic_links/email/login_or_create', 'login_expires_in', { login_expires_in: '60' }],
    ['/magic_links/email/login_or_create', 'registration_expires_in', { registration_expires_in: 10_081 }],
    ['/magic_links/email/login_or_create', 'expires_in', { expires_in: 0 }],
    ['/magic_links/email/login_or_create', 'requires_verification', { requires_verification: 'yes' }],
    ['/magic_links/email/login_or_create', 'device_fingerprint', { device_fingerprint: 'x' }],
    ['/magic_links/email/login_or_create', 'device_fingerprint.ip', { device_fingerprint: { ip: 5 } }],
    ['/magic_links/email/login_or_create', 'device_fingerprint.user_agent', { device_fingerprint: { user_agent: {} } }],
    ['/magic_links/email/invite', 'invite_expires_in', { invite_expires_in: 4 }],
    ['/magic_links/email/invite', 'first_name', { first_name: 'a\u0000b' }],
    ['/magic_links/create', 'user_id', { email: undefined }],
    ['/magic_links/create', 'expires_in', { expires_in: 10_081 }],
    ['/magic_links/email/login_status', 'email_id', { request_origin_token: 'x' }],
    ['/magic_links/email/login_status', 'request_origin_token', { email_id: 'x' }],
    ['/magic_links/verify', 'token', {}],
    ['/magic_links/verify', 'session_token', { token: 'x', session_token: 5 }],
    ['/magic_links/verify', 'session_jwt', { token: 'x', session_jwt: 5 }],
    ['/otps/email/login_or_create', 'expires_in', { expires_in: 11 }],
    ['/otps/email/send', 'expires_in', { expires_in: 0.5 }],
    ['/otps/verify', 'otp', { method_id: 'x' }],
    ['/otps/verify', 'otp', { method_id: 'x', otp: 123456 }],
    ['/otps/verify', 'method_id', { otp: '123456' }],
    ['/sessions/verify', 'session_token', {}],
    ['/users/create', 'email', { email: undefined }],
    ['/users/create', 'phone_number', { phone_number: '12' }],
  ])('%s: a wrong %s is named', async (path, field, body) => {
    const t = await streambird()
    const urls = { login_redirect_url: LOGIN, registration_redirect_url: LOGIN, invite_redirect_url: LOGIN }
    const answer = await t.call('POST', path, { email: anAddress(), ...urls, ...body })
    expectRefusal(answer, 400, 'invalid_request', field)
    expect(t.app.outbox).toEqual([])
  })

  it('sessions/list without a user', async () => {
    const t = await streambird()
    expectRefusal(await t.call('GET', '/sessions/list'), 400, 'invalid_request', 'user_id')
  })

  it.each([
    [{ emails: [] }, 'emails'],
    [{ emails: [{ email: 'a@example.com' }, { email: 'b@example.com' }] }, 'emails'],
    [{ phone_numbers: ['+12025550123'] }, 'phone_numbers.0'],
    [{ last_name: 5 }, 'last_name'],
  ])('users/update: %j', async (body, field) => {
    const t = await streambird()
    const { user_id } = await t.aUser()
    expectRefusal(await t.call('PUT', `/users/${user_id}/update`, body), 400, 'invalid_request', field)
  })

  it('an address that somebody has', async () => {
    const t = await streambird()
    const [{ email }, { user_id }] = [await t.aUser(), await t.aUser()]
    expectRefusal(await t.call('POST', '/users/create', { email }), 409, 'identifier_taken')
    expectRefusal(await t.call('PUT', `/users/${user_id}`, { emails: [{ email }] }), 409, 'identifier_taken')
  })

  it('fields that nobody documents are ignored, null is nothing', async () => {
    const t = await streambird()
    const more = { brand_new: { a: 1 }, device_fingerprint: null, requires_verification: null, expires_in: null }
    const { token } = await t.link(anAddress(), more)
    const nothing = { session_token: null, session_jwt: '', session_expires_in: null, device_fingerprint: { ip: null } }
    expect(await t.fine(t.verify({ token, ...nothing, x: 1 }))).not.toHaveProperty('session')
    const code = await t.otp(anAddress(), more)
    await t.fine(t.otpVerify({ ...code, ...nothing }))
  })

  it('ids of another project are answered like random ones', async () => {
    const t = await streambird()
    const there = await streambird({ app: t.app })
    const strange = await there.signIn()
    const { method_id } = strange
    const ids = [
      { user: strange.user_id, session: strange.session.id, method: method_id },
      { user: random('user'), session: random('sess'), method: random('email') },
      { user: 'x', session: 'x', method: 'x' },
    ]
    for (const { user, session, method } of ids) {
      expectRefusal(await t.call('GET', `/users/${user}`), 404, 'user_not_found')
      expectRefusal(await t.create({ user_id: user }), 404, 'user_not_found')
      expectRefusal(await t.call('GET', `/sessions/list?user_id=${user}`), 404, 'user_not_found')
      expectRefusal(await t.deleteSession({ session_id: session }), 404, 'session_not_found')
      expectRefusal(await t.otpVerify({ method_id: method, otp: '123456' }), 404, 'method_not_found')
    }
    const { session_token, session_jwt } = strange
    for (const body of [{ session_token }, { session_jwt }]) {
      expectRefusal(await t.verifySession(body), 404, 'session_not_found')
      expectRefusal(await t.deleteSession(body), 404, 'session_not_found')
    }
    const { token } = await there.link(anAddress())
    expectRefusal(await t.verify({ token }), 400, 'invalid_magic_token')
    expectRefusal(await t.otpSend({ email: anAddress() }), 404, 'user_not_found')
    expectRefusal(await t.create({ email: anAddress() }), 404, 'user_not_found')
    await there.fine(there.verify({ token }))
    await there.fine(there.verifySession({ session_token }))
  })

  it('closed sign-up, a refused domain: nobody is made', async () => {
    const t = await streambird({ settings: { email_domains_blocked: ['blocked.example'] } })
    const urls = { login_redirect_url: LOGIN, registration_redirect_url: REGISTER }
    const blocked = { email: 'ada@blocked.example', ...urls }
    expectRefusal(await t.login(blocked), 403, 'email_domain_blocked')
    expectRefusal(await t.otpLogin(blocked), 403, 'email_domain_blocked')
    await t.project.patch({ allow_sign_up: false })
    for (const ask of [t.login, t.otpLogin])
      expectRefusal(await ask({ email: anAddress(), ...urls }), 403, 'sign_up_disabled')
    expect(await t.fine(t.call('POST', '/users/search', {}))).toMatchObject({ total_count: 0 })
    expect(t.app.outbox).toEqual([])
  })

  it('links and passcodes count together in the address’s limit', async () => {
    const t = await streambird({ settings: { send_limits: { per_minute: 3, per_15_minutes: 3, per_day: 3 } } })
    const email = anAddress()
    await t.link(email)
    await t.fine(t.otpLogin({ email }))
    await t.fine(t.invite({ email, invite_redirect_url: LOGIN }))
    const refused = [
      await t.login({ email, login_redirect_url: LOGIN }),
      await t.otpLogin({ email }),
      await t.otpSend({ email }),
      await t.invite({ email, invite_redirect_url: LOGIN }),
    ]
    for (const answer of refused) {
      expectRefusal(answer, 429, 'too_many_sends', /send_limits/)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(t.app.outbox).toHaveLength(3)
  })

  it('an address that is none, a method that it does not take, a part that is down', async () => {
    const t = await streambird()
    expectRefusal(await t.call('GET', '/nothing/here'), 404, 'not_found')
    const wrong = await t.call('GET', '/magic_links/verify')
    expectRefusal(wrong, 405, 'method_not_allowed')
    expect(wrong.headers.get('allow')).toBe('POST')
    const down = testApp({
      bindings: { LEDGER: { idFromName: () => '', get: () => ({ run: () => Promise.reject(new Error('down')) }) } },
    })
    const { token } = await t.link(anAddress())
    const answer = await down.call('POST', '/v1/auth/magic_links/verify', { token })
    expectRefusal(answer, 503, 'unavailable')
    expect(answer.headers.get('retry-after')).toBe('5')
    expectRefusal(
      await t.login(
        { email: anAddress(), login_redirect_url: LOGIN },
        { headers: { 'idempotency-key': 'x'.repeat(256) } },
      ),
      400,
      'invalid_request',
    )
  })

  it('is not there where DIALECTS does not name it', async () => {
    const app = testApp({ bindings: { DIALECTS: 'transmit' } })
    for (const path of ['/v1/auth/magic_links/verify', '/v1/auth/jwks/default'])
      expectRefusal(await app.call('POST', path, { token: 'x' }), 404, 'not_found')
  })
})

describe('secrets stay where they belong', () => {
  it('a link or passcode of another surface is none here, and works there after that', async () => {
    const t = await streambird()
    const { user_id, email, email_id } = await t.aUser()
    const native = await t.project.sent({ user_id, channel: 'none', link: 'direct', redirect_uri: LOGIN })
    const token = tokenOf(native.link)
    expectRefusal(await t.verify({ token }), 400, 'invalid_magic_token')
    expectRefusal(await t.otpVerify({ method_id: email_id, otp: native.code }), 400, 'invalid_otp')
    const redeemed = await t.project.call('POST', '/v1/passwordless/verify', { token })
    expect(redeemed.status, redeemed.text).toBe(200)
    const scalekit = await t.app.call(
      'POST',
      `${t.base}/api/v1/passwordless/email/send`,
      { email, magiclink_auth_uri: LOGIN },
      { headers: { 'x-project': t.project.id } },
    )
    expect(scalekit.status, scalekit.text).toBe(200)
    expectRefusal(await t.verify({ token: t.tokenTo(email) }), 400, 'invalid_magic_token')
    expectRefusal(await t.verify({ token: native.id }), 400, 'invalid_magic_token')
  })

  it('ours are none elsewhere, and work here after that', async () => {
    const t = await streambird()
    const email = anAddress()
    const { token, user_id } = await t.link(email)
    const code = await t.otp(email, { expires_in: 10 })
    const asRoot = { headers: { 'x-project': t.project.id } }
    const native = await t.project.call('POST', '/v1/passwordless/verify', { token })
    expect([native.status, native.json.code]).toEqual([400, 'unknown_token'])
    const scalekit = await t.app.call(
      'POST',
      `${t.base}/api/v1/passwordless/email/verify`,
      { link_token: token },
      asRoot,
    )
    expect(scalekit.status).toBe(404)
    const transmit = await t.app.call('POST', `${t.base}/cis/v1/auth/link/email/authenticate`, { code: token }, asRoot)
    expect(transmit.status).toBe(400)
    const passcode = { passcode: code.otp, identifier_type: 'user_id', identifier: user_id }
    expect((await t.app.call('POST', `${t.base}/cis/v1/auth/otp/authenticate`, passcode, asRoot)).status).toBe(400)
    // Our own page takes landing links alone.
    const page = await t.app.request(`/auth/magic-link?code=${token}`, { headers: { accept: 'text/html' } })
    expect(page.text).not.toContain('<button')
    await t.fine(t.verify({ token }))
    await t.fine(t.otpVerify(code))
  })

  it('session_token and session_jwt are accepted by Streambird’s endpoints alone', async () => {
    const t = await streambird()
    const { session_token, session_jwt, session } = await t.signIn()
    for (const secret of [session_token, session_jwt]) {
      const bearer = { authorization: `Bearer ${secret}` }
      const userinfo = await t.app.request(`${t.base}/userinfo`, { headers: bearer })
      expect([userinfo.status, userinfo.json.error]).toEqual([401, 'invalid_token'])
      const introspected = await t.app.form(`${t.base}/oauth/introspect`, { token: secret }, { 'x-api-key': t.apiKey })
      expect(introspected.json).toEqual({ active: false })
      const refreshed = await t.app.form(
        `${t.base}/oauth/token`,
        { grant_type: 'refresh_token', refresh_token: secret },
        { 'x-api-key': t.apiKey },
      )
      expect([refreshed.status, refreshed.json.error]).toEqual([400, 'invalid_grant'])
      const revoked = await t.app.form(`${t.base}/oauth/revoke`, { token: secret }, { 'x-api-key': t.apiKey })
      expect(revoked.status).toBe(200)
      // As a key of any surface.
      for (const path of ['/v1/users', '/v1/project', '/v1/auth/users/x', '/cis/v1/users', '/users']) {
        const answer = await t.app.request(path, { headers: { ...bearer, accept: 'application/json' } })
        expect([path, answer.status]).toEqual([path, path === '/cis/v1/users' ? 405 : 401])
      }
      for (const body of [{ token: secret }, { id: secret, code: '123456' }]) {
        const answer = await t.project.call('POST', '/v1/passwordless/verify', body)
        // A statement is longer than any token that it takes.
        expect(answer.status).toBe(400)
        expect(['unknown_token', 'invalid_request']).toContain(answer.json.code)
      }
      expectRefusal(await t.verify({ token: secret.slice(0, 500) }), 400, 'invalid_magic_token')
      const logout = await t.app.request(`${t.base}/logout?id_token_hint=${secret}`, {
        headers: { accept: 'text/html' },
      })
      expect(logout.headers.get('location') ?? '').not.toContain(session.id)
      const hinted = await t.app.request(`${t.base}/v1/sessions/${secret}`, { headers: { 'x-api-key': t.apiKey } })
      expect(hinted.status).not.toBe(200)
    }
    // Nothing of it ended the session.
    await t.fine(t.verifySession({ session_token }))
  })

  it('tokens of the native API are no session here', async () => {
    const t = await streambird()
    const { id, code } = await t.project.sent({ reveal: true })
    const native = (await t.project.ok('POST', '/v1/passwordless/verify', { id, code })) as Fields
    for (const session_jwt of [native.access_token, native.id_token, native.refresh_token])
      expectRefusal(await t.verifySession({ session_jwt }), 404, 'session_not_found')
    for (const session_token of [native.refresh_token, native.session_id, native.access_token.slice(0, 82)])
      expectRefusal(await t.verifySession({ session_token }), 404, 'session_not_found')
    // Of the right type and shape, by a key that is not the project's.
    const { privateKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const { session_jwt } = await t.signIn()
    const header = decodeProtectedHeader(session_jwt)
    const forged = await new SignJWT(decodeJwt(session_jwt))
      .setProtectedHeader({ ...header, alg: 'ES256' })
      .sign(privateKey)
    expectRefusal(await t.verifySession({ session_jwt: forged }), 404, 'session_not_found')
  })

  it('the root key works for the first project without a path', async () => {
    const app = testApp()
    const answer = await app.call(
      'POST',
      '/v1/auth/users/search',
      {},
      { key: null, headers: { authorization: `Bearer ${ROOT_KEY}` } },
    )
    expect(answer.status, answer.text).toBe(200)
  })

  it('neither api_key nor a token is in a log line', async () => {
    const lines: string[] = []
    vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(String(line)))
    const t = await streambird()
    const broken = testApp({
      bindings: {
        DB: {
          prepare: () => {
            throw new Error('down')
          },
        },
      },
    })
    const answer = await broken.request(`/v1/auth/jwks/default?api_key=${t.apiKey}`)
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).not.toContain(t.apiKey)
  })
})
