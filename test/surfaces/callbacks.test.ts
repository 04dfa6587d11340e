/** What a mail provider tells afterwards: who is believed, what it changes, and what it cannot. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CALLBACK_PROVIDERS, type Mail } from '../../src/ports.ts'
import { anAddress, env, testApp } from '../support/app.ts'
import { bodyOf, callWith, SECRETS, type Told, tell } from '../support/callbacks.ts'
import { aProject, eventsOf, type TestProject } from '../support/project.ts'
import { expectProblem } from '../support/refusals.ts'

const UNKNOWN_MESSAGE = `msg_${'2'.repeat(27)}`
const UNKNOWN_PROJECT = `proj_${'2'.repeat(27)}`
const MIB = 1024 * 1024

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const listening = (ports = {}) => testApp({ bindings: SECRETS, ports })

/** A mail that was accepted, and what its provider would tell of it. */
async function aMail(project: TestProject) {
  const email = anAddress()
  const sent = await project.sent({ email })
  const told = (what: Told['what'], more: Partial<Told> = {}): Told => ({
    project: project.id,
    message: sent.message.id,
    to: email,
    what,
    at: Date.now(),
    ...more,
  })
  return { email, sent, id: String(sent.message.id), told }
}
const suppressions = async (project: TestProject): Promise<Record<string, any>[]> =>
  (await project.ok('GET', '/v1/suppressions')).data
const eventsNamed = async (project: TestProject, type: string): Promise<Record<string, any>[]> =>
  (await project.ok('GET', `/v1/events?type=${type}`)).data
/** Everything that a callback could change, of all projects. */
const everything = async () => {
  const tables = ['messages', 'suppressions', 'events', 'users', 'identifiers']
  const rows = await Promise.all(tables.map((table) => env.DB.prepare(`SELECT * FROM ${table}`).all()))
  return rows.map(({ results }) => results)
}

