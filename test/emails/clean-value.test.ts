import fc from 'fast-check'
import { expect, it } from 'vitest'

import { cleanValue, personValue } from '../../src/lib/clean-value.ts'

it.each([
  ['Acme\r\nBcc: eve@example.com', 'Acme Bcc: eve@example.com'],
  ['a\u0000b\u0007c\u009b', 'abc'],
  ['a\u2028b\u2029c\u0085d\te', 'a b c d e'],
  ['\u202emoc.live\u202c', 'moc.live'],
  ['\u2066\u2067\u2068x\u2069\u200e\u200f\u061c', 'x'],
  ['a\u200bb\u00adc\ufeffd', 'abcd'],
  ['\u{e0041}\u{e0042}', ''],
  ['\ud800x', 'x'],
  ['می\u200cخواهم', 'می\u200cخواهم'],
  ['👩\u200d🚀', '👩\u200d🚀'],
  ['x'.repeat(300), 'x'.repeat(200)],
  ['🚀'.repeat(300), '🚀'.repeat(200)],
])('cleans %j', (value, clean) => {
  expect(cleanValue(value)).toBe(clean)
})

it('changes nothing the second time', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 })
  fc.assert(fc.property(text, (value) => cleanValue(cleanValue(value)) === cleanValue(value)))
})

it.each([
  'see https://evil.example',
  'evil.com',
  'EVIL.COM/path',
  'www.evil',
  'ｅｖｉｌ．ｃｏｍ',
  'evil。com',
  'ev\u200bil.c\u200bom',
  'mailto:eve',
  'javascript:alert(1)',
  '',
  ' \r\n ',
])('drops %j', (value) => {
  expect(personValue(value)).toBeNull()
})

it.each(['Firefox 132 on Windows', 'Safari 17.4 on iOS', 'Germany', "Côte d'Ivoire", 'St. Gallen'])(
  'keeps %j',
  (value) => {
    expect(personValue(value)).toBe(value)
  },
)

it('keeps none as none', () => {
  expect(personValue(null)).toBeNull()
})
