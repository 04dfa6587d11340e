import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/lib/base64url.ts'
import { hex, hexBytes, utf8 } from '../../src/lib/bytes.ts'

// RFC 4648 §10, without padding, and the two letters in which §5 differs from §4.
it.each([
  ['', ''],
  [hex(utf8('f')), 'Zg'],
  [hex(utf8('fo')), 'Zm8'],
  [hex(utf8('foo')), 'Zm9v'],
  [hex(utf8('foob')), 'Zm9vYg'],
  [hex(utf8('fooba')), 'Zm9vYmE'],
  [hex(utf8('foobar')), 'Zm9vYmFy'],
  ['fbff', '-_8'],
  ['00', 'AA'],
  ['ffffff', '____'],
])('%s is %j', (bytes, text) => {
  expect(encodeBase64url(hexBytes(bytes))).toBe(text)
  expect(hex(decodeBase64url(text) ?? hexBytes('dead'))).toBe(bytes)
})

it.each([
  ['padding', 'Zg=='],
  ['padding of one', 'Zm8='],
  ['trailing bits of one byte', 'Zh'],
  ['trailing bits of two bytes', 'Zm9'],
  ['the alphabet of §4', '+/8'],
  ['a lone letter', 'Z'],
  ['a lone letter at the end', 'Zm9vZ'],
  ['a space before', ' Zg'],
  ['a space behind', 'Zg '],
  ['a space inside', 'Zm 9v'],
  ['a line break behind', 'Zm9v\n'],
  ['NUL', 'Zm9\0'],
  ['a letter outside ASCII', 'Zm9é'],
  ['a full-width letter', 'Ｚm9v'],
  ['a letter whose low byte is an ASCII letter', 'Zm9\u0176'],
  ['percent encoding', 'Zg%3D'],
])('refuses %s', (_what, text) => {
  expect(decodeBase64url(text)).toBeNull()
})

it('has one spelling for one byte string: 256 of 4,096 pairs, 65,536 of 262,144 triples', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
  const pairs = letters.flatMap((a) => letters.map((b) => a + b))
  const accepted = pairs.filter((pair) => decodeBase64url(pair))
  expect(accepted.length).toBe(256)
  expect(new Set(accepted.map((pair) => decodeBase64url(pair)?.[0])).size).toBe(256)
  expect(pairs.reduce((n, pair) => n + letters.filter((c) => decodeBase64url(pair + c)).length, 0)).toBe(65_536)
})

it('reads back what it wrote, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (bytes) => hex(decodeBase64url(encodeBase64url(bytes)) ?? utf8('')) === hex(bytes),
    ),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const bytes = decodeBase64url(text)
      return bytes === null || encodeBase64url(bytes) === text
    }),
  )
})
