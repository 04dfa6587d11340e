/**
 * What a Streambird client keeps of a session: `base64url(version 1 ‖ key id 1 ‖ the session's id 27 ‖ HMAC 32)`, 61 bytes, 82
 * characters. Nothing of it is stored: it names the session's row, which alone says whether it is worth anything.
 */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { concat, frame, hex, utf8 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { isId } from '../../lib/ids.ts'
import type { Keyring } from '../keyring.ts'

const VERSION = 1
const ID_PREFIX = 'sess_'
const HEAD_BYTES = 2
const MAC_BYTES = 32
const TOKEN_BYTES = HEAD_BYTES + 27 + MAC_BYTES
const TOKEN_LENGTH = Math.ceil((TOKEN_BYTES * 4) / 3)

const signed = (projectId: string, sessionId: string) => frame('session', projectId, sessionId)

/** Always under the current secret, so that a session that is seen now and then outlives a rotation. */
export async function mintSessionToken(keys: Keyring, projectId: string, sessionId: string): Promise<string> {
  const mac = await keys.mac('session', signed(projectId, sessionId))
  return encodeBase64url(
    concat(Uint8Array.of(VERSION, keys.currentId), utf8(sessionId.slice(ID_PREFIX.length)), mac.subarray(0, MAC_BYTES)),
  )
}

/** The session's id; null for anything that was not minted for this project under an accepted secret. No I/O. */
export async function parseSessionToken(keys: Keyring, projectId: string, text: string): Promise<string | null> {
  const bytes = text.length === TOKEN_LENGTH ? decodeBase64url(text) : null
  if (bytes?.length !== TOKEN_BYTES || bytes[0] !== VERSION) return null
  const sessionId = ID_PREFIX + new TextDecoder().decode(bytes.subarray(HEAD_BYTES, -MAC_BYTES))
  if (!isId('sess', sessionId)) return null
  const macs = await keys.macsFor('session', bytes[1] ?? -1, signed(projectId, sessionId))
  const given = hex(bytes.subarray(-MAC_BYTES))
  return macs.some((mac) => equalInConstantTime(hex(mac), given)) ? sessionId : null
}
