/** What dialects ask of the ledger beyond decide.test.ts: codes without an id, challenges that must be named, a send that counts elsewhere. */

import { describe, expect, it } from 'vitest'
import {
  type Command,
  type Conditions,
  type Decision,
  decide,
  type LedgerState,
  MAX_WRONG,
  type OpenCommand,
  REPLAY_MS,
  type RedeemCommand,
  type RenewCommand,
  type ReserveCommand,
  type SendLimits,
  type StoredSecret,
} from '../../../src/domain/ledger/decide.ts'
import { type ChallengeRecord, DIALECTS } from '../../../src/domain/ledger/record.ts'

// --- one valid thing ------------------------------------------------------------------------------------------------

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE
/** Milliseconds, and in Unix seconds. */
const T = 1_800_000_000_000
const at = (ms: number) => Math.floor((T + ms) / 1000)
const LINK_TTL = 900
const CODE_TTL = 600
const times = (count: number) => Array.from({ length: count }, (_, i) => i)

const record = (over: Partial<ChallengeRecord> = {}): ChallengeRecord => ({
  project: 'p1',
  dialect: 'transmit',
  purpose: 'sign_in',
  channel: 'email',
  method: 'code',
  identifier: null,
  userId: 'user_1',
  candidateUserId: null,
  mintedAt: T,
  link: null,
  linkParam: 'code',
  linkTtl: LINK_TTL,
  codeTtl: CODE_TTL,
  redirectUri: 'https://app.example/back',
  state: null,
  createAtRedemption: false,
  clientId: null,
  authorization: null,
  binding: null,
  client: null,
  match: [],
  linkRequiresId: false,
  testIdentity: false,
  tellsUser: true,
  locale: 'en',
  metadata: {},
  ...over,
})

const link = (proof = 'link', ms = 0): StoredSecret => ({ purpose: 'link', proof, expiresAt: at(ms) + LINK_TTL })
const code = (proof = 'code', ms = 0): StoredSecret => ({ purpose: 'code', proof, expiresAt: at(ms) + CODE_TTL })

type Over = Partial<Omit<OpenCommand, 'type' | 'record'>> & { record?: Partial<ChallengeRecord> }
const open = ({ record: some, ...over }: Over = {}): OpenCommand => ({
  type: 'open',
  id: 'c1',
  record: record(some),
  secrets: [code()],
  maxTries: 5,
  limits: null,
  lane: 'stranger',
  request: null,
  ...over,
})
/** A code alone, called after its challenge. */
const openCode = (id: string, over: Over = {}) => open({ id, secrets: [code(`${id}-code`)], ...over })
/** A landing link alone. */
const openLink = (over: Over = {}) =>
  open({ secrets: [link()], ...over, record: { method: 'link', link: 'landing', ...over.record } })

let keys = 0
type Redeem = Partial<Omit<RedeemCommand, 'type' | 'conditions' | 'proofs'>> & { proof?: string } & Partial<Conditions>
function redeem({
  proof,
  id = 'c1',
  purpose = 'code',
  key = 'k1',
  caller = 'app',
  lane = 'stranger',
  grant = null,
  sessionId,
  ...conditions
}: Redeem = {}): RedeemCommand {
  return {
    type: 'redeem',
    id,
    purpose,
    proofs: [proof ?? purpose],
    key,
    caller,
    sessionId: sessionId ?? `sess_${++keys}`,
    lane,
    conditions: { project: 'p1', dialect: 'transmit', idGiven: false, ...conditions },
    grant,
  }
}
/** Nothing but the person: no id, no flow. Each with a key of its own. */
const typed = (proof: string, over: Redeem = {}) => redeem({ id: null, proof, key: `k${++keys}`, ...over })
const grant = (proof = 'g1', ms = 0, seconds = 60) => ({ proof, expiresAt: at(ms) + seconds })
/** The page's press: no project, no dialect of its own, a grant for the application. */
const press = (over: Redeem = {}) =>
  redeem({ purpose: 'link', project: null, dialect: 'native', caller: 'page', grant: grant(), ...over })
