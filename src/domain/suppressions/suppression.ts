/** Addresses that nothing is sent to: they bounced for good, or their owner marked our mail as spam. An operator may lift that. */

import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { appendToTimeline } from '../messages/queries.ts'
import type { Project } from '../projects/project.ts'
import { type EmailAddress, parseEmailAddress } from '../users/address.ts'
import {
  deleteSuppression,
  insertSuppression,
  insertSuppressionOfMessage,
  type SuppressionRow,
  selectSuppression,
  selectSuppressions,
} from './queries.ts'

export const listSuppressions = (deps: Deps, project: Project, limit: number, beforeId: string | null) =>
  queryAll<SuppressionRow>(selectSuppressions(deps.db, project.id, limit, beforeId))

export async function getSuppression(
  deps: Deps,
  project: Project,
  email: EmailAddress,
): Promise<Result<SuppressionRow, Failure>> {
  const row = await query<SuppressionRow>(selectSuppression(deps.db, project.id, email.canonical))
  return row ? ok(row) : failed({ reason: 'not_found', what: 'suppression' })
}

/** By hand: for an address that must not be written to. Adding it twice is the same as once. */
export async function suppress(
  deps: Deps,
  by: { id: string; project: Project },
  email: EmailAddress,
): Promise<SuppressionRow> {
  const now = Math.floor(deps.now() / 1000)
  const { id: projectId } = by.project
  const [, , found] = await batch(deps.db, [
    insertSuppression(deps.db, {
      projectId,
      canonical: email.canonical,
      id: newId('supp', now, deps.randomBytes(16)),
      address: email.exact,
      reason: 'manual',
      provider: null,
      detail: null,
      message_id: null,
      now,
    }),
    insertEventIfChanged(
      deps.db,
      eventOf(deps, projectId, 'suppression.created', { reason: 'manual', by: by.id }, now),
    ),
    selectSuppression(deps.db, projectId, email.canonical),
  ])
  const row = found?.rows[0] as SuppressionRow | undefined
  if (!row) throw new Error('a suppression that is gone right after its insert')
  return row
}

/** Mail goes there again. */
export async function lift(
  deps: Deps,
  by: { id: string; project: Project },
  email: EmailAddress,
): Promise<Result<null, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const { id: projectId } = by.project
  const [removed] = await batch(deps.db, [
    deleteSuppression(deps.db, projectId, email.canonical),
    insertEventIfChanged(deps.db, eventOf(deps, projectId, 'suppression.deleted', { by: by.id }, now)),
  ])
  return removed?.changes ? ok(null) : failed({ reason: 'not_found', what: 'suppression' })
}

/** What a provider tells of a message, later. `at` in Unix seconds; `detail` is a short code of the provider's. */
export type Report = {
  projectId: string
  messageId: string
  recipient: string
  event: 'delivered' | 'bounced' | 'complained' | 'deferred'
  /** Whether the next mail would fare no better. */
  permanent: boolean
  detail: string
  at: number
}

/** Into the message's timeline, once however often it is told; for good: the address is suppressed. One D1 batch. */
export async function recordReport(deps: Deps, provider: string, report: Report): Promise<void> {
  const { projectId, messageId, event, at } = report
  const now = Math.floor(deps.now() / 1000)
  const detail = report.detail.replace(/[^\x20-\x7e]/g, '').slice(0, 100)
  const email = parseEmailAddress(report.recipient)
  const isBad = event === 'bounced' || event === 'complained'
  await batch(deps.db, [
    ...(isBad && report.permanent && email.ok
      ? [
          insertSuppressionOfMessage(deps.db, {
            projectId,
            canonical: email.value.canonical,
            id: newId('supp', now, deps.randomBytes(16)),
            address: email.value.exact,
            reason: event,
            provider,
            detail,
            message_id: messageId,
            now,
          }),
          insertEventIfChanged(
            deps.db,
            eventOf(deps, projectId, 'suppression.created', { reason: event, message: messageId }, now),
          ),
        ]
      : []),
    appendToTimeline(deps.db, projectId, messageId, { at, event, provider, detail }, isBad ? 'bounced' : null),
    ...(isBad
      ? [
          insertEventIfChanged(
            deps.db,
            eventOf(deps, projectId, `message.${event}`, { message: messageId, detail }, now),
          ),
        ]
      : []),
  ])
}

function eventOf(
  deps: Deps,
  projectId: string,
  type: Parameters<typeof insertEventIfChanged>[1]['type'],
  data: Record<string, string>,
  now: number,
) {
  return { projectId, id: newId('evt', now, deps.randomBytes(16)), type, userId: null, data, now }
}
