/**
 * What a project's own mail may be made of: Mustache that can only name values. Its parser is Mustache's; whatever would put a
 * value into a mail raw, or make the parser slow, is refused before anything is stored (security M2).
 */

import Mustache from 'mustache'
import { utf8 } from '../../lib/bytes.ts'
import { htmlTokens, tagEnd } from '../../lib/html-tokens.ts'
import type { TemplateSource } from '../messages/message.ts'

/** What a template may name, besides the caller's own `template_variables`. A value that does not apply is empty. */
export const TEMPLATE_VARIABLES = {
  link: 'The link that signs in.',
  MAGICLINK: 'The same.',
  code: 'The code, in one piece.',
  otp: 'The same.',
  code_host: 'The host for the last line of a text, "@{{code_host}} #{{code}}". It is added where it is missing.',
  application_name: 'The name of the application.',
  sender_name: 'The name of the sender.',
  support_email: 'The address for questions.',
  heading: 'Our heading for this mail.',
  button: 'Our label for the button.',
  expires_in: 'How long the link works, or the code if there is no link: "15 minutes".',
  expiry_time_relative: 'The same.',
  link_expires_in: 'How long the link works.',
  code_expires_in: 'How long the code works.',
  expiry_time: 'Until when it works: "14:05 UTC on 21 November". Empty if it is not known who asked.',
  expire_time: 'The same.',
  requested_at: 'When it was asked for.',
  requested_from: 'From which country.',
  requested_browser: 'In which browser.',
  happened_at: 'In address_changed and security_notice: when it happened.',
  locale: 'The language: "en", for the lang attribute.',
  dir: 'The direction of writing: "ltr" or "rtl", for the dir attribute.',
} as const satisfies Record<string, string>
export type TemplateVariable = keyof typeof TEMPLATE_VARIABLES

export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

const LIMITS = { subject: 200, html: 64 * 1024, text: 16 * 1024, tags: 500, depth: 8, tag: 200 } as const

/** One of these must stand in a mail that signs somebody in. They hold nothing that could end an attribute. */
const WAYS_IN = ['link', 'MAGICLINK', 'code', 'otp']
const NOTICES: readonly string[] = ['address_changed', 'security_notice']

/** Why this template cannot be taken, as a sentence for its author, or null. An empty subject stands for ours. */
export function checkTemplate(source: TemplateSource, name: string): string | null {
  const { subject, html, text } = source
  if (html.trim() === '') return 'html is empty.'
  return (
    problemIn('subject', subject) ??
    problemIn('html', html) ??
    (text === null ? null : problemIn('text', text)) ??
    contextProblem(html) ??
    (NOTICES.includes(name)
      ? null
      : (wayInProblem('html', html) ?? (text === null ? null : wayInProblem('text', text))))
  )
}

/** As Mustache's parser gives them. */
export type Token = [type: string, value: string, start: number, end: number, inner?: Token[]]

/** Mustache's own cache is never emptied, and templates are many. */
const parser = Object.assign(new Mustache.Writer(), { templateCache: undefined })
export const parsed = (source: string): Token[] => parser.parse(source)

type Part = 'subject' | 'html' | 'text'

function problemIn(part: Part, source: string): string | null {
  const [length, unit] = part === 'subject' ? [source.length, 'characters'] : [utf8(source).length, 'bytes']
  if (length > LIMITS[part]) return `${part} is longer than ${LIMITS[part]} ${unit}.`
  const problem = tagProblem(source) ?? sectionProblem(source)
  return problem === null ? null : `${part}, ${place(source, problem.at)}: ${problem.says}`
}

type Problem = { at: number; says: string }
type Tag = { at: number; end: number; kind: string; name: string }

