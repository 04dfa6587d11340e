import { describe, expect, it } from 'vitest'
import { CODE_ALPHABETS, type CodeAlphabet, drawCode, readCode } from '../../../src/domain/ledger/code.ts'

const random = async (count: number) => crypto.getRandomValues(new Uint8Array(count))
const ALPHABETS = Object.keys(CODE_ALPHABETS) as CodeAlphabet[]
const LENGTHS = [6, 7, 8, 9, 10]

describe('drawCode', () => {
  // Each sum passes its limit once in 10^9 where all letters are equally likely. `byte % 10` alone gives 366, % 22 some 1,700.
  it.each([
    ['digits', 9, 61],
    ['unambiguous', 21, 86],
  ] as const)(
    '%s: a million characters, equally often everywhere (chi-square, %i degrees)',
    async (alphabet, degrees, limit) => {
      const letters = CODE_ALPHABETS[alphabet]
      const length = 10
      const codes = 100_000
      const counts = Array.from({ length }, () => new Array<number>(letters.length).fill(0))
      for (let i = 0; i < codes; i++) {
        const code = await drawCode(alphabet, length, random)
        for (let at = 0; at < length; at++) {
          const column = counts[at] ?? []
          const letter = letters.indexOf(code.charAt(at))
          column[letter] = (column[letter] ?? 0) + 1
        }
      }
      const chiSquare = (column: number[], total: number) =>
        column.reduce((sum, count) => sum + (count - total / letters.length) ** 2 / (total / letters.length), 0)
      const together = [...letters].map((_, letter) => counts.reduce((sum, column) => sum + (column[letter] ?? 0), 0))
      expect(together.length - 1).toBe(degrees)
      expect(together.reduce((sum, count) => sum + count, 0)).toBe(codes * length)
      expect(chiSquare(together, codes * length)).toBeLessThan(limit)
      // Each place by itself: the first would lack zeros if a code were a number.
      for (const column of counts) expect(chiSquare(column, codes)).toBeLessThan(limit)
    },
  )

  it.each(ALPHABETS.flatMap((alphabet) => LENGTHS.map((length) => [alphabet, length] as const)))(
    '%s of %i',
    async (alphabet, length) => {
      for (let i = 0; i < 200; i++) {
        const code = await drawCode(alphabet, length, random)
        expect(code).toMatch(new RegExp(`^[${CODE_ALPHABETS[alphabet]}]{${length}}$`))
      }
    },
  )

  it('keeps leading zeros', async () => {
    expect(await drawCode('digits', 6, async (count) => new Uint8Array(count))).toBe('000000')
    expect(await drawCode('digits', 6, async (count) => Uint8Array.from({ length: count }, (_, i) => i))).toBe('012345')
  })

  it.each([
    ['digits', 250, '0'],
    ['unambiguous', 242, '3'],
  ] as const)('%s: draws %i and above again', async (alphabet, limit, first) => {
    for (let byte = 0; byte < 256; byte++) {
      const rounds: number[] = []
      const code = await drawCode(alphabet, 6, async (count, round) => {
        rounds.push(round)
        return new Uint8Array(count).fill(round === 0 ? byte : 0)
      })
      const letters = CODE_ALPHABETS[alphabet]
      expect(code).toBe((byte < limit ? letters.charAt(byte % letters.length) : first).repeat(6))
      expect(rounds).toEqual(byte < limit ? [0] : [0, 1])
    }
  })

  it('goes on where a round brought too few, each round under its own number', async () => {
    const rounds: [number, number][] = []
    const code = await drawCode('digits', 6, async (count, round) => {
      rounds.push([count, round])
      return Uint8Array.from({ length: count }, (_, i) => (i < 2 ? round : 255))
    })
    expect(code).toBe('001122')
    expect(rounds).toEqual([
      [12, 0],
      [12, 1],
      [12, 2],
    ])
  })

  it('has no letter that is taken for another', () => {
    expect(CODE_ALPHABETS.unambiguous).not.toMatch(/[01258AEIOULSZB]/)
    expect(new Set(CODE_ALPHABETS.unambiguous).size).toBe(22)
    // OWASP ASVS 6.5.3: 20 bits at least, for the shortest.
    expect(Math.log2(CODE_ALPHABETS.unambiguous.length) * 6).toBeGreaterThan(20)
  })
})

