import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { OPERATIONS } from '../../../src/http/api/openapi.ts'
import { type Answer, anAddress, env, ROOT_KEY, testApp } from '../../support/app.ts'
import { expectInvalid, expectProblem, type Operation, pathOf } from '../../support/refusals.ts'

/** SQL that would change something. */
let writes: string[] = []
const DB = new Proxy(env.DB, {
  get(db, name) {
    if (name === 'prepare') {
      return (sql: string) => {
        if (!/^\s*SELECT\b/i.test(sql)) writes.push(sql)
        return db.prepare(sql)
      }
    }
    const member = Reflect.get(db, name)
    return typeof member === 'function' ? member.bind(db) : member
  },
})
const app = testApp({ bindings: { DB } })
let userId = ''
/** What there is to change, by collection. */
let targets: Record<string, string> = {}

beforeAll(async () => {
  const user = await app.call('POST', '/v1/users', { email: anAddress(), first_name: 'Ada', metadata: { a: 1 } })
  const client = await app.call('POST', '/v1/clients', { name: 'App' })
  const project = await app.call('POST', '/v1/projects', { name: 'Another' })
  const organization = await app.call('POST', '/v1/organizations', { name: 'Acme' })
  userId = user.json.id
  targets = {
    users: userId,
    clients: client.json.id,
    projects: project.json.id,
    organizations: organization.json.id,
  }
})

/** One body for each operation that is right, so that a case deviates in one thing. */
const VALID: Record<string, () => Record<string, unknown>> = {
  createUser: () => ({ email: anAddress() }),
  updateUser: () => ({ first_name: 'Ada' }),
  setUserStatus: () => ({ status: 'ACTIVE' }),
  createLoginUrl: () => ({ state: 's' }),
  send: () => ({ email: anAddress() }),
  resend: () => ({ id: `chal_${'A'.repeat(62)}` }),
  verify: () => ({ token: 'A'.repeat(99) }),
  updateProject: () => ({ name: 'Latchkey' }),
  createApiKey: () => ({ name: 'key', scopes: ['users:read'] }),
  createClient: () => ({ name: 'App' }),
  updateClient: () => ({ name: 'App' }),
  createProject: () => ({ name: 'Project' }),
  updateProjectById: () => ({ name: 'Project' }),
  createSuppression: () => ({ email: anAddress() }),
  previewTemplate: () => ({ name: 'sign_in' }),
  createOrganization: () => ({ name: 'Acme' }),
  updateOrganization: () => ({ name: 'Acme' }),
  addMember: () => ({ user_id: userId }),
  setMemberRoles: () => ({ roles: ['admin'] }),
  putTemplate: () => ({ subject: 'Sign in', html: '<p>{{link}}</p>' }),
}
const validBody = ({ id }: Operation) => {
  const make = VALID[id.replace('Unversioned', '')]
  if (!make) throw new Error(`${id} takes a body: give it a valid one in VALID`)
  return make()
}

const WITH_BODY = OPERATIONS.filter(({ body }) => body)
const LISTS = OPERATIONS.filter(({ query }) => query)
const KIB = 1024
const LIMITS: Record<string, number> = {
  send: 64 * KIB,
  resend: 64 * KIB,
  previewTemplate: 128 * KIB,
  putTemplate: 128 * KIB,
}
const limitOf = ({ id }: Operation) => LIMITS[id] ?? 16 * KIB

/** The operation's path, on something that is there where there is such a thing. */
const targetOf = (operation: Operation) => pathOf(operation, targets[/(\w+)\/\{id\}/.exec(operation.path)?.[1] ?? ''])

type Body = string | Uint8Array | ReadableStream
const sendRaw = (operation: Operation, body: Body, headers: Record<string, string> = {}): Promise<Answer> =>
  app.request(targetOf(operation), {
    method: operation.method.toUpperCase(),
    headers: { 'x-api-key': ROOT_KEY, ...headers },
    // A string would bring its own content type.
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  })
const sendText = (operation: Operation, body: Body) => sendRaw(operation, body, { 'content-type': 'application/json' })
const sendJson = (operation: Operation, body: unknown) => sendText(operation, JSON.stringify(body))

