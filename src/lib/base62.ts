/** Base 62 in ASCII order (0-9 A-Z a-z), so that texts of one length sort as their bytes do. */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Big-endian bytes as exactly `length` characters. */
export function encodeBase62(bytes: Uint8Array, length: number): string {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  let out = ''
  for (let i = 0; i < length; i++) {
    out = ALPHABET.charAt(Number(value % 62n)) + out
    value /= 62n
  }
  if (value !== 0n) throw new Error('encodeBase62: does not fit')
  return out
}
