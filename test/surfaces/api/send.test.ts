import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Mail } from '../../../src/ports.ts'
import { anAddress, browser, ISSUER, ROOT_KEY, type TestApp, testApp } from '../../support/app.ts'
import { aKey, expectInvalid, expectProblem } from '../../support/refusals.ts'

const CALLBACK = 'http://localhost:3000/callback'
const REGISTERED = 'https://app.example.com/callback'

const send = (app: TestApp, body: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  app.call(
    'POST',
    '/v1/passwordless/send',
    { ...('user_id' in body ? {} : { email: anAddress() }), ...body },
    { headers },
  )
const sent = async (app: TestApp, body: Record<string, unknown> = {}) => {
  const answer = await send(app, body)
  expect(answer.status, answer.text).toBe(201)
  return answer.json
}
const mailOf = (mail: Mail | undefined) => {
  if (mail?.content.kind !== 'sign_in') throw new Error('no sign-in mail')
  return mail.content
}
const patch = async (app: TestApp, body: Record<string, unknown>) => {
  const changed = await app.call('PATCH', '/v1/project', body)
  expect(changed.status, changed.text).toBe(200)
}
/** Settings for one test, taken back after it. */
async function withSettings(settings: Record<string, unknown>, run: (app: TestApp) => Promise<void>): Promise<void> {
  const app = testApp()
  const { send_limits } = (await app.call('GET', '/v1/project')).json
  await patch(app, settings)
  try {
    await run(app)
  } finally {
    await patch(app, { ...Object.fromEntries(Object.keys(settings).map((name) => [name, null])), send_limits })
  }
}
const aUser = async (app: TestApp, body: Record<string, unknown> = {}) =>
  (await app.call('POST', '/v1/users', { email: anAddress(), ...body })).json

// Times are counted from a clock that stands still, so that they are exact.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the answer', () => {
  it('is exactly the documented one, for a new user and for a known one', async () => {
    const app = testApp()
    const email = anAddress()
    for (const user_created of [true, false]) {
      const now = Math.floor(Date.now() / 1000)
      const answer = await send(app, { email })
      expect(answer.status, answer.text).toBe(201)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      const { json } = answer
      expect(json).toEqual({
        id: expect.stringMatching(/^chal_[\w-]{62}$/),
        method: 'link_and_code',
        channel: 'email',
        user_id: expect.stringMatching(/^user_[0-9A-Za-z]{27}$/),
        user_created,
        identifier_id: expect.stringMatching(/^email_[0-9A-Za-z]{27}$/),
        expires_at: now + 900,
        expires_in: 900,
        code_expires_at: now + 600,
        resend_at: now + 1,
        message: { id: expect.stringMatching(/^msg_[0-9A-Za-z]{27}$/), status: 'accepted' },
      })
      const user = await app.call('GET', `/v1/users/${json.user_id}`)
      expect(user.json).toMatchObject({ email, email_verified: false, type: 'PERSON', status: 'ACTIVE' })
      expect(user.json.identifiers[0].id).toBe(json.identifier_id)
    }
  })

  it.each([
    ['link', { code_expires_at: null }],
    ['code', {}],
    ['link_and_code', {}],
  ])('method %s: the mail holds what it says', async (method, more) => {
    const app = testApp()
    const json = await sent(app, { method })
    expect(json).toMatchObject({ method, ...more })
    const content = mailOf(app.outbox[0])
    expect(content.link !== null).toBe(method !== 'code')
    expect(content.code !== null).toBe(method !== 'link')
    if (method === 'code') expect(json.expires_at).toBe(json.code_expires_at)
  })

  it('reveal: also link and code, the same that the mail holds', async () => {
    const app = testApp()
    const json = await sent(app, { reveal: true })
    const { link, code } = mailOf(app.outbox[0])
    expect(json).toMatchObject({ link, code })
    expect(await sent(app, { reveal: true, method: 'code' })).toMatchObject({ link: null, code: expect.any(String) })
    const silent = await sent(app)
    expect(Object.keys(silent)).not.toContain('link')
    expect(Object.keys(silent)).not.toContain('code')
  })

  it.each([
    [1, 1, 1],
    [600, 600, 600],
    [3601, 3601, 3600],
    [7 * 86_400, 7 * 86_400, 3600],
  ])('expires_in %i: the link lives %i, the code %i', async (expires_in, link, code) => {
    const app = testApp()
    const json = await sent(app, { expires_in })
    expect(json.expires_in).toBe(link)
    expect(json.expires_at - json.code_expires_at).toBe(link - code)
  })

  it('user_id: goes to the address of this user', async () => {
    const app = testApp()
    const user = await aUser(app)
    expect(await sent(app, { user_id: user.id })).toMatchObject({
      user_id: user.id,
      user_created: false,
      identifier_id: user.identifiers[0].id,
    })
    expect(app.outbox.map(({ to }) => to)).toEqual([user.email])
  })

  it('goes to the address as it is stored, however it was typed now', async () => {
    const app = testApp()
    const user = await aUser(app, { email: anAddress().replace('person', 'Person') })
    expect((await sent(app, { email: user.email.toUpperCase() })).user_id).toBe(user.id)
    expect(app.outbox.map(({ to }) => to)).toEqual([user.email])
  })
})

