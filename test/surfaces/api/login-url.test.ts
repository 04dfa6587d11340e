import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { anAddress, browser, codeIn, env, ISSUER, type TestApp, testApp } from '../../support/app.ts'
import { aKey, expectInvalid, expectProblem } from '../../support/refusals.ts'

// The first signing key is of today, whichever test comes first: some have a clock of their own.
beforeAll(async () => {
  expect((await testApp().request('/.well-known/jwks.json')).json.keys).toHaveLength(1)
})

const CALLBACK = 'http://localhost:3000/callback'

afterEach(() => {
  vi.useRealTimers()
})
const inSeconds = (seconds: number) => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(now + seconds * 1000)
}

const aUser = async (app: TestApp, body: Record<string, unknown> = {}) =>
  (await app.call('POST', '/v1/users', { email: anAddress(), ...body })).json
const mint = (app: TestApp, id: string, body?: unknown, headers: Record<string, string> = {}) =>
  app.call('POST', `/v1/users/${id}/login_url`, body, { headers })
const tokenOf = (url: string) => new URL(url).searchParams.get('code') ?? ''

describe('POST /v1/users/{id}/login_url', () => {
  it('mints a link of 15 minutes with nothing said, and sends nothing', async () => {
    const app = testApp()
    const user = await aUser(app)
    const before = Math.floor(Date.now() / 1000)
    const minted = await mint(app, user.id)
    expect(minted.status, minted.text).toBe(200)
    expect(minted.headers.get('cache-control')).toBe('no-store')
    expect(minted.json).toEqual({
      login_url: expect.stringMatching(/^http:\/\/localhost:8787\/auth\/magic-link\?code=[\w-]{99}$/),
      expires_at: expect.any(Number),
      challenge_id: expect.stringMatching(/^chal_[\w-]+$/),
    })
    expect(minted.json.login_url.startsWith(`${ISSUER}/`)).toBe(true)
    expect(minted.json.expires_at - before).toBeGreaterThanOrEqual(900)
    expect(minted.json.expires_at - before).toBeLessThanOrEqual(960)
    expect(app.outbox).toEqual([])
    const status = await app.call('GET', `/v1/passwordless/${minted.json.challenge_id}`)
    expect(status.json).toMatchObject({
      status: 'pending',
      method: 'link',
      channel: 'none',
      expires_at: minted.json.expires_at,
    })
  })

  it('leads to redirect_uri with the state, and signs in with amr minted and link', async () => {
    const app = testApp()
    const user = await aUser(app)
    const minted = await mint(app, user.id, { redirect_uri: CALLBACK, state: 'a b&c=d', expires_in: 60 })
    const person = browser(app)
    const pressed = await person.press(await person.open(minted.json.login_url))
    expect(pressed.status, pressed.text).toBe(303)
    const location = new URL(pressed.headers.get('location') ?? '')
    expect(location.href.startsWith(`${CALLBACK}?code=`)).toBe(true)
    expect(location.searchParams.get('state')).toBe('a b&c=d')
    const verified = await app.call('POST', '/v1/passwordless/verify', { token: codeIn(location.href) })
    expect(verified.json).toMatchObject({
      user: { id: user.id, email_verified: false },
      identifier: null,
      state: 'a b&c=d',
      method: 'link',
      challenge_id: minted.json.challenge_id,
      session: { amr: ['minted', 'link'], user_id: user.id },
    })
    expect((await app.call('GET', `/v1/users/${user.id}/sessions`)).json.data).toEqual([verified.json.session])
    expectProblem(
      await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(minted.json.login_url) }),
      409,
      'already_used',
    )
  })

  it('ends on our page where there is no application, with the session started', async () => {
    const app = testApp()
    const user = await aUser(app)
    const person = browser(app)
    const pressed = await person.press(await person.open((await mint(app, user.id)).json.login_url))
    expect([pressed.status, pressed.headers.get('location')]).toEqual([303, `${ISSUER}/account`])
    const { data } = (await app.call('GET', `/v1/users/${user.id}/sessions`)).json
    expect(data.map(({ amr }: { amr: string[] }) => amr)).toEqual([['minted', 'link']])
  })

  it('serves a user without any address, and proves none', async () => {
    const app = testApp()
    const { json: user } = await app.call('POST', '/v1/users', { external_id: crypto.randomUUID(), status: 'PENDING' })
    const minted = await mint(app, user.id)
    const verified = await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(minted.json.login_url) })
    expect(verified.json).toMatchObject({ user: { id: user.id, status: 'ACTIVE', email: null }, identifier: null })
  })

  it('can be cancelled', async () => {
    const app = testApp()
    const user = await aUser(app)
    const { login_url, challenge_id } = (await mint(app, user.id)).json
    expect((await app.call('DELETE', `/v1/passwordless/${challenge_id}`)).status).toBe(204)
    expectProblem(await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(login_url) }), 410, 'cancelled')
  })

  it.each([1, 60, 7 * 86_400])('lives %i seconds where expires_in says so, and not one more', async (expires_in) => {
    const app = testApp()
    const user = await aUser(app)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Math.ceil(Date.now() / 1000) * 1000)
    const [one, two] = [await mint(app, user.id, { expires_in }), await mint(app, user.id, { expires_in })]
    expect(one.json.expires_at).toBe(Math.floor(Date.now() / 1000) + expires_in)
    vi.setSystemTime(one.json.expires_at * 1000 - 1)
    expect((await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(one.json.login_url) })).status).toBe(200)
    vi.setSystemTime(two.json.expires_at * 1000)
    expectProblem(
      await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(two.json.login_url) }),
      410,
      'expired',
    )
  })

  it.each([0, -1, 7 * 86_400 + 1, 1.5, '60', null])('refuses expires_in %j', async (expires_in) => {
    const app = testApp()
    const user = await aUser(app)
    expectInvalid(await mint(app, user.id, { expires_in }), 'expires_in')
  })

  it.each([
    'https://not-registered.example/cb',
    'https://evil.example',
    `${CALLBACK}#x`,
    'javascript:alert(1)',
    '/relative',
    '',
  ])('refuses the redirect_uri %j', async (redirect_uri) => {
    const app = testApp()
    const user = await aUser(app)
    expectProblem(await mint(app, user.id, { redirect_uri }), 400, 'redirect_uri_not_allowed')
  })

  it('refuses an inactive user, and one that is not there', async () => {
    const app = testApp()
    const user = await aUser(app, { status: 'INACTIVE' })
    expectProblem(await mint(app, user.id), 403, 'user_inactive')
    expectProblem(await mint(app, `user_${'2'.repeat(27)}`), 404, 'not_found')
  })

  it('needs passwordless:reveal, not passwordless:send', async () => {
    const app = testApp()
    const user = await aUser(app)
    const path = `/v1/users/${user.id}/login_url`
    const sender = await aKey(app, ['passwordless:send', 'passwordless:verify', 'users:write'])
    expectProblem(await app.call('POST', path, undefined, { key: sender.key }), 403, 'insufficient_scope')
    const minter = await aKey(app, ['passwordless:reveal'])
    expect((await app.call('POST', path, undefined, { key: minter.key })).status).toBe(200)
  })

  it('with an Idempotency-Key: the same link again, another one for another caller or user, 409 for another body', async () => {
    const app = testApp()
    const [user, other] = [await aUser(app), await aUser(app)]
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const one = await mint(app, user.id, { state: 'x' }, headers)
    inSeconds(5)
    expect((await mint(app, user.id, { state: 'x' }, headers)).json).toEqual(one.json)
    expectProblem(await mint(app, user.id, { state: 'y' }, headers), 409, 'idempotency_key_reused')
    const another = await mint(app, other.id, { state: 'x' }, headers)
    expect(another.json.login_url).not.toBe(one.json.login_url)
    const { key } = await aKey(app, ['passwordless:reveal'])
    const theirs = await app.call('POST', `/v1/users/${user.id}/login_url`, { state: 'x' }, { key, headers })
    expect(theirs.json.login_url).not.toBe(one.json.login_url)
    const verified = await app.call('POST', '/v1/passwordless/verify', { token: tokenOf(one.json.login_url) })
    expect(verified.json.user.id).toBe(user.id)
  })

  it('leaves no secret in the database', async () => {
    const app = testApp()
    const user = await aUser(app)
    const token = tokenOf((await mint(app, user.id)).json.login_url)
    const { results: tables } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
      name: string
    }>()
    for (const { name } of tables.filter((table) => !/^(_cf|sqlite)/.test(table.name))) {
      const { results } = await env.DB.prepare(`SELECT * FROM ${name}`).all()
      expect(JSON.stringify(results)).not.toContain(token)
    }
  })
})
