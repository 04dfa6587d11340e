/** The audit trail: written in the same batch as the change it tells of. */

export const EVENT_TYPES = [
  'user.created',
  'user.updated',
  'user.deleted',
  'session.started',
  'session.joined',
  'session.revoked',
  'refresh.reused',
  'grant.reused',
  'api_key.created',
  'api_key.revoked',
  'client.created',
  'client.updated',
  'client.deleted',
  'project.created',
  'project.updated',
  'project.deleted',
  'message.delivery_failed',
  'message.bounced',
  'message.complained',
  'suppression.created',
  'suppression.deleted',
  'organization.created',
  'organization.updated',
  'organization.deleted',
  'member.updated',
  'member.deleted',
  'template.updated',
  'template.deleted',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

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

/** The same, told of the person of a session: who that is, the batch knows and the caller does not. */
export const insertSessionEventIfChanged = (db: D1Database, event: Omit<EventInput, 'userId'>, sessionId: string) =>
  db
    .prepare(
      `INSERT INTO events (project_id, id, type, user_id, data, created_at)
       SELECT ?1, ?2, ?3, (SELECT user_id FROM sessions WHERE project_id = ?1 AND id = ?6), ?4, ?5 WHERE changes() > 0`,
    )
    .bind(event.projectId, event.id, event.type, JSON.stringify(event.data), event.now, sessionId)

export type EventRow = { id: string; type: EventType; user_id: string | null; data: string; created_at: number }

/** Newest first, from before `beforeId`. */
export function selectEvents(
  db: D1Database,
  projectId: string,
  filter: { type?: string | undefined; user_id?: string | undefined },
  limit: number,
  beforeId: string | null,
) {
  const columns = (['type', 'user_id'] as const).filter((name) => filter[name] !== undefined)
  const conditions = ['project_id = ?', ...columns.map((name) => `${name} = ?`), ...(beforeId ? ['id < ?'] : [])]
  return db
    .prepare(
      `SELECT id, type, user_id, data, created_at FROM events WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`,
    )
    .bind(projectId, ...columns.map((name) => filter[name] ?? null), ...(beforeId ? [beforeId] : []), limit)
}
