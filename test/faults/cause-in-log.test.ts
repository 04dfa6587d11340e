/** What a part says when it fails may hold a value of SQL or a key: none of it, and no stack, belongs in a log line. */

import { afterEach, expect, it, vi } from 'vitest'
import { anAddress } from '../support/app.ts'
import { type Faults, faultyApp } from '../support/faults.ts'

const CANARY = 'canary-7f3a'
const fails = () => Promise.reject(new Error(`D1_TYPE_ERROR: Type 'object' not supported for value '${CANARY}'`))

afterEach(() => {
  vi.restoreAllMocks()
})

it.each<[string, Faults]>([
  ['D1', { d1: fails }],
  ['a ledger', { ledger: fails }],
  ['KV, written after the answer', { 'kv put': fails }],
])('%s fails: the log says which part, and not what it said', async (_, faults) => {
  const logged: string[] = []
  vi.spyOn(console, 'error').mockImplementation((line) => logged.push(line))
  const parts = faultyApp()
  await parts.app.call('GET', '/v1/project')
  parts.break(faults)
  await parts.app.call('POST', '/v1/passwordless/send', { email: anAddress() })
  expect(logged.length).toBeGreaterThan(0)
  expect(logged.join('\n')).not.toContain(CANARY)
  expect(logged.join('\n')).not.toMatch(/\\n +at /)
})
