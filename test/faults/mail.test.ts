/** Handing mail over (promise 6): one provider after the other, Resend's wire, and what cron does with the rest. */

import { createExecutionContext } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { deliverDue } from '../../src/domain/messages/deliver.ts'
import { type Env, readEnv } from '../../src/env.ts'
import type { Delivery, Mail } from '../../src/ports.ts'
import { sendByChain } from '../../src/providers/mail/chain.ts'
import type { MailProvider, ProviderMail } from '../../src/providers/mail/provider.ts'
import { resend } from '../../src/providers/mail/resend.ts'
import { systemPorts } from '../../src/providers/system.ts'
import { anAddress, env, type TestApp, testApp } from '../support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

const MAIL: ProviderMail = {
  id: 'msg_000000000000000000000000001',
  from: { name: 'Acme', address: 'sign-in@acme.example' },
  to: 'ada@example.com',
  subject: 'Your link to sign in to Acme',
  html: '<p>Hello</p>',
  text: 'Hello',
  headers: { 'Auto-Submitted': 'auto-generated' },
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
const never = () => new Promise<never>(() => {})

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

// --- the chain ------------------------------------------------------------------------------------------------------

type Seen = { host: string; key: string | null; body: string; redirect: string }

/** Two providers at a.example and b.example; what they are asked, and how they answer. */
function twoProviders(answers: { a: () => Promise<Response> | Response; b: () => Promise<Response> | Response }) {
  const seen: Seen[] = []
  const provider = (name: 'a' | 'b'): MailProvider => ({
    name,
    request: (mail) =>
      new Request(`https://${name}.example/send`, {
        method: 'POST',
        headers: { 'idempotency-key': mail.id },
        body: JSON.stringify({ to: mail.to, text: mail.text }),
      }),
    read(status, body) {
      if (status === 200 && body === 'taken') return { is: 'accepted', id: `${name}-1` }
      return { is: status === 422 ? 'never' : 'later', detail: `${status}` }
    },
  })
  const fetcher = async (request: Request): Promise<Response> => {
    const { host } = new URL(request.url)
    const { redirect, headers } = request
    seen.push({ host, key: headers.get('idempotency-key'), body: await request.text(), redirect })
    return host === 'a.example' ? answers.a() : answers.b()
  }
  return { seen, send: () => sendByChain([provider('a'), provider('b')], fetcher, MAIL) }
}

const taken = () => new Response('taken')
const asked = (host: string): Seen => ({
  host,
  key: MAIL.id,
  body: JSON.stringify({ to: MAIL.to, text: MAIL.text }),
  redirect: 'manual',
})

describe('the chain of providers', () => {
  it('asks the first alone where it accepts', async () => {
    const { send, seen } = twoProviders({ a: taken, b: taken })
    expect(await send()).toEqual({
      status: 'accepted',
      provider: 'a',
      providerId: 'a-1',
      attempts: [{ provider: 'a', event: 'accepted', detail: '' }],
    })
    expect(seen).toEqual([asked('a.example')])
  })

  it.each<[string, () => Promise<Response> | Response, string]>([
    ['500', () => new Response('no', { status: 500 }), '500'],
    ['429', () => new Response('slow down', { status: 429, headers: { 'retry-after': '60' } }), '429'],
    ['401', () => new Response('who?', { status: 401 }), '401'],
    ['a 200 with an error in it', () => Response.json({ error: 'not really' }), '200'],
    ['a 200 with a page', () => new Response('<html>captive portal</html>'), '200'],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://attacker.example/' } }),
      '302',
    ],
    [
      'a permanent redirect',
      () => new Response(null, { status: 308, headers: { location: 'https://b.example/send' } }),
      '308',
    ],
    ['no connection', () => Promise.reject(new TypeError('Network connection lost.')), 'no answer'],
    [
      'an answer that breaks off',
      () => new Response(new ReadableStream({ pull: (stream) => stream.error(new Error('reset')) })),
      'no answer',
    ],
    ['a refusal for good', () => new Response('no such address', { status: 422 }), '422'],
  ])('%s: the next is asked, with the same key, and what was followed is nothing', async (_, a, detail) => {
    const { send, seen } = twoProviders({ a, b: taken })
    const delivery = await send()
    expect(delivery).toEqual({
      status: 'accepted',
      provider: 'b',
      providerId: 'b-1',
      attempts: [
        { provider: 'a', event: detail === '422' ? 'refused' : 'unreachable', detail },
        { provider: 'b', event: 'accepted', detail: '' },
      ],
    })
    expect(seen).toEqual([asked('a.example'), asked('b.example')])
  })

  it.each<[string, number, number, Delivery['status']]>([
    ['both refuse it for good', 422, 422, 'failed'],
    ['one refuses it, the other cannot say', 422, 500, 'retry'],
    ['the other way round', 500, 422, 'retry'],
    ['neither can say', 429, 503, 'retry'],
  ])('%s', async (_, a, b, status) => {
    const { send } = twoProviders({
      a: () => new Response('', { status: a }),
      b: () => new Response('', { status: b }),
    })
    expect((await send()).status).toBe(status)
  })

  it('takes 8 s in all, and leaves some for the next', async () => {
    const took = async (work: Promise<Delivery>) => {
      const startedAt = Date.now()
      const delivery = await work
      return { delivery, seconds: (Date.now() - startedAt) / 1000 }
    }
    const neverAnswers = twoProviders({ a: never, b: taken })
    const acceptsAndHangs = twoProviders({ a: () => new Response(new ReadableStream({ pull: never })), b: taken })
    const bothHang = twoProviders({ a: never, b: never })
    const slow = twoProviders({ a: () => sleep(3000).then(taken), b: taken })
    const only: MailProvider = {
      name: 'only',
      request: () => new Request('https://only.example'),
      read: () => ({ is: 'accepted', id: null }),
    }
    const [first, second, third, fourth, fifth] = await Promise.all([
      took(neverAnswers.send()),
      took(acceptsAndHangs.send()),
      took(slow.send()),
      took(bothHang.send()),
      took(sendByChain([only], never, MAIL)),
    ])
    for (const result of [first, second]) {
      expect(result.delivery).toMatchObject({ status: 'accepted', provider: 'b' })
      expect(result.delivery.attempts[0]).toEqual({ provider: 'a', event: 'unreachable', detail: 'timeout' })
      expect(result.seconds).toBeGreaterThan(3.9)
      expect(result.seconds).toBeLessThan(6)
    }
    // The first may have taken it before it fell silent: at least once, and under one key.
    expect(acceptsAndHangs.seen).toEqual([asked('a.example'), asked('b.example')])
    expect(third.delivery).toMatchObject({ status: 'accepted', provider: 'a' })
    for (const result of [fourth, fifth]) {
      expect(result.delivery.status).toBe('retry')
      expect(result.seconds).toBeGreaterThan(7.9)
      expect(result.seconds).toBeLessThan(9)
    }
    expect(bothHang.seen).toEqual([asked('a.example'), asked('b.example')])
  })

  it('keeps no word of an answer', async () => {
    const echo = `the mail to ${MAIL.to} saying ${MAIL.text}`
    const { send } = twoProviders({
      a: () => new Response(echo, { status: 500 }),
      b: () => Promise.reject(new Error(echo)),
    })
    expect(JSON.stringify(await send())).not.toContain(MAIL.to)
  })

  it('without a provider, nothing is lost', async () => {
    expect(await sendByChain([], never, MAIL)).toEqual({ status: 'retry', attempts: [] })
  })
})

