/**
 * One part fails (promises 2, 6 and 13): what matrix.test.ts does not ask of every operation alike. An isolate that has just
 * started, a send whose budget is given back, a link that KV does not know, the button for a new link, KV gone altogether.
 */

import { createExecutionContext } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { deliverDue } from '../../src/domain/messages/deliver.ts'
import type { Env } from '../../src/env.ts'
import type { Delivery, Mail } from '../../src/ports.ts'
import { systemPorts } from '../../src/providers/system.ts'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { type Fault, faultyApp, never, sleep } from '../support/faults.ts'

const CALLBACK = 'http://localhost:3000/callback'
const LIMIT_MS = 10_000

const broken = (properties: object = {}): Error => Object.assign(new Error('part of the test: broken'), properties)

const mailTo = (outbox: Mail[], address: string) => {
  const content = outbox.findLast(({ to }) => to === address)?.content
  return content?.kind === 'sign_in' ? content : null
}

const accepted: Delivery = { status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] }

const asMail = (mail: Mail | undefined) => mail && { id: mail.id, to: mail.to, content: mail.content }

/** A provider that keeps what it is given, and answers so. */
const keeps = (outbox: Mail[], delivery: Delivery) => async (mail: Mail) => {
  outbox.push(structuredClone(mail))
  return delivery
}

/** Cron, half a minute later, with a healthy database. */
async function cron(sendMail: (mail: Mail) => Promise<Delivery>, laterBy = 31_000): Promise<void> {
  const { depsFor } = createApp((env, config) => ({
    ...systemPorts(env, config),
    now: () => Date.now() + laterBy,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail,
  }))
  await deliverDue(await depsFor(env as Env, createExecutionContext()))
}

async function sessionsOf(address: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    'SELECT s.id FROM sessions s JOIN identifiers i ON i.user_id = s.user_id WHERE i.canonical = ?',
  )
    .bind(address)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

const send = (app: TestApp, email: string, body: Record<string, unknown> = {}, key?: string): Promise<Answer> =>
  app.call(
    'POST',
    '/v1/passwordless/send',
    { email, redirect_uri: CALLBACK, ...body },
    key ? { headers: { 'idempotency-key': key } } : {},
  )

const verify = (app: TestApp, token: string | null, key = 'verify'): Promise<Answer> =>
  app.call('POST', '/v1/passwordless/verify', { token }, { headers: { 'idempotency-key': key } })

const token = (app: TestApp, fields: Record<string, string>): Promise<Answer> =>
  app.form('/oauth/token', fields, { 'x-api-key': ROOT_KEY, 'idempotency-key': 'exchange' })

const exchange = (app: TestApp, pressed: Answer) =>
  token(app, { grant_type: 'authorization_code', code: codeIn(pressed.headers.get('location')) })

/** A request that can be asked again as it was, and what follows when it has worked: the ids of the sessions handed out. */
type Operation = {
  run: () => Promise<Answer>
  works: number
  finish: (answer: Answer) => Promise<string[]>
  email: string
}

