import { DurableObject } from 'cloudflare:workers'
import { type Command, decide, type LedgerState, type Outcome } from './decide.ts'

/** `alarmAt`: the alarm that is set, milliseconds. */
type Document = { state: LedgerState; alarmAt: number | null }

/**
 * Every command moves what time has ended, so nothing waits for an alarm but the room that it takes. Each alarm is a row written
 * and a request, so one comes when the last of a sign-in has ended, its tombstone of a day included, and not for each step.
 */
const LATE_MS = 25 * 3600_000
/** An alarm that is set already will do if it is no later than this beyond the one that would be set. */
const SLACK_MS = 3600_000

/**
 * One ledger: a JSON document, the pure `decide`, and an alarm that clears away. One object for each subject.
 *
 * Nothing here is awaited between reading and writing: with an `await` on another service in between, 15 of 50 parallel
 * callers won; without, one. Storage is synchronous, and the output gate holds the answer until the write is durable.
 */
export class Ledger extends DurableObject {
  /** Takes and returns one object, so that Worker and ledger of neighbouring versions understand each other. */
  run(command: Command): Outcome {
    const stored = this.ctx.storage.kv.get<string>('document')
    return this.#decide(stored ?? null, command)
  }

  override alarm(): void {
    const stored = this.ctx.storage.kv.get<string>('document')
    if (stored === undefined) return
    // The alarm that just rang is gone, so it is set anew even if the same moment is next (a clock that stepped back).
    this.#decide(JSON.stringify({ ...(JSON.parse(stored) as Document), alarmAt: null }), { type: 'sweep' })
  }

  #decide(stored: string | null, command: Command): Outcome {
    const before = stored === null ? null : (JSON.parse(stored) as Document)
    if (before && before.state.version !== 1) throw new Error('ledger document of another version')
    const { state, alarmAt: nextAt, outcome } = decide(before?.state ?? null, command, Date.now())
    if (state === null) {
      // Removes the alarm too (compatibility date 2026-02-24 and later).
      if (before) void this.ctx.storage.deleteAll()
      return outcome
    }
    const alarmAt = nextAt === null ? null : lateAlarm(nextAt, before?.alarmAt ?? null)
    const document = JSON.stringify({ state, alarmAt } satisfies Document)
    if (document !== stored) this.ctx.storage.kv.put('document', document)
    if (alarmAt !== null && alarmAt !== before?.alarmAt) void this.ctx.storage.setAlarm(alarmAt)
    return outcome
  }
}

const lateAlarm = (nextAt: number, set: number | null): number =>
  set !== null && set <= nextAt + LATE_MS + SLACK_MS ? set : nextAt + LATE_MS
