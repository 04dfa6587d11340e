/**
 * The ledger's rules: what may happen once, decided in one pure function. No I/O, no clock, no randomness, no hashing.
 * The Durable Object around it adds storage and the time. Everything is milliseconds here but `expiresAt` (Unix seconds).
 *
 * The order inside `redeem` is the product: find → expiry → count the try → compare in constant time → conditions → mark.
 * A refused condition burns nothing; a wrong code counts.
 */

import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { ChallengeRecord } from './record.ts'

/** The same redemption key gives the same answer this long. */
export const REPLAY_MS = 60_000
/** How long the reason of a dead secret is remembered. */
export const TOMBSTONE_MS = 24 * 3600_000
export const MAX_LIVE = 50
export const MAX_TOMBSTONES = 200
export const MAX_UNUSED_GRANTS = 5
/** Wrong codes per address and lane between two successes (NIST SP 800-63B-4 §3.2.2 allows 100). */
export const MAX_WRONG = 50
/** What a spent lane gets back each day where codes are the only way in. */
export const REFILL_TRIES = 5
const DAY_MS = 24 * 3600_000
/** Superseded secrets are remembered for their sentence on the page; older ones are forgotten, as are older answers. */
const MAX_SECRETS = 12
/** Older tombstones keep their reason alone: the document is one stored value, of at most 2 MB. */
const MAX_KEPT_RECORDS = 100

export type Lane = 'stranger' | 'known'
export type StoredSecret = { purpose: 'link' | 'code' | 'relay'; proof: string; expiresAt: number }
export type SendLimits = { per_minute: number; per_15_minutes: number; per_day: number }

type LiveSecret = StoredSecret & { tries: number; superseded: boolean }
type Mark = { key: string; caller: string; sessionId: string; at: number; by: 'link' | 'code' | 'relay' }
type Grant = { proof: string; expiresAt: number; use: { key: string; caller: string; at: number } | null }
/** What a call stored, and so was told. */
type Told = { secrets: StoredSecret[]; sentAt: number; codeDropped: boolean }
/** For `Idempotency-Key`: what a call was told, under the hash of its request. */
type Answer = { request: string; told: Told }
type Challenge = {
  id: string
  record: ChallengeRecord
  secrets: LiveSecret[]
  maxTries: number
  answers: Answer[]
  sentAt: number
  mark: Mark | null
  grants: Grant[]
}
export type DeadReason = 'used' | 'expired' | 'superseded' | 'cancelled'
type Owner = Pick<ChallengeRecord, 'project' | 'dialect' | 'link'>
type Tombstone = {
  id: string
  owner: Owner
  reason: DeadReason
  at: number
  links: string[]
  /** What a new link can be made of in one press, and what a repeated call is told; null where neither may come. */
  record: ChallengeRecord | null
  answers: Answer[]
  /**
   * Milliseconds. As long as one of its links could still be in time: a call that is repeated with its Idempotency-Key mints the
   * same secrets again, and must not bring a used one back to life.
   */
  until: number
}

export type LedgerState = {
  version: 1
  challenges: Challenge[]
  tombstones: Tombstone[]
  /** Messages of the last day, milliseconds, in each lane. */
  sends: Record<Lane, number[]>
  wrong: Record<Lane, number>
  refilledAt: number
  /** Of a ledger that counts for many people (a project's SMS). Absent in documents of an older version. */
  tally?: Tally
}
/** What was counted in the window that ends at `until` (milliseconds), and what of it led to a sign-in. */
type Tally = { until: number; sent: number; redeemed: number }

export const emptyLedger = (): LedgerState => ({
  version: 1,
  challenges: [],
  tombstones: [],
  sends: { stranger: [], known: [] },
  wrong: { stranger: 0, known: 0 },
  refilledAt: 0,
})

/** What a caller brings besides the secret. Judged before the mark: a refusal burns nothing. */
export type Conditions = {
  /** null: our own page, which may redeem landing links alone. */
  project: string | null
  dialect: ChallengeRecord['dialect']
  clientId?: string | null
  redirectUri?: string
  /** SHA-256 of the code_verifier, base64url (RFC 7636 §4.6). */
  verifierHash?: string
  /** Hash of the browser's flow key for this address. */
  flow?: string
  client?: { ip: string | null; userAgent: string | null }
  /** Whether the challenge id came beside the link. */
  idGiven: boolean
  /** The challenge that was named beside the secret. */
  challenge?: string
}

