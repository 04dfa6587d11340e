/** /v1/api_keys */

import { Hono } from 'hono'
import { createApiKey, deleteApiKey, listApiKeys } from '../../domain/api-keys/api-key.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { createApiKeyBody, pageQuery } from './schemas.ts'
import { jsonOf, queryOf } from './validate.ts'
import { toApiKeyWire } from './wire.ts'

export function apiKeysApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('keys:write'), queryOf(pageQuery), (c) => {
    const { deps, caller } = c.var
    const load = (count: number, before: string | null) => listApiKeys(deps, caller.project, count, before)
    return answerList(c, `api_keys:${caller.project.id}`, c.req.valid('query'), load, toApiKeyWire)
  })

  app.post('/', requireScope('keys:write'), ...jsonBody(), jsonOf(createApiKeyBody), async (c) => {
    const { name, scopes, expires_at } = c.req.valid('json')
    const created = await createApiKey(c.var.deps, c.var.caller, { name, scopes, expiresAt: expires_at })
    if (!created.ok) return toProblem(c, created.error)
    const answer = { ...toApiKeyWire(created.value.apiKey), key: created.value.key }
    return c.json(answer, 201, { 'cache-control': 'no-store' })
  })

  app.delete('/:id', requireScope('keys:write'), async (c) => {
    const deleted = await deleteApiKey(c.var.deps, c.var.caller, c.req.param('id'))
    return deleted.ok ? c.body(null, 204) : toProblem(c, deleted.error)
  })

  return app
}
