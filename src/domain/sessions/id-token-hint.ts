/** An ID token that comes back as a hint: of us, whoever it is for, and however long ago (RP-Initiated Logout 1.0 §2). */

import { compactVerify, decodeProtectedHeader, errors } from 'jose'
import type { Deps } from '../../ports.ts'
import type { Project } from '../projects/project.ts'
import { signingKeys } from '../signing-keys/signing-key.ts'

export async function readIdTokenHint(
  deps: Deps,
  project: Project,
  token: string,
): Promise<{ sub: string; sid: string | null; audience: string } | null> {
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = (await signingKeys(deps, project.id)).find((candidate) => candidate.kid === kid)
    if (!key) return null
    const { payload, protectedHeader } = await compactVerify(token, key.publicJwk, { algorithms: [key.alg] })
    if (protectedHeader.typ !== 'JWT') return null
    const claims = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>
    if (claims.iss !== project.issuer || typeof claims.sub !== 'string') return null
    const { sub, sid, aud } = claims
    return { sub, sid: typeof sid === 'string' ? sid : null, audience: typeof aud === 'string' ? aud : '' }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}
