/** An outcome of a ledger that this Worker does not know is a 503 (design §3): not a refusal, and no way on to the application. */

import { beforeAll, expect, it, vi } from 'vitest'
import { aWorld, faultyWorld, OPERATIONS, type World } from './operations.ts'

let w: World
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  w = await aWorld(faultyWorld())
})

it.each([
  // domain/sign-in/grant-for-session.ts: goes on to the application with a grant that no ledger has.
  'authorize, signed in',
  'a tab that waited',
  'going on as who is signed in',
  // domain/sign-in/here.ts: says that the link has expired.
  'a link for this browser',
  // domain/challenges/login-status.ts: says that there is no such link.
  'POST /v1/auth/magic_links/email/login_status',
  // domain/sign-in/waiting.ts: says that nothing is known of it.
  'waiting, and the link was opened',
  'how waiting stands',
])('%s', async (name) => {
  const cell = await OPERATIONS[name]?.make(w)
  if (!cell) throw new Error('no such operation')
  const { result } = await w.f.during({ ledger: async () => ({ is: 'something_newer' }) }, cell.run)
  const location = URL.parse(result.headers.get('location') ?? '')
  expect(location?.searchParams.get('code') ?? null, 'leads to the application').toBeNull()
  // RFC 6749 §4.1.2.1 lets /authorize tell the application.
  if (location?.searchParams.get('error') !== 'temporarily_unavailable')
    expect(result.status, result.text.slice(0, 200)).toBe(503)
})
