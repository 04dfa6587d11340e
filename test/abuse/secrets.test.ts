/**
 * Every secret that we can mint against every place that takes one (security.md L8, api.md "Which secret where"): OPENS is the
 * whole table of what works where. In every other cell the secret is refused in the documented way, signs nobody in, and is not
 * used up: at the end each still works at its own door.
 */

import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  aClient,
  authorizationUrl,
  claimsIn,
  codeFor,
  exchange,
  headerOf,
  locationOf,
  CALLBACK as OIDC_CALLBACK,
  person,
  pkce,
  signIn,
  type TestClient,
} from '../oidc/support.ts'
import { type Answer, anAddress, browser, codeIn, env, hiddenFields, ROOT_KEY, testApp } from '../support/app.ts'
import { SECRETS as CALLBACK_SECRETS, callWith } from '../support/callbacks.ts'
import { aProject, signInOf, type TestProject, tokenOf } from '../support/project.ts'
import { askKosmos } from './kosmos.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const APP = 'https://app.example.com/callback'
const EMAIL_PATH = '/api/v1/passwordless/email'
const app = testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined, ...CALLBACK_SECRETS } })

let project: TestProject
let key = ''
let client: TestClient
let other: TestClient
let machine: TestClient
beforeAll(async () => {
  project = await aProject(app, { redirect_uris: [APP], default_login_redirect: APP, send_limits: MANY })
  key = (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })).key
  client = await aClient(app, {}, project)
  other = await aClient(app, {}, project)
  machine = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read'] }, project)
})
const MANY = { per_minute: 1000, per_15_minutes: 1000, per_day: 1000 }

// --- asking ---------------------------------------------------------------------------------------------------------

const api = (method: string, path: string, body?: unknown): Promise<Answer> => app.call(method, path, body, { key })
const verify = (body: unknown): Promise<Answer> => api('POST', '/v1/passwordless/verify', body)
const withKey = (path: string, fields: Record<string, string>): Promise<Answer> =>
  app.form(path, fields, { 'x-api-key': key })
const withClient = (of: TestClient, path: string, fields: Record<string, string>): Promise<Answer> =>
  app.form(`${project.issuer}${path}`, { client_id: of.clientId, client_secret: of.secret ?? '', ...fields })
const at = (path: string): string => `${project.issuer}${path}`
const visit = (path: string, cookie = ''): Promise<Answer> =>
  app.request(at(path), { headers: { accept: 'text/html', ...(cookie ? { cookie } : {}) } })
const sessionCookie = (): string => `session_${project.id.slice('proj_'.length)}`
const fine = async (answer: Answer | Promise<Answer>): Promise<Record<string, any>> => {
  const { status, text, json } = await answer
  expect(status, text).toBeLessThan(300)
  return json
}

async function sent(more: Record<string, unknown> = {}) {
  const email = anAddress()
  const body = { email, reveal: true, redirect_uri: APP, ...more }
  return { email, ...(await fine(api('POST', '/v1/passwordless/send', body))) } as Record<string, any>
}
async function pressed(link: string): Promise<string> {
  const who = browser(app)
  return codeIn((await who.press(await who.open(link))).headers.get('location'))
}
async function asked(url: string = at('/sign-in')) {
  const who = person(app)
  const answer = await who.submit(await who.open(url), '/sign-in', { email: who.email })
  expect(answer.status, answer.text).toBe(303)
  const mail = signInOf(app.outbox.findLast(({ to }) => to === who.email))
  const waiting = locationOf(answer)
  return {
    who,
    waiting,
    s: new URL(waiting).searchParams.get('s') ?? '',
    link: mail.link ?? '',
    code: mail.code ?? '',
    type: async (typed: string) => who.submit(await who.open(waiting), '/sign-in/code', { typed }),
  }
}
async function signedInPerson() {
  const who = person(app)
  await who.answerSignIn(at('/sign-in'))
  return who
}
const aVerified = async () => {
  const { id, code } = await sent({ method: 'code' })
  return fine(verify({ id, code }))
}
const aTransmitUser = async () => {
  const { id } = await fine(api('POST', '/v1/users', { email: anAddress() }))
  const body = { identifier: id, identifier_type: 'user_id', generate_request_id: true }
  const { code, request_id } = await fine(api('POST', '/cis/v1/auth/otp/send', { ...body, channel: 'direct' }))
  const authenticate = (passcode: string, request = request_id) =>
    api('POST', '/cis/v1/auth/otp/authenticate', { ...body, passcode, request_id: request })
  return { code: code as string, request: request_id as string, authenticate }
}
async function aTransmitLink() {
  const email = anAddress()
  await fine(api('POST', '/cis/v1/auth/link/email/send', { email, redirect_uri: APP }))
  const { link } = signInOf(app.outbox.findLast(({ to }) => to === email))
  return {
    link: link ?? '',
    authenticate: (code: string) => api('POST', '/cis/v1/auth/link/email/authenticate', { code }),
  }
}
async function aScalekitMail() {
  const email = anAddress()
  const { auth_request_id } = await fine(api('POST', `${EMAIL_PATH}/send`, { email, magiclink_auth_uri: APP }))
  const { link, code } = signInOf(app.outbox.findLast(({ to }) => to === email))
  const verifyThere = (body: unknown) => api('POST', `${EMAIL_PATH}/verify`, body)
  return { id: auth_request_id as string, token: tokenOf(link), code: code ?? '', verify: verifyThere }
}

