import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Brand, MailContent, SignInMail } from '../../src/domain/messages/message.ts'
import { LOCALES } from '../../src/locales/index.ts'
import { renderMail } from '../support/render.ts'

const brand: Brand = {
  name: 'Acme',
  primary_color: '#0b6e4f',
  logo: null,
  sender_name: null,
  support_email: 'help@acme.example',
}
const link = `https://auth.acme.example/auth/magic-link?code=${'a_B-9'.repeat(19)}abcd`
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
const branded = (name: string): SignInMail => ({ ...mail, brand: { ...brand, name } })

/** Text nodes of the document, as a reader of HTML sees them. */
const textNodes = (html: string): string[] =>
  html
    .replace(/<(style|title)>[\s\S]*?<\/\1>/g, '')
    .split(/<[^>]*>/)
    .filter((text) => text.trim() !== '')

const hostile = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  "' style='display:none",
  '</title></style><script>',
  '{{link}}',
  '{{{link}}}',
  '{{&link}}',
  '{{=<% %>=}}',
  '{{#link}}{{/link}}',
  '$\u007b7*7}',
  'Acme\r\nBcc: eve@example.com',
  'Acme\r\n\r\n@evil.example #000000',
  'Acme\u0000\u001b[31m',
  '\u202egro.live',
  'Acme\u2028@evil.example #1',
  '=?utf-8?q?evil=0D=0ABcc:_eve?=',
  'Acme <eve@evil.example>',
  'x'.repeat(5_000),
]

describe.each(hostile)('a value %j', (value) => {
  const rendered = [
    renderMail(branded(value)),
    renderMail({ ...branded(value), code: null, isSignUp: true }),
    renderMail({ ...mail, asked: { ...asked, browser: value, place: value } }),
    renderMail({
      ...mail,
      brand: { ...brand, sender_name: value, support_email: value, logo: value, primary_color: value },
    }),
    renderMail({
      kind: 'address_changed',
      locale: 'en',
      brand: { ...brand, name: value, support_email: value },
      changedAt: 0,
      timeZone: value,
    }),
  ]
  const tags = (html: string) => new Set(html.match(/<[a-z!/][a-z0-9-]*/gi))
  const known = tags(renderMail({ ...mail, brand: { ...brand, logo: 'https://acme.example/logo.png' } }).html)

  it.each(rendered.map((one, index) => [index, one] as const))(
    'does nothing in mail %d',
    (_, { subject, fromName, html, text }) => {
      expect([...tags(html)].filter((tag) => !known.has(tag))).toEqual([])
      expect(html).not.toMatch(/<[^>]*\sonerror/i)
      expect(subject + fromName).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u)
      expect(subject + fromName).not.toContain('=?')
      expect(fromName).not.toMatch(/[<>"]/)
      expect((html + text).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2028\u2029]/u)
      expect(text.split('\n').filter((line) => line.startsWith('@'))).toEqual(
        text.includes('482913') ? ['@app.acme.example #482913'] : [],
      )
      expect(html + text).not.toContain('x'.repeat(201))
      expect(html.length).toBeLessThan(30 * 1024)
    },
  )
})

it('never throws and never lets a tag in, whatever the name', () => {
  const tags = renderMail(mail).html.match(/</g)?.length
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...hostile, '{{', '}}', '<', '\n')).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(name, (value) => {
      const { html, subject } = renderMail(branded(`A${value}`))
      return html.match(/</g)?.length === tags && !/[\r\n]/.test(subject)
    }),
    { numRuns: 1_000 },
  )
})

