/** An application of Streambird, from outside: what its SDK would send, against Latchkey as `npm run dev` runs it. */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { borrowDevServer, type DevServer, type Json } from '../support/server.ts'
import { pasteStory } from '../support/story.ts'
import { SESSION_CLAIM, Streambird } from '../support/streambird-client.ts'

const AT_ONCE = 64
const HOUR = 60
const DAY = 1440
const YEAR = 525_600
const LOGIN = 'http://localhost:8081/login'
const REGISTER = 'http://localhost:8081/register?from=mail'
const URLS = { loginRedirectUrl: LOGIN, registrationRedirectUrl: REGISTER }
const SCOPES = [
  'users:read',
  'users:write',
  'passwordless:send',
  'passwordless:verify',
  'passwordless:reveal',
  'sessions:read',
  'sessions:write',
]
const USER_ID = /^user_[0-9A-Za-z]{27}$/
const EMAIL_ID = /^email_[0-9A-Za-z]{27}$/
/** The SDKs have a class of errors for each of these; of a secret that cannot be used. */
const UNUSABLE = [400, 401, 404, 409]

let server: DevServer
let accessToken: string
let streambird: Streambird
let addresses = 0
beforeAll(async () => {
  server = await borrowDevServer()
  accessToken = await keyOf({})
  streambird = new Streambird(server.origin, accessToken)
})
afterAll(() => server?.stop())

/** Of the project that these headers name. */
async function keyOf(headers: Record<string, string>): Promise<string> {
  const { key } = await server.api('/v1/api_keys', { name: 'Streambird', scopes: SCOPES }, headers)
  return key
}

const anAddress = (): string => `sandbox-${++addresses}@streambird.io`

/** The link of the newest mail to this address. */
async function linkOf(email: string): Promise<URL> {
  await server.inbox.next(email)
  const [mail] = (await server.inbox.messages(email)).slice(-1)
  const link = mail?.links.find((one) => new URL(one).searchParams.has('token'))
  if (!link) throw new Error(`no link with a token in ${mail?.text}`)
  return new URL(link)
}
const tokenOf = async (email: string): Promise<string> => (await linkOf(email)).searchParams.get('token') ?? ''

/** A mailed link, to a new address unless the fields name one. */
async function sent(fields: Record<string, unknown> = {}, by = streambird) {
  const email = typeof fields.email === 'string' ? fields.email : anAddress()
  const answer = await by.magicLinks.email.loginOrCreate({ email, ...URLS, ...fields })
  return { email, answer, token: await tokenOf(email) }
}

/** Somebody who is signed in. */
async function signedIn(minutes = HOUR) {
  const { email, answer, token } = await sent()
  return {
    email,
    emailId: answer.emailId,
    ...(await streambird.magicLinks.verify({ token, sessionExpiresIn: minutes })),
  }
}

const refused = (call: Promise<unknown>): Promise<Json> =>
  call.then(
    (answer) => expect.unreachable(`answered ${Object.keys(answer ?? {})}`),
    (error) => error,
  )
const refusal = (...statuses: number[]) => ({
  name: 'StreambirdError',
  statusCode: expect.toSatisfy((status: number) => statuses.includes(status)),
  errorType: expect.stringMatching(/./),
  errorMessage: expect.stringMatching(/./),
})

describe('the request of Streambird’s page', () => {
  const curl = `curl -s \\
-X POST https://api.streambird.io/v1/auth/magic_links/email/login_or_create \\
-H "Authorization: Bearer $ACCESS_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{"email":"sandbox@streambird.io","expires_in":60,"login_redirect_url":"http://localhost:8081/authenticate","registration_redirect_url":"http://localhost:8081/authenticate"}'`

  async function paste(): Promise<Json> {
    const script = curl.replace('https://api.streambird.io', server.origin)
    const env = { ...process.env, ACCESS_TOKEN: accessToken }
    const { stdout } = await promisify(execFile)('bash', ['-euc', script], { env })
    return JSON.parse(stdout)
  }

  it('is answered as it says, for somebody new and for somebody known', async () => {
    const first = await paste()
    expect(first).toMatchObject({
      user_id: expect.stringMatching(USER_ID),
      status: 'active',
      user_created: true,
      updated_at: expect.any(Number),
      created_at: expect.any(Number),
      email_id: expect.stringMatching(EMAIL_ID),
    })
    expect(Math.abs(first.created_at - Date.now() / 1000)).toBeLessThan(30)
    const second = await paste()
    expect(second).toMatchObject({ user_id: first.user_id, email_id: first.email_id, user_created: false })

    const link = await linkOf('sandbox@streambird.io')
    expect(link.origin + link.pathname).toBe('http://localhost:8081/authenticate')
    expect([...link.searchParams.keys()]).toEqual(['token'])
    const verified = await streambird.magicLinks.verify({ token: link.searchParams.get('token') })
    expect(verified).toEqual({ methodId: first.email_id, methodType: 'email', userId: first.user_id })
  })
})

