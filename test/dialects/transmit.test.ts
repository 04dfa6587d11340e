/** Transmit Security's backend one-time login: the requests of its documentation, replayed with real values. */

import { createLocalJWKSet, decodeProtectedHeader, importJWK, type JWK, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
} from '../support/app.ts'
import { aProject, signInOf, tokenOf } from '../support/project.ts'

const CALLBACK = 'https://app.example.com/verify'
const SCOPES = ['users:write', 'passwordless:send', 'passwordless:verify', 'passwordless:reveal']
const TWILIO = {
  SMS_PROVIDERS: 'twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'x',
  TWILIO_FROM: '+12025550199',
}
const SMS = { sms: { countries: ['US'], per_prefix_per_hour: 100_000, per_day: 1_000_000 } }
const EMAIL_CONTENT = {
  subject: 'Your sign-in',
  primaryColor: '#6981FF',
  base64logo: 'iVBORw0KGgo=',
  headerText: 'Welcome back',
  bodyText: 'Here you are',
  linkText: 'Sign in now',
  infoText: 'Nothing else',
  footerText: "If you didn't request this email, you can safely ignore it.",
  senderName: 'Acme sign-in',
}
const CLIENT_ATTRIBUTES = { user_agent: 'Mozilla/5.0 (Macintosh) Chrome/126.0', ip_address: '203.0.113.7' }
const APPROVAL = { transaction_id: 'eFII2y40uB9hQ98nXt3tc1IHkRt8GrRZiqZuRn_59wT', sum: '200' }
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
const TOKENS = {
  access_token: expect.stringMatching(JWT),
  id_token: expect.stringMatching(JWT),
  refresh_token: expect.stringMatching(/^[\w-]{20,}$/),
  token_type: 'Bearer',
  expires_in: 3600,
  session_id: expect.stringMatching(/^sess_[0-9A-Za-z]{27}$/),
}

let numbers = 0
const aNumber = (): string => `+1202555${String(3000 + numbers++)}`
const wrongFor = (code: string): string => (code === '000000' ? '000001' : '000000')

type Options = { headers?: Record<string, string>; token?: string | null }

/** An application that was written for Transmit: a client, its token, and the calls. */
async function transmit({
  app = testApp({ bindings: TWILIO }),
  settings = {},
  client = {},
}: {
  app?: TestApp
  settings?: Record<string, unknown>
  client?: Record<string, unknown>
} = {}) {
  const project = await aProject(app, { redirect_uris: [CALLBACK], ...SMS, ...settings })
  const secret = `secret-${crypto.randomUUID()}`
  const made = await project.ok('POST', '/v1/clients', {
    name: 'Moved here',
    client_id: `ts-${crypto.randomUUID()}`,
    client_secret: secret,
    grant_types: ['client_credentials', 'refresh_token'],
    scopes: SCOPES,
    ...client,
  })
  const base = new URL(project.issuer).pathname
  const oidc = (fields: Record<string, string>) =>
    app.form(`${base}/oidc/token`, { client_id: made.client_id, client_secret: secret, ...fields })
  const granted = await oidc({ grant_type: 'client_credentials' })
  expect(granted.status, granted.text).toBe(200)
  const post = (path: string, body: unknown, { headers = {}, token = granted.json.access_token }: Options = {}) =>
    app.call('POST', `/cis${path}`, body, {
      key: null,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    })
  const fine = async (answer: Promise<Answer>, status = 200): Promise<Record<string, any>> => {
    const { status: given, text, json } = await answer
    expect(given, text).toBe(status)
    return json
  }
  const calls = {
    app,
    project,
    base,
    clientId: made.client_id as string,
    /** The answer of the token endpoint. */
    granted: granted.json,
    oidc,
    post,
    fine,
    linkSend: (body: unknown, options?: Options) => post('/v1/auth/link/email/send', body, options),
    linkAuthenticate: (body: unknown, options?: Options) => post('/v1/auth/link/email/authenticate', body, options),
    otpSend: (body: unknown, options?: Options) => post('/v1/auth/otp/send', body, options),
    otpAuthenticate: (body: unknown, options?: Options) => post('/v1/auth/otp/authenticate', body, options),
    mailTo: (email: string) => signInOf(app.outbox.findLast(({ to }) => to === email)),
    textTo: (phone: string) => signInOf(app.texts.findLast(({ to }) => to === phone)),
    aUser: async (body: Record<string, unknown> = { email: anAddress() }) =>
      (await fine(post('/v1/users', body), 201)).result as Record<string, any>,
    /** A click on the newest link to this address: where the person ends up. */
    click: async (email: string): Promise<string> => press(app, calls.mailTo(email).link),
    /** A code for this address by a link. */
    linkCode: async (email: string, more: Record<string, unknown> = {}): Promise<string> => {
      await fine(calls.linkSend({ email, redirect_uri: CALLBACK, ...more }))
      return codeIn(await calls.click(email))
    },
    /** A passcode, told and not sent. */
    passcode: async (user_id: string, more: Record<string, unknown> = {}) =>
      (await fine(calls.otpSend({ channel: 'direct', identifier_type: 'user_id', identifier: user_id, ...more })))
        .code as string,
    byId: (user_id: string, passcode: string, more: Record<string, unknown> = {}, options?: Options) =>
      calls.otpAuthenticate({ passcode, identifier_type: 'user_id', identifier: user_id, ...more }, options),
    claimsIn: async (jwt: string) => {
      const jwks = await fine(app.request(`${base}/cis/oidc/jwks`))
      return (await jwtVerify(jwt, createLocalJWKSet(jwks as { keys: JWK[] }), { issuer: project.issuer })).payload
    },
    sessions: async (user_id: string) => (await project.ok('GET', `/v1/users/${user_id}/sessions`)).data as unknown[],
  }
  return calls
}

async function press(app: TestApp, link: string | null): Promise<string> {
  const person = browser(app)
  const pressed = await person.press(await person.open(link ?? ''))
  expect(pressed.status, pressed.text).toBe(303)
  return pressed.headers.get('location') ?? ''
}

/** Every refusal: JSON of Transmit's shape, never a problem. */
function expectRefusal(answer: Answer, status: number, error_code: string | number, message?: string | RegExp): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  const { ts_error_code: _, ...members } = answer.json
  expect(Object.keys(members).sort()).toEqual(['error_code', 'message'])
  expect(answer.json.error_code).toBe(error_code)
  const text = Array.isArray(answer.json.message) ? answer.json.message.join('\n') : answer.json.message
  expect(text).toMatch(/\S/)
  if (message !== undefined) expect(text).toMatch(message)
}
/** The generic 400 of everything but passcodes. */
function expectInvalid(answer: Answer, field: string): void {
  expectRefusal(answer, 400, 400)
  expect(answer.json.message).toEqual(expect.arrayContaining([expect.stringContaining(field)]))
}

