export type SigningKeyRow = {
  project_id: string
  alg: SigningAlg
  generation: number
  kid: string
  public_jwk: string
  private_jwk: ArrayBuffer
  created_at: number
  use_from: number
}
export type SigningAlg = 'ES256' | 'RS256'

export const selectSigningKeys = (db: D1Database, projectId: string) =>
  db.prepare('SELECT * FROM signing_keys WHERE project_id = ? ORDER BY alg, generation').bind(projectId)

/** Two who make the same generation at once: one key, whichever came first. */
export const insertSigningKey = (
  db: D1Database,
  key: {
    projectId: string
    alg: SigningAlg
    generation: number
    kid: string
    publicJwk: string
    privateJwk: Uint8Array
    now: number
    useFrom: number
  },
) =>
  db
    .prepare(
      `INSERT INTO signing_keys (project_id, alg, generation, kid, public_jwk, private_jwk, created_at, use_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(key.projectId, key.alg, key.generation, key.kid, key.publicJwk, key.privateJwk, key.now, key.useFrom)

/** The newest keys of any project that were made before `before`. */
export const selectOldSigningKeys = (db: D1Database, before: number, limit: number) =>
  db
    .prepare(
      `SELECT k.project_id, k.alg, MAX(k.generation) AS generation FROM projects p JOIN signing_keys k ON k.project_id = p.id
       GROUP BY k.project_id, k.alg HAVING MAX(k.created_at) < ?1 LIMIT ?2`,
    )
    .bind(before, limit)

/** Those whose successor has signed for so long that none of their tokens lives. */
export const deleteRetiredSigningKeys = (db: D1Database, successorUsedBefore: number) =>
  db
    .prepare(
      `DELETE FROM signing_keys WHERE EXISTS (SELECT 1 FROM signing_keys n WHERE n.project_id = signing_keys.project_id
         AND n.alg = signing_keys.alg AND n.generation = signing_keys.generation + 1 AND n.use_from < ?1)`,
    )
    .bind(successorUsedBefore)
