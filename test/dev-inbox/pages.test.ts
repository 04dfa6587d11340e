import { describe, expect, it } from 'vitest'
import { sendCommand } from '../../src/dev-inbox/document.tsx'
import type { StoredMail } from '../../src/dev-inbox/inbox-object.ts'
import { listPage } from '../../src/dev-inbox/list-page.tsx'
import { mailPage } from '../../src/dev-inbox/mail-page.tsx'

const ISSUER = 'http://localhost:8787'
const LINK = 'https://id.test/auth/magic-link?code=AQEAAAAA1234567890&state=2'

const sms: StoredMail = {
  id: 'sms-1',
  from: 'Acme',
  to: '+12025550100',
  subject: '',
  text: `Your code for <b>Acme</b> is 482913, or go to ${LINK}.\n\n@id.test #482913`,
  html: '',
  ts: 1_795_303_493_897,
}
const mail: StoredMail = {
  ...sms,
  id: 'mail-1',
  to: 'ada@example.com',
  subject: 'Sign in to Acme',
  html: `<p>Your code is 482913.</p>`,
}

const page = async (stored: StoredMail) => (await mailPage({ mail: stored, view: 'html' })).text()
const list = async (mails: StoredMail[], to: string | null = null) =>
  (await listPage({ issuer: ISSUER, to, mails, outage: null })).text()

describe('the page of an SMS', () => {
  it('says what it is and to whom', async () => {
    const html = await page(sms)
    expect(html).toContain('<title>SMS to +12025550100</title>')
    expect(html).toContain('<h1><bdi>SMS to +12025550100</bdi></h1>')
    expect(html).not.toContain('(no subject)')
  })

  it('shows its text as it is, the links in it to click', async () => {
    const html = await page(sms)
    const href = LINK.replace('&', '&amp;')
    expect(html).toContain(
      'Your code for &lt;b&gt;Acme&lt;/b&gt; is 482913, or go to ' +
        `<a class="url" href="${href}" target="_blank" rel="noopener" dir="ltr">${href}</a>.\n\n@id.test #482913</p>`,
    )
  })

  it('shows its code and its link as those of a mail', async () => {
    const html = await page(sms)
    expect(html).toContain('<bdi class="code big" dir="ltr">482913</bdi>')
    expect(html).toContain('Open the link')
  })

  it('has no parts', async () => {
    const html = await page(sms)
    expect(html).not.toContain('Parts of the mail')
    expect(html).not.toContain('<iframe')
  })
})

it('the page of a mail is as it was: its links, its parts, its frame', async () => {
  const html = await page(mail)
  expect(html).toContain('<h1><bdi>Sign in to Acme</bdi></h1>')
  for (const part of ['Links in the mail', 'Parts of the mail', '<iframe']) expect(html).toContain(part)
})

describe('the list', () => {
  it('shows an SMS by its kind and its text', async () => {
    const html = await list([sms, mail])
    expect(html).toContain('<span class="kind">SMS </span><bdi>Your code for &lt;b&gt;Acme')
    expect(html).toContain('<bdi>Sign in to Acme</bdi>')
    expect(html.match(/class="kind"/g)).toHaveLength(1)
    expect(html.match(/<td class="code">482913<\/td>/g)).toHaveLength(2)
  })

  it('of a number to which nothing was sent says how to', async () => {
    const html = await list([], '+12025550100')
    expect(html).toContain('Nothing to +12025550100 yet')
    expect(html).toContain('{&quot;phone&quot;:&quot;+12025550100&quot;}')
  })
})

it('the command has the field of what it sends to', () => {
  expect(sendCommand(ISSUER, 'ada@example.com')).toContain(`-d '{"email":"ada@example.com"}'`)
  expect(sendCommand(ISSUER, '+12025550100')).toContain(`-d '{"phone":"+12025550100"}'`)
})
