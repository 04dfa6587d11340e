import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { anAddress, browser, codeIn, ISSUER, testApp } from '../support/app.ts'

describe('sign in by link', () => {
  it('goes from a send over a press to tokens that verify, once', async () => {
    const app = testApp()
    const email = anAddress()
    const created = await app.call('POST', '/v1/users', { email, first_name: 'Ada' })
    expect(created.status).toBe(201)

    const sent = await app.call('POST', '/v1/passwordless/send', {
      email,
      method: 'link',
      redirect_uri: 'http://localhost:3000/callback',
      state: 's-1',
      metadata: { cart: 7 },
    })
    expect(sent.status, sent.text).toBe(201)
    expect(sent.json).toMatchObject({
      method: 'link',
      channel: 'email',
      user_id: created.json.id,
      user_created: false,
      message: { status: 'accepted' },
    })
    const [mail] = app.outbox
    expect(mail?.to).toBe(email)
    const link = mail?.content.kind === 'sign_in' ? (mail.content.link ?? '') : ''
    expect(link.startsWith(`${ISSUER}/auth/magic-link?code=`)).toBe(true)

    const person = browser(app)
    const page = await person.open(link)
    expect(page.status, page.text).toBe(200)
    const pressed = await person.press(page)
    expect(pressed.status, pressed.text).toBe(303)
    const location = pressed.headers.get('location')
    expect(location).toMatch(/^http:\/\/localhost:3000\/callback\?code=[\w-]+&state=s-1$/)

    const grant = codeIn(location)
    const verified = await app.call('POST', '/v1/passwordless/verify', {
      token: grant,
      claims: { id_token: { email: null, given_name: null } },
    })
    expect(verified.status, verified.text).toBe(200)
    expect(verified.json).toMatchObject({
      user: { id: created.json.id, email, email_verified: true },
      state: 's-1',
      method: 'link',
      challenge_id: sent.json.id,
      metadata: { cart: 7 },
      token_type: 'Bearer',
      expires_in: 3600,
      session: { amr: ['email', 'link'] },
    })

    const jwks = await app.request('/.well-known/jwks.json')
    const keys = createLocalJWKSet(jwks.json as never)
    const access = await jwtVerify(verified.json.access_token, keys, {
      issuer: ISSUER,
      typ: 'at+jwt',
      algorithms: ['ES256'],
    })
    expect(access.payload).toMatchObject({ sub: created.json.id, sid: verified.json.session_id, client_id: 'key_root' })
    const id = await jwtVerify(verified.json.id_token, keys, { issuer: ISSUER })
    expect(id.payload).toMatchObject({ email, given_name: 'Ada' })

    const again = await app.call('POST', '/v1/passwordless/verify', { token: grant })
    expect(again.status).toBe(409)
    expect(again.json.code).toBe('already_used')

    const later = await browser(app).open(link)
    const second = await browser(app).press(later)
    expect(second.status).toBe(409)
    expect(second.text).toContain('Already used')
  })
})