describe('refuses', () => {
  it.each([
    ['no recipient', { email: undefined }, 'email'],
    ['two recipients', { user_id: `user_${'2'.repeat(27)}`, email: 'ada@example.com' }, 'email'],
    ['a number without an SMS provider', { email: undefined, phone: '+15555550100' }, 'channel'],
    ['a phone by email', { email: undefined, phone: '+15555550100', channel: 'email' }, 'channel'],
    ['a template for a phone', { email: undefined, phone: '+15555550100', template: 'sign_in' }, 'template'],
    ['the channel sms without a provider', { channel: 'sms' }, 'channel'],
    ['an unknown channel', { channel: 'pigeon' }, 'channel'],
    ['an unknown method', { method: 'password' }, 'method'],
    ['a wrong address', { email: 'ada' }, 'email'],
    ['an address with a line break', { email: 'ada@example.com\nBcc: eve@example.com' }, 'email'],
    ['expires_in 0', { expires_in: 0 }, 'expires_in'],
    ['expires_in beyond 7 days', { expires_in: 7 * 86_400 + 1 }, 'expires_in'],
    ['a challenge without its method', { code_challenge: 'A'.repeat(43) }, 'code_challenge_method'],
    ['the method plain', { code_challenge: 'A'.repeat(43), code_challenge_method: 'plain' }, 'code_challenge_method'],
    ['a method without a challenge', { code_challenge_method: 'S256' }, 'code_challenge_method'],
    ['a short challenge', { code_challenge: 'A'.repeat(42), code_challenge_method: 'S256' }, 'code_challenge'],
    [
      'a challenge in base64',
      { code_challenge: `${'A'.repeat(42)}+`, code_challenge_method: 'S256' },
      'code_challenge',
    ],
    ['match without its value', { match: ['ip'] }, 'match'],
    ['match without its value', { match: ['user_agent'], client: { ip: '203.0.113.7' } }, 'match'],
    ['match of something else', { match: ['cookie'] }, 'match.0'],
    ['a strange link_param', { link_param: 'a&b' }, 'link_param'],
    ['an empty link_param', { link_param: '' }, 'link_param'],
    ['a link_param that state needs', { link: 'direct', redirect_uri: CALLBACK, link_param: 'state' }, 'link_param'],
    ['a locale that is none', { locale: 'en_US' }, 'locale'],
    ['created_by of two lines', { created_by: 'a\nb' }, 'created_by'],
    ['a long state', { state: 'x'.repeat(2001) }, 'state'],
  ])('%s', async (_name, body, path) => {
    const app = testApp()
    expectInvalid(await send(app, body), path)
    expect(app.outbox).toEqual([])
  })

  it('what is too large to keep, naming what to shorten', async () => {
    const app = testApp()
    const metadata = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`k${i}`, 'x'.repeat(500)]))
    expectInvalid(await send(app, { metadata }), 'metadata')
    const wide = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`k${i}`, '李'.repeat(500)]))
    expectInvalid(await send(app, { metadata: wide }), 'metadata')
    expect(app.outbox).toEqual([])
    expect((await send(app, { metadata: { k: 'x'.repeat(500) }, state: 'x'.repeat(2000) })).status).toBe(201)
  })

  it('a user who is inactive, or not there', async () => {
    const app = testApp()
    const user = await aUser(app, { status: 'INACTIVE' })
    expectProblem(await send(app, { email: user.email }), 403, 'user_inactive')
    expectProblem(await send(app, { user_id: user.id }), 403, 'user_inactive')
    expectProblem(await send(app, { user_id: `user_${'2'.repeat(27)}` }), 404, 'not_found')
    const { json: nameless } = await app.call('POST', '/v1/users', { external_id: crypto.randomUUID() })
    expectInvalid(await send(app, { user_id: nameless.id }), 'user_id')
    expect(app.outbox).toEqual([])
  })
})

