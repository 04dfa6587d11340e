/** Organizations: an application's customers, whose people are members with roles. */

import { Unavailable } from '../../lib/deadline.ts'
import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { type EventType, insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import type { Project } from '../projects/project.ts'
import type { UserRef } from '../users/queries.ts'
import type { Metadata } from '../users/user.ts'
import {
  deleteMember,
  deleteMembers,
  deleteOrganization,
  insertOrganization,
  type MemberRow,
  type MembershipRow,
  type OrganizationRow,
  putMember,
  selectMembers,
  selectMembership,
  selectOrganization,
  selectOrganizations,
  updateOrganization,
} from './queries.ts'

export type Organization = {
  id: string
  name: string
  externalId: string | null
  metadata: Metadata
  createdAt: number
  updatedAt: number
}
export type Member = { userId: string; roles: string[]; createdAt: number; updatedAt: number }
/** What tokens say of it. */
export type Membership = { organizationId: string; name: string; externalId: string | null; roles: string[] }
export const toMembership = (row: MembershipRow): Membership => ({
  organizationId: row.organization_id,
  name: row.name,
  externalId: row.external_id,
  roles: JSON.parse(row.roles),
})

export type OrganizationInput = { name?: string; externalId?: string | null; metadata?: Metadata }

const toOrganization = (row: OrganizationRow): Organization => ({
  id: row.id,
  name: row.name,
  externalId: row.external_id,
  metadata: JSON.parse(row.metadata),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
const toMember = (row: MemberRow): Member => ({
  userId: row.user_id,
  roles: JSON.parse(row.roles),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const notFound = (what: string) => failed({ reason: 'not_found', what })

export async function listOrganizations(
  deps: Deps,
  project: Project,
  externalId: string | null,
  limit: number,
  beforeId: string | null,
): Promise<Organization[]> {
  const rows = await queryAll<OrganizationRow>(selectOrganizations(deps.db, project.id, externalId, limit, beforeId))
  return rows.map(toOrganization)
}

export async function getOrganization(
  deps: Deps,
  project: Project,
  id: string,
): Promise<Result<Organization, Failure>> {
  const row = isId('org', id) ? await query<OrganizationRow>(selectOrganization(deps.db, project.id, id)) : null
  return row?.id === id ? ok(toOrganization(row)) : notFound('organization')
}

export async function createOrganization(
  deps: Deps,
  by: { id: string; project: Project },
  input: OrganizationInput & { name: string },
): Promise<Result<Organization, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const id = newId('org', now, deps.randomBytes(16))
  const { name, externalId = null, metadata = {} } = input
  const row = { id, name, externalId, metadata: JSON.stringify(metadata), now }
  return write(deps, by, externalId, id, 'organization.created', insertOrganization(deps.db, by.project.id, row))
}

/** What is left out stays. */
export async function changeOrganization(
  deps: Deps,
  by: { id: string; project: Project },
  id: string,
  input: OrganizationInput,
): Promise<Result<Organization, Failure>> {
  if (!isId('org', id)) return notFound('organization')
  const { name, externalId, metadata } = input
  const change = {
    ...(name === undefined ? {} : { name }),
    ...(externalId === undefined ? {} : { external_id: externalId }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
  }
  const update = updateOrganization(deps.db, by.project.id, id, change, Math.floor(deps.now() / 1000))
  return write(deps, by, externalId ?? null, id, 'organization.updated', update)
}

/** Its members stay users. Sessions that name it go on until they end. */
export async function removeOrganization(
  deps: Deps,
  by: { id: string; project: Project },
  id: string,
): Promise<Result<null, Failure>> {
  if (!isId('org', id)) return notFound('organization')
  const { id: projectId } = by.project
  const [removed] = await batch(deps.db, [
    deleteOrganization(deps.db, projectId, id),
    event(deps, by, 'organization.deleted', id),
    deleteMembers(deps.db, projectId, id),
  ])
  return removed?.changes ? ok(null) : notFound('organization')
}

export async function listMembers(
  deps: Deps,
  project: Project,
  id: string,
  limit: number,
  beforeUserId: string | null,
): Promise<Member[]> {
  return (await queryAll<MemberRow>(selectMembers(deps.db, project.id, id, limit, beforeUserId))).map(toMember)
}

/** Adds a member, or gives one other roles. */
export async function setMember(
  deps: Deps,
  by: { id: string; project: Project },
  id: string,
  { userId, roles }: { userId: string; roles: string[] },
): Promise<Result<Member, Failure>> {
  const organization = await getOrganization(deps, by.project, id)
  if (!organization.ok) return organization
  if (!isId('user', userId)) return notFound('user')
  const now = Math.floor(deps.now() / 1000)
  const row = { organizationId: id, userId, roles: JSON.stringify([...new Set(roles)]), now }
  const [put] = await batch(deps.db, [
    putMember(deps.db, by.project.id, row),
    event(deps, by, 'member.updated', id, userId),
  ])
  const member = put?.rows[0] as MemberRow | undefined
  return member ? ok(toMember(member)) : notFound('user')
}

/** Null: they are no member, or there is no such organization. */
export async function membershipOf(
  deps: Deps,
  project: Project,
  organization: string,
  ref: UserRef,
): Promise<Membership | null> {
  const row = await query<MembershipRow>(selectMembership(deps.db, project.id, organization, ref))
  return row && toMembership(row)
}

export async function removeMember(
  deps: Deps,
  by: { id: string; project: Project },
  id: string,
  userId: string,
): Promise<Result<null, Failure>> {
  if (!isId('org', id) || !isId('user', userId)) return notFound('member')
  const [removed] = await batch(deps.db, [
    deleteMember(deps.db, by.project.id, id, userId),
    event(deps, by, 'member.deleted', id, userId),
  ])
  return removed?.changes ? ok(null) : notFound('member')
}

async function write(
  deps: Deps,
  by: { id: string; project: Project },
  externalId: string | null,
  id: string,
  type: EventType,
  statement: D1PreparedStatement,
): Promise<Result<Organization, Failure>> {
  const written = await batch(deps.db, [statement, event(deps, by, type, id)]).catch(async (error: unknown) => {
    // UNIQUE: somebody else has that external id.
    if (!(error instanceof Unavailable) || !/constraint/i.test(String(error.cause))) throw error
    const row = externalId && (await query<OrganizationRow>(selectOrganization(deps.db, by.project.id, externalId)))
    if (row && row.id !== id) return null
    throw error
  })
  if (written === null) return failed({ reason: 'identifier_taken', path: 'external_id' })
  const row = written[0]?.rows[0] as OrganizationRow | undefined
  return row ? ok(toOrganization(row)) : notFound('organization')
}

function event(
  deps: Deps,
  by: { id: string; project: Project },
  type: EventType,
  id: string,
  userId: string | null = null,
) {
  const now = Math.floor(deps.now() / 1000)
  return insertEventIfChanged(deps.db, {
    projectId: by.project.id,
    id: newId('evt', now, deps.randomBytes(16)),
    type,
    userId,
    data: { organization: id, by: by.id },
    now,
  })
}
