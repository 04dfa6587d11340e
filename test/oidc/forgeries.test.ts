/** Forged tokens at every place that takes a JWT (RFC 8725 §3.1, §3.11; security.md T1, T2). Every bug adds one. */

import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  aClient,
  ask,
  authorizationUrl,
  base64url,
  claimsIn,
  headerOf,
  introspect,
  locationOf,
  oidcApp,
  person,
  signIn,
  type TestClient,
  type TokenSet,
  userinfo,
} from './support.ts'

const app = oidcApp()
let client: TestClient
let machine: TestClient
let tokens: TokenSet
/** Of a client alone: a key for /v1. */
let own = ''
beforeAll(async () => {
  client = await aClient(app)
  machine = await aClient(app, {
    grant_types: ['client_credentials'],
    scopes: ['users:read', 'passwordless:send', 'passwordless:verify'],
  })
  tokens = await signIn(app, client)
  own = (await ask(app, machine, '/oauth/token', { grant_type: 'client_credentials' })).json.access_token
})

type Parts = { header: Record<string, any>; payload: Record<string, any>; signature: string }
const encode = ({ header, payload, signature }: Parts) =>
  `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}.${signature}`
const parts = (token: string): Parts => ({
  header: headerOf(token),
  payload: claimsIn(token),
  signature: token.split('.')[2] ?? '',
})
/** The token with something else in its header or its claims, under its old signature. */
const withHeader = (more: Record<string, unknown>) => (token: string) =>
  encode({ ...parts(token), header: { ...headerOf(token), ...more } })
const withClaims = (more: Record<string, unknown>) => (token: string) =>
  encode({ ...parts(token), payload: { ...claimsIn(token), ...more } })
const withSignature = (signature: Uint8Array | string) => (token: string) =>
  encode({ ...parts(token), signature: typeof signature === 'string' ? signature : base64url(signature) })
const unsigned = (alg: string) => (token: string) =>
  encode({ ...parts(token), header: { ...headerOf(token), alg }, signature: '' })
const signed = async (token: string, key: CryptoKey | Uint8Array, header: Record<string, any>) =>
  new SignJWT(claimsIn(token)).setProtectedHeader({ ...headerOf(token), ...header } as { alg: string }).sign(key)
const publicJwk = async (token: string): Promise<JWK> => {
  const { keys } = (await app.request('/.well-known/jwks.json')).json
  return keys.find((key: JWK) => key.kid === headerOf(token).kid)
}
const utf8 = (text: string) => new TextEncoder().encode(text)
/** The order of P-256. */
const N = [
  0xffffffffn,
  0x00000000n,
  0xffffffffn,
  0xffffffffn,
  0xbce6faadn,
  0xa7179e84n,
  0xf3b9cac2n,
  0xfc632551n,
].reduce((sum, word) => (sum << 32n) | word, 0n)
const bytes32 = (value: bigint) =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 0xffn))