describe('create_user: false', () => {
  it('gives known, unknown and inactive one answer, and mails the known alone', async () => {
    const app = testApp()
    const known = await aUser(app)
    const inactive = await aUser(app, { status: 'INACTIVE' })
    const unknown = anAddress()
    const shapes: unknown[] = []
    for (const email of [known.email, unknown, inactive.email]) {
      const answer = await send(app, { email, create_user: false })
      expect(answer.status, answer.text).toBe(201)
      const { id, expires_at, code_expires_at, resend_at, message, ...same } = answer.json
      expect([id.length, expires_at - code_expires_at, message.id.length]).toEqual([67, 300, 31])
      expect(resend_at).toEqual(expect.any(Number))
      const status = (await app.call('GET', `/v1/passwordless/${id}`)).json
      shapes.push([
        same,
        Object.keys(answer.json),
        message.status,
        [...answer.headers.keys()].sort(),
        { ...status, id: '', expires_at: 0 },
      ])
    }
    expect(shapes[1]).toEqual(shapes[0])
    expect(shapes[2]).toEqual(shapes[0])
    expect(JSON.stringify(shapes)).not.toMatch(/user_|email_/)
    expect(app.outbox.map(({ to }) => to)).toEqual([known.email])
    expect((await app.call('GET', `/v1/users?email=${unknown}`)).json.data).toEqual([])
  })

  it('keeps silent on a resend as well', async () => {
    const app = testApp()
    const known = await aUser(app)
    const answers: string[][] = []
    for (const email of [known.email, anAddress()]) {
      const { id } = await sent(app, { email, create_user: false })
      const again = await app.call('POST', '/v1/passwordless/resend', { id })
      expect(again.status, again.text).toBe(201)
      answers.push(Object.keys(again.json))
    }
    expect(answers[1]).toEqual(answers[0])
    expect(answers[0]).not.toContain('user_id')
  })

  it('spends the same budget for known and unknown', async () => {
    await withSettings({ send_limits: { per_minute: 1 } }, async (app) => {
      const known = await aUser(app)
      for (const email of [known.email, anAddress()]) {
        expect((await send(app, { email, create_user: false })).status).toBe(201)
        expectProblem(await send(app, { email, create_user: false }), 429, 'too_many_sends')
      }
    })
  })

  it('signs nobody in by what was revealed for an unknown address', async () => {
    const app = testApp()
    const { id, code } = await sent(app, { create_user: false, reveal: true })
    expectProblem(await app.call('POST', '/v1/passwordless/verify', { id, code }), 410, 'cancelled')
  })
})

