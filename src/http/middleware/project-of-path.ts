import { createMiddleware } from 'hono/factory'
import { getProject } from '../../domain/projects/project.ts'
import { isId } from '../../lib/ids.ts'
import type { AppEnv } from '../context.ts'
import { problem } from '../problem.ts'

/** The project that an address names: /p/<id>/…, else the first one. Its issuer, keys, clients and cookies are its own. */
export const projectOfPath = createMiddleware<AppEnv>(async (c, next) => {
  const named = c.req.param('project')
  const project = named === undefined || isId('proj', named) ? await getProject(c.var.deps, named ?? null) : null
  if (!project) return problem(c, 'not_found', 'There is no such project.')
  c.set('project', project)
  await next()
})
