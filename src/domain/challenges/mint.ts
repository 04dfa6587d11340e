/** Making a challenge: its secrets, what of them is stored, and the record; and what the ledger says of it. */

import { encodeBase64url } from '../../lib/base64url.ts'
import { hex } from '../../lib/bytes.ts'
import { ksuid } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import type { Failure } from '../failures.ts'
import { unknownOutcome } from '../ledger/ask.ts'
import { drawCode } from '../ledger/code.ts'
import type { OpenOutcome, StoredSecret } from '../ledger/decide.ts'
import type { Authorization, ChallengeRecord } from '../ledger/record.ts'
import {
  type ChallengeRef,
  codeProofs,
  ID_BYTES,
  mintChallengeId,
  mintSecret,
  partsOfUuid,
  proofOf,
  relayCode,
  SECRET_BYTES,
} from '../ledger/secret.ts'
import { ledgerOf, type Subject } from '../ledger/subject.ts'
import { type CustomContent, chooseLocale } from '../messages/message.ts'
import type { Project } from '../projects/project.ts'
import { fixedCode } from '../projects/test-identities.ts'
import { flowHash } from '../sign-in/flow.ts'
import type { Contact } from '../users/contact.ts'
import type { Metadata, User } from '../users/user.ts'
import { type Draw, drawFor, type Idempotency } from './draw.ts'

/** What is asked of a challenge, whoever asks. */
export type ChallengeRequest = {
  channel: ChallengeRecord['channel']
  purpose: ChallengeRecord['purpose']
  method: ChallengeRecord['method']
  redirectUri: string | null
  link: 'landing' | 'direct'
  linkParam: string
  state: string | null
  locale: string | null
  /** What the message says otherwise than ours. */
  custom: CustomContent | null
  metadata: Metadata
  /** Seconds; null: the project's. A code lives at most an hour of it. */
  expiresIn: number | null
  client: ChallengeRecord['client']
  match: ('ip' | 'user_agent')[]
  codeChallenge: string | null
  /** Whether the caller may learn whose address it is (`create_user`). */
  tellsUser: boolean
  /** On our own pages: the browser's flow key, and the application that sent the person here. */
  hosted: {
    flow: Uint8Array
    clientId: string | null
    application: string | null
    authorization: Authorization | null
    /** Of the request; `locale` is what the page is in. */
    wishedLocale: string | null
  } | null
  idempotency: Idempotency | null
  /** Absent: native. */
  dialect?: ChallengeRecord['dialect']
  vendor?: ChallengeRecord['vendor']
  approvalData?: ChallengeRecord['approvalData']
  requiresId?: boolean
}

/**
 * Whom it is for. `user` is known where the caller named one; `contact` is where it goes, and names the person too unless it
 * `isForDelivery` alone.
 */
export type Recipient = {
  subject: Subject
  contact: Contact | null
  user: User | null
  isForDelivery?: boolean
  /** A user who was made for this: it is a sign-up. */
  isNew?: boolean
}

const MAX_CODE_TTL_SECONDS = 3600

export type Minted = {
  ledger: Uint8Array
  ledgerName: string
  idBytes: Uint8Array
  id: string
  record: ChallengeRecord
  secrets: StoredSecret[]
  linkSecret: Uint8Array | null
  /** What stands for id and secret where the caller wants a UUID. */
  uuid: string | null
  code: string | null
  draw: Draw
}

export async function mint(
  deps: Deps,
  project: Project,
  input: ChallengeRequest,
  recipient: Recipient,
): Promise<Minted> {
  const { settings } = project
  const { method } = input
  const mintedAt = deps.now()
  const now = Math.floor(mintedAt / 1000)
  const ledger = await ledgerOf(project, recipient.subject)
  const draw = drawFor(deps, project.id, hex(ledger), input.idempotency)
  const { subject } = recipient
  const uuid = subject.kind === 'uuid' ? subject.uuid : null
  const own = uuid === null ? null : await partsOfUuid(project, uuid)
  const idBytes = own?.id ?? (await draw('id', ID_BYTES))
  const ref = { ledger: hex(ledger), id: encodeBase64url(idBytes) }
  const linkTtl = input.expiresIn ?? settings.link_ttl
  const codeTtl = Math.min(input.expiresIn ?? settings.code_ttl, MAX_CODE_TTL_SECONDS)
  const linkSecret = method === 'code' ? null : (own?.secret ?? (await draw('link', SECRET_BYTES)))
  const fixed = recipient.contact && (await fixedCode(deps, project, recipient.contact.canonical))
  const code = method === 'link' ? null : (fixed ?? (await drawNewCode(project, draw)))
  const secrets: StoredSecret[] = []
  if (linkSecret) {
    const link = {
      purpose: 'link',
      proof: await proofOf('link', idBytes, linkSecret),
      // A second at least: such a code may be given no more (1Kosmos).
      expiresAt: (uuid === null ? now : Math.ceil(mintedAt / 1000)) + linkTtl,
    } as const
    secrets.push(link)
    if (input.hosted) {
      const typed = await relayCode(deps.keys, ref, link.proof)
      const [proof = ''] = await codeProofs(deps.keys, 'relay', project.id, ref.ledger, typed)
      secrets.push({ purpose: 'relay', proof, expiresAt: link.expiresAt })
    }
  }
  if (code) {
    const [proof = ''] = await codeProofs(deps.keys, 'code', project.id, ref.ledger, code)
    secrets.push({ purpose: 'code', proof, expiresAt: now + codeTtl })
  }
  const identifier = recipient.isForDelivery ? null : recipient.contact
  const record: ChallengeRecord = {
    project: project.id,
    dialect: input.dialect ?? 'native',
    purpose: input.purpose,
    channel: input.channel,
    method,
    identifier: identifier && {
      kind: identifier.kind,
      canonical: identifier.canonical,
      exact: identifier.exact,
    },
    userId: recipient.user?.id ?? null,
    candidateUserId: await candidateOf(recipient, now, draw),
    mintedAt,
    link: method === 'code' ? null : input.link,
    linkParam: input.linkParam,
    linkTtl,
    codeTtl,
    redirectUri: input.redirectUri,
    state: input.state,
    createAtRedemption: input.hosted !== null && settings.allow_sign_up,
    clientId: input.hosted?.clientId ?? null,
    ...(input.hosted?.application && { application: input.hosted.application }),
    authorization: input.hosted?.authorization ?? null,
    binding: await bindingOf(input, ref.ledger),
    client: input.client,
    match: input.match,
    // A UUID is all that its caller is given.
    linkRequiresId: settings.link_requires_id && input.hosted === null && uuid === null,
    testIdentity: fixed !== null,
    tellsUser: input.tellsUser,
    locale: chooseLocale(project, input.locale, recipient.user?.locale),
    wishedLocale: input.hosted ? input.hosted.wishedLocale : input.locale,
    metadata: input.metadata,
    ...(input.vendor && { vendor: input.vendor }),
    ...(input.approvalData && { approvalData: input.approvalData }),
    ...(input.requiresId && { requiresId: true }),
  }
  return { ledger, ledgerName: ref.ledger, idBytes, id: ref.id, record, secrets, linkSecret, uuid, code, draw }
}

