/** Published advisories of other products about secrets that open twice, or the wrong door. README.md has the list. */

import { evictAllDurableObjects } from 'cloudflare:test'
import { afterEach, expect, it, vi } from 'vitest'
import * as oidc from '../oidc/support.ts'
import { anAddress, browser, codeIn, ROOT_KEY } from '../support/app.ts'
import { aProject, signInOf } from '../support/project.ts'
import { anApp, atOnce, CALLBACK, press, refresh, send, sessionsOf, verified, verify, winners } from './support.ts'

vi.setConfig({ testTimeout: 60_000 })
const app = anApp()
const CALLERS = 16

afterEach(() => {
  vi.useRealTimers()
})
function later(seconds: number): void {
  const at = Date.now() + seconds * 1000
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(at)
}

// --- one secret, many at once ---------------------------------------------------------------------------------------

it('GHSA-hc7v-rggr-4hvx, PR #9572 (better-auth): a magic link verified 16 times at once makes one session', async () => {
  const { token, userId } = await send(app)
  expect(winners(await atOnce(CALLERS, () => verify(app, { token })))).toBe(1)
  expect(await sessionsOf(userId)).toHaveLength(1)
})

it('PR #8067 (better-auth): a one-time code verified 16 times at once makes one session', async () => {
  const { id, code, userId } = await send(app)
  expect(winners(await atOnce(CALLERS, () => verify(app, { id, code })))).toBe(1)
  expect(await sessionsOf(userId)).toHaveLength(1)
})

it('CVE-2026-82761 (ash_authentication): a magic link pressed in 16 browsers at once goes on in one', async () => {
  const { link, userId } = await send(app)
  const people = Array.from({ length: CALLERS }, () => browser(app))
  const pages = await Promise.all(people.map((person) => person.open(link)))
  const pressed = await atOnce(CALLERS, async (i) => people[i]?.press(pages[i] as Awaited<ReturnType<typeof app.form>>))
  const grants = pressed.filter((answer) => answer?.status === 303)
  expect(grants).toHaveLength(1)
  expect((await verify(app, { token: codeIn(grants[0]?.headers.get('location') ?? null) })).status).toBe(200)
  expect(await sessionsOf(userId)).toHaveLength(1)
})

it('CVE-2026-107276 (MISP): an email code typed 16 times at once on our page signs in one browser', async () => {
  const who = oidc.person(app)
  const asked = await who.submit(await who.open('/sign-in'), '/sign-in', { email: who.email })
  const waiting = await who.open(oidc.locationOf(asked))
  const typed = who.mailedCode()
  const answers = await atOnce(CALLERS, () => who.submit(waiting, '/sign-in/code', { typed }))
  // One browser: each press may be answered, and all of them are the one session.
  expect(answers.every(({ status }) => status === 303)).toBe(true)
  const { data } = (await app.call('GET', `/v1/users?email=${encodeURIComponent(who.email)}`)).json
  expect(await sessionsOf(data[0].id)).toHaveLength(1)
})

it('HackerOne #3692149, #3695625 (Ory Kratos): a code and a link of one flow at once make one session', async () => {
  const { id, code, token, userId } = await send(app)
  const answers = await atOnce(CALLERS, (i) => verify(app, i % 2 ? { token } : { id, code }))
  expect(winners(answers)).toBe(1)
  expect(await sessionsOf(userId)).toHaveLength(1)
})

it('CVE-2026-110653 (LatePoint): 64 wrong codes at once are five tries', async () => {
  const { id, code } = await send(app)
  const answers = await atOnce(64, (i) =>
    verify(app, { id, code: String(Number(code) === i ? 64 : i).padStart(6, '0') }),
  )
  expect(answers.filter(({ json }) => json.code === 'wrong_code').length).toBeLessThanOrEqual(5)
  expect((await verify(app, { id, code })).json.code).toBe('locked')
})

it('CVE-2026-110861 (better-auth): 32 sends at once with a limit of 3 are three mails', async () => {
  const project = await aProject(app, { send_limits: { per_minute: 3, per_15_minutes: 100, per_day: 100 } })
  const email = anAddress()
  app.outbox.length = 0
  const answers = await atOnce(32, () => project.send({ email }))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  expect(app.outbox.filter(({ to }) => to === email)).toHaveLength(3)
})

// --- refresh tokens -------------------------------------------------------------------------------------------------

it('CVE-2026-1035 (Keycloak): a refresh token used 16 times at once has one successor', async () => {
  const { refresh_token } = await verified(app)
  const answers = await atOnce(CALLERS, () => refresh(app, refresh_token))
  expect(new Set(answers.map(({ json }) => json.refresh_token).filter(Boolean)).size).toBe(1)
})

it('CVE-2026-50631 (Apache CXF): a client’s refresh token used 16 times at once has one successor', async () => {
  const client = await oidc.aClient(app)
  const { refresh_token } = await oidc.signIn(app, client)
  const answers = await atOnce(CALLERS, () => oidc.refresh(app, client, refresh_token))
  expect(new Set(answers.map(({ json }) => json.refresh_token).filter(Boolean)).size).toBe(1)
})

it('CVE-2026-53517 (better-auth): a refresh token does not fork its family; reuse ends every branch', async () => {
  const { refresh_token } = await verified(app)
  const [one, other] = await atOnce(2, () => refresh(app, refresh_token))
  const next = (await refresh(app, one?.json.refresh_token ?? other?.json.refresh_token)).json.refresh_token
  later(11)
  expect((await refresh(app, refresh_token)).json.error).toBe('invalid_grant')
  for (const token of [one?.json.refresh_token, other?.json.refresh_token, next])
    if (token) expect((await refresh(app, token)).json.error).toBe('invalid_grant')
})