export type OpenCommand = {
  type: 'open'
  id: string
  record: ChallengeRecord
  secrets: StoredSecret[]
  maxTries: number
  /** null: nothing is sent, so nothing is counted. */
  limits: SendLimits | null
  lane: Lane
  /** Hash of an idempotent request, else null. */
  request: string | null
}
/** A new link and a new code for a challenge that lives: its id stays, its time starts again. */
export type RenewCommand = {
  type: 'renew'
  id: string
  project: string
  /** Of what the challenge had at first, that is taken. */
  secrets: Omit<StoredSecret, 'expiresAt'>[]
  limits: SendLimits
  lane: Lane
  request: string | null
  /** How many links and codes stay live, the new ones included. */
  keep: number
  /** Absent: native. */
  dialect?: ChallengeRecord['dialect']
}
export type RedeemCommand = {
  type: 'redeem'
  /** null: whichever challenge the browser of `conditions.flow` asked for; without a flow, the dialect's newest live code. */
  id: string | null
  purpose: 'link' | 'code' | 'relay' | 'grant' | 'bound_grant'
  /** Of a code one for each accepted pepper; else one. */
  proofs: string[]
  key: string
  caller: string
  sessionId: string
  lane: Lane
  conditions: Conditions
  /** A fresh grant for the answer, stored with the mark. */
  grant: { proof: string; expiresAt: number } | null
}
export type PeekCommand = {
  type: 'peek'
  id: string
  project: string | null
  link: string | null
  /** Proof of a grant, which has an id of its own: its challenge is found by it, while it lives. */
  grant?: string
}
/** A grant for somebody who is signed in already: an entry that is redeemed from the start, by that session. */
export type GrantCommand = {
  type: 'issue_grant'
  id: string
  record: ChallengeRecord
  sessionId: string
  grant: { proof: string; expiresAt: number }
}
export type CancelCommand = { type: 'cancel'; id: string; project: string }
/** A send that could not be stored is given back to the budget. */
export type GiveBackCommand = { type: 'give_back'; sentAt: number }
/** One more, unless the window's limit is reached and too few of them led to a sign-in. */
export type CountCommand = {
  type: 'count'
  limit: number
  /** Milliseconds, from the first that is counted. */
  window: number
  /** The share of sign-ins from which there is no limit; null: there always is one. */
  unlessRedeemed: number | null
}
/** What was counted was not sent after all. */
export type UncountCommand = { type: 'uncount' }
export type CreditCommand = { type: 'credit' }
/** A message to this address whose challenge is another ledger's: it counts here all the same. */
export type ReserveCommand = { type: 'reserve_send'; limits: SendLimits; lane: Lane }
export type RecallCommand = { type: 'recall'; id: string; link: string }
export type Command =
  | OpenCommand
  | RenewCommand
  | RedeemCommand
  | PeekCommand
  | GrantCommand
  | CancelCommand
  | GiveBackCommand
  | RecallCommand
  | CountCommand
  | UncountCommand
  | CreditCommand
  | ReserveCommand
  | { type: 'sweep' }

export type ChallengeStatus = 'pending' | 'redeemed' | 'expired' | 'superseded' | 'locked' | 'cancelled'
export type Redeemed = {
  is: 'redeemed'
  /** The challenge's id. */
  challenge: string
  replayed: boolean
  record: ChallengeRecord
  sessionId: string
  /** When it was redeemed first. */
  at: number
  by: 'link' | 'code' | 'relay'
}
export type OpenOutcome =
  /** `secrets`: what this call stored. Without a code where it was dropped. */
  | ({ is: 'opened'; repeated: boolean; record: ChallengeRecord } & Told)
  | { is: 'too_many_sends'; limit: keyof SendLimits; retryAfter: number }
  | { is: 'key_reused' }
  | { is: 'locked'; retryAfter: number }
  | { is: 'unknown' }
  | { is: 'dead'; reason: DeadReason; at: number }
export type RedeemOutcome =
  | Redeemed
  /** The link is right, but only the verifier's holder may redeem it. Nothing was stored. */
  | { is: 'bound'; record: ChallengeRecord }
  | { is: 'wrong'; triesLeft: number }
  | { is: 'locked' }
  /** `grantUse`: the redemption key hash of the first use of that grant; what it issued must end. */
  | { is: 'used'; at: number; grantUse: string | null; record: ChallengeRecord | null }
  | { is: 'expired' | 'superseded' | 'cancelled' }
  | { is: 'unknown' }
  | { is: 'mismatch'; what: 'client' | 'redirect' | 'verifier' | 'caller' }
export type PeekOutcome =
  | {
      is: 'found'
      status: ChallengeStatus
      record: ChallengeRecord | null
      expiresAt: number | null
      redeemedAt: number | null
      at: number
      /** Of a redeemed challenge, as long as it is kept whole. */
      sessionId?: string
    }
  | { is: 'unknown' }
export type Outcome =
  | OpenOutcome
  | RedeemOutcome
  | PeekOutcome
  | { is: 'done' }
  | { is: 'over'; retryAfter: number }
  /** `at`: for `give_back`. */
  | { is: 'reserved'; at: number }
  | { is: 'recalled'; record: ChallengeRecord }

/** `state` null: nothing is left, the ledger deletes itself. `alarmAt`: when to sweep next. */
export type Decision = { state: LedgerState | null; alarmAt: number | null; outcome: Outcome }

