/** What a back end may do with users. Every change and its event are one batch. */

import { Unavailable } from '../../lib/deadline.ts'
import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { type EventType, insertEvent, insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { deliverStored } from '../messages/deliver.ts'
import { noticeMessage } from '../messages/message.ts'
import { insertMessage } from '../messages/queries.ts'
import { deleteMembershipsOfUser } from '../organizations/queries.ts'
import type { Project } from '../projects/project.ts'
import { revokeSessionsOfUser } from '../sessions/queries.ts'
import { type EmailAddress, parseEmailAddress } from './address.ts'
import { refusingSetting } from './email-rules.ts'
import type { PhoneNumber } from './phone.ts'
import {
  deleteUser,
  insertIdentifier,
  insertUser,
  type NewIdentifier,
  releaseIdentifiers,
  requireIdentifier,
  respellIdentifier,
  selectSearchedUsers,
  selectUser,
  selectUserByRef,
  selectUsers,
  selectUserWhere,
  toUser,
  USER_OF_IDENTIFIER,
  type UserChange,
  type UserFilter,
  type UserRef,
  type UserRow,
  type UserSearch,
  updateUser,
} from './queries.ts'
import { type Identifier, identifierOf, type Metadata, type User, type UserStatus } from './user.ts'

export type UserInput = {
  email?: EmailAddress
  phone?: PhoneNumber
  firstName?: string | null
  lastName?: string | null
  type?: string
  role?: string | null
  businessId?: string | null
  externalId?: string | null
  locale?: string | null
  metadata?: Metadata
  status?: UserStatus
}

export async function getUser(deps: Deps, project: Project, id: string): Promise<Result<User, Failure>> {
  const row = isId('user', id) ? await query<UserRow>(selectUser(deps.db, project.id, id)) : null
  return row ? ok(toUser(row)) : failed({ reason: 'not_found', what: 'user' })
}

/** Who has this address or number now. */
export async function findUser(deps: Deps, project: Project, ref: UserRef): Promise<User | null> {
  const row = await query<UserRow>(selectUserByRef(deps.db, project.id, ref))
  return row && toUser(row)
}

/** Whose an address or number is, by its id. */
export async function getUserOfIdentifier(
  deps: Deps,
  project: Project,
  id: string,
): Promise<Result<{ user: User; identifier: Identifier }, Failure>> {
  const isKnown = isId('email', id) || isId('phone', id)
  const row = isKnown ? await query<UserRow>(selectUserWhere(deps.db, project.id, USER_OF_IDENTIFIER, id)) : null
  const user = row && toUser(row)
  const identifier = user?.identifiers.find((own) => own.id === id)
  return user && identifier ? ok({ user, identifier }) : failed({ reason: 'not_found', what: 'method' })
}

/** Whoever has the address, or a new user of it, under the rules of a sign-up. */
export async function findOrCreateUser(
  deps: Deps,
  project: Project,
  email: EmailAddress,
  input: Pick<UserInput, 'status'>,
): Promise<Result<{ user: User; isNew: boolean }, Failure>> {
  const { allow_sign_up } = project.settings
  const ref = { kind: 'email', canonical: email.canonical } as const
  const found = await findUser(deps, project, ref)
  if (found) return ok({ user: found, isNew: false })
  if (!allow_sign_up) return failed({ reason: 'sign_up_disabled' })
  const setting = await refusingSetting(deps, project, email.domain)
  if (setting) return failed({ reason: 'email_domain_blocked', setting })
  const created = await createUser(deps, project, { ...input, email })
  if (created.ok) return ok({ user: created.value, isNew: true })
  // Somebody else asked at the same moment.
  const first = created.error.reason === 'identifier_taken' ? await findUser(deps, project, ref) : null
  return first ? ok({ user: first, isNew: false }) : created
}

/** One page of who fits, newest first, and how many fit in all. */
export async function searchUsers(
  deps: Deps,
  project: Project,
  search: UserSearch,
  limit: number,
  beforeId: string | null,
): Promise<{ users: User[]; total: number; hasMore: boolean }> {
  const [page, count] = await batch(deps.db, selectSearchedUsers(deps.db, project.id, search, limit + 1, beforeId))
  const users = ((page?.rows ?? []) as unknown[] as UserRow[]).map(toUser)
  return {
    users: users.slice(0, limit),
    total: Number(count?.rows[0]?.total ?? 0),
    hasMore: users.length > limit,
  }
}

export async function listUsers(
  deps: Deps,
  project: Project,
  filter: UserFilter,
  limit: number,
  beforeId: string | null,
): Promise<User[]> {
  return (await queryAll<UserRow>(selectUsers(deps.db, project.id, filter, limit, beforeId))).map(toUser)
}

export async function createUser(deps: Deps, project: Project, input: UserInput): Promise<Result<User, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const id = newId('user', now, deps.randomBytes(16))
  const identifiers = newIdentifiers(deps, project, id, input, now)
  const { db } = deps
  const written = await orTaken(
    deps,
    project,
    id,
    input,
    batch(db, [
      insertUser(db, {
        projectId: project.id,
        id,
        firstName: input.firstName ?? null,
        lastName: input.lastName ?? null,
        type: input.type ?? 'PERSON',
        role: input.role ?? null,
        businessId: input.businessId ?? null,
        externalId: input.externalId ?? null,
        status: input.status ?? 'ACTIVE',
        locale: input.locale ?? null,
        metadata: JSON.stringify(input.metadata ?? {}),
        notBefore: deps.now(),
        now,
      }),
      ...identifiers.flatMap((identifier) => [insertIdentifier(db, identifier), requireIdentifier(db, identifier)]),
      insertEvent(db, eventOf(deps, project, 'user.created', id, now)),
    ]),
  )
  return written.ok ? getUser(deps, project, id) : written
}