const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort()

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('the documentation, replayed', () => {
  it('link/email/send and authenticate: every field', async () => {
    const t = await transmit({ settings: { resources: ['https://api.acme.example'] } })
    const email = anAddress()
    const user = await t.aUser({ email })
    const first = await t.fine(t.byId(user.user_id, await t.passcode(user.user_id)))
    const { id: organization } = await t.project.ok('POST', '/v1/organizations', { name: 'Customer' })
    await t.project.ok('POST', `/v1/organizations/${organization}/members`, { user_id: user.user_id, roles: ['admin'] })

    const sent = await t.linkSend({
      email,
      redirect_uri: CALLBACK,
      email_content: EMAIL_CONTENT,
      state: 'a state & more',
      email_expiration: 0,
      channel: 'email',
      client_attributes: CLIENT_ATTRIBUTES,
      device_id: 'device-1',
    })
    expect([sent.status, sent.json]).toEqual([200, { message: 'Email sent successfully' }])
    const mail = t.mailTo(email)
    expect(mail).toMatchObject({ code: null, linkTtl: 900, custom: { email: EMAIL_CONTENT } })
    expect(mail.asked?.browser).toMatch(/Chrome/)
    expect(mail.link).toContain(`${ISSUER}/auth/magic-link?code=`)

    const landed = new URL(await t.click(email))
    expect(landed.origin + landed.pathname).toBe(CALLBACK)
    expect(landed.searchParams.get('state')).toBe('a state & more')
    const answer = await t.linkAuthenticate({
      resource: 'https://api.acme.example',
      claims: { id_token: { roles: null, email: null, nobody_knows_this: null }, access_token: { email: null } },
      org_id: organization,
      client_attributes: CLIENT_ATTRIBUTES,
      device_id: 'device-1',
      session_id: first.session_id,
      code: landed.searchParams.get('code'),
    })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual({ ...TOKENS, session_id: first.session_id })
    expect(await t.claimsIn(answer.json.access_token)).toMatchObject({
      aud: 'https://api.acme.example',
      sub: user.user_id,
      client_id: t.clientId,
      sid: first.session_id,
      org_id: organization,
      email,
    })
    expect(await t.claimsIn(answer.json.id_token)).toMatchObject({
      aud: t.clientId,
      sub: user.user_id,
      roles: ['admin'],
      email,
      amr: expect.arrayContaining(['email', 'link']),
    })
  })

  it('otp/send by SMS: every field, what is for other channels being ignored', async () => {
    const t = await transmit()
    const phone_number = aNumber()
    const custom_phone_number = aNumber()
    const email = anAddress()
    await t.aUser({ email, phone_number })
    const sent = await t.otpSend({
      channel: 'sms',
      identifier_type: 'email',
      identifier: email,
      email_content: EMAIL_CONTENT,
      custom_sms_input: { custom_message: '{otp} opens {app}', sender_id: 'Acme Shop' },
      approval_data: APPROVAL,
      custom_email: 'not used here',
      custom_phone_number,
      client_attributes: CLIENT_ATTRIBUTES,
      expires_in: 5,
      generate_request_id: true,
      device_id: 'device-1',
    })
    expect([sent.status, sent.json]).toEqual([
      200,
      { message: 'OTP sent', approval_data: APPROVAL, request_id: expect.stringMatching(/^chal_/) },
    ])
    expect(t.app.texts.map(({ to }) => to)).toEqual([custom_phone_number])
    expect(t.app.outbox).toEqual([])
    const text = t.textTo(custom_phone_number)
    expect(text).toMatchObject({
      link: null,
      codeTtl: 300,
      custom: { email: null, text: { message: '{otp} opens {app}', senderId: 'Acme Shop' } },
    })
    const answer = await t.otpAuthenticate({
      claims: { id_token: { roles: null } },
      client_attributes: CLIENT_ATTRIBUTES,
      device_id: 'device-1',
      passcode: text.code,
      identifier_type: 'email',
      identifier: email,
      request_id: sent.json.request_id,
    })
    expect([answer.status, answer.json]).toEqual([200, TOKENS])
    expect(await t.claimsIn(answer.json.id_token)).toMatchObject({ amr: ['sms', 'otp'], approval_data: APPROVAL })
  })

  it('otp/send by email: the words of the mail, its expiry in minutes; authenticate with a session, an organization and a resource', async () => {
    const t = await transmit({ settings: { resources: ['https://api.acme.example'] } })
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const first = await t.fine(t.byId(user_id, await t.passcode(user_id)))
    const { id: org_id } = await t.project.ok('POST', '/v1/organizations', { name: 'Customer' })
    await t.project.ok('POST', `/v1/organizations/${org_id}/members`, { user_id, roles: ['buyer'] })
    const body = { channel: 'email', identifier_type: 'email', identifier: email }
    expect(await t.fine(t.otpSend({ ...body, email_content: EMAIL_CONTENT, expires_in: 5 }))).toEqual({
      message: 'OTP sent',
    })
    const mail = t.mailTo(email)
    expect(mail).toMatchObject({ link: null, codeTtl: 300, custom: { email: EMAIL_CONTENT, text: null } })
    const answer = await t.otpAuthenticate({
      resource: 'https://api.acme.example',
      claims: { id_token: { roles: null } },
      org_id,
      session_id: first.session_id,
      passcode: mail.code,
      identifier_type: 'email',
      identifier: email,
    })
    expect([answer.status, answer.json]).toEqual([200, { ...TOKENS, session_id: first.session_id }])
    expect(await t.claimsIn(answer.json.access_token)).toMatchObject({ aud: 'https://api.acme.example', org_id })
    expect(await t.claimsIn(answer.json.id_token)).toMatchObject({ roles: ['buyer'] })
    expect(await t.sessions(user_id)).toHaveLength(1)
  })

  it('direct: nothing is sent, the code or the link is in the answer', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const otp = await t.fine(
      t.otpSend({ channel: 'direct', identifier_type: 'email', identifier: email, approval_data: APPROVAL }),
    )
    expect(otp).toEqual({ message: 'OTP sent', approval_data: APPROVAL, code: expect.stringMatching(/^\d{6}$/) })
    const link = await t.fine(t.linkSend({ email, redirect_uri: CALLBACK, channel: 'direct', state: 's' }))
    expect(link).toEqual({ message: 'Magic link created', link: expect.stringContaining('/auth/magic-link?code=') })
    expect(t.app.outbox).toEqual([])
    const landed = await press(t.app, link.link)
    expect(new URL(landed).searchParams.get('state')).toBe('s')
    const tokens = await t.fine(t.linkAuthenticate({ code: codeIn(landed) }))
    expect(await t.claimsIn(tokens.id_token)).toMatchObject({ sub: user_id, amr: ['minted', 'link'] })
    expect((await t.byId(user_id, otp.code)).json).toEqual(TOKENS)
  })

  it('the sample back end: token, user, send, authenticate, JWKS, and the JWT by its kid', async () => {
    const t = await transmit()
    expect(t.granted).toMatchObject({
      access_token: expect.stringMatching(JWT),
      token_type: 'Bearer',
      expires_in: 3600,
    })
    const email = anAddress()
    const created = await t.post('/v1/users', { email })
    expect(created.status).toBe(201)
    expect(created.json).toEqual({
      result: {
        user_id: expect.stringMatching(/^user_/),
        email: { value: email, email_verified: false },
        status: 'Active',
        custom_data: {},
        created_at: expect.any(Number),
        updated_at: expect.any(Number),
      },
    })
    expect(Math.abs(created.json.result.created_at - Date.now())).toBeLessThan(10_000)
    const sent = await t.fine(t.otpSend({ channel: 'email', identifier: email, identifier_type: 'email' }))
    expect(sent).toEqual({ message: 'OTP sent' })
    const tokens = await t.fine(
      t.otpAuthenticate({ passcode: t.mailTo(email).code, identifier: email, identifier_type: 'email' }),
    )
    const { keys } = await t.fine(t.app.request(`${t.base}/cis/oidc/jwks`))
    for (const token of [tokens.access_token, tokens.id_token]) {
      const key = keys.find(({ kid }: { kid: string }) => kid === decodeProtectedHeader(token).kid)
      const { payload } = await jwtVerify(token, await importJWK(key))
      expect(payload.sub).toBe(created.json.result.user_id)
    }
  })

  it('the client refreshes what it was given, in the algorithm and with the life that it asked for', async () => {
    const t = await transmit({ client: { id_token_signed_response_alg: 'RS256', access_ttl: 1800 } })
    const { user_id } = await t.aUser()
    const tokens = await t.fine(t.byId(user_id, await t.passcode(user_id)))
    expect(tokens.expires_in).toBe(1800)
    const refreshed = await t.oidc({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
    expect(refreshed.status, refreshed.text).toBe(200)
    for (const { id_token } of [tokens, refreshed.json]) {
      expect(decodeProtectedHeader(id_token).alg).toBe('RS256')
      expect(await t.claimsIn(id_token)).toMatchObject({ aud: t.clientId, sub: user_id, sid: tokens.session_id })
    }
  })

  it('works with an API key as with a client', async () => {
    const t = await transmit()
    const { key } = await t.project.ok('POST', '/v1/api_keys', { name: 'k', scopes: SCOPES })
    const { user_id } = await t.aUser()
    const sent = { channel: 'direct', identifier_type: 'user_id', identifier: user_id }
    const { code } = await t.fine(t.otpSend(sent, { token: key }))
    expect((await t.byId(user_id, code, {}, { token: key })).json).toEqual(TOKENS)
  })
})

describe('users', () => {
  it('keeps what it documents and we have', async () => {
    const t = await transmit()
    const email = anAddress()
    const phone_number = aNumber()
    const username = crypto.randomUUID()
    const result = await t.aUser({
      email,
      phone_number,
      username,
      name: { first_name: 'Ada', last_name: 'Lovelace', title: 'Lady' },
      language: 'de-AT,de;q=0.9',
      custom_data: { plan: 'team' },
      birthday: '1815-12-10',
    })
    expect(result).toMatchObject({
      email: { value: email, email_verified: false },
      phone_number: { value: phone_number, phone_number_verified: false },
      username,
      name: { first_name: 'Ada', last_name: 'Lovelace' },
      language: 'de-AT',
      custom_data: { plan: 'team' },
    })
    expect(await t.project.ok('GET', `/v1/users/${result.user_id}`)).toMatchObject({ external_id: username, email })
  })

  it('refuses what is taken, empty, or no address', async () => {
    const t = await transmit()
    const email = anAddress()
    await t.aUser({ email })
    const taken = await t.post('/v1/users', { email })
    expectRefusal(taken, 409, 409)
    expect(taken.json.ts_error_code).toBe('identifier_taken')
    expectInvalid(await t.post('/v1/users', {}), 'email')
    expectInvalid(await t.post('/v1/users', { email: 'ada' }), 'email')
    expectInvalid(await t.post('/v1/users', { phone_number: '12' }), 'phone_number')
    expectInvalid(await t.post('/v1/users', { email: 5 }), 'email')
    expectInvalid(await t.post('/v1/users', { username: 'a', external_user_id: 'b' }), 'username')
  })
})

describe('whom a request names', () => {
  it.each(['email', 'phone_number', 'user_id', 'username', 'employee_number'])('%s', async (identifier_type) => {
    const t = await transmit()
    const [email, phone_number, username] = [anAddress(), aNumber(), crypto.randomUUID()]
    const { user_id } = await t.aUser({ email, phone_number, username })
    const known: Record<string, string> = { email, phone_number, user_id, username, employee_number: username }
    const who = { identifier_type, identifier: known[identifier_type] }
    await t.fine(t.otpSend({ ...who, channel: 'email' }))
    const tokens = await t.fine(t.otpAuthenticate({ ...who, passcode: t.mailTo(email).code }))
    expect(await t.claimsIn(tokens.id_token)).toMatchObject({ sub: user_id })
    await t.fine(t.linkSend({ ...who, redirect_uri: CALLBACK }))
    const byLink = await t.fine(t.linkAuthenticate({ code: codeIn(await t.click(email)) }))
    expect(await t.claimsIn(byLink.id_token)).toMatchObject({ sub: user_id })
    const nobody = { identifier_type, identifier: { ...known, [identifier_type]: 'nobody' }[identifier_type] }
    const unknown = { ...nobody, ...(identifier_type === 'email' ? { identifier: anAddress() } : {}) }
    if (identifier_type === 'phone_number') unknown.identifier = aNumber()
    expectRefusal(await t.otpSend({ ...unknown, channel: 'email' }), 404, 'user_not_found')
    expectRefusal(await t.otpAuthenticate({ ...unknown, passcode: '123456' }), 400, 'auth_invalid_credentials')
    if (identifier_type !== 'email') {
      expectRefusal(await t.linkSend({ ...unknown, redirect_uri: CALLBACK }), 404, '404', 'User not found')
    }
  })

  it('a link to somebody new makes the user; where sign-up is closed it does not', async () => {
    const t = await transmit()
    const email = anAddress()
    const tokens = await t.fine(t.linkAuthenticate({ code: await t.linkCode(email) }))
    const { sub } = await t.claimsIn(tokens.id_token)
    expect(await t.project.ok('GET', `/v1/users/${sub}`)).toMatchObject({ email, email_verified: true })
    await t.project.patch({ allow_sign_up: false })
    const refused = await t.linkSend({ email: anAddress(), redirect_uri: CALLBACK })
    expectRefusal(refused, 403, '403', 'Public signup is not allowed for this application')
    expect((await t.linkSend({ email, redirect_uri: CALLBACK })).status).toBe(200)
  })

  it('email and identifier: the newer way counts', async () => {
    const t = await transmit()
    const email = anAddress()
    const body = { email: anAddress(), identifier: email, identifier_type: 'email', redirect_uri: CALLBACK }
    await t.fine(t.linkSend(body))
    expect(t.app.outbox.map(({ to }) => to)).toEqual([email])
    expectInvalid(await t.linkSend({ identifier: email, redirect_uri: CALLBACK }), 'identifier_type')
    expectInvalid(await t.linkSend({ redirect_uri: CALLBACK }), 'identifier')
  })
})

describe('link/email/send', () => {
  it('goes to the project’s default address where the request names none', async () => {
    const t = await transmit()
    const email = anAddress()
    expectRefusal(await t.linkSend({ email }), 400, '400', 'redirect_uri')
    expect(t.app.outbox).toEqual([])
    await t.project.patch({ default_login_redirect: CALLBACK })
    // The sample of the documentation, which names none.
    await t.fine(
      t.linkSend({
        email,
        email_content: EMAIL_CONTENT,
        state: 'string',
        email_expiration: 0,
        channel: 'email',
        client_attributes: CLIENT_ATTRIBUTES,
      }),
    )
    const landed = await t.click(email)
    expect(landed.startsWith(`${CALLBACK}?code=`)).toBe(true)
    expect(new URL(landed).searchParams.get('state')).toBe('string')
    expect((await t.linkAuthenticate({ code: codeIn(landed) })).json).toEqual(TOKENS)
  })

  it.each([
    [undefined, 900],
    [0, 900],
    [0.5, 30],
    [30, 1800],
    [10_080, 604_800],
  ])('email_expiration %s: %i seconds', async (email_expiration, seconds) => {
    const t = await transmit()
    const email = anAddress()
    await t.fine(t.linkSend({ email, redirect_uri: CALLBACK, email_expiration }))
    expect(t.mailTo(email).linkTtl).toBe(seconds)
  })

  it('refuses as documented', async () => {
    const t = await transmit()
    const email = anAddress()
    expectRefusal(
      await t.linkSend({ email, redirect_uri: 'https://evil.example/' }),
      400,
      '400',
      'redirect_uri is not one of the allowed redirect URIs configured for this app',
    )
    const { user_id } = await t.aUser({ email })
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    expectRefusal(await t.linkSend({ email, redirect_uri: CALLBACK }), 403, '403', 'User is not active')
    const { user_id: silent } = await t.aUser({ username: crypto.randomUUID() })
    const who = { identifier_type: 'user_id', identifier: silent, redirect_uri: CALLBACK }
    expectRefusal(await t.linkSend(who), 404, '404', 'email address')
    expect(t.app.outbox).toEqual([])
  })

  it.each([
    ['email', { email: 'ada' }],
    ['email', { email: 7 }],
    ['email_expiration', { email_expiration: '5' }],
    ['email_expiration', { email_expiration: -1 }],
    ['email_expiration', { email_expiration: 10_081 }],
    ['channel', { channel: 'sms' }],
    ['state', { state: {} }],
    ['generate_request_id', { generate_request_id: 'yes' }],
    ['device_id', { device_id: 'x'.repeat(81) }],
    ['client_attributes', { client_attributes: 'x' }],
    ['email_content.base64logo', { email_content: { base64logo: 'x'.repeat(20_001) } }],
    ['email_content.subject', { email_content: { subject: 5 } }],
  ])('refuses a wrong %s', async (field, body) => {
    const t = await transmit()
    expectInvalid(await t.linkSend({ email: anAddress(), redirect_uri: CALLBACK, ...body }), field)
    expect(t.app.outbox).toEqual([])
  })

  it('ignores fields that nobody documents', async () => {
    const t = await transmit()
    await t.fine(t.linkSend({ email: anAddress(), redirect_uri: CALLBACK, brand_new: { a: 1 } }))
  })
})

describe('link/email/authenticate', () => {
  it('takes a code once', async () => {
    const t = await transmit()
    const code = await t.linkCode(anAddress())
    const tokens = await t.fine(t.linkAuthenticate({ code }))
    expectRefusal(await t.linkAuthenticate({ code }), 400, '400', 'Invalid magic link code')
    // RFC 6749 §4.1.2: a code that comes twice ends what it issued.
    expect((await t.oidc({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).status).toBe(400)
  })

  it('a second press leads to the same session', async () => {
    const t = await transmit()
    const email = anAddress()
    await t.fine(t.linkSend({ email, redirect_uri: CALLBACK }))
    const person = browser(t.app)
    const page = await person.open(t.mailTo(email).link ?? '')
    const codes = [await person.press(page), await person.press(page)].map(({ headers }) =>
      codeIn(headers.get('location')),
    )
    const sessions = []
    for (const code of codes) sessions.push((await t.fine(t.linkAuthenticate({ code }))).session_id)
    expect(new Set(codes).size).toBe(2)
    expect(new Set(sessions).size).toBe(1)
  })

  it.each(['junk', `${'A'.repeat(99)}`])('refuses %s', async (code) => {
    const t = await transmit()
    expectRefusal(await t.linkAuthenticate({ code }), 400, '400', 'Invalid magic link code')
  })

  it('refuses a code that came too late', async () => {
    const t = await transmit()
    const code = await t.linkCode(anAddress())
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 61_000)
    expectRefusal(await t.linkAuthenticate({ code }), 400, '400', 'Invalid magic link code')
  })

  it('request_id is needed where one was made, and the right one; nothing is used up without', async () => {
    const t = await transmit()
    const [email, other] = [anAddress(), anAddress()]
    const body = { redirect_uri: CALLBACK, generate_request_id: true }
    const { request_id, ...rest } = await t.fine(t.linkSend({ email, ...body }))
    expect(rest).toEqual({ message: 'Email sent successfully' })
    const strange = await t.fine(t.linkSend({ email: other, ...body }))
    const code = codeIn(await t.click(email))
    for (const wrong of [{}, { request_id: 'junk' }, { request_id: strange.request_id }]) {
      expectRefusal(await t.linkAuthenticate({ code, ...wrong }), 400, '400', 'Invalid magic link code: request_id')
    }
    expect((await t.linkAuthenticate({ code, request_id })).json).toEqual(TOKENS)
  })

  it('a strange session, organization or resource is refused and burns nothing', async () => {
    const t = await transmit()
    const email = anAddress()
    const code = await t.linkCode(email)
    const { id: org_id } = await t.project.ok('POST', '/v1/organizations', { name: 'Customer' })
    expectRefusal(await t.linkAuthenticate({ code, session_id: 'sess_x' }), 400, '400', 'Session not found')
    expectRefusal(await t.linkAuthenticate({ code, org_id }), 403, '403', 'not a member')
    expectInvalid(await t.linkAuthenticate({ code, resource: 'https://other.example' }), 'resource')
    expectInvalid(await t.linkAuthenticate({ code, claims: { id_token: [] } }), 'claims.id_token')
    expectInvalid(await t.linkAuthenticate({}), 'code')
    expectInvalid(await t.linkAuthenticate({ code: 5 }), 'code')
    expect((await t.linkAuthenticate({ code })).json).toEqual(TOKENS)
  })

  it('does not let somebody in who was made inactive', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const code = await t.linkCode(email)
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    expectRefusal(await t.linkAuthenticate({ code }), 403, '403', 'User is not active')
  })

  it('64 at once: one wins', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const code = await t.linkCode(email)
    const answers = await Promise.all(Array.from({ length: 64 }, () => t.linkAuthenticate({ code })))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 63 }, () => 400)])
    expect(await t.sessions(user_id)).toHaveLength(1)
  })
})

