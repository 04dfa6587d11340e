/** `npm run dev`: secrets, migrations, wrangler dev with the inbox, and a clock for cron. */

import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { writeAssets } from './assets.ts'
import { ensureVars } from './dev-vars.ts'
import { family, killAll } from './family.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WRANGLER = resolve(ROOT, 'node_modules/wrangler/bin/wrangler.js')

const CRON_EVERY_MS = 60_000
const ORPHAN_CHECK_MS = 500
const STOP_WITHIN_MS = 5_000
/** Time for the rest of an error message after its first line. */
const BUILD_ERROR_MS = 500

const HELP = `Starts Latchkey on this machine, with an inbox for its mail.

  npm run dev -- [--port N] [--persist-to DIR] [options of wrangler dev]

  --port N          the port to listen on (8787)
  --persist-to DIR  where the data is kept (.wrangler/state)
  --help            this text
`

type Options = { port: number; persistTo: string; rest: string[] }

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const { port } = options
  if (await isTaken(port)) fail(`Port ${port} is in use. Take another one: npm run dev -- --port ${port + 1}`)
  await writeAssets()
  const rootKey = ensureVars(resolve(ROOT, '.dev.vars'))
  migrate(options.persistTo)
  const issuer = `http://localhost:${port}`
  const wrangler = start(issuer, options)
  await answers(issuer)
  wrangler.speak(welcome(issuer, rootKey))
  for (;;) {
    await sleep(CRON_EVERY_MS)
    await cron(issuer)
  }
}

function readOptions(args: string[]): Options {
  // npm runs this in the project's folder and says where the person was.
  const from = process.env.INIT_CWD ?? '.'
  const options: Options = { port: 8787, persistTo: resolve(ROOT, '.wrangler/state'), rest: [] }
  const queue = args.flatMap((arg) => /^(--port|--persist-to)=(.*)$/s.exec(arg)?.slice(1) ?? [arg])
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--help' || arg === '-h') {
      process.stdout.write(HELP)
      process.exit(0)
    } else if (arg === '--port') {
      options.port = Number(queue.shift())
    } else if (arg === '--persist-to') {
      const directory = queue.shift()
      if (!directory) fail('--persist-to needs a directory.')
      options.persistTo = resolve(from, directory)
    } else {
      options.rest.push(arg)
    }
  }
  const { port } = options
  if (!Number.isInteger(port) || port < 1 || port > 65_535) fail('--port needs a number from 1 to 65535.')
  return options
}

async function isTaken(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen({ port, host, exclusive: true })
    const error = await once(server, 'listening').then(
      () => undefined,
      (reason: NodeJS.ErrnoException) => reason,
    )
    await new Promise((closed) => server.close(closed))
    if (error?.code === 'EADDRINUSE') return true
    if (error?.code === 'EACCES') fail(`Port ${port} needs more rights than yours. Take another one with --port.`)
    // Anything else: this machine has no such address, so wrangler does not listen there either.
  }
  return false
}

/** wrangler dev does not do this by itself. */
function migrate(persistTo: string): void {
  const args = [WRANGLER, 'd1', 'migrations', 'apply', 'DB', '--local', '--env', 'dev', '--persist-to', persistTo]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  if (status === 0) return
  process.stderr.write(`${stdout}${stderr}\n`)
  fail('The migrations could not be applied.')
}

type Wrangler = { speak(first: string): void }

function start(issuer: string, { port, persistTo, rest }: Options): Wrangler {
  const args = [
    ...[WRANGLER, 'dev', '--env', 'dev', '--port', `${port}`, '--persist-to', persistTo, '--var', `ISSUER:${issuer}`],
    // Two servers that start together both take the inspector's usual port, and one of them dies of it.
    ...(rest.some((arg) => arg.startsWith('--inspector-port')) ? [] : ['--inspector-port', '0']),
    ...['--show-interactive-dev-session=false', '--test-scheduled', ...rest],
  ]
  // In this process group and not in one of its own: whoever kills the group leaves nothing behind.
  const child = spawn(process.execPath, args, { cwd: ROOT, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = relay(child)
  let stopping: Promise<void> | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping ??= stop(child)
    })
  }
  // A signal to npm ends npm's shell and does not reach this program, which would go on unseen.
  const parent = process.ppid
  setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent) stopping ??= stop(child)
  }, ORPHAN_CHECK_MS)
  process.on('exit', () => killAll(family()))
  child.on('close', async (code, signal) => {
    await stopping
    // If it died before it was up, what it said until then is the reason.
    output.speak('')
    process.exit(stopping ? (code ?? (signal === 'SIGINT' ? 130 : 143)) : code || 1)
  })
  return output
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
  }
}

/** The inbox's page asks every few seconds, and so did we until it was up. */
const NOISE = /^\[wrangler:info\] (?:GET \/dev\/inbox\S* 200|GET \/healthz 200) /

/** Passes on what wrangler says; what it says while it starts is kept back, and shown only if it never gets up. */
function relay(wrangler: ChildProcessByStdio<null, Readable, Readable>): Wrangler {
  let held: string[] | undefined = []
  createInterface({ input: wrangler.stdout }).on('line', (line) => {
    if (held) held.push(`${line}\n`)
    else if (!NOISE.test(stripVTControlCharacters(line))) process.stdout.write(`${line}\n`)
  })
  createInterface({ input: wrangler.stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`)
    // wrangler goes on and would never answer: it watches files only after a first build that worked.
    if (held && line.includes('Build failed')) setTimeout(() => process.exit(1), BUILD_ERROR_MS)
  })
  return {
    speak(first) {
      process.stdout.write(first || (held ?? []).join(''))
      held = undefined
    },
  }
}

async function answers(issuer: string): Promise<void> {
  for (;;) {
    try {
      const answer = await fetch(`${issuer}/healthz`, { signal: AbortSignal.timeout(5_000) })
      await answer.body?.cancel()
      return
    } catch {
      await sleep(200)
    }
  }
}

/** wrangler dev fires no cron. This path, unlike /__scheduled, is not written to the log each time. */
async function cron(issuer: string): Promise<void> {
  const url = `${issuer}/cdn-cgi/local/scheduled?cron=*+*+*+*+*&format=json`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(CRON_EVERY_MS) })
    const text = await answer.text()
    if (!answer.ok || !text.includes('"outcome":"ok"')) process.stderr.write(`Cron failed: ${answer.status} ${text}\n`)
  } catch (error) {
    process.stderr.write(`Cron failed: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

/** Asks wrangler to stop, which stops its workerd, and makes sure of both. */
async function stop(wrangler: ChildProcess): Promise<void> {
  const started = family()
  wrangler.kill('SIGTERM')
  await Promise.race([once(wrangler, 'close'), sleep(STOP_WITHIN_MS)])
  killAll(started)
}

function welcome(issuer: string, rootKey: string): string {
  return `
Latchkey is running. Stop it with Ctrl-C.

  Sign-in service  ${issuer}
  Inbox            ${issuer}/dev/inbox
  Development key  ${rootKey}

Send a first link:

  export LATCHKEY_KEY=${rootKey}
  curl ${issuer}/v1/passwordless/send \\
    -H "x-api-key: $LATCHKEY_KEY" -H 'content-type: application/json' \\
    -d '{"email":"ada@example.com"}'

`
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

await main()
