import { describe, expect, it } from 'vitest'

import type { Brand } from '../../src/domain/messages/message.ts'
import { pageHeaders } from '../../src/http/pages/page-headers.ts'
import { polls, type SignInPage, SignInPageView } from '../../src/http/pages/sign-in-views.tsx'
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
const form = { action: '/sign-in', fields: { request: 'sealed"<>&' } }
const asked = { at, browser: 'Firefox 132 on Windows', place: 'Germany' }
const email = 'ada@example.com'
const masked = 'a•••@example.com'

type Kind<K extends SignInPage['kind']> = Extract<SignInPage, { kind: K }>
const address: Kind<'address'> = {
  kind: 'address',
  application: 'Acme',
  form,
  email: '',
  error: null,
  signedInAs: null,
  goOn: null,
}
const waiting: Kind<'waiting'> = {
  kind: 'waiting',
  application: 'Acme',
  email,
  hasLink: true,
  hasCode: true,
  form: { action: '/sign-in/code', fields: { request: 'sealed' } },
  typed: '',
  error: null,
  notice: null,
  resend: { action: '/sign-in/resend', fields: { request: 'sealed' } },
  resendIn: 30,
  back: '/sign-in?request=1&b=2',
  progress: { status: '/sign-in/status?c=1', here: '/sign-in/wait?c=1' },
  cookiesBlocked: false,
}
const account: Kind<'account'> = {
  kind: 'account',
  application: 'Acme',
  email,
  phone: '+12025550100',
  name: 'Ada Lovelace',
  sessions: [
    { id: 's1', current: true, browser: 'Firefox 132 on Windows', createdAt: at, lastActiveAt: at, form },
    { id: 's2', current: false, browser: null, createdAt: at, lastActiveAt: at, form },
  ],
  signOut: form,
  signOutEverywhere: form,
  notice: 'ended',
}

const pages: SignInPage[] = [
  address,
  { ...address, application: null, email: 'ada@', error: 'invalid' },
  { ...address, error: 'empty' },
  { ...address, email, error: 'too_many' },
  { ...address, signedInAs: email, goOn: form },
  { ...address, signedInAs: email },
  waiting,
  { ...waiting, notice: 'resent', resendIn: 0 },
  { ...waiting, hasCode: false },
  { ...waiting, hasLink: false },
  { ...waiting, cookiesBlocked: true, progress: null },
  { ...waiting, cookiesBlocked: true, progress: null, hasCode: false },
  { ...waiting, typed: '123 456', error: { kind: 'wrong', triesLeft: 2 } },
  { ...waiting, typed: '123 456', error: { kind: 'locked' } },
  { ...waiting, hasLink: false, error: { kind: 'locked' }, resendIn: 0 },
  { ...waiting, typed: '123 456', error: { kind: 'expired' } },
  { ...waiting, error: { kind: 'empty' } },
  { ...waiting, typed: '123 456', error: { kind: 'too_many' } },
  { kind: 'elsewhere', application: 'Acme', address: masked, form, validUntil: at, asked },
  { kind: 'relay', application: 'Acme', code: '48291307', validUntil: at, sendHere: form },
  { kind: 'relay', application: 'Acme', code: '48291307', validUntil: at, sendHere: null },
  { kind: 'switch', application: 'Acme', current: 'grace@example.com', address: masked, form, stay: '/stay?a=1&b=2' },
  { kind: 'continue', application: 'Acme', address: masked, form, validUntil: at },
  { kind: 'done', application: 'Acme', goOn: 'https://app.acme.example/?a=1&b=2' },
  account,
  { ...account, application: null, email: null, name: null, sessions: [], notice: null },
  { kind: 'sign_out', application: 'Acme', form, stay: '/account' },
  { kind: 'signed_out', application: null, signIn: '/sign-in' },
  { kind: 'request_refused', detail: 'redirect_uri is not registered: https://app.acme.example/callback' },
]

const render = (page: SignInPage, by: Brand = brand): string =>
  String(<SignInPageView messages={en} brand={by} page={page} nonce="bm9uY2U=" />)
const main = (html: string): string => /<main>[\s\S]*<\/main>/.exec(html)?.[0] ?? ''
const words = (html: string): string =>
  main(html)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
const count = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0
const tag = (html: string, pattern: RegExp): string => pattern.exec(html)?.[0] ?? ''

