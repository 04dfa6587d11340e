/** What became of each message: how it is listed, what its timeline tells, and that it tells no secret. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Delivery, Mail } from '../../../src/ports.ts'
import { authorizationUrl, aClient as clientIn, locationOf, oidcApp, person, pkce } from '../../oidc/support.ts'
import { anAddress, browser, codeIn, env, testApp } from '../../support/app.ts'
import { faultyApp } from '../../support/faults.ts'
import {
  aProject,
  deliverLater,
  eventsOf,
  refuses,
  rowOf,
  signInOf,
  type TestProject,
  tokenOf,
  unreachable,
} from '../../support/project.ts'
import { expectInsufficientScope, expectInvalid, expectProblem } from '../../support/refusals.ts'

const CALLBACK = 'http://localhost:3000/callback'
const UNKNOWN = `msg_${'2'.repeat(27)}`

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

const idsOf = ({ data }: Record<string, any>): string[] => data.map(({ id }: { id: string }) => id)
const list = (project: TestProject, query = '') => project.ok('GET', `/v1/messages${query}`)
const verify = (project: TestProject, body: Record<string, unknown>) =>
  project.call('POST', '/v1/passwordless/verify', body)
const keyWith = async (project: TestProject, scopes: string[]): Promise<string> =>
  (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes })).key

/** Without what differs from one request to the next. */
const shapeOf = ({ json, ...answer }: Awaited<ReturnType<TestProject['call']>>) => {
  const { request_id: _, ...body } = json
  return [answer.status, body, [...answer.headers].filter(([name]) => name !== 'x-request-id')]
}

// --- works ----------------------------------------------------------------------------------------------------------

describe('GET /v1/messages/{id}', () => {
  it('answers with exactly the documented fields', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const before = Math.floor(Date.now() / 1000)
    const sent = await project.sent({ email, created_by: 'support desk' })
    const answer = await project.call('GET', `/v1/messages/${sent.message.id}`)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { created_at: at, ...json } = answer.json
    expect(json).toEqual({
      id: sent.message.id,
      challenge_id: sent.id,
      user_id: sent.user_id,
      channel: 'email',
      to: 'p•••@example.com',
      template: 'sign_up',
      locale: 'en',
      status: 'accepted',
      provider: 'outbox',
      provider_id: 'out-1',
      timeline: [
        { at, event: 'created', provider: null, detail: 'support desk' },
        { at: expect.any(Number), event: 'accepted', provider: 'outbox', detail: '' },
      ],
    })
    expect(at).toBeGreaterThanOrEqual(before)
    expect(json.timeline[1].at).toBeGreaterThanOrEqual(at)
  })

  it('is the same as in the list', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent()
    expect((await list(project)).data).toEqual([await project.message(sent.message.id)])
  })
})

