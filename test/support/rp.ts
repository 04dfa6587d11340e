/** A relying party with three pages: begins at /login, finishes at /callback, and says who signed in. Knows OpenID Connect and no more. */

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DevServer, Json } from './server.ts'

export type SignedInAt = {
  email: string
  accessToken: string
  idToken: string
  claims: Json
}

export type RelyingParty = {
  name: string
  clientId: string
  origin: string
  /** Where a person begins; the query goes on to /authorize (`prompt`, `login_hint`, `ui_locales`, …). */
  login: string
  callback: string
  /** Registered as post_logout_redirect_uri. */
  bye: string
  /** Who came back signed in, oldest first. */
  people: SignedInAt[]
  /** Errors that came to /callback or from /oauth/token. */
  refusals: string[]
  of(email: string): SignedInAt[]
  userinfo(person: SignedInAt): Promise<number>
  stop(): Promise<void>
}

const COOKIE = 'rp_begun'
const random = () => randomBytes(32).toString('base64url')

/** @param authMethod of the client, made over /v1/clients */
export async function startRelyingParty(
  server: DevServer,
  { name = 'Acme', authMethod = 'none' }: { name?: string; authMethod?: 'none' | 'client_secret_basic' } = {},
): Promise<RelyingParty> {
  /** By state: several sign-ins may have begun at once. The cookie binds each to the browser that began it. */
  const begun = new Map<string, { verifier: string; nonce: string }>()
  const people: SignedInAt[] = []
  const refusals: string[] = []
  let client: { client_id: string; client_secret?: string } = { client_id: '' }
  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      refusals.push(String(error))
      show(response, 500, 'The relying party failed', String(error))
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const callback = `${origin}/callback`
  const bye = `${origin}/bye`
  client = await server.api('/v1/clients', {
    name,
    redirect_uris: [callback],
    post_logout_redirect_uris: [bye],
    token_endpoint_auth_method: authMethod,
  })
  if (!client.client_id) throw new Error(`no client: ${JSON.stringify(client)}`)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    switch (url.pathname) {
      case '/login':
        return begin(url.searchParams, response)
      case '/callback':
        return finish(url.searchParams, cookieOf(request), response)
      case '/bye':
        return show(response, 200, 'Signed out', `state: ${url.searchParams.get('state') ?? ''}`)
      default:
        response.writeHead(204).end()
    }
  }

  function begin(extra: URLSearchParams, response: ServerResponse): void {
    const state = random()
    const verifier = random()
    const nonce = random()
    begun.set(state, { verifier, nonce })
    const query = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid email profile',
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...Object.fromEntries(extra),
    })
    response.writeHead(303, {
      location: `${server.origin}/authorize?${query}`,
      'set-cookie': `${COOKIE}_${state.slice(0, 8)}=${state}; HttpOnly; SameSite=Lax; Path=/`,
    })
    response.end()
  }

  async function finish(query: URLSearchParams, cookie: string, response: ServerResponse): Promise<void> {
    const state = query.get('state') ?? ''
    const own = begun.get(state)
    const error = query.get('error')
    if (error) return refuse(response, error)
    // Like any application that is safe against login CSRF: what another browser began is refused.
    if (!own || !cookie.includes(state)) return refuse(response, 'state')
    if (query.get('iss') !== server.origin) return refuse(response, 'iss')
    const exchanged = await exchange(query.get('code') ?? '', own.verifier)
    if (!exchanged.access_token) return refuse(response, exchanged.error ?? 'no token')
    const [, payload = ''] = String(exchanged.id_token).split('.')
    const claims: Json = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (claims.nonce !== own.nonce || claims.aud !== client.client_id) return refuse(response, 'nonce or aud')
    people.push({ email: claims.email, accessToken: exchanged.access_token, idToken: exchanged.id_token, claims })
    show(response, 200, `Signed in as ${claims.email}`, '')
  }

  async function exchange(code: string, verifier: string): Promise<Json> {
    const basic = `${encodeURIComponent(client.client_id)}:${encodeURIComponent(client.client_secret ?? '')}`
    const answered = await fetch(`${server.origin}/oauth/token`, {
      method: 'POST',
      headers: client.client_secret ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` } : {},
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: callback,
        code_verifier: verifier,
        ...(client.client_secret ? {} : { client_id: client.client_id }),
      }),
    })
    return answered.json()
  }

  function refuse(response: ServerResponse, reason: string): void {
    refusals.push(reason)
    show(response, 400, 'Refused', reason)
  }

  return {
    name,
    clientId: client.client_id,
    origin,
    login: `${origin}/login`,
    callback,
    bye,
    people,
    refusals,
    of: (email) => people.filter((person) => person.email === email),
    userinfo: async ({ accessToken }) =>
      (await fetch(`${server.origin}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
    stop: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

const cookieOf = (request: IncomingMessage): string => request.headers.cookie ?? ''

function show(response: ServerResponse, status: number, heading: string, text: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><title>${heading}</title><h1>${heading}</h1><p>${text}</p>`)
}