describe.each(pages.map((page, index) => ({ index, kind: page.kind, page })))('page $index $kind', ({ page }) => {
  it.each([brand, nobody, { ...brand, name: 'W'.repeat(40) }])('is whole and light for the brand $name', (by) => {
    const html = render(page, by)
    expect(html).toMatch(/^<!doctype html><html lang="en" dir="ltr"><head>/)
    expect(html.length).toBeLessThan(30 * 1024)
    expect(count(html, /<h1>/g)).toBe(1)
    expect(count(main(html), /class="button"/g)).toBeLessThanOrEqual(1)
    expect(main(html)).not.toMatch(/undefined|null|NaN|\[object|\ue000/)
  })

  it('asks for nothing else and holds to its policy', () => {
    const html = render(page)
    expect(html).not.toMatch(/ (src|srcset)=|@import|url\(|<link (?!rel="icon" href="data:)/)
    expect(html).not.toMatch(/<[^>]* (style|on[a-z]+)=/)
    expect(count(html, /<(style|script) nonce="bm9uY2U="/g)).toBe(count(html, /<(style|script)/g))
  })

  it('works without a script', () => {
    const html = main(render(page))
    const ways = count(html, /<form method="post" action="\/[^"]*"/g) + count(html, /<a [^>]*href="[^"]+"/g)
    expect(ways).toBeGreaterThan(page.kind === 'request_refused' || page.kind === 'relay' ? -1 : 0)
    expect(count(html, /<form /g)).toBe(count(html, /<form method="post" action="\//g))
    expect(count(html, /<form /g)).toBe(count(html, /<button [^>]*type="submit"/g))
    expect(html).not.toMatch(/<(button|input)[^>]* (disabled|required|pattern|maxlength|formaction)/)
  })

  it('ties every field to its label, hint and error, and each id is one', () => {
    const html = main(render(page))
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const fields = [...html.matchAll(/<input (?!type="hidden")[^>]*>/g)].map(([field]) => field)
    expect(count(html, /<label /g)).toBe(fields.length)
    for (const field of fields) expect(html).toContain(`<label for="${/ id="([^"]*)"/.exec(field)?.[1]}">`)
    for (const [, list = ''] of html.matchAll(/aria-(?:describedby|labelledby)="([^"]*)"/g)) {
      for (const id of list.split(' ')) expect(ids).toContain(id)
    }
    expect(count(html, / autofocus/g)).toBeLessThanOrEqual(1)
    expect(count(html, /role="alert"/g)).toBe(count(html, /aria-invalid="true"/g))
  })
})

describe('address', () => {
  it('has one field that the browser fills in and does not judge', () => {
    const html = main(render(address))
    expect(html).toContain('<form method="post" action="/sign-in" novalidate="">')
    expect(html).toContain('<input type="hidden" name="request" value="sealed&quot;&lt;&gt;&amp;"/>')
    const field = tag(html, /<input type="email"[^>]*>/)
    for (const part of ['name="email"', 'autocomplete="email"', 'inputmode="email"', 'autofocus', 'dir="ltr"']) {
      expect(field).toContain(part)
    }
    expect(field).not.toMatch(/aria-/)
    expect(words(html)).toContain('Send me a sign-in mail')
  })

  it.each([
    ['empty', '', 'Type your mail address first'],
    ['invalid', 'ada at example', 'does not look like a mail address'],
    ['too_many', email, 'Wait a minute'],
  ] as const)('keeps what was typed and says what is wrong: %s', (error, typed, text) => {
    const html = main(render({ ...address, email: typed, error }))
    const field = tag(html, /<input type="email"[^>]*>/)
    expect(field).toContain(`value="${typed}"`)
    expect(field).toContain('aria-describedby="email-error" aria-invalid="true" autofocus')
    expect(tag(html, /<p class="error" id="email-error" role="alert">[^<]*/)).toContain(text)
  })

  it('lets somebody who is signed in go on with one press, or be somebody else', () => {
    const html = main(render({ ...address, signedInAs: email, goOn: { action: '/sign-in/go', fields: {} } }))
    expect(words(html)).toContain(`You are signed in here as ${email} .`)
    expect(html).toMatch(/action="\/sign-in\/go"><button class="button" [^>]*>Go on to Acme</)
    expect(html).toMatch(/<button class="button second" [^>]*>Send me a sign-in mail</)
    expect(html).not.toContain('autofocus')
  })
})

describe('waiting', () => {
  it('has one field that takes a code from wherever it comes', () => {
    const field = tag(main(render(waiting)), /<input type="text"[^>]*>/)
    for (const part of ['name="typed"', 'inputmode="numeric"', 'autocomplete="one-time-code"', 'autofocus']) {
      expect(field).toContain(part)
    }
  })

  it.each([
    [{}, `We sent a link and a code to ${email} . Open the link in this browser`],
    [{ hasCode: false }, `We sent a link to ${email} . Open it in this browser`],
    [{ hasLink: false }, `We sent a code to ${email} . Type it here.`],
    [{ cookiesBlocked: true }, 'no cookies from us, so the link in the mail cannot sign you in here. The code can'],
    [{ cookiesBlocked: true, hasCode: false }, 'Open it, and type the code that it shows here.'],
  ])('says what was sent and what to do: %j', (extra, text) => {
    expect(words(render({ ...waiting, ...extra }))).toContain(text)
  })

  it.each([
    [{ kind: 'wrong', triesLeft: 2 }, 'You have 2 tries left.'],
    [{ kind: 'wrong', triesLeft: 1 }, 'You have one try left.'],
    [{ kind: 'expired' }, 'This code has expired'],
    [{ kind: 'empty' }, 'Type the code first'],
    [{ kind: 'too_many' }, 'Wait a minute'],
  ] as const)('keeps what was typed under %j', (error, text) => {
    const html = main(render({ ...waiting, typed: '482 913', error }))
    expect(tag(html, /<input type="text"[^>]*>/)).toMatch(/value="482 913".*aria-invalid="true" autofocus/)
    expect(tag(html, /<p class="error" id="typed-error" role="alert">[^<]*/)).toContain(text)
  })

  it('says what still works where codes do not', () => {
    const html = main(render({ ...waiting, error: { kind: 'locked' } }))
    expect(html).toContain('<h1>Too many wrong codes</h1>')
    expect(html).not.toContain('name="typed"')
    expect(words(html)).toContain('The link in your mail still works')
    expect(words(render({ ...waiting, hasLink: false, error: { kind: 'locked' } }))).not.toContain('link')
    expect(html).toMatch(/<button class="button" [^>]*>Send me another mail</)
  })

  it('makes a new mail the way on from an expired code', () => {
    const html = main(render({ ...waiting, error: { kind: 'expired' } }))
    expect(html).toMatch(/<button class="button" [^>]*>Send me another mail</)
    expect(html).toMatch(/<button class="button second" [^>]*>Sign in to Acme</)
  })

  it('counts down only where there is something to wait for', () => {
    expect(main(render(waiting))).toContain('data-seconds="30" data-later="Another mail in {time}"')
    expect(main(render({ ...waiting, resendIn: 0 }))).not.toContain('data-seconds')
  })

  it('asks how things stand only where a link can be opened and a visit is kept', () => {
    expect(main(render(waiting))).toContain('<a href="/sign-in/wait?c=1" data-status="/sign-in/status?c=1">')
    expect(polls(waiting)).toBe(true)
    for (const page of [{ ...waiting, progress: null }, { ...waiting, hasLink: false }, address]) {
      expect(polls(page)).toBe(false)
      expect(main(render(page))).not.toContain('data-status')
    }
  })

  it('knows nothing of who has an account: the same page for every address', () => {
    const other = render({ ...waiting, email: 'nobody@example.com' }).replaceAll('nobody@example.com', email)
    expect(other).toBe(render(waiting))
  })
})

describe('the link in another browser', () => {
  it('shows who asked before the button', () => {
    const html = main(render({ kind: 'elsewhere', application: 'Acme', address: masked, form, validUntil: at, asked }))
    expect(html.indexOf('Firefox 132')).toBeLessThan(html.indexOf('<button'))
    expect(words(html)).toContain(`Somebody asked to sign in to Acme as ${masked} in another browser.`)
    expect(html).not.toContain('data-auto')
  })

  it('shows a code that copies as one', () => {
    const html = main(render({ kind: 'relay', application: 'Acme', code: '48291307', validUntil: at, sendHere: null }))
    expect(html).toContain('<bdi dir="ltr"><span>4829</span><span>1307</span></bdi>')
    expect(html).not.toContain('<form')
  })
})

it('goes on by itself on one page alone', () => {
  const auto = pages.filter((page) => main(render(page)).includes('data-auto')).map((page) => page.kind)
  expect(auto).toEqual(['continue'])
})

it('offers to end every browser but this one, each by its name', () => {
  const html = main(render(account))
  expect(count(html, />Sign out there</g)).toBe(1)
  expect(html).toContain('aria-labelledby="place-1-end place-1"')
  expect(html).toContain('<p id="place-1">A browser we do not know</p>')
})

it.each(['"><script>alert(1)</script>', '<img src=x onerror=alert(1)>', '</style><script>', '{{x}}', '\u202egro.live'])(
  'a text %j does nothing',
  (text) => {
    const tags = (html: string) => html.match(/<[a-z!/][a-z0-9-]*/gi)
    for (const page of pages) {
      const put = (value: string): SignInPage => {
        const named: Record<string, unknown> = { ...page }
        for (const key of ['application', 'email', 'typed', 'address', 'current', 'signedInAs', 'detail', 'name']) {
          if (typeof named[key] === 'string') named[key] = value
        }
        return named as SignInPage
      }
      const html = render(put(text), { ...brand, name: text })
      expect(tags(html)).toEqual(tags(render(put('x'))))
      // A field holds what was typed; a sentence holds nothing that could turn it around.
      expect(html.replace(/ value="[^"]*"/g, '')).not.toContain('\u202e')
    }
  },
)

it('lets the script reach our own origin where a page says so', () => {
  const policy = (polls?: boolean) =>
    pageHeaders('bm9uY2U=', null, polls === undefined ? {} : { polls })['Content-Security-Policy']
  expect(policy(true)).toContain("; connect-src 'self'; ")
  expect(policy(false)).not.toContain('connect-src')
  expect(policy()).toBe(policy(false))
})

it('speaks plainly', () => {
  const say = (value: unknown): string[] => {
    if (typeof value === 'function') return [String(value('X', 'X')), String(value(null, 'X')), String(value(1, 'X'))]
    if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(say)
    return [String(value)]
  }
  const jargon = /token|authenticat|session|invalid|error|please|submit|!|e-?mail|undefined/i
  expect(say([en.signIn, en.account]).filter((text) => jargon.test(text))).toEqual([])
})