const auth = (path: string, body: unknown): Promise<Answer> => api('POST', `/v1/auth${path}`, body)
async function aStreambirdLink() {
  const email = anAddress()
  const urls = { login_redirect_url: APP, registration_redirect_url: APP }
  const sent = await fine(auth('/magic_links/email/login_or_create', { email, ...urls }))
  const { link } = signInOf(app.outbox.findLast(({ to }) => to === email))
  return { token: tokenOf(link), origin: sent.request_origin_token as string }
}
async function aStreambirdOtp() {
  const email = anAddress()
  const { email_id } = await fine(auth('/otps/email/login_or_create', { email }))
  const { code } = signInOf(app.outbox.findLast(({ to }) => to === email))
  return { method: email_id as string, otp: code ?? '' }
}
const aStreambirdSession = async () =>
  fine(auth('/magic_links/verify', { token: (await aStreambirdLink()).token, session_expires_in: 60 }))
async function aKosmosCode(): Promise<string> {
  const body = JSON.stringify({ type: 'verification_link', emailTo: anAddress(), ttl_seconds: 900 })
  return (await fine(askKosmos(app, key, project.id, 'PUT', 'code', body))).code
}

// --- secrets --------------------------------------------------------------------------------------------------------

type Minted = { value: string; use: () => Promise<Answer> }
/** `use`: at its own door, with all that belongs to it. It has to work after everybody has tried it everywhere. */
const SECRETS: Record<string, () => Promise<Minted>> = {
  'landing link': async () => {
    const token = tokenOf((await sent()).link)
    return { value: token, use: () => verify({ token }) }
  },
  'direct link': async () => {
    const token = tokenOf((await sent({ link: 'direct' })).link)
    return { value: token, use: () => verify({ token }) }
  },
  'link of login_url': async () => {
    const { id } = await fine(api('POST', '/v1/users', { email: anAddress() }))
    const token = tokenOf((await fine(api('POST', `/v1/users/${id}/login_url`, { redirect_uri: APP }))).login_url)
    return { value: token, use: () => verify({ token }) }
  },
  'bound link': async () => {
    const { verifier, challenge } = await pkce()
    const token = tokenOf((await sent({ code_challenge: challenge, code_challenge_method: 'S256' })).link)
    return { value: token, use: () => verify({ token, code_verifier: verifier }) }
  },
  'hosted link': async () => {
    const { who, link } = await asked()
    return { value: tokenOf(link), use: async () => who.submit(await who.open(link), '/auth/magic-link') }
  },
  code: async () => {
    const { id, code } = await sent({ method: 'code' })
    return { value: code, use: () => verify({ id, code }) }
  },
  'hosted code': async () => {
    const { code, type } = await asked()
    return { value: code, use: () => type(code) }
  },
  'relay code': async () => {
    const { link, type } = await asked()
    const elsewhere = person(app)
    const page = await elsewhere.submit(await elsewhere.open(link), '/auth/magic-link')
    const [, one = '', two = ''] = />(\d{4})<\/span><span>(\d{4})</.exec(page.text) ?? []
    expect(one + two).toMatch(/^\d{8}$/)
    return { value: one + two, use: () => type(one + two) }
  },
  'grant of a press': async () => {
    const token = await pressed((await sent()).link)
    return { value: token, use: () => verify({ token }) }
  },
  'bound grant': async () => {
    const { verifier, challenge } = await pkce()
    const token = await pressed((await sent({ code_challenge: challenge, code_challenge_method: 'S256' })).link)
    return { value: token, use: () => verify({ token, code_verifier: verifier }) }
  },
  'grant of /authorize': async () => {
    const { code, verifier } = await codeFor(client, person(app))
    return { value: code, use: () => exchange(app, client, code, verifier) }
  },
  'challenge id': async () => {
    const { id, code } = await sent()
    return { value: id, use: () => verify({ id, code }) }
  },
  'refresh token of an API key': async () => {
    const { refresh_token } = await aVerified()
    return { value: refresh_token, use: () => withKey('/oauth/token', { grant_type: 'refresh_token', refresh_token }) }
  },
  'refresh token of a client': async () => {
    const { refresh_token } = await signIn(app, client)
    const fields = { grant_type: 'refresh_token', refresh_token }
    return { value: refresh_token, use: () => withClient(client, '/oauth/token', fields) }
  },
  'access token of an API key': async () => userinfoWith((await aVerified()).access_token),
  'access token of a client': async () => userinfoWith((await signIn(app, client)).access_token),
  'ID token': async () => {
    const who = person(app)
    const { id_token } = await signIn(app, client, who)
    const url = authorizationUrl(client, { id_token_hint: id_token, prompt: 'none', ...(await aChallenge()) })
    return { value: id_token, use: async () => isLedBack(await who.open(url)) }
  },
  'token of a client itself': async () => {
    const { access_token } = await fine(withClient(machine, '/oauth/token', { grant_type: 'client_credentials' }))
    return { value: access_token, use: () => app.call('GET', '/v1/users', undefined, { key: access_token }) }
  },
  'API key': async () => {
    const made = await fine(api('POST', '/v1/api_keys', { name: 'k', scopes: ['users:read', 'settings:read'] }))
    return { value: made.key, use: () => app.call('GET', '/v1/users', undefined, { key: made.key }) }
  },
  'root key': async () => ({ value: ROOT_KEY, use: () => app.call('GET', '/v1/projects') }),
  'client secret': async () => ({
    value: machine.secret ?? '',
    use: () => withClient(machine, '/oauth/token', { grant_type: 'client_credentials' }),
  }),
  'session cookie': async () => {
    const who = await signedInPerson()
    const value = who.cookies.get(sessionCookie()) ?? ''
    return { value, use: async () => isFor(who.email, await visit('/account', `${sessionCookie()}=${value}`)) }
  },
  'visit cookie': async () => {
    const { link } = await sent()
    const who = browser(app)
    const page = await who.open(link)
    return { value: who.cookies.get('visit') ?? '', use: () => who.press(page) }
  },
  'flow cookie': async () => {
    const { who, code, type } = await asked()
    return { value: who.cookies.get('flow') ?? '', use: () => type(code) }
  },
  'device cookie': async () => {
    const who = await signedInPerson()
    return { value: who.cookies.get('device') ?? '', use: () => who.open(at('/account')) }
  },
  'state of the waiting page': async () => {
    const { s, code, type } = await asked()
    return { value: s, use: () => type(code) }
  },
  'sealed authorization request': async () => {
    const location = locationOf(await visit(`/authorize${authorizationUrl(client, await aChallenge()).search}`))
    const value = new URL(location).searchParams.get('request') ?? ''
    return { value, use: () => app.request(location, { headers: { accept: 'text/html' } }) }
  },
  'sealed target of a logout': async () => {
    const who = await signedInPerson()
    const page = await who.open(
      at(`/logout?client_id=${client.clientId}&post_logout_redirect_uri=https://acme.example/bye`),
    )
    const value = hiddenFields(page.text).target ?? ''
    return { value, use: () => app.form(at('/logout/confirmed'), { target: value }, { accept: 'text/html' }) }
  },
  'form token': async () => {
    const who = browser(app)
    const page = await who.open((await sent()).link)
    return { value: hiddenFields(page.text).token ?? '', use: () => who.press(page) }
  },
  'form nonce': async () => {
    const who = browser(app)
    const page = await who.open((await sent()).link)
    return { value: hiddenFields(page.text).nonce ?? '', use: () => who.press(page) }
  },
  cursor: async () => {
    const { next_cursor } = await fine(api('GET', '/v1/users?limit=1'))
    return { value: next_cursor, use: () => api('GET', `/v1/users?limit=1&cursor=${next_cursor}`) }
  },
  'idempotency key': async () => {
    const value = crypto.randomUUID()
    const body = { email: anAddress() }
    const again = () => app.call('POST', '/v1/passwordless/send', body, { key, headers: { 'idempotency-key': value } })
    await fine(again())
    return { value, use: again }
  },
  "an application's state": async () => {
    const state = crypto.randomUUID()
    const { id, code } = await sent({ state })
    return { value: state, use: () => verify({ id, code }) }
  },
  'code verifier': async () => {
    const { verifier, challenge } = await pkce()
    const token = tokenOf((await sent({ code_challenge: challenge, code_challenge_method: 'S256' })).link)
    return { value: verifier, use: () => verify({ token, code_verifier: verifier }) }
  },
  'code challenge': async () => {
    const { verifier, challenge } = await pkce()
    const token = tokenOf((await sent({ code_challenge: challenge, code_challenge_method: 'S256' })).link)
    return { value: challenge, use: () => verify({ token, code_verifier: verifier }) }
  },
  'secret of Resend’s callbacks': async () => ({
    value: CALLBACK_SECRETS.RESEND_WEBHOOK_SECRET,
    use: () => callWith(app, 'resend', '{"type":"email.sent","data":{}}'),
  }),
  'token of Postmark’s callbacks': async () => ({
    value: CALLBACK_SECRETS.POSTMARK_WEBHOOK_TOKEN,
    use: () => callWith(app, 'postmark', '{"RecordType":"Open"}'),
  }),
  'user id': async () => {
    const { id } = await fine(api('POST', '/v1/users', { email: anAddress() }))
    return { value: id, use: () => api('GET', `/v1/users/${id}`) }
  },
  'session id': async () => {
    const { session_id } = await aVerified()
    return { value: session_id, use: () => api('GET', `/v1/sessions/${session_id}`) }
  },
  'message id': async () => {
    const { message } = await sent()
    return { value: message.id, use: () => api('GET', `/v1/messages/${message.id}`) }
  },
  'jti of a token': async () => {
    const { access_token } = await aVerified()
    return { value: claimsIn(access_token).jti, use: async () => (await userinfoWith(access_token)).use() }
  },
  'kid of a key': async () => {
    const { access_token } = await aVerified()
    return { value: headerOf(access_token).kid, use: async () => (await userinfoWith(access_token)).use() }
  },
  'Transmit: link': async () => {
    const { link, authenticate } = await aTransmitLink()
    return { value: tokenOf(link), use: async () => authenticate(await pressed(link)) }
  },
  'Transmit: code': async () => {
    const { link, authenticate } = await aTransmitLink()
    const value = await pressed(link)
    return { value, use: () => authenticate(value) }
  },
  'Transmit: passcode': async () => {
    const { code, authenticate } = await aTransmitUser()
    return { value: code, use: () => authenticate(code) }
  },
  'Transmit: request_id': async () => {
    const { code, request, authenticate } = await aTransmitUser()
    return { value: request, use: () => authenticate(code) }
  },
  'Scalekit: link_token': async () => {
    const mail = await aScalekitMail()
    return { value: mail.token, use: () => mail.verify({ link_token: mail.token }) }
  },
  'Scalekit: code': async () => {
    const mail = await aScalekitMail()
    return { value: mail.code, use: () => mail.verify({ code: mail.code, auth_request_id: mail.id }) }
  },
  'Scalekit: auth_request_id': async () => {
    const mail = await aScalekitMail()
    return { value: mail.id, use: () => mail.verify({ code: mail.code, auth_request_id: mail.id }) }
  },
  'Streambird: token': async () => {
    const { token } = await aStreambirdLink()
    return { value: token, use: () => auth('/magic_links/verify', { token }) }
  },
  'Streambird: otp': async () => {
    const { method, otp } = await aStreambirdOtp()
    return { value: otp, use: () => auth('/otps/verify', { method_id: method, otp }) }
  },
  'Streambird: request_origin_token': async () => {
    const { token, origin } = await aStreambirdLink()
    return { value: origin, use: () => auth('/magic_links/verify', { token, request_origin_token: origin }) }
  },
  'Streambird: session_token': async () => {
    const { session_token } = await aStreambirdSession()
    return { value: session_token, use: () => auth('/sessions/verify', { session_token }) }
  },
  'Streambird: session_jwt': async () => {
    const { session_jwt } = await aStreambirdSession()
    return { value: session_jwt, use: () => auth('/sessions/verify', { session_jwt }) }
  },
  '1Kosmos: code': async () => {
    const code = await aKosmosCode()
    return { value: code, use: () => askKosmos(app, key, project.id, 'POST', `${code}/redeem`) }
  },
}