// --- Resend ---------------------------------------------------------------------------------------------------------

describe('Resend', () => {
  const provider = resend('re_123456789')

  it('is asked as https://resend.com/docs/api-reference/emails/send-email says', async () => {
    const request = provider.request(MAIL)
    expect(request.method).toBe('POST')
    expect(request.url).toBe('https://api.resend.com/emails')
    expect(Object.fromEntries(request.headers)).toEqual({
      authorization: 'Bearer re_123456789',
      'content-type': 'application/json',
      'idempotency-key': MAIL.id,
      // Without one: 403, error code 1010.
      'user-agent': 'latchkey',
    })
    expect(JSON.parse(await request.text())).toEqual({
      from: 'Acme <sign-in@acme.example>',
      to: ['ada@example.com'],
      subject: MAIL.subject,
      html: MAIL.html,
      text: MAIL.text,
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  })

  it.each([
    ['Acme', 'Acme <sign-in@acme.example>'],
    ['Acme, Inc.', '"Acme, Inc." <sign-in@acme.example>'],
    ['Ünïcode Gmbh', '"Ünïcode Gmbh" <sign-in@acme.example>'],
    ['"Evil" <evil@attacker.example>', '"Evil <evil@attacker.example>" <sign-in@acme.example>'],
    ['back\\slash"', '"backslash" <sign-in@acme.example>'],
  ])('from %j', async (name, from) => {
    const body = await provider.request({ ...MAIL, from: { ...MAIL.from, name } }).json<{ from: string }>()
    expect(body.from).toBe(from)
  })

  it('has accepted when it gives an id', () => {
    expect(provider.read(200, '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}')).toEqual({
      is: 'accepted',
      id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794',
    })
    expect(provider.read(201, '{"id":"1","object":"email"}')).toEqual({ is: 'accepted', id: '1' })
  })

  // https://resend.com/docs/api-reference/errors. What is wrong with this one mail is refused for good; the moment, our key,
  // our domain and our quota may be better in a minute, or with the next provider.
  it.each([
    [400, 'invalid_idempotency_key', 'later'],
    [400, 'validation_error', 'never'],
    [401, 'missing_api_key', 'later'],
    [401, 'restricted_api_key', 'later'],
    [403, 'invalid_api_key', 'later'],
    [403, 'suspended_api_key', 'later'],
    [403, 'validation_error', 'later'],
    [404, 'not_found', 'later'],
    [405, 'method_not_allowed', 'later'],
    [409, 'invalid_idempotent_request', 'later'],
    [409, 'concurrent_idempotent_requests', 'later'],
    [422, 'invalid_attachment', 'never'],
    [422, 'invalid_from_address', 'later'],
    [422, 'invalid_access', 'later'],
    [422, 'invalid_parameter', 'never'],
    [422, 'invalid_region', 'later'],
    [422, 'missing_required_field', 'never'],
    [422, 'validation_error', 'never'],
    [429, 'daily_quota_exceeded', 'later'],
    [429, 'monthly_quota_exceeded', 'later'],
    [429, 'rate_limit_exceeded', 'later'],
    [451, 'security_error', 'later'],
    [500, 'application_error', 'later'],
    [500, 'internal_server_error', 'later'],
  ])('%i %s: %s', (status, name, is) => {
    const body = JSON.stringify({ statusCode: status, name, message: 'The `to` field is ada@example.com' })
    expect(provider.read(status, body)).toEqual({ is, detail: `${status} ${name}` })
  })

  it.each([
    [200, '{"name":"application_error","message":"taken back"}', '200 application_error'],
    [200, '', '200'],
    [200, 'OK', '200'],
    [200, '[]', '200'],
    [200, 'null', '200'],
    [200, '{"id":5}', '200'],
    [302, '', '302'],
    // Its edge answers in plain text when it limits.
    [422, 'local_rate_limited', '422'],
    [502, '<html>Bad Gateway</html>', '502'],
    [500, '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}', '500'],
  ])('%i %j is no acceptance and no refusal for good', (status, body, detail) => {
    expect(provider.read(status, body)).toEqual({ is: 'later', detail })
  })
})

// --- the port -------------------------------------------------------------------------------------------------------

/** The real port for mail, over a MAIL binding that answers so. */
function realMail(answer: (request: Request) => Promise<Response>) {
  const seen: { key: string | null; body: string }[] = []
  const binding = {
    fetch: async (request: Request) => {
      seen.push({ key: request.headers.get('idempotency-key'), body: await request.text() })
      return answer(request)
    },
  }
  const config = readEnv(env)
  const { sendMail } = systemPorts({ ...env, MAIL: binding as unknown as Fetcher }, config)
  return { seen, sendMail }
}

const acceptedByResend = async () => Response.json({ id: 'resend-1' })

describe('mail as it leaves the Worker', () => {
  it('goes through the MAIL binding where there is one', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { seen, sendMail } = realMail(acceptedByResend)
    const app = testApp({ ports: { sendMail } })
    const email = anAddress()
    const sent = await app.call('POST', '/v1/passwordless/send', { email, redirect_uri: 'http://localhost:3000/' })
    expect(sent.json.message.status).toBe('accepted')
    expect(fetched).not.toHaveBeenCalled()
    expect(seen).toHaveLength(1)
    expect(seen[0]?.key).toBe(sent.json.message.id)
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      to: [email],
      from: expect.stringContaining('<sign-in@latchkey.test>'),
    })
  })

  it('goes straight out where there is none, and follows no redirect', async () => {
    const fetched = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation(
        async () => new Response(null, { status: 307, headers: { location: 'https://attacker.example/' } }),
      )
    const { MAIL: _, ...rest } = env
    const { sendMail } = systemPorts(rest as Env, readEnv(env))
    const sent = await testApp({ ports: { sendMail } }).call('POST', '/v1/passwordless/send', { email: anAddress() })
    expect(sent.json.message.status).toBe('pending')
    expect(fetched).toHaveBeenCalledTimes(1)
    const request = fetched.mock.calls[0]?.[0] as Request
    expect(request.url).toBe('https://api.resend.com/emails')
    expect(request.redirect).toBe('manual')
  })

  it('is the same request, byte for byte, when cron sends it again', async () => {
    const { seen, sendMail } = realMail(async () =>
      seen.length === 1 ? new Response('', { status: 500 }) : acceptedByResend(),
    )
    const app = testApp({ ports: { sendMail } })
    const email = anAddress()
    const sent = await app.call('POST', '/v1/passwordless/send', {
      email,
      redirect_uri: 'http://localhost:3000/',
      client: {
        ip: '203.0.113.7',
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      },
    })
    expect(sent.json.message.status).toBe('pending')
    await cron(sendMail, 61_000)
    const mine = seen.filter(({ key }) => key === sent.json.message.id)
    expect(mine).toHaveLength(2)
    expect(mine[1]).toEqual(mine[0])
  })
})