describe('a link in the mail', () => {
  it('leads somebody new to the registration, and somebody known to the login', async () => {
    const { email, answer } = await sent()
    expect(answer.userCreated).toBe(true)
    const register = await linkOf(email)
    expect(register.href).toMatch(/^http:\/\/localhost:8081\/register\?/)
    expect([...register.searchParams.keys()].sort()).toEqual(['from', 'token'])

    const again = await streambird.magicLinks.email.loginOrCreate({ email, ...URLS })
    expect(again).toMatchObject({ userCreated: false, userId: answer.userId, emailId: answer.emailId })
    expect((await linkOf(email)).href).toMatch(/^http:\/\/localhost:8081\/login\?token=/)
  })

  it('leads to the project’s defaults where the request names nothing, and is refused where there are none', async () => {
    const { id } = await server.api('/v1/projects', { name: 'Other' })
    const headers = { 'x-project': id }
    const its = new Streambird(`${server.origin}/p/${id}`, await keyOf(headers))
    const unsent = anAddress()
    expect(await refused(its.magicLinks.email.loginOrCreate({ email: unsent }))).toMatchObject(refusal(400))
    expect(await server.inbox.messages(unsent)).toEqual([])

    const [login, register] = ['https://app.streambird.io/login', 'https://app.streambird.io/register']
    const patched = await fetch(new URL('/v1/project', server.url), {
      method: 'PATCH',
      headers: { 'x-api-key': server.key, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        redirect_uris: [login, register],
        default_login_redirect: login,
        default_registration_redirect: register,
      }),
    })
    expect(patched.status, await patched.text()).toBe(200)
    const email = anAddress()
    await its.magicLinks.email.loginOrCreate({ email })
    expect((await linkOf(email)).href).toMatch(/^https:\/\/app\.streambird\.io\/register\?token=/)
    await its.magicLinks.email.loginOrCreate({ email })
    const link = await linkOf(email)
    expect(link.href).toMatch(/^https:\/\/app\.streambird\.io\/login\?token=/)

    const token = link.searchParams.get('token')
    expect(await refused(streambird.magicLinks.verify({ token }))).toMatchObject(refusal(...UNUSABLE))
    expect(await its.magicLinks.verify({ token })).toMatchObject({ methodType: 'email' })
  })

  it('leads nowhere that is not registered', async () => {
    const email = anAddress()
    const urls = {
      loginRedirectUrl: 'https://elsewhere.example/',
      registrationRedirectUrl: 'https://elsewhere.example/',
    }
    expect(await refused(streambird.magicLinks.email.loginOrCreate({ email, ...urls }))).toMatchObject(refusal(400))
    expect(await server.inbox.messages(email)).toEqual([])
  })

  it.each(['loginExpiresIn', 'registrationExpiresIn'])('lives between 5 minutes and 7 days: %s', async (name) => {
    for (const minutes of [4, 7 * DAY + 1, 0, -60]) {
      const email = anAddress()
      const call = streambird.magicLinks.email.loginOrCreate({ email, ...URLS, [name]: minutes })
      expect(await refused(call)).toMatchObject(refusal(400))
      expect(await server.inbox.messages(email)).toEqual([])
    }
    for (const minutes of [5, 7 * DAY]) {
      const { token } = await sent({ [name]: minutes })
      expect(await streambird.magicLinks.verify({ token })).toMatchObject({ methodType: 'email' })
    }
  })

  it('lives as long as expires_in says, where nothing else does', async () => {
    const email = anAddress()
    await streambird.magicLinks.email.loginOrCreate({ email, ...URLS, expiresIn: 7 })
    expect((await server.inbox.next(email)).text).toContain('7 minutes')
    const second = anAddress()
    const both = { expiresIn: 7, registrationExpiresIn: 9 }
    await streambird.magicLinks.email.loginOrCreate({ email: second, ...URLS, ...both })
    expect((await server.inbox.next(second)).text).toContain('9 minutes')
  })

  it('needs an address', async () => {
    for (const fields of [{}, { email: '' }, { email: 'nobody' }, { email: 7 }]) {
      expect(await refused(streambird.magicLinks.email.loginOrCreate({ ...URLS, ...fields }))).toMatchObject(
        refusal(400),
      )
    }
  })
})

