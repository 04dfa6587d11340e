import { describe, expect, it } from 'vitest'
import {
  type Command,
  type Conditions,
  type Decision,
  decide,
  type LedgerState,
  MAX_LIVE,
  MAX_TOMBSTONES,
  MAX_UNUSED_GRANTS,
  MAX_WRONG,
  type OpenCommand,
  REFILL_TRIES,
  REPLAY_MS,
  type RedeemCommand,
  type RenewCommand,
  type SendLimits,
  type StoredSecret,
  TOMBSTONE_MS,
} from '../../../src/domain/ledger/decide.ts'
import { type ChallengeRecord, MAX_RECORD_BYTES } from '../../../src/domain/ledger/record.ts'

// --- one valid thing ------------------------------------------------------------------------------------------------

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Milliseconds, and in Unix seconds. */
const T = 1_800_000_000_000
const at = (ms: number) => Math.floor((T + ms) / 1000)
const LINK_TTL = 900
const CODE_TTL = 600

const record = (over: Partial<ChallengeRecord> = {}): ChallengeRecord => ({
  project: 'p1',
  dialect: 'native',
  purpose: 'sign_in',
  channel: 'email',
  method: 'link_and_code',
  identifier: { kind: 'email', canonical: 'ada@example.com', exact: 'ada@example.com' },
  userId: null,
  candidateUserId: 'user_1',
  mintedAt: T,
  link: 'landing',
  linkParam: 'token',
  linkTtl: LINK_TTL,
  codeTtl: CODE_TTL,
  redirectUri: 'https://app.example/back',
  state: 's1',
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
const relay = (proof = 'relay'): StoredSecret => ({ purpose: 'relay', proof, expiresAt: at(0) + CODE_TTL })

type Over = Partial<Omit<OpenCommand, 'type' | 'record'>> & { record?: Partial<ChallengeRecord> }
const open = ({ record: some, ...over }: Over = {}): OpenCommand => ({
  type: 'open',
  id: 'c1',
  record: record(some),
  secrets: [link(), code()],
  maxTries: 5,
  limits: null,
  lane: 'stranger',
  request: null,
  ...over,
})
const openCode = (id: string, over: Over = {}) =>
  open({ id, secrets: [code(`${id}-code`)], ...over, record: { method: 'code', link: null, ...over.record } })

const renew = (over: Partial<RenewCommand> = {}): RenewCommand => ({
  type: 'renew',
  id: 'c1',
  project: 'p1',
  secrets: [
    { purpose: 'link', proof: 'link2' },
    { purpose: 'code', proof: 'code2' },
  ],
  limits: { per_minute: 100, per_15_minutes: 100, per_day: 100 },
  lane: 'stranger',
  request: null,
  keep: 2,
  ...over,
})

type Redeem = Partial<Omit<RedeemCommand, 'type' | 'conditions' | 'proofs'>> & {
  proof?: string
  proofs?: string[]
} & Partial<Conditions>
function redeem({
  proof,
  proofs,
  id = 'c1',
  purpose = 'link',
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
    proofs: proofs ?? [proof ?? purpose],
    key,
    caller,
    sessionId: sessionId ?? `sess_${++sessions}`,
    lane,
    conditions: { project: 'p1', dialect: 'native', idGiven: false, ...conditions },
    grant,
  }
}
let sessions = 0
const guess = (over: Redeem = {}) => redeem({ purpose: 'code', proof: 'wrong', key: `k${++sessions}`, ...over })
const grant = (proof = 'g1', ms = 0, seconds = 60) => ({ proof, expiresAt: at(ms) + seconds })
/** The page's press: no project, a grant for the application. */
const press = (over: Redeem = {}) => redeem({ project: null, caller: 'page', grant: grant(), ...over })
const exchange = (over: Redeem = {}) => redeem({ purpose: 'grant', proof: 'g1', key: 'x1', ...over })

function freeze<V>(value: V): V {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** Nothing that JSON loses or changes. */
const isJson = (value: unknown): boolean =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  Number.isFinite(value) ||
  (typeof value === 'object' &&
    [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value)) &&
    Object.values(value).every(isJson))

/** A ledger under test. Nothing given is ever changed, and what is kept survives being written as JSON. */
function ledger(start: LedgerState | null = null) {
  let state = start
  let alarmAt: number | null = null
  const decided = (command: Command, now: number): Decision => {
    const decision = decide(freeze(state), freeze(command), now)
    const text = JSON.stringify(decision)
    expect(isJson(decision.state)).toBe(true)
    expect(JSON.stringify(decide(JSON.parse(JSON.stringify(state)), command, now))).toBe(text)
    expect(JSON.stringify(decide(structuredClone(state), structuredClone(command), now))).toBe(text)
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
      if (JSON.stringify(decision.state) !== JSON.stringify(swept.state))
        expect(decision.state).toStrictEqual(swept.state)
      expect(decision.alarmAt).toBe(swept.alarmAt)
      return decision.outcome
    },
    wrong: () => state?.wrong ?? { stranger: 0, known: 0 },
    tries: (proof: string) =>
      state?.challenges.flatMap(({ secrets }) => secrets).find((secret) => secret.proof === proof)?.tries,
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
const opened = (over: Over = {}) => ledger().opened(open(over))
const afterLinks = (count: number) => {
  const l = ledger()
  for (let i = 0; i < count; i++) l.opened(open({ id: `c${i}`, secrets: [link(`link${i}`)] }), i)
  return l
}
/** Spends a lane: challenges of one code each, five wrong tries on every one. */
function spent(lane: RedeemCommand['lane'] = 'stranger', wrong = MAX_WRONG, l = ledger()) {
  for (let i = 0; i < wrong; i++) {
    if (i % 5 === 0) l.opened(openCode(`spent-${lane}-${i / 5}`))
    expect(l.ask(guess({ id: `spent-${lane}-${Math.floor(i / 5)}`, lane }))).toMatchObject({ is: 'wrong' })
  }
  return l
}

// --- redeem: what can come out --------------------------------------------------------------------------------------

describe('redeem', () => {
  it.each(['link', 'code', 'relay'] as const)('a %s: redeemed', (purpose) => {
    const l = opened({ secrets: [link(), code(), relay()] })
    const command = redeem({ purpose, sessionId: 'sess_a' })
    expect(l.ask(command, 5)).toEqual({
      is: 'redeemed',
      challenge: 'c1',
      replayed: false,
      record: record(),
      sessionId: 'sess_a',
      at: T + 5,
      by: purpose,
    })
    expect(l.state?.challenges[0]?.mark).toEqual({
      key: 'k1',
      caller: 'app',
      sessionId: 'sess_a',
      at: T + 5,
      by: purpose,
    })
  })

  it('one of several proofs is enough (a code under the current and the previous pepper)', () => {
    expect(opened().ask(redeem({ purpose: 'code', proofs: ['under-new', 'code'] }))).toMatchObject({ is: 'redeemed' })
  })

  it.each<[string, Redeem, object]>([
    ['another id', { id: 'c2' }, { is: 'unknown' }],
    ['another proof of a link', { proof: 'other' }, { is: 'unknown' }],
    ['no proof', { proofs: [] }, { is: 'unknown' }],
    ['an empty proof', { proof: '' }, { is: 'unknown' }],
    ['a code as a link', { proof: 'code' }, { is: 'unknown' }],
    ['a relay code where there is none', { purpose: 'relay' }, { is: 'unknown' }],
    ['a grant before there is one', { purpose: 'grant', proof: 'link' }, { is: 'unknown' }],
    ['a bound grant where nothing is bound', { purpose: 'bound_grant', proof: 'link' }, { is: 'unknown' }],
    ['another project', { project: 'p2' }, { is: 'unknown' }],
    ['another dialect', { dialect: 'other' as 'native' }, { is: 'unknown' }],
    ['another client', { clientId: 'client_1' }, { is: 'mismatch', what: 'client' }],
    ['another redirect', { redirectUri: 'https://app.example/other' }, { is: 'mismatch', what: 'redirect' }],
    ['a verifier where none was asked', { verifierHash: 'v' }, { is: 'mismatch', what: 'verifier' }],
    ['an empty verifier where none was asked', { verifierHash: '' }, { is: 'mismatch', what: 'verifier' }],
  ])('%s spends nothing', (_what, over, outcome) => {
    const l = opened()
    expect(l.refused(redeem(over))).toEqual(outcome)
    l.redeemed(redeem())
  })

  it('of an empty ledger: unknown, and it stays empty', () => {
    const l = ledger()
    for (const purpose of ['link', 'code', 'relay', 'grant', 'bound_grant'] as const) {
      expect(l.refused(redeem({ purpose }))).toEqual({ is: 'unknown' })
    }
    expect(l.state).toBeNull()
  })

  it('takes the conditions that agree', () => {
    const l = opened()
    l.redeemed(
      redeem({
        clientId: null,
        redirectUri: 'https://app.example/back',
        idGiven: true,
        client: { ip: '192.0.2.1', userAgent: 'x' },
      }),
    )
  })

  it('of one secret ends the other', () => {
    const l = opened({ secrets: [link(), code(), relay()] }).redeemed(redeem({ purpose: 'code' }))
    for (const purpose of ['link', 'code', 'relay'] as const)
      expect(l.refused(redeem({ purpose, key: 'k2' }))).toEqual({ is: 'used', at: T, grantUse: null, record: record() })
  })

  it('of one challenge leaves another alone', () => {
    const l = opened().opened(open({ id: 'c2' }), 10)
    l.redeemed(redeem({ id: 'c2' }), 20)
    l.redeemed(redeem({ id: 'c1' }), 30)
  })
})

describe('the order: find, expiry, count, compare, conditions, mark', () => {
  it('find before everything: what is not there counts nowhere', () => {
    const l = opened()
    expect(l.refused(guess({ id: 'c2' }))).toEqual({ is: 'unknown' })
    expect(l.refused(guess({ project: 'p2' }))).toEqual({ is: 'unknown' })
  })

  it('expiry before count and compare: a late code, right or wrong, counts nowhere', () => {
    const l = opened()
    for (const proof of ['code', 'wrong'])
      expect(l.refused(guess({ proof }), CODE_TTL * SECOND)).toEqual({ is: 'expired' })
  })

  it('count before compare: where no try is left the right code is refused', () => {
    const l = opened()
    for (let left = 4; left >= 0; left--) expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: left })
    expect(l.refused(redeem({ purpose: 'code' }))).toEqual({ is: 'locked' })
  })

  it('count before compare: where the lane is spent the right code is refused', () => {
    const l = spent().opened(openCode('fresh', { secrets: [link('fresh-link'), code('fresh-code')] }))
    // Opened while the lane was spent, it has no code. So one that was there before:
    const before = ledger().opened(open())
    spent('stranger', MAX_WRONG, before)
    expect(before.refused(redeem({ purpose: 'code' }))).toEqual({ is: 'locked' })
    expect(l.refused(redeem({ id: 'fresh', purpose: 'code', proof: 'fresh-code' }))).toEqual({ is: 'unknown' })
  })

  it('compare before conditions: a wrong code counts, whatever else is wrong', () => {
    const l = opened()
    expect(l.ask(guess({ clientId: 'client_1', redirectUri: 'x', verifierHash: 'v' }))).toEqual({
      is: 'wrong',
      triesLeft: 4,
    })
    expect(l.wrong()).toEqual({ stranger: 1, known: 0 })
  })

  it.each<[string, Redeem]>([
    ['client', { clientId: 'client_1' }],
    ['redirect', { redirectUri: 'https://app.example/other' }],
    ['verifier', { verifierHash: 'v' }],
  ])('conditions before mark: the right code with another %s burns nothing', (what, over) => {
    const l = opened()
    l.ask(guess())
    for (let i = 0; i < 10; i++)
      expect(l.refused(redeem({ purpose: 'code', ...over }))).toEqual({ is: 'mismatch', what })
    expect(l.tries('code')).toBe(1)
    l.redeemed(redeem({ purpose: 'code' }))
  })

  it('conditions before mark, on the last try of the lane too', () => {
    const l = ledger().opened(open())
    spent('stranger', MAX_WRONG - 1, l)
    expect(l.refused(redeem({ purpose: 'code', clientId: 'client_1' }))).toEqual({ is: 'mismatch', what: 'client' })
    l.redeemed(redeem({ purpose: 'code' }))
  })

  it('a right code costs no try', () => {
    const l = opened()
    for (let i = 0; i < 4; i++) l.ask(guess())
    l.redeemed(redeem({ purpose: 'code' }))
  })
})

// --- again ----------------------------------------------------------------------------------------------------------

describe('the same again', () => {
  it.each(['link', 'code', 'relay'] as const)(
    'by the same key and caller within 60 s: the same session (%s)',
    (purpose) => {
      const l = opened({ secrets: [link(), code(), relay()] }).redeemed(redeem({ purpose, sessionId: 'sess_a' }), 7)
      for (const ms of [7, 8, 30 * SECOND, 7 + REPLAY_MS - 1]) {
        const outcome = l.refused(redeem({ purpose, sessionId: 'sess_b' }), ms)
        expect(outcome).toEqual({
          is: 'redeemed',
          challenge: 'c1',
          replayed: true,
          record: record(),
          sessionId: 'sess_a',
          at: T + 7,
          by: purpose,
        })
      }
      for (const ms of [REPLAY_MS, REPLAY_MS + 1, HOUR])
        expect(l.refused(redeem({ purpose }), 7 + ms)).toEqual({
          is: 'used',
          at: T + 7,
          grantUse: null,
          record: record(),
        })
    },
  )

  it('by another secret of the challenge, where key and caller are the same', () => {
    const l = opened().redeemed(redeem({ sessionId: 'sess_a' }))
    expect(l.refused(redeem({ purpose: 'code' }))).toMatchObject({
      is: 'redeemed',
      replayed: true,
      sessionId: 'sess_a',
      by: 'link',
    })
  })

  it.each<[string, Redeem]>([
    ['another key', { key: 'k2' }],
    ['an empty key', { key: '' }],
    ['a key that begins the same', { key: 'k11' }],
    ['another caller', { caller: 'app2' }],
    ['another key and caller', { key: 'k2', caller: 'app2' }],
    ['another client', { clientId: 'client_1' }],
    ['another redirect', { redirectUri: 'x' }],
    ['a verifier', { verifierHash: 'v' }],
  ])('by %s: used', (_what, over) => {
    const l = opened().redeemed(redeem())
    for (const purpose of ['link', 'code'] as const)
      expect(l.refused(redeem({ purpose, ...over }), 1)).toEqual({
        is: 'used',
        at: T,
        grantUse: null,
        record: record(),
      })
  })

  it.each<[string, Redeem, object]>([
    ['the right key with a wrong link', { proof: 'other' }, { is: 'unknown' }],
    [
      'the right key with a wrong code',
      { purpose: 'code', proof: 'wrong' },
      { is: 'used', at: T, grantUse: null, record: record() },
    ],
    ['another project', { project: 'p2' }, { is: 'unknown' }],
  ])('%s replays nothing', (_what, over, outcome) => {
    expect(opened().redeemed(redeem()).refused(redeem(over), 1)).toEqual(outcome)
  })

  it('counts no wrong code once the challenge is redeemed', () => {
    const l = opened().redeemed(redeem())
    for (let i = 0; i < 10; i++) expect(l.refused(guess(), 1)).toMatchObject({ is: 'used' })
  })

  it('with a clock that stepped back: the same session', () => {
    const l = opened().redeemed(redeem({ sessionId: 'sess_a' }))
    expect(l.refused(redeem(), -5 * MINUTE)).toMatchObject({ is: 'redeemed', replayed: true, sessionId: 'sess_a' })
    expect(l.refused(redeem({ key: 'k2' }), -5 * MINUTE)).toMatchObject({ is: 'used' })
  })
})

describe('expiry', () => {
  it.each([
    ['link', LINK_TTL],
    ['code', CODE_TTL],
    ['relay', CODE_TTL],
  ] as const)('a %s is taken in its last millisecond and not in the next', (purpose, ttl) => {
    const l = opened({ secrets: [link(), code(), relay()] })
    expect(l.refused(redeem({ purpose }), ttl * SECOND)).toEqual({ is: 'expired' })
    l.redeemed(redeem({ purpose, sessionId: 'sess_a' }), ttl * SECOND - 1)
    expect(l.refused(redeem({ purpose }), ttl * SECOND + 58 * SECOND)).toMatchObject({
      replayed: true,
      sessionId: 'sess_a',
    })
    expect(l.refused(redeem({ purpose, key: 'k2' }), ttl * SECOND + 1)).toMatchObject({ is: 'used' })
    expect(l.refused(redeem({ purpose }), ttl * SECOND - 1 + REPLAY_MS)).toMatchObject({ is: 'used' })
  })

  it('of the code leaves the link', () => {
    const l = opened()
    expect(l.refused(redeem({ purpose: 'code' }), CODE_TTL * SECOND)).toEqual({ is: 'expired' })
    l.redeemed(redeem(), LINK_TTL * SECOND - 1)
  })

  it('of the link leaves a longer code', () => {
    const l = opened({ secrets: [link(), { ...code(), expiresAt: at(0) + 3600 }] })
    expect(l.refused(redeem(), LINK_TTL * SECOND)).toEqual({ is: 'expired' })
    l.redeemed(redeem({ purpose: 'code' }), 3600 * SECOND - 1)
  })

  it('is said for 24 h, then nothing is known', () => {
    const l = opened()
    const end = LINK_TTL * SECOND
    for (const ms of [end, end + 1, end + TOMBSTONE_MS - 1]) {
      expect(l.refused(redeem(), ms)).toEqual({ is: 'expired' })
      expect(l.refused(redeem({ purpose: 'code' }), ms)).toEqual({ is: 'expired' })
    }
    expect(l.refused(redeem(), end + TOMBSTONE_MS)).toEqual({ is: 'unknown' })
    // A clock that steps back revives nothing.
    l.ask({ type: 'sweep' }, end)
    expect(l.refused(redeem(), end - 5 * MINUTE)).toEqual({ is: 'expired' })
  })
})

// --- guessing -------------------------------------------------------------------------------------------------------

describe('tries of a code', () => {
  it.each([1, 2, 3, 4, 5])('%i, then it is locked, while the link works', (maxTries) => {
    const l = opened({ maxTries })
    for (let left = maxTries - 1; left >= 0; left--) expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: left })
    expect(l.refused(guess())).toEqual({ is: 'locked' })
    expect(l.refused(redeem({ purpose: 'code' }))).toEqual({ is: 'locked' })
    expect(l.refused(redeem({ purpose: 'code', lane: 'known' }))).toEqual({ is: 'locked' })
    l.redeemed(redeem())
  })

  it('are the relay code’s own', () => {
    const l = opened({ secrets: [link(), code(), relay()] })
    for (let i = 0; i < 5; i++) l.ask(guess({ purpose: 'relay' }))
    expect(l.refused(redeem({ purpose: 'relay' }))).toEqual({ is: 'locked' })
    expect(l.wrong().stranger).toBe(5)
    l.redeemed(redeem({ purpose: 'code' }))
  })

  it('count one for each call, however many proofs come', () => {
    const l = opened()
    expect(l.ask(guess({ proofs: ['a', 'b'] }))).toEqual({ is: 'wrong', triesLeft: 4 })
    expect(l.ask(guess({ proofs: [] }))).toEqual({ is: 'wrong', triesLeft: 3 })
    expect(l.wrong().stranger).toBe(2)
  })

  it('are counted on both codes that live, and the newer one has more', () => {
    const l = opened()
    for (let i = 0; i < 3; i++) l.ask(guess())
    l.opened(renew())
    expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: 4 })
    expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: 3 })
    expect([l.tries('code'), l.tries('code2')]).toEqual([5, 2])
    // The first is spent: not compared any more, not counted any more.
    expect(l.ask(redeem({ purpose: 'code' }))).toEqual({ is: 'wrong', triesLeft: 2 })
    expect([l.tries('code'), l.tries('code2')]).toEqual([5, 3])
    l.redeemed(redeem({ purpose: 'code', proof: 'code2' }))
  })

  it('tell no more than the lane has left', () => {
    const l = ledger().opened(open())
    spent('stranger', MAX_WRONG - 2, l)
    expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: 1 })
    expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: 0 })
    expect(l.refused(guess())).toEqual({ is: 'locked' })
  })
})

