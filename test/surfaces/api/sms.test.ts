/** SMS: each is paid for, and numbers can be rented to earn from them (security.md B10). */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Answer, anAddress, browser, codeIn, env, type TestApp, testApp } from '../../support/app.ts'
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
import { expectInvalid, expectProblem } from '../../support/refusals.ts'
import { renderText } from '../../support/render.ts'

const CALLBACK = 'http://localhost:3000/callback'
const TWILIO = {
  SMS_PROVIDERS: 'twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'x',
  TWILIO_FROM: '+12025550199',
}
const UNLIMITED = { per_prefix_per_hour: 100_000, per_day: 1_000_000 }

const smsApp = (ports: Parameters<typeof testApp>[0] = {}): TestApp => testApp({ bindings: TWILIO, ...ports })
/** SMS to the United States, as many as one likes. */
const aTextingProject = (sms: Record<string, unknown> = {}, settings: Record<string, unknown> = {}, app = smsApp()) =>
  aProject(app, { sms: { countries: ['US'], ...UNLIMITED, ...sms }, ...settings })

// All begin with +1 202 555, which is one prefix of seven digits.
let numbers = 0
const aNumber = (): string => `+1202555${String(1000 + numbers++).padStart(4, '0')}`
/** Of another area code: another prefix. */
const NEARBY = ['+12125550', '+13125550', '+14155550', '+16175550', '+17025550']
const anotherPrefix = (index: number): string => `${NEARBY[index % NEARBY.length]}${String(100 + index).slice(-3)}`

const verify = (project: TestProject, body: Record<string, unknown>) =>
  project.call('POST', '/v1/passwordless/verify', body)
const messages = async (project: TestProject): Promise<Record<string, any>[]> =>
  (await project.ok('GET', '/v1/messages?limit=100')).data
