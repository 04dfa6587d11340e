/** What every endpoint refuses alike (style T1), and what a refusal looks like (RFC 9457). */

import { expect } from 'vitest'
import type { OPERATIONS } from '../../src/http/api/openapi.ts'
import { type Answer, ISSUER, type TestApp } from './app.ts'

export type Operation = (typeof OPERATIONS)[number]

/** Ids that could exist: the right prefix, length and alphabet. */
const PLAUSIBLE_IDS: Record<string, string> = {
  users: `user_${'2'.repeat(27)}`,
  sessions: `sess_${'2'.repeat(27)}`,
  api_keys: `key_${'2'.repeat(27)}`,
  clients: `client_${'2'.repeat(27)}`,
  projects: `proj_${'2'.repeat(27)}`,
  organizations: `org_${'2'.repeat(27)}`,
  passwordless: `chal_${'A'.repeat(62)}`,
  messages: `msg_${'2'.repeat(27)}`,
}
const PLAUSIBLE_PARTS: Record<string, string> = {
  email: 'nobody@example.com',
  name: 'sign_in',
  locale: 'en',
  user_id: `user_${'2'.repeat(27)}`,
}

/** The operation's path with ids in it. */
export function pathOf({ path }: Operation, id?: string): string {
  const [, collection = ''] = /\/(\w+)\/\{id\}/.exec(path) ?? []
  return path
    .replace('{id}', id ?? PLAUSIBLE_IDS[collection] ?? '')
    .replaceAll(/\{(\w+)\}/g, (_, part: string) => PLAUSIBLE_PARTS[part] ?? '')
}

/** A fresh API key. */
export async function aKey(
  app: TestApp,
  scopes: readonly string[],
  more: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  const created = await app.call('POST', '/v1/api_keys', { name: 'test', scopes, ...more })
  expect(created.status, created.text).toBe(201)
  return { id: created.json.id, key: created.json.key }
}

/** Carried by every answer of the API, whatever its status. */
export function expectCommonHeaders({ headers }: Answer): void {
  expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('access-control-allow-origin')).toBeNull()
}

export function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status)
  expectCommonHeaders(answer)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { errors = [], tries_left: _, ...members } = answer.json
  expect(members).toEqual({
    type: `${ISSUER}/docs/errors#${code}`,
    title: expect.stringMatching(/\S/),
    status,
    detail: expect.stringMatching(/\S/),
    code,
    request_id: answer.headers.get('x-request-id'),
  })
  for (const issue of errors) expect(issue).toEqual({ path: expect.any(String), message: expect.stringMatching(/\S/) })
}

/** 400 `invalid_request` that names `path` among its errors. */
export function expectInvalid(answer: Answer, path: string): void {
  expectProblem(answer, 400, 'invalid_request')
  expect(answer.json.errors.map((issue: { path: string }) => issue.path)).toContain(path)
}

/** No key, or one that opens nothing: RFC 6750 §3. */
export function expectUnauthorized(answer: Answer, presented: boolean): void {
  expectProblem(answer, 401, 'unauthorized')
  const challenge = presented ? 'Bearer realm="latchkey", error="invalid_token"' : 'Bearer realm="latchkey"'
  expect(answer.headers.get('www-authenticate')).toBe(challenge)
}

/** The key is good and may not do this: RFC 6750 §3.1, the scope named for a program and for a person. */
export function expectInsufficientScope(answer: Answer, scope: string): void {
  expectProblem(answer, 403, 'insufficient_scope')
  expect(answer.json.detail).toContain(scope)
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"`,
  )
}
