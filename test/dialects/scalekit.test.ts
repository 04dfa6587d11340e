/**
 * Scalekit's documented requests, replayed with real values for their placeholders: every request and field of
 * docs.scalekit.com's page on headless passwordless sign-in. src/docs/scalekit.md names the test of each.
 */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, anAddress, browser, env, ISSUER, ROOT_KEY, testApp } from '../support/app.ts'
import { aProject, rowOf, signInOf, type TestProject } from '../support/project.ts'
import { aKey, expectCommonHeaders, expectProblem } from '../support/refusals.ts'
import { renderMail } from '../support/render.ts'

vi.setConfig({ testTimeout: 60_000 })

const BASE = '/api/v1/passwordless/email'
const YOUR_APP = 'https://yourapp.com/passwordless/verify'
const ERROR_INFO = 'type.googleapis.com/scalekit.v1.errdetails.ErrorInfo'
const SECRET = 'test_abcdefghijklmnopqrstuvwxyz0123456789'
const MANY = 64

const app = testApp()

type Scalekit = {
  project: TestProject
  token: string
  post(
    path: string,
    body?: unknown,
    init?: { headers?: Record<string, string>; token?: string | null },
  ): Promise<Answer>
  send(body?: Record<string, unknown>): Promise<Sending>
  verify(body: unknown, headers?: Record<string, string>): Promise<Answer>
}
type Sending = { email: string; id: string; json: Record<string, any>; code: string; token: string; link: string }

