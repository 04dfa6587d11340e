/** Tokens where they are brought: RFC 6750, RFC 8725, RFC 9068, RFC 7662, RFC 7009, OpenID Connect Core §5.3. */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  aClient,
  aProject,
  ask,
  authorizationUrl,
  claimsIn,
  headerOf,
  inProject,
  introspect,
  isSignIn,
  locationOf,
  oidcApp,
  person,
  refresh,
  signIn,
  type TestClient,
  type TestProject,
  type TokenSet,
  userinfo,
} from './support.ts'

const app = oidcApp()
const INACTIVE = { active: false }
let client: TestClient
let other: TestClient
let project: TestProject
let there: TestClient
let tokens: TokenSet
beforeAll(async () => {
  client = await aClient(app)
  other = await aClient(app)
  project = await aProject(app)
  there = await aClient(app, {}, project)
  tokens = await signIn(app, client)
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (seconds: number) => {
  const at = Date.now() + seconds * 1000
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(at)
}
const setInactive = (id: string) => app.call('PUT', `/v1/users/${id}/status`, { status: 'INACTIVE' })

describe('userinfo', () => {
  it('takes GET and POST, and says the subject of the ID token (Core §5.3.1, §5.3.2)', async () => {
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    for (const method of ['GET', 'POST']) {
      const answer = await app.request('/userinfo', { method, headers })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.json.sub).toBe(claimsIn(tokens.id_token).sub)
    }
  })

  it('without a token names the scheme and no error (RFC 6750 §3.1)', async () => {
    const answer = await app.request('/userinfo')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"')
  })

  it.each(['x', 'a.b.c', '..', `${'x'.repeat(10_000)}`])(
    'with a wrong token says invalid_token (%s)',
    async (token) => {
      const answer = await userinfo(app, token.slice(0, 8000))
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="latchkey", error="invalid_token"')
    },
  )

  it('takes no token in the query or a form (RFC 6750 §2.2, §2.3, RFC 9700 §4.3.2)', async () => {
    const { access_token } = tokens
    expect((await app.request(`/userinfo?access_token=${access_token}`)).status).toBe(401)
    expect((await app.form('/userinfo', { access_token })).status).toBe(401)
    expect((await app.request('/userinfo', { headers: { authorization: `Basic ${access_token}` } })).status).toBe(401)
    expect((await app.request(`/v1/users?access_token=${access_token}`)).status).toBe(401)
  })

  it('takes no ID token and no refresh token for an access token (RFC 9068 §4, RFC 8725 §3.11)', async () => {
    expect((await userinfo(app, tokens.id_token)).status).toBe(401)
    expect((await userinfo(app, tokens.refresh_token)).status).toBe(401)
  })

  it('takes no token of a client alone: there is no person', async () => {
    const machine = await aClient(app, { grant_types: ['client_credentials'] })
    const { json } = await ask(app, machine, '/oauth/token', { grant_type: 'client_credentials' })
    expect((await userinfo(app, json.access_token)).status).toBe(401)
  })

  it('takes no token of another project, nor gives one there', async () => {
    const theirs = await signIn(app, there)
    expect((await userinfo(app, theirs.access_token, project.issuer)).status).toBe(200)
    expect((await userinfo(app, theirs.access_token)).status).toBe(401)
    expect((await userinfo(app, tokens.access_token, project.issuer)).status).toBe(401)
  })
})

describe('an access token', () => {
  it('is typed and has what RFC 9068 §2.2 asks for', () => {
    expect(headerOf(tokens.access_token)).toEqual({ alg: 'ES256', kid: expect.any(String), typ: 'at+jwt' })
    const claims = claimsIn(tokens.access_token)
    expect(claims).toMatchObject({ iss: ISSUER, client_id: client.clientId, aud: client.clientId })
    for (const name of ['exp', 'iat', 'auth_time']) expect(claims[name]).toBeTypeOf('number')
    expect(claims.exp - claims.iat).toBe(tokens.expires_in)
    expect(claims.jti).not.toBe(claimsIn(tokens.id_token).jti)
    expect(headerOf(tokens.id_token).typ).toBe('JWT')
  })

  it('ends by itself', async () => {
    later(3601)
    expect((await userinfo(app, tokens.access_token)).status).toBe(401)
    expect(await introspect(app, client, tokens.access_token)).toEqual(INACTIVE)
  })
})

describe('introspection (RFC 7662)', () => {
  it('of a live access token says what it is', async () => {
    const { access_token, session_id, scope } = tokens
    const { sub, exp } = claimsIn(access_token)
    expect(await introspect(app, other, access_token)).toMatchObject({
      active: true,
      token_type: 'Bearer',
      iss: ISSUER,
      sub,
      exp,
      scope,
      sid: session_id,
      client_id: client.clientId,
    })
  })

  it('of a live refresh token, and of one that was used up', async () => {
    const { refresh_token } = await signIn(app, client)
    expect(await introspect(app, client, refresh_token)).toMatchObject({ active: true, client_id: client.clientId })
    const next = (await refresh(app, client, refresh_token)).json.refresh_token
    later(11)
    expect(await introspect(app, client, refresh_token)).toEqual(INACTIVE)
    expect(await introspect(app, client, next)).toMatchObject({ active: true })
  })

  it('of a refresh token that an API key was given names the key', async () => {
    const sent = await app.call('POST', '/v1/passwordless/send', { email: person(app).email, reveal: true })
    const verified = await app.call('POST', '/v1/passwordless/verify', { id: sent.json.id, code: sent.json.code })
    expect(verified.status, verified.text).toBe(200)
    const { client_id } = claimsIn(verified.json.access_token)
    expect(await introspect(app, client, verified.json.refresh_token)).toMatchObject({ active: true, client_id })
  })

  it('of a token whose session was revoked says no more than of junk (§2.2)', async () => {
    const { access_token, refresh_token, session_id } = await signIn(app, client)
    expect((await app.call('DELETE', `/v1/sessions/${session_id}`)).status).toBe(204)
    expect(await introspect(app, client, access_token)).toEqual(INACTIVE)
    expect(await introspect(app, client, refresh_token)).toEqual(INACTIVE)
    expect((await userinfo(app, access_token)).status).toBe(401)
  })

  it.each(['junk', 'a.b.c', 'lk_x', '-'.repeat(72), 'A'.repeat(72)])('of junk: %s', async (token) => {
    expect(await introspect(app, client, token)).toEqual(INACTIVE)
  })

  it('of another project’s tokens', async () => {
    const theirs = await signIn(app, there)
    for (const token of [theirs.access_token, theirs.refresh_token]) {
      expect(await introspect(app, client, token)).toEqual(INACTIVE)
      expect(await introspect(app, there, token)).toMatchObject({ active: true })
    }
    expect(await introspect(app, there, tokens.access_token)).toEqual(INACTIVE)
  })

  it('of an ID token', async () => {
    expect(await introspect(app, client, tokens.id_token)).toEqual(INACTIVE)
  })

  it('of a client’s own token, until the client is gone or may not have one', async () => {
    const machine = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read'] })
    const { json } = await ask(app, machine, '/oauth/token', { grant_type: 'client_credentials' })
    expect(await introspect(app, client, json.access_token)).toMatchObject({
      active: true,
      sub: machine.clientId,
      scope: 'users:read',
    })
    await app.call('DELETE', `/v1/clients/${machine.id}`)
    expect(await introspect(app, client, json.access_token)).toEqual(INACTIVE)
  })

  it('needs a caller who proves who it is (§2.1)', async () => {
    const open = await aClient(app, { token_endpoint_auth_method: 'none' })
    const { access_token } = tokens
    expect((await ask(app, open, '/oauth/introspect', { token: access_token })).status).toBe(401)
    expect((await app.form('/oauth/introspect', { token: access_token })).status).toBe(401)
    expect((await app.form('/oauth/introspect', {}, { 'x-api-key': 'lk_wrong' })).status).toBe(401)
  })
})

describe('revocation (RFC 7009)', () => {
  it.each(['refresh_token', 'access_token'] as const)(
    'of the %s ends the grant, and no other of the session (§2.1)',
    async (name) => {
      const who = person(app)
      const [own, theirs] = [await signIn(app, client, who), await signIn(app, other, who)]
      expect(own.session_id).toBe(theirs.session_id)
      const answer = await ask(app, client, '/oauth/revoke', { token: own[name], token_type_hint: 'nonsense' })
      expect([answer.status, answer.text]).toEqual([200, ''])
      expect((await refresh(app, client, own.refresh_token)).json.error).toBe('invalid_grant')
      expect((await userinfo(app, own.access_token)).status).toBe(401)
      expect(await introspect(app, client, own.access_token)).toEqual(INACTIVE)
      expect((await refresh(app, other, theirs.refresh_token)).status).toBe(200)
      expect((await userinfo(app, theirs.access_token)).status).toBe(200)
    },
  )

  it('of another client’s token changes nothing, and says so to nobody (§2.2)', async () => {
    const own = await signIn(app, client)
    for (const token of [own.access_token, own.refresh_token, own.id_token, 'junk']) {
      expect((await ask(app, other, '/oauth/revoke', { token })).status).toBe(200)
      expect((await ask(app, there, '/oauth/revoke', { token })).status).toBe(200)
    }
    expect((await userinfo(app, own.access_token)).status).toBe(200)
    expect((await refresh(app, client, own.refresh_token)).status).toBe(200)
  })

  it('needs the client (§2.1)', async () => {
    const own = await signIn(app, client)
    expect((await app.form('/oauth/revoke', { token: own.refresh_token })).status).toBe(401)
    const wrong = { ...client, secret: 'wrong' }
    expect((await ask(app, wrong, '/oauth/revoke', { token: own.refresh_token })).status).toBe(401)
    expect((await ask(app, client, '/oauth/revoke', {})).json.error).toBe('invalid_request')
    expect((await refresh(app, client, own.refresh_token)).status).toBe(200)
  })
})

describe('a session ends', () => {
  it('when nobody used it for session_idle; a refresh counts as use', async () => {
    await app.call(
      'PATCH',
      '/v1/project',
      { session_idle: 3600, session_absolute: 10_000 },
      { headers: inProject(project) },
    )
    const own = await signIn(app, there)
    later(3500)
    const used = await refresh(app, there, own.refresh_token)
    expect(used.status).toBe(200)
    later(3500)
    const again = await refresh(app, there, used.json.refresh_token)
    expect(again.status).toBe(200)
    later(3599)
    const access = again.json.access_token
    expect((await userinfo(app, access, project.issuer)).status).toBe(401)
    expect(await introspect(app, there, again.json.refresh_token)).toEqual(INACTIVE)
    expect((await refresh(app, there, again.json.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('after session_absolute, however much it is used; no access token outlives it', async () => {
    const own = await signIn(app, there)
    let token = own.refresh_token
    for (const _ of [1, 2, 3]) {
      later(3000)
      token = (await refresh(app, there, token)).json.refresh_token
    }
    const last = (await refresh(app, there, token)).json
    expect(last.expires_in).toBeLessThanOrEqual(1000)
    later(1001)
    expect((await userinfo(app, last.access_token, project.issuer)).status).toBe(401)
    expect((await refresh(app, there, last.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('with its idle limit for single sign-on too', async () => {
    const who = person(app)
    await signIn(app, there, who)
    const url = authorizationUrl(there, { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })
    expect(isSignIn(locationOf(await who.open(url)))).toBe(false)
    later(3601)
    expect(isSignIn(locationOf(await who.open(url)))).toBe(true)
  })

  it.each([
    ['INACTIVE', (id: string) => setInactive(id)],
    ['deleted', (id: string) => app.call('DELETE', `/v1/users/${id}`)],
  ])('at once when its user is %s, and every token with it', async (_name, end) => {
    const who = person(app)
    const own = await signIn(app, client, who)
    expect((await end(claimsIn(own.id_token).sub)).status).toBeLessThan(300)
    expect((await userinfo(app, own.access_token)).status).toBe(401)
    expect(await introspect(app, client, own.access_token)).toEqual(INACTIVE)
    expect(await introspect(app, client, own.refresh_token)).toEqual(INACTIVE)
    expect((await refresh(app, client, own.refresh_token)).json.error).toBe('invalid_grant')
    const url = authorizationUrl(client, { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })
    expect(isSignIn(locationOf(await who.open(url)))).toBe(true)
  })

  it('for a code that was not exchanged yet, when its user turns INACTIVE', async () => {
    const who = person(app)
    const own = await signIn(app, client, who)
    const open = await aClient(app, { require_pkce: false })
    const back = await who.goThrough(authorizationUrl(open))
    await setInactive(claimsIn(own.id_token).sub)
    const fields = { grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '' }
    const answer = await ask(app, open, '/oauth/token', { ...fields, redirect_uri: back.origin + back.pathname })
    expect(answer.json.error).toBe('invalid_grant')
  })
})
