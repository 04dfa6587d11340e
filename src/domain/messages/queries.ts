export type MessageStatus = 'pending' | 'accepted' | 'failed' | 'suppressed' | 'bounced'

export type NewMessage = {
  projectId: string
  id: string
  challengeId: string | null
  userId: string | null
  identifierId: string | null
  channel: 'email'
  toMasked: string
  template: string
  locale: string
  /** JSON of what happened before. */
  timeline: string
  secrets: Uint8Array | null
  input: Uint8Array
  /** Milliseconds. */
  dueAt: number
  /** Unix seconds. */
  expiresAt: number
  now: number
}

const COLUMNS = `(project_id, id, challenge_id, user_id, identifier_id, channel, to_masked, template, locale, status, timeline,
  secrets, input, due_at, expires_at, created_at)`

/** Once for an id: an asking page that is sent again stores one. */
export const insertMessage = (db: D1Database, message: NewMessage) =>
  db
    .prepare(
      `INSERT INTO messages ${COLUMNS} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(
      message.projectId,
      message.id,
      message.challengeId,
      message.userId,
      message.identifierId,
      message.channel,
      message.toMasked,
      message.template,
      message.locale,
      message.timeline,
      message.secrets,
      message.input,
      message.dueAt,
      message.expiresAt,
      message.now,
    )

/** To whoever has the address now, if they may sign in; nothing otherwise, and nothing twice. */
export const insertMessageToIdentifier = (
  db: D1Database,
  message: Omit<NewMessage, 'userId' | 'identifierId'>,
  identifier: { kind: string; canonical: string },
) =>
  db
    .prepare(
      `INSERT INTO messages ${COLUMNS}
       SELECT ?1, ?2, ?3, i.user_id, i.id, ?4, ?5, ?6, ?7, 'pending', ?8, ?9, ?10, ?11, ?12, ?13 FROM identifiers i
       JOIN users u ON u.project_id = ?1 AND u.id = i.user_id AND u.status <> 'INACTIVE'
       WHERE i.project_id = ?1 AND i.kind = ?14 AND i.canonical = ?15 AND i.released_at IS NULL
       ON CONFLICT (project_id, id) DO NOTHING`,
    )
    .bind(
      message.projectId,
      message.id,
      message.challengeId,
      message.channel,
      message.toMasked,
      message.template,
      message.locale,
      message.timeline,
      message.secrets,
      message.input,
      message.dueAt,
      message.expiresAt,
      message.now,
      identifier.kind,
      identifier.canonical,
    )

export type MessageRow = {
  project_id: string
  id: string
  challenge_id: string | null
  user_id: string | null
  status: MessageStatus
  timeline: string
  secrets: ArrayBuffer | null
  input: ArrayBuffer | null
  attempts: number
  expires_at: number
  /** The address as it is stored now; null if it is no longer that user's. */
  address: string | null
}

const MESSAGE = `m.project_id, m.id, m.challenge_id, m.user_id, m.status, m.timeline, m.secrets, m.input, m.attempts, m.expires_at,
  (SELECT i.value FROM identifiers i WHERE i.project_id = m.project_id AND i.user_id = m.user_id AND i.id = m.identifier_id
     AND i.released_at IS NULL) AS address`

export const selectMessage = (db: D1Database, projectId: string, id: string) =>
  db.prepare(`SELECT ${MESSAGE} FROM messages m WHERE m.project_id = ? AND m.id = ?`).bind(projectId, id)

/** A resend: everything but the secrets is as in the challenge's newest message. */
export const insertMessageAgain = (
  db: D1Database,
  message: Pick<NewMessage, 'projectId' | 'id' | 'dueAt' | 'expiresAt' | 'now'> & {
    challengeId: string
    secrets: Uint8Array
  },
) =>
  db
    .prepare(
      `INSERT INTO messages ${COLUMNS}
       SELECT m.project_id, ?3, m.challenge_id, m.user_id, m.identifier_id, m.channel, m.to_masked, m.template, m.locale, 'pending',
         '[]', ?4, m.input, ?5, ?6, ?7 FROM messages m
       WHERE m.project_id = ?1 AND m.challenge_id = ?2 AND m.input IS NOT NULL ORDER BY m.id DESC LIMIT 1
       ON CONFLICT (project_id, id) DO NOTHING`,
    )
    .bind(
      message.projectId,
      message.challengeId,
      message.id,
      message.secrets,
      message.dueAt,
      message.expiresAt,
      message.now,
    )

/** What is due in any project, oldest first. @param nowMs milliseconds */
export const selectDueMessages = (db: D1Database, nowMs: number, limit: number) =>
  db
    .prepare(
      `SELECT ${MESSAGE} FROM projects p JOIN messages m ON m.project_id = p.id AND m.due_at <= ?1
       ORDER BY m.due_at LIMIT ?2`,
    )
    .bind(nowMs, limit)

/** Takes a due message for this run: a second run at the same time finds it taken. */
export const claimMessage = (db: D1Database, projectId: string, id: string, nowMs: number, untilMs: number) =>
  db
    .prepare('UPDATE messages SET due_at = ?4 WHERE project_id = ?1 AND id = ?2 AND due_at <= ?3')
    .bind(projectId, id, nowMs, untilMs)

export type MessageUpdate = {
  projectId: string
  id: string
  status: MessageStatus
  provider: string | null
  providerId: string | null
  timeline: string
  /** Milliseconds. */
  dueAt: number
}

/** The secrets are erased as soon as nothing will be sent again; a message that is decided already is left alone. */
export const updateMessage = (db: D1Database, update: MessageUpdate) =>
  db
    .prepare(
      `UPDATE messages SET status = ?3, provider = ?4, provider_id = ?5, timeline = ?6, due_at = ?7, attempts = attempts + 1,
         secrets = CASE WHEN ?3 = 'pending' THEN secrets ELSE NULL END
       WHERE project_id = ?1 AND id = ?2 AND status = 'pending'`,
    )
    .bind(update.projectId, update.id, update.status, update.provider, update.providerId, update.timeline, update.dueAt)

/** The challenge has expired: nothing is sent or rendered again. */
export const eraseMessage = (db: D1Database, projectId: string, id: string, timeline: string) =>
  db
    .prepare(
      `UPDATE messages SET status = CASE WHEN status = 'pending' THEN 'failed' ELSE status END, timeline = ?3, secrets = NULL,
         input = NULL, due_at = NULL
       WHERE project_id = ?1 AND id = ?2`,
    )
    .bind(projectId, id, timeline)

/** Messages that cron should have taken five minutes ago: more than none means that cron does not run or cannot keep up. */
export const selectHealth = (db: D1Database, nowMs: number) =>
  db
    .prepare(
      'SELECT COUNT(*) AS overdue FROM projects p JOIN messages m ON m.project_id = p.id AND m.due_at <= ?1 - 300000',
    )
    .bind(nowMs)
