/**
 * Every route that takes an id, asked with project A's key and project B's ids (security.md T11, promise 12): the answer is,
 * byte for byte, that for an id which nobody has, and nothing of B is changed. Lists and cursors: surfaces/api/projects.test.ts.
 * A route that stands neither in the table nor among those that take no id fails the first test.
 */

import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, anAddress, browser, codeIn, env, hiddenFields, testApp } from '../support/app.ts'
import { aProject, signInOf, type TestProject, tokenOf } from '../support/project.ts'
import { askKosmos } from './kosmos.ts'
import { ROUTES } from './routes.ts'

vi.setConfig({ testTimeout: 60_000 })

const CALLBACK = 'https://app.example.com/callback'
const VERIFIER = 'v'.repeat(43)
const app = testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })

/** One of everything, in a project of its own. */
async function fill(project: TestProject) {
  const ask = (method: string, path: string, body?: unknown) => project.ok(method, path, body)
  const { key, id: keyId } = await ask('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })
  const mine: TestProject['ok'] = async (method, path, body, options = {}) => {
    const answer = await app.call(method, path, body, { key, ...options })
    expect(answer.status, answer.text).toBeLessThan(300)
    return answer.json
  }
  const email = anAddress()
  const external = crypto.randomUUID()
  const user = await mine('POST', '/v1/users', { email, external_id: external })
  const verified = await (async () => {
    const { id, code } = await mine('POST', '/v1/passwordless/send', { email, reveal: true, method: 'code' })
    return mine('POST', '/v1/passwordless/verify', { id, code })
  })()
  const challenge = await mine('POST', '/v1/passwordless/send', { email, reveal: true, redirect_uri: CALLBACK })
  const pressed = await (async () => {
    const person = browser(app)
    const { link } = await mine('POST', '/v1/passwordless/send', { email, reveal: true, redirect_uri: CALLBACK })
    return codeIn((await person.press(await person.open(link))).headers.get('location'))
  })()
  const client = await mine('POST', '/v1/clients', {
    name: 'App',
    client_secret: `secret-${crypto.randomUUID()}`,
    redirect_uris: [CALLBACK],
    post_logout_redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  })
  const organization = await mine('POST', '/v1/organizations', { name: 'Acme', external_id: crypto.randomUUID() })
  await mine('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles: ['admin'] })
  const suppressed = anAddress()
  await mine('POST', '/v1/suppressions', { email: suppressed })
  const template = `t-${crypto.randomUUID()}`
  await mine('PUT', `/v1/templates/${template}/en`, { subject: 'Sign in', html: '<p>{{link}} {{code}}</p>' })
  const [message] = (await mine('GET', '/v1/messages?limit=1')).data
  const transmit = await mine('POST', '/cis/v1/auth/otp/send', {
    channel: 'direct',
    identifier_type: 'user_id',
    identifier: user.id,
    generate_request_id: true,
  })
  const scalekit = await mine('POST', '/api/v1/passwordless/email/send', { email, magiclink_auth_uri: CALLBACK })
  const scalekitMail = signInOf(app.outbox.findLast(({ to }) => to === email))
  const streambird = await mine('POST', '/v1/auth/magic_links/email/login_or_create', {
    email,
    login_redirect_url: CALLBACK,
    registration_redirect_url: CALLBACK,
  })
  const streambirdLink = tokenOf(signInOf(app.outbox.findLast(({ to }) => to === email)).link)
  const otp = await mine('POST', '/v1/auth/otps/email/send', { email })
  const streambirdOtp = signInOf(app.outbox.findLast(({ to }) => to === email)).code ?? ''
  const streambirdSession = await (async () => {
    const { token } = await mine('POST', '/v1/auth/magic_links/create', { user_id: user.id })
    return mine('POST', '/v1/auth/magic_links/verify', { token, session_expires_in: 60 })
  })()
  const put = { type: 'verification_link', emailTo: email, ttl_seconds: 900 }
  const kosmos = await askKosmos(app, key, project.id, 'PUT', 'code', JSON.stringify(put))
  expect(kosmos.status, kosmos.text).toBe(200)
  return {
    streambirdLink,
    streambirdOtp,
    emailId: otp.email_id as string,
    originToken: streambird.request_origin_token as string,
    sessionToken: streambirdSession.session_token as string,
    sessionJwt: streambirdSession.session_jwt as string,
    kosmos: kosmos.json.code as string,
    key,
    keyId,
    email,
    external,
    user: user.id as string,
    session: verified.session_id as string,
    refresh: verified.refresh_token as string,
    access: verified.access_token as string,
    idToken: verified.id_token as string,
    challenge: challenge.id as string,
    code: challenge.code as string,
    link: tokenOf(challenge.link),
    grant: pressed,
    client: client.id as string,
    clientId: client.client_id as string,
    secret: client.client_secret as string,
    organization: organization.id as string,
    organizationExternal: organization.external_id as string,
    suppressed,
    template,
    message: message.id as string,
    passcode: transmit.code as string,
    request: transmit.request_id as string,
    scalekit: scalekit.auth_request_id as string,
    scalekitCode: scalekitMail.code ?? '',
    scalekitLink: tokenOf(scalekitMail.link),
    project: project.id,
  }
}
type Filled = Awaited<ReturnType<typeof fill>>

let a: Filled
let b: Filled
/** Nobody's: well-formed, of the same lengths, and what cannot be made up (a MAC) is of a project that is gone. */
let nobody: Filled
beforeAll(async () => {
  const projects = [await aProject(app), await aProject(app), await aProject(app)]
  for (const project of projects) await project.patch({ redirect_uris: [CALLBACK], default_login_redirect: CALLBACK })
  a = await fill(projects[0] as TestProject)
  b = await fill(projects[1] as TestProject)
  nobody = await fill(projects[2] as TestProject)
  expect((await app.call('DELETE', `/v1/projects/${nobody.project}`)).status).toBe(204)
})

// --- the table ------------------------------------------------------------------------------------------------------

type Ask = (of: Filled) => Promise<Answer>
const asA = (method: string, path: string, body?: unknown): Promise<Answer> =>
  app.call(method, path, body, { key: a.key })
const form = (path: string, fields: Record<string, string>): Promise<Answer> =>
  app.form(path, fields, { 'x-api-key': a.key })
const asClient = (fields: Record<string, string>): Promise<Answer> =>
  app.form(`/p/${a.project}/oauth/token`, { client_id: a.clientId, client_secret: a.secret, ...fields })

/** A person's pages under project A's address. */
const page = (path: string, init: RequestInit = {}): Promise<Answer> =>
  app.request(`/p/${a.project}${path}`, { headers: { accept: 'text/html' }, ...init })
const authorize = (of: Filled, more: Record<string, string> = {}) =>
  new URLSearchParams({
    response_type: 'code',
    client_id: of.clientId,
    redirect_uri: CALLBACK,
    scope: 'openid',
    code_challenge: VERIFIER,
    code_challenge_method: 'S256',
    ...more,
  }).toString()
const pageForm = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  app.form(`/p/${a.project}${path}`, fields, { accept: 'text/html', ...headers })
/** Somebody who is signed in to project A. */
async function signedInToA(): Promise<string> {
  const email = anAddress()
  const asked = await pageForm('/sign-in', { email, nonce: 'n' })
  const typed = signInOf(app.outbox.findLast(({ to }) => to === email)).code ?? ''
  const waiting = /action="([^"]*\/sign-in\/code)"/.exec(asked.text) ? hiddenFields(asked.text) : { s: '' }
  const done = await pageForm('/sign-in/code', { s: waiting.s ?? '', typed })
  expect(done.status, done.text).toBe(303)
  return done.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

const user = (method: string, more = '', body?: unknown): Ask[] => [
  (of) => asA(method, `/v1/users/${of.user}${more}`, body),
]
const unversioned = (method: string, more = '', body?: unknown): Ask[] => [
  (of) => asA(method, `/users/${of.user}${more}`, body),
]
const organization = (method: string, more: (of: Filled) => string = () => '', body?: unknown): Ask[] => [
  (of) => asA(method, `/v1/organizations/${of.organization}${more(of)}`, body),
]
const members = (method: string, body?: (of: Filled) => unknown): Ask[] => [
  (of) => asA(method, `/v1/organizations/${of.organization}/members/${of.user}`, body?.(of)),
  // Somebody else's person in one's own organization.
  (of) => asA(method, `/v1/organizations/${a.organization}/members/${of.user}`, body?.(of)),
  (of) => asA(method, `/v1/organizations/${of.organization}/members/${a.user}`, body?.(of)),
]
const mail = (of: Filled) => ({ email: of.email, identifier: of.email, identifier_type: 'email' })

const TABLE: Record<string, Ask[]> = {
  'GET /v1/users/:id': user('GET'),
  'PUT /v1/users/:id': user('PUT', '', { first_name: 'Eve' }),
  'DELETE /v1/users/:id': user('DELETE'),
  'PUT /v1/users/:id/status': user('PUT', '/status', { status: 'INACTIVE' }),
  'POST /v1/users/:id/login_url': user('POST', '/login_url', {}),
  'GET /v1/users/:id/sessions': user('GET', '/sessions'),
  'DELETE /v1/users/:id/sessions': user('DELETE', '/sessions'),
  'GET /users/:id': unversioned('GET'),
  'PUT /users/:id': unversioned('PUT', '', { first_name: 'Eve' }),
  'DELETE /users/:id': unversioned('DELETE'),
  'PUT /users/:id/status': unversioned('PUT', '/status', { status: 'INACTIVE' }),
  'POST /users/:id/login_url': unversioned('POST', '/login_url', {}),
  'GET /users/:id/sessions': unversioned('GET', '/sessions'),
  'DELETE /users/:id/sessions': unversioned('DELETE', '/sessions'),
  'GET /v1/users': [
    (of) => asA('GET', `/v1/users?email=${encodeURIComponent(of.email)}`),
    (of) => asA('GET', `/v1/users?external_id=${of.external}`),
    (of) => asA('GET', `/v1/users?q=${of.email.slice(0, 20)}`),
  ],
  'GET /users': [(of) => asA('GET', `/users?email=${encodeURIComponent(of.email)}`)],

  'POST /v1/passwordless/send': [
    (of) => asA('POST', '/v1/passwordless/send', { user_id: of.user, reveal: true }),
    (of) => asA('POST', '/v1/passwordless/send', { user_id: a.user, template: of.template }),
  ],
  'POST /v1/passwordless/resend': [(of) => asA('POST', '/v1/passwordless/resend', { id: of.challenge })],
  'POST /v1/passwordless/verify': [
    (of) => asA('POST', '/v1/passwordless/verify', { token: of.link }),
    (of) => asA('POST', '/v1/passwordless/verify', { token: of.grant }),
    (of) => asA('POST', '/v1/passwordless/verify', { token: of.link, id: of.challenge }),
    (of) => asA('POST', '/v1/passwordless/verify', { id: of.challenge, code: of.code }),
    (of) => asA('POST', '/v1/passwordless/verify', { token: a.link, session_id: of.session }),
    (of) => asA('POST', '/v1/passwordless/verify', { token: a.link, org_id: of.organization }),
    (of) => asA('POST', '/v1/passwordless/verify', { token: a.link, org_id: of.organizationExternal }),
  ],
  'GET /v1/passwordless/:id': [(of) => asA('GET', `/v1/passwordless/${of.challenge}`)],
  'DELETE /v1/passwordless/:id': [(of) => asA('DELETE', `/v1/passwordless/${of.challenge}`)],
  'GET /v1/sessions/:id': [(of) => asA('GET', `/v1/sessions/${of.session}`)],
  'DELETE /v1/sessions/:id': [(of) => asA('DELETE', `/v1/sessions/${of.session}`)],
  'DELETE /v1/api_keys/:id': [(of) => asA('DELETE', `/v1/api_keys/${of.keyId}`)],
  'GET /v1/clients/:id': [
    (of) => asA('GET', `/v1/clients/${of.client}`),
    (of) => asA('GET', `/v1/clients/${encodeURIComponent(of.clientId)}`),
  ],
  'PATCH /v1/clients/:id': [(of) => asA('PATCH', `/v1/clients/${of.client}`, { rotate_secret: true })],
  'DELETE /v1/clients/:id': [(of) => asA('DELETE', `/v1/clients/${of.client}`)],
  'PATCH /v1/projects/:id': [(of) => asA('PATCH', `/v1/projects/${of.project}`, { name: 'Eve' })],
  'DELETE /v1/projects/:id': [(of) => asA('DELETE', `/v1/projects/${of.project}`)],
  'GET /v1/organizations': [(of) => asA('GET', `/v1/organizations?external_id=${of.organizationExternal}`)],
  'GET /v1/organizations/:id': organization('GET'),
  'PATCH /v1/organizations/:id': organization('PATCH', undefined, { name: 'Eve' }),
  'DELETE /v1/organizations/:id': organization('DELETE'),
  'GET /v1/organizations/:id/members': organization('GET', () => '/members'),
  'POST /v1/organizations/:id/members': [
    (of) => asA('POST', `/v1/organizations/${of.organization}/members`, { user_id: of.user }),
    (of) => asA('POST', `/v1/organizations/${of.organization}/members`, { user_id: a.user }),
    (of) => asA('POST', `/v1/organizations/${a.organization}/members`, { user_id: of.user }),
  ],
  'PUT /v1/organizations/:id/members/:user_id': members('PUT', () => ({ roles: ['owner'] })),
  'DELETE /v1/organizations/:id/members/:user_id': members('DELETE'),
  'GET /v1/messages': [
    (of) => asA('GET', `/v1/messages?user_id=${of.user}`),
    (of) => asA('GET', `/v1/messages?challenge_id=${of.challenge}`),
  ],
  'GET /v1/messages/:id': [(of) => asA('GET', `/v1/messages/${of.message}`)],
  'GET /v1/events': [(of) => asA('GET', `/v1/events?user_id=${of.user}`)],
  'GET /v1/suppressions/:email': [(of) => asA('GET', `/v1/suppressions/${of.suppressed}`)],
  'DELETE /v1/suppressions/:email': [(of) => asA('DELETE', `/v1/suppressions/${of.suppressed}`)],
  // A name, not an id: what B calls so is nothing in A, and A may call something so.
  'GET /v1/templates/:name/:locale': [(of) => asA('GET', `/v1/templates/${of.template}/en`)],
  'DELETE /v1/templates/:name/:locale': [(of) => asA('DELETE', `/v1/templates/${of.template}/en`)],
  'POST /v1/templates/preview': [(of) => asA('POST', '/v1/templates/preview', { name: of.template })],
  'PUT /v1/templates/:name/:locale': [
    (of) => asA('PUT', `/v1/templates/${of.template}/en`, { subject: 'Mine', html: '<p>{{link}}{{code}}</p>' }),
  ],

  'POST /oauth/token': [
    (of) => form('/oauth/token', { grant_type: 'authorization_code', code: of.grant }),
    (of) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: of.refresh }),
    (of) => form(`/p/${a.project}/oauth/token`, { grant_type: 'refresh_token', refresh_token: of.refresh }),
    (of) => asClient({ grant_type: 'authorization_code', code: of.grant, redirect_uri: CALLBACK }),
    (of) => asClient({ grant_type: 'refresh_token', refresh_token: of.refresh }),
    (of) => asClient({ client_id: of.clientId, client_secret: of.secret, grant_type: 'client_credentials' }),
  ],
  'POST /oidc/token': [
    (of) => form('/oidc/token', { grant_type: 'refresh_token', refresh_token: of.refresh }),
    (of) =>
      app.form(`/p/${a.project}/oidc/token`, {
        client_id: of.clientId,
        client_secret: of.secret,
        grant_type: 'client_credentials',
      }),
  ],
  'POST /oauth/introspect': [
    (of) => form('/oauth/introspect', { token: of.access }),
    (of) => form('/oauth/introspect', { token: of.refresh }),
  ],
  'POST /oauth/revoke': [
    (of) => form('/oauth/revoke', { token: of.access }),
    (of) => form('/oauth/revoke', { token: of.refresh }),
  ],
  'GET /userinfo': [(of) => page('/userinfo', { headers: { authorization: `Bearer ${of.access}` } })],
  'POST /userinfo': [(of) => page('/userinfo', { method: 'POST', headers: { authorization: `Bearer ${of.access}` } })],
  'GET /authorize': [
    (of) => page(`/authorize?${authorize(of)}`),
    (of) => page(`/authorize?${authorize(a, { id_token_hint: of.idToken, prompt: 'none' })}`),
  ],
  'POST /authorize': [(of) => pageForm('/authorize', Object.fromEntries(new URLSearchParams(authorize(of))))],
  'GET /logout': [
    (of) => page(`/logout?client_id=${of.clientId}&post_logout_redirect_uri=${encodeURIComponent(CALLBACK)}`),
    (of) => page(`/logout?id_token_hint=${of.idToken}`),
  ],
  'POST /logout': [(of) => pageForm('/logout', { id_token_hint: of.idToken })],
  'POST /account/end': [
    async (of) => pageForm('/account/end', { session: of.session }, { cookie: await signedInToA() }),
  ],

  'POST /cis/v1/auth/link/email/send': [
    (of) =>
      asA('POST', '/cis/v1/auth/link/email/send', {
        identifier: of.user,
        identifier_type: 'user_id',
        redirect_uri: CALLBACK,
        channel: 'direct',
      }),
    (of) =>
      asA('POST', '/cis/v1/auth/link/email/send', {
        identifier: of.external,
        identifier_type: 'username',
        redirect_uri: CALLBACK,
      }),
  ],
  'POST /cis/v1/auth/link/email/authenticate': [
    (of) => asA('POST', '/cis/v1/auth/link/email/authenticate', { code: of.grant }),
    (of) => asA('POST', '/cis/v1/auth/link/email/authenticate', { code: of.link, request_id: of.request }),
  ],
  'POST /cis/v1/auth/otp/send': [
    (of) => asA('POST', '/cis/v1/auth/otp/send', { ...mail(of), channel: 'direct' }),
    (of) =>
      asA('POST', '/cis/v1/auth/otp/send', { identifier: of.user, identifier_type: 'user_id', channel: 'direct' }),
  ],
  'POST /cis/v1/auth/otp/authenticate': [
    (of) =>
      asA('POST', '/cis/v1/auth/otp/authenticate', { ...mail(of), passcode: of.passcode, request_id: of.request }),
    (of) =>
      asA('POST', '/cis/v1/auth/otp/authenticate', {
        identifier: of.user,
        identifier_type: 'user_id',
        passcode: of.passcode,
        request_id: of.request,
      }),
    (of) =>
      asA('POST', '/cis/v1/auth/otp/authenticate', {
        identifier: a.user,
        identifier_type: 'user_id',
        passcode: of.passcode,
        request_id: of.request,
      }),
  ],
  'POST /api/v1/passwordless/email/resend': [
    (of) => asA('POST', '/api/v1/passwordless/email/resend', { auth_request_id: of.scalekit }),
  ],
  'POST /api/v1/passwordless/email/verify': [
    (of) => asA('POST', '/api/v1/passwordless/email/verify', { link_token: of.scalekitLink }),
    (of) => asA('POST', '/api/v1/passwordless/email/verify', { code: of.scalekitCode, auth_request_id: of.scalekit }),
  ],
}

