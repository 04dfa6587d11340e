/** Which of our languages a person gets: lookup (RFC 4647 §3.4) over what was wished, in order. */

import { LOCALES, type Locale } from './index.ts'

/** What comes from outside is read no further than this. */
const MAX_TAGS = 20
const MAX_SUBTAGS = 8

/** By its language alone, too: `pt` and `pt-PT` find `pt-BR`, the only Portuguese that we have. */
const byTag = new Map<string, Locale>([
  ...LOCALES.map((locale) => [locale.split('-')[0] ?? locale, locale] as const),
  ...LOCALES.map((locale) => [locale.toLowerCase(), locale] as const),
])

/**
 * Null where none of the wished languages is ours. A wish is one tag, or tags in order with spaces between them
 * (`ui_locales`, OpenID Connect Core §3.1.2.1).
 */
export function chooseLocaleOf(wishes: readonly (string | null | undefined)[]): Locale | null {
  for (const wish of wishes) {
    for (const tag of wish?.split(' ', MAX_TAGS) ?? []) {
      const locale = lookUp(tag)
      if (locale) return locale
    }
  }
  return null
}

/** Cut from the right until it is one of ours. `_` stands for `-` in the names of many systems (`de_DE`). */
function lookUp(tag: string): Locale | null {
  const subtags = tag.toLowerCase().split(/[-_]/, MAX_SUBTAGS)
  for (let length = subtags.length; length > 0; length--) {
    const locale = byTag.get(subtags.slice(0, length).join('-'))
    if (locale) return locale
  }
  return null
}

const weighted = /^([a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/**
 * The tags of an Accept-Language header, best first (RFC 9110 §12.5.4). Left out: what cannot be read, what is refused
 * (`q=0`), and `*`, which wishes for nothing. A refusal takes no language off the later wishes: a page in the project's
 * language is better than none.
 */
export function fromAcceptLanguage(header: string): string[] {
  return header
    .split(',', MAX_TAGS)
    .flatMap((part) => {
      const [, tag, weight = '1'] = weighted.exec(part.trim()) ?? []
      return tag === undefined || Number(weight) === 0 ? [] : [{ tag, weight: Number(weight) }]
    })
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
