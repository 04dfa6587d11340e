/** The document says what the API does: its routes are the app's, its schemas hold, and answers fit them. */

import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createApp } from '../../../src/app.ts'
import { SCOPES } from '../../../src/domain/api-keys/api-key.ts'
import { projectAnswer, tokenAnswer } from '../../../src/http/api/answers.ts'
import { OPERATIONS } from '../../../src/http/api/openapi.ts'
import { projectPatchDocument } from '../../../src/http/api/schemas.ts'
import { PROBLEMS } from '../../../src/http/problem.ts'
import { systemPorts } from '../../../src/providers/system.ts'
import { type Answer, anAddress, browser, codeIn, ISSUER, ROOT_KEY, testApp } from '../../support/app.ts'
import { expectProblem, type Operation, pathOf } from '../../support/refusals.ts'

type JsonSchema = Record<string, any>

const app = testApp()
const published = await app.request('/openapi.json')
const document: JsonSchema = published.json

/** Described by the vendors themselves, and request by request in /docs. */
const VENDORS = ['/cis/', '/oidc/', '/keys', '/api/v1/', '/v1/auth/', '/api/r1/', '/api/r2/', '/caas/']

/** Shown to people, called by providers, or the document itself. */
const PAGES = ['/', '/docs', '/openapi.json', '/account', '/console', '/authorize', '/logout', '/sign-in']
const isPage = (path: string) =>
  PAGES.includes(path) ||
  ['/auth/', '/callbacks/', '/docs/', '/sign-in/', '/account/', '/logout/', ...VENDORS].some((folder) =>
    path.startsWith(folder),
  )

const documented: { path: string; method: string; operation: JsonSchema }[] = Object.entries(
  document.paths as Record<string, Record<string, JsonSchema>>,
).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

/** Every schema in the document, with where it stands. */
function schemasIn(value: unknown, at: string): { at: string; schema: JsonSchema }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = `${at}/${name}`
    return name === 'schema' ? [{ at: here, schema: inner as JsonSchema }] : schemasIn(inner, here)
  })
}
const ALL_SCHEMAS = [
  ...schemasIn(document.paths, '#/paths'),
  ...Object.entries(document.components.schemas).map(([name, schema]) => ({
    at: `#/components/schemas/${name}`,
    schema: schema as JsonSchema,
  })),
]

describe('GET /openapi.json', () => {
  it('is an OpenAPI 3.1 document, for anybody, on any site', () => {
    expect(published.status).toBe(200)
    expect(published.headers.get('content-type')).toBe('application/json')
    expect(published.headers.get('access-control-allow-origin')).toBe('*')
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Latchkey', version: '1' },
      servers: [{ url: ISSUER }],
    })
  })

  it('has every route of the app, and no other', async () => {
    const routes = (await createApp(systemPorts).app.routes())
      .filter(({ method, path }) => method !== 'ALL' && !isPage(path) && !path.startsWith('/p/'))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(documented.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...new Set(routes)].sort())
  })

  it('names each operation once', () => {
    const ids = documented.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { operation } of documented) expect(operation.summary, operation.operationId).toMatch(/\S/)
  })

  it('knows the error codes that there are', () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(PROBLEMS))
  })

  it('says which scope each call needs', () => {
    const named = OPERATIONS.map(({ scope }) => scope)
    expect(named.every((scope) => scope === 'root' || SCOPES.some((known) => known === scope))).toBe(true)
    for (const { path, method, scope } of OPERATIONS) {
      if (scope !== 'root') expect(document.paths[path][method].description).toContain(`${scope}`)
    }
  })

  it('is open where no key is asked for, and closed elsewhere', async () => {
    const { id } = (await app.call('GET', '/v1/project')).json
    for (const { path, method, operation } of documented) {
      const isOpen = Array.isArray(operation.security) && operation.security.length === 0
      const answer = await app.call(
        method.toUpperCase(),
        path.replace('{id}', 'x').replace('{project}', id),
        undefined,
        { key: null },
      )
      if (isOpen) expect(answer.status, path).toBe(200)
      else expect([400, 401], path).toContain(answer.status)
    }
  })
})

