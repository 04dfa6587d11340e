/** A refresh token that comes twice ends its sign-in, and its owner is told, once. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Mail } from '../../src/ports.ts'
import { aClient as clientIn, oidcApp, person, refresh as refreshAs, signIn } from '../oidc/support.ts'
import { type Answer, anAddress, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { aProject, deliverLater, refuses, signInOf, type TestProject, unreachable } from '../support/project.ts'
import { renderMail } from '../support/render.ts'

const GRACE_SECONDS = 10

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

const refresh = (project: TestProject, refresh_token: string, app: TestApp = project.app): Promise<Answer> =>
  app.form(
    `${project.issuer}/oauth/token`,
    { grant_type: 'refresh_token', refresh_token },
    { 'x-api-key': ROOT_KEY, 'x-project': project.id },
  )
async function signedIn(project: TestProject, body: Record<string, unknown>) {
  const { id, code } = await project.sent({ ...body, reveal: true })
  const done = await project.ok('POST', '/v1/passwordless/verify', { id, code })
  return { userId: String(done.user.id), sessionId: String(done.session_id), token: String(done.refresh_token) }
}
/** Signed in, refreshed once, and so late that the first token is no retry any more. */
async function refreshed(project: TestProject, body: Record<string, unknown> = { email: anAddress() }) {
  const made = await signedIn(project, body)
  const next = await refresh(project, made.token)
  expect(next.status, next.text).toBe(200)
  later(GRACE_SECONDS + 1)
  return { ...made, next: String(next.json.refresh_token) }
}
const noticesIn = ({ outbox }: TestApp): Mail[] => outbox.filter(({ content }) => content.kind === 'sign_in_ended')
const rows = async (project: TestProject): Promise<Record<string, any>[]> =>
  (await project.ok('GET', '/v1/messages')).data.filter(
    ({ template }: { template: string }) => template === 'security_notice',
  )
async function expectReuse(project: TestProject, token: string): Promise<void> {
  expect((await refresh(project, token)).json.error).toBe('invalid_grant')
}

describe('a refresh token that comes twice', () => {
  it('one notice to the owner, with a row, an event and nothing secret in it', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const { userId, token, next } = await refreshed(project, { email })
    await expectReuse(project, token)
    const notices = noticesIn(project.app)
    expect(notices).toMatchObject([{ to: email, content: { kind: 'sign_in_ended', locale: 'en' } }])
    const { subject, html, text } = renderMail(notices[0]?.content as Mail['content'])
    for (const part of [subject, html, text]) {
      expect(part.length).toBeGreaterThan(10)
      for (const secret of [email, token, next, userId]) expect(part).not.toContain(secret)
    }
    const [row, ...others] = await rows(project)
    expect(others).toEqual([])
    expect(row).toMatchObject({
      id: notices[0]?.id,
      challenge_id: null,
      user_id: userId,
      channel: 'email',
      status: 'accepted',
      provider: 'outbox',
    })
    expect((await project.ok('GET', '/v1/events?type=refresh.reused')).data).toHaveLength(1)
  })

  it('again and again: told once', async () => {
    const project = await aProject(testApp())
    const { token, next } = await refreshed(project)
    for (let i = 0; i < 3; i++) {
      await expectReuse(project, token)
      await expectReuse(project, next)
      later(3600)
    }
    expect(noticesIn(project.app)).toHaveLength(1)
    expect(await rows(project)).toHaveLength(1)
  })

  it('eight times at once: told once', async () => {
    const project = await aProject(testApp())
    const { token } = await refreshed(project)
    await Promise.all(Array.from({ length: 8 }, () => expectReuse(project, token)))
    expect(noticesIn(project.app)).toHaveLength(1)
  })

  it('two sign-ins: told of each', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const [one, two] = [await refreshed(project, { email }), await refreshed(project, { email })]
    await expectReuse(project, one.token)
    await expectReuse(project, two.token)
    expect(noticesIn(project.app)).toHaveLength(2)
  })

  it('in the person’s language, with the project’s name', async () => {
    const project = await aProject(testApp(), { locale: 'fr', brand: { name: 'Brandname' } })
    const user = await project.ok('POST', '/v1/users', { email: anAddress(), locale: 'de' })
    const { token } = await refreshed(project, { email: user.email })
    await expectReuse(project, token)
    expect(noticesIn(project.app)).toMatchObject([{ content: { locale: 'de', brand: { name: 'Brandname' } } }])
  })

  it('of an application that came by our pages: told too', async () => {
    const project = await aProject(oidcApp())
    const client = await clientIn(project.app, {}, project)
    const who = person(project.app)
    const tokens = await signIn(project.app, client, who)
    expect((await refreshAs(project.app, client, tokens.refresh_token)).status).toBe(200)
    later(GRACE_SECONDS + 1)
    expect((await refreshAs(project.app, client, tokens.refresh_token)).json.error).toBe('invalid_grant')
    expect(noticesIn(project.app).map(({ to }) => to)).toEqual([who.email])
  })

  it('to the address that the person has now', async () => {
    const project = await aProject(testApp())
    const { userId, token } = await refreshed(project)
    const email = anAddress()
    await project.ok('PUT', `/v1/users/${userId}`, { email })
    await expectReuse(project, token)
    expect(noticesIn(project.app).map(({ to }) => to)).toEqual([email])
  })

  it('a provider that cannot be reached: cron sends it', async () => {
    const down = testApp({ ports: { sendMail: unreachable } })
    const project = await aProject(testApp())
    const email = anAddress()
    const { token } = await refreshed(project, { email })
    expect((await refresh(project, token, down)).json.error).toBe('invalid_grant')
    expect(await rows(project)).toMatchObject([{ status: 'pending' }])
    const { mails } = await deliverLater(61_000)
    expect(mails.filter(({ to }) => to === email)).toMatchObject([{ content: { kind: 'sign_in_ended' } }])
    expect(await rows(project)).toMatchObject([{ status: 'accepted' }])
  })

  it('a provider that refuses it: the answer is the same, the row says so', async () => {
    const down = testApp({ ports: { sendMail: refuses } })
    const project = await aProject(testApp())
    const { token } = await refreshed(project)
    expect((await refresh(project, token, down)).json.error).toBe('invalid_grant')
    expect(await rows(project)).toMatchObject([{ status: 'failed' }])
  })

  it('the answer does not wait for the mail', async () => {
    const project = await aProject(testApp())
    const { token } = await refreshed(project)
    const answered = Promise.withResolvers<void>()
    let mails = 0
    const sendMail = async () => {
      await answered.promise
      mails++
      return unreachable()
    }
    const slow = testApp({ ports: { sendMail } })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-api-key': ROOT_KEY, 'x-project': project.id },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }).toString(),
    }
    await slow.requestThen(`${project.issuer}/oauth/token`, init, answered.resolve)
    expect(mails).toBe(1)
  })
})

