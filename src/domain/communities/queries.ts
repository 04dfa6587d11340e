export type CommunityKeyRow = { private_key: ArrayBuffer; public_key: ArrayBuffer }

export const selectCommunityKey = (db: D1Database, projectId: string) =>
  db.prepare('SELECT private_key, public_key FROM community_keys WHERE project_id = ?').bind(projectId)

/** Two first calls at once: one key pair, whichever came first. */
export const insertCommunityKey = (
  db: D1Database,
  key: { projectId: string; privateKey: Uint8Array; publicKey: Uint8Array; now: number },
) =>
  db
    .prepare(
      `INSERT INTO community_keys (project_id, private_key, public_key, created_at)
       VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(key.projectId, key.privateKey, key.publicKey, key.now)

/** Changes nothing where it is there already. */
export const insertRequestId = (db: D1Database, projectId: string, id: string) =>
  db.prepare('INSERT INTO request_ids (project_id, id) VALUES (?, ?) ON CONFLICT DO NOTHING').bind(projectId, id)
