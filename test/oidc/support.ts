/** A person at our pages, and an application that sends them there. */

import { expect } from 'vitest'
import { type Answer, anAddress, hiddenFields, ISSUER, type TestApp, testApp } from '../support/app.ts'

export const CALLBACK = 'https://acme.example/callback'
export const AFTER_LOGOUT = 'https://acme.example/bye'
export const PROJECT_ALONE = { id: null, issuer: ISSUER }

export type TestProject = { id: string | null; issuer: string }
export type TestClient = { id: string; clientId: string; secret: string | null; project: TestProject }

/** Without the approximate limits of an IP address: one test is hundreds of visits. */
export const oidcApp = (): TestApp => testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })

const encode = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
export const base64url = (value: string | Uint8Array) =>
  encode(typeof value === 'string' ? new TextEncoder().encode(value) : value)
export const jsonOf = (part: string): Record<string, any> =>
  JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')))
export const claimsIn = (jwt: string) => jsonOf(jwt.split('.')[1] ?? '')
export const headerOf = (jwt: string) => jsonOf(jwt.split('.')[0] ?? '')

export async function pkce() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)))
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { verifier, challenge: base64url(new Uint8Array(hash)) }
}

/** Another project than the first, made as an operator makes one. */
export async function aProject(app: TestApp): Promise<TestProject> {
  const made = await app.call('POST', '/v1/projects', { name: 'Second' })
  expect(made.status, made.text).toBe(201)
  return { id: made.json.id, issuer: made.json.issuer }
}

export const inProject = ({ id }: TestProject): Record<string, string> => (id === null ? {} : { 'x-project': id })

export async function aClient(
  app: TestApp,
  wishes: Record<string, unknown> = {},
  project: TestProject = PROJECT_ALONE,
): Promise<TestClient> {
  const body = { name: 'Acme', redirect_uris: [CALLBACK], post_logout_redirect_uris: [AFTER_LOGOUT], ...wishes }
  const made = await app.call('POST', '/v1/clients', body, { headers: inProject(project) })
  expect(made.status, made.text).toBe(201)
  return { id: made.json.id, clientId: made.json.client_id, secret: made.json.client_secret ?? null, project }
}

// --- the person -----------------------------------------------------------------------------------------------------

export type Person = ReturnType<typeof person>

/** A browser: keeps cookies, and fills in the form whose action ends so. */
export function person(app: TestApp, email = anAddress()) {
  const cookies = new Map<string, string>()
  const keep = (answer: Answer) => {
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (/max-age=0\b/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  const headers = () => ({
    accept: 'text/html',
    ...(cookies.size > 0 ? { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}),
  })
  const open = async (url: string | URL) => keep(await app.request(String(url), { headers: headers() }))
  const post = async (url: string, fields: Record<string, string>, more: Record<string, string> = {}) =>
    keep(await app.form(url, fields, { ...headers(), ...more }))
  const submit = (page: Answer, action: string, fields: Record<string, string> = {}) => {
    const forms = [...page.text.matchAll(/<form[^>]* action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
    const found = forms.find(([, target = '']) => new URL(target, ISSUER).pathname.endsWith(action))
    expect(found, `no form for ${action} in ${page.text.slice(0, 3000)}`).toBeDefined()
    const [, target = '', body = ''] = found ?? []
    return post(target.replaceAll('&amp;', '&'), { ...hiddenFields(body), ...fields })
  }
  /** The code of the newest mail to this person. */
  const mailedCode = () => {
    const mail = app.outbox.findLast(({ to }) => to === email)
    return mail?.content.kind === 'sign_in' ? (mail.content.code ?? '') : ''
  }
  /** From the sign-in page to where the person ends up. */
  const answerSignIn = async (signInUrl: string): Promise<URL> => {
    const page = await open(signInUrl)
    expect(page.status, page.text).toBe(200)
    const asked = await submit(page, '/sign-in', { email })
    expect(asked.status, asked.text).toBe(303)
    const waiting = await open(locationOf(asked))
    const done = await submit(waiting, '/sign-in/code', { typed: mailedCode() })
    expect(done.status, done.text).toBe(303)
    return new URL(locationOf(done))
  }
  return {
    email,
    cookies,
    open,
    post,
    submit,
    mailedCode,
    /** Follows an application's redirect to us; signs in if asked to. @returns the URL of the application at the end */
    async goThrough(authorizationUrl: string | URL): Promise<URL> {
      const led = await open(authorizationUrl)
      expect(led.status, led.text).toBe(303)
      const location = locationOf(led)
      return isSignIn(location) ? answerSignIn(location) : new URL(location)
    },
    answerSignIn,
  }
}

export const locationOf = (answer: Answer): string => answer.headers.get('location') ?? ''
export const isSignIn = (location: string): boolean => new URL(location).pathname.endsWith('/sign-in')

// --- the application ------------------------------------------------------------------------------------------------

/** An authorization URL with what every request has; null leaves a parameter out. */
export function authorizationUrl(client: TestClient, more: Record<string, string | null> = {}): URL {
  const url = new URL(`${client.project.issuer}/authorize`)
  const parameters: Record<string, string | null> = {
    client_id: client.clientId,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'the-state',
    nonce: 'the-nonce',
    ...more,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value)
  return url
}

export const basic = ({ clientId, secret }: TestClient): Record<string, string> =>
  secret === null ? {} : { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` }

/** A form to one of the client's OAuth endpoints, authenticated as that client. */
export const ask = (app: TestApp, client: TestClient, endpoint: string, fields: Record<string, string>) =>
  app.form(
    `${client.project.issuer}${endpoint}`,
    { ...(client.secret === null ? { client_id: client.clientId } : {}), ...fields },
    basic(client),
  )

export const exchange = (app: TestApp, client: TestClient, code: string, verifier: string | null) =>
  ask(app, client, '/oauth/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    ...(verifier === null ? {} : { code_verifier: verifier }),
  })

/** Through the pages to a code, not exchanged yet. */
export async function codeFor(
  client: TestClient,
  who: Person,
  more: Record<string, string | null> = {},
): Promise<{ code: string; verifier: string; back: URL }> {
  const { verifier, challenge } = await pkce()
  const request = { code_challenge: challenge, code_challenge_method: 'S256', ...more }
  const back = await who.goThrough(authorizationUrl(client, request))
  return { code: back.searchParams.get('code') ?? '', verifier, back }
}

export type TokenSet = {
  access_token: string
  refresh_token: string
  id_token: string
  session_id: string
  scope: string
  expires_in: number
}

export async function signIn(
  app: TestApp,
  client: TestClient,
  who: Person = person(app),
  more: Record<string, string | null> = {},
): Promise<TokenSet> {
  const { code, verifier } = await codeFor(client, who, more)
  const answer = await exchange(app, client, code, verifier)
  expect(answer.status, answer.text).toBe(200)
  return answer.json as TokenSet
}

export const refresh = (app: TestApp, client: TestClient, token: string) =>
  ask(app, client, '/oauth/token', { grant_type: 'refresh_token', refresh_token: token })

export const introspect = async (app: TestApp, client: TestClient, token: string) =>
  (await ask(app, client, '/oauth/introspect', { token })).json

export const userinfo = (app: TestApp, token: string, issuer: string = ISSUER) =>
  app.request(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })

/** What a stock library fetches with: this process. */
export const fetchOf =
  (app: TestApp) =>
  async (url: string, init: object = {}): Promise<Response> => {
    const { status, headers, text } = await app.request(url, init)
    return new Response(text, { status, headers })
  }
