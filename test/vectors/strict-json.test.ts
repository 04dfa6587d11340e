import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/lib/bytes.ts'
import { readJsonText } from '../../src/lib/strict-json.ts'

const whyOf = (bytes: Uint8Array) => {
  const read = readJsonText(bytes)
  return read.ok ? null : read.error
}
const why = (text: string) => whyOf(utf8(text))
const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join()}}`
const nested = (depth: number, open: string, close: string, inside: string) =>
  open.repeat(depth) + inside + close.repeat(depth)

describe('takes', () => {
  it.each([
    ['an object', '{"a":1,"b":[true,false,null,-1.5e3,"x"]}'],
    ['an empty object', '{}'],
    ['an array', '[]'],
    ['a bare value', '"x"'],
    ['space everywhere', ' \t\r\n{ "a" \t\r\n : 1 }\n'],
    ['16 levels of arrays', nested(16, '[', ']', '')],
    ['16 levels of objects', nested(15, '{"a":', '}', '{}')],
    ['many siblings', `[${'{},'.repeat(5000)}{}]`],
    ['256 keys', keys(256)],
    ['256 keys in all', `[${keys(128)},${keys(128)}]`],
    ['one key in two objects', '[{"a":1},{"a":2},{"a":{"a":3}}]'],
    ['a key again after an inner object had it', '{"a":{"b":1},"b":2}'],
    ['braces inside a string', '{"a":"}}}]]]{{{[[[","b":"[[[[[[[[[[[[[[[[[[[["}'],
    ['braces inside a key', '{"{[{[{[{[{[{[{[{[{[{[{[{[":1}'],
    ['a text that looks like keys', '{"a":"\\"b\\":1,\\"b\\":2"}'],
    ['escaped quotes', '{"a\\"b":1,"a\\\\":"\\\\","a\\\\\\"":"\\"}{"}'],
    ['a value that names a prototype', '{"a":"__proto__","b":["constructor","prototype"]}'],
    ['a key that is nearly forbidden', '{"__proto":1,"proto__":2,"Constructor":3,"__PROTO__":4}'],
    ['characters beyond the plane', '{"😀":"\\ud83d\\ude00"}'],
    ['keys that differ in normalisation alone', '{"é":1,"e\u0301":2}'],
    ['a long string', JSON.stringify({ a: 'x'.repeat(256 * 1024) })],
    ['a long string of escapes', JSON.stringify({ a: '"\\'.repeat(64 * 1024) })],
  ])('%s', (_what, text) => {
    expect(JSON.parse(text)).toBeDefined()
    expect(why(text)).toBeNull()
  })
})

describe('refuses', () => {
  it.each([
    ['a key twice', '{"a":1,"a":2}', 'the body names "a" twice'],
    ['a key twice with others between', '{"a":1,"b":{"c":[1]},"a":2}', 'the body names "a" twice'],
    ['a key twice further in', '[{"b":{"a":1,"a":1}}]', 'the body names "a" twice'],
    ['a key in two spellings', '{"a":1,"\\u0061":2}', 'the body names "a" twice'],
    ['a key in two spellings of the escape', '{"\\u00e9":1,"\\u00E9":2}', 'the body names "é" twice'],
    ['a key with quotes twice', '{"a\\"":1,"a\\"":2}', 'the body names "a\\"" twice'],
    ['the empty key twice', '{"":1,"":2}', 'the body names "" twice'],
    ['a key twice with space before the colon', '{"a" \n:1,"a"\t :2}', 'the body names "a" twice'],
    [
      'a long key twice, in a short sentence',
      `{"${'x'.repeat(5000)}":1,"${'x'.repeat(5000)}":2}`,
      `the body names "${'x'.repeat(50)}" twice`,
    ],
    ['17 levels of arrays', nested(17, '[', ']', ''), 'nested deeper than 16 levels'],
    ['17 levels of objects', nested(16, '{"a":', '}', '{}'), 'nested deeper than 16 levels'],
    ['17 levels mixed', nested(8, '[{"a":', '}]', '[]'), 'nested deeper than 16 levels'],
    ['100,000 levels', nested(100_000, '[', ']', ''), 'nested deeper than 16 levels'],
    ['257 keys', keys(257), 'more than 256 keys'],
    ['257 keys in all', `[${keys(128)},${keys(129)}]`, 'more than 256 keys'],
    ['__proto__', '{"__proto__":{"admin":true}}', 'must not name __proto__'],
    ['__proto__ escaped', '{"\\u005f_proto__":1}', 'must not name __proto__'],
    ['__proto__ escaped throughout', '{"\\u005f\\u005F\\u0070roto\\u005f_":1}', 'must not name __proto__'],
    ['constructor', '{"a":[{"constructor":{"prototype":1}}]}', 'must not name constructor'],
    ['prototype', '{"prototype":1}', 'must not name prototype'],
    ['nothing', '', 'not valid JSON'],
    ['two values', '{}{}', 'not valid JSON'],
    ['a trailing comma', '{"a":1,}', 'not valid JSON'],
    ['a comment', '{"a":1}//', 'not valid JSON'],
    ['NaN', '{"a":NaN}', 'not valid JSON'],
    ['single quotes', "{'a':1}", 'not valid JSON'],
    ['a control character in a string', '{"a":"\u0001"}', 'not valid JSON'],
    ['NUL behind', '{}\0', 'not valid JSON'],
    ['a byte order mark', '\ufeff{}', 'not valid JSON'],
    ['an unclosed string', '{"a":"', 'not valid JSON'],
  ])('%s', (_what, text, sentence) => {
    expect(why(text)).toContain(sentence)
    expect(why(text)?.length).toBeLessThan(120)
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a sequence cut short', [0xe2, 0x82]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['a surrogate pair in UTF-8 (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['Latin-1', [0xe9]],
    ['0xff', [0xff]],
  ])('%s', (_what, bytes) => {
    expect(whyOf(concat(utf8('{"a":"'), Uint8Array.from(bytes), utf8('"}')))).toBe('the body is not valid UTF-8')
  })

  it.each([
    ['UTF-16 LE', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
    ['UTF-16 BE', [0xfe, 0xff, 0, 0x7b, 0, 0x7d]],
  ])('%s with its mark', (_what, bytes) => {
    expect(whyOf(Uint8Array.from(bytes))).toBe('the body is not valid UTF-8')
  })
})

// RFC 8259 §8.2: a lone surrogate that is escaped is valid JSON. It passes here; a schema judges texts.
it.each(['{"a":"\\ud800"}', '{"\\udfff":1}', '{"\\ud800":1,"\\ud801":2}'])('lets %s pass', (text) => {
  expect(why(text)).toBeNull()
})
it('sees a lone surrogate twice', () => {
  expect(why('{"\\ud800":1,"\\uD800":2}')).toContain('twice')
})

it('agrees with a walk over the parsed value', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 20, depthSize: 'medium' },
      fc.constantFrom('{', '"', '\\', '}:', 1, null),
      tie('list'),
      tie('dict'),
    ),
    list: fc.array(tie('any'), { maxLength: 4 }),
    dict: fc.dictionary(fc.constantFrom('a', '"', '\\', '{', '}', '[":', 'ab\\"', '\u2028'), tie('any'), {
      maxKeys: 4,
    }),
  })).any
  const depth = (v: unknown): number =>
    v !== null && typeof v === 'object' ? 1 + Math.max(0, ...Object.values(v).map(depth)) : 0
  const count = (v: unknown): number =>
    v !== null && typeof v === 'object'
      ? (Array.isArray(v) ? 0 : Object.keys(v).length) + Object.values(v).reduce((n: number, x) => n + count(x), 0)
      : 0
  fc.assert(
    fc.property(value, fc.constantFrom(0, 1, 7), (v, space) => {
      const good = depth(v) <= 16 && count(v) <= 256
      return (why(JSON.stringify(v, null, space)) === null) === good
    }),
  )
})
