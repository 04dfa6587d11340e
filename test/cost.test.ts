/**
 * What a person waits for (design §7): each call to a binding before the answer, in order, and what goes on after it.
 * Every call is held back. When nothing moves any more, the newest may go on: it was waited for. What is still held when
 * the answer is there came after it.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import type { Env } from '../src/env.ts'
import type { Mail } from '../src/ports.ts'
import { systemPorts } from '../src/providers/system.ts'
import { anAddress, codeIn, env, formAction, hiddenFields, ISSUER, ROOT_KEY } from './support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

const QUIET_MS = 60
const CALLBACK = 'http://localhost:3000/callback'

type Part = 'ledger' | 'd1' | 'mail' | 'kv get' | 'kv put' | 'kv'
type Watch = <T>(part: Part, run: () => Promise<T>) => Promise<T>
type Answer = { status: number; headers: Headers; text: string; json: Record<string, any> }
type Cost = { before: Part[]; after: Part[] }

function trace() {
  const cost: Cost = { before: [], after: [] }
  const held: { part: Part; release: () => void }[] = []
  let answered = false
  let moves = 0
  let running = 0
  let seen = -1
  const pump = setInterval(() => {
    if (running > 0 || moves !== seen) {
      seen = moves
      return
    }
    const newest = held.pop()
    if (!newest) return
    cost.before.push(newest.part)
    newest.release()
  }, QUIET_MS)
  const watch: Watch = async (part, run) => {
    moves++
    if (answered) cost.after.push(part)
    else await new Promise<void>((release) => held.push({ part, release }))
    running++
    try {
      return await run()
    } finally {
      running--
      moves++
    }
  }
  const answer = () => {
    answered = true
    clearInterval(pump)
    for (const { part, release } of held.splice(0)) {
      cost.after.push(part)
      release()
    }
  }
  return { cost, watch, answer }
}

/** The bindings as they are, with every call that leaves the isolate announced. */
function watched(watch: Watch): Partial<Env> {
  const statements = new WeakMap<D1PreparedStatement, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        const method = Reflect.get(target, name)
        return typeof method === 'function'
          ? (...args: unknown[]) => watch('d1', () => method.apply(target, args))
          : method
      },
    })
    statements.set(proxy, statement)
    return proxy
  }
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') return (sql: string) => wrap(target.prepare(sql))
      if (name === 'batch') {
        return (list: D1PreparedStatement[]) =>
          watch('d1', () => target.batch(list.map((statement) => statements.get(statement) ?? statement)))
      }
      throw new Error(`D1 ${String(name)} is not counted`)
    },
  })
  const CODES = new Proxy(env.CODES, {
    get(target, name) {
      const part = name === 'get' ? 'kv get' : name === 'put' ? 'kv put' : 'kv'
      return (...args: unknown[]) => watch(part, () => Reflect.get(target, name).apply(target, args))
    },
  })
  const LEDGER = new Proxy(env.LEDGER, {
    get(target, name) {
      if (name !== 'get') return Reflect.get(target, name).bind(target)
      return (id: DurableObjectId) => ({
        run: (command: never) => watch('ledger', async () => target.get(id).run(command)),
      })
    },
  })
  return { DB, CODES, LEDGER } as Partial<Env>
}

/** The app with warm caches. `laterBy`: milliseconds that the Worker's clock is ahead of the ledger's. */
async function warmApp(laterBy = 0) {
  let current: ReturnType<typeof trace> | null = null
  const watch: Watch = (part, run) => (current ? current.watch(part, run) : run())
  const outbox: Mail[] = []
  const { app } = createApp((env, config) => ({
    ...systemPorts(env, config),
    now: () => Date.now() + laterBy,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail: (mail) =>
      watch('mail', async () => {
        outbox.push(structuredClone(mail))
        return { status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] }
      }),
    sendText: () =>
      watch('mail', async () => ({ status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] })),
  }))
  const bindings = { ...env, ...watched(watch) } as Env
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const context = createExecutionContext()
    const response = await app.fetch(
      new Request(new URL(path, ISSUER), { redirect: 'manual', ...init }),
      bindings,
      context,
    )
    const text = await response.text()
    current?.answer()
    await waitOnExecutionContext(context)
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, json: isJson && text ? JSON.parse(text) : {} }
  }
  const api = (method: string, path: string, body?: unknown, key = ROOT_KEY) =>
    request(path, {
      method,
      headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ISSUER, accept: 'text/html', ...headers },
      body: new URLSearchParams(fields).toString(),
    })
  const token = (fields: Record<string, string>) => post('/oauth/token', fields, { 'x-api-key': ROOT_KEY })
  const send = (body: Record<string, unknown> = {}) =>
    api('POST', '/v1/passwordless/send', { email: anAddress(), redirect_uri: CALLBACK, ...body })
  /** The last mail's. */
  const lastMail = () => {
    const content = outbox.at(-1)?.content
    if (content?.kind !== 'sign_in') throw new Error('no mail')
    return { link: content.link ?? '', code: content.code ?? '' }
  }
  const open = () => request(lastMail().link, { headers: { accept: 'text/html' } })
  const press = (page: Answer) => {
    const [cookie = ''] = page.headers.getSetCookie().map((text) => text.split(';')[0])
    return post(formAction(page.text), hiddenFields(page.text), { cookie })
  }
  const grant = async (body: Record<string, unknown> = {}) => {
    await send(body)
    return codeIn((await press(await open())).headers.get('location'))
  }
  const tokens = async () => (await token({ grant_type: 'authorization_code', code: await grant() })).json
  const costOf = async (run: () => Promise<Answer>): Promise<Cost & { answer: Answer }> => {
    const own = trace()
    current = own
    try {
      const answer = await run()
      return { answer, ...own.cost }
    } finally {
      own.answer()
      current = null
    }
  }
  // Project (by id too) and signing keys are in the isolate's cache after one sign-in.
  if (laterBy === 0) await tokens()
  else await api('GET', '/v1/project')
  return { api, post, token, request, send, lastMail, open, press, grant, tokens, costOf, outbox }
}

