import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'
import { answerPage } from '../pages/answer.tsx'

/** A form counts only from our own page: absent and null origins are refused too (security.md H2). */
export const sameOrigin = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.header('origin') !== c.var.deps.config.issuer.origin)
    return answerPage(c, { kind: 'foreign_form' }, { status: 403 })
  await next()
})
