/** Handing a stored message to the providers, now or when cron finds it due. At least once, with one secret. */

import { newId } from '../../lib/ids.ts'
import { chooseLocaleOf } from '../../locales/choose.ts'
import type { Delivery, Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { askLedger } from '../ledger/ask.ts'
import { parseChallengeId } from '../ledger/secret.ts'
import { getProject, type Project } from '../projects/project.ts'
import { messageInputPlace, messageSecretsPlace } from '../sealed.ts'
import { selectSuppression } from '../suppressions/queries.ts'
import type { TemplateRow } from '../templates/queries.ts'
import { nameOf, selectTemplatesOf, withTemplate } from '../templates/template.ts'
import { parseEmailAddress } from '../users/address.ts'
import type { PhoneNumber } from '../users/phone.ts'
import { selectUserByRef, toUser, type UserRow } from '../users/queries.ts'
import { identifierOf } from '../users/user.ts'
import {
  chooseLocale,
  type MailContent,
  type PendingMessage,
  type SignInMail,
  type StoredInput,
  type StoredSecrets,
} from './message.ts'
import {
  claimMessage,
  eraseMessage,
  type MessageRow,
  type MessageUpdate,
  selectDueMessages,
  selectMessage,
  updateMessage,
} from './queries.ts'
import { refuseNumber } from './sms.ts'

/** Waits between attempts, in seconds; the last one repeats until the challenge expires. */
const BACKOFF_SECONDS = [60, 60, 120, 300]
const DUE_BATCH = 50
/** A provider that was away leaves many behind: at most so many batches in a run, and none begun after so long. */
const DUE_ROUNDS = 4
const DUE_PATIENCE_MS = 45_000
/** A Worker may have six connections open at once; with one left over for D1. */
const DUE_AT_ONCE = 5
/** Longer than all providers together may take. */
const CLAIM_MS = 30_000

/** Hands one message over and keeps what became of it. */
export async function deliverNow(deps: Deps, message: PendingMessage): Promise<void> {
  await recordDelivery(deps, message, await handOver(deps, message))
}

/** To the providers of its channel, one after the other. */
export async function handOver(deps: Deps, { projectId, id, channel, to, content }: PendingMessage): Promise<Delivery> {
  const messages = await deps.messages(content.locale)
  if (channel === 'email') return deps.sendMail({ projectId, id, to, content }, messages)
  if (content.kind !== 'sign_in') throw new Error(`a ${content.kind} by SMS`)
  return deps.sendText({ projectId, id, to, content }, messages)
}

/** Keeps what became of an attempt: erases the secrets when nothing will be sent again, or sets the next attempt. */
export async function recordDelivery(
  deps: Deps,
  message: Omit<PendingMessage, 'to' | 'content' | 'channel'> & { content?: MailContent },
  delivery: Delivery | { status: 'suppressed'; attempts: { provider: null; event: 'suppressed'; detail: string }[] },
): Promise<void> {
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const attempts = delivery.attempts.map(({ event, provider, detail }) => ({ at: now, event, provider, detail }))
  const wait = BACKOFF_SECONDS[Math.min(message.attempts, BACKOFF_SECONDS.length - 1)] ?? 60
  const update: MessageUpdate = {
    projectId: message.projectId,
    id: message.id,
    userId: message.userId,
    template: message.content ? nameOf(message.content) : null,
    locale: message.content?.locale ?? null,
    status: delivery.status === 'retry' ? 'pending' : delivery.status,
    provider: delivery.status === 'accepted' ? delivery.provider : null,
    providerId: delivery.status === 'accepted' ? delivery.providerId : null,
    attempts: JSON.stringify(attempts),
    dueAt: delivery.status === 'retry' ? nowMs + wait * 1000 : message.expiresAt * 1000,
  }
  await batch(deps.db, [
    updateMessage(deps.db, update),
    ...(delivery.status === 'failed' ? [failedEvent(deps, message.projectId, message.id, message.userId, now)] : []),
  ])
}

/** Cron, each minute: what is still pending is tried again; what has expired is erased. */
export async function deliverDue(deps: Deps): Promise<void> {
  const startedMs = deps.now()
  for (let round = 0; round < DUE_ROUNDS; round++) {
    const nowMs = deps.now()
    if (nowMs - startedMs > DUE_PATIENCE_MS) return
    const rows = await queryAll<MessageRow>(selectDueMessages(deps.db, nowMs, DUE_BATCH))
    const take = async () => {
      for (let row = rows.shift(); row; row = rows.shift()) {
        // One that cannot be rendered or stored must not hold up those behind it; it is logged and due again.
        await deliverRow(deps, row, nowMs).catch((error: unknown) => deps.after(Promise.reject(error)))
      }
    }
    const isLast = rows.length < DUE_BATCH
    await Promise.all(Array.from({ length: DUE_AT_ONCE }, take))
    if (isLast) return
  }
}

/** A message that was stored a moment ago, by an asking page. */
export async function deliverStored(deps: Deps, projectId: string, id: string): Promise<void> {
  const row = await query<MessageRow>(selectMessage(deps.db, projectId, id))
  if (row?.status === 'pending') await deliverRowNow(deps, row)
}

async function deliverRow(deps: Deps, row: MessageRow, nowMs: number): Promise<void> {
  const [claimed] = await batch(deps.db, [claimMessage(deps.db, row.project_id, row.id, nowMs, nowMs + CLAIM_MS)])
  if (!claimed?.changes) return
  if (row.status !== 'pending' || nowMs >= row.expires_at * 1000) await erase(deps, row)
  else if (await isOver(deps, row)) await recordDelivery(deps, nobody(row), unsent('it was used or cancelled before'))
  else await deliverRowNow(deps, row)
}

/** Minutes have passed: a link that was used by way of another mail, or cancelled, need not be sent any more. */
async function isOver(deps: Deps, { project_id, challenge_id }: MessageRow): Promise<boolean> {
  const ref = challenge_id === null ? null : await parseChallengeId(deps.keys, challenge_id)
  if (!ref) return false
  const outcome = await askLedger(deps, ref.ledger, { type: 'peek', id: ref.id, project: project_id, link: null })
  return outcome.is === 'found' && (outcome.status === 'redeemed' || outcome.status === 'cancelled')
}

const unsent = (detail: string) => ({
  status: 'suppressed' as const,
  attempts: [{ provider: null, event: 'suppressed' as const, detail }],
})

async function deliverRowNow(deps: Deps, row: MessageRow): Promise<void> {
  const pending = await toPending(deps, row)
  if (pending && 'suppressed' in pending) await recordDelivery(deps, nobody(row), unsent(pending.suppressed))
  else if (pending) await deliverNow(deps, pending)
  else await erase(deps, row)
}

const nobody = (row: MessageRow) => ({
  projectId: row.project_id,
  id: row.id,
  attempts: row.attempts,
  expiresAt: row.expires_at,
  userId: null,
})

async function erase(deps: Deps, row: MessageRow): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  const lost = row.status === 'pending'
  const failed = { at: now, event: 'failed', provider: null, detail: 'not handed over before it expired' }
  await batch(deps.db, [
    eraseMessage(deps.db, row.project_id, row.id, JSON.stringify(lost ? [failed] : [])),
    ...(lost ? [failedEvent(deps, row.project_id, row.id, row.user_id, now)] : []),
  ])
}

