export type ApiKeyRow = {
  project_id: string
  id: string
  name: string
  prefix: string
  hash: string
  scopes: string
  created_at: number
  last_used_at: number | null
  expires_at: number | null
  revoked_at: number | null
}

export const selectApiKey = (db: D1Database, projectId: string, id: string) =>
  db.prepare('SELECT * FROM api_keys WHERE project_id = ? AND id = ?').bind(projectId, id)

/** Newest first, from before `beforeId`. */
export const selectApiKeys = (db: D1Database, projectId: string, limit: number, beforeId: string | null) =>
  db
    .prepare('SELECT * FROM api_keys WHERE project_id = ?1 AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?2')
    .bind(projectId, limit, beforeId)

export const insertApiKey = (db: D1Database, key: ApiKeyRow) =>
  db
    .prepare(
      `INSERT INTO api_keys (project_id, id, name, prefix, hash, scopes, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(key.project_id, key.id, key.name, key.prefix, key.hash, key.scopes, key.created_at, key.expires_at)

export const revokeApiKey = (db: D1Database, projectId: string, id: string, now: number) =>
  db
    .prepare('UPDATE api_keys SET revoked_at = ?3 WHERE project_id = ?1 AND id = ?2 AND revoked_at IS NULL')
    .bind(projectId, id, now)

export const touchApiKey = (db: D1Database, projectId: string, id: string, now: number) =>
  db.prepare('UPDATE api_keys SET last_used_at = ?3 WHERE project_id = ?1 AND id = ?2').bind(projectId, id, now)
