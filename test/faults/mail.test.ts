/** Handing mail over (promise 6): one provider after the other, and what cron does with the rest. */

import { createExecutionContext } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { deliverDue } from '../../src/domain/messages/deliver.ts'
import { type Env, readEnv } from '../../src/env.ts'
import { en } from '../../src/locales/en.ts'
import type { Delivery, Mail, Ports } from '../../src/ports.ts'
import { sendByChain } from '../../src/providers/chain.ts'
import type { MailProvider } from '../../src/providers/provider.ts'
import { systemPorts } from '../../src/providers/system.ts'
import { MAIL } from '../providers/mail/mail.ts'
import { anAddress, env, type TestApp, testApp } from '../support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

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

// --- real providers, one after the other ------------------------------------------------------------------------------

const SECRETS = {
  RESEND_API_KEY: 're_secret',
  POSTMARK_TOKEN: 'postmark-secret',
  SENDGRID_API_KEY: 'SG.secret',
  MAILGUN_API_KEY: 'key-secret',
  SES_SECRET_ACCESS_KEY: 'ses-secret',
}
const SETTINGS = {
  ...SECRETS,
  MAIL_FROM: 'Acme <sign-in@acme.example>',
  MAILGUN_DOMAIN: 'mg.acme.example',
  SES_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  SES_REGION: 'eu-central-1',
}
const CONTENT: Mail['content'] = {
  kind: 'address_changed',
  locale: 'en',
  brand: { name: 'Acme', primary_color: null, logo: null, sender_name: null, support_email: null },
  changedAt: 1_800_000_000,
  timeZone: null,
}
/** How each says that it has taken a mail. */
const TAKEN: Record<string, () => Response> = {
  'api.resend.com': () => Response.json({ id: '1' }),
  'api.postmarkapp.com': () => Response.json({ ErrorCode: 0, Message: 'OK', MessageID: '1' }),
  'api.sendgrid.com': () => new Response(null, { status: 202, headers: { 'x-message-id': '1' } }),
  'api.mailgun.net': () => Response.json({ id: '1', message: 'Queued. Thank you.' }),
  'email.eu-central-1.amazonaws.com': () => Response.json({ MessageId: '1' }),
}

type Answer = (request: Request, body: string) => Promise<Response> | Response
type Asked = { host: string; body: string }

/** The real port over providers of which some answer so; the others take the mail. */
async function sentBy(names: string[], answers: Record<string, Answer>, bindings: Record<string, unknown> = {}) {
  const seen: Asked[] = []
  const binding = {
    fetch: async (request: Request): Promise<Response> => {
      const { host } = new URL(request.url)
      const body = new TextDecoder().decode(await request.clone().arrayBuffer())
      seen.push({ host, body })
      const answer = answers[host] ?? TAKEN[host]
      return answer ? answer(request, body) : never()
    },
  }
  const settings = { ...env, ...SETTINGS, ...bindings, MAIL_PROVIDERS: names.join(',') }
  const { sendMail } = systemPorts({ ...settings, MAIL: binding as unknown as Fetcher }, readEnv(settings))
  const { id, projectId, to } = MAIL
  const startedAt = Date.now()
  const delivery = await sendMail({ id, projectId, to, content: CONTENT }, en)
  return { delivery, seen, seconds: (Date.now() - startedAt) / 1000 }
}

const NAMES_AND_HOSTS = [
  ['resend', 'api.resend.com'],
  ['postmark', 'api.postmarkapp.com'],
  ['sendgrid', 'api.sendgrid.com'],
  ['mailgun', 'api.mailgun.net'],
  ['ses', 'email.eu-central-1.amazonaws.com'],
] as const

