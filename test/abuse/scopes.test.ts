/**
 * Every route against every scope alone (security.md T12): what openapi.json says a call needs is what it needs, no less and
 * no more. A route that stands in no list fails the first test.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { SCOPES } from '../../src/domain/api-keys/api-key.ts'
import { FIRST_COMMUNITY } from '../../src/domain/communities/community.ts'
import { type Answer, anAddress, ROOT_KEY, testApp } from '../support/app.ts'
import { aKey, pathOf } from '../support/refusals.ts'
import { askKosmos } from './kosmos.ts'
import {
  API_ROUTES,
  DIALECT_ROUTES,
  LICENSED_ROUTES,
  LISTED,
  OAUTH_ROUTES,
  PERSON_ROUTES,
  PUBLIC_ROUTES,
  ROUTES,
} from './routes.ts'

const CALLBACK = 'http://localhost:3000/callback'
const app = testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
const document = (await app.request('/openapi.json')).json

/** What the published document says: `Scope: users:read`, or that only the root key may. */
const DOCUMENTED: [route: string, path: string, scope: string][] = API_ROUTES.map((route) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern.replaceAll(/:(\w+)/g, '{$1}')
  const says: string = document.paths[path][method.toLowerCase()].description ?? ''
  const scope = /^Scope: (\S+)$/.exec(says)?.[1] ?? (says === 'The root key alone' ? 'root' : '')
  return [route, path, scope]
})

/** By scope, and of a caller with all of them. */
const keys: Record<string, string> = {}
beforeAll(async () => {
  for (const scope of SCOPES) keys[scope] = (await aKey(app, [scope])).key
  keys['*'] = (await aKey(app, ['*'])).key
  keys['all by name'] = (await aKey(app, SCOPES)).key
  keys.root = ROOT_KEY
})
const CALLERS = [...SCOPES, '*', 'all by name', 'root']

const mayPass = (caller: string, scope: string): boolean =>
  caller === 'root' || (scope !== 'root' && (caller === scope || caller === '*' || caller === 'all by name'))

const ask = (route: string, path: string, key: string, body?: unknown): Promise<Answer> =>
  app.call(route.split(' ')[0] ?? '', path, body, { key })

it('every route of the app stands in one list, and every list names routes that there are', () => {
  expect(ROUTES.filter((route) => !LISTED.includes(route))).toEqual([])
  expect(LISTED.filter((route) => !ROUTES.includes(route))).toEqual([])
  expect(new Set(LISTED).size).toBe(LISTED.length)
})

it('every call of the API names its scope in openapi.json', () => {
  const unnamed = DOCUMENTED.filter(([, , scope]) => scope !== 'root' && !SCOPES.some((known) => known === scope))
  expect(unnamed).toEqual([])
})

describe.each(DOCUMENTED)('%s', (route, path, scope) => {
  const [method = ''] = route.split(' ')
  const target = pathOf({ method: method.toLowerCase(), path } as Parameters<typeof pathOf>[0])

  it.each(CALLERS)(`asked with %s (needs ${scope})`, async (caller) => {
    // A body that no route takes: whoever may pass is told about the body, and nothing is changed.
    const answer = await ask(
      route,
      target,
      keys[caller] ?? '',
      ['POST', 'PUT', 'PATCH'].includes(method) ? [] : undefined,
    )
    if (mayPass(caller, scope)) {
      expect([200, 204, 400, 404], answer.text).toContain(answer.status)
      return
    }
    expect([answer.status, answer.json.code], answer.text).toEqual([403, 'insufficient_scope'])
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"`,
    )
  })
})