// --- cron -----------------------------------------------------------------------------------------------------------

type SendMail = (mail: Mail) => Promise<Delivery>

const accepts: SendMail = async () => ({
  status: 'accepted',
  provider: 'fake',
  providerId: '1',
  attempts: [{ provider: 'fake', event: 'accepted', detail: '' }],
})
const unreachable: SendMail = async () => ({
  status: 'retry',
  attempts: [{ provider: 'fake', event: 'unreachable', detail: '500' }],
})
const refuses: SendMail = async () => ({
  status: 'failed',
  attempts: [{ provider: 'fake', event: 'refused', detail: '422' }],
})

/** One run of cron, so much later. */
async function cron(sendMail: SendMail, laterBy: number): Promise<void> {
  const { depsFor } = createApp(() => ({
    now: () => Date.now() + laterBy,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail,
  }))
  await deliverDue(await depsFor(env, createExecutionContext()))
}

type Message = {
  id: string
  status: string
  secrets: ArrayBuffer | null
  input: ArrayBuffer | null
  due_at: number | null
  attempts: number
  timeline: { event: string; provider: string | null; detail: string | null }[]
}

async function message(id: string): Promise<Message> {
  const row = await env.DB.prepare('SELECT * FROM messages WHERE id = ?')
    .bind(id)
    .first<Message & { timeline: string }>()
  if (!row) throw new Error('no message')
  return { ...row, timeline: JSON.parse(row.timeline) }
}

