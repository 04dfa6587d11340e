/** Counting for many people in one ledger: a project's SMS, by prefix and in all. Pure: no runtime, no clock. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CountCommand, decide, type LedgerState, type Outcome } from '../../../src/domain/ledger/decide.ts'

const HOUR = 3_600_000
const T = 1_800_000_000_000

const count = (over: Partial<Omit<CountCommand, 'type'>> = {}): CountCommand => ({
  type: 'count',
  limit: 3,
  window: HOUR,
  unlessRedeemed: 0.2,
  ...over,
})
const credit = { type: 'credit' } as const
const sweep = { type: 'sweep' } as const

/** A ledger that is asked one thing after the other. */
function ledger() {
  let state: LedgerState | null = null
  let alarmAt: number | null = null
  const ask = (command: CountCommand | typeof credit | typeof sweep, now = T): Outcome => {
    const before = structuredClone(state)
    const decision = decide(state, command, now)
    expect(state).toEqual(before)
    // As it is stored.
    state = decision.state && (JSON.parse(JSON.stringify(decision.state)) as LedgerState)
    alarmAt = decision.alarmAt
    return decision.outcome
  }
  const times = (n: number, command: CountCommand | typeof credit, now = T) => {
    for (let i = 0; i < n; i++) expect(ask(command, now)).toEqual({ is: 'done' })
  }
  return { ask, times, state: () => state, alarmAt: () => alarmAt }
}

const DONE = { is: 'done' }

describe('count', () => {
  it('lets exactly the limit pass, then says when the window ends', () => {
    const { ask, times } = ledger()
    times(3, count())
    expect(ask(count())).toEqual({ is: 'over', retryAfter: 3600 })
    expect(ask(count(), T + 1)).toEqual({ is: 'over', retryAfter: 3600 })
    expect(ask(count(), T + 1000)).toEqual({ is: 'over', retryAfter: 3599 })
    expect(ask(count(), T + HOUR - 1)).toEqual({ is: 'over', retryAfter: 1 })
  })

  it('what is refused is not counted', () => {
    const { ask, times, state } = ledger()
    times(3, count())
    const before = state()
    for (let i = 0; i < 100; i++) expect(ask(count(), T + i)).toMatchObject({ is: 'over' })
    expect(state()).toEqual(before)
    expect(ask(count({ limit: 4 }))).toEqual(DONE)
    expect(ask(count({ limit: 4 }))).toMatchObject({ is: 'over' })
  })

  it('begins anew when the window of the first has ended, not before', () => {
    const { ask, times } = ledger()
    times(1, count())
    times(2, count(), T + HOUR - 2)
    expect(ask(count(), T + HOUR - 1)).toMatchObject({ is: 'over' })
    times(3, count(), T + HOUR)
    expect(ask(count(), T + HOUR)).toEqual({ is: 'over', retryAfter: 3600 })
  })

  it('a window without anybody begins with the next one, however much later', () => {
    const { ask, times } = ledger()
    times(3, count())
    times(3, count(), T + 10.5 * HOUR)
    expect(ask(count(), T + 11 * HOUR)).toEqual({ is: 'over', retryAfter: 1800 })
  })

  it('a limit that was lowered holds at once, one that was raised too', () => {
    const { ask, times } = ledger()
    times(3, count({ limit: 10 }))
    expect(ask(count({ limit: 2 }))).toMatchObject({ is: 'over' })
    expect(ask(count({ limit: 3 }))).toMatchObject({ is: 'over' })
    times(1, count({ limit: 4 }))
  })

  it('a window that was changed holds from the next one on', () => {
    const { ask, times } = ledger()
    times(3, count())
    expect(ask(count({ window: 60_000 }), T + 60_000)).toMatchObject({ is: 'over' })
    times(3, count({ window: 60_000 }), T + HOUR)
    times(3, count({ window: 60_000 }), T + HOUR + 60_000)
  })

  it('says at least one second, so that nobody asks again at once', () => {
    const { ask, times } = ledger()
    times(3, count())
    const outcome = ask(count(), T + HOUR - 0.5)
    expect(outcome).toEqual({ is: 'over', retryAfter: 1 })
  })
})