/** What is left out stays. A new address is unverified, ends outstanding links and codes, and the old address is told. */
export async function changeUser(
  deps: Deps,
  project: Project,
  id: string,
  input: UserInput,
): Promise<Result<User, Failure>> {
  const found = await getUser(deps, project, id)
  if (!found.ok) return found
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const oldEmail = identifierOf(found.value, 'email')
  const oldPhone = identifierOf(found.value, 'phone')
  const isOwn = input.email !== undefined && isSpelling(input.email, oldEmail?.value)
  const newEmail = isOwn ? undefined : input.email
  const respelled = isOwn && input.email?.exact !== oldEmail?.value ? input.email : undefined
  const newPhone = input.phone !== undefined && input.phone !== oldPhone?.value ? input.phone : undefined
  const changed = {
    ...(newEmail === undefined ? {} : { email: newEmail }),
    ...(newPhone === undefined ? {} : { phone: newPhone }),
  }
  const identifiers = newIdentifiers(deps, project, id, changed, now)
  const notice =
    newEmail && oldEmail ? await noticeMessage(deps, project, found.value, 'address_changed', oldEmail.value) : null
  const { db } = deps
  const endsSecrets = identifiers.length > 0 || input.status === 'INACTIVE'
  const written = await orTaken(
    deps,
    project,
    id,
    changed.email || changed.phone || input.externalId !== undefined
      ? { ...changed, externalId: input.externalId ?? null }
      : {},
    batch(db, [
      updateUser(db, project.id, id, { ...columnsOf(input), ...(endsSecrets ? { not_before: nowMs + 1 } : {}) }, now),
      // Not for somebody who was deleted a moment ago.
      insertEventIfChanged(db, eventOf(deps, project, 'user.updated', id, now)),
      ...identifiers.flatMap((identifier) => [
        releaseIdentifiers(db, project.id, id, identifier.kind, nowMs),
        insertIdentifier(db, identifier),
        requireIdentifier(db, identifier),
      ]),
      ...(respelled ? [respellIdentifier(db, project.id, id, respelled)] : []),
      ...(input.status === 'INACTIVE' ? [revokeSessionsOfUser(db, project.id, id, now)] : []),
      ...(notice ? [insertMessage(db, notice)] : []),
    ]),
  )
  if (!written.ok) return written
  if (notice) deps.after(deliverStored(deps, project.id, notice.id))
  return getUser(deps, project, id)
}

