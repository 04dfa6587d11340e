/**
 * The same I/O as Latchkey's and nothing else. It plays back what the recorder wrote down of real requests, each once, over a
 * copy of the same database: the same calls, one after the other or after the answer as there; in D1 the same statements with
 * the same values, so the same rows; to the ledger the same command, which reads a document, writes one of the same length and
 * sets the same alarm; the same bytes to KV, to the mail provider and to the caller. What is not I/O it does not do: no
 * routing, validation, key, hash, MAC, sealing, rendering or signature. When all is
 * measured, its database must have the same rows as Latchkey's.
 */

import { DurableObject } from 'cloudflare:workers'
import type { Call, Statement, Tape, Value } from '../tape.ts'

type Env = { DB: D1Database; CODES: KVNamespace; LEDGER: DurableObjectNamespace<Ledger>; MAIL: Fetcher }

/** The alarm of a ledger sweeps it: reads, writes what is left, and waits for the next day. */
const NEXT_ALARM_MS = 86_400_000

export class Ledger extends DurableObject {
  run(_command: unknown, documentBytes: number | null, outcomeBytes: number, alarmIn: number | null): string {
    this.ctx.storage.kv.get<string>('document')
    if (documentBytes === null) void this.ctx.storage.deleteAll()
    else this.ctx.storage.kv.put('document', 'x'.repeat(documentBytes))
    if (alarmIn !== null) void this.ctx.storage.setAlarm(Date.now() + alarmIn)
    return 'x'.repeat(outcomeBytes)
  }

  override alarm(): void {
    const document = this.ctx.storage.kv.get<string>('document')
    this.ctx.storage.kv.put('document', document ?? '')
    void this.ctx.storage.setAlarm(Date.now() + NEXT_ALARM_MS)
  }
}

const tapes = new Map<string, Tape>()

const toBound = (value: Value) => (typeof value === 'object' && value !== null ? new Uint8Array(value.bytes) : value)

async function play(env: Env, call: Call): Promise<unknown> {
  switch (call.kind) {
    case 'd1':
      return env.DB.batch(
        call.statements.map(({ sql, values }: Statement) => env.DB.prepare(sql).bind(...values.map(toBound))),
      )
    case 'ledger': {
      const stub = env.LEDGER.get(env.LEDGER.idFromName(call.name))
      return stub.run(call.command, call.documentBytes, call.outcomeBytes, call.alarmIn)
    }
    case 'kv get':
      return env.CODES.get(call.key)
    case 'kv put':
      return env.CODES.put(call.key, call.value, { expirationTtl: call.ttl })
    case 'mail': {
      const answer = await env.MAIL.fetch('https://mail.test/', { method: 'POST', body: 'x'.repeat(call.bytes) })
      return answer.text()
    }
  }
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const name = request.headers.get('x-tape')
    if (name === null) {
      for (const [key, tape] of await request.json<[string, Tape][]>()) tapes.set(key, tape)
      return new Response(null, { status: 204 })
    }
    const tape = tapes.get(name)
    if (!tape) return new Response(`no tape ${name}`, { status: 500 })
    await request.text()
    for (const call of tape.calls) if (call.before) await play(env, call)
    for (const call of tape.calls) if (!call.before) context.waitUntil(play(env, call))
    return new Response('x'.repeat(tape.answerBytes), { status: tape.status })
  },
}
