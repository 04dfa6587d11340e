/** A project's signing keys: made on first use, the private half sealed in D1 and imported once per isolate. */

import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { utf8 } from '../../lib/bytes.ts'
import { Unavailable } from '../../lib/deadline.ts'
import type { Deps } from '../../ports.ts'
import { batch, queryAll } from '../database.ts'
import { signingKeyPlace } from '../sealed.ts'
import {
  deleteRetiredSigningKeys,
  insertSigningKey,
  type SigningAlg,
  type SigningKeyRow,
  selectOldSigningKeys,
  selectSigningKeys,
} from './queries.ts'

export type SigningKey = {
  kid: string
  alg: SigningAlg
  privateKey: CryptoKey
  publicJwk: JWK
  /** Unix seconds: published before, used from then on. */
  useFrom: number
}

const DAY = 86_400
/** A new key is published so long before it signs that every verifier has fetched it (security.md T3). */
const PUBLISHED_SECONDS = DAY
const ROTATE_AFTER_SECONDS = 90 * DAY
/** The longest access token, and an hour for clocks. */
const LAST_TOKEN_SECONDS = DAY + 3600
const ROTATION_BATCH = 20

/** The newest key in use of this algorithm; the first call of a project makes it. */
export async function signingKey(deps: Deps, projectId: string, alg: SigningAlg = 'ES256'): Promise<SigningKey> {
  const now = Math.floor(deps.now() / 1000)
  const find = async () => (await signingKeys(deps, projectId)).findLast((key) => key.alg === alg && key.useFrom <= now)
  const found = await find()
  if (found) return found
  // Usable from ever: nobody can have fetched the keys before, and another isolate's clock may be behind.
  await makeKey(deps, projectId, alg, 1, 0)
  deps.cache.forget(cacheKey(projectId))
  const made = await find()
  if (!made) throw new Unavailable('d1', 'the signing key is not there after its insert')
  return made
}

/** The public keys as a JWK set (RFC 7517 §5), those that will sign soon and those whose tokens still live included. */
export async function publicKeys(deps: Deps, projectId: string): Promise<{ keys: JWK[] }> {
  await signingKey(deps, projectId)
  return { keys: (await signingKeys(deps, projectId)).map(({ publicJwk }) => publicJwk) }
}

/** Cron: a successor for what is old, and the end of what nobody needs. */
export async function rotateSigningKeys(deps: Deps): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  const old = await queryAll<Pick<SigningKeyRow, 'project_id' | 'alg' | 'generation'>>(
    selectOldSigningKeys(deps.db, now - ROTATE_AFTER_SECONDS, ROTATION_BATCH),
  )
  for (const { project_id, alg, generation } of old) {
    await makeKey(deps, project_id, alg, generation + 1, now + PUBLISHED_SECONDS)
    deps.cache.forget(cacheKey(project_id))
  }
  await batch(deps.db, [deleteRetiredSigningKeys(deps.db, now - LAST_TOKEN_SECONDS)])
}

export async function signingKeys(deps: Deps, projectId: string): Promise<SigningKey[]> {
  const keys = await deps.cache.get(cacheKey(projectId), deps.now(), async () => {
    const rows = await queryAll<SigningKeyRow>(selectSigningKeys(deps.db, projectId))
    return Promise.all(rows.map((row) => toSigningKey(deps, row)))
  })
  return keys ?? []
}

async function makeKey(deps: Deps, projectId: string, alg: SigningAlg, generation: number, useFrom: number) {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const publicJwk = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const privateJwk = utf8(JSON.stringify(await exportJWK(pair.privateKey)))
  const row = insertSigningKey(deps.db, {
    projectId,
    alg,
    generation,
    kid,
    publicJwk: JSON.stringify({ ...publicJwk, kid, alg, use: 'sig' }),
    privateJwk: await deps.keys.seal(signingKeyPlace(projectId, kid), privateJwk),
    now: Math.floor(deps.now() / 1000),
    useFrom,
  })
  await batch(deps.db, [row])
}

async function toSigningKey(deps: Deps, row: SigningKeyRow): Promise<SigningKey> {
  const privateJwk = await deps.keys.unseal(signingKeyPlace(row.project_id, row.kid), new Uint8Array(row.private_jwk))
  if (!privateJwk) throw new Unavailable('keys', 'LATCHKEY_SECRET is not the one this database was sealed with')
  const privateKey = await importJWK(JSON.parse(new TextDecoder().decode(privateJwk)), row.alg)
  if (!(privateKey instanceof CryptoKey)) throw new Error('a signing key that is no CryptoKey')
  return { kid: row.kid, alg: row.alg, privateKey, publicJwk: JSON.parse(row.public_jwk), useFrom: row.use_from }
}

const cacheKey = (projectId: string) => `signing_keys:${projectId}`
