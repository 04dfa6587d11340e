/**
 * Any sequence of commands, under a clock that is up to five minutes off either way: against a model that knows the
 * promises and not the code, and every command there is against what must hold whatever comes. 100,000 sequences:
 * `npm run test:properties`.
 */

import fc from 'fast-check'
import { afterAll, it } from 'vitest'
import {
  type Command,
  type Decision,
  decide,
  type LedgerState,
  MAX_UNUSED_GRANTS,
  MAX_WRONG,
  type OpenCommand,
  type OpenOutcome,
  REFILL_TRIES,
  type RedeemCommand,
  type RedeemOutcome,
  type RenewCommand,
  type StoredSecret,
} from '../../../src/domain/ledger/decide.ts'
import type { ChallengeRecord } from '../../../src/domain/ledger/record.ts'

const challengeOf = ({ binding }: ChallengeRecord) => (binding?.kind === 'verifier' ? binding.codeChallenge : undefined)

const RUNS = Number(import.meta.env.VITE_DECIDE_RUNS || 3000)
const SEED = Number(import.meta.env.VITE_SEED || Date.now() % 2 ** 31)
const numRuns = (share: number) => ({ numRuns: Math.ceil(RUNS * share), seed: SEED })

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE
const START = 1_800_000_000_000
const SKEW = 5 * MINUTE
const REPLAY = MINUTE
const LIMITS = { per_minute: 2, per_15_minutes: 5, per_day: 20 }

// --- what may be asked ----------------------------------------------------------------------------------------------

/** `n`: which challenge, the newest first. `again`: the same id once more. */
type Step = { wait: number; skew: number; ask: Ask }
type Ask =
  | {
      do: 'open'
      n: number
      again: boolean
      method: ChallengeRecord['method']
      bound: boolean
      landing: boolean
      free: boolean
      ttl: number
      shorter: 'link' | 'code' | null
      maxTries: number
      request: string | null
    }
  | { do: 'renew'; n: number; keep: number; request: string | null; project: string }
  | {
      do: 'redeem'
      n: number
      purpose: RedeemCommand['purpose']
      pick: number
      who: number
      lane: RedeemCommand['lane']
      project: string | null
      verifier: number
      grant: boolean
    }
  | { do: 'redeem_again'; change: 'nothing' | 'key' | 'caller' | 'purpose' }
  | { do: 'guess'; n: number; times: number; lane: RedeemCommand['lane'] }
  | { do: 'cancel' | 'peek'; n: number; project: string }
  | { do: 'recall'; n: number; pick: number }
  | { do: 'give_back'; pick: number }
  | { do: 'sweep' }

const n = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3)
/** Mostly what goes well: most of all sequences would be nothing but refusals. */
const often = <V>(usual: V, ...others: V[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  )
const lane = fc.constantFrom<RedeemCommand['lane'][]>('stranger', 'known')
const request = fc.constantFrom(null, 'r1', 'r2')
const project = often('p1', 'p2')
const method = fc.constantFrom<ChallengeRecord['method'][]>('link', 'code', 'link_and_code')
const ask: fc.Arbitrary<Ask> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('open'),
      n,
      again: often(false, true),
      method,
      bound: often(false, true),
      landing: often(true, false),
      free: fc.boolean(),
      ttl: often(600, 1, 50, 86_400),
      shorter: fc.constantFrom(null, 'link', 'code'),
      maxTries: often(5, 1, 2),
      request,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew'), n, keep: fc.constantFrom(1, 2), request, project }) },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('redeem'),
      n,
      purpose: fc.constantFrom<RedeemCommand['purpose'][]>('link', 'link', 'code', 'grant', 'grant', 'bound_grant'),
      pick: often(0, 1, 2, 3, 9),
      who: often(0, 1, 2),
      lane,
      project: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('p1', null) },
        { weight: 1, arbitrary: fc.constant('p2') },
      ),
      verifier: often(0, 1, 2),
      grant: often(true, false),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('redeem_again'), change: often('nothing', 'key', 'caller', 'purpose') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('guess'), n, times: fc.integer({ min: 1, max: 4 }), lane }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel', 'peek'), n, project }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recall'), n, pick: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('give_back'), pick: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'sweep' }) },
) as fc.Arbitrary<Ask>
const wait = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0, 0, 1, SECOND) },
  { weight: 3, arbitrary: fc.constantFrom(999, 30 * SECOND, MINUTE - 1, MINUTE) },
  { weight: 1, arbitrary: fc.constantFrom(10 * MINUTE, 15 * MINUTE, 60 * MINUTE, DAY) },
)
const skew = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom(-SKEW, SKEW), fc.integer({ min: -SKEW, max: SKEW })) },
)
const steps = fc.array(fc.record({ wait, skew, ask }), { minLength: 1, maxLength: 60, size: 'max' })

// --- the model ------------------------------------------------------------------------------------------------------

type Grant = { proof: string; expiresAt: number; use: { key: string; caller: string; at: number } | null }
type Known = {
  record: ChallengeRecord
  maxTries: number
  secrets: (StoredSecret & { evaluated: number; superseded: boolean })[]
  won: { sessionId: string; key: string; caller: string; at: number } | null
  grants: Grant[]
  cancelledAt: number | null
  answers: Map<string, OpenOutcome>
}

function check(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Error(promise)
}

class Model {
  known = new Map<string, Known>()
  sends: number[] = []
  wrong: Record<RedeemCommand['lane'], number[]> = { stranger: [], known: [] }
  /** The latest any clock showed: what ended by then may be forgotten. */
  latest = 0

  /** When a challenge was over: a day later the ledger may not know it any more. */
  private over({ won, cancelledAt, secrets }: Known): number {
    return (
      won?.at ??
      cancelledAt ??
      Math.max(...secrets.map(({ expiresAt, superseded }) => (superseded ? 0 : expiresAt * SECOND)))
    )
  }