const exchange = (over: Redeem = {}) => redeem({ id: 'another', purpose: 'grant', proof: 'g1', key: 'x1', ...over })
const renew = (over: Partial<RenewCommand> = {}): RenewCommand => ({
  type: 'renew',
  id: 'c1',
  project: 'p1',
  secrets: [{ purpose: 'code', proof: 'code2' }],
  limits: { per_minute: 100, per_15_minutes: 100, per_day: 100 },
  lane: 'stranger',
  request: null,
  keep: 2,
  dialect: 'transmit',
  ...over,
})

function freeze<V>(value: V): V {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** A ledger under test. Nothing given is ever changed, and what is kept survives being written as JSON. */
function ledger() {
  let state: LedgerState | null = null
  let alarmAt: number | null = null
  const decided = (command: Command, now: number): Decision => {
    const decision = decide(freeze(state), freeze(command), now)
    expect(JSON.parse(JSON.stringify(decision))).toStrictEqual(decision)
    expect(decide(JSON.parse(JSON.stringify(state)), command, now)).toStrictEqual(decision)
    return decision
  }
  const self = {
    get state() {
      return state
    },
    get alarmAt() {
      return alarmAt
    },
    /** @param ms after T */
    ask(command: Command, ms = 0): Decision['outcome'] {
      const decision = decided(command, T + ms)
      state = decision.state
      alarmAt = decision.alarmAt
      return decision.outcome
    },
    /** The outcome, and that nothing of the state changed but by the time. */
    refused(command: Command, ms = 0): Decision['outcome'] {
      const swept = decided({ type: 'sweep' }, T + ms)
      const decision = decided(command, T + ms)
      expect(decision.state).toStrictEqual(swept.state)
      expect(decision.alarmAt).toBe(swept.alarmAt)
      return decision.outcome
    },
    tries: (proof: string) =>
      state?.challenges.flatMap(({ secrets }) => secrets).find((secret) => secret.proof === proof)?.tries,
    wrong: () => state?.wrong.stranger ?? 0,
    opened(command: Command, ms = 0) {
      expect(self.ask(command, ms)).toMatchObject({ is: 'opened' })
      return self
    },
    redeemed(command: Command, ms = 0) {
      expect(self.ask(command, ms)).toMatchObject({ is: 'redeemed' })
      return self
    },
  }
  return self
}

// --- reserve_send ---------------------------------------------------------------------------------------------------

describe('reserve_send', () => {
  const LIMITS: SendLimits = { per_minute: 2, per_15_minutes: 3, per_day: 4 }
  const reserve = (over: Partial<ReserveCommand> = {}): ReserveCommand => ({
    type: 'reserve_send',
    limits: LIMITS,
    lane: 'stranger',
    ...over,
  })

  it('counts a send whose challenge is elsewhere, and says when it was', () => {
    const l = ledger()
    expect(l.ask(reserve(), 5)).toEqual({ is: 'reserved', at: T + 5 })
    expect(l.state).toMatchObject({ challenges: [], tombstones: [], sends: { stranger: [T + 5], known: [] } })
  })

  it.each<[string, number[], number, keyof SendLimits, number]>([
    ['the third of a minute', [0, 1 * SECOND], 2 * SECOND, 'per_minute', 58],
    ['the fourth of 15 minutes', [0, 2 * MINUTE, 4 * MINUTE], 6 * MINUTE, 'per_15_minutes', 9 * 60],
    [
      'the fifth of a day',
      [0, 1, 2, 3].map((i) => i * 20 * MINUTE),
      80 * MINUTE,
      'per_day',
      (DAY - 80 * MINUTE) / 1000,
    ],
  ])('refuses %s, and counts it nowhere', (_what, before, now, limit, retryAfter) => {
    const l = ledger()
    for (const ms of before) expect(l.ask(reserve(), ms)).toMatchObject({ is: 'reserved' })
    expect(l.refused(reserve(), now)).toEqual({ is: 'too_many_sends', limit, retryAfter })
    expect(l.ask(reserve(), now + retryAfter * SECOND)).toMatchObject({ is: 'reserved' })
  })

  it('shares the budget with challenges of this ledger, in both directions', () => {
    const l = ledger()
    l.ask(reserve())
    l.opened(open({ limits: LIMITS }), 1)
    expect(l.refused(reserve(), 2)).toMatchObject({ is: 'too_many_sends', limit: 'per_minute' })
    expect(l.refused(open({ id: 'c2', limits: LIMITS }), 2)).toMatchObject({ is: 'too_many_sends' })
    expect(l.refused(renew({ limits: LIMITS }), 2)).toMatchObject({ is: 'too_many_sends' })
  })

  it('keeps the lanes apart', () => {
    const l = ledger()
    for (const lane of ['stranger', 'known'] as const) {
      for (const _ of times(2)) expect(l.ask(reserve({ lane }))).toMatchObject({ is: 'reserved' })
      expect(l.refused(reserve({ lane }))).toMatchObject({ is: 'too_many_sends' })
    }
  })

  it('is given back by the time it told; of two in one millisecond one', () => {
    const l = ledger()
    l.ask(reserve(), 7)
    l.ask(reserve(), 7)
    expect(l.refused({ type: 'give_back', sentAt: T + 6 }, 8)).toEqual({ is: 'done' })
    l.ask({ type: 'give_back', sentAt: T + 7 }, 8)
    expect(l.state?.sends.stranger).toEqual([T + 7])
    l.ask({ type: 'give_back', sentAt: T + 7 }, 8)
    expect(l.state).toBeNull()
  })

  it('is forgotten after a day, and the ledger with it', () => {
    const l = ledger()
    l.ask(reserve(), 5)
    expect(l.alarmAt).toBe(T + 5 + DAY)
    l.ask({ type: 'sweep' }, 4 + DAY)
    expect(l.state).not.toBeNull()
    l.ask({ type: 'sweep' }, 5 + DAY)
    expect([l.state, l.alarmAt]).toEqual([null, null])
  })
})

// --- a code with nothing but whose it is -----------------------------------------------------------------------------

describe('redeem with neither id nor flow', () => {
  it('takes the code of the only challenge', () => {
    const l = ledger().opened(open())
    expect(l.ask(redeem({ id: null, sessionId: 'sess_a' }), 5)).toEqual({
      is: 'redeemed',
      challenge: 'c1',
      replayed: false,
      record: record(),
      sessionId: 'sess_a',
      at: T + 5,
      by: 'code',
    })
  })

  it('of several takes the newest alone: an older code is wrong, and counts against the newest', () => {
    const l = ledger().opened(openCode('c1')).opened(openCode('c2'), 1).opened(openCode('c3'), 2)
    expect(l.ask(typed('c1-code'), 3)).toEqual({ is: 'wrong', triesLeft: 4 })
    expect(l.ask(typed('c2-code'), 3)).toEqual({ is: 'wrong', triesLeft: 3 })
    expect(['c1-code', 'c2-code', 'c3-code'].map(l.tries)).toEqual([0, 0, 2])
    expect(l.wrong()).toBe(2)
    expect(l.ask(typed('c3-code'), 3)).toMatchObject({ is: 'redeemed', challenge: 'c3' })
    expect(l.wrong()).toBe(0)
  })

  it('a renewed challenge is the newest again', () => {
    const l = ledger()
      .opened(openCode('c1'))
      .opened(openCode('c2'), 1)
      .opened(renew({ id: 'c1' }), 2)
    expect(l.ask(typed('c2-code'), 3)).toMatchObject({ is: 'wrong' })
    expect(l.ask(typed('code2'), 3)).toMatchObject({ is: 'redeemed', challenge: 'c1' })
  })

  it.each<[string, Over]>([
    ['another project', { record: { project: 'p2' } }],
    ['another dialect', { record: { dialect: 'streambird' } }],
    ['the native API', { record: { dialect: 'native' } }],
    ['a browser that it is bound to', { record: { binding: { kind: 'flow', hash: 'f1' } } }],
    ['a verifier that it is bound to', { record: { binding: { kind: 'verifier', codeChallenge: 'v1' } } }],
    ['no code', { secrets: [link()] }],
  ])('does not see a challenge of %s, newer as it may be', (_what, over) => {
    const alone = ledger().opened(openCode('c9', over))
    expect(alone.refused(typed('c9-code'))).toEqual({ is: 'unknown' })
    const l = ledger().opened(openCode('c1')).opened(openCode('c9', over), 1)
    l.redeemed(typed('c1-code'), 2)
  })

  it('is found by its own dialect alone, whichever that is', () => {
    for (const dialect of DIALECTS) {
      const l = ledger().opened(open({ record: { dialect } }))
      for (const other of DIALECTS.filter((name) => name !== dialect)) {
        expect(l.refused(typed('code', { dialect: other }))).toEqual({ is: 'unknown' })
      }
      l.redeemed(typed('code', { dialect }))
    }
  })

  it('takes codes alone: no link, no relay code', () => {
    const l = ledger().opened(open({ secrets: [link(), code(), { ...code('relay'), purpose: 'relay' }] }))
    for (const proof of ['link', 'relay']) expect(l.ask(typed(proof))).toMatchObject({ is: 'wrong' })
    l.redeemed(typed('code'))
  })

  it('of an empty ledger: unknown, and it stays empty', () => {
    const l = ledger()
    expect(l.refused(typed('code'))).toEqual({ is: 'unknown' })
    expect(l.state).toBeNull()
  })

  it('the same key again: the same session; another key: used', () => {
    const l = ledger().opened(open())
    l.redeemed(redeem({ id: null, sessionId: 'sess_a' }), 1)
    expect(l.refused(redeem({ id: null, sessionId: 'sess_b' }), REPLAY_MS)).toMatchObject({
      is: 'redeemed',
      replayed: true,
      sessionId: 'sess_a',
    })
    expect(l.refused(typed('code'), 2)).toMatchObject({ is: 'used', at: T + 1 })
    expect(l.refused(typed('other'), 2)).toMatchObject({ is: 'used', at: T + 1 })
    expect(l.refused(redeem({ id: null }), REPLAY_MS + 1)).toMatchObject({ is: 'used' })
  })

  it('a used one bears being asked again beside a newer one, and costs that no try', () => {
    const l = ledger().opened(openCode('c1'))
    l.redeemed(redeem({ id: null, proof: 'c1-code', sessionId: 'sess_a' }), 1).opened(openCode('c2'), 2)
    expect(l.refused(redeem({ id: null, proof: 'c1-code' }), 3)).toMatchObject({ replayed: true, sessionId: 'sess_a' })
    expect(l.refused(typed('c1-code'), 3)).toMatchObject({ is: 'used' })
    expect(l.ask(typed('other'), 3)).toEqual({ is: 'wrong', triesLeft: 4 })
    l.redeemed(typed('c2-code'), 4)
  })

  it('64 at once with keys of their own: one', () => {
    const l = ledger().opened(open())
    const outcomes = times(64).map(() => l.ask(typed('code'), 1).is)
    expect(outcomes.filter((is) => is === 'redeemed')).toHaveLength(1)
    expect(outcomes.filter((is) => is === 'used')).toHaveLength(63)
  })

  it('locks after the tries of the newest, and a newer one opens again', () => {
    const l = ledger().opened(openCode('c1'))
    for (const left of [4, 3, 2, 1, 0]) expect(l.ask(typed('other'))).toEqual({ is: 'wrong', triesLeft: left })
    expect(l.refused(typed('c1-code'))).toEqual({ is: 'locked' })
    l.opened(openCode('c2'), 1).redeemed(typed('c2-code'), 2)
  })

  it('counts in the lane of the person, so that new codes bring no endless guesses', () => {
    const l = ledger()
    for (const i of times(MAX_WRONG)) {
      if (i % 5 === 0) l.opened(openCode(`c${i}`))
      expect(l.ask(typed('other'))).toMatchObject({ is: 'wrong' })
    }
    expect(l.refused(typed('c45-code'))).toEqual({ is: 'locked' })
    expect(l.ask(openCode('late'))).toMatchObject({ is: 'locked' })
  })

  it('a late code is expired, and counts nowhere', () => {
    const l = ledger().opened(open({ secrets: [link(), code()] }))
    for (const proof of ['code', 'other']) expect(l.refused(typed(proof), CODE_TTL * SECOND)).toEqual({ is: 'expired' })
  })

  it.each<[string, Redeem, string]>([
    ['client', { clientId: 'client_1' }, 'client'],
    ['redirect', { redirectUri: 'https://app.example/other' }, 'redirect'],
    ['verifier', { verifierHash: 'v' }, 'verifier'],
  ])('a right code with another %s burns nothing', (_what, over, what) => {
    const l = ledger().opened(open())
    for (const _ of times(10)) expect(l.refused(typed('code', over))).toEqual({ is: 'mismatch', what })
    l.redeemed(typed('code'))
  })

  it('with a flow it stays as it was: what this browser asked for, and nothing else', () => {
    const binding = { kind: 'flow', hash: 'f1' } as const
    const l = ledger()
      .opened(openCode('c1', { record: { dialect: 'native', binding } }))
      .opened(openCode('c2', { record: { dialect: 'native' } }), 1)
    const native = { dialect: 'native', flow: 'f1' } as const
    expect(l.ask(typed('c2-code', native), 2)).toMatchObject({ is: 'wrong' })
    expect(l.refused(typed('c1-code', { ...native, flow: 'f2' }), 2)).toEqual({ is: 'unknown' })
    expect(l.refused(typed('c1-code', { ...native, flow: '' }), 2)).toEqual({ is: 'unknown' })
    l.redeemed(typed('c1-code', native), 2)
  })
})

// --- a challenge that must be named ----------------------------------------------------------------------------------

describe('requiresId', () => {
  const named = (over: Over = {}) =>
    ledger().opened(
      open({ secrets: [link(), code()], ...over, record: { requiresId: true, link: 'landing', ...over.record } }),
    )

  it.each<[string, Redeem]>([
    ['a link', { purpose: 'link' }],
    ['a code with its id', { purpose: 'code' }],
    ['a code with nothing but the person', { id: null }],
  ])('%s opens with the challenge that was named, and burns nothing without', (_what, over) => {
    const l = named()
    for (const wrong of [{}, { challenge: 'c2' }, { challenge: '' }, { idGiven: true }]) {
      for (const _ of times(6)) {
        expect(l.refused(redeem({ ...over, ...wrong }))).toEqual({ is: 'mismatch', what: 'client' })
      }
    }
    l.redeemed(redeem({ ...over, challenge: 'c1' }))
  })

  it('a wrong code is wrong whatever was named, and counts', () => {
    const l = named()
    expect(l.ask(redeem({ proof: 'other' }))).toEqual({ is: 'wrong', triesLeft: 4 })
    expect(l.ask(redeem({ proof: 'other', challenge: 'c1' }))).toEqual({ is: 'wrong', triesLeft: 3 })
  })

  it('a replay names it too', () => {
    const l = named().redeemed(redeem({ challenge: 'c1', sessionId: 'sess_a' }))
    expect(l.refused(redeem({}), 1)).toEqual({ is: 'mismatch', what: 'client' })
    expect(l.refused(redeem({ challenge: 'c1' }), 1)).toMatchObject({ replayed: true, sessionId: 'sess_a' })
  })

  it('is not judged by the page, but at the exchange of its grant', () => {
    const l = named().redeemed(press())
    for (const wrong of [{}, { challenge: 'c2' }]) {
      expect(l.refused(exchange(wrong), 1)).toEqual({ is: 'mismatch', what: 'client' })
    }
    l.redeemed(exchange({ challenge: 'c1' }), 2)
    expect(l.refused(exchange({ challenge: 'c1' }), 3)).toMatchObject({ is: 'redeemed', replayed: true })
    expect(l.refused(exchange({ challenge: 'c1', key: 'x2' }), 3)).toMatchObject({ is: 'used', grantUse: 'x1' })
  })

  it('where it is not asked for, a name changes nothing', () => {
    for (const challenge of ['c1', 'c2', '']) {
      for (const requiresId of [{}, { requiresId: false }]) {
        ledger()
          .opened(open({ record: requiresId }))
          .redeemed(redeem({ challenge }))
      }
    }
  })
})

// --- renew -----------------------------------------------------------------------------------------------------------

describe('renew', () => {
  it.each(DIALECTS)('of %s: by the same dialect alone', (dialect) => {
    const l = ledger().opened(open({ record: { dialect } }))
    for (const other of DIALECTS.filter((name) => name !== dialect)) {
      expect(l.refused(renew({ dialect: other }), 1)).toEqual({ is: 'unknown' })
    }
    l.opened(renew({ dialect }), 1).redeemed(redeem({ dialect, proof: 'code2' }), 2)
  })

  it('without a dialect means the native API', () => {
    const { dialect: _, ...bare } = renew()
    expect(ledger().opened(open()).refused(bare)).toEqual({ is: 'unknown' })
    ledger()
      .opened(open({ record: { dialect: 'native' } }))
      .opened(bare)
  })

  it('tells what became of a dead one to its own dialect alone', () => {
    const used = ledger().opened(open()).redeemed(redeem())
    const late = ledger().opened(open())
    const cancelled = ledger().opened(open())
    cancelled.ask({ type: 'cancel', id: 'c1', project: 'p1' })
    for (const [l, ms, reason] of [
      [used, 1, 'used'],
      [used, REPLAY_MS, 'used'],
      [late, CODE_TTL * SECOND, 'expired'],
      [cancelled, 1, 'cancelled'],
    ] as const) {
      expect(l.refused(renew(), ms)).toMatchObject({ is: 'dead', reason })
      expect(l.refused(renew({ dialect: 'scalekit' }), ms)).toEqual({ is: 'unknown' })
      expect(l.refused(renew({ project: 'p2' }), ms)).toEqual({ is: 'unknown' })
    }
  })

  it('repeats an answer to the dialect that it was given to, and to no other', () => {
    const l = ledger()
      .opened(open())
      .opened(renew({ request: 'r1' }), 1)
    expect(l.refused(renew({ request: 'r1' }), 2)).toMatchObject({ is: 'opened', repeated: true })
    expect(l.refused(renew({ request: 'r1', dialect: 'scalekit' }), 2)).toEqual({ is: 'unknown' })
    l.redeemed(redeem({ proof: 'code2' }), 3)
    expect(l.refused(renew({ request: 'r1' }), REPLAY_MS + 3)).toMatchObject({ is: 'opened', repeated: true })
    expect(l.refused(renew({ request: 'r1', dialect: 'scalekit' }), REPLAY_MS + 3)).toEqual({ is: 'unknown' })
  })
})

// --- the page -------------------------------------------------------------------------------------------------------

describe('the page', () => {
  it.each(DIALECTS)('takes a landing link of %s; its grant is for that dialect alone', (dialect) => {
    const l = ledger().opened(openLink({ record: { dialect } }))
    expect(l.ask(press())).toMatchObject({ is: 'redeemed', challenge: 'c1', by: 'link', record: { dialect } })
    for (const other of DIALECTS.filter((name) => name !== dialect)) {
      expect(l.refused(exchange({ dialect: other }))).toEqual({ is: 'unknown' })
    }
    l.redeemed(exchange({ dialect }))
  })

  it.each(DIALECTS)('takes no direct link of %s, and burns nothing', (dialect) => {
    const l = ledger().opened(openLink({ record: { dialect, link: 'direct' } }))
    expect(l.refused(press())).toEqual({ is: 'unknown' })
    l.redeemed(redeem({ purpose: 'link', dialect }))
  })

  it.each(DIALECTS)('takes no code of %s', (dialect) => {
    const l = ledger().opened(open({ secrets: [link(), code()], record: { dialect, link: 'landing' } }))
    for (const id of ['c1', null]) {
      expect(l.refused(press({ purpose: 'code', proof: 'code', id }))).toEqual({ is: 'unknown' })
    }
    l.redeemed(press())
  })

  it.each(DIALECTS)('says of a dead landing link of %s what became of it', (dialect) => {
    const cancelled = ledger().opened(openLink({ record: { dialect } }))
    cancelled.ask({ type: 'cancel', id: 'c1', project: 'p1' })
    expect(cancelled.refused(press())).toEqual({ is: 'cancelled' })
    const late = ledger().opened(openLink({ record: { dialect } }))
    expect(late.refused(press(), LINK_TTL * SECOND)).toEqual({ is: 'expired' })
    const used = ledger()
      .opened(openLink({ record: { dialect } }))
      .redeemed(press())
    expect(used.refused(press({ key: 'k2' }), 1)).toMatchObject({ is: 'used' })
    expect(used.refused(press({ key: 'k2' }), 5 * MINUTE)).toMatchObject({ is: 'used' })
  })

  it.each(DIALECTS)('of %s: an API call of another dialect gets nothing of it, dead or alive', (dialect) => {
    const l = ledger().opened(openLink({ record: { dialect } }))
    const others = DIALECTS.filter((name) => name !== dialect)
    for (const other of others)
      expect(l.refused(redeem({ purpose: 'link', dialect: other }))).toEqual({ is: 'unknown' })
    l.redeemed(press())
    for (const ms of [1, 5 * MINUTE]) {
      for (const other of others)
        expect(l.refused(redeem({ purpose: 'link', dialect: other }), ms)).toEqual({ is: 'unknown' })
    }
  })
})
