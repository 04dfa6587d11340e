import { describe, expect, it } from 'vitest'
import { sendgrid } from '../../../src/providers/mail/sendgrid.ts'
import { asked, HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED, PIXEL } from './mail.ts'

const provider = sendgrid({ apiKey: 'SG.secret' })

describe('SendGrid', () => {
  it('is asked as https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send says, and tracks nothing', async () => {
    expect(await asked(provider)).toEqual({
      method: 'POST',
      url: 'https://api.sendgrid.com/v3/mail/send',
      headers: { authorization: 'Bearer SG.secret', 'content-type': 'application/json', 'user-agent': 'latchkey' },
      body: {
        personalizations: [{ to: [{ email: 'ada@example.com' }] }],
        from: { email: 'sign-in@acme.example', name: 'Acme' },
        subject: MAIL.subject,
        content: [
          { type: 'text/plain', value: MAIL.text },
          { type: 'text/html', value: MAIL.html },
        ],
        headers: { 'Auto-Submitted': 'auto-generated' },
        custom_args: { message_id: MAIL.id, project_id: MAIL.projectId },
        tracking_settings: {
          click_tracking: { enable: false, enable_text: false },
          open_tracking: { enable: false },
          subscription_tracking: { enable: false },
          ganalytics: { enable: false },
        },
      },
    })
  })

  it('gets pictures as inline attachments with a content id', async () => {
    expect((await asked(provider, PICTURED)).body.attachments).toEqual([
      { content: PIXEL.base64, filename: 'logo.png', type: 'image/png', disposition: 'inline', content_id: 'logo' },
    ])
  })

  it.each(NAMES)('from %j', async (name, shown) => {
    const { body } = await asked(provider, { from: { ...MAIL.from, name } })
    expect(body.from).toEqual({ email: 'sign-in@acme.example', name: shown })
  })

  it('from nobody but the address, where no name is left', async () => {
    const { body } = await asked(provider, { from: { ...MAIL.from, name: '<>' } })
    expect(body.from).toEqual({ email: 'sign-in@acme.example' })
  })

  it('has a subject of one line', async () => {
    expect((await asked(provider, { subject: HOSTILE_SUBJECT })).body.subject).toBe(HARMLESS_SUBJECT)
  })

  it('has accepted with 202 and an empty body; the id is in a header', () => {
    expect(provider.read(202, '', new Headers({ 'X-Message-Id': '14c5d75ce93' }))).toEqual({
      is: 'accepted',
      id: '14c5d75ce93',
    })
    expect(provider.read(202, '')).toEqual({ is: 'accepted', id: null })
  })

  // …/mail-send/errors and …/how-to-use-the-sendgrid-v3-api/responses
  it.each([
    [400, 'personalizations.0.to.0.email', 'never'],
    [400, 'subject', 'never'],
    [400, 'content.0.value', 'never'],
    [400, 'attachments.0.content', 'never'],
    [400, 'from.email', 'later'],
    [400, null, 'later'],
    [401, null, 'later'],
    [403, 'from', 'later'],
    [404, null, 'later'],
    [405, null, 'later'],
    [413, null, 'never'],
    [415, null, 'later'],
    [429, null, 'later'],
    [500, null, 'later'],
    [503, null, 'later'],
    // The status alone says nothing.
    [200, 'personalizations.0.to.0.email', 'later'],
    [202, 'personalizations.0.to.0.email', 'later'],
  ])('%i of %s: %s', (status, field, is) => {
    const body = JSON.stringify({ errors: [{ message: 'ada@example.com is not valid', field, help: null }] })
    expect(provider.read(status, body)).toEqual({ is, detail: `${status}` })
  })

  it('is not done with a mail whose sender is wrong as well', () => {
    const errors = ['personalizations.0.to.0.email', 'from.email'].map((field) => ({ message: '', field }))
    expect(provider.read(400, JSON.stringify({ errors }))).toEqual({ is: 'later', detail: '400' })
  })

  it.each([200, 202, 302, 400, 500])('%i with a page is no answer', (status) => {
    expect(provider.read(status, '<html>')).toEqual({ is: 'later', detail: `${status}` })
  })
})