/** The one function. The state given is not changed. */
export function decide(before: LedgerState | null, command: Command, now: number): Decision {
  const state = before ? structuredClone(before) : emptyLedger()
  sweep(state, now)
  const outcome = run(state, command, now)
  return { state: isEmpty(state) ? null : state, alarmAt: nextAlarm(state), outcome }
}

function run(state: LedgerState, command: Command, now: number): Outcome {
  switch (command.type) {
    case 'open':
      return open(state, command, now)
    case 'renew':
      return renew(state, command, now)
    case 'redeem':
      return redeem(state, command, now)
    case 'peek':
      return peek(state, command, now)
    case 'issue_grant':
      return issueGrant(state, command, now)
    case 'cancel':
      return cancel(state, command, now)
    case 'give_back':
      return giveBack(state, command)
    case 'recall':
      return recall(state, command)
    case 'count':
      return count(state, command, now)
    case 'uncount':
      return uncount(state)
    case 'credit':
      return credit(state)
    case 'reserve_send':
      return reserveSend(state, command, now)
    case 'sweep':
      return { is: 'done' }
  }
}

// --- open -----------------------------------------------------------------------------------------------------------

function open(state: LedgerState, command: OpenCommand, now: number): OpenOutcome {
  const known =
    state.challenges.find(({ id }) => id === command.id) ?? state.tombstones.find(({ id }) => id === command.id)
  if (known) return repeatOf(known, command.request) ?? retryOf(known, command) ?? { is: 'key_reused' }
  const over = command.limits && exceeded(state.sends[command.lane], command.limits, now)
  if (over) return { is: 'too_many_sends', ...over }
  const { usable, codeDropped, locked } = dropSpentCodes(state, command.secrets, command.lane, now)
  if (locked) return locked
  if (command.limits) state.sends[command.lane].push(now)
  const challenge: Challenge = {
    id: command.id,
    record: command.record,
    secrets: usable.map((secret) => ({ ...secret, tries: 0, superseded: false })),
    maxTries: command.maxTries,
    answers: [],
    sentAt: now,
    mark: null,
    grants: [],
  }
  state.challenges.push(challenge)
  makeRoom(state, now)
  return tell(challenge, command.request, { secrets: usable.map(bare), sentAt: now, codeDropped })
}

function renew(state: LedgerState, command: RenewCommand, now: number): OpenOutcome {
  const { id, project, dialect = 'native' } = command
  const isOf = (owner: Owner) => owner.project === project && owner.dialect === dialect
  const challenge = state.challenges.find((known) => known.id === id && isOf(known.record))
  const known = challenge ?? state.tombstones.find((gone) => gone.id === id && isOf(gone.owner))
  if (!known) return { is: 'unknown' }
  const repeated = repeatOf(known, command.request) ?? retryOf(known, command)
  if (repeated) return repeated
  const dead = deadReason(state, id, project)
  if (dead) return dead
  if (!challenge) return { is: 'unknown' }
  const { record } = challenge
  const limits = record.channel === 'none' ? null : command.limits
  const over = limits && exceeded(state.sends[command.lane], limits, now)
  if (over) return { is: 'too_many_sends', ...over }
  const seconds = Math.floor(now / 1000)
  // The code of a test identity stays what it is.
  const fixedCode = record.testIdentity && challenge.secrets.find(({ purpose }) => purpose === 'code')?.proof
  const wanted = command.secrets
    .filter(({ purpose }) => record.method === 'link_and_code' || record.method === purpose)
    .map((secret) => ({
      ...secret,
      proof: (secret.purpose === 'code' && fixedCode) || secret.proof,
      expiresAt: seconds + (secret.purpose === 'link' ? record.linkTtl : record.codeTtl),
    }))
  const { usable, codeDropped, locked } = dropSpentCodes(state, wanted, command.lane, now)
  if (locked) return locked
  if (limits) state.sends[command.lane].push(now)
  const fresh = usable.map((secret) => ({ ...secret, tries: 0, superseded: false }))
  challenge.secrets = supersede([...challenge.secrets, ...fresh], command.keep)
  challenge.sentAt = now
  // The newest again, so that it does not make room for itself.
  state.challenges = [...state.challenges.filter((other) => other !== challenge), challenge]
  makeRoom(state, now)
  return tell(challenge, command.request, { secrets: usable.map(bare), sentAt: now, codeDropped })
}

function tell(challenge: Challenge, request: string | null, told: Told): OpenOutcome {
  if (request) challenge.answers = [...challenge.answers, { request, told }].slice(-MAX_SECRETS)
  return { is: 'opened', repeated: false, record: challenge.record, ...told }
}

/** The same call again: the same answer, whatever became of the challenge since. */
function repeatOf({ record, answers }: Challenge | Tombstone, request: string | null): OpenOutcome | null {
  const answer = answers.find((given) => given.request === request)
  return answer && record ? { is: 'opened', repeated: true, record, ...answer.told } : null
}

