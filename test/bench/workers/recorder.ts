/**
 * Latchkey itself with every call to a binding written down: what an operation costs, and what the bare Worker does again.
 * Not measured.
 *
 * Each call is held back a moment after its work, so that what is not over when the answer is there was not waited for.
 */

import type { Env } from '../../../src/env.ts'
import latchkey, { Ledger as RealLedger } from '../../../src/index.ts'
import type { Call, Statement, Tape, Value } from '../tape.ts'

const HOLD_MS = 4

type LedgerTrace = Pick<
  Call & { kind: 'ledger' },
  'documentBytes' | 'outcomeBytes' | 'alarmIn' | 'rowsRead' | 'rowsWritten'
>
type Command = Parameters<RealLedger['run']>[0]

const tapes = new Map<string, Tape>()
/** Milliseconds that every clock here is ahead of the real one. */
let ahead = 0
const realNow = Date.now.bind(Date)
Date.now = () => realNow() + ahead

export class Ledger extends RealLedger {
  traced(command: Command): { outcome: unknown; trace: LedgerTrace } {
    const before = this.#document()
    const outcome = this.run(command)
    const after = this.#document()
    return { outcome, trace: { ...this.#written(before, after), outcomeBytes: JSON.stringify(outcome).length } }
  }

  /** What becomes of this ledger when nobody asks it any more: its alarms until it is gone. */
  async runDown(): Promise<{ alarms: number; rowsRead: number; rowsWritten: number }> {
    const total = { alarms: 0, rowsRead: 0, rowsWritten: 0 }
    for (let document = this.#document(); document !== null; ) {
      const { alarmAt } = JSON.parse(document) as { alarmAt: number | null }
      if (alarmAt === null) throw new Error('a ledger that never ends')
      ahead = alarmAt - realNow()
      this.alarm()
      ahead = 0
      const after = this.#document()
      const { rowsRead, rowsWritten } = this.#written(document, after)
      total.alarms += 1
      total.rowsRead += rowsRead
      total.rowsWritten += rowsWritten
      document = after
    }
    return total
  }

  #document(): string | null {
    return this.ctx.storage.kv.get<string>('document') ?? null
  }

  /** Cloudflare bills a row for each key read, each key written or deleted, and each alarm set. */
  #written(before: string | null, after: string | null) {
    const alarmOf = (text: string | null) => (text === null ? null : (JSON.parse(text) as { alarmAt: number }).alarmAt)
    const alarmAt = alarmOf(after)
    const setsAlarm = alarmAt !== null && alarmAt !== alarmOf(before)
    return {
      documentBytes: after?.length ?? null,
      alarmIn: setsAlarm ? alarmAt - Date.now() : null,
      rowsRead: 1,
      // The document, also where it goes, and the alarm.
      rowsWritten: (after === before ? 0 : 1) + (setsAlarm ? 1 : 0),
    }
  }
}

const toValue = (value: unknown): Value =>
  value instanceof Uint8Array || value instanceof ArrayBuffer
    ? { bytes: value.byteLength }
    : ((value ?? null) as string | number | null)

/** The bindings as they are, with each call that leaves the isolate noted in `calls`. */
function recorded(env: Env, calls: Call[], isAnswered: () => boolean): Env {
  const note = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
    calls.push(call)
    const result = await work()
    await scheduler.wait(HOLD_MS)
    if (isAnswered()) call.before = false
    return result
  }
  const originals = new WeakMap<object, { real: D1PreparedStatement; statement: Statement }>()
  const ask = <Row>(list: D1PreparedStatement[]): Promise<D1Result<Row>[]> => {
    const known = list.map((proxy) => originals.get(proxy) ?? refuse('a statement from elsewhere'))
    const call: Call = {
      kind: 'd1',
      statements: known.map(({ statement }) => statement),
      rowsRead: 0,
      rowsWritten: 0,
      before: true,
    }
    return note(call, async () => {
      const results = await env.DB.batch<Row>(known.map(({ real }) => real))
      for (const { meta } of results) {
        call.rowsRead += meta.rows_read
        call.rowsWritten += meta.rows_written
      }
      return results
    })
  }
  const prepare = (sql: string, real: D1PreparedStatement, values: unknown[]): D1PreparedStatement => {
    const proxy = {
      bind: (...bound: unknown[]) => prepare(sql, real.bind(...bound), bound),
      all: async () => (await ask([proxy]))[0],
      run: async () => (await ask([proxy]))[0],
      first: async () => (await ask([proxy]))[0]?.results[0] ?? null,
    } as unknown as D1PreparedStatement
    originals.set(proxy, { real, statement: { sql, values: values.map(toValue) } })
    return proxy
  }
  const DB = { prepare: (sql: string) => prepare(sql, env.DB.prepare(sql), []), batch: ask }
  const CODES = {
    get: (key: string, type: never) => note({ kind: 'kv get', key, before: true }, () => env.CODES.get(key, type)),
    put: (key: string, value: string, options: { expirationTtl: number }) =>
      note({ kind: 'kv put', key, value, ttl: options.expirationTtl, before: true }, () =>
        env.CODES.put(key, value, options),
      ),
  }
  const ledgers = env.LEDGER as unknown as DurableObjectNamespace<Ledger>
  const LEDGER = {
    idFromName: (name: string) => name,
    get: (name: string) => ({
      run: (command: Command) => {
        const call: Call = {
          kind: 'ledger',
          name,
          command,
          documentBytes: null,
          outcomeBytes: 0,
          alarmIn: null,
          rowsRead: 0,
          rowsWritten: 0,
          before: true,
        }
        return note(call, async () => {
          const { outcome, trace } = await ledgers.getByName(name).traced(command)
          Object.assign(call, trace)
          return outcome
        })
      },
    }),
  }
  const MAIL = {
    fetch: async (request: Request) => {
      const body = await request.text()
      return note({ kind: 'mail', bytes: body.length, before: true }, async () =>
        (env.MAIL ?? refuse('no mail')).fetch(new Request(request.url, { method: 'POST', body })),
      )
    },
  }
  return { ...env, DB, CODES, LEDGER, MAIL } as unknown as Env
}

const refuse = (what: string): never => {
  throw new Error(what)
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/bench/tapes') {
      const prefix = url.searchParams.get('prefix') ?? ''
      return Response.json([...tapes].filter(([name]) => name.startsWith(prefix)))
    }
    if (url.pathname === '/bench/run-down') {
      const ledgers = env.LEDGER as unknown as DurableObjectNamespace<Ledger>
      const names = await request.json<string[]>()
      return Response.json(await Promise.all(names.map((name) => ledgers.getByName(name).runDown())))
    }
    if (url.pathname === '/bench/ids') {
      const names = await request.json<string[]>()
      return Response.json(names.map((name) => env.LEDGER.idFromName(name).toString()))
    }
    if (url.pathname === '/bench/cron') {
      const calls: Call[] = []
      ahead = Number(url.searchParams.get('ahead'))
      const scheduledTime = Date.now()
      await latchkey.scheduled(
        { scheduledTime, cron: '* * * * *', noRetry() {} } as ScheduledController,
        recorded(env, calls, () => false),
        context,
      )
      ahead = 0
      return Response.json(calls)
    }
    const name = request.headers.get('x-tape')
    if (name === null) return latchkey.fetch(request, env, context)
    const calls: Call[] = []
    let answered = false
    const response = await latchkey.fetch(
      request,
      recorded(env, calls, () => answered),
      context,
    )
    const body = await response.arrayBuffer()
    answered = true
    tapes.set(name, { calls, status: response.status, answerBytes: body.byteLength })
    return new Response(body, response)
  },
}