describe('verify', () => {
  it('starts no session unless it is asked to', async () => {
    const { answer, token } = await sent()
    const verified = await streambird.magicLinks.verify({ token })
    expect(verified).toEqual({ methodId: answer.emailId, methodType: 'email', userId: answer.userId })
    expect(await streambird.sessions.list(answer.userId)).toMatchObject({ sessions: [] })
  })

  it('starts a session for as long as it is asked to', async () => {
    const { email, answer, token } = await sent()
    const verified = await streambird.magicLinks.verify({ token, sessionExpiresIn: HOUR })
    const { session } = verified
    expect(verified).toEqual({
      methodId: answer.emailId,
      methodType: 'email',
      userId: answer.userId,
      session: expect.any(Object),
      sessionToken: expect.stringMatching(/.{20}/),
      sessionJwt: expect.stringMatching(/^eyJ/),
    })
    expect(session).toMatchObject({
      id: expect.stringMatching(/^sess_/),
      userId: answer.userId,
      startedAt: expect.any(Number),
      lastActiveAt: expect.any(Number),
      updatedAt: expect.any(Number),
      createdAt: expect.any(Number),
      deviceFingerprint: { ip: expect.any(String), userAgent: expect.any(String) },
    })
    expect(session.factors).toEqual([
      {
        deliveryChannel: 'email',
        type: expect.any(String),
        method: {
          methodId: answer.emailId,
          methodType: 'email',
          emailId: answer.emailId,
          email,
          lastVerifiedAt: expect.any(Number),
        },
      },
    ])
    expect(Math.abs(session.startedAt - Date.now() / 1000)).toBeLessThan(30)
    expect(Math.abs(session.expiresAt - session.startedAt - HOUR * 60)).toBeLessThan(5)
  })

  it('gives a token that anybody can check with the published keys', async () => {
    const { session, sessionJwt, userId } = await signedIn()
    const checked = await streambird.sessions.verifyJwt(sessionJwt)
    expect(checked.session).toEqual(session)
    expect(checked.payload).toMatchObject({ sub: userId, iss: expect.any(String), iat: expect.any(Number) })
    expect(Number(checked.payload.exp) - Number(checked.payload.iat)).toBe(3600)
    expect(checked.protectedHeader).toMatchObject({
      kid: expect.any(String),
      alg: expect.stringMatching(/^(ES|RS)256$/),
    })
    const [head = '', , signature = ''] = sessionJwt.split('.')
    const claims = { ...decodeJwt(sessionJwt), [SESSION_CLAIM]: { ...session, user_id: 'user_of_somebody_else' } }
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
    await expect(streambird.sessions.verifyJwt(forged)).rejects.toThrow('signature verification failed')
  })

  it('takes a session of 5 minutes to 365 days, and burns nothing for another', async () => {
    const { token } = await sent()
    for (const sessionExpiresIn of [4, YEAR + 1, 0]) {
      expect(await refused(streambird.magicLinks.verify({ token, sessionExpiresIn }))).toMatchObject(refusal(400))
    }
    const { session } = await streambird.magicLinks.verify({ token, sessionExpiresIn: YEAR })
    expect(Math.abs(session.expiresAt - session.startedAt - YEAR * 60)).toBeLessThan(5)
  })

  it.each(['sessionToken', 'sessionJwt'])('extends the session that it is given by its %s', async (name) => {
    const first = await signedIn(5)
    const { token } = await sent({ email: first.email })
    const fields = { token, [name]: first[name], sessionExpiresIn: DAY }
    const second = await streambird.magicLinks.verify(fields)
    expect(second.session.id).toBe(first.session.id)
    expect(second.session.expiresAt - first.session.expiresAt).toBeGreaterThan((DAY - 6) * 60)
    const { session } = await streambird.sessions.verify({ sessionToken: second.sessionToken })
    expect(session).toMatchObject({ id: first.session.id, expiresAt: second.session.expiresAt })
  })

  it('does not extend the session of somebody else, and burns nothing', async () => {
    const [somebody, { token, answer }] = [await signedIn(), await sent()]
    const fields = { token, sessionToken: somebody.sessionToken, sessionExpiresIn: DAY }
    expect(await refused(streambird.magicLinks.verify(fields))).toMatchObject(refusal(...UNUSABLE))
    expect(await streambird.magicLinks.verify({ token })).toMatchObject({ userId: answer.userId })
  })

  it('takes a token once', async () => {
    const { token } = await sent()
    await streambird.magicLinks.verify({ token })
    expect(await refused(streambird.magicLinks.verify({ token }))).toMatchObject(refusal(...UNUSABLE))
    const withSession = { token, sessionExpiresIn: HOUR }
    expect(await refused(streambird.magicLinks.verify(withSession))).toMatchObject(refusal(...UNUSABLE))
  })

  it(`takes a token once of ${AT_ONCE} that come at once`, async () => {
    const { answer, token } = await sent()
    const settled = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, () => streambird.magicLinks.verify({ token, sessionExpiresIn: HOUR })),
    )
    const won = settled.filter(({ status }) => status === 'fulfilled')
    expect(won).toHaveLength(1)
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject(refusal(...UNUSABLE))
    }
    expect((await streambird.sessions.list(answer.userId)).sessions).toHaveLength(1)
  })

  it('takes what no other endpoint takes', async () => {
    const { token, answer } = await sent()
    const elsewhere = await server.api('/v1/passwordless/verify', { token })
    expect(elsewhere).toMatchObject({ status: 400, code: 'unknown_token' })
    expect(await streambird.magicLinks.verify({ token })).toMatchObject({ userId: answer.userId })
    const native = await server.api('/v1/passwordless/send', { email: anAddress(), method: 'link', reveal: true })
    const [foreign = ''] = new URL(native.link).searchParams.values()
    expect(await refused(streambird.magicLinks.verify({ token: foreign }))).toMatchObject(refusal(...UNUSABLE))
  })

  it.each(['nobodys', 'A'.repeat(99), ''])('knows no token %j', async (token) => {
    expect(await refused(streambird.magicLinks.verify({ token }))).toMatchObject(refusal(...UNUSABLE))
  })
})