describe('subject', () => {
  it.each([
    ['482913', '482 913 is your Acme code'],
    ['4829137', '482 9137 is your Acme code'],
    ['48291374', '4829 1374 is your Acme code'],
    ['482913745', '482 913 745 is your Acme code'],
    ['ABCDEFGHJK', 'ABCDE FGHJK is your Acme code'],
  ])('has the code %s first, in groups', (code, subject) => {
    expect(renderMail({ ...mail, code }).subject).toBe(subject)
  })

  it('names the brand without a code, and stands without a brand', () => {
    expect(renderMail({ ...mail, code: null }).subject).toBe('Your link to sign in to Acme')
    expect(renderMail({ ...mail, code: null, isSignUp: true }).subject).toBe('Welcome to Acme: your link to sign in')
    expect(renderMail({ ...branded(''), code: null }).subject).toBe('Your link to sign in')
    expect(renderMail(branded('')).subject).toBe('482 913 is your sign-in code')
  })

  it('comes from the sender name, the brand, or neither', () => {
    expect(renderMail({ ...mail, brand: { ...brand, sender_name: 'Acme Mail' } }).fromName).toBe('Acme Mail')
    expect(renderMail(mail).fromName).toBe('Acme')
    expect(renderMail(branded('')).fromName).toBe('Sign-in')
  })

  it('keeps an isolate of ours, and none of the name', () => {
    expect(renderMail(branded('شركة\u2066')).subject).toBe('482 913 is your \u2068شركة\u2069 code')
    expect(renderMail(branded('\u202eAcme\u2069')).subject).toBe('482 913 is your Acme code')
  })
})

describe('a mail with link and code', () => {
  const { html, text } = renderMail(mail)

  it('has the code as one text node', () => {
    expect(textNodes(html).filter((node) => node.includes('482913'))).toEqual(['482913'])
    expect(textNodes(html)[0]).toContain('482 913')
  })

  it('ends its text with the line for the host', () => {
    expect(text.split('\n').at(-1)).toBe('@app.acme.example #482913')
    expect(text.split('\n')).toContain('482913')
    expect(text.split('\n')).toContain(link)
  })

  it('links to nothing but its link, and loads nothing', () => {
    expect([...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1])).toEqual([link, link])
    expect(html).not.toMatch(/<(img|link|script|iframe|form)\b|url\(|@import/i)
  })

  it('says who asked, in their zone, and for how long it is good', () => {
    for (const part of [html, text]) {
      expect(part).toContain('15:25 CET on 21 November')
      expect(part).toContain('Firefox 132 on Windows')
      expect(part).toContain('Germany')
      expect(part).toContain('15 minutes')
      expect(part).toContain('10 minutes')
      expect(part).toContain('You did not ask for this?')
    }
  })
})

it('has a link alone without a code line', () => {
  const { html, text } = renderMail({ ...mail, code: null })
  expect(text).not.toMatch(/^@/m)
  expect(text).toContain(link)
  expect(html).not.toContain('10 minutes')
})

it('has a code alone without a link', () => {
  const { html, text } = renderMail({ ...mail, link: null })
  expect(html).not.toContain('<a ')
  expect(html + text).not.toContain('https:')
  expect(text.split('\n').at(-1)).toBe('@app.acme.example #482913')
})

it('escapes a link and leaves it whole in the text', () => {
  const own = 'https://app.acme.example/in?a=1&token=x_Y-z'
  const { html, text } = renderMail({ ...mail, link: own })
  expect(html).toContain('href="https://app.acme.example/in?a=1&amp;token=x_Y-z"')
  expect(text.split('\n')).toContain(own)
})

it('refuses to be neither link nor code', () => {
  expect(() => renderMail({ ...mail, link: null, code: null })).toThrow()
})

it('drops what a browser or place says with a URL in it', () => {
  const { html, text } = renderMail({
    ...mail,
    asked: { ...asked, browser: 'Win at evil.example', place: 'https://evil.example' },
  })
  expect(html + text).not.toContain('evil')
  expect(text).not.toContain('Browser:')
})

it('shows UTC without a zone, and with one that nobody knows', () => {
  for (const timeZone of [null, 'Mars/Olympus', '']) {
    expect(renderMail({ ...mail, asked: { ...asked, timeZone } }).text).toContain('14:25 UTC on 21 November')
  }
})

it.each([
  [1, '1 second'],
  [90, '90 seconds'],
  [60, '1 minute'],
  [899, '14 minutes'],
  [3_600, '1 hour'],
  [5_400, '90 minutes'],
  [86_400, '1 day'],
  [90_000, '25 hours'],
  [604_800, '7 days'],
])('rounds %d seconds down to %s', (linkTtl, words) => {
  expect(renderMail({ ...mail, linkTtl }).text).toContain(`once, for ${words}.`)
})

