/** POST /v1/passwordless/verify with session_id: a further proof is added to a session (design §4, Session start). */

import { describe, expect, it, vi } from 'vitest'
import { anAddress, browser, codeIn, env, ROOT_KEY, testApp } from '../../support/app.ts'

const app = testApp()

const send = async (email: string, more: Record<string, unknown> = {}) => {
  const sent = await app.call('POST', '/v1/passwordless/send', { email, reveal: true, ...more })
  expect(sent.status, sent.text).toBe(201)
  return sent.json as { id: string; code: string; link: string; user_id: string }
}
const verify = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  app.call('POST', '/v1/passwordless/verify', body, { headers })
const tokenIn = (link: string) => new URL(link).searchParams.get('code') ?? ''
const claimsIn = (jwt: string) =>
  JSON.parse(atob((jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>
const signIn = async (email: string) => {
  const { id, code } = await send(email)
  return (await verify({ id, code })).json
}
const notFound = (answer: { status: number; json: Record<string, any> }) => {
  expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
  expect(answer.json.detail).toContain('session')
}

describe('session_id', () => {
  it('adds a link’s amr to the session, which keeps its id, start and end', async () => {
    const email = anAddress()
    const first = await signIn(email)
    expect(first.session.amr).toEqual(['email', 'otp'])
    const { link } = await send(email)
    const second = await verify({ token: tokenIn(link), session_id: first.session_id })
    expect(second.status, second.text).toBe(200)
    const { amr, last_active_at, ...rest } = second.json.session
    expect([...amr].sort()).toEqual(['email', 'link', 'otp'])
    expect(last_active_at).toBeGreaterThanOrEqual(first.session.last_active_at)
    const { amr: _, last_active_at: __, ...before } = first.session
    expect(rest).toEqual(before)
    expect(claimsIn(second.json.access_token)).toMatchObject({ sid: first.session_id, amr: second.json.session.amr })
    // Both grants live: the tokens of the first sign-in work on.
    for (const { refresh_token } of [first, second.json]) {
      const fields = { grant_type: 'refresh_token', refresh_token }
      const refreshed = await app.form('/oauth/token', fields, { 'x-api-key': ROOT_KEY })
      expect(refreshed.json.session_id).toBe(first.session_id)
    }
    expect((await app.call('GET', `/v1/users/${first.user.id}/sessions`)).json.data).toHaveLength(1)
  })

  it('works with the grant of a landing page', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const { link } = await send(email, { redirect_uri: 'http://localhost:3000/callback' })
    const person = browser(app)
    const pressed = await person.press(await person.open(link))
    const token = codeIn(pressed.headers.get('location'))
    notFound(await verify({ token, session_id: (await signIn(anAddress())).session_id }))
    const second = await verify({ token, session_id: first.session_id })
    expect(second.json.session_id).toBe(first.session_id)
  })

  it('gives a replay the same session and refresh token', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const { id, code } = await send(email)
    const body = { id, code, session_id: first.session_id }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const [one, two] = [await verify(body, headers), await verify(body, headers)]
    expect([one.status, two.status]).toEqual([200, 200])
    expect(two.json.session_id).toBe(first.session_id)
    expect(two.json.refresh_token).toBe(one.json.refresh_token)
  })

  it('of somebody else, unknown, revoked or of another project: 404, and nothing is used up', async () => {
    const email = anAddress()
    const other = await signIn(anAddress())
    const ended = await signIn(email)
    expect((await app.call('DELETE', `/v1/sessions/${ended.session_id}`)).status).toBe(204)
    const { id, code, link } = await send(email)
    for (const session_id of [other.session_id, ended.session_id, `sess_${'0'.repeat(27)}`, 'junk', '']) {
      notFound(await verify({ id, code, session_id }))
      notFound(await verify({ token: tokenIn(link), session_id }))
    }
    const status = await app.call('GET', `/v1/passwordless/${id}`)
    expect(status.json.status).toBe('pending')
    const verified = await verify({ id, code })
    expect(verified.status).toBe(200)
    expect([other.session_id, ended.session_id]).not.toContain(verified.json.session_id)
  })

  it('costs no try of the code when it is refused; a wrong code is wrong all the same', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const other = await signIn(anAddress())
    const { id, code } = await send(email)
    const wrong = code === '000000' ? '000001' : '000000'
    for (let i = 0; i < 6; i++) notFound(await verify({ id, code: wrong, session_id: other.session_id }))
    const refused = await verify({ id, code: wrong, session_id: first.session_id })
    expect(refused.json).toMatchObject({ code: 'wrong_code', tries_left: 4 })
    expect((await verify({ id, code, session_id: first.session_id })).status).toBe(200)
  })

  it('leaves the reasons of a dead secret as they are', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const { id, code } = await send(email)
    expect((await verify({ id, code })).status).toBe(200)
    expect((await verify({ id, code, session_id: first.session_id })).json.code).toBe('already_used')
    const cancelled = await send(email)
    await app.call('DELETE', `/v1/passwordless/${cancelled.id}`)
    const answer = await verify({ id: cancelled.id, code: cancelled.code, session_id: first.session_id })
    expect(answer.json.code).toBe('cancelled')
    expect((await verify({ token: 'junk', session_id: first.session_id })).json.code).toBe('unknown_token')
  })

  it('does not let a secret in that was ended', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const { id, code } = await send(email)
    const path = `/v1/users/${first.user.id}/status`
    await app.call('PUT', path, { status: 'INACTIVE' })
    notFound(await verify({ id, code, session_id: first.session_id }))
    await app.call('PUT', path, { status: 'ACTIVE' })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 61_000)
    const again = await signIn(email)
    expect((await verify({ id, code, session_id: again.session_id })).json.code).toBe('cancelled')
    vi.useRealTimers()
  })

  it('is told once in the events, as no new session', async () => {
    const email = anAddress()
    const first = await signIn(email)
    const { id, code } = await send(email)
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const count = async (type: string) => {
      const sql = `SELECT COUNT(*) AS n FROM events WHERE type = ? AND json_extract(data, '$.session') = ?`
      return (await env.DB.prepare(sql).bind(type, first.session_id).first<{ n: number }>())?.n
    }
    for (const _ of [1, 2]) await verify({ id, code, session_id: first.session_id }, headers)
    expect([await count('session.started'), await count('session.joined')]).toEqual([1, 1])
  })

  it('needs a session: not with session: false', async () => {
    const { id, code } = await send(anAddress())
    const answer = await verify({ id, code, session: false, session_id: `sess_${'0'.repeat(27)}` })
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    expect(answer.json.errors[0].path).toBe('session_id')
  })
})
