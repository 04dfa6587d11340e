/**
 * One round of each kind (security.md §3.3.2): something is prepared, 64 callers come at once, the Worker is killed at a random
 * moment, started again on the same data, whoever heard nothing asks again, strangers try, and the history is checked.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { checkCounter } from '../checker/counter.ts'
import { checkFamily } from '../checker/family.ts'
import type { FamilyCall, Pass, Redeem, Violation } from '../checker/history.ts'
import { checkRegister, type RegisterRules } from '../checker/register.ts'
import type { Call, Reply } from './built-worker.ts'
import { type CrashWorld, databaseBytes, migrate } from './crash-world.ts'
import { hiddenInputs } from './html.ts'

const CALLERS = 64
const SHARED = 16
const STRANGERS = 4
const MAX_TRIES = 5
export const SENDS_PER_MINUTE = 7

export type Played = {
  operations: number
  violations: Violation<unknown>[]
  /** Somebody had won, and nobody had heard of it, when the Worker died. */
  recovered?: boolean
  wrongTries?: number
  /** The migration was cut off with some of it done. */
  partial?: boolean
}

export const ROUNDS = { verify, press, exchange, guess, refresh, revoke, send, migrate: migration }
export type Kind = keyof typeof ROUNDS

let people = 0
const anAddress = () => `crash-${++people}@example.com`

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

