/** What happens when someone clicks a link, types a code, or an application exchanges its grant: one question to one ledger. */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { frame, hexBytes, utf8 } from '../../lib/bytes.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import {
  type Conditions,
  type Lane,
  REPLAY_MS,
  type RedeemCommand,
  type Redeemed,
  type RedeemOutcome,
} from '../ledger/decide.ts'
import { challengeIdsOf } from '../ledger/secret.ts'
import { markMessagesRedeemed } from '../messages/queries.ts'
import { creditText } from '../messages/sms.ts'
import type { Project } from '../projects/project.ts'
import { endFamily } from '../sessions/queries.ts'
import { familyIdOf } from '../sessions/start.ts'
import type { PhoneNumber } from '../users/phone.ts'

/** A link, a code or a grant as it was presented: which ledger, and what to compare. */
export type Presented = {
  ledger: string
  /** The challenge; null: whichever this browser asked for. */
  id: string | null
  purpose: RedeemCommand['purpose']
  proofs: string[]
  /** Unix seconds; null where only the ledger knows. */
  expiresAt: number | null
}

export type Redemption = {
  presented: Presented
  /** What makes a retry safe: the caller's Idempotency-Key, the visit's key of a page, the verifier; null: nothing does. */
  key: string | null
  caller: string
  lane: Lane
  conditions: Conditions
  grant: { proof: string; expiresAt: number } | null
}

/** The ledger's answer, and the hash under which it keeps the redemption key. */
export type RedeemAnswer = { outcome: RedeemOutcome; keyHash: string }

export async function redeem(deps: Deps, redemption: Redemption): Promise<RedeemAnswer> {
  const { presented, conditions } = redemption
  const nowMs = deps.now()
  // Of a bound link the verifier itself makes a retry safe. A stored grant is strictly once (RFC 6749 §4.1.2), so there only
  // the caller's own key does.
  const boundKey = presented.purpose === 'grant' ? undefined : conditions.verifierHash
  const key = boundKey ?? redemption.key ?? encodeBase64url(deps.randomBytes(16))
  const keyHash = encodeBase64url(await sha256(frame('redemption', key)))
  if (isBeyondRetry(presented, nowMs)) return { outcome: { is: 'expired' }, keyHash }
  // A bound grant is stored nowhere, so it is only here that it ends: late, it can repeat an answer but not open.
  if (presented.purpose === 'bound_grant' && isLate(presented, nowMs) && !(await isRedeemed(deps, redemption))) {
    return { outcome: { is: 'expired' }, keyHash }
  }
  const outcome = await askLedger(deps, presented.ledger, {
    type: 'redeem',
    id: presented.id,
    purpose: presented.purpose,
    proofs: presented.proofs,
    key: keyHash,
    caller: redemption.caller,
    sessionId: newId('sess', Math.floor(nowMs / 1000), deps.randomBytes(16)),
    lane: redemption.lane,
    conditions,
    grant: redemption.grant,
  })
  // A grant that has ended leaves nothing in the ledger to say so; its own expiry does.
  if (presented.purpose === 'grant' && outcome.is === 'unknown' && isLate(presented, nowMs)) {
    return { outcome: { is: 'expired' }, keyHash }
  }
  return { outcome, keyHash }
}

/** The notes of a redemption that starts no session yet, and its credit. For after the answer: nobody waits for them. */
export async function noteRedemption(deps: Deps, project: Project, ledger: string, redeemed: Redeemed): Promise<void> {
  if (redeemed.replayed) return
  const { notes } = await notesOf(deps, ledger, redeemed)
  if (notes.length > 0) await batch(deps.db, notes)
  await creditRedemption(deps, project, redeemed)
}

/**
 * The challenge's id, and statements that say in the timeline of what was sent that it was used. A replay says it again,
 * which changes nothing unless the first time failed half way.
 */
export async function notesOf(
  deps: Deps,
  ledger: string,
  { challenge, record, at }: Redeemed,
): Promise<{ challengeId: string; notes: D1PreparedStatement[] }> {
  const ids = await challengeIdsOf(deps.keys, hexBytes(ledger), decodeBase64url(challenge) ?? new Uint8Array())
  const wasSent = record.channel !== 'none' && !record.testIdentity
  return {
    challengeId: ids[0],
    notes: wasSent ? [markMessagesRedeemed(deps.db, record.project, ids, Math.floor(at / 1000))] : [],
  }
}

/** To the credit of numbers that begin alike: an SMS that signs somebody in was no abuse. */
export async function creditRedemption(deps: Deps, project: Project, { record, replayed }: Redeemed): Promise<void> {
  if (replayed || record.channel !== 'sms' || record.testIdentity || !record.identifier) return
  await creditText(deps, project, record.identifier.exact as PhoneNumber)
}

const isLate = ({ expiresAt }: { expiresAt: number | null }, nowMs: number): boolean =>
  expiresAt !== null && nowMs >= expiresAt * 1000

/** So late that it is refused without waking a ledger; before that, the ledger must say whether this is a retry. */
export const isBeyondRetry = (secret: { expiresAt: number | null }, nowMs: number): boolean =>
  isLate(secret, nowMs - REPLAY_MS)

async function isRedeemed(deps: Deps, { presented, conditions }: Redemption): Promise<boolean> {
  const { id, ledger } = presented
  if (id === null) return false
  const outcome = await askLedger(deps, ledger, { type: 'peek', id, project: conditions.project, link: null })
  return outcome.is === 'found' && outcome.status === 'redeemed'
}

/** For callers with a key: the proof, or why not. A grant that comes twice ends what it issued (RFC 6749 §4.1.2). */
export async function redeemForCaller(
  deps: Deps,
  project: Project,
  redemption: Redemption,
): Promise<Result<Redeemed & { familyId: string }, Failure>> {
  const { outcome, keyHash } = await redeem(deps, redemption)
  const { presented } = redemption
  const proof = presented.proofs[0] ?? ''
  if (outcome.is === 'redeemed') {
    const secret = presented.purpose === 'code' ? outcome.challenge : proof
    return ok({ ...outcome, familyId: await familyIdOf(project, secret, keyHash) })
  }
  if (outcome.is === 'used' && outcome.grantUse !== null) {
    const familyId = await familyIdOf(project, proof, outcome.grantUse)
    const now = Math.floor(deps.now() / 1000)
    const id = newId('evt', now, deps.randomBytes(16))
    await batch(deps.db, [
      endFamily(deps.db, project.id, familyId, now),
      insertEventIfChanged(deps.db, {
        projectId: project.id,
        id,
        type: 'grant.reused',
        userId: null,
        data: { family: familyId },
        now,
      }),
    ])
  }
  return failed(redeemFailure(outcome))
}

export function redeemFailure(outcome: Exclude<RedeemOutcome, Redeemed>): Failure {
  switch (outcome.is) {
    case 'bound':
      return { reason: 'verifier_mismatch' }
    case 'wrong':
      return { reason: 'wrong_code', triesLeft: outcome.triesLeft }
    case 'locked':
      return { reason: 'locked', retryAfter: null }
    case 'used':
      return { reason: 'already_used', at: outcome.at }
    case 'expired':
    case 'superseded':
    case 'cancelled':
      return { reason: outcome.is }
    case 'unknown':
      return { reason: 'unknown_token' }
    case 'mismatch':
      return { reason: outcome.what === 'verifier' ? 'verifier_mismatch' : 'client_mismatch' }
    default:
      return unknownOutcome(outcome)
  }
}

/** RFC 7636 §4.6. */
export const hashVerifier = async (verifier: string): Promise<string> => encodeBase64url(await sha256(utf8(verifier)))
