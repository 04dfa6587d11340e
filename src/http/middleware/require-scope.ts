import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { actFor, authenticate, mayDo, type Scope } from '../../domain/api-keys/api-key.ts'
import { ok } from '../../lib/result.ts'
import type { AppEnv } from '../context.ts'
import { problem } from '../problem.ts'

/** The project that the root key acts for. */
export const PROJECT_HEADER = 'x-project'

/** The caller's key in `x-api-key`, or as a Bearer token (RFC 6750 §2.1); never in the query. */
export function presentedKey(headers: Headers): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  return headers.get('x-api-key') ?? bearer ?? null
}

/** Lets a caller through that has this scope (`root`: the root key alone), and puts it into the context. */
export const requireScope = (scope: Scope | 'root') =>
  createMiddleware<AppEnv>(async (c, next) => {
    const key = presentedKey(c.req.raw.headers)
    const caller = key && (await authenticate(c.get('deps'), key))
    if (!caller) {
      const detail = key
        ? 'The key is not valid: unknown, revoked or expired.'
        : 'Send an API key as x-api-key: <key> or Authorization: Bearer <key>.'
      const challenge = key ? 'Bearer realm="latchkey", error="invalid_token"' : 'Bearer realm="latchkey"'
      return problem(c, 'unauthorized', detail, { headers: { 'www-authenticate': challenge } })
    }
    const wished = c.req.header(PROJECT_HEADER)
    const acting = wished === undefined ? ok(caller) : await actFor(c.get('deps'), caller, wished)
    if (!acting.ok) {
      return acting.error === 'unknown'
        ? problem(c, 'not_found', `${PROJECT_HEADER} names no project. GET /v1/projects lists them.`)
        : lacks(c, 'root', `${PROJECT_HEADER} names another project than the key's, which only the root key may.`)
    }
    if (!mayDo(caller, scope)) {
      const detail = scope === 'root' ? 'This call needs the root key.' : `This call needs the scope ${scope}.`
      return lacks(c, scope, detail)
    }
    c.set('caller', acting.value)
    await next()
  })

const lacks = (c: Context<AppEnv>, scope: Scope | 'root', detail: string) =>
  problem(c, 'insufficient_scope', detail, {
    headers: { 'www-authenticate': `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"` },
  })
