/**
 * `npm run rotate-secret` while people sign in: isolates of each step and of the one before answer side by side, and nothing is
 * refused. What was made before the rotation is used during and after it.
 */

import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { reseal, type SqlDatabase } from '../../src/cli/reseal.ts'
import { createKeyring } from '../../src/domain/keyring.ts'
import { locationOf, person } from '../oidc/support.ts'
import {
  type Answer,
  anAddress,
  browser,
  codeIn,
  env,
  ISSUER,
  ROOT_KEY,
  type TestApp,
  testApp,
} from '../support/app.ts'

const OLD = String(env.LATCHKEY_SECRET)
const NEW = 'the-new-secret-of-a-rotation-the-new-secret-0'
const CALLBACK = 'http://localhost:3000/callback'
const PEOPLE = 8

const isolate = (secret: string, other: string | null): TestApp =>
  testApp({ bindings: { LATCHKEY_SECRET: secret, LATCHKEY_SECRET_PREVIOUS: other ?? undefined } })

const keyring = (current: string, previous: string | null) =>
  createKeyring(current, previous, (length) => crypto.getRandomValues(new Uint8Array(length)))

const database: SqlDatabase = {
  rows: async (sql) => (await env.DB.prepare(sql).all<Record<string, unknown>>()).results,
  run: async (statements) => void (await env.DB.batch(statements.map((sql) => env.DB.prepare(sql)))),
}

const tokenOf = (link: string) => new URL(link).searchParams.get('code') ?? ''
const ok = (answer: Answer, status = 200) => {
  expect(answer.status, answer.text).toBe(status)
  return answer
}
const send = async (app: TestApp, more: Record<string, unknown> = {}) =>
  ok(
    await app.call('POST', '/v1/passwordless/send', {
      email: anAddress(),
      redirect_uri: CALLBACK,
      reveal: true,
      ...more,
    }),
    201,
  ).json
const verify = (app: TestApp, body: Record<string, unknown>, key?: string) =>
  app.call('POST', '/v1/passwordless/verify', body, key ? { headers: { 'idempotency-key': key } } : {})
const refresh = async (app: TestApp, refresh_token: string): Promise<string> => {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token }).toString()
  const headers = { 'x-api-key': ROOT_KEY, 'content-type': 'application/x-www-form-urlencoded' }
  return ok(await app.request('/oauth/token', { method: 'POST', headers, body })).json.refresh_token
}
const accessIsGood = async (app: TestApp, token: string) => {
  const keys = ok(await app.request('/.well-known/jwks.json')).json as Parameters<typeof createLocalJWKSet>[0]
  await jwtVerify(token, createLocalJWKSet(keys), { issuer: ISSUER })
}
/** A press on the page, by one isolate or two, and the grant's exchange by another. */
const pressAndExchange = async (link: string, shows: TestApp, takes: TestApp, exchanges: TestApp) => {
  const visitor = browser(shows)
  const page = ok(await visitor.open(link))
  const presser = browser(takes)
  for (const [name, value] of visitor.cookies) presser.cookies.set(name, value)
  const pressed = ok(await presser.press(page), 303)
  return ok(await verify(exchanges, { token: codeIn(pressed.headers.get('location')) }))
}