  opened(command: OpenCommand | RenewCommand, outcome: Decision['outcome'], now: number): void {
    const { id, request } = command
    const known = this.known.get(id)
    const record = command.type === 'open' ? command.record : known?.record
    const ours = known && (command.type === 'open' || known.record.project === command.project)
    const codeOnly = record?.method === 'code'
    if (request !== null && ours && known.answers.has(request) && this.latest < this.over(known) + DAY)
      check(outcome.is === 'opened' && outcome.repeated, `the same request has its answer, not ${outcome.is}`)
    switch (outcome.is) {
      case 'opened': {
        if (outcome.repeated) {
          const first = request !== null && ours ? known.answers.get(request) : undefined
          check(
            JSON.stringify({ ...first, repeated: true }) === JSON.stringify(outcome),
            'the same request has the same answer',
          )
          return
        }
        check(record !== undefined, 'a project renews its own challenges')
        if (command.type === 'open') {
          check(!known || this.latest >= this.over(known) + DAY, 'an id is opened once')
          this.known.set(id, {
            record: command.record,
            maxTries: command.maxTries,
            secrets: [],
            won: null,
            grants: [],
            cancelledAt: null,
            answers: new Map(),
          })
        } else check(ours === true && !known.won && known.cancelledAt === null, 'only what lives is renewed')
        const entry = this.known.get(id)
        check(entry !== undefined, 'known by now')
        entry.secrets.push(...outcome.secrets.map((secret) => ({ ...secret, evaluated: 0, superseded: false })))
        if (command.type === 'renew') {
          for (const purpose of ['link', 'code'])
            for (const old of entry.secrets
              .filter((s) => s.purpose === purpose && !s.superseded)
              .slice(0, -command.keep))
              old.superseded = true
        }
        if (request !== null && !entry.answers.has(request)) entry.answers.set(request, outcome)
        check(outcome.secrets.length > 0, 'what is sent opens something')
        check(
          outcome.codeDropped ===
            (record.method !== 'link' && outcome.secrets.every(({ purpose }) => purpose !== 'code')),
          'a dropped code is told',
        )
        check(!outcome.codeDropped || this.wrong.stranger.length >= MAX_WRONG, 'only a spent lane costs the code')
        check(!outcome.codeDropped || !codeOnly, 'a code-only send without a code is no send')
        if (record.channel === 'email') this.sent(now)
        return
      }
      case 'too_many_sends': {
        const span = { per_minute: MINUTE, per_15_minutes: 15 * MINUTE, per_day: DAY }[outcome.limit]
        check(this.sends.filter((at) => at > now - span).length >= LIMITS[outcome.limit], `${outcome.limit} is used up`)
        check(
          outcome.retryAfter >= 1 && outcome.retryAfter * SECOND < span + 2 * SKEW + SECOND,
          'retry_after is a time of that limit',
        )
        return
      }
      case 'locked':
        check(codeOnly && this.wrong.stranger.length >= MAX_WRONG, 'locked: codes alone, and a spent lane')
        return
      case 'key_reused':
        check(known !== undefined && !(request !== null && known.answers.has(request)), 'another request')
        return
      case 'dead':
        check(
          ours === true &&
            (outcome.reason !== 'used' || known.won !== null) &&
            (outcome.reason !== 'cancelled' || known.cancelledAt !== null),
          'the reason is the reason',
        )
        return
      default:
        check(outcome.is === 'unknown' && command.type === 'renew', 'an outcome of open or renew')
        check(!ours || this.latest >= this.over(known) + DAY, 'a challenge is not forgotten before its time')
    }
  }

  private sent(now: number): void {
    this.sends.push(now)
    const within = (span: number) => this.sends.filter((at) => at > now - span).length
    check(within(MINUTE) <= LIMITS.per_minute, 'at most 2 a minute')
    check(within(15 * MINUTE) <= LIMITS.per_15_minutes, 'at most 5 in 15 minutes')
    // A clock that was ahead has forgotten the sends of a day ago by its own time.
    check(within(DAY - 2 * SKEW) <= LIMITS.per_day, 'at most 20 a day')
  }

  redeemed(command: RedeemCommand, outcome: RedeemOutcome, now: number): void {
    const { conditions, purpose, key, caller } = command
    const entry = this.known.get(command.id ?? '')
    const mine =
      entry &&
      (conditions.project === null
        ? entry.record.link === 'landing' && purpose === 'link'
        : entry.record.project === conditions.project)
    if (!mine) {
      check(outcome.is === 'unknown', 'a foreign challenge is an unknown one')
      return
    }
    if (purpose === 'grant') {
      this.exchanged(entry, command, outcome, now)
      return
    }
    const { won, record } = entry
    const secret =
      purpose === 'bound_grant'
        ? null
        : entry.secrets.find((s) => s.purpose === purpose && command.proofs.includes(s.proof))
    const right = purpose === 'bound_grant' ? record.binding !== null : secret !== undefined
    const agrees = conditions.verifierHash === challengeOf(record)
    const expiresAt = (secret?.expiresAt ?? Math.max(...entry.secrets.map((s) => s.expiresAt))) * SECOND
    const same = won?.key === key && won.caller === caller
    const coded = this.liveCodes(entry, now)

    if (outcome.is === 'redeemed') {
      check(right && agrees, 'the right secret, and the right verifier')
      if (won) {
        check(outcome.replayed && outcome.sessionId === won.sessionId, 'one session for one challenge')
        check(same && now - won.at < REPLAY, 'a replay has the same key and caller, within a minute')
      } else {
        check(!outcome.replayed && outcome.sessionId === command.sessionId, 'the first redemption is the first')
        check(now < expiresAt, 'nothing is redeemed after its expiry')
        check(entry.cancelledAt === null && !secret?.superseded, 'nothing dead is redeemed')
        check(
          purpose !== 'code' || (secret?.evaluated ?? 0) < entry.maxTries,
          'a code is compared at most max_tries times',
        )
        check(purpose !== 'code' || this.laneMayTry(command.lane, now), 'a spent lane tries nothing')
        entry.won = { sessionId: outcome.sessionId, key, caller, at: now }
        this.wrong = { stranger: [], known: [] }
      }
      if (command.grant) {
        entry.grants.push({ ...command.grant, use: null })
        const unused = entry.grants.filter(({ use }) => use === null)
        const dropped = unused.slice(0, Math.max(0, unused.length - MAX_UNUSED_GRANTS))
        entry.grants = entry.grants.filter((grant) => !dropped.includes(grant))
      }
      return
    }

    const evaluated = outcome.is === 'wrong' || (outcome.is === 'superseded' && purpose === 'code' && coded.length > 0)
    if (evaluated) {
      check(purpose === 'code' && !won && coded.length > 0, 'there was something to compare with')
      check(!coded.some(({ proof }) => command.proofs.includes(proof)), 'a right code is never wrong')
      check(
        this.laneMayTry(command.lane, now),
        `at most ${MAX_WRONG} wrong codes a lane, and ${REFILL_TRIES} a day after`,
      )
      for (const code of coded) code.evaluated++
      check(
        coded.every((code) => code.evaluated <= entry.maxTries),
        'at most max_tries for a code',
      )
      this.wrong[command.lane].push(now)
    }

    if (won && right && agrees) {
      const forgotten = this.latest >= won.at + DAY
      if (same && this.latest - won.at < REPLAY) check(false, `a retry has its session, not ${outcome.is}`)
      if (!same && !forgotten)
        check(
          outcome.is === 'used' || (purpose === 'bound_grant' && outcome.is === 'expired'),
          `after redemption a foreign key is used, not ${outcome.is}`,
        )
    }
    const alive = !won && entry.cancelledAt === null && this.latest < expiresAt
    if (purpose !== 'code' && right && agrees && alive && !secret?.superseded)
      check(false, `a right link is never lost: ${outcome.is}`)
    if (
      purpose === 'code' &&
      right &&
      agrees &&
      alive &&
      !secret?.superseded &&
      (secret?.evaluated ?? 0) < entry.maxTries
    )
      check(
        outcome.is === 'locked' && this.wrong[command.lane].length >= MAX_WRONG,
        `a right code is never lost: ${outcome.is}`,
      )
    if (outcome.is === 'mismatch' || outcome.is === 'bound')
      check(right && !agrees, 'conditions are judged for the right secret alone')
  }