const SEND: Cost = { before: ['ledger', 'd1', 'mail'], after: ['d1', 'kv put'] }

describe('what a person waits for', () => {
  it('send: 1 ledger, 1 D1, 1 mail', async () => {
    const app = await warmApp()
    const email = anAddress()
    for (const body of [{ email }, { email }, { email, method: 'link' }, { email, create_user: false }]) {
      const { answer, ...cost } = await app.costOf(() => app.send(body))
      expect(answer.status, answer.text).toBe(201)
      expect(cost).toEqual(SEND)
    }
    const codeOnly = await app.costOf(() => app.send({ email, method: 'code' }))
    expect(codeOnly).toMatchObject({ before: ['ledger', 'd1', 'mail'], after: ['d1'] })
    const unknown = await app.costOf(() => app.send({ create_user: false }))
    expect(unknown).toMatchObject({ answer: { status: 201 }, before: ['ledger', 'd1'], after: [] })
    const shown = await app.costOf(() => app.send({ channel: 'none' }))
    expect(shown).toMatchObject({ answer: { status: 201 }, before: ['ledger', 'd1'], after: [] })
  })

  it('send again: 1 ledger, 1 D1, 1 mail', async () => {
    const app = await warmApp()
    const sent = await app.send()
    const { answer, ...cost } = await app.costOf(() => app.api('POST', '/v1/passwordless/resend', { id: sent.json.id }))
    expect(answer.status, answer.text).toBe(201)
    expect(cost).toEqual(SEND)
  })

  it('the same with an API key that was used within the hour', async () => {
    const app = await warmApp()
    const { json } = await app.api('POST', '/v1/api_keys', { name: 'cost', scopes: ['passwordless:send'] })
    const body = { email: anAddress(), redirect_uri: CALLBACK }
    await app.api('POST', '/v1/passwordless/send', body, json.key)
    const { answer, ...cost } = await app.costOf(() => app.api('POST', '/v1/passwordless/send', body, json.key))
    expect(answer.status, answer.text).toBe(201)
    expect(cost).toEqual(SEND)
  })

  it('page: 1 KV', async () => {
    const app = await warmApp()
    await app.send()
    const { answer, ...cost } = await app.costOf(app.open)
    expect(answer.status, answer.text).toBe(200)
    expect(cost).toEqual({ before: ['kv get'], after: [] })
  })

  it('press: 1 ledger', async () => {
    const app = await warmApp()
    await app.send()
    const page = await app.open()
    for (const after of [['d1'], []]) {
      const { answer, ...cost } = await app.costOf(() => app.press(page))
      expect(answer.status, answer.text).toBe(303)
      expect(cost).toEqual({ before: ['ledger'], after })
    }
  })

  it('press with no application: 1 ledger, 1 D1', async () => {
    const app = await warmApp()
    await app.send({ redirect_uri: undefined })
    const page = await app.open()
    const { answer, ...cost } = await app.costOf(() => app.press(page))
    expect(answer.headers.get('location')).toBe(`${ISSUER}/account`)
    expect(cost).toEqual({ before: ['ledger', 'd1'], after: [] })
  })

  it('exchange: 1 ledger, 1 D1', async () => {
    const app = await warmApp()
    for (const exchange of [
      (code: string) => app.token({ grant_type: 'authorization_code', code }),
      (code: string) => app.api('POST', '/v1/passwordless/verify', { token: code }),
      (code: string) => app.api('POST', '/v1/passwordless/verify', { token: code, session: false }),
    ]) {
      const code = await app.grant()
      const { answer, ...cost } = await app.costOf(() => exchange(code))
      expect(answer.status, answer.text).toBe(200)
      expect(cost).toEqual({ before: ['ledger', 'd1'], after: [] })
    }
  })

  it('verify: 1 ledger, 1 D1; a refusal 1 ledger', async () => {
    const app = await warmApp()
    await app.send({ link: 'direct' })
    const link = new URL(app.lastMail().link).searchParams.get('token')
    const byLink = await app.costOf(() => app.api('POST', '/v1/passwordless/verify', { token: link }))
    expect(byLink).toMatchObject({ answer: { status: 200 }, before: ['ledger', 'd1'], after: [] })

    const { json } = await app.send()
    const { code } = app.lastMail()
    const wrong = code === '000000' ? '000001' : '000000'
    const refused = await app.costOf(() => app.api('POST', '/v1/passwordless/verify', { id: json.id, code: wrong }))
    expect(refused).toMatchObject({ answer: { status: 400 }, before: ['ledger'], after: [] })
    const byCode = await app.costOf(() => app.api('POST', '/v1/passwordless/verify', { id: json.id, code }))
    expect(byCode).toMatchObject({ answer: { status: 200 }, before: ['ledger', 'd1'], after: [] })
  })

  it('refresh: 1 D1', async () => {
    const app = await warmApp()
    const { refresh_token } = await app.tokens()
    const { answer, ...cost } = await app.costOf(() => app.token({ grant_type: 'refresh_token', refresh_token }))
    expect(answer.status, answer.text).toBe(200)
    expect(cost).toEqual({ before: ['d1'], after: [] })
  })

  it('session check: 1 D1', async () => {
    const app = await warmApp()
    const { session_id } = await app.tokens()
    const { answer, ...cost } = await app.costOf(() => app.api('GET', `/v1/sessions/${session_id}`))
    expect(answer.status, answer.text).toBe(200)
    expect(cost).toEqual({ before: ['d1'], after: [] })
  })
})

