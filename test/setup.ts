import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect, vi } from 'vitest'
import { forget, listen, sweep } from './support/canary.ts'
import { wholeReads } from './support/plans.ts'

const { DB, TEST_MIGRATIONS } = env as unknown as {
  DB: D1Database
  TEST_MIGRATIONS: Parameters<typeof applyD1Migrations>[1]
}
// One workerd plays many files, one after the other. Each finds the clock, D1, KV and Durable Objects as if it were the first.
vi.useRealTimers()
vi.restoreAllMocks()
vi.unstubAllGlobals()
await empty()
await applyD1Migrations(DB, TEST_MIGRATIONS)
await forget()

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

/** Looks whether it is so: now and then a database that was busy outlives a reset, and the next file would meet its rows. */
async function empty(): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await reset()
    const migrated = await DB.prepare("SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'").first()
    if (!migrated) return
  }
  throw new Error('The storage of the file before is still there.')
}
