/**
 * Every operation of the app, and the parts that each cannot be answered without (project, keys and signing keys are in the
 * isolate's cache). What an operation merely uses, it does without: KV everywhere, the rate limiter, what comes after the answer.
 */

import { expect } from 'vitest'
import type { Ports } from '../../src/ports.ts'
import {
  AFTER_LOGOUT,
  aClient,
  ask as askAsClient,
  authorizationUrl,
  codeFor,
  exchange,
  locationOf,
  type Person,
  person,
  pkce,
  signIn,
  type TestClient,
  type TokenSet,
} from '../oidc/support.ts'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY } from '../support/app.ts'
import { SECRETS, tell } from '../support/callbacks.ts'
import { faultyApp, type Part } from '../support/faults.ts'
import { signInOf, tokenOf } from '../support/project.ts'

export const CALLBACK = 'http://localhost:3000/callback'
const REDIRECTS = { login_redirect_url: CALLBACK, registration_redirect_url: CALLBACK }

export const TEXTS = {
  SMS_PROVIDERS: 'twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'x',
  TWILIO_FROM: '+12025550199',
}
export const faultyWorld = (ports: Partial<Ports> = {}) => faultyApp({ ports, bindings: { ...SECRETS, ...TEXTS } })
export type FaultyApp = ReturnType<typeof faultyWorld>

/** One request that can be asked again as it was. */
export type Cell = {
  run(): Promise<Answer>
  /** Whom it signs in or mails. */
  email?: string
  /** Exactly one thing came of it. */
  finish?(answer: Answer): Promise<void>
  /** An app of its own, where the route remembers its last answer. */
  on?: FaultyApp
}
type Shape = 'problem' | 'page' | 'authorize' | 'transmit' | 'scalekit' | 'streambird' | '1kosmos' | 'health'
export type Operation = {
  routes: string[]
  needs: Part[]
  shape: Shape
  /** Statuses when it has worked. */
  works: number[]
  /** Statuses of the same request when the first one had been committed without an answer; as `works` unless it is told. */
  again?: number[]
  make(w: World): Promise<Cell>
}

// --- what the cells share: only read by them ----------------------------------------------------------------------------

export type World = Awaited<ReturnType<typeof aWorld>>

export async function aWorld(f: FaultyApp) {
  const { app } = f
  const ok = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await app.call(method, path, body, { headers })
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300)
    return answer.json
  }
  await ok('PATCH', '/v1/project', {
    sms: { countries: ['US'], per_prefix_per_hour: 100_000, per_day: 1_000_000 },
    send_limits: { per_minute: 1000, per_15_minutes: 1000, per_day: 1000 },
  })
  const email = anAddress()
  const user = await ok('POST', '/v1/users', { email })
  const organization = await ok('POST', '/v1/organizations', { name: 'Customer' })
  await ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id })
  const sent = await ok('POST', '/v1/passwordless/send', { email, method: 'code', reveal: true })
  const session = await ok('POST', '/v1/passwordless/verify', { id: sent.id, code: sent.code })
  const suppressed = anAddress()
  await ok('POST', '/v1/suppressions', { email: suppressed })
  const template = `t-${crypto.randomUUID()}`
  await ok('PUT', `/v1/templates/${template}/en`, { subject: 'Sign in', html: '<p>{{link}} {{code}}</p>' })
  const client = await aClient(app, {
    redirect_uris: [CALLBACK, 'https://acme.example/callback'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: ['users:read'],
  })
  const somebody = person(app)
  const tokens = await signIn(app, client, somebody)
  const { id: keyId, key } = await ok('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })
  const { id: project } = await ok('GET', '/v1/project')
  await app.request('/.well-known/jwks.json')
  const streambird = async (address: string) => {
    await ok('POST', '/v1/auth/magic_links/email/login_or_create', { email: address, ...REDIRECTS })
    const { link } = signInOf(app.outbox.findLast(({ to }) => to === address))
    return ok('POST', '/v1/auth/magic_links/verify', { token: tokenOf(link), session_expires_in: 60 })
  }
  return {
    f,
    app,
    ok,
    project: project as string,
    user: user.id as string,
    userEmail: email,
    organization: organization.id as string,
    session: session.session_id as string,
    message: sent.message.id as string,
    suppressed,
    template,
    client,
    somebody,
    tokens,
    key: key as string,
    keyId: keyId as string,
    streambird,
    streambirdSession: await streambird(anAddress()),
  }
}

// --- helpers ------------------------------------------------------------------------------------------------------------

export async function sessionsOf(email: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    'SELECT s.id FROM sessions s JOIN identifiers i ON i.user_id = s.user_id WHERE i.canonical = ?',
  )
    .bind(email)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

const usersWith = async (email: string): Promise<number> =>
  (await env.DB.prepare('SELECT COUNT(*) AS n FROM identifiers WHERE canonical = ?').bind(email).first<{ n: number }>())
    ?.n ?? 0

/** A phone number that no other cell uses. */
let numbers = 0
const aNumber = () => `+1202555${String(1000 + (numbers++ % 9000))}`

const key = () => ({ 'idempotency-key': crypto.randomUUID() })
const contentFor = (w: World, email: string) => signInOf(w.app.outbox.findLast(({ to }) => to === email))
const oneSession = (email: string) => async () => {
  expect(await sessionsOf(email)).toHaveLength(1)
}
const oneUser = (email: string) => async () => {
  expect(await usersWith(email)).toBe(1)
}

/** Sent through the API; the newest mail's link and code. */
async function aSend(w: World, body: Record<string, unknown> = {}) {
  const email = anAddress()
  const sent = await w.ok('POST', '/v1/passwordless/send', { email, redirect_uri: CALLBACK, ...body })
  const { link, code } = contentFor(w, email)
  return { email, id: sent.id as string, link: link ?? '', code: code ?? '', token: link ? tokenOf(link) : '' }
}

/** On the hosted pages, waiting for the code. */
async function asked(w: World, url: string | URL = '/sign-in') {
  const who = person(w.app)
  const led = await who.open(url)
  const page = led.status === 303 ? await who.open(locationOf(led)) : led
  const answer = await who.submit(page, '/sign-in', { email: who.email })
  expect(answer.status, answer.text).toBe(303)
  const waitingUrl = locationOf(answer)
  return { who, waitingUrl, waiting: await who.open(waitingUrl), s: new URL(waitingUrl).searchParams.get('s') ?? '' }
}
async function signedIn(w: World): Promise<Person> {
  const { who, waiting } = await asked(w)
  const done = await who.submit(waiting, '/sign-in/code', { typed: who.mailedCode() })
  expect(done.status, done.text).toBe(303)
  return who
}
const authorizeUrl = async (client: TestClient) =>
  authorizationUrl(client, { code_challenge: (await pkce()).challenge, code_challenge_method: 'S256' })

/** A browser with the cookies that this one has now. */
function copyOf(w: World, who: Person): Person {
  const other = person(w.app, who.email)
  for (const [name, value] of who.cookies) other.cookies.set(name, value)
  return other
}

// --- the native API -----------------------------------------------------------------------------------------------------

/** Reads of D1 by id or as a list. */
const READS: Record<string, (w: World) => string> = {
  'GET /v1/users': () => '/v1/users?limit=2',
  'GET /users': () => '/users?limit=2',
  'GET /v1/users/:id': (w) => `/v1/users/${w.user}`,
  'GET /users/:id': (w) => `/users/${w.user}`,
  'GET /v1/users/:id/sessions': (w) => `/v1/users/${w.user}/sessions`,
  'GET /users/:id/sessions': (w) => `/users/${w.user}/sessions`,
  'GET /v1/sessions/:id': (w) => `/v1/sessions/${w.session}`,
  'GET /v1/api_keys': () => '/v1/api_keys',
  'GET /v1/clients': () => '/v1/clients?limit=2',
  'GET /v1/clients/:id': (w) => `/v1/clients/${w.client.id}`,
  'GET /v1/projects': () => '/v1/projects',
  'GET /v1/organizations': () => '/v1/organizations?limit=2',
  'GET /v1/organizations/:id': (w) => `/v1/organizations/${w.organization}`,
  'GET /v1/organizations/:id/members': (w) => `/v1/organizations/${w.organization}/members`,
  'GET /v1/messages': () => '/v1/messages?limit=2',
  'GET /v1/messages/:id': (w) => `/v1/messages/${w.message}`,
  'GET /v1/events': () => '/v1/events?limit=2',
  'GET /v1/suppressions': () => '/v1/suppressions?limit=2',
  'GET /v1/suppressions/:email': (w) => `/v1/suppressions/${w.suppressed}`,
  'GET /v1/templates': () => '/v1/templates?limit=2',
  'GET /v1/templates/:name/:locale': (w) => `/v1/templates/${w.template}/en`,
}

const reads = Object.entries(READS).map(([route, path]): [string, Operation] => [
  route,
  {
    routes: [route],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.call('GET', path(w)) }),
  },
])

