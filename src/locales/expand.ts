/** A language out of its asset: data in, functions out. `compile.ts` makes the data. */

import type { Messages } from './messages.ts'

/** A text with `{0}`, `{1}` where its values go, or a choice by one value (`of`: which) between several. */
export type Phrase = string | { of: number; ways: Record<string, Phrase>; else: Phrase }
export type Value = string | number | null

/** What a text may ask of a word. Another question needs a line here, and one in the samples of `compile.ts`. */
const ASKED = { a: /^a/i, '1:': /^0?1:/ }

/** All that a text may depend on, besides putting its values in their places. */
export function wayOf(value: Value): string {
  if (typeof value !== 'string') return String(value)
  return Object.entries(ASKED).find(([, pattern]) => pattern.test(value))?.[0] ?? ''
}

/**
 * The texts of an asset, which must have every one that `like` has.
 *
 * @throws if it lacks one: it is broken, or was made for another version
 */
export const expand = (data: unknown, like: Messages): Messages => grow(data, like, '') as Messages

function grow(data: unknown, like: unknown, path: string): unknown {
  if (typeof like === 'string' && typeof data === 'string') return data
  if (typeof like === 'function' && isPhrase(data)) return (...values: Value[]) => say(data, values)
  if (typeof like === 'object' && isObject(data)) {
    return Object.fromEntries(
      Object.entries(like ?? {}).map(([key, value]) => [key, grow(data[key], value, `${path}.${key}`)]),
    )
  }
  throw new Error(`a language does not fit the Worker at ${path}`)
}

function say(phrase: Phrase, values: Value[]): string {
  if (typeof phrase !== 'string') return say(phrase.ways[wayOf(values[phrase.of] ?? null)] ?? phrase.else, values)
  return phrase.replace(/\{(\d)\}/g, (_, index) => String(values[index]))
}

const isObject = (data: unknown): data is Record<string, unknown> => typeof data === 'object' && data !== null

const isPhrase = (data: unknown): data is Phrase =>
  typeof data === 'string' ||
  (isObject(data) &&
    typeof data.of === 'number' &&
    isPhrase(data.else) &&
    isObject(data.ways) &&
    Object.values(data.ways).every(isPhrase))