const OPERATIONS = {
  send: async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    return {
      email,
      works: 201,
      run: () => send(app, email, { link: 'direct' }, 'send'),
      finish: async () => {
        // Stored but not handed over: cron's.
        if (!mailTo(app.outbox, email)) await cron(keeps(app.outbox, accepted))
        const link = new URL(mailTo(app.outbox, email)?.link ?? 'http://none')
        expect(app.outbox.filter(({ to }) => to === email)).toHaveLength(1)
        return [(await verify(app, link.searchParams.get('token'))).json.session_id]
      },
    }
  },
  'page GET': async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email)
    const person = browser(app)
    return {
      email,
      works: 200,
      run: () => person.open(mailTo(app.outbox, email)?.link ?? ''),
      finish: async (page) => {
        expect(page.text).toContain('@example.com')
        return [(await exchange(app, await person.press(page))).json.session_id]
      },
    }
  },
  press: async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email)
    const person = browser(app)
    const page = await person.open(mailTo(app.outbox, email)?.link ?? '')
    return {
      email,
      works: 303,
      run: () => person.press(page),
      finish: async (pressed) => [(await exchange(app, pressed)).json.session_id],
    }
  },
  'press with no application': async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email, { redirect_uri: undefined })
    const person = browser(app)
    const page = await person.open(mailTo(app.outbox, email)?.link ?? '')
    return { email, works: 303, run: () => person.press(page), finish: () => sessionsOf(email) }
  },
  exchange: async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email)
    const person = browser(app)
    const pressed = await person.press(await person.open(mailTo(app.outbox, email)?.link ?? ''))
    return { email, works: 200, run: () => exchange(app, pressed), finish: async ({ json }) => [json.session_id] }
  },
  verify: async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email, { link: 'direct' })
    const link = new URL(mailTo(app.outbox, email)?.link ?? '')
    return {
      email,
      works: 200,
      run: () => verify(app, link.searchParams.get('token')),
      finish: async ({ json }) => [json.session_id],
    }
  },
  refresh: async (app: TestApp): Promise<Operation> => {
    const email = anAddress()
    await send(app, email, { link: 'direct' })
    const link = new URL(mailTo(app.outbox, email)?.link ?? '')
    const { refresh_token } = (await verify(app, link.searchParams.get('token'))).json
    return {
      email,
      works: 200,
      run: () => token(app, { grant_type: 'refresh_token', refresh_token }),
      finish: async ({ json }) => {
        const next = await token(app, { grant_type: 'refresh_token', refresh_token: json.refresh_token })
        expect(next.status, said(next)).toBe(200)
        return [json.session_id, next.json.session_id]
      },
    }
  },
}
type OperationName = keyof typeof OPERATIONS
const NAMES = Object.keys(OPERATIONS) as OperationName[]

/** What an answer says, short enough for a report. */
const said = ({ text }: Answer): string => /<h1>(.*?)<\/h1>/.exec(text)?.[1] ?? text.slice(0, 300)

function expectUnavailable(answer: Answer, cell: string): void {
  expect(answer.status, `${cell}: ${said(answer)}`).toBe(503)
  expect(Number(answer.headers.get('retry-after')), cell).toBeGreaterThan(0)
  expect(answer.headers.get('location'), cell).toBeNull()
  expect(
    answer.headers.getSetCookie().filter((cookie) => !/^(visit|flow)=/.test(cookie)),
    cell,
  ).toEqual([])
  if (answer.headers.get('content-type')?.startsWith('text/html')) {
    expect(answer.text, cell).toContain('nothing is lost')
  } else {
    expect(answer.headers.get('content-type'), cell).toBe('application/problem+json')
    expect(answer.json, cell).toMatchObject({ code: 'unavailable', status: 503 })
    expect(answer.text, cell).not.toContain('broken')
  }
}

/** D1 fails in an isolate that has just started. */
async function coldRow(fault: Fault): Promise<void> {
  const warm = faultyApp()
  const email = anAddress()
  await send(warm.app, email)
  const link = mailTo(warm.app.outbox, email)?.link ?? ''
  const page = await browser(warm.app).open(link)
  const requests: [string, number, (app: TestApp) => Promise<Answer>][] = [
    ['send', 503, (app) => send(app, anAddress())],
    ['page GET', 200, (app) => browser(app).open(link)],
    ['press', 503, (app) => browser(app).press(page)],
    ['verify', 503, (app) => verify(app, new URL(link).searchParams.get('code'))],
    ['session', 503, (app) => app.call('GET', `/v1/sessions/sess_${'0'.repeat(27)}`)],
    ['keys', 503, (app) => app.request('/.well-known/jwks.json')],
  ]
  await Promise.all(
    requests.map(async ([name, status, request]) => {
      const cold = faultyApp()
      cold.break({ d1: fault })
      const startedAt = Date.now()
      const answer = await request(cold.app)
      expect(Date.now() - startedAt, name).toBeLessThan(LIMIT_MS)
      expect(answer.status, `${name}: ${said(answer)}`).toBe(status)
      if (status === 503) expectUnavailable(answer, name)
    }),
  )
  // The press had been taken by the ledger; the person presses again.
  const person = browser(warm.app)
  expect((await person.press(await person.open(link))).status).toBe(409)
  const again = await browser(warm.app).press(page)
  expect(again.status).toBe(303)
  expect((await exchange(warm.app, again)).status).toBe(200)
  expect(await sessionsOf(email)).toHaveLength(1)
}

