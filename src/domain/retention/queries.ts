/** What time removes. Each statement is bounded, whatever there is. */

import { INPUTS_WALK } from '../messages/queries.ts'

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

/** When the oldest message between two ids was made, the second included, in Unix seconds. */
export const selectNextMessage = (db: D1Database, from: string, to: string) =>
  db
    .prepare(
      `SELECT min((SELECT m.created_at FROM messages m WHERE m.project_id = p.id AND m.id > ?1 AND m.id <= ?2
         ORDER BY m.id LIMIT 1)) AS at FROM projects p`,
    )
    .bind(from, to)

/** Between two ids in every project, the second included. What is due has a time of its own. */
export const eraseInputs = (db: D1Database, from: string, to: string) =>
  db
    .prepare(
      `UPDATE messages SET input = NULL WHERE (project_id, id) IN
         (SELECT m.project_id, m.id FROM projects p CROSS JOIN messages m ON m.project_id = p.id AND m.id > ?1 AND m.id <= ?2
          WHERE m.due_at IS NULL AND m.input IS NOT NULL)`,
    )
    .bind(from, to)

/** Only from where it was: `updateMessage` leaves to the walk what is ahead of it. @param from null: it has never begun */
export const moveInputsWalk = (db: D1Database, from: string | null, to: string) =>
  db
    .prepare(
      `INSERT INTO walks (name, position) VALUES ('${INPUTS_WALK}', json_array(?2))
       ON CONFLICT (name) DO UPDATE SET position = json_array(?2) WHERE position ->> 0 = ?1`,
    )
    .bind(from, to)
