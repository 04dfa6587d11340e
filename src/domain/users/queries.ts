import type { Identifier, User, UserStatus } from './user.ts'

export type UserRow = {
  id: string
  first_name: string | null
  last_name: string | null
  type: string
  role: string | null
  business_id: string | null
  external_id: string | null
  status: UserStatus
  locale: string | null
  metadata: string
  not_before: number
  created_at: number
  updated_at: number
  last_sign_in_at: number | null
  /** JSON array of IdentifierRow. */
  identifiers: string
}
type IdentifierRow = {
  id: string
  kind: 'email' | 'phone'
  value: string
  verified_at: number | null
  created_at: number
}

/** A user and the identifiers that are still theirs, in one row. */
const USER = `users.id, first_name, last_name, type, role, business_id, external_id, status, locale, metadata, not_before,
  users.created_at, updated_at, last_sign_in_at,
  (SELECT json_group_array(json_object('id', i.id, 'kind', i.kind, 'value', i.value, 'verified_at', i.verified_at,
     'created_at', i.created_at) ORDER BY i.kind)
   FROM identifiers i INDEXED BY identifiers_user WHERE i.project_id = users.project_id AND i.user_id = users.id AND i.released_at IS NULL) AS identifiers`

export function toUser(row: UserRow): User {
  const identifiers: Identifier[] = (JSON.parse(row.identifiers) as IdentifierRow[]).map((identifier) => ({
    id: identifier.id,
    kind: identifier.kind,
    value: identifier.value,
    verifiedAt: identifier.verified_at,
    createdAt: identifier.created_at,
  }))
  return {
    id: row.id,
    firstName: row.first_name,
    lastName: row.last_name,
    type: row.type,
    role: row.role,
    businessId: row.business_id,
    externalId: row.external_id,
    status: row.status,
    locale: row.locale,
    metadata: JSON.parse(row.metadata),
    identifiers,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastSignInAt: row.last_sign_in_at,
  }
}

export const selectUser = (db: D1Database, projectId: string, id: string) =>
  db.prepare(`SELECT ${USER} FROM users WHERE project_id = ? AND users.id = ?`).bind(projectId, id)

export type UserFilter = {
  email?: string | undefined
  phone?: string | undefined
  business_id?: string | undefined
  external_id?: string | undefined
  type?: string | undefined
  role?: string | undefined
  status?: string | undefined
  /** Part of a name or address. */
  q?: string | undefined
}

/** Newest first, from before `beforeId`. */
export function selectUsers(
  db: D1Database,
  projectId: string,
  filter: UserFilter,
  limit: number,
  beforeId: string | null,
) {
  const conditions = ['project_id = ?']
  const values: (string | number)[] = [projectId]
  const where = (sql: string, ...bound: string[]) => {
    conditions.push(sql)
    values.push(...bound)
  }
  const byIdentifier =
    'users.id IN (SELECT user_id FROM identifiers WHERE project_id = ? AND kind = ? AND canonical = ? AND released_at IS NULL)'
  if (beforeId !== null) where('users.id < ?', beforeId)
  if (filter.email !== undefined) where(byIdentifier, projectId, 'email', filter.email)
  if (filter.phone !== undefined) where(byIdentifier, projectId, 'phone', filter.phone)
  if (filter.business_id !== undefined) {
    // A business may be an organization here, named by its id or the application's own: its members are its users too.
    where(
      `(business_id = ? OR users.id IN (SELECT m.user_id FROM organizations o
         JOIN members m ON m.project_id = o.project_id AND m.organization_id = o.id
         WHERE o.project_id = ? AND (o.id = ? OR o.external_id = ?))
        OR business_id IN (SELECT iif(o.id = ?, o.external_id, o.id) FROM organizations o
         WHERE o.project_id = ? AND (o.id = ? OR o.external_id = ?)))`,
      ...[filter.business_id, projectId, filter.business_id, filter.business_id],
      ...[filter.business_id, projectId, filter.business_id, filter.business_id],
    )
  }
  for (const column of ['external_id', 'type', 'role', 'status'] as const) {
    if (filter[column] !== undefined) where(`${column} = ?`, filter[column])
  }
  if (filter.q !== undefined) {
    // Not LIKE: D1 takes no pattern of more than 50 bytes.
    const holds = (column: string) => `instr(lower(${column}), lower(?)) > 0`
    where(
      `(${holds('first_name')} OR ${holds('last_name')} OR users.id IN (SELECT user_id FROM identifiers
        WHERE project_id = ? AND released_at IS NULL AND ${holds('value')}))`,
      filter.q,
      filter.q,
      projectId,
      filter.q,
    )
  }
  const sql = `SELECT ${USER} FROM users WHERE ${conditions.join(' AND ')} ORDER BY users.id DESC LIMIT ?`
  return db.prepare(sql).bind(...values, limit)
}

