import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'

const ONE_YEAR = 31_536_000

/** What every answer carries; pages add their own policy. */
export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next()
  c.header('x-content-type-options', 'nosniff')
  if (!c.res.headers.has('content-security-policy')) {
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  }
  if (!c.res.headers.has('referrer-policy')) c.header('referrer-policy', 'strict-origin')
  if (c.var.deps && !c.var.deps.config.issuer.development) {
    c.header('strict-transport-security', `max-age=${ONE_YEAR}; includeSubDomains`)
  }
})
