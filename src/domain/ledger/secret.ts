/**
 * What a link or a grant looks like on the wire, and what of it is stored (design §3).
 *
 *   version and purpose 1 ‖ key id 1 ‖ expiry 4 ‖ subject 16 ‖ id 12 ‖ secret 24 ‖ MAC 16   = 74 bytes, 99 characters
 *
 * The MAC refuses junk and the expiry refuses the late without any I/O, so a flood of random tokens wakes no ledger.
 * The subject bytes name the ledger; they are masked with HMAC(K, id), so that two links of one person cannot be linked.
 * A challenge id is the same without expiry and secret. Stored is SHA-256 over purpose, id and secret.
 */

import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { concat, frame, hex, hexBytes, readUint32, uint32, xor } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { hmac, sha256 } from '../../lib/digest.ts'
import type { Keyring } from '../keyring.ts'

/** One purpose can never be taken for another: it is under the MAC and inside the stored hash. */
export const PURPOSES = ['link', 'grant', 'bound_grant'] as const
export type Purpose = (typeof PURPOSES)[number]

/** The wire's purpose nibble; 0 is a challenge id, which opens nothing. */
const NIBBLE = { id: 0, link: 1, grant: 3, bound_grant: 5 } as const
const VERSION = 1 << 4

export const CHALLENGE_ID_PREFIX = 'chal_'
export const ID_BYTES = 12
export const SECRET_BYTES = 24
const SUBJECT_BYTES = 16
const MAC_BYTES = 16
const TOKEN_BYTES = 2 + 4 + SUBJECT_BYTES + ID_BYTES + SECRET_BYTES + MAC_BYTES
const CHALLENGE_ID_BYTES = 2 + SUBJECT_BYTES + ID_BYTES + MAC_BYTES

/** Which ledger and which challenge in it. `ledger` is hex of 16 bytes, `id` base64url of 12. */
export type ChallengeRef = { ledger: string; id: string }

/** A secret whose MAC was right. It may be late, used, or never stored: only the ledger knows. */
export type ParsedSecret = ChallengeRef & {
  purpose: Purpose
  /** Of the LATCHKEY_SECRET that it was minted under. */
  keyId: number
  /** Unix seconds. */
  expiresAt: number
  /** What the ledger stores of it. */
  proof: string
}

export type SecretParts = { ledger: Uint8Array; id: Uint8Array; secret: Uint8Array; expiresAt: number }

export async function mintSecret(keys: Keyring, purpose: Purpose, parts: SecretParts): Promise<string> {
  const head = Uint8Array.of(VERSION | NIBBLE[purpose], keys.currentId)
  const subject = xor(parts.ledger, (await keys.mac('mask', parts.id)).subarray(0, SUBJECT_BYTES))
  const body = concat(head, uint32(parts.expiresAt), subject, parts.id, parts.secret)
  const mac = (await keys.mac('secret', body)).subarray(0, MAC_BYTES)
  return encodeBase64url(concat(body, mac))
}

/** Null for anything that was not minted here under an accepted secret. No I/O. */
export async function parseSecret(keys: Keyring, text: string): Promise<ParsedSecret | null> {
  const bytes = text.length === Math.ceil((TOKEN_BYTES * 4) / 3) ? decodeBase64url(text) : null
  if (!bytes) return null
  const purpose = PURPOSES.find((name) => bytes[0] === (VERSION | NIBBLE[name]))
  if (!purpose) return null
  const idAt = 6 + SUBJECT_BYTES
  const id = bytes.subarray(idAt, idAt + ID_BYTES)
  const subject = await unmask(keys, bytes, bytes.subarray(6, idAt), id)
  if (!subject) return null
  const secret = bytes.subarray(idAt + ID_BYTES, TOKEN_BYTES - MAC_BYTES)
  return {
    purpose,
    keyId: bytes[1] ?? 0,
    expiresAt: readUint32(bytes, 2),
    ledger: hex(subject),
    id: encodeBase64url(id),
    proof: await proofOf(purpose, id, secret),
  }
}

export async function mintChallengeId(
  keys: Keyring,
  ledger: Uint8Array,
  id: Uint8Array,
  keyId = keys.currentId,
): Promise<string> {
  const [mask = new Uint8Array()] = await keys.macsFor('mask', keyId, id)
  const subject = xor(ledger, mask.subarray(0, SUBJECT_BYTES))
  const body = concat(Uint8Array.of(VERSION | NIBBLE.id, keyId), subject, id)
  const [mac = new Uint8Array()] = await keys.macsFor('secret', keyId, body)
  return CHALLENGE_ID_PREFIX + encodeBase64url(concat(body, mac.subarray(0, MAC_BYTES)))
}

/** Every way in which this challenge was ever written: under each accepted secret, the current one first. */
export const challengeIdsOf = (keys: Keyring, ledger: Uint8Array, id: Uint8Array): Promise<[string, ...string[]]> =>
  Promise.all([
    mintChallengeId(keys, ledger, id),
    ...keys.acceptedIds
      .filter((keyId) => keyId !== keys.currentId)
      .map((keyId) => mintChallengeId(keys, ledger, id, keyId)),
  ])

