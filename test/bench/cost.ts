/** What a million logins cost on Cloudflare's paid plan, from counted calls and rows. */

import { hiddenInputs } from '../support/html.ts'
import { CALLBACK, expectStatus, FORM_TYPE, JSON_TYPE } from './contestants.ts'
import type { Mail } from './mail-stub.ts'
import type { Server } from './server.ts'
import { VARIABLES } from './storage.ts'
import type { Call, Tape } from './tape.ts'

/**
 * Dollars a million, beyond what the plan includes. developers.cloudflare.com in November 2026: /workers/platform/pricing,
 * /kv/platform/pricing, /d1/platform/pricing, /durable-objects/platform/pricing
 */
export const PRICES = {
  'Worker requests': 0.3,
  'CPU milliseconds': 0.02,
  'KV reads': 0.5,
  'KV writes': 5,
  'ledger requests': 0.15,
  'ledger GB-seconds': 12.5,
  'ledger rows read': 0.001,
  'ledger rows written': 1,
  'ledger rows written by alarms': 1,
  'D1 rows read': 0.001,
  'D1 rows written': 1,
  'D1 rows written by cron': 1,
} as const
type Item = keyof typeof PRICES

/** A ledger is billed while it works, at 128 MB. It waits for nobody, so this is generous. */
const LEDGER_SECONDS = 0.01
const LEDGER_GB = 0.128
const DAY_MS = 86_400_000

export type Cost = { login: string; counts: Record<Item, number>; dollars: number }

/** Dollars for as many million as are counted of each. */
export const dollarsOf = (counts: Record<Item, number>): number =>
  (Object.keys(PRICES) as Item[]).reduce((sum, item) => sum + counts[item] * PRICES[item], 0)

const noCounts = (): Record<Item, number> =>
  Object.fromEntries(Object.keys(PRICES).map((item) => [item, 0])) as Record<Item, number>

function count(counts: Record<Item, number>, call: Call, byCron = false): void {
  if (call.kind === 'd1') {
    counts['D1 rows read'] += call.rowsRead
    counts[byCron ? 'D1 rows written by cron' : 'D1 rows written'] += call.rowsWritten
  } else if (call.kind === 'ledger') {
    counts['ledger requests'] += 1
    counts['ledger rows read'] += call.rowsRead
    counts['ledger rows written'] += call.rowsWritten
  } else if (call.kind === 'kv get') counts['KV reads'] += 1
  else if (call.kind === 'kv put') counts['KV writes'] += 1
}

/**
 * So many logins of each kind on the recorder, and everything that follows them: what cron erases and removes later, and the
 * alarms of the ledgers until they are gone.
 * @param cpuMs of the requests of a login, measured
 */
export async function costOf(
  server: Server,
  key: string,
  take: (to: string[]) => Promise<Mail[]>,
  times: number,
  cpuMs: { link: number; code: number },
): Promise<Cost[]> {
  const kinds = {
    'link on our page, known user': { run: byPage, known: true, cpuMs: cpuMs.link },
    'direct link, known user': { run: byDirectLink, known: true, cpuMs: cpuMs.link },
    'code, known user': { run: byCode, known: true, cpuMs: cpuMs.code },
    'link on our page, new user': { run: byPage, known: false, cpuMs: cpuMs.link },
  }
  const costs: Cost[] = []
  for (const [login, { run, known, cpuMs: cpu }] of Object.entries(kinds)) {
    await cron(server, 100 * DAY_MS)
    // Back to now, as each minute before a real login.
    await cron(server, 0)
    const prefix = `${login}/`
    for (let n = 0; n < times; n++) {
      const to = known ? `code-${n}@example.com` : `new-${n}@example.com`
      await run(server, key, to, take, `${prefix}${n}`)
    }
    const tapes = JSON.parse(
      (await server.ask({ path: `/bench/tapes?prefix=${encodeURIComponent(prefix)}` })).body,
    ) as [string, Tape][]
    const counts = noCounts()
    counts['Worker requests'] = tapes.length
    const calls = tapes.flatMap(([, tape]) => tape.calls)
    const names = calls.flatMap((call) => (call.kind === 'ledger' ? [call.name] : []))
    for (const call of calls) count(counts, call)
    const body = JSON.stringify([...new Set(names)])
    const ends = await server.ask({ method: 'POST', path: '/bench/run-down', headers: JSON_TYPE, body })
    expectStatus(ends, 200, 'the ledgers')
    for (const end of JSON.parse(ends.body) as { alarms: number; rowsRead: number; rowsWritten: number }[]) {
      counts['ledger requests'] += end.alarms
      counts['ledger rows read'] += end.rowsRead
      counts['ledger rows written by alarms'] += end.rowsWritten
    }
    // Messages are erased when they expire, and go after 30 days; sessions and events after 90 and more.
    for (const ahead of [DAY_MS / 24, 40 * DAY_MS, 200 * DAY_MS])
      for (const call of await cron(server, ahead)) count(counts, call, true)
    counts['ledger GB-seconds'] = counts['ledger requests'] * LEDGER_SECONDS * LEDGER_GB
    for (const item of Object.keys(counts) as Item[]) counts[item] /= times
    counts['CPU milliseconds'] = cpu
    costs.push({ login, counts, dollars: dollarsOf(counts) })
  }
  return costs
}

