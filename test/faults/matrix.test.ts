/**
 * Every fault of every part against every operation of operations.ts (promise 13). While it lasts, the answer is there within
 * 10 s: the right one where the part is not needed, else 503 with `Retry-After` in the surface's shape, which signs nobody in,
 * leads nowhere and repeats nothing of the fault. Afterwards the same request works, or says that it had worked; one thing came
 * of it. Nobody does anything in between: cron alone runs, within a minute.
 *
 * A request meets the faults of one row one after the other, as one meets an outage, before it is asked in peace.
 */

import { createExecutionContext, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { deliverDue } from '../../src/domain/messages/deliver.ts'
import { purgeDeletedProjects } from '../../src/domain/projects/manage.ts'
import { removeOld } from '../../src/domain/retention/sweep.ts'
import { rotateSigningKeys } from '../../src/domain/signing-keys/signing-key.ts'
import type { Deps } from '../../src/ports.ts'
import { systemPorts } from '../../src/providers/system.ts'
import { ROUTES } from '../abuse/routes.ts'
import { type Answer, anAddress, env } from '../support/app.ts'
import { type Counts, type Fault, type Faults, never, type Part, sleep } from '../support/faults.ts'
import { aProject } from '../support/project.ts'
import { aWorld, type Cell, faultyWorld, OPERATIONS, type Operation, TEXTS, type World } from './operations.ts'

const LIMIT_MS = 10_000
/** Longer than the isolate's cache remembers. */
const COLD_MS = 31_000
const CRON_MS = 61_000
const CANARY = 'canary-7f3a'

/** `needed`: what becomes of an operation that needs the part. */
type Row = [name: string, faults: Faults, needed: 'works' | 'unavailable' | 'either', aheadMs?: number]

// --- the faults ---------------------------------------------------------------------------------------------------------

/** With everything in it that must not get out. */
const error = (message: string, properties: object = {}) =>
  Object.assign(
    new Error(`${message} ${CANARY} somebody@canary.example SELECT * FROM users WHERE id = '${CANARY}'`),
    properties,
  )
const throws =
  (message: string, properties: object = {}): Fault =>
  () =>
    Promise.reject(error(message, properties))
const doesAndThrows =
  (message: string, properties: object = {}): Fault =>
  (run) =>
    run().then(() => Promise.reject(error(message, properties)))
const onCall =
  (which: number, fault: Fault): Fault =>
  (run, time, asked) =>
    time === which ? fault(run, time, asked) : run()

const D1_ERRORS = [
  'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  'D1_ERROR: Network connection lost.',
  'D1_ERROR: Durable Object reset because its code was updated.',
]
const RESET = { retryable: true }
const OVERLOADED = { ...RESET, overloaded: true }
/** Its answer has fields that this Worker does not know. */
const restarts: Fault = async (run, time, { ledger }) => {
  if (time === 1) throw error('Durable Object reset because its code was updated.', RESET)
  if (!ledger) throw new Error('no ledger')
  await runDurableObjectAlarm(ledger)
  await runDurableObjectAlarm(ledger)
  await evictDurableObject(ledger)
  return { ...(await run()), a_newer_field: { of: [CANARY] } }
}

const OUTAGES: [string, Row[]][] = [
  [
    'D1 throws, before it commits and after',
    [
      ...D1_ERRORS.map((message): Row => [message, { d1: throws(message) }, 'unavailable']),
      ['with nothing in the cache', { d1: throws('D1_ERROR') }, 'unavailable', COLD_MS],
      ['commits and throws', { d1: doesAndThrows(D1_ERRORS[2] ?? '') }, 'unavailable'],
    ],
  ],
  [
    'D1 throws on one call, before it commits and after',
    [1, 2, 3, 4].flatMap((which): Row[] => [
      [`before, call ${which}`, { d1: onCall(which, throws(D1_ERRORS[1] ?? '')) }, 'either'],
      [`after, call ${which}`, { d1: onCall(which, doesAndThrows(D1_ERRORS[1] ?? '')) }, 'either'],
    ]),
  ],
  [
    'a ledger decides and throws; then D1 works once and no more',
    [
      ['a ledger', { ledger: doesAndThrows('internal error') }, 'unavailable'],
      ['D1', { d1: (run, time) => (time === 1 ? run() : Promise.reject(error(D1_ERRORS[0] ?? ''))) }, 'either'],
    ],
  ],
  [
    'a ledger fails',
    [
      ['throws', { ledger: throws('internal error') }, 'unavailable'],
      ['is reset, twice', { ledger: throws('Network connection lost.', RESET) }, 'unavailable'],
      ['is overloaded', { ledger: throws('Durable Object is overloaded.', OVERLOADED) }, 'unavailable'],
      [
        'answers with an outcome of a newer version',
        { ledger: async () => ({ is: 'something_newer' }) },
        'unavailable',
      ],
    ],
  ],
  [
    'a ledger is reset once, after it has decided',
    [['and is asked again', { ledger: onCall(1, doesAndThrows('Network connection lost.', RESET)) }, 'works']],
  ],
  [
    'a ledger is reset once, then evicted, rung twice, and newer than the Worker',
    [['and answers', { ledger: restarts }, 'works']],
  ],
  [
    'KV throws, read and written',
    [
      [
        '503 and 429',
        {
          'kv get': throws('KV GET failed: 503 Service Unavailable'),
          'kv put': throws('KV PUT failed: 429 Too Many Requests'),
        },
        'works',
      ],
    ],
  ],
  ['KV loses what is written', [['and says nothing', { 'kv put': async () => undefined }, 'works']]],
]

/** What KV gives instead of the copy that was put. */
const KV_VALUES: [string, (value: string) => string | null][] = [
  ['a miss, or one that is remembered', () => null],
  ['a copy of a minute ago', (value) => value.replace(/"name":"[^"]*"/, '"name":"Old"')],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['half a copy', (value) => value.slice(0, value.length / 2)],
  ['a copy of an older version', (value) => JSON.stringify({ ...JSON.parse(value), application: undefined })],
  ['a copy of a version before that', () => JSON.stringify({ brand: { name: 'Old' }, expiresAt: 4_000_000_000 })],
  ['a copy of a newer version', (value) => JSON.stringify({ ...JSON.parse(value), later: { of: [1] } })],
  ['a copy in a language of a newer version', (value) => JSON.stringify({ ...JSON.parse(value), locale: 'xx' })],
]

// --- one row ------------------------------------------------------------------------------------------------------------

/** It asks a ledger for a sign of life, whatever that says. */
const ALLOWED = /^health, answers with an outcome of a newer version/
const unknown = (problems: string[]) => problems.filter((problem) => !ALLOWED.test(problem))

let w: World
const logged: string[] = []
/** Which parts each operation asks, when nothing fails. */
const usage = new Map<string, Counts>()

type Entry = { name: string; operation: Operation; cell: Cell; answer: Answer | null; wasRefused: boolean }

const runIn = async ({ cell }: Entry, faults: Faults, aheadMs = 0): Promise<Answer> =>
  cell.on ? withOwn(cell, faults) : (await w.f.during(faults, cell.run, aheadMs)).result

/** An app of its own is broken as a whole. */
async function withOwn(cell: Cell, faults: Faults): Promise<Answer> {
  cell.on?.break(faults)
  const answer = await cell.run()
  cell.on?.heal()
  return answer
}

const said = ({ status, text }: Answer) => `${status} ${/<h1>(.*?)<\/h1>/.exec(text)?.[1] ?? text.slice(0, 200)}`

async function meets(entry: Entry, [name, faults, needed, aheadMs = 0]: Row, problems: string[]): Promise<void> {
  const { operation } = entry
  const startedAt = Date.now()
  const answer = await runIn(entry, faults, aheadMs)
  const took = Date.now() - startedAt
  const says = (what: string) => problems.push(`${entry.name}, ${name}: ${what} (${said(answer)})`)
  if (took > LIMIT_MS) says(`took ${took} ms`)
  const isNeeded = operation.needs.some((part) => part in faults)
  const expected = isNeeded || aheadMs > 0 ? needed : needed === 'either' ? 'either' : 'works'
  const isRefused = answer.status === 503 || isTurnedAway(operation, answer)
  const worked =
    !isRefused &&
    (operation.works.includes(answer.status) || (entry.wasRefused && !!operation.again?.includes(answer.status)))
  if (isRefused) {
    entry.wasRefused = true
    if (expected === 'works') says('should have worked')
    for (const wrong of unlikeRefusal(operation, answer, entry.cell.email)) says(wrong)
  } else if (!worked) says('neither worked nor 503')
  else if (expected === 'unavailable' && aheadMs === 0) says('should have been refused')
  if (worked) entry.answer = answer
}

/** RFC 6749 §4.1.2.1: an application that is known is told by way of the browser. */
const isTurnedAway = ({ shape }: Operation, { headers }: Answer): boolean => {
  const query = URL.parse(headers.get('location') ?? '')?.searchParams
  return shape === 'authorize' && query?.get('error') === 'temporarily_unavailable' && !query.has('code')
}

/** What a refusal must be, and is not. */
function unlikeRefusal(operation: Operation, answer: Answer, email = 'nobody@example.com'): string[] {
  const { shape } = operation
  const { headers, text, json } = answer
  if (isTurnedAway(operation, answer)) return []
  const type = headers.get('content-type') ?? ''
  const shapes = {
    problem: type === 'application/problem+json' && ['unavailable', 'delivery_failed'].includes(json.code),
    page: type.startsWith('text/html') && text.includes('<h1'),
    authorize: type.startsWith('text/html') && text.includes('<h1'),
    transmit: type.startsWith('application/json') && 'error_code' in json && 'message' in json,
    scalekit: json.code === 14 && Array.isArray(json.details),
    streambird: json.status_code === 503 && 'error_type' in json && 'error_message' in json,
    '1kosmos': json.code === 503 && 'message' in json,
    health: json.status === 'degraded',
  }
  const cookies = headers.getSetCookie().filter((cookie) => !/^(__Host-)?(visit|flow)=/.test(cookie))
  const leaks = [CANARY, 'canary.example', 'SELECT', 'D1_', email, 'stack', '.ts:'].filter((what) =>
    text.includes(what),
  )
  const tokens = /(access|id|refresh|session)_(token|id|jwt)"|"code":"\w{6,}\d/.test(text)
  return [
    ...(Number(headers.get('retry-after')) > 0 ? [] : ['no Retry-After']),
    ...(shapes[shape] ? [] : [`not in the shape of ${shape}: ${type} ${text.slice(0, 200)}`]),
    ...(headers.get('location') === null ? [] : ['leads somewhere']),
    ...(cookies.length === 0 ? [] : [`sets ${cookies}`]),
    ...(tokens ? ['has a token'] : []),
    ...(leaks.length === 0 ? [] : [`leaks ${leaks}`]),
  ]
}

const entries = (uses: (counts: Counts) => boolean): Promise<Entry[]> =>
  Promise.all(
    Object.entries(OPERATIONS)
      .filter(([name]) => uses(usage.get(name) ?? {}))
      .map(async ([name, operation]) => ({
        name,
        operation,
        cell: await operation.make(w),
        answer: null,
        wasRefused: false,
      })),
  )

async function job(run: (deps: Deps) => Promise<void>, aheadMs: number): Promise<void> {
  const { depsFor } = createApp((bindings, config) => ({
    ...systemPorts(bindings, config),
    now: () => Date.now() + aheadMs,
    sendMail: async (mail) => {
      w.app.outbox.push(structuredClone(mail))
      return { status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] }
    },
    sendText: async (text) => {
      w.app.texts.push(structuredClone(text))
      return { status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] }
    },
  }))
  await run(await depsFor({ ...env, ...TEXTS } as typeof env, createExecutionContext()))
}

