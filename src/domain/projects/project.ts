/** Projects: the tenant that every row, key and secret belongs to. */

import { Unavailable } from '../../lib/deadline.ts'
import { importHmacKey } from '../../lib/digest.ts'
import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, untilWritten } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { routeKeyPlace } from '../sealed.ts'
import {
  insertFirstProject,
  type NewProject,
  type ProjectRow,
  selectFirstProject,
  selectProject,
  updateProject,
} from './queries.ts'
import type { RedirectRules } from './redirect-uris.ts'
import { DEVELOPMENT_SETTINGS, withDefaults } from './settings.ts'
import type { Settings } from './settings-schema.ts'
import { sealTestIdentities } from './test-identities.ts'

export type Project = {
  id: string
  name: string
  /** `ISSUER` for the first project, `ISSUER/p/<id>` for others. */
  issuer: string
  settings: Settings
  /** For HMAC-SHA-256; names ledgers. */
  routeKey: CryptoKey
  createdAt: number
}

/** The name a person sees. */
export const brandName = (project: Project): string => project.settings.brand.name ?? project.name

export const redirectRules = (deps: Deps, project: Project): RedirectRules => ({
  registered: project.settings.redirect_uris,
  development: deps.config.issuer.development,
})

/** The project with this id, or the first one, which the first request creates. Cached in the isolate. */
export async function getProject(deps: Deps, id: string | null): Promise<Project | null> {
  const now = deps.now()
  const project = await deps.cache.get(`project:${id ?? 'first'}`, now, async () => {
    const row = id === null ? await firstProject(deps) : await query<ProjectRow>(selectProject(deps.db, id))
    return row && toProject(deps, row)
  })
  // Keys and links name the first one by its id: remembered under both.
  return id !== null || project === null ? project : deps.cache.get(`project:${project.id}`, now, async () => project)
}

/** Changes the name or settings by a merge patch; changes nothing unless all of it is allowed. */
export const changeProject = (
  deps: Deps,
  by: { id: string; project: Project },
  patch: { name?: string } & Record<string, unknown>,
): Promise<Result<Project, Failure>> => untilWritten('project', () => tryToChange(deps, by, patch))

/** Null: another request changed it in between. */
async function tryToChange(
  deps: Deps,
  by: { id: string; project: Project },
  { name, ...patch }: { name?: string } & Record<string, unknown>,
): Promise<Result<Project, Failure> | null> {
  const { id } = by.project
  const row = await query<ProjectRow>(selectProject(deps.db, id))
  if (!row) return failed({ reason: 'not_found', what: 'project' })
  const stored = JSON.parse(row.settings) as Partial<Settings>
  if (patch.test_identities !== undefined && patch.test_identities !== null) {
    const sealed = await sealTestIdentities(deps, id, patch.test_identities, stored.test_identities ?? [])
    if (!sealed.ok) return failed({ reason: 'invalid', issues: sealed.error })
    patch.test_identities = sealed.value
  }
  const { patchSettings } = await import('./settings-schema.ts')
  const patched = patchSettings(stored, patch, deps.config.issuer.development)
  if (!patched.ok) return failed({ reason: 'invalid', issues: patched.issues })
  const now = Math.floor(deps.now() / 1000)
  const changed = [...Object.keys(patch), ...(name === undefined ? [] : ['name'])].sort()
  const event = { projectId: id, id: newId('evt', now, deps.randomBytes(16)), userId: null, now }
  const [update] = await batch(deps.db, [
    updateProject(deps.db, {
      id,
      name: name ?? row.name,
      settings: JSON.stringify(patched.stored),
      now,
      readSettings: row.settings,
      readName: row.name,
    }),
    insertEventIfChanged(deps.db, {
      ...event,
      type: 'project.updated',
      data: { by: by.id, changed: changed.join(' ') },
    }),
  ])
  const written = update?.rows[0] as ProjectRow | undefined
  if (!written) return null
  deps.cache.forget(`project:${id}`)
  deps.cache.forget('project:first')
  return ok(await toProject(deps, written))
}

async function firstProject(deps: Deps): Promise<ProjectRow> {
  const found = await query<ProjectRow>(selectFirstProject(deps.db))
  if (found) return found
  await batch(deps.db, [insertFirstProject(deps.db, await newProject(deps, 'Latchkey'))])
  const created = await query<ProjectRow>(selectFirstProject(deps.db))
  if (!created) throw new Unavailable('d1', 'the first project is not there after its insert')
  return created
}

/** A project as it starts: its own key for the names of ledgers, sealed. */
export async function newProject(deps: Deps, name: string): Promise<NewProject> {
  const now = Math.floor(deps.now() / 1000)
  const id = newId('proj', now, deps.randomBytes(16))
  const routeKey = await deps.keys.seal(routeKeyPlace(id), deps.randomBytes(32))
  const settings = JSON.stringify(deps.config.issuer.development ? DEVELOPMENT_SETTINGS : {})
  return { id, name, settings, routeKey, now }
}

export async function toProject(deps: Deps, row: ProjectRow): Promise<Project> {
  const routeKey = await deps.keys.unseal(routeKeyPlace(row.id), new Uint8Array(row.route_key))
  if (!routeKey) throw new Unavailable('keys', 'LATCHKEY_SECRET is not the one this database was sealed with')
  const { origin } = deps.config.issuer
  return {
    id: row.id,
    name: row.name,
    issuer: row.first === 1 ? origin : `${origin}/p/${row.id}`,
    settings: withDefaults(JSON.parse(row.settings)) as Settings,
    routeKey: await importHmacKey(routeKey),
    createdAt: row.created_at,
  }
}
