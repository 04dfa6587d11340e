/** What a back end may ask of a challenge that is out. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeStatus } from '../ledger/decide.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import { parseChallengeId } from '../ledger/secret.ts'
import type { Project } from '../projects/project.ts'

export type ChallengeView = {
  status: ChallengeStatus
  method: ChallengeRecord['method'] | null
  channel: ChallengeRecord['channel'] | null
  /** Unix seconds. */
  expiresAt: number | null
  redeemedAt: number | null
}

export async function challengeStatus(
  deps: Deps,
  project: Project,
  challengeId: string,
): Promise<Result<ChallengeView, Failure>> {
  const ref = await parseChallengeId(deps.keys, challengeId)
  if (!ref) return failed({ reason: 'unknown_challenge' })
  const outcome = await askLedger(deps, ref.ledger, { type: 'peek', id: ref.id, project: project.id, link: null })
  if (outcome.is === 'unknown') return failed({ reason: 'unknown_challenge' })
  if (outcome.is !== 'found') return unknownOutcome(outcome)
  return ok({
    status: outcome.status,
    method: outcome.record?.method ?? null,
    channel: outcome.record?.channel ?? null,
    expiresAt: outcome.expiresAt,
    redeemedAt: outcome.redeemedAt === null ? null : Math.floor(outcome.redeemedAt / 1000),
  })
}

/** Ends it: its link and code stop working. Cancelling twice is the same as once. */
export async function cancelChallenge(
  deps: Deps,
  project: Project,
  challengeId: string,
): Promise<Result<null, Failure>> {
  const ref = await parseChallengeId(deps.keys, challengeId)
  if (!ref) return failed({ reason: 'unknown_challenge' })
  const outcome = await askLedger(deps, ref.ledger, { type: 'cancel', id: ref.id, project: project.id })
  switch (outcome.is) {
    case 'done':
      return ok(null)
    case 'dead':
      if (outcome.reason === 'cancelled') return ok(null)
      return failed(outcome.reason === 'used' ? { reason: 'already_used', at: outcome.at } : { reason: outcome.reason })
    case 'unknown':
      return failed({ reason: 'unknown_challenge' })
    default:
      return unknownOutcome(outcome as never)
  }
}