describe('wrong codes of a lane', () => {
  it.each(['stranger', 'known'] as const)(
    '%s: 50 over any number of challenges, then only links and the other lane',
    (lane) => {
      const other = lane === 'known' ? 'stranger' : 'known'
      const l = ledger().opened(open())
      spent(lane, MAX_WRONG, l)
      expect(l.wrong()).toEqual({ stranger: 0, known: 0, [lane]: 50 })
      for (const proof of ['code', 'wrong']) expect(l.refused(guess({ lane, proof }))).toEqual({ is: 'locked' })
      expect(l.ask(guess({ lane: other }))).toEqual({ is: 'wrong', triesLeft: 4 })
      expect(l.wrong()).toEqual({ [lane]: 50, [other]: 1 })
      const byLink = ledger(l.state).redeemed(redeem({ lane }))
      const byCode = ledger(l.state).redeemed(redeem({ purpose: 'code', lane: other }))
      for (const after of [byLink, byCode]) expect(after.wrong()).toEqual({ stranger: 0, known: 0 })
    },
  )

  it('stay when every challenge is gone, so that waiting helps no guesser', () => {
    const l = opened()
    l.ask(guess())
    l.ask({ type: 'sweep' }, 10 * DAY)
    expect(l.state).toMatchObject({
      challenges: [],
      tombstones: [],
      sends: { stranger: [], known: [] },
      wrong: { stranger: 1, known: 0 },
    })
    expect(l.alarmAt).toBeNull()
  })

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown]>([
    ['a new challenge', (l) => l.ask(open({ id: 'c9' }))],
    ['a new code', (l) => l.ask(renew())],
    ['cancelling', (l) => l.ask({ type: 'cancel', id: 'c1', project: 'p1' })],
    ['looking', (l) => l.ask({ type: 'peek', id: 'c1', project: 'p1', link: null })],
    ['a replay', (l) => l.ask(redeem({ id: 'c0' }))],
    ['a refused condition', (l) => l.ask(redeem({ clientId: 'client_1' }))],
    ['giving a send back', (l) => l.ask({ type: 'give_back', sentAt: T })],
    ['a press on a dead link', (l) => l.ask({ type: 'recall', id: 'c1', link: 'link' })],
    ['a day', (l) => l.ask({ type: 'sweep' }, DAY)],
  ])('%s does not reset them', (_what, act) => {
    const l = ledger()
      .opened(open({ id: 'c0' }))
      .redeemed(redeem({ id: 'c0' }))
      .opened(open())
    l.ask(guess())
    l.ask(guess({ lane: 'known' }))
    act(l)
    expect(l.wrong()).toEqual({ stranger: 1, known: 1 })
  })

  it('a new code resets neither its own challenge’s older tries nor the lane', () => {
    const l = opened()
    for (let i = 0; i < 5; i++) l.ask(guess())
    l.opened(renew())
    expect([l.tries('code'), l.tries('code2')]).toEqual([5, 0])
    expect(l.wrong().stranger).toBe(5)
    expect(l.ask(redeem({ purpose: 'code', proof: 'code' }))).toMatchObject({ is: 'wrong' })
  })

  it('many new codes are no way around: 50 tries in all', () => {
    const l = opened()
    let evaluated = 0
    for (let round = 0; round < 30; round++) {
      l.ask(
        renew({
          secrets: [
            { purpose: 'link', proof: `l${round}` },
            { purpose: 'code', proof: `r${round}` },
          ],
        }),
      )
      for (let i = 0; i < 6; i++) if (l.ask(guess()).is === 'wrong') evaluated++
    }
    expect(evaluated).toBe(MAX_WRONG)
    l.redeemed(redeem({ proof: 'l29' }))
  })
})

