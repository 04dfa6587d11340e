/** GET /healthz: whether the parts answer, for a monitor. Says nothing of anybody. */

import { Hono } from 'hono'
import { query } from '../domain/database.ts'
import { askLedger } from '../domain/ledger/ask.ts'
import { selectHealth } from '../domain/messages/queries.ts'
import type { Deps } from '../ports.ts'
import type { AppEnv } from './context.ts'

/** A monitor, or a flood, asks the parts once in so long. */
const REMEMBERED_MS = 5000
const HEALTH_LEDGER = '00000000000000000000000000000000'

type Health = {
  status: 'ok' | 'degraded'
  checks: Record<'d1' | 'ledger' | 'kv', 'ok' | 'failing'>
  messages: { overdue: number | null }
}

export function health() {
  const app = new Hono<AppEnv>()
  let last: { at: number; answer: Health } | null = null
  app.get('/', async (c) => {
    const { deps } = c.var
    const now = deps.now()
    if (!last || now - last.at > REMEMBERED_MS) last = { at: now, answer: await check(deps) }
    return c.json(last.answer, last.answer.status === 'ok' ? 200 : 503, { 'cache-control': 'no-store' })
  })
  return app
}

async function check(deps: Deps): Promise<Health> {
  const isOk = (work: Promise<unknown>) =>
    work.then(
      () => 'ok' as const,
      () => 'failing' as const,
    )
  const overdue = query<{ overdue: number }>(selectHealth(deps.db, deps.now()))
  const [d1, ledger, kv] = await Promise.all([
    isOk(overdue),
    isOk(askLedger(deps, HEALTH_LEDGER, { type: 'sweep' })),
    isOk(deps.codes.get('health')),
  ])
  const row = await overdue.catch(() => null)
  // Without KV everything works, a little slower: that is no alarm.
  return {
    status: d1 === 'ok' && ledger === 'ok' ? 'ok' : 'degraded',
    checks: { d1, ledger, kv },
    messages: { overdue: row?.overdue ?? null },
  }
}