describe('readCode', () => {
  it.each([
    ['as it is', '482913'],
    ['a space', '482 913'],
    ['spaces around', '  482913 \n'],
    ['a space after each', '4 8 2 9 1 3'],
    ['a tab and a line break', '482\t9\r\n13'],
    ['a dash', '482-913'],
    ['a non-breaking space', '482\u00a0913'],
    ['a narrow non-breaking space', '482\u202f913'],
    ['a thin space', '482\u2009913'],
    ['an ideographic space', '482\u3000913'],
    ['a non-breaking hyphen', '482\u2011913'],
    ['an en dash', '482–913'],
    ['an em dash', '482—913'],
    ['full-width digits', '４８２９１３'],
    ['full-width digits and space', '４８２　９１３'],
    ['a byte order mark', '\ufeff482913'],
    ['mathematical digits', '𝟒𝟖𝟐𝟗𝟏𝟑'],
    ['a sentence', 'Your code is 482913.'],
    ['a sentence with the code in front', '482913 is your Acme code'],
    ['groups in a sentence', '482 913 is your Acme code'],
    ['groups at the end of a sentence', 'Your Acme code: 482-913'],
    ['groups with a non-breaking space in a sentence', 'Your code is 482\u00a0913.'],
    ['three groups in a sentence', 'Code 48 29 13 for Acme'],
    ['quotes', '"482913"'],
    ['a label', 'code:482913'],
    ['the format of domain-bound codes', 'Your code is 482913.\n\n@example.com #482913'],
    ['shorter numbers beside it', 'Valid for 10 minutes: 482913'],
    ['a longer number beside it', 'Order 1234567, code 482913'],
    ['the same code twice', '482913 (482913)'],
    ['a code among HTML', '<b>482913</b>'],
    ['NUL around', '\u0000482913\u0000'],
  ])('%s', (_what, typed) => {
    expect(readCode('digits', 6, typed)).toBe('482913')
  })

  it.each([
    ['nothing', ''],
    ['spaces', ' \u00a0\n'],
    ['too short', '48291'],
    ['too short with a space', '482 91'],
    ['too long', '4829130'],
    ['too long with a space', '482 9130'],
    ['a letter in it', '48291O'],
    ['two candidates', 'Either 482913 or 113344'],
    ['two candidates in groups', '482 913 or 113 344'],
    ['groups that overlap', 'Call 482 913 113'],
    ['a sign', '+482913x'],
    ['words alone', 'Your code is on its way.'],
    ['a decimal number', '482.913'],
    ['superscripts that fold to other digits', '4829¹'],
    ['a code behind 2,000 other characters', `${'.'.repeat(2000)}482913`],
  ])('%s: none', (_what, typed) => {
    expect(readCode('digits', 6, typed)).toBeNull()
  })

  it.each([
    ['as it is', 'FGTGHGWC'],
    ['lower case', 'fgtghgwc'],
    ['mixed case in groups', 'Fgtg-HGwc'],
    ['full-width letters', 'ｆｇｔｇｈｇｗｃ'],
    ['a sentence', 'Your code is FGTGHGWC.'],
    ['a sentence in lower case', 'your code: fgtghgwc'],
    ['groups in a sentence', 'Your code is fgtg hgwc'],
  ])('unambiguous: %s', (_what, typed) => {
    expect(readCode('unambiguous', 8, typed)).toBe('FGTGHGWC')
  })

  it.each(['FGTGHGW0', 'FGTGHGWO', 'FGTGHGW', 'FGTGHGWCC', 'FGTGHGWC 34679CDF'])('unambiguous: %s is none', (typed) => {
    expect(readCode('unambiguous', 8, typed)).toBeNull()
  })

  it.each(ALPHABETS.flatMap((alphabet) => LENGTHS.map((length) => [alphabet, length] as const)))(
    'reads what it drew: %s of %i',
    async (alphabet, length) => {
      for (let i = 0; i < 100; i++) {
        const code = await drawCode(alphabet, length, random)
        const half = Math.ceil(length / 2)
        expect(readCode(alphabet, length, code)).toBe(code)
        expect(readCode(alphabet, length, code.toLowerCase())).toBe(code)
        expect(readCode(alphabet, length, `${code.slice(0, half)} ${code.slice(half)}`)).toBe(code)
      }
    },
  )

  it.each([
    ['digits', '1'.repeat(100_000)],
    ['digits in groups', '1 '.repeat(50_000)],
    ['groups of three', '482 913 '.repeat(12_500)],
    ['letters', 'A'.repeat(100_000)],
    ['letters and dashes', 'A-'.repeat(50_000)],
    ['spaces', ' '.repeat(100_000)],
    ['letters that unfold to many', '\ufdfa'.repeat(100_000)],
    ['letters that unfold to three capitals', '㋏'.repeat(100_000)],
    ['sharp s', 'ß'.repeat(100_000)],
    ['combining marks', `e${'\u0301'.repeat(100_000)}`],
    ['lone surrogates', '\ud800'.repeat(100_000)],
  ])('100 KB of %s is read in no time', (_what, typed) => {
    const started = performance.now()
    for (const alphabet of ALPHABETS) readCode(alphabet, 10, typed)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