describe('GET /v1/messages', () => {
  it('lists the newest first, by pages, each once', async () => {
    const project = await aProject(testApp())
    const made: string[] = []
    for (let i = 0; i < 5; i++) made.push((await project.sent()).message.id)
    const ids: string[] = []
    const sizes: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Record<string, any> = await list(project, `?limit=2${cursor}`)
      expect(Object.keys(page)).toEqual(['data', 'next_cursor'])
      ids.push(...idsOf(page))
      sizes.push(page.data.length)
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
    expect(sizes).toEqual([2, 2, 1])
    expect(ids).toEqual([...made].sort().reverse())
  })

  it('filters by challenge, user, channel and status, and by all of them', async () => {
    const failing = new Set<string>()
    const app = testApp({
      ports: {
        sendMail: async (mail) =>
          failing.has(mail.to)
            ? refuses()
            : { status: 'accepted', provider: 'p', providerId: null, attempts: [] as never[] },
      },
    })
    const project = await aProject(app)
    const [one, two] = [await project.sent(), await project.sent()]
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: one.id })
    const email = anAddress()
    failing.add(email)
    expectProblem(await project.send({ email }), 503, 'delivery_failed')
    const found = async (query: string) => idsOf(await list(project, query)).sort()
    const both = [one.message.id, resent.message.id].sort()
    expect(await found(`?challenge_id=${one.id}`)).toEqual(both)
    expect(await found(`?user_id=${one.user_id}`)).toEqual(both)
    expect(await found('?status=accepted')).toEqual([...both, two.message.id].sort())
    expect(await found('?status=failed')).toHaveLength(1)
    expect(await found('?status=bounced')).toEqual([])
    expect(await found('?channel=email')).toHaveLength(4)
    expect(await found('?channel=sms')).toEqual([])
    const all = `?channel=email&status=accepted&user_id=${two.user_id}&challenge_id=${two.id}`
    expect(await found(all)).toEqual([two.message.id])
    expect(await found(`?user_id=${two.user_id}&challenge_id=${one.id}`)).toEqual([])
    expect(await found(`?user_id=user_${'2'.repeat(27)}`)).toEqual([])
    expect(await found('?challenge_id=junk')).toEqual([])
  })

  it('pages within a filter', async () => {
    const project = await aProject(testApp())
    const { user_id } = await project.sent()
    const { email } = await project.ok('GET', `/v1/users/${user_id}`)
    for (let i = 0; i < 4; i++) await project.sent(i % 2 === 0 ? { email } : {})
    const first = await list(project, `?user_id=${user_id}&limit=2`)
    const second = await list(project, `?user_id=${user_id}&limit=2&cursor=${first.next_cursor}`)
    expect([first.data.length, second.data.length, second.next_cursor]).toEqual([2, 1, null])
    for (const { user_id: whose } of [...first.data, ...second.data]) expect(whose).toBe(user_id)
  })
})

// --- refuses --------------------------------------------------------------------------------------------------------

