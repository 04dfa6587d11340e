/**
 * Requests made from openapi.json and then spoilt (security.md §3.6). Whatever comes: no 5xx, a documented status with the
 * documented body, nothing of the caller's credentials in it, nothing written and nothing sent by what was refused.
 * `npm run test:fuzz` asks a million; VITE_SEED repeats a run.
 */

import { beforeAll, describe, expect, it, vi } from 'vitest'
import { NO_RECIPIENT } from '../../src/http/dialects/1kosmos/wire.ts'
import { type Answer, anAddress, env, ISSUER, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { aProject, type TestProject } from '../support/project.ts'
import { garble, mutate, ODD_TEXTS, type Random, random, type Schema, sample } from './generate.ts'
import { kosmosHeaders } from './kosmos.ts'
import { DIALECT_ROUTES, LICENSED_ROUTES, PERSON_ROUTES } from './routes.ts'

const REQUESTS = Number(import.meta.env.VITE_FUZZ_REQUESTS || 20_000)
const SEED = Number(import.meta.env.VITE_SEED || Date.now() % 2 ** 31)
/** Of ten requests: eight of the API, one of a dialect, one of a page. */
const SHARES = { api: 0.8, dialects: 0.1, pages: 0.1 }
const LANES = 4
const MAX_ANSWER = 64 * 1024
/** Bytes of each of a list, of which there are at most 100. */
const MAX_ROW = 1024
const CALLBACK = 'http://localhost:3000/callback'
const CANARY = 'canary-of-the-authorization-header'

vi.setConfig({ testTimeout: Math.max(120_000, REQUESTS * 20) })

/** An app that notes how many rows it changes. */
type Lane = { app: TestApp; changed: number }
function aLane(): Lane {
  const lane: Lane = { app: setup, changed: 0 }
  const DB = new Proxy(env.DB, {
    get(db, name) {
      if (name === 'batch')
        return async (statements: D1PreparedStatement[]) => {
          const results = await db.batch(statements)
          for (const { meta } of results) lane.changed += meta.changes
          return results
        }
      const member = Reflect.get(db, name)
      return typeof member === 'function' ? member.bind(db) : member
    },
  })
  lane.app = testApp({ bindings: { DB, PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
  return lane
}

const setup = testApp()
const document: Schema = (await setup.request('/openapi.json')).json

type Fuzzed = { id: string; method: string; path: string; operation: Schema }
const OPERATIONS: Fuzzed[] = Object.entries<Record<string, Schema>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    operation,
  })),
)

// A 5xx is logged: the answer is what is looked at, a thousand times.
vi.spyOn(console, 'error').mockImplementation(() => {})

let project: TestProject
let key = ''
/** Ids that are there, to be asked about, changed and deleted. */
const ids: Record<string, string[]> = {}
beforeAll(async () => {
  project = await aProject(setup, { redirect_uris: [CALLBACK] })
  key = (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })).key
  const make = async (name: string, method: string, path: string, body: () => unknown, take = 'id') => {
    ids[name] = []
    for (let i = 0; i < 8; i++) ids[name].push((await project.ok(method, path, body()))[take])
  }
  await make('users', 'POST', '/v1/users', () => ({ email: anAddress() }))
  await make('clients', 'POST', '/v1/clients', () => ({ name: 'App' }))
  await make('organizations', 'POST', '/v1/organizations', () => ({ name: 'Acme' }))
  await make('api_keys', 'POST', '/v1/api_keys', () => ({ name: 'k', scopes: ['users:read'] }))
  await make('passwordless', 'POST', '/v1/passwordless/send', () => ({ email: anAddress(), reveal: true }))
  await make('projects', 'POST', '/v1/projects', () => ({ name: 'Spare' }))
  await make('links', 'POST', '/v1/passwordless/send', () => ({ email: anAddress(), reveal: true }), 'link')
  ids.messages = (await project.ok('GET', '/v1/messages')).data.map(({ id }: { id: string }) => id)
  ids.sessions = [`sess_${'2'.repeat(27)}`]
})

// --- requests -------------------------------------------------------------------------------------------------------

type Built = { path: string; init: RequestInit; what: string }

