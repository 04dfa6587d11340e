/** How a link's URL is written. */

import type { Deps } from '../../ports.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import { type Project, redirectRules } from '../projects/project.ts'
import { mayRedirectTo, withParameters } from '../projects/redirect-uris.ts'

export const LANDING_PATH = '/auth/magic-link'

/** `ISSUER/auth/magic-link?code=…`, or the application's own page with the secret in its parameter. */
export function linkUrl(
  deps: Deps,
  project: Project,
  record: ChallengeRecord,
  secret: string,
  isSignUp: boolean,
): string | null {
  if (record.link === null) return null
  if (record.link === 'landing') return withParameters(deps.config.issuer.origin + LANDING_PATH, { code: secret })
  const target = redirectTarget(project, record, isSignUp)
  // A template of the request itself says where the code goes (1Kosmos).
  if (target === null) return record.dialect === '1kosmos' ? secret : null
  return withParameters(target, { [record.linkParam]: secret, state: record.state })
}

/** Where this sign-in ends: as asked, else the project's default for a sign-in or a sign-up, else nowhere (our own page). */
export function redirectTarget(project: Project, record: ChallengeRecord, isSignUp: boolean): string | null {
  const { default_login_redirect: login, default_registration_redirect: registration } = project.settings
  return record.redirectUri ?? (isSignUp ? (registration ?? login) : (login ?? registration))
}

/** The application's front door; null for none, or one that has no page of its own (a private-use scheme). */
export function homeOf({ redirectUri }: ChallengeRecord): string | null {
  const url = redirectUri === null ? null : URL.parse(redirectUri)
  return url && /^https?:$/.test(url.protocol) ? `${url.origin}/` : null
}

/** Whether a sign-up ends elsewhere than a sign-in, so that it matters which this is. */
export const signUpDiffers = (project: Project, record: ChallengeRecord): boolean =>
  redirectTarget(project, record, true) !== redirectTarget(project, record, false)

export const isAllowedRedirect = (deps: Deps, project: Project, uri: string): boolean =>
  mayRedirectTo(redirectRules(deps, project), uri)
