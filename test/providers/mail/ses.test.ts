import { describe, expect, it } from 'vitest'
import { hex, utf8 } from '../../../src/lib/bytes.ts'
import { hmac, importHmacKey, sha256 } from '../../../src/lib/digest.ts'
import { ses } from '../../../src/providers/mail/ses.ts'
import { asked, HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED, PIXEL, quoted } from './mail.ts'

const ID = 'AKIDEXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const provider = ses({ accessKeyId: ID, secretAccessKey: SECRET, region: 'eu-central-1' })

/** Signature version 4 once more, from its specification. */
async function signatureOf(request: Request): Promise<string> {
  const { pathname } = new URL(request.url)
  const date = request.headers.get('x-amz-date') ?? ''
  const names = /SignedHeaders=([^,]+)/.exec(request.headers.get('authorization') ?? '')?.[1]?.split(';') ?? []
  const headers = names.map(
    (name) => `${name}:${name === 'host' ? new URL(request.url).host : request.headers.get(name)}\n`,
  )
  const bodyHash = hex(await sha256(new Uint8Array(await request.clone().arrayBuffer())))
  const canonical = [request.method, pathname, '', headers.join(''), names.join(';'), bodyHash].join('\n')
  const scope = [date.slice(0, 8), 'eu-central-1', 'ses', 'aws4_request']
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), hex(await sha256(utf8(canonical)))].join('\n')
  let key = utf8(`AWS4${SECRET}`)
  for (const part of [...scope, toSign]) key = await hmac(await importHmacKey(key), utf8(part))
  return hex(key)
}