const aChallenge = async () => ({ code_challenge: (await pkce()).challenge, code_challenge_method: 'S256' })
const userinfoWith = async (token: string): Promise<Minted> => ({
  value: token,
  use: () => app.request(at('/userinfo'), { headers: { authorization: `Bearer ${token}` } }),
})
/** The answer if it leads to the application with a code. */
const isLedBack = (answer: Answer): Answer => {
  expect(new URL(locationOf(answer)).searchParams.get('code')).toMatch(/^[\w-]{99}$/)
  return answer
}
const isFor = (email: string, answer: Answer): Answer => {
  expect(answer.text).toContain(email)
  return answer
}

// --- doors ----------------------------------------------------------------------------------------------------------

type Knock = (value: string) => Promise<Answer>
/** A door made ready: whatever it needs besides the secret is right, and its own. `refuses`: how it says no. */
type Door = { ready: () => Promise<Knock>; refuses: string[]; countsTries?: true }

const always = (knock: Knock) => async () => knock
const TOO_LONG = '400 invalid_request'
const UNKNOWN = ['400 unknown_token', TOO_LONG]
const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
/** Of nobody's. */
const NO_CODE = '2927269a-deba-8f48-ba8c-9d6ee7900000'
const headerValue = (value: string) => value.replaceAll(/[^\x20-\x7e]/g, '')
const cookieValue = (value: string) => value.replaceAll(/[^\w.~-]/g, '')

