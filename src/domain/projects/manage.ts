/** What the root key may do with projects. These changes stand in the first project's events: they outlive the others. */

import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { type EventType, insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { changeProject, getProject, newProject, type Project, toProject } from './project.ts'
import {
  deleteRowsOfProject,
  insertProject,
  markProjectDeleted,
  type ProjectRow,
  removeDeletedProject,
  selectDeletedProjects,
  selectProject,
  selectProjects,
} from './queries.ts'

/** One round is one batch. A request on the free plan may ask D1 for 50 statements (platform.md). */
const ROUNDS = 3
const ROWS_A_ROUND = 1000
/** Beyond the 30 s for which an isolate remembers a project: until then something may still be written for it. */
const STRAGGLERS_SECONDS = 300
const PROJECTS_A_SWEEP = 5

export async function listProjects(deps: Deps, limit: number, beforeId: string | null): Promise<Project[]> {
  await getProject(deps, null) // The very first request finds one, too.
  const rows = await queryAll<ProjectRow>(selectProjects(deps.db, limit, beforeId))
  return Promise.all(rows.map((row) => toProject(deps, row)))
}

export async function createProject(deps: Deps, by: { id: string }, name: string): Promise<Project> {
  const project = await newProject(deps, name)
  await batch(deps.db, [
    insertProject(deps.db, project),
    await eventOf(deps, by, 'project.created', project.id, project.now),
  ])
  const row = await query<ProjectRow>(selectProject(deps.db, project.id))
  if (!row) throw new Error('a project that is gone right after its insert')
  return toProject(deps, row)
}

export async function changeProjectById(
  deps: Deps,
  by: { id: string },
  id: string,
  patch: { name?: string } & Record<string, unknown>,
): Promise<Result<Project, Failure>> {
  const project = await find(deps, id)
  return project ? changeProject(deps, { id: by.id, project }, patch) : failed({ reason: 'not_found', what: 'project' })
}

/**
 * The project is gone at once for whoever asks the database, and within 30 s everywhere; what it had is deleted here as far
 * as one request may, and the rest by `purgeDeletedProjects`. Its ledgers and what KV holds expire by themselves.
 */
export async function deleteProject(deps: Deps, by: { id: string }, id: string): Promise<Result<null, Failure>> {
  const project = await find(deps, id)
  if (!project) return failed({ reason: 'not_found', what: 'project' })
  if (id === (await getProject(deps, null))?.id) {
    return failed({ reason: 'invalid', issues: [{ path: 'id', message: 'the first project cannot be deleted' }] })
  }
  const now = Math.floor(deps.now() / 1000)
  await batch(deps.db, [markProjectDeleted(deps.db, id, now), await eventOf(deps, by, 'project.deleted', id, now)])
  deps.cache.forget(`project:${id}`)
  await purge(deps, id)
  return ok(null)
}

/** For cron: goes on with what is left of deleted projects, a bounded piece each time. */
export async function purgeDeletedProjects(deps: Deps): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  const rows = await queryAll<{ id: string; deleted_at: number }>(selectDeletedProjects(deps.db, PROJECTS_A_SWEEP))
  for (const { id, deleted_at } of rows) {
    const empty = await purge(deps, id)
    if (!empty) return
    if (now - deleted_at >= STRAGGLERS_SECONDS) await batch(deps.db, [removeDeletedProject(deps.db, id)])
  }
}

/** Whether nothing is left. */
async function purge(deps: Deps, id: string): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round++) {
    const results = await batch(deps.db, deleteRowsOfProject(deps.db, id, ROWS_A_ROUND))
    if (results.every(({ changes }) => changes < ROWS_A_ROUND)) return true
  }
  return false
}

/** Fresh from the database: what the cache remembers may be deleted already. */
async function find(deps: Deps, id: string): Promise<Project | null> {
  const row = isId('proj', id) ? await query<ProjectRow>(selectProject(deps.db, id)) : null
  return row && toProject(deps, row)
}

async function eventOf(
  deps: Deps,
  by: { id: string },
  type: EventType & `project.${string}`,
  id: string,
  now: number,
): Promise<D1PreparedStatement> {
  const first = await getProject(deps, null)
  return insertEventIfChanged(deps.db, {
    projectId: first?.id ?? id,
    id: newId('evt', now, deps.randomBytes(16)),
    type,
    userId: null,
    data: { project: id, by: by.id },
    now,
  })
}