/** Writes of D1; `again` is what a call says whose first one was committed. */
type Write = {
  works: number
  again?: number[]
  make(w: World): Promise<{ path: string; body?: unknown; finish?: () => Promise<void> }>
}
const aUser = async (w: World) => (await w.ok('POST', '/v1/users', { email: anAddress() })).id as string
const anOrganization = async (w: World) => (await w.ok('POST', '/v1/organizations', { name: 'Acme' })).id as string
const anotherClient = async (w: World) =>
  (await w.ok('POST', '/v1/clients', { name: 'App', redirect_uris: [CALLBACK] })).id as string

const WRITES: Record<string, Write> = {
  'POST /v1/users': {
    works: 201,
    again: [409],
    make: async () => {
      const email = anAddress()
      return { path: '/v1/users', body: { email }, finish: oneUser(email) }
    },
  },
  'POST /users': {
    works: 201,
    again: [409],
    make: async () => {
      const email = anAddress()
      return { path: '/users', body: { email }, finish: oneUser(email) }
    },
  },
  'PUT /v1/users/:id': {
    works: 200,
    make: async (w) => ({ path: `/v1/users/${await aUser(w)}`, body: { email: anAddress() } }),
  },
  'PUT /users/:id': {
    works: 200,
    make: async (w) => ({ path: `/users/${await aUser(w)}`, body: { first_name: 'Ada' } }),
  },
  'PUT /v1/users/:id/status': {
    works: 200,
    make: async (w) => ({ path: `/v1/users/${await aUser(w)}/status`, body: { status: 'INACTIVE' } }),
  },
  'PUT /users/:id/status': {
    works: 200,
    make: async (w) => ({ path: `/users/${await aUser(w)}/status`, body: { status: 'INACTIVE' } }),
  },
  'DELETE /v1/users/:id': { works: 204, again: [404], make: async (w) => ({ path: `/v1/users/${await aUser(w)}` }) },
  'DELETE /users/:id': { works: 204, again: [404], make: async (w) => ({ path: `/users/${await aUser(w)}` }) },
  'DELETE /v1/users/:id/sessions': {
    works: 204,
    make: async (w) => ({ path: `/v1/users/${await aUser(w)}/sessions` }),
  },
  'DELETE /users/:id/sessions': { works: 204, make: async (w) => ({ path: `/users/${await aUser(w)}/sessions` }) },
  'DELETE /v1/sessions/:id': {
    works: 204,
    make: async (w) => {
      const { email, id, code } = await aSend(w, { method: 'code' })
      const { session_id } = await w.ok('POST', '/v1/passwordless/verify', { id, code })
      const finish = async () => {
        expect(await sessionsOf(email)).toEqual([session_id])
        expect((await w.app.call('GET', `/v1/sessions/${session_id}`)).json.revoked_at).toBeTypeOf('number')
      }
      return { path: `/v1/sessions/${session_id}`, finish }
    },
  },
  // The answer alone has the key: one that nobody read stands in the list and opens nothing.
  'POST /v1/api_keys': { works: 201, make: async () => ({ path: '/v1/api_keys', body: { name: 'k', scopes: ['*'] } }) },
  'DELETE /v1/api_keys/:id': {
    works: 204,
    make: async (w) => ({
      path: `/v1/api_keys/${(await w.ok('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })).id}`,
    }),
  },
  'POST /v1/clients': {
    works: 201,
    again: [409],
    make: async () => ({
      path: '/v1/clients',
      body: { name: 'App', client_id: crypto.randomUUID(), redirect_uris: [CALLBACK] },
    }),
  },
  'PATCH /v1/clients/:id': {
    works: 200,
    make: async (w) => ({ path: `/v1/clients/${await anotherClient(w)}`, body: { name: 'Other' } }),
  },
  'DELETE /v1/clients/:id': {
    works: 204,
    again: [404],
    make: async (w) => ({ path: `/v1/clients/${await anotherClient(w)}` }),
  },
  'POST /v1/organizations': {
    works: 201,
    again: [409],
    make: async () => ({ path: '/v1/organizations', body: { name: 'Acme', external_id: crypto.randomUUID() } }),
  },
  'PATCH /v1/organizations/:id': {
    works: 200,
    make: async (w) => ({ path: `/v1/organizations/${await anOrganization(w)}`, body: { name: 'Other' } }),
  },
  'DELETE /v1/organizations/:id': {
    works: 204,
    again: [404],
    make: async (w) => ({ path: `/v1/organizations/${await anOrganization(w)}` }),
  },
  'POST /v1/organizations/:id/members': {
    works: 201,
    make: async (w) => ({
      path: `/v1/organizations/${await anOrganization(w)}/members`,
      body: { user_id: w.user, roles: ['a'] },
    }),
  },
  'PUT /v1/organizations/:id/members/:user_id': {
    works: 200,
    make: async (w) => {
      const id = await anOrganization(w)
      await w.ok('POST', `/v1/organizations/${id}/members`, { user_id: w.user })
      return { path: `/v1/organizations/${id}/members/${w.user}`, body: { roles: ['b'] } }
    },
  },
  'DELETE /v1/organizations/:id/members/:user_id': {
    works: 204,
    again: [404],
    make: async (w) => {
      const id = await anOrganization(w)
      await w.ok('POST', `/v1/organizations/${id}/members`, { user_id: w.user })
      return { path: `/v1/organizations/${id}/members/${w.user}` }
    },
  },
  'PATCH /v1/project': { works: 200, make: async () => ({ path: '/v1/project', body: { locale: 'en' } }) },
  // Two calls are two projects; nothing but the answer says which one is meant.
  'POST /v1/projects': { works: 201, make: async () => ({ path: '/v1/projects', body: { name: 'Another' } }) },
  'PATCH /v1/projects/:id': {
    works: 200,
    make: async (w) => ({
      path: `/v1/projects/${(await w.ok('POST', '/v1/projects', { name: 'A' })).id}`,
      body: { name: 'B' },
    }),
  },
  'DELETE /v1/projects/:id': {
    works: 204,
    again: [404],
    make: async (w) => ({ path: `/v1/projects/${(await w.ok('POST', '/v1/projects', { name: 'A' })).id}` }),
  },
  'POST /v1/suppressions': {
    works: 201,
    make: async () => ({ path: '/v1/suppressions', body: { email: anAddress() } }),
  },
  'DELETE /v1/suppressions/:email': {
    works: 204,
    again: [404],
    make: async (w) => {
      const email = anAddress()
      await w.ok('POST', '/v1/suppressions', { email })
      return { path: `/v1/suppressions/${email}` }
    },
  },
  'PUT /v1/templates/:name/:locale': {
    works: 200,
    make: async () => ({
      path: `/v1/templates/t-${crypto.randomUUID()}/en`,
      body: { subject: 'Sign in', html: '<p>{{link}}{{code}}</p>' },
    }),
  },
  'DELETE /v1/templates/:name/:locale': {
    works: 204,
    again: [404],
    make: async (w) => {
      const path = `/v1/templates/t-${crypto.randomUUID()}/en`
      await w.ok('PUT', path, { subject: 'Sign in', html: '<p>{{link}}{{code}}</p>' })
      return { path }
    },
  },
}

