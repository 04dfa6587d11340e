/** SendGrid: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and …/mail-send/errors. */

import { jsonObject, objectsIn, withPictures } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { bareAddress } from './parse.ts'

export const sendgrid: MailApi = {
  host: 'api.sendgrid.com',
  read,
  accepted: (id) => new Response(null, { status: 202, headers: { 'x-message-id': id } }),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 'conflict', null),
  down: (status) =>
    status === 429 ? refusal(429, 'too many requests', null) : refusal(500, 'internal server error', null),
}

function read(request: Request, body: string): Envelope | Response {
  if (new URL(request.url).pathname !== '/v3/mail/send') return refusal(404, 'not found', null)
  if (request.method !== 'POST') return refusal(405, 'method not allowed', null)
  if (!/^Bearer \S+$/.test(request.headers.get('authorization') ?? '')) {
    return refusal(401, 'The provided authorization grant is invalid, expired, or revoked', null)
  }
  const fields = jsonObject(body)
  if (!fields) return refusal(400, 'Bad Request', null)

  const { from, subject } = fields
  const [sender] = objectsIn([from])
  if (!isAddress(sender?.email)) return refusal(400, 'The from email does not contain a valid address.', 'from.email')
  const personalizations = objectsIn(fields.personalizations)
  if (personalizations.length === 0) {
    return refusal(400, 'The personalizations field is required and must have at least one item.', 'personalizations')
  }
  const to = personalizations.flatMap((each) => objectsIn(each.to).map(({ email }) => email))
  if (to.length === 0 || !to.every(isAddress)) {
    return refusal(400, 'Does not contain a valid address.', 'personalizations.0.to.0.email')
  }
  if (typeof subject !== 'string' || subject === '') {
    return refusal(400, 'The subject is required.', 'subject')
  }
  const content = objectsIn(fields.content)
  if (content.length === 0) return refusal(400, 'The content is required.', 'content')
  if (content.some(({ value }) => typeof value !== 'string' || value === '')) {
    return refusal(400, 'The content value must be a string at least one character in length.', 'content.0.value')
  }
  // Its own rule: the plain text, then the HTML, then anything else.
  if (content.findIndex(({ type }) => type === 'text/plain') > 0) {
    return refusal(400, 'If present, text/plain and text/html may only be provided once, and in this order.', 'content')
  }
  const partOf = (type: string) => String(content.find((each) => each.type === type)?.value ?? '')
  const pictures = objectsIn(fields.attachments).map((each) => ({
    contentId: each.content_id,
    type: each.type,
    base64: each.content,
  }))
  const name = typeof sender?.name === 'string' && sender.name !== '' ? sender.name : null
  return {
    mail: {
      from: name === null ? sender.email : `${name} <${sender.email}>`,
      to,
      subject,
      text: partOf('text/plain'),
      html: withPictures(partOf('text/html'), pictures),
    },
    key: null,
  }
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && bareAddress(value) === value
}

function refusal(status: number, message: string, field: string | null): Response {
  return Response.json({ errors: [{ message, field, help: null }] }, { status })
}
