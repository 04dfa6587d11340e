/** /v1/projects: the root key's alone. With `x-project` it does everything else for one of them. */

import { Hono } from 'hono'
import { changeProjectById, createProject, deleteProject, listProjects } from '../../domain/projects/manage.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { createProjectBody, patchProjectBody } from './client-schemas.ts'
import { answerList } from './list.ts'
import { pageQuery } from './schemas.ts'
import { jsonOf, queryOf } from './validate.ts'
import { toProjectWire } from './wire.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export function projectsApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('root'), queryOf(pageQuery), (c) => {
    const load = (count: number, before: string | null) => listProjects(c.var.deps, count, before)
    return answerList(c, 'projects', c.req.valid('query'), load, toProjectWire)
  })

  app.post('/', requireScope('root'), ...jsonBody(), jsonOf(createProjectBody), async (c) => {
    const created = await createProject(c.var.deps, c.var.caller, c.req.valid('json').name)
    return c.json(toProjectWire(created), 201, NO_STORE)
  })

  app.patch('/:id', requireScope('root'), ...jsonBody(), jsonOf(patchProjectBody), async (c) => {
    const { name, ...settings } = c.req.valid('json')
    const patch = { ...settings, ...(name === undefined ? {} : { name }) }
    const changed = await changeProjectById(c.var.deps, c.var.caller, c.req.param('id'), patch)
    return changed.ok ? c.json(toProjectWire(changed.value), 200, NO_STORE) : toProblem(c, changed.error)
  })

  app.delete('/:id', requireScope('root'), async (c) => {
    const deleted = await deleteProject(c.var.deps, c.var.caller, c.req.param('id'))
    return deleted.ok ? c.body(null, 204) : toProblem(c, deleted.error)
  })

  return app
}