const writes = Object.entries(WRITES).map(([route, { works, again, make }]): [string, Operation] => [
  route,
  {
    routes: [route],
    needs: ['d1'],
    shape: 'problem',
    works: [works],
    ...(again && { again }),
    make: async (w) => {
      const { path, body, finish } = await make(w)
      const method = route.split(' ')[0] ?? ''
      return { run: () => w.app.call(method, path, body), ...(finish && { finish }) }
    },
  },
])

const PASSWORDLESS: Record<string, Operation> = {
  send: {
    routes: ['POST /v1/passwordless/send'],
    needs: ['d1', 'ledger', 'provider'],
    shape: 'problem',
    works: [201],
    make: async (w) => {
      const email = anAddress()
      const headers = key()
      return {
        email,
        run: () =>
          w.app.call('POST', '/v1/passwordless/send', { email, link: 'direct', redirect_uri: CALLBACK }, { headers }),
        finish: async () => {
          const token = tokenOf(contentFor(w, email).link)
          const verified = await w.app.call('POST', '/v1/passwordless/verify', { token })
          expect(verified.status, verified.text).toBe(200)
          expect(await sessionsOf(email)).toEqual([verified.json.session_id])
        },
      }
    },
  },
  'send by SMS': {
    routes: [],
    needs: ['d1', 'ledger', 'provider'],
    shape: 'problem',
    works: [201],
    make: async (w) => {
      const phone = aNumber()
      const headers = key()
      const before = w.app.texts.length
      return {
        run: () => w.app.call('POST', '/v1/passwordless/send', { phone, channel: 'sms', method: 'code' }, { headers }),
        finish: async () => {
          const texts = w.app.texts.slice(before).filter(({ to }) => to === phone)
          expect(new Set(texts.map(({ content }) => content.code)).size).toBe(1)
        },
      }
    },
  },
  resend: {
    routes: ['POST /v1/passwordless/resend'],
    needs: ['d1', 'ledger', 'provider'],
    shape: 'problem',
    works: [201],
    make: async (w) => {
      const { id, email } = await aSend(w)
      w.app.outbox.splice(0, w.app.outbox.length, ...w.app.outbox.filter(({ to }) => to !== email))
      const headers = key()
      return {
        email,
        run: () => w.app.call('POST', '/v1/passwordless/resend', { id }, { headers }),
        finish: async () => {
          const { code } = contentFor(w, email)
          expect((await w.app.call('POST', '/v1/passwordless/verify', { id, code })).status).toBe(200)
          expect(await sessionsOf(email)).toHaveLength(1)
        },
      }
    },
  },
  'challenge status': {
    routes: ['GET /v1/passwordless/:id'],
    needs: ['ledger'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const { id } = await aSend(w)
      return { run: () => w.app.call('GET', `/v1/passwordless/${id}`) }
    },
  },
  cancel: {
    routes: ['DELETE /v1/passwordless/:id'],
    needs: ['ledger'],
    shape: 'problem',
    works: [204],
    make: async (w) => {
      const { id, token, email } = await aSend(w)
      return {
        run: () => w.app.call('DELETE', `/v1/passwordless/${id}`),
        finish: async () => {
          expect((await w.app.call('POST', '/v1/passwordless/verify', { token })).json.code).toBe('cancelled')
          expect(await sessionsOf(email)).toEqual([])
        },
      }
    },
  },
  verify: {
    routes: ['POST /v1/passwordless/verify'],
    needs: ['d1', 'ledger'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const { email, token } = await aSend(w)
      const headers = key()
      return {
        run: () => w.app.call('POST', '/v1/passwordless/verify', { token }, { headers }),
        finish: async ({ json }) => expect(await sessionsOf(email)).toEqual([json.session_id]),
      }
    },
  },
  'verify, with a code, a key of an API, an organization': {
    routes: [],
    needs: ['d1', 'ledger'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const email = anAddress()
      const { id: user_id } = await w.ok('POST', '/v1/users', { email })
      await w.ok('POST', `/v1/organizations/${w.organization}/members`, { user_id })
      const { id, code } = await w.ok(
        'POST',
        '/v1/passwordless/send',
        { user_id, method: 'code', reveal: true },
        { 'x-api-key': w.key },
      )
      const headers = key()
      const body = { id, code, org_id: w.organization }
      return {
        run: () => w.app.call('POST', '/v1/passwordless/verify', body, { key: w.key, headers }),
        finish: async ({ json }) => expect(await sessionsOf(email)).toEqual([json.session_id]),
      }
    },
  },
  login_url: {
    routes: ['POST /v1/users/:id/login_url', 'POST /users/:id/login_url'],
    needs: ['d1', 'ledger'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const headers = key()
      const email = anAddress()
      const { id } = await w.ok('POST', '/v1/users', { email })
      return {
        run: () => w.app.call('POST', `/v1/users/${id}/login_url`, {}, { headers }),
        finish: async ({ json }) => {
          const again = await w.app.call('POST', `/v1/users/${id}/login_url`, {}, { headers })
          expect(again.json.login_url).toBe(json.login_url)
        },
      }
    },
  },
  'the project': {
    routes: ['GET /v1/project'],
    needs: [],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.call('GET', '/v1/project') }),
  },
  'a preview': {
    routes: ['POST /v1/templates/preview'],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.call('POST', '/v1/templates/preview', { name: w.template }) }),
  },
}

