/** The redemption checker finds builds that are broken on purpose, run in real workerd, and nothing in the real ledger. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Redeem } from '../checker/history.ts'
import { checkRegister } from '../checker/register.ts'
import { bundle, startWorkerd, type Workerd, workerdConfig } from '../support/built-worker.ts'

const CALLERS = 64
/** A broken build shows itself in nearly every round; a machine that is busy elsewhere may hide it for a few. */
const MAX_ROUNDS = 60
const HOST = 'localhost'
const LINK = { maxTries: Number.POSITIVE_INFINITY }

let folder: string
let config: string
let worker: Workerd
let names = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-broken-'))
  const state = join(folder, 'state')
  await mkdir(state)
  const toml = join(folder, 'wrangler.toml')
  await writeFile(toml, 'name = "broken-ledgers"\ncompatibility_date = "2026-11-02"\n')
  await bundle(join(folder, 'bundle'), ['test/support/broken-ledgers.ts', '--config', toml])
  config = await workerdConfig(folder, {
    name: 'broken-ledgers',
    modules: [{ type: 'ESModule', path: join(folder, 'bundle/broken-ledgers.js') }],
    modulesRoot: join(folder, 'bundle'),
    resourcePersistencePath: state,
    kvNamespaces: { CODES: 'codes' },
    durableObjects: {
      LEDGER: { className: 'Ledger', useSQLite: true },
      AWAITING: { className: 'Awaiting', useSQLite: true },
      HASTY: { className: 'Hasty', useSQLite: true },
    },
  })
  worker = await startWorkerd(config, HOST)
})

afterAll(async () => {
  await worker?.kill()
  await rm(folder, { recursive: true, force: true })
})

/** One redemption, written down as its caller sees it. */
async function redeem(history: Redeem[], path: string, key: string): Promise<void> {
  const invoked = performance.now()
  const sid = crypto.randomUUID()
  const outcome = await worker
    .ask({ method: 'POST', path: `${path}?key=${key}&sid=${sid}` })
    .then(({ status, json }): Redeem['outcome'] => (status === 200 ? json : { is: 'unknown' }))
    .catch((): Redeem['outcome'] => ({ is: 'unknown' }))
  history.push({ key, right: true, invoked, answered: performance.now(), outcome })
}

/** 64 at once, a fifth of them with a common key, the others strangers; then each key again, and four more strangers. */
async function round(kind: string, between?: (history: Redeem[]) => Promise<void>): Promise<Redeem[]> {
  const path = `/${kind}/${++names}`
  if (kind === 'ledger') await worker.ask({ method: 'PUT', path })
  const history: Redeem[] = []
  const keys = Array.from({ length: CALLERS }, (_, index) => (index % 5 === 0 ? 'shared' : `caller-${index}`))
  const calls = keys.map((key) => redeem(history, path, key))
  await between?.(history)
  await Promise.all(calls)
  const unheard = new Set(history.flatMap(({ key, outcome }) => (outcome.is === 'unknown' ? [key] : [])))
  await Promise.all([...unheard].map((key) => redeem(history, path, key)))
  await Promise.all([1, 2, 3, 4].map((stranger) => redeem(history, path, `stranger-${stranger}`)))
  return history
}

async function roundsUntilFound(kind: string, between?: (history: Redeem[]) => Promise<void>): Promise<string[]> {
  for (let played = 1; played <= MAX_ROUNDS; played++) {
    const violations = checkRegister(await round(kind, between), LINK)
    if (violations.length === 0) continue
    console.info(`${kind}: found in round ${played}`)
    return violations.map(({ rule }) => rule)
  }
  return []
}

async function restart(): Promise<void> {
  await worker.kill()
  worker = await startWorkerd(config, HOST)
}

describe('the checker flags', () => {
  it('a ledger whose mark comes after an await', async () => {
    expect(await roundsUntilFound('awaiting')).toContain('two winners')
  })

  it('one that redeems from KV', async () => {
    expect(await roundsUntilFound('kv')).toContain('two winners')
  })

  it('one that answers before it stores, when it is killed in between', async () => {
    const killAfterTheWinner = async (history: Redeem[]) => {
      while (!history.some(({ outcome }) => outcome.is === 'ok')) await new Promise((next) => setTimeout(next, 1))
      await restart()
    }
    expect(await roundsUntilFound('hasty', killAfterTheWinner)).toContain('two winners')
    // Without a crash nobody would know.
    expect(checkRegister(await round('hasty'), LINK)).toEqual([])
  })
})

it('finds nothing in the real ledger under the same load, killed or not', async () => {
  for (let played = 0; played < 15; played++) {
    const between = played % 3 === 0 ? () => new Promise((next) => setTimeout(next, played)).then(restart) : undefined
    expect(checkRegister(await round('ledger', between), LINK)).toEqual([])
  }
})
