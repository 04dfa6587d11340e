/**
 * Texts between two who know each other's public key on secp256k1 (SEC 2 §2.4.1), as 1Kosmos' clients seal them: the shared
 * point's X coordinate (SEC 1 §3.3.1) is the key of AES-256-GCM, and what travels is base64(IV 16 ‖ ciphertext ‖ tag 16).
 * WebCrypto does not know the curve: the library does whatever there is to do with scalars and points.
 */

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { concat, utf8 } from './bytes.ts'

/** `publicKey`: x ‖ y, 64 bytes, without the 04 in front. */
export type KeyPair = { privateKey: Uint8Array; publicKey: Uint8Array }

/** Of random bytes that a key is made of (FIPS 186-5 §A.2.1: more than the order has, so that no key is likelier). */
export const SEED_BYTES = 48
const IV_BYTES = 16
const TAG_BYTES = 16
const UNCOMPRESSED = Uint8Array.of(4)

/** @param seed random, SEED_BYTES of them */
export function keyPairOf(seed: Uint8Array): KeyPair {
  const privateKey = secp256k1.utils.randomSecretKey(seed)
  return { privateKey, publicKey: secp256k1.getPublicKey(privateKey, false).slice(1) }
}

/** 32 bytes; null if `publicKey` is no point of the curve (an invalid-curve attack would learn the private key from it). */
export function sharedKey(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
  const point = concat(UNCOMPRESSED, publicKey)
  if (!secp256k1.utils.isValidPublicKey(point, false)) return null
  return secp256k1.getSharedSecret(privateKey, point).slice(1)
}

/** @param iv random, 16 bytes */
export async function sealText(key: Uint8Array, iv: Uint8Array, text: string): Promise<string> {
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await importKey(key), utf8(text))
  return encodeBase64(concat(iv, new Uint8Array(sealed)))
}

/** Null for anything that was not sealed under this key, or is not UTF-8. */
export async function unsealText(key: Uint8Array, sealed: string): Promise<string | null> {
  const bytes = decodeBase64(sealed)
  if (!bytes || bytes.length < IV_BYTES + TAG_BYTES) return null
  try {
    const params = { name: 'AES-GCM', iv: bytes.subarray(0, IV_BYTES) }
    const plain = await crypto.subtle.decrypt(params, await importKey(key), bytes.subarray(IV_BYTES))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain)
  } catch {
    return null
  }
}

const importKey = (key: Uint8Array) => crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])