/** Asked once more, in peace. */
async function asksAgain(entry: Entry, problems: string[]): Promise<void> {
  const { works, again = works } = entry.operation
  const answer = await runIn(entry, {})
  entry.answer = answer
  if (![...works, ...again].includes(answer.status)) problems.push(`${entry.name}, afterwards: ${said(answer)}`)
}

/** Cron runs, and one thing has come of each. */
async function end(list: Entry[], problems: string[]): Promise<void> {
  await job(deliverDue, CRON_MS)
  await Promise.all(
    list.map(async ({ name, cell, answer }) => {
      try {
        if (cell.email) expectOneMail(cell.email)
        if (answer) await cell.finish?.(answer)
      } catch (wrong) {
        problems.push(`${name}, in the end: ${String((wrong as Error).message ?? wrong).slice(0, 400)}`)
      }
    }),
  )
}

/** At least once, and with one secret (promise 6). */
function expectOneMail(email: string): void {
  const mails = w.app.outbox.filter(({ to }) => to === email)
  const secrets = new Set(
    mails.map(({ content }) => JSON.stringify(content.kind === 'sign_in' && [content.link, content.code])),
  )
  expect([mails.length > 0, secrets.size], `mails: ${mails.length}`).toEqual([true, 1])
}

async function row(rows: Row[]): Promise<void> {
  const list = await entriesFor(rows)
  expect(list.length).toBeGreaterThan(0)
  const problems: string[] = []
  await warm()
  await endure(list, rows, problems)
  await end(list, problems)
  expect(unknown(problems)).toEqual([])
}

