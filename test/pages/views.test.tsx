import { describe, expect, it } from 'vitest'

import type { Brand } from '../../src/domain/messages/message.ts'
import { type LinkPage, LinkPageView } from '../../src/http/pages/views.tsx'
import { en } from '../../src/locales/en.ts'

const brand: Brand = {
  name: 'Acme',
  primary_color: '#0b6e4f',
  logo: null,
  sender_name: null,
  support_email: 'help@acme.example',
}
const nobody: Brand = { name: '', primary_color: null, logo: null, sender_name: null, support_email: null }
const at = 1_795_271_100
const form = { action: '/auth/magic-link', fields: { code: 'secret"<>&', form: 'token' } }
const asked = { at, browser: 'Firefox 132 on Windows', place: 'Germany' }

const pages: LinkPage[] = [
  { kind: 'confirm', application: 'Acme', address: 'a•••@example.com', ...form, validUntil: at, again: true, asked },
  { kind: 'used', application: 'Acme', at, resend: form, continueTo: 'https://app.acme.example/?a=1&b=2' },
  { kind: 'used', application: null, at: null, resend: null, continueTo: null },
  { kind: 'expired', application: 'Acme', resend: form, continueTo: null },
  { kind: 'expired', application: 'Acme', resend: form, continueTo: 'https://acme.example/' },
  { kind: 'superseded', application: null, resend: null, continueTo: null },
  { kind: 'cancelled', application: 'Acme' },
  { kind: 'junk' },
  { kind: 'resent', application: 'Acme', address: 'a•••@example.com', channel: 'email' },
  { kind: 'signed_in', application: 'Acme', address: 'a•••@example.com' },
  { kind: 'unavailable' },
  { kind: 'foreign_form' },
  { kind: 'inactive', application: 'Acme' },
  { kind: 'too_many', application: null },
  { kind: 'misdirected', issuer: 'https://auth.acme.example' },
  { kind: 'not_found' },
]

const render = (page: LinkPage, by: Brand = brand): string =>
  String(<LinkPageView messages={en} brand={by} page={page} nonce="bm9uY2U=" />)
const main = (html: string): string => /<main>[\s\S]*<\/main>/.exec(html)?.[0] ?? ''
const words = (html: string): string => main(html).replace(/<[^>]*>/g, ' ')
const count = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0

