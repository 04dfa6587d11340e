import { selectUserByRef, type UserRef, type UserRow, userRef } from '../users/queries.ts'

export type SessionRow = {
  id: string
  user_id: string
  client_id: string | null
  organization_id: string | null
  amr: string
  ip: string | null
  user_agent: string | null
  created_at: number
  last_active_at: number
  idle_ttl: number
  expires_at: number
  revoked_at: number | null
  cookie_hash: string | null
}

export type FamilyRow = {
  id: string
  session_id: string
  client_id: string
  grant_data: string
  generation: number
  rotated_at: number
  ended_at: number | null
}

/** One that still signs in; `now` is the parameter with this number. */
const live = (now: string, table = 'sessions') =>
  `${table}.revoked_at IS NULL AND ${table}.expires_at > ${now} AND ${table}.last_active_at + ${table}.idle_ttl > ${now}`

export type NewSession = {
  projectId: string
  id: string
  clientId: string | null
  organizationId: string | null
  amr: string[]
  ip: string | null
  userAgent: string | null
  now: number
  idleTtl: number
  expiresAt: number
  /** Milliseconds. */
  mintedAt: number
  /** A test identity: its code is known to many. */
  onlyWithoutRole: boolean
  cookieHash: string | null
}

/** Nothing unless the user may sign in with a secret of that moment; once for a session id, whoever asks again. */
export function insertSession(db: D1Database, session: NewSession, ref: UserRef) {
  const { sql, values } = userRef(ref, 14)
  return db
    .prepare(
      `INSERT INTO sessions (project_id, id, user_id, client_id, amr, ip, user_agent, created_at, last_active_at, idle_ttl, expires_at,
         cookie_hash, organization_id)
       SELECT ?1, ?2, users.id, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?12, ?13 FROM users
       WHERE project_id = ?1 AND users.id = ${sql} AND status = 'ACTIVE' AND not_before <= ?10
         AND (?11 = 0 OR role IS NULL)
       ON CONFLICT (project_id, id) DO NOTHING`,
    )
    .bind(
      session.projectId,
      session.id,
      session.clientId,
      JSON.stringify(session.amr),
      session.ip,
      session.userAgent,
      session.now,
      session.idleTtl,
      session.expiresAt,
      session.mintedAt,
      session.onlyWithoutRole ? 1 : 0,
      session.cookieHash,
      session.organizationId,
      ...values,
    )
}

export type JoinedSession = Pick<NewSession, 'projectId' | 'id' | 'amr' | 'now' | 'mintedAt' | 'onlyWithoutRole'> & {
  lifetime: number | null
}

/** A session lasts so long from now on, unless it lasts longer already; NULL: as it did. */
const extended = (now: string, lifetime: string) =>
  `expires_at = max(expires_at, ${now} + coalesce(${lifetime}, 0)), idle_ttl = max(idle_ttl, coalesce(${lifetime}, 0))`

/** A further proof of the same person, under the same conditions as a new session; no row where one is not met. */
export function joinSession(db: D1Database, session: JoinedSession, ref: UserRef) {
  const { sql, values } = userRef(ref, 8)
  return db
    .prepare(
      `UPDATE sessions SET last_active_at = ?4, ${extended('?4', '?7')}, amr = (SELECT json_group_array(value) FROM
           (SELECT value FROM json_each(sessions.amr) UNION SELECT value FROM json_each(?3)))
       WHERE project_id = ?1 AND id = ?2 AND ${live('?4')}
         AND user_id = (SELECT users.id FROM users WHERE project_id = ?1 AND users.id = ${sql} AND status = 'ACTIVE'
           AND not_before <= ?5 AND (?6 = 0 OR role IS NULL))`,
    )
    .bind(
      session.projectId,
      session.id,
      JSON.stringify(session.amr),
      session.now,
      session.mintedAt,
      session.onlyWithoutRole ? 1 : 0,
      session.lifetime,
      ...values,
    )
}