describe.each(documented)('$method $path', ({ path, method, operation }) => {
  it('declares every path parameter, and each parameter once', () => {
    const parameters: JsonSchema[] = operation.parameters ?? []
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    expect(inPath.every(({ required }) => required === true)).toBe(true)
    const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('has a body only where its method can have one', () => {
    if (['get', 'delete'].includes(method)) expect(operation.requestBody).toBeUndefined()
  })

  it('describes each answer', () => {
    const statuses = Object.keys(operation.responses)
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true)
    for (const [status, answer] of Object.entries<JsonSchema>(operation.responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/)
      expect(answer.description, status).toMatch(/\S/)
      if (status === '204') expect(answer.content).toBeUndefined()
    }
  })
})

// --- schemas --------------------------------------------------------------------------------------------------------

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
const KEYWORDS = new Set(
  `$ref additionalProperties allOf anyOf oneOf not const default deprecated description enum example examples
  exclusiveMaximum exclusiveMinimum format items maxItems maxLength maxProperties maximum minItems minLength minProperties
  minimum multipleOf pattern prefixItems properties propertyNames required title type uniqueItems`.split(/\s+/),
)

/** What is wrong with a schema (JSON Schema 2020-12), each with its place. */
function faults(schema: unknown, at: string): string[] {
  if (typeof schema === 'boolean') return []
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [`${at} is no schema`]
  const of = schema as JsonSchema
  const found = Object.keys(of)
    .filter((keyword) => !KEYWORDS.has(keyword))
    .map((keyword) => `${at} has the unknown keyword ${keyword}`)
  const fault = (wrong: boolean, what: string) => {
    if (wrong) found.push(`${at} ${what}`)
  }
  fault(
    [of.type ?? []].flat().some((type) => !TYPES.includes(type)),
    'has a type that is none',
  )
  fault(of.enum !== undefined && (!Array.isArray(of.enum) || of.enum.length === 0), 'has an empty enum')
  fault(
    of.required?.some((name: string) => of.properties?.[name] === undefined),
    'requires what it does not describe',
  )
  fault(of.$ref !== undefined && !resolves(of.$ref), `refers to ${of.$ref}`)
  fault(of.pattern !== undefined && !isPattern(of.pattern), 'has a pattern that is none')
  for (const keyword of ['minLength', 'maxLength', 'minItems', 'maxItems']) {
    fault(
      of[keyword] !== undefined && !(Number.isSafeInteger(of[keyword]) && of[keyword] >= 0),
      `has a strange ${keyword}`,
    )
  }
  const inner = [
    ...Object.entries(of.properties ?? {}),
    ...['items', 'additionalProperties', 'propertyNames', 'not']
      .filter((name) => name in of)
      .map((name) => [name, of[name]] as const),
    ...['anyOf', 'allOf', 'oneOf'].flatMap((name) =>
      (of[name] ?? []).map((one: unknown, i: number) => [`${name}/${i}`, one] as const),
    ),
  ]
  return [...found, ...inner.flatMap(([name, one]) => faults(one, `${at}/${name}`))]
}
const resolves = (ref: string) =>
  ref
    .slice('#/'.length)
    .split('/')
    .reduce<any>((value, key) => value?.[key], document) !== undefined
function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') !== null
  } catch {
    return false
  }
}

describe('the schemas', () => {
  it('are found', () => {
    expect(ALL_SCHEMAS.length).toBeGreaterThan(100)
  })

  it('are JSON Schema', () => {
    expect(ALL_SCHEMAS.flatMap(({ at, schema }) => faults(schema, at))).toEqual([])
  })

  it('leave no field of a body or a query without a type', () => {
    const isEmpty = (of: JsonSchema): boolean =>
      ['type', 'enum', 'const', 'anyOf', 'oneOf', '$ref'].every((keyword) => !(keyword in of)) ||
      (of.anyOf ?? []).some(isEmpty)
    const empty = documented.flatMap(({ path, operation }) => {
      const body = Object.values<JsonSchema>(operation.requestBody?.content ?? {})[0]?.schema.properties ?? {}
      const query = Object.fromEntries(
        (operation.parameters ?? []).map(({ name, schema }: JsonSchema) => [name, schema]),
      )
      return Object.entries<JsonSchema>({ ...body, ...query })
        .filter(([, schema]) => isEmpty(schema))
        .map(([name]) => `${path} ${name}`)
    })
    expect(empty).toEqual([])
  })

  it('allow null in a merge patch, and any part of brand and send_limits', () => {
    const { properties } = document.paths['/v1/project'].patch.requestBody.content['application/json'].schema
    const fixed = ['id', 'issuer', 'created_at']
    const settings = Object.keys(projectAnswer.shape).filter((name) => !fixed.includes(name))
    expect(Object.keys(properties).sort()).toEqual(settings.sort())
    for (const body of [
      { link_ttl: null },
      { brand: { name: 'Acme' } },
      { brand: { name: null } },
      { send_limits: null },
      { redirect_uris: null },
    ]) {
      expect(projectPatchDocument.safeParse(body).success, JSON.stringify(body)).toBe(true)
    }
  })
})

