/** Who checks the checker: histories made by hand for every rule, and a search that knows nothing of the rules. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCounter } from './counter.ts'
import { checkFamily } from './family.ts'
import type { FamilyCall, Redeem, Violation } from './history.ts'
import { checkRegister, type RegisterRules } from './register.ts'
import { isLinearizable } from './search.ts'

const NEVER = Number.POSITIVE_INFINITY

const rulesOf = (violations: Violation<unknown>[]) => [...new Set(violations.map(({ rule }) => rule))]

/** `key invoked-answered outcome`; an outcome of `s1` is a session; a star after the key: with a wrong secret. */
function redeems(...lines: string[]): Redeem[] {
  return lines.map((line) => {
    const [, key = '', wrong, invoked, answered, is = ''] = /^(\w+)(\*?) (\d+)-(\d*) (\w+)$/.exec(line) ?? []
    const outcome = /^s\d/.test(is) ? { is: 'ok' as const, sid: is } : { is: is as 'used' }
    return {
      key,
      right: wrong === '',
      invoked: Number(invoked),
      answered: answered ? Number(answered) : NEVER,
      outcome,
    }
  })
}

describe('a secret that is redeemed once', () => {
  const cases: { rule: string; good: string[]; bad: string[]; rules?: RegisterRules }[] = [
    {
      rule: 'two winners',
      good: ['a 0-9 s1', 'b 1-8 used', 'a 10-11 s1'],
      bad: ['a 0-9 s1', 'b 1-8 s2'],
    },
    {
      rule: 'two winners',
      good: ['a 0-3 s1', 'a 0-4 s1', 'b 1-2 used'],
      bad: ['a 0-3 s1', 'a 0-4 s2'],
    },
    {
      rule: 'used before anybody used it',
      good: ['a 0- unknown', 'b 1-2 used'],
      bad: ['b 1-2 used', 'a 3- unknown'],
    },
    {
      rule: 'used before anybody used it',
      // The first died before it can have redeemed.
      good: ['a 0-5 unknown', 'c* 4-6 bad', 'b 7-8 used'],
      bad: ['a 0-3 unknown', 'c* 4-6 bad', 'b 7-8 used'],
    },
    {
      rule: 'won after it was used',
      good: ['a 0- unknown', 'b 1-2 used', 'a 3-4 s1'],
      bad: ['b 1-2 used', 'a 3-4 s1', 'c 0- unknown'],
    },
    {
      rule: 'too many tries',
      good: ['a* 0-1 bad', 'a* 0-1 bad', 'b* 2-3 bad', 'b* 4-5 bad', 'c* 4-5 bad', 'c* 6-7 locked'],
      bad: ['a* 0-1 bad', 'a* 0-1 bad', 'b* 2-3 bad', 'b* 4-5 bad', 'c* 4-5 bad', 'c* 6-7 bad'],
    },
    {
      rule: 'won although locked',
      good: ['a* 0-1 bad', 'a* 2-3 bad', 'b 4-5 s1'],
      bad: ['a* 0-1 bad', 'a* 2-3 bad', 'a* 2-3 bad', 'b 4-5 s1'],
      rules: { maxTries: 3 },
    },
    {
      rule: 'forgotten',
      good: ['a 0-1 s1', 'b* 2-3 used'],
      bad: ['a 0-1 s1', 'b* 2-3 bad'],
    },
    {
      rule: 'closed and won',
      good: ['a 0-1 s1', 'b 12-13 used'],
      bad: ['a 0-1 s1', 'b 12-13 expired'],
      rules: { expiresAt: 10 },
    },
    {
      rule: 'burned',
      good: ['a 0-1 unknown', 'b 0-1 unknown', 'a 2-3 s1', 'b 2-3 used'],
      bad: ['a 0-1 unknown', 'b 0-1 unknown', 'a 2-3 used', 'b 2-3 used'],
    },
    {
      rule: 'lost',
      good: ['a 0-1 s1', 'a 2-3 s1'],
      bad: ['a 0-1 s1', 'a 2-3 used'],
    },
    {
      rule: 'won too late',
      good: ['a 8-12 s1', 'a 13-14 s1'],
      bad: ['a 11-12 s1'],
      rules: { expiresAt: 10 },
    },
    {
      rule: 'judged too late',
      good: ['a* 9-12 bad', 'b* 13-14 expired'],
      bad: ['a* 11-12 bad'],
      rules: { expiresAt: 10 },
    },
    {
      rule: 'expired too soon',
      good: ['a 9-10 expired'],
      bad: ['a 8-9 expired'],
      rules: { expiresAt: 10 },
    },
    {
      rule: 'locked too soon',
      // A try whose answer was lost may have counted.
      good: ['a* 0-1 bad', 'b* 0-1 unknown', 'c 2-3 locked'],
      bad: ['a* 0-1 bad', 'c 2-3 locked'],
      rules: { maxTries: 2 },
    },
    {
      rule: 'judged although locked',
      good: ['a* 0-1 bad', 'a* 2-9 bad', 'c 2-3 locked'],
      bad: ['a* 0-1 bad', 'b* 0-1 unknown', 'c 2-3 locked', 'a* 4-9 bad'],
      rules: { maxTries: 2 },
    },
    { rule: 'a wrong secret was accepted', good: ['a 0-1 s1'], bad: ['a* 0-1 s1'] },
    { rule: 'the right secret was called wrong', good: ['a* 0-1 bad'], bad: ['a 0-1 bad'] },
  ]

  it.each(cases)('$rule', ({ rule, good, bad, rules }) => {
    expect(checkRegister(redeems(...good), rules)).toEqual([])
    expect(rulesOf(checkRegister(redeems(...bad), rules))).toContain(rule)
  })

  it('lets a grant that was brought by two be lost to both (RFC 6749 §4.1.2), and no other', () => {
    const history = redeems('a 0-1 s1', 'b 2-3 used', 'a 4-5 used')
    expect(checkRegister(history, { reuseEnds: true })).toEqual([])
    expect(rulesOf(checkRegister(history))).toEqual(['lost'])
    expect(rulesOf(checkRegister(redeems('a 0-1 s1', 'a 4-5 used'), { reuseEnds: true }))).toEqual(['lost'])
  })

  it('names the calls', () => {
    const history = redeems('a 0-9 s1', 'b 1-8 s2', 'c 1-8 used')
    expect(checkRegister(history)).toEqual([{ rule: 'two winners', calls: history.slice(0, 2) }])
  })

  const RULES = { maxTries: 2, expiresAt: 6 }
  const time = fc.nat({ max: 9 })
  const interval = fc
    .tuple(time, time)
    .map(([one, other]) => ({ invoked: Math.min(one, other), answered: Math.max(one, other) }))
  const call = fc
    .record({
      key: fc.constantFrom('a', 'b', 'c'),
      right: fc.boolean(),
      times: interval,
      lost: fc.boolean(),
      outcome: fc.constantFrom(
        's1',
        's1',
        's1',
        's2',
        'used',
        'used',
        'bad',
        'expired',
        'locked',
        'unknown',
        'unknown',
      ),
    })
    .map(
      ({ key, right, times, lost, outcome }): Redeem => ({
        key,
        right,
        ...times,
        ...(outcome === 'unknown' && lost ? { answered: NEVER } : {}),
        outcome: /^s\d/.test(outcome) ? { is: 'ok', sid: outcome } : { is: outcome as 'used' },
      }),
    )

  /** What a ledger might have answered: most of what is drawn blindly is wrong at first sight. */
  const served = fc.array(fc.record({ call, point: fc.nat({ max: 100 }) }), { maxLength: 6 }).map((drawn) => {
    let wrong = 0
    let winner: string | null = null
    const at = ({ invoked, answered }: Redeem, point: number) =>
      invoked + ((Math.min(answered, 9) - invoked) * point) / 100
    return drawn
      .map((one) => ({ ...one, moment: at(one.call, one.point) }))
      .toSorted((one, other) => one.moment - other.moment)
      .map(({ call: asked, moment }): Redeem => {
        const tell = (is: string): Redeem => ({
          ...asked,
          outcome:
            asked.outcome.is === 'unknown'
              ? asked.outcome
              : is === 's1'
                ? { is: 'ok', sid: 's1' }
                : { is: is as 'used' },
        })
        if (winner !== null) return tell(asked.right && asked.key === winner ? 's1' : 'used')
        if (moment > RULES.expiresAt) return tell('expired')
        if (wrong >= RULES.maxTries) return tell('locked')
        if (!asked.right) {
          wrong += 1
          return tell('bad')
        }
        winner = asked.key
        return tell('s1')
      })
  })

  it('finds nothing in what a ledger answered', () => {
    fc.assert(
      fc.property(served, (history) => {
        expect(checkRegister(history, RULES)).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  it('agrees with a full search', () => {
    const spoilt = fc
      .tuple(served, fc.array(call, { maxLength: 1 }), fc.nat())
      .map(([history, extra, skip]) => [...history.filter((_, index) => index !== skip % 8), ...extra])
    const seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(fc.oneof(spoilt, served, fc.array(call, { maxLength: 5 })), (history) => {
        const expected = isLinearizable(history, RULES)
        seen[expected ? 'yes' : 'no'] += 1
        expect(rulesOf(checkRegister(history, RULES)).length === 0).toBe(expected)
      }),
      { numRuns: 5000 },
    )
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(500)
  })

  it('checks 100,000 calls in a second', () => {
    const history: Redeem[] = Array.from({ length: 100_000 }, (_, index) => ({
      key: `key-${index}`,
      right: true,
      invoked: index,
      answered: index + 100,
      outcome: index === 0 ? { is: 'ok', sid: 's1' } : { is: 'used' },
    }))
    const start = performance.now()
    expect(checkRegister(history)).toEqual([])
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

/** `client token invoked-answered next`, in place of `next` also `refused` or `unknown`; `revoke invoked-answered done`. */
function family(...lines: string[]): FamilyCall[] {
  return lines.map((line) => {
    const [, who = '', token, invoked, answered, end = ''] = /^(\w+)(?: (\w+))? (\d+)-(\d*) (\w+)$/.exec(line) ?? []
    const times = { invoked: Number(invoked), answered: answered ? Number(answered) : NEVER }
    if (token === undefined) return { does: 'revoke', ...times, outcome: { is: end as 'done' } }
    const is = end === 'refused' || end === 'unknown' ? ({ is: end } as const) : ({ is: 'ok', next: end } as const)
    return { does: 'refresh', client: who, token, ...times, outcome: is }
  })
}

describe('a refresh family', () => {
  const RULES = { client: 'app', first: 'r0', graceMs: 10 }
  const cases: { rule: string; good: string[]; bad: string[] }[] = [
    { rule: 'two successors', good: ['app r0 0-5 r1', 'app r0 1-6 r1'], bad: ['app r0 0-5 r1', 'app r0 1-6 r2'] },
    {
      rule: 'two predecessors',
      good: ['app r0 0-1 r1', 'app r1 2-3 r2'],
      bad: ['app r0 0-1 r2', 'app r1 2-3 r2'],
    },
    {
      rule: 'repeated too late',
      good: ['app r0 0-1 r1', 'app r0 11-12 r1'],
      bad: ['app r0 0-1 r1', 'app r0 12-13 r1'],
    },
    {
      rule: 'two live leaves',
      good: ['app r0 0-1 r1', 'app r1 2-4 r2', 'app r0 3-5 r1'],
      bad: ['app r0 0-1 r1', 'app r1 2-4 r2', 'app r0 5-6 r1'],
    },
    {
      rule: 'alive after a reuse',
      good: ['app r0 0-1 r1', 'app r1 2-3 r2', 'app r0 4-6 refused', 'app r2 5-6 r3', 'app r3 7-8 refused'],
      bad: ['app r0 0-1 r1', 'app r1 2-3 r2', 'app r0 4-5 refused', 'app r2 6-7 r3'],
    },
    {
      rule: 'alive after a reuse',
      good: ['app r0 0-1 r1', 'app r0 14-15 refused', 'app r1 16-17 refused'],
      bad: ['app r0 0-1 r1', 'app r0 14-15 refused', 'app r1 16-17 r2'],
    },
    {
      rule: 'alive after it was revoked',
      good: ['app r0 0-3 r1', 'revoke 1-2 done', 'app r1 4-5 refused'],
      bad: ['app r0 3-4 r1', 'revoke 1-2 done'],
    },
    {
      rule: 'refused without a cause',
      good: ['app r0 0-1 r1', 'app r1 2- unknown', 'app r0 3-4 refused', 'app r1 5-6 refused'],
      bad: ['app r0 0-1 r1', 'app r1 2-3 refused', 'app r0 4-5 r1'],
    },
    {
      rule: 'refused without a cause',
      good: ['revoke 0-1 unknown', 'app r0 2-3 refused'],
      bad: ['app r0 0-1 unknown', 'app r0 2-3 refused'],
    },
    {
      rule: "another client's token was taken",
      good: ['other r0 0-1 refused', 'app r0 2-3 r1'],
      bad: ['other r0 0-1 r1'],
    },
  ]
  it.each(cases)('$rule', ({ rule, good, bad }) => {
    expect(checkFamily(family(...good), RULES)).toEqual([])
    expect(rulesOf(checkFamily(family(...bad), RULES))).toContain(rule)
  })
})

describe('a limit', () => {
  const passes = (...times: [number, number][]) => times.map(([invoked, answered]) => ({ invoked, answered }))

  it('holds in every window', () => {
    expect(checkCounter(passes([0, 1], [2, 3], [10, 11], [12, 13]), 2, 10)).toEqual([])
    expect(checkCounter(passes([0, 1], [2, 3], [4, 9], [30, 31]), 2, 10)).toHaveLength(1)
    // Two moments of one window are less than its length apart.
    expect(checkCounter(passes([0, 0], [0, 0], [10, 10]), 2, 10)).toEqual([])
    expect(checkCounter(passes([0, 0], [0, 0], [9, 9]), 2, 10)).toHaveLength(1)
  })

  it('may hold where a call lasts: it was counted at some moment of it', () => {
    expect(checkCounter(passes([0, 9], [0, 12], [0, 10]), 1, 10)).toEqual([])
    expect(checkCounter(passes([0, 9], [5, 8], [0, 100]), 1, 10)).toHaveLength(1)
    expect(checkCounter(passes([50, 51], [0, 100], [52, 53]), 2, 10)).toEqual([])
  })

  it('is the same as looking at every window', () => {
    const pass = fc
      .tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 }))
      .map(([invoked, lasts]) => ({ invoked, answered: invoked + lasts }))
    fc.assert(
      fc.property(fc.array(pass, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), (history, limit) => {
        const isOver = history.some(
          ({ invoked: from }) =>
            history.filter(({ invoked, answered }) => invoked >= from && answered < from + 10).length > limit,
        )
        expect(checkCounter(history, limit, 10).length > 0).toBe(isOver)
      }),
      { numRuns: 2000 },
    )
  })
})