it('CVE-2026-9802 (Keycloak): a refresh token that was used is refused after a restart too, and ends its family', async () => {
  const { refresh_token } = await verified(app)
  const next = (await refresh(app, refresh_token)).json.refresh_token
  await evictAllDurableObjects()
  later(11)
  const restarted = anApp()
  expect((await refresh(restarted, refresh_token)).json.error).toBe('invalid_grant')
  await evictAllDurableObjects()
  expect((await refresh(anApp(), next)).json.error).toBe('invalid_grant')
})

it('CVE-2026-53512 (better-auth): refreshing asks a confidential client for its secret', async () => {
  const client = await oidc.aClient(app)
  const { refresh_token } = await oidc.signIn(app, client)
  const fields = { grant_type: 'refresh_token', refresh_token }
  const tries = [
    await app.form('/oauth/token', { ...fields, client_id: client.clientId }),
    await app.form('/oauth/token', { ...fields, client_id: client.clientId, client_secret: 'wrong' }),
    await app.form('/oauth/token', fields),
  ]
  expect(tries.map(({ status, json }) => [status, json.error])).toEqual(tries.map(() => [401, 'invalid_client']))
  expect((await oidc.refresh(app, client, refresh_token)).status).toBe(200)
})

// --- the wrong door -------------------------------------------------------------------------------------------------

it('CVE-2026-114607, CVE-2026-110862 (better-auth): an OAuth state is not a magic link', async () => {
  const client = await oidc.aClient(app)
  const state = crypto.randomUUID()
  const led = await app.request(
    String(oidc.authorizationUrl(client, { state, code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' })),
  )
  const request = new URL(oidc.locationOf(led)).searchParams.get('request') ?? ''
  const { id } = await send(app, { state })
  for (const token of [state, request.slice(0, 500), request.slice(0, 99), id, id.slice(5)]) {
    expect((await verify(app, { token })).json.code, token).toBe('unknown_token')
    const page = await app.form('/auth/magic-link', { code: token, nonce: 'A'.repeat(22) }, { accept: 'text/html' })
    expect([page.status, page.headers.getSetCookie()]).toEqual([400, []])
    const exchanged = await app.form(
      '/oauth/token',
      { grant_type: 'authorization_code', code: token },
      { 'x-api-key': ROOT_KEY },
    )
    expect(exchanged.json.error).toBe('invalid_grant')
  }
})

it('CVE-2025-46815 (ZITADEL): what came back from a sign-in opens once', async () => {
  const token = await press(app, (await send(app)).link)
  expect((await verify(app, { token })).status).toBe(200)
  const again = await verify(app, { token })
  expect([again.status, again.json.code]).toEqual([409, 'already_used'])
})

it('CVE-2023-26481 (authentik): a link signs in the person that it was made for, whoever the caller names', async () => {
  const [mine, victim] = [await send(app), await send(app)]
  for (const name of ['user_id', 'email', 'identifier', 'username']) {
    const value = name === 'user_id' ? victim.userId : victim.email
    expect((await verify(app, { token: mine.token, [name]: value })).json.code).toBe('invalid_request')
  }
  expect((await verify(app, { id: victim.id, code: mine.code === victim.code ? '000000' : mine.code })).status).toBe(
    400,
  )
  expect((await verify(app, { token: mine.token, id: victim.id })).status).toBeGreaterThanOrEqual(400)
  expect((await verify(app, { token: mine.token })).json.user.id).toBe(mine.userId)
})

// --- scanners, and who asked ----------------------------------------------------------------------------------------

it('emdash #3298, next-auth #1840: a scanner that opens and presses a hosted link gets no session, and spoils nothing', async () => {
  const who = oidc.person(app)
  await who.submit(await who.open('/sign-in'), '/sign-in', { email: who.email })
  const { link } = signInOf(app.outbox.findLast(({ to }) => to === who.email))
  const scanner = oidc.person(app)
  for (const method of ['HEAD', 'GET']) await app.request(link ?? '', { method })
  await scanner.submit(await scanner.open(link ?? ''), '/auth/magic-link')
  expect([...scanner.cookies.keys()].some((name) => name.startsWith('session_'))).toBe(false)
  const done = await who.submit(await who.open(link ?? ''), '/auth/magic-link')
  expect([done.status, oidc.locationOf(done)]).toEqual([
    303,
    `${new URL(done.headers.get('location') ?? '').origin}/account`,
  ])
})

it('better-auth #9690, Supabase #1214: a link bound by code_challenge is worth nothing without the verifier', async () => {
  const { verifier, challenge } = await oidc.pkce()
  const { token, link, userId } = await send(app, { code_challenge: challenge, code_challenge_method: 'S256' })
  const grant = await press(app, link)
  for (const stolen of [token, grant])
    expect((await verify(app, { token: stolen })).json.code).toBe('verifier_mismatch')
  expect(await sessionsOf(userId)).toEqual([])
  expect((await verify(app, { token: grant, code_verifier: verifier })).status).toBe(200)
})

it('better-auth #10304: a form without an Origin, or of another, is none of ours, cookies or not', async () => {
  const { link, token } = await send(app, { redirect_uri: CALLBACK })
  const person = browser(app)
  await person.open(link)
  for (const origin of [
    '',
    'null',
    'https://evil.example',
    'http://localhost:8788',
    'http://localhost:8787.evil.example',
  ]) {
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
    if (origin) headers.origin = origin
    const body = new URLSearchParams({ code: token, nonce: 'A'.repeat(22) }).toString()
    const answer = await app.request('/auth/magic-link', { method: 'POST', headers, body })
    expect([origin, answer.status]).toEqual([origin, 403])
  }
  expect((await verify(app, { token })).status).toBe(200)
})