describe('refuses', () => {
  it('a cursor of another list, another filter, another project, or nobody', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    for (const each of [project, other]) for (let i = 0; i < 3; i++) await each.sent()
    const cursorOf = async (from: TestProject, path: string): Promise<string> =>
      encodeURIComponent((await from.ok('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1`)).next_cursor)
    const own = await cursorOf(project, '/v1/messages')
    expect((await project.call('GET', `/v1/messages?cursor=${own}`)).status).toBe(200)
    const filtered = await cursorOf(project, '/v1/messages?status=accepted')
    expect((await project.call('GET', `/v1/messages?status=accepted&cursor=${filtered}`)).status).toBe(200)
    const id = decodeURIComponent(own).split('.')[0]
    const junk = [
      filtered,
      await cursorOf(project, '/v1/messages?channel=email'),
      await cursorOf(other, '/v1/messages'),
      await cursorOf(project, '/v1/events'),
      await cursorOf(project, '/v1/users'),
      `${own}x`,
      own.slice(0, -1),
      `${id}`,
      `${id}.`,
      '.',
      'x',
      '',
    ]
    for (const cursor of junk) expectInvalid(await project.call('GET', `/v1/messages?cursor=${cursor}`), 'cursor')
    expectInvalid(await project.call('GET', `/v1/messages?status=accepted&cursor=${own}`), 'cursor')
    expectInvalid(await project.call('GET', `/v1/messages?status=failed&cursor=${filtered}`), 'cursor')
    expectInvalid(await other.call('GET', `/v1/messages?cursor=${own}`), 'cursor')
  })

  it.each([
    ['status=sent', 'status'],
    ['status=', 'status'],
    ['channel=none', 'channel'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['to=ada@example.com', 'to'],
    [`challenge_id=${'x'.repeat(201)}`, 'challenge_id'],
    [`user_id=${'x'.repeat(41)}`, 'user_id'],
  ])('%s', async (query, path) => {
    expectInvalid(await testApp().call('GET', `/v1/messages?${query}`), path)
  })

  it('a key without events:read, and takes one that has no more than that', async () => {
    const project = await aProject(testApp())
    const { message } = await project.sent()
    const other = await keyWith(project, ['passwordless:send', 'users:read', 'settings:read'])
    for (const path of ['/v1/messages', `/v1/messages/${message.id}`]) {
      expectInsufficientScope(await project.call('GET', path, undefined, { key: other }), 'events:read')
    }
    const key = await keyWith(project, ['events:read'])
    expect(idsOf((await project.call('GET', '/v1/messages', undefined, { key })).json)).toEqual([message.id])
    expect((await project.call('GET', `/v1/messages/${message.id}`, undefined, { key })).status).toBe(200)
  })

  it('the ids of another project just as ids that nobody has', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    const sent = await other.sent()
    const unknown = await project.call('GET', `/v1/messages/${UNKNOWN}`)
    expectProblem(unknown, 404, 'not_found')
    for (const id of [sent.message.id, `${UNKNOWN}x`, 'x', sent.message.id.toLowerCase(), sent.id]) {
      expect(shapeOf(await project.call('GET', `/v1/messages/${id}`)), id).toEqual(shapeOf(unknown))
    }
    for (const query of ['', `?challenge_id=${sent.id}`, `?user_id=${sent.user_id}`]) {
      expect(await list(project, query)).toEqual({ data: [], next_cursor: null })
    }
  })
})

// --- timelines ------------------------------------------------------------------------------------------------------

const timelineOf = async (project: TestProject, id: string) => (await project.message(id)).timeline

describe('the timeline of a message that is handed over', () => {
  it('resend: a row of its own, of the same challenge', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent({ created_by: 'the desk' })
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    const message = await project.message(resent.message.id)
    expect(message).toMatchObject({ challenge_id: sent.id, user_id: sent.user_id, status: 'accepted', locale: 'en' })
    expect(message.timeline).toEqual([
      { at: message.created_at, event: 'created', provider: null, detail: 'resend' },
      { at: expect.any(Number), event: 'accepted', provider: 'outbox', detail: '' },
    ])
    expect(eventsOf(await timelineOf(project, sent.message.id))).toEqual(['created', 'accepted'])
  })

  it('retry, then accepted', async () => {
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const { message } = await project.sent()
    expect(message.status).toBe('pending')
    const pending = await project.message(message.id)
    expect(pending).toMatchObject({ status: 'pending', provider: null, provider_id: null, template: 'sign_up' })
    expect(pending.timeline.slice(1)).toEqual([
      { at: expect.any(Number), event: 'unreachable', provider: 'fake', detail: '500' },
    ])
    const { mails } = await deliverLater(61_000)
    expect(mails.map(({ id }) => id)).toContain(message.id)
    const accepted = await project.message(message.id)
    expect(accepted).toMatchObject({ status: 'accepted', provider: 'fake', provider_id: 'fake-1' })
    expect(eventsOf(accepted.timeline)).toEqual(['created', 'unreachable', 'accepted'])
    expect(accepted.timeline[2].at - accepted.timeline[1].at).toBeGreaterThanOrEqual(60)
  })

  it('names every provider that was asked', async () => {
    const attempts = [
      { provider: 'first', event: 'unreachable', detail: 'timeout' },
      { provider: 'second', event: 'refused', detail: '422' },
      { provider: 'third', event: 'accepted', detail: '' },
    ] as const
    const sendMail = async (): Promise<Delivery> => ({
      status: 'accepted',
      provider: 'third',
      providerId: 'x',
      attempts: [...attempts],
    })
    const project = await aProject(testApp({ ports: { sendMail } }))
    const { message } = await project.sent()
    const { timeline } = await project.message(message.id)
    expect(timeline.slice(1)).toEqual(attempts.map((attempt) => ({ at: expect.any(Number), ...attempt })))
  })

  it('refused for good: failed, an event, and a count in /healthz', async () => {
    const failedNow = async () => (await testApp().request('/healthz')).json.messages.delivery_failed
    const project = await aProject(testApp({ ports: { sendMail: refuses } }))
    const before = await failedNow()
    expectProblem(await project.send(), 503, 'delivery_failed')
    const [message] = (await list(project)).data
    expect(message).toMatchObject({ status: 'failed', provider: null, provider_id: null })
    expect(message.timeline[1]).toMatchObject({ event: 'refused', provider: 'fake', detail: '422' })
    const { data: events } = await project.ok('GET', '/v1/events?type=message.delivery_failed')
    expect(events).toEqual([
      {
        id: expect.stringMatching(/^evt_[0-9A-Za-z]{27}$/),
        type: 'message.delivery_failed',
        user_id: message.user_id,
        data: { message: message.id },
        created_at: expect.any(Number),
      },
    ])
    expect(await failedNow()).toBe(before + 1)
  })

  it('not handed over before it expired: failed, and an event', async () => {
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const { message } = await project.sent()
    await deliverLater(16 * 60_000)
    const { status, timeline } = await project.message(message.id)
    expect([status, timeline.at(-1).event, timeline.at(-1).provider]).toEqual(['failed', 'failed', null])
    expect((await project.ok('GET', '/v1/events?type=message.delivery_failed')).data).toHaveLength(1)
  })
})

describe('the timeline of a message whose link or code was used', () => {
  const redeemedIn = async (project: TestProject, id: string) =>
    (await timelineOf(project, id)).filter(({ event }: { event: string }) => event === 'redeemed')

  it.each<[string, (project: TestProject, mail: Mail | undefined, id: string) => Promise<unknown>]>([
    ['verify of its link', (project, mail) => verify(project, { token: tokenOf(signInOf(mail).link) })],
    ['verify of its code', (project, mail, id) => verify(project, { id, code: signInOf(mail).code })],
    [
      'verify without a session',
      (project, mail, id) => verify(project, { id, code: signInOf(mail).code, session: false }),
    ],
  ])('%s: redeemed, once however often it is asked', async (_, redeem) => {
    const project = await aProject(testApp())
    const sent = await project.sent({ link: 'direct', redirect_uri: CALLBACK })
    const mail = project.app.outbox.at(-1)
    for (let i = 0; i < 3; i++) await redeem(project, mail, sent.id)
    expect(await redeemedIn(project, sent.message.id)).toEqual([
      { at: expect.any(Number), event: 'redeemed', provider: null, detail: null },
    ])
    expect((await project.message(sent.message.id)).status).toBe('accepted')
  })

  it('by the retry, where D1 failed at first', async () => {
    const parts = faultyApp()
    const project = await aProject(parts.app)
    const sent = await project.sent({ method: 'code' })
    const { code } = signInOf(parts.app.outbox.at(-1))
    const asked = () =>
      project.call('POST', '/v1/passwordless/verify', { id: sent.id, code }, { headers: { 'idempotency-key': 'once' } })
    const failed = await parts.during({ d1: () => Promise.reject(new Error('D1_ERROR')) }, asked)
    expect(failed.result.status).toBe(503)
    expect(await redeemedIn(project, sent.message.id)).toEqual([])
    expect((await asked()).status).toBe(200)
    expect(await redeemedIn(project, sent.message.id)).toHaveLength(1)
  })

  it('a press: redeemed when it is pressed, not when it is shown, and not again by the exchange', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent({ redirect_uri: CALLBACK })
    const someone = browser(project.app)
    const page = await someone.open(signInOf(project.app.outbox.at(-1)).link ?? '')
    expect(await redeemedIn(project, sent.message.id)).toEqual([])
    const pressed = await someone.press(page)
    expect(await redeemedIn(project, sent.message.id)).toHaveLength(1)
    await someone.press(page)
    const grant = codeIn(pressed.headers.get('location'))
    expect((await verify(project, { token: grant })).status).toBe(200)
    expect(await redeemedIn(project, sent.message.id)).toHaveLength(1)
  })

  it('bound by a code_challenge: redeemed by the exchange', async () => {
    const project = await aProject(testApp())
    const code_verifier = 'v'.repeat(43)
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code_verifier))
    const code_challenge = btoa(String.fromCharCode(...new Uint8Array(hash)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
    const sent = await project.sent({ redirect_uri: CALLBACK, code_challenge, code_challenge_method: 'S256' })
    const someone = browser(project.app)
    const pressed = await someone.press(await someone.open(signInOf(project.app.outbox.at(-1)).link ?? ''))
    expect(await redeemedIn(project, sent.message.id)).toEqual([])
    const done = await verify(project, { token: codeIn(pressed.headers.get('location')), code_verifier })
    expect(done.status, done.text).toBe(200)
    expect(await redeemedIn(project, sent.message.id)).toHaveLength(1)
  })

  it('every message of the challenge is', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent()
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    const other = await project.sent()
    await verify(project, { id: sent.id, code: signInOf(project.app.outbox[0]).code })
    for (const { message } of [sent, resent]) expect(await redeemedIn(project, message.id)).toHaveLength(1)
    expect(await redeemedIn(project, other.message.id)).toEqual([])
  })

  it('a wrong code is not', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent({ method: 'code' })
    const right = signInOf(project.app.outbox[0]).code
    const code = right === '000000' ? '000001' : '000000'
    expectProblem(await verify(project, { id: sent.id, code }), 400, 'wrong_code')
    expect(await redeemedIn(project, sent.message.id)).toEqual([])
  })

  it('before the provider has answered: nothing of it is lost', async () => {
    const ready = { verify: async (_: Mail): Promise<unknown> => null }
    const app = testApp({
      ports: {
        sendMail: async (mail) => {
          await ready.verify(mail)
          return {
            status: 'accepted',
            provider: 'slow',
            providerId: 's',
            attempts: [{ provider: 'slow', event: 'accepted', detail: '' }],
          }
        },
      },
    })
    const project = await aProject(app)
    ready.verify = (mail) => verify(project, { token: tokenOf(signInOf(mail).link) })
    const sent = await project.sent({ link: 'direct', redirect_uri: CALLBACK })
    const { status, timeline } = await project.message(sent.message.id)
    expect([status, eventsOf(timeline).sort()]).toEqual(['accepted', ['accepted', 'created', 'redeemed']])
  })
})