const encoded = (value: unknown): string => {
  const given = typeof value === 'string' ? value : JSON.stringify(value)
  return encodeURIComponent((given ?? '').toWellFormed())
}
const anId = (r: Random, collection: string): string =>
  r.chance(0.6) ? r.pick(ids[collection] ?? ['x']) : r.pick([`user_${'2'.repeat(27)}`, ...ODD_TEXTS])

/** Values that a field of this name could really have. */
const knownFor = (r: Random): Record<string, () => unknown> => ({
  email: () => `p${r.int(1e6)}@example.com`,
  phone: () => `+1202555${1000 + r.int(9000)}`,
  user_id: () => anId(r, 'users'),
  id: () => anId(r, 'passwordless'),
  token: () => new URL(r.pick(ids.links ?? ['http://x?code=x'])).searchParams.get('code'),
  code: () => String(100_000 + r.int(900_000)),
  redirect_uri: () => CALLBACK,
  org_id: () => anId(r, 'organizations'),
  code_challenge: () => 'A'.repeat(43),
  code_verifier: () => 'v'.repeat(43),
  locale: () => r.pick(['en', 'de', 'ar', 'pt-BR']),
  template: () => r.pick(['sign_in', 'nothing']),
  name: () => r.pick(['sign_in', 'App']),
  limit: () => 1 + r.int(5),
  redirect_uris: () => [CALLBACK],
  post_logout_redirect_uris: () => [CALLBACK],
  scope: () => r.pick(['openid', 'users:read']),
  grant_type: () => r.pick(['authorization_code', 'refresh_token', 'client_credentials', 'password']),
  // The project must go on answering.
  send_limits: () => ({ per_minute: 1000, per_15_minutes: 1000, per_day: 1000 }),
})

function build(r: Random, { method, path, operation }: Fuzzed): Built {
  const known = knownFor(r)
  const collection = /\/(\w+)\/\{id\}/.exec(path)?.[1] ?? ''
  const parts: Record<string, () => string> = {
    id: () => anId(r, collection),
    user_id: () => anId(r, 'users'),
    email: () => r.pick(['nobody@example.com', ...ODD_TEXTS]),
    name: () => r.pick(['sign_in', 'mine', ...ODD_TEXTS]),
    locale: () => r.pick(['en', 'xx', ...ODD_TEXTS]),
    project: () => project.id,
  }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = encoded(parts[name]?.() ?? 'x')
    // An empty segment, or one that leads back, is another address.
    return /^(\.|%2e)*$/i.test(value) ? 'x' : value
  })
  const query = new URLSearchParams()
  let search = ''
  for (const parameter of (operation.parameters ?? []) as Schema[]) {
    if (parameter.in !== 'query' || r.chance(0.7)) continue
    const value = sample(r, parameter.schema, known, parameter.name)
    query.append(parameter.name, String(r.chance(0.4) ? (mutate(r, value) ?? '') : value).toWellFormed())
    if (r.chance(0.1)) query.append(parameter.name, 'again')
  }
  if (r.chance(0.05)) query.append(r.pick(ODD_TEXTS).toWellFormed(), r.pick(ODD_TEXTS).toWellFormed())
  search = query.size > 0 ? `?${query}` : ''
  if (r.chance(0.02)) search += `${search ? '&' : '?'}${r.pick(['%E0%A4%A', '%', '&&&', '=', 'a[]=1', '__proto__=1'])}`

  const headers: Record<string, string> = { authorization: `Bearer ${CANARY}` }
  const caller = r.int(20)
  if (caller > 1) headers['x-api-key'] = caller === 2 ? ROOT_KEY : caller === 3 ? 'lk_wrong' : key
  if (caller === 2) headers['x-project'] = project.id
  const content = Object.entries<Schema>(operation.requestBody?.content ?? {})[0]
  let body: BodyInit | undefined
  if (content) {
    const [type, { schema }] = content
    let value = sample(r, schema, known)
    const kind = r.int(10)
    if (kind > 2) for (let i = 0; i < 1 + r.int(2); i++) value = mutate(r, value)
    if (type === 'application/json') {
      // A secret that a caller brings is nobody else's text: what is stored is searched for it (test/setup.ts).
      const fields = value as { client_secret?: unknown } | null
      if (typeof fields?.client_secret === 'string' && fields.client_secret !== '')
        value = { ...fields, client_secret: `${fields.client_secret}${r.int(2 ** 31)}` }
      const json = JSON.stringify(value) ?? 'null'
      const bytes = kind === 9 ? garble(r, json) : json
      body = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    } else {
      const fields = Object.entries((value ?? {}) as object).map(
        ([name, given]) => `${encoded(name)}=${encoded(given)}`,
      )
      if (r.chance(0.1)) fields.push(...fields.slice(0, 1))
      body = new TextEncoder().encode(fields.join('&').slice(0, 20_000))
    }
    headers['content-type'] = r.chance(0.04) ? r.pick(['text/plain', 'application/jsonp', 'multipart/form-data']) : type
    if (r.chance(0.1) && operation.parameters?.some(({ in: at }: Schema) => at === 'header'))
      headers['idempotency-key'] = r.pick([crypto.randomUUID(), 'k', 'x'.repeat(255), 'x'.repeat(256)])
  }
  const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body }) }
  return { path: filled + search, init, what: `${method} ${path}` }
}