const entriesFor = (rows: Row[]): Promise<Entry[]> => {
  const parts = new Set(rows.flatMap(([, faults]) => Object.keys(faults) as Part[]))
  return entries((counts) => [...parts].some((part) => counts[part]))
}

const REMEMBERED = [
  'the project',
  'keys',
  'authorize',
  'client_credentials',
  'POST /api/r1/system/community_info/fetch',
]
/** Project, keys and client are in the isolate's cache, and stay there for a minute: a row takes less. */
const warm = () =>
  w.f.during(
    {},
    async () => {
      for (const name of REMEMBERED) await (await OPERATIONS[name]?.make(w))?.run()
      await w.app.call('GET', '/v1/project', undefined, { key: w.key })
    },
    COLD_MS,
  )

/** Each meets one fault after the other, until it is answered, or there is peace. */
const endure = (list: Entry[], rows: Row[], problems: string[], staggerMs = 0) =>
  Promise.all(
    list.map(async (entry, index) => {
      await sleep(index * staggerMs)
      for (const one of rows) if (!entry.answer) await meets(entry, one, problems)
      if (!entry.answer) await asksAgain(entry, problems)
    }),
  )

// --- the tests ----------------------------------------------------------------------------------------------------------

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation((...parts) => {
    logged.push(parts.join(' '))
  })
  w = await aWorld(faultyWorld())
})
afterAll(() => {
  vi.restoreAllMocks()
})

