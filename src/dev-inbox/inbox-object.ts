import { DurableObject } from 'cloudflare:workers'
import type { Outage } from './parse.ts'

/**
 * One mail as a provider would have taken it; `to` holds bare addresses. Or one SMS: `to` holds numbers in E.164, and
 * there is neither subject nor HTML.
 */
export type IncomingMail = { from: string; to: string[]; subject: string; text: string; html: string }

export type StoredMail = {
  id: string
  from: string
  to: string
  subject: string
  text: string
  html: string
  ts: number
}

/** What a provider remembers of an `Idempotency-Key`: the same key must come with the same body. */
export type Repeat = { key: string; bodyHash: string }

export type Receipt =
  | { status: 'accepted'; id: string; repeated: boolean }
  | { status: 'conflict' }
  | { status: 'outage'; outage: NonNullable<Outage> }

export type InboxEnv = { ISSUER: string; INBOX: DurableObjectNamespace<Inbox> }

/** There is one inbox. */
export function inboxOf(env: InboxEnv): DurableObjectStub<Inbox> {
  return env.INBOX.getByName('inbox')
}

const MAILS_KEPT = 500
const MAILS_KEPT_MS = 7 * 24 * 60 * 60 * 1000
const KEYS_KEPT_MS = 24 * 60 * 60 * 1000

/** The development inbox: what was sent, in the order in which it came. */
export class Inbox extends DurableObject<InboxEnv> {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: InboxEnv) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS mails (
        ts INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, recipients TEXT NOT NULL,
        subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL
      );
      CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, body_hash TEXT NOT NULL, mail_id TEXT NOT NULL, at INTEGER NOT NULL);
      CREATE INDEX IF NOT EXISTS keys_at ON keys (at);
    `)
  }

  receive(mail: IncomingMail, repeat: Repeat | null): Receipt {
    const outage = this.outage()
    if (outage !== null) return { status: 'outage', outage }
    const now = Date.now()
    this.#forget(now)
    const known = repeat && this.#sql.exec('SELECT body_hash, mail_id FROM keys WHERE key = ?', repeat.key).toArray()[0]
    if (known && known.body_hash !== repeat.bodyHash) return { status: 'conflict' }
    if (known) return { status: 'accepted', id: String(known.mail_id), repeated: true }

    const id = crypto.randomUUID()
    this.#sql.exec(
      'INSERT INTO mails (ts, id, sender, recipients, subject, text, html) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[this.#nextTs(now), id, mail.from, mail.to.join(', '), mail.subject, mail.text, mail.html],
    )
    if (repeat) {
      this.#sql.exec(
        'INSERT INTO keys (key, body_hash, mail_id, at) VALUES (?, ?, ?, ?)',
        repeat.key,
        repeat.bodyHash,
        id,
        now,
      )
    }
    return { status: 'accepted', id, repeated: false }
  }

  /** Oldest first. `to` null: everybody's. */
  list(filter: { to: string | null; after: number }): StoredMail[] {
    this.#forget(Date.now())
    return this.#sql
      .exec<StoredMail>(
        `SELECT id, sender AS "from", recipients AS "to", subject, text, html, ts FROM mails WHERE ${ADDRESSED} AND ts > ?2 ORDER BY ts`,
        filter.to,
        filter.after,
      )
      .toArray()
  }

  /** Newest first, without the HTML: what the page that lists them needs every few seconds. */
  headings(to: string | null): Omit<StoredMail, 'html'>[] {
    this.#forget(Date.now())
    return this.#sql
      .exec<Omit<StoredMail, 'html'>>(
        `SELECT id, sender AS "from", recipients AS "to", subject, text, ts FROM mails WHERE ${ADDRESSED} ORDER BY ts DESC`,
        to,
      )
      .toArray()
  }

  find(id: string): StoredMail | null {
    this.#forget(Date.now())
    return (
      this.#sql
        .exec<StoredMail>(
          'SELECT id, sender AS "from", recipients AS "to", subject, text, html, ts FROM mails WHERE id = ?',
          id,
        )
        .toArray()[0] ?? null
    )
  }

  empty(filter: { to: string | null; after: number }): void {
    this.#sql.exec(`DELETE FROM mails WHERE ${ADDRESSED} AND ts > ?2`, filter.to, filter.after)
  }

  outage(): Outage {
    return this.ctx.storage.kv.get<Outage>('outage') ?? null
  }

  setOutage(outage: Outage): void {
    this.ctx.storage.kv.put('outage', outage)
  }

  /** Never twice the same, never backwards, whatever the clock does and whatever was deleted: `after` relies on it. */
  #nextTs(now: number): number {
    const ts = Math.max(now, (this.ctx.storage.kv.get<number>('last_ts') ?? 0) + 1)
    this.ctx.storage.kv.put('last_ts', ts)
    return ts
  }

  #forget(now: number): void {
    this.#sql.exec('DELETE FROM mails WHERE ts <= ?', now - MAILS_KEPT_MS)
    this.#sql.exec('DELETE FROM mails WHERE ts <= (SELECT ts FROM mails ORDER BY ts DESC LIMIT 1 OFFSET ?)', MAILS_KEPT)
    this.#sql.exec('DELETE FROM keys WHERE at <= ?', now - KEYS_KEPT_MS)
  }
}

// SQLite's lower() folds ASCII alone, which is what mail addresses need. The commas keep `a@b` from finding `aa@b`.
const ADDRESSED = `(?1 IS NULL OR instr(', ' || lower(recipients) || ', ', ', ' || lower(?1) || ', ') > 0)`
