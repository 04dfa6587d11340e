/** How a value gets into a subject, a line of text and HTML. Values were cleaned before (`lib/clean-value.ts`); this is the last stand. */

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Mustache's own also turns `/` and `=` into references, which link checkers and click tracking trip over. */
export function escapeHtml(value: unknown): string {
  return oneLine(value).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** No line of a text can be forged, no direction overridden. Isolates of ours stay. */
export function oneLine(value: unknown): string {
  return String(value).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e]/gu, '')
}

const maxHeader = 300

/** `=?` would be an encoded word (RFC 2047) where a provider joins the header itself. */
export function headerLine(value: string): string {
  const whole = oneLine(value.replace(/[\t-\r\u0085\u2028\u2029]+/g, ' ')).trim()
  const line = whole
    .slice(0, maxHeader)
    .toWellFormed()
    .replace(/\ufffd$/, '')
  return (isolatesMatch(line) ? line : line.replace(/[\u2066-\u2069]/g, '')).replaceAll('=?', '= ?')
}

/** An isolate left open would take in what a mail program writes behind the subject. */
function isolatesMatch(line: string): boolean {
  let depth = 0
  for (const [control] of line.matchAll(/[\u2066-\u2069]/g)) {
    depth += control === '\u2069' ? -1 : 1
    if (depth < 0) return false
  }
  return depth === 0
}