/** A ledger fails where it is the only one that knows of a link. */
async function peekRow(fault: Fault): Promise<void> {
  const parts = faultyApp()
  const email = anAddress()
  const sent = await send(parts.app, email)
  const link = mailTo(parts.app.outbox, email)?.link ?? ''
  parts.break({ ledger: fault, 'kv get': async () => null })
  const [page, status, cancelled] = await Promise.all([
    browser(parts.app).open(link),
    parts.app.call('GET', `/v1/passwordless/${sent.json.id}`),
    parts.app.call('DELETE', `/v1/passwordless/${sent.json.id}`),
  ])
  parts.heal()
  expectUnavailable(page, 'page')
  expectUnavailable(status, 'status')
  expectUnavailable(cancelled, 'cancel')
  const person = browser(parts.app)
  const pressed = await person.press(await person.open(link))
  expect((await exchange(parts.app, pressed)).status).toBe(200)
  expect(await sessionsOf(email)).toHaveLength(1)
}

vi.setConfig({ testTimeout: 60_000 })
beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

describe('KV', () => {
  it('is gone altogether, from send to refresh', async () => {
    const parts = faultyApp()
    parts.break({ 'kv get': () => Promise.reject(broken()), 'kv put': () => Promise.reject(broken()) })
    for (const name of NAMES) {
      const { run, works, finish, email } = await OPERATIONS[name](parts.app)
      const answer = await run()
      expect(answer.status, `${name}: ${said(answer)}`).toBe(works)
      const handedOut = await finish(answer)
      expect(handedOut, name).toEqual(handedOut.map(() => handedOut[0]))
      expect(await sessionsOf(email), name).toEqual([handedOut[0]])
    }
  })

  it('has a copy that is older than the truth: the ledger decides', async () => {
    const { app } = faultyApp()
    const email = anAddress()
    const sent = await send(app, email)
    const link = mailTo(app.outbox, email)?.link ?? ''
    await app.call('DELETE', `/v1/passwordless/${sent.json.id}`)
    const person = browser(app)
    const page = await person.open(link)
    expect(page.status).toBe(200)
    const pressed = await person.press(page)
    expect(pressed.status).toBe(410)
    expect(await sessionsOf(email)).toEqual([])
  })
})

describe('D1', () => {
  it('throws when nothing is in the cache yet: 503, a page where it was in KV', async () => {
    await coldRow(() => Promise.reject(broken()))
  })

  it.each([
    ['projects', (app: TestApp) => app.call('GET', '/v1/project')],
    ['signing_keys', (app: TestApp) => app.request('/.well-known/jwks.json')],
  ])('throws when the first row of %s is written: 503', async (table, request) => {
    const isFirst = (sql: string) => sql.includes(table)
    const DB = new Proxy(env.DB, {
      get(target, name) {
        if (name === 'batch') return () => Promise.reject(broken())
        if (name !== 'prepare') return Reflect.get(target, name).bind(target)
        return (sql: string) => {
          if (!isFirst(sql)) return target.prepare(sql)
          const statement = {
            first: async () => null,
            all: async () => ({ results: [] }),
            run: () => Promise.reject(broken()),
          }
          return { ...statement, bind: () => statement }
        }
      },
    })
    expectUnavailable(await request(testApp({ bindings: { DB } })), table)
  })

  it('fails after the ledger has opened a send: the budget gets it back', async () => {
    const parts = faultyApp()
    const { send_limits } = (await parts.app.call('GET', '/v1/project')).json
    await parts.app.call('PATCH', '/v1/project', { send_limits: { per_minute: 2 } })
    const email = anAddress()
    await parts.app.call('GET', '/v1/project')
    for (const fault of [
      () => Promise.reject(broken()),
      (run: () => Promise<unknown>) => run().then(() => Promise.reject(broken())),
    ]) {
      parts.break({ d1: fault })
      for (let time = 0; time < 3; time++) expectUnavailable(await send(parts.app, email), 'send')
      parts.heal()
    }
    const answers = [await send(parts.app, email), await send(parts.app, email), await send(parts.app, email)]
    await parts.app.call('PATCH', '/v1/project', { send_limits })
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 429])
    const link = new URL(mailTo(parts.app.outbox, email)?.link ?? '')
    expect((await verify(parts.app, link.searchParams.get('code'))).status).toBe(200)
  })

  it('fails after the answer: the message is sent again by cron, with one secret', async () => {
    const parts = faultyApp()
    const email = anAddress()
    await send(parts.app, anAddress())
    parts.break({ d1: async (run, time) => (time === 1 ? run() : Promise.reject(broken())) })
    expect((await send(parts.app, email)).status).toBe(201)
    parts.heal()
    await cron(keeps(parts.app.outbox, accepted))
    const mails = parts.app.outbox.filter(({ to }) => to === email)
    expect(mails).toHaveLength(2)
    expect(asMail(mails[1])).toEqual(asMail(mails[0]))
  })
})