/** Using a session keeps it, and may make it last longer; no row where it is not live, or its person is not active. */
export const keepSession = (db: D1Database, projectId: string, id: string, lifetime: number | null, now: number) =>
  db
    .prepare(
      `UPDATE sessions SET last_active_at = ?3, ${extended('?3', '?4')}
       WHERE project_id = ?1 AND id = ?2 AND ${live('?3')}
         AND EXISTS (SELECT 1 FROM users u WHERE u.project_id = ?1 AND u.id = sessions.user_id AND u.status = 'ACTIVE')`,
    )
    .bind(projectId, id, now, lifetime)

export const selectSession = (db: D1Database, projectId: string, id: string) =>
  db.prepare('SELECT * FROM sessions WHERE project_id = ? AND id = ?').bind(projectId, id)

/** `session` and `family`: JSON of their rows, null where there is none. */
export type StartedRow = UserRow & { session: string | null; family: string | null }

const SESSION_COLUMNS = `id user_id client_id organization_id amr ip user_agent created_at last_active_at idle_ttl expires_at
  revoked_at cookie_hash`
const FAMILY_COLUMNS = 'id session_id client_id grant_data generation rotated_at ended_at'
const rowAsJson = (columns: string) => `json_object(${columns.split(/\s+/).map((name) => `'${name}', ${name}`)})`

/** A person, a session and a family of theirs: one row, since each statement of a batch takes time of its own. */
export const selectStarted = (
  db: D1Database,
  projectId: string,
  ref: UserRef,
  { sessionId, familyId }: { sessionId: string; familyId: string | null },
) =>
  selectUserByRef(db, projectId, ref, {
    sql: `(SELECT ${rowAsJson(SESSION_COLUMNS)} FROM sessions WHERE project_id = ?1 AND id = ?2) AS session,
      (SELECT ${rowAsJson(FAMILY_COLUMNS)} FROM refresh_families WHERE project_id = ?1 AND id = ?3) AS family`,
    values: [sessionId, familyId],
  })

/** Live ones, newest first. */
export const selectSessionsOfUser = (
  db: D1Database,
  projectId: string,
  userId: string,
  { now, since, limit, beforeId }: { now: number; since: number; limit: number; beforeId: string | null },
) =>
  db
    .prepare(
      `SELECT * FROM sessions INDEXED BY sessions_user WHERE project_id = ?1 AND user_id = ?2 AND ${live('?3')} AND (?5 IS NULL OR id < ?5) AND created_at >= ?6
       ORDER BY id DESC LIMIT ?4`,
    )
    .bind(projectId, userId, now, limit, beforeId, since)

export const revokeSession = (db: D1Database, projectId: string, id: string, now: number) =>
  db
    .prepare('UPDATE sessions SET revoked_at = ?3 WHERE project_id = ?1 AND id = ?2 AND revoked_at IS NULL')
    .bind(projectId, id, now)

export const revokeSessionsOfUser = (db: D1Database, projectId: string, userId: string, now: number) =>
  db
    .prepare(
      'UPDATE sessions INDEXED BY sessions_user SET revoked_at = ?3 WHERE project_id = ?1 AND user_id = ?2 AND revoked_at IS NULL',
    )
    .bind(projectId, userId, now)

export type NewFamily = {
  projectId: string
  id: string
  sessionId: string
  clientId: string
  grantData: string
  /** Milliseconds. */
  now: number
}

/** For a session that is live; once for an id, so that a replayed exchange finds the family it opened. */
export const insertFamily = (db: D1Database, family: NewFamily) =>
  db
    .prepare(
      `INSERT INTO refresh_families (project_id, id, session_id, client_id, grant_data, generation, rotated_at)
       SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6 WHERE EXISTS (SELECT 1 FROM sessions WHERE project_id = ?1 AND id = ?3 AND ${live('?7')})
       ON CONFLICT (project_id, id) DO NOTHING`,
    )
    .bind(
      family.projectId,
      family.id,
      family.sessionId,
      family.clientId,
      family.grantData,
      family.now,
      Math.floor(family.now / 1000),
    )

export const selectFamily = (db: D1Database, projectId: string, id: string) =>
  db.prepare('SELECT * FROM refresh_families WHERE project_id = ? AND id = ?').bind(projectId, id)

export type Refresh = {
  projectId: string
  familyId: string
  clientId: string
  generation: number
  nowMs: number
  graceMs: number
}