describe('what a flood costs', () => {
  const NOTHING = { before: [], after: [] }

  it('junk: nothing', async () => {
    const app = await warmApp()
    await app.send()
    const real = new URL(app.lastMail().link).searchParams.get('code') ?? ''
    const flipped = `${real.slice(0, 60)}${real[60] === 'A' ? 'B' : 'A'}${real.slice(61)}`
    for (const junk of ['', 'x', 'A'.repeat(99), flipped, `${real}A`, real.slice(1)]) {
      for (const run of [
        () => app.request(`/auth/magic-link?code=${junk}`, { headers: { accept: 'text/html' } }),
        () => app.post('/auth/magic-link', { code: junk, token: 'x', nonce: 'x' }),
        () => app.post('/auth/magic-link/new', { code: junk }),
        () => app.api('POST', '/v1/passwordless/verify', { token: junk }),
        () => app.api('POST', '/v1/passwordless/verify', { id: `chal_${junk}`, code: '123456' }),
        () => app.api('GET', `/v1/passwordless/chal_${junk}`),
        () => app.token({ grant_type: 'authorization_code', code: junk }),
        () => app.token({ grant_type: 'refresh_token', refresh_token: junk }),
        () => app.api('GET', `/v1/sessions/sess_${junk}`),
      ]) {
        const { answer, ...cost } = await app.costOf(run)
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
        expect(cost).toEqual(NOTHING)
      }
    }
  })

  it('an expired link: nothing, but for its page', async () => {
    const now = await warmApp()
    await now.send()
    const { link } = now.lastMail()
    const page = await now.open()
    const grant = codeIn((await now.press(page)).headers.get('location'))
    await now.send()
    const unused = new URL(now.lastMail().link).searchParams.get('code') ?? ''
    const unusedPage = await now.open()

    const later = await warmApp(16 * 60_000)
    for (const run of [
      () => later.press(unusedPage),
      () => later.press(page),
      () => later.post('/auth/magic-link', { code: unused, token: 'of another visit', nonce: '' }),
      () => later.api('POST', '/v1/passwordless/verify', { token: unused }),
      () => later.token({ grant_type: 'authorization_code', code: grant }),
    ]) {
      const { answer, ...cost } = await later.costOf(run)
      expect([400, 410]).toContain(answer.status)
      expect(cost).toEqual(NOTHING)
    }
    const shown = await later.costOf(() => later.request(link, { headers: { accept: 'text/html' } }))
    expect(shown.answer.status).toBe(410)
    expect(shown.before).toEqual(['kv get'])
    expect(shown.after).toEqual([])
  })
})
