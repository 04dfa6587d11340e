/** RFC 7009 §2.1: a client ends what it was given, and nothing else: every token of that grant, no other client's. */

import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import type { Project } from '../projects/project.ts'
import { readAccessToken } from './access-token.ts'
import { endFamilyOfClient } from './queries.ts'
import { parseRefreshToken } from './refresh-token.ts'

/** An unknown token, or another client's, is no error and changes nothing. @param clientId our id of the client, or the key's */
export async function revokeToken(deps: Deps, project: Project, clientId: string, token: string): Promise<void> {
  const familyId =
    (await parseRefreshToken(deps.keys, token))?.familyId ?? (await readAccessToken(deps, project, token))?.familyId
  if (!familyId) return
  const now = Math.floor(deps.now() / 1000)
  await batch(deps.db, [endFamilyOfClient(deps.db, project.id, familyId, clientId, now)])
}
