/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). */

import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Idempotency } from '../domain/challenges/draw.ts'
import { encodeBase64url } from '../lib/base64url.ts'
import { utf8 } from '../lib/bytes.ts'
import { sha256 } from '../lib/digest.ts'
import type { AppEnv } from './context.ts'
import { problem } from './problem.ts'

export const MAX_KEY_LENGTH = 255

/** The key as it was sent; null if none. */
export const idempotencyKey = (c: Context<AppEnv>): string | null => c.req.header('idempotency-key') ?? null

/** A key that was ignored would make a retry unsafe without a word: one that cannot be kept is refused. */
export const checkIdempotencyKey = createMiddleware<AppEnv>(async (c, next) => {
  const key = idempotencyKey(c)
  if (key === null || (key.length > 0 && key.length <= MAX_KEY_LENGTH)) return next()
  const message = `must have 1 to ${MAX_KEY_LENGTH} characters`
  return problem(c, 'invalid_request', `Idempotency-Key: ${message}`, {
    errors: [{ path: 'Idempotency-Key', message }],
  })
})

/** With the hash of what is asked, by which a key that came with another body is told. */
export async function idempotencyOf(c: Context<AppEnv>, body: unknown): Promise<Idempotency | null> {
  const key = idempotencyKey(c)
  if (key === null) return null
  const requestHash = encodeBase64url(await sha256(utf8(`${c.req.path}\n${JSON.stringify(body)}`)))
  return { caller: c.var.caller.id, key, requestHash }
}