/** Whether both are one mailbox to us: they differ in case at most. */
function isSpelling(email: EmailAddress, stored: string | undefined): boolean {
  const parsed = parseEmailAddress(stored ?? '')
  return parsed.ok && parsed.value.canonical === email.canonical
}

/** Links that are out die with the user: the address is kept, without its text, until they have expired. */
export async function removeUser(deps: Deps, project: Project, id: string): Promise<Result<null, Failure>> {
  if (!isId('user', id)) return failed({ reason: 'not_found', what: 'user' })
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const results = await batch(deps.db, [
    deleteUser(deps.db, project.id, id),
    insertEventIfChanged(deps.db, eventOf(deps, project, 'user.deleted', id, now)),
    releaseIdentifiers(deps.db, project.id, id, null, nowMs),
    revokeSessionsOfUser(deps.db, project.id, id, now),
    deleteMembershipsOfUser(deps.db, project.id, id),
  ])
  return (results[0]?.changes ?? 0) > 0 ? ok(null) : failed({ reason: 'not_found', what: 'user' })
}

function newIdentifiers(
  deps: Deps,
  project: Project,
  userId: string,
  input: Pick<UserInput, 'email' | 'phone'>,
  now: number,
) {
  const common = { projectId: project.id, userId, now }
  const identifiers: NewIdentifier[] = []
  if (input.email) {
    const { canonical, exact } = input.email
    identifiers.push({
      ...common,
      id: newId('email', now, deps.randomBytes(16)),
      kind: 'email',
      canonical,
      value: exact,
    })
  }
  if (input.phone) {
    identifiers.push({
      ...common,
      id: newId('phone', now, deps.randomBytes(16)),
      kind: 'phone',
      canonical: input.phone,
      value: input.phone,
    })
  }
  return identifiers
}

function columnsOf(input: UserInput): UserChange {
  const change: UserChange = {}
  if (input.firstName !== undefined) change.first_name = input.firstName
  if (input.lastName !== undefined) change.last_name = input.lastName
  if (input.type !== undefined) change.type = input.type
  if (input.role !== undefined) change.role = input.role
  if (input.businessId !== undefined) change.business_id = input.businessId
  if (input.externalId !== undefined) change.external_id = input.externalId
  if (input.status !== undefined) change.status = input.status
  if (input.locale !== undefined) change.locale = input.locale
  if (input.metadata !== undefined) change.metadata = JSON.stringify(input.metadata)
  return change
}

/** A batch that broke because somebody else has the address or the external id; any other failure goes on as it is. */
async function orTaken<T>(
  deps: Deps,
  project: Project,
  userId: string,
  input: Pick<UserInput, 'email' | 'phone' | 'externalId'>,
  work: Promise<T>,
): Promise<Result<T, Failure>> {
  try {
    return ok(await work)
  } catch (error) {
    if (!(error instanceof Unavailable) || !/constraint/i.test(String(error.cause))) throw error
    const filters: [string, UserFilter][] = []
    if (input.email) filters.push(['email', { email: input.email.canonical }])
    if (input.phone) filters.push(['phone', { phone: input.phone }])
    if (input.externalId) filters.push(['external_id', { external_id: input.externalId }])
    for (const [path, filter] of filters) {
      const [owner] = await listUsers(deps, project, filter, 1, null)
      if (owner && owner.id !== userId) return failed({ reason: 'identifier_taken', path })
    }
    throw error
  }
}

function eventOf(deps: Deps, project: Project, type: EventType, userId: string, now: number) {
  const id = newId('evt', now, deps.randomBytes(16))
  return { projectId: project.id, id, type, userId, data: {}, now }
}
