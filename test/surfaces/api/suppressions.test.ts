/** Addresses that nothing is sent to: how they are listed and lifted, and that no way of asking reaches them. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { authorizationUrl, aClient as clientIn, locationOf, oidcApp, person, pkce } from '../../oidc/support.ts'
import { anAddress, browser, ROOT_KEY, testApp } from '../../support/app.ts'
import {
  aProject,
  deliverLater,
  eventsOf,
  rowOf,
  signInOf,
  type TestProject,
  unreachable,
} from '../../support/project.ts'
import { expectInsufficientScope, expectInvalid, expectProblem } from '../../support/refusals.ts'

const CALLBACK = 'http://localhost:3000/callback'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const suppress = (project: TestProject, email: string) => project.ok('POST', '/v1/suppressions', { email })
const lift = (project: TestProject, email: string) =>
  project.call('DELETE', `/v1/suppressions/${encodeURIComponent(email)}`)
const messages = async (project: TestProject): Promise<Record<string, any>[]> =>
  (await project.ok('GET', '/v1/messages')).data
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })

// --- the list -------------------------------------------------------------------------------------------------------

describe('/v1/suppressions', () => {
  it('adds, shows, lists and lifts one', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const before = Math.floor(Date.now() / 1000)
    const added = await project.call('POST', '/v1/suppressions', { email })
    expect(added.status, added.text).toBe(201)
    expect(added.headers.get('cache-control')).toBe('no-store')
    expect(added.json).toEqual({
      id: expect.stringMatching(/^supp_[0-9A-Za-z]{27}$/),
      email,
      reason: 'manual',
      provider: null,
      detail: null,
      message_id: null,
      created_at: expect.any(Number),
    })
    expect(added.json.created_at).toBeGreaterThanOrEqual(before)
    expect(await project.ok('GET', `/v1/suppressions/${encodeURIComponent(email)}`)).toEqual(added.json)
    expect(await project.ok('GET', '/v1/suppressions')).toEqual({ data: [added.json], next_cursor: null })
    const lifted = await lift(project, email)
    expect([lifted.status, lifted.text]).toEqual([204, ''])
    expectProblem(await lift(project, email), 404, 'not_found')
    expectProblem(await project.call('GET', `/v1/suppressions/${email}`), 404, 'not_found')
    expect((await project.ok('GET', '/v1/suppressions')).data).toEqual([])
    const types = (await project.ok('GET', '/v1/events')).data.map(({ type }: { type: string }) => type)
    expect(types.filter((type: string) => type.startsWith('suppression.'))).toHaveLength(2)
  })

  it('twice is the same as once, in whatever spelling', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const first = await suppress(project, email)
    expect(await suppress(project, email.toUpperCase())).toEqual(first)
    expect((await project.ok('GET', '/v1/events?type=suppression.created')).data).toHaveLength(1)
    const shouted = encodeURIComponent(email.toUpperCase())
    expect(await project.ok('GET', `/v1/suppressions/${shouted}`)).toEqual(first)
    expect((await lift(project, email.toUpperCase())).status).toBe(204)
  })

  it.each(["o'neil", 'a+tag', 'a/b', 'a%b', 'a%2fb', 'a?b', 'a#b', 'a&b=c', 'a{b}', '*', '~a!$'])(
    'an address that a URL has to escape: %s',
    async (localPart) => {
      const project = await aProject(testApp())
      const email = `${localPart}@example.com`
      const added = await suppress(project, email)
      expect(added.email).toBe(email)
      expect(await project.ok('GET', `/v1/suppressions/${encodeURIComponent(email)}`)).toEqual(added)
      expect((await lift(project, email)).status).toBe(204)
    },
  )

  it('lists the newest first, by pages', async () => {
    const project = await aProject(testApp())
    const made: string[] = []
    for (let i = 0; i < 5; i++) made.push((await suppress(project, anAddress())).id)
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Record<string, any> = await project.ok('GET', `/v1/suppressions?limit=2${cursor}`)
      ids.push(...page.data.map(({ id }: { id: string }) => id))
      cursor = page.next_cursor && `&cursor=${page.next_cursor}`
    }
    expect(ids).toEqual([...made].sort().reverse())
  })

  it.each([
    [{}, 'email'],
    [{ email: 'ada' }, 'email'],
    [{ email: 5 }, 'email'],
    [{ email: 'ada@example.com', reason: 'bounced' }, 'reason'],
  ])('400 for %j', async (body, path) => {
    expectInvalid(await testApp().call('POST', '/v1/suppressions', body), path)
  })

  it('404 for what is no address', async () => {
    const project = await aProject(testApp())
    for (const path of ['x', '%00', '%', 'a@b']) {
      expectProblem(await project.call('GET', `/v1/suppressions/${path}`), 404, 'not_found')
      expectProblem(await project.call('DELETE', `/v1/suppressions/${path}`), 404, 'not_found')
    }
  })

  it('is read with events:read and changed with settings:write', async () => {
    const project = await aProject(testApp())
    const keyWith = async (scopes: string[]) => (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes })).key
    const [reads, writes] = [await keyWith(['events:read']), await keyWith(['settings:write'])]
    const email = anAddress()
    const call = (method: string, path: string, key: string, body?: unknown) =>
      project.call(method, path, body, { key })
    expectInsufficientScope(await call('POST', '/v1/suppressions', reads, { email }), 'settings:write')
    expect((await call('POST', '/v1/suppressions', writes, { email })).status).toBe(201)
    expectInsufficientScope(await call('GET', '/v1/suppressions', writes), 'events:read')
    expectInsufficientScope(await call('DELETE', `/v1/suppressions/${email}`, reads), 'settings:write')
    expect((await call('GET', `/v1/suppressions/${email}`, reads)).status).toBe(200)
    expect((await call('DELETE', `/v1/suppressions/${email}`, writes)).status).toBe(204)
  })

  it('is of one project alone', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    const email = anAddress()
    await suppress(other, email)
    expect((await project.ok('GET', '/v1/suppressions')).data).toEqual([])
    expectProblem(await project.call('GET', `/v1/suppressions/${email}`), 404, 'not_found')
    expectProblem(await lift(project, email), 404, 'not_found')
    expect((await project.sent({ email })).message.status).toBe('accepted')
    expect((await other.ok('GET', '/v1/suppressions')).data).toHaveLength(1)
  })
})

// --- what is not sent -----------------------------------------------------------------------------------------------

/** One message more of the project is one that nothing was sent for. */
async function expectUnsent(project: TestProject, mails: number, expected: Record<string, unknown> = {}) {
  expect(project.app.outbox.slice(mails)).toEqual([])
  const found = (await project.ok('GET', '/v1/messages?status=suppressed')).data
  const message = 'id' in expected ? found.find(({ id }: { id: string }) => id === expected.id) : found[0]
  expect(message).toMatchObject({ status: 'suppressed', provider: null, provider_id: null, ...expected })
  const last = message?.timeline.at(-1)
  expect(last).toEqual({
    at: expect.any(Number),
    event: 'suppressed',
    provider: null,
    detail: expect.stringMatching(/bounce/),
  })
  expect((await rowOf(message?.id)).secrets).toBeNull()
}

