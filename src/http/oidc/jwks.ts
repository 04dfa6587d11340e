/** The public signing keys (RFC 7517 §5), for anyone. */

import { Hono } from 'hono'
import { publicKeys } from '../../domain/signing-keys/signing-key.ts'
import type { AppEnv } from '../context.ts'

/** Shorter than the time a new key is published before it signs (security.md T3). */
const MAX_AGE_SECONDS = 300

export function jwks() {
  const app = new Hono<AppEnv>()
  app.get('/', async (c) => {
    return c.json(await publicKeys(c.var.deps, c.var.project.id), 200, {
      'content-type': 'application/jwk-set+json',
      'cache-control': `public, max-age=${MAX_AGE_SECONDS}`,
      'access-control-allow-origin': '*',
    })
  })
  return app
}
