/** What a browser can ask without a key tells nobody whether an address is anybody's: same calls, same bytes (promise 10). */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, browser, env, hiddenFields, type TestApp, testApp } from '../support/app.ts'

/**
 * Notes what is asked of the bindings before the answer. What comes after the pending row belongs to the time after the answer:
 * it is held back until the answer is there, so an answer that waits for any of it never comes.
 */
function recorder() {
  const calls: string[] = []
  let isNoting = false
  let open = () => {}
  let gate: Promise<void> | null = null
  const ask = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
    if (gate) await gate
    else if (isNoting) calls.push(call)
    return work()
  }
  const inner = new WeakMap<object, D1PreparedStatement>()
  const sqlOf = new WeakMap<object, string>()
  const statement = (real: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => statement(real.bind(...values), sql),
      first: () => ask(`first ${sql}`, () => real.first()),
      all: () => ask(`all ${sql}`, () => real.all()),
      run: () => ask(`run ${sql}`, () => real.run()),
    } as unknown as D1PreparedStatement
    inner.set(wrapped, real)
    sqlOf.set(wrapped, sql)
    return wrapped
  }
  const DB = {
    prepare: (sql: string) => statement(env.DB.prepare(sql), sql.replace(/\s+/g, ' ').trim()),
    batch: (list: D1PreparedStatement[]) => {
      const sql = list.map((each) => sqlOf.get(each)).join('; ')
      const answer = ask(`batch ${sql}`, () => env.DB.batch(list.map((each) => inner.get(each) ?? each)))
      if (isNoting && /insert (or ignore )?into messages/i.test(sql)) {
        gate ??= new Promise((resolve) => {
          open = resolve
        })
      }
      return answer
    },
  }
  const LEDGER = {
    idFromName: (name: string) => env.LEDGER.idFromName(name),
    get: (id: DurableObjectId) => ({
      run: (command: { type: string }) =>
        ask(`ledger ${command.type}`, async () =>
          (env.LEDGER.get(id) as unknown as { run(c: unknown): unknown }).run(command),
        ),
    }),
  }
  const CODES = {
    get: (key: string) => ask('kv get', () => env.CODES.get(key)),
    put: (key: string, value: string, options?: KVNamespacePutOptions) =>
      ask('kv put', () => env.CODES.put(key, value, options)),
  }
  return {
    // The approximate limits would count one test's presses against the next.
    bindings: { DB, LEDGER, CODES, PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined },
    start() {
      calls.length = 0
      isNoting = true
    },
    /** The answer is there. */
    stop(): string[] {
      isNoting = false
      gate = null
      open()
      return [...calls]
    },
  }
}

const recorded = recorder()
let app: TestApp
/** When the answer is there, before the work after it is waited for. */
let before: { calls: string[] } = { calls: [] }

beforeEach(() => {
  app = testApp({ bindings: recorded.bindings })
})
afterEach(async () => {
  await settings({ allow_sign_up: true, method: 'link_and_code', send_limits: GENEROUS })
})

const GENEROUS = { per_minute: 200, per_15_minutes: 500, per_day: 2000 }

async function settings(patch: Record<string, unknown>): Promise<void> {
  const answer = await app.call('PATCH', '/v1/project', patch)
  expect(answer.status, answer.text).toBe(200)
}

async function createUser(email: string, status?: 'INACTIVE'): Promise<void> {
  const made = await app.call('POST', '/v1/users', { email, ...(status && { status }) })
  expect(made.status, made.text).toBe(201)
  expect(made.json.status).toBe(status ?? 'ACTIVE')
}

type Person = ReturnType<typeof browser>
const cookieOf = (person: Person) => [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
function keep(person: Person, answer: Answer): Answer {
  for (const cookie of answer.headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';')
    person.cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
  }
  return answer
}
const submit = async (person: Person, path: string, fields: Record<string, string>) =>
  keep(person, await app.form(path, fields, { accept: 'text/html', cookie: cookieOf(person) }))

const ask = async (person: Person, email: string): Promise<Answer> =>
  submit(person, '/sign-in', { ...hiddenFields((await person.open('/sign-in')).text), email })

/** Addresses of one length: nothing differs but whose they are. */
const anAddress = () => `${crypto.randomUUID().slice(0, 13)}@example.com`

/** Sealed values, ids and nonces by their length, and the address by its. */
const masked = (text: string, email: string) =>
  text
    .replaceAll(email, `<address of ${email.length}>`)
    .replaceAll(encodeURIComponent(email), `<address of ${email.length}>`)
    // The countdown of a second, which may have passed.
    .replace(/ data-seconds="\d+" data-later="[^"]*"/g, '')
    .replace(/[\w-]{20,}/g, (value) => `<${value.length}>`)

/** Everything that the asking browser can see, and everything asked before it saw it. */
async function observe(email: string) {
  const person = browser(app)
  const page = await person.open('/sign-in')
  const fields = { ...hiddenFields(page.text), email }
  recorded.start()
  const asked = await submitAndStop(person, '/sign-in', fields)
  const waiting = await person.open(asked.headers.get('location') ?? '')
  const sealed = new URL(asked.headers.get('location') ?? '').searchParams.get('s') ?? ''
  const wrong = await submit(person, '/sign-in/code', { s: sealed, typed: 'abcdef' })
  const status = await person.open(`/sign-in/status?s=${sealed}`)
  const seen = [asked, waiting, wrong, status].map((answer) => ({
    status: answer.status,
    headers: [...answer.headers].map(([name, value]) => `${name}: ${masked(value, email)}`).sort(),
    body: masked(answer.text, email),
  }))
  return { calls: before.calls, seen }
}

