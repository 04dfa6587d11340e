/** What a crash round plays in: the built Worker on one folder of data, a provider that takes its mail, and a clock for the kill. */

import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundle, type Call, type Reply, startWorkerd, type Workerd, workerdConfig, wrangler } from './built-worker.ts'

const KILL_WITHIN_MS = 40
/** Of wrangler.toml. */
const DATABASE_ID = '00000000-0000-0000-0000-000000000000'
const HOST = 'localhost:8787'
const ORIGIN = `http://${HOST}`
const KEY = 'lk_root_crash_crash_crash_crash_crash_crash'
const VARIABLES = {
  ISSUER: ORIGIN,
  LATCHKEY_SECRET: 'crash-secret-crash-secret-crash-secret-0001',
  LATCHKEY_ROOT_KEY: KEY,
  MAIL_PROVIDERS: 'resend',
  MAIL_FROM: 'Latchkey <sign-in@latchkey.test>',
  RESEND_API_KEY: 're_crash',
}

export interface CrashWorld {
  origin: string
  folder: string
  /** From 0 to 1, by the round's seed. */
  random(): number
  ask(call: Call): Promise<Reply>
  /** With the root key: POST with a body, else GET. */
  api(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** With the root key. */
  remove(path: string): Promise<Reply>
  patch(path: string, body: unknown): Promise<Reply>
  /** Starts all of them, kills the Worker at a random moment (before, around, or after the first answers), and starts it again. */
  storm(calls: (() => Promise<void>)[]): Promise<void>
  crash(): Promise<void>
  /** The links in all mails to this address. */
  linksTo(email: string): string[]
  /** Everything there is in the schema of a folder's database, and which migrations it has. */
  schemaOf(persistTo: string): Promise<string[]>
  /** Milliseconds, each until the first answer. */
  restarts: number[]
  migratedBytes: number
  /** How much of each storm was over when the Worker was killed, from 0 to 1. */
  storms: number[]
  seed(value: number): void
  close(): Promise<void>
}

export async function crashWorld(): Promise<CrashWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-crash-'))
  const mail = await provider()
  let worker: Workerd | undefined
  const close = async () => {
    await worker?.kill()
    mail.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const script = await bundle(join(folder, 'bundle'), ['--env=', '--minify'])
    const migrated = await migrate(folder).ended
    if (migrated.code !== 0) throw new Error(`The migrations could not be applied:\n${migrated.output}`)
    const migratedBytes = await databaseBytes(folder)
    const config = await workerdConfig(folder, {
      name: 'latchkey',
      modules: [{ type: 'ESModule', path: join(script, 'index.js') }],
      modulesRoot: script,
      resourcePersistencePath: join(folder, 'v3'),
      bindings: VARIABLES,
      d1Databases: { DB: DATABASE_ID },
      kvNamespaces: { CODES: 'codes' },
      durableObjects: { LEDGER: { className: 'Ledger', useSQLite: true } },
      serviceBindings: { MAIL: { external: { address: mail.address, http: {} } } },
    })
    worker = await startWorkerd(config, HOST)
    let random = mulberry32(0)
    const restarts: number[] = []
    const storms: number[] = []
    // How long the first answer takes on this machine: around then, somebody has won whom nobody has told.
    let firstAnswerMs = KILL_WITHIN_MS
    const ask = (call: Call) => worker?.ask(call) ?? Promise.reject(new Error('no worker'))
    const crash = async () => {
      await worker?.kill()
      const begin = performance.now()
      worker = await startWorkerd(config, HOST)
      await ask({ path: '/healthz' })
      restarts.push(performance.now() - begin)
    }
    return {
      origin: ORIGIN,
      folder,
      random: () => random(),
      seed(value) {
        random = mulberry32(value)
      },
      ask,
      api: (path, body, headers = {}) => ask({ path, body, headers: { 'x-api-key': KEY, ...headers } }),
      remove: (path) => ask({ method: 'DELETE', path, headers: { 'x-api-key': KEY } }),
      patch: (path, body) => ask({ method: 'PATCH', path, body, headers: { 'x-api-key': KEY } }),
      async storm(calls) {
        let over = 0
        let isKilled = false
        const begin = performance.now()
        const running = Promise.all(
          calls.map((call) =>
            call().finally(() => {
              over += 1
              if (over === 1 && !isKilled) firstAnswerMs = (firstAnswerMs + performance.now() - begin) / 2
            }),
          ),
        )
        // What goes wrong in one of them is heard below, when the Worker runs again.
        running.catch(() => {})
        const choice = random()
        if (choice < 0.4) await sleep(random() * KILL_WITHIN_MS)
        else if (choice < 0.75) await sleep(random() * 2 * firstAnswerMs)
        else for (const some = Math.ceil(random() * calls.length); over < some; ) await sleep(1)
        storms.push(over / calls.length)
        isKilled = true
        await crash()
        await running
      },
      crash,
      linksTo: mail.linksTo,
      schemaOf,
      restarts,
      migratedBytes,
      storms,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** As `npm run dev` migrates. */
export const migrate = (persistTo: string) =>
  wrangler(['d1', 'migrations', 'apply', 'DB', '--local', '--env', 'dev', '--persist-to', persistTo])

/** The file of the D1 database under a folder, once it is there. */
async function databaseFile(persistTo: string): Promise<string | null> {
  const directory = join(persistTo, 'v3/d1/miniflare-D1DatabaseObject')
  const files = await readdir(directory).catch(() => [])
  const file = files.find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  return file === undefined ? null : join(directory, file)
}

/** What a folder's database and its log have grown to. */
export async function databaseBytes(persistTo: string): Promise<number> {
  const file = await databaseFile(persistTo)
  if (file === null) return 0
  const sizes = [file, `${file}-wal`].map((name) =>
    stat(name)
      .then(({ size }) => size)
      .catch(() => 0),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size)
}

async function schemaOf(persistTo: string): Promise<string[]> {
  const file = await databaseFile(persistTo)
  if (file === null) return []
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const read = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => JSON.stringify(row))
    const schema = read(
      "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY type, name",
    )
    const isMigrated = schema.some((row) => row.includes('"d1_migrations"'))
    return [
      ...read('PRAGMA integrity_check'),
      ...schema,
      ...(isMigrated ? read('SELECT name FROM d1_migrations ORDER BY id') : []),
    ]
  } finally {
    database.close()
  }
}

/** Takes every mail as Resend would. */
async function provider() {
  const links = new Map<string, string[]>()
  const server = createServer((request, answer) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { to, text } = JSON.parse(body) as { to: string[]; text: string }
      const found = text.match(/http:\S+\/auth\/magic-link\?code=[\w-]+/g) ?? []
      for (const address of to) links.set(address, [...(links.get(address) ?? []), ...found])
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ id: crypto.randomUUID() }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    address: `127.0.0.1:${address.port}`,
    linksTo: (email: string) => links.get(email) ?? [],
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A small generator with a seed, so that a round's choices can be made again. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