describe('a spent lane', () => {
  it('sends no code beside a link', () => {
    const l = spent()
    expect(l.ask(open())).toEqual({
      is: 'opened',
      repeated: false,
      record: record(),
      secrets: [link()],
      sentAt: T,
      codeDropped: true,
    })
    expect(l.ask(renew(), 1)).toMatchObject({ is: 'opened', secrets: [link('link2')], codeDropped: true })
    l.redeemed(redeem({ proof: 'link2' }), 2)
    expect(l.ask(open({ id: 'c2' }), 3)).toMatchObject({ is: 'opened', secrets: [link(), code()], codeDropped: false })
  })

  it('keeps the relay code, which only this browser can show', () => {
    expect(spent().ask(open({ secrets: [link(), code(), relay()] }))).toMatchObject({
      secrets: [link(), relay()],
      codeDropped: true,
    })
  })

  it('of known browsers alone drops nothing', () => {
    expect(spent('known').ask(open())).toMatchObject({ secrets: [link(), code()], codeDropped: false })
  })

  it('where codes are the only way in: locked, and five tries a day', () => {
    const l = ledger().opened(
      openCode('early', { secrets: [{ ...code('early-code'), expiresAt: at(0) + 7 * 86_400 }] }),
    )
    spent('stranger', MAX_WRONG, l)
    expect(l.refused(openCode('c1'))).toEqual({ is: 'locked', retryAfter: 86_400 })
    expect(l.refused(openCode('c1'), DAY - 1)).toEqual({ is: 'locked', retryAfter: 1 })
    expect(l.refused(renew({ id: 'early' }), HOUR)).toEqual({ is: 'locked', retryAfter: 23 * 3600 })

    l.opened(openCode('c1', { secrets: [code('c1-code', DAY)] }), DAY)
    expect(l.wrong().stranger).toBe(MAX_WRONG - REFILL_TRIES)
    for (let left = 4; left >= 0; left--)
      expect(l.ask(guess({ id: 'c1' }), DAY + 1)).toEqual({ is: 'wrong', triesLeft: left })
    expect(l.refused(guess({ id: 'early', proof: 'early-code' }), DAY + 1)).toEqual({ is: 'locked' })
    expect(l.refused(openCode('c2'), DAY + 2)).toMatchObject({ is: 'locked' })
    // The day begins when the last try was spent, not when it was given.
    expect(l.refused(openCode('c2'), 2 * DAY)).toEqual({ is: 'locked', retryAfter: 1 })
    l.opened(openCode('c2', { secrets: [code('c2-code', 2 * DAY + 1)] }), 2 * DAY + 1)
    l.redeemed(redeem({ id: 'c2', purpose: 'code', proof: 'c2-code' }), 2 * DAY + 2)
    expect(l.wrong()).toEqual({ stranger: 0, known: 0 })
  })

  it('is refilled by a code-only renewal too, never twice in a day', () => {
    const l = ledger().opened(openCode('c1', { secrets: [{ ...code('c1-code'), expiresAt: at(0) + 3 * 86_400 }] }))
    spent('stranger', MAX_WRONG, l)
    l.opened(renew(), DAY)
    expect(l.wrong().stranger).toBe(MAX_WRONG - REFILL_TRIES)
    l.ask(guess({ id: 'c1' }), DAY)
    l.opened(renew({ secrets: [{ purpose: 'code', proof: 'code3' }] }), DAY + HOUR)
    l.opened(openCode('c2', { secrets: [code('c2-code', DAY)] }), DAY + HOUR)
    expect(l.wrong().stranger).toBe(MAX_WRONG - REFILL_TRIES + 1)
  })

  it('is not refilled where a link leads in', () => {
    const l = spent()
    expect(l.ask(open(), 3 * DAY)).toMatchObject({ codeDropped: true })
    expect(l.wrong().stranger).toBe(MAX_WRONG)
  })

  it('a refill gives nothing to a lane that has tries left', () => {
    const l = ledger().opened(openCode('early'))
    spent('stranger', MAX_WRONG - 1, l)
    l.opened(openCode('c1'), 10 * DAY)
    expect(l.wrong().stranger).toBe(MAX_WRONG - 1)
  })
})

// --- sending --------------------------------------------------------------------------------------------------------