/** Until it finds nothing more to remove. */
async function cron(server: Server, ahead: number): Promise<Call[]> {
  const all: Call[] = []
  for (let idle = 0; idle < 3; ) {
    const answer = await server.ask({ path: `/bench/cron?ahead=${ahead}` })
    expectStatus(answer, 200, 'cron')
    const calls = JSON.parse(answer.body) as Call[]
    const writes = calls.some((call) => call.kind === 'd1' && call.rowsWritten > 1)
    idle = writes ? 0 : idle + 1
    if (writes) all.push(...calls)
    if (all.length > 100_000) throw new Error('cron does not come to an end')
  }
  return all
}

type Login = (
  server: Server,
  key: string,
  to: string,
  take: (to: string[]) => Promise<Mail[]>,
  tape: string,
) => Promise<void>

const post = async (server: Server, key: string, path: string, body: unknown, tape: string, status: number) => {
  const headers = { 'x-api-key': key, ...JSON_TYPE, 'x-tape': tape }
  const answer = await server.ask({ method: 'POST', path, headers, body: JSON.stringify(body) })
  expectStatus(answer, status, path)
  return JSON.parse(answer.body)
}

const byDirectLink: Login = async (server, key, to, take, tape) => {
  const body = { email: to, method: 'link', link: 'direct', redirect_uri: CALLBACK }
  await post(server, key, '/v1/passwordless/send', body, `${tape}/send`, 201)
  const [mail] = await take([to])
  const token = /[?&]token=([\w-]{99})/.exec(mail?.text ?? '')?.[1]
  await post(server, key, '/v1/passwordless/verify', { token }, `${tape}/verify`, 200)
}

const byCode: Login = async (server, key, to, take, tape) => {
  const { id } = await post(server, key, '/v1/passwordless/send', { email: to, method: 'code' }, `${tape}/send`, 201)
  const [mail] = await take([to])
  const code = /#(\d{6})\b/.exec(mail?.text ?? '')?.[1]
  await post(server, key, '/v1/passwordless/verify', { id, code }, `${tape}/verify`, 200)
}

/** The default: a mail with link and code, our page, a press, and the grant. */
const byPage: Login = async (server, key, to, take, tape) => {
  await post(server, key, '/v1/passwordless/send', { email: to, redirect_uri: CALLBACK }, `${tape}/send`, 201)
  const [mail] = await take([to])
  const url = new URL(/https:\S+\/auth\/magic-link\?\S+/.exec(mail?.text ?? '')?.[0] ?? '')
  const browser = { host: url.host, accept: 'text/html' }
  const page = await server.ask({ path: url.pathname + url.search, headers: { ...browser, 'x-tape': `${tape}/page` } })
  expectStatus(page, 200, 'the page')
  const cookie = [page.headers['set-cookie'] ?? []]
    .flat()
    .map((text) => text.split(';')[0])
    .join('; ')
  const pressed = await server.ask({
    method: 'POST',
    path: '/auth/magic-link',
    headers: { ...browser, ...FORM_TYPE, cookie, origin: VARIABLES.ISSUER, 'x-tape': `${tape}/press` },
    body: new URLSearchParams(hiddenInputs(page.body)).toString(),
  })
  expectStatus(pressed, 303, 'the press')
  const token = new URL(String(pressed.headers.location)).searchParams.get('code')
  await post(server, key, '/v1/passwordless/verify', { token }, `${tape}/verify`, 200)
}
