/** Reading our own access tokens. At our own endpoints `liveGrant` follows, so that a revocation is felt at once. */

import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { Deps } from '../../ports.ts'
import type { Project } from '../projects/project.ts'
import { signingKeys } from '../signing-keys/signing-key.ts'

export type AccessClaims = {
  sub: string
  aud: string
  clientId: string
  scope: string
  /** Null for the client-credentials grant: the session, and the family that every token of one grant belongs to. */
  sid: string | null
  familyId: string | null
  iat: number
  exp: number
  jti: string
}

/** Null for anything but an access token of this project that has not expired. The key record says the algorithm, never the token (RFC 8725 §3.1). */
export async function readAccessToken(deps: Deps, project: Project, token: string): Promise<AccessClaims | null> {
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = (await signingKeys(deps, project.id)).find((candidate) => candidate.kid === kid)
    if (!key) return null
    const { payload } = await jwtVerify(token, key.publicJwk, {
      algorithms: [key.alg],
      typ: 'at+jwt',
      issuer: project.issuer,
      requiredClaims: ['sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
      currentDate: new Date(deps.now()),
    })
    const text = (name: string) => (typeof payload[name] === 'string' ? payload[name] : '')
    return {
      sub: text('sub'),
      aud: text('aud'),
      clientId: text('client_id'),
      scope: text('scope'),
      sid: text('sid') || null,
      familyId: text('fid') || null,
      iat: payload.iat ?? 0,
      exp: payload.exp ?? 0,
      jti: text('jti'),
    }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null
    throw error
  }
}