  private liveCodes(entry: Known, now: number) {
    return entry.secrets.filter(
      (s) => s.purpose === 'code' && !s.superseded && now < s.expiresAt * SECOND && s.evaluated < entry.maxTries,
    )
  }

  /** Whether one more wrong code keeps the promise: 50, and then 5 in any day (give or take the clocks). */
  private laneMayTry(lane: RedeemCommand['lane'], now: number): boolean {
    const wrong = this.wrong[lane]
    if (wrong.length < MAX_WRONG) return true
    return lane === 'stranger' && now - (wrong.at(-REFILL_TRIES) ?? 0) >= DAY - 4 * SKEW
  }

  private exchanged({ grants, won, record }: Known, command: RedeemCommand, outcome: RedeemOutcome, now: number): void {
    const grant = grants.find(({ proof }) => command.proofs.includes(proof))
    const { key, caller, conditions } = command
    const agrees = conditions.verifierHash === challengeOf(record)
    const same = grant?.use?.key === key && grant.use.caller === caller
    if (outcome.is === 'redeemed') {
      check(
        grant !== undefined && won !== null && outcome.sessionId === won.sessionId,
        'a grant leads to the one session',
      )
      if (grant.use) check(outcome.replayed && same && now - grant.use.at < REPLAY, 'a grant is exchanged once')
      else {
        check(
          !outcome.replayed && now < grant.expiresAt * SECOND && agrees,
          'a grant is exchanged in time, by whom it is for',
        )
        grant.use = { key, caller, at: now }
      }
      return
    }
    if (outcome.is === 'used')
      check(grant?.use !== null && outcome.grantUse === grant?.use?.key, 'reuse tells whose use was first')
    if (grant && !grant.use && agrees && this.latest < grant.expiresAt * SECOND)
      check(false, `a right grant is never lost: ${outcome.is}`)
    if (grant?.use && same && this.latest - grant.use.at < REPLAY)
      check(false, `a retry of a grant has its answer: ${outcome.is}`)
  }
}

// --- the run --------------------------------------------------------------------------------------------------------

