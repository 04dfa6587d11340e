/** A token for an application itself (RFC 6749 §4.4): stands for an API key with the client's scopes, and has no session. */

import { SignJWT } from 'jose'
import { encodeBase64url } from '../../lib/base64url.ts'
import type { Deps } from '../../ports.ts'
import type { Project } from '../projects/project.ts'
import { signingKey } from '../signing-keys/signing-key.ts'
import type { TokenClient } from './tokens.ts'

export async function clientCredentialsToken(
  deps: Deps,
  project: Project,
  client: TokenClient,
  scope: string,
  resource: string | null,
): Promise<{ token: string; expiresIn: number }> {
  const key = await signingKey(deps, project.id, client.alg)
  const now = Math.floor(deps.now() / 1000)
  const expiresIn = client.accessTtl ?? project.settings.access_ttl
  const token = await new SignJWT({ client_id: client.clientId, scope })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(project.issuer)
    // RFC 9068 §2.2: the client is the subject where there is no person.
    .setSubject(client.clientId)
    .setAudience(resource ?? project.id)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresIn)
    .setJti(encodeBase64url(deps.randomBytes(16)))
    .sign(key.privateKey)
  return { token, expiresIn }
}
