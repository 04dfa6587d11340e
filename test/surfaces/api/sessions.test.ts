import { beforeAll, describe, expect, it } from 'vitest'
import { anAddress, env, type TestApp, testApp } from '../../support/app.ts'
import { aKey, expectProblem } from '../../support/refusals.ts'

// The first signing key is of today, whichever test comes first: some have a clock of their own.
beforeAll(async () => {
  expect((await testApp().request('/.well-known/jwks.json')).json.keys).toHaveLength(1)
})

const DAY = 86_400

async function signIn(app: TestApp, more: Record<string, unknown> = {}, email = anAddress()) {
  const sent = await app.call('POST', '/v1/passwordless/send', { email, reveal: true })
  expect(sent.status, sent.text).toBe(201)
  const body = { id: sent.json.id, code: sent.json.code, ...more }
  const verified = await app.call('POST', '/v1/passwordless/verify', body)
  expect(verified.status, verified.text).toBe(200)
  return verified.json
}
const get = (app: TestApp, id: string) => app.call('GET', `/v1/sessions/${id}`)

describe('GET /v1/sessions/{id}', () => {
  it('shows exactly the documented session', async () => {
    const app = testApp()
    const before = Math.floor(Date.now() / 1000)
    const client = { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (X11; Linux) Zoë' }
    const signedIn = await signIn(app, { client })
    const answer = await get(app, signedIn.session_id)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual(signedIn.session)
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^sess_[0-9A-Za-z]{27}$/),
      user_id: signedIn.user.id,
      client_id: null,
      organization_id: null,
      amr: ['email', 'otp'],
      ip: '203.0.113.7',
      user_agent: 'Mozilla/5.0 (X11; Linux) Zoë',
      created_at: expect.any(Number),
      last_active_at: answer.json.created_at,
      expires_at: answer.json.created_at + 90 * DAY,
      revoked_at: null,
    })
    expect(answer.json.created_at).toBeGreaterThanOrEqual(before)
  })

  it('knows of no device where nobody named one', async () => {
    const app = testApp()
    const { session_id } = await signIn(app)
    expect((await get(app, session_id)).json).toMatchObject({ ip: null, user_agent: null })
  })

  it('moves last_active_at by a refresh', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const { session_id, refresh_token, session } = await signIn(app)
    now += 5000
    const headers = { 'x-api-key': String(env.LATCHKEY_ROOT_KEY) }
    const refreshed = await app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token }, headers)
    expect(refreshed.status, refreshed.text).toBe(200)
    expect((await get(app, session_id)).json).toEqual({ ...session, last_active_at: session.last_active_at + 5 })
  })

  it.each([`sess_${'2'.repeat(27)}`, 'x', `user_${'2'.repeat(27)}`])('404 for %s', async (id) => {
    const app = testApp()
    expectProblem(await get(app, id), 404, 'not_found')
    expectProblem(await app.call('DELETE', `/v1/sessions/${id}`), 404, 'not_found')
  })
})

describe('DELETE /v1/sessions/{id}', () => {
  it('ends this session and no other, and is the same twice', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const email = anAddress()
    const [one, two] = [await signIn(app, {}, email), await signIn(app, {}, email)]
    now += 3000
    const revoked = Math.floor(now / 1000)
    for (let i = 0; i < 2; i++) {
      const deleted = await app.call('DELETE', `/v1/sessions/${one.session_id}`)
      expect([deleted.status, deleted.text]).toEqual([204, ''])
      now += 1000
    }
    expect((await get(app, one.session_id)).json).toEqual({ ...one.session, revoked_at: revoked })
    expect((await get(app, two.session_id)).json.revoked_at).toBeNull()
    const live = await app.call('GET', `/v1/users/${one.user.id}/sessions`)
    expect(live.json.data.map(({ id }: { id: string }) => id)).toEqual([two.session_id])
    const events = await env.DB.prepare(
      "SELECT user_id, data FROM events WHERE type = 'session.revoked' AND data LIKE ?",
    )
      .bind(`%${one.session_id}%`)
      .all()
    expect(events.results).toEqual([{ user_id: one.user.id, data: JSON.stringify({ session: one.session_id }) }])
  })

  it('needs sessions:write; sessions:read is enough to look', async () => {
    const app = testApp()
    const { session_id } = await signIn(app)
    const reader = await aKey(app, ['sessions:read'])
    expect((await app.call('GET', `/v1/sessions/${session_id}`, undefined, { key: reader.key })).status).toBe(200)
    const refused = await app.call('DELETE', `/v1/sessions/${session_id}`, undefined, { key: reader.key })
    expectProblem(refused, 403, 'insufficient_scope')
    expect((await get(app, session_id)).json.revoked_at).toBeNull()
    const writer = await aKey(app, ['sessions:write'])
    expect((await app.call('DELETE', `/v1/sessions/${session_id}`, undefined, { key: writer.key })).status).toBe(204)
  })

  it('is not undone by the secret that started the session, nor by its retry', async () => {
    const app = testApp()
    const sent = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })
    const body = { id: sent.json.id, code: sent.json.code }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const { session_id } = (await app.call('POST', '/v1/passwordless/verify', body, { headers })).json
    await app.call('DELETE', `/v1/sessions/${session_id}`)
    const retry = await app.call('POST', '/v1/passwordless/verify', body, { headers })
    expectProblem(retry, 410, 'cancelled')
    expect((await get(app, session_id)).json.revoked_at).toEqual(expect.any(Number))
  })
})