const KOSMOS: Record<string, Ask[]> = {
  'GET /api/r1/acr/community/:community/:code': [(of) => askKosmos(app, a.key, a.project, 'GET', of.kosmos)],
  'POST /api/r1/acr/community/:community/:code/redeem': [
    (of) => askKosmos(app, a.key, a.project, 'POST', `${of.kosmos}/redeem`),
  ],
}

const auth = (method: string, path: string, body?: unknown) => asA(method, `/v1/auth${path}`, body)
const STREAMBIRD: Record<string, Ask[]> = {
  'POST /v1/auth/magic_links/create': [
    (of) => auth('POST', '/magic_links/create', { user_id: of.user }),
    (of) => auth('POST', '/magic_links/create', { email: of.email }),
  ],
  'POST /v1/auth/magic_links/email/login_status': [
    (of) =>
      auth('POST', '/magic_links/email/login_status', { email_id: of.emailId, request_origin_token: of.originToken }),
  ],
  'POST /v1/auth/magic_links/verify': [
    (of) => auth('POST', '/magic_links/verify', { token: of.streambirdLink }),
    (of) => auth('POST', '/magic_links/verify', { token: of.streambirdLink, session_expires_in: 60 }),
    (of) => auth('POST', '/magic_links/verify', { token: of.streambirdLink, request_origin_token: of.originToken }),
    (of) => auth('POST', '/magic_links/verify', { token: a.streambirdLink, request_origin_token: of.originToken }),
    (of) =>
      auth('POST', '/magic_links/verify', {
        token: a.streambirdLink,
        session_expires_in: 60,
        session_token: of.sessionToken,
      }),
  ],
  'POST /v1/auth/otps/email/send': [(of) => auth('POST', '/otps/email/send', { email: of.email })],
  'POST /v1/auth/otps/verify': [
    (of) => auth('POST', '/otps/verify', { method_id: of.emailId, otp: of.streambirdOtp }),
    (of) => auth('POST', '/otps/verify', { method_id: of.emailId, otp: of.streambirdOtp, session_expires_in: 60 }),
  ],
  'POST /v1/auth/sessions/verify': [
    (of) => auth('POST', '/sessions/verify', { session_token: of.sessionToken }),
    (of) => auth('POST', '/sessions/verify', { session_jwt: of.sessionJwt }),
  ],
  'GET /v1/auth/sessions/list': [(of) => auth('GET', `/sessions/list?user_id=${of.user}`)],
  'DELETE /v1/auth/sessions/delete': [
    (of) => auth('DELETE', '/sessions/delete', { session_id: of.session }),
    (of) => auth('DELETE', '/sessions/delete', { session_token: of.sessionToken }),
    (of) => auth('DELETE', '/sessions/delete', { session_jwt: of.sessionJwt }),
  ],
  'GET /v1/auth/users/:id': [(of) => auth('GET', `/users/${of.user}`)],
  'PUT /v1/auth/users/:id': [(of) => auth('PUT', `/users/${of.user}`, { first_name: 'Eve' })],
  'PUT /v1/auth/users/:id/update': [(of) => auth('PUT', `/users/${of.user}/update`, { first_name: 'Eve' })],
  'DELETE /v1/auth/users/:id': [(of) => auth('DELETE', `/users/${of.user}`)],
  'DELETE /v1/auth/users/:id/delete': [(of) => auth('DELETE', `/users/${of.user}/delete`)],
}
/** Finds nobody, and says so with 200. */
const SEARCHES: Record<string, Ask[]> = {
  'POST /v1/auth/users/search': [
    (of) => auth('POST', '/users/search', { user_id: of.user }),
    (of) => auth('POST', '/users/search', { email: of.email }),
  ],
}
Object.assign(TABLE, STREAMBIRD, SEARCHES, KOSMOS)

