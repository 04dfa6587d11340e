/** A grant for somebody who is signed in already: one ledger call, in the ledger of the user, since nothing was sent. */

import { encodeBase64url } from '../../lib/base64url.ts'
import { hex } from '../../lib/bytes.ts'
import type { Deps } from '../../ports.ts'
import { grantRedirect, mintGrant } from '../grants/grant.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import { ID_BYTES } from '../ledger/secret.ts'
import { ledgerOf } from '../ledger/subject.ts'
import type { Project } from '../projects/project.ts'
import type { Session } from '../sessions/session.ts'
import { authorizationOf } from './ask.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** The application's address, with the grant. */
export async function grantForSession(
  deps: Deps,
  project: Project,
  session: Session,
  request: AuthorizationRequest,
): Promise<string> {
  const ledger = hex(await ledgerOf(project, { kind: 'user', userId: session.userId }))
  const grant = await mintGrant(deps, ledger)
  const record: ChallengeRecord = {
    project: project.id,
    dialect: 'native',
    purpose: 'sign_in',
    channel: 'none',
    method: 'link',
    identifier: null,
    userId: session.userId,
    candidateUserId: null,
    createAtRedemption: false,
    mintedAt: deps.now(),
    link: null,
    linkParam: 'token',
    linkTtl: 0,
    codeTtl: 0,
    redirectUri: request.redirectUri,
    state: request.state,
    clientId: request.clientId,
    authorization: authorizationOf(request),
    binding: null,
    client: null,
    match: [],
    linkRequiresId: false,
    testIdentity: false,
    tellsUser: false,
    locale: project.settings.locale,
    metadata: {},
  }
  const outcome = await askLedger(deps, ledger, {
    type: 'issue_grant',
    id: encodeBase64url(deps.randomBytes(ID_BYTES)),
    record,
    sessionId: session.id,
    grant: { proof: grant.proof, expiresAt: grant.expiresAt },
  })
  if (outcome.is !== 'done') return unknownOutcome(outcome as never)
  return grantRedirect(project, record, request.redirectUri, grant.secret)
}