describe('send limits', () => {
  const limits: SendLimits = { per_minute: 2, per_15_minutes: 5, per_day: 20 }
  const every = (count: number, ms: number) => Array.from({ length: count }, (_, i) => i * ms)
  it.each<[string, number[], number, object | null]>([
    ['none before', [], 0, null],
    ['one before', [0], 1, null],
    ['two in the minute', [0, 10_000], 20_000, { limit: 'per_minute', retryAfter: 40 }],
    ['two at once', [0, 0], 0, { limit: 'per_minute', retryAfter: 60 }],
    ['a part of a second is a whole one', [0, 10_000], 59_001, { limit: 'per_minute', retryAfter: 1 }],
    ['the last millisecond of the minute', [0, 10_000], 59_999, { limit: 'per_minute', retryAfter: 1 }],
    ['exactly a minute later', [0, 10_000], 60_000, null],
    ['the second one counts then', [0, 10_000, 60_000], 65_000, { limit: 'per_minute', retryAfter: 5 }],
    ['four in 15 minutes', every(4, 2 * MINUTE), 8 * MINUTE, null],
    ['five in 15 minutes', every(5, 2 * MINUTE), 10 * MINUTE, { limit: 'per_15_minutes', retryAfter: 300 }],
    [
      'the last millisecond of 15 minutes',
      every(5, 2 * MINUTE),
      15 * MINUTE - 1,
      { limit: 'per_15_minutes', retryAfter: 1 },
    ],
    ['exactly 15 minutes later', every(5, 2 * MINUTE), 15 * MINUTE, null],
    [
      'the minute and the 15 minutes: the longer',
      [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 3 * MINUTE + 1],
      3 * MINUTE + 2,
      { limit: 'per_15_minutes', retryAfter: 720 },
    ],
    ['19 in a day', every(19, HOUR), 19 * HOUR, null],
    ['20 in a day', every(20, HOUR), 20 * HOUR, { limit: 'per_day', retryAfter: 4 * 3600 }],
    ['the last millisecond of the day', every(20, HOUR), DAY - 1, { limit: 'per_day', retryAfter: 1 }],
    ['exactly a day later', every(20, HOUR), DAY, null],
    [
      'a clock that stepped back five minutes',
      [0, 10_000],
      10_000 - 5 * MINUTE,
      { limit: 'per_minute', retryAfter: 350 },
    ],
  ])('%s', (_what, trace, ms, refused) => {
    const l = ledger()
    for (const [i, sent] of trace.entries()) l.opened(open({ id: `c${i}`, limits }), sent)
    const command = open({ id: 'last', limits })
    if (refused === null) l.opened(command, ms)
    else {
      expect(l.refused(command, ms)).toEqual({ is: 'too_many_sends', ...refused })
      // What is told is the truth: then this limit does not refuse any more, and a millisecond before it does.
      const { limit, retryAfter } = refused as { limit: string; retryAfter: number }
      expect(l.refused(command, ms + retryAfter * SECOND - SECOND)).toMatchObject({ limit })
      const then = ledger(l.state).ask(command, ms + retryAfter * SECOND)
      expect(then.is === 'opened' || (then.is === 'too_many_sends' && then.limit !== limit)).toBe(true)
    }
  })

  it('that were lowered since: a place is free when few enough are left', () => {
    const l = ledger()
    for (let i = 0; i < 4; i++) l.opened(open({ id: `c${i}`, limits: { ...limits, per_minute: 4 } }), i * 10 * SECOND)
    const refused = { is: 'too_many_sends', limit: 'per_minute', retryAfter: 40 }
    expect(l.refused(open({ id: 'c9', limits }), 40 * SECOND)).toEqual(refused)
    l.opened(open({ id: 'c9', limits }), 80 * SECOND)
  })

  it('one of the three may be wider than another', () => {
    const odd = { per_minute: 5, per_15_minutes: 3, per_day: 100 }
    const l = ledger()
    for (let i = 0; i < 3; i++) l.opened(open({ id: `c${i}`, limits: odd }))
    expect(l.refused(open({ id: 'c9', limits: odd }))).toEqual({
      is: 'too_many_sends',
      limit: 'per_15_minutes',
      retryAfter: 900,
    })
  })

  it('hold for the address: new challenges and new codes share one budget', () => {
    const l = opened({ limits }).opened(renew({ limits }), 1)
    const third: RenewCommand['secrets'] = [
      { purpose: 'link', proof: 'link3' },
      { purpose: 'code', proof: 'code3' },
    ]
    expect(l.refused(renew({ limits, secrets: third }), 2)).toEqual({
      is: 'too_many_sends',
      limit: 'per_minute',
      retryAfter: 60,
    })
    // Its own retry is no send of its own.
    expect(l.refused(renew({ limits }), 2)).toMatchObject({ is: 'opened', repeated: true })
    expect(l.refused(open({ id: 'c2', limits }), 2)).toEqual({
      is: 'too_many_sends',
      limit: 'per_minute',
      retryAfter: 60,
    })
  })

  it('count messages only: minting and renewing for no channel is free', () => {
    const l = opened({ record: { channel: 'none' } })
    for (let i = 0; i < 10; i++) l.opened(renew({ limits: { per_minute: 1, per_15_minutes: 1, per_day: 1 } }), i)
    expect(l.state?.sends ?? { stranger: [], known: [] }).toEqual({ stranger: [], known: [] })
  })

  it('are not used up by what was refused, redeemed or repeated', () => {
    const l = opened({ limits, request: 'r1' })
    for (let i = 0; i < 5; i++)
      expect(l.refused(open({ limits, request: 'r1' }), i)).toMatchObject({ is: 'opened', repeated: true })
    l.redeemed(redeem())
    l.opened(open({ id: 'c2', limits }))
    for (let i = 0; i < 5; i++) expect(l.refused(open({ id: 'c3', limits }))).toMatchObject({ is: 'too_many_sends' })
  })

  it('are asked before a spent lane: neither tells of the other', () => {
    const l = spent()
    l.opened(open({ limits })).opened(open({ id: 'c2', limits }))
    expect(l.refused(openCode('c3', { limits }))).toMatchObject({ is: 'too_many_sends' })
    expect(l.state?.sends.stranger).toEqual([T, T])
  })

  it('a code-only send that is locked counts as no send', () => {
    const l = spent()
    expect(l.refused(openCode('c1', { limits }))).toMatchObject({ is: 'locked' })
  })

  describe('give_back', () => {
    it('frees the place', () => {
      const l = opened({ limits }).opened(open({ id: 'c2', limits }), 5)
      expect(l.refused(open({ id: 'c3', limits }), 6)).toMatchObject({ is: 'too_many_sends' })
      expect(l.ask({ type: 'give_back', sentAt: T + 5 }, 6)).toEqual({ is: 'done' })
      expect(l.state?.sends.stranger).toEqual([T])
      l.opened(open({ id: 'c3', limits }), 7)
    })

    it('of two in one millisecond frees one', () => {
      const l = opened({ limits }).opened(open({ id: 'c2', limits }))
      l.ask({ type: 'give_back', sentAt: T })
      expect(l.state?.sends.stranger).toEqual([T])
    })

    it.each([T - 1, T + 1, 0, T + DAY])('of what was not sent (%i) does nothing', (sentAt) => {
      const l = opened({ limits })
      expect(l.refused({ type: 'give_back', sentAt })).toEqual({ is: 'done' })
    })

    it('of an empty ledger leaves it empty, and the last thing given back empties it', () => {
      const l = ledger()
      expect(l.refused({ type: 'give_back', sentAt: T })).toEqual({ is: 'done' })
      l.opened(open({ limits })).ask({ type: 'cancel', id: 'c1', project: 'p1' })
      l.ask({ type: 'sweep' }, DAY - 1)
      expect(l.state?.sends.stranger).toEqual([T])
      l.ask({ type: 'give_back', sentAt: T }, DAY - 1)
      expect(l.state?.sends ?? { stranger: [], known: [] }).toEqual({ stranger: [], known: [] })
    })
  })
})

describe('open', () => {
  it('says what was stored', () => {
    const l = ledger()
    const outcome = l.ask(open({ secrets: [link(), code(), relay()], request: 'r1' }))
    expect(outcome).toEqual({
      is: 'opened',
      repeated: false,
      record: record(),
      secrets: [link(), code(), relay()],
      sentAt: T,
      codeDropped: false,
    })
    expect(l.state?.challenges).toHaveLength(1)
  })

  describe('again with the same request', () => {
    const first = {
      is: 'opened',
      repeated: true,
      record: record(),
      secrets: [link(), code()],
      sentAt: T,
      codeDropped: false,
    }
    const again = () =>
      open({ request: 'r1', secrets: [link('x', 5), code('y', 5)], record: { state: 'other', mintedAt: T + 5 } })
    it.each<[string, (l: ReturnType<typeof ledger>) => unknown, number]>([
      ['at once', () => null, 1],
      ['after wrong tries', (l) => l.ask(guess()), 2],
      ['after use', (l) => l.redeemed(redeem(), 1), 2],
      ['after use and a minute', (l) => l.redeemed(redeem(), 1), REPLAY_MS + 2],
      ['after expiry', () => null, LINK_TTL * SECOND + 1],
      ['after it was cancelled', (l) => l.ask({ type: 'cancel', id: 'c1', project: 'p1' }, 1), 2],
      [
        'after it made room',
        (l) => Array.from({ length: 50 }, (_, i) => l.opened(open({ id: `r${i}`, secrets: [link()] }), 1)),
        2,
      ],
      ['in its last millisecond as a tombstone', () => null, LINK_TTL * SECOND + TOMBSTONE_MS - 1],
    ])('%s: the first answer, and nothing new', (_what, act, ms) => {
      const l = opened({ request: 'r1' })
      act(l)
      expect(l.refused(again(), ms)).toEqual(first)
    })

    // A repeated send answers with the message and the link of the first one, so it needs the first one's time and secrets.
    it('after a new link and code: still the first answer', () => {
      const l = opened({ request: 'r1' }).opened(renew(), MINUTE)
      expect(l.refused(again(), MINUTE + 1)).toEqual(first)
      l.opened(
        renew({
          keep: 1,
          secrets: [
            { purpose: 'link', proof: 'link3' },
            { purpose: 'code', proof: 'code3' },
          ],
        }),
        2 * MINUTE,
      )
      expect(l.refused(again(), 2 * MINUTE + 1)).toEqual(first)
      expect(l.refused(again(), HOUR)).toEqual(first)
    })

    it('with a code that was dropped: without it again', () => {
      const l = spent().opened(open({ request: 'r1' }))
      expect(l.refused(again(), 1)).toMatchObject({ is: 'opened', repeated: true, secrets: [link()] })
    })
  })

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown, number]>([
    ['at once', () => null, 1],
    ['after use', (l) => l.redeemed(redeem(), 1), 2],
    ['after use and a minute', (l) => l.redeemed(redeem(), 1), HOUR],
    ['after expiry', () => null, HOUR],
  ])('again with another request, %s: key_reused', (_what, act, ms) => {
    const l = opened({ request: 'r1' })
    act(l)
    expect(l.refused(open({ request: 'r2' }), ms)).toEqual({ is: 'key_reused' })
    expect(l.refused(open({ request: null }), ms)).toEqual({ is: 'key_reused' })
  })

  it('again where no request was given: our own retry while it lives, key_reused for anything else', () => {
    const l = opened()
    expect(l.refused(open(), 1)).toMatchObject({ is: 'opened', repeated: true, secrets: [link(), code()], sentAt: T })
    expect(l.refused(open({ secrets: [link('other')] }), 1)).toEqual({ is: 'key_reused' })
    for (const ms of [1, HOUR]) {
      if (ms === HOUR) expect(l.refused(open(), ms)).toEqual({ is: 'key_reused' })
      expect(l.refused(open({ request: 'r1' }), ms)).toEqual({ is: 'key_reused' })
    }
  })

  it('again a day later, while a used link of seven days is in time: it stays used', () => {
    const week = { purpose: 'link', proof: 'link', expiresAt: at(7 * DAY) } as const
    const l = opened({ request: 'r1', secrets: [week] }).redeemed(redeem(), 1)
    for (const ms of [2 * DAY, 7 * DAY - 1]) {
      expect(l.ask(open({ request: 'r1', secrets: [week] }), ms)).toEqual({ is: 'key_reused' })
      expect(l.ask(redeem({ key: 'k2' }), ms)).toMatchObject({ is: 'used', record: null })
    }
    expect(l.alarmAt).toBe(T + 7 * DAY)
    l.ask({ type: 'sweep' }, 7 * DAY)
    expect(l.state).toBeNull()
  })

  it('again when the tombstone is gone: a new challenge', () => {
    const l = opened({ request: 'r1' })
    const later = LINK_TTL * SECOND + TOMBSTONE_MS
    expect(l.ask(open({ request: 'r1', secrets: [link('link', later)] }), later)).toMatchObject({
      is: 'opened',
      repeated: false,
    })
  })
})

