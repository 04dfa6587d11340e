/**
 * `base64url(version 1 ‖ key id 1 ‖ family 16 ‖ generation 4 ‖ HMAC 32)`: 54 bytes, 72 characters. Nothing of it is stored
 * but the family's row, and the same generation is always the same token, so a retry can be answered with the same successor.
 */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { concat, hex, hexBytes, readUint32, uint32 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { Keyring } from '../keyring.ts'

const VERSION = 1
const BODY_BYTES = 22
const TOKEN_BYTES = BODY_BYTES + 32

/** @param familyId hex of 16 bytes */
export async function mintRefreshToken(keys: Keyring, familyId: string, generation: number): Promise<string> {
  const body = concat(Uint8Array.of(VERSION, keys.currentId), hexBytes(familyId), uint32(generation))
  return encodeBase64url(concat(body, await keys.mac('refresh', body)))
}

/** Null for anything that was not minted here under an accepted secret. No I/O. */
export async function parseRefreshToken(
  keys: Keyring,
  text: string,
): Promise<{ familyId: string; generation: number } | null> {
  const bytes = text.length === 72 ? decodeBase64url(text) : null
  if (bytes?.length !== TOKEN_BYTES || bytes[0] !== VERSION) return null
  const macs = await keys.macsFor('refresh', bytes[1] ?? -1, bytes.subarray(0, BODY_BYTES))
  const given = hex(bytes.subarray(BODY_BYTES))
  if (!macs.some((mac) => equalInConstantTime(hex(mac), given))) return null
  return { familyId: hex(bytes.subarray(2, 18)), generation: readUint32(bytes, 18) }
}
