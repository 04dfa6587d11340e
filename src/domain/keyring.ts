/**
 * All keys come from LATCHKEY_SECRET by HKDF, one for each use, so that a value made for one use is junk for another.
 * Everything sealed or MACed carries one key-id byte; while rotating, LATCHKEY_SECRET_PREVIOUS is accepted beside it.
 * Values made under the previous secret: MACs and seals are accepted, new ones are always under the current.
 */

import { concat, utf8 } from '../lib/bytes.ts'
import { hkdf, hmac, importHmacKey } from '../lib/digest.ts'

/** What a key is for. The name is part of its derivation: renaming one makes outstanding values worthless. */
export type KeyUse =
  | 'secret'
  | 'mask'
  | 'uuid'
  | 'pepper'
  | 'relay'
  | 'device'
  | 'refresh'
  | 'session'
  | 'origin'
  | 'cookie'
  | 'cursor'
  | 'repeat'
  | 'form'

export type Keyring = {
  /** The key id that new values carry, 0 to 255. */
  readonly currentId: number
  /** That of every accepted secret, the current one first. */
  readonly acceptedIds: number[]
  /** HMAC-SHA-256 under the current secret, 32 bytes. */
  mac(use: KeyUse, data: Uint8Array): Promise<Uint8Array>
  /** The same under every secret with that key id: none if it is unknown, two if the ids of both secrets fall together. */
  macsFor(use: KeyUse, keyId: number, data: Uint8Array): Promise<Uint8Array[]>
  /** The same under every accepted secret, the current one first. */
  allMacs(use: KeyUse, data: Uint8Array): Promise<Uint8Array[]>
  /** AES-256-GCM: key id 1 ‖ IV 12 ‖ ciphertext and tag. `place` (table, row, column) is associated data. */
  seal(place: string, plain: Uint8Array): Promise<Uint8Array>
  /** Null if it was sealed for another place, changed, or under a secret that is not accepted any more. */
  unseal(place: string, sealed: Uint8Array): Promise<Uint8Array | null>
}

type Generation = { id: number; key(use: KeyUse): Promise<CryptoKey>; sealKey: CryptoKey }

export async function createKeyring(
  current: string,
  previous: string | null,
  randomBytes: (length: number) => Uint8Array,
): Promise<Keyring> {
  const now = await deriveGeneration(current)
  const accepted = previous ? [now, await deriveGeneration(previous)] : [now]
  const withId = (id: number) => accepted.filter((generation) => generation.id === id)
  const macs = (from: Generation[], use: KeyUse, data: Uint8Array) =>
    Promise.all(from.map(async (generation) => hmac(await generation.key(use), data)))

  return {
    currentId: now.id,
    acceptedIds: accepted.map(({ id }) => id),
    mac: async (use, data) => hmac(await now.key(use), data),
    macsFor: (use, keyId, data) => macs(withId(keyId), use, data),
    allMacs: (use, data) => macs(accepted, use, data),
    async seal(place, plain) {
      const iv = randomBytes(12)
      const params = { name: 'AES-GCM', iv, additionalData: utf8(place) }
      const sealed = new Uint8Array(await crypto.subtle.encrypt(params, now.sealKey, plain))
      return concat(Uint8Array.of(now.id), iv, sealed)
    },
    async unseal(place, sealed) {
      const params = { name: 'AES-GCM', iv: sealed.subarray(1, 13), additionalData: utf8(place) }
      for (const generation of withId(sealed[0] ?? -1)) {
        try {
          return new Uint8Array(await crypto.subtle.decrypt(params, generation.sealKey, sealed.subarray(13)))
        } catch {
          // Two secrets can share a key id (1 in 256): the other one may still open it.
        }
      }
      return null
    },
  }
}

async function deriveGeneration(secret: string): Promise<Generation> {
  const root = utf8(secret)
  const [id = 0] = await hkdf(root, 'latchkey/1/key-id', 1)
  const sealKey = await crypto.subtle.importKey('raw', await hkdf(root, 'latchkey/1/seal', 32), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ])
  const keys = new Map<KeyUse, Promise<CryptoKey>>()
  return {
    id,
    sealKey,
    key(use) {
      const known = keys.get(use)
      if (known) return known
      const derived = hkdf(root, `latchkey/1/${use}`, 32).then(importHmacKey)
      keys.set(use, derived)
      return derived
    },
  }
}
