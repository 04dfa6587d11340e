import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of lend-servers.ts. */
    lender: string
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const START_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 10_000
const MAIL_WITHIN_MS = 10_000

export interface InboxMessage {
  id: string
  to: string
  from: string
  subject: string
  text: string
  html: string
  links: string[]
  code: string | null
  /** Milliseconds, strictly increasing. */
  ts: number
}

export interface DevInbox {
  /** Newest last. `after` is exclusive. */
  messages(to?: string, after?: number): Promise<InboxMessage[]>
  /** The first mail to this address after `after`, as soon as it is there. */
  next(to: string, after?: number): Promise<InboxMessage>
  /** Lets the inbox fail like a provider; null heals it. */
  outage(status: 500 | 429 | 'timeout' | null): Promise<void>
}

/** An answer's JSON; a test names the fields it expects. */
export type Json = any

export interface DevServer {
  url: URL
  /** The development key: the root key of .dev.vars. */
  key: string
  inbox: DevInbox
  origin: string
  port: number
  /** A call with the development key: POST with a body, else GET; the answer's JSON, whatever its status. */
  api(path: string, body?: unknown, headers?: Record<string, string>): Promise<Json>
  /** Ends it as Ctrl-C does, and removes its data unless the caller said where to keep it. A borrowed one is given back. */
  stop(): Promise<void>
  /** Everything that it printed so far. */
  output(): Promise<string>
}

export interface OwnDevServer extends DevServer {
  /** Sends the signal to every process of the server at once, and waits until they are gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/**
 * A development server for one file at a time, of those that run as long as the tests do (lend-servers.ts): a start takes ten
 * seconds of a processor. Settings and inbox are as at first; the people and clients of files before are still there.
 */
export async function borrowDevServer(): Promise<DevServer> {
  const lender = inject('lender')
  const lent = await fetch(lender, { method: 'POST' })
  if (!lent.ok) throw new Error(`No server: ${await lent.text()}`)
  const { origin, key } = (await lent.json()) as { origin: string; key: string }
  const its = new URL(`?${new URLSearchParams({ origin })}`, lender)
  return {
    ...callsTo(new URL(origin), key),
    output: async () => (await fetch(its)).text(),
    async stop() {
      await fetch(its, { method: 'DELETE' })
    },
  }
}

/** `npm run dev` as a person runs it: its own processes, a free port, and data of its own. */
export async function startDevServer(options: { persistTo?: string; port?: number } = {}): Promise<OwnDevServer> {
  const persistTo = options.persistTo ?? (await mkdtemp(join(tmpdir(), 'latchkey-dev-')))
  const port = options.port ?? (await freePort())
  const args = [join(ROOT, 'src/cli/dev.ts'), '--port', String(port), '--persist-to', persistTo]
  // A process group of its own, so that a signal can reach all of it and nothing else.
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const killGroup = () => signalGroup(child, 'SIGKILL')
  process.on('exit', killGroup)
  const closed = once(child, 'close').then(() => {
    process.off('exit', killGroup)
  })

  const url = new URL(`http://localhost:${port}`)
  if (!(await started(url, child))) {
    killGroup()
    await closed
    throw new Error(`The development server did not start:\n${output}`)
  }
  const key = parseEnv(await readFile(join(ROOT, '.dev.vars'), 'utf8')).LATCHKEY_ROOT_KEY ?? ''
  return {
    ...callsTo(url, key),
    output: async () => output,
    async kill(signal) {
      signalGroup(child, signal)
      await closed
    },
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(killGroup, STOP_WITHIN_MS)
      await closed
      clearTimeout(late)
      if (options.persistTo === undefined) await rm(persistTo, { recursive: true, force: true })
    },
  }
}

function callsTo(url: URL, key: string): Omit<DevServer, 'stop' | 'output'> {
  return {
    url,
    key,
    inbox: inboxAt(url),
    origin: url.origin,
    port: Number(url.port),
    async api(path, body, headers = {}) {
      const answer = await fetch(new URL(path, url), {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-api-key': key,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return (await answer.json()) as Json
    },
  }
}

/** Whether it answered in time. */
async function started(url: URL, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_WITHIN_MS
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    try {
      const answer = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(5_000) })
      await answer.body?.cancel()
      return true
    } catch {
      await sleep(100)
    }
  }
  return false
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group is gone already.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function inboxAt(url: URL): DevInbox {
  const messages = async (to = '', after = 0): Promise<InboxMessage[]> => {
    const query = new URLSearchParams({ to, after: String(after) })
    const answer = await fetch(new URL(`/dev/inbox/messages?${query}`, url))
    if (!answer.ok) throw new Error(`The inbox answered ${answer.status}: ${await answer.text()}`)
    return ((await answer.json()) as { messages: InboxMessage[] }).messages
  }
  return {
    messages,
    async next(to, after) {
      const deadline = Date.now() + MAIL_WITHIN_MS
      while (Date.now() < deadline) {
        const [first] = await messages(to, after)
        if (first) return first
        await sleep(50)
      }
      throw new Error(`No mail to ${to} within ${MAIL_WITHIN_MS} ms.`)
    },
    async outage(status) {
      const answer = await fetch(new URL('/dev/inbox/outage', url), { method: 'PUT', body: JSON.stringify({ status }) })
      if (!answer.ok) throw new Error(`The inbox answered ${answer.status}: ${await answer.text()}`)
    },
  }
}