describe('a fingerprint', () => {
  const BOTH = { ip: '203.0.113.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' }

  it('has to come again, field by field, and another burns nothing', async () => {
    const { answer, token } = await sent({ deviceFingerprint: BOTH })
    const others = [
      { ...BOTH, ip: '203.0.113.8' },
      { ...BOTH, userAgent: 'curl/8' },
      { ip: BOTH.ip },
      { userAgent: BOTH.userAgent },
      {},
      undefined,
    ]
    for (const deviceFingerprint of others) {
      const fields = { token, ...(deviceFingerprint ? { deviceFingerprint } : {}) }
      expect(await refused(streambird.magicLinks.verify(fields))).toMatchObject(refusal(...UNUSABLE))
    }
    const fields = { token, deviceFingerprint: BOTH, sessionExpiresIn: HOUR }
    const verified = await streambird.magicLinks.verify(fields)
    expect(verified).toMatchObject({ userId: answer.userId, session: { deviceFingerprint: BOTH } })
  })

  it.each(['ip', 'userAgent'] as const)('of one field asks for that alone: %s', async (name) => {
    const { token, answer } = await sent({ deviceFingerprint: { [name]: BOTH[name] } })
    const other = { ...BOTH, [name]: 'another' }
    expect(await refused(streambird.magicLinks.verify({ token, deviceFingerprint: other }))).toMatchObject(
      refusal(...UNUSABLE),
    )
    const verified = await streambird.magicLinks.verify({ token, deviceFingerprint: BOTH })
    expect(verified).toMatchObject({ userId: answer.userId })
  })

  it('is asked for with a passcode as well', async () => {
    const email = anAddress()
    const { emailId } = await streambird.otps.email.loginOrCreate({ email, deviceFingerprint: BOTH })
    const fields = { otp: (await server.inbox.next(email)).code, methodId: emailId }
    expect(await refused(streambird.otps.verify(fields))).toMatchObject(refusal(...UNUSABLE))
    const verified = await streambird.otps.verify({ ...fields, deviceFingerprint: BOTH })
    expect(verified).toMatchObject({ methodId: emailId })
  })
})

