/** OpenID Connect RP-Initiated Logout 1.0. */

import { beforeAll, describe, expect, it } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  AFTER_LOGOUT,
  aClient,
  aProject,
  authorizationUrl,
  isSignIn,
  locationOf,
  oidcApp,
  type Person,
  person,
  refresh,
  signIn,
  type TestClient,
  userinfo,
} from './support.ts'

const app = oidcApp()
let client: TestClient
let other: TestClient
beforeAll(async () => {
  client = await aClient(app)
  other = await aClient(app, { post_logout_redirect_uris: ['https://other.example/bye'] })
})

const SIGNED_OUT = `${ISSUER}/account/signed-out`
const logoutUrl = (parameters: Record<string, string>, issuer = ISSUER) =>
  `${issuer}/logout?${new URLSearchParams(parameters)}`
const isSignedIn = async (who: Person) =>
  !isSignIn(
    locationOf(
      await who.open(authorizationUrl(client, { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })),
    ),
  )

describe('logout with an ID token of this session (§2)', () => {
  it('signs out at once, ends the tokens, and leads on with state (§3)', async () => {
    const who = person(app)
    const tokens = await signIn(app, client, who)
    const answer = await who.open(
      logoutUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER_LOGOUT, state: 'a b&c' }),
    )
    expect(answer.status).toBe(303)
    const target = new URL(locationOf(answer))
    expect(target.origin + target.pathname).toBe(AFTER_LOGOUT)
    expect(Object.fromEntries(target.searchParams)).toEqual({ state: 'a b&c' })
    expect([...who.cookies.keys()].some((name) => name.includes('session'))).toBe(false)
    expect(await isSignedIn(who)).toBe(false)
    expect((await userinfo(app, tokens.access_token)).status).toBe(401)
    expect((await refresh(app, client, tokens.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('by POST, and with no address to go on to', async () => {
    const who = person(app)
    const { id_token } = await signIn(app, client, who)
    const answer = await who.post('/logout', { id_token_hint: id_token, client_id: client.clientId })
    expect([answer.status, locationOf(answer)]).toEqual([303, SIGNED_OUT])
    expect((await who.open(SIGNED_OUT)).status).toBe(200)
    expect(await isSignedIn(who)).toBe(false)
  })
})

describe('logout without one', () => {
  const ending = async (parameters: Record<string, string>) => {
    const who = person(app)
    const own = await signIn(app, client, who)
    const page = await who.open(logoutUrl(parameters))
    return { who, own, page }
  }

  it('asks, and signs out when the person says so', async () => {
    const { who, own, page } = await ending({})
    expect(page.status).toBe(200)
    expect(await isSignedIn(who)).toBe(true)
    const answer = await who.submit(page, '/logout/confirmed')
    expect([answer.status, locationOf(answer)]).toEqual([303, SIGNED_OUT])
    expect(await isSignedIn(who)).toBe(false)
    expect((await userinfo(app, own.access_token)).status).toBe(401)
  })

  it('leads on after that, with client_id', async () => {
    const parameters = { client_id: client.clientId, post_logout_redirect_uri: AFTER_LOGOUT, state: 's' }
    const { who, page } = await ending(parameters)
    expect(page.status).toBe(200)
    expect(locationOf(await who.submit(page, '/logout/confirmed'))).toBe(`${AFTER_LOGOUT}?state=s`)
  })

  it('asks with a hint of somebody else, and with one that is forged', async () => {
    const theirs = await signIn(app, client)
    for (const hint of [theirs.id_token, `${theirs.id_token.slice(0, -8)}AAAAAAAA`, theirs.access_token, 'junk']) {
      const { who, own, page } = await ending({ id_token_hint: hint })
      expect(page.status).toBe(200)
      expect(await isSignedIn(who)).toBe(true)
      expect((await userinfo(app, own.access_token)).status).toBe(200)
    }
    expect((await userinfo(app, theirs.access_token)).status).toBe(200)
  })

  it('does nothing on the confirmation from another site (CSRF)', async () => {
    const { who, page } = await ending({})
    for (const origin of ['https://attacker.example', 'null', `${ISSUER}.attacker.example`]) {
      const answer = await who.post('/logout/confirmed', {}, { origin })
      expect(answer.status).toBe(403)
    }
    expect(await isSignedIn(who)).toBe(true)
    // Nor does a forged target lead anywhere.
    const answer = await who.submit(page, '/logout/confirmed', { target: 'https://attacker.example' })
    expect(locationOf(answer)).toBe(SIGNED_OUT)
  })

  it('the page may not be framed', async () => {
    const { page } = await ending({})
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })
})

describe('post_logout_redirect_uri (§3)', () => {
  it.each([
    `${AFTER_LOGOUT}/`,
    `${AFTER_LOGOUT}?x=1`,
    AFTER_LOGOUT.replace('https', 'http'),
    'https://acme.example',
    'https://acme.example@attacker.example/bye',
    'https://attacker.example',
    'https://other.example/bye',
    'javascript:alert(1)',
    '//attacker.example',
  ])('is compared exactly: %s', async (uri) => {
    const who = person(app)
    const tokens = await signIn(app, client, who)
    const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: uri }
    for (const more of [{}, { client_id: client.clientId }]) {
      const answer = await who.open(logoutUrl({ ...parameters, ...more }))
      expect([answer.status, locationOf(answer)]).toEqual([400, ''])
    }
    expect(await isSignedIn(who)).toBe(true)
  })

  it('of another client than the hint’s is refused, though it is registered there', async () => {
    const who = person(app)
    const { id_token } = await signIn(app, client, who)
    const answer = await who.open(
      logoutUrl({
        id_token_hint: id_token,
        client_id: other.clientId,
        post_logout_redirect_uri: 'https://other.example/bye',
      }),
    )
    expect([answer.status, locationOf(answer)]).toEqual([400, ''])
    expect(await isSignedIn(who)).toBe(true)
  })

  it('of nobody in particular is refused', async () => {
    const answer = await person(app).open(logoutUrl({ post_logout_redirect_uri: AFTER_LOGOUT }))
    expect([answer.status, locationOf(answer)]).toEqual([400, ''])
  })

  it('of another project’s client is refused', async () => {
    const project = await aProject(app)
    const parameters = { client_id: client.clientId, post_logout_redirect_uri: AFTER_LOGOUT }
    const answer = await person(app).open(logoutUrl(parameters, project.issuer))
    expect([answer.status, locationOf(answer)]).toEqual([400, ''])
  })
})

it('a second logout, with nobody signed in, leads on all the same', async () => {
  const who = person(app)
  const { id_token } = await signIn(app, client, who)
  const url = logoutUrl({ id_token_hint: id_token, post_logout_redirect_uri: AFTER_LOGOUT })
  expect(locationOf(await who.open(url))).toBe(AFTER_LOGOUT)
  expect(locationOf(await who.open(url))).toBe(AFTER_LOGOUT)
})