function freeze<V>(value: V): V {
  if (value !== null && typeof value === 'object') Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** Of the commands of all sequences. */
let judged = 0

class Run {
  state: LedgerState | null = null
  stored = 'null'
  alarmAt: number | null = null
  true = START
  count = 0
  model = new Model()
  last: RedeemCommand | null = null

  step({ wait, skew, ask }: Step): void {
    this.true += wait
    const now = this.true + skew
    const ids = [...this.model.known.keys()]
    const id = ('n' in ask && ids.at(-1 - (ask.n % Math.max(1, ids.length)))) || 'none'
    const entry = this.model.known.get(id)
    switch (ask.do) {
      case 'open':
        // Never so many that one makes room for another: a table has that.
        if (ids.length < 16) this.open(ask, ask.again ? id : `c${ids.length}`, now)
        return
      case 'renew': {
        const secrets = (['link', 'code'] as const).map((purpose) => ({ purpose, proof: `${purpose}${++this.count}` }))
        const command: RenewCommand = {
          type: 'renew',
          id,
          project: ask.project,
          secrets,
          limits: LIMITS,
          lane: 'stranger',
          request: ask.request,
          keep: ask.keep,
        }
        this.model.opened(command, this.ask(command, now), now)
        return
      }
      case 'redeem': {
        const has = (purpose: string) =>
          (purpose === 'grant' ? entry?.grants : entry?.secrets.filter((secret) => secret.purpose === purpose)) ?? []
        const purpose =
          has(ask.purpose).length > 0 || (ask.purpose === 'bound_grant' && entry?.record.binding)
            ? ask.purpose
            : (entry?.secrets[0]?.purpose ?? 'link')
        // The newest first; 9 is nobody's.
        const project = purpose.endsWith('grant') ? (ask.project ?? 'p1') : ask.project
        this.redeem(id, purpose, has(purpose).at(-1 - ask.pick)?.proof ?? 'junk', now, { ...ask, project })
        return
      }
      case 'redeem_again': {
        if (!this.last) return
        const { last } = this
        const other = {
          nothing: {},
          key: { key: 'k9' },
          caller: { caller: 'app9' },
          purpose: { purpose: last.purpose === 'grant' ? 'link' : 'grant' } as const,
        }
        this.present({ ...last, sessionId: `sess${++this.count}`, ...other[ask.change] }, now)
        return
      }
      case 'guess':
        for (let i = 0; i < ask.times; i++)
          if (
            this.redeem(id, 'code', 'junk', now, { who: 0, lane: ask.lane, project: 'p1', verifier: 0, grant: false })
              .is !== 'wrong'
          )
            return
        return
      case 'cancel':
        if (this.ask({ type: 'cancel', id, project: ask.project }, now).is === 'done' && entry) {
          check(entry.record.project === ask.project && !entry.won, 'a project cancels its own, unused challenge')
          entry.cancelledAt = now
        }
        return
      case 'peek': {
        const before = JSON.stringify(decide(this.state, { type: 'sweep' }, now).state)
        const outcome = this.ask({ type: 'peek', id, project: ask.project, link: null }, now)
        check(JSON.stringify(this.state) === before, 'looking changes nothing')
        check(
          outcome.is !== 'found' || !('status' in outcome) || (outcome.status === 'redeemed') === (entry?.won != null),
          'a look tells the truth',
        )
        return
      }
      case 'recall': {
        const link = entry?.secrets.filter(({ purpose }) => purpose === 'link').at(-1 - ask.pick)?.proof ?? 'junk'
        if (this.ask({ type: 'recall', id, link }, now).is !== 'recalled' || !entry) return
        check(entry.cancelledAt === null, 'nothing is said of a cancelled one')
        return
      }
      case 'give_back': {
        const sentAt = this.model.sends.at(-1 - ask.pick) ?? 0
        this.ask({ type: 'give_back', sentAt }, now)
        const index = this.model.sends.indexOf(sentAt)
        if (index >= 0) this.model.sends.splice(index, 1)
        return
      }
      case 'sweep':
        this.ask({ type: 'sweep' }, now)
    }
  }

  private open(
    { method, bound, landing, free, ttl, shorter, maxTries, request }: Extract<Ask, { do: 'open' }>,
    id: string,
    now: number,
  ): void {
    const lives = (purpose: 'link' | 'code') => (purpose === shorter ? Math.ceil(ttl / 20) : ttl)
    const expiresAt = (purpose: 'link' | 'code') => Math.floor(now / SECOND) + lives(purpose)
    const secret = (purpose: 'link' | 'code') => ({
      purpose,
      proof: `${purpose}${++this.count}`,
      expiresAt: expiresAt(purpose),
    })
    const record: ChallengeRecord = {
      project: 'p1',
      dialect: 'native',
      purpose: 'sign_in',
      channel: free ? 'none' : 'email',
      method,
      identifier: null,
      userId: null,
      candidateUserId: null,
      mintedAt: now,
      link: landing ? 'landing' : 'direct',
      linkParam: 'token',
      linkTtl: lives('link'),
      codeTtl: lives('code'),
      redirectUri: null,
      state: null,
      createAtRedemption: false,
      clientId: null,
      authorization: null,
      binding: bound ? { kind: 'verifier', codeChallenge: 'right' } : null,
      client: null,
      match: [],
      linkRequiresId: false,
      testIdentity: false,
      tellsUser: true,
      locale: 'en',
      metadata: {},
    }
    const secrets = [...(method === 'code' ? [] : [secret('link')]), ...(method === 'link' ? [] : [secret('code')])]
    const limits = free ? null : LIMITS
    const command: OpenCommand = { type: 'open', id, record, secrets, maxTries, limits, lane: 'stranger', request }
    this.model.opened(command, this.ask(command, now), now)
  }

  redeem(
    id: string,
    purpose: RedeemCommand['purpose'],
    proof: string,
    now: number,
    by: Pick<Extract<Ask, { do: 'redeem' }>, 'who' | 'lane' | 'project' | 'verifier' | 'grant'>,
  ): RedeemOutcome {
    // The usual caller brings the verifier where one is asked for.
    const bound = this.model.known.get(id)?.record.binding != null
    const verifierHash = (bound ? ['right', 'wrong', undefined] : [undefined, 'right', undefined])[by.verifier]
    const conditions = {
      project: by.project,
      dialect: 'native',
      idGiven: false,
      ...(verifierHash === undefined ? {} : { verifierHash }),
    } as const
    const grant = by.grant ? { proof: `grant${++this.count}`, expiresAt: Math.floor(now / SECOND) + 60 } : null
    const command: RedeemCommand = {
      type: 'redeem',
      id,
      purpose,
      proofs: [proof],
      key: `k${by.who % 2}`,
      caller: `app${by.who >> 1}`,
      sessionId: `sess${++this.count}`,
      lane: by.lane,
      conditions,
      grant,
    }
    return this.present(command, now)
  }

  present(command: RedeemCommand, now: number): RedeemOutcome {
    const outcome = this.ask(command, now) as RedeemOutcome
    this.model.redeemed(command, outcome, now)
    if (outcome.is === 'redeemed' || outcome.is === 'used') this.last = command
    return outcome
  }

  ask(command: Command, now: number): Decision['outcome'] {
    this.model.latest = Math.max(this.model.latest, now)
    const rangAt = this.alarmAt
    // What is stored is JSON.
    const decision = decide(JSON.parse(this.stored) as LedgerState | null, freeze(command), now)
    judged++
    this.state = decision.state
    this.stored = JSON.stringify(this.state)
    this.alarmAt = decision.alarmAt
    check(this.stored.length < 1_000_000, 'the state stays under 1 MB')
    check(this.alarmAt === null || this.state !== null, 'an empty ledger has no alarm')
    if (this.alarmAt !== null && this.alarmAt !== rangAt) {
      const next = decide(this.state, { type: 'sweep' }, this.alarmAt).alarmAt
      check(next === null || next > this.alarmAt, 'an alarm makes progress')
    }
    return structuredClone(decision.outcome)
  }

  /** However it went: the alarms end, and nothing is left but wrong counts. */
  end(): void {
    for (let alarms = 0; this.alarmAt !== null; alarms++) {
      check(alarms < 1000, 'the alarms end')
      this.ask({ type: 'sweep' }, this.alarmAt)
    }
    const {
      challenges = [],
      tombstones = [],
      sends = { stranger: [], known: [] },
      wrong = { stranger: 0, known: 0 },
    } = this.state ?? {}
    check(challenges.length + tombstones.length + sends.stranger.length + sends.known.length === 0, 'everything ends')
    check(
      (this.state === null) === (wrong.stranger + wrong.known === 0),
      'a wrong count keeps the ledger, nothing else does',
    )
  }
}

const FIRST = {
  do: 'open',
  n: 0,
  again: false,
  bound: false,
  landing: true,
  free: true,
  ttl: 600,
  shorter: null,
  maxTries: 5,
  request: null,
} as const

function play(first: Ask[], script: Step[]): void {
  const run = new Run()
  for (const ask of first) run.step({ wait: 0, skew: 0, ask })
  for (const step of script) run.step(step)
  run.end()
}

it('keeps its promises, whatever is asked', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(steps, (script) => play([{ ...FIRST, method: 'link_and_code' }], script)),
    numRuns(0.2),
  )
})