function shuffled<T>(world: CrashWorld, list: T[]): T[] {
  return list
    .map((item) => ({ item, place: world.random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item)
}

const fault = (rule: string, ...calls: unknown[]): Violation<unknown> => ({ rule, calls })

// --- a secret that is redeemed once ---------------------------------------------------------------------------------

type Sent = { email: string; id: string; userId: string; link: string; token: string; code: string }

async function sendOne(world: CrashWorld): Promise<Sent> {
  const email = anAddress()
  const body = { email, redirect_uri: 'http://localhost:3000/callback', reveal: true }
  const { status, json, text } = await world.api('/v1/passwordless/send', body)
  if (status !== 201) throw new Error(`send answered ${status} ${text}`)
  const token = new URL(json.link).searchParams.get('code') ?? ''
  return { email, id: json.id, userId: json.user_id, link: json.link, token, code: json.code }
}

const wrongCode = ({ code }: Sent, index: number): string =>
  String((Number(code) + 1 + index) % 1_000_000).padStart(code.length, '0')

function outcomeOf({ status, json, text }: Reply): Redeem['outcome'] {
  if (status === 200) return { is: 'ok', sid: json.session_id }
  if (status >= 500) return { is: 'unknown' }
  const known = {
    already_used: 'used',
    wrong_code: 'bad',
    unknown_token: 'bad',
    expired: 'expired',
    locked: 'locked',
  } as const
  const is = known[json.code as keyof typeof known]
  if (is === undefined) throw new Error(`verify answered ${status} ${text}`)
  return { is }
}

/** Asks, and writes down what came of it. */
async function redeem(
  history: Redeem[],
  { key, right = true }: { key: string; right?: boolean },
  ask: () => Promise<Reply>,
  read: (reply: Reply) => Redeem['outcome'] = outcomeOf,
): Promise<void> {
  const invoked = performance.now()
  const reply = await ask().catch(() => null)
  const answered = performance.now()
  history.push({ key, right, invoked, answered, outcome: reply ? read(reply) : { is: 'unknown' } })
}

/** Sixteen calls of one caller that repeats itself, and 48 strangers. */
const keysOf = (count: number) => times(count, (index) => (index < SHARED ? 'shared' : `caller-${index}`))

const unheard = (history: Redeem[]) => [
  ...new Set(history.flatMap(({ key, right, outcome }) => (right && outcome.is === 'unknown' ? [key] : []))),
]

/** After the restart: whoever heard nothing asks again, and four strangers try, in either order. */
async function afterwards(world: CrashWorld, history: Redeem[], call: (key: string) => Promise<void>): Promise<void> {
  const again = () => Promise.all(unheard(history).map(call))
  const strangers = () => Promise.all(times(STRANGERS, (index) => call(`stranger-${index}`)))
  for (const turn of world.random() < 0.5 ? [again, strangers] : [strangers, again]) await turn()
}

/** What the database says: one session at most, and the one that was told. */
async function checkSessions(world: CrashWorld, { userId }: Sent, sids: Set<string>): Promise<Violation<unknown>[]> {
  const { json } = await world.api(`/v1/users/${userId}/sessions`)
  const stored = (json.data as { id: string }[]).map(({ id }) => id)
  if (stored.length > 1) return [fault('two sessions', stored)]
  return [...sids].some((sid) => !stored.includes(sid))
    ? [fault('a session that was told of is gone', [...sids], stored)]
    : []
}

const sidsOf = (history: Redeem[]) =>
  new Set(history.flatMap(({ outcome }) => (outcome.is === 'ok' ? [outcome.sid] : [])))

const hasWinner = (history: Redeem[]) => history.some(({ outcome }) => outcome.is === 'ok')

async function isRedeemed(world: CrashWorld, { id }: Sent): Promise<boolean> {
  return (await world.api(`/v1/passwordless/${id}`)).json.status === 'redeemed'
}

async function played(
  world: CrashWorld,
  sent: Sent,
  history: Redeem[],
  rules: RegisterRules,
  more: Partial<Played> = {},
): Promise<Played> {
  const sessions = await checkSessions(world, sent, sidsOf(history))
  return { operations: history.length, violations: [...checkRegister(history, rules), ...sessions], ...more }
}

/** By the link's secret or by the code. */
async function verify(world: CrashWorld): Promise<Played> {
  const sent = await sendOne(world)
  const byCode = world.random() < 0.5
  const secret = byCode ? { id: sent.id, code: sent.code } : { token: sent.token }
  const history: Redeem[] = []
  const call = (key: string) =>
    redeem(history, { key }, () => world.api('/v1/passwordless/verify', secret, { 'idempotency-key': key }))
  const wrong = (index: number) =>
    redeem(history, { key: `wrong-${index}`, right: false }, () =>
      world.api('/v1/passwordless/verify', { id: sent.id, code: wrongCode(sent, index) }),
    )
  const calls = keysOf(CALLERS).map((key) => () => call(key))
  if (byCode) calls.splice(0, 3, ...times(3, (index) => () => wrong(index)))
  await world.storm(shuffled(world, calls))
  const heard = hasWinner(history)
  const recovered = !heard && (await isRedeemed(world, sent))
  await afterwards(world, history, call)
  return played(world, sent, history, { maxTries: byCode ? MAX_TRIES : Number.POSITIVE_INFINITY }, { recovered })
}

/** Five tries, whatever happens in between. */
async function guess(world: CrashWorld): Promise<Played> {
  const sent = await sendOne(world)
  const history: Redeem[] = []
  const call = (key: string, code: string) =>
    redeem(history, { key, right: code === sent.code }, () =>
      world.api('/v1/passwordless/verify', { id: sent.id, code }, { 'idempotency-key': key }),
    )
  let guesses = 0
  const wrong = () => call(`guess-${++guesses}`, wrongCode(sent, guesses))
  // A few tries are gone already, so that the kill does not always find the code locked.
  for (let left = Math.floor(world.random() * MAX_TRIES); left > 0; left--) await wrong()
  const owners = world.random() < 0.5 ? times(4, () => () => call('owner', sent.code)) : []
  await world.storm(shuffled(world, [...owners, ...times(CALLERS - owners.length, () => wrong)]))
  await world.storm(times(SHARED, () => wrong))
  await Promise.all(times(SHARED, wrong))
  await afterwards(world, history, (key) => call(key, sent.code))
  const wrongTries = history.filter(({ outcome }) => outcome.is === 'bad').length
  return played(world, sent, history, { maxTries: MAX_TRIES }, { wrongTries })
}

/** A browser as far as a link's page needs one. */
export async function openPage(world: CrashWorld, link: string): Promise<Call> {
  const { pathname, search } = new URL(link)
  const page = await world.ask({ path: pathname + search, headers: { accept: 'text/html' } })
  const cookie = (page.headers['set-cookie'] ?? []).map((text) => text.split(';')[0]).join('; ')
  const headers = {
    accept: 'text/html',
    origin: world.origin,
    cookie,
    'content-type': 'application/x-www-form-urlencoded',
  }
  return { path: '/auth/magic-link', headers, body: new URLSearchParams(hiddenInputs(page.text)).toString() }
}

const grantIn = ({ headers }: Reply) => new URL(headers.location ?? '').searchParams.get('code') ?? ''

/** The button of a link's page, in eight browsers. */
async function press(world: CrashWorld): Promise<Played> {
  const sent = await sendOne(world)
  const browsers = new Map<string, Call>()
  const open = async (name: string) => browsers.set(name, await openPage(world, sent.link))
  await Promise.all(times(8, (index) => open(`browser-${index}`)))
  const history: Redeem[] = []
  const grants: string[] = []
  const call = async (key: string) => {
    const form = browsers.get(key)
    if (!form) throw new Error(`no page for ${key}`)
    await redeem(
      history,
      { key },
      () => world.ask(form),
      (reply) => {
        if (reply.status === 303) {
          grants.push(grantIn(reply))
          return { is: 'ok', sid: 'of the grant' }
        }
        if (reply.status >= 500) return { is: 'unknown' }
        if (reply.status !== 409) throw new Error(`a press was answered ${reply.status} ${reply.text}`)
        return { is: 'used' }
      },
    )
  }
  await world.storm(
    shuffled(
      world,
      times(CALLERS, (index) => () => call(`browser-${index % 8}`)),
    ),
  )
  const recovered = !hasWinner(history) && (await isRedeemed(world, sent))
  await Promise.all(times(STRANGERS, (index) => open(`stranger-${index}`)))
  await afterwards(world, history, call)
  // The browser that won follows its last answer.
  const [winner] = history.flatMap(({ key, outcome }) => (outcome.is === 'ok' ? [key] : []))
  if (winner) await call(winner)
  const sids = new Set<string>()
  for (const token of grants.slice(-MAX_TRIES)) {
    const { status, json } = await world.api('/v1/passwordless/verify', { token })
    if (status === 200) sids.add(json.session_id)
  }
  const lost = winner !== undefined && sids.size === 0 ? [fault('no grant leads to the session', grants.length)] : []
  const sessions = [
    ...(await checkSessions(world, sent, sids)),
    ...(sids.size > 1 ? [fault('two sessions', [...sids])] : []),
  ]
  const violations = [...checkRegister(history, { maxTries: Number.POSITIVE_INFINITY }), ...lost, ...sessions]
  return { operations: history.length, violations, recovered }
}

/** A grant: by its one client, or by several, which ends what it issued (RFC 6749 §4.1.2). */
async function exchange(world: CrashWorld): Promise<Played> {
  const sent = await sendOne(world)
  const token = grantIn(await world.ask(await openPage(world, sent.link)))
  const reuseEnds = world.random() < 0.5
  const history: Redeem[] = []
  const call = (key: string) =>
    redeem(history, { key }, () => world.api('/v1/passwordless/verify', { token }, { 'idempotency-key': key }))
  await world.storm((reuseEnds ? keysOf(CALLERS) : times(CALLERS, () => 'shared')).map((key) => () => call(key)))
  if (reuseEnds) await afterwards(world, history, call)
  else {
    await call('shared')
    await Promise.all(times(STRANGERS, (index) => call(`stranger-${index}`)))
  }
  return played(world, sent, history, { maxTries: Number.POSITIVE_INFINITY, reuseEnds })
}

// --- refresh families -----------------------------------------------------------------------------------------------

/** Somebody who is signed in. */
async function signIn(world: CrashWorld) {
  const sent = await sendOne(world)
  const { status, json, text } = await world.api('/v1/passwordless/verify', { token: sent.token })
  if (status !== 200) throw new Error(`verify answered ${status} ${text}`)
  const first = String(json.refresh_token)
  const sessionId = String(json.session_id)
  const history: FamilyCall[] = []
  const present = async (token: string): Promise<string | null> => {
    const invoked = performance.now()
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const reply = await world.api('/oauth/token', body, headers).catch(() => null)
    const next = reply?.status === 200 ? String(reply.json.refresh_token) : null
    const isRefused = reply?.status === 400 && reply.json.error === 'invalid_grant'
    if (reply && reply.status < 500 && !next && !isRefused)
      throw new Error(`refresh answered ${reply.status} ${reply.text}`)
    const outcome = next ? ({ is: 'ok', next } as const) : ({ is: isRefused ? 'refused' : 'unknown' } as const)
    history.push({ does: 'refresh', client: 'app', token, invoked, answered: performance.now(), outcome })
    return next
  }
  const end = async () => {
    const invoked = performance.now()
    const reply = await world.remove(`/v1/sessions/${sessionId}`).catch(() => null)
    if (reply && reply.status < 500 && reply.status !== 204)
      throw new Error(`revoke answered ${reply.status} ${reply.text}`)
    const outcome = { is: reply?.status === 204 ? 'done' : 'unknown' } as const
    history.push({ does: 'revoke', invoked, answered: performance.now(), outcome })
  }
  const check = (): Played => ({
    operations: history.length,
    violations: checkFamily(history, { client: 'app', first }),
  })
  return { first, sessionId, history, present, end, check }
}

const must = <T>(value: T | null, what: string): T => {
  if (value === null) throw new Error(what)
  return value
}

/** The living token, or together with an old one. What a reuse ended stays ended over another crash (CVE-2026-9802). */
async function refresh(world: CrashWorld): Promise<Played> {
  const { first, present, check } = await signIn(world)
  const tokens = [first]
  const withReuse = world.random() < 0.5
  if (withReuse) {
    for (const generation of [0, 1]) tokens.push(must(await present(tokens[generation] ?? ''), 'not refreshed'))
    const [oldest, , leaf] = tokens as [string, string, string]
    await world.storm(
      shuffled(
        world,
        times(CALLERS, (index) => () => present(index % 8 === 0 ? oldest : leaf).then(() => {})),
      ),
    )
  } else {
    await world.storm(times(CALLERS, () => () => present(first).then(() => {})))
    const second = await present(first)
    if (second) tokens.push(second, ...[await present(second)].filter((token) => token !== null))
  }
  for (const token of tokens) await present(token)
  await world.crash()
  await Promise.all(tokens.map(present))
  return check()
}

/** A revocation that was answered holds; one that was not is asked again. */
async function revoke(world: CrashWorld): Promise<Played> {
  const { first, sessionId, history, present, end, check } = await signIn(world)
  await world.storm(
    shuffled(
      world,
      times(CALLERS, (index) => () => (index % 3 === 0 ? end() : present(first).then(() => {}))),
    ),
  )
  const next = history.flatMap((call) =>
    call.does === 'refresh' && call.outcome.is === 'ok' ? [call.outcome.next] : [],
  )[0]
  const tokens = [first, ...(next ? [next] : [])]
  for (const token of tokens) await present(token)
  await end()
  for (const token of tokens) await present(token)
  const { json } = await world.api(`/v1/sessions/${sessionId}`)
  const result = check()
  return json.revoked_at === null
    ? { ...result, violations: [...result.violations, fault('not revoked', json)] }
    : result
}

// --- send -----------------------------------------------------------------------------------------------------------

/** With an Idempotency-Key, sixteen people four times each; or without, one person's limit. */
async function send(world: CrashWorld): Promise<Played> {
  return world.random() < 0.5 ? sendOnce(world) : sendToTheLimit(world)
}

async function sendOnce(world: CrashWorld): Promise<Played> {
  const addresses = times(CALLERS / 4, anAddress)
  const told = new Map<string, Set<string>>()
  let operations = 0
  const call = async (email: string): Promise<Reply | null> => {
    operations += 1
    const reply = await world
      .api('/v1/passwordless/send', { email, reveal: true }, { 'idempotency-key': `send-${email}` })
      .catch(() => null)
    if (reply?.status === 201) {
      const { id, link, code, user_id } = reply.json
      told.set(email, (told.get(email) ?? new Set()).add(JSON.stringify({ id, link, code, user_id })))
    }
    return reply
  }
  await world.storm(times(CALLERS, (index) => () => call(addresses[index % addresses.length] ?? '').then(() => {})))
  const violations: Violation<unknown>[] = []
  await Promise.all(
    addresses.map(async (email) => {
      const again = await call(email)
      if (again?.status !== 201) return violations.push(fault('a send cannot be repeated', again?.status, again?.text))
      const answers = [...(told.get(email) ?? [])]
      if (answers.length !== 1) violations.push(fault('two answers to one key', ...answers))
      const { id, code, link } = again.json
      const others = world.linksTo(email).filter((sent) => sent !== link)
      if (others.length > 0) violations.push(fault('two secrets were sent', link, ...others))
      const verified = await world.api('/v1/passwordless/verify', { id, code })
      if (verified.status !== 200) violations.push(fault('the code does not work', verified.status, verified.text))
    }),
  )
  return { operations, violations }
}

async function sendToTheLimit(world: CrashWorld): Promise<Played> {
  const email = anAddress()
  const passes: Pass[] = []
  let operations = 0
  const call = async () => {
    operations += 1
    const invoked = performance.now()
    const reply = await world.api('/v1/passwordless/send', { email }).catch(() => null)
    if (reply?.status === 201) passes.push({ invoked, answered: performance.now() })
    else if (reply && reply.status < 500 && reply.status !== 429)
      throw new Error(`send answered ${reply.status} ${reply.text}`)
  }
  await world.storm(times(CALLERS, () => call))
  await Promise.all(times(SHARED, call))
  const violations = checkCounter(passes, SENDS_PER_MINUTE, 60_000)
  const refused = await world.api('/v1/passwordless/send', { email })
  return {
    operations,
    violations: refused.status === 429 ? violations : [...violations, fault('no limit', refused.status)],
  }
}

// --- migrate --------------------------------------------------------------------------------------------------------

/** A migration that died is run again, and the schema comes out as if nothing had happened. */
async function migration(world: CrashWorld): Promise<Played> {
  const persistTo = `${world.folder}/migrate-${++people}`
  const first = migrate(persistTo)
  let isOver = false
  void first.ended.then(() => {
    isOver = true
  })
  // It writes for a moment only, after a long start: what it has written tells where it is.
  const some = world.random() * world.migratedBytes
  while (!isOver && (await databaseBytes(persistTo)) <= some) await sleep(1)
  await first.kill()
  const between = await world.schemaOf(persistTo)
  const { code, output } = await migrate(persistTo).ended
  const [expected, migrated] = [await world.schemaOf(world.folder), await world.schemaOf(persistTo)]
  const violations: Violation<unknown>[] = []
  if (code !== 0) violations.push(fault('the migration does not run again', output))
  if (JSON.stringify(migrated) !== JSON.stringify(expected))
    violations.push(fault('another schema', migrated, expected))
  return { operations: 2, violations, partial: between.length > 1 && between.length < expected.length }
}
