/**
 * What the device that asked for a link may ask about it: whether it was opened. `base64url(version 1 ‖ key id 1 ‖ challenge id
 * 46 ‖ MAC 16)`. It opens nothing, and it is no challenge id: its MAC has a key of its own.
 */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { concat, frame, hex } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { Keyring } from '../keyring.ts'
import { CHALLENGE_ID_PREFIX } from '../ledger/secret.ts'

const VERSION = 1
const HEAD_BYTES = 2
const MAC_BYTES = 16

export async function mintOriginToken(keys: Keyring, projectId: string, challengeId: string): Promise<string> {
  const id = decodeBase64url(challengeId.slice(CHALLENGE_ID_PREFIX.length)) ?? new Uint8Array()
  const mac = await keys.mac('origin', frame(projectId, challengeId))
  return encodeBase64url(concat(Uint8Array.of(VERSION, keys.currentId), id, mac.subarray(0, MAC_BYTES)))
}

/** The challenge's id; null for anything that was not minted for this project under an accepted secret. No I/O. */
export async function parseOriginToken(keys: Keyring, projectId: string, text: string): Promise<string | null> {
  const bytes = decodeBase64url(text)
  if (!bytes || bytes.length <= HEAD_BYTES + MAC_BYTES || bytes[0] !== VERSION) return null
  const challengeId = CHALLENGE_ID_PREFIX + encodeBase64url(bytes.subarray(HEAD_BYTES, -MAC_BYTES))
  const macs = await keys.macsFor('origin', bytes[1] ?? -1, frame(projectId, challengeId))
  const given = hex(bytes.subarray(-MAC_BYTES))
  return macs.some((mac) => equalInConstantTime(hex(mac.subarray(0, MAC_BYTES)), given)) ? challengeId : null
}
