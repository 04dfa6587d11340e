/**
 * Addresses with a fixed code, for app-store reviewers and end-to-end tests. They are nobody's: reserved domains
 * (RFC 2606) and fictitious numbers (555-01xx) alone, a code of 10 characters, 90 days at most; nothing is ever sent to them,
 * a user with a role cannot sign in through one, and the sign-in is marked in the events.
 */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { utf8 } from '../../lib/bytes.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { testIdentityPlace } from '../sealed.ts'
import { parseEmailAddress } from '../users/address.ts'
import { parsePhoneNumber } from '../users/phone.ts'
import type { Project } from './project.ts'
import type { SettingsIssue, StoredTestIdentity } from './settings-schema.ts'

const MAX_SECONDS = 90 * 86_400
const RESERVED_DOMAIN = /(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$/
const FICTITIOUS_NUMBER = /^\+1[2-9][0-9]{2}55501[0-9]{2}$/

/** What to store for the wished list; an address that is there already may come without its code. */
export async function sealTestIdentities(
  deps: Deps,
  projectId: string,
  wished: unknown,
  stored: StoredTestIdentity[],
): Promise<Result<StoredTestIdentity[], SettingsIssue[]>> {
  const { testIdentitiesSchema, toSettingsIssues } = await import('./settings-schema.ts')
  const parsed = testIdentitiesSchema.safeParse(wished)
  if (!parsed.success) {
    const issues = parsed.error.issues.flatMap(toSettingsIssues)
    return {
      ok: false,
      error: issues.map(({ path, message }) => ({
        path: path ? `test_identities.${path}` : 'test_identities',
        message,
      })),
    }
  }
  const now = Math.floor(deps.now() / 1000)
  const issues: SettingsIssue[] = []
  const sealed: StoredTestIdentity[] = []
  for (const [index, { address, code, until }] of parsed.data.entries()) {
    const refuse = (field: string, message: string) =>
      issues.push({ path: `test_identities.${index}.${field}`, message })
    const canonical = canonicalTestAddress(address)
    const known = stored.find((identity) => identity.address === canonical)
    if (!canonical)
      refuse(
        'address',
        'must be an address in a reserved domain (RFC 2606: example.com, *.test) or a number such as +12025550123',
      )
    else if (sealed.some((identity) => identity.address === canonical)) refuse('address', 'is there twice')
    if (until <= now || until > now + MAX_SECONDS)
      refuse('until', 'must be in the future, at most 90 days from now (Unix seconds)')
    if (code === undefined && !known) refuse('code', 'is needed for a new address: 10 digits or capital letters')
    if (!canonical) continue
    const place = testIdentityPlace(projectId, canonical)
    const kept = code === undefined ? (known?.sealed ?? '') : encodeBase64url(await deps.keys.seal(place, utf8(code)))
    sealed.push({ address: canonical, until, sealed: kept })
  }
  return issues.length > 0 ? { ok: false, error: issues } : ok(sealed)
}

/** The fixed code of a canonical address, while it is a test identity; null for everybody else. */
export async function fixedCode(deps: Deps, project: Project, canonical: string): Promise<string | null> {
  const identity = project.settings.test_identities.find(({ address }) => address === canonical)
  if (!identity || deps.now() >= identity.until * 1000) return null
  const sealed = decodeBase64url(identity.sealed)
  const code = sealed && (await deps.keys.unseal(testIdentityPlace(project.id, canonical), sealed))
  return code && new TextDecoder().decode(code)
}

function canonicalTestAddress(address: string): string | null {
  const email = parseEmailAddress(address)
  if (email.ok) return RESERVED_DOMAIN.test(email.value.domain) ? email.value.canonical : null
  const phone = parsePhoneNumber(address)
  return phone && FICTITIOUS_NUMBER.test(phone) ? phone : null
}
