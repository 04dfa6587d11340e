/** RFC 4648 §5 without padding. Decoding is strict: one text for one byte string, so a token has no second spelling. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NONE = 255
const VALUES = new Uint8Array(128).fill(NONE)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value

export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    for (bits += 8; bits >= 6; ) {
      bits -= 6
      text += ALPHABET[(value >> bits) & 63]
    }
    value &= 63
  }
  return bits === 0 ? text : text + ALPHABET[(value << (6 - bits)) & 63]
}

/** Null for anything that `encodeBase64url` would not have written. */
export function decodeBase64url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  let bits = 0
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const six = VALUES[text.charCodeAt(i)] ?? NONE
    if (six === NONE) return null
    value = ((value << 6) | six) & 0xfff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (value >> bits) & 0xff
  }
  // What is left over of the last character must be empty, or several texts would mean the same bytes.
  return (value & ((1 << bits) - 1)) === 0 ? bytes : null
}