/** Our own question again, since its answer was lost on the way: nobody else can bring these secrets, which were just drawn. */
function retryOf(known: Challenge | Tombstone, { secrets, request }: OpenCommand | RenewCommand): OpenOutcome | null {
  if (request !== null || known.answers.length > 0 || !('secrets' in known)) return null
  const stored = known.secrets.filter(({ proof }) =>
    matches(
      proof,
      secrets.map((secret) => secret.proof),
    ),
  )
  const isOurs = stored.some(({ purpose }) => purpose === 'link') || stored.length === secrets.length
  if (!isOurs || known.record.testIdentity) return null
  const codeDropped = stored.length < secrets.length && known.record.method === 'link_and_code'
  return {
    is: 'opened',
    repeated: true,
    record: known.record,
    secrets: stored.map(bare),
    sentAt: known.sentAt,
    codeDropped,
  }
}

/** A spent lane: a code would not work, so none is sent. Links always do. */
function dropSpentCodes(state: LedgerState, secrets: StoredSecret[], lane: Lane, now: number) {
  const codeOnly = secrets.every(({ purpose }) => purpose !== 'link')
  if (codeOnly) refill(state, now)
  const spent = state.wrong[lane] >= MAX_WRONG
  const usable = secrets.filter(({ purpose }) => !spent || purpose !== 'code')
  const codeDropped = usable.length < secrets.length
  const retryAfter = Math.ceil((state.refilledAt + DAY_MS - now) / 1000)
  const locked: OpenOutcome | null = codeDropped && codeOnly ? { is: 'locked', retryAfter } : null
  return { usable, codeDropped, locked }
}

const bare = ({ purpose, proof, expiresAt }: StoredSecret): StoredSecret => ({ purpose, proof, expiresAt })

function exceeded(sends: number[], limits: SendLimits, now: number) {
  const windows = [
    { limit: 'per_day', span: DAY_MS },
    { limit: 'per_15_minutes', span: 15 * 60_000 },
    { limit: 'per_minute', span: 60_000 },
  ] as const
  for (const { limit, span } of windows) {
    const inWindow = sends.filter((at) => at > now - span)
    const oldest = inWindow[inWindow.length - limits[limit]]
    if (oldest !== undefined) return { limit, retryAfter: Math.max(1, Math.ceil((oldest + span - now) / 1000)) }
  }
  return null
}

/** Where only codes lead in, a spent lane refills by a few tries a day, or a stranger could lock a person out for good. */
function refill(state: LedgerState, now: number): void {
  if (state.wrong.stranger < MAX_WRONG || now - state.refilledAt < DAY_MS) return
  state.wrong.stranger = MAX_WRONG - REFILL_TRIES
  state.refilledAt = now
}

/** The newest `keep` of each purpose stay live. */
function supersede(secrets: LiveSecret[], keep: number): LiveSecret[] {
  const live = (purpose: string) => secrets.filter((secret) => secret.purpose === purpose && !secret.superseded)
  for (const purpose of ['link', 'code', 'relay']) {
    for (const secret of live(purpose).slice(0, -keep)) secret.superseded = true
  }
  return secrets.slice(-MAX_SECRETS)
}

/** The 51st live secret supersedes the oldest challenge. */
function makeRoom(state: LedgerState, now: number): void {
  const liveSecrets = () =>
    state.challenges.reduce(
      (sum, { mark, secrets }) => sum + (mark ? 0 : secrets.filter((s) => !s.superseded).length),
      0,
    )
  while (liveSecrets() > MAX_LIVE) {
    const oldest = state.challenges.find((challenge) => !challenge.mark)
    if (!oldest) return
    bury(state, oldest, 'superseded', now)
  }
}

// --- redeem ---------------------------------------------------------------------------------------------------------

function redeem(state: LedgerState, command: RedeemCommand, now: number): RedeemOutcome {
  if (command.purpose === 'grant') return redeemGrant(state, command, now)
  if (command.id === null && command.conditions.flow !== undefined)
    return redeemTyped(state, ofFlow(state, command), command, ['code', 'relay'], now)
  if (command.id === null) {
    const newest = newestOf(state, command)
    return newest.length > 0 ? redeemTyped(state, newest, command, ['code'], now) : lastEnd(state, command)
  }
  const challenge = state.challenges.find(({ id }) => id === command.id)
  if (!challenge) return redeemDead(state, command)
  if (!mayRedeem(challenge.record, command)) return { is: 'unknown' }
  switch (command.purpose) {
    case 'bound_grant':
      // The MAC of a bound grant says that the link was right; the verifier, judged below, is what opens.
      return challenge.record.binding?.kind === 'verifier'
        ? settle(state, challenge, 'link', command, now)
        : { is: 'unknown' }
    case 'link':
      return redeemLink(state, challenge, command, now)
    case 'code':
    case 'relay':
      return redeemTyped(state, [challenge], command, [command.purpose], now)
  }
}

/** What this browser asked for at this address: a code of any of it may be typed. */
function ofFlow(state: LedgerState, { conditions }: RedeemCommand): Challenge[] {
  return state.challenges.filter(
    ({ record }) =>
      record.project === conditions.project &&
      record.dialect === conditions.dialect &&
      record.binding?.kind === 'flow' &&
      equalInConstantTime(record.binding.hash, conditions.flow ?? ''),
  )
}