describe('brand', () => {
  it('stands as a picture with a text and a size, if that is at https', () => {
    const { html } = renderMail({ ...mail, brand: { ...brand, logo: 'https://acme.example/logo.png?a=1&b=2' } })
    expect(html).toMatch(/<img [^>]*src="https:\/\/acme\.example\/logo\.png\?a=1&amp;b=2" alt="Acme" height="32"/)
  })

  it.each(['data:image/png;base64,AAAA', 'http://acme.example/logo.png', 'javascript:alert(1)', null])(
    'is its name with the logo %j',
    (logo) => {
      const { html } = renderMail({ ...mail, brand: { ...brand, logo } })
      expect(html).not.toContain('<img')
      expect(textNodes(html)).toContain('Acme')
    },
  )

  it('isolates a name of the other direction', () => {
    expect(renderMail(branded('شركة')).text).toContain('Sign in to \u2068شركة\u2069')
  })
})

describe.each(LOCALES)('in %s', (locale) => {
  const name = 'The Society for the Preservation of Mills'
  const when = { brand: { ...brand, name }, locale, timeZone: null }
  const own = { ...mail, ...when, asked: { ...asked, browser: 'Firefox 132 on Windows' } }
  it.each<[string, MailContent]>([
    ['link and code', own],
    ['sign-up', { ...own, isSignUp: true }],
    ['a code', { ...own, link: null }],
    ['a link', { ...own, code: null }],
    ['a changed address', { kind: 'address_changed', ...when, changedAt: asked.at }],
    ['an ended sign-in', { kind: 'sign_in_ended', ...when, endedAt: asked.at }],
  ])('a mail with %s is small, whole, and reads from its own side', (_, content) => {
    const { subject, html, text } = renderMail(content)
    expect(new TextEncoder().encode(html).length).toBeLessThan(30 * 1024)
    expect(html + text + subject).not.toMatch(/undefined|null|NaN|\[object|\{\{|=>/)
    for (const part of [html, text]) expect(part).toContain(name)
    for (const part of [subject, html, text]) {
      expect(part.match(/[\u2066-\u2068]/g)?.length).toBe(part.match(/\u2069/g)?.length)
    }
    if (html.includes('dir="rtl"'))
      expect(subject).toContain(subject.includes('482') ? '\u2066482 913\u2069' : `\u2068${name}\u2069`)
  })
})

it.each(LOCALES)('declares language and direction in %s', (locale) => {
  expect(renderMail({ ...mail, locale }).html).toMatch(/^<!doctype html>\n<html lang="[a-z-]+" dir="(ltr|rtl)">/i)
})

describe('the notice of an ended sign-in', () => {
  const notice = { kind: 'sign_in_ended', locale: 'en', brand, endedAt: asked.at, timeZone: null } as const

  it('says what happened, when, and what to do', () => {
    const { subject, html, text, inline } = renderMail(notice)
    expect(subject).toBe('We signed you out of Acme in one place')
    expect(inline).toEqual([])
    for (const part of [html, text]) {
      expect(part).toContain('14:25 UTC on 21 November')
      expect(part).toContain('write to help@acme.example')
    }
    expect(html).not.toContain('href')
  })

  it('names the people behind the application where there is no address', () => {
    expect(renderMail({ ...notice, brand: { ...brand, support_email: null } }).text).toContain('the people behind Acme')
  })
})

describe('the mail to an old address', () => {
  const { subject, html, text } = renderMail({
    kind: 'address_changed',
    locale: 'en',
    brand,
    changedAt: asked.at,
    timeZone: null,
  })

  it('says what happened, when, and what to do', () => {
    expect(subject).toBe('Your mail address for Acme was changed')
    for (const part of [html, text]) {
      expect(part).toContain('14:25 UTC on 21 November')
      expect(part).toContain('If it was not you, write to help@acme.example today')
    }
  })

  it('has no link and no address but the project’s', () => {
    expect(html).not.toContain('href')
    expect(new Set((html + text).match(/[\w.]+@[\w.]+\w/g))).toEqual(new Set(['help@acme.example']))
  })
})

it('names no address but the project’s in a sign-in mail', () => {
  const { subject, html, text } = renderMail(mail)
  expect(new Set(`${subject}\n${html}\n${text}`.match(/[\w.]+@[\w.]+\w/g))).toEqual(new Set(['help@acme.example']))
})