async function changingNothing(ask: () => Promise<Answer>): Promise<Answer> {
  writes = []
  app.outbox.length = 0
  const answer = await ask()
  expect(writes).toEqual([])
  expect(app.outbox).toEqual([])
  return answer
}

const streamOf = (text: string, chunk = 1000): ReadableStream => {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + chunk))
      at += chunk
    },
  })
}

// --- the whole body -------------------------------------------------------------------------------------------------

describe.each(WITH_BODY)('$method $path takes a plain JSON object:', (operation) => {
  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['half an object', '{'],
    ['a trailing comma', '{"state":"s",}'],
    ['single quotes', "{'state':'s'}"],
    ['a comment', '{/* */}'],
    ['two objects', '{}{}'],
    ['a byte order mark', '\ufeff{}'],
    ['NaN', '{"expires_in":NaN}'],
    ['a number with a leading zero', '{"expires_in":01}'],
    ['a raw line break in a text', '{"state":"a\nb"}'],
    ['form fields', 'email=ada%40example.com'],
    ['null', 'null'],
    ['true', 'true'],
    ['a number', '5'],
    ['a text', '"email"'],
    ['an empty array', '[]'],
    ['an array of a valid body', '[{}]'],
  ])('400 for %s', async (_name, body) => {
    expectProblem(await changingNothing(() => sendText(operation, body)), 400, 'invalid_request')
  })

  it.each([
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['a surrogate in UTF-8', Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
    ['an overlong slash', Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d)],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00)],
  ])('400 for %s', async (_name, body) => {
    expectProblem(await changingNothing(() => sendText(operation, body)), 400, 'invalid_request')
  })

  it.each([
    ['a key twice', (json: string) => json.replace('{', '{"state":"a","state":"b",')],
    ['a key twice in two spellings', (json: string) => json.replace('{', '{"metadata":1,"met\\u0061data":2,')],
    ['a key twice further in', (json: string) => json.replace('{', '{"metadata":{"a":1,"a":2},')],
    ['__proto__', (json: string) => json.replace('{', '{"__proto__":{"role":"admin"},')],
    ['__proto__ in escapes', (json: string) => json.replace('{', '{"\\u005f_proto__":{},')],
    ['__proto__ further in', (json: string) => json.replace('{', '{"metadata":{"__proto__":1},')],
    ['constructor', (json: string) => json.replace('{', '{"constructor":{"prototype":{}},')],
    ['17 levels', (json: string) => json.replace('{', `{"metadata":${'['.repeat(16)}${']'.repeat(16)},`)],
    ['10,000 levels', (json: string) => json.replace('{', `{"metadata":${'['.repeat(7000)}${']'.repeat(7000)},`)],
    [
      '257 keys',
      (json: string) =>
        json.replace(
          '{',
          `{"metadata":${JSON.stringify(Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`k${i}`, 1])))},`,
        ),
    ],
  ])('400 for %s', async (_name, change) => {
    const body = change(JSON.stringify(validBody(operation)))
    expectProblem(await changingNothing(() => sendText(operation, body)), 400, 'invalid_request')
  })

  it.each([
    ['no content type', {}],
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['another charset', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['what only begins with application/json', { 'content-type': 'application/jsonp' }],
    ['two types', { 'content-type': 'text/plain, application/json' }],
    ['an empty type', { 'content-type': '' }],
  ])('415 for a body with %s', async (_name, headers) => {
    const body = JSON.stringify(validBody(operation))
    expectProblem(await changingNothing(() => sendRaw(operation, body, headers)), 415, 'unsupported_media_type')
  })

  it('413 for one byte too many, with and without a content length; not for the last that fits', async () => {
    const limit = limitOf(operation)
    const body = JSON.stringify(validBody(operation))
    const over = body.padEnd(limit + 1)
    expectProblem(await changingNothing(() => sendText(operation, over)), 413, 'body_too_large')
    expectProblem(await changingNothing(() => sendText(operation, streamOf(over))), 413, 'body_too_large')
    expectProblem(await changingNothing(() => sendText(operation, 'x'.repeat(limit * 4))), 413, 'body_too_large')
    for (const fits of [body.padEnd(limit), streamOf(body.padEnd(limit))]) {
      const answer = await sendText(operation, fits)
      expect([200, 201, 400, 404, 409], answer.text).toContain(answer.status)
      expect(answer.json.code ?? '').not.toBe('invalid_request')
    }
  })

  it('takes the content type in any case, with its charset', async () => {
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"', 'application/json ']) {
      const answer = await sendRaw(operation, JSON.stringify(validBody(operation)), { 'content-type': type })
      expect([200, 201, 400, 404], answer.text).toContain(answer.status)
      expect(answer.json.code ?? '').not.toBe('invalid_request')
    }
  })

  it('takes no body at all for {} where every field is optional, and names what is missing otherwise', async () => {
    const answer = await app.request(targetOf(operation), {
      method: operation.method.toUpperCase(),
      headers: { 'x-api-key': ROOT_KEY },
    })
    if (operation.body?.safeParse({}).success) expect(answer.status, answer.text).toBe(200)
    else {
      expectProblem(answer, 400, 'invalid_request')
      expect(answer.json.errors[0].path).not.toBe('')
    }
  })
})

