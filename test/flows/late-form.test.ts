/** A sign-in page that was left open is still a sign-in page. */

import { expect, it } from 'vitest'
import { anAddress, browser, hiddenFields, testApp } from '../support/app.ts'

const HOUR = 3600_000

it.each([
  [3 * HOUR, 303],
  [23 * HOUR, 303],
  [25 * HOUR, 400],
])('left open for %i ms, its press is answered %i', async (open, status) => {
  let now = Date.now()
  const app = testApp({ ports: { now: () => now }, bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
  const callback = 'https://acme.example/callback'
  const client = await app.call('POST', '/v1/clients', {
    name: 'Acme',
    redirect_uris: [callback],
    token_endpoint_auth_method: 'none',
  })
  const query = new URLSearchParams({
    client_id: client.json.client_id,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  const person = browser(app)
  const begun = await person.open(`/authorize?${query}`)
  const page = await person.open(begun.headers.get('location') ?? '')
  now += open
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const asked = await app.form('/sign-in', { ...hiddenFields(page.text), email: anAddress() }, { cookie })
  expect(asked.status, asked.text).toBe(status)
})