/**
 * Null if there is nothing to send any more: no address, or sealed under a secret that is gone.
 * @param templates what the project has for this message, where the caller has read it already; null: it is read here, and so
 * is whether the address is suppressed
 */
export async function toPending(
  deps: Deps,
  row: MessageRow,
  templates: TemplateRow[] | null = null,
): Promise<PendingMessage | { suppressed: string } | null> {
  const input = await unsealed<StoredInput>(
    deps,
    row.input,
    messageInputPlace(row.project_id, row.challenge_id ?? row.id),
  )
  const project = await getProject(deps, row.project_id)
  if (!input || !project) return null
  const asked = input.toWhom ? await whoAsked(deps, project, input.toWhom) : null
  if (input.toWhom && !asked) return { suppressed: 'nobody who may sign in has this address' }
  const to = asked?.to ?? input.to ?? row.address
  if (!to) return null
  // Taking a country off the list is how an operator stops a fraud: what waits goes nowhere either.
  if (row.channel === 'sms' && !refuseNumber(project, to as PhoneNumber).ok)
    return { suppressed: 'no SMS goes to this number: sms.countries' }
  const isSignUp = asked?.isSignUp ?? (row.user_id !== null && row.user_id === input.signUpUserId)
  const locale = chooseLocaleOf([input.wishedLocale, asked?.locale ?? row.user_locale]) ?? input.content.locale
  const said = { ...input.content, locale }
  const content = said.kind === 'sign_in' ? await withSecrets(deps, row, said, isSignUp) : said
  if (!content) return null
  const stored = templates ?? (await templatesOrSuppressed(deps, project, to, content))
  if (stored === 'suppressed') return { suppressed: 'the address bounced or complained before' }
  return {
    projectId: row.project_id,
    id: row.id,
    channel: row.channel,
    to,
    content: withTemplate(content, stored, chooseLocale(project)),
    attempts: row.attempts,
    expiresAt: row.expires_at,
    userId: row.user_id ?? asked?.userId ?? null,
  }
}