// Fifty wrong codes are too many for the sequences above.
it('keeps its promises to guessers who stay at it', { timeout: 600_000 }, () => {
  const guess = fc.record({
    do: fc.constant('guess'),
    n: fc.nat({ max: 11 }),
    times: fc.integer({ min: 5, max: 10 }),
    lane: often('stranger', 'known'),
  })
  const more = fc.record({
    do: fc.constant('open'),
    n: fc.constant(0),
    again: fc.constant(false),
    method: often('code', 'link_and_code'),
    bound: fc.constant(false),
    landing: fc.constant(true),
    free: fc.constant(true),
    ttl: fc.constant(7 * 86_400),
    shorter: fc.constant(null),
    maxTries: fc.constant(5),
    request: fc.constant(null),
  })
  const again = fc.record({
    do: fc.constant('renew'),
    n: fc.nat({ max: 11 }),
    keep: fc.constantFrom(1, 2),
    request: fc.constant(null),
    project: fc.constant('p1'),
  })
  const right = fc.record({
    do: fc.constant('redeem'),
    n,
    purpose: fc.constantFrom('link', 'code'),
    pick: fc.constant(0),
    who: fc.constant(0),
    lane,
    project: fc.constant('p1'),
    verifier: fc.constant(0),
    grant: fc.constant(false),
  })
  const script = fc.array(
    fc.record({
      wait: often(0, MINUTE, 6 * 60 * MINUTE, DAY - 1),
      skew,
      ask: fc.oneof(
        { weight: 20, arbitrary: guess },
        { weight: 6, arbitrary: more },
        { weight: 12, arbitrary: again },
        { weight: 1, arbitrary: right },
      ),
    }),
    { minLength: 10, maxLength: 60, size: 'max' },
  ) as fc.Arbitrary<Step[]>
  const first = Array.from({ length: 12 }, () => ({ ...FIRST, method: 'code', ttl: 7 * 86_400 }) as const)
  fc.assert(
    fc.property(script, (guesses) => play(first, guesses)),
    numRuns(0.01),
  )
})

// --- every command there is -----------------------------------------------------------------------------------------

/** `n`: choices, each read by what it is for. */
type Any = { wait: number; skew: number; do: Command['type'] | 'redeem_again' | 'flood'; n: number[] }

const CALLERS = ['app', 'page', 'other']
const PROJECTS = ['p1', 'p1', 'p1', 'p2']
const DIALECTS = ['native', 'native', 'native', 'transmit'] as const
const FLOWS = ['flow1', 'flow1', 'flow2']
const LANES = ['stranger', 'known'] as const
const MATCHES: ChallengeRecord['match'][] = [[], [], ['ip']]
const LINKS = ['landing', 'landing', 'direct', null] as const
const COUNTED = { limit: 3, window: 60 * MINUTE }
/** What refuses, and so may change nothing but what is counted. */
const REFUSALS = ['bound', 'wrong', 'locked', 'used', 'expired', 'superseded', 'cancelled', 'unknown', 'mismatch']
  .concat(['too_many_sends', 'key_reused', 'dead', 'over'])
  .concat(['found', 'recalled'])

class Watch {
  state: LedgerState | null = null
  stored = 'null'
  true = START
  latest = START
  alarmAt: number | null = null
  private drawn = 0
  private n: number[] = []
  private opened = new Map<string, { record: ChallengeRecord; secrets: (StoredSecret & { wrong: number })[] }>()
  private cancelled = new Set<string>()
  private first = new Map<string, { sessionId: string; key: string; caller: string; at: number }>()
  private grants = new Map<string, { challenge: string; until: number; use: Omit<RedeemCommand, 'type'> | null }>()
  private exchangedAt = new Map<string, number>()
  private sends: Record<RedeemCommand['lane'], number[]> = { stranger: [], known: [] }
  private wrong: Record<RedeemCommand['lane'], number[]> = { stranger: [], known: [] }
  private passed: number[] = []
  private last: RedeemCommand | null = null

  /** The next choice of this step. */
  private choose<V>(...values: readonly [V, ...V[]] | V[]): V {
    return values[(this.n.shift() ?? 0) % values.length] as V
  }
  private draw = (name: string) => `${name}${++this.drawn}`
  private anId(): string {
    const ids = [...this.opened.keys()].slice(-4).reverse()
    return this.choose(...ids, ...ids, ...ids, 'none')
  }

  step({ wait, skew, do: type, n }: Any): void {
    this.true += wait
    this.n = [...n]
    const now = this.true + skew
    if (type === 'flood') for (let i = 0; i <= (n[0] ?? 0) * 4; i++) this.flood(now)
    else if (type !== 'redeem_again') this.ask(this.command(type, now), now)
    else if (this.last)
      this.ask(
        { ...this.last, ...this.choose({}, {}, { key: 'k9' }, { caller: 'app9' }), sessionId: this.draw('sess') },
        now,
      )
  }

  /** As much as fits into a ledger, each record near its 4 KiB. */
  private flood(now: number): void {
    const open = { ...this.command('open', now), limits: null } as OpenCommand
    this.ask({ ...open, record: { ...open.record, metadata: { filler: 'x'.repeat(3000) } } }, now)
    if (this.drawn % 3 === 0) this.ask({ type: 'cancel', id: open.id, project: open.record.project }, now)
  }