const statuses = (answers: Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status, json } of answers) {
    const kind = json.code ? `${status} ${json.code}` : `${status}`
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
async function signInWith(project: TestProject, phone: string): Promise<void> {
  const sent = await project.sent({ phone, method: 'code' })
  const text = project.app.texts.findLast(({ to }) => to === phone)
  expect((await verify(project, { id: sent.id, code: signInOf(text).code })).status).toBe(200)
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  // Prefixes are counted by project, so every test may begin anew.
  numbers = 0
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

// --- works ----------------------------------------------------------------------------------------------------------

describe('a send to a phone', () => {
  it('without a channel or with sms: one SMS, and the documented answer', async () => {
    const project = await aTextingProject()
    for (const more of [{}, { channel: 'sms' }]) {
      const phone = aNumber()
      const now = Math.floor(Date.now() / 1000)
      const json = await project.sent({ phone, ...more })
      expect(json).toEqual({
        id: expect.stringMatching(/^chal_[\w-]{62}$/),
        method: 'link_and_code',
        channel: 'sms',
        user_id: expect.stringMatching(/^user_[0-9A-Za-z]{27}$/),
        user_created: true,
        identifier_id: expect.stringMatching(/^phone_[0-9A-Za-z]{27}$/),
        expires_at: now + 900,
        expires_in: 900,
        code_expires_at: now + 600,
        resend_at: expect.any(Number),
        message: { id: expect.stringMatching(/^msg_/), status: 'accepted' },
      })
      const text = project.app.texts.at(-1)
      expect(text).toMatchObject({ id: json.message.id, projectId: project.id, to: phone })
      const { link, code } = signInOf(text)
      const { text: words } = renderText(signInOf(text))
      expect(words).toContain(link)
      expect(words).toContain(code)
      expect(await project.ok('GET', `/v1/users/${json.user_id}`)).toMatchObject({
        phone,
        phone_verified: false,
        email: null,
      })
    }
    expect(project.app.texts).toHaveLength(2)
    expect(project.app.outbox).toEqual([])
  })

  it('its row tells the channel and a masked number, and holds no plain one', async () => {
    const project = await aTextingProject()
    const phone = aNumber()
    const sent = await project.sent({ phone, reveal: true })
    const message = await project.message(sent.message.id)
    expect(message).toMatchObject({ channel: 'sms', status: 'accepted', provider: 'outbox', provider_id: 'text-1' })
    expect(message.to).toBe(`+1 •••••••${phone.slice(-2)}`)
    const row = await rowOf(sent.message.id)
    expect(row.secrets).toBeNull()
    const all = JSON.stringify([
      await messages(project),
      await project.ok('GET', '/v1/events'),
      { ...row, input: null },
    ])
    for (const secret of [phone, phone.slice(2), sent.code, tokenOf(sent.link)]) expect(all).not.toContain(secret)
  })

  it.each(['code', 'link'])('by its %s: signed in, the phone verified, amr says sms', async (by) => {
    const project = await aTextingProject()
    const phone = aNumber()
    const sent = await project.sent({ phone, link: 'direct', redirect_uri: CALLBACK })
    const { link, code } = signInOf(project.app.texts[0])
    const done = await verify(project, by === 'code' ? { id: sent.id, code } : { token: tokenOf(link) })
    expect(done.status, done.text).toBe(200)
    expect(done.json.user).toMatchObject({
      id: sent.user_id,
      phone,
      phone_verified: true,
      email: null,
      status: 'ACTIVE',
    })
    expect(done.json.identifier).toMatchObject({ id: sent.identifier_id, kind: 'phone', value: phone })
    expect(done.json.session.amr).toEqual(['sms', by === 'code' ? 'otp' : 'link'])
    expect(eventsOf((await project.message(sent.message.id)).timeline)).toEqual(['created', 'accepted', 'redeemed'])
  })

  it('the same number again, however it is typed: the same user', async () => {
    const project = await aTextingProject()
    const first = await project.sent({ phone: '+1 (202) 555-0143' })
    const second = await project.sent({ phone: '+12025550143' })
    expect([second.user_id, second.user_created]).toEqual([first.user_id, false])
    expect(project.app.texts.map(({ to }) => to)).toEqual(['+12025550143', '+12025550143'])
  })

  it('a resend: a new code in a new SMS, the older one works too', async () => {
    const project = await aTextingProject()
    const sent = await project.sent({ phone: aNumber() })
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(resent).toMatchObject({
      id: sent.id,
      channel: 'sms',
      user_id: sent.user_id,
      message: { status: 'accepted' },
    })
    const [older, newer] = project.app.texts.map((text) => signInOf(text).code)
    expect(project.app.texts).toHaveLength(2)
    expect(newer).not.toBe(older)
    expect((await verify(project, { id: sent.id, code: older })).status).toBe(200)
  })

  it('a provider that cannot be reached: pending, and cron sends the same', async () => {
    const given: unknown[] = []
    const app = smsApp({
      bindings: TWILIO,
      ports: {
        sendText: async (message) => {
          given.push(structuredClone(message))
          return unreachable()
        },
      },
    })
    const project = await aTextingProject({}, {}, app)
    const sent = await project.sent({ phone: aNumber() })
    expect(sent.message.status).toBe('pending')
    const { texts } = await deliverLater(61_000)
    expect(texts.filter(({ id }) => id === sent.message.id)).toEqual(given)
    expect(await project.message(sent.message.id)).toMatchObject({ status: 'accepted', channel: 'sms' })
  })

  it('one that refuses it: 503 delivery_failed, and an event', async () => {
    const project = await aTextingProject({}, {}, smsApp({ bindings: TWILIO, ports: { sendText: refuses } }))
    expectProblem(await project.send({ phone: aNumber() }), 503, 'delivery_failed')
    expect((await messages(project))[0]).toMatchObject({ status: 'failed', channel: 'sms' })
    expect((await project.ok('GET', '/v1/events?type=message.delivery_failed')).data).toHaveLength(1)
  })

  it('says it in the language of the request, the person, the project', async () => {
    const project = await aTextingProject({}, { locale: 'fr' })
    const german = await project.ok('POST', '/v1/users', { phone: aNumber(), locale: 'de' })
    for (const [body, locale] of [
      [{ phone: german.phone, locale: 'ja' }, 'ja'],
      [{ phone: german.phone }, 'de'],
      [{ user_id: german.id, channel: 'sms' }, 'de'],
      [{ phone: aNumber() }, 'fr'],
    ] as const) {
      const sent = await project.sent(body)
      expect(signInOf(project.app.texts.at(-1)).locale).toBe(locale)
      expect((await project.message(sent.message.id)).locale).toBe(locale)
    }
  })
})

describe('a user with a phone', () => {
  it('user_id and channel sms: to that phone; without a channel, to the address', async () => {
    const project = await aTextingProject()
    const user = await project.ok('POST', '/v1/users', { email: anAddress(), phone: aNumber() })
    const byText = await project.sent({ user_id: user.id, channel: 'sms' })
    expect(byText).toMatchObject({ channel: 'sms', user_id: user.id, user_created: false })
    expect(byText.identifier_id).toMatch(/^phone_/)
    const byMail = await project.sent({ user_id: user.id })
    expect(byMail).toMatchObject({ channel: 'email', identifier_id: expect.stringMatching(/^email_/) })
    expect([project.app.texts.map(({ to }) => to), project.app.outbox.map(({ to }) => to)]).toEqual([
      [user.phone],
      [user.email],
    ])
    const done = await verify(project, { id: byText.id, code: signInOf(project.app.texts[0]).code })
    expect(done.json.user).toMatchObject({ phone_verified: true, email_verified: false })
    expect(done.json.identifier.kind).toBe('phone')
  })

  it('without one: 400 naming user_id', async () => {
    const project = await aTextingProject()
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    expectInvalid(await project.send({ user_id: user.id, channel: 'sms' }), 'user_id')
  })

  it('who is inactive: 403, nothing sent', async () => {
    const project = await aTextingProject()
    const user = await project.ok('POST', '/v1/users', { phone: aNumber(), status: 'INACTIVE' })
    expectProblem(await project.send({ phone: user.phone }), 403, 'user_inactive')
    expectProblem(await project.send({ user_id: user.id, channel: 'sms' }), 403, 'user_inactive')
    expect(project.app.texts).toEqual([])
  })

  it('channel none: nothing is sent or counted, link and code are in the answer', async () => {
    const project = await aProject(testApp())
    const phone = aNumber()
    const json = await project.sent({ phone, channel: 'none' })
    expect(json).toMatchObject({ channel: 'none', user_created: true, message: { id: null, status: 'none' } })
    expect(json.identifier_id).toMatch(/^phone_/)
    expect(project.app.texts).toEqual([])
    const done = await verify(project, { id: json.id, code: json.code })
    expect(done.status, done.text).toBe(200)
    expect(done.json.session.amr).toEqual(['minted', 'otp'])
  })

  it('create_user false: one answer for known and unknown, one SMS', async () => {
    const project = await aTextingProject()
    const user = await project.ok('POST', '/v1/users', { phone: aNumber() })
    const known = await project.sent({ phone: user.phone, create_user: false })
    const unknown = await project.sent({ phone: aNumber(), create_user: false })
    expect(Object.keys(unknown)).toEqual(Object.keys(known))
    expect([known.message.status, unknown.message.status]).toEqual(['accepted', 'accepted'])
    expect(JSON.stringify([known, unknown])).not.toMatch(/user_|phone_/)
    expect(project.app.texts.map(({ to }) => to)).toEqual([user.phone])
  })
})

describe('a landing link in an SMS', () => {
  const press = async (project: TestProject, link: string | null) => {
    const someone = browser(project.app)
    const page = await someone.open(link ?? '')
    return { page, pressed: await someone.press(page) }
  }

  it('shows a masked number, and signs in', async () => {
    const project = await aTextingProject()
    const phone = aNumber()
    await project.sent({ phone, redirect_uri: CALLBACK, state: 's' })
    const { page, pressed } = await press(project, signInOf(project.app.texts[0]).link)
    expect(page.status).toBe(200)
    expect(page.text).toContain(phone.slice(-2))
    expect(page.text).not.toContain(phone.slice(-7))
    expect(pressed.status, pressed.text).toBe(303)
    const done = await verify(project, { token: codeIn(pressed.headers.get('location')) })
    expect(done.status, done.text).toBe(200)
    expect(done.json.session.amr).toEqual(['sms', 'link'])
    expect(done.json.user.phone_verified).toBe(true)
  })

  it('shows the same without KV', async () => {
    const project = await aTextingProject()
    const phone = aNumber()
    await project.sent({ phone, redirect_uri: CALLBACK })
    const CODES = { get: async () => null, put: async () => {} }
    const without = testApp({ bindings: { ...TWILIO, CODES } })
    const page = await browser(without).open(signInOf(project.app.texts[0]).link ?? '')
    expect(page.status).toBe(200)
    expect(page.text).toContain(`+1 •••••••${phone.slice(-2)}`)
  })

  it('that is late: one press sends another SMS to the same number, once', async () => {
    const project = await aTextingProject()
    const phone = aNumber()
    const sent = await project.sent({ phone, redirect_uri: CALLBACK, state: 'kept' })
    vi.setSystemTime(Date.now() + 901_000)
    const someone = browser(project.app)
    const late = await someone.open(signInOf(project.app.texts[0]).link ?? '')
    expect(late.status).toBe(410)
    for (let i = 0; i < 3; i++) {
      const renewed = await someone.press(late)
      expect(renewed.status, renewed.text).toBe(200)
      expect(renewed.text).not.toContain(phone)
    }
    expect(project.app.texts.map(({ to }) => to)).toEqual([phone, phone])
    expect(project.app.outbox).toEqual([])
    const { pressed } = await press(project, signInOf(project.app.texts[1]).link)
    const location = new URL(pressed.headers.get('location') ?? '')
    expect(location.searchParams.get('state')).toBe('kept')
    const done = await verify(project, { token: location.searchParams.get('code') })
    expect(done.json.user.id).toBe(sent.user_id)
  })

  it('that is late, when no more SMS may go: the page says so, and nothing is sent', async () => {
    const project = await aTextingProject({ per_day: 1 })
    await project.sent({ phone: aNumber(), redirect_uri: CALLBACK })
    vi.setSystemTime(Date.now() + 901_000)
    const someone = browser(project.app)
    const late = await someone.open(signInOf(project.app.texts[0]).link ?? '')
    const refused = await someone.press(late)
    expect(refused.status).toBe(429)
    expect(project.app.texts).toHaveLength(1)
    await project.patch({ sms: { countries: [] } })
    const again = await someone.press(late)
    expect(again.status).toBeGreaterThanOrEqual(400)
    expect(again.status).toBeLessThan(500)
    expect(project.app.texts).toHaveLength(1)
  })
})

// --- refuses --------------------------------------------------------------------------------------------------------

const countsOf = async (project: TestProject): Promise<unknown[]> => [
  project.app.texts.length,
  (await messages(project)).length,
  (await project.ok('GET', '/v1/users')).data.length,
]

describe('refuses', () => {
  it('every country at first: 403 country_not_allowed, nothing sent, stored or counted', async () => {
    const project = await aProject(smsApp(), { send_limits: { per_minute: 1, per_15_minutes: 1, per_day: 1 } })
    const phone = aNumber()
    for (let i = 0; i < 12; i++) {
      const answer = await project.send({ phone })
      expectProblem(answer, 403, 'country_not_allowed')
      expect(answer.json.detail).toContain('US')
    }
    expect(await countsOf(project)).toEqual([0, 0, 0])
    await project.patch({ sms: { countries: ['US'], per_prefix_per_hour: 1, per_day: 1 } })
    expect((await project.send({ phone })).status).toBe(201)
  })

  it.each([
    ['a country that is not listed', '+447911123456', 403, 'country_not_allowed'],
    ['Canada, which shares a code with the United States', '+14165550123', 403, 'country_not_allowed'],
    ['a number of no country', '+15555550100', 403, 'country_not_allowed'],
    ['a satellite network', '+881612345678', 403, 'country_not_allowed'],
    ['a premium number', '+19002345678', 403, 'country_not_allowed'],
  ])('%s', async (_, phone, status, code) => {
    const project = await aTextingProject()
    expectProblem(await project.send({ phone }), status, code)
    expectProblem(await project.send({ phone, create_user: false }), status, code)
    expect(await countsOf(project)).toEqual([0, 0, 0])
  })

  it.each([
    ['a premium number of a listed country', ['GB'], '+449012345678', 'country_not_allowed'],
    ['a personal number', ['GB'], '+447012345678', 'country_not_allowed'],
  ])('%s', async (_, countries, phone, code) => {
    const project = await aTextingProject({ countries })
    expectProblem(await project.send({ phone }), 403, code)
    expect(await countsOf(project)).toEqual([0, 0, 0])
  })

  it('a number that takes no SMS', async () => {
    const project = await aTextingProject({ countries: ['US', 'GB'] })
    expectInvalid(await project.send({ phone: '+18002345678' }), 'phone')
    expectInvalid(await project.send({ phone: '+442079460958' }), 'phone')
    expect(await countsOf(project)).toEqual([0, 0, 0])
  })

  it('what is for mails', async () => {
    const project = await aTextingProject()
    const user = await project.ok('POST', '/v1/users', { phone: aNumber() })
    for (const [name, value] of [
      ['email_content', { subject: 'x' }],
      ['template', 'sign_in'],
      ['template_variables', { a: 'b' }],
    ] as const) {
      for (const recipient of [
        { phone: aNumber() },
        { phone: aNumber(), channel: 'sms' },
        { phone: aNumber(), channel: 'none' },
        { user_id: user.id, channel: 'sms' },
        { user_id: user.id, channel: 'none' },
      ]) {
        expectInvalid(await project.send({ ...recipient, [name]: value }), name)
      }
    }
    expect(project.app.texts).toEqual([])
  })

  it('without a provider, for a user’s phone too: 400 naming channel', async () => {
    const project = await aProject(testApp(), { sms: { countries: ['US'] } })
    const user = await project.ok('POST', '/v1/users', { phone: aNumber() })
    expectInvalid(await project.send({ phone: user.phone }), 'channel')
    expectInvalid(await project.send({ user_id: user.id, channel: 'sms' }), 'channel')
  })
})

// --- limits ---------------------------------------------------------------------------------------------------------

function expectOver(answer: Answer, setting: string, quota: number, window: number, left: number): void {
  expectProblem(answer, 429, 'too_many_sends')
  const policy = setting.replace('.', '-')
  expect(answer.json.detail).toContain(`${setting} allows ${quota} `)
  expect(answer.headers.get('retry-after')).toBe(`${left}`)
  expect(answer.headers.get('ratelimit-policy')).toBe(`"${policy}";q=${quota};w=${window}`)
  expect(answer.headers.get('ratelimit')).toBe(`"${policy}";r=0;t=${left}`)
}

describe('per_prefix_per_hour', () => {
  it('10 to numbers that begin with the same 7 digits, then 429; other numbers are served', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 10 })
    for (let i = 0; i < 10; i++) await project.sent({ phone: aNumber() })
    vi.setSystemTime(Date.now() + 600_000)
    expectOver(await project.send({ phone: aNumber() }), 'sms.per_prefix_per_hour', 10, 3600, 3000)
    expect((await project.send({ phone: '+12125550123' })).status).toBe(201)
    expect(project.app.texts).toHaveLength(11)
    vi.setSystemTime(Date.now() + 3_000_000)
    expect((await project.send({ phone: aNumber() })).status).toBe(201)
  })

  it('is each project’s own', async () => {
    const app = smsApp()
    const [one, two] = [
      await aTextingProject({ per_prefix_per_hour: 1 }, {}, app),
      await aTextingProject({ per_prefix_per_hour: 1 }, {}, app),
    ]
    await one.sent({ phone: aNumber() })
    await two.sent({ phone: aNumber() })
    expectProblem(await one.send({ phone: aNumber() }), 429, 'too_many_sends')
    expectProblem(await two.send({ phone: aNumber() }), 429, 'too_many_sends')
  })

  it('does not hold while a fifth of them signs in, and holds again when fewer do', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 10 })
    for (let i = 0; i < 2; i++) await signInWith(project, aNumber())
    for (let i = 0; i < 8; i++) await project.sent({ phone: aNumber() })
    // 2 of 10.
    await project.sent({ phone: aNumber() })
    // 2 of 11.
    expectProblem(await project.send({ phone: aNumber() }), 429, 'too_many_sends')
    const { id } = (await project.send({ phone: '+12125550123', method: 'code' })).json
    await verify(project, { id, code: signInOf(project.app.texts.at(-1)).code })
    // Another prefix's sign-in is no merit of this one.
    expectProblem(await project.send({ phone: aNumber() }), 429, 'too_many_sends')
  })

  it('a real trace goes through: everybody signs in', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 10 })
    for (let i = 0; i < 40; i++) await signInWith(project, aNumber())
    expect(project.app.texts).toHaveLength(40)
  })

  it('a pumping trace does not: at most 10 of 500 adjacent numbers', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 10 })
    const answers: Answer[] = []
    for (let i = 0; i < 500; i += 50) {
      answers.push(
        ...(await Promise.all(Array.from({ length: 50 }, () => project.send({ phone: aNumber(), method: 'code' })))),
      )
    }
    expect(statuses(answers)).toEqual({ '201': 10, '429 too_many_sends': 490 })
    expect(project.app.texts).toHaveLength(10)
  }, 60_000)

  it('a replay of a sign-in counts once for it', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 5 })
    const sent = await project.sent({ phone: aNumber(), method: 'code' })
    const body = { id: sent.id, code: signInOf(project.app.texts[0]).code }
    for (let i = 0; i < 5; i++) {
      await project.call('POST', '/v1/passwordless/verify', body, { headers: { 'idempotency-key': 'the-same' } })
    }
    for (let i = 0; i < 4; i++) await project.sent({ phone: aNumber() })
    // 1 of 5 is a fifth, 1 of 6 is not.
    await project.sent({ phone: aNumber() })
    expectProblem(await project.send({ phone: aNumber() }), 429, 'too_many_sends')
  })
})