// --- OAuth --------------------------------------------------------------------------------------------------------------

const bearer = (tokens: TokenSet) => ({ authorization: `Bearer ${tokens.access_token}` })

const OAUTH: Record<string, Operation> = {
  'exchange through the API': {
    routes: [],
    needs: ['d1', 'ledger'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const { email, link } = await aSend(w)
      const who = browser(w.app)
      const code = codeIn((await who.press(await who.open(link))).headers.get('location'))
      const headers = { 'x-api-key': ROOT_KEY, ...key() }
      return {
        run: () => w.app.form('/oauth/token', { grant_type: 'authorization_code', code }, headers),
        finish: async ({ json }) => expect(await sessionsOf(email)).toEqual([json.session_id]),
      }
    },
  },
  'exchange by a client': {
    routes: ['POST /oauth/token', 'POST /oidc/token'],
    needs: ['d1', 'ledger'],
    shape: 'problem',
    works: [200],
    // RFC 6749 §4.1.2: once. Without an Idempotency-Key nothing says that it is the same call; the application asks
    // /authorize anew, where the person is signed in.
    again: [400],
    make: async (w) => {
      const who = person(w.app)
      const { code, verifier } = await codeFor(w.client, who, { redirect_uri: 'https://acme.example/callback' })
      return {
        run: () => exchange(w.app, w.client, code, verifier),
        finish: async () => {
          expect(await sessionsOf(who.email)).toHaveLength(1)
          const anew = await codeFor(w.client, who)
          expect((await exchange(w.app, w.client, anew.code, anew.verifier)).status).toBe(200)
          expect(await sessionsOf(who.email)).toHaveLength(1)
        },
      }
    },
  },
  refresh: {
    routes: [],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const { email, token } = await aSend(w)
      const { refresh_token, session_id } = await w.ok('POST', '/v1/passwordless/verify', { token })
      const refresh = (refresh_token: string) =>
        w.app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token }, { 'x-api-key': ROOT_KEY })
      return {
        run: () => refresh(refresh_token),
        finish: async ({ json }) => {
          expect((await refresh(json.refresh_token)).status).toBe(200)
          expect(await sessionsOf(email)).toEqual([session_id])
        },
      }
    },
  },
  client_credentials: {
    routes: [],
    needs: [],
    shape: 'problem',
    works: [200],
    make: async (w) => ({
      run: () => askAsClient(w.app, w.client, '/oauth/token', { grant_type: 'client_credentials' }),
    }),
  },
  introspect: {
    routes: ['POST /oauth/introspect'],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => ({
      run: () => askAsClient(w.app, w.client, '/oauth/introspect', { token: w.tokens.refresh_token }),
      finish: async ({ json }) => expect(json.active).toBe(true),
    }),
  },
  revoke: {
    routes: ['POST /oauth/revoke'],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => {
      const { token } = await aSend(w)
      const { refresh_token } = await w.ok('POST', '/v1/passwordless/verify', { token })
      const form = (path: string, more = {}) =>
        w.app.form(path, { token: refresh_token, ...more }, { 'x-api-key': ROOT_KEY })
      return {
        run: () => form('/oauth/revoke'),
        finish: async () => expect((await form('/oauth/introspect')).json).toEqual({ active: false }),
      }
    },
  },
  userinfo: {
    routes: ['GET /userinfo', 'POST /userinfo'],
    needs: ['d1'],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.request('/userinfo', { headers: bearer(w.tokens) }) }),
  },
  authorize: {
    routes: ['GET /authorize', 'POST /authorize'],
    needs: [],
    shape: 'authorize',
    works: [303],
    make: async (w) => {
      const [url, who] = [await authorizeUrl(w.client), person(w.app)]
      return { run: () => who.open(url) }
    },
  },
  'authorize, signed in': {
    routes: [],
    needs: ['d1', 'ledger'],
    shape: 'authorize',
    works: [303],
    make: async (w) => {
      const [url, who] = [await authorizeUrl(w.client), copyOf(w, w.somebody)]
      return {
        run: () => who.open(url),
        finish: async (answer) => expect(codeIn(locationOf(answer)), locationOf(answer)).not.toBe(''),
      }
    },
  },
  keys: {
    routes: ['GET /.well-known/jwks.json', 'GET /keys', 'GET /cis/oidc/jwks', 'GET /v1/auth/jwks/default'],
    needs: [],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.request('/.well-known/jwks.json') }),
  },
  discovery: {
    routes: [
      'GET /.well-known/openid-configuration',
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/oauth-authorization-server/p/:project',
    ],
    needs: [],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.request('/.well-known/openid-configuration') }),
  },
}