/** An environment of Scalekit's: a project whose client came over with its id and its secret. */
async function scalekit(settings: Record<string, unknown> = {}, on = app): Promise<Scalekit> {
  const project = await aProject(on, { redirect_uris: [YOUR_APP], ...settings })
  const { client_id } = await project.ok('POST', '/v1/clients', aClient())
  const token = await tokenOf(project.id, client_id)
  const post: Scalekit['post'] = (path, body, init = {}) =>
    on.request(`/p/${project.id}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(init.token === null ? {} : { authorization: `Bearer ${init.token ?? token}` }),
        ...init.headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return {
    project,
    token,
    post,
    send: async (body = {}) => {
      const email = anAddress()
      const answer = await post(`${BASE}/send`, { email, magiclink_auth_uri: YOUR_APP, ...body })
      expect(answer.status, answer.text).toBe(200)
      return { email, id: answer.json.auth_request_id, json: answer.json, ...lastMail(email, on) }
    },
    verify: (body, headers = {}) => post(`${BASE}/verify`, body, { headers }),
  }
}

const aClient = (more: Record<string, unknown> = {}) => ({
  name: 'Your app',
  client_id: `skc_${crypto.randomUUID().replaceAll('-', '')}`,
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  scopes: ['passwordless:send', 'passwordless:verify'],
  access_ttl: 86_399,
  ...more,
})

/** As the SDK asks: id and secret in the form. */
async function tokenOf(projectId: string, clientId: string): Promise<string> {
  const answer = await askToken(`/p/${projectId}/oauth/token`, clientId)
  expect(answer.status, answer.text).toBe(200)
  return answer.json.access_token
}
const askToken = (path: string, clientId: string) =>
  app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: SECRET,
      grant_type: 'client_credentials',
    }).toString(),
  })

function lastMail(email: string, on = app): { code: string; token: string; link: string } {
  const { link, code } = signInOf(on.outbox.findLast(({ to }) => to === email))
  return {
    code: code ?? '',
    link: link ?? '',
    token: new URL(link ?? 'http://none').searchParams.get('link_token') ?? '',
  }
}
const mailsTo = (email: string) => app.outbox.filter(({ to }) => to === email)

/** grpc-gateway's error: its number, the HTTP status of that, and Scalekit's name for it. */
function expectError(answer: Answer, status: number, code: number, error_code: string): void {
  expectCommonHeaders(answer)
  expect(answer.headers.get('content-type'), answer.text).toBe('application/json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { details, ...body } = answer.json
  expect([answer.status, body], answer.text).toEqual([status, { code, message: expect.stringMatching(/\S/) }])
  expect(details).toHaveLength(1)
  const { validation_error_info, ...info } = details[0]
  expect(info).toEqual({ '@type': ERROR_INFO, error_code })
  for (const violation of validation_error_info?.field_violations ?? []) {
    expect(violation).toEqual({ field: expect.any(String), description: expect.stringMatching(/\S/) })
  }
}
function expectInvalid(answer: Answer, field: string): void {
  expectError(answer, 400, 3, 'INVALID_ARGUMENT')
  const { field_violations } = answer.json.details[0].validation_error_info
  expect(field_violations.map((violation: { field: string }) => violation.field)).toContain(field)
}
const expectUsed = (answer: Answer) => expectError(answer, 400, 9, 'FAILED_PRECONDITION')
const expectUnknown = (answer: Answer) => expectError(answer, 404, 5, 'NOT_FOUND')
const expectLimited = (answer: Answer) => expectError(answer, 429, 8, 'RATE_LIMITED')

const isSent = (type: string, expires_in: number) => ({
  auth_request_id: expect.stringMatching(/^chal_[\w-]{62}$/),
  expires_at: expect.stringMatching(/^\d{10}$/),
  expires_in,
  passwordless_type: type,
})
const wrong = (code: string) => (code === '000000' ? '000001' : '000000')
const times = <T>(count: number, run: () => Promise<T>) => Promise.all(Array.from({ length: count }, run))

const METHODS = [
  ['code', 'OTP'],
  ['link', 'LINK'],
  ['link_and_code', 'LINK_OTP'],
] as const
type Method = (typeof METHODS)[number][0]
const environments: Partial<Record<Method, Scalekit>> = {}
const of = (method: Method): Scalekit => environments[method] as Scalekit
let otp: Scalekit
let both: Scalekit

beforeAll(async () => {
  for (const [method] of METHODS) environments[method] = await scalekit({ method })
  otp = of('code')
  both = of('link_and_code')
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (seconds: number) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + seconds * 1000)
}

describe('the token', () => {
  it('POST /oauth/token: client_id, client_secret, grant_type → access_token, token_type, expires_in, scope', async () => {
    const made = await app.call('POST', '/v1/clients', aClient())
    expect(made.json).toMatchObject({ client_id: expect.stringMatching(/^skc_/), client_secret: SECRET })
    const answer = await askToken('/oauth/token', made.json.client_id)
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 86_399,
      scope: 'passwordless:send passwordless:verify',
    })
    // At the issuer itself, for the first project.
    const refused = await app.request(`${BASE}/resend`, {
      method: 'POST',
      headers: { authorization: `Bearer ${answer.json.access_token}` },
      body: '{"auth_request_id":"chal_x"}',
    })
    expectUnknown(refused)
  })

  it('GET /keys: the key that signs it', async () => {
    const { keys } = (await app.request(`/p/${otp.project.id}/keys`)).json
    const { kid, alg } = JSON.parse(atob((otp.token.split('.')[0] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    expect(keys.find((key: { kid: string }) => key.kid === kid)).toMatchObject({ alg, use: 'sig' })
  })

  it('lives as long as it says', async () => {
    later(86_390)
    expectUnknown(await otp.post(`${BASE}/resend`, { auth_request_id: 'chal_x' }))
    later(20)
    expectError(await otp.post(`${BASE}/resend`, { auth_request_id: 'chal_x' }), 401, 16, 'UNAUTHENTICATED')
  })
})

describe.each(METHODS)('a project with method %s: %s', (method, type) => {
  it('the documented send, and its answer', async () => {
    const email = `john.doe+${method}@example.com`
    const answer = await of(method).post(`${BASE}/send`, {
      email,
      expires_in: 300,
      state: 'jAy-state1-gM4fdZ...2nqm6Q',
      template: 'SIGNIN',
      magiclink_auth_uri: YOUR_APP,
      template_variables: { custom_variable_key: 'custom_variable_value' },
    })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual(isSent(type, 300))
    expect(Math.abs(Number(answer.json.expires_at) - Date.now() / 1000 - 300)).toBeLessThan(10)
    const content = signInOf(app.outbox.findLast(({ to }) => to === email))
    expect(content.custom).toMatchObject({
      template: 'sign_in',
      variables: { custom_variable_key: 'custom_variable_value' },
    })
    if (method === 'link') expect(content.code).toBeNull()
    else expect(content.code).toMatch(/^\d{6}$/)
    if (method === 'code') expect(content.link).toBeNull()
    // Exactly the documented address: what else was sent comes at verify.
    else expect(content.link).toMatch(/^https:\/\/yourapp\.com\/passwordless\/verify\?link_token=[\w-]+$/)
  })

  it('without the fields that may be left out: 300 seconds, SIGNIN, no state', async () => {
    const { json, id, code, token, email } = await of(method).send()
    expect(json).toEqual(isSent(type, 300))
    const given = method === 'link' ? { link_token: token } : { code, auth_request_id: id }
    const verified = await of(method).verify(given)
    expect([verified.status, verified.json]).toEqual([200, { email, template: 'SIGNIN', passwordless_type: type }])
  })

  it('the documented resend: the same id, and another mail', async () => {
    const { id, email } = await of(method).send({ expires_in: 600 })
    const answer = await of(method).post(`${BASE}/resend`, { auth_request_id: id })
    expect([answer.status, answer.json]).toEqual([200, { ...isSent(type, 600), auth_request_id: id }])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(mailsTo(email)).toHaveLength(2)
  })

  it('regenerate on resend off: both mails work; on: the newest alone', async () => {
    const { regenerate, keep } = {
      regenerate: await scalekit({ method, regenerate_on_resend: true }),
      keep: of(method),
    }
    for (const on of [keep, regenerate]) {
      const first = await on.send()
      const answer = await on.post(`${BASE}/resend`, { auth_request_id: first.id })
      expect(answer.json.auth_request_id).toBe(first.id)
      const second = lastMail(first.email)
      const given = (mail: typeof second) =>
        method === 'link' ? { link_token: mail.token } : { code: mail.code, auth_request_id: first.id }
      expect(given(second)).not.toEqual(given(first))
      const older = await on.verify(given(first))
      if (on === regenerate) expectUsed(older)
      else expect(older.status, older.text).toBe(200)
      const newer = await on.verify(given(second))
      if (on === regenerate) expect(newer.status, newer.text).toBe(200)
      else expectUsed(newer)
    }
  })

  it('lives expires_in seconds, and no longer', async () => {
    const [inTime, late] = [await of(method).send({ expires_in: 60 }), await of(method).send({ expires_in: 60 })]
    const given = ({ code, id, token }: Sending) =>
      method === 'link' ? { link_token: token } : { code, auth_request_id: id }
    later(57)
    expect((await of(method).verify(given(inTime))).status).toBe(200)
    later(4)
    const answer = await of(method).verify(given(late))
    expectUsed(answer)
    expect(answer.json.message).toBe('auth request expired')
    expectUsed(await of(method).post(`${BASE}/resend`, { auth_request_id: late.id }))
  })

  it('works once', async () => {
    const { code, id, token } = await of(method).send()
    const given = method === 'link' ? { link_token: token } : { code, auth_request_id: id }
    expect((await of(method).verify(given)).status).toBe(200)
    if (method !== 'code') {
      expectUsed(await of(method).verify({ link_token: token }))
      expectUsed(await of(method).verify({ link_token: token, auth_request_id: id }))
    }
    expectUsed(await of(method).verify({ code: code || '123456', auth_request_id: id }))
    expectUsed(await of(method).post(`${BASE}/resend`, { auth_request_id: id }))
  })

  it('64 verifies at once: one wins', async () => {
    const { code, id, token, email } = await of(method).send()
    const kinds = [{ code, auth_request_id: id }, { link_token: token }].filter((given) =>
      'code' in given ? method !== 'link' : method !== 'code',
    )
    let next = 0
    const answers = await times(MANY, () => of(method).verify(kinds[next++ % kinds.length]))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners.map(({ json }) => json.email)).toEqual([email])
    for (const answer of answers.filter(({ status }) => status !== 200)) expectUsed(answer)
  })

  it('makes no session and no token, only a proved address', async () => {
    const { code, id, token, email } = await of(method).send()
    const given = method === 'link' ? { link_token: token } : { code, auth_request_id: id }
    const verified = await of(method).verify(given)
    expect(Object.keys(verified.json).sort()).toEqual(['email', 'passwordless_type', 'template'])
    const { data } = await of(method).project.ok('GET', `/v1/users?email=${encodeURIComponent(email)}`)
    expect(data).toMatchObject([{ email, email_verified: true }])
    expect(await of(method).project.ok('GET', `/v1/users/${data[0].id}/sessions`)).toMatchObject({ data: [] })
    const counted = await env.DB.prepare(
      'SELECT (SELECT COUNT(*) FROM sessions WHERE project_id = ?1) + (SELECT COUNT(*) FROM refresh_families WHERE project_id = ?1) AS n',
    )
      .bind(of(method).project.id)
      .first()
    expect(counted).toEqual({ n: 0 })
  })
})

describe('the documented verify', () => {
  const documented = { state: 'jAy-state1-gM4fdZdV22nqm6Q_j..', template: 'SIGNUP' }

  it('{code, auth_request_id} → email, state, template, passwordless_type', async () => {
    const { id, code, email } = await otp.send(documented)
    const answer = await otp.verify({ code, auth_request_id: id })
    expect([answer.status, answer.json]).toEqual([200, { email, ...documented, passwordless_type: 'OTP' }])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('{link_token, auth_request_id} and {link_token} → the same', async () => {
    const link = of('link')
    for (const isNamed of [true, false]) {
      const { id, token, email } = await link.send(documented)
      const answer = await link.verify({ link_token: token, ...(isNamed ? { auth_request_id: id } : {}) })
      expect([answer.status, answer.json]).toEqual([200, { email, ...documented, passwordless_type: 'LINK' }])
    }
  })

  it('of LINK_OTP either one, and that uses up the other', async () => {
    const byLink = await both.send(documented)
    const verified = await both.verify({ link_token: byLink.token })
    expect(verified.json).toEqual({ email: byLink.email, ...documented, passwordless_type: 'LINK_OTP' })
    expectUsed(await both.verify({ code: byLink.code, auth_request_id: byLink.id }))
    const byCode = await both.send()
    expect((await both.verify({ code: byCode.code, auth_request_id: byCode.id })).status).toBe(200)
    expectUsed(await both.verify({ link_token: byCode.token }))
  })

  it('takes a code as a person types it', async () => {
    const { id, code } = await otp.send()
    const typed = ` ${code.slice(0, 3)}-${code.slice(3)} `
    expect((await otp.verify({ code: typed, auth_request_id: id })).status).toBe(200)
  })

  it('gives the address as it was sent', async () => {
    const email = `John.Doe.${crypto.randomUUID().slice(0, 8)}@example.com`
    await otp.project.ok('POST', '/v1/users', { email: email.toLowerCase() })
    const sent = await otp.post(`${BASE}/send`, { email })
    const { code } = lastMail(email.toLowerCase())
    const answer = await otp.verify({ code, auth_request_id: sent.json.auth_request_id })
    expect(answer.json.email).toBe(email)
  })

  it('with an Idempotency-Key gives a lost answer again, to whoever has the secret', async () => {
    const { id, code, email } = await otp.send()
    const key = { 'idempotency-key': crypto.randomUUID() }
    const [first, again] = [
      await otp.verify({ code, auth_request_id: id }, key),
      await otp.verify({ code, auth_request_id: id }, key),
    ]
    expect([first.status, again.status, again.json]).toEqual([200, 200, first.json])
    expect(first.json.email).toBe(email)
    expectUsed(await otp.verify({ code: wrong(code), auth_request_id: id }, key))
    expectUsed(await otp.verify({ code, auth_request_id: id }))
  })
})

describe('the fields of send', () => {
  it.each([60, 61, 3600, '90'])('takes expires_in %s', async (expires_in) => {
    const now = Math.floor(Date.now() / 1000)
    const { json } = await both.send({ expires_in })
    expect(json.expires_in).toBe(Number(expires_in))
    expect(Number(json.expires_at) - now - Number(expires_in)).toBeLessThan(10)
    expect(Number(json.expires_at)).toBeGreaterThanOrEqual(now + Number(expires_in))
  })

  it.each([59, 0, -1, 3601, 300.5, '59', '300s', true, 1e12])('refuses expires_in %s', async (expires_in) => {
    expectInvalid(await otp.post(`${BASE}/send`, { email: anAddress(), expires_in }), 'expires_in')
  })

  it.each([
    ['SIGNUP', 'SIGNUP', 'sign_up'],
    ['SIGNIN', 'SIGNIN', 'sign_in'],
    [2, 'SIGNUP', 'sign_up'],
    [1, 'SIGNIN', 'sign_in'],
    [0, 'SIGNIN', 'sign_in'],
    ['UNSPECIFIED', 'SIGNIN', 'sign_in'],
    [null, 'SIGNIN', 'sign_in'],
  ])('takes template %s as %s, our %s', async (template, told, ours) => {
    const { id, code, email } = await otp.send({ template })
    const { data } = await otp.project.ok('GET', `/v1/messages?challenge_id=${id}`)
    expect(data).toMatchObject([{ template: ours, status: 'accepted', challenge_id: id }])
    expect(signInOf(app.outbox.findLast(({ to }) => to === email)).isSignUp).toBe(ours === 'sign_up')
    expect((await otp.verify({ code, auth_request_id: id })).json.template).toBe(told)
  })

  it.each(['signin', 'LOGIN', '', 3, ['SIGNIN']])('refuses template %j', async (template) => {
    expectInvalid(await otp.post(`${BASE}/send`, { email: anAddress(), template }), 'template')
  })

  it('template_variables stand in the project’s own template, also after a resend', async () => {
    const { project, send, post } = await scalekit({ method: 'link_and_code' })
    const html = '<p>{{teamName}} {{employeeID}} <a href="{{link}}">{{otp}}</a> {{expiry_time_relative}}</p>'
    await project.ok('PUT', '/v1/templates/sign_up/en', { subject: 'Join {{teamName}}', html })
    const template_variables = { employeeID: 'EMP523', teamName: 'Alpha & <Team>', 'odd name': 'ignored' }
    const { email, id } = await send({ template: 'SIGNUP', template_variables, expires_in: 600 })
    await post(`${BASE}/resend`, { auth_request_id: id })
    const mails = mailsTo(email).map(({ content }) => ({ ...renderMail(content), ...signInOf({ content }) }))
    expect(mails).toHaveLength(2)
    for (const { subject, html: sent, code } of mails) {
      expect(subject).toBe('Join Alpha & <Team>')
      expect(sent).toContain(
        'Alpha &amp; &lt;Team&gt; EMP523 <a href="https://yourapp.com/passwordless/verify?link_token',
      )
      expect(sent).toContain(`${code}</a> 10 minutes`)
    }
  })

  it('30 template_variables, and no 31st', async () => {
    const some = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`v${i}`, 'x']))
    await otp.send({ template_variables: some(30) })
    const answer = await otp.post(`${BASE}/send`, { email: anAddress(), template_variables: some(31) })
    expectInvalid(answer, 'template_variables')
  })

  it.each(['otp', 'expiry_time_relative', 'link', 'expire_time', 'expiry_time'])(
    'refuses the reserved template variable %s',
    async (name) => {
      const template_variables = { [name]: 'https://evil.example' }
      expectInvalid(await otp.post(`${BASE}/send`, { email: anAddress(), template_variables }), 'template_variables')
    },
  )

  it('no template variable takes the place of a value of ours', async () => {
    const { project, send } = await scalekit({ method: 'code' })
    await project.ok('PUT', '/v1/templates/sign_in/en', {
      subject: 'Code',
      html: '<p>{{code}} {{application_name}}</p>',
    })
    const { email, code } = await send({
      template_variables: { code: '999999', application_name: 'Evil', MAGICLINK: 'x' },
    })
    const [mail] = mailsTo(email)
    expect(mail && renderMail(mail.content).html).toContain(`${code} Acme`)
  })

  it.each([{ a: 1 }, { a: null }, { a: { b: 'c' } }, ['a'], 'a'])('refuses template_variables %j', async (given) => {
    const answer = await otp.post(`${BASE}/send`, { email: anAddress(), template_variables: given })
    expectError(answer, 400, 3, 'INVALID_ARGUMENT')
    expect(answer.json.details[0].validation_error_info.field_violations[0].field).toMatch(/^template_variables/)
  })

  it.each([undefined, '', 'john', 'john@', 5, ['a@example.com']])('refuses email %j', async (email) => {
    expectInvalid(await otp.post(`${BASE}/send`, { email }), 'email')
  })

  it.each(['link', 'link_and_code'] as const)('asks for magiclink_auth_uri where the method is %s', async (method) => {
    for (const magiclink_auth_uri of [undefined, '', null]) {
      const answer = await of(method).post(`${BASE}/send`, { email: anAddress(), magiclink_auth_uri })
      expectInvalid(answer, 'magiclink_auth_uri')
      // On which Scalekit's own demo repeats the call.
      expect(answer.json.message).toContain('magiclink_auth_uri is required')
    }
  })

  it('magiclink_auth_uri has to be registered, character by character', async () => {
    for (const magiclink_auth_uri of [
      'https://yourapp.com/passwordless/verify/',
      'https://evil.example',
      'javascript:alert(1)',
    ]) {
      const answer = await both.post(`${BASE}/send`, { email: anAddress(), magiclink_auth_uri })
      expectInvalid(answer, 'magiclink_auth_uri')
    }
  })

  it('magiclink_auth_uri keeps its own query', async () => {
    const uri = 'https://yourapp.com/verify?tenant=a%20b&x=1'
    const { send } = await scalekit({ method: 'link', redirect_uris: [uri] })
    expect((await send({ magiclink_auth_uri: uri })).link).toMatch(
      /^https:\/\/yourapp\.com\/verify\?tenant=a%20b&x=1&link_token=[\w-]+$/,
    )
  })

  it('where only a code is sent, magiclink_auth_uri is not needed and leads nowhere', async () => {
    const elsewhere = await otp.send({ magiclink_auth_uri: 'https://elsewhere.example/verify' })
    expect(elsewhere.link).toBe('')
    const { email } = await otp.send({ magiclink_auth_uri: undefined })
    expect(mailsTo(email)).toHaveLength(1)
    // A phone offers the code on the site that is named in the mail: a registered one alone.
    const hostOf = ({ email }: Sending) => signInOf(app.outbox.findLast(({ to }) => to === email)).codeHost
    expect(hostOf(elsewhere)).toBe('localhost')
    expect(hostOf(await otp.send())).toBe('yourapp.com')
  })

  it('a long state comes back whole; a longer one is refused', async () => {
    const state = 'é'.repeat(100) + 'x'.repeat(1500)
    const { id, code } = await otp.send({ state })
    expect((await otp.verify({ code, auth_request_id: id })).json.state).toBe(state)
    expectInvalid(await otp.post(`${BASE}/send`, { email: anAddress(), state: 'x'.repeat(2001) }), 'state')
  })

  it('lowerCamelCase names are the same fields', async () => {
    const { send, post, verify } = both
    const { id, email } = await send({
      magiclink_auth_uri: undefined,
      magiclinkAuthUri: YOUR_APP,
      expiresIn: 120,
      templateVariables: { a: 'b' },
      template: 'SIGNUP',
    })
    expect(signInOf(app.outbox.findLast(({ to }) => to === email)).custom?.variables).toEqual({ a: 'b' })
    const again = await post(`${BASE}/resend`, { authRequestId: id })
    expect(again.json).toEqual({ ...isSent('LINK_OTP', 120), auth_request_id: id })
    const { token } = lastMail(email)
    expect((await verify({ linkToken: token, authRequestId: id })).json).toMatchObject({ email, template: 'SIGNUP' })
    const twice = await otp.post(`${BASE}/send`, { email: anAddress(), expires_in: 60, expiresIn: 300 })
    expectInvalid(twice, 'expires_in')
  })

  it('unknown fields are ignored, and null is the same as nothing', async () => {
    const { json } = await otp.send({
      expires_in: null,
      state: null,
      nonsense: { deep: [1] },
      template_variables: null,
    })
    expect(json).toEqual(isSent('OTP', 300))
  })

  it('with an Idempotency-Key the same call is one mail; another body is refused', async () => {
    const email = anAddress()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const [first, again] = [
      await otp.post(`${BASE}/send`, { email }, { headers }),
      await otp.post(`${BASE}/send`, { email }, { headers }),
    ]
    expect(again.json).toEqual(first.json)
    expect(mailsTo(email)).toHaveLength(1)
    expectError(await otp.post(`${BASE}/send`, { email, state: 'x' }, { headers }), 409, 10, 'ABORTED')
  })
})

describe('enforce same browser (link_requires_id)', () => {
  it('on: a link_token needs the auth_request_id of its own request', async () => {
    const { send, verify } = await scalekit({ method: 'link_and_code', link_requires_id: true })
    const [{ token, id }, other] = [await send(), await send()]
    expectInvalid(await verify({ link_token: token }), 'auth_request_id')
    expectUnknown(await verify({ link_token: token, auth_request_id: other.id }))
    expectUnknown(await verify({ link_token: token, auth_request_id: 'chal_x' }))
    // Nothing of that has used it up.
    expect((await verify({ link_token: token, auth_request_id: id })).status).toBe(200)
    expect((await verify({ code: other.code, auth_request_id: other.id })).status).toBe(200)
  })

  it('off: it may be left out, and a wrong one is refused', async () => {
    const [{ token, id }, other] = [await both.send(), await both.send()]
    expectUnknown(await both.verify({ link_token: token, auth_request_id: other.id }))
    expect((await both.verify({ link_token: token })).status).toBe(200)
    expectUsed(await both.verify({ link_token: token, auth_request_id: id }))
  })
})

describe('limits', () => {
  it('2 mails a minute to one address, send and resend together; then 429 with Retry-After', async () => {
    const { send, post } = await scalekit({ method: 'code', send_limits: null })
    const { email, id } = await send()
    expect((await post(`${BASE}/resend`, { auth_request_id: id })).status).toBe(200)
    for (const answer of [
      await post(`${BASE}/send`, { email }),
      await post(`${BASE}/resend`, { auth_request_id: id }),
      await post(`${BASE}/send`, { email: email.replace('@', '+tag@') }),
    ]) {
      expectLimited(answer)
      const seconds = Number(answer.headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(50)
      expect(seconds).toBeLessThanOrEqual(60)
    }
    expect(mailsTo(email)).toHaveLength(2)
    expect((await post(`${BASE}/send`, { email: anAddress() })).status).toBe(200)
    later(61)
    expect((await post(`${BASE}/resend`, { auth_request_id: id })).status).toBe(200)
  })

  it('5 wrong codes are each 400 and 3, never 401; then every code is 429, the right one too', async () => {
    const { id, code } = await otp.send()
    for (let left = 4; left >= 0; left--) {
      const answer = await otp.verify({ code: wrong(code), auth_request_id: id })
      expectInvalid(answer, 'code')
      expect(answer.json.message).toContain(`tries left: ${left}`)
    }
    for (const given of [wrong(code), code]) {
      const answer = await otp.verify({ code: given, auth_request_id: id })
      expectLimited(answer)
      expect(answer.json.message).toContain('restart the flow')
    }
    const restarted = await otp.post(`${BASE}/send`, { email: anAddress() })
    expect(restarted.status).toBe(200)
  })

  it('64 guesses at once: 5 are counted', async () => {
    const { id, code } = await otp.send()
    const answers = await times(MANY, () => otp.verify({ code: wrong(code), auth_request_id: id }))
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(5)
    for (const answer of answers.filter(({ status }) => status !== 400)) expectLimited(answer)
  })

  it('a link works after 5 wrong codes', async () => {
    const { id, code, token } = await both.send()
    for (let i = 0; i < 6; i++) await both.verify({ code: wrong(code), auth_request_id: id })
    expect((await both.verify({ link_token: token })).status).toBe(200)
  })
})

describe('errors', () => {
  const PATHS = ['send', 'resend', 'verify'].map((verb) => `${BASE}/${verb}`)

  it.each(PATHS)('16 without a token, and with one that opens nothing: %s', async (path) => {
    const none = await otp.post(path, {}, { token: null })
    expect([none.status, none.json]).toEqual([
      401,
      { code: 16, message: 'Token empty', details: [{ '@type': ERROR_INFO, error_code: 'UNAUTHENTICATED' }] },
    ])
    expect(none.headers.get('www-authenticate')).toMatch(/^Bearer /)
    const header = { authorization: 'Basic c2tjOnNlY3JldA==' }
    expect((await otp.post(path, {}, { token: null, headers: header })).json).toEqual(none.json)
    for (const token of ['eyJh..', 'a.b.c', `${otp.token.slice(0, -4)}AAAA`, 'lk_x', both.token]) {
      expectError(await otp.post(path, {}, { token }), 401, 16, 'UNAUTHENTICATED')
    }
  })

  it('7 without the scope', async () => {
    const { client_id } = await otp.project.ok('POST', '/v1/clients', aClient({ scopes: ['passwordless:verify'] }))
    const token = await tokenOf(otp.project.id, client_id)
    for (const verb of ['send', 'resend']) {
      const answer = await otp.post(`${BASE}/${verb}`, { email: anAddress() }, { token })
      expectError(answer, 403, 7, 'PERMISSION_DENIED')
      expect(answer.json.message).toContain('passwordless:send')
    }
    expectInvalid(await otp.post(`${BASE}/verify`, {}, { token }), 'code')
    const sender = await otp.project.ok('POST', '/v1/clients', aClient({ scopes: ['passwordless:send'] }))
    const answer = await otp.post(`${BASE}/verify`, {}, { token: await tokenOf(otp.project.id, sender.client_id) })
    expectError(answer, 403, 7, 'PERMISSION_DENIED')
  })

  it('7 for whom the project does not let in', async () => {
    const { post, project, send, verify } = await scalekit({ method: 'code' })
    const { email, id, code } = await send()
    const { data } = await project.ok('GET', `/v1/users?email=${encodeURIComponent(email)}`)
    await project.ok('PUT', `/v1/users/${data[0].id}/status`, { status: 'INACTIVE' })
    expectError(await post(`${BASE}/send`, { email }), 403, 7, 'PERMISSION_DENIED')
    const late = await verify({ code, auth_request_id: id })
    expect([400, 403]).toContain(late.status)
    await project.patch({ allow_sign_up: false })
    expectError(await post(`${BASE}/send`, { email: anAddress() }), 403, 7, 'PERMISSION_DENIED')
    await project.patch({ allow_sign_up: true, email_domains_blocked: ['example.com'] })
    expectError(await post(`${BASE}/send`, { email: anAddress() }), 403, 7, 'PERMISSION_DENIED')
  })

  it('5 for what is unknown', async () => {
    const { id, code, token } = await both.send()
    const flipped = (text: string) => text.slice(0, -2) + (text.endsWith('AA') ? 'BB' : 'AA')
    for (const auth_request_id of ['x', 'chal_x', `chal_${'A'.repeat(62)}`, flipped(id)]) {
      expectUnknown(await both.post(`${BASE}/resend`, { auth_request_id }))
      expectUnknown(await both.verify({ code, auth_request_id }))
    }
    for (const link_token of ['x', 'a4143d8f-d13d-415c-8f5a-5a5c846ed91e_l', flipped(token)]) {
      expectUnknown(await both.verify({ link_token }))
    }
    // Of another project.
    expectUnknown(await otp.verify({ code, auth_request_id: id }))
    expectUnknown(await otp.verify({ link_token: token }))
    expectUnknown(await otp.post(`${BASE}/resend`, { auth_request_id: id }))
    expect((await both.verify({ code, auth_request_id: id })).status).toBe(200)
  })

  it.each([
    [{}, 'code'],
    [{ code: '123456' }, 'auth_request_id'],
    [{ auth_request_id: 'chal_x' }, 'code'],
    [{ code: '123456', link_token: 'x', auth_request_id: 'chal_x' }, 'link_token'],
    [{ code: 123456, auth_request_id: 'chal_x' }, 'code'],
    [{ code: '', auth_request_id: 'chal_x' }, 'code'],
    [{ link_token: ['x'] }, 'link_token'],
  ])('3 for a verify of %j', async (body, field) => {
    expectInvalid(await otp.verify(body), field)
  })

  it.each([{}, { auth_request_id: '' }, { auth_request_id: 5 }, { auth_request_id: null }])(
    '3 for a resend of %j',
    async (body) => {
      expectInvalid(await otp.post(`${BASE}/resend`, body), 'auth_request_id')
    },
  )

  it.each([
    '{',
    '[]',
    '"x"',
    'null',
    'email=a%40example.com',
    '{"email":"a@example.com","email":"b@example.com"}',
    '{"__proto__":{}}',
  ])('3 for the body %s', async (body) => {
    for (const path of PATHS) expectError(await otp.post(path, body), 400, 3, 'INVALID_ARGUMENT')
  })

  it('3 for a body that is too large', async () => {
    for (const path of PATHS) {
      const answer = await otp.post(path, { email: anAddress(), state: 'x'.repeat(70_000) })
      expectError(answer, 400, 3, 'INVALID_ARGUMENT')
    }
  })

  it('takes JSON whatever its content type says, and no body as an empty one', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8']) {
      const answer = await otp.post(`${BASE}/send`, { email: anAddress() }, { headers: { 'content-type': type } })
      expect(answer.status, type).toBe(200)
    }
    expectInvalid(await otp.post(`${BASE}/send`, ''), 'email')
  })

  it('3 for an Idempotency-Key that cannot be kept', async () => {
    const headers = { 'idempotency-key': 'x'.repeat(256) }
    expectInvalid(await otp.post(`${BASE}/send`, { email: anAddress() }, { headers }), 'Idempotency-Key')
  })

  it.each(['/api/v1/', '/api/v1/passwordless', `${BASE}/send/x`, `${BASE}/nope`, '/api/v1/organizations'])(
    '5 at %s, where there is nothing',
    async (path) => {
      for (const base of ['', `/p/${otp.project.id}`, '/p/nope'])
        for (const accept of ['application/json', 'text/html']) {
          expectUnknown(await app.request(base + path, { method: 'POST', headers: { accept } }))
        }
    },
  )

  it('12 for another method', async () => {
    for (const path of PATHS)
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await app.request(path, { method, headers: { accept: 'text/html' } })
        expectError(answer, 405, 12, 'UNIMPLEMENTED')
        expect(answer.headers.get('allow')).toBe('POST')
      }
  })

  it('16 at a project’s address with a token of another, or where there is none', async () => {
    for (const id of ['nope', `proj_${'2'.repeat(27)}`, both.project.id]) {
      const answer = await app.request(`/p/${id}${BASE}/send`, {
        method: 'POST',
        headers: { authorization: `Bearer ${otp.token}` },
        body: JSON.stringify({ email: anAddress() }),
      })
      expectError(answer, 401, 16, 'UNAUTHENTICATED')
    }
  })

  const ask = async (bindings: Record<string, unknown>) => {
    const broken = testApp({ bindings })
    return broken.request(`${BASE}/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ROOT_KEY}`, accept: 'text/html', 'content-type': 'application/json' },
      body: JSON.stringify({ email: anAddress(), magiclink_auth_uri: 'http://localhost:3000/verify' }),
    })
  }

  it('14 when a part is down', async () => {
    const fails = () => Promise.reject(new Error('down'))
    const statement: object = { bind: () => statement, first: fails, all: fails, run: fails }
    const ledger = { idFromName: () => 'x', get: () => ({ run: fails }) }
    for (const bindings of [{ LEDGER: ledger }, { DB: { prepare: () => statement, batch: fails } }]) {
      const answer = await ask(bindings)
      expectError(answer, 503, 14, 'UNAVAILABLE')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  it('14 when the Worker is not configured', async () => {
    const answer = await ask({ LATCHKEY_SECRET: '' })
    expect([answer.status, answer.json.code, answer.json.details?.[0]?.error_code]).toEqual([503, 14, 'UNAVAILABLE'])
  })

  it('14 when every provider refuses the mail', async () => {
    const sendMail = async () => ({ status: 'failed' as const, attempts: [] })
    const refusing = testApp({ ports: { sendMail } })
    const answer = await refusing.request(`/p/${otp.project.id}${BASE}/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${otp.token}` },
      body: JSON.stringify({ email: anAddress() }),
    })
    expectError(answer, 503, 14, 'UNAVAILABLE')
  })
})

describe('whose secret it is', () => {
  it('Scalekit’s opens nothing of ours', async () => {
    const { id, code, token, link } = await both.send()
    const native = (body: unknown) => both.project.call('POST', '/v1/passwordless/verify', body)
    expectProblem(await native({ token }), 400, 'unknown_token')
    expectProblem(await native({ token, id }), 400, 'unknown_token')
    expectProblem(await native({ id, code }), 400, 'unknown_token')
    expectProblem(await both.project.call('POST', '/v1/passwordless/resend', { id }), 404, 'unknown_challenge')
    for (const base of [ISSUER, both.project.issuer]) {
      const grant = await app.form(
        `${base}/oauth/token`,
        { grant_type: 'authorization_code', code: token },
        { 'x-api-key': ROOT_KEY },
      )
      expect([grant.status, grant.json.error], grant.text).toEqual([400, 'invalid_grant'])
    }
    const person = browser(app)
    const page = await person.open(`/auth/magic-link?code=${token}`)
    expect(page.status).toBe(400)
    expect(page.text).not.toContain('<form')
    const pressed = await app.form('/auth/magic-link', { code: token }, { accept: 'text/html' })
    expect([pressed.status, pressed.headers.get('location')]).toEqual([400, null])
    // Nothing of that has used it up.
    expect(new URL(link).origin).toBe('https://yourapp.com')
    expect((await both.verify({ link_token: token })).status).toBe(200)
  })

  it('ours opens nothing of Scalekit’s', async () => {
    for (const link of ['direct', 'landing']) {
      const { id, code, link: url } = await both.project.sent({ reveal: true, link, redirect_uri: YOUR_APP })
      const [token = ''] = new URL(url).searchParams.values()
      expectUnknown(await both.verify({ link_token: token }))
      expectUnknown(await both.verify({ link_token: token, auth_request_id: id }))
      expectUnknown(await both.verify({ code, auth_request_id: id }))
      expectUnknown(await both.post(`${BASE}/resend`, { auth_request_id: id }))
      const verified = await both.project.call('POST', '/v1/passwordless/verify', { id, code })
      expect(verified.status, verified.text).toBe(200)
    }
  })

  it('nor is a grant, a refresh token or a session one', async () => {
    const { id, code } = await both.project.sent({ reveal: true })
    const { refresh_token, access_token } = await both.project.ok('POST', '/v1/passwordless/verify', { id, code })
    for (const link_token of [refresh_token, access_token.slice(0, 500)])
      expectUnknown(await both.verify({ link_token }))
    const { key } = await aKey(app, ['passwordless:send'])
    expectUnknown(await both.verify({ link_token: key }))
  })
})

describe('what is kept', () => {
  it('holds no code and no link in plain', async () => {
    const { id, code, token } = await both.send({ state: 'state-of-the-test' })
    const { data } = await both.project.ok('GET', `/v1/messages?challenge_id=${id}`)
    const row = await rowOf(data[0].id)
    expect(row.secrets).toBeNull()
    expect(JSON.stringify({ ...row, input: null })).not.toMatch(new RegExp(`${code}|${token}`))
  })
})

describe('DIALECTS without scalekit', () => {
  it('has none of it', async () => {
    const mute = testApp({ bindings: { DIALECTS: 'transmit,forward' } })
    const headers = { authorization: `Bearer ${ROOT_KEY}` }
    for (const method of ['POST', 'GET'])
      for (const path of [
        '/keys',
        `${BASE}/send`,
        `${BASE}/resend`,
        `${BASE}/verify`,
        '/api/v1/x',
        `/p/${otp.project.id}${BASE}/send`,
      ]) {
        const answer = await mute.request(path, { method, headers })
        expect([path, answer.status]).toEqual([path, 404])
      }
  })
})