describe('otp/send', () => {
  it('refuses as documented', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const to = (channel: string, identifier: string) => ({ channel, identifier_type: 'user_id', identifier })
    expectRefusal(await t.otpSend(to('sms', user_id)), 404, 'user_phone_number_missing')
    const { user_id: silent } = await t.aUser({ username: crypto.randomUUID() })
    expectRefusal(await t.otpSend(to('email', silent)), 404, 'user_email_address_missing')
    expectRefusal(await t.otpSend(to('email', 'user_x')), 404, 'user_not_found')
    const { user_id: abroad } = await t.aUser({ phone_number: '+4915112345678' })
    expectRefusal(await t.otpSend(to('sms', abroad)), 403, 'auth_login_preferences_missing', 'DE')
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    expectRefusal(await t.otpSend(to('email', user_id)), 403, 'user_not_active')
    expect(t.app.outbox).toEqual([])
  })

  it('without an SMS provider', async () => {
    const t = await transmit({ app: testApp() })
    const { user_id } = await t.aUser({ phone_number: aNumber() })
    const body = { channel: 'sms', identifier_type: 'user_id', identifier: user_id }
    expectRefusal(await t.otpSend(body), 400, 'external_provider_configuration_error', 'SMS_PROVIDERS')
  })

  it.each([
    ['channel', { channel: 'pigeon' }],
    ['channel', { channel: undefined }],
    ['identifier', { identifier: undefined }],
    ['identifier_type', { identifier_type: undefined }],
    ['identifier', { identifier: 'ada' }],
    ['expires_in', { expires_in: '5' }],
    ['custom_email', { custom_email: 'nobody' }],
    ['custom_email', { custom_email: 5 }],
    ['custom_phone_number', { channel: 'sms', custom_phone_number: '12' }],
    ['custom_sms_input.custom_message', { channel: 'sms', custom_sms_input: { custom_message: '{otp} alone' } }],
    ['custom_sms_input.custom_message', { channel: 'sms', custom_sms_input: { custom_message: '{app} alone' } }],
    [
      'custom_sms_input.custom_message',
      { channel: 'sms', custom_sms_input: { custom_message: `{otp} {app} ${'x'.repeat(140)}` } },
    ],
    ['custom_sms_input.sender_id', { channel: 'sms', custom_sms_input: { sender_id: 'twelve chars' } }],
    ['approval_data', { approval_data: 'x' }],
    ['approval_data.sum', { approval_data: { sum: { nested: '1' } } }],
    ['approval_data.sum', { approval_data: { sum: '200 €' } }],
    ['approval_data', { approval_data: { 'a b': '1' } }],
    ['approval_data', { approval_data: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, '1'])) }],
  ])('system_invalid_input: %s', async (field, body) => {
    const t = await transmit()
    const answer = await t.otpSend({ channel: 'email', identifier_type: 'email', identifier: anAddress(), ...body })
    expectRefusal(answer, 400, 'system_invalid_input')
    expect(answer.json.message).toContain(field)
  })

  it('custom_email is where it goes, and never becomes an identifier', async () => {
    const t = await transmit()
    const [email, custom_email] = [anAddress(), anAddress()]
    const { user_id } = await t.aUser({ email })
    const who = { identifier_type: 'email', identifier: email }
    await t.fine(t.otpSend({ ...who, channel: 'email', custom_email }))
    expect(t.app.outbox.map(({ to }) => to)).toEqual([custom_email])
    const { code } = t.mailTo(custom_email)
    expectRefusal(
      await t.otpAuthenticate({ identifier_type: 'email', identifier: custom_email, passcode: code }),
      400,
      'auth_invalid_credentials',
    )
    const tokens = await t.fine(t.otpAuthenticate({ ...who, passcode: code }))
    expect(await t.claimsIn(tokens.id_token)).toMatchObject({ sub: user_id })
    const user = await t.project.ok('GET', `/v1/users/${user_id}`)
    expect(user.identifiers.map(({ value }: { value: string }) => value)).toEqual([email])
    // Another address has proved nothing about this one.
    expect(user.email_verified).toBe(false)
    expect((await t.project.ok('GET', `/v1/users?email=${encodeURIComponent(custom_email)}`)).data).toEqual([])
    // Nobody has it, so that somebody may.
    await t.aUser({ email: custom_email })
  })

  it('a passcode that was mailed to the person’s own address proves it', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    await t.fine(t.otpSend({ channel: 'email', identifier_type: 'user_id', identifier: user_id }))
    await t.fine(t.byId(user_id, t.mailTo(email).code ?? ''))
    expect(await t.project.ok('GET', `/v1/users/${user_id}`)).toMatchObject({ email_verified: true })
  })

  it('an SMS goes to the person’s own number, and proves it', async () => {
    const t = await transmit()
    const phone_number = aNumber()
    const { user_id } = await t.aUser({ phone_number })
    await t.fine(t.otpSend({ channel: 'sms', identifier_type: 'phone_number', identifier: phone_number }))
    await t.fine(t.byId(user_id, t.textTo(phone_number).code ?? ''))
    expect(await t.project.ok('GET', `/v1/users/${user_id}`)).toMatchObject({ phone_verified: true })
  })

  it('direct needs a scope of its own', async () => {
    const t = await transmit({ client: { scopes: ['passwordless:send', 'passwordless:verify', 'users:write'] } })
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    const otp = { channel: 'direct', identifier_type: 'user_id', identifier: user_id }
    expectRefusal(await t.otpSend(otp), 403, 403, 'passwordless:reveal')
    expectRefusal(await t.linkSend({ email, channel: 'direct', redirect_uri: CALLBACK }), 403, 403, 'reveal')
    expect((await t.otpSend({ ...otp, channel: 'email' })).status).toBe(200)
  })

  it('the address’s send limit counts links and passcodes together', async () => {
    const t = await transmit({ settings: { send_limits: { per_minute: 2, per_15_minutes: 2, per_day: 2 } } })
    const email = anAddress()
    await t.aUser({ email })
    const otp = { channel: 'email', identifier_type: 'email', identifier: email }
    await t.fine(t.otpSend(otp))
    await t.fine(t.linkSend({ email, redirect_uri: CALLBACK }))
    for (const refused of [await t.otpSend(otp), await t.linkSend({ email, redirect_uri: CALLBACK })]) {
      expectRefusal(refused, 429, 429, 'send_limits')
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  it('an SMS to another number counts against the limits of SMS like any other', async () => {
    const t = await transmit({ settings: { sms: { countries: ['US'], per_prefix_per_hour: 100, per_day: 2 } } })
    const { user_id } = await t.aUser({ phone_number: aNumber() })
    const otp = () => ({
      channel: 'sms',
      identifier_type: 'user_id',
      identifier: user_id,
      custom_phone_number: aNumber(),
    })
    await t.fine(t.otpSend(otp()))
    await t.fine(t.otpSend(otp()))
    expectRefusal(await t.otpSend(otp()), 429, 429, 'sms.per_day')
  })
})

describe('otp/authenticate', () => {
  it('takes a passcode once, and the newest alone', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const older = await t.passcode(user_id)
    const newer = await t.passcode(user_id)
    if (older !== newer) expectRefusal(await t.byId(user_id, older), 400, 'auth_invalid_credentials')
    await t.fine(t.byId(user_id, newer))
    expectRefusal(await t.byId(user_id, newer), 400, 'auth_invalid_credentials')
  })

  it('reads a passcode as people type it', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id)
    expect((await t.byId(user_id, ` ${code.slice(0, 3)}-${code.slice(3)} `)).status).toBe(200)
  })

  it('wrong passcodes to the limit: locked, the right one too', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id)
    for (let i = 0; i < 5; i++) expectRefusal(await t.byId(user_id, wrongFor(code)), 400, 'auth_invalid_credentials')
    expectRefusal(await t.byId(user_id, code), 403, 'auth_locked', 'multiple failed attempts')
    // A new one opens again.
    expect((await t.byId(user_id, await t.passcode(user_id))).status).toBe(200)
  })

  it('does not let somebody in who was made inactive', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id)
    await t.project.ok('PUT', `/v1/users/${user_id}/status`, { status: 'INACTIVE' })
    expectRefusal(await t.byId(user_id, code), 403, 'user_not_active')
  })

  it('one that has expired', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id, { expires_in: 1 })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 61_000)
    expectRefusal(await t.byId(user_id, code), 400, 'auth_otp_passcode_expired')
  })

  it('request_id is needed where one was made, and the right one', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const body = { channel: 'direct', identifier_type: 'user_id', identifier: user_id, generate_request_id: true }
    const strange = await t.fine(t.otpSend(body))
    const { code, request_id } = await t.fine(t.otpSend(body))
    for (const wrong of [{}, { request_id: 'junk' }, { request_id: strange.request_id }])
      expectRefusal(await t.byId(user_id, code, wrong), 400, 'auth_invalid_credentials')
    expect((await t.byId(user_id, code, { request_id })).json).toEqual(TOKENS)
  })

  it('a strange session, organization or resource is refused, costs no try and burns nothing', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id)
    const { id: org_id } = await t.project.ok('POST', '/v1/organizations', { name: 'Customer' })
    for (let i = 0; i < 3; i++) {
      expectRefusal(await t.byId(user_id, code, { session_id: 'sess_x' }), 400, 'system_invalid_input', 'Session not')
      expectRefusal(await t.byId(user_id, code, { org_id }), 403, 'user_not_member')
    }
    expectRefusal(await t.byId(user_id, code, { resource: 'x' }), 400, 'system_invalid_input', 'resource')
    expect((await t.byId(user_id, code)).json).toEqual(TOKENS)
  })

  it.each([
    ['passcode', { passcode: 123456 }],
    ['passcode', { passcode: undefined }],
    ['identifier', { identifier: undefined }],
    ['identifier_type', { identifier_type: 5 }],
    ['claims', { claims: 'roles' }],
  ])('system_invalid_input: %s', async (field, body) => {
    const t = await transmit()
    const whole = { passcode: '123456', identifier_type: 'email', identifier: anAddress(), ...body }
    expectRefusal(await t.otpAuthenticate(whole), 400, 'system_invalid_input', field)
  })

  it('64 at once: one wins', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const code = await t.passcode(user_id)
    const answers = await Promise.all(Array.from({ length: 64 }, () => t.byId(user_id, code)))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 63 }, () => 400)])
    expect(await t.sessions(user_id)).toHaveLength(1)
  })
})