describe.each(Object.entries(DIALECT_ROUTES))('%s', (route, scope) => {
  const [method = '', path = ''] = route.split(' ')

  it.each(CALLERS)(`asked with %s (needs ${scope})`, async (caller) => {
    const answer = await app.request(path.replace(':id', `user_${'2'.repeat(27)}`), {
      method,
      headers: { authorization: `Bearer ${keys[caller]}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: '[]' }),
    })
    expect(mayPass(caller, scope) ? [400, 404] : [403], answer.text).toContain(answer.status)
  })
})

describe.each(Object.entries(LICENSED_ROUTES))('%s', (route, scopes) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = (pattern.split('/:community/')[1] ?? '').replace(':code', '2927269a-deba-8f48-ba8c-9d6ee7900000')

  it.each(CALLERS)(`asked with %s (needs ${scopes.join(' and ')})`, async (caller) => {
    const body = method === 'PUT' ? '[]' : undefined
    const answer = await askKosmos(app, keys[caller] ?? '', FIRST_COMMUNITY, method as 'PUT', path, body)
    const passes = scopes.every((scope) => mayPass(caller, scope))
    expect(passes ? [400, 404] : [403], answer.text).toContain(answer.status)
  })
})

describe('what a body asks for needs a scope of its own', () => {
  const user_id = async () => (await app.call('POST', '/v1/users', { email: anAddress() })).json.id as string
  const CALLS: [
    name: string,
    path: string,
    body: () => Promise<Record<string, unknown>>,
    base: string,
    more: string,
  ][] = [
    [
      'reveal',
      '/v1/passwordless/send',
      async () => ({ email: anAddress(), reveal: true }),
      'passwordless:send',
      'passwordless:reveal',
    ],
    [
      'channel none',
      '/v1/passwordless/send',
      async () => ({ user_id: await user_id(), channel: 'none' }),
      'passwordless:send',
      'passwordless:reveal',
    ],
    [
      'a direct link of Transmit',
      '/cis/v1/auth/link/email/send',
      async () => ({ email: anAddress(), channel: 'direct', redirect_uri: CALLBACK }),
      'passwordless:send',
      'passwordless:reveal',
    ],
    [
      'a direct passcode of Transmit',
      '/cis/v1/auth/otp/send',
      async () => ({ channel: 'direct', identifier_type: 'user_id', identifier: await user_id() }),
      'passwordless:send',
      'passwordless:reveal',
    ],
  ]

  it.each(CALLS)('%s at %s', async (_name, path, body, base, more) => {
    for (const caller of CALLERS) {
      app.outbox.length = 0
      const answer = await app.call('POST', path, await body(), {
        key: null,
        headers: { authorization: `Bearer ${keys[caller]}` },
      })
      if (['*', 'all by name', 'root'].includes(caller)) expect([200, 201], answer.text).toContain(answer.status)
      else expect([answer.status, app.outbox.length], `${caller}: ${answer.text}`).toEqual([403, 0])
    }
    const { key } = await aKey(app, [base as 'users:read', more as 'users:read'])
    const answer = await app.call('POST', path, await body(), {
      key: null,
      headers: { authorization: `Bearer ${key}` },
    })
    expect([200, 201], answer.text).toContain(answer.status)
  })

  it('a key hands on the scopes that it has, and no other', async () => {
    const { key } = await aKey(app, ['keys:write', 'users:read'])
    for (const scope of [...SCOPES, '*']) {
      const answer = await app.call('POST', '/v1/api_keys', { name: 'next', scopes: [scope] }, { key })
      expect(answer.status, scope).toBe(scope === 'keys:write' || scope === 'users:read' ? 201 : 400)
    }
  })
})

it.each(OAUTH_ROUTES)('%s with a key needs passwordless:verify', async (route) => {
  for (const caller of CALLERS) {
    const fields = { grant_type: 'refresh_token', refresh_token: 'x', token: 'x' }
    const answer = await app.form(route.split(' ')[1] ?? '', fields, { 'x-api-key': keys[caller] ?? '' })
    const isToken = route.endsWith('/token')
    if (mayPass(caller, 'passwordless:verify')) expect(answer.status, caller).toBe(isToken ? 400 : 200)
    else expect([answer.status, answer.json.error], caller).toEqual([400, 'unauthorized_client'])
    expect(answer.json.error === 'invalid_grant').toBe(isToken && mayPass(caller, 'passwordless:verify'))
  }
})

describe('where no key is asked for, a key changes nothing', () => {
  const OPEN = [...PERSON_ROUTES, ...PUBLIC_ROUTES].filter((route) => route.startsWith('GET '))

  it.each(OPEN)('%s', async (route) => {
    const path = (route.split(' ')[1] ?? '').replace(':page', 'errors').replace(':project', `proj_${'2'.repeat(27)}`)
    const bare = await app.request(path)
    for (const caller of ['users:read', 'root']) {
      const withKey = await app.request(path, { headers: { 'x-api-key': keys[caller] ?? '' } })
      expect([withKey.status, withKey.headers.get('location')]).toEqual([bare.status, bare.headers.get('location')])
    }
  })
})
