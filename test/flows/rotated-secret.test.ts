/** A retry on the other side of a rotation of LATCHKEY_SECRET: what is derived from the secret must be found again. */

import { expect, it } from 'vitest'
import { anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { signInOf } from '../support/project.ts'

const NEW = 'another-secret-another-secret-another-0002'
const rotated = () =>
  testApp({ bindings: { LATCHKEY_SECRET: NEW, LATCHKEY_SECRET_PREVIOUS: String(env.LATCHKEY_SECRET) } })

async function send(app: TestApp, email = anAddress(), key = crypto.randomUUID()) {
  const body = { email, redirect_uri: 'http://localhost:3000/callback' }
  const sent = await app.call('POST', '/v1/passwordless/send', body, { headers: { 'idempotency-key': key } })
  expect(sent.status, sent.text).toBe(201)
  return { id: String(sent.json.id), email, key }
}
const refresh = (app: TestApp, refresh_token: string) =>
  app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token }, { 'x-api-key': ROOT_KEY })

it('a retry of verify has the same session and opens no second family (promise 2, design §4)', async () => {
  const app = testApp()
  const { id } = await send(app)
  const { code } = signInOf(app.outbox.at(-1))
  const verify = (by: TestApp) =>
    by.call('POST', '/v1/passwordless/verify', { id, code }, { headers: { 'idempotency-key': 'once' } })
  const [first, again] = [await verify(app), await verify(rotated())]
  expect([first.status, again.status]).toEqual([200, 200])
  expect(again.json.session_id).toBe(first.json.session_id)
  const families = await env.DB.prepare('SELECT id FROM refresh_families WHERE session_id = ?')
    .bind(first.json.session_id)
    .all()
  expect(families.results).toHaveLength(1)
})

it('a grant that comes twice ends what it issued (RFC 6749 §4.1.2)', async () => {
  const app = testApp()
  await send(app)
  const person = browser(app)
  const pressed = await person.press(await person.open(signInOf(app.outbox.at(-1)).link ?? ''))
  const token = codeIn(pressed.headers.get('location'))
  const issued = await app.call('POST', '/v1/passwordless/verify', { token })
  expect(issued.status, issued.text).toBe(200)
  const after = rotated()
  expect((await after.call('POST', '/v1/passwordless/verify', { token })).json.code).toBe('already_used')
  expect((await refresh(after, issued.json.refresh_token)).status).toBe(400)
})

it('a send that is asked again with its key is a new one, and both work', async () => {
  const app = testApp()
  const first = await send(app)
  const after = rotated()
  const again = await send(after, first.email, first.key)
  // Secrets are drawn from the secret in use, so that what a leaked one could have foretold ends with it (/docs/deploy).
  expect(again.id).not.toBe(first.id)
  for (const [{ id }, outbox] of [
    [first, app.outbox],
    [again, after.outbox],
  ] as const) {
    const { code } = signInOf(outbox.at(-1))
    expect((await after.call('POST', '/v1/passwordless/verify', { id, code })).status).toBe(200)
  }
})

it('a retry of a code has the same session and refresh token family, whichever pepper it is hashed under', async () => {
  const before = testApp({ bindings: { LATCHKEY_SECRET_PREVIOUS: NEW } })
  const { id } = await send(before)
  const { code } = signInOf(before.outbox.at(-1))
  const verify = (by: TestApp) =>
    by.call('POST', '/v1/passwordless/verify', { id, code }, { headers: { 'idempotency-key': 'once' } })
  const [first, again, third] = [await verify(before), await verify(rotated()), await verify(before)]
  expect([first.status, again.status, third.status]).toEqual([200, 200, 200])
  // One family, though each secret writes its own token of it.
  expect(third.json.refresh_token).toBe(first.json.refresh_token)
  expect((await refresh(rotated(), again.json.refresh_token)).status).toBe(200)
})