/** These take no id of anything that belongs to a project, or a secret that names its own project (secrets.test.ts). */
const WITHOUT_ID: readonly string[] = [
  'POST /v1/users',
  'POST /users',
  'GET /v1/project',
  'PATCH /v1/project',
  'GET /v1/api_keys',
  'POST /v1/api_keys',
  'GET /v1/clients',
  'POST /v1/clients',
  'GET /v1/projects',
  'POST /v1/projects',
  'POST /v1/organizations',
  'GET /v1/suppressions',
  'POST /v1/suppressions',
  'GET /v1/templates',
  'POST /cis/v1/users',
  'POST /api/v1/passwordless/email/send',
  'GET /auth/magic-link',
  'POST /auth/magic-link',
  'POST /auth/magic-link/new',
  'POST /auth/magic-link/here',
  'GET /sign-in',
  'POST /sign-in',
  'GET /sign-in/go-on',
  'POST /sign-in/go-on',
  'GET /sign-in/code',
  'POST /sign-in/code',
  'POST /sign-in/resend',
  'GET /sign-in/status',
  'GET /sign-in/done',
  'GET /account',
  'POST /account/sign-out',
  'GET /account/signed-out',
  'POST /logout/confirmed',
  'GET /',
  'GET /docs',
  'GET /docs/:page',
  'GET /openapi.json',
  'GET /healthz',
  'GET /keys',
  'GET /cis/oidc/jwks',
  'GET /v1/auth/jwks/default',
  'GET /caas/sd',
  'POST /api/r1/system/community_info/fetch',
  // A community is a project's own address: whoever has no license of it is a stranger there (dialects/1kosmos.test.ts).
  'PUT /api/r2/acr/community/:community/code',
  'POST /v1/auth/magic_links/email/login_or_create',
  'POST /v1/auth/magic_links/email/invite',
  'POST /v1/auth/otps/email/login_or_create',
  'POST /v1/auth/users/create',
  'GET /.well-known/jwks.json',
  'GET /.well-known/openid-configuration',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/oauth-authorization-server/p/:project',
  'POST /callbacks/resend',
  'POST /callbacks/postmark',
  'POST /callbacks/sendgrid',
]