const DOORS: Record<string, Door> = {
  'verify: token': { ready: always((token) => verify({ token })), refuses: UNKNOWN },
  'verify: code': {
    ready: async () => {
      const { id } = await sent({ method: 'code' })
      return (code) => verify({ id, code })
    },
    refuses: ['400 wrong_code', TOO_LONG],
    countsTries: true,
  },
  'verify: id beside a code': {
    ready: async () => {
      const { code } = await sent({ method: 'code' })
      return (id) => verify({ id, code })
    },
    refuses: [...UNKNOWN, '400 wrong_code'],
  },
  'verify: code_verifier': {
    ready: async () => {
      const token = tokenOf((await sent(await aChallenge())).link)
      return (code_verifier) => verify({ token, code_verifier })
    },
    refuses: ['403 verifier_mismatch', TOO_LONG],
  },
  'verify: session_id': {
    ready: async () => {
      const token = tokenOf((await sent()).link)
      return (session_id) => verify({ token, session_id })
    },
    refuses: ['404 not_found', TOO_LONG],
  },
  'verify: org_id': {
    ready: async () => {
      const token = tokenOf((await sent()).link)
      return (org_id) => verify({ token, org_id })
    },
    refuses: ['403 not_a_member', TOO_LONG],
  },
  'resend: id': {
    ready: always((id) => api('POST', '/v1/passwordless/resend', { id })),
    refuses: ['404 unknown_challenge', TOO_LONG],
  },
  'GET /v1/passwordless/{id}': {
    ready: always((id) => api('GET', `/v1/passwordless/${encodeURIComponent(id)}`)),
    refuses: ['404 unknown_challenge'],
  },
  'DELETE /v1/passwordless/{id}': {
    ready: always((id) => api('DELETE', `/v1/passwordless/${encodeURIComponent(id)}`)),
    refuses: ['404 unknown_challenge'],
  },
  'GET /v1/sessions/{id}': {
    ready: always((id) => api('GET', `/v1/sessions/${encodeURIComponent(id)}`)),
    refuses: ['404 not_found'],
  },
  'DELETE /v1/sessions/{id}': {
    ready: always((id) => api('DELETE', `/v1/sessions/${encodeURIComponent(id)}`)),
    refuses: ['404 not_found'],
  },
  'GET /v1/users/{id}': {
    ready: always((id) => api('GET', `/v1/users/${encodeURIComponent(id)}`)),
    refuses: ['404 not_found'],
  },
  'cursor of a list': {
    ready: always((cursor) => api('GET', `/v1/users?limit=1&cursor=${encodeURIComponent(cursor)}`)),
    refuses: [TOO_LONG],
  },
  'x-api-key': {
    ready: always((value) => app.call('GET', '/v1/users', undefined, { key: value })),
    refuses: ['401 unauthorized'],
  },
  'Bearer of the API': {
    ready: always((value) => app.call('GET', '/v1/users', undefined, { key: null, headers: bearer(value) })),
    refuses: ['401 unauthorized'],
  },
  'Bearer of Transmit': {
    ready: always((value) =>
      app.call('POST', '/cis/v1/auth/link/email/authenticate', {}, { key: null, headers: bearer(value) }),
    ),
    refuses: ['401 401'],
  },
  'Bearer of Scalekit': {
    ready: always((value) => app.call('POST', `${EMAIL_PATH}/verify`, {}, { key: null, headers: bearer(value) })),
    refuses: ['401 16'],
  },
  'Bearer of userinfo': {
    ready: always((value) => app.request(at('/userinfo'), { headers: bearer(value) })),
    refuses: ['401 invalid_token'],
  },
  'x-api-key of /oauth/token': {
    ready: always((value) =>
      app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, { 'x-api-key': value }),
    ),
    refuses: ['401 invalid_client'],
  },
  'client_secret in the form': {
    ready: always((client_secret) =>
      withClient(machine, '/oauth/token', { grant_type: 'client_credentials', client_secret }),
    ),
    refuses: ['401 invalid_client'],
  },
  'client_secret in Basic': {
    ready: always((value) =>
      app.form(
        at('/oauth/token'),
        { grant_type: 'client_credentials' },
        { authorization: `Basic ${btoa(`${machine.clientId}:${value}`)}` },
      ),
    ),
    refuses: ['401 invalid_client'],
  },
  'authorization_code with an API key': {
    ready: always((code) => withKey('/oauth/token', { grant_type: 'authorization_code', code })),
    refuses: ['400 invalid_grant'],
  },
  'authorization_code of the client': {
    ready: always((code) =>
      withClient(client, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: OIDC_CALLBACK }),
    ),
    refuses: ['400 invalid_grant'],
  },
  'authorization_code of another client': {
    ready: always((code) =>
      withClient(other, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: OIDC_CALLBACK }),
    ),
    refuses: ['400 invalid_grant'],
  },
  'refresh_token with an API key': {
    ready: always((refresh_token) => withKey('/oauth/token', { grant_type: 'refresh_token', refresh_token })),
    refuses: ['400 invalid_grant'],
  },
  'refresh_token of the client': {
    ready: always((refresh_token) =>
      withClient(client, '/oauth/token', { grant_type: 'refresh_token', refresh_token }),
    ),
    refuses: ['400 invalid_grant'],
  },
  'refresh_token of another client': {
    ready: always((refresh_token) => withClient(other, '/oauth/token', { grant_type: 'refresh_token', refresh_token })),
    refuses: ['400 invalid_grant'],
  },
  introspection: {
    ready: always((token) => withClient(other, '/oauth/introspect', { token })),
    refuses: ['200 inactive'],
  },
  // RFC 7009 §2.2: 200 whatever it was. That it ended nothing is seen at the end.
  'revocation by another client': {
    ready: always((token) => withClient(other, '/oauth/revoke', { token })),
    refuses: ['200'],
  },
  'link page: GET': {
    ready: always((code) => app.request(`/auth/magic-link?code=${encodeURIComponent(code)}`)),
    refuses: ['400'],
  },
  'link page: POST': {
    ready: always((code) => app.form('/auth/magic-link', { code, nonce: 'A'.repeat(22) }, { accept: 'text/html' })),
    refuses: ['400'],
  },
  'link page: a new one': {
    ready: always((code) => app.form('/auth/magic-link/new', { code }, { accept: 'text/html' })),
    refuses: ['400'],
  },
  'link page: one for here': {
    ready: always((code) => app.form('/auth/magic-link/here', { code }, { accept: 'text/html' })),
    refuses: ['400'],
  },
  'link page: form token': {
    ready: async () => {
      const who = browser(app)
      const fields = hiddenFields((await who.open((await sent()).link)).text)
      const cookie = `visit=${who.cookies.get('visit')}`
      return (token) => app.form('/auth/magic-link', { ...fields, token }, { accept: 'text/html', cookie })
    },
    refuses: ['403'],
  },
  'link page: flow cookie of a hosted link': {
    ready: async () => {
      const { link } = await asked()
      const fields = hiddenFields((await browser(app).open(link)).text)
      return (value) =>
        app.form('/auth/magic-link', fields, { accept: 'text/html', cookie: `flow=${cookieValue(value)}` })
    },
    refuses: ['200'],
  },
  'code field': {
    ready: async () => (await asked()).type,
    refuses: ['400'],
    countsTries: true,
  },
  'code field: flow cookie': {
    ready: async () => {
      const { s, code } = await asked()
      return (value) =>
        app.form(at('/sign-in/code'), { s, typed: code }, { accept: 'text/html', cookie: `flow=${cookieValue(value)}` })
    },
    refuses: ['410'],
  },
  'code field: state': {
    ready: async () => {
      const { who, code } = await asked()
      return (s) => who.post(at('/sign-in/code'), { s, typed: code })
    },
    refuses: ['400'],
  },
  'resend: state': {
    ready: always((s) => app.form(at('/sign-in/resend'), { s, nonce: 'n' }, { accept: 'text/html' })),
    refuses: ['400'],
  },
  'status: state': {
    ready: always((s) => visit(`/sign-in/status?s=${encodeURIComponent(s)}`)),
    refuses: ['200 unknown'],
  },
  'waiting page: state': {
    ready: always((s) => visit(`/sign-in/code?s=${encodeURIComponent(s)}`)),
    refuses: ['303 /sign-in'],
  },
  'sign-in: request': {
    ready: always((request) => visit(`/sign-in?request=${encodeURIComponent(request)}`)),
    refuses: ['400'],
  },
  'go on: request': {
    ready: async () => {
      const who = await signedInPerson()
      return (request) => who.post(at('/sign-in/go-on'), { request })
    },
    refuses: ['400'],
  },
  'session cookie of /account': {
    ready: always((value) => visit('/account', `${sessionCookie()}=${cookieValue(value)}`)),
    refuses: ['303 /sign-in'],
  },
  'session cookie of /authorize': {
    ready: async () => {
      const { search } = authorizationUrl(client, { prompt: 'none', ...(await aChallenge()) })
      return (value) => visit(`/authorize${search}`, `${sessionCookie()}=${cookieValue(value)}`)
    },
    refuses: ['303 login_required'],
  },
  'account: session to end': {
    ready: async () => {
      const who = await signedInPerson()
      return (session) => who.post(at('/account/end'), { session })
    },
    // Says so whatever it was; that it ended nothing is seen at the end.
    refuses: ['303 /account'],
  },
  'id_token_hint of /authorize': {
    ready: async () => {
      const who = await signedInPerson()
      const challenge = await aChallenge()
      return (id_token_hint) => who.open(authorizationUrl(client, { prompt: 'none', id_token_hint, ...challenge }))
    },
    refuses: ['303 invalid_request'],
  },
  'id_token_hint of /logout': {
    ready: async () => {
      const who = await signedInPerson()
      return (hint) => who.post(at('/logout'), { id_token_hint: hint })
    },
    // Asks whether to sign out.
    refuses: ['200'],
  },
  'logout: target': {
    ready: always((target) => app.form(at('/logout/confirmed'), { target }, { accept: 'text/html' })),
    refuses: ['303 /account/signed-out'],
  },
  'callbacks of Postmark': {
    ready: always((value) =>
      app.request('/callbacks/postmark', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`latchkey:${value}`)}` },
        body: '{"RecordType":"Open"}',
      }),
    ),
    refuses: ['401 unauthorized'],
  },
  'callbacks of Resend': {
    ready: always((value) =>
      callWith(app, 'resend', '{}', {
        'svix-id': 'msg_1',
        'svix-timestamp': String(Math.floor(Date.now() / 1000)),
        'svix-signature': `v1,${value}`,
      }),
    ),
    refuses: ['401 unauthorized'],
  },
  'Transmit: code of a link': {
    ready: always((code) => api('POST', '/cis/v1/auth/link/email/authenticate', { code })),
    refuses: ['400 400'],
  },
  'Transmit: passcode': {
    ready: async () => (await aTransmitUser()).authenticate,
    refuses: ['400 auth_invalid_credentials', '400 system_invalid_input'],
    countsTries: true,
  },
  'Transmit: request_id': {
    ready: async () => {
      const { code, authenticate } = await aTransmitUser()
      return (request) => authenticate(code, request)
    },
    refuses: ['400 auth_invalid_credentials', '400 system_invalid_input'],
    countsTries: true,
  },
  'Scalekit: link_token': {
    ready: always((link_token) => api('POST', `${EMAIL_PATH}/verify`, { link_token })),
    refuses: ['404 5', '400 3'],
  },
  'Scalekit: code': {
    ready: async () => {
      const mail = await aScalekitMail()
      return (code) => mail.verify({ code, auth_request_id: mail.id })
    },
    refuses: ['400 3'],
    countsTries: true,
  },
  'Scalekit: auth_request_id': {
    ready: async () => {
      const mail = await aScalekitMail()
      return (auth_request_id) => mail.verify({ code: mail.code, auth_request_id })
    },
    refuses: ['404 5', '400 3'],
  },
  'Scalekit: resend': {
    ready: always((auth_request_id) => api('POST', `${EMAIL_PATH}/resend`, { auth_request_id })),
    refuses: ['404 5', '400 3'],
  },
  'Streambird: token': {
    ready: always((token) => auth('/magic_links/verify', { token })),
    refuses: ['400 invalid_magic_token', TOO_LONG],
  },
  'Streambird: request_origin_token': {
    ready: async () => {
      const { token } = await aStreambirdLink()
      return (request_origin_token) => auth('/magic_links/verify', { token, request_origin_token })
    },
    refuses: ['400 invalid_magic_token', TOO_LONG],
  },
  'Streambird: otp': {
    ready: async () => {
      const { method } = await aStreambirdOtp()
      return (otp) => auth('/otps/verify', { method_id: method, otp })
    },
    refuses: ['400 invalid_otp', TOO_LONG],
    countsTries: true,
  },
  'Streambird: session_token': {
    ready: always((session_token) => auth('/sessions/verify', { session_token })),
    refuses: ['404 session_not_found', TOO_LONG],
  },
  'Streambird: session_jwt': {
    ready: always((session_jwt) => auth('/sessions/verify', { session_jwt })),
    refuses: ['404 session_not_found', TOO_LONG],
  },
  'Streambird: session to end': {
    ready: always((session_token) => api('DELETE', '/v1/auth/sessions/delete', { session_token })),
    refuses: ['404 session_not_found', TOO_LONG],
  },
  '1Kosmos: license': {
    ready: always((value) => askKosmos(app, headerValue(value), project.id, 'GET', NO_CODE)),
    refuses: ['401 401'],
  },
  '1Kosmos: code to look at': {
    ready: always((code) => askKosmos(app, key, project.id, 'GET', encodeURIComponent(code))),
    refuses: ['404 404'],
  },
  '1Kosmos: code': {
    ready: always((code) => askKosmos(app, key, project.id, 'POST', `${encodeURIComponent(code)}/redeem`)),
    refuses: ['404 404'],
  },
}

/** What an answer says, in few words. */
function says({ status, headers, json }: Answer): string {
  const location = headers.get('location')
  if (location !== null) {
    const { pathname, searchParams, origin } = new URL(location)
    const where = searchParams.get('error') ?? (origin === new URL(project.issuer).origin ? pathname : origin)
    return `${status} ${where.replace(new URL(project.issuer).pathname, '')}`
  }
  if (json.active === false) return `${status} inactive`
  const what =
    (status < 400 ? null : json.code) ??
    json.error ??
    json.error_code ??
    json.error_type ??
    (typeof json.status === 'string' ? json.status : null)
  return what === null ? String(status) : `${status} ${what}`
}

/** What works where with nothing but the secret: everything else is refused. Where a secret does work, how the door says so. */
const OPENS: Record<string, Record<string, string>> = {
  'verify: token': {
    'landing link': '200',
    'direct link': '200',
    'link of login_url': '200',
    'grant of a press': '200',
    // Good ones that lack the other half: nothing is used up.
    'bound link': '403 verifier_mismatch',
    'hosted link': '403 verifier_mismatch',
    'bound grant': '403 verifier_mismatch',
    'grant of /authorize': '403 client_mismatch',
  },
  'resend: id': { 'challenge id': '201' },
  'GET /v1/passwordless/{id}': of(['challenge id', 'Transmit: request_id', 'Scalekit: auth_request_id'], '200 pending'),
  'DELETE /v1/passwordless/{id}': of(['challenge id', 'Transmit: request_id', 'Scalekit: auth_request_id'], '204'),
  'GET /v1/sessions/{id}': { 'session id': '200' },
  'DELETE /v1/sessions/{id}': { 'session id': '204' },
  'GET /v1/users/{id}': { 'user id': '200 ACTIVE' },
  'cursor of a list': { cursor: '200' },
  'x-api-key': of(['API key', 'root key', 'token of a client itself'], '200'),
  'Bearer of the API': of(['API key', 'root key', 'token of a client itself'], '200'),
  'Bearer of Transmit': { ...of(['API key', 'token of a client itself'], '403 403'), 'root key': '400 400' },
  'Bearer of Scalekit': { ...of(['API key', 'token of a client itself'], '403 7'), 'root key': '400 3' },
  'Bearer of userinfo': of(['access token of an API key', 'access token of a client'], '200'),
  'x-api-key of /oauth/token': {
    ...of(['API key', 'token of a client itself'], '400 unauthorized_client'),
    'root key': '400 invalid_grant',
  },
  'client_secret in the form': { 'client secret': '200' },
  'client_secret in Basic': { 'client secret': '200' },
  'authorization_code with an API key': { 'grant of a press': '200' },
  'refresh_token with an API key': { 'refresh token of an API key': '200' },
  'refresh_token of the client': { 'refresh token of a client': '200' },
  introspection: of(
    [
      'refresh token of an API key',
      'refresh token of a client',
      'access token of an API key',
      'access token of a client',
      'token of a client itself',
    ],
    '200',
  ),
  'link page: GET': of(['landing link', 'link of login_url', 'bound link', 'hosted link', 'Transmit: link'], '200'),
  'link page: POST': {
    ...of(['landing link', 'link of login_url', 'bound link', 'Transmit: link'], '303 https://app.example.com'),
    // Another browser than the one that asked: a relay code, and no session.
    'hosted link': '200',
  },
  'link page: a new one': {
    ...of(['landing link', 'bound link', 'hosted link', 'Transmit: link'], '200'),
    'link of login_url': '410',
  },
  'link page: one for here': {
    'hosted link': '200',
    ...of(['landing link', 'direct link', 'link of login_url', 'bound link'], '410'),
    ...of(['Transmit: link', 'Scalekit: link_token', 'Streambird: token'], '410'),
  },
  // Right, and the code comes from another browser.
  'code field: state': { 'state of the waiting page': '410' },
  'resend: state': { 'state of the waiting page': '200' },
  'status: state': { 'state of the waiting page': '200 pending' },
  'waiting page: state': { 'state of the waiting page': '200' },
  'sign-in: request': { 'sealed authorization request': '200' },
  'go on: request': { 'sealed authorization request': '303 https://acme.example' },
  'session cookie of /account': { 'session cookie': '200' },
  'session cookie of /authorize': { 'session cookie': '303 https://acme.example' },
  // An ID token, and of somebody else than is signed in.
  'id_token_hint of /authorize': { 'ID token': '303 login_required' },
  'logout: target': { 'sealed target of a logout': '303 https://acme.example' },
  'callbacks of Postmark': { 'token of Postmark’s callbacks': '204' },
  'Transmit: code of a link': { 'Transmit: code': '200' },
  'Scalekit: link_token': { 'Scalekit: link_token': '200' },
  'Scalekit: resend': { 'Scalekit: auth_request_id': '200' },
  'Streambird: token': { 'Streambird: token': '200' },
  'Streambird: session_token': { 'Streambird: session_token': '200' },
  'Streambird: session_jwt': { 'Streambird: session_jwt': '200' },
  'Streambird: session to end': { 'Streambird: session_token': '200' },
  '1Kosmos: license': { ...of(['API key', 'token of a client itself'], '403 403'), 'root key': '404 404' },
  '1Kosmos: code to look at': { '1Kosmos: code': '200 pending' },
  '1Kosmos: code': { '1Kosmos: code': '200' },
}

function of(secrets: string[], answer: string): Record<string, string> {
  return Object.fromEntries(secrets.map((secret) => [secret, answer]))
}

const sessions = async (): Promise<number> =>
  (await env.DB.prepare('SELECT count(*) AS n FROM sessions').first<{ n: number }>())?.n ?? 0

/** Of five: then a code is locked, and the next door is another. */
const TRIES = 4

describe('every other secret at', () => {
  const minted: [name: string, minted: Minted][] = []
  beforeAll(async () => {
    for (const [name, mint] of Object.entries(SECRETS)) minted.push([name, await mint()])
  })

  it.each(Object.entries(DOORS))(
    '%s is refused, and signs nobody in',
    async (name, { ready, refuses, countsTries = false }) => {
      const strangers = minted.filter(([secret]) => OPENS[name]?.[secret] === undefined)
      const wrong: string[] = []
      let knock: Knock = async () => Promise.reject(new Error('not ready'))
      let before = 0
      for (const [i, [secret, { value }]] of strangers.entries()) {
        if (i === 0 || (countsTries && i % TRIES === 0)) {
          knock = await ready()
          before = await sessions()
        }
        const answer = await knock(value)
        if (!refuses.includes(says(answer))) wrong.push(`${secret}: ${says(answer)}`)
        if (answer.headers.getSetCookie().some((cookie) => /^session_[^=]*=[^;]/.test(cookie)))
          wrong.push(`${secret}: a session cookie`)
        if (countsTries && i % TRIES === TRIES - 1 && (await sessions()) !== before)
          wrong.push(`up to ${secret}: a session`)
      }
      expect(await sessions()).toBe(before)
      expect(wrong).toEqual([])
    },
  )

  it('after all of that, each still works at its own door', async () => {
    const dead: string[] = []
    for (const [name, { use }] of minted) {
      const answer = await use()
      if (answer.status >= 400) dead.push(`${name}: ${says(answer)}`)
    }
    expect(dead).toEqual([])
  })
})

describe.each(Object.entries(OPENS))('what works at %s', (name, secrets) => {
  it.each(Object.entries(secrets))('%s: %s', async (secret, says_) => {
    const { value } = (await SECRETS[secret]?.()) ?? { value: '' }
    const knock = await DOORS[name]?.ready()
    const answer = await knock?.(value)
    expect(answer && says(answer), answer?.text).toBe(says_)
  })
})

it('the table names secrets and doors that there are', () => {
  expect(Object.keys(OPENS).filter((door) => !(door in DOORS))).toEqual([])
  expect(
    Object.values(OPENS)
      .flatMap((open) => Object.keys(open))
      .filter((name) => !(name in SECRETS)),
  ).toEqual([])
})