describe('somebody new', () => {
  it('who is invited is pending until the link is verified', async () => {
    const email = anAddress()
    const invited = await streambird.magicLinks.email.invite({ email, firstName: 'John', inviteRedirectUrl: REGISTER })
    expect(invited).toMatchObject({
      userId: expect.stringMatching(USER_ID),
      status: 'pending',
      userCreated: true,
      emailId: expect.stringMatching(EMAIL_ID),
    })
    expect(await streambird.users.get(invited.userId)).toMatchObject({ status: 'pending', firstName: 'John' })
    const link = await linkOf(email)
    expect(link.pathname).toBe('/register')
    await streambird.magicLinks.verify({ token: link.searchParams.get('token') })
    expect(await streambird.users.get(invited.userId)).toMatchObject({ status: 'active' })
  })

  it('is one person, created once, for many requests at once', async () => {
    const email = anAddress()
    const answers: Json[] = await Promise.all(
      Array.from({ length: 16 }, () => streambird.magicLinks.email.loginOrCreate({ email, ...URLS })),
    )
    expect(new Set(answers.map(({ userId }) => userId)).size).toBe(1)
    expect(answers.filter(({ userCreated }) => userCreated)).toHaveLength(1)
  })

  it('is active at once, unless verification is required', async () => {
    expect((await sent()).answer.status).toBe('active')
    const { answer, token } = await sent({ requiresVerification: true })
    expect(answer).toMatchObject({ status: 'pending', userCreated: true })
    expect(await streambird.users.get(answer.userId)).toMatchObject({ status: 'pending' })
    await streambird.magicLinks.verify({ token })
    expect(await streambird.users.get(answer.userId)).toMatchObject({ status: 'active' })
  })
})

describe('a link to put elsewhere', () => {
  it('is made for a user, and verified once', async () => {
    const { answer } = await sent()
    const { userId, emailId } = answer
    const created = await streambird.magicLinks.create({ userId, expiresIn: HOUR })
    expect(created).toEqual({ userId, token: expect.stringMatching(/.{20}/) })
    const verified = await streambird.magicLinks.verify({ token: created.token })
    expect(verified).toEqual({ methodId: emailId, methodType: 'email', userId })
    expect(await refused(streambird.magicLinks.verify({ token: created.token }))).toMatchObject(refusal(...UNUSABLE))
  })

  it('is not made for nobody, nor for too long', async () => {
    const userId = 'user_24wFP9pDa9YiMJLun94iKykoZs2'
    expect(await refused(streambird.magicLinks.create({ userId, expiresIn: HOUR }))).toMatchObject(refusal(404))
    const { answer } = await sent()
    for (const expiresIn of [4, 7 * DAY + 1]) {
      const call = streambird.magicLinks.create({ userId: answer.userId, expiresIn })
      expect(await refused(call)).toMatchObject(refusal(400))
    }
  })
})

