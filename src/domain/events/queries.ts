/** The audit trail: written in the same batch as the change it tells of. */

export type EventType =
  | 'user.created'
  | 'user.updated'
  | 'user.deleted'
  | 'session.started'
  | 'session.joined'
  | 'session.revoked'
  | 'refresh.reused'
  | 'grant.reused'
  | 'api_key.created'
  | 'api_key.revoked'
  | 'client.created'
  | 'client.updated'
  | 'client.deleted'
  | 'project.created'
  | 'project.updated'
  | 'project.deleted'
  | 'message.failed'

export type EventInput = {
  projectId: string
  id: string
  type: EventType
  userId: string | null
  /** Ids and names only: never an address, a secret or a text of a person. */
  data: Record<string, string | number | boolean | null>
  /** Unix seconds. */
  now: number
}

export const insertEvent = (db: D1Database, event: EventInput) =>
  db
    .prepare('INSERT INTO events (project_id, id, type, user_id, data, created_at) VALUES (?, ?, ?, ?, ?, ?)')
    .bind(event.projectId, event.id, event.type, event.userId, JSON.stringify(event.data), event.now)

/** Written only if the statement just before it in the batch changed a row: a replay tells nothing twice. */
export const insertEventIfChanged = (db: D1Database, event: EventInput) =>
  db
    .prepare(
      `INSERT INTO events (project_id, id, type, user_id, data, created_at)
       SELECT ?, ?, ?, ?, ?, ? WHERE changes() > 0`,
    )
    .bind(event.projectId, event.id, event.type, event.userId, JSON.stringify(event.data), event.now)