// --- pages --------------------------------------------------------------------------------------------------------------

const PAGES: Record<string, Operation> = {
  'the page of a link': {
    routes: ['GET /auth/magic-link'],
    needs: [],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { email, link } = await aSend(w)
      const who = browser(w.app)
      return {
        run: () => who.open(link),
        finish: async (page) => {
          const code = codeIn((await who.press(page)).headers.get('location'))
          const form = { grant_type: 'authorization_code', code }
          expect((await w.app.form('/oauth/token', form, { 'x-api-key': ROOT_KEY })).status).toBe(200)
          expect(await sessionsOf(email)).toHaveLength(1)
        },
      }
    },
  },
  'the page of a link, in the browser that asked': {
    routes: [],
    needs: [],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { who } = await asked(w)
      const { link } = contentFor(w, who.email)
      return { run: () => who.open(link ?? '') }
    },
  },
  press: {
    routes: ['POST /auth/magic-link'],
    needs: ['ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { email, link } = await aSend(w)
      const who = browser(w.app)
      const page = await who.open(link)
      return {
        run: () => who.press(page),
        finish: async (pressed) => {
          const form = { grant_type: 'authorization_code', code: codeIn(locationOf(pressed)) }
          expect((await w.app.form('/oauth/token', form, { 'x-api-key': ROOT_KEY })).status).toBe(200)
          expect(await sessionsOf(email)).toHaveLength(1)
        },
      }
    },
  },
  'press, with no application': {
    routes: [],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { email, link } = await aSend(w, { redirect_uri: undefined })
      const who = browser(w.app)
      const page = await who.open(link)
      return { run: () => who.press(page), finish: oneSession(email) }
    },
  },
  'press, on a hosted link': {
    routes: [],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { who } = await asked(w)
      const page = await who.open(contentFor(w, who.email).link ?? '')
      return { run: () => who.submit(page, '/auth/magic-link'), finish: oneSession(who.email) }
    },
  },
  'a new link for a dead one': {
    routes: ['POST /auth/magic-link/new'],
    needs: ['d1', 'ledger', 'provider'],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { email, link, token } = await aSend(w)
      await w.ok('POST', '/v1/passwordless/verify', { token })
      const who = person(w.app, email)
      const dead = await who.submit(await who.open(link), '/auth/magic-link')
      expect(dead.status).toBe(409)
      w.app.outbox.splice(0, w.app.outbox.length, ...w.app.outbox.filter(({ to }) => to !== email))
      return { email, run: () => who.submit(dead, '/auth/magic-link/new') }
    },
  },
  'a link for this browser': {
    routes: ['POST /auth/magic-link/here'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { who } = await asked(w)
      const elsewhere = person(w.app, who.email)
      const page = await elsewhere.open(contentFor(w, who.email).link ?? '')
      const relay = await elsewhere.submit(page, '/auth/magic-link')
      w.app.outbox.splice(0, w.app.outbox.length, ...w.app.outbox.filter(({ to }) => to !== who.email))
      return { email: who.email, run: () => elsewhere.submit(relay, '/auth/magic-link/here') }
    },
  },
  'sign-in': {
    routes: ['GET /sign-in'],
    needs: [],
    shape: 'page',
    works: [200],
    make: async (w) => ({ run: () => person(w.app).open('/sign-in') }),
  },
  'sign-in, signed in': {
    routes: [],
    needs: ['d1'],
    shape: 'page',
    works: [303],
    make: async (w) => ({ run: () => copyOf(w, w.somebody).open('/sign-in') }),
  },
  'asking for a sign-in': {
    routes: ['POST /sign-in'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = person(w.app)
      const page = await who.open('/sign-in')
      return {
        email: who.email,
        run: () => who.submit(page, '/sign-in', { email: who.email }),
        finish: async (answer) => {
          const waiting = await who.open(locationOf(answer))
          const done = await who.submit(waiting, '/sign-in/code', { typed: who.mailedCode() })
          expect(done.status, done.text).toBe(303)
          expect(await sessionsOf(who.email)).toHaveLength(1)
        },
      }
    },
  },
  'the code field': {
    routes: ['POST /sign-in/code'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { who, waiting } = await asked(w)
      const typed = who.mailedCode()
      return { run: () => who.submit(waiting, '/sign-in/code', { typed }), finish: oneSession(who.email) }
    },
  },
  'resend on the page': {
    routes: ['POST /sign-in/resend'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { who, waiting } = await asked(w)
      w.app.outbox.splice(0, w.app.outbox.length, ...w.app.outbox.filter(({ to }) => to !== who.email))
      return { email: who.email, run: () => who.submit(waiting, '/sign-in/resend') }
    },
  },
  waiting: {
    routes: ['GET /sign-in/code', 'GET /sign-in/done'],
    needs: [],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { who, waitingUrl } = await asked(w)
      return { run: () => who.open(waitingUrl) }
    },
  },
  'waiting, and the link was opened': {
    routes: [],
    needs: ['ledger'],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { who, waitingUrl } = await asked(w)
      return { run: () => who.open(`${waitingUrl}&opened=1`) }
    },
  },
  'how waiting stands': {
    routes: ['GET /sign-in/status'],
    needs: ['ledger'],
    shape: 'page',
    works: [200],
    make: async (w) => {
      const { who, s } = await asked(w)
      return { run: () => who.open(`/sign-in/status?s=${s}`) }
    },
  },
  'a tab that waited': {
    routes: ['GET /sign-in/go-on'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const { who, waiting, s } = await asked(w, await authorizeUrl(w.client))
      await who.submit(waiting, '/sign-in/code', { typed: who.mailedCode() })
      return {
        run: () => who.open(`/sign-in/go-on?s=${s}`),
        finish: async (answer) => {
          expect(codeIn(locationOf(answer))).not.toBe('')
          expect(await sessionsOf(who.email)).toHaveLength(1)
        },
      }
    },
  },
  'going on as who is signed in': {
    routes: ['POST /sign-in/go-on'],
    needs: ['d1', 'ledger'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = copyOf(w, w.somebody)
      const page = await who.open(locationOf(await person(w.app).open(await authorizeUrl(w.client))))
      return { run: () => who.submit(page, '/sign-in/go-on') }
    },
  },
  account: {
    routes: ['GET /account'],
    needs: ['d1'],
    shape: 'page',
    works: [200],
    make: async (w) => ({ run: () => copyOf(w, w.somebody).open('/account') }),
  },
  'ending a session': {
    routes: ['POST /account/end'],
    needs: ['d1'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = await signedIn(w)
      const before = copyOf(w, who)
      const [session = ''] = await sessionsOf(who.email)
      return {
        run: () => who.post('/account/end', { session }),
        finish: async () => expect((await before.open('/account')).status).toBe(303),
      }
    },
  },
  'signing out': {
    routes: ['POST /account/sign-out', 'GET /account/signed-out'],
    needs: ['d1'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = await signedIn(w)
      const before = copyOf(w, who)
      const page = await who.open('/account')
      return {
        run: () => who.submit(page, '/account/sign-out'),
        finish: async () => expect((await before.open('/account')).status).toBe(303),
      }
    },
  },
  logout: {
    routes: ['GET /logout', 'POST /logout'],
    needs: ['d1'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = person(w.app)
      const tokens = await signIn(w.app, w.client, who)
      const before = copyOf(w, who)
      const query = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER_LOGOUT })
      return {
        run: () => who.open(`/logout?${query}`),
        finish: async () => expect((await before.open('/account')).status).toBe(303),
      }
    },
  },
  'logout that asks': {
    routes: ['POST /logout/confirmed'],
    needs: ['d1'],
    shape: 'page',
    works: [303],
    make: async (w) => {
      const who = await signedIn(w)
      const before = copyOf(w, who)
      const page = await who.open('/logout')
      return {
        run: () => who.submit(page, '/logout/confirmed'),
        finish: async () => expect((await before.open('/account')).status).toBe(303),
      }
    },
  },
  'what is the same for everybody': {
    routes: ['GET /', 'GET /openapi.json'],
    needs: [],
    shape: 'problem',
    works: [200],
    make: async (w) => ({ run: () => w.app.request('/openapi.json') }),
  },
  docs: {
    routes: ['GET /docs', 'GET /docs/:page'],
    needs: ['assets'],
    shape: 'page',
    works: [200],
    make: async (w) => ({ run: () => w.app.request('/docs', { headers: { accept: 'text/html' } }) }),
  },
  health: {
    routes: ['GET /healthz'],
    needs: ['d1', 'ledger'],
    shape: 'health',
    works: [200],
    make: async () => {
      // What it said last is remembered for 5 s.
      let asked = 0
      const on = faultyWorld({ now: () => Date.now() + asked * 10_000 })
      return {
        on,
        run: () => {
          asked++
          return on.app.request('/healthz')
        },
      }
    },
  },
}

