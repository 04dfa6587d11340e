/** Published advisories of other products about whom a mail goes to, and where a link or a redirect leads. README.md has the list. */

import { beforeAll, describe, expect, it } from 'vitest'
import { aClient, ask, authorizationUrl, codeFor, locationOf, person, type TestClient } from '../oidc/support.ts'
import { type Answer, anAddress, ISSUER, ROOT_KEY } from '../support/app.ts'
import { aProject, signInOf, type TestProject } from '../support/project.ts'
import { anApp, send, verify } from './support.ts'

const app = anApp()
const APP = 'https://app.example.com/callback'
let project: TestProject
let client: TestClient
beforeAll(async () => {
  project = await aProject(app, { redirect_uris: [APP], default_login_redirect: APP })
  client = await aClient(app, { redirect_uris: [APP], post_logout_redirect_uris: [APP] })
})

// --- addresses ------------------------------------------------------------------------------------------------------

/** Every way for an address to come in: the API, our page, two dialects. Nobody is mailed. */
async function refusedEverywhere(email: string): Promise<void> {
  app.outbox.length = 0
  const answers: Record<string, Answer> = {
    send: await project.call('POST', '/v1/passwordless/send', { email }),
    user: await project.call('POST', '/v1/users', { email }),
    suppression: await project.call('POST', '/v1/suppressions', { email }),
    page: await app.form('/sign-in', { email, nonce: 'n' }, { accept: 'text/html' }),
    transmit: await project.call('POST', '/cis/v1/auth/link/email/send', { email, redirect_uri: APP }),
    scalekit: await project.call('POST', '/api/v1/passwordless/email/send', { email, magiclink_auth_uri: APP }),
  }
  expect(Object.entries(answers).map(([name, { status }]) => [name, status])).toEqual(
    Object.keys(answers).map((name) => [name, 400]),
  )
  expect(app.outbox).toEqual([])
}

it.each([
  ['CVE-2022-35924 (next-auth): two mailboxes with a comma', 'attacker@example.org,victim@example.com'],
  ['CVE-2022-35924 (next-auth): the other order', 'victim@example.com,attacker@example.org'],
  ['GHSA-5jpx-9hw9-2fx4 (next-auth): a quoted local part with an @', '"e@attacker.com"@victim.com'],
  ['CVE-2026-73420: U+FF20 for the @', 'victim＠example.com'],
  ['CVE-2026-73420: U+FF20 beside an @', 'attacker＠example.org@example.com'],
  ['CVE-2025-13033 (nodemailer): mailed to the quoted part', '"xclow3n@gmail.com x"@internal.domain'],
  ['CVE-2026-92598: UTS-46 makes another domain of it', 'victim@exａmple.com'],
  ['CVE-2026-92598: an ideographic full stop for the dot', 'victim@example。com'],
  ['CVE-2025-14874 (nodemailer): nested groups', `${'g:'.repeat(40)}a@example.com`],
  ['CVE-2025-14874 (nodemailer): nested comments', `${'('.repeat(80)}${')'.repeat(80)}a@example.com`],
])('%s', async (_name, email) => {
  await refusedEverywhere(email)
})

it('CVE-2019-19844 (Django), GitHub 2016: an address with a dotless i is nobody else’s, and mail goes where it is stored', async () => {
  const victim = await project.ok('POST', '/v1/users', { email: `mike.${crypto.randomUUID().slice(0, 8)}@github.com` })
  await refusedEverywhere(victim.email.replace('i', 'ı'))
  await refusedEverywhere(victim.email.replace('k', '\u212a'))
  // In a domain it is a domain of its own.
  app.outbox.length = 0
  const sent = await project.sent({ email: victim.email.replace('github', 'gıthub') })
  expect(sent.user_id).not.toBe(victim.id)
  expect(app.outbox.map(({ to }) => to)).toEqual([victim.email.replace('github.com', 'xn--gthub-n4a.com')])
})

it('CVE-2026-15617 (Logto): spellings that differ in case are one user', async () => {
  const email = anAddress()
  const spellings = [email, email.toUpperCase(), email.replace('p', 'P'), email.replace('example', 'EXAMPLE')]
  const made = await Promise.all(spellings.map((each) => project.call('POST', '/v1/users', { email: each })))
  expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
  const ids = await Promise.all(spellings.map(async (each) => (await project.sent({ email: each })).user_id))
  expect(new Set(ids).size).toBe(1)
})