describe('nobody is told', () => {
  it('of a retry within the grace, of junk, of another client’s token, of a revoked one', async () => {
    const project = await aProject(testApp())
    const made = await signedIn(project, { email: anAddress() })
    expect((await refresh(project, made.token)).status).toBe(200)
    later(GRACE_SECONDS - 1)
    expect((await refresh(project, made.token)).status).toBe(200)
    await expectReuse(project, 'junk')
    const { key } = await project.ok('POST', '/v1/api_keys', { name: 'other', scopes: ['*'] })
    later(GRACE_SECONDS + 1)
    const other = await project.app.form(
      `${project.issuer}/oauth/token`,
      { grant_type: 'refresh_token', refresh_token: made.token },
      { 'x-api-key': key },
    )
    expect(other.json.error).toBe('invalid_grant')
    const revoked = await signedIn(project, { email: anAddress() })
    await project.ok('DELETE', `/v1/sessions/${revoked.sessionId}`)
    await expectReuse(project, revoked.token)
    expect(noticesIn(project.app)).toEqual([])
  })

  it.each(['INACTIVE', 'PENDING'])('where the owner is %s', async (status) => {
    const project = await aProject(testApp())
    const { userId, token } = await refreshed(project)
    await project.ok('PUT', `/v1/users/${userId}/status`, { status })
    await expectReuse(project, token)
    expect(noticesIn(project.app)).toEqual([])
    expect(await rows(project)).toEqual([])
  })

  it('where the owner is gone', async () => {
    const project = await aProject(testApp())
    const { userId, token } = await refreshed(project)
    await project.ok('DELETE', `/v1/users/${userId}`)
    await expectReuse(project, token)
    expect(noticesIn(project.app)).toEqual([])
  })

  it('where the owner has no address', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { external_id: crypto.randomUUID(), phone: '+12025550123' })
    const { token } = await refreshed(project, { user_id: user.id, channel: 'none' })
    await expectReuse(project, token)
    expect(noticesIn(project.app)).toEqual([])
    expect(project.app.texts).toEqual([])
  })

  it('of an ordinary day of refreshing', async () => {
    const project = await aProject(testApp())
    let { token } = await signedIn(project, { email: anAddress() })
    for (let i = 0; i < 5; i++) {
      const answer = await refresh(project, token)
      expect(answer.status, answer.text).toBe(200)
      token = answer.json.refresh_token
      later(3600)
    }
    expect(noticesIn(project.app)).toEqual([])
    expect(project.app.outbox.map((mail) => signInOf(mail).kind)).toEqual(['sign_in'])
  })
})
