/** The development inbox takes what our adapters send, and its answers are read by them as the providers' own. */

import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../../src/dev-inbox/mail-api.ts'
import { mailgun as mailgunApi, mailgunEu } from '../../../src/dev-inbox/mailgun.ts'
import { postmark as postmarkApi } from '../../../src/dev-inbox/postmark.ts'
import { resend as resendApi } from '../../../src/dev-inbox/resend.ts'
import { sendgrid as sendgridApi } from '../../../src/dev-inbox/sendgrid.ts'
import { ses as sesApi } from '../../../src/dev-inbox/ses.ts'
import { mailgun } from '../../../src/providers/mail/mailgun.ts'
import { postmark } from '../../../src/providers/mail/postmark.ts'
import { resend } from '../../../src/providers/mail/resend.ts'
import { sendgrid } from '../../../src/providers/mail/sendgrid.ts'
import { ses } from '../../../src/providers/mail/ses.ts'
import type { HttpProvider, ProviderMail } from '../../../src/providers/provider.ts'
import { MAIL, PICTURED, PIXEL } from './mail.ts'

type Api = Pick<typeof resendApi, 'host' | 'accepted' | 'down' | 'conflict'> & {
  read(request: Request, body: string): Envelope | Response | Promise<Envelope | Response>
}
const mailgunIn = (region: 'us' | 'eu') => mailgun({ apiKey: 'key-1', domain: 'mg.acme.example', region })

const ALL: [string, HttpProvider<ProviderMail>, Api][] = [
  ['Resend', resend({ apiKey: 're_1' }), resendApi],
  ['Postmark', postmark({ token: 'pm-1', stream: 'outbound' }), postmarkApi],
  ['SendGrid', sendgrid({ apiKey: 'SG.1' }), sendgridApi],
  ['Mailgun', mailgunIn('us'), mailgunApi],
  ['Mailgun in the EU', mailgunIn('eu'), mailgunEu],
  ['SES', ses({ accessKeyId: 'AKID', secretAccessKey: 'secret', region: 'eu-central-1' }), sesApi],
]

async function taken(api: Api, request: Request): Promise<Envelope | Response> {
  return api.read(request, new TextDecoder().decode(await request.clone().arrayBuffer()))
}

/** The answer's form, as the adapter reads it. */
async function readBy(provider: HttpProvider<ProviderMail>, answer: Response) {
  return provider.read(answer.status, await answer.text(), answer.headers)
}

/** The request with something else in it. */
async function changed(request: Request, change: { url?: string; method?: string; headers?: Record<string, string> }) {
  const headers = new Headers(request.headers)
  for (const [name, value] of Object.entries(change.headers ?? {})) headers.set(name, value)
  const method = change.method ?? request.method
  const body = method === 'GET' ? null : await request.arrayBuffer()
  return new Request(new URL(change.url ?? request.url, request.url), { method, headers, body })
}

describe.each(ALL)('%s', (name, provider, api) => {
  it('is understood', async () => {
    const request = await provider.request({ ...MAIL, from: { ...MAIL.from, name: 'Acme, Inc.' } })
    expect(new URL(request.url).host).toMatch(new RegExp(`^${api.host.replace('*', '[a-z0-9-]+')}$`))
    const envelope = await taken(api, request)
    expect(envelope).toEqual({
      mail: {
        from: name === 'SendGrid' ? 'Acme, Inc. <sign-in@acme.example>' : '"Acme, Inc." <sign-in@acme.example>',
        to: ['ada@example.com'],
        subject: MAIL.subject,
        text: MAIL.text,
        html: MAIL.html,
      },
      key: name === 'Resend' ? MAIL.id : null,
    })
  })

  it('is understood with every letter', async () => {
    const mail = { ...MAIL, subject: 'Код 482 913 — 会社 🔑', text: 'Größe & <b>\n@id.example.com #482913' }
    const envelope = (await taken(api, await provider.request(mail))) as Envelope
    expect(envelope.mail).toMatchObject({ subject: mail.subject, text: mail.text })
  })

  it('shows a picture where the mail has it', async () => {
    const envelope = (await taken(api, await provider.request(PICTURED))) as Envelope
    expect(envelope.mail.html).toBe(`<img src="data:image/png;base64,${PIXEL.base64}">`)
  })

  it('is answered as its provider would, with an id of its own', async () => {
    const id = '0b0e7d4e-9f3f-4c8e-8f59-3a1f5a0d1c2b'
    expect(await readBy(provider, api.accepted(id))).toEqual({ is: 'accepted', id: expect.stringContaining(id) })
  })

  it('plays outages, which its provider reads as such', async () => {
    for (const status of [500, 429] as const) {
      const answer = api.down(status)
      expect(answer.status).toBe(status)
      expect(await readBy(provider, answer)).toMatchObject({ is: 'later' })
    }
    expect(await readBy(provider, api.conflict())).toMatchObject({ is: 'later' })
  })

  it('is refused without its key, at another place, and by another method', async () => {
    const request = async () => provider.request(MAIL)
    const wrong = [
      changed(await request(), { headers: { authorization: '', 'x-postmark-server-token': '' } }),
      changed(await request(), { url: '/elsewhere' }),
      changed(await request(), { method: 'PUT' }),
    ]
    for (const each of wrong) {
      const answer = await taken(api, await each)
      if (!(answer instanceof Response)) throw new Error('taken')
      expect((await readBy(provider, answer)).is).toBe('later')
    }
  })

  it('is refused to an address that is none, for good', async () => {
    const answer = await taken(api, await provider.request({ ...MAIL, to: 'nobody' }))
    if (!(answer instanceof Response)) throw new Error('taken')
    expect((await readBy(provider, answer)).is).toBe('never')
  })

  it('is refused without a body to it', async () => {
    const answer = await taken(api, await provider.request({ ...MAIL, text: '', html: '' }))
    expect(answer).toBeInstanceOf(Response)
  })
})

it('SES is refused where the signature is for another region', async () => {
  const request = await ALL[5]?.[1].request(MAIL)
  if (!request) throw new Error('no request')
  const moved = await changed(request, { url: 'https://email.us-east-1.amazonaws.com/v2/email/outbound-emails' })
  expect(((await taken(sesApi, moved)) as Response).status).toBe(403)
})