// --- answers --------------------------------------------------------------------------------------------------------

/** Members of `value` that the schema does not name: an answer tells nobody what is not documented. */
function strangers(value: unknown, schema: JsonSchema, at = ''): string[] {
  const branches: JsonSchema[] = schema.anyOf ?? [schema]
  if (Array.isArray(value))
    return value.flatMap((item, i) => strangers(item, branches.find(({ items }) => items)?.items ?? {}, `${at}.${i}`))
  if (typeof value !== 'object' || value === null) return []
  const object = branches.find(({ type }) => type === 'object')
  if (!object?.properties) return object?.additionalProperties ? [] : [`${at} is an object`]
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = object.properties[name]
    return known ? strangers(inner, known, `${at}.${name}`) : [`${at}.${name}`]
  })
}

function expectFits(answer: Answer, id: string): void {
  const operation = OPERATIONS.find((candidate) => candidate.id === id)
  const schema = operation?.answer.schema
  if (!operation || !schema) throw new Error(`no operation ${id}`)
  expect(answer.status, answer.text).toBe(operation.answer.status)
  const parsed = schema.safeParse(answer.json)
  expect(parsed.error?.issues ?? []).toEqual([])
  expect(strangers(answer.json, z.toJSONSchema(schema, { io: 'output' }))).toEqual([])
}

describe('an answer fits its schema, and says no more', () => {
  it('strangers are noticed', () => {
    const schema = z.toJSONSchema(
      z.object({ a: z.object({ b: z.string() }).nullable(), list: z.array(z.object({ c: z.int() })) }),
    )
    expect(strangers({ a: { b: '', x: 1 }, list: [{ c: 1 }, { c: 1, y: 2 }], z: 3 }, schema)).toEqual([
      '.a.x',
      '.list.1.y',
      '.z',
    ])
    expect(strangers({ a: null, list: [] }, schema)).toEqual([])
  })

  it('users', async () => {
    const body = {
      email: anAddress(),
      phone: `+1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`,
      first_name: 'Ada',
      metadata: { a: 1, b: null, c: true },
    }
    const created = await app.call('POST', '/v1/users', body)
    expectFits(created, 'createUser')
    const path = `/v1/users/${created.json.id}`
    expectFits(await app.call('GET', path), 'getUser')
    expectFits(await app.call('PUT', path, { role: 'admin' }), 'updateUser')
    expectFits(await app.call('GET', '/v1/users?limit=2'), 'listUsers')
    expectFits(await app.call('PUT', `${path}/status`, { status: 'ACTIVE' }), 'setUserStatus')
    expectFits(await app.call('POST', `${path}/login_url`), 'createLoginUrl')
    expectFits(await app.call('GET', '/users?limit=2'), 'listUsersUnversioned')
  })

  it('passwordless, sessions and tokens', async () => {
    const email = anAddress()
    for (const body of [{ email }, { email, reveal: true }, { email, create_user: false }, { email, method: 'code' }]) {
      expectFits(await app.call('POST', '/v1/passwordless/send', body), 'send')
    }
    const sent = await app.call('POST', '/v1/passwordless/send', {
      email,
      reveal: true,
      redirect_uri: 'http://localhost:3000/cb',
    })
    expectFits(await app.call('POST', '/v1/passwordless/resend', { id: sent.json.id }), 'resend')
    expectFits(await app.call('GET', `/v1/passwordless/${sent.json.id}`), 'getChallenge')
    const other = await app.call('POST', '/v1/passwordless/send', { email, reveal: true })
    const verified = await app.call('POST', '/v1/passwordless/verify', { id: other.json.id, code: other.json.code })
    expectFits(verified, 'verify')
    const bare = await app.call('POST', '/v1/passwordless/send', { email, reveal: true })
    expectFits(
      await app.call('POST', '/v1/passwordless/verify', { id: bare.json.id, code: bare.json.code, session: false }),
      'verify',
    )
    expectFits(await app.call('GET', `/v1/sessions/${verified.json.session_id}`), 'getSession')
    expectFits(await app.call('GET', `/v1/users/${verified.json.user.id}/sessions`), 'listUserSessions')

    const person = browser(app)
    const pressed = await person.press(await person.open(sent.json.link))
    const fields = { grant_type: 'authorization_code', code: codeIn(pressed.headers.get('location')) }
    const exchanged = await app.form('/oauth/token', fields, { 'x-api-key': ROOT_KEY })
    expect(tokenAnswer.strict().safeParse(exchanged.json).error?.issues ?? []).toEqual([])
  })

  it('project and API keys', async () => {
    expectFits(await app.call('GET', '/v1/project'), 'getProject')
    const until = Math.floor(Date.now() / 1000) + 600
    const identities = [{ address: 'reviewer@example.com', code: 'REVIEW0001', until }]
    expectFits(
      await app.call('PATCH', '/v1/project', { test_identities: identities, brand: { name: 'Acme' } }),
      'updateProject',
    )
    expectFits(await app.call('GET', '/v1/project'), 'getProject')
    await app.call('PATCH', '/v1/project', { test_identities: null, brand: null })
    expectFits(await app.call('POST', '/v1/api_keys', { name: 'key', scopes: ['*'] }), 'createApiKey')
    expectFits(await app.call('GET', '/v1/api_keys?limit=2'), 'listApiKeys')
  })
})

