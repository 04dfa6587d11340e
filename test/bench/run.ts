/** `npm run bench`: how fast and how dear Latchkey is, beside a bare Worker and beside others, and whether it keeps its budgets. */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bundle, bundleLatchkey, bundleWorker, installContestants } from './bundle.ts'
import { coldStarts, type Started } from './cold-start.ts'
import {
  AT_ONCE,
  allAddresses,
  type Comparison,
  checkBareDidTheSame,
  compare,
  type Plan,
  peopleIn,
  record,
  removeFolder,
  startContestants,
  type Take,
} from './compare.ts'
import { latchkey, OPERATIONS, type Operation } from './contestants.ts'
import { type Cost, costOf, PRICES } from './cost.ts'
import { bars, figure, heading, kib, table, times } from './report.ts'
import { growthOf, measureScale, type Scale, type ScalePlan } from './scale.ts'
import { type Ask, type Server, startMailStub, startWorker } from './server.ts'
import { copyStorage, insertLatchkeyUsers, makeLatchkeyStorage, VARIABLES } from './storage.ts'

const HELP = `Measures Latchkey beside a bare Worker that does the same I/O, better-auth and OpenAuth.

  npm run bench -- [--quick] [--only PART] [--json FILE]

  --quick      fewer rounds and a tenth of the people, for development; its figures are rough
  --only PART  compare, scale, start or cost; may be given more than once
  --json FILE  every figure, for a program
  --help       this text

The storage is in TMPDIR, on whatever disk that is. It ends with 1 if a budget of README.md (Under fire) is broken, and says which;
beside it stands what design.md §7 wants, where that is not kept.
`
const PARTS = ['compare', 'scale', 'start', 'cost'] as const
type Part = (typeof PARTS)[number]

/** What is promised (README, Under fire); `wish`: the figure of design.md §7 where that could not be kept. */
const BUDGETS = {
  verifyToBare: 1.3,
  verifyToBetterAuth: { limit: 0.75, wish: 0.5 },
  bundleBytes: 250 * 1024,
  /** CPU beyond an empty Worker, as a part of what better-auth takes: a machine's speed is in both. */
  startToBetterAuth: 0.6,
  startMsWish: 15,
  /** "No growth", as far as two runs of the same on one machine agree, and a start by a few milliseconds. */
  growth: 1.3,
  growthMs: 15,
  dollars: { wish: 20, ofPage: 27, ofPageAndNewUser: 34 },
}

// So many before that V8 has compiled what is asked for, as in an isolate that has lived for a minute.
const FULL: Plan = { rounds: 5, warm: 1000, counts: { 1: 60, 16: 300 } }
const QUICK: Plan = { rounds: 3, warm: 32, counts: { 1: 8, 16: 48 } }
// Fewer than above: should something grow with a million users, each operation takes long.
const FULL_SCALE: ScalePlan = {
  rounds: 3,
  warm: 60,
  counts: { 1: 20, 16: 100 },
  users: [100_000, 1_000_000],
  live: 200_000,
  starts: 5,
}
const QUICK_SCALE: ScalePlan = {
  rounds: 2,
  warm: 16,
  counts: { 1: 6, 16: 48 },
  users: [10_000, 100_000],
  live: 20_000,
  starts: 2,
}

