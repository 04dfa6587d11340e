/** All contestants beside each other in one run: each operation in rounds, every contestant in each round. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  addressOf,
  bare,
  betterAuth,
  type Contestant,
  expectStatus,
  JSON_TYPE,
  latchkey,
  OPERATIONS,
  type Operation,
  openAuth,
} from './contestants.ts'
import type { Mail } from './mail-stub.ts'
import { measure, median, quantile, quiet, type Sample } from './measure.ts'
import { type Server, startNode, startWorker } from './server.ts'
import { copyStorage, countRows, insertBetterAuthUsers, makeFolder, openDatabase, VARIABLES } from './storage.ts'

export const AT_ONCE = [1, 16] as const
type AtOnce = (typeof AT_ONCE)[number]
export type Plan = { rounds: number; warm: number; counts: Record<AtOnce, number> }
/** `ratio`: of CPU to that of the first contestant, the median of the rounds. */
export type Measured = Sample & { ratio: number }
export type Comparison = Record<string, Partial<Record<Operation, Record<AtOnce, Measured>>>>
export type Take = (to: string[]) => Promise<Mail[]>

/** So long after its last use workerd puts an object away; then everybody's is opened anew, as when a person has read a mail. */
const PUT_AWAY_MS = 12_000
/** A ledger's alarm rings a minute after a redemption, and must not be measured as something else. */
const ALARM_MS = 60_000
const ALARM_MARGIN_MS = 3_000

/** How many people of each kind an operation is asked for. */
export const peopleIn = ({ rounds, warm, counts }: Plan): number => warm + rounds * (counts[1] + counts[16])

export const allAddresses = (people: number): string[] =>
  (['send link', 'send code'] as const).flatMap((operation) =>
    Array.from({ length: people }, (_, i) => addressOf(operation, i)),
  )

/**
 * @param contestants the first is what the others are compared with
 * @param say what is going on
 */
export async function compare(
  contestants: Contestant[],
  operations: readonly Operation[],
  plan: Plan,
  take: Take,
  say: (what: string) => void,
): Promise<Comparison> {
  const results: Comparison = Object.fromEntries(contestants.map(({ name }) => [name, {}]))
  const alarms = alarmClock(contestants)
  for (const operation of operations) {
    const able = contestants.filter(({ can }) => can.includes(operation))
    if (operation === 'redeem link') await sleep(PUT_AWAY_MS)
    await alarms.wait()
    const begin = performance.now()
    if (operation.startsWith('redeem')) alarms.redeeming()
    for (const contestant of able) await runOnce(contestant, operation, 0, plan.warm, 16, take)
    const samples = new Map(
      able.map(({ name }) => [
        name,
        { 1: [] as Sample[], 16: [] as Sample[], latencies: { 1: [] as number[], 16: [] as number[] } },
      ]),
    )
    let from = plan.warm
    for (let round = 0; round < plan.rounds; round++) {
      for (const atOnce of AT_ONCE) {
        for (const contestant of able) {
          const { latencies, ...sample } = await runOnce(contestant, operation, from, plan.counts[atOnce], atOnce, take)
          const kept = samples.get(contestant.name)
          kept?.[atOnce].push(sample)
          kept?.latencies[atOnce].push(...latencies)
        }
        from += plan.counts[atOnce]
      }
    }
    alarms.took(performance.now() - begin, operation)
    const reference = samples.get(contestants[0]?.name ?? '')
    for (const [name, kept] of samples) {
      const summed = (atOnce: AtOnce): Measured => ({
        cpuMs: median(kept[atOnce].map(({ cpuMs }) => cpuMs)),
        perSecond: median(kept[atOnce].map(({ perSecond }) => perSecond)),
        p50: quantile(kept.latencies[atOnce], 0.5),
        p99: quantile(kept.latencies[atOnce], 0.99),
        ratio: median(
          kept[atOnce].map(({ cpuMs }, round) => cpuMs / (reference?.[atOnce][round]?.cpuMs ?? Number.NaN)),
        ),
      })
      results[name] = { ...results[name], [operation]: { 1: summed(1), 16: summed(16) } }
    }
    say(`${operation}: ${((performance.now() - begin) / 1000).toFixed(0)} s`)
  }
  return results
}

async function runOnce(
  contestant: Contestant,
  operation: Operation,
  from: number,
  count: number,
  atOnce: number,
  take: Take,
) {
  const sample = await measure(contestant, operation, from, count, atOnce)
  if (operation.startsWith('send')) await receive(contestant, operation, from, count, take)
  return sample
}

export async function receive({ receive }: Contestant, operation: Operation, from: number, count: number, take: Take) {
  const mails = await take(Array.from({ length: count }, (_, n) => addressOf(operation, from + n)))
  receive(operation, from, mails)
}

