/** What became of a link, for the device that asked for it and waits (Streambird). */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeStatus } from '../ledger/decide.ts'
import type { ChallengeRecord, Dialect } from '../ledger/record.ts'
import { parseChallengeId } from '../ledger/secret.ts'
import type { Project } from '../projects/project.ts'
import { type SessionRow, selectSession } from '../sessions/queries.ts'
import { isLive, type Session, toSession } from '../sessions/session.ts'
import { parseContact } from '../users/contact.ts'
import { selectUserWhere, toUser, USER_OF_IDENTIFIER, type UserRow } from '../users/queries.ts'
import type { User } from '../users/user.ts'
import { parseOriginToken } from './origin-token.ts'

export type LoginStatus = {
  user: User
  status: 'pending' | 'verified' | 'expired'
  /** The one that the redemption started, for as long as the ledger keeps the challenge whole: 60 s. */
  session: Session | null
}

/** @param identifierId of the address that the link was sent to, or of the person that it was made for */
export async function loginStatus(
  deps: Deps,
  project: Project,
  { identifierId, originToken, dialect }: { identifierId: string; originToken: string; dialect: Dialect },
): Promise<Result<LoginStatus, Failure>> {
  const unknown = failed({ reason: 'unknown_challenge' })
  const challengeId = await parseOriginToken(deps.keys, project.id, originToken)
  const ref = challengeId && (await parseChallengeId(deps.keys, challengeId))
  if (!ref) return unknown
  const outcome = await askLedger(deps, ref.ledger, { type: 'peek', id: ref.id, project: project.id, link: null })
  if (outcome.is === 'unknown') return unknown
  if (outcome.is !== 'found') return unknownOutcome(outcome)
  if (outcome.record?.dialect !== dialect) return unknown
  const [users, sessions] = await batch(deps.db, [
    selectUserWhere(deps.db, project.id, USER_OF_IDENTIFIER, identifierId),
    selectSession(deps.db, project.id, outcome.sessionId ?? ''),
  ])
  const userRow = users?.rows[0] as UserRow | undefined
  const user = userRow && toUser(userRow)
  if (!user || !isFor(outcome.record, user, identifierId)) return unknown
  const status = statusOf(outcome.status, outcome.redeemedAt, user)
  const row = sessions?.rows[0] as SessionRow | undefined
  const session = row && toSession(deps, row)
  const isTheirs = session?.userId === user.id && user.status === 'ACTIVE'
  const isShown = status === 'verified' && isTheirs && isLive(session, Math.floor(deps.now() / 1000))
  return ok({ user, status, session: isShown ? session : null })
}

/** The address and the token belong together. */
function isFor({ identifier, userId }: ChallengeRecord, user: User, identifierId: string): boolean {
  if (!identifier) return userId === user.id
  const asked = user.identifiers.find(({ id }) => id === identifierId)
  return asked !== undefined && parseContact(asked)?.canonical === identifier.canonical
}

/**
 * Between the ledger's mark and the row in D1 a sign-in is not there yet, nor is its session: whoever is told too early would
 * take it that there is none.
 */
function statusOf(status: ChallengeStatus, redeemedAt: number | null, user: User): LoginStatus['status'] {
  switch (status) {
    case 'redeemed':
      return (user.lastSignInAt ?? 0) >= Math.floor((redeemedAt ?? 0) / 1000) ? 'verified' : 'pending'
    case 'expired':
    case 'superseded':
    case 'cancelled':
      return 'expired'
    default:
      return 'pending'
  }
}
