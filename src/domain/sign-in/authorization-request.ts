/** What an application asked at /authorize, carried through the sign-in pages in a seal that only we can make. */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { utf8 } from '../../lib/bytes.ts'
import type { Deps } from '../../ports.ts'
import type { Authorization } from '../ledger/record.ts'
import type { Project } from '../projects/project.ts'

export type AuthorizationRequest = Authorization & {
  /** The client's own id, and the name that a person reads. */
  clientId: string
  application: string
  redirectUri: string
  state: string | null
  loginHint: string | null
  locale: string | null
  /** The person must show themselves again, whatever session there is (`prompt=login`, `max_age`). */
  fresh: boolean
}

/** How long somebody may look at the sign-in page: over lunch, overnight. What it seals opens nothing. */
const LIFETIME_SECONDS = 24 * 3600

/** Sealed with an end, for a form or a URL of ours. */
export async function sealFor(deps: Deps, place: string, value: unknown): Promise<string> {
  const until = Math.floor(deps.now() / 1000) + LIFETIME_SECONDS
  return encodeBase64url(await deps.keys.seal(place, utf8(JSON.stringify({ until, value }))))
}

/** Null for anything else than what was sealed for this place within the day. */
export async function unsealFor<T>(deps: Deps, place: string, text: string): Promise<T | null> {
  const sealed = text.length <= 8192 ? decodeBase64url(text) : null
  const plain = sealed && (await deps.keys.unseal(place, sealed))
  if (!plain) return null
  const { until, value } = JSON.parse(new TextDecoder().decode(plain)) as { until: number; value: T }
  return deps.now() / 1000 < until ? value : null
}

const placeOf = (project: Project) => `authorization-request:${project.id}`

export const sealRequest = (deps: Deps, project: Project, request: AuthorizationRequest): Promise<string> =>
  sealFor(deps, placeOf(project), request)

export const unsealRequest = (deps: Deps, project: Project, text: string): Promise<AuthorizationRequest | null> =>
  unsealFor<AuthorizationRequest>(deps, placeOf(project), text)