describe('a refusal is one that the document announces', () => {
  const announced = (operation: Operation, answer: Answer) => {
    const responses: Record<string, JsonSchema> = document.paths[operation.path][operation.method].responses
    expectProblem(answer, answer.status, answer.json.code)
    expect(responses[answer.status]?.description.split(', '), `${operation.id} ${answer.text}`).toContain(
      answer.json.code,
    )
  }

  it.each(OPERATIONS)('$method $path', async (operation) => {
    const path = pathOf(operation)
    const method = operation.method.toUpperCase()
    const json = { 'content-type': 'application/json' }
    announced(operation, await app.call(method, path, undefined, { key: null }))
    if (operation.body) {
      announced(operation, await app.call(method, path, { surprise: 1 }))
      announced(operation, await app.request(path, { method, headers: { 'x-api-key': ROOT_KEY }, body: '{}' }))
      announced(
        operation,
        await app.request(path, { method, headers: { 'x-api-key': ROOT_KEY, ...json }, body: 'x'.repeat(70_000) }),
      )
    }
    if (operation.query) announced(operation, await app.call(method, `${path}?limit=0`))
    const there = await app.call(method, path, operation.body ? {} : undefined)
    if (there.status >= 400) announced(operation, there)
  })
})

describe('a 404 of what a body or a path names is announced', () => {
  it('metadata of a project', async () => {
    const answer = await app.request(`/.well-known/oauth-authorization-server/p/proj_${'2'.repeat(27)}`)
    expect(answer.status).toBe(404)
    const { paths } = (await app.request('/openapi.json')).json
    const { responses } = paths['/.well-known/oauth-authorization-server/p/{project}'].get
    expect(Object.keys(responses)).toContain('404')
  })

  it('a send to a user', async () => {
    const answer = await app.call('POST', '/v1/passwordless/send', { user_id: `user_${'2'.repeat(27)}` })
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
    const { paths } = (await app.request('/openapi.json')).json
    expect(Object.keys(paths['/v1/passwordless/send'].post.responses)).toContain('404')
  })

  it('a verify with a session', async () => {
    const { id, code } = (await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })).json
    const body = { id, code, session_id: `sess_${'2'.repeat(27)}` }
    const answer = await app.call('POST', '/v1/passwordless/verify', body)
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
    const { paths } = (await app.request('/openapi.json')).json
    expect(Object.keys(paths['/v1/passwordless/verify'].post.responses)).toContain('404')
  })
})