const FORGERIES: [string, (token: string) => Promise<string> | string][] = [
  ['alg none', unsigned('none')],
  ['alg None', unsigned('None')],
  ['alg nOnE', unsigned('nOnE')],
  ['alg "none "', unsigned('none ')],
  ['alg empty', unsigned('')],
  ['alg none, signature kept', withHeader({ alg: 'none' })],
  ['alg as an array', withHeader({ alg: ['ES256'] })],
  ['alg null', withHeader({ alg: null })],
  ['alg in lower case', withHeader({ alg: 'es256' })],
  ['alg ES384', withHeader({ alg: 'ES384' })],
  ['alg PS256', withHeader({ alg: 'PS256' })],
  ['alg EdDSA', withHeader({ alg: 'EdDSA' })],
  ['no alg', (token) => encode({ ...parts(token), header: { kid: headerOf(token).kid, typ: headerOf(token).typ } })],
  [
    'HS256 with the public key as it is published',
    async (token) => signed(token, utf8(JSON.stringify(await publicJwk(token))), { alg: 'HS256' }),
  ],
  [
    'HS256 with a coordinate of the public key',
    async (token) => signed(token, utf8((await publicJwk(token)).x ?? 'x'), { alg: 'HS256' }),
  ],
  ['HS256 with the kid', (token) => signed(token, utf8(headerOf(token).kid.padEnd(32)), { alg: 'HS256' })],
  ['HS256 with an empty-looking key', (token) => signed(token, new Uint8Array(32), { alg: 'HS256' })],
  ['HS512 with the issuer', (token) => signed(token, utf8(ISSUER.padEnd(64)), { alg: 'HS512' })],
  [
    'another key under our kid',
    async (token) => signed(token, (await generateKeyPair('ES256')).privateKey, { alg: 'ES256' }),
  ],
  [
    'another key, brought in the header as jwk',
    async (token) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      return signed(token, privateKey, { jwk: await exportJWK(publicKey) })
    },
  ],
  [
    'another key, brought as jwk, with no kid',
    async (token) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      return signed(token, privateKey, { jwk: await exportJWK(publicKey), kid: undefined })
    },
  ],
  [
    'another key, at an address in jku',
    async (token) =>
      signed(token, (await generateKeyPair('ES256')).privateKey, {
        jku: 'https://evil.example/jwks.json',
        kid: 'evil',
      }),
  ],
  [
    'another key, at an address in x5u',
    async (token) => signed(token, (await generateKeyPair('ES256')).privateKey, { x5u: 'https://evil.example/c.pem' }),
  ],
  [
    'another key, in x5c',
    async (token) => signed(token, (await generateKeyPair('ES256')).privateKey, { x5c: ['MIIB'] }),
  ],
  [
    'RS256 under an ES256 kid',
    async (token) => signed(token, (await generateKeyPair('RS256')).privateKey, { alg: 'RS256' }),
  ],
  ['an unknown kid', withHeader({ kid: 'unknown' })],
  ['no kid', (token) => encode({ ...parts(token), header: { alg: 'ES256', typ: headerOf(token).typ } })],
  ['kid ../x', withHeader({ kid: '../../x' })],
  ['kid /dev/null', withHeader({ kid: '/dev/null' })],
  ['kid as an address', withHeader({ kid: 'https://evil.example/key' })],
  ['kid as SQL', withHeader({ kid: "' OR 1=1 --" })],
  ['kid __proto__', withHeader({ kid: '__proto__' })],
  ['kid as an array', (token) => withHeader({ kid: [headerOf(token).kid] })(token)],
  ['kid as an object', withHeader({ kid: {} })],
  ['kid as a number', withHeader({ kid: 0 })],
  ['kid of 10 KB', withHeader({ kid: 'k'.repeat(10_000) })],
  ['crit', withHeader({ crit: ['exp'] })],
  ['crit, empty', withHeader({ crit: [] })],
  ['b64 false', withHeader({ b64: false, crit: ['b64'] })],
  ['another typ', withHeader({ typ: 'logout+jwt' })],
  ['zip', withHeader({ zip: 'DEF' })],
  ['another subject', withClaims({ sub: 'user_x' })],
  ['a later end', withClaims({ exp: 9e9 })],
  ['another audience', withClaims({ aud: ['x', 'y'] })],
  ['another issuer', withClaims({ iss: 'https://evil.example' })],
  ['more scopes', withClaims({ scope: '*' })],
  ['a signature of zeros', withSignature(new Uint8Array(64))],
  ['r and s of the order of the curve', withSignature(Uint8Array.from([...bytes32(N), ...bytes32(N)]))],
  ['r and s of one', withSignature(Uint8Array.from([...bytes32(1n), ...bytes32(1n)]))],
  ['a signature of 0xff', withSignature(new Uint8Array(64).fill(0xff))],
  ['a signature in DER', withSignature(Uint8Array.from([0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]))],
  [
    'the signature of another token',
    (token) => withSignature(parts(tokens.id_token === token ? own : tokens.id_token).signature)(token),
  ],
  ['one bit of the signature', (token) => token.replace(/.(?=.$)/, (last) => (last === 'A' ? 'Q' : 'A'))],
  ['a cut signature', (token) => token.slice(0, -20)],
  ['a signature with something behind it', (token) => `${token}AAAA`],
  ['no signature', (token) => token.slice(0, token.lastIndexOf('.'))],
  ['an empty signature', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
  ['four parts', (token) => `${token}.${parts(token).signature}`],
  ['five parts, as encrypted ones have', (token) => `${token}.x.y`],
  ['a dot in front', (token) => `.${token}`],
  ['a header that is no object', (token) => token.replace(/^[^.]+/, base64url('[]'))],
  ['a header that is no JSON', (token) => token.replace(/^[^.]+/, base64url('{'))],
  ['a header that is null', (token) => token.replace(/^[^.]+/, base64url('null'))],
  [
    'a header that says alg twice',
    (token) => token.replace(/^[^.]+/, base64url(JSON.stringify(headerOf(token)).replace('{', '{"alg":"none",'))),
  ],
  ['claims that are no object', (token) => encode({ ...parts(token), payload: [] as never })],
  ['base64 with padding', (token) => token.replace(/\./, '=.')],
  ['the header alone', (token) => token.slice(0, token.indexOf('.'))],
]

