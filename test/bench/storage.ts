/** What is on disk before anything is measured: made once, copied, and filled through SQLite while nobody has it open. */

import { copyFileSync, cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ROOT } from './bundle.ts'
import { CALLBACK, expectStatus, JSON_TYPE } from './contestants.ts'
import { startWorker } from './server.ts'

export const VARIABLES = {
  ISSUER: 'https://sign-in.example.com',
  LATCHKEY_SECRET: 'only-for-the-bench-only-for-the-bench-only',
  LATCHKEY_ROOT_KEY: 'lk_root_only_for_the_bench_only_for_the_bench',
  MAIL_PROVIDERS: 'resend',
  MAIL_FROM: 'bench@example.com',
  RESEND_API_KEY: 'bench',
}
const ROOT_HEADERS = { 'x-api-key': VARIABLES.LATCHKEY_ROOT_KEY, ...JSON_TYPE }
const SEND_LIMITS = { per_minute: 100_000, per_15_minutes: 100_000, per_day: 100_000 }
const SCOPES = ['passwordless:send', 'passwordless:verify', 'sessions:read']

/** One file for each object; `metadata.sqlite` beside them is workerd's list of alarms. */
const objectFiles = (folder: string): string[] =>
  globSync(join(folder, '*.sqlite')).filter((path) => !path.endsWith('metadata.sqlite'))

export function openDatabase(folder: string): DatabaseSync {
  const [path] = objectFiles(join(folder, 'd1/*'))
  if (path === undefined) throw new Error('D1 has no file')
  return new DatabaseSync(path)
}

/** Everything into the one file, so that it can be copied. */
export function closeDatabase(database: DatabaseSync): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

/** A migrated Latchkey with one project, wide limits and a key. @returns the API key */
export async function makeLatchkeyStorage(folder: string, script: string, mail: string): Promise<string> {
  const options = { script, persistTo: folder, variables: VARIABLES, hasLedger: true, mail }
  const unmigrated = await startWorker(options)
  await unmigrated.ask({ path: '/healthz' })
  await unmigrated.stop()
  const database = openDatabase(folder)
  for (const name of readdirSync(join(ROOT, 'migrations')).toSorted()) {
    database.exec(readFileSync(join(ROOT, 'migrations', name), 'utf8'))
  }
  closeDatabase(database)

  const server = await startWorker(options)
  const settings = { send_limits: SEND_LIMITS, redirect_uris: [CALLBACK] }
  const patch = { method: 'PATCH', path: '/v1/project', headers: ROOT_HEADERS, body: JSON.stringify(settings) }
  expectStatus(await server.ask(patch), 200, 'PATCH /v1/project')
  const body = JSON.stringify({ name: 'bench', scopes: SCOPES })
  const made = await server.ask({ method: 'POST', path: '/v1/api_keys', headers: ROOT_HEADERS, body })
  expectStatus(made, 201, 'POST /v1/api_keys')
  await server.stop()
  return JSON.parse(made.body).key
}

