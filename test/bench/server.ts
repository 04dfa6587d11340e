/** Starts what is measured, each in a process of its own, and reads from /proc what it uses. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { HostOptions } from './host.ts'

const START_WITHIN_MS = 120_000
const STOP_WITHIN_MS = 10_000
const ANSWER_WITHIN_MS = 30_000
/** Whatever is still running ends with this process. workerd does not by itself when who started it is killed. */
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) kill(pid, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string }
export type Ask = {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export type Server = {
  port: number
  ask(ask: Ask): Promise<Answer>
  /** Milliseconds of CPU since it started, user and system. */
  cpu(): number
  /** MiB in memory. */
  rss(): number
  stop(): Promise<void>
}

/** A bundle in workerd. What is read from /proc is workerd's alone, not that of the Node process that started it. */
export async function startWorker(options: Omit<HostOptions, 'port'>): Promise<Server> {
  const port = await freePort()
  const child = await startProgram('./host.ts', { ...options, port })
  const [workerd] = childrenOf(child.pid ?? 0).filter((pid) => commandOf(pid) === 'workerd')
  if (workerd === undefined) throw new Error('no workerd was started')
  return serverOf(child, workerd, port)
}

/** A Node program that listens on the port it is given. */
export async function startNode(path: string, options: (port: number) => object): Promise<Server> {
  const port = await freePort()
  const child = await startProgram(path, options(port))
  return serverOf(child, child.pid ?? 0, port)
}

/** @returns where the mail stub listens, and how it is stopped */
export async function startMailStub(): Promise<{
  address: string
  stop(): Promise<void>
  take(to: string[]): Promise<unknown[]>
}> {
  const child = await startProgram('./mail-stub.ts', {})
  const port = Number(firstLine.get(child))
  const server = serverOf(child, child.pid ?? 0, port)
  return {
    address: `127.0.0.1:${port}`,
    stop: server.stop,
    take: async (to) =>
      JSON.parse((await server.ask({ method: 'POST', path: '/take', body: JSON.stringify(to) })).body),
  }
}

const firstLine = new WeakMap<ChildProcess, string>()

/** As soon as it has printed a line. */
async function startProgram(path: string, options: object): Promise<ChildProcess> {
  const program = fileURLToPath(new URL(path, import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const own = child.pid ?? 0
  running.add(own)
  child.once('exit', () => running.delete(own))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-4000)
  })
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string),
    once(child, 'exit').then(() => null),
    sleep(START_WITHIN_MS, null, { ref: false }),
  ])
  if (line === null) throw new Error(`${path} did not start:\n${errors}`)
  firstLine.set(child, line)
  return child
}

function serverOf(child: ChildProcess, pid: number, port: number): Server {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  running.add(pid)
  return {
    port,
    ask: (ask) => askAt(agent, port, ask),
    cpu: () => cpuOf(pid),
    rss: () => rssOf(pid),
    async stop() {
      agent.destroy()
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
      await gone
      clearTimeout(late)
      // Its files are needed closed.
      while (isAlive(pid)) await sleep(20)
      running.delete(pid)
    },
  }
}

export function askAt(
  agent: Agent | undefined,
  port: number,
  { method = 'GET', path, headers = {}, body }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
        timeout: ANSWER_WITHIN_MS,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
        response.on('error', reject)
      },
    )
    request.on('timeout', () => request.destroy(new Error(`no answer from ${path}`)))
    request.on('error', reject)
    request.end(body)
  })
}

/** proc_pid_stat(5): what follows the name in parentheses; utime and stime are fields 14 and 15, in ticks. */
const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const cpuOf = (pid: number): number => {
  const stat = statOf(pid)
  return (Number(stat[11]) + Number(stat[12])) * TICK_MS
}
const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
const childrenOf = (pid: number): number[] =>
  globSync(`/proc/${pid}/task/*/children`)
    .flatMap((path) => readFileSync(path, 'utf8').trim().split(' '))
    .filter(Boolean)
    .map(Number)

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already.
  }
}

function isAlive(pid: number): boolean {
  try {
    return statOf(pid)[0] !== 'Z'
  } catch {
    return false
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