describe('who may sign up', () => {
  it('allow_sign_up false: 403 for an unknown address, which costs it nothing; a known one is served', async () => {
    await withSettings({ allow_sign_up: false, send_limits: { per_minute: 1 } }, async (app) => {
      const user = await aUser(app)
      const email = anAddress()
      for (let i = 0; i < 3; i++) expectProblem(await send(app, { email }), 403, 'sign_up_disabled')
      expect(app.outbox).toEqual([])
      expect((await app.call('GET', `/v1/users?email=${email}`)).json.data).toEqual([])
      expect((await sent(app, { email: user.email })).user_id).toBe(user.id)
      // With an Idempotency-Key too.
      expectProblem(await send(app, { email }, { 'idempotency-key': crypto.randomUUID() }), 403, 'sign_up_disabled')
    })
  })

  const DOMAINS: [settings: Record<string, string[]>, taken: string[], refused: string[]][] = [
    [
      { email_domains_allowed: ['acme.com'] },
      ['acme.com', 'ACME.com', 'mail.acme.com', 'a.b.acme.com'],
      ['example.com', 'notacme.com', 'acme.com.evil.example', 'acme.co'],
    ],
    [
      { email_domains_blocked: ['evil.example'] },
      ['example.com', 'notevil.example', 'evil.example.com'],
      ['evil.example', 'EVIL.example', 'mail.evil.example'],
    ],
    [
      { email_domains_allowed: ['acme.com'], email_domains_blocked: ['guest.acme.com'] },
      ['acme.com', 'mail.acme.com'],
      ['guest.acme.com', 'a.guest.acme.com', 'example.com'],
    ],
  ]
  it.each(DOMAINS)('%j', async (settings, taken, refused) => {
    await withSettings(settings, async (app) => {
      const word = crypto.randomUUID().slice(0, 8)
      for (const domain of taken) expect((await send(app, { email: `${word}@${domain}` })).status, domain).toBe(201)
      const mails = app.outbox.length
      for (const domain of refused) {
        expectProblem(await send(app, { email: `${word}@${domain}` }), 403, 'email_domain_blocked')
        expectProblem(await send(app, { email: `${word}@${domain}`, create_user: false }), 403, 'email_domain_blocked')
      }
      expect(app.outbox.length).toBe(mails)
    })
  })
})

