/** Each call to a part has its own patience; those of one request add up (promise 13: an answer within 10 s). */

import { beforeAll, expect, it, vi } from 'vitest'
import type { Answer } from '../support/app.ts'
import { type Faults, never, sleep } from '../support/faults.ts'
import { aWorld, faultyWorld, OPERATIONS, type World } from './operations.ts'

/** A margin for the test's own machine: three calls of 5 s are 15. */
const LIMIT_MS = 10_500

let w: World
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  w = await aWorld(faultyWorld())
})
vi.setConfig({ testTimeout: 60_000 })

async function took(faults: Faults, request: () => Promise<Answer>): Promise<number> {
  const startedAt = Date.now()
  await w.f.during(faults, request)
  return Date.now() - startedAt
}

it('D1 hangs: POST /v1/organizations does not wait for it twice', async () => {
  const body = { name: 'Acme', external_id: crypto.randomUUID() }
  const startedAt = Date.now()
  await w.f.during({ d1: never }, () => w.app.call('POST', '/v1/organizations', body))
  expect(Date.now() - startedAt).toBeLessThan(9000)
})

it.concurrent.each(['PUT /users/:id', 'ending a session', 'logout', 'PUT /v1/auth/users/:id/update'])(
  'every part takes nearly as long as it may: %s answers within 10 s',
  async (name) => {
    const cell = await OPERATIONS[name]?.make(w)
    if (!cell) throw new Error('no such operation')
    const late = (run: () => Promise<unknown>) => sleep(4500).then(run)
    expect(await took({ d1: late, ledger: (run) => sleep(3500).then(run) }, cell.run)).toBeLessThan(LIMIT_MS)
  },
)
