/**
 * Promise 6 under SIGKILL: whatever was stored ends handed over or reported as failed, and nobody is sent two codes.
 * The provider hangs in four rounds of five, so that those deaths fall between storing and sending; the fifth falls anywhere.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type DevServer, startDevServer } from '../support/server.ts'

/** `npm run test:crash` asks for more. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2)
const SENDS = 25
/** Older mails are gone: a long run sees what became of them in the messages alone. */
const INBOX_KEEPS = 500
/** A stored message is left to its own request for so long (FIRST_ATTEMPT_MS), then it is cron's. */
const UNTIL_DUE_MS = 31_000

type Row = { id: string; status: string; challenge_id: string; timeline: { event: string }[] }

async function messagesOf(server: DevServer, query = ''): Promise<Row[]> {
  const rows: Row[] = []
  for (let cursor = ''; ; ) {
    const page = await server.api(`/v1/messages?limit=100${query}${cursor && `&cursor=${cursor}`}`)
    rows.push(...page.data)
    if (page.next_cursor === null) return rows
    cursor = page.next_cursor
  }
}

const cron = (server: DevServer) =>
  fetch(`${server.origin}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`).then((answer) => answer.text())

async function until(done: () => Promise<boolean>, within: number): Promise<void> {
  const deadline = Date.now() + within
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms`)
    await sleep(50)
  }
}

describe('SIGKILL while messages are on their way', () => {
  it(
    `loses none of ${ROUNDS * SENDS} sends, and sends nobody two codes`,
    async () => {
      const persistTo = await mkdtemp(join(tmpdir(), 'latchkey-mail-crash-'))
      try {
        let server = await startDevServer({ persistTo })
        const answered = new Set<string>()
        for (let round = 0; round < ROUNDS; round++) {
          const hangs = round % 5 !== 4
          const before = (await messagesOf(server, '&status=pending')).length
          await server.inbox.outage(hangs ? 'timeout' : null)
          const calls = Array.from({ length: SENDS }, (_, index) =>
            server
              .api('/v1/passwordless/send', { email: `crash-${round}-${index}@example.com` })
              .then((sent) => answered.add(sent.message.id))
              .catch(() => {}),
          )
          if (hangs) {
            const stored = async () => (await messagesOf(server, '&status=pending')).length >= before + SENDS
            await until(stored, 20_000)
          } else await sleep(Math.random() * 400)
          await server.kill('SIGKILL')
          await Promise.all(calls)
          server = await startDevServer({ persistTo, port: server.port })
        }
        await server.inbox.outage(null)
        const stored = await messagesOf(server)
        expect(stored.length).toBeGreaterThanOrEqual(Math.floor(ROUNDS * 0.8) * SENDS)
        // What a caller was told of is there.
        expect([...answered].filter((id) => !stored.some((row) => row.id === id))).toEqual([])

        await sleep(UNTIL_DUE_MS)
        await until(async () => {
          await cron(server)
          return (await messagesOf(server, '&status=pending')).length === 0
        }, 60_000)

        const ended = await messagesOf(server)
        expect(ended.filter(({ status }) => status !== 'accepted' && status !== 'failed')).toEqual([])
        const mails = await server.inbox.messages()
        const codes = new Map<string, Set<string | null>>()
        for (const { to, code } of mails) codes.set(to, (codes.get(to) ?? new Set()).add(code))
        expect([...codes.values()].filter((different) => different.size !== 1)).toEqual([])
        // Nothing failed here: the provider was well again long before anything expired.
        expect(ended.filter(({ status }) => status === 'failed')).toEqual([])
        if (mails.length < INBOX_KEEPS) expect(codes.size).toBe(ended.length)
        await server.stop()
      } finally {
        await rm(persistTo, { recursive: true, force: true })
      }
    },
    120_000 + ROUNDS * 30_000,
  )
})