async function submitAndStop(person: Person, path: string, fields: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams(fields).toString()
  const answer = await app.requestThen(
    path,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: String(env.ISSUER),
        accept: 'text/html',
        cookie: cookieOf(person),
      },
      body,
    },
    () => {
      before = { calls: recorded.stop() }
    },
  )
  return keep(person, answer)
}

const messageTo = async (email: string) => {
  const masked = `${email[0]}•••@example.com`
  const { results } = await env.DB.prepare(
    'SELECT id, status, secrets FROM messages WHERE to_masked = ? ORDER BY created_at DESC, id DESC',
  )
    .bind(masked)
    .all<{ id: string; status: string; secrets: ArrayBuffer | null }>()
  return results
}

const mailsTo = (email: string) => app.outbox.filter(({ to }) => to === email)

describe('asking to sign in', () => {
  it('tells nobody whose address it is: the same calls, then the same bytes', async () => {
    const [active, unknown, inactive, refused] = [anAddress(), anAddress(), anAddress(), anAddress()]
    await createUser(active)
    await createUser(inactive, 'INACTIVE')
    // The project and its keys are in the isolate's cache from here on.
    await ask(browser(app), anAddress())

    const first = await observe(active)
    expect(first.calls.map((call) => call.split(' ').slice(0, 4).join(' '))).toEqual([
      'ledger open',
      expect.stringMatching(/^batch INSERT/i),
    ])
    expect(await observe(unknown)).toEqual(first)
    expect(await observe(inactive)).toEqual(first)
    await settings({ allow_sign_up: false })
    await ask(browser(app), anAddress())
    expect(await observe(refused)).toEqual(first)
    expect(await observe(active)).toEqual(first)

    expect(mailsTo(active)).toHaveLength(2)
    expect(mailsTo(unknown)).toHaveLength(1)
    expect(mailsTo(inactive)).toEqual([])
    expect(mailsTo(refused)).toEqual([])
  })

  it.each([
    ['INACTIVE', { allow_sign_up: true }],
    ['unknown, with sign-up closed', { allow_sign_up: false }],
  ])('sends nothing to who is %s: suppressed, and its secrets erased', async (who, patch) => {
    const email = anAddress()
    if (who === 'INACTIVE') await createUser(email, 'INACTIVE')
    await settings(patch)
    const earlier = new Set((await messageTo(email)).map(({ id }) => id))
    expect((await ask(browser(app), email)).status).toBe(303)
    const rows = (await messageTo(email)).filter(({ id }) => !earlier.has(id))
    expect(rows).toMatchObject([{ status: 'suppressed', secrets: null }])
    expect(app.outbox).toEqual([])
  })
})

describe('a stranger who guesses', () => {
  const sealedIn = (asked: Answer) => new URL(asked.headers.get('location') ?? '').searchParams.get('s') ?? ''

  async function signIn(person: Person, email: string): Promise<void> {
    const s = sealedIn(await ask(person, email))
    const mail = mailsTo(email).at(-1)?.content
    const code = mail?.kind === 'sign_in' ? mail.code : null
    const done = await submit(person, '/sign-in/code', { s, typed: code ?? 'none' })
    expect(done.status, done.text).toBe(303)
    expect(done.headers.get('location')).toMatch(/\/account$/)
  }

  async function guess(email: string, tries: number): Promise<number[]> {
    const stranger = browser(app)
    const s = sealedIn(await ask(stranger, email))
    const statuses: number[] = []
    for (let tried = 0; tried < tries; tried++) {
      statuses.push((await submit(stranger, '/sign-in/code', { s, typed: `wrong${tried}` })).status)
    }
    return statuses
  }

  it('50 wrong codes lock nobody out of a browser that signed in before, nor anybody out of the link', async () => {
    const email = anAddress()
    const known = browser(app)
    await signIn(known, email)
    for (let round = 0; round < 10; round++) expect(await guess(email, 5)).toEqual([400, 400, 400, 400, 400])

    // The strangers' lane is spent: no more codes there, and links alone.
    const late = browser(app)
    await ask(late, email)
    const mail = mailsTo(email).at(-1)?.content
    expect(mail).toMatchObject({ code: null, link: expect.stringContaining('/auth/magic-link?code=') })
    const link = mail?.kind === 'sign_in' ? mail.link : null
    expect((await late.press(await late.open(link ?? ''))).status).toBe(303)

    // That was a success, which ends the count; so again, and then the known browser, by code.
    for (let round = 0; round < 10; round++) await guess(email, 5)
    await signIn(known, email)
  })

  it('sends in a lane of their own: a stranger who spends it stops no known browser', async () => {
    const email = anAddress()
    const known = browser(app)
    await signIn(known, email)
    await settings({ send_limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 } })
    const statuses = [(await ask(browser(app), email)).status, (await ask(browser(app), email)).status]
    expect(statuses).toContain(429)
    await signIn(known, email)
  })
})