// --- what has to hold -----------------------------------------------------------------------------------------------

function faultsOf(answer: Answer, lane: Lane, what: string): string[] {
  const { status, text, headers } = answer
  const found: string[] = []
  // vendors.md: 1Kosmos says so where no recipient is named.
  if (status >= 500 && answer.json.message !== NO_RECIPIENT) found.push(`answers ${status}`)
  if (text.includes(CANARY) || text.includes(key) || text.includes(ROOT_KEY)) found.push('says the credentials again')
  if (status >= 400 && text.length > MAX_ANSWER) found.push(`answers ${text.length} bytes`)
  if (!/^req_[0-9a-f]{32}$/.test(headers.get('x-request-id') ?? '')) found.push('has no request id')
  if (status >= 400) {
    // 1Kosmos: the request id was seen, whatever became of the request.
    // What another lane deleted after it was changed here is a 404 in the end.
    if (status !== 404 && lane.changed > (what in LICENSED_ROUTES ? 1 : 0))
      found.push(`refuses with ${status} and changes ${lane.changed} rows`)
    if (lane.app.outbox.length + lane.app.texts.length > 0) found.push(`refuses with ${status} and sends`)
  }
  return found
}

const CODES = new Set<string>(document.components.schemas.Problem.properties.code.enum)

function apiFaults(answer: Answer, { operation, path }: Fuzzed): string[] {
  const { status, headers, json, text } = answer
  const documented = operation.responses[String(status)] as Schema | undefined
  if (!documented) return [`answers ${status} ${json.code ?? json.error}, which is not documented`]
  const found: string[] = []
  const type = headers.get('content-type') ?? ''
  const types = Object.keys(documented.content ?? {})
  if (types.length > 0 && !types.some((known) => type.startsWith(known))) found.push(`answers ${status} as ${type}`)
  if (status < 400) {
    const most = Array.isArray(json.data) ? Math.max(MAX_ANSWER, json.data.length * MAX_ROW) : MAX_ANSWER
    if (text.length > most && !path.includes('templates')) found.push(`answers ${text.length} bytes`)
    return found
  }
  if (type === 'application/problem+json') {
    const isWhole =
      json.status === status &&
      CODES.has(json.code) &&
      json.type === `${ISSUER}/docs/errors#${json.code}` &&
      [json.title, json.detail, json.request_id].every((member) => typeof member === 'string' && member !== '')
    if (!isWhole) found.push(`is no problem: ${text.slice(0, 200)}`)
    if (!String(documented.description).split(', ').includes(json.code)) found.push(`answers ${status} ${json.code}`)
  } else if (typeof json.error !== 'string') found.push(`is no error: ${text.slice(0, 200)}`)
  return found
}

