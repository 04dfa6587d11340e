/** A 1Kosmos community is a project: found by its name, with a key pair of its own that is made on first use. */

import { frame, hex } from '../../lib/bytes.ts'
import { Unavailable } from '../../lib/deadline.ts'
import { sha256 } from '../../lib/digest.ts'
import { type KeyPair, keyPairOf, SEED_BYTES } from '../../lib/ecdh.ts'
import { isId } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import { batch, query } from '../database.ts'
import { getProject, type Project } from '../projects/project.ts'
import { communityKeyPlace } from '../sealed.ts'
import { type CommunityKeyRow, insertCommunityKey, selectCommunityKey } from './queries.ts'

/** The first project's; any other goes by its project's id. */
export const FIRST_COMMUNITY = 'default'

/** Null for a name that no project has. No I/O for what is no id of ours. */
export async function findCommunity(deps: Deps, name: string): Promise<Project | null> {
  if (name === FIRST_COMMUNITY) return getProject(deps, null)
  return isId('proj', name) ? getProject(deps, name) : null
}

/** 24 hex digits, as the vendor's ids are: the same for ever. */
export const vendorIdOf = async (what: 'tenant' | 'community' | 'gateway', projectId: string): Promise<string> =>
  hex((await sha256(frame('1kosmos', what, projectId))).subarray(0, 12))

export async function communityKeyPair(deps: Deps, project: Project): Promise<KeyPair> {
  const pair = await deps.cache.get(`community_key:${project.id}`, deps.now(), async () => {
    const found = await readKeyPair(deps, project.id)
    if (found) return found
    await batch(deps.db, [await newKeyPair(deps, project.id)])
    return readKeyPair(deps, project.id)
  })
  if (!pair) throw new Unavailable('d1', 'the key pair is not there after its insert')
  return pair
}

async function newKeyPair(deps: Deps, projectId: string): Promise<D1PreparedStatement> {
  const { privateKey, publicKey } = keyPairOf(deps.randomBytes(SEED_BYTES))
  const sealed = await deps.keys.seal(communityKeyPlace(projectId), privateKey)
  const now = Math.floor(deps.now() / 1000)
  return insertCommunityKey(deps.db, { projectId, privateKey: sealed, publicKey, now })
}

async function readKeyPair(deps: Deps, projectId: string): Promise<KeyPair | null> {
  const row = await query<CommunityKeyRow>(selectCommunityKey(deps.db, projectId))
  if (!row) return null
  const privateKey = await deps.keys.unseal(communityKeyPlace(projectId), new Uint8Array(row.private_key))
  if (!privateKey) throw new Unavailable('keys', 'LATCHKEY_SECRET is not the one this database was sealed with')
  return { privateKey, publicKey: new Uint8Array(row.public_key) }
}
