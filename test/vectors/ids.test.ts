import { expect, it } from 'vitest'
import { encodeBase62 } from '../../src/lib/base62.ts'
import { hexBytes } from '../../src/lib/bytes.ts'
import { ID_PREFIXES, isId, KSUID_LENGTH, ksuid, newId } from '../../src/lib/ids.ts'

const EPOCH = 1_400_000_000
const PAYLOAD = hexBytes('B5A1CD34B5F99D1154FB6853345C9735')

// segmentio/ksuid: the README's example, and the least and the greatest value (ksuid.Nil, ksuid.Max).
it.each([
  [107608047, 'B5A1CD34B5F99D1154FB6853345C9735', '0ujtsYcgvSTl8PAuAdqWYSMnLOv'],
  [0, '00'.repeat(16), '0'.repeat(27)],
  [0xffffffff, 'ff'.repeat(16), 'aWgEPTl1tmebfsQzFP4bxwgy80V'],
])('a KSUID of %i s and %s', (seconds, payload, text) => {
  expect(ksuid(EPOCH + seconds, hexBytes(payload))).toBe(text)
})

it.each([
  ['', 1, '0'],
  ['00', 1, '0'],
  ['09', 1, '9'],
  ['0a', 1, 'A'],
  ['23', 1, 'Z'],
  ['24', 1, 'a'],
  ['3d', 1, 'z'],
  ['3e', 2, '10'],
  ['ff', 2, '47'],
  ['ff', 4, '0047'],
])('base 62 of %j in %i characters is %j', (bytes, length, text) => {
  expect(encodeBase62(hexBytes(bytes), length)).toBe(text)
})

it('base 62 never cuts off', () => {
  expect(() => encodeBase62(hexBytes('3e'), 1)).toThrow('does not fit')
})

it('sorts as time does', () => {
  const times = [1_400_000_000, 1_400_000_001, 1_400_000_062, 1_500_000_000, 1_800_000_000, 5_694_967_295]
  const ids = times.flatMap((time) => [ksuid(time, new Uint8Array(16)), ksuid(time, new Uint8Array(16).fill(255))])
  expect([...ids].sort()).toEqual(ids)
  expect(ids.every((id) => id.length === KSUID_LENGTH)).toBe(true)
})

it.each([15, 17, 0])('refuses %i random bytes', (length) => {
  expect(() => ksuid(EPOCH, new Uint8Array(length))).toThrow('16 random bytes')
})

it('an id is a prefix and a KSUID', () => {
  expect(newId('user', EPOCH + 107608047, PAYLOAD)).toBe('user_0ujtsYcgvSTl8PAuAdqWYSMnLOv')
  for (const prefix of ID_PREFIXES) expect(isId(prefix, newId(prefix, EPOCH, PAYLOAD))).toBe(true)
})

it.each([
  'user_',
  'user_0ujtsYcgvSTl8PAuAdqWYSMnLO',
  'user_0ujtsYcgvSTl8PAuAdqWYSMnLOvv',
  'user_0ujtsYcgvSTl8PAuAdqWYSMnLO-',
  'user_0ujtsYcgvSTl8PAuAdqWYSMnLOv\n',
  'user-0ujtsYcgvSTl8PAuAdqWYSMnLOv',
  'User_0ujtsYcgvSTl8PAuAdqWYSMnLOv',
  'sess_0ujtsYcgvSTl8PAuAdqWYSMnLOv',
  '0ujtsYcgvSTl8PAuAdqWYSMnLOv',
  '',
])('%j is no user id', (text) => {
  expect(isId('user', text)).toBe(false)
})
