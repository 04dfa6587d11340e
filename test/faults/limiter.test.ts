/** The rate-limiting binding is approximate and asked first; what is exact is the ledger's. That it fails must stop nobody (promise 13). */

import { beforeAll, expect, it, vi } from 'vitest'
import { type Fault, never, sleep } from '../support/faults.ts'
import { aWorld, faultyWorld, OPERATIONS, type World } from './operations.ts'

const NAMES = [
  'asking for a sign-in',
  'resend on the page',
  'the code field',
  'a new link for a dead one',
  'a link for this browser',
]
const LIMIT_MS = 10_000

let w: World
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  w = await aWorld(faultyWorld())
})

it.each<[string, Fault]>([
  ['throws', () => Promise.reject(new Error('internal error'))],
  ['hangs', never],
])('the rate limiter %s: the pages work, or say 503, within 10 s', async (_, limit) => {
  const answers = await Promise.all(
    NAMES.map(async (name) => {
      const operation = OPERATIONS[name]
      const cell = await operation?.make(w)
      const asked = cell && w.f.during({ limit }, cell.run).then(({ result }) => result.status)
      const status = await Promise.race([asked, sleep(LIMIT_MS).then(() => 'no answer')])
      return [name, status === 503 || operation?.works.some((works) => works === status) ? 'fine' : status]
    }),
  )
  expect(answers).toEqual(NAMES.map((name) => [name, 'fine']))
})