// --- its fields -----------------------------------------------------------------------------------------------------

type JsonSchema = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
}

const typesOf = (schema: JsonSchema): string[] =>
  schema.anyOf?.flatMap(typesOf) ??
  (schema.type ? [schema.type].flat() : schema.enum ? schema.enum.map((value) => typeof value) : [typeof schema.const])

const SAMPLES: [type: string, value: unknown][] = [
  ['string', 'x'],
  ['number', 7],
  ['boolean', true],
  ['array', ['x']],
  ['object', { x: 1 }],
  ['null', null],
]

/** /users is the same as /v1/users: its bodies as a whole are enough. */
const FIELDS = WITH_BODY.filter(({ id }) => !id.endsWith('Unversioned')).flatMap((operation) => {
  const schema = z.toJSONSchema(operation.body ?? z.never(), { io: 'input', unrepresentable: 'any' }) as JsonSchema
  return Object.entries(schema.properties ?? {}).map(([field, of]) => {
    const types = typesOf(of).map((type) => (type === 'integer' ? 'number' : type))
    return { operation, name: `${operation.method} ${operation.path}`, field, types }
  })
})

describe.each(FIELDS)('$name: $field', ({ operation, field, types }) => {
  it.each(SAMPLES.filter(([type]) => !types.includes(type)))('400 for a value of type %s', async (_type, value) => {
    const body = { ...validBody(operation), [field]: value }
    const answer = await changingNothing(() => sendJson(operation, body))
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.json.errors.map(({ path }: { path: string }) => path.split('.')[0])).toContain(field)
  })
})

const NUMBERS = ['1e400', '-1e400', '1e308', '-1', '0.5', '9007199254740993', '9'.repeat(5000)]

it.each(FIELDS.filter(({ types }) => types.includes('number')))(
  '$name: $field: 400 for numbers out of every range',
  async ({ operation, field }) => {
    for (const number of NUMBERS) {
      const { [field]: _, ...body } = validBody(operation)
      const rest = JSON.stringify(body).slice(1)
      const json = `{"${field}":${number}${rest === '}' ? '' : ','}${rest}`
      const answer = await changingNothing(() => sendText(operation, json))
      expectInvalid(answer, field)
    }
  },
)

const ODD_TEXTS = [
  '',
  ' ',
  '\\u0000',
  'a\\u0000b',
  '\\ud800',
  '\\udc00\\ud800',
  '\\u202e',
  '\\ufffe',
  '\u{1f9ff}',
  '%00',
  "' OR 1=1 --",
  '../..',
  'x'.repeat(8000),
]