async function templatesOrSuppressed(
  deps: Deps,
  project: Project,
  to: string,
  content: MailContent,
): Promise<TemplateRow[] | 'suppressed'> {
  const email = parseEmailAddress(to)
  const [templates, suppression] = await batch(deps.db, [
    selectTemplatesOf(deps, project.id, content, chooseLocale(project)),
    selectSuppression(deps.db, project.id, email.ok ? email.value.canonical : to),
  ])
  return suppression?.rows[0] ? 'suppressed' : ((templates?.rows ?? []) as TemplateRow[])
}

/** Somebody of the project who may sign in, or somebody new where sign-up is open; null: nobody is sent anything. */
async function whoAsked(deps: Deps, project: Project, { canonical, exact }: { canonical: string; exact: string }) {
  const row = await query<UserRow>(selectUserByRef(deps.db, project.id, { kind: 'email', canonical }))
  if (row) {
    const to = identifierOf(toUser(row), 'email')?.value
    return row.status === 'INACTIVE' || !to ? null : { to, isSignUp: false, userId: row.id, locale: row.locale }
  }
  return project.settings.allow_sign_up ? { to: exact, isSignUp: true, userId: null, locale: null } : null
}

async function withSecrets(
  deps: Deps,
  row: MessageRow,
  mail: SignInMail,
  isSignUp: boolean,
): Promise<SignInMail | null> {
  const secrets = await unsealed<StoredSecrets>(deps, row.secrets, messageSecretsPlace(row.project_id, row.id))
  if (!secrets) return null
  const link = isSignUp ? (secrets.signUpLink ?? secrets.link) : secrets.link
  return { ...mail, isSignUp, link, code: secrets.code }
}

async function unsealed<T>(deps: Deps, sealed: ArrayBuffer | null, place: string): Promise<T | null> {
  const plain = sealed && (await deps.keys.unseal(place, new Uint8Array(sealed)))
  return plain ? (JSON.parse(new TextDecoder().decode(plain)) as T) : null
}

function failedEvent(deps: Deps, projectId: string, messageId: string, userId: string | null, now: number) {
  const id = newId('evt', now, deps.randomBytes(16))
  return insertEventIfChanged(deps.db, {
    projectId,
    id,
    type: 'message.delivery_failed',
    userId,
    data: { message: messageId },
    now,
  })
}
