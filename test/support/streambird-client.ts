/**
 * What an application of Streambird calls, as its Node SDK behaves on the wire: camelCase here, snake_case there, a
 * Bearer key, and an error that carries the answer's three fields.
 */

import { createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from 'jose'

/** An answer's fields; a test names those that it expects. */
type Json = any
type Fields = Record<string, unknown>

export const SESSION_CLAIM = 'https://streambird.io/jwt/session'

export class StreambirdError extends Error {
  override name = 'StreambirdError'
  readonly statusCode: number
  readonly errorType: string
  readonly errorMessage: string

  constructor(answer: { statusCode: number; errorType: string; errorMessage: string }) {
    super(answer.errorMessage)
    this.statusCode = answer.statusCode
    this.errorType = answer.errorType
    this.errorMessage = answer.errorMessage
  }
}

export class Streambird {
  readonly #baseUrl: string
  readonly #apiKey: string
  readonly #keys: ReturnType<typeof createRemoteJWKSet>

  /** @param baseUrl without a slash at its end; any http or https origin, a path included */
  constructor(baseUrl: string, apiKey: string) {
    this.#baseUrl = baseUrl
    this.#apiKey = apiKey
    this.#keys = createRemoteJWKSet(
      new URL(`${baseUrl}/v1/auth/jwks/default?${new URLSearchParams({ api_key: apiKey })}`),
    )
  }

  readonly magicLinks = {
    email: {
      loginOrCreate: (fields: Fields) => this.call('POST', 'magic_links/email/login_or_create', fields),
      invite: (fields: Fields) => this.call('POST', 'magic_links/email/invite', fields),
      loginStatus: (fields: Fields) => this.call('POST', 'magic_links/email/login_status', fields),
    },
    create: (fields: Fields) => this.call('POST', 'magic_links/create', fields),
    verify: (fields: Fields) => this.call('POST', 'magic_links/verify', fields),
  }

  readonly otps = {
    email: {
      loginOrCreate: (fields: Fields) => this.call('POST', 'otps/email/login_or_create', fields),
      send: (fields: Fields) => this.call('POST', 'otps/email/send', fields),
    },
    verify: (fields: Fields) => this.call('POST', 'otps/verify', fields),
  }

  readonly sessions = {
    verify: (fields: Fields) => this.call('POST', 'sessions/verify', fields),
    list: (userId: string) => this.call('GET', `sessions/list?${new URLSearchParams({ user_id: userId })}`),
    delete: (fields: Fields) => this.call('DELETE', 'sessions/delete', fields),
    /** Without a call for each: the signature by the published keys, and the session out of its claim. */
    verifyJwt: async (jwt: string): Promise<JWTVerifyResult & { session: Json }> => {
      const result = await jwtVerify(jwt, this.#keys)
      return { ...result, session: renamed(result.payload[SESSION_CLAIM], toCamel) }
    },
  }

  readonly users = {
    create: (fields: Fields) => this.call('POST', 'users/create', fields),
    search: (fields: Fields) => this.call('POST', 'users/search', fields),
    get: (id: string) => this.call('GET', `users/${id}`),
    update: (id: string, fields: Fields) => this.call('PUT', `users/${id}/update`, fields),
    delete: (id: string) => this.call('DELETE', `users/${id}/delete`),
  }

  /** @throws StreambirdError for any status but 200 and 201, which is what the SDKs take. */
  async call(method: string, path: string, fields?: Fields): Promise<Json> {
    const answer = await fetch(`${this.#baseUrl}/v1/auth/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#apiKey}`, 'content-type': 'application/json' },
      ...(fields === undefined ? {} : { body: JSON.stringify(renamed(fields, toSnake)) }),
    })
    const json = renamed(await answer.json(), toCamel) as Json
    if (answer.status !== 200 && answer.status !== 201) throw new StreambirdError(json)
    return json
  }
}

const toSnake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const toCamel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** With every field's name changed, those of fields within included. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]))
}
