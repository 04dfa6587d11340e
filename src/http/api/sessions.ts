/** /v1/sessions */

import { Hono } from 'hono'
import { endSession, getSession } from '../../domain/sessions/revoke.ts'
import type { AppEnv } from '../context.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { toSessionWire } from './wire.ts'

export function sessionsApi() {
  const app = new Hono<AppEnv>()

  app.get('/:id', requireScope('sessions:read'), async (c) => {
    const session = await getSession(c.var.deps, c.var.caller.project, c.req.param('id'))
    if (!session.ok) return toProblem(c, session.error)
    return c.json(toSessionWire(session.value), 200, { 'cache-control': 'no-store' })
  })

  app.delete('/:id', requireScope('sessions:write'), async (c) => {
    const ended = await endSession(c.var.deps, c.var.caller.project, c.req.param('id'))
    return ended.ok ? c.body(null, 204) : toProblem(c, ended.error)
  })

  return app
}