describe('secrets stay in their dialect', () => {
  it('a code of the native API is none here, and one of ours none there', async () => {
    const t = await transmit()
    const email = anAddress()
    const { user_id } = await t.aUser({ email })
    for (const body of [
      { user_id, channel: 'none' },
      { email, reveal: true },
    ]) {
      const { id, code } = await t.project.sent({ method: 'code', ...body })
      expectRefusal(await t.byId(user_id, code), 400, 'auth_invalid_credentials')
      expectRefusal(await t.byId(user_id, code, { request_id: id }), 400, 'auth_invalid_credentials')
      expect((await t.project.call('POST', '/v1/passwordless/verify', { id, code })).status).toBe(200)
    }
    const sent = { channel: 'direct', identifier_type: 'user_id', identifier: user_id, generate_request_id: true }
    const { code, request_id } = await t.fine(t.otpSend(sent))
    const there = await t.project.call('POST', '/v1/passwordless/verify', { id: request_id, code })
    expect([there.status, there.json.code]).toEqual([400, 'unknown_token'])
    expect((await t.byId(user_id, code, { request_id })).status).toBe(200)
  })

  it('a grant of ours is refused at /v1/passwordless/verify and /oauth/token, and works here after that', async () => {
    const t = await transmit()
    const code = await t.linkCode(anAddress())
    const native = await t.project.call('POST', '/v1/passwordless/verify', { token: code })
    expect([native.status, native.json.code]).toEqual([400, 'unknown_token'])
    const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }
    const { key } = await t.project.ok('POST', '/v1/api_keys', { name: 'k', scopes: ['passwordless:verify'] })
    const withKey = await t.app.form(`${t.base}/oauth/token`, fields, { 'x-api-key': key })
    expect([withKey.status, withKey.json.error]).toEqual([400, 'invalid_grant'])
    expect((await t.oidc(fields)).status).toBe(400)
    expect((await t.linkAuthenticate({ code })).json).toEqual(TOKENS)
  })

  it('a grant and a link of the native API are refused here, and work there after that', async () => {
    const t = await transmit()
    const { link } = await t.project.sent({ redirect_uri: CALLBACK, reveal: true, method: 'link' })
    expectRefusal(await t.linkAuthenticate({ code: tokenOf(link) }), 400, '400', 'Invalid magic link code')
    const token = codeIn(await press(t.app, link))
    expectRefusal(await t.linkAuthenticate({ code: token }), 400, '400', 'Invalid magic link code')
    expect((await t.project.call('POST', '/v1/passwordless/verify', { token })).status).toBe(200)
  })

  it('a link that nobody pressed is no code', async () => {
    const t = await transmit()
    const email = anAddress()
    await t.fine(t.linkSend({ email, redirect_uri: CALLBACK }))
    const code = tokenOf(t.mailTo(email).link)
    expectRefusal(await t.linkAuthenticate({ code }), 400, '400', 'Invalid magic link code')
    const native = await t.project.call('POST', '/v1/passwordless/verify', { token: code })
    expect(native.json.code).toBe('unknown_token')
    expect((await t.linkAuthenticate({ code: codeIn(await t.click(email)) })).status).toBe(200)
  })

  it('another project can do nothing with them', async () => {
    const [t, other] = [await transmit(), await transmit()]
    const { user_id } = await t.aUser()
    const passcode = await t.passcode(user_id)
    expectRefusal(await other.byId(user_id, passcode), 400, 'auth_invalid_credentials')
    const code = await t.linkCode(anAddress())
    expectRefusal(await other.linkAuthenticate({ code }), 400, '400', 'Invalid magic link code')
    expect((await t.byId(user_id, passcode)).status).toBe(200)
    expect((await t.linkAuthenticate({ code })).status).toBe(200)
  })
})