describe('a passcode', () => {
  const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

  it('is mailed, and verified once, after a wrong one too', async () => {
    const email = anAddress()
    const answer = await streambird.otps.email.loginOrCreate({ email })
    expect(answer).toMatchObject({ userCreated: true, status: 'active', userId: expect.stringMatching(USER_ID) })
    const methodId = answer.emailId
    const otp = (await server.inbox.next(email)).code ?? ''
    expect(otp).toMatch(/^\d{6}$/)
    expect(await refused(streambird.otps.verify({ otp: otherThan(otp), methodId }))).toMatchObject(refusal(...UNUSABLE))
    const verified = await streambird.otps.verify({ otp, methodId, sessionExpiresIn: HOUR })
    expect(verified).toMatchObject({ methodId, methodType: 'email', userId: answer.userId })
    expect(verified.session.factors).toMatchObject([
      { deliveryChannel: 'email', type: 'otp', method: { methodId, email } },
    ])
    const { session } = await streambird.sessions.verifyJwt(verified.sessionJwt)
    expect(session).toEqual(verified.session)
    expect(await refused(streambird.otps.verify({ otp, methodId }))).toMatchObject(refusal(...UNUSABLE))
  })

  it('is mailed to somebody known', async () => {
    const { email, answer } = await sent()
    const { emailId, userId } = answer
    const [last] = (await server.inbox.messages(email)).slice(-1)
    expect(await streambird.otps.email.send({ email })).toMatchObject({ emailId, userId })
    const { code: otp } = await server.inbox.next(email, last?.ts)
    expect(await streambird.otps.verify({ otp, methodId: emailId })).toEqual({
      methodId: emailId,
      methodType: 'email',
      userId,
    })
  })

  it('is locked after five wrong ones', async () => {
    const email = anAddress()
    const { emailId: methodId } = await streambird.otps.email.loginOrCreate({ email })
    const otp = (await server.inbox.next(email)).code ?? ''
    for (let i = 0; i < 5; i++) {
      expect(await refused(streambird.otps.verify({ otp: otherThan(otp), methodId }))).toMatchObject(
        refusal(...UNUSABLE),
      )
    }
    expect(await refused(streambird.otps.verify({ otp, methodId }))).toMatchObject(refusal(...UNUSABLE, 429))
  })

  it('is nobody else’s', async () => {
    const [email, other] = [anAddress(), await sent()]
    await streambird.otps.email.loginOrCreate({ email })
    const { code: otp } = await server.inbox.next(email)
    for (const methodId of [other.answer.emailId, 'email_24oXBL3PufzHkH1Jzyjc2EXYeo7', 'nobodys']) {
      expect(await refused(streambird.otps.verify({ otp, methodId }))).toMatchObject(refusal(...UNUSABLE))
    }
  })
})

describe('a session', () => {
  it.each(['sessionToken', 'sessionJwt'])('is verified by its %s, and extended', async (name) => {
    const made = await signedIn()
    const seen = await streambird.sessions.verify({ [name]: made[name] })
    expect(seen).toMatchObject({
      session: { id: made.session.id, userId: made.userId, expiresAt: made.session.expiresAt },
      sessionToken: expect.any(String),
      sessionJwt: expect.stringMatching(/^eyJ/),
    })
    const longer = await streambird.sessions.verify({ [name]: made[name], sessionExpiresIn: 30 * DAY })
    expect(longer.session.id).toBe(made.session.id)
    expect(longer.session.expiresAt - made.session.expiresAt).toBeGreaterThan(29 * DAY * 60)
    const { session } = await streambird.sessions.verifyJwt(longer.sessionJwt)
    expect(session).toEqual(longer.session)
  })

  it('is listed with the others of its user', async () => {
    const first = await signedIn()
    const { token } = await sent({ email: first.email })
    const second = await streambird.magicLinks.verify({ token, sessionExpiresIn: HOUR })
    const { sessions } = await streambird.sessions.list(first.userId)
    const ids = sessions.map(({ id }: Json) => id)
    expect(ids.sort()).toEqual([first.session.id, second.session.id].sort())
    for (const session of sessions) expect(session).toMatchObject({ userId: first.userId, factors: [{}] })
  })

  it.each([
    ['session id', ({ session }: Json) => ({ sessionId: session.id })],
    ['session token', ({ sessionToken }: Json) => ({ sessionToken })],
    ['session JWT', ({ sessionJwt }: Json) => ({ sessionJwt })],
  ])('is deleted by its %s, and refused at once', async (_, named) => {
    const made = await signedIn()
    expect(await streambird.sessions.delete(named(made))).toMatchObject({ message: expect.stringMatching(/./) })
    for (const fields of [{ sessionToken: made.sessionToken }, { sessionJwt: made.sessionJwt }]) {
      expect(await refused(streambird.sessions.verify(fields))).toMatchObject(refusal(401, 404))
    }
    expect(await streambird.sessions.list(made.userId)).toMatchObject({ sessions: [] })
  })

  it('of nobody is refused', async () => {
    for (const fields of [{ sessionToken: 'nobodys' }, { sessionJwt: 'eyJ.eyJ.x' }, {}]) {
      expect(await refused(streambird.sessions.verify(fields))).toMatchObject(refusal(400, 401, 404))
    }
  })

  it('is handed to who waits for the link, once it is verified', async () => {
    const [{ answer, token }, other] = [await sent(), await sent()]
    const { emailId, requestOriginToken, userId } = answer
    const status = (fields: Record<string, unknown>) => streambird.magicLinks.email.loginStatus(fields)
    const before = await status({ emailId, requestOriginToken })
    expect(before).toMatchObject({ userId })
    expect(before).not.toHaveProperty('sessionToken')

    const verified = await streambird.magicLinks.verify({ token, sessionExpiresIn: HOUR })
    const after = await status({ emailId, requestOriginToken })
    expect(after).toMatchObject({ userId, status: 'active', sessionJwt: expect.stringMatching(/^eyJ/) })
    const { session } = await streambird.sessions.verify({ sessionToken: after.sessionToken })
    expect(session.id).toBe(verified.session.id)

    const othersToken = other.answer.requestOriginToken
    for (const fields of [
      { emailId },
      { emailId, requestOriginToken: othersToken },
      { emailId, requestOriginToken: token },
    ]) {
      expect(await refused(status(fields))).toMatchObject(refusal(...UNUSABLE))
    }
  })
})

