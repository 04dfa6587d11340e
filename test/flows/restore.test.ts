/**
 * D1 goes back to an earlier minute: what had ended since is live again in it. With `RESTORED_AT` nothing from before leads in,
 * and everybody can sign in anew. The runbook is in /docs/deploy.
 */

import { beforeEach, describe, expect, it } from 'vitest'
import { locationOf, person } from '../oidc/support.ts'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'

const CALLBACK = 'http://localhost:3000/callback'
const NO_LIMITS = { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined }
/** The ledgers go by the real clock, and are ahead by less than a link lives. */
let clock = Date.now()
const at = (bindings: Record<string, unknown> = {}) =>
  testApp({ ports: { now: () => clock }, bindings: { ...NO_LIMITS, ...bindings } })
const restoredNow = () => new Date(clock).toISOString().replace(/\.\d+Z$/, 'Z')

const TABLES = ['users', 'identifiers', 'sessions', 'refresh_families', 'api_keys'] as const

async function takeSnapshot(): Promise<() => Promise<void>> {
  const saved = await Promise.all(
    TABLES.map(
      async (table) => (await env.DB.prepare(`SELECT * FROM ${table}`).all<Record<string, unknown>>()).results,
    ),
  )
  return async () => {
    for (const [n, table] of TABLES.entries()) {
      await env.DB.prepare(`DELETE FROM ${table}`).run()
      for (const row of saved[n] ?? []) {
        const names = Object.keys(row)
        const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
        await env.DB.prepare(sql)
          .bind(...Object.values(row))
          .run()
      }
    }
  }
}

const send = async (app: TestApp, more: Record<string, unknown> = {}) =>
  (
    await app.call('POST', '/v1/passwordless/send', {
      email: anAddress(),
      redirect_uri: CALLBACK,
      reveal: true,
      ...more,
    })
  ).json
const tokenOf = (link: string) => new URL(link).searchParams.get('code') ?? ''
const verify = (app: TestApp, body: Record<string, unknown>) => app.call('POST', '/v1/passwordless/verify', body)
const refresh = (app: TestApp, refresh_token: string): Promise<Answer> =>
  app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token }, { 'x-api-key': ROOT_KEY })
const introspect = async (app: TestApp, token: string): Promise<boolean> =>
  (await app.form('/oauth/introspect', { token }, { 'x-api-key': ROOT_KEY })).json.active

/** Everything that was out when the snapshot was taken, and ended after it. */
async function history(app: TestApp) {
  const signedIn = async () => (await verify(app, { token: tokenOf((await send(app)).link) })).json
  const revoked = await signedIn()
  const rotated = await signedIn()
  const kept = await signedIn()
  const deactivated = await signedIn()
  const links = [await send(app), await send(app, { link: 'direct' }), await send(app, { method: 'code' })]
  const bound = person(app)
  await bound.answerSignIn('/sign-in')
  const pressed = await browser(app).open((await send(app)).link)
  const restore = await takeSnapshot()

  clock += 20_000
  expect((await app.call('DELETE', `/v1/sessions/${revoked.session_id}`)).status).toBe(204)
  const next = (await refresh(app, rotated.refresh_token)).json
  clock += 20_000
  expect((await refresh(app, rotated.refresh_token)).status).toBe(400)
  expect((await refresh(app, next.refresh_token)).status).toBe(400)
  expect((await app.call('PUT', `/v1/users/${deactivated.user.id}/status`, { status: 'INACTIVE' })).status).toBe(200)
  clock += 5000
  return { revoked, rotated, next, kept, deactivated, links, bound, pressed, restore }
}

/** What is taken again, by name. */
async function taken(app: TestApp, past: Awaited<ReturnType<typeof history>>): Promise<string[]> {
  const sameBrowser = person(app, past.bound.email)
  for (const [name, value] of past.bound.cookies) sameBrowser.cookies.set(name, value)
  const account = await sameBrowser.open('/account')
  const results: [string, boolean][] = [
    [
      'the revoked session',
      (await app.call('GET', `/v1/sessions/${past.revoked.session_id}`)).json.revoked_at === null,
    ],
    ['its access token', await introspect(app, past.revoked.access_token)],
    ['its refresh token', (await refresh(app, past.revoked.refresh_token)).status === 200],
    ['the refresh token that was reused', (await refresh(app, past.rotated.refresh_token)).status === 200],
    ['its successor', (await refresh(app, past.next.refresh_token)).status === 200],
    ['the session of who was deactivated', await introspect(app, past.deactivated.access_token)],
    ['a session that had not ended', await introspect(app, past.kept.access_token)],
    ['the list of sessions', (await app.call('GET', `/v1/users/${past.kept.user.id}/sessions`)).json.data.length > 0],
    ['the single sign-on cookie', account.text.includes(past.bound.email)],
  ]
  for (const [n, sent] of past.links.entries()) {
    const body = sent.link
      ? { token: new URL(sent.link).searchParams.values().next().value }
      : { id: sent.id, code: sent.code }
    results.push([`link or code ${n}`, (await verify(app, body)).status === 200])
  }
  const press = await browser(app).press(past.pressed)
  const exchanged = press.status === 303 ? await verify(app, { token: codeIn(locationOf(press)) }) : press
  results.push(['a page that was open', exchanged.status === 200])
  return results.filter(([, isTaken]) => isTaken).map(([name]) => name)
}

beforeEach(() => {
  clock = Date.now()
})

describe('a restored database', () => {
  it('brings back what had ended, if nobody says that it was restored', async () => {
    const app = at()
    const past = await history(app)
    await past.restore()
    const again = await taken(app, past)
    for (const what of ['the revoked session', 'its refresh token', 'the session of who was deactivated'])
      expect(again).toContain(what)
  })

  it('with RESTORED_AT: nothing from before leads in, and a new sign-in does', async () => {
    const past = await history(at())
    const app = at({ RESTORED_AT: restoredNow() })
    // Before the restore already, which is said first.
    expect(await taken(app, { ...past, links: past.links.slice(1, 2) })).toEqual([])
    await past.restore()
    expect(await taken(app, past)).toEqual([])

    clock += 1000
    const anew = (await verify(app, { token: tokenOf((await send(app)).link) })).json
    expect(await introspect(app, anew.access_token)).toBe(true)
    const next = await refresh(app, anew.refresh_token)
    expect(next.status, next.text).toBe(200)
    expect((await app.call('GET', `/v1/users/${anew.user.id}/sessions`)).json.data).toHaveLength(1)
    const somebody = person(app)
    const end = await somebody.answerSignIn('/sign-in')
    expect(end.pathname).toBe('/account')
    expect((await somebody.open('/account')).text).toContain(somebody.email)
  })

  it('refuses a RESTORED_AT that cannot be read, or that is to come, by name', async () => {
    for (const RESTORED_AT of ['yesterday', '2026-13-01T00:00:00Z', '1790000000', '2026-01-31 12:00']) {
      const answer = await at({ RESTORED_AT }).call('GET', '/v1/project')
      expect([answer.status, answer.json.detail]).toEqual([503, expect.stringContaining('RESTORED_AT must be')])
    }
    const ahead = new Date(clock + 3_600_000).toISOString().slice(0, 16)
    const answer = await at({ RESTORED_AT: `${ahead}Z` }).call('GET', '/v1/project')
    expect([answer.status, answer.json.detail]).toEqual([503, expect.stringContaining('RESTORED_AT')])
  })
})
