/**
 * Where each sealed value of the database lies. The place is associated data of its seal, so that a value that is moved to
 * another row opens nothing. `npm run rotate-secret` seals anew what outlives a rotation: add to `SEALED` what does.
 */

export const routeKeyPlace = (projectId: string) => `projects:${projectId}:route_key`
export const testIdentityPlace = (projectId: string, address: string) =>
  `projects:${projectId}:test_identities:${address}`
export const signingKeyPlace = (projectId: string, kid: string) => `signing_keys:${projectId}:${kid}`
export const communityKeyPlace = (projectId: string) => `community_keys:${projectId}`
/** Input is sealed for its challenge, so that a resend takes it over in one statement; secrets for their one message. */
export const messageInputPlace = (projectId: string, owner: string) => `messages:${projectId}:${owner}:input`
export const messageSecretsPlace = (projectId: string, id: string) => `messages:${projectId}:${id}:secrets`

export type SealedColumn = {
  table: string
  /** The primary key. */
  key: string[]
  column: string
  /** Further columns that the place names. */
  names: string[]
  place(row: Record<string, string>): string
}

export const SEALED: SealedColumn[] = [
  {
    table: 'projects',
    key: ['id'],
    column: 'route_key',
    names: [],
    place: ({ id = '' }) => routeKeyPlace(id),
  },
  {
    table: 'signing_keys',
    key: ['project_id', 'alg', 'generation'],
    column: 'private_jwk',
    names: ['kid'],
    place: ({ project_id = '', kid = '' }) => signingKeyPlace(project_id, kid),
  },
  {
    table: 'community_keys',
    key: ['project_id'],
    column: 'private_key',
    names: [],
    place: ({ project_id = '' }) => communityKeyPlace(project_id),
  },
]

/** Sealed too, and gone when the challenge has expired and an hour is over: the previous secret is kept so long. */
export const SEALED_FOR_DAYS = [
  { table: 'messages', column: 'secrets' },
  { table: 'messages', column: 'input' },
] as const
