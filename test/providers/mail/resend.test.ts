import { describe, expect, it } from 'vitest'
import { resend } from '../../../src/providers/mail/resend.ts'
import { asked, HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED, PIXEL, quoted } from './mail.ts'

const provider = resend({ apiKey: 're_123456789' })

describe('Resend', () => {
  it('is asked as https://resend.com/docs/api-reference/emails/send-email says', async () => {
    expect(await asked(provider)).toEqual({
      method: 'POST',
      url: 'https://api.resend.com/emails',
      headers: {
        authorization: 'Bearer re_123456789',
        'content-type': 'application/json',
        'idempotency-key': MAIL.id,
        // Without one: 403, error code 1010.
        'user-agent': 'latchkey',
      },
      body: {
        from: 'Acme <sign-in@acme.example>',
        to: ['ada@example.com'],
        subject: MAIL.subject,
        html: MAIL.html,
        text: MAIL.text,
        headers: { 'Auto-Submitted': 'auto-generated' },
        tags: [
          { name: 'message_id', value: MAIL.id },
          { name: 'project_id', value: MAIL.projectId },
        ],
      },
    })
  })

  it('gets pictures as attachments with a content id, and a name that fits the type', async () => {
    expect((await asked(provider, PICTURED)).body.attachments).toEqual([
      { content: PIXEL.base64, filename: 'logo.png', content_type: 'image/png', content_id: 'logo' },
    ])
  })

  it.each(NAMES)('from %j', async (name, shown) => {
    const { body } = await asked(provider, { from: { ...MAIL.from, name } })
    expect(body.from).toBe(`${quoted(shown)} <sign-in@acme.example>`)
  })

  it('from nobody but the address, where no name is left', async () => {
    expect((await asked(provider, { from: { ...MAIL.from, name: '<>"' } })).body.from).toBe('sign-in@acme.example')
  })

  it('has a subject of one line', async () => {
    expect((await asked(provider, { subject: HOSTILE_SUBJECT })).body.subject).toBe(HARMLESS_SUBJECT)
  })

  it('has accepted when it gives an id', () => {
    expect(provider.read(200, '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}')).toEqual({
      is: 'accepted',
      id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794',
    })
    expect(provider.read(201, '{"id":"1","object":"email"}')).toEqual({ is: 'accepted', id: '1' })
  })

  // https://resend.com/docs/api-reference/errors. What is wrong with this one mail is refused for good; the moment, our key,
  // our domain and our quota may be better in a minute, or with the next provider.
  it.each([
    [400, 'invalid_idempotency_key', 'later'],
    [400, 'validation_error', 'never'],
    [401, 'missing_api_key', 'later'],
    [401, 'restricted_api_key', 'later'],
    [403, 'invalid_api_key', 'later'],
    [403, 'suspended_api_key', 'later'],
    [403, 'validation_error', 'later'],
    [404, 'not_found', 'later'],
    [405, 'method_not_allowed', 'later'],
    [409, 'invalid_idempotent_request', 'later'],
    [409, 'concurrent_idempotent_requests', 'later'],
    [422, 'invalid_attachment', 'never'],
    [422, 'invalid_from_address', 'later'],
    [422, 'invalid_access', 'later'],
    [422, 'invalid_parameter', 'never'],
    [422, 'invalid_region', 'later'],
    [422, 'missing_required_field', 'never'],
    [422, 'validation_error', 'never'],
    [429, 'daily_quota_exceeded', 'later'],
    [429, 'monthly_quota_exceeded', 'later'],
    [429, 'rate_limit_exceeded', 'later'],
    [451, 'security_error', 'later'],
    [500, 'application_error', 'later'],
    [500, 'internal_server_error', 'later'],
  ])('%i %s: %s', (status, name, is) => {
    const body = JSON.stringify({ statusCode: status, name, message: 'The `to` field is ada@example.com' })
    expect(provider.read(status, body)).toEqual({ is, detail: `${status} ${name}` })
  })

  it.each([
    [200, '{"name":"application_error","message":"taken back"}', '200 application_error'],
    [200, '', '200'],
    [200, 'OK', '200'],
    [200, '[]', '200'],
    [200, 'null', '200'],
    [200, '{"id":5}', '200'],
    [302, '', '302'],
    // Its edge answers in plain text when it limits.
    [422, 'local_rate_limited', '422'],
    [502, '<html>Bad Gateway</html>', '502'],
    [500, '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}', '500'],
  ])('%i %j is no acceptance and no refusal for good', (status, body, detail) => {
    expect(provider.read(status, body)).toEqual({ is: 'later', detail })
  })
})
