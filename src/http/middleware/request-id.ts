import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'

/** Every answer names its request, so that a person's report leads to one log line. A caller's own id is not taken. */
export const requestId = createMiddleware<AppEnv>(async (c, next) => {
  const id = `req_${crypto.randomUUID().replaceAll('-', '')}`
  c.set('requestId', id)
  await next()
  // `securityHeaders` follows, and leaves headers that can be set.
  c.res.headers.set('x-request-id', id)
})