it('CVE-2022-31127 (next-auth): an address is not markup in a mail, and a line break makes no header', async () => {
  await refusedEverywhere('"<a href=//evil.example>"@example.com')
  await refusedEverywhere('victim@example.com\r\nBcc: eve@evil.example')
  const email = anAddress()
  await project.sent({ email })
  expect(JSON.stringify(app.outbox.at(-1)?.content)).not.toContain(email)
})

// --- redirects ------------------------------------------------------------------------------------------------------

/** Every way for a redirect URI to come in. Nobody is redirected, and nothing sent. */
async function refusedRedirect(uri: string): Promise<void> {
  app.outbox.length = 0
  const pkce = { code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }
  const { id } = await project.ok('POST', '/v1/users', { email: anAddress() })
  const answers: Record<string, Answer> = {
    authorize: await app.request(String(authorizationUrl(client, { redirect_uri: uri, ...pkce }))),
    'authorize, with an error': await app.request(
      String(authorizationUrl(client, { redirect_uri: uri, response_type: 'token' })),
    ),
    logout: await app.request(
      `/logout?${new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: uri })}`,
    ),
    send: await project.call('POST', '/v1/passwordless/send', { email: anAddress(), redirect_uri: uri }),
    direct: await project.call('POST', '/v1/passwordless/send', {
      email: anAddress(),
      redirect_uri: uri,
      link: 'direct',
    }),
    login_url: await project.call('POST', `/v1/users/${id}/login_url`, { redirect_uri: uri }),
    'default of the project': await project.call('PATCH', '/v1/project', { default_login_redirect: uri }),
    transmit: await project.call('POST', '/cis/v1/auth/link/email/send', { email: anAddress(), redirect_uri: uri }),
    scalekit: await project.call('POST', '/api/v1/passwordless/email/send', {
      email: anAddress(),
      magiclink_auth_uri: uri,
    }),
  }
  expect(Object.entries(answers).map(([name, { status, headers }]) => [name, status, headers.get('location')])).toEqual(
    Object.keys(answers).map((name) => [name, 400, null]),
  )
  expect(app.outbox).toEqual([])
}

it.each([
  ['CVE-2023-6291 (Keycloak): a user name before the host', 'https://app.example.com@evil.example/callback'],
  ['CVE-2024-1132 (Keycloak): dot segments', 'https://app.example.com/callback/../../admin'],
  ['CVE-2024-1132 (Keycloak): encoded dot segments', 'https://app.example.com/callback/%2e%2e/admin'],
  ['CVE-2024-8883 (Keycloak): a loopback host as user name', 'http://localhost:80@evil.example/callback'],
  ['CVE-2024-8883 (Keycloak): 127.0.0.1 as user name', 'http://127.0.0.1@evil.example/callback'],
  ['CVE-2022-3782 (Keycloak): double encoding', 'https://app.example.com/callback%252f..%252fadmin'],
  ['CVE-2026-3872 (Keycloak), not the registered one: a longer path', 'https://app.example.com/callback/more'],
  ['CVE-2026-7504 (Keycloak), not the registered one: another query', 'https://app.example.com/callback?x=1'],
  ['CVE-2024-52289 (authentik): any character for a dot', 'https://appxexample.com/callback'],
  ['CVE-2024-52289 (authentik): a longer host', 'https://app.example.com.evil.example/callback'],
  ['CVE-2024-56734 (better-auth): a host behind two slashes', '//evil.example/callback'],
  ['CVE-2025-27143 (better-auth): a backslash for a slash', '/\\evil.example/callback'],
  ['CVE-2025-71403 (better-auth): a tab between slashes', '/\t/evil.example/callback'],
  ['CVE-2026-83589 (oauth-proxy): a backslash before the host', 'https://evil.example\\@app.example.com/callback'],
  ['CVE-2026-67333: a script', 'javascript:alert(1)//https://app.example.com/callback'],
  ['CVE-2026-67333: a script in other letters', ' JaVaScRiPt:alert(1)'],
  ['CVE-2026-67333: data', 'data:text/html,<script>alert(1)</script>'],
])('%s', async (_name, uri) => {
  await refusedRedirect(uri)
})

it('CVE-2025-4143 (workers-oauth-provider): the redirect URI is judged at /authorize, not at the exchange alone', async () => {
  const answer = await person(app).open(authorizationUrl(client, { redirect_uri: 'https://evil.example/callback' }))
  expect([answer.status, locationOf(answer)]).toEqual([400, ''])
  // And at the exchange it is the same one.
  const { code, verifier } = await codeFor(client, person(app), { redirect_uri: APP })
  const fields = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const other = await ask(app, client, '/oauth/token', { ...fields, redirect_uri: 'https://evil.example/callback' })
  expect(other.json.error).toBe('invalid_grant')
  expect((await ask(app, client, '/oauth/token', { ...fields, redirect_uri: APP })).status).toBe(200)
})

