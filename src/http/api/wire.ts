/** Domain values as the native API writes them. */

import type * as z from 'zod'
import type { ApiKey } from '../../domain/api-keys/api-key.ts'
import type { EventRow } from '../../domain/events/queries.ts'
import type { MessageView } from '../../domain/messages/queries.ts'
import type { Member, Organization } from '../../domain/organizations/organization.ts'
import type { Project } from '../../domain/projects/project.ts'
import type { Session } from '../../domain/sessions/session.ts'
import type { SuppressionRow } from '../../domain/suppressions/queries.ts'
import type { TemplateRow } from '../../domain/templates/queries.ts'
import { type Identifier, identifierOf, type User } from '../../domain/users/user.ts'
import type { Locale } from '../../locales/index.ts'
import type {
  apiKeyAnswer,
  eventAnswer,
  identifierAnswer,
  memberAnswer,
  messageAnswer,
  organizationAnswer,
  sessionAnswer,
  suppressionAnswer,
  templateAnswer,
  userAnswer,
} from './answers.ts'

export const toIdentifierWire = (identifier: Identifier): z.infer<typeof identifierAnswer> => ({
  id: identifier.id,
  kind: identifier.kind,
  value: identifier.value,
  verified_at: identifier.verifiedAt,
  // A person has one of each kind, so each is the primary one.
  primary: true,
})

export function toUserWire(user: User): z.infer<typeof userAnswer> {
  const email = identifierOf(user, 'email')
  const phone = identifierOf(user, 'phone')
  return {
    id: user.id,
    email: email?.value ?? null,
    email_verified: email !== null && email.verifiedAt !== null,
    phone: phone?.value ?? null,
    phone_verified: phone !== null && phone.verifiedAt !== null,
    first_name: user.firstName,
    last_name: user.lastName,
    type: user.type,
    role: user.role,
    business_id: user.businessId,
    external_id: user.externalId,
    status: user.status,
    locale: user.locale,
    metadata: user.metadata,
    identifiers: user.identifiers.map(toIdentifierWire),
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    last_sign_in_at: user.lastSignInAt,
  }
}

export const toSessionWire = (session: Session): z.infer<typeof sessionAnswer> => ({
  id: session.id,
  user_id: session.userId,
  client_id: session.clientId,
  organization_id: session.organizationId,
  amr: session.amr,
  ip: session.ip,
  user_agent: session.userAgent,
  created_at: session.createdAt,
  last_active_at: session.lastActiveAt,
  expires_at: session.expiresAt,
  revoked_at: session.revokedAt,
})

export const toApiKeyWire = (key: ApiKey): z.infer<typeof apiKeyAnswer> => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  scopes: key.scopes,
  created_at: key.createdAt,
  last_used_at: key.lastUsedAt,
  expires_at: key.expiresAt,
  revoked_at: key.revokedAt,
})

export function toProjectWire({ id, name, issuer, createdAt, settings }: Project) {
  // A test identity's code is write-only.
  const test_identities = settings.test_identities.map(({ address, until }) => ({ address, until }))
  return { id, name, issuer, created_at: createdAt, ...settings, test_identities }
}

export const toMessageWire = ({ to_masked, timeline, ...message }: MessageView): z.infer<typeof messageAnswer> => ({
  ...message,
  to: to_masked,
  timeline: JSON.parse(timeline),
})

export const toEventWire = ({ data, ...event }: EventRow): z.infer<typeof eventAnswer> => ({
  ...event,
  data: JSON.parse(data),
})

export const toSuppressionWire = ({ address, ...row }: SuppressionRow): z.infer<typeof suppressionAnswer> => ({
  ...row,
  email: address,
})

export const toTemplateWire = (row: TemplateRow): z.infer<typeof templateAnswer> => ({
  name: row.name,
  locale: row.locale as Locale,
  subject: row.subject,
  html: row.html,
  text: row.text,
  created_at: row.created_at,
  updated_at: row.updated_at,
})

export const toOrganizationWire = (organization: Organization): z.infer<typeof organizationAnswer> => ({
  id: organization.id,
  name: organization.name,
  external_id: organization.externalId,
  metadata: organization.metadata,
  created_at: organization.createdAt,
  updated_at: organization.updatedAt,
})

export const toMemberWire = (member: Member): z.infer<typeof memberAnswer> => ({
  user_id: member.userId,
  roles: member.roles,
  created_at: member.createdAt,
  updated_at: member.updatedAt,
})
