export type ProjectRow = {
  id: string
  first: number | null
  name: string
  settings: string
  route_key: ArrayBuffer
  created_at: number
  updated_at: number
  deleted_at: number | null
}

export type NewProject = { id: string; name: string; settings: string; routeKey: Uint8Array; now: number }

export const selectFirstProject = (db: D1Database) => db.prepare('SELECT * FROM projects WHERE first = 1')

export const selectProject = (db: D1Database, id: string) =>
  db.prepare('SELECT * FROM projects WHERE id = ? AND deleted_at IS NULL').bind(id)

/** Newest first, from before `beforeId`. */
export const selectProjects = (db: D1Database, limit: number, beforeId: string | null) =>
  db
    .prepare('SELECT * FROM projects WHERE deleted_at IS NULL AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?1')
    .bind(limit, beforeId)

export const insertProject = (db: D1Database, row: NewProject) =>
  db
    .prepare(
      `INSERT INTO projects (id, name, settings, route_key, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)`,
    )
    .bind(row.id, row.name, row.settings, row.routeKey, row.now)

/** Two first starts at once: one row, whichever came first. */
export const insertFirstProject = (db: D1Database, row: NewProject) =>
  db
    .prepare(
      `INSERT INTO projects (id, first, name, settings, route_key, created_at, updated_at)
       VALUES (?1, 1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING`,
    )
    .bind(row.id, row.name, row.settings, row.routeKey, row.now)

/** Only over the version that was read: two patches at once cannot undo each other. */
export const updateProject = (
  db: D1Database,
  row: { id: string; name: string; settings: string; now: number; readSettings: string; readName: string },
) =>
  db
    .prepare(
      `UPDATE projects SET name = ?2, settings = ?3, updated_at = ?4
       WHERE id = ?1 AND settings = ?5 AND name = ?6 RETURNING *`,
    )
    .bind(row.id, row.name, row.settings, row.now, row.readSettings, row.readName)

/** Gone for every reader, with what it held; never the first one. */
export const markProjectDeleted = (db: D1Database, id: string, now: number) =>
  db
    .prepare(
      `UPDATE projects SET deleted_at = ?2, updated_at = ?2, name = '', settings = '{}', route_key = x''
       WHERE id = ?1 AND first IS NULL AND deleted_at IS NULL`,
    )
    .bind(id, now)

export const selectDeletedProjects = (db: D1Database, limit: number) =>
  db.prepare('SELECT id, deleted_at FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT ?').bind(limit)

export const removeDeletedProject = (db: D1Database, id: string) =>
  db.prepare('DELETE FROM projects WHERE id = ? AND deleted_at IS NOT NULL').bind(id)

/** Every table with rows of a project, and what names a row within it. A test compares it with the schema. */
export const TABLES_OF_A_PROJECT: Record<string, string> = {
  // Whoever could still write goes first.
  api_keys: 'id',
  clients: 'id',
  users: 'id',
  identifiers: 'kind, canonical',
  sessions: 'id',
  refresh_families: 'id',
  signing_keys: 'alg, generation',
  community_keys: 'project_id',
  request_ids: 'id',
  organizations: 'id',
  members: 'organization_id, user_id',
  messages: 'id',
  suppressions: 'canonical',
  templates: 'name, locale',
  events: 'id',
}

/** At most `limit` rows of each table. */
export const deleteRowsOfProject = (db: D1Database, projectId: string, limit: number) =>
  Object.entries(TABLES_OF_A_PROJECT).map(([table, key]) =>
    db
      .prepare(
        `DELETE FROM ${table} WHERE project_id = ?1
         AND (${key}) IN (SELECT ${key} FROM ${table} WHERE project_id = ?1 LIMIT ?2)`,
      )
      .bind(projectId, limit),
  )