/** Where a verify names only the person: the newest code that was sent by the same dialect. */
function newestOf(state: LedgerState, { conditions }: RedeemCommand): Challenge[] {
  const own = state.challenges.filter(
    ({ record, secrets }) =>
      record.project === conditions.project &&
      record.dialect === conditions.dialect &&
      record.binding === null &&
      secrets.some(({ purpose }) => purpose === 'code'),
  )
  // A redeemed one bears being asked again.
  return [...own.filter(({ mark }) => mark !== null), ...own.filter(({ mark }) => mark === null).slice(-1)]
}

/** No code is out any more: what became of the last one. */
function lastEnd(state: LedgerState, { conditions }: RedeemCommand): RedeemOutcome {
  const { project, dialect } = conditions
  const last = state.tombstones.findLast(
    ({ owner }) => owner.project === project && owner.dialect === dialect && owner.link === null,
  )
  if (!last) return { is: 'unknown' }
  const { reason, at, record } = last
  return reason === 'used' ? { is: 'used', at, grantUse: null, record } : { is: reason }
}

/** Another project's secret, or another dialect's, is no secret at all here. The page takes landing links alone. */
function mayRedeem(record: Owner, { conditions, purpose }: RedeemCommand): boolean {
  if (conditions.project === null) return record.link === 'landing' && purpose === 'link'
  return record.dialect === conditions.dialect && record.project === conditions.project
}

function redeemLink(state: LedgerState, challenge: Challenge, command: RedeemCommand, now: number): RedeemOutcome {
  const secret = challenge.secrets.find(({ purpose, proof }) => purpose === 'link' && matches(proof, command.proofs))
  if (!secret) return { is: 'unknown' }
  if (!challenge.mark) {
    if (secret.superseded) return { is: 'superseded' }
    if (hasExpired(secret, now)) return { is: 'expired' }
    if (challenge.record.linkRequiresId && command.conditions.project !== null && !command.conditions.idGiven)
      return { is: 'mismatch', what: 'client' }
  }
  return settle(state, challenge, 'link', command, now)
}

function redeemTyped(
  state: LedgerState,
  challenges: Challenge[],
  command: RedeemCommand,
  purposes: ('code' | 'relay')[],
  now: number,
): RedeemOutcome {
  const codes = challenges.flatMap((challenge) =>
    challenge.secrets.flatMap((secret) => {
      const { purpose } = secret
      return purpose !== 'link' && purposes.includes(purpose) ? [{ challenge, secret, purpose }] : []
    }),
  )
  const isRight = ({ secret }: { secret: LiveSecret }) => matches(secret.proof, command.proofs)
  // The secret is compared first in every state: a key alone replays nothing.
  const replayed = codes.find((code) => code.challenge.mark !== null && isRight(code))
  if (replayed) return settle(state, replayed.challenge, replayed.purpose, command, now)
  const unmarked = codes.filter(({ challenge }) => challenge.mark === null)
  const [marked] = challenges.filter(({ mark }) => mark !== null)
  if (unmarked.length === 0) return marked ? used(marked) : { is: 'unknown' }

  const live = unmarked.filter(({ secret }) => !secret.superseded && !hasExpired(secret, now))
  if (live.length === 0)
    return { is: unmarked.some(({ secret }) => hasExpired(secret, now)) ? 'expired' : 'superseded' }
  const open = live.filter(({ secret, challenge }) => secret.tries < challenge.maxTries)
  if (open.length === 0 || state.wrong[command.lane] >= MAX_WRONG) return { is: 'locked' }

  for (const { secret } of open) secret.tries += 1
  state.wrong[command.lane] += 1
  const [right] = open.filter(isRight)
  if (!right) {
    if (command.lane === 'stranger' && state.wrong.stranger === MAX_WRONG) state.refilledAt = now
    if (unmarked.some((code) => code.secret.superseded && isRight(code))) return { is: 'superseded' }
    const left = Math.max(...open.map(({ secret, challenge }) => challenge.maxTries - secret.tries))
    return { is: 'wrong', triesLeft: Math.min(left, MAX_WRONG - state.wrong[command.lane]) }
  }
  for (const { secret } of open) secret.tries -= 1
  state.wrong[command.lane] -= 1
  return settle(state, right.challenge, right.purpose, command, now)
}