/** `folder` as it is now, elsewhere. */
export function copyStorage(from: string, to: string): string {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  return to
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** As our ids look, in ascending order as they are made. */
function idOf(prefix: string, n: number): string {
  let text = ''
  for (let rest = n; text.length < 8; rest = Math.floor(rest / 62)) text = ALPHABET[rest % 62] + text
  return `${prefix}_3MRtBmTjkMHWa6Mqsvu${text}`
}

/** People who have signed in before. @param from number of the first, since ids must differ */
export function insertLatchkeyUsers(folder: string, addresses: Iterable<string>, from = 0): void {
  const database = openDatabase(folder)
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN')
  const { id: project } = database.prepare('SELECT id FROM projects').get() as { id: string }
  const user = database.prepare(
    `INSERT INTO users (project_id, id, type, status, metadata, created_at, updated_at, last_sign_in_at)
     VALUES (?, ?, 'PERSON', 'ACTIVE', '{}', 1790000000, 1790000000, 1790000000)`,
  )
  const identifier = database.prepare(
    `INSERT INTO identifiers (project_id, kind, canonical, id, user_id, value, verified_at, created_at)
     VALUES (?, 'email', ?, ?, ?, ?, 1790000000, 1790000000)`,
  )
  let n = from
  for (const address of addresses) {
    const userId = idOf('user', n)
    user.run(project, userId)
    identifier.run(project, address, idOf('email', n), userId, address)
    n += 1
  }
  database.exec('COMMIT')
  closeDatabase(database)
}

export function insertBetterAuthUsers(database: DatabaseSync, addresses: Iterable<string>): void {
  database.exec('BEGIN')
  const user = database.prepare(
    `INSERT INTO "user" (id, name, email, emailVerified, createdAt, updatedAt) VALUES (?, '', ?, 1, ?, ?)`,
  )
  const then = '2026-09-01T00:00:00.000Z'
  let n = 0
  for (const address of addresses) user.run(`u${String(n++).padStart(31, '0')}`, address, then, then)
  database.exec('COMMIT')
  closeDatabase(database)
}

/**
 * As if so many people had been sent something a moment ago: for each a ledger with its document and its alarm, the copy in KV
 * and the message's row. Made from one that Latchkey itself has sent.
 */
export function insertLiveChallenges(folder: string, ledgers: { name: string; id: string }[]): void {
  const [ledger] = objectFiles(join(folder, 'do/*'))
  const [codes] = objectFiles(join(folder, 'kv/*'))
  if (!ledger || !codes) throw new Error('nothing was sent')
  checkpoint(ledger)
  const alarms = new DatabaseSync(join(dirname(ledger), 'metadata.sqlite'))
  alarms.exec('PRAGMA synchronous = OFF; BEGIN')
  const alarm = alarms.prepare(
    'INSERT INTO _cf_ALARM (actor_id, scheduled_time, actor_name) SELECT ?, scheduled_time, ? FROM _cf_ALARM LIMIT 1',
  )
  for (const { name, id } of ledgers) {
    copyFileSync(ledger, join(dirname(ledger), `${id}.sqlite`))
    alarm.run(id, name)
  }
  alarms.exec('COMMIT')
  closeDatabase(alarms)
  const numbers = 'WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)'
  const kv = new DatabaseSync(codes)
  kv.prepare(
    `${numbers} INSERT INTO _mf_entries (key, blob_id, expiration, metadata)
     SELECT 'link:bench-' || n, blob_id, expiration, metadata FROM numbers, (SELECT * FROM _mf_entries LIMIT 1)`,
  ).run(ledgers.length)
  closeDatabase(kv)
  const database = openDatabase(folder)
  const columns = (database.prepare('PRAGMA table_info(messages)').all() as { name: string }[]).map(({ name }) => name)
  const values = columns.map((name) =>
    name === 'id' ? `'msg_' || printf('%027d', n)` : name === 'challenge_id' ? `challenge_id || n` : name,
  )
  database
    .prepare(
      `${numbers} INSERT INTO messages (${columns}) SELECT ${values} FROM numbers, (SELECT * FROM messages LIMIT 1)`,
    )
    .run(ledgers.length)
  closeDatabase(database)
}

function checkpoint(path: string): void {
  closeDatabase(new DatabaseSync(path))
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
}

/** How many rows each table has: to see that two did the same. */
export function countRows(folder: string): Record<string, number> {
  const database = openDatabase(folder)
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'`,
    )
    .all() as { name: string }[]
  const counts = tables.map(({ name }) => {
    const { count } = database.prepare(`SELECT count(*) AS count FROM "${name}"`).get() as { count: number }
    return [name, count] as const
  })
  database.close()
  return { ...Object.fromEntries(counts), ledgers: objectFiles(join(folder, 'do/*')).length }
}

export function makeFolder(...parts: string[]): string {
  const folder = join(...parts)
  mkdirSync(folder, { recursive: true })
  return folder
}
