/** Texts that a person can influence, made harmless for a mail's header, a plain-text part and a page (security M1). */

const maxLength = 200

/**
 * One line without control characters, line separators, bidi controls or characters that cannot be seen, of at most
 * `max` characters. Breaks become a space, so that no header, line or `@host #code` can be forged and words stay apart.
 * Bidi controls go because `moc.live` reads as `evil.com` behind an override; ZWJ and ZWNJ stay, scripts need them.
 */
export function cleanValue(value: string, max = maxLength): string {
  const line = value
    .slice(0, 8 * max)
    .toWellFormed()
    .replace(/[\t-\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\ufffd\u{e0000}-\u{e007f}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
  return Array.from(line).slice(0, max).join('').trimEnd()
}

/** The same for a text of several lines; of empty lines in a row, one stays. */
export function cleanText(value: string, max: number): string {
  const lines = value.slice(0, 8 * max).split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/)
  const text = lines
    .map((line) => cleanValue(line, max))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  return Array.from(text).slice(0, max).join('').trimEnd()
}

/**
 * The value cleaned, or null where nothing is left or it holds something that a mail program would make a link of
 * (phishing by a name field).
 */
export function personValue(value: string | null): string | null {
  const clean = cleanValue(value ?? '')
  return clean === '' || holdsUrl(clean) ? null : clean
}

/** NFKC first: `。` and full-width letters are a dot and letters to a resolver. */
function holdsUrl(value: string): boolean {
  return /:\/\/|www\.|(?:mailto|tel|javascript|data):|[\p{L}\p{N}-][.\u3002]\p{L}{2}/iu.test(value.normalize('NFKC'))
}
