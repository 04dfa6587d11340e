import { describe, expect, it } from 'vitest'

import type { CustomContent, EmailContent, SignInMail, TemplateSource } from '../../src/domain/messages/message.ts'
import { renderMail } from '../support/render.ts'

const link = 'https://app.acme.example/in?a=1&code=a_B-9'
const mail: SignInMail = {
  kind: 'sign_in',
  locale: 'en',
  brand: { name: 'Acme', primary_color: '#0b6e4f', logo: null, sender_name: null, support_email: 'help@acme.example' },
  link,
  code: '482913',
  codeHost: 'app.acme.example',
  isSignUp: false,
  linkTtl: 900,
  codeTtl: 600,
  asked: { at: 1_795_271_100, timeZone: 'Europe/Berlin', browser: 'Firefox 132 on Windows', place: 'DE' },
}
const nothing: CustomContent = { email: null, variables: {}, template: null, inline: null, text: null }
const by = (custom: Partial<CustomContent>): SignInMail => ({ ...mail, custom: { ...nothing, ...custom } })
const email = (content: EmailContent) => renderMail(by({ email: content }))
const plain = renderMail(mail)
const base64 = (...bytes: number[]) => btoa(String.fromCharCode(...bytes, ...new Array(30).fill(0)))
const png = base64(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

describe('email_content', () => {
  it('says otherwise what can be said otherwise', () => {
    const { subject, fromName, html, text } = email({
      subject: 'Log in to Bank',
      primaryColor: '#123456',
      headerText: 'Welcome <back>',
      bodyText: 'Hello,\n\nthere you are.',
      linkText: 'Open my account',
      infoText: 'We never ask for a card.',
      footerText: 'Bank\nHigh Street',
      senderName: 'Bank "A" <a@b.example>',
    })
    expect(subject).toBe('Log in to Bank')
    expect(fromName).toBe('Bank A a@b.example')
    expect(html).toContain('bgcolor="#123456"')
    expect(html).toContain('>Welcome &lt;back&gt;</h1>')
    expect(html).toContain('>Hello,<br><br>there you are.</p>')
    expect(html).toContain('>Open my account</a>')
    expect(html).toContain('>We never ask for a card.</p>')
    expect(html).toContain('>Bank<br>High Street</p>')
    expect(text).toContain('Welcome <back>\n\nHello,\n\nthere you are.\n\nhttps://')
    expect(text).toContain('\n\nWe never ask for a card.\n\n')
    expect(text).toContain('\n\nBank\nHigh Street\n\n')
    expect(html + text).not.toContain('You did not ask for this?')
  })

  it('leaves the link, how long it works, and who asked', () => {
    const { html, text } = email(
      Object.fromEntries(['headerText', 'bodyText', 'infoText', 'footerText'].map((key) => [key, 'x'])),
    )
    for (const part of [html, text]) {
      for (const words of [
        '15 minutes',
        '10 minutes',
        '482913',
        'Firefox 132',
        'Germany',
        '15:25 CET',
        'help@acme.example',
      ]) {
        expect(part).toContain(words)
      }
    }
    expect(text.split('\n')).toContain(link)
  })

  it('stands before a code where there is no link', () => {
    const { html } = renderMail({ ...by({ email: { bodyText: 'Your code:', linkText: 'Go' } }), link: null })
    expect(html).toContain('>Your code:</p>')
    expect(html).not.toContain('>Go<')
  })

  it('counts as none where it is empty', () => {
    expect(email({ subject: ' ', headerText: '\n', bodyText: '\u200b', footerText: '', primaryColor: 'red' })).toEqual(
      plain,
    )
  })

  it('is cut', () => {
    expect(email({ subject: 'x'.repeat(999) }).subject).toBe('x'.repeat(200))
    const { html, text } = email({ bodyText: 'y'.repeat(9_999), infoText: '&'.repeat(9_999) })
    expect(text.match(/y+/)?.[0]).toHaveLength(2_000)
    expect(html.length).toBeLessThan(30 * 1024)
  })
})

describe('a caller’s logo', () => {
  it.each([
    ['image/png', png],
    ['image/jpeg', base64(0xff, 0xd8, 0xff, 0xe0)],
    ['image/gif', btoa(`GIF89a${'\0'.repeat(30)}`)],
    ['image/webp', btoa(`RIFF\x01\x02\x03\x04WEBP${'\0'.repeat(30)}`)],
  ])('goes along as %s, by its bytes', (type, data) => {
    for (const base64logo of [data, `data:image/whatever;base64,${data}`, ` ${data.slice(0, 20)}\n${data.slice(20)}`]) {
      const { html, inline } = email({ base64logo })
      expect(inline).toEqual([{ contentId: 'logo', type, base64: data }])
      expect(html).toMatch(/<img [^>]*src="cid:logo" alt="Acme" height="32"/)
      expect(atob(inline[0]?.base64 ?? '')).toHaveLength(atob(data).length)
    }
  })

  it.each([
    ['an SVG', btoa(`<svg xmlns="http://www.w3.org/2000/svg">${' '.repeat(40)}</svg>`)],
    ['HTML', btoa('<html><script>alert(1)</script></html>')],
    ['a URL', 'https://evil.example/logo.png'],
    ['too long', png.padEnd(20_004, 'A')],
    ['not base64', `${png.slice(0, 20)}"><b>`],
    ['cut', png.slice(0, 8)],
    ['a length that base64 cannot have', `${png.replace(/=+$/, '')}A`.slice(0, 21)],
    ['nothing', ''],
  ])('is none if it is %s', (_, base64logo) => {
    expect(email({ base64logo })).toEqual(plain)
  })

  it('stands in place of the stored one, and without a name', () => {
    const { html } = renderMail({
      ...by({ email: { base64logo: png } }),
      brand: { ...mail.brand, name: '', logo: 'https://a.example/l.png' },
    })
    expect(html).toContain('src="cid:logo" alt=""')
    expect(html).not.toContain('a.example/l.png')
  })
})

describe('a template', () => {
  const template: TemplateSource = {
    subject: 'Hi {{team}}',
    html: '<p>{{team}} {{application_name}} {{code}} <a href="{{link}}">{{button}}</a></p>',
    text: null,
  }

  it('is the whole mail', () => {
    expect(renderMail({ ...by({ variables: { team: 'A&B' } }), template })).toEqual({
      subject: 'Hi A&B',
      fromName: 'Acme',
      html: '<p>A&amp;B Acme 482913 <a href="https://app.acme.example/in?a=1&amp;code=a_B-9">Sign in to Acme</a></p>',
      text: `A&B Acme 482913 Sign in to Acme\n${link}\n\n@app.acme.example #482913`,
      inline: [],
    })
  })

  it('knows the caller’s variables, but under no name of ours', () => {
    const variables = {
      team: 'One\ntwo\u202e',
      link: 'https://evil.example',
      code: '000000',
      'a b': 'x',
      __proto__x: 'y',
    }
    const { html, text } = renderMail({ ...by({ variables }), template })
    expect(html).toContain('<p>One two Acme 482913 ')
    expect(html + text).not.toMatch(/evil|000000/)
  })

  it.each([
    ['\u2068{{team}}\u2069', '\u2068A\u2069'],
    ['\u2068{{team}}', 'A'],
    ['{{team}}\u2069\u2066', 'A'],
    ['\u202e{{team}}\r\nBcc: b@b.example', 'A Bcc: b@b.example'],
  ])('has the subject %j in one line, with isolates that are closed', (subject, expected) => {
    expect(renderMail({ ...by({ variables: { team: 'A' } }), template: { ...template, subject } }).subject).toBe(
      expected,
    )
  })

  it('gives way to the one of this send, and to the subject of this send', () => {
    const inline = { subject: 'Inline {{otp}}', html: '<b>{{otp}}</b>' }
    expect(renderMail({ ...by({ inline }), template })).toMatchObject({
      subject: 'Inline 482913',
      html: '<b>482913</b>',
    })
    expect(renderMail({ ...by({ inline: { ...inline, subject: null } }), template }).subject).toBe(plain.subject)
    expect(renderMail({ ...by({ inline, email: { subject: 'Own' } }), template }).subject).toBe('Own')
  })

  it('of 1Kosmos gets the code that the link carries', () => {
    const inline = { subject: null, html: 'Go to https://b.example/demo?code={{MAGICLINK}}&tab=magiclinks' }
    const { html, text } = renderMail({ ...by({ inline }), code: null })
    expect(html).toBe('Go to https://b.example/demo?code=a_B-9&tab=magiclinks')
    expect(text).toBe(html)
    expect(renderMail({ ...by({ inline }), code: null, link: 'f81d4fae-7dec-81d0-a765-00a0c91e6bf6' }).html).toContain(
      'code=f81d4fae-7dec-81d0-a765-00a0c91e6bf6&tab',
    )
  })

  it.each([
    ['is broken', '{{#link}}{{link}}', {}],
    ['is raw', '{{{link}}}', {}],
    ['brings no code where the mail has only that', '{{link}}', { link: null }],
    ['brings no link where the mail has only that', '<p>{{code}}</p>', { code: null }],
    ['hides what it brings', '{{^link}}{{link}}{{/link}}', {}],
  ])('gives way to ours if it %s', (_, html, change) => {
    expect(renderMail({ ...mail, ...change, template: { ...template, html } })).toEqual(
      renderMail({ ...mail, ...change }),
    )
  })

  it('gives way to ours if its text brings nothing', () => {
    const linkAlone = { ...mail, code: null }
    expect(renderMail({ ...linkAlone, template: { ...template, text: '{{code}}' } })).toEqual(renderMail(linkAlone))
  })

  it('can be that of a notice', () => {
    const { brand } = mail
    const notice = { kind: 'sign_in_ended', locale: 'en', brand, endedAt: 1_795_271_100, timeZone: null } as const
    const own = { subject: '', html: '<h1>{{heading}}</h1>{{happened_at}}{{code}}{{expiry_time}}', text: null }
    expect(renderMail({ ...notice, template: own })).toMatchObject({
      subject: 'We signed you out of Acme in one place',
      html: '<h1>We signed you out in one place</h1>14:25 UTC on 21 November',
      text: 'We signed you out in one place\n\n14:25 UTC on 21 November',
    })
  })
})