/** Runs so many requests in lanes side by side; what went wrong, with the request, each kind once. */
async function fuzz(
  count: number,
  stream: number,
  make: (r: Random, lane: number) => Built & { check: (answer: Answer) => string[] },
): Promise<string[]> {
  const faults = new Map<string, string>()
  await Promise.all(
    Array.from({ length: LANES }, async (_, index) => {
      const r = random(SEED * 31 + stream * 1009 + index)
      let lane = aLane()
      for (let i = 0; i < Math.ceil(count / LANES); i++) {
        // A new isolate now and then, so that no cache hides what the database says.
        if (i % 2000 === 1999) lane = aLane()
        const { path, init, what, check } = make(r, index)
        lane.changed = lane.app.outbox.length = lane.app.texts.length = 0
        const answer = await lane.app.request(path, init)
        for (const fault of [...faultsOf(answer, lane, what), ...check(answer)]) {
          const body = init.body instanceof Uint8Array ? new TextDecoder().decode(init.body.slice(0, 600)) : ''
          const seen = `${what} ${fault}`
          if (!faults.has(seen))
            faults.set(seen, `${seen}\n    ${path.slice(0, 300)} ${body} → ${answer.text.slice(0, 300)}`)
        }
      }
    }),
  )
  return [...faults.values()]
}

/** Of two that change one project's settings, or one client, at once, one may have to ask again: only one lane does. */
const ALONE = ['updateProject', 'updateProjectById', 'updateClient', 'deleteClient']
const WITHOUT_SETTINGS = OPERATIONS.filter(({ id }) => !ALONE.includes(id))

/** Nothing else says it, so that it is told from what requests have stored. */
const BROWSER_KEY = `${crypto.randomUUID().replaceAll('-', '').slice(0, 21)}A`

const SAYS = `VITE_SEED=${SEED} repeats this`

it(`${REQUESTS * SHARES.api} requests of the API`, async () => {
  const faults = await fuzz(REQUESTS * SHARES.api, 1, (r, lane) => {
    const operation = r.pick(lane === 0 ? OPERATIONS : WITHOUT_SETTINGS)
    return { ...build(r, operation), check: (answer) => apiFaults(answer, operation) }
  })
  expect(faults, SAYS).toEqual([])
})

// --- dialects -------------------------------------------------------------------------------------------------------