describe('a user', () => {
  it('is created, read, changed, found and deleted', async () => {
    const email = anAddress()
    const created = await streambird.users.create({ email, firstName: 'John', lastName: 'Smith' })
    expect(created).toMatchObject({ userId: expect.stringMatching(USER_ID) })
    const { userId } = created
    const seen = await streambird.users.get(userId)
    expect(seen).toMatchObject({
      userId,
      firstName: 'John',
      lastName: 'Smith',
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      emails: [{ id: expect.stringMatching(EMAIL_ID), email, verified: false }],
    })
    expect(await refused(streambird.users.create({ email }))).toMatchObject(refusal(409))

    await streambird.users.update(userId, { lastName: 'Doe' })
    expect(await streambird.users.get(userId)).toMatchObject({ firstName: 'John', lastName: 'Doe' })

    const field = { field: 'email', operator: 'eq', value: email }
    const filters = { operator: 'AND', fields: [field] }
    expect((await streambird.users.search({ limit: 10, filters })).users).toMatchObject([{ userId, lastName: 'Doe' }])

    expect(await streambird.users.delete(userId)).toMatchObject({ message: expect.stringMatching(/./), userId })
    expect(await refused(streambird.users.get(userId))).toMatchObject(refusal(404))
    expect((await streambird.users.search({ limit: 10, filters })).users).toEqual([])
  })

  it('has a verified address once a link to it is verified', async () => {
    const { answer, token } = await sent()
    await streambird.magicLinks.verify({ token })
    const { emails } = await streambird.users.get(answer.userId)
    expect(emails).toMatchObject([{ id: answer.emailId, verified: true }])
  })

  it('who is deleted cannot come back by an older link, and has no session', async () => {
    const { email, userId, sessionToken } = await signedIn()
    const { token } = await sent({ email })
    await streambird.users.delete(userId)
    expect(await refused(streambird.magicLinks.verify({ token }))).toMatchObject(refusal(...UNUSABLE))
    expect(await refused(streambird.sessions.verify({ sessionToken }))).toMatchObject(refusal(401, 404))
  })
})

