import { cleanValue } from '../lib/clean-value.ts'
import { type HtmlToken, htmlTokens } from '../lib/html-tokens.ts'

const maxLength = 16 * 1024

const lineElements = new Set('address dd div dt figcaption footer form header main nav section tr'.split(' '))
const blockElements = new Set(
  'article aside blockquote center dl figure h1 h2 h3 h4 h5 h6 hr ol p pre table ul'.split(' '),
)
const hidden = new Set('head noscript template'.split(' '))
const empty = new Set('area base br col embed hr img input link meta source wbr'.split(' '))

/** A plain-text part out of a template's HTML: text, one line a block, and each link alone on a line. */
export function textOfHtml(html: string): string {
  let out = ''
  let skipped: { name: string; depth: number } | null = null
  let link: { href: string; from: number } | null = null
  for (const token of htmlTokens(html)) {
    const { kind, name } = token
    const source = html.slice(token.from, token.to)
    if (skipped !== null && !(skipped.name === 'head' && name === 'body')) {
      if (name === skipped.name) skipped.depth += kind === 'open' ? 1 : kind === 'close' ? -1 : 0
      if (skipped.depth === 0) skipped = null
      continue
    }
    skipped = null
    if (kind === 'text') out += decoded(source.replace(/\s+/g, ' '))
    else if (kind === 'open' && isHidden(token, source)) skipped = { name, depth: 1 }
    else if (kind === 'open' && name === 'a') link = { href: attribute(source, 'href'), from: out.length }
    else if (kind === 'close' && name === 'a' && link !== null) {
      out = withLink(out, link)
      link = null
    } else if (kind === 'open' && name === 'img') out += attribute(source, 'alt')
    else if (name === 'td' || name === 'th') out += ' '
    else if (name === 'li') out += kind === 'open' ? '\n- ' : ''
    else if (name === 'br') out += '\n'
    else if (lineElements.has(name) && !/\n *$/.test(out.slice(-3))) out += '\n'
    else if (blockElements.has(name)) out += '\n\n'
  }
  return tidy(out)
}

function isHidden({ name }: HtmlToken, source: string): boolean {
  return hidden.has(name) || (!empty.has(name) && /display\s*:\s*none/i.test(attribute(source, 'style')))
}

function withLink(out: string, { href, from }: { href: string; from: number }): string {
  if (!/^https?:/i.test(href)) return out
  const label = out.slice(from).trim()
  return `${out.slice(0, from)}${label === href ? '' : label}\n${href}\n`
}

function tidy(text: string): string {
  const lines = text.split('\n').map((line) => cleanValue(line, maxLength))
  return lines
    .join('\n')
    .replace(/^-\n+/gm, '- ')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
    .slice(0, maxLength)
    .toWellFormed()
}

function attribute(source: string, name: string): string {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(source)
  return decoded(found?.[1] ?? found?.[2] ?? found?.[3] ?? '').trim()
}

const named: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  middot: '·',
  rarr: '→',
  larr: '←',
  euro: '€',
  times: '×',
  zwnj: '\u200c',
  zwj: '\u200d',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  ntilde: 'ñ',
}

/** The references that mails are written with; others stay as they are. */
function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,8}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] ?? whole) : whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
  })
}
