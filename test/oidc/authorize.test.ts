/** The authorization endpoint: RFC 6749 §3.1, §4.1.1, OpenID Connect Core §3.1.2, RFC 9700, RFC 9207. */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  aClient,
  authorizationUrl,
  CALLBACK,
  claimsIn,
  codeFor,
  exchange,
  isSignIn,
  locationOf,
  oidcApp,
  person,
  pkce,
  signIn,
  type TestClient,
  userinfo,
} from './support.ts'

const app = oidcApp()
let client: TestClient
let open: TestClient
let challenge: string
beforeAll(async () => {
  client = await aClient(app, { token_endpoint_auth_method: 'none' })
  open = await aClient(app, { require_pkce: false })
  challenge = (await pkce()).challenge
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (seconds: number) => {
  const at = Date.now() + seconds * 1000
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(at)
}

const urlWith = (more: Record<string, string | null> = {}, of: TestClient = client) =>
  authorizationUrl(of, { code_challenge: challenge, code_challenge_method: 'S256', ...more })
const visit = (url: URL | string) => person(app).open(url)

/** What the application is told; the person's browser was sent with 303. */
async function told(more: Record<string, string | null>, of: TestClient = client) {
  const answer = await visit(urlWith(more, of))
  expect(answer.status, answer.text).toBe(303)
  const url = new URL(locationOf(answer))
  expect(url.origin + url.pathname).toBe(CALLBACK)
  return Object.fromEntries(url.searchParams)
}

describe('nobody is redirected (RFC 6749 §4.1.2.1, RFC 9700 §4.11)', () => {
  const refused = async (url: URL | string, detail: RegExp) => {
    const answer = await visit(url)
    expect(answer.status).toBe(400)
    expect(locationOf(answer)).toBe('')
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.text).toMatch(detail)
  }

  it('for an unknown client, or none', async () => {
    await refused(urlWith({ client_id: 'unknown' }), /client_id/)
    await refused(urlWith({ client_id: null }), /client_id/)
    await refused(urlWith({ client_id: '../x' }), /client_id/)
    await refused(urlWith({ redirect_uri: null }), /redirect_uri/)
  })

  it.each([
    `${CALLBACK}/`,
    `${CALLBACK}?x=1`,
    `${CALLBACK}#x`,
    `${CALLBACK}%2f..`,
    `${CALLBACK}/../callback`,
    CALLBACK.toUpperCase(),
    CALLBACK.replace('https', 'http'),
    CALLBACK.replace('https:', ''),
    'https://acme.example',
    'https://acme.example.attacker.example/callback',
    'https://acme.example@attacker.example/callback',
    'https://attacker.example\\@acme.example/callback',
    'https://acme.example:443/callback',
    'https://acme.example./callback',
    ' https://acme.example/callback',
    'https://acme.example/callback\n',
    'https://acme.example/call%62ack',
    'https://аcme.example/callback',
    'javascript:alert(1)//https://acme.example/callback',
    'data:text/html,x',
    '//attacker.example',
    '/callback',
    'http://localhost:3000/callback',
    '*',
  ])('to %j', async (uri) => {
    await refused(urlWith({ redirect_uri: uri }), /redirect_uri/)
    // Nor with an error that could otherwise be told.
    await refused(urlWith({ redirect_uri: uri, response_type: 'token' }), /redirect_uri/)
  })

  it.each(['client_id', 'redirect_uri', 'state', 'scope', 'code_challenge', 'resource', 'prompt'])(
    'for a repeated %s (RFC 6749 §3.1)',
    async (name) => {
      const url = urlWith({ resource: 'x', prompt: 'login' })
      url.searchParams.append(name, url.searchParams.get(name) ?? '')
      await refused(url, new RegExp(`${name} is given twice`))
    },
  )
})

describe('the application is told (RFC 6749 §4.1.2.1), with state and iss (RFC 9207 §2)', () => {
  it.each([
    ['no response_type', { response_type: null }, 'invalid_request'],
    ['response_type token (RFC 9700 §2.1.2)', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type id_token', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['response_type code code', { response_type: 'code code' }, 'unsupported_response_type'],
    ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['response_mode form_post', { response_mode: 'form_post' }, 'invalid_request'],
    ['request (Core §6.1)', { request: 'a.b.c' }, 'request_not_supported'],
    ['request_uri (Core §6.2)', { request_uri: 'https://attacker.example' }, 'request_uri_not_supported'],
    [
      'no PKCE from a public client (RFC 9700 §2.1.1)',
      { code_challenge: null, code_challenge_method: null },
      'invalid_request',
    ],
    ['PKCE plain (RFC 7636 §7.2)', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method, which means plain (RFC 7636 §4.3)', { code_challenge_method: null }, 'invalid_request'],
    ['a method without code_challenge', { code_challenge: null }, 'invalid_request'],
    ['a short code_challenge', { code_challenge: 'short' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'dance' }, 'invalid_request'],
    ['prompt none beside another', { prompt: 'none login' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: '-1' }, 'invalid_request'],
    ['claims that are no JSON object', { claims: '[1]' }, 'invalid_request'],
    ['an id_token_hint that is none of ours', { id_token_hint: 'a.b.c' }, 'invalid_request'],
    ['an unknown resource (RFC 8707 §2)', { resource: 'https://elsewhere.example' }, 'invalid_target'],
    ['prompt=none with nobody signed in (Core §3.1.2.6)', { prompt: 'none' }, 'login_required'],
  ])('%s', async (_name, more, error) => {
    const { error_description, ...answer } = await told(more)
    expect(answer).toEqual({ error, state: 'the-state', iss: ISSUER })
    expect(error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  it('unauthorized_client, where the grant type is not the client’s', async () => {
    const machine = await aClient(app, { grant_types: ['client_credentials'] })
    expect((await told({}, machine)).error).toBe('unauthorized_client')
  })

  it('with no state where none came', async () => {
    expect(await told({ prompt: 'none', state: null })).not.toHaveProperty('state')
  })

  it('and a confidential client may do without PKCE if it is registered so', async () => {
    const answer = await visit(urlWith({ code_challenge: null, code_challenge_method: null }, open))
    expect(isSignIn(locationOf(answer))).toBe(true)
  })
})

describe('the answer', () => {
  it('names the issuer against mix-up (RFC 9207 §2), and keeps state exactly', async () => {
    const state = 'a b&c=d+e%2f"\u00e9'
    const { back, code, verifier } = await codeFor(client, person(app), { state })
    expect(Object.fromEntries(back.searchParams)).toEqual({ code, state, iss: ISSUER })
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })

  it('is sent with 303, never 307, from every form (RFC 9700 §4.12)', async () => {
    const who = person(app)
    const posted = await who.post('/authorize', Object.fromEntries(urlWith().searchParams))
    expect(posted.status).toBe(303)
    const page = await who.open(locationOf(posted))
    const asked = await who.submit(page, '/sign-in', { email: who.email })
    expect(asked.status).toBe(303)
    const waiting = await who.open(locationOf(asked))
    const done = await who.submit(waiting, '/sign-in/code', { typed: who.mailedCode() })
    expect(done.status).toBe(303)
    expect(locationOf(done)).toMatch(/^https:\/\/acme\.example\/callback\?code=/)
    expect(done.text).not.toContain(new URL(locationOf(done)).searchParams.get('code'))
  })

  it('keeps the query of a registered redirect_uri', async () => {
    const uri = `${CALLBACK}?tenant=1`
    const tenant = await aClient(app, { redirect_uris: [uri], require_pkce: false })
    const back = await person(app).goThrough(authorizationUrl(tenant, { redirect_uri: uri }))
    expect(back.searchParams.get('tenant')).toBe('1')
    expect(back.searchParams.get('code')).not.toBeNull()
  })
})

describe('prompt, max_age and hints (OpenID Connect Core §3.1.2.1)', () => {
  it('prompt=none with a session answers at once', async () => {
    const who = person(app)
    const first = claimsIn((await signIn(app, client, who)).id_token)
    const answer = await who.open(urlWith({ prompt: 'none' }))
    expect(locationOf(answer)).toMatch(/\?code=/)
    const again = claimsIn((await signIn(app, client, who, { prompt: 'none' })).id_token)
    expect(again).toMatchObject({ sub: first.sub, sid: first.sid, auth_time: first.auth_time })
  })

  it('without prompt a session answers at once, for another client of the project too', async () => {
    const who = person(app)
    const first = await signIn(app, client, who)
    const sent = app.outbox.length
    const other = await signIn(app, open, who)
    expect(app.outbox).toHaveLength(sent)
    expect(other.session_id).toBe(first.session_id)
    expect(claimsIn(other.id_token).aud).toBe(open.clientId)
  })

  it('prompt=login asks again whatever session there is, and leads on with a new one', async () => {
    const who = person(app)
    const first = await signIn(app, client, who)
    later(60)
    const led = await who.open(urlWith({ prompt: 'login' }))
    expect(isSignIn(locationOf(led))).toBe(true)
    const page = await who.open(locationOf(led))
    expect(page.text).not.toContain('/sign-in/go-on')
    const second = await signIn(app, client, who, { prompt: 'login' })
    expect(second.session_id).not.toBe(first.session_id)
    expect(claimsIn(second.id_token).auth_time).toBeGreaterThan(claimsIn(first.id_token).auth_time)
  })

  it('prompt=login cannot be stepped around by pressing "go on" with its sealed request', async () => {
    const who = person(app)
    await signIn(app, client, who)
    const page = await who.open(locationOf(await who.open(urlWith({ prompt: 'login' }))))
    const request = /name="request" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const answer = await who.post('/sign-in/go-on', { request })
    expect(answer.status).toBe(400)
    expect(locationOf(answer)).toBe('')
  })

  it('prompt=select_account shows who is signed in, who goes on with one press', async () => {
    const who = person(app)
    const first = await signIn(app, client, who)
    const { verifier, challenge: own } = await pkce()
    const led = await who.open(urlWith({ prompt: 'select_account', code_challenge: own }))
    expect(isSignIn(locationOf(led))).toBe(true)
    const page = await who.open(locationOf(led))
    expect(page.text).toContain(who.email)
    const on = await who.submit(page, '/sign-in/go-on')
    expect(on.status).toBe(303)
    const code = new URL(locationOf(on)).searchParams.get('code') ?? ''
    const tokens = await exchange(app, client, code, verifier)
    expect(tokens.json.session_id).toBe(first.session_id)
  })

  it('max_age lets a session of that age in, asks an older one again, and auth_time says when', async () => {
    const who = person(app)
    const first = await signIn(app, client, who)
    later(100)
    // A second may begin in between.
    expect(locationOf(await who.open(urlWith({ max_age: '105' })))).toMatch(/\?code=/)
    expect(isSignIn(locationOf(await who.open(urlWith({ max_age: '99' }))))).toBe(true)
    expect(
      new URL(locationOf(await who.open(urlWith({ max_age: '99', prompt: 'none' })))).searchParams.get('error'),
    ).toBe('login_required')
    const second = await signIn(app, client, who, { max_age: '99' })
    const { auth_time } = claimsIn(second.id_token)
    expect(auth_time - claimsIn(first.id_token).auth_time).toBeGreaterThanOrEqual(99)
  })

  it('login_hint pre-fills the address, and never sends by itself', async () => {
    const who = person(app)
    const sent = app.outbox.length
    const page = await who.open(locationOf(await who.open(urlWith({ login_hint: who.email }))))
    expect(page.text).toContain(`value="${who.email}"`)
    expect(app.outbox).toHaveLength(sent)
    const hostile = await who.open(locationOf(await who.open(urlWith({ login_hint: '"><script>alert(1)</script>' }))))
    expect(hostile.text).not.toContain('<script>alert')
  })

  it('id_token_hint of the person answers; of somebody else asks, or refuses with prompt=none', async () => {
    const [who, other] = [person(app), person(app)]
    const own = await signIn(app, client, who)
    const { id_token: theirs } = await signIn(app, client, other)
    const withHint = async (more: Record<string, string>) => locationOf(await who.open(urlWith(more)))
    expect(await withHint({ id_token_hint: own.id_token, prompt: 'none' })).toMatch(/\?code=/)
    expect(await withHint({ id_token_hint: theirs, prompt: 'none' })).toContain('error=login_required')
    const led = await withHint({ id_token_hint: theirs })
    expect(isSignIn(led)).toBe(true)
    expect((await who.open(led)).text).not.toContain('/sign-in/go-on')
  })

  it('an access token is no id_token_hint', async () => {
    const { access_token } = await signIn(app, client)
    expect((await told({ id_token_hint: access_token })).error).toBe('invalid_request')
  })

  it('the session of one project is none in another', async () => {
    const made = await app.call('POST', '/v1/projects', { name: 'Other' })
    const project = { id: made.json.id, issuer: made.json.issuer }
    const there = await aClient(app, { token_endpoint_auth_method: 'none' }, project)
    const who = person(app)
    await signIn(app, client, who)
    expect(isSignIn(locationOf(await who.open(urlWith({}, there))))).toBe(true)
    expect(locationOf(await who.open(urlWith({ prompt: 'none' }, there)))).toContain('error=login_required')
  })

  it('a code typed after the sign-in was finished elsewhere goes on with the request', async () => {
    const who = person(app)
    const { verifier, challenge: own } = await pkce()
    const page = await who.open(locationOf(await who.open(urlWith({ code_challenge: own }))))
    const waiting = await who.open(locationOf(await who.submit(page, '/sign-in', { email: who.email })))
    const typed = who.mailedCode()
    const done = await who.submit(waiting, '/sign-in/code', { typed })
    later(30)
    const first = new URL(locationOf(done)).searchParams.get('code') ?? ''
    expect((await exchange(app, client, first, verifier)).status).toBe(200)
    later(35)
    const late = await who.submit(waiting, '/sign-in/code', { typed })
    expect(late.status).toBe(303)
    const on = await who.open(locationOf(late))
    const code = new URL(locationOf(on)).searchParams.get('code') ?? ''
    expect((await exchange(app, client, code, verifier)).status).toBe(200)
  })
})

describe('scope and claims (OpenID Connect Core §5.4, §5.5)', () => {
  it('says which scopes were granted, and leaves unknown ones out', async () => {
    const tokens = await signIn(app, client, person(app), { scope: 'openid unknown email email users:read' })
    expect(tokens.scope).toBe('openid email')
    expect(claimsIn(tokens.access_token).scope).toBe('openid email')
  })

  it('gives no claim that no scope asked for', async () => {
    const tokens = await signIn(app, client, person(app), { scope: 'openid' })
    expect(claimsIn(tokens.id_token)).not.toHaveProperty('email')
    expect((await userinfo(app, tokens.access_token)).json).toEqual({ sub: claimsIn(tokens.id_token).sub })
  })

  it('gives what claims asks of userinfo and of the ID token, and leaves unknown names out', async () => {
    const who = person(app)
    const tokens = await signIn(app, client, who, {
      scope: 'openid',
      claims: JSON.stringify({
        userinfo: { email: { essential: true }, ssn: null },
        id_token: { email_verified: null, auth_time: { essential: true } },
      }),
    })
    const { sub, email_verified } = claimsIn(tokens.id_token)
    expect(email_verified).toBe(true)
    expect((await userinfo(app, tokens.access_token)).json).toEqual({ sub, email: who.email, email_verified: true })
  })

  it('no claim can replace one of ours', async () => {
    const claims = JSON.stringify({
      id_token: { sub: { value: 'user_x' }, iss: null, aud: null },
      userinfo: { sub: null },
    })
    const tokens = await signIn(app, client, person(app), { scope: 'openid', claims })
    expect(claimsIn(tokens.id_token)).toMatchObject({ iss: ISSUER, aud: client.clientId })
    expect(claimsIn(tokens.id_token).sub).toMatch(/^user_[0-9A-Za-z]{27}$/)
  })
})
