/** /v1/suppressions: addresses that nothing is sent to. */

import { Hono } from 'hono'
import { getSuppression, lift, listSuppressions, suppress } from '../../domain/suppressions/suppression.ts'
import { parseEmailAddress } from '../../domain/users/address.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { problem, toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { pageQuery, suppressionBody } from './schemas.ts'
import { jsonOf, queryOf } from './validate.ts'
import { toSuppressionWire } from './wire.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export function suppressionsApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('events:read'), queryOf(pageQuery), (c) => {
    const { deps, caller } = c.var
    const load = (count: number, before: string | null) => listSuppressions(deps, caller.project, count, before)
    return answerList(c, `suppressions:${caller.project.id}`, c.req.valid('query'), load, toSuppressionWire)
  })

  app.post('/', requireScope('settings:write'), ...jsonBody(), jsonOf(suppressionBody), async (c) => {
    const row = await suppress(c.var.deps, c.var.caller, c.req.valid('json').email)
    return c.json(toSuppressionWire(row), 201, NO_STORE)
  })

  app.get('/:email', requireScope('events:read'), async (c) => {
    const email = parseEmailAddress(c.req.param('email'))
    if (!email.ok) return notFound(c)
    const row = await getSuppression(c.var.deps, c.var.caller.project, email.value)
    return row.ok ? c.json(toSuppressionWire(row.value), 200, NO_STORE) : toProblem(c, row.error)
  })

  app.delete('/:email', requireScope('settings:write'), async (c) => {
    const email = parseEmailAddress(c.req.param('email'))
    if (!email.ok) return notFound(c)
    const lifted = await lift(c.var.deps, c.var.caller, email.value)
    return lifted.ok ? c.body(null, 204) : toProblem(c, lifted.error)
  })

  return app
}

const notFound = (c: Parameters<typeof problem>[0]) =>
  problem(c, 'not_found', 'There is no such suppression in this project.')