describe('Amazon SES', () => {
  it('is asked as its documentation of SendEmail (API v2) says', async () => {
    const { method, url, headers, body } = await asked(provider)
    expect([method, url]).toEqual(['POST', 'https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails'])
    expect(headers).toEqual({
      authorization: expect.any(String),
      'content-type': 'application/json',
      'user-agent': 'latchkey',
      'x-amz-date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
    })
    expect(body).toEqual({
      FromEmailAddress: 'Acme <sign-in@acme.example>',
      Destination: { ToAddresses: ['ada@example.com'] },
      Content: {
        Simple: {
          Subject: { Data: MAIL.subject, Charset: 'UTF-8' },
          Body: { Text: { Data: MAIL.text, Charset: 'UTF-8' }, Html: { Data: MAIL.html, Charset: 'UTF-8' } },
          Headers: [{ Name: 'Auto-Submitted', Value: 'auto-generated' }],
        },
      },
      EmailTags: [
        { Name: 'message_id', Value: MAIL.id },
        { Name: 'project_id', Value: MAIL.projectId },
      ],
    })
  })

  it('is asked under a signature that holds for this mail, and that says nothing of the secret', async () => {
    const request = await provider.request(PICTURED)
    const authorization = request.headers.get('authorization') ?? ''
    const day = (request.headers.get('x-amz-date') ?? '').slice(0, 8)
    expect(authorization).toContain(`AWS4-HMAC-SHA256 Credential=${ID}/${day}/eu-central-1/ses/aws4_request, `)
    expect(authorization).toContain('SignedHeaders=host;x-amz-date')
    expect(authorization).toContain(`Signature=${await signatureOf(request)}`)
    expect(JSON.stringify([...request.headers]) + (await request.text())).not.toContain(SECRET)
  })

  it('gets pictures as inline attachments with a content id', async () => {
    expect((await asked(provider, PICTURED)).body.Content.Simple.Attachments).toEqual([
      {
        FileName: 'logo.png',
        ContentType: 'image/png',
        ContentDisposition: 'INLINE',
        ContentId: 'logo',
        ContentTransferEncoding: 'BASE64',
        RawContent: PIXEL.base64,
      },
    ])
  })

  it.each(NAMES.filter(([, shown]) => /^[\x20-\x7e]*$/.test(shown)))('from %j', async (name, shown) => {
    const { body } = await asked(provider, { from: { ...MAIL.from, name } })
    expect(body.FromEmailAddress).toBe(`${quoted(shown)} <sign-in@acme.example>`)
  })

  it.each(['Ünïcode GmbH', '会社'.repeat(50), '🔑'.repeat(40), 'Ü"<evil@attacker.example>'])(
    'from %j, in encoded words of at most 75 characters (RFC 2047 §2)',
    async (name) => {
      const from = String((await asked(provider, { from: { ...MAIL.from, name } })).body.FromEmailAddress)
      expect(from).toMatch(/^[\x20-\x7e]+ <sign-in@acme\.example>$/)
      const words = from.split(' ').slice(0, -1)
      const parts = words.map((word) => {
        expect(word.length).toBeLessThanOrEqual(75)
        const [, base64 = ''] = /^=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=$/.exec(word) ?? []
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
          Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)),
        )
      })
      expect(parts.join('')).toBe(name.replace(/[<>"]/g, ''))
    },
  )

  it('has a subject of one line', async () => {
    const { body } = await asked(provider, { subject: HOSTILE_SUBJECT })
    expect(body.Content.Simple.Subject.Data).toBe(HARMLESS_SUBJECT)
  })

  it('has accepted when it gives an id', () => {
    const id = '0107018e1a2b3c4d-11111111-2222-3333-4444-555555555555-000000'
    expect(provider.read(200, JSON.stringify({ MessageId: id }))).toEqual({ is: 'accepted', id })
  })

  // …/API_SendEmail.html#API_SendEmail_Errors and …/CommonErrors.html
  it.each([
    [400, 'AccountSuspendedException', 'later'],
    [400, 'BadRequestException', 'never'],
    [400, 'LimitExceededException', 'later'],
    [400, 'MailFromDomainNotVerifiedException', 'later'],
    [400, 'MessageRejected', 'never'],
    [404, 'NotFoundException', 'later'],
    [400, 'SendingPausedException', 'later'],
    [429, 'TooManyRequestsException', 'later'],
    [403, 'InvalidClientTokenId', 'later'],
    [403, 'SignatureDoesNotMatch', 'later'],
    [500, 'InternalFailure', 'later'],
    [503, 'ServiceUnavailable', 'later'],
  ])('%i %s: %s', (status, name, is) => {
    const message = 'ada@example.com cannot be sent to'
    const expected = { is, detail: `${status} ${name}` }
    const headers = new Headers({ 'x-amzn-ErrorType': `${name}:http://internal.amazon.com/coral/com.amazonaws.sesv2/` })
    expect(provider.read(status, JSON.stringify({ message }), headers)).toEqual(expected)
    expect(provider.read(status, JSON.stringify({ message, __type: `com.amazonaws.sesv2#${name}` }))).toEqual(expected)
    expect(provider.read(status, JSON.stringify({ message, code: name }))).toEqual(expected)
  })

  it('is not done with a mail whose sender is not verified yet', () => {
    const message = 'Email address is not verified. The following identities failed the check in region EU-CENTRAL-1'
    const headers = new Headers({ 'x-amzn-errortype': 'MessageRejected' })
    const later = { is: 'later', detail: '400 MessageRejected' }
    expect(provider.read(400, JSON.stringify({ message }), headers)).toEqual(later)
    expect(provider.read(400, JSON.stringify({ Message: message }), headers)).toEqual(later)
  })

  it.each([
    [200, '{"message":"no"}', 'later', '200'],
    [200, '<html>', 'later', '200'],
    [302, '', 'later', '302'],
    [400, '{"message":"no name"}', 'later', '400'],
    [400, '{"__type":"<script>"}', 'later', '400'],
    [413, '', 'never', '413'],
    [502, '<html>', 'later', '502'],
  ])('%i %s: %s', (status, body, is, detail) => {
    expect(provider.read(status, body)).toEqual({ is, detail })
  })
})
