/** GET /healthz when a part fails: it answers within 10 s, and a 503 says when to ask again. */

import { expect, it, vi } from 'vitest'
import { faultyApp, never, sleep } from '../support/faults.ts'

it('KV hangs: it answers all the same', async () => {
  const parts = faultyApp()
  parts.break({ 'kv get': never })
  const asked = parts.app.request('/healthz').then(({ status, json }) => [status, json.checks.kv])
  expect(await Promise.race([asked, sleep(10_000).then(() => 'no answer within 10 s')])).toEqual([200, 'failing'])
})

it('D1 fails: 503 with Retry-After', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const parts = faultyApp()
  parts.break({ d1: () => Promise.reject(new Error('D1_ERROR')) })
  const { status, headers } = await parts.app.request('/healthz')
  expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
})
