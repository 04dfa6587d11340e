export type SuppressionReason = 'bounced' | 'complained' | 'manual'

export type SuppressionRow = {
  id: string
  address: string
  reason: SuppressionReason
  provider: string | null
  detail: string | null
  message_id: string | null
  created_at: number
}

const SUPPRESSION = 'id, address, reason, provider, detail, message_id, created_at'

export const selectSuppression = (db: D1Database, projectId: string, canonical: string) =>
  db
    .prepare(`SELECT ${SUPPRESSION} FROM suppressions WHERE project_id = ? AND canonical = ?`)
    .bind(projectId, canonical)

/** Newest first, from before `beforeId`. */
export const selectSuppressions = (db: D1Database, projectId: string, limit: number, beforeId: string | null) =>
  db
    .prepare(
      `SELECT ${SUPPRESSION} FROM suppressions WHERE project_id = ?1 AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?2`,
    )
    .bind(projectId, limit, beforeId)

export type NewSuppression = Omit<SuppressionRow, 'created_at'> & { projectId: string; canonical: string; now: number }

const valuesOf = (row: NewSuppression) => [
  row.projectId,
  row.canonical,
  row.id,
  row.address,
  row.reason,
  row.provider,
  row.detail,
  row.message_id,
  row.now,
]

/** The first reason stands. */
export const insertSuppression = (db: D1Database, row: NewSuppression) =>
  db
    .prepare(
      `INSERT INTO suppressions (project_id, canonical, id, address, reason, provider, detail, message_id, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(...valuesOf(row))

/**
 * Only for a message that we sent (a provider's account may carry other mail than ours), and only when this is told of it for the
 * first time: once an operator has lifted it, the same report again does not bring it back.
 */
export const insertSuppressionOfMessage = (db: D1Database, row: NewSuppression & { message_id: string }) =>
  db
    .prepare(
      `INSERT INTO suppressions (project_id, canonical, id, address, reason, provider, detail, message_id, created_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM messages WHERE project_id = ?1 AND id = ?8
         AND NOT EXISTS (SELECT 1 FROM json_each(timeline) WHERE json_extract(value, '$.event') = ?5
           AND json_extract(value, '$.provider') = ?6))
       ON CONFLICT DO NOTHING`,
    )
    .bind(...valuesOf(row))

export const deleteSuppression = (db: D1Database, projectId: string, canonical: string) =>
  db.prepare('DELETE FROM suppressions WHERE project_id = ? AND canonical = ?').bind(projectId, canonical)