/** The secret was right. Conditions, then the mark, or the answer of the mark that is there. */
function settle(
  state: LedgerState,
  challenge: Challenge,
  by: Mark['by'],
  command: RedeemCommand,
  now: number,
): RedeemOutcome {
  const { mark, record } = challenge
  if (mark && now - mark.at >= REPLAY_MS) return used(challenge)
  if (lacksId(challenge, command.conditions)) return { is: 'mismatch', what: 'client' }
  if (isElsewhere(record, command.conditions)) return { is: 'bound', record }
  const refused = refusal(record, command.conditions, codeChallengeOf(record))
  if (refused) return mark ? used(challenge) : { is: 'mismatch', what: refused }
  if (mark) {
    const same = equalInConstantTime(mark.key, command.key) && mark.caller === command.caller
    if (!same) return used(challenge)
  }
  const settled = mark ?? { key: command.key, caller: command.caller, sessionId: command.sessionId, at: now, by }
  challenge.mark = settled
  if (!mark) state.wrong = { stranger: 0, known: 0 }
  if (command.grant) addGrant(challenge, command.grant)
  return {
    is: 'redeemed',
    challenge: challenge.id,
    replayed: mark !== null,
    record,
    sessionId: settled.sessionId,
    at: settled.at,
    by: settled.by,
  }
}

/** Not judged on our page, which only hands the browser a grant: there it is judged. */
const lacksId = ({ id, record }: Challenge, { project, challenge }: Conditions): boolean =>
  record.requiresId === true && project !== null && challenge !== id

const codeChallengeOf = ({ binding }: ChallengeRecord): string | null =>
  binding?.kind === 'verifier' ? binding.codeChallenge : null

/** A bound link without what it is bound to: another browser than the one that asked, or a press without the verifier. */
function isElsewhere({ binding }: ChallengeRecord, given: Conditions): boolean {
  if (binding === null) return false
  return binding.kind === 'verifier'
    ? given.verifierHash === undefined
    : !equalInConstantTime(binding.hash, given.flow ?? '')
}

/** @param verifierOf the code_challenge that a code_verifier must fit here; null: none may come */
function refusal(
  record: ChallengeRecord,
  given: Conditions,
  verifierOf: string | null,
): 'client' | 'redirect' | 'verifier' | null {
  if (given.clientId !== undefined && given.clientId !== record.clientId) return 'client'
  if (given.redirectUri !== undefined && given.redirectUri !== record.redirectUri) return 'redirect'
  // RFC 9700 §4.8.2: a verifier where none was asked for is a downgrade, refused like a wrong one.
  const verifier = given.verifierHash
  const fits = verifierOf === null ? verifier === undefined : equalInConstantTime(verifierOf, verifier ?? '')
  if (!fits) return 'verifier'
  // The page cannot know what the application saw of the device; the grant's exchange is judged by it.
  if (given.project === null) return null
  for (const part of record.match) {
    const field = part === 'ip' ? 'ip' : 'userAgent'
    if ((record.client?.[field] ?? null) !== (given.client?.[field] ?? null)) return 'client'
  }
  return null
}

/** The browser follows its last answer, so a few grants may wait at once; the oldest unused one gives way. */
function addGrant(challenge: Challenge, grant: { proof: string; expiresAt: number }): void {
  challenge.grants.push({ ...grant, use: null })
  const unused = challenge.grants.filter(({ use }) => use === null)
  const dropped = unused.slice(0, -MAX_UNUSED_GRANTS)
  challenge.grants = challenge.grants.filter((candidate) => !dropped.includes(candidate))
}

/** Strictly once (RFC 6749 §4.1.2); the same redemption key within a minute gets the same answer. */
function redeemGrant(state: LedgerState, command: RedeemCommand, now: number): RedeemOutcome {
  // A typed code's challenge is known only here, so a grant is found by its hash and not by the challenge's id.
  const isThis = ({ proof }: Grant) => matches(proof, command.proofs)
  const challenge = state.challenges.find(({ grants }) => grants.some(isThis))
  const grant = challenge?.grants.find(isThis)
  if (!challenge?.mark || !grant || !mayRedeem(challenge.record, command)) return { is: 'unknown' }
  const { mark, record } = challenge
  if (grant.use) {
    const { key, caller, at } = grant.use
    const same = equalInConstantTime(key, command.key) && caller === command.caller && now - at < REPLAY_MS
    if (!same) return { is: 'used', at, grantUse: key, record }
  } else {
    if (hasExpired(grant, now)) return { is: 'expired' }
    const verifierOf = record.authorization?.codeChallenge ?? codeChallengeOf(record)
    const refused = lacksId(challenge, command.conditions) ? 'client' : refusal(record, command.conditions, verifierOf)
    if (refused) return { is: 'mismatch', what: refused }
  }
  const replayed = grant.use !== null
  grant.use ??= { key: command.key, caller: command.caller, at: now }
  return {
    is: 'redeemed',
    challenge: challenge.id,
    replayed,
    record,
    sessionId: mark.sessionId,
    at: mark.at,
    by: mark.by,
  }
}

function redeemDead(state: LedgerState, command: RedeemCommand): RedeemOutcome {
  const dead = state.tombstones.find(({ id }) => id === command.id)
  if (!dead) return { is: 'unknown' }
  if (!mayRedeem(dead.owner, command)) return { is: 'unknown' }
  if (command.purpose === 'bound_grant') return { is: 'expired' }
  if (command.purpose === 'link' && !dead.links.some((proof) => matches(proof, command.proofs)))
    return { is: 'unknown' }
  return dead.reason === 'used' ? { is: 'used', at: dead.at, grantUse: null, record: dead.record } : { is: dead.reason }
}