describe('a ledger', () => {
  it('that is overloaded is not asked again', async () => {
    const parts = faultyApp()
    const { run } = await OPERATIONS.verify(parts.app)
    const ledger = vi.fn(() => Promise.reject(broken({ retryable: true, overloaded: true })))
    parts.break({ ledger })
    expectUnavailable(await run(), 'verify')
    expect(ledger).toHaveBeenCalledTimes(1)
  })

  it('decides a send without an Idempotency-Key and throws once: the retry is no other request', async () => {
    const parts = faultyApp()
    await send(parts.app, anAddress())
    parts.break({
      ledger: async (run, time) => (time === 1 ? run().then(() => Promise.reject(broken({ retryable: true }))) : run()),
    })
    const email = anAddress()
    const sent = await send(parts.app, email)
    parts.heal()
    expect(sent.status, said(sent)).toBe(201)
  })

  it.each<[string, Fault]>([
    ['throws', () => Promise.reject(broken())],
    ['answers with an outcome of another version', async () => ({ is: 'postponed' })],
  ])('%s where KV does not know the link: 503, and the link works later', async (_, fault) => {
    await peekRow(fault)
  })

  it('fails when a new link is asked for on the page of a dead one: 503, and the button works later', async () => {
    const parts = faultyApp()
    const email = anAddress()
    await send(parts.app, email)
    const person = browser(parts.app)
    const page = await person.open(mailTo(parts.app.outbox, email)?.link ?? '')
    await exchange(parts.app, await person.press(page))
    const stranger = browser(parts.app)
    const dead = await stranger.press(await stranger.open(mailTo(parts.app.outbox, email)?.link ?? ''))
    expect(dead.status).toBe(409)
    for (const fault of [() => Promise.reject(broken()), async () => ({ is: 'postponed' })]) {
      parts.break({ ledger: fault })
      expectUnavailable(await stranger.press(dead), 'new link')
      parts.heal()
    }
    expect((await stranger.press(dead)).text).toContain('Check your mail')
  })

  describe('has noted that a dead link was renewed', () => {
    const deadPage = async (app: TestApp) => {
      const email = anAddress()
      const sent = await send(app, email, { expires_in: 1 })
      await sleep(1100)
      // Any question after the end moves the challenge to the dead ones.
      expect((await app.call('GET', `/v1/passwordless/${sent.json.id}`)).json.status).toBe('expired')
      const person = browser(app)
      const dead = await person.open(mailTo(app.outbox, email)?.link ?? '')
      expect(dead.status).toBe(410)
      return { person, dead, mails: () => app.outbox.filter(({ to }) => to === email).length }
    }

    it('and the button is pressed twice: one mail, and both answers say so', async () => {
      const { person, dead, mails } = await deadPage(faultyApp().app)
      expect((await person.press(dead)).text).toContain('Check your mail')
      expect((await person.press(dead)).text).toContain('Check your mail')
      expect(mails()).toBe(2)
    })

    it('and D1 fails: the button works later', async () => {
      const parts = faultyApp()
      const { person, dead, mails } = await deadPage(parts.app)
      parts.break({ d1: () => Promise.reject(broken()) })
      expectUnavailable(await person.press(dead), 'new link')
      parts.heal()
      expect((await person.press(dead)).text).toContain('Check your mail')
      expect(mails()).toBe(2)
    })
  })
})

