/** What is typed into the code field of our own page: the mail's code, or the one that another browser shows. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { redirectTarget } from '../challenges/links.ts'
import { redeem, redeemFailure } from '../challenges/redeem.ts'
import { type Failure, failed } from '../failures.ts'
import { grantRedirect, mintGrant } from '../grants/grant.ts'
import { readCode } from '../ledger/code.ts'
import type { Lane } from '../ledger/decide.ts'
import { codeProofs } from '../ledger/secret.ts'
import type { Project } from '../projects/project.ts'
import { type SignedIn, startInBrowser } from './finish.ts'
import { flowHash, flowRedemptionKey } from './flow.ts'

const RELAY_LENGTH = 8

export type Entry = {
  ledger: string
  typed: string
  flow: Uint8Array
  lane: Lane
  device: { ip: string | null; userAgent: string | null }
}

/** Any live code that this browser asked for at this address signs in. */
export async function enterCode(
  deps: Deps,
  project: Project,
  entry: Entry,
): Promise<Result<SignedIn & { redirectTo: string | null }, Failure>> {
  const { ledger, flow } = entry
  const { code_alphabet, code_length } = project.settings
  const code = readCode(code_alphabet, code_length, entry.typed)
  const relay = readCode('digits', RELAY_LENGTH, entry.typed)
  // What cannot be read counts as a try all the same: it is sent as it stands.
  const given = code ?? entry.typed.replace(/[\s-]/g, '').toUpperCase().slice(0, 64)
  const proofs = [
    ...(await codeProofs(deps.keys, 'code', project.id, ledger, given)),
    ...(relay ? await codeProofs(deps.keys, 'relay', project.id, ledger, relay) : []),
  ]
  const grant = await mintGrant(deps, ledger)
  const { outcome, keyHash } = await redeem(deps, {
    presented: { ledger, id: null, purpose: 'code', proofs, expiresAt: null },
    key: await flowRedemptionKey(flow, ledger),
    caller: 'page',
    lane: entry.lane,
    conditions: { project: project.id, dialect: 'native', idGiven: true, flow: await flowHash(flow, ledger) },
    grant: { proof: grant.proof, expiresAt: grant.expiresAt },
  })
  if (outcome.is !== 'redeemed') return failed(redeemFailure(outcome))
  const signedIn = await startInBrowser(deps, project, ledger, outcome, keyHash, entry.device)
  if (!signedIn.ok) return signedIn
  const { record } = outcome
  const target = redirectTarget(project, record, signedIn.value.userId === record.candidateUserId)
  return ok({ ...signedIn.value, redirectTo: target && grantRedirect(project, record, target, grant.secret) })
}
