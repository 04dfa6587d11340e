/** A person in a project. */

export const USER_STATUSES = ['ACTIVE', 'INACTIVE', 'PENDING'] as const
export type UserStatus = (typeof USER_STATUSES)[number]
export type Metadata = Record<string, string | number | boolean | null>

export type Identifier = {
  id: string
  kind: 'email' | 'phone'
  value: string
  verifiedAt: number | null
  createdAt: number
}

export type User = {
  id: string
  firstName: string | null
  lastName: string | null
  type: string
  role: string | null
  businessId: string | null
  externalId: string | null
  status: UserStatus
  locale: string | null
  metadata: Metadata
  identifiers: Identifier[]
  createdAt: number
  updatedAt: number
  lastSignInAt: number | null
}

/** The one of this kind; a person has at most one email address and one phone number here. */
export const identifierOf = (user: User, kind: Identifier['kind']): Identifier | null =>
  user.identifiers.find((identifier) => identifier.kind === kind) ?? null