async function candidateOf({ contact, user, isNew }: Recipient, now: number, draw: Draw): Promise<string | null> {
  if (user) return isNew ? user.id : null
  return contact && `user_${ksuid(now, await draw('user', 16))}`
}

async function bindingOf(
  { codeChallenge, hosted }: ChallengeRequest,
  ledger: string,
): Promise<ChallengeRecord['binding']> {
  if (hosted) return { kind: 'flow', hash: await flowHash(hosted.flow, ledger) }
  return codeChallenge === null ? null : { kind: 'verifier', codeChallenge }
}

export const drawNewCode = (project: Project, draw: Draw): Promise<string> =>
  drawCode(project.settings.code_alphabet, project.settings.code_length, (count, round) => draw(`code:${round}`, count))

export type Opened = {
  challengeId: string
  /** The ledger's name and the challenge's id in it. */
  ref: ChallengeRef
  record: ChallengeRecord
  link: { secret: string; proof: string; expiresAt: number } | null
  code: { text: string; expiresAt: number } | null
  /** Milliseconds. */
  sentAt: number
  repeated: boolean
  draw: Draw
  /** Where the message was counted, if not in its own ledger (hex, and when by that ledger's clock). */
  reserved?: { ledger: string; at: number }
}

type OpenedParts = Pick<Minted, 'ledger' | 'idBytes' | 'linkSecret' | 'code' | 'draw'> & Partial<Pick<Minted, 'uuid'>>

/** The answer of a repeated call says what the first one said: its record, its times, and what of it was stored. */
export async function asOpened(
  deps: Deps,
  minted: OpenedParts,
  outcome: Extract<OpenOutcome, { is: 'opened' }>,
): Promise<Opened> {
  const link = outcome.secrets.findLast(({ purpose }) => purpose === 'link')
  const code = outcome.secrets.findLast(({ purpose }) => purpose === 'code')
  const { ledger, idBytes, linkSecret } = minted
  return {
    challengeId: await mintChallengeId(deps.keys, ledger, idBytes),
    ref: { ledger: hex(ledger), id: encodeBase64url(idBytes) },
    record: outcome.record,
    link:
      link && linkSecret
        ? {
            secret:
              minted.uuid ??
              (await mintSecret(deps.keys, 'link', {
                ledger,
                id: idBytes,
                secret: linkSecret,
                expiresAt: link.expiresAt,
              })),
            proof: link.proof,
            expiresAt: link.expiresAt,
          }
        : null,
    code: code && minted.code ? { text: minted.code, expiresAt: code.expiresAt } : null,
    sentAt: outcome.sentAt,
    repeated: outcome.repeated,
    draw: minted.draw,
  }
}

export function openFailure(project: Project, outcome: Exclude<OpenOutcome, { is: 'opened' }>): Failure {
  switch (outcome.is) {
    case 'too_many_sends': {
      const { limit, retryAfter } = outcome
      const allowed = project.settings.send_limits[limit]
      return { reason: 'too_many_sends', limit: `send_limits.${limit}`, allowed, retryAfter }
    }
    case 'key_reused':
      return { reason: 'idempotency_key_reused' }
    case 'locked':
      return { reason: 'locked', retryAfter: outcome.retryAfter }
    case 'unknown':
      return { reason: 'unknown_challenge' }
    case 'dead':
      return outcome.reason === 'used' ? { reason: 'already_used', at: outcome.at } : { reason: outcome.reason }
    default:
      return unknownOutcome(outcome)
  }
}