describe('a part that hangs', () => {
  it.concurrent.each<[string, () => Promise<unknown>]>([
    ['D1, with nothing in the cache: 503, a page where it was in KV', () => coldRow(never)],
    ['a ledger, where KV does not know the link: 503, and the link works later', () => peekRow(never)],
  ])('%s', async (_, cells) => {
    await cells()
  })
})

describe('the provider', () => {
  const attempt = (event: 'accepted' | 'refused' | 'unreachable') => [{ provider: 'fake', event, detail: '500' }]
  const messageOf = (email: string) =>
    env.DB.prepare('SELECT m.* FROM messages m JOIN identifiers i ON i.id = m.identifier_id WHERE i.canonical = ?')
      .bind(email)
      .first<Record<string, unknown>>()

  it('accepts: the message is accepted and its secrets are gone', async () => {
    const app = testApp()
    const email = anAddress()
    expect((await send(app, email)).json.message.status).toBe('accepted')
    expect(await messageOf(email)).toMatchObject({ status: 'accepted', provider: 'outbox', secrets: null, attempts: 1 })
  })

  it('cannot be reached: the send is accepted, and cron hands over the same link and code', async () => {
    const outbox: Mail[] = []
    const app = testApp({
      ports: { sendMail: keeps(outbox, { status: 'retry', attempts: attempt('unreachable') }) },
    })
    const email = anAddress()
    const sent = await send(app, email, { link: 'direct' })
    expect(sent.status).toBe(201)
    expect(sent.json.message.status).toBe('pending')
    expect(await messageOf(email)).toMatchObject({ status: 'pending', attempts: 1, secrets: expect.anything() })
    await cron(keeps(outbox, accepted), 61_000)
    const mine = outbox.filter(({ to }) => to === email)
    expect(mine).toHaveLength(2)
    expect(asMail(mine[1])).toEqual(asMail(mine[0]))
    expect(await messageOf(email)).toMatchObject({ status: 'accepted', attempts: 2, secrets: null })
    const link = new URL(mailTo(outbox, email)?.link ?? '')
    expect((await verify(app, link.searchParams.get('token'))).status).toBe(200)
  })

  it('refuses for good: 503 delivery_failed, however often it is asked for with one key', async () => {
    const mails: Mail[] = []
    const app = testApp({ ports: { sendMail: keeps(mails, { status: 'failed', attempts: attempt('refused') }) } })
    const email = anAddress()
    for (const _ of ['first', 'again']) {
      const sent = await send(app, email, {}, 'refused')
      expect(sent.status, said(sent)).toBe(503)
      expect(sent.json.code).toBe('delivery_failed')
      expect(Number(sent.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(mails).toHaveLength(1)
    expect(await messageOf(email)).toMatchObject({ status: 'failed', secrets: null })
    const failed = await env.DB.prepare(
      "SELECT e.data FROM events e JOIN identifiers i ON i.user_id = e.user_id WHERE e.type = 'message.delivery_failed' AND i.canonical = ?",
    )
      .bind(email)
      .all()
    expect(failed.results).toHaveLength(1)
  })

  it('refuses a resend for good: the same', async () => {
    let outcome: Delivery = accepted
    const app = testApp({ ports: { sendMail: async () => outcome } })
    const sent = await send(app, anAddress())
    outcome = { status: 'failed', attempts: attempt('refused') }
    for (const _ of ['first', 'again']) {
      const resent = await app.call(
        'POST',
        '/v1/passwordless/resend',
        { id: sent.json.id },
        { headers: { 'idempotency-key': 'resend' } },
      )
      expect(resent.json.code).toBe('delivery_failed')
    }
  })

  it('breaks in our own code: the request fails, the message does not get lost', async () => {
    const outbox: Mail[] = []
    const app = testApp({ ports: { sendMail: () => Promise.reject(broken()) } })
    const email = anAddress()
    expect((await send(app, email, { link: 'direct' })).status).toBe(500)
    await cron(keeps(outbox, accepted))
    const link = new URL(mailTo(outbox, email)?.link ?? 'http://none')
    expect((await verify(app, link.searchParams.get('token'))).status).toBe(200)
  })
})
