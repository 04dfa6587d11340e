/**
 * Promises 1, 2, 5, 8 and 9 under SIGKILL (security.md §3.3.2): the production bundle in real workerd, with its data on disk, killed
 * at random moments under 64 parallel callers. What the callers saw is checked against the models of test/checker.
 *
 * SIGKILL keeps what the operating system has in memory: this tests our logic and SQLite's, not a power cut, and not Cloudflare's
 * replication, which is taken from their contract.
 */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { secretsAtRest, secretsIn } from '../support/at-rest.ts'
import { type Kind, openPage, type Played, ROUNDS, SENDS_PER_MINUTE } from '../support/crash-rounds.ts'
import { type CrashWorld, crashWorld } from '../support/crash-world.ts'

/**
 * `npm run test:crash` asks for more. CRASH_SEED repeats the choices of a run (the machine's timing is its own), and
 * CRASH_KINDS=verify,press plays those kinds alone.
 */
const COUNT = Number(process.env.CRASH_ROUNDS ?? 40)
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** One after the other, and again from the start; migrations take longest. */
const ORDER = [
  ...Array.from({ length: 4 }, (): Kind[] => [
    'verify',
    'press',
    'exchange',
    'guess',
    'refresh',
    'revoke',
    'send',
    'verify',
    'guess',
  ]).flat(),
  ...(['press', 'exchange', 'migrate', 'refresh'] satisfies Kind[]),
]
const KINDS = (process.env.CRASH_KINDS?.split(',') as Kind[] | undefined) ?? ORDER
const PROGRESS_EVERY = COUNT <= 40 ? 10 : 50
const MAX_FAILURES = 5
const START_WITHIN_MS = 120_000
const ROUND_WITHIN_MS = 20_000

const BURNED = [
  'burned',
  'lost',
  'the right secret was called wrong',
  'no grant leads to the session',
  'refused without a cause',
]

let world: CrashWorld

beforeAll(async () => {
  world = await crashWorld()
  // Low enough to be reached by 64 callers.
  const path = '/v1/project'
  const settings = await world.patch(path, {
    send_limits: { per_minute: SENDS_PER_MINUTE, per_15_minutes: 100, per_day: 100 },
  })
  if (settings.status !== 200) throw new Error(`PATCH ${path} answered ${settings.status} ${settings.text}`)
}, START_WITHIN_MS)

afterAll(async () => {
  await world?.close()
})

it(
  `survives ${COUNT} rounds: no second session, nothing burned, no history that a single ledger could not have made`,
  async () => {
    const rounds: { kind: Kind; kills: number; played: Played }[] = []
    const failures: { kind: Kind; seed: number; violations: Played['violations'] }[] = []
    for (let index = 0; index < COUNT && failures.length < MAX_FAILURES; index++) {
      const kind = KINDS[index % KINDS.length] as Kind
      const seed = SEED + index
      world.seed(seed)
      const before = world.restarts.length
      const played = await ROUNDS[kind](world).catch((error: unknown) => {
        throw new Error(`round ${index} (${kind}, CRASH_SEED=${seed}) could not be played`, { cause: error })
      })
      rounds.push({ kind, kills: kind === 'migrate' ? 1 : world.restarts.length - before, played })
      if (played.violations.length > 0) failures.push({ kind, seed, violations: played.violations })
      if ((index + 1) % PROGRESS_EVERY === 0) console.info(`${index + 1} of ${COUNT} rounds, ${failures.length} failed`)
    }
    console.info(JSON.stringify(summary(rounds), null, 2))
    expect(failures, `CRASH_SEED=${SEED}`).toEqual([])
  },
  START_WITHIN_MS + COUNT * ROUND_WITHIN_MS,
)

it('leaves nothing on disk that opens a door', async () => {
  const { json: made } = await world.api('/v1/api_keys', { name: 'at rest', scopes: ['passwordless:send'] })
  const email = `at-rest-${crypto.randomUUID()}@example.com`
  const redirect_uri = 'http://localhost:3000/callback'
  const { json: sent } = await world.api('/v1/passwordless/send', { email, link: 'direct', redirect_uri, reveal: true })
  const token = new URL(sent.link).searchParams.get('token') ?? ''
  const { json: signedIn } = await world.api('/v1/passwordless/verify', { token })
  const { json: client } = await world.api('/v1/clients', { name: 'at rest', redirect_uris: [redirect_uri] })
  const { json: shown } = await world.api('/v1/passwordless/send', { email, reveal: true })
  const pressed = await world.ask({ method: 'POST', ...(await openPage(world, shown.link)) })
  const cookies = String(pressed.headers['set-cookie'])
  // What is looked for looks like what is handed out.
  const handedOut = [token, signedIn.refresh_token, made.key, signedIn.id_token, client.client_secret, cookies]
  expect(handedOut.map(secretsIn)).toEqual([
    ['a link or a grant'],
    ['a refresh token'],
    ['an API key'],
    ['a JWT'],
    ['a client secret'],
    ['a session cookie'],
  ])
  expect(await secretsAtRest(join(world.folder, 'v3'))).toEqual([])
})

function summary(rounds: { kind: Kind; kills: number; played: Played }[]) {
  const all = rounds.map(({ played }) => played)
  const rules = all.flatMap(({ violations }) => violations.map(({ rule }) => rule))
  const restarts = world.restarts.toSorted((one, other) => one - other).map(Math.round)
  return {
    seed: SEED,
    rounds: rounds.length,
    operations: all.reduce((sum, { operations }) => sum + operations, 0),
    'kills by kind': Object.fromEntries(
      Object.keys(ROUNDS).map((name) => [
        name,
        rounds.reduce((sum, { kind, kills }) => sum + (kind === name ? kills : 0), 0),
      ]),
    ),
    doubles: rules.filter((rule) => rule.startsWith('two ')).length,
    burned: rules.filter((rule) => BURNED.includes(rule)).length,
    'non-linearizable': all.filter(({ violations }) => violations.length > 0).length,
    'unknown winners recovered': all.filter(({ recovered }) => recovered).length,
    'migrations cut off half-way': all.filter(({ partial }) => partial).length,
    'max wrong tries evaluated': Math.max(0, ...all.map(({ wrongTries = 0 }) => wrongTries)),
    'killed before, amid, after the answers': [
      world.storms.filter((over) => over === 0).length,
      world.storms.filter((over) => over > 0 && over < 1).length,
      world.storms.filter((over) => over === 1).length,
    ],
    'restart ms': { p50: restarts[restarts.length >> 1], max: restarts.at(-1) },
  }
}