describe('on the hosted pages', () => {
  it('a message belongs to nobody until it is sent, and is redeemed by its code', async () => {
    const project = await aProject(oidcApp())
    const { email } = await project.ok('POST', '/v1/users', { email: anAddress() })
    const who = person(project.app, email)
    const back = await who.answerSignIn(`${project.issuer}/sign-in`)
    expect(back.pathname).toBe(`/p/${project.id}/account`)
    const [message] = (await list(project)).data
    expect(message).toMatchObject({
      user_id: expect.stringMatching(/^user_/),
      challenge_id: expect.stringMatching(/^chal_/),
      to: 'p•••@example.com',
      template: 'sign_in',
      status: 'accepted',
    })
    expect(eventsOf(message.timeline)).toEqual(['created', 'accepted', 'redeemed'])
    expect((await list(project, `?challenge_id=${message.challenge_id}`)).data).toHaveLength(1)
  })

  it('a link that is pressed is redeemed too', async () => {
    const project = await aProject(oidcApp())
    const who = person(project.app)
    const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email: who.email })
    expect(asked.status, asked.text).toBe(303)
    const mail = project.app.outbox.find(({ to }) => to === who.email)
    const page = await who.open(signInOf(mail).link ?? '')
    expect((await who.submit(page, '/auth/magic-link')).status).toBe(303)
    const [message] = (await list(project)).data
    expect(message.template).toBe('sign_up')
    expect(eventsOf(message.timeline)).toEqual(['created', 'accepted', 'redeemed'])
  })

  it('whoever may not sign in is sent nothing, and the row says so', async () => {
    const project = await aProject(oidcApp(), { allow_sign_up: false })
    const inactive = await project.ok('POST', '/v1/users', { email: anAddress(), status: 'INACTIVE' })
    for (const email of [anAddress(), inactive.email]) {
      const who = person(project.app, email)
      const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email })
      expect(asked.status, asked.text).toBe(303)
      const [message] = (await list(project)).data
      expect(message).toMatchObject({ status: 'suppressed', user_id: null, provider: null })
      expect(eventsOf(message.timeline)).toEqual(['created', 'suppressed'])
      expect((await rowOf(message.id)).secrets).toBeNull()
    }
    expect(project.app.outbox).toEqual([])
  })

  it('a new link from the page of a late one is a message of its own', async () => {
    const project = await aProject(oidcApp(), { link_ttl: 1, code_ttl: 1 })
    const client = await clientIn(project.app, {}, project)
    const who = person(project.app)
    const { challenge } = await pkce()
    const request = { code_challenge: challenge, code_challenge_method: 'S256' }
    const led = await who.open(authorizationUrl(client, request))
    const asked = await who.submit(await who.open(locationOf(led)), '/sign-in', { email: who.email })
    expect(asked.status, asked.text).toBe(303)
    const link = signInOf(project.app.outbox.find(({ to }) => to === who.email)).link ?? ''
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2000 })
    try {
      const late = await who.open(link)
      expect(late.status).toBe(410)
      const renewed = await who.submit(late, '/new')
      expect(renewed.status, renewed.text).toBe(200)
    } finally {
      vi.useRealTimers()
    }
    const { data } = await list(project)
    expect(data.map(({ status }: { status: string }) => status)).toEqual(['accepted', 'accepted'])
    expect(new Set(data.map(({ challenge_id }: { challenge_id: string }) => challenge_id)).size).toBe(2)
  })
})

