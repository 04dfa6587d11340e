import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'
import { answerPage } from '../pages/answer.tsx'

/** A Worker can be reached under other names too (workers.dev, previews): a person signs in under one (security.md U5). */
export const onlyIssuerHost = createMiddleware<AppEnv>(async (c, next) => {
  const { issuer } = c.var.deps.config
  if (new URL(c.req.url).host !== issuer.host)
    return answerPage(c, { kind: 'misdirected', issuer: issuer.origin }, { status: 421 })
  await next()
})