  private command(type: Command['type'], now: number): Command {
    const seconds = Math.floor(now / SECOND)
    const project = this.choose(...PROJECTS)
    const lane = this.choose(...LANES)
    const request = this.choose(null, null, 'r1', 'r2')
    const grant = { proof: this.draw('grant'), expiresAt: seconds + 60 }
    const link = () => this.choose(...this.secretsOf(this.anId(), 'link'), 'junk')
    switch (type) {
      case 'open': {
        const method = this.choose<ChallengeRecord['method']>('link_and_code', 'link', 'code')
        const record = this.record(method, project, now)
        const lives = (ttl: number) => seconds + ttl
        const secrets: StoredSecret[] = [
          ...(method === 'code'
            ? []
            : [{ purpose: 'link', proof: this.draw('link'), expiresAt: lives(record.linkTtl) } as const]),
          ...(method === 'link'
            ? []
            : [{ purpose: 'code', proof: this.draw('code'), expiresAt: lives(record.codeTtl) } as const]),
          ...(record.binding?.kind === 'flow'
            ? [{ purpose: 'relay', proof: this.draw('relay'), expiresAt: lives(record.linkTtl) } as const]
            : []),
        ]
        const limits = record.channel === 'none' ? null : LIMITS
        const id = this.choose(0, 0, 0, 0, 0, 0, 1) === 1 ? this.anId() : this.draw('c')
        return { type, id, record, secrets, maxTries: this.choose(5, 5, 2), limits, lane, request }
      }
      case 'renew': {
        const secrets = (['link', 'code'] as const).map((purpose) => ({ purpose, proof: this.draw(purpose) }))
        const id = this.anId()
        const dialect = this.opened.get(id)?.record.dialect ?? 'native'
        return { type, id, project, secrets, limits: LIMITS, lane, request, keep: this.choose(2, 1), dialect }
      }
      case 'redeem':
        return this.redeem(project, lane, this.choose(grant, null))
      case 'peek':
        return { type, id: this.anId(), project: this.choose(project, null), link: this.choose(null, link()) }
      case 'issue_grant': {
        const record = this.record('link', project, now)
        return { type, id: this.draw('c'), record, sessionId: this.draw('sess'), grant }
      }
      case 'cancel':
        return { type, id: this.anId(), project }
      case 'recall':
        return { type, id: this.anId(), link: link() }
      case 'give_back':
        return { type, sentAt: this.choose(...this.sends.stranger.slice(-2), ...this.sends.known.slice(-1), 1) }
      case 'count':
        return { type, ...COUNTED, unlessRedeemed: this.choose(null, null, 0.2) }
      case 'reserve_send':
        return { type, limits: LIMITS, lane }
      case 'uncount':
      case 'credit':
      case 'sweep':
        return { type }
    }
  }

  private record(method: ChallengeRecord['method'], project: string, now: number): ChallengeRecord {
    const flow = this.choose(...FLOWS)
    const ttl = this.choose(600, 600, 600, 1, 86_400)
    return {
      project,
      dialect: this.choose(...DIALECTS),
      purpose: 'sign_in',
      channel: this.choose('none', 'email'),
      method,
      identifier: null,
      userId: 'user',
      candidateUserId: null,
      mintedAt: now,
      link: method === 'code' ? null : this.choose(...LINKS),
      linkParam: 'token',
      linkTtl: ttl,
      codeTtl: Math.min(ttl, 3600),
      redirectUri: this.choose(null, 'https://a.example/cb'),
      state: null,
      createAtRedemption: false,
      clientId: this.choose(null, null, 'client'),
      authorization: null,
      binding: this.choose(
        null,
        null,
        { kind: 'verifier', codeChallenge: 'right' } as const,
        { kind: 'flow', hash: flow } as const,
      ),
      client: { ip: '192.0.2.1', userAgent: null },
      match: this.choose(...MATCHES),
      linkRequiresId: this.choose(false, false, true),
      requiresId: this.choose(false, false, true),
      testIdentity: this.choose(false, false, false, true),
      tellsUser: true,
      locale: 'en',
      metadata: {},
    }
  }

  private secretsOf = (id: string, purpose: string): string[] =>
    (this.opened.get(id)?.secrets ?? [])
      .filter((secret) => secret.purpose === purpose)
      .map(({ proof }) => proof)
      .reverse()

  /** Mostly what is right for the challenge, or everything would be a refusal. */
  private redeem(project: string, lane: RedeemCommand['lane'], grant: RedeemCommand['grant']): RedeemCommand {
    const id = this.anId()
    const record = this.opened.get(id)?.record
    const grants = [...this.grants].filter(([, { challenge }]) => challenge === id).map(([proof]) => proof)
    const kinds = ['link', 'code', 'relay'].filter((kind) => this.secretsOf(id, kind).length > 0)
    if (grants.length > 0) kinds.unshift('grant')
    if (record?.binding?.kind === 'verifier') kinds.push('bound_grant')
    const kind = this.choose(...kinds) ?? 'link'
    const proofs = kind === 'grant' ? grants.reverse() : this.secretsOf(id, kind)
    const proof = this.choose(...proofs.slice(0, 3), ...Array(6).fill(proofs[0] ?? 'junk'), 'junk')
    const purpose = this.choose(...Array(9).fill(kind), 'code', 'link', 'grant') as RedeemCommand['purpose']
    const isRight = this.choose(true, true, true, true, true, true, true, false)
    const page = record?.link === 'landing' && kind === 'link' && this.choose(false, true)
    const { binding = null } = record ?? {}
    const verifierHash = binding?.kind === 'verifier' ? 'right' : undefined
    const conditions: RedeemCommand['conditions'] = {
      project: page ? null : isRight ? (record?.project ?? project) : project,
      dialect: isRight ? (record?.dialect ?? 'native') : this.choose(...DIALECTS),
      clientId: isRight ? (record?.clientId ?? null) : this.choose(null, 'client', 'client2'),
      idGiven: isRight || this.choose(false, true),
      ...(isRight ? { challenge: id } : {}),
      ...(binding?.kind === 'flow' ? { flow: isRight ? binding.hash : this.choose(...FLOWS) } : {}),
      ...(isRight && verifierHash ? { verifierHash } : this.choose({}, {}, { verifierHash: 'wrong' })),
      ...(isRight ? { client: { ip: '192.0.2.1', userAgent: null } } : {}),
    }
    const byPerson = purpose === 'code' && this.choose(false, false, true)
    const [key, caller] = [this.choose('k1', 'k1', 'k2'), this.choose(...CALLERS)]
    return {
      type: 'redeem',
      id: byPerson ? null : id,
      purpose,
      proofs: [proof],
      key,
      caller,
      sessionId: this.draw('sess'),
      lane,
      conditions,
      grant,
    }
  }

  // --- what must hold -------------------------------------------------------------------------------------------

