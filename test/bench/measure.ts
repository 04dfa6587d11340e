/** The load generator: one operation of one contestant, so many at a time. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, Operation } from './contestants.ts'

export type Sample = {
  /** Of CPU for each operation; what follows the answer is part of it. */
  cpuMs: number
  perSecond: number
  /** Milliseconds until the answer. */
  p50: number
  p99: number
}

/** How long a server is given to finish what it does after its answers. */
const QUIET_MS = 60
const QUIET_WITHIN_MS = 3_000

export async function measure(
  contestant: Contestant,
  operation: Operation,
  from: number,
  count: number,
  atOnce: number,
): Promise<Sample & { latencies: number[] }> {
  const latencies: number[] = []
  const cpuBefore = contestant.server.cpu()
  const begin = performance.now()
  let next = from
  const one = async () => {
    while (next < from + count) {
      const i = next++
      const start = performance.now()
      await contestant.run(operation, i)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const seconds = (performance.now() - begin) / 1000
  await quiet(contestant)
  const cpuMs = (contestant.server.cpu() - cpuBefore) / count
  return { cpuMs, perSecond: count / seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), latencies }
}

/** Until the server uses no CPU any more, but for what an idle process uses. */
export async function quiet({ server }: Contestant, within = QUIET_WITHIN_MS): Promise<void> {
  const deadline = performance.now() + within
  for (let before = -1, now = server.cpu(); now !== before && performance.now() < deadline; now = server.cpu()) {
    before = now
    await sleep(QUIET_MS)
  }
}

export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