describe('renew', () => {
  it('stores a new link and a new code for the same challenge, and time starts again', () => {
    const l = opened()
    const outcome = l.ask(renew(), 100 * SECOND)
    const fresh = [link('link2', 100 * SECOND), code('code2', 100 * SECOND)]
    expect(outcome).toEqual({
      is: 'opened',
      repeated: false,
      record: record(),
      secrets: fresh,
      sentAt: T + 100 * SECOND,
      codeDropped: false,
    })
    expect(l.ask(redeem({ purpose: 'code' }), CODE_TTL * SECOND)).toMatchObject({ is: 'wrong' })
    l.redeemed(redeem({ proof: 'link2' }), LINK_TTL * SECOND + 100 * SECOND - 1)
  })

  it('counts whole seconds', () => {
    expect(opened().ask(renew(), 1999)).toMatchObject({ secrets: [link('link2', 1000), code('code2', 1000)] })
  })

  it.each(['link', 'code'] as const)('of a challenge with a %s alone takes nothing else', (method) => {
    const l = opened({ secrets: [method === 'link' ? link() : code()], record: { method } })
    expect(l.ask(renew())).toMatchObject({ secrets: [{ proof: `${method}2` }] })
  })

  it('leaves the last two alive', () => {
    const l = opened().opened(renew(), 1)
    l.opened(
      renew({
        secrets: [
          { purpose: 'link', proof: 'link3' },
          { purpose: 'code', proof: 'code3' },
        ],
      }),
      2,
    )
    expect(l.refused(redeem(), 3)).toEqual({ is: 'superseded' })
    expect(l.ask(redeem({ purpose: 'code' }), 3)).toEqual({ is: 'superseded' })
    for (const over of [
      { proof: 'link2' },
      { proof: 'link3' },
      { purpose: 'code', proof: 'code2' },
      { purpose: 'code', proof: 'code3' },
    ] as const)
      ledger(l.state).redeemed(redeem(over), 3)
  })

  it('leaves the last one alive where the project wants it', () => {
    const l = opened().opened(renew({ keep: 1 }), 1)
    expect(l.refused(redeem(), 2)).toEqual({ is: 'superseded' })
    ledger(l.state).redeemed(redeem({ proof: 'link2' }), 2)
    ledger(l.state).redeemed(redeem({ purpose: 'code', proof: 'code2' }), 2)
    expect(l.ask(redeem({ purpose: 'code' }), 2)).toEqual({ is: 'superseded' })
    // Though it was no guess, it was a try: or a guesser would learn of old codes for nothing.
    expect([l.tries('code2'), l.wrong().stranger]).toEqual([1, 1])
  })

  it('remembers the newest secrets alone, however often it is asked', () => {
    const l = opened({ record: { channel: 'none' } })
    for (let i = 0; i < 40; i++)
      l.opened(
        renew({
          request: `r${i}`,
          secrets: [
            { purpose: 'link', proof: `l${i}` },
            { purpose: 'code', proof: `c${i}` },
          ],
        }),
        i,
      )
    expect(JSON.stringify(l.state).length).toBeLessThan(8000)
    expect(l.refused(redeem({ proof: 'l37' }), 50)).toEqual({ is: 'superseded' })
    expect(l.refused(redeem({ proof: 'l0' }), 50)).toEqual({ is: 'unknown' })
    ledger(l.state).redeemed(redeem({ proof: 'l38' }), 50)
    ledger(l.state).redeemed(redeem({ purpose: 'code', proof: 'c39' }), 50)
  })

  describe('again with the same request', () => {
    const first = () => ({
      is: 'opened',
      repeated: true,
      record: record(),
      secrets: [link('link2', SECOND), code('code2', SECOND)],
      sentAt: T + SECOND,
      codeDropped: false,
    })
    it('at once: the first answer', () => {
      const l = opened().opened(renew({ request: 'r1' }), SECOND)
      expect(l.refused(renew({ request: 'r1', secrets: [{ purpose: 'link', proof: 'x' }] }), 2 * SECOND)).toEqual(
        first(),
      )
    })
    it('after another renewal: still the first answer', () => {
      const l = opened().opened(renew({ request: 'r1' }), SECOND)
      l.opened(
        renew({
          request: 'r2',
          secrets: [
            { purpose: 'link', proof: 'link3' },
            { purpose: 'code', proof: 'code3' },
          ],
        }),
        2 * SECOND,
      )
      expect(l.refused(renew({ request: 'r1' }), 3 * SECOND)).toEqual(first())
    })
    it('after use: the first answer', () => {
      const l = opened()
        .opened(renew({ request: 'r1' }), SECOND)
        .redeemed(redeem(), 2 * SECOND)
      expect(l.refused(renew({ request: 'r1' }), 3 * SECOND)).toEqual(first())
      expect(l.refused(renew({ request: 'r1' }), HOUR)).toEqual(first())
    })
    it('with another request: another renewal', () => {
      const l = opened().opened(renew({ request: 'r1' }), SECOND)
      expect(
        l.ask(
          renew({
            request: 'r2',
            secrets: [
              { purpose: 'link', proof: 'link3' },
              { purpose: 'code', proof: 'code3' },
            ],
          }),
          2 * SECOND,
        ),
      ).toMatchObject({ repeated: false })
    })
  })

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown, number, object]>([
    ['used', (l) => l.redeemed(redeem(), 1), 2, { is: 'dead', reason: 'used', at: T + 1 }],
    ['used a while ago', (l) => l.redeemed(redeem(), 1), HOUR, { is: 'dead', reason: 'used', at: T + 1 }],
    ['expired', () => null, LINK_TTL * SECOND, { is: 'dead', reason: 'expired', at: T + LINK_TTL * SECOND }],
    [
      'cancelled',
      (l) => l.ask({ type: 'cancel', id: 'c1', project: 'p1' }, 1),
      2,
      { is: 'dead', reason: 'cancelled', at: T + 1 },
    ],
    ['forgotten', () => null, LINK_TTL * SECOND + TOMBSTONE_MS, { is: 'unknown' }],
  ])('of one that is %s', (_what, act, ms, outcome) => {
    const l = opened()
    act(l)
    expect(l.refused(renew(), ms)).toEqual(outcome)
  })

  it('of the oldest of fifty does not end the challenge that it renews', () => {
    const l = ledger()
    for (let i = 0; i < MAX_LIVE / 2; i++)
      l.opened(open({ id: `c${i}`, secrets: [link(`link${i}`), code(`code${i}`)] }), i)
    l.opened(renew({ id: 'c0' }), 100)
    l.redeemed(redeem({ id: 'c0', proof: 'link2' }), 101)
    expect(l.refused(redeem({ id: 'c1', proof: 'link1' }), 101)).toEqual({ is: 'superseded' })
  })
})

// --- room -----------------------------------------------------------------------------------------------------------

describe('room', () => {
  it('the 51st live secret supersedes the oldest challenge', () => {
    const l = afterLinks(MAX_LIVE)
    expect(ledger(l.state).redeemed(redeem({ id: 'c0', proof: 'link0' }), 60).state).not.toBeNull()
    l.opened(open({ id: 'c50', secrets: [link('link50')] }), 60)
    expect(l.refused(redeem({ id: 'c0', proof: 'link0' }), 61)).toEqual({ is: 'superseded' })
    expect(l.refused(redeem({ id: 'c0', proof: 'other' }), 61)).toEqual({ is: 'unknown' })
    for (const i of [1, 49, 50]) ledger(l.state).redeemed(redeem({ id: `c${i}`, proof: `link${i}` }), 61)
  })

  it('a code counts as much as a link', () => {
    const l = ledger()
    for (let i = 0; i <= MAX_LIVE / 2; i++) l.opened(open({ id: `c${i}`, secrets: [link(`l${i}`), code(`k${i}`)] }), i)
    expect(l.refused(redeem({ id: 'c0', proof: 'l0' }), 60)).toEqual({ is: 'superseded' })
    expect(l.refused(redeem({ id: 'c0', purpose: 'code', proof: 'k0' }), 60)).toEqual({ is: 'superseded' })
    ledger(l.state).redeemed(redeem({ id: 'c1', proof: 'l1' }), 60)
  })

  it('a redeemed challenge takes none, and is never pushed out while a retry may come', () => {
    const l = afterLinks(MAX_LIVE).redeemed(redeem({ id: 'c0', proof: 'link0', sessionId: 'sess_a' }), 60)
    l.opened(open({ id: 'c50', secrets: [link('link50')] }), 60)
    ledger(l.state).redeemed(redeem({ id: 'c1', proof: 'link1' }), 60)
    for (let i = 51; i < 120; i++) l.opened(open({ id: `c${i}`, secrets: [link(`link${i}`)] }), 60)
    expect(l.refused(redeem({ id: 'c0', proof: 'link0' }), 61)).toMatchObject({
      is: 'redeemed',
      replayed: true,
      sessionId: 'sess_a',
    })
  })

  it('at most 200 tombstones, the newest', () => {
    let state: LedgerState | null = null
    for (let i = 0; i < MAX_TOMBSTONES + 60; i++) {
      state = decide(state, open({ id: `c${i}`, secrets: [link(`l${i}`)] }), T + i).state
      state = decide(state, { type: 'cancel', id: `c${i}`, project: 'p1' }, T + i).state
      expect(state?.tombstones.length).toBe(Math.min(i + 1, MAX_TOMBSTONES))
    }
    const l = ledger(state)
    expect(l.refused(redeem({ id: 'c59', proof: 'l59' }), 300)).toEqual({ is: 'unknown' })
    expect(l.refused(redeem({ id: 'c60', proof: 'l60' }), 300)).toEqual({ is: 'cancelled' })
  })

  it('of the largest records stays under 1 MB, letters outside Latin-1 included', () => {
    const large = (i: number) => {
      const some = record({ state: `状${i}`, metadata: {} })
      return {
        ...some,
        metadata: { text: 'x'.repeat(MAX_RECORD_BYTES - new TextEncoder().encode(JSON.stringify(some)).length - 10) },
      }
    }
    expect(new TextEncoder().encode(JSON.stringify(large(1))).length).toBeLessThanOrEqual(MAX_RECORD_BYTES)
    let state: LedgerState | null = null
    for (let i = 0; i < MAX_TOMBSTONES + MAX_LIVE / 2 + 5; i++) {
      // Real proofs and ids have 43 and 16 characters.
      const secrets = [link(`l${i}`.padEnd(43, 'x')), code(`c${i}`.padEnd(43, 'x'))]
      const command = {
        ...open({ id: `c${i}`.padEnd(16, 'x'), secrets, request: `r${i}`.padEnd(43, 'x') }),
        record: large(i),
      }
      state = decide(state, command, T + i).state
    }
    expect(state?.tombstones.length).toBe(MAX_TOMBSTONES)
    expect(state?.challenges.length).toBe(MAX_LIVE / 2)
    // Stored as one value of at most 2 MB; such a text takes two bytes a character.
    expect(JSON.stringify(state).length).toBeLessThan(1_000_000)
  })
})

// --- grants ---------------------------------------------------------------------------------------------------------

