/**
 * Clients: the applications that sign people in through OpenID Connect, or call the API with client credentials. An
 * application knows itself by `clientId`, which it may have brought from elsewhere and which may be given again after a
 * deletion; `id` is ours and never comes back, so it is what grants and refresh families are kept under.
 */

import { encodeBase62 } from '../../lib/base62.ts'
import { encodeBase64url } from '../../lib/base64url.ts'
import { utf8 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { sha256 } from '../../lib/digest.ts'
import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Caller, mayDo, type Scope } from '../api-keys/api-key.ts'
import { batch, query, queryAll, untilWritten } from '../database.ts'
import { type EventType, insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import type { Project } from '../projects/project.ts'
import { matchesRegistered } from '../projects/redirect-uris.ts'
import { signingKey } from '../signing-keys/signing-key.ts'
import {
  type ClientRow,
  deleteClient,
  insertClient,
  selectClient,
  selectClientByClientId,
  selectClients,
  updateClient,
} from './queries.ts'

export const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const
export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const
export const ID_TOKEN_ALGS = ['ES256', 'RS256'] as const
/** Unreserved characters alone (RFC 3986 §2.3): the same in a header, a form, a query and a JWT. */
export const CLIENT_ID_PATTERN = /^[A-Za-z0-9._~-]{1,200}$/

/** What an application says of itself. */
export type ClientSettings = {
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  grantTypes: (typeof GRANT_TYPES)[number][]
  /** What its access tokens of the client-credentials grant may do. */
  scopes: Scope[]
  /** `none`: a public client, which has no secret. */
  authMethod: (typeof AUTH_METHODS)[number]
  requirePkce: boolean
  idTokenAlg: (typeof ID_TOKEN_ALGS)[number]
  /** Seconds; null: the project's. */
  accessTtl: number | null
}
export type Client = ClientSettings & {
  id: string
  clientId: string
  name: string
  createdAt: number
  updatedAt: number
}

export const DEFAULT_CLIENT: ClientSettings = {
  redirectUris: [],
  postLogoutRedirectUris: [],
  grantTypes: ['authorization_code', 'refresh_token'],
  scopes: [],
  authMethod: 'client_secret_basic',
  requirePkce: true,
  idTokenAlg: 'ES256',
  accessTtl: null,
}

/** A merge patch: what is left out stays, null takes a setting back to its default. */
export type ClientWishes = { [Name in keyof ClientSettings]?: ClientSettings[Name] | null | undefined }

const SECRET_MARK = 'lks_'
const SECRET_LENGTH = 43
/** Ids of API keys and projects stand where a client_id does (`client_id` and `aud` of tokens): none may be taken for one. */
const RESERVED_PREFIXES = ['key_', 'proj_']

/** The client that calls itself so, or null. Cached in the isolate. */
export async function getClient(deps: Deps, project: Project, clientId: string): Promise<Client | null> {
  return (await knownClient(deps, project, clientId))?.client ?? null
}

/** The same from the database: for a refusal, which must not rest on what the cache remembers. */
export async function getClientAnew(deps: Deps, project: Project, clientId: string): Promise<Client | null> {
  deps.cache.forget(cacheKey(project.id, clientId))
  return getClient(deps, project, clientId)
}

/** Whether the client may have a person sent there: after sign-in, with a grant. */
export const mayRedirectClientTo = (client: Client, uri: string): boolean => matchesRegistered(client.redirectUris, uri)

/** The client that this secret proves, or that needs none (RFC 6749 §2.1); a secret from a public client is refused. */
export async function authenticateClient(
  deps: Deps,
  project: Project,
  clientId: string,
  secret: string | null,
): Promise<Client | null> {
  const offered = secret === null ? null : await hashSecret(secret)
  const proves = ({ secretHash }: Known): boolean =>
    offered === null || secretHash === null
      ? offered === null && secretHash === null
      : equalInConstantTime(offered, secretHash)
  const known = await knownClient(deps, project, clientId)
  if (!known || proves(known)) return known?.client ?? null
  // The secret may have been rotated a moment ago through another isolate.
  deps.cache.forget(cacheKey(project.id, clientId))
  const fresh = await knownClient(deps, project, clientId)
  return fresh && proves(fresh) ? fresh.client : null
}

/** `secret` is shown once: it is stored nowhere. Null for a public client. */
export async function createClient(
  deps: Deps,
  caller: Caller,
  {
    name,
    clientId,
    secret: brought,
    ...wishes
  }: ClientWishes & { name: string; clientId: string | null; secret: string | null },
): Promise<Result<{ client: Client; secret: string | null }, Failure>> {
  const settings = settled(merged(DEFAULT_CLIENT, wishes))
  const issues = [...contradictions(settings), ...beyond(caller, settings.scopes)]
  if (isPublic(settings) && brought !== null) {
    issues.push({ path: 'client_secret', message: 'a client with token_endpoint_auth_method none has no secret' })
  }
  if (clientId !== null && RESERVED_PREFIXES.some((prefix) => clientId.startsWith(prefix))) {
    issues.push({ path: 'client_id', message: `must not begin with ${RESERVED_PREFIXES.join(' or ')}` })
  }
  if (issues.length > 0) return failed({ reason: 'invalid', issues })
  const now = Math.floor(deps.now() / 1000)
  const id = newId('client', now, deps.randomBytes(16))
  const secret = isPublic(settings) ? null : (brought ?? drawSecret(deps))
  const client: Client = { id, clientId: clientId ?? id, name, ...settings, createdAt: now, updatedAt: now }
  const [inserted] = await batch(deps.db, [
    insertClient(deps.db, toRow(caller.project.id, client, secret && (await hashSecret(secret)))),
    insertEventIfChanged(deps.db, eventOf(deps, caller, 'client.created', id, now)),
  ])
  if (inserted?.changes === 0) return failed({ reason: 'identifier_taken', path: 'client_id' })
  // An RSA key takes long to make, so it is made for who asks for it, and before somebody waits for a token.
  if (settings.idTokenAlg !== 'ES256') await signingKey(deps, caller.project.id, settings.idTokenAlg)
  return ok({ client, secret })
}

export async function listClients(
  deps: Deps,
  project: Project,
  limit: number,
  beforeId: string | null,
): Promise<Client[]> {
  return (await queryAll<ClientRow>(selectClients(deps.db, project.id, limit, beforeId))).map(toClient)
}

/** By our id, where `getClient` takes the application's. */
export async function findClient(deps: Deps, project: Project, id: string): Promise<Result<Client, Failure>> {
  const row = await readRow(deps, project, id)
  return row ? ok(toClient(row)) : failed({ reason: 'not_found', what: 'client' })
}

/** `secret` is there if a new one was drawn: asked for, or because the client was public before. */
export const changeClient = (
  deps: Deps,
  caller: Caller,
  id: string,
  change: ClientChange,
): Promise<Result<{ client: Client; secret: string | null }, Failure>> =>
  untilWritten('client', () => tryToChange(deps, caller, id, change))

type ClientChange = ClientWishes & { name?: string | undefined; rotateSecret?: boolean | undefined }

/** Null: another request changed it in between. */
async function tryToChange(
  deps: Deps,
  caller: Caller,
  id: string,
  { name, rotateSecret = false, ...wishes }: ClientChange,
): Promise<Result<{ client: Client; secret: string | null }, Failure> | null> {
  const row = await readRow(deps, caller.project, id)
  if (!row) return failed({ reason: 'not_found', what: 'client' })
  const before = toClient(row)
  const now = Math.floor(deps.now() / 1000)
  const changed: Client = { ...before, ...settled(merged(before, wishes)), name: name ?? before.name, updatedAt: now }
  // Whoever holds the secret has the client's scopes: so handing it out, or opening a way to them, is handing them on.
  const handsOn =
    rotateSecret || [wishes.scopes, wishes.grantTypes, wishes.authMethod].some((value) => value !== undefined)
  const issues = [...contradictions(changed), ...(handsOn ? beyond(caller, changed.scopes) : [])]
  if (rotateSecret && isPublic(changed)) {
    issues.push({ path: 'rotate_secret', message: 'a client with token_endpoint_auth_method none has no secret' })
  }
  if (issues.length > 0) return failed({ reason: 'invalid', issues })

  const secret = !isPublic(changed) && (rotateSecret || row.secret_hash === null) ? drawSecret(deps) : null
  const secretHash = isPublic(changed) ? null : secret === null ? row.secret_hash : await hashSecret(secret)
  const next = toRow(caller.project.id, changed, secretHash)
  const columns = changedColumns(row, next)
  if (columns.length === 0) return ok({ client: before, secret: null })
  const [updated] = await batch(deps.db, [
    updateClient(deps.db, row, next),
    insertEventIfChanged(deps.db, eventOf(deps, caller, 'client.updated', id, now, { changed: columns.join(' ') })),
  ])
  if (updated?.changes === 0) return null
  deps.cache.forget(cacheKey(row.project_id, row.client_id))
  return ok({ client: changed, secret })
}

export async function removeClient(deps: Deps, caller: Caller, id: string): Promise<Result<null, Failure>> {
  const row = await readRow(deps, caller.project, id)
  if (!row) return failed({ reason: 'not_found', what: 'client' })
  const now = Math.floor(deps.now() / 1000)
  await batch(deps.db, [
    deleteClient(deps.db, row.project_id, id),
    insertEventIfChanged(deps.db, eventOf(deps, caller, 'client.deleted', id, now)),
  ])
  deps.cache.forget(cacheKey(row.project_id, row.client_id))
  return ok(null)
}

// --- rules ----------------------------------------------------------------------------------------------------------

const isPublic = ({ authMethod }: ClientSettings): boolean => authMethod === 'none'

function merged(before: ClientSettings, wishes: ClientWishes): ClientSettings {
  const given = Object.entries(wishes).filter(([, value]) => value !== undefined)
  const values = given.map(([name, value]) => [name, value ?? DEFAULT_CLIENT[name as keyof ClientSettings]])
  return { ...before, ...Object.fromEntries(values) }
}

/** Nothing but PKCE ties a public client's grant to whoever asked for it (RFC 9700 §2.1.1). */
const settled = <S extends ClientSettings>(settings: S): S =>
  isPublic(settings) ? { ...settings, requirePkce: true } : settings

const contradictions = (settings: ClientSettings): { path: string; message: string }[] =>
  isPublic(settings) && settings.grantTypes.includes('client_credentials')
    ? [{ path: 'grant_types', message: 'client_credentials needs a client that has a secret (RFC 6749 §4.4)' }]
    : []

function beyond(caller: Caller, scopes: Scope[]): { path: string; message: string }[] {
  const lacking = scopes.filter((scope) => !mayDo(caller, scope))
  if (lacking.length === 0) return []
  return [{ path: 'scopes', message: `a key can hand on only scopes that it has; yours lacks ${lacking.join(', ')}` }]
}

const drawSecret = (deps: Deps): string => SECRET_MARK + encodeBase62(deps.randomBytes(32), SECRET_LENGTH)

const hashSecret = async (secret: string): Promise<string> => encodeBase64url(await sha256(utf8(secret)))

// --- storage --------------------------------------------------------------------------------------------------------

type Known = { client: Client; secretHash: string | null }

const cacheKey = (projectId: string, clientId: string) => `client:${projectId}:${clientId}`

async function knownClient(deps: Deps, project: Project, clientId: string): Promise<Known | null> {
  if (!CLIENT_ID_PATTERN.test(clientId)) return null
  return deps.cache.get(cacheKey(project.id, clientId), deps.now(), async () => {
    const row = await query<ClientRow>(selectClientByClientId(deps.db, project.id, clientId))
    return row && { client: toClient(row), secretHash: row.secret_hash }
  })
}

const readRow = async (deps: Deps, project: Project, id: string): Promise<ClientRow | null> =>
  isId('client', id) ? query<ClientRow>(selectClient(deps.db, project.id, id)) : null

const changedColumns = (row: ClientRow, next: ClientRow): string[] =>
  (Object.keys(row) as (keyof ClientRow)[]).filter((column) => column !== 'updated_at' && row[column] !== next[column])

function eventOf(
  deps: Deps,
  caller: Caller,
  type: EventType & `client.${string}`,
  id: string,
  now: number,
  more: Record<string, string> = {},
) {
  const eventId = newId('evt', now, deps.randomBytes(16))
  const data = { client: id, by: caller.id, ...more }
  return { projectId: caller.project.id, id: eventId, type, userId: null, data, now }
}

const toRow = (projectId: string, client: Client, secretHash: string | null): ClientRow => ({
  project_id: projectId,
  id: client.id,
  client_id: client.clientId,
  name: client.name,
  secret_hash: secretHash,
  redirect_uris: JSON.stringify(client.redirectUris),
  post_logout_redirect_uris: JSON.stringify(client.postLogoutRedirectUris),
  grant_types: JSON.stringify(client.grantTypes),
  scopes: JSON.stringify(client.scopes),
  token_endpoint_auth_method: client.authMethod,
  require_pkce: client.requirePkce ? 1 : 0,
  id_token_signed_response_alg: client.idTokenAlg,
  access_ttl: client.accessTtl,
  created_at: client.createdAt,
  updated_at: client.updatedAt,
})

const toClient = (row: ClientRow): Client => ({
  id: row.id,
  clientId: row.client_id,
  name: row.name,
  redirectUris: JSON.parse(row.redirect_uris),
  postLogoutRedirectUris: JSON.parse(row.post_logout_redirect_uris),
  grantTypes: JSON.parse(row.grant_types),
  scopes: JSON.parse(row.scopes),
  authMethod: row.token_endpoint_auth_method as Client['authMethod'],
  requirePkce: row.require_pkce === 1,
  idTokenAlg: row.id_token_signed_response_alg as Client['idTokenAlg'],
  accessTtl: row.access_ttl,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
