/** The production bundle in real workerd with storage on disk, in a process that a test can kill and start again in no time. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from 'miniflare'

/** The path of Miniflare's runtime. */
const workerd: string = createRequire(import.meta.url)('workerd').default
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
const START_WITHIN_MS = 30_000
const ANSWER_WITHIN_MS = 30_000

/**
 * What workerd is started with. Miniflare knows how (its D1 and KV are Workers of its own) and starts workerd once to write it
 * down: starting Miniflare itself takes ten times as long as starting workerd.
 */
export async function workerdConfig(folder: string, options: V4MiniflareOptions): Promise<string> {
  const config = join(folder, 'workerd.bin')
  const recorder = join(folder, 'record.sh')
  await writeFile(recorder, `#!/bin/sh\ncat > '${config}'\nexec '${workerd}' "$@" < '${config}'\n`, { mode: 0o700 })
  const { MINIFLARE_WORKERD_PATH, TMPDIR } = process.env
  Object.assign(process.env, { MINIFLARE_WORKERD_PATH: recorder, TMPDIR: folder })
  try {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        compatibilityDate: '2026-11-02',
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        ...options,
      }),
    )
    await miniflare.ready
    await miniflare.dispose()
  } finally {
    setOrDelete({ MINIFLARE_WORKERD_PATH, TMPDIR })
  }
  // A disk that workerd insists on, and that Miniflare has removed.
  const [store] = /\/[\w./-]+\/email-store\b/.exec(await readFile(config, 'latin1')) ?? []
  if (store?.startsWith(folder)) await mkdir(store, { recursive: true })
  return config
}

function setOrDelete(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

/** `wrangler deploy --dry-run`: what would be deployed. @returns the bundle, one ES module */
export async function bundle(folder: string, args: string[]): Promise<string> {
  const { code, output } = await wrangler(['deploy', ...args, '--dry-run', '--outdir', folder]).ended
  if (code !== 0) throw new Error(`wrangler could not build the Worker:\n${output}`)
  return folder
}

type Running = { child: ChildProcess; ended: Promise<{ code: number | null; output: string }>; kill(): Promise<void> }

/** wrangler as the project's own programs run it, in a process group of its own. */
export function wrangler(args: string[]): Running {
  const variables = {
    LATCHKEY_CLI: '1',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
  }
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { closed, kill } = group(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  return { child, kill, ended: closed.then(() => ({ code: child.exitCode, output })) }
}

export type Call = {
  method?: string
  path: string
  headers?: Record<string, string>
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown
}
export type Reply = { status: number; headers: IncomingHttpHeaders; text: string; json: any }

export interface Workerd {
  /** @throws where no whole answer came */
  ask(call: Call): Promise<Reply>
  /** SIGKILL, for the whole process group; resolves when it is gone. */
  kill(): Promise<void>
}

/** @param host what requests name as `Host`: the issuer's, wherever this listens */
export async function startWorkerd(config: string, host: string): Promise<Workerd> {
  const args = ['serve', '--binary', '--experimental', '--socket-addr=entry=127.0.0.1:0', '--control-fd=3', '-']
  const input = await open(config)
  // Miniflare's simulators would send it their log lines.
  const child = spawn(workerd, [...args.slice(0, -1), '--external-addr=loopback=127.0.0.1:9', '-'], {
    detached: true,
    stdio: [input.fd, 'ignore', 'pipe', 'pipe'],
    env: { TZ: 'UTC' },
  })
  const { closed, kill } = group(child)
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-10_000)
  })
  const late = setTimeout(kill, START_WITHIN_MS)
  const port = await Promise.race([listens(child.stdio[3] as Readable), closed.then(() => null)])
  clearTimeout(late)
  await input.close()
  if (port === null) throw new Error(`workerd did not start:\n${errors}`)
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  return {
    ask: (call) => ask(agent, port, host, call),
    async kill() {
      await kill()
      agent.destroy()
    },
  }
}

async function listens(control: Readable): Promise<number | null> {
  for await (const line of createInterface({ input: control })) {
    const { socket, port } = JSON.parse(line) as { socket?: string; port?: number }
    if (socket?.startsWith('direct') && port) return port
  }
  return null
}

function ask(agent: Agent, port: number, host: string, { method, path, headers, body }: Call): Promise<Reply> {
  const isText = typeof body === 'string'
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        path,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { host, ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }), ...headers },
        timeout: ANSWER_WITHIN_MS,
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('error', reject)
        answer.on('close', () => {
          if (!answer.complete) return reject(new Error('cut off'))
          const isJson = /json/.test(answer.headers['content-type'] ?? '')
          const { statusCode: status = 0, headers } = answer
          resolve({ status, headers, text, json: isJson && text ? JSON.parse(text) : {} })
        })
      },
    )
    asked.on('error', reject)
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)))
    asked.end(body === undefined || isText ? body : JSON.stringify(body))
  })
}

/** A child that leads a process group: killed whole, at the latest when this process ends. */
function group(child: ChildProcess): { closed: Promise<void>; kill(): Promise<void> } {
  const signal = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // The whole group is gone already.
    }
  }
  process.on('exit', signal)
  const closed = once(child, 'close').then(() => {
    process.off('exit', signal)
  })
  const kill = async () => {
    signal()
    await closed
  }
  return { closed, kill }
}