describe('a grant', () => {
  const pressed = (over: Over = {}) => opened(over).redeemed(press({ sessionId: 'sess_a' }))

  it('is exchanged for the session of the press', () => {
    const l = pressed()
    expect(l.ask(exchange({ sessionId: 'sess_b' }), 1)).toEqual({
      is: 'redeemed',
      challenge: 'c1',
      replayed: false,
      record: record(),
      sessionId: 'sess_a',
      at: T,
      by: 'link',
    })
  })

  it('by the same key and caller within 60 s: the same answer', () => {
    const l = pressed().redeemed(exchange(), 1)
    for (const ms of [1, REPLAY_MS])
      expect(l.refused(exchange(), ms)).toMatchObject({ is: 'redeemed', replayed: true, sessionId: 'sess_a' })
    expect(l.refused(exchange(), 1 + REPLAY_MS)).toMatchObject({ is: 'unknown' })
  })

  it('at exactly 60 s is used, where another grant keeps the challenge whole', () => {
    const l = pressed()
      .redeemed(press({ grant: grant('g2', 0, 300) }), 1)
      .redeemed(exchange(), 2)
    expect(l.refused(exchange(), 2 + REPLAY_MS)).toEqual({ is: 'used', at: T + 2, grantUse: 'x1', record: record() })
  })

  it.each<[string, Redeem]>([
    ['another key', { key: 'x2' }],
    ['another caller', { caller: 'app2' }],
  ])('strictly once: by %s it is used, and whose first use it was is told', (_what, over) => {
    const l = pressed().redeemed(exchange(), 1)
    expect(l.refused(exchange(over), 2)).toEqual({ is: 'used', at: T + 1, grantUse: 'x1', record: record() })
  })

  it.each<[string, Redeem, object]>([
    ['another proof', { proof: 'g9' }, { is: 'unknown' }],
    ['the link as a grant', { proof: 'link' }, { is: 'unknown' }],
    ['another project', { project: 'p2' }, { is: 'unknown' }],
    ['the page', { project: null }, { is: 'unknown' }],
    ['another client', { clientId: 'client_1' }, { is: 'mismatch', what: 'client' }],
    ['another redirect', { redirectUri: 'x' }, { is: 'mismatch', what: 'redirect' }],
    ['a verifier', { verifierHash: 'v' }, { is: 'mismatch', what: 'verifier' }],
  ])('with %s spends nothing', (_what, over, outcome) => {
    const l = pressed()
    expect(l.refused(exchange(over), 1)).toEqual(outcome)
    l.redeemed(exchange(), 2)
  })

  it('is taken in its last millisecond and not in the next', () => {
    const l = pressed({ secrets: [link()] })
    expect(l.refused(exchange(), 60 * SECOND)).toEqual({ is: 'unknown' })
    l.redeemed(exchange(), 60 * SECOND - 1)
    expect(l.refused(exchange(), 60 * SECOND + 1)).toMatchObject({ is: 'redeemed', replayed: true })
  })

  it('that expired while another keeps the challenge whole', () => {
    const l = pressed().redeemed(press({ grant: grant('g2', 30 * SECOND) }), 30 * SECOND)
    expect(l.refused(exchange(), 60 * SECOND)).toEqual({ is: 'expired' })
    l.redeemed(exchange({ proof: 'g2' }), 60 * SECOND)
  })

  it('each press brings another; each is exchanged once, all for one session', () => {
    const l = pressed()
    for (let i = 2; i <= 5; i++) l.redeemed(press({ grant: grant(`g${i}`) }), i)
    for (let i = 1; i <= 5; i++)
      expect(l.ask(exchange({ proof: `g${i}`, key: `x${i}` }), 10)).toMatchObject({
        is: 'redeemed',
        replayed: false,
        sessionId: 'sess_a',
      })
    for (let i = 1; i <= 5; i++)
      expect(l.refused(exchange({ proof: `g${i}`, key: 'other' }), 11)).toMatchObject({ is: 'used', grantUse: `x${i}` })
  })

  it('a sixth unused one drops the oldest', () => {
    const l = pressed()
    for (let i = 2; i <= MAX_UNUSED_GRANTS; i++) l.redeemed(press({ grant: grant(`g${i}`) }), i)
    ledger(l.state).redeemed(exchange(), 10)
    l.redeemed(press({ grant: grant('g6') }), 6)
    expect(l.refused(exchange(), 10)).toEqual({ is: 'unknown' })
    for (let i = 2; i <= 6; i++) l.redeemed(exchange({ proof: `g${i}` }), 10)
  })

  it('that was used takes no place, and its reuse is still noticed', () => {
    const l = pressed().redeemed(exchange(), 1)
    for (let i = 2; i <= 6; i++) l.redeemed(press({ grant: grant(`g${i}`) }), i)
    expect(l.refused(exchange({ key: 'x2' }), 10)).toMatchObject({ is: 'used', grantUse: 'x1' })
    for (let i = 2; i <= 6; i++) l.redeemed(exchange({ proof: `g${i}` }), 10)
  })

  it('is not given to a press that is refused', () => {
    const l = pressed()
    for (const over of [
      { key: 'k2' },
      { caller: 'other' },
      { proof: 'other' },
      { purpose: 'code', proof: 'wrong' },
    ] as const)
      l.refused(press({ ...over, grant: grant('g9') }), 1)
    expect(l.refused(exchange({ proof: 'g9' }), 2)).toEqual({ is: 'unknown' })
  })

  it('keeps the challenge whole until it ends, then it is unknown', () => {
    const l = pressed().redeemed(press({ grant: grant('g2', 59 * SECOND) }), 59 * SECOND)
    expect(l.alarmAt).toBe(T + 119 * SECOND)
    l.redeemed(exchange({ proof: 'g2' }), 118 * SECOND)
    expect(l.alarmAt).toBe(T + 178 * SECOND)
    expect(l.refused(exchange({ proof: 'g2' }), 178 * SECOND - 1)).toMatchObject({ replayed: true })
    expect(l.refused(exchange({ proof: 'g2' }), 178 * SECOND)).toEqual({ is: 'unknown' })
    expect(l.refused(exchange({ proof: 'g2', project: 'p2' }), 178 * SECOND)).toEqual({ is: 'unknown' })
  })

  it('of a longer life does not lengthen the press’s minute', () => {
    const l = opened().redeemed(press({ grant: grant('g1', 0, 300) }))
    expect(l.refused(press({ grant: grant('g2') }), REPLAY_MS)).toEqual({
      is: 'used',
      at: T,
      grantUse: null,
      record: record(),
    })
    l.redeemed(exchange(), 299 * SECOND)
  })
})

// --- conditions -----------------------------------------------------------------------------------------------------

describe('bound by a verifier', () => {
  const binding = { kind: 'verifier', codeChallenge: 'right' } as const
  const bound = (over: Over = {}) => opened({ ...over, record: { binding, ...over.record } })
  const boundRecord = record({ binding })

  it.each<[string, Redeem]>([
    ['the page', { project: null, caller: 'page', grant: grant() }],
    ['an application', {}],
    ['a code', { purpose: 'code' }],
  ])('without one (%s): bound, and nothing is stored', (_what, over) => {
    const l = bound()
    l.ask(guess())
    for (let i = 0; i < 10; i++) expect(l.refused(redeem(over))).toEqual({ is: 'bound', record: boundRecord })
  })

  it('a wrong link or code learns nothing of it', () => {
    const l = bound()
    expect(l.refused(press({ proof: 'other' }))).toEqual({ is: 'unknown' })
    expect(l.ask(guess())).toEqual({ is: 'wrong', triesLeft: 4 })
  })

  it.each<[string, string, Redeem]>([
    ['link', 'wrong', {}],
    ['link', '', {}],
    ['link', 'right ', {}],
    ['code', 'wrong', { purpose: 'code' }],
    ['bound_grant', 'wrong', { purpose: 'bound_grant' }],
  ])('a %s with the verifier %j spends nothing', (_what, verifierHash, over) => {
    const l = bound()
    for (let i = 0; i < 10; i++)
      expect(l.refused(redeem({ verifierHash, ...over }))).toEqual({ is: 'mismatch', what: 'verifier' })
    l.redeemed(redeem({ verifierHash: 'right', ...over }))
  })

  it.each(['link', 'code', 'bound_grant'] as const)('a %s with the right one: redeemed', (purpose) => {
    const outcome = bound().ask(redeem({ purpose, verifierHash: 'right', sessionId: 'sess_a' }))
    expect(outcome).toEqual({
      is: 'redeemed',
      challenge: 'c1',
      replayed: false,
      record: boundRecord,
      sessionId: 'sess_a',
      at: T,
      by: purpose === 'code' ? 'code' : 'link',
    })
  })

  it('a bound grant needs the verifier, not a proof', () => {
    const l = bound()
    expect(l.refused(redeem({ purpose: 'bound_grant', proofs: [] }))).toEqual({ is: 'bound', record: boundRecord })
    expect(l.refused(redeem({ purpose: 'bound_grant', verifierHash: 'right', project: 'p2' }))).toEqual({
      is: 'unknown',
    })
    expect(l.refused(redeem({ purpose: 'bound_grant', verifierHash: 'right', project: null }))).toEqual({
      is: 'unknown',
    })
    l.redeemed(redeem({ purpose: 'bound_grant', proofs: [], verifierHash: 'right' }))
  })

  it('another bound grant of the challenge within 60 s: the same session; another key or a minute later: used', () => {
    const second = (over: Redeem = {}) =>
      redeem({ purpose: 'bound_grant', verifierHash: 'right', proof: 'g2', ...over })
    const l = bound().redeemed(
      redeem({ purpose: 'bound_grant', verifierHash: 'right', proof: 'g1', sessionId: 'sess_a' }),
    )
    expect(l.refused(second(), 1)).toMatchObject({ is: 'redeemed', replayed: true, sessionId: 'sess_a' })
    expect(l.refused(second({ key: 'k2' }), 1)).toMatchObject({ is: 'used' })
    expect(l.refused(second({ caller: 'app2' }), 1)).toMatchObject({ is: 'used' })
    expect(l.refused(second({ verifierHash: 'wrong' }), 1)).toMatchObject({ is: 'used' })
    expect(l.refused(second(), REPLAY_MS)).toEqual({ is: 'expired' })
  })

  it('a press after the exchange: bound while a retry may come, then used', () => {
    const l = bound().redeemed(redeem({ verifierHash: 'right' }))
    expect(l.refused(press(), REPLAY_MS - 1)).toEqual({ is: 'bound', record: boundRecord })
    expect(l.refused(press(), REPLAY_MS)).toEqual({ is: 'used', at: T, grantUse: null, record: boundRecord })
  })

  it('a bound grant of an ended challenge', () => {
    const over = { purpose: 'bound_grant', verifierHash: 'right' } as const
    expect(bound().refused(redeem(over), LINK_TTL * SECOND)).toEqual({ is: 'expired' })
    const l = bound()
    l.ask({ type: 'cancel', id: 'c1', project: 'p1' })
    expect(l.refused(redeem(over))).toEqual({ is: 'expired' })
    expect(l.refused(redeem({ verifierHash: 'right' }))).toEqual({ is: 'cancelled' })
  })
})

