import { describe, expect, it } from 'vitest'
import type { Mail } from '../../src/ports.ts'
import { type Answer, anAddress, browser, type TestApp, testApp } from '../support/app.ts'

const send = async (app: TestApp, body: Record<string, unknown>, headers: Record<string, string> = {}) => {
  const answer = await app.call('POST', '/v1/passwordless/send', body, { headers })
  expect(answer.status, answer.text).toBe(201)
  return answer.json
}
const verify = (app: TestApp, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  app.call('POST', '/v1/passwordless/verify', body, { headers })
const mailOf = (mail: Mail | undefined) => {
  if (mail?.content.kind !== 'sign_in') throw new Error('no sign-in mail')
  return { link: mail.content.link ?? '', code: mail.content.code ?? '' }
}
/** Seconds that are left depend on when one asks. */
const stable = ({ expires_in, ...answer }: Record<string, unknown>) => answer
const tokenOf = (link: string) => new URL(link).searchParams.get('code') ?? ''
const wrongOf = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
const expectProblem = (answer: Answer, status: number, code: string) => {
  expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code })
}

describe('sign in by code', () => {
  it('sends a link and a code in one mail, and either uses up both', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    expect(sent).toMatchObject({ method: 'link_and_code', user_created: true })
    expect(sent.expires_at - sent.code_expires_at).toBe(300)
    const { link, code } = mailOf(app.outbox[0])
    expect(code).toMatch(/^\d{6}$/)
    const verified = await verify(app, { id: sent.id, code })
    expect(verified.status, verified.text).toBe(200)
    expect(verified.json).toMatchObject({
      method: 'code',
      session: { amr: ['email', 'otp'] },
      user: { email_verified: true },
    })
    expectProblem(await verify(app, { token: tokenOf(link) }), 409, 'already_used')
    expectProblem(await verify(app, { id: sent.id, code }), 409, 'already_used')
  })

  it.each([
    ['spaces', (c: string) => `${c.slice(0, 3)} ${c.slice(3)}`],
    ['dashes', (c: string) => `${c.slice(0, 3)}-${c.slice(3)}`],
    ['white space around', (c: string) => `  ${c}\n`],
    ['pasted text', (c: string) => `${c.slice(0, 3)} ${c.slice(3)} is your Acme code`],
    ['a pasted line', (c: string) => `@localhost #${c}`],
  ])('takes a code with %s', async (_name, write) => {
    const app = testApp()
    const sent = await send(app, { email: anAddress(), method: 'code' })
    expect(sent.method).toBe('code')
    const verified = await verify(app, { id: sent.id, code: write(mailOf(app.outbox[0]).code) })
    expect(verified.status, verified.text).toBe(200)
  })

  it('counts wrong codes, locks at five, and lets the link through', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    const { link, code } = mailOf(app.outbox[0])
    for (const left of [4, 3, 2, 1, 0]) {
      const wrong = await verify(app, { id: sent.id, code: wrongOf(code) })
      expectProblem(wrong, 400, 'wrong_code')
      expect(wrong.json.tries_left).toBe(left)
    }
    expectProblem(await verify(app, { id: sent.id, code }), 423, 'locked')
    expect((await app.call('GET', `/v1/passwordless/${sent.id}`)).json.status).toBe('pending')
    expect((await verify(app, { token: tokenOf(link) })).status).toBe(200)
  })

  it('tells a locked code-only challenge by its status', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress(), method: 'code' })
    for (let i = 0; i < 5; i++) await verify(app, { id: sent.id, code: '000000x' })
    expect((await app.call('GET', `/v1/passwordless/${sent.id}`)).json.status).toBe('locked')
  })

  it('does not take the code of another challenge of the same person', async () => {
    const app = testApp()
    const email = anAddress()
    const first = await send(app, { email, method: 'code' })
    await send(app, { email, method: 'code' })
    const [one, two] = app.outbox.map((mail) => mailOf(mail).code)
    if (one === two) return
    expectProblem(await verify(app, { id: first.id, code: two ?? '' }), 400, 'wrong_code')
  })

  it.each([
    ['digits', 10, /^\d{10}$/],
    ['unambiguous', 8, /^[34679CDFGHJKMNPQRTVWXY]{8}$/],
  ])('writes codes of %s with %i characters', async (code_alphabet, code_length, pattern) => {
    const app = testApp()
    await app.call('PATCH', '/v1/project', { code_alphabet, code_length })
    const sent = await send(app, { email: anAddress(), method: 'code' })
    await app.call('PATCH', '/v1/project', { code_alphabet: null, code_length: null })
    const { code } = mailOf(app.outbox[0])
    expect(code).toMatch(pattern)
    // The settings have changed since: the code still works as it was sent.
    expect((await verify(app, { id: sent.id, code: code.toLowerCase() })).status).toBe(200)
  })
})