// --- dialects -----------------------------------------------------------------------------------------------------------

type Dialect = { shape: Shape; needs: Part[]; works?: number; again?: number[]; make: Operation['make'] }
const asVendor = (w: World, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  w.app.call(method, path, body, { key: null, headers: { authorization: `Bearer ${ROOT_KEY}`, ...headers } })

const T = '/cis/v1/auth'
const S = '/api/v1/passwordless/email'
const B = '/v1/auth'

const kosmosHeaders = () => ({
  noecdsa: 'true',
  licensekey: ROOT_KEY,
  // A request id is taken once: an application that asks again makes another.
  requestid: JSON.stringify({ ts: Math.floor(Date.now() / 1000), appid: 'fixme', uuid: crypto.randomUUID() }),
})
const kosmos = (w: World, method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
  w.app.call(method, path, body, { key: null, headers: { ...kosmosHeaders(), ...more } })
const R1 = '/api/r1/acr/community/default'
const R2 = '/api/r2/acr/community/default'
const codeBody = (emailTo: string) => ({
  version: 'v0',
  type: 'verification_link',
  emailTo,
  emailTemplateB64: btoa('Sign in: https://app.example.com/?code={{MAGICLINK}}'),
})
const kosmosCode = async (w: World) => {
  const email = anAddress()
  const sent = await kosmos(w, 'PUT', `${R2}/code`, codeBody(email))
  expect(sent.status, sent.text).toBe(200)
  return { email, code: sent.json.code as string }
}

/** A send of a vendor's: asked again with one Idempotency-Key. */
const vendorSend =
  (path: string, body: (email: string) => Record<string, unknown>, isKnown = false): Operation['make'] =>
  async (w) => {
    const email = anAddress()
    if (isKnown) await w.ok('POST', '/v1/users', { email })
    const headers = key()
    return { email, run: () => asVendor(w, 'POST', path, body(email), headers), finish: oneUser(email) }
  }

const streambirdOtp = async (w: World) => {
  const email = anAddress()
  const sent = await asVendor(w, 'POST', `${B}/otps/email/login_or_create`, { email })
  expect(sent.status, sent.text).toBe(200)
  return { email, method_id: sent.json.email_id as string, otp: contentFor(w, email).code ?? '' }
}

const DIALECTS: Record<string, Dialect> = {
  'POST /cis/v1/users': {
    shape: 'transmit',
    needs: ['d1'],
    works: 201,
    again: [400, 409],
    make: async (w) => {
      const email = anAddress()
      return { run: () => asVendor(w, 'POST', '/cis/v1/users', { email }), finish: oneUser(email) }
    },
  },
  'POST /cis/v1/auth/link/email/send': {
    shape: 'transmit',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${T}/link/email/send`, (email) => ({ email, redirect_uri: CALLBACK })),
  },
  'POST /cis/v1/auth/link/email/authenticate': {
    shape: 'transmit',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const email = anAddress()
      const sent = await asVendor(w, 'POST', `${T}/link/email/send`, { email, redirect_uri: CALLBACK })
      expect(sent.status, sent.text).toBe(200)
      const who = browser(w.app)
      const pressed = await who.press(await who.open(contentFor(w, email).link ?? ''))
      const headers = key()
      return {
        run: () => asVendor(w, 'POST', `${T}/link/email/authenticate`, { code: codeIn(locationOf(pressed)) }, headers),
        finish: oneSession(email),
      }
    },
  },
  'POST /cis/v1/auth/otp/send': {
    shape: 'transmit',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(
      `${T}/otp/send`,
      (identifier) => ({ channel: 'email', identifier, identifier_type: 'email' }),
      true,
    ),
  },
  'POST /cis/v1/auth/otp/authenticate': {
    shape: 'transmit',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const identifier = anAddress()
      await w.ok('POST', '/v1/users', { email: identifier })
      const named = { identifier, identifier_type: 'email' }
      const { code: passcode } = await w.ok('POST', `${T}/otp/send`, { ...named, channel: 'direct' })
      const headers = key()
      return {
        run: () => asVendor(w, 'POST', `${T}/otp/authenticate`, { ...named, passcode }, headers),
        finish: oneSession(identifier),
      }
    },
  },
  [`POST ${S}/send`]: {
    shape: 'scalekit',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${S}/send`, (email) => ({ email, magiclink_auth_uri: CALLBACK })),
  },
  [`POST ${S}/resend`]: {
    shape: 'scalekit',
    needs: ['d1', 'ledger', 'provider'],
    make: async (w) => {
      const email = anAddress()
      const { auth_request_id } = await w.ok('POST', `${S}/send`, { email, magiclink_auth_uri: CALLBACK })
      w.app.outbox.splice(0, w.app.outbox.length, ...w.app.outbox.filter(({ to }) => to !== email))
      const headers = key()
      return { email, run: () => asVendor(w, 'POST', `${S}/resend`, { auth_request_id }, headers) }
    },
  },
  [`POST ${S}/verify`]: {
    shape: 'scalekit',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const email = anAddress()
      const { auth_request_id } = await w.ok('POST', `${S}/send`, { email, magiclink_auth_uri: CALLBACK })
      const { code } = contentFor(w, email)
      const headers = key()
      return {
        run: () => asVendor(w, 'POST', `${S}/verify`, { code, auth_request_id }, headers),
        finish: oneUser(email),
      }
    },
  },
  [`POST ${B}/magic_links/email/login_or_create`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${B}/magic_links/email/login_or_create`, (email) => ({ email, ...REDIRECTS })),
  },
  [`POST ${B}/magic_links/email/invite`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${B}/magic_links/email/invite`, (email) => ({ email, invite_redirect_url: CALLBACK })),
  },
  [`POST ${B}/magic_links/create`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const headers = key()
      return { run: () => asVendor(w, 'POST', `${B}/magic_links/create`, { user_id: w.user }, headers) }
    },
  },
  [`POST ${B}/magic_links/email/login_status`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const sent = await w.ok('POST', `${B}/magic_links/email/login_or_create`, { email: anAddress(), ...REDIRECTS })
      const { email_id, request_origin_token } = sent
      return {
        run: () => asVendor(w, 'POST', `${B}/magic_links/email/login_status`, { email_id, request_origin_token }),
      }
    },
  },
  [`POST ${B}/magic_links/verify`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const email = anAddress()
      await w.ok('POST', `${B}/magic_links/email/login_or_create`, { email, ...REDIRECTS })
      const token = tokenOf(contentFor(w, email).link)
      const headers = key()
      const body = { token, session_expires_in: 60 }
      return { run: () => asVendor(w, 'POST', `${B}/magic_links/verify`, body, headers), finish: oneSession(email) }
    },
  },
  [`POST ${B}/otps/email/login_or_create`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${B}/otps/email/login_or_create`, (email) => ({ email, expires_in: 10 })),
  },
  [`POST ${B}/otps/email/send`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger', 'provider'],
    make: vendorSend(`${B}/otps/email/send`, (email) => ({ email, expires_in: 10 }), true),
  },
  [`POST ${B}/otps/verify`]: {
    shape: 'streambird',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const { email, method_id, otp } = await streambirdOtp(w)
      const headers = key()
      const body = { method_id, otp, session_expires_in: 60 }
      return { run: () => asVendor(w, 'POST', `${B}/otps/verify`, body, headers), finish: oneSession(email) }
    },
  },
  [`POST ${B}/sessions/verify`]: {
    shape: 'streambird',
    needs: ['d1'],
    make: async (w) => {
      const { session_token } = w.streambirdSession
      return { run: () => asVendor(w, 'POST', `${B}/sessions/verify`, { session_token }) }
    },
  },
  [`GET ${B}/sessions/list`]: {
    shape: 'streambird',
    needs: ['d1'],
    make: async (w) => ({ run: () => asVendor(w, 'GET', `${B}/sessions/list?user_id=${w.user}`) }),
  },
  [`DELETE ${B}/sessions/delete`]: {
    shape: 'streambird',
    needs: ['d1'],
    again: [200, 404],
    make: async (w) => {
      const { session_token } = await w.streambird(anAddress())
      return { run: () => asVendor(w, 'DELETE', `${B}/sessions/delete`, { session_token }) }
    },
  },
  [`POST ${B}/users/create`]: {
    shape: 'streambird',
    needs: ['d1'],
    again: [200, 400, 409],
    make: async (w) => {
      const email = anAddress()
      return { run: () => asVendor(w, 'POST', `${B}/users/create`, { email }), finish: oneUser(email) }
    },
  },
  [`POST ${B}/users/search`]: {
    shape: 'streambird',
    needs: ['d1'],
    make: async (w) => ({ run: () => asVendor(w, 'POST', `${B}/users/search`, { limit: 2 }) }),
  },
  [`GET ${B}/users/:id`]: {
    shape: 'streambird',
    needs: ['d1'],
    make: async (w) => ({ run: () => asVendor(w, 'GET', `${B}/users/${w.user}`) }),
  },
  [`PUT ${B}/users/:id/update`]: {
    shape: 'streambird',
    needs: ['d1'],
    make: async (w) => {
      const id = await aUser(w)
      return { run: () => asVendor(w, 'PUT', `${B}/users/${id}/update`, { first_name: 'Ada' }) }
    },
  },
  [`DELETE ${B}/users/:id/delete`]: {
    shape: 'streambird',
    needs: ['d1'],
    again: [200, 404],
    make: async (w) => {
      const id = await aUser(w)
      return { run: () => asVendor(w, 'DELETE', `${B}/users/${id}/delete`) }
    },
  },
  'POST /api/r1/system/community_info/fetch': {
    shape: '1kosmos',
    needs: [],
    make: async (w) => ({
      run: () => w.app.call('POST', '/api/r1/system/community_info/fetch', { communityName: 'default' }, { key: null }),
    }),
  },
  'GET /caas/sd': { shape: '1kosmos', needs: [], make: async (w) => ({ run: () => w.app.request('/caas/sd') }) },
  'PUT /api/r2/acr/community/:community/code': {
    shape: '1kosmos',
    needs: ['d1', 'ledger', 'provider'],
    make: async (w) => {
      const email = anAddress()
      const body = codeBody(email)
      const headers = key()
      return { email, run: () => kosmos(w, 'PUT', `${R2}/code`, body, headers) }
    },
  },
  'GET /api/r1/acr/community/:community/:code': {
    shape: '1kosmos',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const { code } = await kosmosCode(w)
      return { run: () => kosmos(w, 'GET', `${R1}/${code}`) }
    },
  },
  'POST /api/r1/acr/community/:community/:code/redeem': {
    shape: '1kosmos',
    needs: ['d1', 'ledger'],
    make: async (w) => {
      const { code } = await kosmosCode(w)
      const headers = key()
      return { run: () => kosmos(w, 'POST', `${R1}/${code}/redeem`, {}, headers) }
    },
  },
}
/** Two addresses of one handler. */
const ALIASES: Record<string, string[]> = {
  [`PUT ${B}/users/:id/update`]: [`PUT ${B}/users/:id`],
  [`DELETE ${B}/users/:id/delete`]: [`DELETE ${B}/users/:id`],
}
const dialects = Object.entries(DIALECTS).map(([route, { works = 200, ...operation }]): [string, Operation] => [
  route,
  { ...operation, routes: [route, ...(ALIASES[route] ?? [])], works: [works] },
])

const callbacks = (['resend', 'postmark', 'sendgrid'] as const).map((provider): [string, Operation] => [
  `POST /callbacks/${provider}`,
  {
    routes: [`POST /callbacks/${provider}`],
    needs: ['d1'],
    shape: 'problem',
    works: [204],
    make: async (w) => {
      const email = anAddress()
      const { message } = await w.ok('POST', '/v1/passwordless/send', { email, method: 'code' })
      const told = {
        project: w.project,
        message: message.id as string,
        to: email,
        what: 'hard' as const,
        at: Date.now(),
      }
      return {
        run: () => tell(w.app, provider, told),
        finish: async () => {
          const { timeline } = await w.ok('GET', `/v1/messages/${message.id}`)
          expect(timeline.filter(({ event }: { event: string }) => event === 'bounced')).toHaveLength(1)
        },
      }
    },
  },
])

export const OPERATIONS: Record<string, Operation> = Object.fromEntries([
  ...reads,
  ...writes,
  ...Object.entries({ ...PASSWORDLESS, ...OAUTH, ...PAGES }),
  ...dialects,
  ...callbacks,
])
