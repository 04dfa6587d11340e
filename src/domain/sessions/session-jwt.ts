/**
 * A session as a signed statement, for a back end that checks it without a call (Streambird). Its type is its own, so that it
 * never passes for an access token or an ID token, nor one of those for it (RFC 8725 §3.11).
 */

import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { isId } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import type { Project } from '../projects/project.ts'
import { signingKey, signingKeys } from '../signing-keys/signing-key.ts'
import { type Session, sessionEnd } from './session.ts'

const TYPE = 'session+jwt'
const LIFE_SECONDS = 3600

/** An hour, and never beyond the session. @param claims what it says besides */
export async function mintSessionJwt(
  deps: Deps,
  project: Project,
  session: Session,
  claims: Record<string, unknown>,
): Promise<string> {
  const now = Math.floor(deps.now() / 1000)
  const hasRsa = (await signingKeys(deps, project.id)).some(({ alg, useFrom }) => alg === 'RS256' && useFrom <= now)
  const key = await signingKey(deps, project.id, hasRsa ? 'RS256' : 'ES256')
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: TYPE })
    .setIssuer(project.issuer)
    .setSubject(session.userId)
    .setIssuedAt(now)
    .setExpirationTime(Math.min(now + LIFE_SECONDS, sessionEnd(session)))
    .setJti(session.id)
    .sign(key.privateKey)
}

/** The session's id; null for anything but such a statement of this project that has not expired. Its row decides (promise 8). */
export async function readSessionJwt(deps: Deps, project: Project, token: string): Promise<string | null> {
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = (await signingKeys(deps, project.id)).find((candidate) => candidate.kid === kid)
    if (!key) return null
    const { payload } = await jwtVerify(token, key.publicJwk, {
      algorithms: [key.alg],
      typ: TYPE,
      issuer: project.issuer,
      requiredClaims: ['sub', 'exp', 'iat', 'jti'],
      currentDate: new Date(deps.now()),
    })
    return payload.jti !== undefined && isId('sess', payload.jti) ? payload.jti : null
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null
    throw error
  }
}