describe.each(pages)('page $kind', (page) => {
  it.each([brand, nobody, { ...brand, name: 'W'.repeat(40) }])('is whole and light for the brand $name', (by) => {
    const html = render(page, by)
    expect(html).toMatch(/^<!doctype html><html lang="en" dir="ltr"><head>/)
    expect(html.length).toBeLessThan(30 * 1024)
    expect(count(html, /<h1>/g)).toBe(1)
    expect(count(html, /<title>/g)).toBe(1)
    expect(count(html, /class="button"/g)).toBeLessThanOrEqual(1)
    expect(html).not.toMatch(/undefined|null|\[object|\ue000/)
  })

  it('asks for nothing else and holds to its policy', () => {
    const html = render(page)
    expect(html).not.toMatch(/ (src|srcset)=|@import|url\(|<link (?!rel="icon" href="data:)/)
    expect(html).not.toMatch(/<[^>]* (style|on[a-z]+)=/)
    expect(count(html, /<(style|script) nonce="bm9uY2U="/g)).toBe(count(html, /<(style|script)/g))
  })

  it('says what to do next', () => {
    expect(words(render(page))).toMatch(/button|new link|new one|close this page|again|the application|Go to/)
  })

  it('uses logical properties only', () => {
    expect(render(page)).not.toMatch(/(margin|padding|border)-(left|right)|text-align:(left|right)|float:/)
  })
})

describe('confirm', () => {
  const page: LinkPage = {
    kind: 'confirm',
    application: 'Acme',
    address: 'a•••@example.com',
    ...form,
    validUntil: at,
    asked: null,
  }
  const html = render(page)

  it('is one form with every hidden field and one button', () => {
    expect(count(html, /<form/g)).toBe(1)
    expect(main(html)).toContain('<form method="post" action="/auth/magic-link">')
    expect(main(html)).toContain('<input type="hidden" name="code" value="secret&quot;&lt;&gt;&amp;"/>')
    expect(main(html)).toContain('<input type="hidden" name="form" value="token"/>')
    expect(main(html)).toMatch(/<button [^>]*type="submit"[^>]*>Sign in to Acme<\/button>/)
    expect(html).not.toMatch(/<(button|input)[^>]* (disabled|onclick|formaction)/)
  })

  it('names the application and the address, and says until when', () => {
    expect(main(html)).toContain('<h1>Sign in to Acme</h1>')
    expect(main(html)).toContain('<bdi dir="ltr">a•••@example.com</bdi>')
    expect(main(html)).toMatch(/<time datetime="2026-11-21T14:25:00.000Z"[^>]*>14:25 UTC on 21 November<\/time>/)
    expect(main(html)).toContain('Nothing happens until you press the button.')
  })

  it('asks to press once more only when it must', () => {
    expect(html).not.toContain('role="status"')
    expect(render({ ...page, again: true })).toContain('role="status"')
  })

  it('says who asked, without what looks like a link', () => {
    const shown = words(render({ ...page, asked }))
    expect(shown).toContain('Firefox 132 on Windows')
    expect(shown).toContain('Germany')
    const dropped = render({ ...page, asked: { at, browser: 'evil.example', place: '\u202e' } })
    expect(dropped).not.toMatch(/evil|Browser|Where|\u202e/)
  })

  it('stands without application and address', () => {
    const bare = main(render({ ...page, application: '', address: '' }, nobody))
    expect(bare).toContain('<h1>Sign in</h1>')
    expect(bare).not.toContain('<bdi')
  })
})

describe('used', () => {
  const page = {
    kind: 'used',
    application: 'Acme',
    at,
    resend: form,
    continueTo: 'https://app.acme.example/?a=1&b=2',
  } as const

  it('says when, calmly, and leads on', () => {
    const html = main(render(page))
    expect(words(html).replace(/\s+/g, ' ')).toContain(
      'This link was used at 14:25 UTC on 21 November to sign in. If that was you, you are all set.',
    )
    expect(html).toContain('<a class="button" href="https://app.acme.example/?a=1&amp;b=2">Go on to Acme</a>')
    expect(html).toMatch(/<button class="button second"[^>]*>Send me a new link<\/button>/)
  })

  it('makes the new link the way on where there is no other', () => {
    expect(main(render({ ...page, continueTo: null }))).toMatch(
      /<button class="button" [^>]*>Send me a new link<\/button>/,
    )
  })
})

it.each(['expired', 'superseded'] as const)('%s sends a new link with one press', (kind) => {
  const html = main(render({ kind, application: 'Acme', resend: form, continueTo: null }))
  expect(count(html, /<form/g)).toBe(1)
  expect(html).toMatch(/<button [^>]*>Send me a new link<\/button>/)
})

it.each(['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '</style><script>', '{{x}}', '\u202egro.live'])(
  'a name %j does nothing',
  (name) => {
    const tags = (html: string) => html.match(/<[a-z!/][a-z0-9-]*/gi)
    for (const page of pages) {
      const named = 'application' in page ? { ...page, application: name } : page
      const html = render(named, { ...brand, name, support_email: name, primary_color: name })
      expect(tags(html)).toEqual(tags(render('application' in page ? { ...page, application: 'x' } : page)))
      expect(html).not.toContain('\u202e')
    }
  },
)

it('shows a logo with a text and a size, and tells its host nothing', () => {
  const html = render({ kind: 'junk' }, { ...brand, logo: 'https://cdn.acme.example/logo.png' })
  expect(html).toContain(
    '<img src="https://cdn.acme.example/logo.png" alt="Acme" height="32" referrerpolicy="no-referrer"/>',
  )
})

it('shows the name for a logo that is too heavy or no picture', () => {
  for (const logo of [`data:image/png;base64,${'A'.repeat(20_000)}`, 'data:text/html,x', 'http://acme.example/x.png']) {
    expect(render({ kind: 'junk' }, { ...brand, logo })).not.toContain('<img')
  }
})

it('speaks plainly', () => {
  const say = (value: unknown): string[] => {
    if (typeof value === 'function') return [String(value('X', 'X')), String(value(null, 'X'))]
    if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(say)
    return [String(value)]
  }
  const texts = say({ page: en.page, mail: en.mail, asked: en.asked })
  expect(
    texts.filter((text) => /token|authenticat|session|invalid|error|please|submit|!|e-?mail|undefined/i.test(text)),
  ).toEqual([])
})