it.each(FIELDS.filter(({ types }) => types.includes('string')))(
  '$name: $field: never a 5xx for texts that are empty, odd or long; refused ones change nothing',
  async ({ operation, field }) => {
    for (const text of ODD_TEXTS) {
      const { [field]: _, ...body } = validBody(operation)
      const rest = JSON.stringify(body).slice(1)
      writes = []
      const answer = await sendText(operation, `{"${field}":"${text}"${rest === '}' ? '' : ','}${rest}`)
      expect(answer.status, `${text.slice(0, 20)}: ${answer.text}`).toBeLessThan(500)
      // A value that another user has breaks the whole batch (users.test.ts).
      if (answer.status >= 400 && answer.status !== 409) expect(writes).toEqual([])
    }
    // Whatever was taken is readable, and can be changed again.
    await app.call('PUT', `/v1/users/${userId}/status`, { status: 'ACTIVE' })
    expect((await app.call('PUT', `/v1/users/${userId}`, { first_name: 'Ada' })).status).toBe(200)
    expect((await app.call('PATCH', '/v1/project', { name: 'Latchkey' })).status).toBe(200)
  },
)

const STRANGE_FIELDS = [
  'surprise',
  'uid',
  'email_verified',
  'project_id',
  'created_at',
  'Name',
  'toString',
  'valueOf',
  '',
]

/** A vendor's clients may send more than its documentation names (api.md, conventions). */
const isDialect = ({ id }: Operation) => id.endsWith('Unversioned')

describe.each(WITH_BODY.filter((operation) => !isDialect(operation)))(
  '$method $path names a field that it does not know',
  (operation) => {
    it.each(STRANGE_FIELDS)('%j', async (field) => {
      const body = { ...validBody(operation), [field]: true }
      expectInvalid(await changingNothing(() => sendJson(operation, body)), field)
    })
  },
)

describe.each(WITH_BODY.filter(isDialect))('$method $path of a dialect', (operation) => {
  it('leaves out what it does not know', async () => {
    const strange = Object.fromEntries(STRANGE_FIELDS.map((field) => [field, true]))
    const answer = await sendJson(operation, { ...validBody(operation), ...strange })
    expect(answer.status, answer.text).toBeLessThan(300)
    expect(answer.text).not.toContain('surprise')
  })
})

it.each([
  ['/v1/passwordless/send', { email: 'ada@example.com', client: { surprise: 1 } }, 'client.surprise'],
  ['/v1/passwordless/verify', { token: 'x', client: { surprise: 1 } }, 'client.surprise'],
  ['/v1/passwordless/verify', { token: 'x', claims: { surprise: {} } }, 'claims.surprise'],
])('%s names a field further in that it does not know', async (path, body, field) => {
  expectInvalid(await app.call('POST', path, body), field)
})

it.each([
  ['an object', { a: {} }],
  ['an array', { a: [] }],
  ['an empty key', { '': 1 }],
  ['a key of 41 characters', { ['k'.repeat(41)]: 1 }],
  ['a text of 501 characters', { a: 'x'.repeat(501) }],
  ['51 keys', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, i]))],
])('metadata refuses %s everywhere', async (_name, metadata) => {
  for (const [method, path] of [
    ['POST', '/v1/users'],
    ['PUT', `/v1/users/${userId}`],
    ['POST', '/v1/passwordless/send'],
  ] as const) {
    const answer = await changingNothing(() => app.call(method, path, { email: anAddress(), metadata }))
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.json.errors[0].path).toMatch(/^metadata/)
  }
})

// --- lists ----------------------------------------------------------------------------------------------------------

describe.each(LISTS)('$method $path', (operation) => {
  const list = (query: string) => app.call('GET', targetOf(operation) + query)

  it.each([
    '0',
    '101',
    '-1',
    '1.5',
    'abc',
    '',
    '1e9',
    'NaN',
    'Infinity',
    '0x',
    'true',
    '99999999999999999999',
    '%00',
    '[]',
  ])('400 for limit=%s', async (limit) => {
    expectInvalid(await list(`?limit=${limit}`), 'limit')
  })

  it.each(['1', '20', '100'])('takes limit=%s', async (limit) => {
    const answer = await list(`?limit=${limit}`)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json.data.length).toBeLessThanOrEqual(Number(limit))
  })

  it.each([
    '',
    'junk',
    '.',
    '..',
    `user_${'2'.repeat(27)}`,
    `user_${'2'.repeat(27)}.AAAAAAAAAAAAAAAA`,
    '%00',
    '%FF',
    'x'.repeat(201),
  ])('400 for cursor=%s', async (cursor) => {
    expectInvalid(await list(`?cursor=${cursor}`), 'cursor')
  })

  it.each(['limit=5&limit=6', 'limit=5&limit=5', 'cursor=a&cursor=b'])('400 for %s', async (query) => {
    expectInvalid(await list(`?${query}`), query.slice(0, query.indexOf('=')))
  })

  it.each(['surprise', 'Limit', 'offset', 'page', 'limit%5B%5D', 'project_id'])(
    '400 for the parameter %s, which a dialect leaves out',
    async (name) => {
      const answer = await list(`?${name}=1`)
      if (isDialect(operation)) expect(answer.status, answer.text).toBe(200)
      else expectInvalid(answer, decodeURIComponent(name))
    },
  )

  it.each(['__proto__=1', 'constructor=1', '%E0%A4=1', 'a=%E0%A4', '&&&', '=', '?', 'toString=1&toString=2'])(
    'never a 5xx for ?%s',
    async (query) => {
      expect((await list(`?${query}`)).status).toBeLessThan(500)
    },
  )
})