/** Every tag as Mustache's parser will find it, up to the first that is left open. */
function* tagsOf(source: string): Generator<Tag> {
  for (let end = 0, at = source.indexOf('{{'); at !== -1; at = source.indexOf('{{', end)) {
    const [, kind = ''] = /^\s*([#^/>{&=!]?)/.exec(source.slice(at + 2, at + LIMITS.tag)) ?? []
    const close = source.indexOf('}}', at + 2)
    end = close === -1 ? source.length : close + 2
    const content = source.slice(at + 2, Math.min(end - 2, at + LIMITS.tag)).trim()
    yield { at, end: close === -1 ? Number.POSITIVE_INFINITY : end, kind, name: content.slice(kind.length).trim() }
  }
}

/** Also keeps from the parser what it would take long for: long tags, and many. */
function tagProblem(source: string): Problem | null {
  let depth = 0
  let count = 0
  for (const { at, end, kind, name } of tagsOf(source)) {
    const refuse = (says: string): Problem => ({ at, says })
    if (end === Number.POSITIVE_INFINITY) return refuse('a tag opens with {{ and does not close.')
    if (++count > LIMITS.tags) return refuse(`there are more than ${LIMITS.tags} tags.`)
    if (end - at > LIMITS.tag) return refuse(`a tag is longer than ${LIMITS.tag} characters.`)
    if (kind === '{' || kind === '&') return refuse('values are always escaped: write {{name}}, without { or &.')
    if (kind === '>') return refuse('partials ({{>name}}) are not possible: there is nothing to include.')
    if (kind === '=') return refuse('the delimiters {{ and }} cannot be changed.')
    if (kind === '!') continue
    if (!VARIABLE_NAME.test(name)) {
      return refuse('a name consists of up to 40 letters, digits and _, and does not start with a digit.')
    }
    if (kind === '#' || kind === '^') depth++
    if (kind === '/') depth--
    if (depth > LIMITS.depth) return refuse(`sections are nested deeper than ${LIMITS.depth}.`)
  }
  return null
}

function sectionProblem(source: string): Problem | null {
  try {
    parsed(source)
    return null
  } catch (error) {
    const [, says = 'Mustache cannot read it', at = '0'] =
      /^(.*) at (\d+)$/s.exec(error instanceof Error ? error.message : '') ?? []
    return { at: Number(at), says: `${says.charAt(0).toLowerCase()}${says.slice(1)}.` }
  }
}

/** Escaping is for text and for values in quotes; elsewhere a space or a bracket of a value would be enough. */
function contextProblem(html: string): string | null {
  const plain = html.replace(/\{\{.*?\}\}/gs, '').toLowerCase()
  if (plain.includes('<script')) return 'html: mail programs run no scripts, and mails with <script> are not delivered.'
  const names = [...tagsOf(html)].filter(({ kind }) => kind === '')
  const made = names.find(({ at }) => /<\/?$/.test(html.slice(Math.max(0, at - 500), at).replace(/\{\{[^}]*\}\}/g, '')))
  if (made) return `html, ${place(html, made.at)}: write the name of the element, not a value, after <.`
  for (const token of htmlTokens(html)) {
    while (names[0] !== undefined && names[0].at < token.to) {
      const { at, name } = names.shift() as Tag
      if (token.kind === 'raw' && token.name !== 'title') {
        return `html, ${place(html, at)}: no value can stand in <${token.name}>. Put it into a style attribute.`
      }
      const isTag = token.kind === 'open' || token.kind === 'close'
      if (isTag && !WAYS_IN.includes(name) && tagEnd(html, token.from, at).quote === null) {
        return `html, ${place(html, at)}: write quotes around the attribute that {{${name}}} stands in.`
      }
    }
  }
  return null
}

function wayInProblem(part: Part, source: string): string | null {
  const found = [...tagsOf(source)].some(({ kind, name }) => kind === '' && WAYS_IN.includes(name))
  return found ? null : `${part} has neither {{link}} nor {{code}}: nobody could sign in with it.`
}

function place(source: string, at: number): string {
  const before = source.slice(0, at).split('\n')
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
}
