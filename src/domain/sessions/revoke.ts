/** Ending sessions: a mark, which every check at our endpoints sees at once. */

import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import type { Project } from '../projects/project.ts'
import { revokeSession, revokeSessionsOfUser, type SessionRow, selectSession, selectSessionsOfUser } from './queries.ts'
import { type Session, toSession } from './session.ts'

export async function getSession(deps: Deps, project: Project, id: string): Promise<Result<Session, Failure>> {
  const row = isId('sess', id) ? await query<SessionRow>(selectSession(deps.db, project.id, id)) : null
  return row ? ok(toSession(deps, row)) : failed({ reason: 'not_found', what: 'session' })
}

/** Revoking twice is the same as once. */
export async function endSession(deps: Deps, project: Project, id: string): Promise<Result<null, Failure>> {
  const found = await getSession(deps, project, id)
  if (!found.ok) return found
  const now = Math.floor(deps.now() / 1000)
  await batch(deps.db, [
    revokeSession(deps.db, project.id, id, now),
    insertEventIfChanged(deps.db, revokedEvent(deps, project, found.value.userId, { session: id }, now)),
  ])
  return ok(null)
}

export async function listSessions(
  deps: Deps,
  project: Project,
  userId: string,
  limit: number,
  beforeId: string | null,
): Promise<Session[]> {
  const now = Math.floor(deps.now() / 1000)
  const rows = await queryAll<SessionRow>(
    selectSessionsOfUser(deps.db, project.id, userId, { now, since: deps.config.restoredAt, limit, beforeId }),
  )
  return rows.map((row) => toSession(deps, row))
}

export async function endSessionsOfUser(deps: Deps, project: Project, userId: string): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  await batch(deps.db, [
    revokeSessionsOfUser(deps.db, project.id, userId, now),
    insertEventIfChanged(deps.db, revokedEvent(deps, project, userId, { all: true }, now)),
  ])
}

function revokedEvent(
  deps: Deps,
  project: Project,
  userId: string,
  data: Record<string, string | boolean>,
  now: number,
) {
  const id = newId('evt', now, deps.randomBytes(16))
  return { projectId: project.id, id, type: 'session.revoked' as const, userId, data, now }
}