describe('resend', () => {
  it('brings a new link and code under the same id; the last two live', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress(), redirect_uri: 'http://localhost:3000/cb', state: 'x' })
    for (let i = 0; i < 2; i++) {
      const again = await app.call('POST', '/v1/passwordless/resend', { id: sent.id })
      expect(again.status, again.text).toBe(201)
      expect(again.json).toMatchObject({ id: sent.id, method: 'link_and_code', message: { status: 'accepted' } })
    }
    const mails = app.outbox.map(mailOf)
    expect(mails).toHaveLength(3)
    expect(new Set(mails.map(({ link }) => link)).size).toBe(3)
    expectProblem(await verify(app, { token: tokenOf(mails[0]?.link ?? '') }), 410, 'superseded')
    const page = await browser(app).open(mails[0]?.link ?? '')
    const pressed = await browser(app).press(page)
    expect([pressed.status, pressed.text.includes('newer')]).toEqual([410, true])
    const second = await verify(app, { token: tokenOf(mails[1]?.link ?? '') })
    expect(second.status).toBe(200)
    expect(second.json.state).toBe('x')
    expectProblem(await verify(app, { token: tokenOf(mails[2]?.link ?? '') }), 409, 'already_used')
  })

  it('supersedes at once where the project says so', async () => {
    const app = testApp()
    await app.call('PATCH', '/v1/project', { regenerate_on_resend: true })
    const sent = await send(app, { email: anAddress() })
    await app.call('POST', '/v1/passwordless/resend', { id: sent.id })
    await app.call('PATCH', '/v1/project', { regenerate_on_resend: null })
    const [first, second] = app.outbox.map(mailOf)
    expectProblem(await verify(app, { token: tokenOf(first?.link ?? '') }), 410, 'superseded')
    expect((await verify(app, { id: sent.id, code: second?.code ?? '' })).status).toBe(200)
  })

  it('is one mail for one Idempotency-Key, and refuses the key for another challenge', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const one = await app.call('POST', '/v1/passwordless/resend', { id: sent.id }, { headers })
    const two = await app.call('POST', '/v1/passwordless/resend', { id: sent.id }, { headers })
    expect(stable(two.json)).toEqual(stable(one.json))
    expect(app.outbox).toHaveLength(2)
  })

  it('refuses what is over, and what never was', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    await verify(app, { id: sent.id, code: mailOf(app.outbox[0]).code })
    expectProblem(await app.call('POST', '/v1/passwordless/resend', { id: sent.id }), 409, 'already_used')
    expectProblem(await app.call('POST', '/v1/passwordless/resend', { id: 'chal_junk' }), 404, 'unknown_challenge')
  })
})

