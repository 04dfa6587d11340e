/** Handing a stored message to the providers, now or when cron finds it due. At least once, with one secret. */

import { newId } from '../../lib/ids.ts'
import type { Delivery, Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { getProject } from '../projects/project.ts'
import { selectUserByRef, toUser, type UserRow } from '../users/queries.ts'
import { identifierOf } from '../users/user.ts'
import {
  inputPlace,
  type PendingMessage,
  type SignInMail,
  type StoredInput,
  type StoredSecrets,
  secretsPlace,
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

/** Waits between attempts, in seconds; the last one repeats until the challenge expires. */
const BACKOFF_SECONDS = [60, 60, 120, 300]
const DUE_BATCH = 50
/** Longer than all providers together may take. */
const CLAIM_MS = 30_000

/** Hands one message over and keeps what became of it. */
export async function deliverNow(deps: Deps, message: PendingMessage): Promise<void> {
  const delivery = await deps.sendMail({ id: message.id, to: message.to, content: message.content })
  await recordDelivery(deps, message, delivery)
}

/** Keeps what became of an attempt: erases the secrets when nothing will be sent again, or sets the next attempt. */
export async function recordDelivery(
  deps: Deps,
  message: Omit<PendingMessage, 'to' | 'content'>,
  delivery: Delivery | { status: 'suppressed'; attempts: [] },
): Promise<void> {
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const attempts = delivery.attempts.map(({ event, provider, detail }) => ({ at: now, event, provider, detail }))
  const wait = BACKOFF_SECONDS[Math.min(message.attempts, BACKOFF_SECONDS.length - 1)] ?? 60
  const update: MessageUpdate = {
    projectId: message.projectId,
    id: message.id,
    status: delivery.status === 'retry' ? 'pending' : delivery.status,
    provider: delivery.status === 'accepted' ? delivery.provider : null,
    providerId: delivery.status === 'accepted' ? delivery.providerId : null,
    timeline: JSON.stringify([...message.timeline, ...attempts]),
    dueAt: delivery.status === 'retry' ? nowMs + wait * 1000 : message.expiresAt * 1000,
  }
  await batch(deps.db, [
    updateMessage(deps.db, update),
    ...(delivery.status === 'failed' ? [failedEvent(deps, message.projectId, message.id, message.userId, now)] : []),
  ])
}

/** Cron, each minute: what is still pending is tried again; what has expired is erased. */
export async function deliverDue(deps: Deps): Promise<void> {
  const nowMs = deps.now()
  const rows = await queryAll<MessageRow>(selectDueMessages(deps.db, nowMs, DUE_BATCH))
  for (const row of rows) {
    // One that cannot be rendered or stored must not hold up those behind it; it is logged and due again.
    await deliverRow(deps, row, nowMs).catch((error: unknown) => deps.after(Promise.reject(error)))
  }
}

/** A message that was stored a moment ago, by an asking page. */
export async function deliverStored(deps: Deps, projectId: string, id: string): Promise<void> {
  const row = await query<MessageRow>(selectMessage(deps.db, projectId, id))
  if (row?.status === 'pending') await handOver(deps, row)
}

async function deliverRow(deps: Deps, row: MessageRow, nowMs: number): Promise<void> {
  const [claimed] = await batch(deps.db, [claimMessage(deps.db, row.project_id, row.id, nowMs, nowMs + CLAIM_MS)])
  if (!claimed?.changes) return
  if (row.status === 'pending' && nowMs < row.expires_at * 1000) await handOver(deps, row)
  else await erase(deps, row)
}

async function handOver(deps: Deps, row: MessageRow): Promise<void> {
  const pending = await toPending(deps, row)
  if (pending === 'suppressed') await recordDelivery(deps, nobody(row), { status: 'suppressed', attempts: [] })
  else if (pending) await deliverNow(deps, pending)
  else await erase(deps, row)
}

const nobody = (row: MessageRow) => ({
  projectId: row.project_id,
  id: row.id,
  attempts: row.attempts,
  expiresAt: row.expires_at,
  timeline: JSON.parse(row.timeline),
  userId: null,
})

async function erase(deps: Deps, row: MessageRow): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  const lost = row.status === 'pending'
  const timeline = JSON.parse(row.timeline)
  if (lost) timeline.push({ at: now, event: 'failed', provider: null, detail: 'not handed over before it expired' })
  await batch(deps.db, [
    eraseMessage(deps.db, row.project_id, row.id, JSON.stringify(timeline)),
    ...(lost ? [failedEvent(deps, row.project_id, row.id, row.user_id, now)] : []),
  ])
}

/** Null if there is nothing to send any more: no address, or sealed under a secret that is gone. */
export async function toPending(deps: Deps, row: MessageRow): Promise<PendingMessage | 'suppressed' | null> {
  const input = await unsealed<StoredInput>(deps, row.input, inputPlace(row.project_id, row.challenge_id ?? row.id))
  if (!input) return null
  const asked = input.toWhom ? await whoAsked(deps, row.project_id, input.toWhom) : null
  if (input.toWhom && !asked) return 'suppressed'
  const to = asked?.to ?? input.to ?? row.address
  if (!to) return null
  const content =
    input.content.kind === 'sign_in'
      ? await withSecrets(
          deps,
          row,
          input.content,
          asked?.isSignUp ?? (row.user_id !== null && row.user_id === input.signUpUserId),
        )
      : input.content
  return (
    content && {
      projectId: row.project_id,
      id: row.id,
      to,
      content,
      attempts: row.attempts,
      expiresAt: row.expires_at,
      timeline: JSON.parse(row.timeline),
      userId: row.user_id,
    }
  )
}

/** Somebody of the project who may sign in, or somebody new where sign-up is open; null: nobody is sent anything. */
async function whoAsked(deps: Deps, projectId: string, { canonical, exact }: { canonical: string; exact: string }) {
  const row = await query<UserRow>(selectUserByRef(deps.db, projectId, { kind: 'email', canonical }))
  if (row) {
    const to = identifierOf(toUser(row), 'email')?.value
    return row.status === 'INACTIVE' || !to ? null : { to, isSignUp: false }
  }
  const project = await getProject(deps, projectId)
  return project?.settings.allow_sign_up ? { to: exact, isSignUp: true } : null
}

async function withSecrets(
  deps: Deps,
  row: MessageRow,
  mail: SignInMail,
  isSignUp: boolean,
): Promise<SignInMail | null> {
  const secrets = await unsealed<StoredSecrets>(deps, row.secrets, secretsPlace(row.project_id, row.id))
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
    type: 'message.failed',
    userId,
    data: { message: messageId },
    now,
  })
}
