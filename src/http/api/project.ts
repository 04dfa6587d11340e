/** /v1/project */

import { Hono } from 'hono'
import { changeProject } from '../../domain/projects/project.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { projectPatch } from './schemas.ts'
import { jsonOf } from './validate.ts'
import { toProjectWire } from './wire.ts'

export function projectApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('settings:read'), (c) =>
    c.json(toProjectWire(c.var.caller.project), 200, { 'cache-control': 'no-store' }),
  )

  app.patch('/', requireScope('settings:write'), ...jsonBody(), jsonOf(projectPatch), async (c) => {
    const { name, ...patch } = c.req.valid('json')
    const changed = await changeProject(c.var.deps, c.var.caller, { ...patch, ...(name === undefined ? {} : { name }) })
    if (!changed.ok) return toProblem(c, changed.error)
    return c.json(toProjectWire(changed.value), 200, { 'cache-control': 'no-store' })
  })

  return app
}
