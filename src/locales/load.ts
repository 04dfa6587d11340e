/** The words for a person: English is in the bundle, any other language is a static asset that is read when first needed. */

import { Unavailable, within } from '../lib/deadline.ts'
import { en } from './en.ts'
import { expand } from './expand.ts'
import { assetOf, type Locale } from './index.ts'
import type { Messages } from './messages.ts'

const PATIENCE_MS = 2000

/**
 * The texts of a language; English where it cannot be read, since words that work are better than none. One for each
 * isolate, which remembers what it has read. Two requests that come at once both read: in workerd, one must not wait for
 * what belongs to another, which may be cancelled.
 *
 * @param report is told once for each language that cannot be read
 */
export function messageLoader(
  assets: Fetcher | null,
  report: (error: unknown) => void,
): (locale: Locale) => Promise<Messages> {
  const known = new Map<Locale, Messages>([['en', en]])
  const reported = new Set<Locale>()
  return async (locale) => {
    const remembered = known.get(locale)
    if (remembered) return remembered
    try {
      const messages = await within(PATIENCE_MS, assetOf(locale), read(assets, locale))
      known.set(locale, messages)
      return messages
    } catch (error) {
      if (!reported.has(locale)) report(error)
      reported.add(locale)
      return en
    }
  }
}

async function read(assets: Fetcher | null, locale: Locale): Promise<Messages> {
  if (!assets) throw new Unavailable('assets', 'there is no ASSETS binding, which languages need')
  const answer = await assets.fetch(`https://assets.local${assetOf(locale)}`)
  if (answer.ok) return expand(await answer.json(), en)
  await answer.body?.cancel()
  throw new Unavailable(assetOf(locale), `${answer.status}`)
}