const used = (challenge: Challenge): RedeemOutcome => ({
  is: 'used',
  at: challenge.mark?.at ?? 0,
  grantUse: null,
  record: challenge.record,
})

// --- peek, cancel, give back, recall ---------------------------------------------------------------------------------

function peek(state: LedgerState, command: PeekCommand, now: number): PeekOutcome {
  const { grant } = command
  const challenge = state.challenges.find(({ id, grants }) =>
    grant === undefined ? id === command.id : grants.some(({ proof }) => matches(proof, [grant])),
  )
  if (challenge) {
    const { record, mark } = challenge
    const link = challenge.secrets.find(
      ({ purpose, proof }) => purpose === 'link' && matches(proof, [command.link ?? '']),
    )
    if (!visible(record.project, command) || (command.link !== null && !link)) return { is: 'unknown' }
    const live = challenge.secrets.filter((secret) => !secret.superseded && !hasExpired(secret, now))
    const locked =
      live.length > 0 && live.every((secret) => secret.purpose !== 'link' && secret.tries >= challenge.maxTries)
    if (!mark && link && !link.superseded && hasExpired(link, now))
      return dead('expired', record, link.expiresAt * 1000)
    const status = mark ? 'redeemed' : link?.superseded ? 'superseded' : locked ? 'locked' : 'pending'
    const expiresAt = link?.expiresAt ?? Math.max(...challenge.secrets.map((secret) => secret.expiresAt))
    const session = mark && { sessionId: mark.sessionId }
    return {
      is: 'found',
      status,
      record,
      expiresAt,
      redeemedAt: mark?.at ?? null,
      at: mark?.at ?? challenge.sentAt,
      ...session,
    }
  }
  const tombstone = state.tombstones.find(({ id }) => id === command.id)
  if (!tombstone || !visible(tombstone.owner.project, command)) return { is: 'unknown' }
  if (command.link !== null && !tombstone.links.some((proof) => matches(proof, [command.link ?? ''])))
    return { is: 'unknown' }
  const { reason, record, at } = tombstone
  return dead(reason === 'used' ? 'redeemed' : reason, reason === 'cancelled' ? null : record, at)
}

const visible = (project: string, command: PeekCommand) => command.project === null || command.project === project

const dead = (status: ChallengeStatus, record: ChallengeRecord | null, at: number): PeekOutcome => ({
  is: 'found',
  status,
  record,
  expiresAt: null,
  redeemedAt: status === 'redeemed' ? at : null,
  at,
})

function issueGrant(state: LedgerState, command: GrantCommand, now: number): Outcome {
  const { id, record, sessionId, grant } = command
  const mark: Mark = { key: '', caller: 'session', sessionId, at: now, by: 'link' }
  const grants = [{ ...grant, use: null }]
  const empty = { secrets: [], maxTries: 0, answers: [] }
  state.challenges.push({ ...empty, id, record, sentAt: now, mark, grants })
  return { is: 'done' }
}

function cancel(state: LedgerState, command: CancelCommand, now: number): Outcome {
  const challenge = state.challenges.find(({ id }) => id === command.id)
  if (!challenge || challenge.record.project !== command.project) {
    return deadReason(state, command.id, command.project) ?? { is: 'unknown' }
  }
  if (challenge.mark) return { is: 'dead', reason: 'used', at: challenge.mark.at }
  bury(state, challenge, 'cancelled', now)
  return { is: 'done' }
}

function giveBack(state: LedgerState, command: GiveBackCommand): Outcome {
  for (const sends of [state.sends.stranger, state.sends.known]) {
    const index = sends.indexOf(command.sentAt)
    if (index < 0) continue
    sends.splice(index, 1)
    break
  }
  return { is: 'done' }
}

/** What a link was asked for, so that one press can send a new one where it is dead; nothing of a cancelled one. */
function recall(state: LedgerState, { id, link }: RecallCommand): Outcome {
  const isLink = ({ purpose, proof }: StoredSecret) => purpose === 'link' && matches(proof, [link])
  const live = state.challenges.find((challenge) => challenge.id === id && challenge.secrets.some(isLink))
  const dead = state.tombstones.find((gone) => gone.id === id && gone.links.some((proof) => matches(proof, [link])))
  const record = live?.record ?? (dead?.reason === 'cancelled' ? null : dead?.record)
  return record ? { is: 'recalled', record } : { is: 'unknown' }
}

function count(state: LedgerState, command: CountCommand, now: number): Outcome {
  const { limit, window, unlessRedeemed } = command
  const tally = state.tally ?? { until: now + window, sent: 0, redeemed: 0 }
  const isTrusted = unlessRedeemed !== null && tally.redeemed >= tally.sent * unlessRedeemed
  if (tally.sent >= limit && !isTrusted) return { is: 'over', retryAfter: Math.ceil((tally.until - now) / 1000) }
  state.tally = { ...tally, sent: tally.sent + 1 }
  return { is: 'done' }
}