const failedEvents = async (id: string): Promise<number> => {
  const { results } = await env.DB.prepare("SELECT id FROM events WHERE type = 'message.failed' AND data LIKE ?")
    .bind(`%${id}%`)
    .all()
  return results.length
}

/** A sender that keeps what it was given. */
function recorder(outcome: SendMail) {
  const mails: Pick<Mail, 'id' | 'to' | 'content'>[] = []
  const sendMail: SendMail = async (mail) => {
    mails.push(structuredClone({ id: mail.id, to: mail.to, content: mail.content }))
    return outcome(mail)
  }
  return { sendMail, of: (id: string) => mails.filter((mail) => mail.id === id) }
}

/** A send whose provider cannot be reached. */
async function pendingSend(body: Record<string, unknown> = {}, ports: { now?: () => number } = {}) {
  const first = recorder(unreachable)
  const app = testApp({ ports: { sendMail: first.sendMail, ...ports } })
  const email = anAddress()
  const sent = await app.call('POST', '/v1/passwordless/send', {
    email,
    link: 'direct',
    redirect_uri: 'http://localhost:3000/',
    ...body,
  })
  expect(sent.status, sent.text).toBe(201)
  expect(sent.json.message.status).toBe('pending')
  const id = String(sent.json.message.id)
  return {
    app,
    email,
    id,
    challengeId: String(sent.json.id),
    userId: String(sent.json.user_id),
    first: first.of(id)[0],
  }
}

