import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, frame, hex, hexBytes, readUint32, uint32, utf8, xor } from '../../src/lib/bytes.ts'
import { equalInConstantTime } from '../../src/lib/constant-time.ts'
import { crc32 } from '../../src/lib/crc32.ts'

describe('frame', () => {
  it.each([
    [[], ''],
    [[''], '00000000'],
    [['', ''], '0000000000000000'],
    [['ab', 'c'], '000000026162' + '0000000163'],
    [['a', 'bc'], '0000000161' + '000000026263'],
    // The length is in bytes.
    [['é'], '00000002c3a9'],
    [['😀'], '00000004f09f9880'],
  ])('%j', (texts, bytes) => {
    expect(hex(frame(...texts))).toBe(bytes)
  })

  it('is another for every other list', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { maxLength: 4 })
    fc.assert(
      fc.property(
        texts,
        texts,
        (a, b) => (hex(frame(...a)) === hex(frame(...b))) === (JSON.stringify(a) === JSON.stringify(b)),
      ),
    )
  })
})

describe('bytes', () => {
  it('concat, utf8 and hex', () => {
    expect(hex(concat())).toBe('')
    expect(hex(concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 255)))).toBe('0102ff')
    expect(hex(hexBytes('00ff7fAB'))).toBe('00ff7fab')
    expect(hex(utf8('aé€😀'))).toBe('61c3a9e282acf09f9880')
  })

  it.each([
    [0, '00000000'],
    [1, '00000001'],
    [0x12345678, '12345678'],
    [0xffffffff, 'ffffffff'],
  ])('uint32 of %i is big-endian', (value, bytes) => {
    expect(hex(uint32(value))).toBe(bytes)
    expect(readUint32(concat(Uint8Array.of(9, 9, 9), uint32(value)), 3)).toBe(value)
    // A view into a larger buffer, as `subarray` gives it.
    expect(readUint32(concat(Uint8Array.of(9, 9, 9), uint32(value)).subarray(2), 1)).toBe(value)
  })

  it('xor undoes itself, and refuses two lengths', () => {
    expect(hex(xor(hexBytes('00ff55'), hexBytes('0f0faa')))).toBe('0ff0ff')
    expect(() => xor(new Uint8Array(2), new Uint8Array(3))).toThrow('lengths differ')
  })
})

// The check value of CRC-32/ISO-HDLC (Koopman, Williams), and zlib's of the others.
it.each([
  ['123456789', 'cbf43926'],
  ['', '00000000'],
  ['a', 'e8b7be43'],
  ['The quick brown fox jumps over the lazy dog', '414fa339'],
])('CRC-32 of %j', (text, crc) => {
  expect(hex(uint32(crc32(utf8(text))))).toBe(crc)
})

describe('equalInConstantTime', () => {
  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', '', false],
    ['', 'a', false],
    ['ab', 'abc', false],
    ['abc', 'abd', false],
    ['bbc', 'abc', false],
    ['A', 'a', false],
    // Differences that cancel each other out in a sum, and ones above the low byte.
    ['ab', 'ba', false],
    ['\u0161', 'a', false],
    ['\ud83d\ude00', '\ud83d\ude01', false],
  ])('%j and %j: %j', (a, b, equal) => {
    expect(equalInConstantTime(a, b)).toBe(equal)
  })

  it('looks at every character, wherever the first difference is', () => {
    const watched = (text: string) => {
      const looked: number[] = []
      const charCodeAt = (at: number) => looked.push(at) && text.charCodeAt(at)
      return { looked, text: { length: text.length, charCodeAt } as unknown as string }
    }
    for (const other of ['aaaaaaaa', 'baaaaaaa', 'aaaabaaa', 'aaaaaaab', 'bbbbbbbb']) {
      const { looked, text } = watched('aaaaaaaa')
      equalInConstantTime(text, other)
      expect(looked).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    }
  })
})