// --- what was really used -------------------------------------------------------------------------------------------

describe('template and locale', () => {
  it.each([
    ['link_and_code', 'sign_in'],
    ['link', 'login_link'],
    ['code', 'code'],
  ])('method %s to somebody known: %s', async (method, template) => {
    const project = await aProject(testApp())
    const { email } = await project.ok('POST', '/v1/users', { email: anAddress() })
    const sent = await project.sent({ email, method })
    expect((await project.message(sent.message.id)).template).toBe(template)
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect((await project.message(resent.message.id)).template).toBe(template)
  })

  it.each(['link_and_code', 'link', 'code'])('method %s to somebody new: sign_up, on a resend too', async (method) => {
    const project = await aProject(testApp())
    const sent = await project.sent({ method })
    expect((await project.message(sent.message.id)).template).toBe('sign_up')
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect((await project.message(resent.message.id)).template).toBe('sign_up')
  })

  it('the language is the one that it was sent in', async () => {
    const project = await aProject(testApp(), { locale: 'fr' })
    const { email } = await project.ok('POST', '/v1/users', { email: anAddress(), locale: 'de' })
    for (const [body, locale] of [
      [{ email }, 'de'],
      [{ email, locale: 'ja' }, 'ja'],
      [{}, 'fr'],
    ] as const) {
      const sent = await project.sent(body)
      expect(signInOf(project.app.outbox.at(-1)).locale).toBe(locale)
      expect((await project.message(sent.message.id)).locale).toBe(locale)
    }
  })

  it('a notice names its own', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    await project.ok('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    const [message] = (await list(project)).data
    expect(message).toMatchObject({ template: 'address_changed', challenge_id: null, user_id: user.id })
    expect(message.status).toBe('accepted')
  })
})