describe.each(CALLBACK_PROVIDERS)('%s tells', (provider) => {
  it('a hard bounce: bounced, one entry and one suppression however often it is told', async () => {
    const project = await aProject(listening())
    const { email, id, told } = await aMail(project)
    const bounce = told('hard')
    for (let i = 0; i < 3; i++) {
      const answer = await tell(project.app, provider, bounce)
      expect([answer.status, answer.text]).toEqual([204, ''])
    }
    const message = await project.message(id)
    expect(message).toMatchObject({ status: 'bounced', provider: 'outbox', provider_id: 'out-1' })
    expect(eventsOf(message.timeline)).toEqual(['created', 'accepted', 'bounced'])
    const entry = message.timeline[2]
    expect(entry).toEqual({
      at: Math.floor((bounce.at ?? 0) / 1000),
      event: 'bounced',
      provider,
      detail: expect.any(String),
    })
    expect(await suppressions(project)).toEqual([
      {
        id: expect.stringMatching(/^supp_[0-9A-Za-z]{27}$/),
        email,
        reason: 'bounced',
        provider,
        detail: entry.detail,
        message_id: id,
        created_at: expect.any(Number),
      },
    ])
    expect(await eventsNamed(project, 'message.bounced')).toMatchObject([{ data: { message: id } }])
    expect(await eventsNamed(project, 'suppression.created')).toMatchObject([
      { data: { reason: 'bounced', message: id } },
    ])
    const text = JSON.stringify([message, await project.ok('GET', '/v1/events')])
    expect(text).not.toContain(email.split('@')[0])
  })

  it('a hard bounce, eight times at once: once', async () => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    const bounce = told('hard')
    const answers = await Promise.all(Array.from({ length: 8 }, () => tell(project.app, provider, bounce)))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(204))
    expect(eventsOf((await project.message(id)).timeline)).toEqual(['created', 'accepted', 'bounced'])
    expect(await suppressions(project)).toHaveLength(1)
    expect(await eventsNamed(project, 'message.bounced')).toHaveLength(1)
    expect(await eventsNamed(project, 'suppression.created')).toHaveLength(1)
  })

  it('a complaint: bounced, and suppressed for that reason', async () => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    await tell(project.app, provider, told('delivered'))
    await tell(project.app, provider, told('complained'))
    const message = await project.message(id)
    expect(message.status).toBe('bounced')
    expect(eventsOf(message.timeline)).toEqual(['created', 'accepted', 'delivered', 'complained'])
    expect(await suppressions(project)).toMatchObject([{ reason: 'complained', message_id: id }])
    expect(await eventsNamed(project, 'message.complained')).toHaveLength(1)
  })

  it('the first reason stands', async () => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    await tell(project.app, provider, told('complained'))
    await tell(project.app, provider, told('hard'))
    expect(await suppressions(project)).toMatchObject([{ reason: 'complained', message_id: id }])
    expect(await eventsNamed(project, 'suppression.created')).toHaveLength(1)
  })

  it('a soft bounce: bounced, and the next mail is sent', async () => {
    const project = await aProject(listening())
    const { email, id, told } = await aMail(project)
    await tell(project.app, provider, told('soft'))
    expect(await project.message(id)).toMatchObject({ status: 'bounced' })
    expect(await suppressions(project)).toEqual([])
    expect((await project.sent({ email })).message.status).toBe('accepted')
    expect(project.app.outbox).toHaveLength(2)
  })

  it.each(['delivered', 'deferred'] as const)('%s: an entry, and nothing else', async (what) => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    const events = (await project.ok('GET', '/v1/events')).data
    const report = told(what)
    for (let i = 0; i < 2; i++) await tell(project.app, provider, report)
    const message = await project.message(id)
    expect(message.status).toBe('accepted')
    expect(eventsOf(message.timeline)).toEqual(['created', 'accepted', what])
    expect(await suppressions(project)).toEqual([])
    expect((await project.ok('GET', '/v1/events')).data).toEqual(events)
  })

  it('two bounces at two times: two entries', async () => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    await tell(project.app, provider, told('soft', { at: Date.now() - 60_000 }))
    await tell(project.app, provider, told('soft'))
    expect(eventsOf((await project.message(id)).timeline)).toEqual(['created', 'accepted', 'bounced', 'bounced'])
  })

  it('a bounce in another spelling of the address: the address is suppressed', async () => {
    const project = await aProject(listening())
    const { email, told } = await aMail(project)
    await tell(project.app, provider, told('hard', { to: email.toUpperCase() }))
    expect((await project.sent({ email })).message.status).toBe('none')
  })

  it('of another project’s message, of none, of one that nobody has: nothing changes', async () => {
    const app = listening()
    const [project, other] = [await aProject(app), await aProject(app)]
    const { id, told } = await aMail(project)
    const before = await everything()
    for (const deviation of [
      { project: other.id },
      { project: UNKNOWN_PROJECT },
      { project: '' },
      { project: 'proj_' },
      { project: id },
      { message: UNKNOWN_MESSAGE },
      { message: '' },
      { message: id.slice(0, -1) },
      { message: `${id}' OR 1=1 --` },
      { message: project.id },
    ]) {
      for (const what of ['hard', 'complained', 'soft', 'delivered'] as const) {
        const answer = await tell(app, provider, told(what, deviation))
        expect(answer.status, JSON.stringify(deviation)).toBe(204)
      }
    }
    expect(await everything()).toEqual(before)
  })

  it('unsigned, or signed by somebody else: 401, and nothing changes', async () => {
    const project = await aProject(listening())
    const { told } = await aMail(project)
    const body = bodyOf(provider, told('hard'))
    const before = await everything()
    for (const headers of [
      {},
      { 'x-api-key': String(env.LATCHKEY_ROOT_KEY) },
      { authorization: `Bearer ${env.LATCHKEY_ROOT_KEY}` },
      { authorization: `Basic ${btoa('latchkey:another-token-of-somebody')}` },
      { 'svix-id': 'msg_1', 'svix-timestamp': `${Math.floor(Date.now() / 1000)}`, 'svix-signature': 'v1,AAAA' },
      {
        'x-twilio-email-event-webhook-signature': 'AAAA',
        'x-twilio-email-event-webhook-timestamp': `${Math.floor(Date.now() / 1000)}`,
      },
    ]) {
      expectProblem(await callWith(project.app, provider, body, headers as Record<string, string>), 401, 'unauthorized')
    }
    expect(await everything()).toEqual(before)
  })

  it('where it is not configured: 404, and nothing changes', async () => {
    const project = await aProject(testApp())
    const { told } = await aMail(project)
    const before = await everything()
    const answer = await tell(project.app, provider, told('hard'))
    expectProblem(answer, 404, 'not_found')
    expect(answer.json.detail).toMatch(/[A-Z]+_WEBHOOK_[A-Z_]+/)
    expect(await everything()).toEqual(before)
  })

  it('a megabyte and a byte: 413, with and without a length', async () => {
    const app = listening()
    const answer = await callWith(app, provider, 'x'.repeat(MIB + 1))
    expectProblem(answer, 413, 'body_too_large')
    const streamed = await app.request(`/callbacks/${provider}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob(['x'.repeat(MIB + 1)]).stream(),
    })
    expectProblem(streamed, 413, 'body_too_large')
  })

  it('what is no JSON, signed: 401, and JSON that tells of nothing of ours: 204', async () => {
    const app = listening()
    for (const body of ['', 'x', '"x"', 'null']) expectProblem(await callWith(app, provider, body), 401, 'unauthorized')
    for (const body of ['{}', '[]', '[{}]', '{"type":"email.opened"}']) {
      expect((await callWith(app, provider, body)).status, body).toBe(204)
    }
  })

  it('the database fails: 503, so that it is told again', async () => {
    const project = await aProject(listening())
    const { told } = await aMail(project)
    const broken = testApp({
      bindings: {
        ...SECRETS,
        DB: { prepare: () => ({ bind: () => ({}) }), batch: () => Promise.reject(new Error('D1')) },
      },
    })
    expect((await tell(broken, provider, told('hard'))).status).toBe(503)
    expect((await tell(project.app, provider, told('hard'))).status).toBe(204)
    expect(await suppressions(project)).toHaveLength(1)
  })

  it('the same bounce once more after it was lifted: it stays lifted', async () => {
    const project = await aProject(listening())
    const { email, told } = await aMail(project)
    const bounce = told('hard')
    await tell(project.app, provider, bounce)
    expect((await project.call('DELETE', `/v1/suppressions/${email}`)).status).toBe(204)
    // Our 204 was lost on its way, so the provider tells it again.
    await tell(project.app, provider, bounce)
    expect(await suppressions(project)).toEqual([])
    expect((await project.sent({ email })).message.status).toBe('accepted')
  })

  it('a new bounce after it was lifted: suppressed again', async () => {
    const project = await aProject(listening())
    const { email, told } = await aMail(project)
    await tell(project.app, provider, told('hard', { at: Date.now() - 5000 }))
    await project.call('DELETE', `/v1/suppressions/${email}`)
    const next = await project.sent({ email })
    await tell(project.app, provider, told('hard', { message: next.message.id }))
    expect(await suppressions(project)).toMatchObject([{ message_id: next.message.id }])
    expect((await project.sent({ email })).message.status).toBe('none')
  })

  it('a bounce while we still wait for its own answer: nothing of it is lost', async () => {
    const ready = { report: async (_: Mail): Promise<unknown> => null }
    const app = listening({
      sendMail: async (mail: Mail) => {
        await ready.report(mail)
        const attempts = [{ provider: 'slow', event: 'accepted', detail: '' }]
        return { status: 'accepted', provider: 'slow', providerId: 's', attempts }
      },
    })
    const project = await aProject(app)
    ready.report = ({ id, to }) => tell(app, provider, { project: project.id, message: id, to, what: 'hard' })
    const { message } = await project.sent()
    const { status, timeline } = await project.message(message.id)
    expect([status, eventsOf(timeline).sort()]).toEqual(['bounced', ['accepted', 'bounced', 'created']])
  })

  it('on and on: a row does not grow without end', async () => {
    const project = await aProject(listening())
    const { id, told } = await aMail(project)
    const now = Date.now()
    for (let i = 0; i < 60; i++) await tell(project.app, provider, told('deferred', { at: now - i * 1000 }))
    expect((await project.message(id)).timeline.length).toBeLessThanOrEqual(50)
    // The address is suppressed all the same.
    await tell(project.app, provider, told('hard'))
    expect(await suppressions(project)).toHaveLength(1)
  })
})

describe('SendGrid tells of many at once', () => {
  it('each counts, whichever project it is of; those that are not ours are passed over', async () => {
    const app = listening()
    const [one, two] = [await aProject(app), await aProject(app)]
    const [first, second, third] = [await aMail(one), await aMail(two), await aMail(one)]
    const answer = await tell(
      app,
      'sendgrid',
      first.told('delivered'),
      first.told('hard', { project: two.id }),
      second.told('hard'),
      third.told('hard', { message: UNKNOWN_MESSAGE }),
      third.told('complained'),
    )
    expect(answer.status).toBe(204)
    expect((await one.message(first.id)).status).toBe('accepted')
    expect((await two.message(second.id)).status).toBe('bounced')
    expect((await one.message(third.id)).status).toBe('bounced')
    expect((await suppressions(one)).map(({ email }) => email)).toEqual([third.email])
    expect((await suppressions(two)).map(({ email }) => email)).toEqual([second.email])
  })
})

describe('what is no callback', () => {
  it.each(['mailgun', 'ses', 'cloudflare', 'twilio', 'Resend', 'constructor', 'resend/x', ''])(
    'POST /callbacks/%s: 404',
    async (name) => {
      const app = listening()
      const answer = await app.request(`/callbacks/${name}`, { method: 'POST', body: '{}' })
      expectProblem(answer, 404, 'not_found')
    },
  )

  it.each(CALLBACK_PROVIDERS)('GET, PUT and DELETE /callbacks/%s: 405', async (provider) => {
    const app = listening()
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await app.request(`/callbacks/${provider}`, { method })
      expectProblem(answer, 405, 'method_not_allowed')
      expect(answer.headers.get('allow')).toBe('POST')
    }
  })
})
