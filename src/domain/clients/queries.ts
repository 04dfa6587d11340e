export type ClientRow = {
  project_id: string
  id: string
  client_id: string
  name: string
  secret_hash: string | null
  redirect_uris: string
  post_logout_redirect_uris: string
  grant_types: string
  scopes: string
  token_endpoint_auth_method: string
  require_pkce: number
  id_token_signed_response_alg: string
  access_ttl: number | null
  created_at: number
  updated_at: number
}

export const selectClient = (db: D1Database, projectId: string, id: string) =>
  db.prepare('SELECT * FROM clients WHERE project_id = ? AND id = ?').bind(projectId, id)

export const selectClientByClientId = (db: D1Database, projectId: string, clientId: string) =>
  db.prepare('SELECT * FROM clients WHERE project_id = ? AND client_id = ?').bind(projectId, clientId)

/** Newest first, from before `beforeId`. */
export const selectClients = (db: D1Database, projectId: string, limit: number, beforeId: string | null) =>
  db
    .prepare('SELECT * FROM clients WHERE project_id = ?1 AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?2')
    .bind(projectId, limit, beforeId)

/** What a change may touch, in the order in which it is bound. */
const CHANGEABLE = `name, secret_hash, redirect_uris, post_logout_redirect_uris, grant_types, scopes,
  token_endpoint_auth_method, require_pkce, id_token_signed_response_alg, access_ttl`
const changeable = (row: ClientRow) => [
  row.name,
  row.secret_hash,
  row.redirect_uris,
  row.post_logout_redirect_uris,
  row.grant_types,
  row.scopes,
  row.token_endpoint_auth_method,
  row.require_pkce,
  row.id_token_signed_response_alg,
  row.access_ttl,
]
const MARKS = '?, ?, ?, ?, ?, ?, ?, ?, ?, ?'

/** Changes nothing if the client_id is taken. */
export const insertClient = (db: D1Database, row: ClientRow) =>
  db
    .prepare(
      `INSERT INTO clients (project_id, id, client_id, created_at, updated_at, ${CHANGEABLE})
       VALUES (?, ?, ?, ?, ?, ${MARKS}) ON CONFLICT (project_id, client_id) DO NOTHING`,
    )
    .bind(row.project_id, row.id, row.client_id, row.created_at, row.updated_at, ...changeable(row))

/** Only over the version that was read: two patches at once cannot undo each other, nor make what each alone may not. */
export const updateClient = (db: D1Database, read: ClientRow, next: ClientRow) =>
  db
    .prepare(
      `UPDATE clients SET updated_at = ?, (${CHANGEABLE}) = (${MARKS})
       WHERE project_id = ? AND id = ? AND (${CHANGEABLE}) IS (${MARKS})`,
    )
    .bind(next.updated_at, ...changeable(next), read.project_id, read.id, ...changeable(read))

export const deleteClient = (db: D1Database, projectId: string, id: string) =>
  db.prepare('DELETE FROM clients WHERE project_id = ? AND id = ?').bind(projectId, id)
