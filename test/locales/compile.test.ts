import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { messagesFor } from '../../src/locales/all.ts'
import { compile } from '../../src/locales/compile.ts'
import { en } from '../../src/locales/en.ts'
import { expand, type Value } from '../../src/locales/expand.ts'
import { LOCALES } from '../../src/locales/index.ts'
import type { Messages } from '../../src/locales/messages.ts'

type Leaf = { path: string; value: unknown }

/** Sorted, since an asset has the order of English. */
function leaves(node: unknown, path = ''): Leaf[] {
  if (typeof node !== 'object') return [{ path, value: node }]
  const entries = Object.entries(node ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.flatMap(([key, value]) => leaves(value, `${path}.${key}`))
}

/** As it reaches a Worker. */
const stored = (messages: Messages): unknown => JSON.parse(JSON.stringify(compile(messages)))

const pieces = [
  '{0}',
  '{1}',
  '{9}',
  '{',
  '$&',
  '$1',
  'a',
  'A',
  '1:',
  '01:',
  '1 ',
  'null',
  '\ue000',
  '\u2068',
  '\\',
  '"',
]
const word = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(...pieces, 'x', ' '), { maxLength: 6 }).map((all) => all.join('')),
  fc.constantFrom('Acme', 'acme', 'Über', '13:05 UTC', '1:05 UTC', '01:05 UTC', '11:05', '1 novembre', '482 913'),
)
const words = fc.oneof(word, fc.constant(null))
const triesLeft = fc.integer({ min: 0, max: 10 })

describe.each(LOCALES)('%s as an asset', (locale) => {
  const source = messagesFor(locale)
  const texts = leaves(source)
  const expanded = leaves(expand(stored(source), en))

  it('has every text', () => {
    expect(expanded.map(({ path }) => path)).toEqual(texts.map(({ path }) => path))
    expect(texts.length).toBeGreaterThan(150)
  })

  it('says what the source says, whatever it is given', () => {
    const pairs = texts.map(({ path, value }, index) => ({ path, source: value, compiled: expanded[index]?.value }))
    const said = (text: unknown, values: Value[]) => (typeof text === 'function' ? text(...values) : text)
    const asWritten = fc.property(words, words, words, triesLeft, (first, second, third, count) => {
      const wrong = pairs.flatMap(({ path, source, compiled }) => {
        const values = path === '.signIn.waiting.wrong' ? [count] : [first, second, third]
        const [expected, got] = [said(source, values), said(compiled, values)]
        return expected === got ? [] : [{ path, expected, got }]
      })
      expect(wrong).toEqual([])
    })
    fc.assert(asWritten, { numRuns: 1000 })
  })
})

describe('an asset that does not fit', () => {
  const german = () => stored(messagesFor('de')) as Record<string, any>

  it.each<[string, (asset: Record<string, any>) => unknown]>([
    ['is nothing', () => null],
    ['is a list', () => []],
    ['lacks a text', (asset) => ({ ...asset, help: undefined })],
    ['lacks a group', (asset) => ({ ...asset, mail: {} })],
    ['has a choice for a plain text', (asset) => ({ ...asset, lang: asset.page.confirm.heading })],
    ['has half a choice', (asset) => ({ ...asset, help: { of: 0, ways: {} } })],
    ['has a choice with a broken way', (asset) => ({ ...asset, help: { of: 0, ways: { null: 1 }, else: '' } })],
  ])('%s: is refused whole', (_, change) => {
    expect(expand(german(), en).lang).toBe('de')
    expect(() => expand(change(german()), en)).toThrow('does not fit')
  })
})