/** Of one column, or of one of the person's identifiers. */
export type UserCondition =
  | { of: 'user'; column: 'id' | 'status'; values: string[] }
  | { of: 'user'; column: 'created_at'; from: number | null; to: number | null }
  | { of: 'name'; part: string }
  | { of: 'email' | 'phone'; column: 'id' | 'canonical'; values: string[] }
  | { of: 'email' | 'phone'; part: string }
  | { of: 'email' | 'phone'; verified: boolean }
  /** Fits nobody: what it asks for is not kept here. */
  | { of: 'nobody' }
export type UserSearch = { operator: 'AND' | 'OR'; conditions: UserCondition[] }

/** The page from before `beforeId`, newest first, and the number of all. */
export function selectSearchedUsers(
  db: D1Database,
  projectId: string,
  { operator, conditions }: UserSearch,
  limit: number,
  beforeId: string | null,
): D1PreparedStatement[] {
  const parts = conditions.map((condition) => conditionSql(projectId, condition))
  const fits = parts.length === 0 ? '1' : `(${parts.map(({ sql }) => sql).join(` ${operator} `)})`
  const values = parts.flatMap((part) => part.values)
  const before = beforeId === null ? { sql: '', values: [] } : { sql: 'AND users.id < ?', values: [beforeId] }
  return [
    db
      .prepare(
        `SELECT ${USER} FROM users WHERE project_id = ? AND ${fits} ${before.sql} ORDER BY users.id DESC LIMIT ?`,
      )
      .bind(projectId, ...values, ...before.values, limit),
    db.prepare(`SELECT count(*) AS total FROM users WHERE project_id = ? AND ${fits}`).bind(projectId, ...values),
  ]
}

function conditionSql(projectId: string, condition: UserCondition): { sql: string; values: (string | number)[] } {
  const isOneOf = (column: string, values: string[]) => `${column} IN (${values.map(() => '?').join(', ')})`
  // Not LIKE: D1 takes no pattern of more than 50 bytes.
  const holds = (text: string) => `instr(lower(${text}), lower(?)) > 0`
  const byIdentifier = (kind: string, sql: string, values: string[]) => ({
    sql: `users.id IN (SELECT user_id FROM identifiers WHERE project_id = ? AND kind = ? AND released_at IS NULL AND ${sql})`,
    values: [projectId, kind, ...values],
  })
  switch (condition.of) {
    case 'nobody':
      return { sql: '0', values: [] }
    case 'name':
      return { sql: holds("coalesce(first_name, '') || ' ' || coalesce(last_name, '')"), values: [condition.part] }
    case 'user': {
      if (condition.column !== 'created_at')
        return { sql: isOneOf(`users.${condition.column}`, condition.values), values: condition.values }
      const { from, to } = condition
      const sides = [
        ...(from === null ? [] : ['users.created_at >= ?']),
        ...(to === null ? [] : ['users.created_at <= ?']),
      ]
      return { sql: `(${sides.join(' AND ')})`, values: [from, to].filter((side) => side !== null) }
    }
    default:
      if ('part' in condition) return byIdentifier(condition.of, holds('value'), [condition.part])
      if ('verified' in condition)
        return byIdentifier(condition.of, `verified_at IS ${condition.verified ? 'NOT NULL' : 'NULL'}`, [])
      return byIdentifier(condition.of, isOneOf(condition.column, condition.values), condition.values)
  }
}

export type NewUser = {
  projectId: string
  id: string
  firstName: string | null
  lastName: string | null
  type: string
  role: string | null
  businessId: string | null
  externalId: string | null
  status: UserStatus
  locale: string | null
  metadata: string
  /** Milliseconds: links minted earlier, for a former owner of the address, do not bring this user in. */
  notBefore: number
  now: number
}

const USER_COLUMNS = `(project_id, id, first_name, last_name, type, role, business_id, external_id, status, locale, metadata,
  not_before, created_at, updated_at)`

const userValues = (user: NewUser) => [
  user.projectId,
  user.id,
  user.firstName,
  user.lastName,
  user.type,
  user.role,
  user.businessId,
  user.externalId,
  user.status,
  user.locale,
  user.metadata,
  user.notBefore,
  user.now,
]

