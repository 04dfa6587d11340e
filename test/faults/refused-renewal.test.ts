/** The provider refuses the new link that somebody asked for on the page of a dead one: a 503 says when to ask again. */

import { expect, it } from 'vitest'
import { aWorld, faultyWorld, OPERATIONS } from './operations.ts'

it('POST /auth/magic-link/new: 503 with Retry-After', async () => {
  const w = await aWorld(faultyWorld())
  const cell = await OPERATIONS['a new link for a dead one']?.make(w)
  if (!cell) throw new Error('no such operation')
  const { result } = await w.f.during({ provider: async () => ({ status: 'failed', attempts: [] }) }, cell.run)
  expect([result.status, Number(result.headers.get('retry-after')) > 0]).toEqual([503, true])
})