const BODIES: Record<string, (r: Random) => Record<string, unknown>> = {
  'POST /cis/v1/users': (r) => ({
    email: `p${r.int(1e6)}@example.com`,
    name: { first_name: 'A' },
    custom_data: { a: 1 },
  }),
  'POST /cis/v1/auth/link/email/send': (r) => ({
    email: `p${r.int(1e6)}@example.com`,
    redirect_uri: CALLBACK,
    state: 's',
    email_expiration: 5,
    email_content: { subject: 'x', primaryColor: '#112233' },
    client_attributes: { user_agent: 'x', ip_address: '203.0.113.7' },
    generate_request_id: true,
  }),
  'POST /cis/v1/auth/link/email/authenticate': () => ({
    code: 'A'.repeat(99),
    claims: { id_token: { email: null } },
    org_id: 'x',
    request_id: 'x',
  }),
  'POST /cis/v1/auth/otp/send': (r) => ({
    channel: r.pick(['email', 'direct', 'sms']),
    identifier_type: 'user_id',
    identifier: anId(r, 'users'),
    approval_data: { a: 'b' },
    custom_sms_input: { custom_message: '{otp} {app}', sender_id: 'x' },
    expires_in: 5,
  }),
  'POST /cis/v1/auth/otp/authenticate': (r) => ({
    passcode: '123456',
    identifier_type: 'user_id',
    identifier: anId(r, 'users'),
    session_id: 'x',
  }),
  'POST /api/v1/passwordless/email/send': (r) => ({
    email: `p${r.int(1e6)}@example.com`,
    magiclink_auth_uri: CALLBACK,
    template: 'SIGNIN',
    expires_in: 300,
    state: 's',
    template_variables: { a: 'b' },
  }),
  'POST /api/v1/passwordless/email/resend': (r) => ({ auth_request_id: anId(r, 'passwordless') }),
  'POST /api/v1/passwordless/email/verify': (r) => ({ code: '123456', auth_request_id: anId(r, 'passwordless') }),
  'POST /v1/auth/magic_links/email/login_or_create': (r) => ({
    email: `p${r.int(1e6)}@example.com`,
    login_redirect_url: CALLBACK,
    registration_redirect_url: CALLBACK,
    login_expires_in: 5,
    expires_in: 60,
    requires_verification: true,
    device_fingerprint: { ip: '203.0.113.7', user_agent: 'x' },
  }),
  'POST /v1/auth/magic_links/email/invite': (r) => ({
    email: `p${r.int(1e6)}@example.com`,
    invite_redirect_url: CALLBACK,
    first_name: 'A',
    middle_name: 'B',
    invite_expires_in: 60,
  }),
  'POST /v1/auth/magic_links/create': (r) => ({ user_id: anId(r, 'users'), expires_in: 5 }),
  'POST /v1/auth/magic_links/email/login_status': () => ({ email_id: 'x', request_origin_token: 'x' }),
  'POST /v1/auth/magic_links/verify': () => ({
    token: 'A'.repeat(99),
    session_expires_in: 60,
    session_token: 'A'.repeat(82),
    request_origin_token: 'x',
    device_fingerprint: { ip: '203.0.113.7' },
  }),
  'POST /v1/auth/otps/email/login_or_create': (r) => ({ email: `p${r.int(1e6)}@example.com`, expires_in: 5 }),
  'POST /v1/auth/otps/email/send': (r) => ({ email: `p${r.int(1e6)}@example.com`, expires_in: 5 }),
  'POST /v1/auth/otps/verify': () => ({ method_id: 'x', otp: '123456', session_expires_in: 60 }),
  'POST /v1/auth/sessions/verify': () => ({ session_token: 'A'.repeat(82), session_expires_in: 60 }),
  'GET /v1/auth/sessions/list': (r) => ({ user_id: anId(r, 'users') }),
  'DELETE /v1/auth/sessions/delete': () => ({ session_id: 'x' }),
  'POST /v1/auth/users/create': (r) => ({ email: `p${r.int(1e6)}@example.com`, first_name: 'A', phone_number: 'x' }),
  'POST /v1/auth/users/search': () => ({
    filters: { operator: 'AND', fields: [{ field: 'created_at', operator: 'between', value: 1, second_value: 2 }] },
    limit: 5,
    starting_after: 'x',
  }),
  'GET /v1/auth/users/:id': () => ({}),
  'PUT /v1/auth/users/:id': (r) => ({ first_name: 'A', email: `p${r.int(1e6)}@example.com`, middle_name: 'B' }),
  'PUT /v1/auth/users/:id/update': () => ({ last_name: 'A', phone_number: '+12025550123' }),
  'DELETE /v1/auth/users/:id': () => ({}),
  'DELETE /v1/auth/users/:id/delete': () => ({}),
  'PUT /api/r2/acr/community/:community/code': (r) => ({
    type: 'verification_link',
    emailTo: `p${r.int(1e6)}@example.com`,
    emailSubject: 'x',
    emailTemplateB64: btoa('{{MAGICLINK}}'),
    createdBy: 'x',
    ttl_seconds: 900,
  }),
  'GET /api/r1/acr/community/:community/:code': () => ({}),
  'POST /api/r1/acr/community/:community/:code/redeem': () => ({}),
  'POST /api/r1/system/community_info/fetch': () => ({ communityName: project.id, tenantId: 'x', communityId: 'x' }),
}
const DIALECT = [
  ...Object.keys(DIALECT_ROUTES),
  ...Object.keys(LICENSED_ROUTES),
  'POST /api/r1/system/community_info/fetch',
]

/** What a vendor's clients are told (vendors.md): their own shape, whatever is wrong. */
const SHAPES: [path: string, isWhole: (json: Record<string, unknown>, status: number) => boolean][] = [
  ['/cis/', (json) => 'error_code' in json && 'message' in json && !('title' in json)],
  ['/api/v1/', (json) => typeof json.code === 'number' && Array.isArray(json.details)],
  ['/v1/auth/', (json, status) => json.status_code === status && [json.error_type, json.error_message].every(isText)],
  ['/api/r', (json) => isText(json.message)],
]
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

function dialectFaults({ status, json, text, headers }: Answer, route: string): string[] {
  if (status < 400) return []
  if (!(headers.get('content-type') ?? '').startsWith('application/json')) return [`answers ${status} with no JSON`]
  const [, isWhole = () => false] = SHAPES.find(([path]) => route.includes(` ${path}`)) ?? []
  return isWhole(json, status) ? [] : [`is in no shape of the vendor: ${text.slice(0, 200)}`]
}