describe('per_day', () => {
  it('is of the whole project, whatever the prefix and however many sign in', async () => {
    const project = await aTextingProject({ per_day: 3 })
    await signInWith(project, aNumber())
    for (let i = 0; i < 2; i++) await project.sent({ phone: anotherPrefix(i) })
    vi.setSystemTime(Date.now() + 3600_000)
    expectOver(await project.send({ phone: anotherPrefix(2) }), 'sms.per_day', 3, 86_400, 82_800)
    expect(project.app.texts).toHaveLength(3)
    expect((await project.send()).status).toBe(201)
    vi.setSystemTime(Date.now() + 82_800_000)
    expect((await project.send({ phone: anotherPrefix(3) })).status).toBe(201)
  })

  it('what it refuses costs the prefix nothing', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 3, per_day: 1 })
    await project.sent({ phone: aNumber() })
    for (let i = 0; i < 5; i++) expectProblem(await project.send({ phone: aNumber() }), 429, 'too_many_sends')
    await project.patch({ sms: { countries: ['US'], per_prefix_per_hour: 3, per_day: 100 } })
    for (let i = 0; i < 2; i++) expect((await project.send({ phone: aNumber() })).status).toBe(201)
  })
})

describe('limits of SMS', () => {
  it.each([['per_prefix_per_hour'], ['per_day']])('%s is exact for 64 at once', async (name) => {
    const project = await aTextingProject({ [name]: 10 })
    const answers = await Promise.all(Array.from({ length: 64 }, () => project.send({ phone: aNumber() })))
    expect(statuses(answers)).toEqual({ '201': 10, '429 too_many_sends': 54 })
    expect(project.app.texts).toHaveLength(10)
  })

  it('a send that they refuse gives the number its budget back, and ends its challenge', async () => {
    const project = await aTextingProject(
      { per_day: 1 },
      { send_limits: { per_minute: 2, per_15_minutes: 2, per_day: 2 } },
    )
    await project.sent({ phone: anotherPrefix(0) })
    const phone = aNumber()
    for (let i = 0; i < 5; i++) {
      const refused = await project.send({ phone })
      expectProblem(refused, 429, 'too_many_sends')
      expect(refused.json.detail).toContain('sms.per_day')
    }
    await project.patch({ sms: { countries: ['US'], ...UNLIMITED } })
    for (let i = 0; i < 2; i++) expect((await project.send({ phone })).status).toBe(201)
    expect((await project.send({ phone })).json.detail).toContain('send_limits.')
  })

  it('a number’s own limits hold for SMS too', async () => {
    const project = await aTextingProject({}, { send_limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 } })
    const phone = aNumber()
    for (let i = 0; i < 2; i++) await project.sent({ phone })
    const refused = await project.send({ phone })
    expectProblem(refused, 429, 'too_many_sends')
    expect(refused.json.detail).toContain('send_limits.per_minute')
  })

  it('a resend counts', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 2 })
    const sent = await project.sent({ phone: aNumber() })
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expectProblem(await project.call('POST', '/v1/passwordless/resend', { id: sent.id }), 429, 'too_many_sends')
    expectProblem(await project.send({ phone: aNumber() }), 429, 'too_many_sends')
    expect(project.app.texts).toHaveLength(2)
  })

  it('the same call again does not', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 1 })
    const phone = aNumber()
    const key = { 'idempotency-key': crypto.randomUUID() }
    for (let i = 0; i < 3; i++) expect((await project.send({ phone }, key)).status).toBe(201)
    expect(project.app.texts).toHaveLength(1)
  })

  it.each([
    ['sign_up_disabled', 403, async () => ({ phone: aNumber() })],
    [
      'user_inactive',
      403,
      async (project: TestProject) => {
        const { phone } = await project.ok('POST', '/v1/users', { phone: aNumber(), status: 'INACTIVE' })
        return { phone }
      },
    ],
    ['redirect_uri_not_allowed', 400, async () => ({ phone: aNumber(), redirect_uri: 'https://evil.example' })],
  ] as const)('count no send that is refused: %s', async (code, status, bodyOf) => {
    const project = await aTextingProject({ per_prefix_per_hour: 1, per_day: 1 }, { allow_sign_up: false })
    const known = await project.ok('POST', '/v1/users', { phone: aNumber() })
    expectProblem(await project.send(await bodyOf(project)), status, code)
    const answer = await project.send({ phone: known.phone })
    expect(answer.status, answer.text).toBe(201)
  })

  it('refuse a resend without ending what was sent before', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 1 }, { regenerate_on_resend: true })
    const sent = await project.sent({ phone: aNumber(), method: 'code' })
    for (let i = 0; i < 2; i++) {
      expectProblem(await project.call('POST', '/v1/passwordless/resend', { id: sent.id }), 429, 'too_many_sends')
    }
    const done = await verify(project, { id: sent.id, code: signInOf(project.app.texts[0]).code })
    expect(done.status, done.text).toBe(200)
  })

  it('refuse a resend once and again with its Idempotency-Key', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 1 })
    const sent = await project.sent({ phone: aNumber() })
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const resend = () => project.call('POST', '/v1/passwordless/resend', { id: sent.id }, { headers })
    expectProblem(await resend(), 429, 'too_many_sends')
    expectProblem(await resend(), 429, 'too_many_sends')
    expect(project.app.texts).toHaveLength(1)
    vi.setSystemTime(Date.now() + 600_000)
    expectProblem(await resend(), 429, 'too_many_sends')
    expect(project.app.texts).toHaveLength(1)
  })

  it('refuse a send with an Idempotency-Key, and take the same call when there is room again', async () => {
    const project = await aTextingProject({ per_day: 1 })
    await project.sent({ phone: anotherPrefix(0) })
    const phone = aNumber()
    const key = { 'idempotency-key': crypto.randomUUID() }
    expectProblem(await project.send({ phone }, key), 429, 'too_many_sends')
    expectProblem(await project.send({ phone }, key), 429, 'too_many_sends')
    vi.setSystemTime(Date.now() + 86_400_000)
    const answer = await project.send({ phone }, key)
    expect(answer.status, answer.text).toBe(201)
    expect(project.app.texts).toHaveLength(2)
  })

  it('are exact for calls that are made twice at once with one Idempotency-Key', async () => {
    const project = await aTextingProject({ per_prefix_per_hour: 1 })
    await project.sent({ phone: aNumber() })
    for (let round = 0; round < 5; round++) {
      const phone = aNumber()
      const key = { 'idempotency-key': crypto.randomUUID() }
      const answers = await Promise.all(Array.from({ length: 8 }, () => project.send({ phone }, key)))
      expect(answers.filter(({ status }) => status === 201)).toEqual([])
    }
    expect(project.app.texts).toHaveLength(1)
  })

  describe('where the ledger that counts does not answer', () => {
    /** The first question is to the number's own ledger, which goes on answering; those that count do not. */
    function brokenApp(run: () => Promise<unknown> = () => Promise.reject(new Error('gone'))): TestApp {
      let own: string | undefined
      const LEDGER = {
        idFromName: (name: string) => env.LEDGER.idFromName(name),
        get: (id: DurableObjectId) => {
          own ??= id.toString()
          return id.toString() === own ? env.LEDGER.get(id) : { run }
        },
      }
      return testApp({ bindings: { ...TWILIO, LEDGER } })
    }
    const sendBy = (app: TestApp, project: TestProject, phone: string, key: string) =>
      app.call(
        'POST',
        '/v1/passwordless/send',
        { phone },
        { headers: { 'x-project': project.id, 'idempotency-key': key } },
      )

    it('503, and nothing is sent', async () => {
      const project = await aTextingProject()
      const broken = brokenApp()
      expectProblem(await sendBy(broken, project, aNumber(), crypto.randomUUID()), 503, 'unavailable')
      expect(broken.texts).toEqual([])
      expect(await messages(project)).toEqual([])
    })

    it('503 for an outcome of a newer version, and nothing is sent', async () => {
      const project = await aTextingProject()
      const newer = brokenApp(async () => ({ is: 'of_tomorrow' }))
      expectProblem(await sendBy(newer, project, aNumber(), crypto.randomUUID()), 503, 'unavailable')
      expect(newer.texts).toEqual([])
    })

    it('the same call again is counted then', async () => {
      const project = await aTextingProject({ per_day: 1 })
      await project.sent({ phone: anotherPrefix(0) })
      const [phone, key] = [aNumber(), crypto.randomUUID()]
      expectProblem(await sendBy(brokenApp(), project, phone, key), 503, 'unavailable')
      expectProblem(await sendBy(project.app, project, phone, key), 429, 'too_many_sends')
      expect(project.app.texts).toHaveLength(1)
    })

    it('the number’s budget gets the send back', async () => {
      const project = await aTextingProject({}, { send_limits: { per_minute: 1, per_15_minutes: 1, per_day: 1 } })
      const phone = aNumber()
      expectProblem(await sendBy(brokenApp(), project, phone, crypto.randomUUID()), 503, 'unavailable')
      const answer = await project.send({ phone })
      expect(answer.status, answer.text).toBe(201)
    })
  })
})

describe('a country that is taken off the list', () => {
  it('gets no resend either', async () => {
    const project = await aTextingProject()
    const sent = await project.sent({ phone: aNumber() })
    await project.patch({ sms: { countries: [] } })
    expectProblem(await project.call('POST', '/v1/passwordless/resend', { id: sent.id }), 403, 'country_not_allowed')
    expect(project.app.texts).toHaveLength(1)
  })

  it('gets nothing of what waits for cron', async () => {
    const project = await aTextingProject({}, {}, smsApp({ bindings: TWILIO, ports: { sendText: unreachable } }))
    const sent = await project.sent({ phone: aNumber() })
    await project.patch({ sms: { countries: [] } })
    expect((await deliverLater(61_000)).texts).toEqual([])
    expect((await project.message(sent.message.id)).status).toBe('suppressed')
  })
})