describe('Idempotency-Key', () => {
  it('the same send again: one message, the same answer; another body: 409', async () => {
    const t = await transmit()
    const email = anAddress()
    await t.aUser({ email })
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const otp = { channel: 'email', identifier_type: 'email', identifier: email, generate_request_id: true }
    const [one, two] = [await t.otpSend(otp, { headers }), await t.otpSend(otp, { headers })]
    expect([one.status, two.json]).toEqual([200, one.json])
    expect(t.app.outbox).toHaveLength(1)
    expectRefusal(await t.otpSend({ ...otp, expires_in: 3 }, { headers }), 409, 409, 'Idempotency-Key')
    const link = { email, redirect_uri: CALLBACK, generate_request_id: true }
    const again = { headers: { 'idempotency-key': crypto.randomUUID() } }
    expect((await t.linkSend(link, again)).json).toEqual((await t.linkSend(link, again)).json)
    expect(t.app.outbox).toHaveLength(2)
  })

  it('the same send again takes nothing from the address’s limit', async () => {
    const t = await transmit({ settings: { send_limits: { per_minute: 2, per_15_minutes: 2, per_day: 2 } } })
    const email = anAddress()
    await t.aUser({ email })
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const otp = { channel: 'email', identifier_type: 'email', identifier: email }
    expect((await t.otpSend(otp, { headers })).status).toBe(200)
    expect((await t.otpSend(otp, { headers })).status).toBe(200)
    expect((await t.otpSend(otp)).status).toBe(200)
    expect((await t.otpSend(otp)).status).toBe(429)
    expect((await t.otpSend(otp, { headers })).status).toBe(200)
  })

  it('the same authenticate again: the same session', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const passcode = await t.passcode(user_id)
    const code = await t.linkCode(anAddress())
    const headers = { 'idempotency-key': crypto.randomUUID() }
    for (const call of [
      () => t.byId(user_id, passcode, {}, { headers }),
      () => t.linkAuthenticate({ code }, { headers }),
    ]) {
      const [one, two] = [await t.fine(call()), await t.fine(call())]
      expect([two.session_id, two.refresh_token]).toEqual([one.session_id, one.refresh_token])
    }
  })

  it('one that cannot be kept', async () => {
    const t = await transmit()
    const body = { email: anAddress(), redirect_uri: CALLBACK }
    const headers = { 'idempotency-key': 'x'.repeat(256) }
    expectInvalid(await t.linkSend(body, { headers }), 'Idempotency-Key')
    const otp = await t.otpSend({ channel: 'email' }, { headers })
    expectRefusal(otp, 400, 'system_invalid_input', 'Idempotency-Key')
  })
})

