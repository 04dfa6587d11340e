/** What a token stands on: its grant (the family), the session and the user, as they are now. */

import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { type Membership, toMembership } from '../organizations/organization.ts'
import { type MembershipRow, selectMembershipOfFamily } from '../organizations/queries.ts'
import type { Project } from '../projects/project.ts'
import { selectUserWhere, toUser, type UserRow } from '../users/queries.ts'
import type { User } from '../users/user.ts'
import { type FamilyRow, type SessionRow, selectFamily, selectSessionOfFamily, USER_OF_FAMILY } from './queries.ts'
import { isLive, type Session, toSession } from './session.ts'
import type { GrantData } from './tokens.ts'

export type LiveGrant = {
  family: FamilyRow
  grant: GrantData
  session: Session
  user: User
  membership: Membership | null
}

/** Null once one of them was ended. One D1 call. */
export async function liveGrant(deps: Deps, project: Project, familyId: string): Promise<LiveGrant | null> {
  const [families, sessions, users, memberships] = await batch(deps.db, [
    selectFamily(deps.db, project.id, familyId),
    selectSessionOfFamily(deps.db, project.id, familyId),
    selectUserWhere(deps.db, project.id, USER_OF_FAMILY, familyId),
    selectMembershipOfFamily(deps.db, project.id, familyId),
  ])
  const family = families?.rows[0] as FamilyRow | undefined
  const sessionRow = sessions?.rows[0] as SessionRow | undefined
  const userRow = users?.rows[0] as UserRow | undefined
  if (!family || family.ended_at !== null || !sessionRow || userRow?.status !== 'ACTIVE') return null
  const session = toSession(deps, sessionRow)
  if (!isLive(session, Math.floor(deps.now() / 1000))) return null
  const grant = JSON.parse(family.grant_data) as GrantData
  const membershipRow = memberships?.rows[0] as MembershipRow | undefined
  // Somebody who left the organization has no token of it any more.
  if (grant.organizationId && !membershipRow) return null
  return {
    family,
    grant,
    session,
    user: toUser(userRow),
    membership: membershipRow ? toMembership(membershipRow) : null,
  }
}
