import { describe, expect, it } from 'vitest'

import type {
  Brand,
  CustomContent,
  MailContent,
  SignInMail,
  TemplateSource,
} from '../../src/domain/messages/message.ts'
import { TEMPLATE_VARIABLES } from '../../src/domain/templates/check.ts'
import { renderMail, renderText } from '../support/render.ts'
import { injections } from './injection-corpus.ts'

const brand: Brand = {
  name: 'Acme',
  primary_color: '#0b6e4f',
  logo: null,
  sender_name: null,
  support_email: 'help@acme.example',
}
const link = 'https://auth.acme.example/auth/magic-link?a=1&code=sEcReT_0123456789'
const asked = { at: 1_795_271_100, timeZone: 'Europe/Berlin', browser: 'Firefox 132 on Windows', place: 'Germany' }
const mail: SignInMail = {
  kind: 'sign_in',
  locale: 'en',
  brand,
  link,
  code: '482913',
  codeHost: 'app.acme.example',
  isSignUp: false,
  linkTtl: 900,
  codeTtl: 600,
  asked,
}
const nothing: CustomContent = { email: null, variables: {}, template: null, inline: null, text: null }
const with_ = (custom: Partial<CustomContent>): MailContent => ({ ...mail, custom: { ...nothing, ...custom } })

/** Names everything in text, and everything in an attribute; `own` is the caller's. */
const names = [...Object.keys(TEMPLATE_VARIABLES), 'own']
const template: TemplateSource = {
  subject: `{{code}} {{application_name}} {{own}}`,
  html: names.map((name) => `<p title="{{${name}}}" lang='{{${name}}}'>{{${name}}}</p>`).join('\n'),
  text: names.map((name) => `- {{${name}}}`).join('\n'),
}
const templated = (content: MailContent): MailContent => ({ ...content, template })

type Place = [name: string, fill: (value: string) => MailContent]
const places: Place[] = [
  ['brand name', (name) => ({ ...mail, brand: { ...brand, name } })],
  ['brand name, link alone', (name) => ({ ...mail, code: null, isSignUp: true, brand: { ...brand, name } })],
  ['brand name beside a logo', (name) => ({ ...mail, brand: { ...brand, name, logo: 'https://acme.example/l.png' } })],
  ['sender_name', (sender_name) => ({ ...mail, brand: { ...brand, sender_name } })],
  ['support_email', (support_email) => ({ ...mail, brand: { ...brand, support_email } })],
  ['primary_color', (primary_color) => ({ ...mail, brand: { ...brand, primary_color } })],
  ['browser', (browser) => ({ ...mail, asked: { ...asked, browser } })],
  ['place', (place) => ({ ...mail, asked: { ...asked, place } })],
  ['time zone', (timeZone) => ({ ...mail, asked: { ...asked, timeZone } })],
  ...(['subject', 'headerText', 'linkText', 'senderName', 'primaryColor', 'base64logo'] as const).map(
    (field): Place => [`email_content.${field}`, (value) => with_({ email: { [field]: value } })],
  ),
  ...(['address_changed', 'sign_in_ended'] as const).flatMap((kind): Place[] => {
    const when = kind === 'address_changed' ? { kind, changedAt: 0 } : { kind, endedAt: 0 }
    const notice = { ...when, locale: 'en' as const, timeZone: null }
    return [
      [`brand name, ${kind}`, (name) => ({ ...notice, brand: { ...brand, name } })],
      [`support_email, ${kind}`, (support_email) => ({ ...notice, brand: { ...brand, support_email } })],
    ]
  }),
  ['template: brand name', (name) => templated({ ...mail, brand: { ...brand, name } })],
  ['template: support_email', (support_email) => templated({ ...mail, brand: { ...brand, support_email } })],
  ['template: browser', (browser) => templated({ ...mail, asked: { ...asked, browser } })],
  ['template: own variable', (own) => templated(with_({ variables: { own } }))],
  ['template: name of a variable', (name) => templated(with_({ variables: { [name]: 'x' } }))],
  ['template: subject of the caller', (subject) => templated(with_({ email: { subject } }))],
]
const longPlaces: Place[] = (['bodyText', 'infoText', 'footerText'] as const).map((field) => [
  `email_content.${field}`,
  (value) => with_({ email: { [field]: value } }),
])

/** Some at a time: a test of its own for each would be seven thousand. */
const chunks = [0, 1, 2, 3].map((part): [number, string[]] => [
  part,
  injections.filter((_, index) => index % 4 === part),
])

const word = 'Wordwordword'
const plainWord = (name: string) => (name.endsWith('olor') ? '#123456' : word)

/** Tags, comments and texts one by one. A `<` that starts none of these is a token of its own. */
const tokens = (html: string): string[] =>
  html
    .replace(/#[0-9a-f]{6}/g, '#colour')
    .match(/<!--[\s\S]*?-->|<[!/]?[a-z](?:"[^"]*"|'[^']*'|[^'"<>])*>|<|[^<]+/gi) ?? []