describe('whatever goes wrong, in Transmit’s shape', () => {
  const PATHS = [
    '/v1/users',
    '/v1/auth/link/email/send',
    '/v1/auth/link/email/authenticate',
    '/v1/auth/otp/send',
    '/v1/auth/otp/authenticate',
  ]

  it.each(PATHS)('%s: no token, a wrong one, one without the scope', async (path) => {
    const t = await transmit({ client: { scopes: ['events:read'] } })
    for (const token of [null, 'lk_nope', 'a.b.c']) {
      const answer = await t.post(path, {}, { token })
      expectRefusal(answer, 401, 401, 'Invalid token')
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    }
    expectRefusal(await t.post(path, {}), 403, 403, /users:write|passwordless:/)
  })

  it.each(PATHS)('%s: 400, 405, 413, 415', async (path) => {
    const t = await transmit()
    const headers = { authorization: `Bearer ${t.granted.access_token}`, 'content-type': 'application/json' }
    const raw = (init: RequestInit) => t.app.request(`/cis${path}`, { method: 'POST', headers, ...init })
    const code = path.includes('/otp/') ? 'system_invalid_input' : 400
    for (const body of ['{', '[]', '"x"', '{"__proto__":{}}', '']) expectRefusal(await raw({ body }), 400, code)
    expectRefusal(await raw({ body: JSON.stringify({ a: 'x'.repeat(70_000) }) }), 413, 413)
    expectRefusal(await raw({ headers: { ...headers, 'content-type': 'text/plain' }, body: '{}' }), 415, 415)
    const got = await raw({ method: 'GET' })
    expectRefusal(got, 405, 405)
    expect(got.headers.get('allow')).toBe('POST')
  })

  it.each(['/cis', '/cis/v1/nope', '/cis/v1/auth/otp/nope', '/cis/v1/users/x/y'])('%s: 404', async (path) => {
    const app = testApp()
    if (path !== '/cis') expectRefusal(await app.call('POST', path, {}), 404, 404)
    const seen = await app.request(path, { headers: { accept: 'text/html' } })
    expect(seen.status).toBe(404)
    if (path !== '/cis') expect(seen.headers.get('content-type')).toContain('application/json')
  })

  it('a part that is away: 503', async () => {
    const gone = async () => {
      throw new Error('D1_ERROR: gone')
    }
    const statement = { bind: () => statement, first: gone, all: gone, run: gone }
    const app = testApp({ bindings: { DB: { prepare: () => statement, batch: gone } } })
    const headers = { authorization: `Bearer ${ROOT_KEY}`, accept: 'text/html' }
    for (const path of PATHS) {
      const answer = await app.call('POST', `/cis${path}`, {}, { key: null, headers })
      expectRefusal(answer, 503, 503)
      expect(answer.headers.get('retry-after')).toBe('5')
    }
  })

  it('a ledger that is away: 503', async () => {
    const t = await transmit()
    const { user_id } = await t.aUser()
    const passcode = await t.passcode(user_id)
    const run = async () => {
      throw new Error('gone')
    }
    const away = testApp({ bindings: { LEDGER: { idFromName: () => '', get: () => ({ run }) } } })
    const headers = { authorization: `Bearer ${t.granted.access_token}` }
    const body = { passcode, identifier_type: 'user_id', identifier: user_id }
    expectRefusal(await away.call('POST', '/cis/v1/auth/otp/authenticate', body, { key: null, headers }), 503, 503)
    expect((await t.byId(user_id, passcode)).status).toBe(200)
  })

  it('a configuration that is wrong: 503', async () => {
    const app = testApp({ bindings: { MAIL_PROVIDERS: 'pigeon' } })
    expectRefusal(await app.call('POST', '/cis/v1/users', {}), 503, 503)
  })

  it('a message that no provider takes: 503', async () => {
    const t = await transmit({
      app: testApp({ ports: { sendMail: async () => ({ status: 'failed', attempts: [] }) } }),
    })
    const email = anAddress()
    await t.aUser({ email })
    expectRefusal(await t.linkSend({ email, redirect_uri: CALLBACK }), 503, 503)
    expectRefusal(await t.otpSend({ channel: 'email', identifier_type: 'email', identifier: email }), 503, 503)
  })

  it('DIALECTS without transmit: nothing is there', async () => {
    const app = testApp({ bindings: { DIALECTS: 'forward,scalekit' } })
    for (const path of PATHS) expect((await app.call('POST', `/cis${path}`, {})).status).toBe(404)
    expect((await app.request('/cis/oidc/jwks')).status).toBe(404)
    expect((await app.form('/oidc/token', { grant_type: 'client_credentials' })).status).toBe(404)
  })
})