describe('match', () => {
  const client = { ip: '192.0.2.1', userAgent: 'Firefox' }
  it.each<[ChallengeRecord['match'], Conditions['client'], boolean]>([
    [[], undefined, true],
    [[], { ip: '192.0.2.2', userAgent: 'Chrome' }, true],
    [['ip'], client, true],
    [['ip'], { ip: '192.0.2.1', userAgent: 'Chrome' }, true],
    [['ip'], { ip: '192.0.2.2', userAgent: 'Firefox' }, false],
    [['ip'], { ip: null, userAgent: 'Firefox' }, false],
    [['ip'], undefined, false],
    [['user_agent'], { ip: '192.0.2.2', userAgent: 'Firefox' }, true],
    [['user_agent'], { ip: '192.0.2.1', userAgent: 'Chrome' }, false],
    [['user_agent'], { ip: '192.0.2.1', userAgent: 'firefox' }, false],
    [['ip', 'user_agent'], client, true],
    [['ip', 'user_agent'], { ip: '192.0.2.1', userAgent: 'Chrome' }, false],
    [['ip', 'user_agent'], { ip: '192.0.2.2', userAgent: 'Firefox' }, false],
  ])('%j against %j: %j', (match, given, agrees) => {
    const over = given ? { client: given } : {}
    for (const purpose of ['link', 'code'] as const) {
      const l = opened({ record: { client, match } })
      if (agrees) l.redeemed(redeem({ purpose, ...over }))
      else {
        expect(l.refused(redeem({ purpose, ...over }))).toEqual({ is: 'mismatch', what: 'client' })
        l.redeemed(redeem({ purpose, client }))
      }
    }
  })

  it('is not judged by the page, but by the exchange of its grant', () => {
    const l = opened({ record: { client, match: ['ip'] } }).redeemed(press())
    expect(l.refused(exchange({ client: { ip: '192.0.2.2', userAgent: null } }))).toEqual({
      is: 'mismatch',
      what: 'client',
    })
    l.redeemed(exchange({ client }))
  })
})

describe('link_requires_id', () => {
  it.each<[string, Redeem, string]>([
    ['a link without the id', {}, 'mismatch'],
    ['a link with the id', { idGiven: true }, 'redeemed'],
    ['a code', { purpose: 'code' }, 'redeemed'],
    ['the page', { project: null }, 'redeemed'],
    ['a wrong link without the id', { proof: 'other' }, 'unknown'],
  ])('%s: %3$s', (_what, over, is) => {
    const l = opened({ record: { linkRequiresId: true } })
    if (is === 'redeemed') l.redeemed(redeem(over))
    else expect(l.refused(redeem(over))).toMatchObject({ is })
  })
})

describe('another project', () => {
  const states: [string, () => ReturnType<typeof ledger>, number][] = [
    ['live', () => opened({ request: 'r1' }), 1],
    [
      'locked',
      () => {
        const l = opened({ request: 'r1' })
        for (let i = 0; i < 5; i++) l.ask(guess())
        return l
      },
      1,
    ],
    ['renewed', () => opened({ request: 'r1' }).opened(renew({ request: 'r2' })), 1],
    ['bound', () => opened({ request: 'r1', record: { binding: { kind: 'verifier', codeChallenge: 'right' } } }), 1],
    ['redeemed', () => opened({ request: 'r1' }).redeemed(press()), 1],
    ['exchanged', () => opened({ request: 'r1' }).redeemed(press()).redeemed(exchange()), 1],
    ['used', () => opened({ request: 'r1' }).redeemed(redeem()), HOUR],
    ['expired', () => opened({ request: 'r1' }), HOUR],
    [
      'cancelled',
      () => {
        const l = opened({ request: 'r1' })
        l.ask({ type: 'cancel', id: 'c1', project: 'p1' })
        return l
      },
      1,
    ],
  ]
  const commands = (id: string): [string, Command][] => [
    ...(['link', 'code', 'relay', 'grant', 'bound_grant'] as const).flatMap((purpose): [string, Command][] => [
      [`redeem ${purpose}`, redeem({ id, purpose, proof: purpose === 'grant' ? 'g1' : purpose, project: 'p2' })],
      [`redeem ${purpose} verified`, redeem({ id, purpose, project: 'p2', verifierHash: 'right', key: 'x1' })],
      [`redeem wrong ${purpose}`, redeem({ id, purpose, proof: 'wrong', project: 'p2' })],
    ]),
    ['peek', { type: 'peek', id, project: 'p2', link: null }],
    ['peek with the link', { type: 'peek', id, project: 'p2', link: 'link' }],
    ['cancel', { type: 'cancel', id, project: 'p2' }],
    ['renew', renew({ id, project: 'p2' })],
    ['renew, the first request again', renew({ id, project: 'p2', request: 'r1' })],
    ['renew, the last request again', renew({ id, project: 'p2', request: 'r2' })],
  ]

  it.each(states)('cannot tell a %s challenge from an unknown one, nor change it', (_what, make, ms) => {
    const l = make()
    const strange = commands('nobody’s')
    for (const [i, [name, command]] of commands('c1').entries()) {
      const [, other] = strange[i] ?? []
      expect(l.refused(command, ms), name).toEqual(other && l.refused(other, ms))
      expect(l.refused(command, ms), name).toEqual({ is: 'unknown' })
    }
  })
})

describe('the page', () => {
  it.each<[string, Over['record'], Redeem, object]>([
    ['a landing link', {}, {}, { is: 'redeemed' }],
    ['a code of a landing challenge', {}, { purpose: 'code' }, { is: 'unknown' }],
    ['a direct link', { link: 'direct' }, {}, { is: 'unknown' }],
    ['a code of a direct challenge', { link: 'direct' }, { purpose: 'code' }, { is: 'unknown' }],
    ['a code of a challenge without a link', { link: null }, { purpose: 'code' }, { is: 'unknown' }],
    [
      'a wrong code of a challenge without a link',
      { link: null },
      { purpose: 'code', proof: 'wrong' },
      { is: 'unknown' },
    ],
    // Its grant is for that dialect's verify alone.
    ['a landing link of another dialect', { dialect: 'transmit' }, {}, { is: 'redeemed' }],
  ])('%s', (_what, some, over, outcome) => {
    const l = opened({ record: some ?? {} })
    if ('is' in outcome && outcome.is === 'redeemed') l.redeemed(press(over))
    else expect(l.refused(press(over))).toEqual(outcome)
  })

  it.each([1, HOUR])('a used direct link stays unknown to it, after %i ms too', (ms) => {
    const l = opened({ record: { link: 'direct' } }).redeemed(redeem())
    expect(l.refused(press(), ms)).toEqual({ is: 'unknown' })
  })

  it('its press is not replayed by an application with the same key', () => {
    const l = opened().redeemed(press())
    expect(l.refused(redeem({ key: 'k1', caller: 'app' }), 1)).toMatchObject({ is: 'used' })
  })
})

// --- peek, cancel, renew once ---------------------------------------------------------------------------------------

describe('peek', () => {
  const peek = (over: Partial<Extract<Command, { type: 'peek' }>> = {}): Command => ({
    type: 'peek',
    id: 'c1',
    project: 'p1',
    link: null,
    ...over,
  })
  const end = at(0) + LINK_TTL
  type Row = [string, (l: ReturnType<typeof ledger>) => unknown, number, Parameters<typeof peek>[0], object]
  const found = { is: 'found', record: record() }
  it.each<Row>([
    ['pending', () => null, 1, {}, { ...found, status: 'pending', expiresAt: end, redeemedAt: null, at: T }],
    [
      'pending by its link',
      () => null,
      1,
      { link: 'link' },
      { ...found, status: 'pending', expiresAt: end, redeemedAt: null, at: T },
    ],
    [
      'pending for the page',
      () => null,
      1,
      { project: null, link: 'link' },
      { ...found, status: 'pending', expiresAt: end, redeemedAt: null, at: T },
    ],
    ['with tries left', (l) => l.ask(guess()), 1, {}, { ...found, status: 'pending' }],
    [
      'code locked, link alive',
      (l) => Array.from({ length: 5 }, () => l.ask(guess())),
      1,
      {},
      { ...found, status: 'pending' },
    ],
    ['renewed', (l) => l.ask(renew(), 5), 6, {}, { ...found, status: 'pending', at: T + 5 }],
    [
      'superseded by its link',
      (l) => l.ask(renew({ keep: 1 }), 5),
      6,
      { link: 'link' },
      { ...found, status: 'superseded' },
    ],
    [
      'redeemed',
      (l) => l.ask(redeem(), 5),
      6,
      {},
      { ...found, status: 'redeemed', expiresAt: end, redeemedAt: T + 5, at: T + 5 },
    ],
    [
      'redeemed, a tombstone',
      (l) => l.ask(redeem(), 5),
      HOUR,
      {},
      { ...found, status: 'redeemed', expiresAt: null, redeemedAt: T + 5, at: T + 5 },
    ],
    [
      'expired',
      () => null,
      HOUR,
      {},
      { ...found, status: 'expired', expiresAt: null, redeemedAt: null, at: T + LINK_TTL * SECOND },
    ],
    ['expired by its link', () => null, HOUR, { link: 'link' }, { ...found, status: 'expired' }],
    [
      'cancelled',
      (l) => l.ask({ type: 'cancel', id: 'c1', project: 'p1' }, 5),
      6,
      {},
      { is: 'found', record: null, status: 'cancelled', expiresAt: null, redeemedAt: null, at: T + 5 },
    ],
    ['another link', () => null, 1, { link: 'other' }, { is: 'unknown' }],
    ['a code for a link', () => null, 1, { link: 'code' }, { is: 'unknown' }],
    ['an empty link', () => null, 1, { link: '' }, { is: 'unknown' }],
    ['another link, a tombstone', () => null, HOUR, { link: 'other' }, { is: 'unknown' }],
    ['another id', () => null, 1, { id: 'c2' }, { is: 'unknown' }],
    ['another project', () => null, 1, { project: 'p2' }, { is: 'unknown' }],
    ['forgotten', () => null, 2 * DAY, {}, { is: 'unknown' }],
  ])('%s', (_what, act, ms, over, outcome) => {
    const l = opened()
    act(l)
    expect(l.refused(peek(over), ms)).toMatchObject(outcome)
  })

  it('cancelled, and kept for a call that may be repeated: the address is not shown', () => {
    const l = opened({ request: 'r1' })
    l.ask({ type: 'cancel', id: 'c1', project: 'p1' })
    expect(l.refused(peek())).toMatchObject({ is: 'found', status: 'cancelled', record: null })
  })

  it('locked, where no link leads in', () => {
    const l = ledger().opened(openCode('c1'))
    for (let i = 0; i < 5; i++) l.ask(guess())
    expect(l.refused(peek())).toMatchObject({ is: 'found', status: 'locked' })
  })

  it.each([0, 5])('an expired link whose code lives, after %i wrong codes', (wrong) => {
    const l = opened({ secrets: [link(), { ...code(), expiresAt: at(0) + 3600 }] })
    for (let i = 0; i < wrong; i++) l.ask(guess())
    expect(l.refused(peek({ link: 'link' }), LINK_TTL * SECOND)).toEqual({
      is: 'found',
      status: 'expired',
      record: record(),
      expiresAt: null,
      redeemedAt: null,
      at: T + LINK_TTL * SECOND,
    })
    expect(l.refused(peek(), LINK_TTL * SECOND)).toMatchObject({ status: wrong === 5 ? 'locked' : 'pending' })
  })

  it('a thousand times changes nothing', () => {
    const l = opened()
    for (let i = 0; i < 1000; i++)
      decide(freeze(l.state), { type: 'peek', id: 'c1', project: null, link: 'link' }, T + i)
    expect(l.refused(peek(), 1000)).toMatchObject({ status: 'pending' })
    l.redeemed(redeem(), 1001)
  })
})

