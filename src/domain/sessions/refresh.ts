/** Refresh with rotation: one D1 batch decides, so that two at once, a retry and a restart all find the same answer. */

import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { deliverStored } from '../messages/deliver.ts'
import { noticeMessage } from '../messages/message.ts'
import { insertMessage } from '../messages/queries.ts'
import { toMembership } from '../organizations/organization.ts'
import { type MembershipRow, selectMembershipOfFamily } from '../organizations/queries.ts'
import type { Project } from '../projects/project.ts'
import { selectUserWhere, toUser, type UserRow } from '../users/queries.ts'
import { identifierOf, type User } from '../users/user.ts'
import {
  endReusedFamily,
  type FamilyRow,
  rotateFamily,
  type SessionRow,
  selectFamily,
  selectSessionOfFamily,
  touchSessionIfChanged,
  USER_OF_FAMILY,
} from './queries.ts'
import { parseRefreshToken } from './refresh-token.ts'
import { isLive, toSession } from './session.ts'
import { type GrantData, issueTokens, type TokenClient, type Tokens } from './tokens.ts'

/** A client that did not hear the answer asks again: for so long the previous token brings the same successor. */
export const GRACE_MS = 10_000

/** Every refusal is one to the caller (RFC 6749 §5.2, invalid_grant). */
export async function refresh(
  deps: Deps,
  project: Project,
  client: TokenClient,
  token: string,
): Promise<Result<{ tokens: Tokens; sessionId: string }, { reason: 'invalid_grant' }>> {
  const refused = { ok: false, error: { reason: 'invalid_grant' } } as const
  const parsed = await parseRefreshToken(deps.keys, token)
  if (!parsed) return refused
  const { familyId, generation } = parsed
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const presented = { projectId: project.id, familyId, clientId: client.id, generation, nowMs, graceMs: GRACE_MS }
  const eventId = newId('evt', now, deps.randomBytes(16))
  const event = { projectId: project.id, id: eventId, userId: null, data: { family: familyId }, now }
  const results = await batch(deps.db, [
    rotateFamily(deps.db, presented),
    touchSessionIfChanged(deps.db, project.id, familyId, now),
    endReusedFamily(deps.db, presented),
    insertEventIfChanged(deps.db, { ...event, type: 'refresh.reused' }),
    selectFamily(deps.db, project.id, familyId),
    selectSessionOfFamily(deps.db, project.id, familyId),
    selectUserWhere(deps.db, project.id, USER_OF_FAMILY, familyId),
    selectMembershipOfFamily(deps.db, project.id, familyId),
  ])
  const family = results[4]?.rows[0] as FamilyRow | undefined
  const sessionRow = results[5]?.rows[0] as SessionRow | undefined
  const userRow = results[6]?.rows[0] as UserRow | undefined
  if (results[2]?.changes && userRow) deps.after(tellOwner(deps, project, toUser(userRow)))
  if (!family || !sessionRow || !userRow) return refused
  const session = toSession(deps, sessionRow)
  const isSuccessor = family.generation === generation + 1 && nowMs - family.rotated_at < GRACE_MS
  const belongs = family.client_id === client.id && family.ended_at === null
  if (!isSuccessor || !belongs || !isLive(session, now) || userRow.status !== 'ACTIVE') return refused
  const grant = JSON.parse(family.grant_data) as GrantData
  const membershipRow = results[7]?.rows[0] as MembershipRow | undefined
  if (grant.organizationId && !membershipRow) return refused
  const user = toUser(userRow)
  const tokens = await issueTokens(deps, project, {
    user,
    session,
    familyId,
    generation: family.generation,
    client,
    grant,
    membership: membershipRow ? toMembership(membershipRow) : null,
  })
  return ok({ tokens, sessionId: session.id })
}

/** Two places hold what keeps this person signed in: a fault of the application, or a thief. They should hear of it. */
async function tellOwner(deps: Deps, project: Project, user: User): Promise<void> {
  const email = identifierOf(user, 'email')
  if (!email || user.status !== 'ACTIVE') return
  const notice = await noticeMessage(deps, project, user, 'sign_in_ended', email.value)
  await batch(deps.db, [insertMessage(deps.db, notice)])
  await deliverStored(deps, project.id, notice.id)
}
