/** Access and ID tokens: what stands in them. Signing is `jose`'s. */

import { SignJWT } from 'jose'
import { encodeBase64url } from '../../lib/base64url.ts'
import type { Deps } from '../../ports.ts'
import type { Membership } from '../organizations/organization.ts'
import type { Project } from '../projects/project.ts'
import type { SigningAlg } from '../signing-keys/queries.ts'
import { signingKey } from '../signing-keys/signing-key.ts'
import { identifierOf, type User } from '../users/user.ts'
import { mintRefreshToken } from './refresh-token.ts'
import type { Session } from './session.ts'

/** Names of claims that may be asked for (OpenID Connect Core §5.5), `metadata.<key>` beside them. */
export const CLAIM_NAMES = [
  'name',
  'given_name',
  'family_name',
  'email',
  'email_verified',
  'phone_number',
  'phone_number_verified',
  'locale',
  'updated_at',
  'roles',
  'permissions',
  'organization',
] as const

const SCOPE_CLAIMS: Record<string, string[]> = {
  profile: ['name', 'given_name', 'family_name', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
}

/** OpenID Connect Core §5.4. */
export const claimsOfScope = (scope: string): string[] => scope.split(' ').flatMap((name) => SCOPE_CLAIMS[name] ?? [])

/** What a family's tokens say beside the session: stored with the family, so that every refresh says the same. */
export type GrantData = {
  /** The client, or the project where there is none. */
  audience: string
  resource: string | null
  /** As granted; empty for flows that began through the API. */
  scope: string
  accessClaims: string[]
  idClaims: string[]
  nonce: string | null
  /** Whose member the person signed in as. Absent in families of an older version. */
  organizationId?: string | null
  /** What the sign-in approved (Transmit): a claim of the ID token. */
  approvalData?: Record<string, string> | null
}

/**
 * Who gets the tokens: an OAuth client, or an API key. `id` is ours and is kept with the family, `clientId` is what tokens
 * name.
 */
export type TokenClient = { id: string; clientId: string; alg: SigningAlg; accessTtl: number | null }
export const apiClient = (keyId: string): TokenClient => ({ id: keyId, clientId: keyId, alg: 'ES256', accessTtl: null })

/** Who gets the tokens of a back end's call, and the audience where it is a client's (design §4). */
export const recipientOf = ({ id, client }: { id: string; client?: TokenClient }) =>
  client ? { caller: client, audience: client.clientId } : { caller: apiClient(id) }

export type Tokens = {
  accessToken: string
  idToken: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
  scope: string
}

export async function issueTokens(
  deps: Deps,
  project: Project,
  input: {
    user: User
    session: Session
    familyId: string
    generation: number
    client: TokenClient
    grant: GrantData
    membership: Membership | null
  },
): Promise<Tokens> {
  const { user, session, grant, client, membership } = input
  const key = await signingKey(deps, project.id, client.alg)
  const now = Math.floor(deps.now() / 1000)
  const expiresIn = Math.min(client.accessTtl ?? project.settings.access_ttl, session.expiresAt - now)
  const { audience } = grant
  const common = {
    iss: project.issuer,
    sub: user.id,
    iat: now,
    exp: now + expiresIn,
    sid: session.id,
    amr: session.amr,
    auth_time: session.createdAt,
    ...(membership ? { org_id: membership.organizationId, roles: membership.roles } : {}),
  }
  const sign = (typ: string, aud: string, claims: Record<string, unknown>) => {
    const jti = encodeBase64url(deps.randomBytes(16))
    return new SignJWT({ ...claims, ...common, aud, jti })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ })
      .sign(key.privateKey)
  }
  const [accessToken, idToken, refreshToken] = await Promise.all([
    // RFC 9068 §2.1, §2.2.
    sign('at+jwt', grant.resource ?? audience, {
      ...claimsOf(user, grant.accessClaims, membership),
      ...(grant.scope === '' ? {} : { scope: grant.scope }),
      client_id: client.clientId,
      // Ours: what ends the grant ends this token too, at our endpoints.
      fid: input.familyId,
    }),
    sign('JWT', audience, {
      ...claimsOf(user, grant.idClaims, membership),
      ...(grant.approvalData ? { approval_data: grant.approvalData } : {}),
      ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
    }),
    mintRefreshToken(deps.keys, input.familyId, input.generation),
  ])
  return { accessToken, idToken, refreshToken, expiresIn, scope: grant.scope }
}

/** The asked claims that this user has; one that has no value is left out (OpenID Connect Core §5.3.2). */
export function claimsOf(user: User, names: string[], membership: Membership | null): Record<string, unknown> {
  const email = identifierOf(user, 'email')
  const phone = identifierOf(user, 'phone')
  const all: Record<(typeof CLAIM_NAMES)[number], unknown> = {
    name: [user.firstName, user.lastName].filter(Boolean).join(' ') || null,
    given_name: user.firstName,
    family_name: user.lastName,
    email: email?.value ?? null,
    email_verified: email && email.verifiedAt !== null,
    phone_number: phone?.value ?? null,
    phone_number_verified: phone && phone.verifiedAt !== null,
    locale: user.locale,
    updated_at: user.updatedAt,
    roles: membership?.roles ?? (user.role === null ? null : [user.role]),
    // Known to OpenID Connect libraries; we keep roles alone.
    permissions: null,
    organization: membership && {
      id: membership.organizationId,
      name: membership.name,
      external_id: membership.externalId,
    },
  }
  const entries = names.flatMap((name): [string, unknown][] => {
    const known = CLAIM_NAMES.find((candidate) => candidate === name)
    const value = known
      ? all[known]
      : name.startsWith('metadata.')
        ? (user.metadata[name.slice('metadata.'.length)] ?? null)
        : null
    return value === null ? [] : [[name, value]]
  })
  return Object.fromEntries(entries)
}