it('CVE-2026-121802 (better-auth/expo): we seal no state of a caller’s making, and open none of another project', async () => {
  const led = await app.request(
    String(
      authorizationUrl(client, { redirect_uri: APP, code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }),
    ),
  )
  const request = new URL(locationOf(led)).searchParams.get('request') ?? ''
  const forged = btoa(JSON.stringify({ clientId: client.clientId, redirectUri: 'https://evil.example' })).replaceAll(
    '=',
    '',
  )
  for (const path of [`/sign-in?request=${forged}`, `/p/${project.id}/sign-in?request=${request}`]) {
    expect((await app.request(path, { headers: { accept: 'text/html' } })).status).toBe(400)
  }
})

// --- links in mails -------------------------------------------------------------------------------------------------

describe.each([
  ['GHSA-3529-5m8x-rpv3 (Supabase): X-Forwarded-Host', { 'x-forwarded-host': 'evil.example' }],
  ['GHSA-2wmj-46rj-qm2w (ZITADEL): Forwarded', { forwarded: 'host=evil.example;proto=https' }],
  [
    'CVE-2026-29067 (ZITADEL): X-Forwarded-Host, -Proto and -Port',
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '8443' },
  ],
  [
    'CVE-2025-70948 (couch-auth): Host',
    { host: 'evil.example', 'x-host': 'evil.example', 'x-original-host': 'evil.example' },
  ],
] as [string, Record<string, string>][])('%s makes no link', (_name, headers) => {
  it('by the API, minted, and on our page', async () => {
    app.outbox.length = 0
    const sent = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true }, { headers })
    const login = await app.call('POST', `/v1/users/${sent.json.user_id}/login_url`, {}, { headers })
    const again = await app.call('POST', '/v1/passwordless/resend', { id: sent.json.id }, { headers })
    expect([sent.status, login.status, again.status]).toEqual([201, 200, 201])
    await app.form('/sign-in', { email: anAddress(), nonce: 'n' }, { accept: 'text/html', ...headers })
    const links = [sent.json.link, login.json.login_url, ...app.outbox.map((mail) => signInOf(mail).link)]
    expect(links).toHaveLength(5)
    for (const link of links) expect(link).toMatch(new RegExp(`^${ISSUER}/auth/magic-link\\?code=[\\w-]{99}$`))
    expect(JSON.stringify(app.outbox)).not.toContain('evil')
  })
})

// --- what a page shows ----------------------------------------------------------------------------------------------

it('GO-2026-4861 (Ory Hydra, XSS by error_hint): what a URL says is text on our pages', async () => {
  const xss = '"><script>alert(1)</script>'
  const query = new URLSearchParams({
    error: xss,
    error_hint: xss,
    error_description: xss,
    login_hint: xss,
    ui_locales: xss,
    state: xss,
  })
  const pages = [
    await app.request(`/authorize?client_id=${encodeURIComponent(xss)}&${query}`),
    await app.request(`${authorizationUrl(client, { redirect_uri: xss })}&${query}`),
    await app.request(`/sign-in?email=${encodeURIComponent(xss)}&request=${encodeURIComponent(xss)}`),
    await app.request(`/sign-in?email=${encodeURIComponent(xss)}`),
    await app.request(`/auth/magic-link?code=${encodeURIComponent(xss)}`),
    await app.request(
      `/logout?client_id=${encodeURIComponent(xss)}&post_logout_redirect_uri=${encodeURIComponent(xss)}`,
    ),
    await app.form('/sign-in', { email: xss, nonce: xss }, { accept: 'text/html' }),
  ]
  for (const { text, headers } of pages) {
    expect(text).not.toContain('<script>alert')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  }
})

it('Hanko PR #2279: no event and no message tells a code or a link', async () => {
  const { code, token, id } = await send(app)
  await verify(app, { id, code })
  for (const path of ['/v1/events?limit=100', '/v1/messages?limit=100', `/v1/passwordless/${id}`]) {
    const { text } = await app.call('GET', path, undefined, { key: ROOT_KEY })
    expect(text).not.toContain(token)
    expect(text).not.toMatch(new RegExp(`[":]${code}[",]`))
  }
})