const shape = (tag: string): string => tag.replace(/"[^"]*"|'[^']*'/g, '=')
const countLines = ({ text }: { text: string }): number => text.split('\n').length
const hrefs = (html: string) => [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1])
const codeLines = (text: string) => text.split('\n').filter((line) => /^@.*#/.test(line) && !line.startsWith('@ '))

/** Null if nothing but the text that the value stands in differs, else the first place that does. */
function difference(html: string, plain: string): string | null {
  const [one, other] = [tokens(html), tokens(plain)]
  for (const [index, expected] of other.entries()) {
    const found = one[index] ?? ''
    if (found === expected) continue
    const holds = expected.includes(word)
    if (!holds || (expected.startsWith('<') && shape(found) !== shape(expected))) return `${found} for ${expected}`
    if (!expected.startsWith('<') && found.startsWith('<')) return `${found} for ${expected}`
  }
  return one.length === other.length ? null : `${one.length} tokens for ${other.length}`
}

it('has a corpus of its own size', () => {
  expect(new Set(injections).size).toBe(injections.length)
  expect(injections.length).toBeGreaterThanOrEqual(200)
})

describe.each([...places, ...longPlaces])('%s', (name, fill) => {
  const plain = renderMail(fill(plainWord(name)))
  const empty = renderMail(fill(''))
  const manyLines = longPlaces.some(([long]) => long === name)

  it.each(chunks)('changes nothing but its own text (%d)', (_, values) => {
    for (const value of values) {
      const { subject, fromName, html, text } = renderMail(fill(value))
      const because = JSON.stringify(value).slice(0, 80)
      const bare = manyLines ? html.replaceAll('<br>', '') : html
      if (html !== empty.html) expect(difference(bare, plain.html), because).toBeNull()
      expect(hrefs(html), because).toEqual(hrefs(plain.html))
      expect(html.split('code=sEcReT').length, because).toBe(plain.html.split('code=sEcReT').length)
      for (const line of [subject, fromName]) {
        expect(line, because).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]|=\?|^$/u)
        expect(line.isWellFormed(), because).toBe(true)
        expect(line.match(/[\u2066-\u2068]/g)?.length, because).toBe(line.match(/\u2069/g)?.length)
        expect(line.length, because).toBeLessThanOrEqual(400)
      }
      expect(fromName, because).not.toMatch(/[<>"]/)
      expect((html + text).replaceAll('\n', ''), because).not.toMatch(/[\p{Cc}\u202a-\u202e\u2028\u2029]/u)
      expect((html + text).isWellFormed(), because).toBe(true)
      const last = plain.text.split('\n').at(-1) ?? ''
      if (last.startsWith('@')) expect(text.split('\n').at(-1), because).toBe(last)
      expect(codeLines(text), because).toEqual(codeLines(plain.text))
      if (!manyLines) expect([plain, empty].map(countLines), because).toContain(countLines({ text }))
      expect(html.length, because).toBeLessThan(30 * 1024)
    }
  })
})

describe.each<[string, (value: string) => SignInMail]>([
  ['brand name', (name) => ({ ...mail, brand: { ...brand, name } })],
  ['brand name, code alone', (name) => ({ ...mail, link: null, brand: { ...brand, name } })],
  ['brand name, link alone', (name) => ({ ...mail, code: null, brand: { ...brand, name } })],
  [
    'brand name in a message',
    (name) => ({
      ...mail,
      brand: { ...brand, name },
      custom: { ...nothing, text: { message: '{app}: {otp}', senderId: null } },
    }),
  ],
  [
    'message',
    (value) => ({ ...mail, custom: { ...nothing, text: { message: `${value} {app} {otp}`, senderId: null } } }),
  ],
  ['sender', (senderId) => ({ ...mail, custom: { ...nothing, text: { message: null, senderId } } })],
])('SMS: %s', (name, fill) => {
  const plain = renderText(fill(word))
  const empty = renderText(fill(''))

  it.each(chunks)('changes nothing but its own text (%d)', (_, values) => {
    for (const value of values) {
      const { text, senderId } = renderText(fill(value))
      const because = JSON.stringify(value).slice(0, 80)
      expect(text.replaceAll('\n', ''), because).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u)
      expect(codeLines(text), because).toEqual(codeLines(plain.text))
      if (plain.text.includes(link)) expect(text.split('\n'), because).toContain(link)
      if (plain.text.includes('#')) expect(text.split('\n').at(-1), because).toBe('@app.acme.example #482913')
      if (name !== 'message') expect([plain, empty].map(countLines), because).toContain(countLines({ text }))
      expect(senderId ?? 'none', because).toMatch(/^[A-Za-z0-9 +_-]{1,11}$/)
    }
  })
})
