/**
 * A new mail for a link that a browser asked for on our pages, asked for on the link's own page. It is bound to the browser that
 * presses, never to nobody. The browser that began gets the same request again; in another one it ends on our own page, since an
 * application refuses an answer to a request that this browser never began (`state`, PKCE).
 */

import { equalInConstantTime } from '../../lib/constant-time.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import type { ParsedSecret } from '../ledger/secret.ts'
import { getProject, type Project } from '../projects/project.ts'
import { type EmailAddress, parseEmailAddress } from '../users/address.ts'
import { type Ask, askForSignIn } from './ask.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { laneOf } from './device.ts'
import { flowHash } from './flow.ts'

export type Here = Pick<Ask, 'flow' | 'client'> & {
  /** The cookie of addresses that signed in here before. */
  device: string | undefined
}

/** A bound link was opened in another browser: once, a new link for this one is sent to the same address. */
export async function askHere(
  deps: Deps,
  link: ParsedSecret,
  here: Here,
): Promise<Result<{ project: Project; email: EmailAddress }, Failure>> {
  const outcome = await askLedger(deps, link.ledger, { type: 'recall', id: link.id, link: link.proof })
  if (outcome.is === 'unknown') return failed({ reason: 'expired' })
  if (outcome.is !== 'recalled') return unknownOutcome(outcome as never)
  return askAgain(deps, link, outcome.record, here)
}

/** @param record of the link, which may be renewed */
export async function askAgain(
  deps: Deps,
  link: ParsedSecret,
  record: ChallengeRecord,
  here: Here,
): Promise<Result<{ project: Project; email: EmailAddress }, Failure>> {
  const project = await getProject(deps, record.project)
  const email = record.identifier?.kind === 'email' ? parseEmailAddress(record.identifier.exact) : null
  if (!project || !email?.ok || record.binding?.kind !== 'flow') return failed({ reason: 'expired' })
  const began = equalInConstantTime(record.binding.hash, await flowHash(here.flow, link.ledger))
  const asked = await askForSignIn(deps, project, {
    email: email.value,
    request: began ? requestOf(record) : null,
    flow: here.flow,
    nonce: `here:${link.id}`,
    lane: await laneOf(deps, here.device, project.id, link.ledger),
    locale: record.locale,
    client: here.client,
  })
  return asked.ok ? ok({ project, email: email.value }) : asked
}

function requestOf(record: ChallengeRecord): AuthorizationRequest | null {
  const { clientId, redirectUri, authorization, state, wishedLocale: locale = null, application = '' } = record
  if (clientId === null || redirectUri === null || authorization === null) return null
  return {
    ...authorization,
    clientId,
    redirectUri,
    state,
    application: application ?? '',
    loginHint: null,
    locale,
    fresh: false,
  }
}