it('every route of a dialect has a body to begin with', () => {
  expect(DIALECT.filter((route) => !(route in BODIES))).toEqual([])
})

it(`${REQUESTS * SHARES.dialects} requests of the dialects`, async () => {
  const faults = await fuzz(REQUESTS * SHARES.dialects, 2, (r) => {
    const route = r.pick(DIALECT)
    const [method = '', pattern = ''] = route.split(' ')
    let value: unknown = BODIES[route]?.(r)
    const kind = r.int(10)
    if (kind > 0) for (let i = 0; i < 1 + r.int(2); i++) value = mutate(r, value)
    const json = JSON.stringify(value) ?? 'null'
    const bytes = kind === 9 ? garble(r, json) : json
    const body = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    const headers = {
      ...(route in LICENSED_ROUTES ? kosmosHeaders(key) : { authorization: `Bearer ${r.chance(0.95) ? key : CANARY}` }),
      'content-type': r.chance(0.97) ? 'application/json' : 'text/plain',
    }
    const part = (name: string) => (name === 'community' && r.chance(0.9) ? project.id : anId(r, 'users'))
    const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => encoded(part(name)).replace(/^(\.|%2e)*$/i, 'x'))
    const isBelow = !route.includes(' /api/r') && r.chance(0.2)
    const query = method === 'GET' && r.chance(0.5) ? `?user_id=${encoded(anId(r, 'users'))}` : ''
    return {
      path: (isBelow ? `/p/${project.id}` : '') + path + query,
      init: { method, headers, ...(method === 'GET' ? {} : { body }) },
      what: route,
      check: (answer) => dialectFaults(answer, route),
    }
  })
  expect(faults, SAYS).toEqual([])
})

// --- pages ----------------------------------------------------------------------------------------------------------

const FIELDS =
  `code token nonce s request typed email session everywhere target id_token_hint client_id redirect_uri state scope
  response_type code_challenge code_challenge_method prompt max_age login_hint ui_locales claims resource post_logout_redirect_uri
  response_mode opened again`.split(/\s+/)

describe('pages', () => {
  it(`${REQUESTS * SHARES.pages} requests`, async () => {
    const faults = await fuzz(REQUESTS * SHARES.pages, 3, (r) => {
      const route = r.pick(PERSON_ROUTES)
      const [method = '', path = ''] = route.split(' ')
      const fields = new URLSearchParams()
      const known = knownFor(r)
      for (let i = 0; i < r.int(5); i++) {
        const name = r.pick(FIELDS)
        const value = r.chance(0.4) ? String((known[name] ?? known.token)?.()) : r.pick(ODD_TEXTS)
        fields.append(name, value.toWellFormed())
      }
      const headers: Record<string, string> = {
        accept: 'text/html',
        cookie: r.pick([
          '',
          'visit=x; flow=%00',
          `flow=${BROWSER_KEY}; visit=${BROWSER_KEY}`,
          'session_x=a.b; device=....',
        ]),
        'accept-language': r.pick(['de', '*', 'x'.repeat(500), 'en;q=9']),
        'user-agent': r.pick(ODD_TEXTS).replaceAll(/[^\x20-\x7e]/g, '?'),
      }
      const base = r.chance(0.3) ? `/p/${r.pick([project.id, `proj_${'2'.repeat(27)}`, 'x'])}` : ''
      const isPost = method === 'POST'
      return {
        path: base + path + (isPost || fields.size === 0 ? '' : `?${fields}`),
        init: {
          method,
          headers: isPost
            ? {
                ...headers,
                origin: r.chance(0.9) ? ISSUER : 'null',
                'content-type': 'application/x-www-form-urlencoded',
              }
            : headers,
          ...(isPost ? { body: new TextEncoder().encode(String(fields)) } : {}),
        },
        what: route,
        check: ({ status, text }) => (status < 400 && text.length > MAX_ANSWER ? [`answers ${text.length} bytes`] : []),
      }
    })
    expect(faults, SAYS).toEqual([])
  })
})
