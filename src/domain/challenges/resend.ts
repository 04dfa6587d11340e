/** A new link and a new code for the same challenge: ledger → one D1 batch → providers → answer. */

import { decodeBase64url } from '../../lib/base64url.ts'
import { hexBytes } from '../../lib/bytes.ts'
import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger } from '../ledger/ask.ts'
import type { Dialect } from '../ledger/record.ts'
import { type ChallengeRef, codeProofs, parseChallengeId, proofOf, SECRET_BYTES } from '../ledger/secret.ts'
import { handOver, recordDelivery, toPending } from '../messages/deliver.ts'
import { chooseLocale, FIRST_ATTEMPT_MS, sealSecrets } from '../messages/message.ts'
import { insertMessageAgain, type MessageRow, selectMessage, selectTemplatesOfChallenge } from '../messages/queries.ts'
import { countText, refuseText, uncountText } from '../messages/sms.ts'
import type { Project } from '../projects/project.ts'
import type { TemplateRow } from '../templates/queries.ts'
import type { PhoneNumber } from '../users/phone.ts'
import { selectUserByRef, toUser, type UserRow } from '../users/queries.ts'
import { drawFor, type Idempotency } from './draw.ts'
import { linkUrl, signUpDiffers } from './links.ts'
import { asOpened, drawNewCode, type Opened, openFailure } from './mint.ts'
import { answer, copyLink, giveBack, lastExpiry, type Sent, withdraw } from './send.ts'

export async function resend(
  deps: Deps,
  project: Project,
  challengeId: string,
  idempotency: Idempotency | null,
  dialect: Dialect = 'native',
): Promise<Result<Sent, Failure>> {
  const ref = await parseChallengeId(deps.keys, challengeId)
  if (!ref) return failed({ reason: 'unknown_challenge' })
  const text = await countIfText(deps, project, ref, dialect)
  if (!text.ok) return text
  const number = text.value
  const renewed = await renew(deps, project, ref, idempotency, dialect)
  // Refused, or sent already.
  if (number && (!renewed.ok || renewed.value.repeated)) deps.after(uncountText(deps, project, number))
  if (!renewed.ok) return renewed
  // As it was given: after a rotation of the secret it would be written otherwise, and its message is kept under this.
  const opened = ok({ ...renewed.value, challengeId })
  const { record } = opened.value
  if (record.channel === 'none' || record.testIdentity) return ok(await answer(deps, project, opened.value, null, null))
  const sent = await deliverAgain(deps, project, opened.value)
  const isWithdrawn = !sent.ok && ['cancelled', 'user_inactive'].includes(sent.error.reason)
  if (number && isWithdrawn) deps.after(uncountText(deps, project, number))
  return sent
}

/**
 * An SMS is judged and counted before anything is renewed: what was sent before must go on working if this is refused. Asks the
 * ledger once more, where SMS are sent at all.
 * @returns the number that was counted, null for a mail
 */
async function countIfText(
  deps: Deps,
  project: Project,
  ref: ChallengeRef,
  dialect: Dialect,
): Promise<Result<PhoneNumber | null, Failure>> {
  if (deps.config.sms.providers.length === 0) return ok(null)
  const outcome = await askLedger(deps, ref.ledger, { type: 'peek', id: ref.id, project: project.id, link: null })
  const record = outcome.is === 'found' && outcome.status === 'pending' ? outcome.record : null
  if (record?.channel !== 'sms' || record.dialect !== dialect || record.testIdentity || !record.identifier)
    return ok(null)
  const number = record.identifier.exact as PhoneNumber
  const refused = refuseText(deps, project, number)
  if (!refused.ok) return refused
  const counted = await countText(deps, project, number)
  return counted.ok ? ok(number) : counted
}

