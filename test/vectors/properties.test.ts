/** What holds for any input (security.md §3.4): cursors, redirects, budgets. */

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createKeyring, type Keyring } from '../../src/domain/keyring.ts'
import { decide, type LedgerState, type SendLimits } from '../../src/domain/ledger/decide.ts'
import {
  matchesRegistered,
  mayRedirectTo,
  whyNotRegistrable,
  withParameters,
} from '../../src/domain/projects/redirect-uris.ts'
import { makeCursor, readCursor } from '../../src/http/api/cursor.ts'
import { ksuid } from '../../src/lib/ids.ts'
import type { Deps } from '../../src/ports.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const OLD = 'old-secret-old-secret-old-secret-0001'
const NEW = 'new-secret-new-secret-new-secret-0001'
let [before, rotated]: Keyring[] = []
beforeAll(async () => {
  before = await createKeyring(OLD, null, random)
  rotated = await createKeyring(NEW, OLD, random)
})
/** A cursor needs keys alone: anything else would be I/O. */
const holding = (keys: Keyring | undefined) => ({ keys }) as Deps

describe('a cursor', () => {
  const id = fc
    .tuple(
      fc.constantFrom('user', 'sess', 'evt'),
      fc.nat({ max: 2 ** 31 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    .map(([prefix, at, bytes]) => `${prefix}_${ksuid(at, bytes)}`)
  const list = fc.string({ unit: 'binary', maxLength: 40 })

  it('reads as it was written, before and after a rotation, and for its own list alone', async () => {
    await fc.assert(
      fc.asyncProperty(id, list, list, async (last, own, other) => {
        const cursor = await makeCursor(holding(before), own, last)
        expect(await readCursor(holding(before), own, cursor)).toBe(last)
        expect(await readCursor(holding(rotated), own, cursor)).toBe(last)
        if (other !== own) expect(await readCursor(holding(before), other, cursor)).toBeNull()
      }),
    )
  })

  it('is refused with any character changed, taken out or put in', async () => {
    const edit = fc.record({
      at: fc.nat({ max: 60 }),
      drop: fc.nat({ max: 3 }),
      put: fc.string({ unit: fc.constantFrom(...'aZ0_-=+/ é\0'), maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(id, edit, async (last, { at, drop, put }) => {
        const cursor = await makeCursor(holding(before), 'list', last)
        const forged = cursor.slice(0, at) + put + cursor.slice(at + drop)
        fc.pre(forged !== cursor)
        expect(await readCursor(holding(before), 'list', forged)).toBeNull()
      }),
      { numRuns: 1000 },
    )
  })

  it('is refused whatever it is, if it was not written here', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(id, fc.base64String({ maxLength: 40 })).map(([last, mac]) => `${last}.${mac}`),
    )
    await fc.assert(
      fc.asyncProperty(text, async (cursor) => {
        expect(await readCursor(holding(before), 'list', cursor)).toBeNull()
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a redirect URI', () => {
  const piece = fc.constantFrom(
    'a',
    'A',
    '%2f',
    '%252f',
    '.',
    '..',
    '/',
    '//',
    '?',
    '&',
    '=',
    'x=1',
    'code=old',
    ':',
    '@',
    '#',
    '\\',
    ';',
    ' ',
    '\t',
    '%00',
    '*',
    '[',
    ']',
    'é',
    "'",
    '(',
    '+',
    '~',
  )
  const origin = fc.constantFrom(
    'https://app.example',
    'https://app.example:8443',
    'http://localhost',
    'http://localhost:3000',
    'http://127.0.0.1:1',
    'http://[::1]',
    'com.example.app:',
    'https:',
    'HTTPS://APP.example',
    'http://app.example',
    'javascript:',
  )
  const uri = fc
    .tuple(origin, fc.constantFrom('', '/', '/cb', '/cb?x=1', '/?'), fc.array(piece, { maxLength: 6 }))
    .map(([start, path, rest]) => start + path + rest.join(''))
  const runs = { numRuns: 5000 }

  /** What a browser makes of the answer: the same place, every parameter that was there, and ours at the end. */
  const expectSame = (registered: string, code: string) => {
    const sent = withParameters(registered, { code, state: null })
    const [from, to] = [new URL(registered), new URL(sent)]
    expect(sent.startsWith(registered)).toBe(true)
    // Nothing in it means something else in a header, or to another parser.
    expect(sent).toMatch(/^[\x21-\x7e]+$/)
    expect([to.protocol, to.host, to.pathname, to.username, to.password, to.hash]).toEqual([
      from.protocol,
      from.host,
      from.pathname,
      '',
      '',
      '',
    ])
    expect([...to.searchParams]).toEqual([...from.searchParams, ['code', code]])
  }

  it('that can be registered is where the browser goes, and nothing is lost of it', () => {
    let seen = 0
    fc.assert(
      fc.property(uri, fc.string({ unit: 'binary', maxLength: 8 }), (registered, state) => {
        if (whyNotRegistrable(registered) !== null) return
        seen++
        expectSame(registered, state.toWellFormed())
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(200)
  })

  it('is accepted if it is registered, character by character, and in development on a loopback host', () => {
    fc.assert(
      fc.property(fc.array(uri, { maxLength: 3 }), uri, fc.boolean(), (registered, wished, development) => {
        const accepted = mayRedirectTo({ registered, development }, wished)
        if (!development) expect(accepted).toBe(registered.includes(wished))
        else if (accepted && !registered.includes(wished)) {
          expect(new URL(wished)).toMatchObject({
            protocol: 'http:',
            hostname: expect.stringMatching(/^(localhost|127\.0\.0\.1)$/),
          })
          expectSame(wished, 'c')
        }
      }),
      runs,
    )
  })

  it('of a client is accepted if it is registered, but for the port of a loopback host (RFC 8252 §7.3)', () => {
    fc.assert(
      fc.property(fc.array(uri, { maxLength: 3 }), uri, (registered, wished) => {
        if (!matchesRegistered(registered, wished) || registered.includes(wished)) return
        const withoutPort = (text: string) => text.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+/, '$1')
        expect(registered.map(withoutPort)).toContain(withoutPort(wished))
        expect(new URL(wished).hostname).toMatch(/^(localhost|127\.0\.0\.1|\[::1\])$/)
      }),
      runs,
    )
  })
})

describe('a budget of sends', () => {
  const SECOND = 1000
  const START = 1_800_000_000_000
  const limit = fc.integer({ min: 1, max: 6 })
  const limits = fc.record({ per_minute: limit, per_15_minutes: limit, per_day: limit })
  const wait = fc.oneof(
    fc.constantFrom(0, 1, SECOND, 59_999, 60_000, 899_999, 900_000),
    fc.integer({ min: 0, max: 5 * 3600 * SECOND }),
  )
  const spans: [keyof SendLimits, number][] = [
    ['per_minute', 60 * SECOND],
    ['per_15_minutes', 900 * SECOND],
    ['per_day', 86_400 * SECOND],
  ]

  it('lets through what fits in every window and nothing else, and says when there is room again', () => {
    fc.assert(
      fc.property(limits, fc.array(wait, { minLength: 1, maxLength: 40 }), (allowed, waits) => {
        let state: LedgerState | null = null
        let now = START
        const passed: number[] = []
        const ask = (at: number) => decide(state, { type: 'reserve_send', limits: allowed, lane: 'stranger' }, at)
        for (const pause of waits) {
          now += pause
          const isFull = ([name, span]: (typeof spans)[number]) =>
            passed.filter((at) => at > now - span).length >= allowed[name]
          const decision = ask(now)
          const { outcome } = decision
          expect(outcome.is).toBe(spans.some(isFull) ? 'too_many_sends' : 'reserved')
          if (outcome.is === 'reserved') passed.push(now)
          else if (outcome.is === 'too_many_sends') {
            const blocking = spans.find(([name]) => name === outcome.limit)
            expect(blocking && isFull(blocking)).toBe(true)
            // A second earlier that window has no room yet.
            const early = ask(now + outcome.retryAfter * SECOND - SECOND - 1).outcome
            if (outcome.retryAfter > 1) expect(early.is).toBe('too_many_sends')
            const later = ask(now + outcome.retryAfter * SECOND).outcome
            if (later.is === 'too_many_sends') expect(later.limit).not.toBe(outcome.limit)
          }
          state = decision.state
        }
      }),
      { numRuns: 500 },
    )
  })
})