describe('limits', () => {
  it.each([
    ['per_minute', 60],
    ['per_15_minutes', 900],
    ['per_day', 86_400],
  ])('%s: 429 says which setting, how many, and when to ask again', async (limit, window) => {
    await withSettings({ send_limits: { [limit]: 2 } }, async (app) => {
      const email = anAddress()
      for (let i = 0; i < 2; i++) await sent(app, { email })
      const refused = await send(app, { email })
      expectProblem(refused, 429, 'too_many_sends')
      expect(refused.json.detail).toContain(`send_limits.${limit}`)
      expect(refused.headers.get('retry-after')).toBe(`${window}`)
      expect(refused.headers.get('ratelimit-policy')).toBe(`"send-${limit}";q=2;w=${window}`)
      expect(refused.headers.get('ratelimit')).toBe(`"send-${limit}";r=0;t=${window}`)
      expect(app.outbox).toHaveLength(2)
    })
  })

  it('are one budget for all spellings and plus tags of an address, for send and resend, by address and by user', async () => {
    await withSettings({ send_limits: { per_minute: 4 } }, async (app) => {
      const word = crypto.randomUUID().slice(0, 8)
      const user = await aUser(app, { email: `${word}@example.com` })
      const { id } = await sent(app, { email: `${word.toUpperCase()}@EXAMPLE.com` })
      await sent(app, { user_id: user.id })
      await sent(app, { email: `${word}+tag@example.com` })
      expect((await app.call('POST', '/v1/passwordless/resend', { id })).status).toBe(201)
      for (const body of [{ email: user.email }, { user_id: user.id }, { email: `${word}+other@example.com` }]) {
        expectProblem(await send(app, body), 429, 'too_many_sends')
      }
      expectProblem(await app.call('POST', '/v1/passwordless/resend', { id }), 429, 'too_many_sends')
      expect((await send(app)).status).toBe(201)
    })
  })

  it('are exact for many at once', async () => {
    await withSettings({ send_limits: { per_minute: 3 } }, async (app) => {
      const email = anAddress()
      const answers = await Promise.all(Array.from({ length: 30 }, () => send(app, { email })))
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
      expect(answers.filter(({ json }) => json.code === 'too_many_sends')).toHaveLength(27)
      expect(app.outbox).toHaveLength(3)
    })
  })

  it('count no request that was refused, and no repeat of one', async () => {
    await withSettings({ send_limits: { per_minute: 2 } }, async (app) => {
      const email = anAddress()
      for (let i = 0; i < 5; i++) await send(app, { email, redirect_uri: 'https://evil.example' })
      for (let i = 0; i < 5; i++) await send(app, { email, surprise: 1 })
      const headers = { 'idempotency-key': crypto.randomUUID() }
      for (let i = 0; i < 5; i++) expect((await send(app, { email }, headers)).status).toBe(201)
      expect((await send(app, { email })).status).toBe(201)
      expectProblem(await send(app, { email }), 429, 'too_many_sends')
      expect(app.outbox).toHaveLength(2)
    })
  })

  it('do not count what is not sent', async () => {
    await withSettings({ send_limits: { per_minute: 1 } }, async (app) => {
      const user = await aUser(app)
      for (let i = 0; i < 5; i++) expect((await send(app, { user_id: user.id, channel: 'none' })).status).toBe(201)
      expect((await send(app, { user_id: user.id })).status).toBe(201)
    })
  })
})

// --- links ----------------------------------------------------------------------------------------------------------