/** The next generation, if the presented one is the newest and everything behind it is live. */
export const rotateFamily = (db: D1Database, refresh: Refresh) =>
  db
    .prepare(
      `UPDATE refresh_families SET generation = generation + 1, rotated_at = ?5
       WHERE project_id = ?1 AND id = ?2 AND client_id = ?3 AND generation = ?4 AND ended_at IS NULL
         AND EXISTS (SELECT 1 FROM sessions JOIN users u ON u.project_id = ?1 AND u.id = sessions.user_id AND u.status = 'ACTIVE'
           WHERE sessions.project_id = ?1 AND sessions.id = refresh_families.session_id AND ${live('?6')}
             -- Somebody who left the organization refreshes nothing of it, and uses nothing up.
             AND (json_extract(grant_data, '$.organizationId') IS NULL OR EXISTS (SELECT 1 FROM members m
               WHERE m.project_id = ?1 AND m.user_id = u.id AND m.organization_id = json_extract(grant_data, '$.organizationId'))))`,
    )
    .bind(
      refresh.projectId,
      refresh.familyId,
      refresh.clientId,
      refresh.generation,
      refresh.nowMs,
      Math.floor(refresh.nowMs / 1000),
    )

/** Directly after `rotateFamily` in the batch: using a session keeps it. */
export const touchSessionIfChanged = (db: D1Database, projectId: string, familyId: string, now: number) =>
  db
    .prepare(
      `UPDATE sessions SET last_active_at = ?3
       WHERE changes() > 0 AND project_id = ?1
         AND id = (SELECT session_id FROM refresh_families WHERE project_id = ?1 AND id = ?2)`,
    )
    .bind(projectId, familyId, now)

/** An old generation: somebody has a token that was used up (RFC 9700 §4.14.2). A retry within the grace is not that. */
export const endReusedFamily = (db: D1Database, refresh: Refresh) =>
  db
    .prepare(
      `UPDATE refresh_families SET ended_at = ?7
       WHERE project_id = ?1 AND id = ?2 AND client_id = ?3 AND ended_at IS NULL
         AND (generation > ?4 + 1 OR (generation = ?4 + 1 AND rotated_at <= ?5 - ?6))`,
    )
    .bind(
      refresh.projectId,
      refresh.familyId,
      refresh.clientId,
      refresh.generation,
      refresh.nowMs,
      refresh.graceMs,
      Math.floor(refresh.nowMs / 1000),
    )

/** Also where the family is not written yet: the exchange that was first finds it ended. */
export const endFamily = (db: D1Database, projectId: string, id: string, now: number) =>
  db
    .prepare(
      `INSERT INTO refresh_families (project_id, id, session_id, client_id, grant_data, generation, rotated_at, ended_at)
       VALUES (?1, ?2, '', '', '{}', 0, 0, ?3)
       ON CONFLICT (project_id, id) DO UPDATE SET ended_at = excluded.ended_at WHERE refresh_families.ended_at IS NULL`,
    )
    .bind(projectId, id, now)

/** Only for the client that it was given to. */
export const endFamilyOfClient = (db: D1Database, projectId: string, id: string, clientId: string, now: number) =>
  db
    .prepare(
      'UPDATE refresh_families SET ended_at = ?4 WHERE project_id = ?1 AND id = ?2 AND client_id = ?3 AND ended_at IS NULL',
    )
    .bind(projectId, id, clientId, now)

export const selectSessionOfFamily = (db: D1Database, projectId: string, familyId: string) =>
  db
    .prepare(
      'SELECT * FROM sessions WHERE project_id = ?1 AND id = (SELECT session_id FROM refresh_families WHERE project_id = ?1 AND id = ?2)',
    )
    .bind(projectId, familyId)

/** The user behind a session, for `selectUserWhere`. */
export const USER_OF_SESSION = '(SELECT user_id FROM sessions WHERE project_id = ?1 AND id = ?2)'

/** The user behind a family, for `selectUserWhere`. */
export const USER_OF_FAMILY = `(SELECT s.user_id FROM refresh_families f JOIN sessions s ON s.project_id = ?1 AND s.id = f.session_id
  WHERE f.project_id = ?1 AND f.id = ?2)`