describe('asking twice', () => {
  it('send: the same answer, one mail; another body is refused', async () => {
    const app = testApp()
    const email = anAddress()
    const headers = { 'idempotency-key': 'k-1' }
    const body = { email, reveal: true, redirect_uri: 'http://localhost:3000/cb' }
    const one = await send(app, body, headers)
    const two = await send(app, body, headers)
    expect(stable(two)).toEqual(stable(one))
    expect(one.user_created).toBe(true)
    expect(app.outbox).toHaveLength(1)
    const other = await app.call('POST', '/v1/passwordless/send', { ...body, state: 'other' }, { headers })
    expectProblem(other, 409, 'idempotency_key_reused')
    await verify(app, { id: one.id, code: one.code })
    expect((await send(app, body, headers)).id).toBe(one.id)
    expectProblem(await verify(app, { token: tokenOf(one.link) }), 409, 'already_used')
  })

  it('send: one key for two people gives two people their own', async () => {
    const app = testApp()
    const headers = { 'idempotency-key': 'k-2' }
    const one = await send(app, { email: anAddress(), reveal: true }, headers)
    const two = await send(app, { email: anAddress(), reveal: true }, headers)
    expect(one.link).not.toBe(two.link)
    expect(one.user_id).not.toBe(two.user_id)
    expect(app.outbox).toHaveLength(2)
  })

  it('login_url: the same link', async () => {
    const app = testApp()
    const user = await app.call('POST', '/v1/users', { email: anAddress() })
    const headers = { 'idempotency-key': 'k-3' }
    const one = await app.call('POST', `/v1/users/${user.json.id}/login_url`, undefined, { headers })
    const two = await app.call('POST', `/v1/users/${user.json.id}/login_url`, undefined, { headers })
    expect(one.status, one.text).toBe(200)
    expect(two.json).toEqual(one.json)
  })

  it('verify: the same session and refresh token', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress(), reveal: true })
    const headers = { 'idempotency-key': 'k-4' }
    const one = await verify(app, { id: sent.id, code: sent.code }, headers)
    const two = await verify(app, { id: sent.id, code: sent.code }, headers)
    expect([one.status, two.status]).toEqual([200, 200])
    expect(two.json.session_id).toBe(one.json.session_id)
    expect(two.json.refresh_token).toBe(one.json.refresh_token)
  })
})

describe('reveal and channel none', () => {
  it('shows link and code to a key that may see them, and sends nothing on channel none', async () => {
    const app = testApp()
    const email = anAddress()
    const user = await app.call('POST', '/v1/users', { email })
    const sent = await send(app, { user_id: user.json.id, channel: 'none' })
    expect(sent).toMatchObject({ channel: 'none', message: { id: null, status: 'none' }, user_id: user.json.id })
    expect(app.outbox).toHaveLength(0)
    const verified = await verify(app, { id: sent.id, code: sent.code })
    expect(verified.json.session.amr).toEqual(['minted', 'otp'])
  })

  it('needs the scope', async () => {
    const app = testApp()
    const key = await app.call('POST', '/v1/api_keys', { name: 'sender', scopes: ['passwordless:send'] })
    for (const extra of [{ reveal: true }, { channel: 'none' }]) {
      const refused = await app.call(
        'POST',
        '/v1/passwordless/send',
        { email: anAddress(), ...extra },
        { key: key.json.key },
      )
      expectProblem(refused, 403, 'insufficient_scope')
      expect(refused.json.detail).toContain('passwordless:reveal')
    }
    expect(
      (await app.call('POST', '/v1/passwordless/send', { email: anAddress() }, { key: key.json.key })).json.link,
    ).toBeUndefined()
  })
})

describe('cancel and status', () => {
  it('ends link and code, says so on the page, and is the same twice', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    const { link, code } = mailOf(app.outbox[0])
    const page = await browser(app).open(link)
    expect((await app.call('DELETE', `/v1/passwordless/${sent.id}`)).status).toBe(204)
    expect((await app.call('DELETE', `/v1/passwordless/${sent.id}`)).status).toBe(204)
    expect((await app.call('GET', `/v1/passwordless/${sent.id}`)).json.status).toBe('cancelled')
    expectProblem(await verify(app, { id: sent.id, code }), 410, 'cancelled')
    expectProblem(await verify(app, { token: tokenOf(link) }), 410, 'cancelled')
    const pressed = await browser(app).press(page)
    expect(pressed.status).toBe(410)
    expect(pressed.text).not.toContain('Send me a new link')
  })

  it('shows what became of a challenge', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    const status = async () => (await app.call('GET', `/v1/passwordless/${sent.id}`)).json
    expect(await status()).toMatchObject({
      id: sent.id,
      status: 'pending',
      method: 'link_and_code',
      channel: 'email',
      redeemed_at: null,
    })
    await verify(app, { id: sent.id, code: mailOf(app.outbox[0]).code })
    expect((await status()).status).toBe('redeemed')
    expect((await status()).redeemed_at).toBeGreaterThan(1_700_000_000)
  })
})