it('a cursor of one list is junk for every other, and when it was changed', async () => {
  const business = crypto.randomUUID()
  for (let i = 0; i < 2; i++) await app.call('POST', '/v1/users', { email: anAddress(), business_id: business })
  const page = await app.call('GET', `/v1/users?limit=1&business_id=${business}`)
  const cursor: string = page.json.next_cursor
  expect(cursor).toEqual(expect.any(String))
  expect((await app.call('GET', `/v1/users?limit=1&business_id=${business}&cursor=${cursor}`)).status).toBe(200)
  const changed = cursor.replace(/^user_./, (start) => `user_${start.endsWith('3') ? '4' : '3'}`)
  for (const path of [
    `/v1/users?cursor=${cursor}`,
    `/v1/users?business_id=other&cursor=${cursor}`,
    `/v1/users?business_id=${business}&type=PERSON&cursor=${cursor}`,
    `/v1/users?business_id=${business}&cursor=${changed}`,
    `/v1/users?business_id=${business}&cursor=${cursor.slice(0, -1)}`,
    `/v1/users?business_id=${business}&cursor=${cursor}x`,
    `/v1/users/${userId}/sessions?cursor=${cursor}`,
    `/v1/api_keys?cursor=${cursor}`,
  ]) {
    expectInvalid(await app.call('GET', path), 'cursor')
  }
})

it.each([
  ['email', 'not-an-address'],
  ['phone', '12'],
  ['status', 'active'],
  ['q', ''],
  ['type', ''],
  ['q', 'a%00b'],
])('the list of users refuses %s=%s', async (name, value) => {
  expectInvalid(await app.call('GET', `/v1/users?${name}=${value}`), name)
})

// --- paths ----------------------------------------------------------------------------------------------------------

const WITH_ID = OPERATIONS.filter(({ path }) => path.includes('{id}'))

describe.each(WITH_ID)('$method $path', (operation) => {
  it.each([
    'x',
    '%00',
    '%FF',
    '%E0%A4%A',
    "'%20OR%201=1",
    '..%2f..%2fproject',
    `user_${'!'.repeat(27)}`,
    `USER_${'2'.repeat(27)}`,
    `proj_${'2'.repeat(27)}`,
    `user_${'2'.repeat(26)}`,
    `user_${'2'.repeat(28)}`,
    `chal_${'A'.repeat(62)}`,
    'chal_',
    'x'.repeat(6000),
  ])('404 for the id %s', async (id) => {
    const body = operation.body ? validBody(operation) : undefined
    const answer = await changingNothing(() =>
      app.call(operation.method.toUpperCase(), operation.path.replace('{id}', id), body),
    )
    const code = operation.path.includes('passwordless') ? 'unknown_challenge' : 'not_found'
    expectProblem(answer, 404, code)
  })
})

it('16 KiB of wrong items are refused in less than 64 KiB', async () => {
  const scopes = Array.from({ length: 3000 }, () => [[]])
  const answer = await app.call('POST', '/v1/api_keys', { name: 'a', scopes })
  expect(answer.status).toBe(400)
  expect(answer.text.length).toBeLessThanOrEqual(64 * 1024)
})