describe('nothing is sent to a suppressed address', () => {
  it('by its email: none; with create_user false, accepted as for everybody', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    await suppress(project, user.email)
    const sent = await project.sent({ email: user.email.toUpperCase() })
    expect(sent).toMatchObject({ user_id: user.id, user_created: false })
    expect(sent.message).toEqual({ id: expect.stringMatching(/^msg_/), status: 'none' })
    await expectUnsent(project, 0, { id: sent.message.id, challenge_id: sent.id, user_id: user.id })
    const silent = await project.sent({ email: user.email, create_user: false })
    expect(silent.message).toEqual({ id: expect.stringMatching(/^msg_/), status: 'accepted' })
    const unknown = await project.sent({ create_user: false })
    expect(Object.keys(silent)).toEqual(Object.keys(unknown))
    await expectUnsent(project, 0, { id: silent.message.id })
  })

  it('by its email, of somebody new', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    await suppress(project, email)
    const sent = await project.sent({ email })
    expect(sent).toMatchObject({ user_created: true, message: { status: 'none' } })
    await expectUnsent(project, 0, { user_id: sent.user_id })
  })

  it('by its user', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    await suppress(project, user.email)
    const sent = await project.sent({ user_id: user.id })
    expect(sent.message.status).toBe('none')
    await expectUnsent(project, 0, { id: sent.message.id, user_id: user.id })
  })

  it('asked again with the same Idempotency-Key: the same answer', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    await suppress(project, email)
    const key = { 'idempotency-key': crypto.randomUUID() }
    const [first, second] = [await project.send({ email }, key), await project.send({ email }, key)]
    const { expires_in: _, ...one } = first.json
    const { expires_in: __, ...two } = second.json
    expect(two).toEqual(one)
    expect(await messages(project)).toHaveLength(1)
  })

  it('though what is revealed works', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    await suppress(project, email)
    const { id, code, message } = await project.sent({ email, reveal: true })
    expect(message.status).toBe('none')
    expect((await project.call('POST', '/v1/passwordless/verify', { id, code })).status).toBe(200)
  })

  it.each([
    [true, 'none'],
    [false, 'accepted'],
  ])('by a resend, with create_user %s: %s', async (create_user, status) => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    const sent = await project.sent({ email: user.email, create_user })
    await suppress(project, user.email)
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(resent.message).toEqual({ id: expect.stringMatching(/^msg_/), status })
    expect(Object.keys(resent)).toEqual(Object.keys(sent))
    await expectUnsent(project, 1, { id: resent.message.id, challenge_id: sent.id })
    // What was sent before still opens.
    const { code } = signInOf(project.app.outbox[0])
    expect((await project.call('POST', '/v1/passwordless/verify', { id: sent.id, code })).status).toBe(200)
  })

  it('by a resend of what was not sent either', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    await suppress(project, email)
    const sent = await project.sent({ email })
    const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(resent.message.status).toBe('none')
    await lift(project, email)
    const third = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(third.message.status).toBe('accepted')
    expect(project.app.outbox.map(({ to }) => to)).toEqual([email])
    const { code } = signInOf(project.app.outbox[0])
    expect((await project.call('POST', '/v1/passwordless/verify', { id: sent.id, code })).status).toBe(200)
  })

  it('by the sign-in page, which looks as always', async () => {
    const project = await aProject(oidcApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    const ask = async (email: string) => {
      const who = person(project.app, email)
      const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email })
      const shown = await who.open(locationOf(asked))
      return [asked.status, locationOf(asked).split('?')[0], shown.status, shown.text.length]
    }
    await suppress(project, user.email)
    const shown = await ask(user.email)
    await expectUnsent(project, 0)
    const other = await ask(anAddress())
    expect(shown.slice(0, 3)).toEqual(other.slice(0, 3))
    expect(project.app.outbox).toHaveLength(1)
  })

  it('by the waiting page’s button', async () => {
    const project = await aProject(oidcApp())
    const who = person(project.app)
    const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email: who.email })
    await suppress(project, who.email)
    const again = await who.submit(await who.open(locationOf(asked)), '/sign-in/resend')
    expect(again.status, again.text).toBe(303)
    await expectUnsent(project, 1)
  })

  it('by the new link of a late one’s page', async () => {
    const project = await aProject(oidcApp())
    const sent = await project.sent({ redirect_uri: CALLBACK, expires_in: 5 })
    const { email } = await project.ok('GET', `/v1/users/${sent.user_id}`)
    await suppress(project, email)
    later(10)
    const someone = browser(project.app)
    const page = await someone.open(signInOf(project.app.outbox[0]).link ?? '')
    expect(page.status).toBe(410)
    const renewed = await someone.press(page)
    expect(renewed.status, renewed.text).toBe(200)
    await expectUnsent(project, 1, { user_id: sent.user_id })
    await lift(project, email)
  })

  it('by the new link of a late one that began on our pages', async () => {
    const project = await aProject(oidcApp(), { link_ttl: 5, code_ttl: 5 })
    const client = await clientIn(project.app, {}, project)
    const who = person(project.app)
    const { challenge } = await pkce()
    const led = await who.open(authorizationUrl(client, { code_challenge: challenge, code_challenge_method: 'S256' }))
    await who.submit(await who.open(locationOf(led)), '/sign-in', { email: who.email })
    await suppress(project, who.email)
    later(10)
    const renewed = await who.submit(await who.open(signInOf(project.app.outbox[0]).link ?? ''), '/new')
    expect(renewed.status, renewed.text).toBe(200)
    await expectUnsent(project, 1)
  })

  it('by cron, where it was suppressed after a first try', async () => {
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const email = anAddress()
    const { message } = await project.sent({ email })
    await suppress(project, email)
    const { mails } = await deliverLater(61_000)
    expect(mails.filter(({ to }) => to === email)).toEqual([])
    await expectUnsent(project, 0, { id: message.id })
    expect(eventsOf((await project.message(message.id)).timeline)).toEqual(['created', 'unreachable', 'suppressed'])
  })

  it('by the notice that an address was changed', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    await suppress(project, user.email)
    await project.ok('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    await expectUnsent(project, 0, { template: 'address_changed' })
  })

  it('by the notice that a sign-in was used from two places', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const { id } = await project.sent({ email })
    const { code } = signInOf(project.app.outbox[0])
    const { refresh_token } = await project.ok('POST', '/v1/passwordless/verify', { id, code })
    await suppress(project, email)
    const refresh = () =>
      project.app.form(
        `${project.issuer}/oauth/token`,
        { grant_type: 'refresh_token', refresh_token },
        { 'x-api-key': ROOT_KEY, 'x-project': project.id },
      )
    expect((await refresh()).status).toBe(200)
    later(11)
    expect((await refresh()).json.error).toBe('invalid_grant')
    await expectUnsent(project, 1, { template: 'security_notice' })
  })
})

describe('once it is lifted', () => {
  it('mail goes there again, by every way', async () => {
    const project = await aProject(oidcApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    const sent = await project.sent({ email: user.email })
    await suppress(project, user.email)
    expect((await project.sent({ email: user.email })).message.status).toBe('none')
    expect((await lift(project, user.email)).status).toBe(204)
    const { outbox } = project.app
    outbox.length = 0
    expect((await project.sent({ email: user.email })).message.status).toBe('accepted')
    expect((await project.sent({ user_id: user.id })).message.status).toBe('accepted')
    expect((await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })).message.status).toBe('accepted')
    const who = person(project.app, user.email)
    await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email: user.email })
    expect(outbox.map(({ to }) => to)).toEqual(Array(4).fill(user.email))
  })
})
