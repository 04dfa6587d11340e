/** A language as data for its asset. Each text is tried with every kind of value, and what it says is kept. */

import { type Phrase, type Value, wayOf } from './expand.ts'
import type { Messages } from './messages.ts'

export type Compiled = Phrase | { [key: string]: Compiled }

export const compile = (messages: Messages): Compiled => compileNode(messages)

type Say = (...values: Value[]) => string

function compileNode(node: unknown): Compiled {
  if (typeof node === 'string') return node
  if (typeof node === 'function') return phraseOf(node as Say)
  return Object.fromEntries(Object.entries(node ?? {}).map(([key, value]) => [key, compileNode(value)]))
}

const placeOf = (index: number): string => `{${index}}`

/** One value of each way. No challenge has more than 5 tries (design §5), so 10 is enough to count to. */
const samplesOf = (index: number): Value[] => [
  null,
  ...Array.from({ length: 11 }, (_, count) => count),
  ...['a', '1:'].map((start) => start + placeOf(index)),
]

function phraseOf(say: Say, given: Value[] = []): Phrase {
  const index = given.length
  if (index === say.length) return withPlaces(say(...given), given)
  const usual = phraseOf(say, [...given, placeOf(index)])
  const ways = samplesOf(index).flatMap((sample): [string, Phrase][] => {
    const phrase = phraseOf(say, [...given, sample])
    return isFilled(phrase, usual, index, sample) ? [] : [[wayOf(sample), phrase]]
  })
  return ways.length === 0 ? usual : { of: index, ways: Object.fromEntries(ways), else: usual }
}

const withPlaces = (text: string, given: Value[]): string =>
  given.reduce<string>((rest, value, index) => {
    return typeof value === 'string' ? rest.replaceAll(value, placeOf(index)) : rest
  }, text)

/** Whether this is just what the usual phrase says of the sample. */
function isFilled(phrase: Phrase, usual: Phrase, index: number, sample: Value): boolean {
  const filled = typeof sample === 'string' ? placeOf(index) : String(sample)
  return JSON.stringify(phrase) === JSON.stringify(usual).replaceAll(placeOf(index), filled)
}
