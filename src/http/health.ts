/** GET /healthz: whether the parts answer, for a monitor. Says nothing of anybody. */

import { Hono } from 'hono'
import { queryWithSize } from '../domain/database.ts'
import { askLedger } from '../domain/ledger/ask.ts'
import { INPUT_SECONDS, selectHealth } from '../domain/messages/queries.ts'
import { within } from '../lib/deadline.ts'
import { newId } from '../lib/ids.ts'
import type { Deps } from '../ports.ts'
import type { AppEnv } from './context.ts'

/** A monitor, or a flood, asks the parts once in so long. */
const REMEMBERED_MS = 5000
/** D1 on the paid plan; 500 MB on the free one. */
const DATABASE_LIMIT_BYTES = 10_000_000_000
const FAILED_SECONDS = 3600
const OVERDUE_SECONDS = 300
const KV_PATIENCE_MS = 4000
const HEALTH_LEDGER = '00000000000000000000000000000000'

type Health = {
  status: 'ok' | 'degraded'
  checks: Record<'d1' | 'ledger' | 'kv', 'ok' | 'failing'>
  /** `overdue` should have been sent or erased five minutes ago, `delivery_failed` failed in the last hour. */
  messages: { overdue: number | null; delivery_failed: number | null }
  database: { bytes: number | null; limit_bytes: number }
}

export function health() {
  const app = new Hono<AppEnv>()
  let last: { at: number; answer: Health } | null = null
  app.get('/', async (c) => {
    const { deps } = c.var
    const now = deps.now()
    if (!last || now - last.at > REMEMBERED_MS) last = { at: now, answer: await check(deps) }
    const isOk = last.answer.status === 'ok'
    const retry = isOk ? {} : { 'retry-after': String(REMEMBERED_MS / 1000) }
    return c.json(last.answer, isOk ? 200 : 503, { 'cache-control': 'no-store', ...retry })
  })
  return app
}

async function check(deps: Deps): Promise<Health> {
  const isOk = (work: Promise<unknown>) =>
    work.then(
      () => 'ok' as const,
      () => 'failing' as const,
    )
  const idBefore = (seconds: number) => newId('msg', Math.floor(deps.now() / 1000) - seconds, new Uint8Array(16))
  const counts = queryWithSize<{ overdue: number; delivery_failed: number }>(
    selectHealth(deps.db, deps.now(), idBefore(FAILED_SECONDS), idBefore(INPUT_SECONDS + OVERDUE_SECONDS)),
  )
  const [d1, ledger, kv] = await Promise.all([
    isOk(counts),
    isOk(askLedger(deps, HEALTH_LEDGER, { type: 'sweep' })),
    isOk(within(KV_PATIENCE_MS, 'kv', deps.codes.get('health'))),
  ])
  const known = await counts.catch(() => null)
  // Without KV everything works, a little slower: that is no alarm.
  return {
    status: d1 === 'ok' && ledger === 'ok' ? 'ok' : 'degraded',
    checks: { d1, ledger, kv },
    messages: { overdue: known?.row?.overdue ?? null, delivery_failed: known?.row?.delivery_failed ?? null },
    database: { bytes: known?.bytes ?? null, limit_bytes: DATABASE_LIMIT_BYTES },
  }
}
