/**
 * Redirect URIs that nearly are the registered one (security.md U1 to U4), at every place that takes one. The rule itself:
 * domain/redirect-uris.test.ts; shapes at one place each: surfaces/api/send.test.ts, oidc/authorize.test.ts.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { aClient, ask, authorizationUrl, codeFor, person, signIn, type TestClient } from '../oidc/support.ts'
import { type Answer, anAddress, testApp } from '../support/app.ts'
import { aProject, type TestProject } from '../support/project.ts'

const app = testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
const HOST = 'app.example.com'
const GOOD = `https://${HOST}/callback`

const DEVIATIONS: readonly string[] = [
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '\\\\evil.example',
  '/callback',
  'callback',
  '?x=1',
  `https:${HOST}/callback`,
  `https:/${HOST}/callback`,
  `https:///${HOST}/callback`,
  `https:\\\\${HOST}\\callback`,
  `http://${HOST}/callback`,
  `HTTPS://${HOST}/callback`,
  `https://${HOST.toUpperCase()}/callback`,
  `https://${HOST}./callback`,
  `https://${HOST}:443/callback`,
  `https://${HOST}:8443/callback`,
  `https://${HOST}:/callback`,
  `https://${HOST}@evil.example/callback`,
  `https://${HOST}:x@evil.example/callback`,
  `https://${HOST}%40evil.example/callback`,
  `https://evil@${HOST}/callback`,
  `https://@${HOST}/callback`,
  `https://evil.example\\@${HOST}/callback`,
  `https://evil.example/\\@${HOST}/callback`,
  `https://evil.example#@${HOST}/callback`,
  `https://evil.example?@${HOST}/callback`,
  `https://evil.example/${GOOD}`,
  `https://${HOST}.evil.example/callback`,
  `https://evil${HOST}/callback`,
  'https://app-example.com/callback',
  'https://xapp.example.com/callback',
  'https://sub.app.example.com/callback',
  'https://*.example.com/callback',
  'https://app.example.com%2eevil.example/callback',
  'https://аpp.example.com/callback',
  'https://app．example.com/callback',
  'https://app。example.com/callback',
  'https://ａpp.example.com/callback',
  `${GOOD}/`,
  `${GOOD}?`,
  `${GOOD}#`,
  `${GOOD}?x=1`,
  `${GOOD}#x`,
  `${GOOD};x`,
  `${GOOD}%00`,
  `${GOOD}%20`,
  `${GOOD}%0d%0alocation:https://evil.example`,
  `${GOOD}/../evil`,
  `${GOOD}/%2e%2e/evil`,
  `${GOOD}%2f..%2fevil`,
  `https://${HOST}//callback`,
  `https://${HOST}/./callback`,
  `https://${HOST}/%63allback`,
  `https://${HOST}/%2563allback`,
  `https://${HOST}/Callback`,
  `https://${HOST}/callbac`,
  ` ${GOOD}`,
  `${GOOD} `,
  `${GOOD}\n`,
  `\t${GOOD}`,
  GOOD.replace('call', 'call\n'),
  `${GOOD}\0`,
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'blob:https://app.example.com/x',
  'file:///etc/passwd',
  'about:blank',
  'http://localhost:80@evil.example/callback',
  'http://localhost.evil.example/callback',
  'http://[::1]@evil.example/callback',
  'http://127.0.0.1.evil.example/callback',
  'null',
  '*',
]

let project: TestProject
let client: TestClient
let userId = ''
let idToken = ''
beforeAll(async () => {
  project = await aProject(app, { redirect_uris: [GOOD] })
  client = await aClient(app, { redirect_uris: [GOOD], post_logout_redirect_uris: [GOOD] }, project)
  userId = (await project.ok('POST', '/v1/users', { email: anAddress() })).id
  const other = await aClient(app, { post_logout_redirect_uris: [GOOD] }, project)
  idToken = (await signIn(app, other)).id_token
})

const pkce = { code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }
const page = (path: string, init: RequestInit = {}) => app.request(`${project.issuer}${path}`, init)

/** Whoever asks with a URI that is not registered is told, and goes nowhere. */
const PLACES: Record<string, (uri: string) => Promise<Answer>> = {
  authorize: (uri) => app.request(String(authorizationUrl(client, { redirect_uri: uri, ...pkce }))),
  'authorize by POST': (uri) =>
    app.form(`${project.issuer}/authorize`, {
      ...Object.fromEntries(authorizationUrl(client, pkce).searchParams),
      redirect_uri: uri,
    }),
  'authorize, with an error that could be told': (uri) =>
    app.request(String(authorizationUrl(client, { redirect_uri: uri, response_type: 'token', ...pkce }))),
  'authorize, with prompt=none': (uri) =>
    app.request(String(authorizationUrl(client, { redirect_uri: uri, prompt: 'none', ...pkce }))),
  logout: (uri) =>
    page(`/logout?${new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: uri })}`),
  'logout with a hint': (uri) =>
    page(`/logout?${new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: uri })}`),
  send: (uri) => project.call('POST', '/v1/passwordless/send', { email: anAddress(), redirect_uri: uri }),
  'send, direct': (uri) =>
    project.call('POST', '/v1/passwordless/send', { email: anAddress(), redirect_uri: uri, link: 'direct' }),
  login_url: (uri) => project.call('POST', `/v1/users/${userId}/login_url`, { redirect_uri: uri }),
  default_login_redirect: (uri) => project.call('PATCH', '/v1/project', { default_login_redirect: uri }),
  default_registration_redirect: (uri) => project.call('PATCH', '/v1/project', { default_registration_redirect: uri }),
  'Transmit: redirect_uri': (uri) =>
    project.call('POST', '/cis/v1/auth/link/email/send', { email: anAddress(), redirect_uri: uri }),
  'Scalekit: magiclink_auth_uri': (uri) =>
    project.call('POST', '/api/v1/passwordless/email/send', { email: anAddress(), magiclink_auth_uri: uri }),
}