describe('below a project’s own address', () => {
  it('everything works at /p/<id>/cis', async () => {
    const t = await transmit()
    const below = (path: string, body: unknown, token = t.granted.access_token) =>
      t.app.call('POST', `${t.base}/cis${path}`, body, { key: null, headers: { authorization: `Bearer ${token}` } })
    const email = anAddress()
    const { result } = await t.fine(below('/v1/users', { email }), 201)
    const who = { identifier_type: 'email', identifier: email }
    const { code } = await t.fine(below('/v1/auth/otp/send', { ...who, channel: 'direct' }))
    const tokens = await t.fine(below('/v1/auth/otp/authenticate', { ...who, passcode: code }))
    expect(await t.claimsIn(tokens.id_token)).toMatchObject({ iss: t.project.issuer, sub: result.user_id })
    // The root key acts for the project of the address.
    expect((await t.fine(below('/v1/users', { email: anAddress() }, ROOT_KEY), 201)).result.user_id).toBeDefined()
  })

  it('another project’s token is none there, whether there is such a project or not', async () => {
    const [t, other] = [await transmit(), await transmit()]
    const headers = { authorization: `Bearer ${other.granted.access_token}` }
    for (const base of [t.base, `/p/proj_${'2'.repeat(27)}`]) {
      const answer = await t.app.call('POST', `${base}/cis/v1/users`, { email: anAddress() }, { key: null, headers })
      expectRefusal(answer, 401, 401)
    }
    expectRefusal(await t.app.request(`/p/nope/cis/oidc/jwks`), 404, 404)
  })
})

it('stores no secret in plain', async () => {
  const t = await transmit()
  const email = anAddress()
  await t.aUser({ email })
  await t.fine(t.otpSend({ channel: 'email', identifier_type: 'email', identifier: email }))
  const { results } = await env.DB.prepare('SELECT * FROM messages WHERE project_id = ?').bind(t.project.id).all()
  expect(results).toHaveLength(1)
  expect(JSON.stringify(results)).not.toContain(t.mailTo(email).code)
})