describe('a rotation of LATCHKEY_SECRET', () => {
  it('refuses nothing, whichever isolates answer', { timeout: 120_000 }, async () => {
    // Before: what people hold when it begins.
    const before = isolate(OLD, null)
    const held = {
      links: await Promise.all(Array.from({ length: PEOPLE }, () => send(before))),
      pressed: await Promise.all(Array.from({ length: PEOPLE }, () => send(before))),
      refreshTokens: await Promise.all(
        Array.from({ length: PEOPLE }, async () => {
          const { link } = await send(before)
          return ok(await verify(before, { token: tokenOf(link) })).json
        }),
      ),
    }
    const mails = before.outbox.length

    const states = [
      [before, isolate(OLD, null)],
      [before, isolate(OLD, NEW)],
      [isolate(OLD, NEW), isolate(OLD, NEW)],
      [isolate(OLD, NEW), isolate(NEW, OLD)],
      [isolate(NEW, OLD), isolate(NEW, OLD)],
    ]
    let signIns = 0
    let used = 0
    for (const [step, running] of states.entries()) {
      const any = () => running[Math.floor(Math.random() * running.length)] as TestApp
      const work = Array.from({ length: PEOPLE }, async () => {
        const sent = await send(any())
        const key = crypto.randomUUID()
        const [one, two] = [any(), any()]
        const first = ok(await verify(one, { token: tokenOf(sent.link) }, key))
        const again = ok(await verify(two, { token: tokenOf(sent.link) }, key))
        expect(again.json.session_id).toBe(first.json.session_id)
        await accessIsGood(any(), first.json.access_token)
        const next = await refresh(any(), first.json.refresh_token)
        await refresh(any(), await refresh(any(), next))
        ok(await any().call('GET', `/v1/sessions/${first.json.session_id}`))

        const code = await send(any(), { method: 'code' })
        ok(await verify(any(), { id: code.id, code: code.code }))
        const { json } = ok(await any().call('POST', '/v1/passwordless/resend', { id: (await send(any())).id }), 201)
        expect(json.id).toMatch(/^chal_/)
        await pressAndExchange((await send(any())).link, any(), any(), any())
        signIns += 3
      })
      // The values of the database change under their hands.
      if (step === states.length - 1) {
        const done = await reseal(database, await keyring(NEW, OLD), await keyring(NEW, null))
        expect(done.unreadable).toEqual([])
        expect(done.changed).toBeGreaterThan(1)
      }
      await Promise.all(work)
      // Of what was held, a part is used in each step.
      const link = held.links[used]
      const pressed = held.pressed[used]
      if (link && pressed) {
        ok(await verify(any(), { token: tokenOf(link.link) }))
        await pressAndExchange(pressed.link, any(), any(), any())
      }
      used += 1
    }
    expect(signIns).toBe(3 * PEOPLE * states.length)

    // After: an isolate that started when all was done; then one that has forgotten the old secret.
    const after = isolate(NEW, OLD)
    for (const { link } of held.links.slice(used)) ok(await verify(after, { token: tokenOf(link) }))
    for (const { link } of held.pressed.slice(used)) await pressAndExchange(link, after, after, after)
    const finished = isolate(NEW, null)
    for (const { refresh_token, access_token } of held.refreshTokens) {
      await accessIsGood(after, access_token)
      const successor = await refresh(after, refresh_token)
      await refresh(finished, successor)
      await accessIsGood(finished, access_token)
    }
    ok(await verify(finished, { token: tokenOf((await send(finished)).link) }))
    expect(before.outbox.length).toBeGreaterThan(mails)
  })

  it('keeps the number that another browser shows for the one that asked', async () => {
    const limits = { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined }
    const before = testApp({ bindings: { ...limits, LATCHKEY_SECRET: OLD, LATCHKEY_SECRET_PREVIOUS: NEW } })
    const after = testApp({ bindings: { ...limits, LATCHKEY_SECRET: NEW, LATCHKEY_SECRET_PREVIOUS: OLD } })
    const asking = person(before)
    const asked = await asking.submit(await asking.open(`${ISSUER}/sign-in`), '/sign-in', { email: asking.email })
    const waiting = await asking.open(locationOf(asked))
    const mail = before.outbox.findLast(({ to }) => to === asking.email)
    const link = mail?.content.kind === 'sign_in' ? (mail.content.link ?? '') : ''

    const other = person(after)
    const shown = await other.submit(await other.open(link), '/auth/magic-link')
    const [, relay = ''] = /<p class="relay">([\s\S]*?)<\/p>/.exec(shown.text) ?? []
    const typed = relay.replace(/\D/g, '')
    expect(typed, shown.text).toMatch(/^\d{8}$/)

    const sameBrowser = person(after, asking.email)
    for (const [name, value] of asking.cookies) sameBrowser.cookies.set(name, value)
    const done = await sameBrowser.submit(waiting, '/sign-in/code', { typed })
    expect(done.status, done.text).toBe(303)
  })
})
