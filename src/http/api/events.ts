/** /v1/events: the audit trail. */

import { Hono } from 'hono'
import { queryAll } from '../../domain/database.ts'
import { type EventRow, selectEvents } from '../../domain/events/queries.ts'
import type { AppEnv } from '../context.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { answerList } from './list.ts'
import { listName } from './messages.ts'
import { eventsQuery } from './schemas.ts'
import { queryOf } from './validate.ts'
import { toEventWire } from './wire.ts'

export function eventsApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('events:read'), queryOf(eventsQuery), (c) => {
    const { deps, caller } = c.var
    const { limit, cursor, ...filter } = c.req.valid('query')
    const load = (count: number, before: string | null) =>
      queryAll<EventRow>(selectEvents(deps.db, caller.project.id, filter, count, before))
    return answerList(c, listName('events', caller.project.id, filter), { limit, cursor }, load, toEventWire)
  })

  return app
}