describe('redirect_uri', () => {
  /** Deviations of https://app.example.com/callback, which is registered, and of pages of this machine. */
  const EVIL = [
    'https://evil.example/callback',
    'https://app.example.com/callback/',
    'https://app.example.com/Callback',
    'https://app.example.com/callback?',
    'https://app.example.com/callback?x=1',
    'https://app.example.com/callback#',
    'https://app.example.com/callback#@evil.example',
    'https://app.example.com/callback/../evil',
    'https://app.example.com/callback/%2e%2e/evil',
    'https://app.example.com/%63allback',
    'https://app.example.com/%2563allback',
    'https://app.example.com/callback%00',
    'https://app.example.com/callback%0d%0aset-cookie:a=b',
    'https://app.example.com//callback',
    'https://app.example.com./callback',
    'https://APP.example.com/callback',
    'HTTPS://app.example.com/callback',
    'https:app.example.com/callback',
    'https:\\\\app.example.com\\callback',
    'https://app.example.com:443/callback',
    'https://app.example.com:8443/callback',
    'https://app.example.com@evil.example/callback',
    'https://app.example.com:x@evil.example/callback',
    'https://user@app.example.com/callback',
    'https://evil.example\\@app.example.com/callback',
    'https://app.example.com.evil.example/callback',
    'https://app.example.com\t/callback',
    '\thttps://app.example.com/callback',
    ' https://app.example.com/callback',
    'https://app.example.com/callback ',
    'https://app.example.com/callback\n',
    'https://app．example.com/callback',
    'https://аpp.example.com/callback',
    'http://app.example.com/callback',
    '//app.example.com/callback',
    '/callback',
    'javascript:alert(1)//https://app.example.com/callback',
    'data:text/html,https://app.example.com/callback',
    '',
    'http://localhost:80@evil.example/',
    'http://localhost@evil.example/',
    'http://localhost:3000@evil.example/',
    'http://localhost.evil.example/',
    'http://localhost:3000.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://evil.example/localhost:3000',
    'http://evil.example?http://localhost:3000/',
    'http://evil.example#http://localhost:3000/',
    'http://evil.example\\localhost:3000/',
    'http://localhost:3000\\@evil.example/',
    'http:\\\\localhost:3000/',
    'http:/localhost:3000/',
    'http:localhost:3000/',
    'http://LOCALHOST:3000/',
    'http://localhost.:3000/',
    'http://localhost:3000/#',
    'http://localhost:3000/cb#x',
    'http://localhost:99999/',
    'http://localhost:3000/a/../b',
    'http://user@localhost:3000/',
    'http://:@localhost:3000/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://127.1/',
    'http://0.0.0.0:3000/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:3000/\r\nset-cookie:a=b',
    'http://localhost:3000/a b',
    'https://localhost:3000/',
    'ftp://localhost/',
  ]
  describe('beside a registered one', () => {
    const app = testApp()
    beforeAll(() => patch(app, { redirect_uris: [REGISTERED] }))
    afterAll(() => patch(app, { redirect_uris: null }))

    it('takes that one', async () => {
      expect((await send(app, { redirect_uri: REGISTERED })).status).toBe(201)
    })

    it.each(EVIL)('refuses %j', async (redirect_uri) => {
      app.outbox.length = 0
      for (const link of ['landing', 'direct']) {
        const refused = await send(app, { redirect_uri, link })
        expectProblem(refused, 400, 'redirect_uri_not_allowed')
        expect(refused.json.errors[0].path).toBe('redirect_uri')
      }
      expect(app.outbox).toEqual([])
    })
  })

  it('refuses one of more than 2000 characters', async () => {
    expectInvalid(await send(testApp(), { redirect_uri: `${CALLBACK}?${'x'.repeat(2000)}` }), 'redirect_uri')
  })

  it('takes a registered one, character by character', async () => {
    await withSettings({ redirect_uris: [REGISTERED, 'https://app.example.com/%7Eada?x=%2F'] }, async (app) => {
      for (const redirect_uri of [REGISTERED, 'https://app.example.com/%7Eada?x=%2F']) {
        expect((await send(app, { redirect_uri })).status).toBe(201)
      }
      expectProblem(
        await send(app, { redirect_uri: 'https://app.example.com/~ada?x=%2F' }),
        400,
        'redirect_uri_not_allowed',
      )
    })
  })

  it.each(['http://localhost:3000/', 'http://localhost', 'http://127.0.0.1:8080/a?b=c', 'http://localhost:1/%7e'])(
    'in development takes %s; in production only where it is registered',
    async (redirect_uri) => {
      expect((await send(testApp(), { redirect_uri })).status).toBe(201)
      const production = testApp({ bindings: { ISSUER: 'https://sign-in.example.com' } })
      const refused = await send(production, { redirect_uri })
      expect([refused.status, refused.json.code]).toEqual([400, 'redirect_uri_not_allowed'])
      await withSettings({ redirect_uris: [redirect_uri] }, async () => {
        expect(
          (await send(testApp({ bindings: { ISSUER: 'https://sign-in.example.com' } }), { redirect_uri })).status,
        ).toBe(201)
      })
    },
  )

  it('is not needed for a landing link, and is for a direct one without a default', async () => {
    const app = testApp()
    expect((await send(app, { link: 'landing' })).status).toBe(201)
    expectProblem(await send(app, { link: 'direct' }), 400, 'redirect_uri_not_allowed')
    expect((await send(app, { link: 'direct', method: 'code' })).status).toBe(201)
    await withSettings(
      { default_login_redirect: CALLBACK, default_registration_redirect: `${CALLBACK}/new` },
      async (other) => {
        const email = anAddress()
        const first = await sent(other, { email, link: 'direct', reveal: true })
        expect(first.link.startsWith(`${CALLBACK}/new?token=`)).toBe(true)
        const second = await sent(other, { email, link: 'direct', reveal: true })
        expect(second.link.startsWith(`${CALLBACK}?token=`)).toBe(true)
        expect(other.outbox.map((mail) => mailOf(mail).link)).toEqual([first.link, second.link])
      },
    )
  })
})