/** Keeps what is measured out of the way of the alarms that redemptions have set. */
function alarmClock(contestants: Contestant[]) {
  let first: number | null = null
  let last = 0
  let longest = 0
  return {
    redeeming() {
      first ??= performance.now()
    },
    took(milliseconds: number, operation: Operation) {
      if (first === null) return
      longest = Math.max(longest, milliseconds)
      if (operation.startsWith('redeem')) last = performance.now()
    },
    async wait() {
      if (first === null || performance.now() + longest < first + ALARM_MS - ALARM_MARGIN_MS) return
      await sleep(Math.max(0, last + ALARM_MS + ALARM_MARGIN_MS - performance.now()))
      for (const contestant of contestants) await quiet(contestant, ALARM_MS)
      first = null
    },
  }
}

/** One request after the other of what the recorder has written down, for the bare Worker to do again. */
export async function copyTapes(recorder: Server, server: Server): Promise<void> {
  for (const operation of OPERATIONS) {
    const { body } = await recorder.ask({ path: `/bench/tapes?prefix=${encodeURIComponent(`${operation}/`)}` })
    const ask = { method: 'POST', path: '/', headers: JSON_TYPE, body }
    expectStatus(await server.ask(ask), 204, 'the bare Worker')
  }
}

/** Everything that is asked, once on the recorder. */
export async function record(recorder: Contestant, people: number, take: Take): Promise<void> {
  for (const operation of OPERATIONS) {
    await measure(recorder, operation, 0, people, 16)
    if (operation.startsWith('send')) await receive(recorder, operation, 0, people, take)
  }
}

type Bundles = Record<'latchkey' | 'bare' | 'better-auth' | 'openauth', { path: string }>

/** @param base the storage that Latchkey, the recorder and the bare Worker begin with, people in it */
export async function startContestants(
  bundles: Bundles,
  folder: string,
  base: string,
  people: number,
  mail: string,
  key: string,
  recorder: Server,
): Promise<Contestant[]> {
  const own = { variables: VARIABLES, hasLedger: true, mail }
  const bareServer = await startWorker({
    script: bundles.bare.path,
    persistTo: copyStorage(base, join(folder, 'bare')),
    ...own,
    variables: {},
  })
  await copyTapes(recorder, bareServer)
  const latchkeyServer = await startWorker({
    script: bundles.latchkey.path,
    persistTo: copyStorage(base, join(folder, 'latchkey')),
    ...own,
  })

  const options = {
    script: bundles['better-auth'].path,
    persistTo: makeFolder(folder, 'better-auth'),
    // A link in a mail begins with it; only the rest is used.
    variables: { BASE_URL: 'http://127.0.0.1:1', SECRET: VARIABLES.LATCHKEY_SECRET },
    hasLedger: false,
    mail,
  }
  const unfilled = await startWorker(options)
  expectStatus(await unfilled.ask({ path: '/migrate' }), 204, 'better-auth')
  await unfilled.stop()
  insertBetterAuthUsers(openDatabase(options.persistTo), allAddresses(people))

  const file = join(makeFolder(folder, 'better-auth-node'), 'users.sqlite')
  const startOnNode = () =>
    startNode('./contestants/better-auth-node.ts', (port) => ({ file, port, mail, secret: VARIABLES.LATCHKEY_SECRET }))
  await (await startOnNode()).stop()
  insertBetterAuthUsers(new DatabaseSync(file), allAddresses(people))

  const openAuthServer = await startWorker({
    script: bundles.openauth.path,
    persistTo: makeFolder(folder, 'openauth'),
    variables: {},
    hasLedger: false,
    mail,
  })
  // It makes its keys at the first request, RSA's too, and sixteen first ones at once make several.
  await openAuthServer.ask({ path: '/.well-known/jwks.json' })
  await openAuthServer.ask({ path: '/authorize?client_id=bench&redirect_uri=x&response_type=code&provider=code' })
  return [
    bare(bareServer, key),
    latchkey('Latchkey', latchkeyServer, key),
    betterAuth('better-auth, D1', await startWorker(options)),
    betterAuth('better-auth, Node', await startOnNode()),
    openAuth(openAuthServer),
  ]
}

/** @throws if the bare Worker has not left the same number of rows and ledgers behind: then it did something else */
export function checkBareDidTheSame(folder: string): void {
  const [theirs, ours] = [countRows(join(folder, 'bare')), countRows(join(folder, 'latchkey'))]
  const different = Object.keys(ours).filter((table) => ours[table] !== theirs[table])
  if (different.length === 0) return
  const detail = different.map((table) => `${table}: ${theirs[table]} and ${ours[table]}`).join(', ')
  throw new Error(`The bare Worker did not do what Latchkey does. Rows: ${detail}`)
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