// --- secrets --------------------------------------------------------------------------------------------------------

const latin1 = (bytes: ArrayBuffer | null) => String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer()))

/** All of a row as one text, its sealed columns too. */
async function allOfRow(id: string): Promise<string> {
  const { secrets, input, ...plain } = await rowOf(id)
  return [JSON.stringify(plain), latin1(secrets), latin1(input)].join('\n')
}

describe('no address, link or code', () => {
  it.each([['accepted'], ['pending'], ['failed']])('stands in an answer or in a row that is %s', async (status) => {
    const mails: Mail[] = []
    const outcome = { pending: unreachable, failed: refuses }[status]
    const app = testApp({
      ports: {
        sendMail: async (mail) => {
          mails.push(mail)
          return outcome
            ? outcome()
            : {
                status: 'accepted',
                provider: 'p',
                providerId: 'x',
                attempts: [{ provider: 'p', event: 'accepted', detail: '' }],
              }
        },
      },
    })
    const project = await aProject(app)
    const email = anAddress()
    await project.send({ email, reveal: true, state: 'the-state', metadata: { word: 'metadata-word' } })
    const { link, code } = signInOf(mails[0])
    const { data } = await list(project)
    expect(data).toHaveLength(1)
    const [message] = data
    expect(message.status).toBe(status)
    const texts = [
      (await project.call('GET', '/v1/messages')).text,
      (await project.call('GET', `/v1/messages/${message.id}`)).text,
      (await project.call('GET', '/v1/events')).text,
      await allOfRow(message.id),
    ]
    const [localPart = ''] = email.split('@')
    for (const secret of [email, localPart, code, tokenOf(link), 'the-state', 'metadata-word']) {
      for (const text of texts) expect(text).not.toContain(secret)
    }
    const row = await rowOf(message.id)
    expect(row.secrets === null).toBe(status !== 'pending')
    expect(row.input).not.toBeNull()
  })

  it('is left in a row once its challenge has expired', async () => {
    const project = await aProject(testApp())
    const { message } = await project.sent()
    await deliverLater(16 * 60_000)
    expect(await rowOf(message.id)).toMatchObject({ secrets: null, input: null, due_at: null, status: 'accepted' })
    // What became of it can be read all the same.
    expect((await project.message(message.id)).timeline).toHaveLength(2)
  })

  it('stands in any table after sends, resends, a verify, a press and a hosted sign-in', async () => {
    const project = await aProject(oidcApp())
    const email = anAddress()
    const sent = await project.sent({ email, redirect_uri: CALLBACK })
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    await verify(project, { id: sent.id, code: signInOf(project.app.outbox[0]).code })
    const who = person(project.app, email)
    await who.answerSignIn(`${project.issuer}/sign-in`)
    const secrets = project.app.outbox.flatMap((mail) => {
      const { link, code } = signInOf(mail)
      return [tokenOf(link), code]
    })
    expect(secrets).toHaveLength(6)
    const { results: tables } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
      name: string
    }>()
    for (const { name } of tables.filter(({ name }) => !name.startsWith('_cf') && !name.startsWith('sqlite'))) {
      const { results } = await env.DB.prepare(`SELECT * FROM "${name}"`).all()
      const texts = results.flatMap((row) => Object.values(row)).filter((value) => typeof value === 'string')
      for (const secret of secrets) {
        expect(texts.filter((text) => text === secret || (secret?.length === 99 && text.includes(secret)))).toEqual([])
      }
      // The address has its place.
      if (name === 'identifiers') continue
      expect(
        texts.filter((text) => text.includes(email)),
        name,
      ).toEqual([])
    }
  })
})

