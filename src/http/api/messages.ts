/** /v1/messages: what became of each mail and SMS. */

import { Hono } from 'hono'
import { getMessage, listMessages } from '../../domain/messages/read.ts'
import type { AppEnv } from '../context.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { messagesQuery } from './schemas.ts'
import { queryOf } from './validate.ts'
import { toMessageWire } from './wire.ts'

export function messagesApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('events:read'), queryOf(messagesQuery), (c) => {
    const { deps, caller } = c.var
    const { limit, cursor, ...filter } = c.req.valid('query')
    const load = (count: number, before: string | null) => listMessages(deps, caller.project, filter, count, before)
    return answerList(c, listName('messages', caller.project.id, filter), { limit, cursor }, load, toMessageWire)
  })

  app.get('/:id', requireScope('events:read'), async (c) => {
    const message = await getMessage(c.var.deps, c.var.caller.project, c.req.param('id'))
    if (!message.ok) return toProblem(c, message.error)
    return c.json(toMessageWire(message.value), 200, { 'cache-control': 'no-store' })
  })

  return app
}

/** For cursors: one of another filter would go on in the middle of another list. */
export const listName = (list: string, projectId: string, filter: Record<string, unknown>): string =>
  `${list}:${projectId}:${JSON.stringify(filter)}`