describe('a direct link', () => {
  it.each([
    ['http://localhost:3000/cb', 'http://localhost:3000/cb?token='],
    ['http://localhost:3000', 'http://localhost:3000?token='],
    ['http://localhost:3000/cb?a=1', 'http://localhost:3000/cb?a=1&token='],
    ['http://localhost:3000/cb?', 'http://localhost:3000/cb?token='],
    ['http://localhost:3000/cb?a=1&', 'http://localhost:3000/cb?a=1&token='],
    ['http://localhost:3000/cb?a=%2F%3f', 'http://localhost:3000/cb?a=%2F%3f&token='],
  ])('on %s', async (redirect_uri, start) => {
    const app = testApp()
    const { link } = await sent(app, { redirect_uri, link: 'direct', reveal: true })
    expect(link.startsWith(start), link).toBe(true)
    const token = new URL(link).searchParams.get('token')
    expect(link).toBe(start + token)
    const verified = await app.call('POST', '/v1/passwordless/verify', { token })
    expect(verified.status, verified.text).toBe(200)
  })

  it.each(['token', 'link_token', 'stytch.token-1', 'code'])(
    'in the parameter %s, with the state',
    async (link_param) => {
      const app = testApp()
      const json = await sent(app, {
        redirect_uri: CALLBACK,
        link: 'direct',
        link_param,
        state: 'a b&c=d#e',
        reveal: true,
      })
      const link = new URL(json.link)
      expect([...link.searchParams.keys()]).toEqual([link_param, 'state'])
      expect(link.searchParams.get('state')).toBe('a b&c=d#e')
      const verified = await app.call('POST', '/v1/passwordless/verify', { token: link.searchParams.get(link_param) })
      expect(verified.json.state).toBe('a b&c=d#e')
    },
  )

  it('is not taken by our page', async () => {
    const app = testApp()
    const { link } = await sent(app, { redirect_uri: CALLBACK, link: 'direct', reveal: true })
    const person = browser(app)
    const page = await person.open(`/auth/magic-link?code=${new URL(link).searchParams.get('token')}`)
    expect(page.status).toBeGreaterThanOrEqual(400)
  })
})

