/**
 * What a bundle takes to start, in workerd alone, beside an empty Worker: time, and CPU, which other work on the machine
 * lengthens less.
 *
 * Its start is what Cloudflare calls startup time: reading, parsing and evaluating its global scope. workerd listens when that
 * is done for every Worker, so a Worker beside it, which answers at once, is asked when. What is evaluated only when a request
 * comes is in the first request, which follows.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { median } from './measure.ts'
import { type Ask, askAt, freePort } from './server.ts'

const START_WITHIN_MS = 10_000

export type Start = {
  name: string
  script: string
  variables: Record<string, string>
  hasLedger: boolean
  /** The first request. */
  ask: Ask
}

/** Milliseconds. */
type Taken = { elapsed: number; cpu: number }
/** `first`: from then to the first answer. */
export type Started = { start: Taken; first: Taken }

/** @returns of each the medians of all rounds; one after the other in each round, so that noise meets all */
export async function coldStarts(starts: Start[], rounds: number): Promise<Map<string, Started>> {
  const times = new Map(starts.map(({ name }) => [name, [] as Started[]]))
  for (let round = 0; round < rounds; round++) {
    for (const start of starts) times.get(start.name)?.push(await coldStart(start))
  }
  return new Map(
    [...times].map(([name, list]) => [
      name,
      { start: medianOf(list.map(({ start }) => start)), first: medianOf(list.map(({ first }) => first)) },
    ]),
  )
}

const medianOf = (list: Taken[]): Taken => ({
  elapsed: median(list.map(({ elapsed }) => elapsed)),
  cpu: median(list.map(({ cpu }) => cpu)),
})

async function coldStart(start: Start): Promise<Started> {
  const [port, beside] = [await freePort(), await freePort()]
  const config = join(dirname(start.script), 'cold-start.capnp')
  writeFileSync(config, configOf(start, port, beside))
  const begin = performance.now()
  const child = spawn(workerdBinary(), ['serve', config], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  const so = (): Taken => ({ elapsed: performance.now() - begin, cpu: exactCpuOf(child.pid ?? 0) })
  try {
    if (!(await answers(beside, begin))) throw new Error(`${start.name} did not start in workerd`)
    const started = so()
    await askAt(undefined, port, start.ask)
    const answered = so()
    return {
      start: started,
      first: { elapsed: answered.elapsed - started.elapsed, cpu: answered.cpu - started.cpu },
    }
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

/** In milliseconds, of all threads that there are: finer than the ticks of /proc/pid/stat, for a process that is young. */
const exactCpuOf = (pid: number): number =>
  globSync(`/proc/${pid}/task/*/schedstat`).reduce(
    (sum, path) => sum + Number(readFileSync(path, 'utf8').split(' ')[0]),
    0,
  ) / 1e6

async function answers(port: number, begin: number): Promise<boolean> {
  while (performance.now() - begin < START_WITHIN_MS) {
    try {
      await askAt(undefined, port, { path: '/' })
      return true
    } catch {
      // Not listening yet.
      await new Promise(setImmediate)
    }
  }
  return false
}

/** Answers at once, and as an empty D1 does. */
const NOTHING = 'export default { fetch: () => Response.json([{ success: true, results: [], meta: {} }]) }'

/** With the bindings that the bundle expects, behind which there is nothing. */
function configOf({ script, variables, hasLedger }: Start, port: number, beside: number): string {
  const text = JSON.stringify
  const bindings = [
    ...Object.entries(variables).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    '(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "nothing")]))',
    '(name = "CODES", kvNamespace = "nothing")',
    '(name = "MAIL", service = "nothing")',
    ...(hasLedger ? ['(name = "LEDGER", durableObjectNamespace = "Ledger")'] : []),
  ]
  const objects = hasLedger
    ? 'durableObjectNamespaces = [(className = "Ledger", uniqueKey = "Ledger", enableSql = true)], durableObjectStorage = (inMemory = void),'
    : ''
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "main", esModule = embed ${text(basename(script))})],
      compatibilityDate = "2026-11-02",
      bindings = [${bindings.join(', ')}],
      ${objects}
    )),
    (name = "nothing", worker = (
      modules = [(name = "nothing", esModule = ${text(NOTHING)})],
      compatibilityDate = "2026-11-02",
    )),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "main"),
    (name = "beside", address = "127.0.0.1:${beside}", http = (), service = "nothing"),
  ],
);
`
}

function workerdBinary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('wrangler'))
  return (require('workerd') as { default: string }).default
}
