import { expect, it } from 'vitest'
import { concat, hex, hexBytes, utf8 } from '../../src/lib/bytes.ts'
import { hkdf, hmac, importHmacKey, sha256 } from '../../src/lib/digest.ts'

// FIPS 180-4, the examples of NIST's "Cryptographic Standards and Guidelines" for SHA-256, and the CAVP's empty message.
it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  [
    'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
    'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('SHA-256 of %.40j', async (message, digest) => {
  expect(hex(await sha256(utf8(message)))).toBe(digest)
})

// RFC 4231 §4 (case 5 tests truncation, which is not ours).
const KEY_25 = '0102030405060708090a0b0c0d0e0f10111213141516171819'
const LARGE_KEY = 'aa'.repeat(131)
const LARGE_DATA =
  'This is a test using a larger than block-size key and a larger than block-size data. ' +
  'The key needs to be hashed before being used by the HMAC algorithm.'
it.each([
  [1, '0b'.repeat(20), utf8('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    2,
    hex(utf8('Jefe')),
    utf8('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    3,
    'aa'.repeat(20),
    new Uint8Array(50).fill(0xdd),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [4, KEY_25, new Uint8Array(50).fill(0xcd), '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b'],
  [
    6,
    LARGE_KEY,
    utf8('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [7, LARGE_KEY, utf8(LARGE_DATA), '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2'],
])('HMAC-SHA-256, RFC 4231 case %i', async (_case, key, data, mac) => {
  expect(hex(await hmac(await importHmacKey(hexBytes(key)), data))).toBe(mac)
})

it('HKDF-SHA-256, RFC 5869 case 3: no salt, no info', async () => {
  const okm = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'
  expect(hex(await hkdf(hexBytes('0b'.repeat(22)), '', 42))).toBe(okm)
})

// The RFC's cases with an info also have a salt, so these are its two steps written out: extract (§2.2), expand (§2.3).
it.each([
  ['latchkey/1/secret', 32],
  ['latchkey/1/key-id', 1],
  ['ein Schlüssel', 100],
])('HKDF-SHA-256 with info %j and %i bytes is extract and expand', async (info, length) => {
  const secret = utf8('test-secret-test-secret-test-secret-0001')
  const prk = await importHmacKey(await hmac(await importHmacKey(new Uint8Array(32)), secret))
  let block = new Uint8Array()
  let okm = new Uint8Array()
  for (let n = 1; okm.length < length; n++) {
    block = new Uint8Array(await hmac(prk, concat(block, utf8(info), Uint8Array.of(n))))
    okm = new Uint8Array(concat(okm, block))
  }
  expect(hex(await hkdf(secret, info, length))).toBe(hex(okm.subarray(0, length)))
})
