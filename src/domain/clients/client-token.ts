/** Access tokens of the client-credentials grant (RFC 6749 §4.4), as our own API takes them: in place of an API key. */

import { decodeJwt, errors } from 'jose'
import type { Deps } from '../../ports.ts'
import type { Caller, Scope } from '../api-keys/api-key.ts'
import { getProject, type Project } from '../projects/project.ts'
import { type AccessClaims, readAccessToken } from '../sessions/access-token.ts'
import { type Client, getClient } from './client.ts'

/** Who calls with this token; null for anything that is none, and for one that was made for another audience (RFC 9068 §4). */
export async function callerOfClientToken(deps: Deps, token: string): Promise<Caller | null> {
  const project = await issuerOf(deps, token)
  const claims = project && (await readAccessToken(deps, project, token))
  if (claims?.aud !== project?.id || !project || !claims) return null
  const client = await clientOfToken(deps, project, claims)
  if (!client) return null
  // What the token was given, as far as the client still has it.
  const granted = claims.scope.split(' ')
  const scopes: Scope[] = client.scopes.filter((scope) => granted.includes(scope))
  const { id, clientId, idTokenAlg, accessTtl } = client
  return { id, project, scopes, client: { id, clientId, alg: idTokenAlg, accessTtl } }
}

/** The client that the token stands for, if it may still have one. A later client of the same name is another client. */
export async function clientOfToken(deps: Deps, project: Project, claims: AccessClaims): Promise<Client | null> {
  if (claims.sid !== null || claims.sub !== claims.clientId) return null
  const client = await getClient(deps, project, claims.clientId)
  if (!client?.grantTypes.includes('client_credentials')) return null
  return claims.iat >= client.createdAt ? client : null
}

/** Whose keys to try: the token says so itself, and its signature is judged by them. */
async function issuerOf(deps: Deps, token: string): Promise<Project | null> {
  try {
    const { iss } = decodeJwt(token)
    // Whatever stands there was written by the caller.
    const id = String(iss).split('/').at(-1) ?? ''
    const project = await getProject(deps, id.startsWith('proj_') ? id : null)
    return project?.issuer === iss ? project : null
  } catch (error) {
    if (error instanceof errors.JOSEError) return null
    throw error
  }
}
