/** What time removes. Each statement is bounded, whatever there is. */

/** Rows of every project whose id is from before `beforeId`: ids begin with their time, so no index is needed. */
export const deleteOlder = (
  db: D1Database,
  table: 'messages' | 'events' | 'request_ids',
  beforeId: string,
  limit: number,
) =>
  db
    .prepare(
      `DELETE FROM ${table} WHERE (project_id, id) IN
         (SELECT t.project_id, t.id FROM projects p JOIN ${table} t ON t.project_id = p.id AND t.id < ?1 LIMIT ?2)`,
    )
    .bind(beforeId, limit)

/** A walk over a table that says nowhere when its rows end: so many of them at a time, in the order of the key. */
export type Walk = {
  name: string
  table: string
  key: string[]
  /** SQL: what of a row is over since `?1` (Unix seconds). */
  over: string
}

export const WALKS: Walk[] = [
  {
    name: 'sessions',
    table: 'sessions',
    key: ['project_id', 'id'],
    over: 'coalesce(revoked_at, min(expires_at, last_active_at + idle_ttl)) < ?1',
  },
  {
    name: 'refresh_families',
    table: 'refresh_families',
    key: ['project_id', 'id'],
    // A family whose session is gone refreshes nothing; one that was ended before its session was written has none.
    over: `coalesce(ended_at, 0) BETWEEN 1 AND ?1 OR (ended_at IS NULL AND rotated_at < ?1 * 1000 AND NOT EXISTS (SELECT 1 FROM sessions s
      WHERE s.project_id = refresh_families.project_id AND s.id = refresh_families.session_id))`,
  },
  {
    name: 'identifiers',
    table: 'identifiers',
    key: ['project_id', 'kind', 'canonical'],
    over: 'released_at < ?1 * 1000',
  },
]

export const selectWalk = (db: D1Database, name: string) =>
  db.prepare('SELECT position FROM walks WHERE name = ?').bind(name)

export const putWalk = (db: D1Database, name: string, position: string[] | null) =>
  position === null
    ? db.prepare('DELETE FROM walks WHERE name = ?').bind(name)
    : db
        .prepare('INSERT INTO walks (name, position) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET position = ?2')
        .bind(name, JSON.stringify(position))

/** The last row of the next step; none when fewer are left than a step has. */
export function selectStepEnd(db: D1Database, { table, key }: Walk, from: string[], step: number) {
  const columns = key.join(', ')
  return db
    .prepare(
      `SELECT ${columns} FROM ${table} WHERE (${columns}) > (${key.map(() => '?').join(', ')})
       ORDER BY ${columns} LIMIT 1 OFFSET ?`,
    )
    .bind(...from, step - 1)
}

/** Between two keys, the second included; null: to the end. @param before Unix seconds */
export function deleteStep(
  db: D1Database,
  { table, key, over }: Walk,
  from: string[],
  to: string[] | null,
  before: number,
) {
  const columns = key.join(', ')
  const places = (at: number) => key.map((_, index) => `?${at + index}`).join(', ')
  const until = to === null ? '' : `AND (${columns}) <= (${places(2 + key.length)})`
  return db
    .prepare(`DELETE FROM ${table} WHERE (${columns}) > (${places(2)}) ${until} AND (${over})`)
    .bind(before, ...from, ...(to ?? []))
}
