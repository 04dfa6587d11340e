/** Grants: the authorization code that an application exchanges for tokens. 60 seconds, strictly once. */

import { decodeBase64url } from '../../lib/base64url.ts'
import { hexBytes } from '../../lib/bytes.ts'
import type { Deps } from '../../ports.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import { type ChallengeRef, ID_BYTES, mintSecret, proofOf, SECRET_BYTES } from '../ledger/secret.ts'
import type { Project } from '../projects/project.ts'
import { withParameters } from '../projects/redirect-uris.ts'

/** RFC 9700 and ASVS 10.4.3 allow a minute at most. */
export const GRANT_SECONDS = 60

export type Grant = { secret: string; proof: string; expiresAt: number }

/** For a redemption to store. @param ledger hex */
export const mintGrant = (deps: Deps, ledger: string): Promise<Grant> =>
  make(deps, 'grant', ledger, deps.randomBytes(ID_BYTES))

/** Stored nowhere: its MAC says that the link was right, and the verifier's holder redeems the challenge with it. */
export const mintBoundGrant = (deps: Deps, { ledger, id }: ChallengeRef): Promise<Grant> =>
  make(deps, 'bound_grant', ledger, decodeBase64url(id) ?? new Uint8Array())

async function make(deps: Deps, purpose: 'grant' | 'bound_grant', ledger: string, id: Uint8Array): Promise<Grant> {
  const secret = deps.randomBytes(SECRET_BYTES)
  const expiresAt = Math.floor(deps.now() / 1000) + GRANT_SECONDS
  return {
    secret: await mintSecret(deps.keys, purpose, { ledger: hexBytes(ledger), id, secret, expiresAt }),
    proof: await proofOf(purpose, id, secret),
    expiresAt,
  }
}

/** The application's address with its grant; an OAuth client is told the issuer too (RFC 9207 §2). */
export const grantRedirect = (
  project: Project,
  record: Pick<ChallengeRecord, 'clientId' | 'state'>,
  target: string,
  secret: string,
) =>
  withParameters(target, { code: secret, state: record.state, iss: record.clientId === null ? null : project.issuer })
