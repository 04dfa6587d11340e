/** List cursors: opaque and MACed, so that nobody pages from where they were not (security.md H8). */

import { encodeBase64url } from '../../lib/base64url.ts'
import { frame } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { Deps } from '../../ports.ts'

const MAC_BYTES = 12

/** @param list what is listed, for whom: a cursor of one list is junk for another */
export async function makeCursor(deps: Deps, list: string, lastId: string): Promise<string> {
  const mac = await deps.keys.mac('cursor', frame(list, lastId))
  return `${lastId}.${encodeBase64url(mac.subarray(0, MAC_BYTES))}`
}

/** The id to go on from; null if the cursor is not one of this list's. */
export async function readCursor(deps: Deps, list: string, cursor: string): Promise<string | null> {
  const [lastId = '', mac = '', ...rest] = cursor.split('.')
  if (rest.length > 0) return null
  const expected = await deps.keys.allMacs('cursor', frame(list, lastId))
  const fits = expected.some((bytes) => equalInConstantTime(encodeBase64url(bytes.subarray(0, MAC_BYTES)), mac))
  return fits ? lastId : null
}
