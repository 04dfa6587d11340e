import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect } from 'vitest'
import { listen, sweep } from './support/canary.ts'
import { wholeReads } from './support/plans.ts'

const { DB, TEST_MIGRATIONS } = env as unknown as {
  DB: D1Database
  TEST_MIGRATIONS: Parameters<typeof applyD1Migrations>[1]
}
await applyD1Migrations(DB, TEST_MIGRATIONS)

// Promise 7, in whatever a file does: nothing that was handed out lies in what it stored or logged.
listen()
afterAll(async () => {
  const { findings, secrets, places } = await sweep()
  console.log(`canary: ${secrets} secrets, ${places} places`)
  expect(findings).toEqual([])
})

afterAll(async () => {
  expect(await wholeReads()).toEqual([])
})