describe('cancel', () => {
  const cancel: Command = { type: 'cancel', id: 'c1', project: 'p1' }

  it('ends link and code', () => {
    const l = opened()
    expect(l.ask(cancel, 5)).toEqual({ is: 'done' })
    for (const purpose of ['link', 'code'] as const)
      expect(l.refused(redeem({ purpose }), 6)).toEqual({ is: 'cancelled' })
    expect(l.refused(redeem({ proof: 'other' }), 6)).toEqual({ is: 'unknown' })
    expect(l.refused(cancel, 7)).toEqual({ is: 'dead', reason: 'cancelled', at: T + 5 })
  })

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown, number, object]>([
    ['used', (l) => l.redeemed(redeem(), 1), 2, { is: 'dead', reason: 'used', at: T + 1 }],
    ['used a while ago', (l) => l.redeemed(redeem(), 1), HOUR, { is: 'dead', reason: 'used', at: T + 1 }],
    ['expired', () => null, HOUR, { is: 'dead', reason: 'expired', at: T + LINK_TTL * SECOND }],
    ['forgotten', () => null, 2 * DAY, { is: 'unknown' }],
  ])('of one that is %s', (_what, act, ms, outcome) => {
    const l = opened()
    act(l)
    expect(l.refused(cancel, ms)).toEqual(outcome)
  })

  it('of one leaves its neighbours and the session of a redeemed one', () => {
    const l = opened().opened(open({ id: 'c2' }))
    l.ask(cancel)
    l.redeemed(redeem({ id: 'c2', sessionId: 'sess_a' }))
    expect(l.ask({ ...cancel, id: 'c2' })).toMatchObject({ is: 'dead', reason: 'used' })
    expect(l.refused(redeem({ id: 'c2' }))).toMatchObject({ is: 'redeemed', replayed: true, sessionId: 'sess_a' })
  })
})

describe('recall', () => {
  const recall = (over: { id?: string; link?: string } = {}): Command => ({
    type: 'recall',
    id: 'c1',
    link: 'link',
    ...over,
  })
  const recalled = { is: 'recalled', record: record() }

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown, number]>([
    ['used', (l) => l.redeemed(redeem()), HOUR],
    ['used just now', (l) => l.redeemed(redeem()), 1],
    ['expired', () => null, HOUR],
    ['superseded by a newer link', (l) => l.opened(renew({ keep: 1 })), 1],
    [
      'superseded by newer challenges',
      (l) => Array.from({ length: 50 }, (_, i) => l.opened(open({ id: `r${i}`, secrets: [link()] }))),
      1,
    ],
    // The page's clock is not the ledger's.
    ['about to expire', () => null, LINK_TTL * SECOND - 1],
  ])('of a link that is %s: what it was asked for, as often as it is asked', (_what, act, ms) => {
    const l = opened()
    act(l)
    for (const later of [0, 0, HOUR]) expect(l.refused(recall(), ms + later)).toEqual(recalled)
  })

  it.each<[string, Parameters<typeof recall>[0], number]>([
    ['another id', { id: 'c2' }, HOUR],
    ['another link', { link: 'other' }, HOUR],
    ['a code', { link: 'code' }, HOUR],
    ['an empty link', { link: '' }, HOUR],
    ['another link of a live challenge', { link: 'other' }, 1],
    ['one that is forgotten', {}, 2 * DAY],
  ])('of %s: unknown', (_what, over, ms) => {
    expect(opened().refused(recall(over), ms)).toEqual({ is: 'unknown' })
  })

  it('of a cancelled one: unknown, idempotent or not', () => {
    for (const request of [null, 'r1']) {
      const l = opened({ request })
      l.ask({ type: 'cancel', id: 'c1', project: 'p1' })
      expect(l.refused(recall())).toEqual({ is: 'unknown' })
    }
  })

  it('ends nothing', () => {
    const l = opened()
    l.refused(recall())
    l.redeemed(redeem())
  })
})

// --- time -----------------------------------------------------------------------------------------------------------

describe('sweep and alarm', () => {
  const sweep: Command = { type: 'sweep' }

  it('a tombstone keeps the reason for 24 h', () => {
    const rows: [Command | null, string, number][] = [
      [redeem(), 'used', 0],
      [null, 'expired', LINK_TTL * SECOND],
      [{ type: 'cancel', id: 'c1', project: 'p1' }, 'cancelled', 0],
    ]
    for (const [command, is, since] of rows) {
      const l = opened()
      if (command) l.ask(command)
      expect(l.refused(redeem({ key: 'k2' }), since + TOMBSTONE_MS - 1)).toMatchObject({ is })
      expect(l.refused(redeem({ key: 'k2' }), since + TOMBSTONE_MS)).toEqual({ is: 'unknown' })
    }
  })

  it('a used tombstone says when and gives the record', () => {
    const l = opened().redeemed(redeem(), 5)
    expect(l.refused(redeem(), HOUR)).toEqual({ is: 'used', at: T + 5, grantUse: null, record: record() })
    expect(l.refused(redeem({ purpose: 'code', proof: 'whatever' }), HOUR)).toEqual({
      is: 'used',
      at: T + 5,
      grantUse: null,
      record: record(),
    })
  })

  it('the alarm is the next thing to happen, all the way down to nothing', () => {
    const l = opened({ limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 } })
    expect(l.alarmAt).toBe(T + LINK_TTL * SECOND)
    l.redeemed(press({ grant: grant('g1', MINUTE) }), MINUTE)
    const seen = []
    for (let i = 0; l.alarmAt !== null && i < 20; i++) {
      const now = l.alarmAt
      seen.push(now - T)
      expect(l.refused(sweep, now - T - 1)).toEqual({ is: 'done' })
      l.ask(sweep, now - T)
      expect(l.alarmAt === null || l.alarmAt > now).toBe(true)
    }
    // The challenge is whole until grant and replay end; the send counts for a day; the tombstone stays a day from the use.
    expect(seen).toEqual([2 * MINUTE, DAY, DAY + MINUTE])
    expect(l.state).toBeNull()
  })

  it('a grant that outlives the minute moves the alarm, and its use moves it again', () => {
    const l = opened().redeemed(press({ grant: grant('g1', 0, 90) }))
    expect(l.alarmAt).toBe(T + 90 * SECOND)
    l.redeemed(exchange(), 80 * SECOND)
    expect(l.alarmAt).toBe(T + 140 * SECOND)
  })

  it('of two challenges the earlier decides', () => {
    const l = opened().opened(open({ id: 'c2', secrets: [{ ...link('l2'), expiresAt: at(0) + 10 }] }))
    expect(l.alarmAt).toBe(T + 10 * SECOND)
  })

  it('the last secret decides when a challenge ends, one that was superseded does not', () => {
    const l = opened({ secrets: [{ ...link(), expiresAt: at(0) + 7200 }], record: { method: 'link' } })
    l.opened(renew({ keep: 1 }))
    expect(l.alarmAt).toBe(T + LINK_TTL * SECOND)
  })

  it('late, early and twice is harmless', () => {
    const l = opened().redeemed(redeem({ sessionId: 'sess_a' }))
    expect(l.refused(sweep)).toEqual({ is: 'done' })
    expect(l.refused(redeem())).toMatchObject({ replayed: true, sessionId: 'sess_a' })
    l.ask(sweep, HOUR)
    const { state } = l
    l.ask(sweep, HOUR)
    expect(l.state).toStrictEqual(state)
    l.ask(sweep, 30 * DAY)
    expect([l.state, l.alarmAt]).toEqual([null, null])
  })

  it('a ledger that is empty is null, without an alarm', () => {
    const l = ledger()
    l.ask(sweep)
    expect([l.state, l.alarmAt]).toEqual([null, null])
  })

  it.each<[string, (l: ReturnType<typeof ledger>) => unknown]>([
    ['a challenge', (l) => l.ask(open())],
    ['a tombstone', (l) => [l.ask(open()), l.ask({ type: 'cancel', id: 'c1', project: 'p1' })]],
    ['a wrong count', (l) => [l.ask(open()), l.ask(guess()), l.ask(sweep, 2 * DAY)]],
    ['a wrong count of known browsers', (l) => [l.ask(open()), l.ask(guess({ lane: 'known' })), l.ask(sweep, 2 * DAY)]],
  ])('is not empty with %s', (_what, act) => {
    const l = ledger()
    act(l)
    expect(l.state).not.toBeNull()
  })

  it('every command sweeps: what time has ended is ended for each of them', () => {
    const commands: Command[] = [
      open({ id: 'c2' }),
      renew({ id: 'c2' }),
      redeem({ id: 'c2' }),
      { type: 'give_back', sentAt: 0 },
    ]
    for (const command of commands) {
      const l = opened()
      l.ask(command, HOUR)
      expect(l.state?.tombstones.map(({ id, reason }) => [id, reason])).toEqual([['c1', 'expired']])
    }
  })
})