async function renew(
  deps: Deps,
  project: Project,
  ref: ChallengeRef,
  idempotency: Idempotency | null,
  dialect: Dialect,
): Promise<Result<Opened, Failure>> {
  const ledger = hexBytes(ref.ledger)
  const idBytes = decodeBase64url(ref.id) ?? new Uint8Array()
  const draw = drawFor(deps, project.id, `${ref.ledger}:${ref.id}`, idempotency)
  const linkSecret = await draw('link', SECRET_BYTES)
  const code = await drawNewCode(project, draw)
  const [codeProof = ''] = await codeProofs(deps.keys, 'code', project.id, ref.ledger, code)
  const outcome = await askLedger(deps, ref.ledger, {
    type: 'renew',
    id: ref.id,
    project: project.id,
    dialect,
    secrets: [
      { purpose: 'link', proof: await proofOf('link', idBytes, linkSecret) },
      { purpose: 'code', proof: codeProof },
    ],
    limits: project.settings.send_limits,
    lane: 'stranger',
    request: idempotency?.requestHash ?? null,
    keep: project.settings.regenerate_on_resend ? 1 : 2,
  })
  if (outcome.is !== 'opened') return failed(openFailure(project, outcome))
  return ok(await asOpened(deps, { ledger, idBytes, linkSecret, code, draw }, outcome))
}

async function deliverAgain(deps: Deps, project: Project, opened: Opened): Promise<Result<Sent, Failure>> {
  const { record, sentAt, challengeId } = opened
  const now = Math.floor(sentAt / 1000)
  const messageId = newId('msg', now, await opened.draw('message', 16))
  const link = (isSignUp: boolean) => opened.link && linkUrl(deps, project, record, opened.link.secret, isSignUp)
  const secrets = {
    link: link(false),
    signUpLink: signUpDiffers(project, record) ? link(true) : null,
    code: opened.code?.text ?? null,
  }
  const results = await batch(deps.db, [
    insertMessageAgain(deps.db, {
      projectId: project.id,
      id: messageId,
      challengeId,
      secrets: await sealSecrets(deps, project.id, messageId, secrets),
      dueAt: sentAt + FIRST_ATTEMPT_MS,
      expiresAt: lastExpiry(opened),
      mintedAt: record.mintedAt,
      now,
    }),
    selectTemplatesOfChallenge(deps.db, project.id, challengeId, chooseLocale(project)),
    selectMessage(deps.db, project.id, messageId),
    selectUserByRef(deps.db, project.id, record.identifier ?? { userId: record.userId ?? '' }),
  ]).catch((error: unknown) => {
    deps.after(giveBack(deps, opened))
    throw error
  })
  const row = results[2]?.rows[0] as MessageRow | undefined
  const userRow = results[3]?.rows[0] as UserRow | undefined
  const user = userRow && record.tellsUser ? toUser(userRow) : null
  // What was sent before leads nowhere any more, and nor would this.
  if (!row && record.tellsUser) {
    deps.after(withdraw(deps, project, opened))
    return failed({ reason: user?.status === 'INACTIVE' ? 'user_inactive' : 'cancelled' })
  }
  // No row: nobody has this address (any more). The answer does not say so, as on the first send.
  if (!row) return ok(await answer(deps, project, opened, null, { id: messageId, status: 'accepted' }))
  if (row.status === 'suppressed') {
    const message = { id: messageId, status: user ? ('none' as const) : ('accepted' as const) }
    return ok(await answer(deps, project, opened, user, message))
  }
  if (!results[0]?.changes) {
    if (row.status === 'failed') return failed({ reason: 'delivery_failed' })
    return ok(
      await answer(deps, project, opened, user, {
        id: messageId,
        status: row.status === 'accepted' ? 'accepted' : 'pending',
      }),
    )
  }
  const pending = await toPending(deps, row, (results[1]?.rows ?? []) as TemplateRow[])
  if (!pending || 'suppressed' in pending) return failed({ reason: 'delivery_failed' })
  const delivery = await handOver(deps, pending)
  deps.after(recordDelivery(deps, pending, delivery))
  if (delivery.status === 'failed') return failed({ reason: 'delivery_failed' })
  deps.after(copyLink(deps, project, opened, record.identifier, pending.content.locale))
  return ok(
    await answer(deps, project, opened, user, {
      id: messageId,
      status: delivery.status === 'accepted' ? 'accepted' : 'pending',
    }),
  )
}