// --- a rotation in between ------------------------------------------------------------------------------------------

describe('while LATCHKEY_SECRET is being exchanged', () => {
  const SECRETS = {
    LATCHKEY_SECRET: 'another-secret-another-secret-another-0002',
    LATCHKEY_SECRET_PREVIOUS: String(env.LATCHKEY_SECRET),
  }

  it('a challenge of before is resent, and what was resent goes out', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent()
    const rotated = testApp({ bindings: SECRETS })
    const resent = await rotated.call(
      'POST',
      '/v1/passwordless/resend',
      { id: sent.id },
      { headers: { 'x-project': project.id } },
    )
    expect(resent.status, resent.text).toBe(201)
    expect(rotated.outbox).toHaveLength(1)
    const again = await rotated.call(
      'POST',
      '/v1/passwordless/verify',
      { id: resent.json.id, code: signInOf(rotated.outbox[0]).code },
      { headers: { 'x-project': project.id } },
    )
    expect(again.status, again.text).toBe(200)
  })

  it('a message of before is redeemed', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent()
    const rotated = testApp({ bindings: SECRETS })
    const verified = await rotated.call(
      'POST',
      '/v1/passwordless/verify',
      { id: sent.id, code: signInOf(project.app.outbox[0]).code },
      { headers: { 'x-project': project.id } },
    )
    expect(verified.status, verified.text).toBe(200)
    expect(eventsOf(await timelineOf(project, sent.message.id))).toContain('redeemed')
  })
})
