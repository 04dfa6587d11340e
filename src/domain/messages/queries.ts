import type { TimelineEntry } from './message.ts'

export const MESSAGE_STATUSES = ['pending', 'accepted', 'failed', 'suppressed', 'bounced'] as const
export type MessageStatus = (typeof MESSAGE_STATUSES)[number]

export type NewMessage = {
  projectId: string
  id: string
  challengeId: string | null
  userId: string | null
  identifierId: string | null
  channel: 'email' | 'sms'
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

/** What a suppressed address gets instead of a message: a row that says so. `i` is its identifier. */
const IS_SUPPRESSED = `EXISTS (SELECT 1 FROM suppressions s WHERE s.project_id = i.project_id AND s.canonical = i.canonical)`
const SUPPRESSED_ENTRY = (at: string) =>
  `json_object('at', ${at}, 'event', 'suppressed', 'provider', NULL, 'detail', 'the address bounced or complained before')`

/** To whoever has the address now, if they may sign in; nothing otherwise, and nothing twice. */
export const insertMessageToIdentifier = (
  db: D1Database,
  message: Omit<NewMessage, 'userId' | 'identifierId'>,
  identifier: { kind: string; canonical: string },
) =>
  db
    .prepare(
      `INSERT INTO messages ${COLUMNS}
       SELECT ?1, ?2, ?3, i.user_id, i.id, ?4, ?5, ?6, ?7, iif(${IS_SUPPRESSED}, 'suppressed', 'pending'),
         iif(${IS_SUPPRESSED}, json_insert(?8, '$[#]', ${SUPPRESSED_ENTRY('?13')}), ?8),
         iif(${IS_SUPPRESSED}, NULL, ?9), ?10, iif(${IS_SUPPRESSED}, ?12 * 1000, ?11), ?12, ?13 FROM identifiers i
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
  channel: 'email' | 'sms'
  status: MessageStatus
  timeline: string
  secrets: ArrayBuffer | null
  input: ArrayBuffer | null
  attempts: number
  expires_at: number
  /** The address as it is stored now; null if it is no longer that user's. */
  address: string | null
  user_locale: string | null
}

const MESSAGE = `m.project_id, m.id, m.challenge_id, m.user_id, m.channel, m.status, m.timeline, m.secrets, m.input, m.attempts, m.expires_at,
  (SELECT i.value FROM identifiers i INDEXED BY identifiers_user WHERE i.project_id = m.project_id AND i.user_id = m.user_id AND i.id = m.identifier_id
     AND i.released_at IS NULL) AS address,
  (SELECT u.locale FROM users u WHERE u.project_id = m.project_id AND u.id = m.user_id) AS user_locale`

export const selectMessage = (db: D1Database, projectId: string, id: string) =>
  db.prepare(`SELECT ${MESSAGE} FROM messages m WHERE m.project_id = ? AND m.id = ?`).bind(projectId, id)

/** A resend: everything but the secrets is as in the challenge's newest message. */
export const insertMessageAgain = (
  db: D1Database,
  message: Pick<NewMessage, 'projectId' | 'id' | 'dueAt' | 'expiresAt' | 'now'> & {
    challengeId: string
    secrets: Uint8Array
    /** Milliseconds: when the challenge was minted. */
    mintedAt: number
  },
) =>
  db
    .prepare(
      `INSERT INTO messages ${COLUMNS}
       SELECT m.project_id, ?3, m.challenge_id, m.user_id, m.identifier_id, m.channel, m.to_masked, m.template, m.locale,
         iif(${IS_SUPPRESSED}, 'suppressed', 'pending'),
         iif(${IS_SUPPRESSED}, json_array(${SUPPRESSED_ENTRY('?7')}), json_array(json_object('at', ?7, 'event', 'created',
           'provider', NULL, 'detail', 'resend'))),
         iif(${IS_SUPPRESSED}, NULL, ?4), m.input, iif(${IS_SUPPRESSED}, ?6 * 1000, ?5), ?6, ?7 FROM messages m INDEXED BY messages_challenge
       LEFT JOIN identifiers i INDEXED BY identifiers_user ON i.project_id = m.project_id AND i.user_id = m.user_id AND i.id = m.identifier_id
       WHERE m.project_id = ?1 AND m.challenge_id = ?2 AND m.input IS NOT NULL
         -- Not once the person's outstanding secrets were ended, or the person.
         AND (m.user_id IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.project_id = ?1 AND u.id = m.user_id
           AND u.status <> 'INACTIVE' AND u.not_before <= ?8))
       ORDER BY m.id DESC LIMIT 1
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
      message.mintedAt,
    )

