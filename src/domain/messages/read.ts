/** What became of messages, for an operator. */

import { isId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { query, queryAll } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import type { Project } from '../projects/project.ts'
import { type MessageFilter, type MessageView, selectMessageView, selectMessageViews } from './queries.ts'

export const listMessages = (
  deps: Deps,
  project: Project,
  filter: MessageFilter,
  limit: number,
  beforeId: string | null,
): Promise<MessageView[]> => queryAll<MessageView>(selectMessageViews(deps.db, project.id, filter, limit, beforeId))

export async function getMessage(deps: Deps, project: Project, id: string): Promise<Result<MessageView, Failure>> {
  const row = isId('msg', id) ? await query<MessageView>(selectMessageView(deps.db, project.id, id)) : null
  return row ? ok(row) : failed({ reason: 'not_found', what: 'message' })
}
