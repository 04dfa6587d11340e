import { createMiddleware } from 'hono/factory'
import { actFor } from '../../domain/api-keys/api-key.ts'
import type { Vendor } from '../../env.ts'
import type { AppEnv } from '../context.ts'
import { problem } from '../problem.ts'

/** The routes of a vendor that `DIALECTS` does not name are not there. */
export const onlyIfSpoken = (vendor: Vendor) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (c.var.deps.config.dialects.includes(vendor)) return next()
    // Not `c.notFound()`, which would say which methods the routes take.
    return problem(c, 'not_found', 'There is nothing at this address. GET /openapi.json lists what there is.')
  })

/**
 * A back end's calls at /p/<id>/… are for that project: the root key acts for any, every other caller for its own alone, and
 * learns nothing of others. Follows `requireScope`.
 */
export const callerOfPath = createMiddleware<AppEnv>(async (c, next) => {
  const named = c.req.param('project')
  if (named === undefined) return next()
  const acting = await actFor(c.var.deps, c.var.caller, named)
  if (!acting.ok) return problem(c, 'unauthorized', 'This is not a key or token of the project of this address.')
  c.set('caller', acting.value)
  await next()
})
