import { describe, expect, it } from 'vitest'
import { postmark } from '../../../src/providers/mail/postmark.ts'
import { asked, HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED, PIXEL, quoted } from './mail.ts'

const provider = postmark({ token: 'ed742D75-5a45-49b6-a0a1-5b9ec3dc9e5d', stream: 'outbound' })

describe('Postmark', () => {
  it('is asked as https://postmarkapp.com/developer/api/email-api says, and tracks nothing', async () => {
    expect(await asked(provider)).toEqual({
      method: 'POST',
      url: 'https://api.postmarkapp.com/email',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'latchkey',
        'x-postmark-server-token': 'ed742D75-5a45-49b6-a0a1-5b9ec3dc9e5d',
      },
      body: {
        From: 'Acme <sign-in@acme.example>',
        To: 'ada@example.com',
        Subject: MAIL.subject,
        HtmlBody: MAIL.html,
        TextBody: MAIL.text,
        Headers: [{ Name: 'Auto-Submitted', Value: 'auto-generated' }],
        MessageStream: 'outbound',
        Metadata: { message_id: MAIL.id, project_id: MAIL.projectId },
        TrackOpens: false,
        TrackLinks: 'None',
      },
    })
  })

  it('gets pictures as attachments with a content id', async () => {
    expect((await asked(provider, PICTURED)).body.Attachments).toEqual([
      { Name: 'logo.png', Content: PIXEL.base64, ContentType: 'image/png', ContentID: 'cid:logo' },
    ])
  })

  it.each(NAMES)('from %j', async (name, shown) => {
    const { body } = await asked(provider, { from: { ...MAIL.from, name } })
    expect(body.From).toBe(`${quoted(shown)} <sign-in@acme.example>`)
  })

  it('has a subject of one line', async () => {
    expect((await asked(provider, { subject: HOSTILE_SUBJECT })).body.Subject).toBe(HARMLESS_SUBJECT)
  })

  it('has accepted when it says so and gives an id', () => {
    const body = {
      To: 'ada@example.com',
      SubmittedAt: '2014-02-17T07:25:01.4178645-05:00',
      MessageID: '0a129aee-e1cd-480d-b08d-4f48548ff48d',
      ErrorCode: 0,
      Message: 'OK',
    }
    expect(provider.read(200, JSON.stringify(body))).toEqual({ is: 'accepted', id: body.MessageID })
  })

  // https://postmarkapp.com/developer/api/overview#error-codes, those of sending.
  it.each([
    [401, 10, 'No Account or Server API tokens were supplied', 'later'],
    [422, 300, "Invalid 'To' address: 'ada@example.com'.", 'never'],
    [422, 300, "Error parsing 'To': Illegal email domain 'example.com' in address 'ada@example.com'.", 'never'],
    [422, 300, "Invalid 'From' address: 'sign-in@acme.example'.", 'later'],
    [422, 400, 'The Sender Signature was not found', 'later'],
    [422, 401, 'Sender signature not confirmed', 'later'],
    [422, 402, 'Invalid JSON', 'later'],
    [422, 403, 'Invalid request field(s)', 'later'],
    [422, 405, 'Not allowed to send', 'later'],
    [422, 406, 'Found inactive addresses: ada@example.com.', 'never'],
    [422, 409, 'JSON required', 'later'],
    [422, 411, 'Forbidden attachment type', 'never'],
    [422, 412, 'Account is Pending', 'later'],
    [422, 413, 'Account May Not Send', 'later'],
    [429, 429, 'Rate limit exceeded', 'later'],
    // The status alone says nothing.
    [200, 406, 'Found inactive addresses: ada@example.com.', 'never'],
    [200, 405, 'Not allowed to send', 'later'],
  ])('%i with ErrorCode %i, %s: %s', (status, ErrorCode, Message, is) => {
    expect(provider.read(status, JSON.stringify({ ErrorCode, Message }))).toEqual({
      is,
      detail: `${status} ${ErrorCode}`,
    })
  })

  it.each([
    [413, 'never', '413'],
    [500, 'later', '500'],
    [503, 'later', '503'],
    [200, 'later', '200'],
    [302, 'later', '302'],
  ])('%i with a page: %s', (status, is, detail) => {
    expect(provider.read(status, '<html>')).toEqual({ is, detail })
  })

  it('has not accepted without an id', () => {
    expect(provider.read(200, '{"ErrorCode":0,"Message":"OK"}')).toEqual({ is: 'later', detail: '200 0' })
  })
})