  private ask(command: Command, now: number): void {
    judged++
    this.latest = Math.max(this.latest, now)
    const before = JSON.parse(this.stored) as LedgerState | null
    const decision = decide(before, command, now)
    const { outcome } = decision
    const stored = JSON.stringify(decision.state)
    check(JSON.stringify(before) === this.stored, 'what is given is not changed')
    if (judged % 4 === 0) {
      const again = decide(this.state, command, now)
      check(JSON.stringify(again) === JSON.stringify(decision), 'the same question has the same answer, stored or not')
    }
    const swept = () => decide(before, { type: 'sweep' }, now).state
    const isRepeated = outcome.is === 'opened' && outcome.repeated
    if (command.type === 'peek' || command.type === 'recall' || isRepeated)
      check(JSON.stringify(swept()) === stored, 'looking, and asking again, change nothing')
    else if (REFUSALS.includes(outcome.is))
      check(withoutCounts(swept()) === withoutCounts(decision.state), `${outcome.is} changes nothing but the counts`)
    this.bounded(decision.state)
    this.alarms(decision, now)
    if (command.type === 'redeem') this.redeemed(command, outcome as RedeemOutcome, before, now)
    else this.other(command, outcome, now)
    this.state = decision.state
    this.stored = stored
    this.alarmAt = decision.alarmAt
    if (decision.state === null) this.nothingOwed()
  }

  private bounded(state: LedgerState | null): void {
    if (!state) return
    const live = state.challenges
      .filter(({ mark }) => !mark)
      .flatMap(({ secrets }) => secrets.filter((s) => !s.superseded))
    check(live.length <= 50, 'at most 50 live secrets')
    check(state.tombstones.length <= 200, 'at most 200 tombstones')
    check(state.tombstones.filter(({ record }) => record).length <= 100, 'at most 100 records of the dead')
    for (const { secrets, maxTries, grants, answers } of state.challenges) {
      check(secrets.length <= 12 && answers.length <= 12, 'a challenge keeps a few secrets and answers')
      check(
        secrets.every(({ tries }) => tries <= maxTries),
        'at most max_tries for a code',
      )
      check(grants.filter(({ use }) => !use).length <= MAX_UNUSED_GRANTS, 'at most five grants wait')
    }
    for (const lane of LANES) check(state.wrong[lane] >= 0 && state.wrong[lane] <= MAX_WRONG, 'a lane counts to 50')
  }

  private alarms({ state, alarmAt }: Decision, now: number): void {
    check((state !== null && alarmAt !== null) || alarmAt === null, 'nothing rings for an empty ledger')
    if (state === null || alarmAt === this.alarmAt) return
    const all = JSON.stringify(state)
    if (alarmAt === null) {
      check(
        JSON.stringify(decide(state, { type: 'sweep' }, now + 400 * DAY).state) === all,
        'without an alarm nothing is due',
      )
      return
    }
    if (alarmAt - 1 >= now)
      check(
        JSON.stringify(decide(state, { type: 'sweep' }, alarmAt - 1).state) === all,
        'nothing is due before the alarm',
      )
    check(JSON.stringify(decide(state, { type: 'sweep' }, alarmAt).state) !== all, 'something is due at the alarm')
  }

  private other(command: Command, outcome: Decision['outcome'], now: number): void {
    if ((command.type === 'open' || command.type === 'renew') && outcome.is === 'opened' && !outcome.repeated) {
      const { id } = command
      if (command.type === 'open') {
        // An id whose end was forgotten, a day later, is a new one.
        const isNew = this.opened.get(id)?.secrets.every(({ expiresAt }) => this.latest >= expiresAt * SECOND) ?? true
        check(isNew, 'an id is opened once while a link of it may be in time')
        this.opened.set(id, { record: command.record, secrets: [] })
        this.first.delete(id)
        this.cancelled.delete(id)
      }
      const known = this.opened.get(id)
      check(known !== undefined, 'only what was opened is renewed')
      check(!this.first.has(id) && !this.cancelled.has(id), 'nothing ended is renewed')
      check(command.type === 'open' || known.record.project === command.project, 'a project renews its own')
      known.secrets.push(...outcome.secrets.map((secret) => ({ ...secret, wrong: 0 })))
      if (command.type === 'renew' ? known.record.channel !== 'none' : command.limits !== null)
        this.sent(command.lane, now)
      return
    }
    if (command.type === 'reserve_send' && outcome.is === 'reserved') this.sent(command.lane, now)
    if (command.type === 'give_back') {
      const lane = LANES.find((name) => this.sends[name].includes(command.sentAt))
      if (lane) this.sends[lane].splice(this.sends[lane].indexOf(command.sentAt), 1)
    }
    if (command.type === 'cancel' && outcome.is === 'done') {
      check(this.opened.get(command.id)?.record.project === command.project, 'a project cancels its own')
      check(!this.first.has(command.id), 'what was redeemed is not cancelled')
      this.cancelled.add(command.id)
    }
    if (command.type === 'issue_grant') {
      this.opened.set(command.id, { record: command.record, secrets: [] })
      this.first.set(command.id, { sessionId: command.sessionId, key: '', caller: 'session', at: now })
      this.grants.set(command.grant.proof, {
        challenge: command.id,
        until: command.grant.expiresAt * SECOND,
        use: null,
      })
    }
    if (command.type === 'count' && outcome.is === 'done' && command.unlessRedeemed === null) this.passed.push(now)
    if (command.type === 'uncount') this.passed.pop()
  }

  private sent(lane: RedeemCommand['lane'], now: number): void {
    this.sends[lane].push(now)
    const within = (span: number) => this.sends[lane].filter((at) => at > now - span).length
    check(within(MINUTE) <= LIMITS.per_minute, 'at most 2 a minute')
    check(within(15 * MINUTE) <= LIMITS.per_15_minutes, 'at most 5 in 15 minutes')
    check(within(DAY - 2 * SKEW) <= LIMITS.per_day, 'at most 20 a day')
  }

