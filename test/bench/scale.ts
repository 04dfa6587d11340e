/** Latchkey with an empty database beside itself with a full one. */

import { join } from 'node:path'
import { AT_ONCE, type Comparison, compare, type Plan, peopleIn, type Take } from './compare.ts'
import { addressOf, type Contestant, expectStatus, JSON_TYPE, latchkey } from './contestants.ts'
import { median } from './measure.ts'
import { type Server, startWorker } from './server.ts'
import { copyStorage, insertLatchkeyUsers, insertLiveChallenges, VARIABLES } from './storage.ts'

export type Scale = {
  comparison: Comparison
  /**
   * Milliseconds from the moment that workerd listens to the first answer, in which D1 has part; medians. Before that it reads
   * its own list of alarms, which is not so on Cloudflare.
   */
  firstAnswer: Record<string, number>
}
export type ScalePlan = Plan & { users: number[]; live: number; starts: number }

export async function measureScale(
  bundles: Record<'latchkey' | 'recorder', { path: string }>,
  folder: string,
  base: string,
  mail: string,
  key: string,
  take: Take,
  plan: ScalePlan,
  say: (what: string) => void,
): Promise<Scale> {
  const people = peopleIn(plan)
  const addresses = Array.from({ length: people }, (_, i) => addressOf('send link', i))
  const storages: [string, string][] = [['0 users', copyStorage(base, join(folder, 'scale-0'))]]
  for (const users of plan.users) {
    const begin = performance.now()
    const storage = copyStorage(base, join(folder, `scale-${users}`))
    insertLatchkeyUsers(storage, others(users), people)
    storages.push([`${users.toLocaleString('en')} users`, storage])
    say(`${users} users inserted in ${seconds(begin)} s`)
  }
  const begin = performance.now()
  const live = copyStorage(base, join(folder, 'scale-live'))
  await fillLive(bundles.recorder.path, live, mail, key, plan.live)
  storages.push([`${plan.live.toLocaleString('en')} live`, live])
  say(`${plan.live} live challenges inserted in ${seconds(begin)} s`)
  for (const [, storage] of storages) insertLatchkeyUsers(storage, addresses)

  const startAt = (persistTo: string): Promise<Server> =>
    startWorker({ script: bundles.latchkey.path, persistTo, variables: VARIABLES, hasLedger: true, mail })
  const starts = new Map(storages.map(([name]) => [name, [] as number[]]))
  for (let round = 0; round < plan.starts; round++) {
    for (const [name, storage] of storages) {
      const server = await startAt(storage)
      const asked = performance.now()
      expectStatus(
        await server.ask({ path: '/v1/sessions/sess_3MRtBmTjkMHWa6Mqsvun7MTWN8w', headers: { 'x-api-key': key } }),
        404,
        'a session',
      )
      starts.get(name)?.push(performance.now() - asked)
      await server.stop()
    }
  }
  const contestants: Contestant[] = []
  for (const [name, storage] of storages) contestants.push(latchkey(name, await startAt(storage), key))
  const comparison = await compare(contestants, ['send link', 'redeem link'], plan, take, say)
  await Promise.all(contestants.map(({ server }) => server.stop()))
  return { comparison, firstAnswer: Object.fromEntries([...starts].map(([name, list]) => [name, median(list)])) }
}

function* others(count: number): Generator<string> {
  for (let n = 0; n < count; n++) yield `other-${String(n).padStart(7, '0')}@example.com`
}

/** One is really sent, by a link on our page, which has a copy in KV; the others are made from it. */
async function fillLive(script: string, storage: string, mail: string, key: string, count: number): Promise<void> {
  const options = { script, persistTo: storage, variables: VARIABLES, hasLedger: true, mail }
  const sender = await startWorker(options)
  const headers = { 'x-api-key': key, ...JSON_TYPE }
  const body = JSON.stringify({ email: 'live@example.com' })
  expectStatus(await sender.ask({ method: 'POST', path: '/v1/passwordless/send', headers, body }), 201, 'send')
  const idsOf = async (names: string[]): Promise<string[]> => {
    const ask = { method: 'POST', path: '/bench/ids', headers: JSON_TYPE, body: JSON.stringify(names) }
    return JSON.parse((await sender.ask(ask)).body)
  }
  const names = Array.from({ length: count }, (_, n) => n.toString(16).padStart(32, '0'))
  const ids: string[] = []
  for (let from = 0; from < count; from += 5_000) ids.push(...(await idsOf(names.slice(from, from + 5_000))))
  await sender.stop()
  insertLiveChallenges(
    storage,
    names.map((name, n) => ({ name, id: ids[n] ?? '' })),
  )
}

const seconds = (begin: number): string => ((performance.now() - begin) / 1000).toFixed(0)

/** How much more one of a full database costs than one of an empty one: CPU at 16, time at 1. */
export function growthOf({ comparison }: Scale, name: string, operation: 'send link' | 'redeem link') {
  const [empty] = Object.values(comparison)
  const [one, many] = AT_ONCE
  const [before, after] = [empty?.[operation], comparison[name]?.[operation]]
  return {
    cpu: after?.[many].ratio ?? Number.NaN,
    p50: (after?.[one].p50 ?? Number.NaN) / (before?.[one].p50 ?? Number.NaN),
  }
}
