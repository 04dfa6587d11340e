/** A 1Kosmos access code: a version-8 UUID that is mailed, looked at as often as one likes, and redeemed once. */

import { decodeBase64url } from '../../lib/base64url.ts'
import { hex } from '../../lib/bytes.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { drawFor, type Idempotency } from '../challenges/draw.ts'
import { type Sent, send } from '../challenges/send.ts'
import { presentUuid } from '../challenges/verify.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import { mintUuid, readUuid, UUID_RANDOM_BYTES } from '../ledger/secret.ts'
import type { Project } from '../projects/project.ts'
import { checkTemplate, parsed } from '../templates/check.ts'
import type { EmailAddress } from '../users/address.ts'
import { emailContact } from '../users/contact.ts'

export type CodeRequest = {
  to: EmailAddress
  subject: string | null
  /** With `{{MAGICLINK}}`, which stands for the code. Null: our own mail. */
  html: string | null
  createdBy: string | null
  /** Seconds. */
  ttl: number
  idempotency: Idempotency | null
}

export type SentCode = { code: string; sent: Sent }

/** `expiresAt` in Unix seconds. `id`: 24 hex digits. */
export type LiveCode = { uuid: string; id: string; record: ChallengeRecord; expiresAt: number }

export async function sendAccessCode(
  deps: Deps,
  project: Project,
  request: CodeRequest,
): Promise<Result<SentCode, Failure>> {
  const { to, subject, html, createdBy, ttl, idempotency } = request
  const problem = html === null ? null : templateProblem(html)
  if (problem) return failed({ reason: 'invalid_template', message: problem })
  const contact = emailContact(to)
  const draw = drawFor(deps, project.id, contact.canonical, idempotency)
  const code = await mintUuid(deps.keys, project.id, await draw('uuid', UUID_RANDOM_BYTES))
  const sent = await send(deps, project, {
    recipient: { contact },
    uuid: code,
    channel: 'email',
    purpose: 'sign_in',
    method: 'link',
    createUser: true,
    redirectUri: null,
    link: 'direct',
    linkParam: 'code',
    secretOnly: html !== null,
    state: null,
    locale: null,
    custom: {
      email: subject === null ? null : { subject },
      variables: {},
      template: null,
      inline: html === null ? null : { subject: null, html },
      text: null,
    },
    metadata: {},
    createdBy,
    expiresIn: ttl,
    client: null,
    match: [],
    codeChallenge: null,
    hosted: null,
    tellsUser: true,
    idempotency,
    dialect: '1kosmos',
  })
  return sent.ok ? ok({ code, sent: sent.value }) : sent
}

/** A code that may still be redeemed. Changes nothing. */
export async function readAccessCode(deps: Deps, project: Project, code: string): Promise<Result<LiveCode, Failure>> {
  const uuid = await readUuid(deps.keys, project.id, code)
  if (uuid === null) return failed({ reason: 'unknown_token' })
  const { ledger, id, proofs } = await presentUuid(project, uuid)
  const outcome = await askLedger(deps, ledger, { type: 'peek', id, project: project.id, link: proofs[0] ?? '' })
  if (outcome.is === 'unknown') return failed({ reason: 'unknown_token' })
  if (outcome.is !== 'found') return unknownOutcome(outcome)
  const { status, record, expiresAt, at } = outcome
  if (status === 'redeemed') return failed({ reason: 'already_used', at })
  if (status === 'expired' || status === 'superseded' || status === 'cancelled') return failed({ reason: status })
  if (status === 'locked' || !record || expiresAt === null) return unknownOutcome(outcome as never)
  return ok({ uuid, id: hex(decodeBase64url(id) ?? new Uint8Array()), record, expiresAt })
}

/** Why such a mail would leave its reader without a way in, or be no safe mail. */
function templateProblem(html: string): string | null {
  const lacks = 'it must have {{MAGICLINK}}, outside of sections: the variable stands for the code'
  if (!html.includes('MAGICLINK')) return lacks
  const problem = checkTemplate({ subject: '', html, text: null }, 'login_link')
  if (problem) return problem
  return parsed(html).some(([type, name]) => type === 'name' && name === 'MAGICLINK') ? null : lacks
}