/** What is due in any project, oldest first. @param nowMs milliseconds */
export const selectDueMessages = (db: D1Database, nowMs: number, limit: number) =>
  db
    .prepare(
      `SELECT ${MESSAGE} FROM projects p CROSS JOIN messages m ON m.project_id = p.id AND m.due_at <= ?1
       ORDER BY m.due_at LIMIT ?2`,
    )
    .bind(nowMs, limit)

/** Takes a due message for this run: a second run at the same time finds it taken. */
export const claimMessage = (db: D1Database, projectId: string, id: string, nowMs: number, untilMs: number) =>
  db
    .prepare('UPDATE messages SET due_at = ?4 WHERE project_id = ?1 AND id = ?2 AND due_at <= ?3')
    .bind(projectId, id, nowMs, untilMs)

/**
 * Seconds after it was made: what a message of a challenge that has expired by then was made of is erased by a walk of cron's
 * (domain/retention), which goes through all of them by their ids, so that no entry of `messages_due` need be written for it.
 */
export const INPUT_SECONDS = 3600
export const INPUTS_WALK = 'inputs'

export type MessageUpdate = {
  projectId: string
  id: string
  /** Where it became known only when it was sent (hosted flow). */
  userId: string | null
  /** The one that it was made with; null: as it is. */
  template: string | null
  locale: string | null
  status: MessageStatus
  provider: string | null
  providerId: string | null
  /** JSON: what is added. Something else may have been told of the message in between. */
  attempts: string
  /** Milliseconds: the next attempt, or when the input is to be erased if no walk does it. */
  dueAt: number
}

/** The timeline as it is, and a JSON array of entries behind it. */
const withEntries = (entries: string) =>
  `(SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(timeline) UNION ALL SELECT value FROM json_each(${entries})))`

/** The secrets are erased as soon as nothing will be sent again; a message that is decided already is left alone. */
export const updateMessage = (db: D1Database, update: MessageUpdate) =>
  db
    .prepare(
      // A bounce may be told before we have written down who took the message. The walk does not come back: what is decided
      // when it has passed is erased when it is due.
      `UPDATE messages SET status = CASE WHEN ?3 = 'accepted' AND EXISTS (SELECT 1 FROM json_each(timeline)
           WHERE json_extract(value, '$.event') IN ('bounced', 'complained')) THEN 'bounced' ELSE ?3 END, provider = ?4, provider_id = ?5, timeline = ${withEntries('?6')}, attempts = attempts + 1,
         due_at = CASE WHEN ?3 <> 'pending' AND expires_at - created_at <= ${INPUT_SECONDS}
           AND id > (SELECT position ->> 0 FROM walks WHERE name = '${INPUTS_WALK}') THEN NULL ELSE ?7 END,
         user_id = coalesce(user_id, ?8), template = coalesce(?9, template), locale = coalesce(?10, locale), secrets = CASE WHEN ?3 = 'pending' THEN secrets ELSE NULL END
       WHERE project_id = ?1 AND id = ?2 AND status = 'pending'`,
    )
    .bind(
      update.projectId,
      update.id,
      update.status,
      update.provider,
      update.providerId,
      update.attempts,
      update.dueAt,
      update.userId,
      update.template,
      update.locale,
    )

/** The challenge has expired: nothing is sent or rendered again. */
export const eraseMessage = (db: D1Database, projectId: string, id: string, entries: string) =>
  db
    .prepare(
      `UPDATE messages SET status = CASE WHEN status = 'pending' THEN 'failed' ELSE status END, timeline = ${withEntries('?3')},
         secrets = NULL,
         input = NULL, due_at = NULL
       WHERE project_id = ?1 AND id = ?2`,
    )
    .bind(projectId, id, entries)

/**
 * Something that became known of a message later; changes nothing the second time. At most 50 entries, and some
 * more for what changes the status: a provider that goes on telling must not fill a row.
 * @param status of a message that was accepted; null: as it is
 */
export const appendToTimeline = (
  db: D1Database,
  projectId: string,
  id: string,
  entry: TimelineEntry,
  status: MessageStatus | null,
) =>
  db
    .prepare(
      `UPDATE messages SET timeline = json_insert(timeline, '$[#]', json(?3)),
         status = CASE WHEN status = 'accepted' AND ?4 IS NOT NULL THEN ?4 ELSE status END
       WHERE project_id = ?1 AND id = ?2 AND json_array_length(timeline) < iif(?4 IS NULL, 50, 60)
         AND NOT EXISTS (SELECT 1 FROM json_each(timeline) WHERE value = json(?3))`,
    )
    .bind(projectId, id, JSON.stringify(entry), status)