it('has more than 40 forgeries, none of them the token itself', async () => {
  expect(FORGERIES.length).toBeGreaterThan(40)
  for (const [name, forge] of FORGERIES) expect(await forge(tokens.access_token), name).not.toBe(tokens.access_token)
})

const bearer = (path: string, token: string, method = 'GET') =>
  app.request(path, { method, headers: { authorization: `Bearer ${token}` } })

describe.each(FORGERIES)('%s', (_name, forge) => {
  it('is no access token: userinfo, introspection, revocation, /v1, the dialects', async () => {
    const access = await forge(tokens.access_token)
    for (const path of ['/userinfo', `/p/proj_${'2'.repeat(27)}/userinfo`]) {
      expect([401, 404]).toContain((await bearer(path, access)).status)
    }
    expect(await introspect(app, client, access)).toEqual({ active: false })
    expect((await ask(app, client, '/oauth/revoke', { token: access })).status).toBe(200)
    expect((await userinfo(app, tokens.access_token)).status).toBe(200)
    const key = await forge(own)
    expect(await introspect(app, client, key)).toEqual({ active: false })
    expect((await bearer('/v1/users', key)).status).toBe(401)
    expect((await app.call('GET', '/v1/users', undefined, { key })).status).toBe(401)
    for (const path of ['/cis/v1/auth/link/email/authenticate', '/api/v1/passwordless/email/verify']) {
      expect((await bearer(path, key, 'POST')).status, path).toBe(401)
    }
    const grant = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect((await app.form('/oauth/token', grant, { 'x-api-key': key })).status).toBe(401)
  })

  it('is no ID token: a hint at /authorize and /logout', async () => {
    const hint = await forge(tokens.id_token)
    const answer = await person(app).open(authorizationUrl(client, { id_token_hint: hint, prompt: 'none' }))
    expect(new URL(locationOf(answer)).searchParams.get('error')).toBe('invalid_request')
    const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'https://acme.example/bye' })
    const logout = await app.request(`/logout?${query}`)
    expect([logout.status, logout.headers.get('location')]).toEqual([400, null])
    expect((await userinfo(app, tokens.access_token)).status).toBe(200)
  })

  it('is no refresh token and no grant', async () => {
    const forged = await forge(tokens.access_token)
    const fields = { grant_type: 'refresh_token', refresh_token: forged }
    expect((await ask(app, client, '/oauth/token', fields)).json.error).toBe('invalid_grant')
    const code = { grant_type: 'authorization_code', code: forged, redirect_uri: 'https://acme.example/callback' }
    expect((await ask(app, client, '/oauth/token', code)).json.error).toBe('invalid_grant')
    expect((await app.call('POST', '/v1/passwordless/verify', { token: forged })).status).toBe(400)
  })
})

it('the tokens that all of these are made from still work', async () => {
  expect((await bearer('/v1/users', own)).status).toBe(200)
  expect(await introspect(app, client, tokens.access_token)).toMatchObject({ active: true })
  const logout = await app.request(
    `/logout?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://acme.example/bye' })}`,
  )
  expect(locationOf(logout)).toBe('https://acme.example/bye')
})

it('a token that our own key of another algorithm signed names that key, or is refused', async () => {
  const rs = await aClient(app, { id_token_signed_response_alg: 'RS256' })
  const es = await signIn(app, client)
  const theirs = await signIn(app, rs)
  const mixed = encode({ ...parts(es.access_token), header: headerOf(theirs.access_token) })
  expect((await userinfo(app, mixed)).status).toBe(401)
  expect((await userinfo(app, theirs.access_token)).status).toBe(200)
  const jwk = await publicJwk(theirs.id_token)
  expect(jwk).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' })
  expect(jwk).not.toHaveProperty('d')
  expect(await importJWK(jwk, 'RS256')).toBeDefined()
})