describe('a dead link', () => {
  it('is replaced in one press, by mail to the same address', async () => {
    const app = testApp()
    const email = anAddress()
    const sent = await send(app, { email, redirect_uri: 'http://localhost:3000/cb', state: 'keep' })
    const { link, code } = mailOf(app.outbox[0])
    await verify(app, { id: sent.id, code })
    const stranger = browser(app)
    const used = await stranger.press(await stranger.open(link))
    expect(used.status).toBe(409)
    expect(used.text).toContain('Send me a new link')
    const renewed = await stranger.press(used)
    expect(renewed.status, renewed.text).toBe(200)
    expect(app.outbox).toHaveLength(2)
    expect(app.outbox[1]?.to).toBe(email)
    const person = browser(app)
    const pressed = await person.press(await person.open(mailOf(app.outbox[1]).link))
    expect(pressed.headers.get('location')).toMatch(/^http:\/\/localhost:3000\/cb\?code=.*&state=keep$/)
  })

  it('is not replaced from another site, nor without end', async () => {
    const app = testApp()
    const sent = await send(app, { email: anAddress() })
    const { link, code } = mailOf(app.outbox[0])
    await verify(app, { id: sent.id, code })
    const fields = { code: tokenOf(link) }
    expect((await app.form('/auth/magic-link/new', fields, { origin: 'https://evil.example' })).status).toBe(403)
    const limited = testApp({ bindings: { PAGE_LIMIT: { limit: async () => ({ success: false }) } } })
    expect((await limited.form('/auth/magic-link/new', fields)).status).toBe(429)
    expect(app.outbox).toHaveLength(1)
  })
})

describe('test identities', () => {
  const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
  const identity = () => ({
    address: `reviewer.${crypto.randomUUID().slice(0, 8)}@example.com`,
    code: 'REVIEW0001',
    until: inAnHour(),
  })

  it('sign in with their fixed code, get no mail, and are marked', async () => {
    const app = testApp()
    const reviewer = identity()
    const patched = await app.call('PATCH', '/v1/project', { test_identities: [reviewer] })
    expect(patched.status, patched.text).toBe(200)
    expect(patched.json.test_identities).toEqual([{ address: reviewer.address, until: reviewer.until }])
    const sent = await send(app, { email: reviewer.address })
    expect(sent.message).toEqual({ id: null, status: 'none' })
    expect(app.outbox).toHaveLength(0)
    expectProblem(await verify(app, { id: sent.id, code: 'REVIEW0002' }), 400, 'wrong_code')
    await app.call('POST', '/v1/passwordless/resend', { id: sent.id })
    await app.call('POST', '/v1/passwordless/resend', { id: sent.id })
    const verified = await verify(app, { id: sent.id, code: 'review0001' })
    expect(verified.status, verified.text).toBe(200)
    // The list can be written again without the code.
    const kept = await app.call('PATCH', '/v1/project', {
      test_identities: [{ address: reviewer.address, until: reviewer.until }],
    })
    expect(kept.status).toBe(200)
    const again = await send(app, { email: reviewer.address })
    expect((await verify(app, { id: again.id, code: 'REVIEW0001' })).status).toBe(200)
    await app.call('PATCH', '/v1/project', { test_identities: null })
    const after = await send(app, { email: reviewer.address })
    expectProblem(await verify(app, { id: after.id, code: 'REVIEW0001' }), 400, 'wrong_code')
  })

  it('do not open a user with a role', async () => {
    const app = testApp()
    const reviewer = identity()
    await app.call('POST', '/v1/users', { email: reviewer.address, role: 'admin' })
    await app.call('PATCH', '/v1/project', { test_identities: [reviewer] })
    const sent = await send(app, { email: reviewer.address })
    expectProblem(await verify(app, { id: sent.id, code: reviewer.code }), 410, 'cancelled')
    await app.call('PATCH', '/v1/project', { test_identities: null })
  })

  it.each([
    ['a real domain', { address: 'reviewer@acme.com' }, 'test_identities.0.address'],
    ['a look-alike', { address: 'a@notexample.com' }, 'test_identities.0.address'],
    ['a real number', { address: '+12025551234' }, 'test_identities.0.address'],
    ['a short code', { code: '123456' }, 'test_identities.0.code'],
    ['more than 90 days', { until: Math.floor(Date.now() / 1000) + 91 * 86_400 }, 'test_identities.0.until'],
    ['the past', { until: 1 }, 'test_identities.0.until'],
    ['no code', { code: undefined }, 'test_identities.0.code'],
    ['a sealed code of their own', { sealed: 'x' }, 'test_identities.0.sealed'],
  ])('refuse %s', async (_name, change, path) => {
    const app = testApp()
    const refused = await app.call('PATCH', '/v1/project', { test_identities: [{ ...identity(), ...change }] })
    expectProblem(refused, 400, 'invalid_request')
    expect(refused.json.errors.map((error: { path: string }) => error.path)).toContain(path)
  })
})