it('every route of the app stands in the table or among those without an id', () => {
  const listed = [...Object.keys(TABLE), ...WITHOUT_ID]
  expect(ROUTES.filter((route) => !listed.includes(route))).toEqual([])
  expect(listed.filter((route) => !ROUTES.includes(route))).toEqual([])
})

// --- what is compared -----------------------------------------------------------------------------------------------

/** The whole answer, without what differs between any two: the request's id, seals, and the ids that were asked for. */
function bytesOf({ status, headers, text }: Answer, of: Filled): string {
  const kept = [...headers].filter(([name]) => !['x-request-id', 'set-cookie', 'date'].includes(name))
  let whole = JSON.stringify([status, kept, text])
  for (const value of Object.values(of)) if (value.length > 6) whole = whole.replaceAll(value, '<id>')
  return whole
    .replaceAll(/req_[0-9a-f]{32}/g, '<request>')
    .replaceAll(/nonce-[\w+/=-]+|(?<=nonce=\\")[^"\\]*/g, '<nonce>')
    .replaceAll(/[\w-]{120,}/g, '<seal>')
}

/** Every row of the project in every table that has projects. */
async function rowsOf(project: string): Promise<string> {
  const tables = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%project_id TEXT%' ORDER BY name",
  ).all<{ name: string }>()
  expect(tables.results.length).toBeGreaterThan(10)
  const dump = []
  for (const { name } of tables.results) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${name} WHERE project_id = ?`).bind(project).all()
    dump.push([name, results])
  }
  return JSON.stringify(dump)
}

const NAMED = 'PUT /v1/templates/:name/:locale'

describe.each(Object.entries(TABLE))('%s', (route, asks) => {
  it('answers for ids of another project as for ids of nobody', async () => {
    const before = await rowsOf(b.project)
    for (const ask of asks) {
      const [theirs, nothing] = [await ask(b), await ask(nobody)]
      expect(bytesOf(theirs, b), theirs.text.slice(0, 500)).toBe(bytesOf(nothing, nobody))
      // A list of nothing, an introspection, a revocation and a page say it with 200 or a redirect.
      if (/^(POST|PUT|PATCH|DELETE) \/(v1|users|cis|api)/.test(route) && route !== NAMED && !(route in SEARCHES)) {
        expect(theirs.status, theirs.text).toBeGreaterThanOrEqual(400)
      }
      for (const secret of [b.email, b.user, b.session]) {
        if (theirs.status < 300) expect(theirs.text).not.toContain(secret)
      }
    }
    expect(await rowsOf(b.project)).toBe(before)
  })
})

it('the header x-project changes nothing for a key that is not the root key', async () => {
  const ask = (project: string) =>
    app.call('GET', '/v1/project', undefined, { key: a.key, headers: { 'x-project': project } })
  const [theirs, nothing] = [await ask(b.project), await ask(nobody.project)]
  expect(bytesOf(theirs, b)).toBe(bytesOf(nothing, nobody))
  expect(theirs.status).toBe(403)
})

it.each(['/cis/v1/users', '/cis/v1/auth/otp/send', '/api/v1/passwordless/email/send'])(
  'at the address of another project a key is none: %s',
  async (path) => {
    const ask = (project: string) => app.call('POST', `/p/${project}${path}`, { email: anAddress() }, { key: a.key })
    const [theirs, nothing] = [await ask(b.project), await ask(nobody.project)]
    expect(bytesOf(theirs, b)).toBe(bytesOf(nothing, nobody))
    expect(theirs.status).toBe(401)
  },
)

it('after all of that, every secret of B still works at its own door', async () => {
  const asB = (path: string, body: unknown) => app.call('POST', path, body, { key: b.key })
  const statuses = [
    await asB('/v1/passwordless/verify', { token: b.link }),
    await asB('/v1/passwordless/verify', { token: b.grant }),
    await asB('/cis/v1/auth/otp/authenticate', {
      identifier: b.user,
      identifier_type: 'user_id',
      passcode: b.passcode,
      request_id: b.request,
    }),
    await asB('/api/v1/passwordless/email/verify', { code: b.scalekitCode, auth_request_id: b.scalekit }),
    await app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token: b.refresh }, { 'x-api-key': b.key }),
    await asB('/v1/auth/otps/verify', { method_id: b.emailId, otp: b.streambirdOtp }),
    await asB('/v1/auth/magic_links/verify', { token: b.streambirdLink }),
    await asB('/v1/auth/sessions/verify', { session_token: b.sessionToken }),
    await askKosmos(app, b.key, b.project, 'POST', `${b.kosmos}/redeem`),
    await app.request(`/p/${b.project}/userinfo`, { headers: { authorization: `Bearer ${b.access}` } }),
    await app.form(`/p/${b.project}/oauth/token`, {
      client_id: b.clientId,
      client_secret: b.secret,
      grant_type: 'client_credentials',
    }),
  ]
  expect(statuses.map(({ status, text }) => (status === 200 ? 200 : text))).toEqual(statuses.map(() => 200))
})