type Figures = {
  compare?: { operations: Comparison; rssMiB: Record<string, number> }
  scale?: Scale
  bundles?: Record<string, number>
  start?: Record<string, Started>
  cost?: Cost[]
}
/** `wish`: what design.md §7 wants, where that is not kept. */
type Verdict = { budget: string; is: string; kept: boolean; wish: string | null }

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const wanted = (options.only ?? PARTS).map((part) => {
  const known = PARTS.find((name) => name === part)
  if (!known) throw new Error(`--only takes ${PARTS.join(', ')}`)
  return known
})
const wants = (part: Part) => wanted.includes(part)
const plan = options.quick ? QUICK : FULL
const began = performance.now()
const say = (what: string) =>
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${what}\n`)

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
// After everything that is running has been ended, which server.ts sees to.
process.on('exit', () => removeFolder(folder))

const figures = await run()
const verdicts = judge(figures)
process.stdout.write(`${render(figures, verdicts)}\n`)
if (options.json) {
  const path = resolve(process.env.INIT_CWD ?? '.', options.json)
  writeFileSync(
    path,
    `${JSON.stringify({ quick: options.quick, plan, prices: PRICES, ...figures, verdicts }, null, 2)}\n`,
  )
}
const broken = verdicts.filter(({ kept }) => !kept)
for (const { budget, is } of broken) process.stderr.write(`Over the budget: ${budget}; it is ${is}.\n`)
if (broken.length > 0) process.exitCode = 1
process.exit()

async function run(): Promise<Figures> {
  installContestants()
  say('building')
  const built = join(folder, 'bundles')
  const bundles = {
    latchkey: await bundleLatchkey(built),
    recorder: bundleWorker(built, 'workers/recorder.ts'),
    bare: bundleWorker(built, 'workers/bare.ts'),
    empty: bundleWorker(built, 'workers/empty.ts'),
    'better-auth': bundleWorker(built, 'contestants/better-auth.ts'),
    openauth: bundleWorker(built, 'contestants/openauth.ts'),
  }
  const { recorder: _recorder, ...shown } = bundles
  const figures: Figures = {
    bundles: Object.fromEntries(Object.entries(shown).map(([name, { gzipBytes }]) => [name, gzipBytes])),
  }
  if (wants('start')) {
    figures.start = await measureStarts(bundles)
    say('cold starts measured')
  }
  if (!(wants('compare') || wants('scale') || wants('cost'))) return figures

  const stub = await startMailStub()
  const take: Take = async (to) => (await stub.take(to)).filter((mail) => mail !== null) as Awaited<ReturnType<Take>>
  const empty = join(folder, 'empty-storage')
  const key = await makeLatchkeyStorage(empty, bundles.recorder.path, stub.address)
  // Where nothing is measured, and it hardly shows in the sum: $0.02 for a million milliseconds.
  const cpuMs = { link: 10, code: 10 }
  if (wants('compare')) {
    figures.compare = await measureContestants(bundles, empty, stub.address, key, take)
    const own = figures.compare.operations.Latchkey
    for (const way of ['link', 'code'] as const) {
      cpuMs[way] = (own?.[`send ${way}`]?.[16].cpuMs ?? 0) + (own?.[`redeem ${way}`]?.[16].cpuMs ?? 0)
    }
  }
  if (wants('scale')) {
    const scalePlan = options.quick ? QUICK_SCALE : FULL_SCALE
    figures.scale = await measureScale(bundles, folder, empty, stub.address, key, take, scalePlan, say)
  }
  if (wants('cost')) {
    const logins = 20
    const storage = copyStorage(empty, join(folder, 'cost'))
    insertLatchkeyUsers(storage, allAddresses(logins))
    const server = await startRecorder(bundles.recorder, storage, stub.address)
    figures.cost = await costOf(server, key, take, logins, cpuMs)
    await server.stop()
    say('logins counted')
  }
  await stub.stop()
  return figures
}

function startRecorder(bundle: Bundle, persistTo: string, mail: string): Promise<Server> {
  return startWorker({ script: bundle.path, persistTo, variables: VARIABLES, hasLedger: true, mail })
}

async function measureStarts(bundles: Record<string, Bundle>): Promise<Record<string, Started>> {
  const start = (name: string, ask: Ask, variables: Record<string, string> = {}, hasLedger = false) => ({
    name,
    script: bundles[name]?.path ?? '',
    variables,
    hasLedger,
    ask,
  })
  // As far as a redemption comes where no storage holds anything.
  const redemption = {
    method: 'POST',
    path: '/v1/passwordless/verify',
    headers: { 'x-api-key': VARIABLES.LATCHKEY_ROOT_KEY, 'content-type': 'application/json' },
    body: '{"token":"malformed"}',
  }
  const starts = [
    start('empty', { path: '/' }),
    start('bare', { path: '/' }, {}, true),
    start('latchkey', redemption, VARIABLES, true),
    start('better-auth', { path: '/up' }, { BASE_URL: 'http://127.0.0.1:1', SECRET: VARIABLES.LATCHKEY_SECRET }),
    start('openauth', { path: '/.well-known/oauth-authorization-server' }),
  ]
  return Object.fromEntries(await coldStarts(starts, options.quick ? 9 : 25))
}

async function measureContestants(
  bundles: Parameters<typeof startContestants>[0] & { recorder: Bundle },
  empty: string,
  mail: string,
  key: string,
  take: Take,
): Promise<NonNullable<Figures['compare']>> {
  const people = peopleIn(plan)
  const base = copyStorage(empty, join(folder, 'base'))
  insertLatchkeyUsers(base, allAddresses(people))
  const recorder = await startRecorder(bundles.recorder, copyStorage(base, join(folder, 'recorder')), mail)
  await record(latchkey('recorder', recorder, key), people, take)
  say(`${people} sign-ins by link and by code recorded`)
  const contestants = await startContestants(bundles, folder, base, people, mail, key, recorder)
  await recorder.stop()
  say('all contestants are up')
  const operations = await compare(contestants, OPERATIONS, plan, take, say)
  const rssMiB = Object.fromEntries(contestants.map(({ name, server }) => [name, server.rss()]))
  await Promise.all(contestants.map(({ server }) => server.stop()))
  checkBareDidTheSame(folder)
  return { operations, rssMiB }
}

function judge({ compare: compared, scale, bundles, start, cost }: Figures): Verdict[] {
  const verdicts: Verdict[] = []
  const expect = (budget: string, value: number, limit: number, is: string, wish: string | null = null) =>
    verdicts.push({ budget, is, kept: value <= limit, wish })
  const unlessKept = (value: number, wish: number, text: string) => (value <= wish ? null : text)
  for (const operation of ['redeem link', 'redeem code'] as const) {
    const cpuOf = (name: string) => compared?.operations[name]?.[operation]?.[16].cpuMs ?? Number.NaN
    const ratio = compared?.operations.Latchkey?.[operation]?.[16].ratio
    if (ratio === undefined) continue
    const { verifyToBare, verifyToBetterAuth } = BUDGETS
    expect(
      `${operation} takes at most ${times(verifyToBare)} the CPU of a bare Worker that does the same I/O`,
      ratio,
      verifyToBare,
      times(ratio),
    )
    const toRival = cpuOf('Latchkey') / cpuOf('better-auth, D1')
    expect(
      `${operation} takes at most ${times(verifyToBetterAuth.limit)} the CPU of better-auth on D1`,
      toRival,
      verifyToBetterAuth.limit,
      times(toRival),
      unlessKept(toRival, verifyToBetterAuth.wish, times(verifyToBetterAuth.wish)),
    )
  }
  const bytes = bundles?.latchkey
  if (bytes !== undefined) expect('the bundle has at most 250 KiB gzipped', bytes, BUDGETS.bundleBytes, kib(bytes))
  const beyondEmpty = (name: string) =>
    (start?.[name]?.start.cpu ?? Number.NaN) - (start?.empty?.start.cpu ?? Number.NaN)
  if (start) {
    const [own, rival] = [beyondEmpty('latchkey'), beyondEmpty('better-auth')]
    expect(
      `the Worker starts with at most ${times(BUDGETS.startToBetterAuth)} the CPU of better-auth, an empty Worker's taken off`,
      own / rival,
      BUDGETS.startToBetterAuth,
      `${figure(own)} ms beside ${figure(rival)} ms`,
      unlessKept(own, BUDGETS.startMsWish, `${BUDGETS.startMsWish} ms`),
    )
  }
  for (const name of Object.keys(scale?.comparison ?? {}).slice(1)) {
    if (!scale) break
    const verify = growthOf(scale, name, 'redeem link').cpu
    expect(
      `verify does not grow with ${name} (${BUDGETS.growth} times, for noise)`,
      verify,
      BUDGETS.growth,
      times(verify),
    )
    const [before = Number.NaN] = Object.values(scale.firstAnswer)
    const after = scale.firstAnswer[name] ?? Number.NaN
    // A few milliseconds more are no growth, whatever they are of few.
    const starting = after - before <= BUDGETS.growthMs ? 1 : after / before
    expect(
      `the first answer after a start does not grow with ${name} (${BUDGETS.growth} times, for noise)`,
      starting,
      BUDGETS.growth,
      `${figure(after)} ms beside ${figure(before)} ms`,
    )
  }
  for (const { login, dollars } of cost ?? []) {
    const { wish, ofPage, ofPageAndNewUser } = BUDGETS.dollars
    const limit = !login.includes('our page') ? wish : login.includes('new user') ? ofPageAndNewUser : ofPage
    expect(
      `a million logins cost at most $${limit}, mail aside: ${login}`,
      dollars,
      limit,
      `$${dollars.toFixed(2)}`,
      unlessKept(dollars, wish, `$${wish}`),
    )
  }
  return verdicts
}