const verifyLink = (app: TestApp, mail: Pick<Mail, 'content'> | undefined) => {
  const link = mail?.content.kind === 'sign_in' ? (mail.content.link ?? '') : ''
  return app.call('POST', '/v1/passwordless/verify', { token: new URL(link).searchParams.get('token') })
}

describe('cron', () => {
  it('hands a pending message over with the same link and code, and erases the secrets', async () => {
    const { app, id, first } = await pendingSend()
    expect(await message(id)).toMatchObject({
      status: 'pending',
      secrets: expect.anything(),
      input: expect.anything(),
      attempts: 1,
    })
    const early = recorder(accepts)
    await cron(early.sendMail, 50_000)
    expect(early.of(id)).toEqual([])
    const later = recorder(accepts)
    await cron(later.sendMail, 61_000)
    expect(later.of(id)).toEqual([first])
    expect(await message(id)).toMatchObject({
      status: 'accepted',
      secrets: null,
      input: expect.anything(),
      attempts: 2,
    })
    expect((await message(id)).timeline.map(({ event }) => event)).toEqual(['created', 'unreachable', 'accepted'])
    const again = recorder(accepts)
    await cron(again.sendMail, 600_000)
    expect(again.of(id)).toEqual([])
    expect((await verifyLink(app, later.of(id)[0])).status).toBe(200)
  })

  it('tries again after 1, 1, 2 and then every 5 minutes, with one secret', async () => {
    const { id, first } = await pendingSend({ expires_in: 3600 })
    const provider = recorder(unreachable)
    const tries: number[] = []
    for (let minute = 1; minute <= 16; minute++) {
      const before = provider.of(id).length
      await cron(provider.sendMail, minute * 61_000)
      if (provider.of(id).length > before) tries.push(minute)
    }
    expect(tries).toEqual([1, 2, 4, 9, 14])
    expect(provider.of(id)).toEqual(tries.map(() => first))
    expect(await message(id)).toMatchObject({ status: 'pending', secrets: expect.anything() })
    await cron(accepts, 40 * 60_000)
    expect(await message(id)).toMatchObject({ status: 'accepted', secrets: null })
  })

  it('a final failure: failed, secrets erased, one event', async () => {
    const { id } = await pendingSend()
    await cron(refuses, 61_000)
    expect(await message(id)).toMatchObject({ status: 'failed', secrets: null })
    expect((await message(id)).timeline.at(-1)).toMatchObject({ event: 'refused', provider: 'fake', detail: '422' })
    const again = recorder(accepts)
    await cron(again.sendMail, 600_000)
    expect(again.of(id)).toEqual([])
    expect(await failedEvents(id)).toBe(1)
  })

  it('what is still pending when it expires: failed, everything erased, one event', async () => {
    const { id } = await pendingSend()
    const late = recorder(accepts)
    for (const _ of ['once', 'again']) await cron(late.sendMail, 16 * 60_000)
    expect(late.of(id)).toEqual([])
    expect(await message(id)).toMatchObject({ status: 'failed', secrets: null, input: null, due_at: null })
    expect((await message(id)).timeline.at(-1)).toMatchObject({ event: 'failed' })
    expect(await failedEvents(id)).toBe(1)
  })

  it('what was accepted: its input is erased when the challenge has expired', async () => {
    const app = testApp()
    const sent = await app.call('POST', '/v1/passwordless/send', { email: anAddress() })
    const { id } = sent.json.message
    await cron(accepts, 14 * 60_000)
    expect(await message(id)).toMatchObject({ status: 'accepted', secrets: null, input: expect.anything() })
    await cron(accepts, 16 * 60_000)
    expect(await message(id)).toMatchObject({ status: 'accepted', secrets: null, input: null, due_at: null })
    expect(await failedEvents(id)).toBe(0)
  })

  it('two runs at once, and eight: one mail', async () => {
    for (const runs of [2, 8]) {
      const { id } = await pendingSend()
      const slow = recorder((mail) => sleep(200).then(() => accepts(mail)))
      await Promise.all(Array.from({ length: runs }, () => cron(slow.sendMail, 61_000)))
      expect(slow.of(id)).toHaveLength(1)
      expect(await message(id)).toMatchObject({ status: 'accepted', attempts: 2 })
    }
  })

  it('a run that dies in the middle: the next takes it up, with the same secret', async () => {
    const { id, first } = await pendingSend()
    const died = recorder(() => Promise.reject(new Error('the isolate is gone')))
    await cron(died.sendMail, 61_000).catch(() => {})
    expect(died.of(id)).toHaveLength(1)
    const soon = recorder(accepts)
    await cron(soon.sendMail, 70_000)
    expect(soon.of(id)).toEqual([])
    const next = recorder(accepts)
    await cron(next.sendMail, 121_000)
    expect(next.of(id)).toEqual([first])
  })

  it('one message that cannot be sent holds up no other', async () => {
    const [bad, good] = [await pendingSend(), await pendingSend()]
    const provider = recorder((mail) =>
      mail.id === bad.id ? Promise.reject(new Error('cannot be rendered')) : accepts(mail),
    )
    await cron(provider.sendMail, 61_000)
    expect(await message(good.id)).toMatchObject({ status: 'accepted' })
    expect(await message(bad.id)).toMatchObject({ status: 'pending', secrets: expect.anything() })
    await cron(accepts, 121_000)
    expect(await message(bad.id)).toMatchObject({ status: 'accepted' })
  })

  it('a resend that could not be handed over goes out with its own secret', async () => {
    const { app, id, challengeId, first } = await pendingSend()
    const resent = await app.call('POST', '/v1/passwordless/resend', { id: challengeId })
    const second = String(resent.json.message.id)
    expect(second).not.toBe(id)
    const provider = recorder(accepts)
    await cron(provider.sendMail, 61_000)
    const [older, newer] = [provider.of(id)[0], provider.of(second)[0]]
    expect(older).toEqual(first)
    expect(newer?.content).not.toEqual(older?.content)
    expect((await verifyLink(app, newer)).status).toBe(200)
  })

  it('who was deleted meanwhile gets no mail', async () => {
    const { app, id, userId } = await pendingSend()
    expect((await app.call('DELETE', `/v1/users/${userId}`)).status).toBe(204)
    const provider = recorder(accepts)
    await cron(provider.sendMail, 61_000)
    expect(provider.of(id)).toEqual([])
    expect(await message(id)).toMatchObject({ status: 'failed', secrets: null, input: null })
  })

  it('many at once: 50 a run, oldest first, none forgotten', async () => {
    const ids: string[] = []
    for (let index = 0; index < 60; index++) ids.push((await pendingSend({ method: 'code' })).id)
    const provider = recorder(accepts)
    await cron(provider.sendMail, 61_000)
    const sent = ids.filter((id) => provider.of(id).length === 1)
    expect(sent.length).toBeLessThanOrEqual(50)
    expect(sent).toEqual(ids.slice(0, sent.length))
    await cron(provider.sendMail, 62_000)
    expect(ids.filter((id) => provider.of(id).length !== 1)).toEqual([])
  })
})
