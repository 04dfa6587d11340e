import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'

const ONE_YEAR = 31_536_000

/** What every answer carries; pages add their own policy. */
export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next()
  // Makes the answer anew, with headers that can be set; so only once.
  c.header('x-content-type-options', 'nosniff')
  const { headers } = c.res
  if (!headers.has('content-security-policy')) {
    headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  }
  if (!headers.has('referrer-policy')) headers.set('referrer-policy', 'strict-origin')
  // `c.var` makes an object of all of them each time; this is for every request.
  const deps = c.get('deps')
  if (deps && !deps.config.issuer.development) {
    headers.set('strict-transport-security', `max-age=${ONE_YEAR}; includeSubDomains`)
  }
})