function reserveSend(state: LedgerState, { limits, lane }: ReserveCommand, now: number): Outcome {
  const over = exceeded(state.sends[lane], limits, now)
  if (over) return { is: 'too_many_sends', ...over }
  state.sends[lane].push(now)
  return { is: 'reserved', at: now }
}

function uncount(state: LedgerState): Outcome {
  if (state.tally) state.tally = { ...state.tally, sent: Math.max(0, state.tally.sent - 1) }
  return { is: 'done' }
}

function credit(state: LedgerState): Outcome {
  if (state.tally) state.tally = { ...state.tally, redeemed: state.tally.redeemed + 1 }
  return { is: 'done' }
}

function deadReason(state: LedgerState, id: string, project: string) {
  const challenge = state.challenges.find((candidate) => candidate.id === id)
  if (challenge?.mark && challenge.record.project === project) {
    return { is: 'dead' as const, reason: 'used' as const, at: challenge.mark.at }
  }
  const tombstone = state.tombstones.find((candidate) => candidate.id === id)
  if (tombstone?.owner.project !== project) return null
  return { is: 'dead' as const, reason: tombstone.reason, at: tombstone.at }
}

// --- time -----------------------------------------------------------------------------------------------------------

/** Moves what time has ended to the tombstones, and forgets what nobody asks for any more. */
function sweep(state: LedgerState, now: number): void {
  for (const challenge of [...state.challenges]) {
    const { until, reason } = endOf(challenge)
    if (now >= until) bury(state, challenge, reason, challenge.mark?.at ?? until)
  }
  state.tombstones = state.tombstones.filter(({ until }) => now < until)
  for (const dead of state.tombstones) if (now >= dead.at + TOMBSTONE_MS) forget(dead)
  const { stranger, known } = state.sends
  const recent = (at: number) => now < at + DAY_MS
  state.sends = { stranger: stranger.filter(recent), known: known.filter(recent) }
  if (state.tally && now >= state.tally.until) delete state.tally
}

/** A redeemed challenge stays whole while a retry or one of its grants may come; another until its last secret is late. */
function endOf({ mark, grants, secrets }: Challenge): { until: number; reason: DeadReason } {
  if (!mark) {
    const last = Math.max(0, ...secrets.filter(({ superseded }) => !superseded).map(({ expiresAt }) => expiresAt))
    return { until: last * 1000, reason: 'expired' }
  }
  const grantEnds = grants.map(({ expiresAt, use }) => Math.max(expiresAt * 1000, (use?.at ?? 0) + REPLAY_MS))
  return { until: Math.max(mark.at + REPLAY_MS, ...grantEnds), reason: 'used' }
}

function bury(state: LedgerState, challenge: Challenge, reason: DeadReason, at: number): void {
  state.challenges = state.challenges.filter((candidate) => candidate !== challenge)
  const { id, record, answers, secrets } = challenge
  const isCancelled = reason === 'cancelled'
  state.tombstones.push({
    id,
    owner: { project: record.project, dialect: record.dialect, link: record.link },
    reason,
    at,
    links: secrets.filter(({ purpose }) => purpose === 'link').map(({ proof }) => proof),
    record: isCancelled && answers.length === 0 ? null : record,
    answers,
    until: Math.max(at + TOMBSTONE_MS, ...secrets.map(({ expiresAt }) => expiresAt * 1000)),
  })
  state.tombstones = state.tombstones.slice(-MAX_TOMBSTONES)
  const older = state.tombstones.at(-1 - MAX_KEPT_RECORDS)
  if (older) forget(older)
}

/** Keeps the reason alone. */
function forget(dead: Tombstone): void {
  dead.record = null
  dead.answers = []
}

function nextAlarm(state: LedgerState): number | null {
  const times = [
    ...state.challenges.map((challenge) => endOf(challenge).until),
    ...state.tombstones.map(({ at, until, record }) => (record ? Math.min(until, at + TOMBSTONE_MS) : until)),
    ...[...state.sends.stranger, ...state.sends.known].map((at) => at + DAY_MS),
    ...(state.tally ? [state.tally.until] : []),
  ]
  return times.length > 0 ? Math.min(...times) : null
}

/** A wrong count keeps the ledger: forgetting it would give a guesser new tries. */
function isEmpty(state: LedgerState): boolean {
  const { challenges, tombstones, sends, wrong, tally } = state
  return (
    !tally &&
    challenges.length +
      tombstones.length +
      sends.stranger.length +
      sends.known.length +
      wrong.stranger +
      wrong.known ===
      0
  )
}

const hasExpired = ({ expiresAt }: { expiresAt: number }, now: number) => now >= expiresAt * 1000

const matches = (stored: string, given: string[]) =>
  given.filter((proof) => equalInConstantTime(stored, proof)).length > 0
