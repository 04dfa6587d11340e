/** The button on a link's page: redeems for the browser, and gives it a grant that the application exchanges. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { query } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import { grantRedirect, mintBoundGrant, mintGrant } from '../grants/grant.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import type { ParsedSecret } from '../ledger/secret.ts'
import { getProject, type Project } from '../projects/project.ts'
import { type SignedIn, startInBrowser } from '../sign-in/finish.ts'
import { flowHash } from '../sign-in/flow.ts'
import { selectUserByRef, type UserRow } from '../users/queries.ts'
import { redirectTarget, signUpDiffers } from './links.ts'
import { noteRedemption, redeem, redeemFailure } from './redeem.ts'
import { presentToken } from './verify.ts'

export type Press = {
  link: ParsedSecret
  /** From the visit or the flow: the same browser pressing again is the same redemption. */
  key: string
  /** The browser's flow key, if it has one. */
  flow: Uint8Array | null
  device: { ip: string | null; userAgent: string | null }
}

export type Pressed =
  /** To the application, with a grant; null: there is none. `signedIn`: here as well. */
  | { is: 'signed_in'; redirectTo: string | null; signedIn: SignedIn | null }
  /** Another browser asked: this one may only show the code to type there. */
  | { is: 'elsewhere'; project: Project; record: ChallengeRecord }

export async function press(deps: Deps, { link, key, flow, device }: Press): Promise<Result<Pressed, Failure>> {
  const grant = await mintGrant(deps, link.ledger)
  const { outcome, keyHash } = await redeem(deps, {
    presented: presentToken(link),
    key,
    caller: 'page',
    lane: 'stranger',
    conditions: {
      project: null,
      dialect: 'native',
      idGiven: false,
      ...(flow ? { flow: await flowHash(flow, link.ledger) } : {}),
    },
    grant: { proof: grant.proof, expiresAt: grant.expiresAt },
  })
  if (outcome.is !== 'redeemed' && outcome.is !== 'bound') return failed(redeemFailure(outcome))
  const { record } = outcome
  const project = await getProject(deps, record.project)
  if (!project) return failed({ reason: 'unknown_token' })
  const target = await targetOf(deps, project, record)
  if (outcome.is === 'bound') {
    if (record.binding?.kind === 'flow') return ok({ is: 'elsewhere', project, record })
    // A verifier belongs to an application; without one there is nowhere to bring it.
    if (target === null) return failed({ reason: 'verifier_mismatch' })
    const bound = await mintBoundGrant(deps, link)
    return ok({ is: 'signed_in', redirectTo: grantRedirect(project, record, target, bound.secret), signedIn: null })
  }
  const redirectTo = target && grantRedirect(project, record, target, grant.secret)
  // A sign-in that an application asked for through the API becomes a session at the exchange, there and not here.
  if (redirectTo !== null && record.binding === null) {
    deps.after(noteRedemption(deps, project, link.ledger, outcome))
    return ok({ is: 'signed_in', redirectTo, signedIn: null })
  }
  const started = await startInBrowser(deps, project, link.ledger, outcome, keyHash, device)
  return started.ok ? ok({ is: 'signed_in', redirectTo, signedIn: started.value }) : started
}

async function targetOf(deps: Deps, project: Project, record: ChallengeRecord): Promise<string | null> {
  if (!signUpDiffers(project, record)) return redirectTarget(project, record, false)
  const row = record.identifier && (await query<UserRow>(selectUserByRef(deps.db, project.id, record.identifier)))
  return redirectTarget(project, record, row?.id === record.candidateUserId)
}