describe.each(NAMES_AND_HOSTS)('%s, and one after it', (name, host) => {
  const next =
    name === 'resend' ? (['postmark', 'api.postmarkapp.com'] as const) : (['resend', 'api.resend.com'] as const)

  it('takes the mail alone, under our id', async () => {
    const { delivery, seen } = await sentBy([name, next[0]], {})
    expect(delivery).toMatchObject({ status: 'accepted', provider: name })
    expect(seen.map((asked) => asked.host)).toEqual([host])
    // Resend's id is a header as well; the others name the message in what they tell later.
    expect(seen[0]?.body).toContain(MAIL.id)
    expect(seen[0]?.body).toContain(MAIL.projectId)
  })

  it.each<[string, Answer, string]>([
    ['500', () => new Response('Internal Server Error', { status: 500 }), '500'],
    ['429 with Retry-After', () => new Response('', { status: 429, headers: { 'retry-after': '60' } }), '429'],
    ['a 200 with an error', () => Response.json({ error: 'not really', name: 5, ErrorCode: 'x' }), '200'],
    ['a 200 of a captive portal', () => new Response('<html>Sign in to the Wi-Fi</html>'), '200'],
    ['no connection', () => Promise.reject(new TypeError('Network connection lost.')), 'no answer'],
  ])('%s: the next takes the same message', async (_, answer, detail) => {
    const { delivery, seen } = await sentBy([name, next[0]], { [host]: answer })
    expect(delivery).toMatchObject({
      status: 'accepted',
      provider: next[0],
      attempts: [
        { provider: name, event: 'unreachable', detail },
        { provider: next[0], event: 'accepted', detail: '' },
      ],
    })
    expect(seen.map((asked) => asked.host)).toEqual([host, next[1]])
    for (const { body } of seen) expect(body).toContain(MAIL.id)
  })

  it('hanging, at once or after it accepted: the next has the other half of the 8 seconds', async () => {
    const half = (answer: Answer) => sentBy([name, next[0]], { [host]: answer })
    const taken = TAKEN[host]?.() ?? new Response()
    const results = await Promise.all([
      half(never),
      half(() => new Response(new ReadableStream({ pull: never }), { status: taken.status })),
    ])
    for (const { delivery, seen, seconds } of results) {
      expect(delivery).toMatchObject({
        status: 'accepted',
        provider: next[0],
        attempts: [{ provider: name, event: 'unreachable', detail: 'timeout' }, { provider: next[0] }],
      })
      expect(seconds).toBeGreaterThan(3.9)
      expect(seconds).toBeLessThan(6)
      for (const { body } of seen) expect(body).toContain(MAIL.id)
    }
  })

  it('whatever it answers, and be it all that it was told: no secret is kept, and no address', async () => {
    for (const status of [200, 202, 400, 401, 422, 500]) {
      const echo: Answer = (request, body) => {
        const headers = [...request.headers].map(([header, value]) => `${header}: ${value}`).join(' ')
        const told = `${headers} ${body} ${Object.values(SECRETS).join(' ')}`
        const errors = { name: told, message: told, Message: told, code: told, __type: told, errors: [{ field: told }] }
        return Response.json(errors, {
          status,
          headers: { 'x-amzn-errortype': told.slice(0, 200).replace(/\s/g, ' ') },
        })
      }
      const kept = JSON.stringify((await sentBy([name], { [host]: echo })).delivery)
      for (const secret of [...Object.values(SECRETS), MAIL.to]) expect(kept).not.toContain(secret)
    }
  })
})