it('every route of the app is one of the operations', () => {
  const listed = Object.values(OPERATIONS).flatMap(({ routes }) => routes)
  expect(ROUTES.filter((route) => !listed.includes(route))).toEqual([])
  expect(listed.filter((route) => !ROUTES.includes(route))).toEqual([])
  expect(new Set(listed).size).toBe(listed.length)
})

it('a refusal that gives something away, or says too little, is seen', () => {
  const headers = new Headers({ location: 'https://acme.example/', 'content-type': 'text/html' })
  headers.append('set-cookie', 'session=s')
  const text = `{"access_token": "x", "detail": "D1_ERROR ${CANARY}"}`
  const operation = OPERATIONS.verify
  if (!operation) throw new Error('no verify')
  expect(unlikeRefusal(operation, { status: 503, headers, text, json: {} })).toEqual([
    'no Retry-After',
    expect.stringContaining('not in the shape of problem'),
    'leads somewhere',
    'sets session=s',
    'has a token',
    `leaks ${CANARY},D1_`,
  ])
})

it('with nothing broken every operation works, and asks what the table says that it needs', async () => {
  const problems: string[] = []
  await Promise.all(
    Object.entries(OPERATIONS).map(async ([name, operation]) => {
      const cell = await operation.make(w)
      const { result, times } = await w.f.during({}, cell.run)
      usage.set(name, cell.on ? { d1: 1, ledger: 1, 'kv get': 1 } : times)
      if (!operation.works.includes(result.status)) problems.push(`${name}: ${said(result)}`)
      for (const part of operation.needs) if (!usage.get(name)?.[part]) problems.push(`${name} does not ask ${part}`)
      await cell.finish?.(result)
    }),
  )
  expect(problems).toEqual([])
})

describe.each(OUTAGES)('%s', (_, rows) => {
  it('503 where it is needed, and the same request works afterwards', async () => {
    await row(rows)
  })
})

it.each(KV_VALUES)('KV has %s: everything works', async (_, change) => {
  const value: Fault = async (run) => {
    const stored: string | null = await run()
    return stored === null ? null : change(stored)
  }
  await row([['works', { 'kv get': value }, 'works']])
})

describe('a part that hangs', () => {
  const late =
    (milliseconds: number): Fault =>
    (run) =>
      sleep(milliseconds).then(run)
  const doesAndHangs: Fault = (run) => run().then(never)
  const CHAINS: Row[][] = [
    [
      ['D1 hangs', { d1: never }, 'unavailable'],
      ['D1 hangs, with nothing in the cache', { d1: never }, 'unavailable', COLD_MS],
      ['D1 commits and hangs', { d1: doesAndHangs }, 'unavailable'],
    ],
    [
      ['a ledger hangs', { ledger: never }, 'unavailable'],
      ['a ledger decides and hangs', { ledger: doesAndHangs }, 'unavailable'],
    ],
    [['KV, get and put for 5 s', { 'kv get': late(5000), 'kv put': late(5000) }, 'works']],
  ]

  it('503 within 10 s where it is needed, and the same request works afterwards', async () => {
    const lists: [Row[], Entry[]][] = []
    for (const chain of CHAINS) lists.push([chain, await entriesFor(chain)])
    const problems: string[] = []
    await warm()
    // One after the other, or each would wait for the processor and not for the part.
    await Promise.all(lists.map(([chain, list]) => endure(list, chain, problems, 50)))
    for (const [, list] of lists) await end(list, problems)
    expect(unknown(problems)).toEqual([])
  })
})