/** Its link or code was used: said of every message of the challenge, once. What a resend would have rendered is not needed any more. */
export const markMessagesRedeemed = (db: D1Database, projectId: string, challengeIds: string[], at: number) =>
  db
    .prepare(
      `UPDATE messages INDEXED BY messages_challenge SET timeline = json_insert(timeline, '$[#]',
           json_object('at', ?3, 'event', 'redeemed', 'provider', NULL, 'detail', NULL)),
         input = iif(secrets IS NULL, NULL, input), due_at = iif(secrets IS NULL, NULL, due_at)
       WHERE project_id = ?1 AND challenge_id IN (SELECT value FROM json_each(?2))
         AND NOT EXISTS (SELECT 1 FROM json_each(timeline) WHERE json_extract(value, '$.event') = 'redeemed')`,
    )
    .bind(projectId, JSON.stringify(challengeIds), at)

/** As the API shows it. */
export type MessageView = {
  id: string
  challenge_id: string | null
  user_id: string | null
  channel: 'email' | 'sms'
  to_masked: string
  template: string
  locale: string
  status: MessageStatus
  provider: string | null
  provider_id: string | null
  timeline: string
  created_at: number
}
const VIEW = `id, challenge_id, user_id, channel, to_masked, template, locale, status, provider, provider_id, timeline,
  created_at`

export const selectMessageView = (db: D1Database, projectId: string, id: string) =>
  db.prepare(`SELECT ${VIEW} FROM messages WHERE project_id = ? AND id = ?`).bind(projectId, id)

export type MessageFilter = {
  challenge_id?: string | undefined
  user_id?: string | undefined
  channel?: string | undefined
  status?: string | undefined
}

/** Newest first, from before `beforeId`. A user's are found by looking through all: no index that each message would pay for. */
export function selectMessageViews(
  db: D1Database,
  projectId: string,
  filter: MessageFilter,
  limit: number,
  beforeId: string | null,
) {
  const columns = (['challenge_id', 'user_id', 'channel', 'status'] as const).filter(
    (name) => filter[name] !== undefined,
  )
  const index = filter.challenge_id === undefined ? '' : 'INDEXED BY messages_challenge'
  const conditions = ['project_id = ?', ...columns.map((name) => `${name} = ?`), ...(beforeId ? ['id < ?'] : [])]
  return db
    .prepare(`SELECT ${VIEW} FROM messages ${index} WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`)
    .bind(projectId, ...columns.map((name) => filter[name] ?? null), ...(beforeId ? [beforeId] : []), limit)
}

/** The project's templates for the newest message of a challenge: under its name, or under any of a sign-in's. */
export const selectTemplatesOfChallenge = (
  db: D1Database,
  projectId: string,
  challengeId: string,
  projectLocale: string,
) =>
  db
    .prepare(
      `SELECT t.name, t.locale, t.subject, t.html, t.text, t.created_at, t.updated_at FROM templates t
       JOIN (SELECT template, locale, (SELECT lower(substr(u.locale, 1, 2)) FROM users u WHERE u.project_id = ?1
           AND u.id = user_id) AS reads FROM messages INDEXED BY messages_challenge WHERE project_id = ?1 AND challenge_id = ?2 ORDER BY id DESC LIMIT 1) newest
       WHERE t.project_id = ?1 AND (t.locale IN (newest.locale, ?3) OR substr(t.locale, 1, 2) = newest.reads)
         AND (t.name = newest.template OR (newest.template IN (SELECT value FROM json_each(?4)) AND t.name IN (SELECT value FROM json_each(?4))))`,
    )
    .bind(projectId, challengeId, projectLocale, JSON.stringify(['sign_in', 'sign_up', 'code', 'login_link']))

/**
 * `overdue`: cron should have taken them five minutes ago; more than none means that it does not run or cannot keep up. What
 * its walk has not looked at counts once for a project.
 * @param sinceId the id that a message of the moment would have from which failed ones are counted
 * @param walkedId the same of the moment until which the walk should have come
 */
export const selectHealth = (db: D1Database, nowMs: number, sinceId: string, walkedId: string) =>
  db
    .prepare(
      `SELECT
         (SELECT COUNT(*) FROM projects p CROSS JOIN messages m ON m.project_id = p.id AND m.due_at <= ?1 - 300000)
           + (SELECT COUNT(*) FROM projects p WHERE EXISTS (SELECT 1 FROM messages m WHERE m.project_id = p.id
             AND m.id > (SELECT position ->> 0 FROM walks WHERE name = '${INPUTS_WALK}') AND m.id <= ?3)) AS overdue,
         (SELECT COUNT(*) FROM projects p CROSS JOIN messages m ON m.project_id = p.id AND m.id >= ?2 AND m.status = 'failed')
           AS delivery_failed`,
    )
    .bind(nowMs, sinceId, walkedId)