describe.each(Object.entries(PLACES))('%s', (name, ask_) => {
  it('takes the registered one', async () => {
    const { status, text } = await ask_(GOOD)
    const isHint = name === 'logout with a hint'
    expect(isHint ? [302, 303, 200] : [200, 201, 303], text).toContain(status)
  })

  it(`refuses ${DEVIATIONS.length} that are not, and redirects and sends nowhere`, async () => {
    const wrong: string[] = []
    for (const uri of DEVIATIONS) {
      app.outbox.length = 0
      const { status, headers } = await ask_(uri)
      if (status !== 400 || headers.get('location') !== null || app.outbox.length > 0)
        wrong.push(`${JSON.stringify(uri)}: ${status} ${headers.get('location') ?? ''}`)
    }
    expect(wrong).toEqual([])
  })
})

it('the exchange of a code', async () => {
  const { code, verifier } = await codeFor(client, person(app), { redirect_uri: GOOD })
  const exchange = (redirect_uri: string) =>
    ask(app, client, '/oauth/token', { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri })
  for (const uri of DEVIATIONS) {
    const answer = await exchange(uri)
    expect([answer.status, answer.json.error], uri).toEqual([400, 'invalid_grant'])
  }
  expect((await exchange(GOOD)).status).toBe(200)
})

it.each([
  ...DEVIATIONS.filter((uri) => !URL.canParse(uri) || !/^https?:/i.test(uri)),
  'https://*.example.com/callback',
  'https://*/callback',
  '*://app.example.com/callback',
  'https://app.example.com/*',
  'https://evil.example\\@app.example.com/callback',
  'https://user@app.example.com/callback',
  'https://app.example.com/callback#x',
  'http://app.example.com/callback',
])('%j cannot be registered at all', async (uri) => {
  for (const [method, path, body] of [
    ['PATCH', '/v1/project', { redirect_uris: [GOOD, uri] }],
    ['POST', '/v1/clients', { name: 'x', redirect_uris: [uri] }],
    ['POST', '/v1/clients', { name: 'x', post_logout_redirect_uris: [uri] }],
    ['PATCH', `/v1/clients/${client.id}`, { redirect_uris: [uri] }],
  ] as const) {
    const answer = await project.call(method, path, body)
    expect([answer.status, answer.json.code], `${path} ${answer.text}`).toEqual([400, 'invalid_request'])
  }
})