export const insertUser = (db: D1Database, user: NewUser) =>
  db
    .prepare(`INSERT INTO users ${USER_COLUMNS} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)`)
    .bind(...userValues(user))

/** What is said of somebody whom a send makes a user. */
export type Newcomer = Partial<Pick<NewUser, 'status' | 'firstName' | 'lastName' | 'metadata'>>

/** Somebody of whom only the address is known. @param mintedAt milliseconds */
export const newUser = (projectId: string, id: string, mintedAt: number, now: number): NewUser => ({
  projectId,
  id,
  firstName: null,
  lastName: null,
  type: 'PERSON',
  role: null,
  businessId: null,
  externalId: null,
  status: 'ACTIVE',
  locale: null,
  metadata: '{}',
  notBefore: mintedAt,
  now,
})

/**
 * A first sign-in: the candidate becomes a user, unless the address belongs to somebody or was released after the secret was
 * minted: an older link brings nobody back. Links from before the last owner gave it up stay worthless; those of two sends
 * at once both lead in, whichever of them comes first.
 */
export const insertCandidate = (
  db: D1Database,
  user: NewUser,
  { kind, canonical }: { kind: string; canonical: string },
) =>
  db
    .prepare(
      `INSERT INTO users ${USER_COLUMNS} SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
         min(?12, coalesce((SELECT released_at + 1 FROM identifiers WHERE project_id = ?1 AND kind = ?14 AND canonical = ?15), 0)),
         ?13, ?13
       WHERE NOT EXISTS (SELECT 1 FROM identifiers WHERE project_id = ?1 AND kind = ?14 AND canonical = ?15
         AND (released_at IS NULL OR released_at > ?12))
       ON CONFLICT DO NOTHING`,
    )
    .bind(...userValues(user), kind, canonical)

export type NewIdentifier = {
  projectId: string
  id: string
  userId: string
  kind: 'email' | 'phone'
  canonical: string
  value: string
  now: number
}

const TAKE_OVER_RELEASED = `ON CONFLICT (project_id, kind, canonical) DO UPDATE SET id = excluded.id, user_id = excluded.user_id,
  value = excluded.value, verified_at = NULL, created_at = excluded.created_at, released_at = NULL
  WHERE identifiers.released_at IS NOT NULL`

const INSERT_IDENTIFIER = `INSERT INTO identifiers (project_id, kind, canonical, id, user_id, value, created_at)`

const identifierValues = (identifier: NewIdentifier) => [
  identifier.projectId,
  identifier.kind,
  identifier.canonical,
  identifier.id,
  identifier.userId,
  identifier.value,
  identifier.now,
]

/**
 * Changes no row if the address belongs to somebody else: the caller's batch must then fail, which `requireIdentifier` sees to.
 * Nor if the user is not there: a delete that came in between leaves no address without a person.
 */
export const insertIdentifier = (db: D1Database, identifier: NewIdentifier) =>
  db
    .prepare(
      `${INSERT_IDENTIFIER} SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
       WHERE EXISTS (SELECT 1 FROM users WHERE project_id = ?1 AND id = ?5) ${TAKE_OVER_RELEASED}`,
    )
    .bind(...identifierValues(identifier))

/** The candidate's address, if the candidate became a user in this batch or in an earlier run of it. */
export const insertCandidateIdentifier = insertIdentifier

/** Another spelling of the same address: it stays as verified as it was. */
export const respellIdentifier = (
  db: D1Database,
  projectId: string,
  userId: string,
  { canonical, exact }: { canonical: string; exact: string },
) =>
  db
    .prepare(
      `UPDATE identifiers SET value = ?4 WHERE project_id = ?1 AND kind = 'email' AND canonical = ?2 AND user_id = ?3
         AND released_at IS NULL`,
    )
    .bind(projectId, canonical, userId, exact)

/** Breaks the batch (NOT NULL) when an address is not this user's after all: two who ask for one address, one gets it. */
export const requireIdentifier = (db: D1Database, identifier: NewIdentifier) =>
  db
    .prepare(
      `UPDATE users SET status = (SELECT users.status FROM identifiers WHERE project_id = ?1 AND kind = ?2 AND canonical = ?3
         AND user_id = ?4 AND released_at IS NULL)
       WHERE project_id = ?1 AND id = ?4`,
    )
    .bind(identifier.projectId, identifier.kind, identifier.canonical, identifier.userId)

