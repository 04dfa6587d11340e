import { type UserRef, userRef } from '../users/queries.ts'

export type OrganizationRow = {
  id: string
  name: string
  external_id: string | null
  metadata: string
  created_at: number
  updated_at: number
}
/** The ids of an organization that is named by its own id, or by the application's; the project is ?1, the name ?2. */
const NAMED = `(SELECT ?2 UNION ALL SELECT id FROM organizations INDEXED BY organizations_external_id
         WHERE project_id = ?1 AND external_id = ?2)`
const ORGANIZATION = 'id, name, external_id, metadata, created_at, updated_at'

/** By its id or by the application's own name for it. */
export const selectOrganization = (db: D1Database, projectId: string, reference: string) =>
  db
    .prepare(
      `SELECT ${ORGANIZATION} FROM organizations WHERE project_id = ?1 AND id IN ${NAMED}
       ORDER BY id = ?2 DESC LIMIT 1`,
    )
    .bind(projectId, reference)

/** Newest first, from before `beforeId`. */
export const selectOrganizations = (
  db: D1Database,
  projectId: string,
  externalId: string | null,
  limit: number,
  beforeId: string | null,
) =>
  db
    .prepare(
      `SELECT ${ORGANIZATION} FROM organizations WHERE project_id = ?1 AND (?2 IS NULL OR external_id = ?2)
         AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?3`,
    )
    .bind(projectId, externalId, limit, beforeId)

export const insertOrganization = (
  db: D1Database,
  projectId: string,
  row: { id: string; name: string; externalId: string | null; metadata: string; now: number },
) =>
  db
    .prepare(
      `INSERT INTO organizations (project_id, id, name, external_id, metadata, created_at, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) RETURNING ${ORGANIZATION}`,
    )
    .bind(projectId, row.id, row.name, row.externalId, row.metadata, row.now)

/** Only what is named, so that two changes at once do not undo one another. */
export function updateOrganization(
  db: D1Database,
  projectId: string,
  id: string,
  change: Partial<Pick<OrganizationRow, 'name' | 'external_id' | 'metadata'>>,
  now: number,
) {
  const entries = Object.entries({ ...change, updated_at: now })
  const assignments = entries.map(([column]) => `${column} = ?`).join(', ')
  return db
    .prepare(`UPDATE organizations SET ${assignments} WHERE project_id = ? AND id = ? RETURNING ${ORGANIZATION}`)
    .bind(...entries.map(([, value]) => value), projectId, id)
}

export const deleteOrganization = (db: D1Database, projectId: string, id: string) =>
  db.prepare('DELETE FROM organizations WHERE project_id = ? AND id = ?').bind(projectId, id)

export type MemberRow = { user_id: string; roles: string; created_at: number; updated_at: number }
const MEMBER = 'user_id, roles, created_at, updated_at'

export const selectMembers = (
  db: D1Database,
  projectId: string,
  organizationId: string,
  limit: number,
  beforeUserId: string | null,
) =>
  db
    .prepare(
      `SELECT ${MEMBER} FROM members WHERE project_id = ?1 AND organization_id = ?2 AND (?4 IS NULL OR user_id < ?4)
       ORDER BY user_id DESC LIMIT ?3`,
    )
    .bind(projectId, organizationId, limit, beforeUserId)

/** Nobody who is not there becomes a member, and of nothing that is not there. */
export const putMember = (
  db: D1Database,
  projectId: string,
  row: { organizationId: string; userId: string; roles: string; now: number },
) =>
  db
    .prepare(
      `INSERT INTO members (project_id, organization_id, user_id, roles, created_at, updated_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?5 WHERE EXISTS (SELECT 1 FROM users WHERE project_id = ?1 AND id = ?3)
         AND EXISTS (SELECT 1 FROM organizations WHERE project_id = ?1 AND id = ?2)
       ON CONFLICT (project_id, organization_id, user_id) DO UPDATE SET roles = excluded.roles, updated_at = excluded.updated_at
       RETURNING ${MEMBER}`,
    )
    .bind(projectId, row.organizationId, row.userId, row.roles, row.now)

export const deleteMember = (db: D1Database, projectId: string, organizationId: string, userId: string) =>
  db
    .prepare('DELETE FROM members WHERE project_id = ? AND organization_id = ? AND user_id = ?')
    .bind(projectId, organizationId, userId)

export const deleteMembers = (db: D1Database, projectId: string, organizationId: string) =>
  db.prepare('DELETE FROM members WHERE project_id = ? AND organization_id = ?').bind(projectId, organizationId)

/** A user who is gone is a member of nothing. */
export const deleteMembershipsOfUser = (db: D1Database, projectId: string, userId: string) =>
  db.prepare('DELETE FROM members INDEXED BY members_user WHERE project_id = ? AND user_id = ?').bind(projectId, userId)

export type MembershipRow = { organization_id: string; name: string; external_id: string | null; roles: string }

const MEMBERSHIP = 'o.id AS organization_id, o.name, o.external_id, m.roles'

/** A user's membership in an organization that is named by its id or external id. */
export function selectMembership(db: D1Database, projectId: string, organization: string, ref: UserRef) {
  const { sql, values } = userRef(ref, 3)
  return db
    .prepare(
      `SELECT ${MEMBERSHIP} FROM organizations o
       CROSS JOIN members m ON m.project_id = ?1 AND m.organization_id = o.id AND m.user_id = ${sql}
       WHERE o.project_id = ?1 AND o.id IN ${NAMED} ORDER BY o.id = ?2 DESC LIMIT 1`,
    )
    .bind(projectId, organization, ...values)
}

/** What a family's tokens say of an organization, as it stands now. */
export const selectMembershipOfFamily = (db: D1Database, projectId: string, familyId: string) =>
  db
    .prepare(
      `SELECT ${MEMBERSHIP} FROM refresh_families f JOIN sessions s ON s.project_id = ?1 AND s.id = f.session_id
       JOIN organizations o ON o.project_id = ?1 AND o.id = json_extract(f.grant_data, '$.organizationId')
       JOIN members m ON m.project_id = ?1 AND m.organization_id = o.id AND m.user_id = s.user_id
       WHERE f.project_id = ?1 AND f.id = ?2`,
    )
    .bind(projectId, familyId)
