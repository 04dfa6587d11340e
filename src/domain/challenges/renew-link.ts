/** One press on a dead link's page sends a new one: to the same address, for the same request, never to anybody else. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import type { ParsedSecret } from '../ledger/secret.ts'
import { brandOf, chooseLocale } from '../messages/message.ts'
import { getProject } from '../projects/project.ts'
import { askAgain, type Here } from '../sign-in/here.ts'
import { maskEmail } from '../users/address.ts'
import { maskContact, parseContact } from '../users/contact.ts'
import { send } from './send.ts'

/**
 * A direct link is the application's own page, which asks us anew itself. Where the application must bring the challenge's id, a
 * new one would be of no use to it.
 */
export const isRenewable = ({ link, channel, requiresId }: ChallengeRecord): boolean =>
  link === 'landing' && channel !== 'none' && requiresId !== true

/** @param here who presses: what was asked for on our own pages stays bound to a browser */
export async function renewLink(deps: Deps, link: ParsedSecret, here: Here) {
  const outcome = await askLedger(deps, link.ledger, { type: 'recall', id: link.id, link: link.proof })
  // The link was ours: whoever presses is told to ask for a new one, not that this one is junk.
  if (outcome.is === 'unknown') return failed({ reason: 'expired' })
  if (outcome.is !== 'recalled') return unknownOutcome(outcome as never)
  const { record } = outcome
  if (record.link !== 'landing') return failed({ reason: 'unknown_token' })
  if (!isRenewable(record)) return failed({ reason: 'expired' })
  if (record.binding?.kind === 'flow') {
    const asked = await askAgain(deps, link, record, here)
    if (!asked.ok) return asked
    const { project, email } = asked.value
    const locale = chooseLocale(project, record.locale)
    return ok({ brand: brandOf(project), locale, address: maskEmail(email.exact), channel: record.channel })
  }
  const project = await getProject(deps, record.project)
  const { identifier, channel } = record
  const contact = identifier && parseContact({ kind: identifier.kind, value: identifier.canonical })
  if (!project || !contact) return failed({ reason: 'expired' })
  const sent: Result<unknown, Failure> = await send(deps, project, {
    recipient: { contact },
    channel,
    purpose: record.purpose,
    method: record.method,
    createUser: false,
    redirectUri: record.redirectUri,
    link: 'landing',
    linkParam: record.linkParam,
    state: record.state,
    locale: record.wishedLocale ?? null,
    custom: null,
    metadata: record.metadata,
    createdBy: null,
    expiresIn: null,
    client: record.client,
    match: record.match,
    codeChallenge: record.binding?.kind === 'verifier' ? record.binding.codeChallenge : null,
    hosted: null,
    tellsUser: false,
    dialect: record.dialect,
    vendor: record.vendor,
    approvalData: record.approvalData,
    // Pressing twice, and pressing again after a failure, is one new link.
    idempotency: { caller: 'page', key: `renew:${link.proof}`, requestHash: link.proof },
  })
  if (!sent.ok) return sent
  const brand = brandOf(project)
  return ok({ brand, locale: chooseLocale(project, record.locale), address: maskContact(contact), channel })
}