/** Null for anything that is no challenge id of ours. No I/O. */
export async function parseChallengeId(keys: Keyring, text: string): Promise<ChallengeRef | null> {
  if (!text.startsWith(CHALLENGE_ID_PREFIX)) return null
  const bytes = decodeBase64url(text.slice(CHALLENGE_ID_PREFIX.length))
  if (bytes?.length !== CHALLENGE_ID_BYTES || bytes[0] !== (VERSION | NIBBLE.id)) return null
  const id = bytes.subarray(2 + SUBJECT_BYTES, 2 + SUBJECT_BYTES + ID_BYTES)
  const subject = await unmask(keys, bytes, bytes.subarray(2, 2 + SUBJECT_BYTES), id)
  return subject && { ledger: hex(subject), id: encodeBase64url(id) }
}

/** What the ledger stores of a link or a grant. */
export async function proofOf(purpose: Purpose, id: Uint8Array, secret: Uint8Array): Promise<string> {
  return encodeBase64url(await sha256(concat(frame(purpose), id, secret)))
}

/**
 * What the ledger stores of a code: keyed, since a bare hash of six digits is read back in a second, and for one address, so
 * that it can be looked for in every challenge there. One for each accepted secret, the current one first; the ledger stores
 * the first and compares with all.
 */
export async function codeProofs(
  keys: Keyring,
  purpose: 'code' | 'relay',
  project: string,
  ledger: string,
  code: string,
): Promise<string[]> {
  const macs = await keys.allMacs('pepper', frame(purpose, project, ledger, code))
  return macs.map(encodeBase64url)
}

/**
 * Eight digits out of a link's secret: what another browser shows for the one that asked.
 * @param keyId the link's, so that both are of the same secret while it is rotated
 */
export async function relayCode(
  keys: Keyring,
  ref: ChallengeRef,
  linkProof: string,
  keyId = keys.currentId,
): Promise<string> {
  const [mac = new Uint8Array(4)] = await keys.macsFor('relay', keyId, frame(ref.ledger, ref.id, linkProof))
  return String(readUint32(mac, 0) % 100_000_000).padStart(8, '0')
}

// --- UUIDs (1Kosmos) --------------------------------------------------------------------------------------------------

/** A version-8 UUID (RFC 9562 §5.8): MAC 48 bits ‖ version ‖ random 12 ‖ variant ‖ random 62. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const UUID_MAC_BYTES = 6
/** Six of these bits become version and variant. */
export const UUID_RANDOM_BYTES = 10

export async function mintUuid(keys: Keyring, project: string, random: Uint8Array): Promise<string> {
  const rest = random.slice()
  rest[0] = 0x80 | ((rest[0] ?? 0) & 0x0f)
  rest[2] = 0x80 | ((rest[2] ?? 0) & 0x3f)
  const mac = await keys.mac('uuid', concat(frame(project), rest))
  return uuidOf(concat(mac.subarray(0, UUID_MAC_BYTES), rest))
}

const uuidOf = (bytes: Uint8Array): string => hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** In lower case; null for anything that was not minted here for this project under an accepted secret. No I/O. */
export async function readUuid(keys: Keyring, project: string, text: string): Promise<string | null> {
  if (!UUID.test(text)) return null
  const bytes = hexBytes(text.replaceAll('-', ''))
  const macs = await keys.allMacs('uuid', concat(frame(project), bytes.subarray(UUID_MAC_BYTES)))
  const given = hex(bytes.subarray(0, UUID_MAC_BYTES))
  const isOurs = macs.filter((mac) => equalInConstantTime(hex(mac.subarray(0, UUID_MAC_BYTES)), given)).length > 0
  return isOurs ? uuidOf(bytes) : null
}

/**
 * The challenge's id and secret, of which the proof is made as for every link. Keyed by the route key, which is never rotated:
 * the 74 random bits alone would be few for a hash that can be searched.
 */
export async function partsOfUuid(
  { id, routeKey }: { id: string; routeKey: CryptoKey },
  uuid: string,
): Promise<{ id: Uint8Array; secret: Uint8Array }> {
  const part = async (name: string, length: number) =>
    (await hmac(routeKey, frame(id, 'uuid', name, uuid))).subarray(0, length)
  return { id: await part('id', ID_BYTES), secret: await part('secret', SECRET_BYTES) }
}

/** The subject's bytes if the MAC at the end is right under one of the accepted secrets. */
async function unmask(
  keys: Keyring,
  token: Uint8Array,
  masked: Uint8Array,
  id: Uint8Array,
): Promise<Uint8Array | null> {
  const keyId = token[1] ?? -1
  const body = token.subarray(0, token.length - MAC_BYTES)
  const given = hex(token.subarray(token.length - MAC_BYTES))
  const macs = await keys.macsFor('secret', keyId, body)
  const index = macs.findIndex((mac) => equalInConstantTime(hex(mac.subarray(0, MAC_BYTES)), given))
  if (index < 0) return null
  const mask = (await keys.macsFor('mask', keyId, id))[index]
  return mask ? xor(masked, mask.subarray(0, SUBJECT_BYTES)) : null
}