function render({ compare: compared, scale, bundles, start, cost }: Figures, verdicts: Verdict[]): string {
  const parts: string[] = []
  if (compared) {
    const { operations, rssMiB } = compared
    const names = Object.keys(operations)
    const rows = (cell: (name: string, operation: Operation) => string) =>
      names.map((name) => [name, ...OPERATIONS.map((operation) => cell(name, operation))])
    const head = (what: string) => [what, ...OPERATIONS]
    parts.push(heading('CPU of an operation, 16 at once, beside a bare Worker that does the same I/O'))
    parts.push(
      table(
        head('times'),
        rows((name, operation) => times(operations[name]?.[operation]?.[16].ratio)),
      ),
    )
    const redeems = names.flatMap((name): [string, number][] => {
      const measured = operations[name]?.['redeem code']?.[16]
      return measured ? [[name, measured.cpuMs]] : []
    })
    parts.push(heading('Redeem a code: CPU'), bars(redeems, ' ms'))
    parts.push(heading('CPU of an operation, in milliseconds'))
    for (const atOnce of AT_ONCE) {
      parts.push(
        table(
          head(`${atOnce} at once`),
          rows((name, operation) => figure(operations[name]?.[operation]?.[atOnce].cpuMs)),
        ),
      )
    }
    parts.push(heading('A second'))
    for (const atOnce of AT_ONCE) {
      parts.push(
        table(
          head(`${atOnce} at once`),
          rows((name, operation) => figure(operations[name]?.[operation]?.[atOnce].perSecond)),
        ),
      )
    }
    parts.push(heading('Milliseconds until the answer, p50 / p99'))
    for (const atOnce of AT_ONCE) {
      const cell = (name: string, operation: Operation) => {
        const measured = operations[name]?.[operation]?.[atOnce]
        return measured ? `${figure(measured.p50)} / ${figure(measured.p99)}` : '–'
      }
      parts.push(table(head(`${atOnce} at once`), rows(cell)))
    }
    parts.push(
      'A session check offline, by the public keys, is no request: 0, with Latchkey and OpenAuth.',
      'better-auth has no refresh tokens; its refresh here is a session check that prolongs the session.',
      'The bare Worker keeps what it plays back in memory.',
    )
    parts.push(heading('Memory when all is done, MiB'), bars(Object.entries(rssMiB), ''))
  }
  if (bundles)
    parts.push(
      heading('Bundle, gzipped'),
      table(
        ['', 'KiB'],
        Object.entries(bundles).map(([name, bytes]) => [name, (bytes / 1024).toFixed(1)]),
      ),
    )
  if (start) {
    const { empty } = start
    parts.push(
      heading('From the start of workerd until it can answer, milliseconds beyond an empty Worker; first request'),
    )
    parts.push(
      table(
        ['', 'time', 'CPU', 'first: time', 'first: CPU'],
        Object.entries(start).map(([name, taken]) => [
          name === 'empty' ? 'empty, itself' : name,
          figure(taken.start.elapsed - (name === 'empty' ? 0 : (empty?.start.elapsed ?? 0))),
          figure(taken.start.cpu - (name === 'empty' ? 0 : (empty?.start.cpu ?? 0))),
          figure(taken.first.elapsed),
          figure(taken.first.cpu),
        ]),
      ),
      'The first request is a redemption at Latchkey, and what needs no storage elsewhere.',
    )
  }
  if (scale) {
    parts.push(heading('Latchkey as it grows, beside an empty database'))
    const rows = Object.keys(scale.comparison).map((name) => {
      const [send, verify] = [growthOf(scale, name, 'send link'), growthOf(scale, name, 'redeem link')]
      const own = scale.comparison[name]
      return [
        name,
        ...[verify.cpu, send.cpu, verify.p50, send.p50].map(times),
        figure(own?.['redeem link']?.[16].cpuMs),
        figure(own?.['send link']?.[16].cpuMs),
        figure(scale.firstAnswer[name]),
      ]
    })
    parts.push(
      table(['', 'verify CPU', 'send CPU', 'verify p50', 'send p50', 'verify ms', 'send ms', 'first ms'], rows),
    )
  }
  if (cost) {
    parts.push(heading('A login on Cloudflare: what is counted, and dollars for a million'))
    const items = Object.keys(PRICES) as (keyof typeof PRICES)[]
    const rows = items.map((item) => [item, `$${PRICES[item]}`, ...cost.map(({ counts }) => figure(counts[item]))])
    rows.push(['dollars for a million logins', '', ...cost.map(({ dollars }) => `$${dollars.toFixed(2)}`)])
    parts.push(table(['', 'a million', ...cost.map(({ login }) => login)], rows))
  }
  parts.push(heading('Budgets'))
  parts.push(
    ...verdicts.map(
      ({ budget, is, kept, wish }) =>
        `${kept ? 'kept' : 'OVER'}  ${budget}: ${is}${wish === null ? '' : ` (design.md §7 wants ${wish})`}`,
    ),
  )
  parts.push(
    `\n${options.quick ? 'Quick: these figures are rough. ' : ''}${cpus().length} processors, ${((performance.now() - began) / 60_000).toFixed(1)} minutes.`,
  )
  return parts.join('\n')
}