describe('the share that signed in', () => {
  it('of a fifth or more: no limit', () => {
    const { ask, times } = ledger()
    times(5, count({ limit: 5 }))
    expect(ask(count({ limit: 5 }))).toMatchObject({ is: 'over' })
    times(1, credit)
    times(1, count({ limit: 5 }))
    // 1 of 6.
    expect(ask(count({ limit: 5 }))).toMatchObject({ is: 'over' })
    times(1, credit)
    // 2 of 6 to 2 of 10.
    times(5, count({ limit: 5 }))
    expect(ask(count({ limit: 5 }))).toMatchObject({ is: 'over' })
  })

  it('does not matter where there always is a limit', () => {
    const { ask, times } = ledger()
    times(3, count({ unlessRedeemed: null }))
    times(3, credit)
    expect(ask(count({ unlessRedeemed: null }))).toMatchObject({ is: 'over' })
  })

  it('begins anew with the window', () => {
    const { ask, times } = ledger()
    times(3, count())
    times(3, credit)
    times(10, count())
    times(3, count(), T + HOUR)
    expect(ask(count(), T + HOUR)).toMatchObject({ is: 'over' })
  })

  it('a limit of 0 lets nobody pass before somebody did', () => {
    const { ask } = ledger()
    expect(ask(count({ limit: 0, unlessRedeemed: null }))).toEqual({ is: 'over', retryAfter: 3600 })
  })
})

describe('credit', () => {
  it('where nothing was counted leaves nothing', () => {
    const { ask, state, alarmAt } = ledger()
    expect(ask(credit)).toEqual(DONE)
    expect([state(), alarmAt()]).toEqual([null, null])
  })

  it('after the window has ended leaves nothing', () => {
    const { ask, times, state } = ledger()
    times(1, count())
    expect(ask(credit, T + HOUR)).toEqual(DONE)
    expect(state()).toBeNull()
  })

  it('does not lengthen the window', () => {
    const { times, alarmAt } = ledger()
    times(1, count())
    times(1, credit, T + HOUR - 1)
    expect(alarmAt()).toBe(T + HOUR)
  })
})

describe('a ledger that counts', () => {
  it('rings when the window ends, and then is empty and gone', () => {
    const { ask, times, state, alarmAt } = ledger()
    times(1, count())
    expect([state() === null, alarmAt()]).toEqual([false, T + HOUR])
    ask(sweep, T + HOUR - 1)
    expect([state() === null, alarmAt()]).toEqual([false, T + HOUR])
    ask(sweep, T + HOUR)
    expect([state(), alarmAt()]).toEqual([null, null])
  })

  it('is a document of the known version, and a document without a tally is read', () => {
    const { times, state } = ledger()
    times(1, count())
    const stored = state()
    expect(stored?.version).toBe(1)
    const { tally: _, ...old } = stored ?? {}
    expect(decide(old as LedgerState, count(), T).outcome).toEqual(DONE)
    expect(decide(old as LedgerState, sweep, T)).toMatchObject({ state: null, alarmAt: null })
  })

  it('keeps nothing of whoever was counted', () => {
    const { times, state } = ledger()
    times(3, count())
    times(2, credit)
    expect(state()?.tally).toEqual({ until: T + HOUR, sent: 3, redeemed: 2 })
    const { version: _, tally: __, ...rest } = state() ?? {}
    expect(JSON.stringify(rest)).not.toMatch(/\+\d/)
    expect(JSON.stringify(state()).length).toBeLessThan(300)
  })

  it('never lets more than the limit pass in a window that nobody signed in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 0, max: HOUR }), { maxLength: 60 }),
        (limit, steps) => {
          const { ask } = ledger()
          const passed: number[] = []
          let now = T
          let until = 0
          for (const step of steps) {
            now += step
            if (now >= until) {
              until = now + HOUR
              passed.length = 0
            }
            const outcome = ask(count({ limit }), now)
            if (outcome.is === 'done') passed.push(now)
            else expect(outcome).toEqual({ is: 'over', retryAfter: Math.ceil((until - now) / 1000) })
            expect(passed.length).toBeLessThanOrEqual(limit)
            if (outcome.is === 'over') expect(passed.length).toBe(limit)
          }
        },
      ),
    )
  })

  it('beyond the limit, at least a fifth has always signed in', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (commands) => {
        const { ask } = ledger()
        let [sent, redeemed] = [0, 0]
        for (const isCount of commands) {
          if (!isCount) {
            ask(credit)
            if (sent > 0) redeemed++
            continue
          }
          const mayPass = sent < 3 || redeemed >= sent * 0.2
          expect(ask(count()).is).toBe(mayPass ? 'done' : 'over')
          if (mayPass) sent++
        }
      }),
    )
  })
})