describe('all of them', () => {
  it('hang: each has its share, 8 seconds in all', async () => {
    const three = NAMES_AND_HOSTS
    const answers = Object.fromEntries(three.map(([, host]) => [host, never]))
    const { delivery, seen, seconds } = await sentBy(
      three.map(([name]) => name),
      answers,
    )
    expect(delivery).toEqual({
      status: 'retry',
      attempts: three.map(([provider]) => ({ provider, event: 'unreachable', detail: 'timeout' })),
    })
    expect(seen.map(({ host }) => host)).toEqual(three.map(([, host]) => host))
    expect(seconds).toBeLessThan(10)
  })

  it('refuse it for good: it has failed', async () => {
    const { delivery } = await sentBy(['resend', 'postmark', 'sendgrid', 'mailgun'], {
      'api.resend.com': () => Response.json({ name: 'validation_error' }, { status: 422 }),
      'api.postmarkapp.com': () => Response.json({ ErrorCode: 406 }, { status: 422 }),
      'api.sendgrid.com': () =>
        Response.json({ errors: [{ field: 'personalizations.0.to.0.email' }] }, { status: 400 }),
      'api.mailgun.net': () => Response.json({ message: 'to parameter is not a valid address' }, { status: 400 }),
    })
    expect(delivery).toEqual({
      status: 'failed',
      attempts: [
        { provider: 'resend', event: 'refused', detail: '422 validation_error' },
        { provider: 'postmark', event: 'refused', detail: '422 406' },
        { provider: 'sendgrid', event: 'refused', detail: '400' },
        { provider: 'mailgun', event: 'refused', detail: '400' },
      ],
    })
  })
})

describe('Cloudflare’s binding in the chain', () => {
  const EMAIL = (send: () => Promise<unknown>) => ({ EMAIL: { send } })

  it('takes the mail, and nobody is asked over the network', async () => {
    const binding = EMAIL(async () => ({ messageId: 'cf-1' }))
    const { delivery, seen } = await sentBy(['cloudflare', 'resend'], {}, binding)
    expect(delivery).toMatchObject({ status: 'accepted', provider: 'cloudflare', providerId: 'cf-1' })
    expect(seen).toEqual([])
  })

  it('fails or hangs: the next takes it', async () => {
    const failing = EMAIL(() => Promise.reject(Object.assign(new Error(MAIL.to), { code: 'E_INTERNAL_SERVER_ERROR' })))
    const [failed, hung] = await Promise.all([
      sentBy(['cloudflare', 'resend'], {}, failing),
      sentBy(['cloudflare', 'resend'], {}, EMAIL(never)),
    ])
    expect(failed.delivery).toMatchObject({
      provider: 'resend',
      attempts: [{ event: 'unreachable', detail: 'E_INTERNAL_SERVER_ERROR' }, {}],
    })
    expect(hung.delivery).toMatchObject({
      provider: 'resend',
      attempts: [{ event: 'unreachable', detail: 'timeout' }, {}],
    })
    expect(hung.seconds).toBeLessThan(6)
  })
})

// --- cron -----------------------------------------------------------------------------------------------------------

type SendMail = Ports['sendMail']

const accepts = async (): Promise<Delivery> => ({
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
  const { depsFor } = createApp((bindings, config) => ({
    ...systemPorts(bindings, config),
    now: () => Date.now() + laterBy,
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
  const { results } = await env.DB.prepare(
    "SELECT id FROM events WHERE type = 'message.delivery_failed' AND data LIKE ?",
  )
    .bind(`%${id}%`)
    .all()
  return results.length
}

/** A sender that keeps what it was given. */
function recorder(outcome: SendMail) {
  const mails: Pick<Mail, 'id' | 'to' | 'content'>[] = []
  const sendMail: SendMail = async (mail, messages) => {
    mails.push(structuredClone({ id: mail.id, to: mail.to, content: mail.content }))
    return outcome(mail, messages)
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
      const slow = recorder(() => sleep(200).then(accepts))
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
      mail.id === bad.id ? Promise.reject(new Error('cannot be rendered')) : accepts(),
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

  it('many at once: more than one batch in a run, none forgotten, none twice', async () => {
    const ids: string[] = []
    for (let index = 0; index < 60; index++) ids.push((await pendingSend({ method: 'code' })).id)
    const provider = recorder(accepts)
    await cron(provider.sendMail, 61_000)
    expect(ids.filter((id) => provider.of(id).length !== 1)).toEqual([])
  })
})