describe('a landing link', () => {
  const SPELLINGS: [name: string, value: string][] = [
    ['host', 'evil.example'],
    ['x-forwarded-host', 'evil.example'],
    ['x-forwarded-server', 'evil.example'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', '443'],
    ['x-forwarded-prefix', '/evil'],
    ['forwarded', 'host=evil.example;proto=https'],
    ['x-host', 'evil.example'],
    ['x-original-host', 'evil.example'],
    ['x-http-host-override', 'evil.example'],
    ['x-original-url', 'https://evil.example/'],
    ['x-rewrite-url', 'https://evil.example/'],
    ['origin', 'https://evil.example'],
    ['referer', 'https://evil.example/'],
    ['cf-connecting-ip', '203.0.113.7'],
  ]
  it.each(SPELLINGS)('is not changed by the header %s', async (name, value) => {
    const app = testApp()
    for (const headers of [{ [name]: value }, { [name.toUpperCase()]: `${value}, localhost:8787` }]) {
      const answer = await send(app, { reveal: true }, headers)
      expect(answer.status, answer.text).toBe(201)
      const { link } = mailOf(app.outbox.at(-1))
      expect(link).toMatch(/^http:\/\/localhost:8787\/auth\/magic-link\?code=[\w-]{99}$/)
      expect(answer.json.link).toBe(link)
      expect(mailOf(app.outbox.at(-1)).codeHost).toBe('localhost')
    }
    expect(JSON.stringify(app.outbox)).not.toContain('evil')
  })

  it.each(['https://evil.example', 'http://localhost:9999', 'http://127.0.0.1:8787'])(
    'is not changed by the host asked: %s',
    async (origin) => {
      const app = testApp()
      const answer = await app.request(`${origin}/v1/passwordless/send`, {
        method: 'POST',
        headers: { 'x-api-key': ROOT_KEY, 'content-type': 'application/json' },
        body: JSON.stringify({ email: anAddress(), reveal: true }),
      })
      expect(answer.status, answer.text).toBe(201)
      expect(answer.json.link.startsWith(`${ISSUER}/auth/magic-link?code=`)).toBe(true)
      const login = await app.request(`${origin}/v1/users/${answer.json.user_id}/login_url`, {
        method: 'POST',
        headers: { 'x-api-key': ROOT_KEY },
      })
      expect(login.json.login_url.startsWith(`${ISSUER}/auth/magic-link?code=`)).toBe(true)
    },
  )
})

describe('the mail', () => {
  it.each([
    ['the request', { locale: 'de' }, { locale: 'fr' }, 'de'],
    ['the user', {}, { locale: 'de' }, 'de'],
  ])('is in the language of %s, if we speak it, else in the one of the project', async (_name, body, user, wished) => {
    const app = testApp()
    const { id } = await aUser(app, user)
    const { LOCALES } = await import('../../../src/locales/index.ts')
    await sent(app, { user_id: id, ...body })
    expect(mailOf(app.outbox[0]).locale).toBe(LOCALES.some((locale) => locale === wished) ? wished : 'en')
  })

  it('is marked with the device that the caller names', async () => {
    const app = testApp()
    await sent(app, {
      client: { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0' },
    })
    expect(mailOf(app.outbox[0]).asked?.browser).toBe('Firefox · Windows')
    await sent(app, { client: { user_agent: '<script>alert(1)</script>' } })
    expect(mailOf(app.outbox[1]).asked?.browser).toBeNull()
  })

  it('comes to the back end as metadata and state again', async () => {
    const app = testApp()
    const metadata = { cart: 7, note: 'a"b\n<c>', on: true, none: null }
    const { id, code } = await sent(app, { metadata, state: 'Zoë\u0000', reveal: true })
    const verified = await app.call('POST', '/v1/passwordless/verify', { id, code })
    expect(verified.json).toMatchObject({ metadata, state: 'Zoë\u0000' })
  })
})

describe('channel none', () => {
  it('mints for a user, sends nothing, and needs passwordless:reveal', async () => {
    const app = testApp()
    const user = await aUser(app)
    const json = await sent(app, { user_id: user.id, channel: 'none' })
    expect(json).toMatchObject({
      channel: 'none',
      user_id: user.id,
      user_created: false,
      message: { id: null, status: 'none' },
      link: expect.stringContaining('/auth/magic-link?code='),
      code: expect.stringMatching(/^\d{6}$/),
    })
    expect(app.outbox).toEqual([])
    const { key } = await aKey(app, ['passwordless:send'])
    const refused = await app.call('POST', '/v1/passwordless/send', { user_id: user.id, channel: 'none' }, { key })
    expectProblem(refused, 403, 'insufficient_scope')
    expect(refused.json.detail).toContain('passwordless:reveal')
  })

  it('mints for the address of a known user, and of a new one', async () => {
    const app = testApp()
    const user = await aUser(app)
    for (const [email, user_created] of [
      [user.email, false],
      [anAddress(), true],
    ] as const) {
      const json = await sent(app, { email, channel: 'none' })
      expect(json).toMatchObject({ channel: 'none', user_id: expect.stringMatching(/^user_/), user_created })
      const verified = await app.call('POST', '/v1/passwordless/verify', { id: json.id, code: json.code })
      expect(verified.status, verified.text).toBe(200)
      expect(verified.json.user).toMatchObject({ id: json.user_id, email })
      expect(verified.json.session.amr).toEqual(['minted', 'otp'])
    }
    expect(app.outbox).toEqual([])
  })
})