it.each([
  ['an empty one', ''],
  ['one of 256 characters', 'k'.repeat(256)],
])('an Idempotency-Key that cannot be kept is refused: %s', async (_name, key) => {
  const app = testApp()
  const refused = await app.call(
    'POST',
    '/v1/passwordless/send',
    { email: anAddress() },
    { headers: { 'idempotency-key': key } },
  )
  expectProblem(refused, 400, 'invalid_request')
  expect(app.outbox).toHaveLength(0)
})

describe('a resend for somebody whose secrets were ended', () => {
  const ways: [string, (app: TestApp, id: string) => Promise<unknown>, number, string][] = [
    [
      'deactivated',
      (app, id) => app.call('PUT', `/v1/users/${id}/status`, { status: 'INACTIVE' }),
      403,
      'user_inactive',
    ],
    [
      'deactivated and active again',
      async (app, id) => {
        await app.call('PUT', `/v1/users/${id}/status`, { status: 'INACTIVE' })
        await app.call('PUT', `/v1/users/${id}/status`, { status: 'ACTIVE' })
      },
      410,
      'cancelled',
    ],
    ['deleted', (app, id) => app.call('DELETE', `/v1/users/${id}`), 410, 'cancelled'],
    ['with another address', (app, id) => app.call('PUT', `/v1/users/${id}`, { email: anAddress() }), 410, 'cancelled'],
  ]
  it.each(ways)('%s: says so, mails nobody, and takes nothing off the budget', async (_how, end, status, code) => {
    const app = testApp()
    const email = anAddress()
    const sent = await send(app, { email })
    await end(app, sent.user_id)
    const mails = app.outbox.filter(({ to }) => to === email).length
    expectProblem(await app.call('POST', '/v1/passwordless/resend', { id: sent.id }), status, code)
    expect(app.outbox.filter(({ to }) => to === email)).toHaveLength(mails)
    const { json } = await app.call('GET', `/v1/passwordless/${sent.id}`)
    expect(json.status).toBe('cancelled')
  })

  it('a send that is repeated with its key after its user was deleted is told that it ended', async () => {
    const app = testApp()
    const email = anAddress()
    const headers = { 'idempotency-key': 'once' }
    const sent = await send(app, { email }, headers)
    await app.call('DELETE', `/v1/users/${sent.user_id}`)
    const again = await app.call('POST', '/v1/passwordless/send', { email }, { headers })
    expectProblem(again, 410, 'cancelled')
    expect(app.outbox).toHaveLength(1)
  })
})
