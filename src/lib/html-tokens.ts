/**
 * HTML of an operator's template, read as far as a template needs it. No parser for hostile HTML: what it gets wrong,
 * the operator sees in the preview. One pass, whatever is left open.
 */

export type HtmlToken = {
  /** `raw`: what stands in an element whose content is no HTML, such as `style`. */
  kind: 'text' | 'raw' | 'comment' | 'open' | 'close'
  /** Lower case; of `raw`, that of the element around it. */
  name: string
  from: number
  to: number
}

const rawElements = ['style', 'script', 'title', 'textarea']

export function* htmlTokens(html: string): Generator<HtmlToken> {
  const lower = html.toLowerCase()
  const tag = /<(\/?)([a-z][^\s/>]*)|<[!?]/g
  let at = 0
  while (at < html.length) {
    tag.lastIndex = at
    const match = tag.exec(lower)
    if (match === null) break
    const from = match.index
    if (from > at) yield { kind: 'text', name: '', from: at, to: from }
    const name = match[2] ?? ''
    at = name === '' ? commentEnd(lower, from) : tagEnd(lower, from).at
    if (name === '') yield { kind: 'comment', name, from, to: at }
    else yield { kind: match[1] === '/' ? 'close' : 'open', name, from, to: at }
    if (match[1] === '' && rawElements.includes(name)) {
      const close = indexOr(lower, `</${name}`, at)
      if (close > at) yield { kind: 'raw', name, from: at, to: close }
      at = close
    }
  }
  if (at < html.length) yield { kind: 'text', name: '', from: at, to: html.length }
}

/** Where the tag that starts at `from` ends, or which quotes are open at `until`. */
export function tagEnd(html: string, from: number, until = html.length): { at: number; quote: string | null } {
  let quote: string | null = null
  let before = ''
  for (let at = from; at < until; at++) {
    const character = html.charAt(at)
    if (quote !== null) {
      if (character === quote) quote = null
    } else if (character === '>') {
      return { at: at + 1, quote }
    } else if ((character === '"' || character === "'") && before === '=') {
      quote = character
    }
    if (!/\s/.test(character)) before = character
  }
  return { at: until, quote }
}

function commentEnd(html: string, from: number): number {
  const end = html.startsWith('<!--', from) ? '-->' : '>'
  return Math.min(html.length, indexOr(html, end, from + 2) + end.length)
}

function indexOr(html: string, part: string, from: number): number {
  const at = html.indexOf(part, from)
  return at === -1 ? html.length : at
}
