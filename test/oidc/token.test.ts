/** The token endpoint: RFC 6749 §3.2, §4.1.3, §5, RFC 7636, RFC 9700, RFC 8707. */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  aClient,
  aProject,
  ask,
  authorizationUrl,
  basic,
  CALLBACK,
  claimsIn,
  codeFor,
  exchange,
  inProject,
  introspect,
  oidcApp,
  person,
  pkce,
  refresh,
  signIn,
  type TestClient,
  userinfo,
} from './support.ts'

const app = oidcApp()
let client: TestClient
let other: TestClient
/** A confidential client that does without PKCE. */
let open: TestClient
beforeAll(async () => {
  client = await aClient(app)
  other = await aClient(app)
  open = await aClient(app, { require_pkce: false })
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (seconds: number) => {
  const at = Date.now() + seconds * 1000
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(at)
}
const refused = (answer: { status: number; json: Record<string, any>; headers: Headers }, error: string) => {
  expect(answer.json.error).toBe(error)
  expect(answer.status).toBe(error === 'invalid_client' ? 401 : 400)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
}

describe('an authorization code', () => {
  it('that comes twice ends what it issued, and nothing else (RFC 6749 §4.1.2)', async () => {
    const who = person(app)
    const { code, verifier } = await codeFor(client, who)
    const tokens = (await exchange(app, client, code, verifier)).json
    // Another code of the same person, in the same session.
    const beside = await signIn(app, client, who)
    expect(beside.session_id).toBe(tokens.session_id)
    refused(await exchange(app, client, code, verifier), 'invalid_grant')
    refused(await refresh(app, client, tokens.refresh_token), 'invalid_grant')
    expect((await userinfo(app, tokens.access_token)).status).toBe(401)
    expect(await introspect(app, client, tokens.access_token)).toEqual({ active: false })
    expect((await userinfo(app, beside.access_token)).status).toBe(200)
    expect((await refresh(app, client, beside.refresh_token)).status).toBe(200)
  })

  it('that comes twice ends what was refreshed since', async () => {
    const { code, verifier } = await codeFor(client, person(app))
    const tokens = (await exchange(app, client, code, verifier)).json
    const second = (await refresh(app, client, tokens.refresh_token)).json
    refused(await exchange(app, client, code, verifier), 'invalid_grant')
    refused(await refresh(app, client, second.refresh_token), 'invalid_grant')
    expect((await userinfo(app, second.access_token)).status).toBe(401)
  })

  it('of another client opens nothing, and is not used up by the attempt (RFC 6749 §4.1.3)', async () => {
    const { code, verifier } = await codeFor(client, person(app))
    refused(await exchange(app, other, code, verifier), 'invalid_grant')
    const key = { 'x-api-key': String((await app.call('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })).json.key) }
    refused(await app.form('/oauth/token', { grant_type: 'authorization_code', code }, key), 'invalid_grant')
    const verified = await app.call('POST', '/v1/passwordless/verify', { token: code, code_verifier: verifier })
    expect(verified.status).toBe(403)
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })

  it('injected into another session is refused: that one has its own verifier (RFC 9700 §4.5)', async () => {
    const [victim, attacker] = [await codeFor(client, person(app)), await codeFor(client, person(app))]
    refused(await exchange(app, client, victim.code, attacker.verifier), 'invalid_grant')
    expect((await exchange(app, client, victim.code, victim.verifier)).status).toBe(200)
  })

  it('with a code_challenge needs its verifier: no downgrade (RFC 9700 §4.8.2)', async () => {
    const { code, verifier } = await codeFor(open, person(app))
    refused(await exchange(app, open, code, null), 'invalid_grant')
    refused(await exchange(app, open, code, 'x'.repeat(43)), 'invalid_grant')
    expect((await exchange(app, open, code, verifier)).status).toBe(200)
  })

  it('without a code_challenge takes no verifier: the challenge was taken away (RFC 9700 §4.8.2)', async () => {
    const { verifier } = await pkce()
    const back = await person(app).goThrough(authorizationUrl(open))
    const code = back.searchParams.get('code') ?? ''
    refused(await exchange(app, open, code, verifier), 'invalid_grant')
    expect((await exchange(app, open, code, null)).status).toBe(200)
  })

  it('does not take its code_challenge for a verifier, as plain would (RFC 7636 §4.6)', async () => {
    const { verifier, challenge } = await pkce()
    const request = { code_challenge: challenge, code_challenge_method: 'S256' }
    const back = await person(app).goThrough(authorizationUrl(client, request))
    const code = back.searchParams.get('code') ?? ''
    refused(await exchange(app, client, code, challenge), 'invalid_grant')
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })

  it('ends after 60 seconds (RFC 9700 §4.10, security.md T5)', async () => {
    const { code, verifier } = await codeFor(client, person(app))
    later(61)
    refused(await exchange(app, client, code, verifier), 'invalid_grant')
  })

  it('works within them', async () => {
    const { code, verifier } = await codeFor(client, person(app))
    later(58)
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })

  it('needs the redirect_uri of its request, exactly (RFC 6749 §4.1.3)', async () => {
    const twin = await aClient(app, { redirect_uris: [CALLBACK, `${CALLBACK}/2`] })
    const { code, verifier } = await codeFor(twin, person(app))
    const send = (more: Record<string, string>) =>
      ask(app, twin, '/oauth/token', { grant_type: 'authorization_code', code, code_verifier: verifier, ...more })
    refused(await send({ redirect_uri: `${CALLBACK}/2` }), 'invalid_grant')
    refused(await send({ redirect_uri: `${CALLBACK}/` }), 'invalid_grant')
    refused(await send({}), 'invalid_request')
    expect((await send({ redirect_uri: CALLBACK })).status).toBe(200)
  })

  it('of one project is nothing at another’s endpoint', async () => {
    const project = await aProject(app)
    const there = await aClient(app, { client_id: client.clientId }, project)
    const { code, verifier } = await codeFor(client, person(app))
    refused(await exchange(app, there, code, verifier), 'invalid_grant')
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })

  it('exchanged 16 times at once is exchanged once, and what that brought is ended', async () => {
    const { code, verifier } = await codeFor(client, person(app))
    const answers = await Promise.all(Array.from({ length: 16 }, () => exchange(app, client, code, verifier)))
    const good = answers.filter(({ status }) => status === 200)
    expect(good.length).toBe(1)
    refused(await refresh(app, client, good[0]?.json.refresh_token), 'invalid_grant')
  })
})

describe('the request (RFC 6749 §3.2, §5.2)', () => {
  it.each(['grant_type', 'code', 'redirect_uri', 'code_verifier', 'client_id'])('has %s once', async (name) => {
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: CALLBACK,
      code_verifier: 'x',
      client_id: client.clientId,
    })
    body.append(name, body.get(name) ?? '')
    const answer = await app.request('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic(client) },
      body: body.toString(),
    })
    refused(answer, 'invalid_request')
  })

  it('brings parameters in the body alone', async () => {
    const url = `/oauth/token?${new URLSearchParams({ grant_type: 'client_credentials', client_id: client.clientId })}`
    refused(await app.form(url, {}, basic(client)), 'invalid_request')
  })

  it('answers a wrong client with 401 and the scheme that was tried', async () => {
    const wrong = { ...client, secret: 'wrong' }
    const answer = await exchange(app, wrong, 'x', 'y')
    refused(answer, 'invalid_client')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    const posted = { grant_type: 'authorization_code', code: 'x', client_id: client.clientId, client_secret: 'wrong' }
    refused(await app.form('/oauth/token', posted), 'invalid_client')
    refused(await app.form('/oauth/token', { grant_type: 'authorization_code', code: 'x' }), 'invalid_client')
    // A confidential client is not itself without its secret.
    refused(await app.form('/oauth/token', { ...posted, client_secret: '' }), 'invalid_client')
  })

  it('refuses two ways of authentication at once (RFC 6749 §2.3)', async () => {
    const fields = { grant_type: 'authorization_code', code: 'x', client_secret: client.secret ?? '' }
    refused(await app.form('/oauth/token', { ...fields, client_id: client.clientId }, basic(client)), 'invalid_request')
  })

  it.each(['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])(
    'knows no grant_type %s (RFC 9700 §2.4)',
    async (grantType) => {
      refused(await ask(app, client, '/oauth/token', { grant_type: grantType }), 'unsupported_grant_type')
    },
  )

  it('gives a client only the grants that it has', async () => {
    refused(await ask(app, client, '/oauth/token', { grant_type: 'client_credentials' }), 'unauthorized_client')
    const brief = await aClient(app, { grant_types: ['authorization_code'] })
    const tokens = await signIn(app, brief)
    expect(tokens.refresh_token).toBeUndefined()
  })

  it('cannot be made by GET', async () => {
    expect((await app.request('/oauth/token')).status).toBe(405)
  })
})

describe('a refresh token', () => {
  it('rotates; the previous one within 10 s brings the same successor (security.md T4)', async () => {
    const tokens = await signIn(app, client)
    const [one, two] = await Promise.all([
      refresh(app, client, tokens.refresh_token),
      refresh(app, client, tokens.refresh_token),
    ])
    expect(one.json.refresh_token).toBe(two.json.refresh_token)
    expect(one.json.refresh_token).not.toBe(tokens.refresh_token)
  })

  it('that comes again later ends its grant: access tokens too (RFC 9700 §4.14.2)', async () => {
    const tokens = await signIn(app, client)
    const next = (await refresh(app, client, tokens.refresh_token)).json
    later(11)
    refused(await refresh(app, client, tokens.refresh_token), 'invalid_grant')
    refused(await refresh(app, client, next.refresh_token), 'invalid_grant')
    expect((await userinfo(app, next.access_token)).status).toBe(401)
  })

  it('of another client is refused, and lives on', async () => {
    const tokens = await signIn(app, client)
    refused(await refresh(app, other, tokens.refresh_token), 'invalid_grant')
    expect((await refresh(app, client, tokens.refresh_token)).status).toBe(200)
  })

  it('keeps subject, issuer, audience, auth_time and nonce of the ID token (Core §12.2)', async () => {
    const tokens = await signIn(app, client)
    const before = claimsIn(tokens.id_token)
    const after = claimsIn((await refresh(app, client, tokens.refresh_token)).json.id_token)
    for (const name of ['iss', 'sub', 'aud', 'auth_time', 'sid']) expect(after[name]).toEqual(before[name])
  })
})

describe('resource (RFC 8707)', () => {
  const API = 'https://api.acme.example'

  it('becomes the audience of the access token alone, if the project has it', async () => {
    const project = await aProject(app)
    await app.call('PATCH', '/v1/project', { resources: [API] }, { headers: inProject(project) })
    const there = await aClient(app, {}, project)
    const tokens = await signIn(app, there, person(app), { resource: API })
    expect(claimsIn(tokens.access_token).aud).toBe(API)
    expect(claimsIn(tokens.id_token).aud).toBe(there.clientId)
    const { code, verifier } = await codeFor(there, person(app))
    const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: CALLBACK }
    refused(await ask(app, there, '/oauth/token', { ...fields, resource: 'https://else.example' }), 'invalid_target')
    const answer = await ask(app, there, '/oauth/token', { ...fields, resource: API })
    expect(claimsIn(answer.json.access_token).aud).toBe(API)
  })
})
