/**
 * API keys: `lk_` ‖ key id 27 ‖ project id 27 ‖ secret 43 (256 random bits) ‖ CRC-32 6, all base 62. The ids say where to
 * look, the checksum lets secret scanners be sure, and only the hash of the whole is stored.
 */

import { encodeBase62 } from '../../lib/base62.ts'
import { encodeBase64url } from '../../lib/base64url.ts'
import { uint32, utf8 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { crc32 } from '../../lib/crc32.ts'
import { sha256 } from '../../lib/digest.ts'
import { isId, KSUID_LENGTH, newId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { callerOfClientToken } from '../clients/client-token.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEvent, insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { getProject, type Project } from '../projects/project.ts'
import type { TokenClient } from '../sessions/tokens.ts'
import { type ApiKeyRow, insertApiKey, revokeApiKey, selectApiKey, selectApiKeys, touchApiKey } from './queries.ts'

export const SCOPES = [
  'users:read',
  'users:write',
  'passwordless:send',
  'passwordless:verify',
  'passwordless:reveal',
  'sessions:read',
  'sessions:write',
  'settings:read',
  'settings:write',
  'keys:write',
  'events:read',
] as const
export type Scope = (typeof SCOPES)[number]

/**
 * Who calls: a key of one project, a client with a token of its own, or the root key, which may do everything in the project
 * that it acts for.
 */
export type Caller = {
  id: string
  project: Project
  scopes: (Scope | '*')[]
  /** Of a client's own token: its tokens are made as it wants them. */
  client?: TokenClient
}

export type ApiKey = {
  id: string
  name: string
  prefix: string
  scopes: (Scope | '*')[]
  createdAt: number
  lastUsedAt: number | null
  expiresAt: number | null
  revokedAt: number | null
}

/** The id of the root key where tokens and sessions name their caller. */
export const ROOT_KEY_ID = 'key_root'

const MARK = 'lk_'
const SECRET_LENGTH = 43
const CRC_LENGTH = 6
const PREFIX_LENGTH = MARK.length + 12
const HOUR = 3600

/** Whom the presented key belongs to; null if it is none, revoked or expired. A revocation is felt within 30 s. */
export async function authenticate(deps: Deps, presented: string): Promise<Caller | null> {
  const hash = await hashKey(presented)
  if (equalInConstantTime(hash, await hashKey(deps.config.rootKey))) {
    const project = await getProject(deps, null)
    return project && { id: ROOT_KEY_ID, project, scopes: ['*'] }
  }
  const ids = parse(presented)
  // A JWT, and no key of ours: those have no dots.
  if (!ids) return presented.includes('.') ? callerOfClientToken(deps, presented) : null
  const now = deps.now()
  const seconds = Math.floor(now / 1000)
  const row = await deps.cache.get(`api_key:${hash}`, now, async () => {
    const found = await query<ApiKeyRow>(selectApiKey(deps.db, ids.projectId, ids.id))
    return found && equalInConstantTime(found.hash, hash) && found.revoked_at === null ? found : null
  })
  if (!row || (row.expires_at !== null && seconds >= row.expires_at)) return null
  const project = await getProject(deps, row.project_id)
  if (!project) return null
  if (seconds - (row.last_used_at ?? 0) >= HOUR) {
    row.last_used_at = seconds
    deps.after(touchApiKey(deps.db, row.project_id, row.id, seconds).run())
  }
  return { id: row.id, project, scopes: JSON.parse(row.scopes) }
}

/** Whether the caller may do this; only the root key may do what is asked of `root`. */
export const mayDo = ({ id, scopes }: Caller, scope: Scope | 'root'): boolean =>
  scope === 'root' ? id === ROOT_KEY_ID : scopes.includes('*') || scopes.includes(scope)

/**
 * The caller for the project that it names. The root key may act for any; any other key for its own alone, and it learns
 * nothing about others: `refused` whether there is such a project or not (promise 12).
 */
export async function actFor(
  deps: Deps,
  caller: Caller,
  projectId: string,
): Promise<Result<Caller, 'refused' | 'unknown'>> {
  if (caller.project.id === projectId) return ok(caller)
  if (!mayDo(caller, 'root')) return err('refused')
  const project = isId('proj', projectId) ? await getProject(deps, projectId) : null
  return project ? ok({ ...caller, project }) : err('unknown')
}

/** `key` is shown once: it is stored nowhere. */
export async function createApiKey(
  deps: Deps,
  caller: Caller,
  input: { name: string; scopes: (Scope | '*')[]; expiresAt: number | null },
): Promise<Result<{ apiKey: ApiKey; key: string }, Failure>> {
  const beyond = caller.scopes.includes('*') ? [] : input.scopes.filter((scope) => !caller.scopes.includes(scope))
  if (beyond.length > 0) {
    const issues = [
      { path: 'scopes', message: `a key can hand on only scopes that it has; yours lacks ${beyond.join(', ')}` },
    ]
    return failed({ reason: 'invalid', issues })
  }
  const now = Math.floor(deps.now() / 1000)
  if (input.expiresAt !== null && input.expiresAt <= now) {
    return failed({
      reason: 'invalid',
      issues: [{ path: 'expires_at', message: 'must be in the future (Unix seconds)' }],
    })
  }
  const id = newId('key', now, deps.randomBytes(16))
  const body = `${MARK}${bare(id)}${bare(caller.project.id)}${encodeBase62(deps.randomBytes(32), SECRET_LENGTH)}`
  const key = body + encodeBase62(uint32(crc32(utf8(body))), CRC_LENGTH)
  const row: ApiKeyRow = {
    project_id: caller.project.id,
    id,
    name: input.name,
    prefix: key.slice(0, PREFIX_LENGTH),
    hash: await hashKey(key),
    scopes: JSON.stringify(input.scopes),
    created_at: now,
    last_used_at: null,
    expires_at: input.expiresAt,
    revoked_at: null,
  }
  await batch(deps.db, [
    insertApiKey(deps.db, row),
    insertEvent(deps.db, eventOf(deps, caller, 'api_key.created', id, now)),
  ])
  return ok({ apiKey: toApiKey(row), key })
}

export async function listApiKeys(
  deps: Deps,
  project: Project,
  limit: number,
  beforeId: string | null,
): Promise<ApiKey[]> {
  return (await queryAll<ApiKeyRow>(selectApiKeys(deps.db, project.id, limit, beforeId))).map(toApiKey)
}

/** Revoking twice is the same as once. */
export async function deleteApiKey(deps: Deps, caller: Caller, id: string): Promise<Result<null, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const row = isId('key', id) ? await query<ApiKeyRow>(selectApiKey(deps.db, caller.project.id, id)) : null
  if (!row) return failed({ reason: 'not_found', what: 'API key' })
  await batch(deps.db, [
    revokeApiKey(deps.db, caller.project.id, id, now),
    insertEventIfChanged(deps.db, eventOf(deps, caller, 'api_key.revoked', id, now)),
  ])
  deps.cache.forget(`api_key:${row.hash}`)
  return ok(null)
}

function parse(key: string): { id: string; projectId: string } | null {
  if (!key.startsWith(MARK) || !/^[0-9A-Za-z]{103}$/.test(key.slice(MARK.length))) return null
  const body = key.slice(0, -CRC_LENGTH)
  if (encodeBase62(uint32(crc32(utf8(body))), CRC_LENGTH) !== key.slice(-CRC_LENGTH)) return null
  const at = MARK.length + KSUID_LENGTH
  return { id: `key_${key.slice(MARK.length, at)}`, projectId: `proj_${key.slice(at, at + KSUID_LENGTH)}` }
}

const bare = (id: string) => id.slice(id.indexOf('_') + 1)

const hashKey = async (key: string): Promise<string> => encodeBase64url(await sha256(utf8(key)))

function eventOf(deps: Deps, caller: Caller, type: 'api_key.created' | 'api_key.revoked', id: string, now: number) {
  const eventId = newId('evt', now, deps.randomBytes(16))
  return { projectId: caller.project.id, id: eventId, type, userId: null, data: { api_key: id, by: caller.id }, now }
}

const toApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: JSON.parse(row.scopes),
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
})