/** @param releasedAt milliseconds */
export const releaseIdentifiers = (
  db: D1Database,
  projectId: string,
  userId: string,
  kind: string | null,
  releasedAt: number,
) =>
  db
    .prepare(
      `UPDATE identifiers INDEXED BY identifiers_user SET released_at = ?4, value = '' WHERE project_id = ?1 AND user_id = ?2 AND (?3 IS NULL OR kind = ?3)
         AND released_at IS NULL`,
    )
    .bind(projectId, userId, kind, releasedAt)

export type UserChange = Partial<{
  first_name: string | null
  last_name: string | null
  type: string
  role: string | null
  business_id: string | null
  external_id: string | null
  status: UserStatus
  locale: string | null
  metadata: string
  not_before: number
}>

export function updateUser(db: D1Database, projectId: string, id: string, change: UserChange, now: number) {
  const entries = Object.entries({ ...change, updated_at: now })
  const assignments = entries.map(([column]) => `${column} = ?`).join(', ')
  return db
    .prepare(`UPDATE users SET ${assignments} WHERE project_id = ? AND id = ?`)
    .bind(...entries.map(([, value]) => value), projectId, id)
}

export const deleteUser = (db: D1Database, projectId: string, id: string) =>
  db.prepare('DELETE FROM users WHERE project_id = ? AND id = ?').bind(projectId, id)

/** A user named by id, or by an identifier as it stands now. */
export type UserRef = { userId: string } | { kind: 'email' | 'phone'; canonical: string }

/** The reference as SQL; its parameters are numbered from `at`, the project is ?1. */
export function userRef(ref: UserRef, at: number): { sql: string; values: string[] } {
  if ('userId' in ref) return { sql: `?${at}`, values: [ref.userId] }
  return {
    sql: `(SELECT user_id FROM identifiers WHERE project_id = ?1 AND kind = ?${at} AND canonical = ?${at + 1} AND released_at IS NULL)`,
    values: [ref.kind, ref.canonical],
  }
}

/** `idSql` names the id; the project is ?1, its own parameter ?2. */
export const selectUserWhere = (db: D1Database, projectId: string, idSql: string, parameter: string) =>
  db.prepare(`SELECT ${USER} FROM users WHERE project_id = ?1 AND users.id = ${idSql}`).bind(projectId, parameter)

/** The user behind an identifier's id, for `selectUserWhere`. */
export const USER_OF_IDENTIFIER =
  '(SELECT user_id FROM identifiers INDEXED BY identifiers_id WHERE project_id = ?1 AND id = ?2 AND released_at IS NULL)'

/** @param beside columns more, whose parameters are numbered from 2 */
export function selectUserByRef(
  db: D1Database,
  projectId: string,
  ref: UserRef,
  beside?: { sql: string; values: (string | null)[] },
) {
  const more = beside?.values ?? []
  const { sql, values } = userRef(ref, 2 + more.length)
  const columns = beside ? `${USER}, ${beside.sql}` : USER
  return db
    .prepare(`SELECT ${columns} FROM users WHERE project_id = ?1 AND users.id = ${sql}`)
    .bind(projectId, ...more, ...values)
}

/**
 * A redemption activates a pending user. Nothing happens for one who is inactive, or whose outstanding secrets were ended
 * after this one was minted.
 */
export function activateUser(db: D1Database, projectId: string, ref: UserRef, mintedAt: number, now: number) {
  const { sql, values } = userRef(ref, 4)
  return db
    .prepare(
      `UPDATE users SET status = 'ACTIVE', last_sign_in_at = ?3
       WHERE project_id = ?1 AND id = ${sql} AND status IN ('ACTIVE', 'PENDING') AND not_before <= ?2`,
    )
    .bind(projectId, mintedAt, now, ...values)
}

/** A redeemed mail proves the address. Follows `activateUser` in the batch. */
export const verifyIdentifier = (
  db: D1Database,
  projectId: string,
  identifier: { kind: string; canonical: string },
  mintedAt: number,
  now: number,
) =>
  db
    .prepare(
      `UPDATE identifiers SET verified_at = ?5
       WHERE project_id = ?1 AND kind = ?2 AND canonical = ?3 AND released_at IS NULL AND verified_at IS NULL
         AND EXISTS (SELECT 1 FROM users u WHERE u.project_id = ?1 AND u.id = identifiers.user_id AND u.status = 'ACTIVE'
           AND u.not_before <= ?4)`,
    )
    .bind(projectId, identifier.kind, identifier.canonical, mintedAt, now)
