/** The hosted pages around a sign-in, with no application and with links (design §4, Hosted flow). */

import { describe, expect, it } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  aClient,
  authorizationUrl,
  exchange,
  isSignIn,
  locationOf,
  oidcApp,
  type Person,
  person,
  pkce,
  signIn,
} from './support.ts'

const app = oidcApp()

/** The element, not the script that looks for it. */
const SUBMITS_ITSELF = /<\w+[^>]* data-auto/

const askForMail = async (who: Person, signInUrl = '/sign-in') => {
  const asked = await who.submit(await who.open(signInUrl), '/sign-in', { email: who.email })
  expect(asked.status, asked.text).toBe(303)
  const content = app.outbox.findLast(({ to }) => to === who.email)?.content
  const link = content?.kind === 'sign_in' ? (content.link ?? '') : ''
  return { waiting: locationOf(asked), link }
}

describe('sign-in with no application', () => {
  it('ends on the account page, which names the person and signs out', async () => {
    const who = person(app)
    const end = await who.answerSignIn('/sign-in')
    expect(String(end)).toBe(`${ISSUER}/account`)
    const account = await who.open(end)
    expect(account.text).toContain(who.email)
    expect(locationOf(await who.open('/sign-in'))).toBe(`${ISSUER}/account`)
    const out = await who.post('/account/sign-out', {})
    expect(locationOf(out)).toBe(`${ISSUER}/account/signed-out`)
    expect(isSignIn(locationOf(await who.open('/account')))).toBe(true)
  })

  it('signs out of every application at once with "everywhere"', async () => {
    const who = person(app)
    const client = await aClient(app)
    const { session_id } = await signIn(app, client, who)
    await who.post('/account/sign-out', { everywhere: '1' })
    expect((await app.call('GET', `/v1/sessions/${session_id}`)).json.revoked_at).toBeTypeOf('number')
  })

  it('takes forms from our own pages alone', async () => {
    const who = person(app)
    await who.answerSignIn('/sign-in')
    for (const path of ['/account/sign-out', '/account/end', '/sign-in', '/sign-in/code', '/sign-in/go-on']) {
      expect((await who.post(path, {}, { origin: 'https://attacker.example' })).status, path).toBe(403)
    }
    expect((await who.open('/account')).text).toContain(who.email)
  })
})

describe('the link of a hosted sign-in', () => {
  it('in the browser that asked goes on to the application', async () => {
    const client = await aClient(app)
    const who = person(app)
    const { verifier, challenge } = await pkce()
    const request = { code_challenge: challenge, code_challenge_method: 'S256' }
    const led = await who.open(authorizationUrl(client, request))
    const { link } = await askForMail(who, locationOf(led))
    const page = await who.open(link)
    expect(page.text).toMatch(SUBMITS_ITSELF)
    const pressed = await who.submit(page, '/auth/magic-link')
    const back = new URL(locationOf(pressed))
    expect(back.searchParams.get('iss')).toBe(ISSUER)
    const answer = await exchange(app, client, back.searchParams.get('code') ?? '', verifier)
    expect(answer.status, answer.text).toBe(200)
    expect((await who.open('/account')).text).toContain(who.email)
  })

  it('in another browser signs in nobody there; it shows a code for the one that asked', async () => {
    const who = person(app)
    const { waiting, link } = await askForMail(who)
    const elsewhere = person(app)
    const page = await elsewhere.open(link)
    expect(page.text).not.toMatch(SUBMITS_ITSELF)
    const pressed = await elsewhere.submit(page, '/auth/magic-link')
    expect(pressed.status).toBe(200)
    expect(isSignIn(locationOf(await elsewhere.open('/account')))).toBe(true)
    const [, one = '', two = ''] = />(\d{4})<\/span><span>(\d{4})</.exec(pressed.text) ?? []
    const done = await who.submit(await who.open(waiting), '/sign-in/code', { typed: `${one} ${two}` })
    expect(locationOf(done)).toBe(`${ISSUER}/account`)
  })
})
