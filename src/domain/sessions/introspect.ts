/** What a token is worth now (RFC 7662 §2.2): the answer for anything that does not work is the same, and says nothing. */

import type { Deps } from '../../ports.ts'
import { clientOfToken } from '../clients/client-token.ts'
import type { Project } from '../projects/project.ts'
import { readAccessToken } from './access-token.ts'
import { liveGrant } from './live-grant.ts'
import { GRACE_MS } from './refresh.ts'
import { parseRefreshToken } from './refresh-token.ts'

export type Introspection = { active: boolean; [claim: string]: string | number | boolean }

const INACTIVE: Introspection = { active: false }

export async function introspect(deps: Deps, project: Project, token: string): Promise<Introspection> {
  const refresh = await parseRefreshToken(deps.keys, token)
  return refresh ? ofRefreshToken(deps, project, refresh) : ofAccessToken(deps, project, token)
}

async function ofAccessToken(deps: Deps, project: Project, token: string): Promise<Introspection> {
  const claims = await readAccessToken(deps, project, token)
  if (!claims) return INACTIVE
  const { sid, familyId, clientId, scope, ...common } = claims
  const stands =
    familyId === null ? await clientOfToken(deps, project, claims) : await liveGrant(deps, project, familyId)
  if (!stands) return INACTIVE
  return {
    active: true,
    token_type: 'Bearer',
    iss: project.issuer,
    client_id: clientId,
    ...common,
    ...(sid === null ? {} : { sid }),
    ...(scope === '' ? {} : { scope }),
  }
}

async function ofRefreshToken(
  deps: Deps,
  project: Project,
  token: { familyId: string; generation: number },
): Promise<Introspection> {
  const live = await liveGrant(deps, project, token.familyId)
  if (!live) return INACTIVE
  const { family, grant, session, user } = live
  const isPrevious = family.generation === token.generation + 1 && deps.now() - family.rotated_at < GRACE_MS
  if (family.generation !== token.generation && !isPrevious) return INACTIVE
  return {
    active: true,
    iss: project.issuer,
    sub: user.id,
    sid: session.id,
    // Without a client the audience is the project, and the family is the API key's.
    client_id: grant.audience === project.id ? family.client_id : grant.audience,
    exp: Math.min(session.expiresAt, session.lastActiveAt + session.idleTtl),
    ...(grant.scope === '' ? {} : { scope: grant.scope }),
  }
}
