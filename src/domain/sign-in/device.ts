/**
 * Browsers that signed in here before: a guess from one of them, and a send, counts in a lane of its own, so that a stranger who
 * spends the other lane locks nobody out. The cookie holds a tag for each of the last addresses, and names none.
 */

import { encodeBase64url } from '../../lib/base64url.ts'
import { frame } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { Deps } from '../../ports.ts'
import type { Lane } from '../ledger/decide.ts'

const MAX_TAGS = 5
const TAG_BYTES = 16

export async function laneOf(deps: Deps, cookie: string | undefined, projectId: string, ledger: string): Promise<Lane> {
  const tags = (cookie ?? '').split('.').slice(0, MAX_TAGS)
  const own = await deps.keys.allMacs('device', frame(projectId, ledger))
  const isKnown = own.some((mac) => tags.some((tag) => equalInConstantTime(tag, tagOf(mac))))
  return isKnown ? 'known' : 'stranger'
}

/** The cookie after a sign-in at this address. */
export async function rememberDevice(
  deps: Deps,
  cookie: string | undefined,
  projectId: string,
  ledger: string,
): Promise<string> {
  const tag = tagOf(await deps.keys.mac('device', frame(projectId, ledger)))
  const others = (cookie ?? '').split('.').filter((other) => /^[\w-]{22}$/.test(other) && other !== tag)
  return [tag, ...others].slice(0, MAX_TAGS).join('.')
}

const tagOf = (mac: Uint8Array): string => encodeBase64url(mac.subarray(0, TAG_BYTES))