describe('whatever goes wrong', () => {
  it('is told in the shape that the SDK reads', async () => {
    const wrong = { name: 'StreambirdError', statusCode: 401 }
    for (const key of ['sk_test_of_nobody', '']) {
      const stranger = new Streambird(server.origin, key)
      expect(await refused(stranger.magicLinks.email.loginOrCreate({ email: anAddress(), ...URLS }))).toMatchObject(
        wrong,
      )
      expect(await refused(stranger.magicLinks.verify({ token: 'nobodys' }))).toMatchObject(refusal(401))
      expect(await refused(stranger.users.get('user_24wFP9pDa9YiMJLun94iKykoZs2'))).toMatchObject(refusal(401))
    }
    expect(await refused(streambird.call('POST', 'nothing/here', {}))).toMatchObject(refusal(404))
    const long = { email: anAddress(), ...URLS, filler: 'x'.repeat(100_000) }
    expect(await refused(streambird.magicLinks.email.loginOrCreate(long))).toMatchObject(refusal(413))
  })

  it('carries the status of the answer, in JSON', async () => {
    const answer = await fetch(`${server.origin}/v1/auth/magic_links/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: '{',
    })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { status_code: 400, error_type: expect.any(String), error_message: expect.any(String) },
    ])
  })

  it('a field that nobody knows is ignored', async () => {
    const { token } = await sent({ walletType: 'ETH', expiresIn: 60 })
    expect(await streambird.magicLinks.verify({ token, walletType: 'ETH' })).toMatchObject({ methodType: 'email' })
  })

  it('nothing of it is logged that opens a door', async () => {
    expect(await server.output()).not.toContain(accessToken)
  })
})

describe('/docs/streambird, pasted', () => {
  const APP = 'https://app.example.com/authenticate'
  const EMAIL = 'ada@example.com'
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-streambird-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('signs in by a link and by a passcode, and leaves nothing of the page out', async () => {
    const pasted = new Set(['setup', 'key'])
    await pasteStory(server, folder, 'streambird', ['setup', 'key'])
    const { key: ACCESS_TOKEN } = JSON.parse(await readFile(join(folder, 'key.json'), 'utf8'))
    const paste = (name: string, environment: Record<string, string> = {}): Promise<Json> => {
      pasted.add(name)
      return pasteStory(server, folder, 'streambird', ['setup', name], { ACCESS_TOKEN, ...environment })
    }

    expect(await paste('register')).toMatchObject({
      redirect_uris: [APP],
      default_login_redirect: APP,
      default_registration_redirect: APP,
    })
    const sent = await paste('send')
    expect(sent).toMatchObject({ status: 'active', user_created: true, email_id: expect.stringMatching(EMAIL_ID) })
    const origin = { EMAIL_ID: sent.email_id, REQUEST_ORIGIN_TOKEN: sent.request_origin_token }
    expect(await paste('status', origin)).toEqual({ user_id: sent.user_id, status: 'pending' })

    const link = await linkOf(EMAIL)
    expect(link.origin + link.pathname).toBe(APP)
    const verified = await paste('verify', { TOKEN_OF_THE_ADDRESS: link.searchParams.get('token') ?? '' })
    expect(verified).toMatchObject({ user_id: sent.user_id, session: { user_id: sent.user_id } })
    expect(await paste('status', origin)).toMatchObject({ status: 'active', session: verified.session })

    const SESSION_TOKEN = verified.session_token
    const kept = await paste('session', { SESSION_TOKEN })
    expect(kept.session.id).toBe(verified.session.id)
    expect(kept.session.expires_at).toBeGreaterThan(verified.session.expires_at)
    const keys = createLocalJWKSet(await paste('jwks'))
    const { payload, protectedHeader } = await jwtVerify(kept.session_jwt, keys, { issuer: server.origin })
    expect([payload[SESSION_CLAIM], protectedHeader.alg]).toEqual([kept.session, 'ES256'])
    expect(await paste('end', { SESSION_TOKEN })).toMatchObject({ message: expect.any(String) })
    expect(await paste('session', { SESSION_TOKEN })).toMatchObject({
      status_code: 404,
      error_type: 'session_not_found',
    })

    const [last] = (await server.inbox.messages(EMAIL)).slice(-1)
    const otp = await paste('otp')
    const { code } = await server.inbox.next(EMAIL, last?.ts)
    const typed = await paste('passcode', { SIX_DIGITS: code ?? '', EMAIL_ID: otp.email_id })
    expect(typed).toMatchObject({ user_id: sent.user_id, session: { factors: [{ type: 'otp' }] } })

    const page = await readFile('src/docs/streambird.md', 'utf8')
    expect([...page.matchAll(/<!-- story: (\w+) -->/g)].map(([, name]) => name).sort()).toEqual([...pasted].sort())
    expect(page.match(/^```sh$/gm)).toHaveLength(pasted.size)
  })
})