describe.each<[string, Fault]>([
  ['fail', () => Promise.reject(error('internal error'))],
  ['answer 500', async () => new Response(CANARY, { status: 500 })],
  ['hang', never],
])('static files %s', (_, assets) => {
  it('/docs says 503; a page in another language is in English', async () => {
    const docs = await OPERATIONS.docs?.make(w)
    if (!docs || !OPERATIONS.docs) throw new Error('no docs')
    const problems: string[] = []
    const entry = { name: 'docs', operation: OPERATIONS.docs, cell: docs, answer: null, wasRefused: false }
    // An isolate that has read no language yet.
    const f = faultyWorld()
    const german = { accept: 'text/html', 'accept-language': 'de' }
    const startedAt = Date.now()
    const [page] = await Promise.all([
      f.during({ assets }, () => f.app.request('/sign-in', { headers: german })),
      meets(entry, ['docs', { assets }, 'unavailable'], problems),
    ])
    expect(Date.now() - startedAt).toBeLessThan(LIMIT_MS)
    expect([page.result.status, page.result.text.includes('lang="en"')]).toEqual([200, true])
    await asksAgain(entry, problems)
    expect((await f.app.request('/sign-in', { headers: german })).text).toContain('lang="de"')
    expect(problems).toEqual([])
  })

  it('an address is refused no domain that nobody can look up: 503, and it is sent to afterwards', async () => {
    const f = faultyWorld()
    const project = await aProject(f.app, { block_disposable: true })
    const [email, headers] = [anAddress(), { 'idempotency-key': 'once' }]
    const { result } = await f.during({ assets }, () => project.send({ email }, headers))
    expect([result.status, result.json.code, result.headers.get('retry-after')]).toEqual([503, 'unavailable', '5'])
    expect((await project.send({ email }, headers)).status).toBe(201)
    expect(f.app.outbox.filter(({ to }) => to === email)).toHaveLength(1)
  })
})

describe('the provider', () => {
  it('cannot be reached: what was asked for is pending, and cron sends it within a minute', async () => {
    await row([['works', { provider: async () => ({ status: 'retry', attempts: [] }) }, 'works']])
  })

  it('refuses for good: 503 in the surface’s shape where the caller has a key, and the page tells nothing', async () => {
    const list = await entries(({ provider }) => provider !== undefined)
    const problems: string[] = []
    const refuses: Faults = { provider: async () => ({ status: 'failed', attempts: [] }) }
    for (const entry of list) {
      await meets(entry, ['refuses', refuses, 'unavailable'], problems)
      const again = await runIn(entry, {})
      const expected = entry.operation.needs.includes('provider') ? [503] : entry.operation.works
      if (!expected.includes(again.status)) problems.push(`${entry.name}, asked again: ${said(again)}`)
    }
    expect(unknown(problems)).toEqual([])
  })
})

describe('cron', () => {
  const JOBS = { deliverDue, removeOld, purgeDeletedProjects, rotateSigningKeys }
  it.each(Object.entries(JOBS))('%s: a run that meets D1’s faults is made good by the next', async (_, run) => {
    const faults: Fault[] = [throws('D1_ERROR'), doesAndThrows('D1_ERROR'), onCall(2, doesAndThrows('D1_ERROR'))]
    for (const d1 of faults) {
      const broken = faultyWorld()
      broken.break({ d1 })
      const { depsFor } = createApp(systemPorts)
      const deps = await depsFor({ ...env, DB: broken.bindings.DB } as typeof env, createExecutionContext())
      await run(deps).catch((wrong: unknown) => expect(wrong).toMatchObject({ name: 'Unavailable' }))
    }
    await job(run, CRON_MS)
  })
})

it('no line of the log has an address, a key, SQL or a stack of ours in it', () => {
  expect(logged.length).toBeGreaterThan(100)
  const secrets = w.app.outbox.flatMap(({ content }) =>
    content.kind === 'sign_in' ? [content.link, content.code] : [],
  )
  const kept = [...w.app.outbox.map(({ to }) => to), ...secrets, w.userEmail, w.key].filter((value) => value !== null)
  // What a part itself says is cause-in-log.test.ts's.
  const ours = logged.map((line) => line.replaceAll(/[^"]*canary[^"]*/g, '').replace(/req_[0-9a-f]+/, ''))
  const bad = (line: string) => kept.some((value) => line.includes(value)) || /SELECT|\\n +at /.test(line)
  expect([...new Set(ours.filter(bad))].slice(0, 10)).toEqual([])
})