  private redeemed(command: RedeemCommand, outcome: RedeemOutcome, before: LedgerState | null, now: number): void {
    const { purpose, conditions, proofs, key, caller, lane } = command
    if (outcome.is === 'wrong') {
      check(purpose === 'code' || purpose === 'relay', 'only what is typed can be wrong')
      const wrong = this.wrong[lane]
      const spent = wrong.length >= MAX_WRONG
      const refilled = lane === 'stranger' && now - (wrong.at(-REFILL_TRIES) ?? 0) >= DAY - 4 * SKEW
      check(!spent || refilled, 'at most 50 wrong codes a lane, and 5 a day after')
      wrong.push(now)
      if (command.id !== null) {
        const known = this.opened.get(command.id)
        const typed = known?.secrets.filter((secret) => secret.purpose === purpose) ?? []
        check(
          !typed.some(
            ({ proof, expiresAt }) =>
              proofs.includes(proof) && this.latest < expiresAt * SECOND && !this.first.has(command.id ?? ''),
          ),
          'a right code is never wrong',
        )
      }
    }
    if (outcome.is !== 'redeemed') return
    const { challenge: id, sessionId, replayed } = outcome
    const known = this.opened.get(id)
    check(known !== undefined && !before?.tombstones.some((dead) => dead.id === id), 'nothing dead is redeemed')
    check(!this.cancelled.has(id), 'nothing cancelled is redeemed')
    const { record } = known
    check(
      conditions.project === null
        ? record.link === 'landing' && purpose === 'link'
        : conditions.project === record.project,
      "nobody redeems another project's",
    )
    check(conditions.project === null || conditions.dialect === record.dialect, "nobody redeems another dialect's")
    check(
      conditions.clientId === undefined ||
        purpose === 'bound_grant' ||
        replayed ||
        conditions.clientId === record.clientId,
      'a client redeems its own',
    )
    const first = this.first.get(id)
    check(!first || first.sessionId === sessionId, 'at most one session for a challenge')
    this.last = command
    if (purpose === 'grant') {
      this.exchanged(command, id, replayed, now)
      return
    }
    if (purpose !== 'bound_grant') {
      const secret = known.secrets.findLast(({ proof }) => proofs.includes(proof))
      check(secret !== undefined, 'only a right secret redeems')
      check(
        secret.purpose === purpose ||
          (secret.purpose === 'relay' && command.id === null && conditions.flow !== undefined),
        'no purpose is taken for another',
      )
      if (!first) {
        check(now < secret.expiresAt * SECOND, 'nothing is redeemed late')
        // The code of a test identity stays the same, so that an older one may be the newest again.
        const stored = before?.challenges.find((challenge) => challenge.id === id)?.secrets ?? []
        const isLive = stored.some(({ proof, superseded }) => proof === secret.proof && !superseded)
        check(isLive, 'nothing superseded is redeemed')
      }
    }
    if (record.binding?.kind === 'flow')
      check(conditions.flow === record.binding.hash, 'a bound link wants its browser')
    if (record.binding?.kind === 'verifier')
      check(conditions.verifierHash === 'right', 'a bound link wants its verifier')
    if (first) {
      check(
        replayed && key === first.key && caller === first.caller && now - first.at < REPLAY,
        'a replay: same key, same caller, within a minute',
      )
    } else {
      check(!replayed && sessionId === command.sessionId, 'the first is no replay')
      this.first.set(id, { sessionId, key, caller, at: now })
      this.wrong = { stranger: [], known: [] }
    }
    if (command.grant)
      this.grants.set(command.grant.proof, { challenge: id, until: command.grant.expiresAt * SECOND, use: null })
  }

  private exchanged(command: RedeemCommand, id: string, replayed: boolean, now: number): void {
    const proof = command.proofs.find((one) => this.grants.get(one)?.challenge === id) ?? ''
    const grant = this.grants.get(proof)
    check(grant !== undefined && this.first.has(id), 'only a grant of a redemption is exchanged')
    if (!grant.use) {
      check(!replayed && now < grant.until, 'a grant is exchanged in time')
      grant.use = command
      this.exchangedAt.set(proof, now)
      return
    }
    const same = grant.use.key === command.key && grant.use.caller === command.caller
    check(replayed && same && now - (this.exchangedAt.get(proof) ?? 0) < REPLAY, 'a grant is exchanged once')
  }

  /** The ledger has forgotten everything: it may, by its latest clock. */
  private nothingOwed(): void {
    for (const lane of LANES) {
      check(
        this.sends[lane].every((at) => this.latest >= at + DAY),
        'a send is not forgotten within its day',
      )
      check(this.wrong[lane].length === 0, 'a wrong count is never forgotten')
    }
    for (const [id, { secrets }] of this.opened)
      check(
        secrets.every(({ expiresAt }) => this.latest >= expiresAt * SECOND),
        `${id} is not forgotten while it might live`,
      )
    check(
      this.passed.every((at) => this.latest >= at + COUNTED.window - SKEW * 2 || this.passed.length < 1),
      'a count is not forgotten within its window',
    )
  }
}

/** Without what a wrong code or a refill may change. */
const withoutCounts = (state: LedgerState | null): string => {
  const { challenges = [], tombstones = [], sends = null, tally = null } = state ?? {}
  const secrets = challenges.map((challenge) => ({
    ...challenge,
    secrets: challenge.secrets.map((s) => ({ ...s, tries: 0 })),
  }))
  const none = sends === null || sends.stranger.length + sends.known.length === 0
  return JSON.stringify([secrets, tombstones, none ? null : sends, tally])
}

const anyOf = (kinds: Any['do'][], maxLength: number) =>
  fc.array(
    fc.record({
      wait,
      skew,
      do: fc.constantFrom(...kinds),
      n: fc.array(fc.nat({ max: 11 }), { maxLength: 24, minLength: 24 }),
    }),
    {
      minLength: 1,
      maxLength,
      size: 'max',
    },
  )

const EVERY: Any['do'][] = (
  [
    'renew',
    'peek',
    'issue_grant',
    'cancel',
    'give_back',
    'recall',
    'count',
    'uncount',
    'credit',
    'reserve_send',
    'sweep',
  ] as const
).flatMap((type) => [type])

const watch = (script: Any[]) => {
  const run = new Watch()
  run.step({ wait: 0, skew: 0, do: 'open', n: [] })
  for (const step of script) run.step(step)
}

it('holds whatever comes, of every command', { timeout: 1_800_000 }, () => {
  const kinds = [
    ...EVERY,
    ...Array<'open'>(6).fill('open'),
    ...Array<'redeem'>(12).fill('redeem'),
    ...Array<'redeem_again'>(5).fill('redeem_again'),
  ]
  fc.assert(fc.property(anyOf(kinds, 24), watch), numRuns(0.787))
})

it('stays bounded, however much is asked of it', { timeout: 1_800_000 }, () => {
  const kinds: Any['do'][] = [...EVERY, 'flood', 'flood', 'flood', 'flood', 'redeem', 'redeem']
  fc.assert(fc.property(anyOf(kinds, 20), watch), numRuns(0.003))
})

afterAll(() => {
  if (import.meta.env.VITE_DECIDE_RUNS) console.info(`${judged} commands judged in ${RUNS} sequences, seed ${SEED}`)
})
