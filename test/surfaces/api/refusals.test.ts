import { beforeAll, describe, expect, it } from 'vitest'
import { SCOPES } from '../../../src/domain/api-keys/api-key.ts'
import { OPERATIONS } from '../../../src/http/api/openapi.ts'
import { type Answer, ROOT_KEY, testApp } from '../../support/app.ts'
import {
  aKey,
  expectCommonHeaders,
  expectInsufficientScope,
  expectProblem,
  expectUnauthorized,
  type Operation,
  pathOf,
} from '../../support/refusals.ts'

const HOUR = 3600
/** Null: the time as it is. */
let stopped: number | null = null
const app = testApp({ ports: { now: () => stopped ?? Date.now() } })
const keys = { good: '', revoked: '', expiring: '', expires_at: 0 }

beforeAll(async () => {
  const revoked = await aKey(app, ['*'])
  expect((await app.call('DELETE', `/v1/api_keys/${revoked.id}`)).status).toBe(204)
  keys.good = (await aKey(app, ['*'])).key
  keys.revoked = revoked.key
  keys.expires_at = Math.floor(Date.now() / 1000) + HOUR
  keys.expiring = (await aKey(app, ['*'], { expires_at: keys.expires_at })).key
})

const ask = (operation: Operation, headers: Record<string, string>, query = ''): Promise<Answer> =>
  app.request(pathOf(operation) + query, { method: operation.method.toUpperCase(), headers })

describe.each(OPERATIONS)('$method $path', (operation) => {
  it('refuses a caller without a key', async () => {
    expectUnauthorized(await ask(operation, {}), false)
    expectUnauthorized(await ask(operation, { 'x-api-key': '' }), false)
    expectUnauthorized(await ask(operation, { authorization: `Basic ${btoa(`${keys.good}:`)}` }), false)
  })

  it('refuses a key in the query, in a cookie, or by another name', async () => {
    expectUnauthorized(await ask(operation, {}, `?api_key=${keys.good}&x-api-key=${keys.good}`), false)
    expectUnauthorized(await ask(operation, { cookie: `x-api-key=${keys.good}` }), false)
    expectUnauthorized(await ask(operation, { 'api-key': keys.good, authorization: keys.good }), false)
  })

  it.each([
    ['junk', () => 'junk'],
    ['a key with another last character', () => keys.good.slice(0, -1) + (keys.good.endsWith('0') ? '1' : '0')],
    ['a key with something after it', () => `${keys.good}0`],
    ['a key in upper case', () => keys.good.toUpperCase()],
    ['the beginning of the root key', () => ROOT_KEY.slice(0, -1)],
    ['a revoked key', () => keys.revoked],
  ])('refuses %s', async (_name, key) => {
    expectUnauthorized(await ask(operation, { 'x-api-key': key() }), true)
    expectUnauthorized(await ask(operation, { authorization: `Bearer ${key()}` }), true)
  })

  it('refuses a key from the second it expires', async () => {
    try {
      stopped = keys.expires_at * 1000 - 1
      expect((await ask(operation, { 'x-api-key': keys.expiring })).status).not.toBe(401)
      stopped = keys.expires_at * 1000
      expectUnauthorized(await ask(operation, { 'x-api-key': keys.expiring }), true)
    } finally {
      stopped = null
    }
  })
})

const SCOPED = OPERATIONS.flatMap((operation) => {
  const { scope, method, path } = operation
  if (scope === null) throw new Error(`${method} ${path} asks for no scope: it needs tests of its own`)
  return scope === 'root' ? [] : [{ operation, scope, method, path }]
})

describe.each(SCOPED)('$method $path', ({ operation, scope }) => {
  it('refuses a key with every scope but the needed one, and names it', async () => {
    const others = SCOPES.filter((name) => name !== scope)
    const { key } = await aKey(app, others)
    expectInsufficientScope(await ask(operation, { 'x-api-key': key }), scope)
    expectInsufficientScope(await ask(operation, { authorization: `Bearer ${key}` }), scope)
  })

  it('lets a key through that has only the needed scope', async () => {
    const { key } = await aKey(app, [scope])
    for (const headers of [
      { 'x-api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `bearer ${key}` },
    ]) {
      const answer = await ask(operation, headers)
      expect([200, 201, 204, 400, 404], answer.text).toContain(answer.status)
      expectCommonHeaders(answer)
    }
  })
})

describe.each(OPERATIONS.filter(({ scope }) => scope === 'root'))('$method $path', (operation) => {
  it('is the root key’s alone: a key with every scope is refused', async () => {
    for (const scopes of [['*'], SCOPES]) {
      const { key } = await aKey(app, scopes)
      expectProblem(await ask(operation, { 'x-api-key': key }), 403, 'insufficient_scope')
    }
    const answer = await ask(operation, { 'x-api-key': ROOT_KEY })
    expect([200, 201, 204, 400, 404], answer.text).toContain(answer.status)
    expectCommonHeaders(answer)
  })
})

describe('an address that takes no such request', () => {
  it.each(OPERATIONS)('$method $path stands in the Allow of another method', async (operation) => {
    const answer = await app.call('PROPFIND', pathOf(operation))
    expect(answer.status, answer.text).toBe(405)
    expect(answer.headers.get('allow')?.split(', ')).toContain(operation.method.toUpperCase())
    expectCommonHeaders(answer)
  })

  it.each([
    '/v1',
    '/v1/',
    '/v1/users/',
    '/v1//users',
    '/V1/users',
    '/v1/user',
    '/v1/users/a/b/c',
    '/v1/users/..%2fproject',
  ])('%s is 404 or a user that does not exist, with a key and without', async (path) => {
    for (const key of [ROOT_KEY, null]) {
      const answer = await app.call('GET', path, undefined, { key })
      expect([401, 404], answer.text).toContain(answer.status)
      expectCommonHeaders(answer)
    }
  })
})
