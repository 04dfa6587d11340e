/** Postmark: https://postmarkapp.com/developer/api/email-api and https://postmarkapp.com/developer/api/overview#error-codes. */

import { isObject, jsonObject, objectsIn, withPictures } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { bareAddress } from './parse.ts'

const METADATA_NAME_MAX = 20
const METADATA_VALUE_MAX = 80

export const postmark: MailApi = {
  host: 'api.postmarkapp.com',
  read,
  accepted: (id) =>
    Response.json({ SubmittedAt: new Date().toISOString(), MessageID: id, ErrorCode: 0, Message: 'OK' }),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 409, 'Conflict'),
  down: (status) =>
    status === 429
      ? refusal(429, 429, 'Rate limit exceeded')
      : new Response('Internal Server Error', { status: 500, headers: { 'content-type': 'text/plain' } }),
}

function read(request: Request, body: string): Envelope | Response {
  if (new URL(request.url).pathname !== '/email' || request.method !== 'POST')
    return new Response(null, { status: 404 })
  if (!request.headers.get('x-postmark-server-token')) {
    return refusal(401, 10, 'No Account or Server API tokens were supplied in the HTTP headers.')
  }
  const wantsJson = ['accept', 'content-type'].every((name) =>
    /^application\/json/.test(request.headers.get(name) ?? ''),
  )
  if (!wantsJson) return refusal(422, 409, 'The Accept and Content-Type headers must be application/json.')
  const fields = jsonObject(body)
  if (!fields) return refusal(422, 402, 'Received invalid JSON input.')

  const { From, To, Subject = '', HtmlBody = '', TextBody = '', Metadata = {} } = fields
  if (typeof From !== 'string' || bareAddress(From) === undefined) return refusal(422, 300, "Invalid 'From' address.")
  const to = typeof To === 'string' ? To.split(',').map(bareAddress) : []
  if (to.length === 0 || !to.every((address) => address !== undefined)) {
    return refusal(422, 300, "Invalid 'To' address.")
  }
  if (typeof Subject !== 'string' || typeof HtmlBody !== 'string' || typeof TextBody !== 'string') {
    return refusal(422, 403, 'Subject, HtmlBody and TextBody must be strings.')
  }
  if (HtmlBody === '' && TextBody === '') return refusal(422, 300, 'Provide either email TextBody or HtmlBody or both.')
  if (!isMetadata(Metadata)) return refusal(422, 300, 'Invalid metadata content.')
  const pictures = objectsIn(fields.Attachments).map(({ ContentID, ContentType, Content }) => ({
    contentId: String(ContentID).replace(/^cid:/, ''),
    type: ContentType,
    base64: Content,
  }))
  return {
    mail: { from: From, to, subject: Subject, text: TextBody, html: withPictures(HtmlBody, pictures) },
    key: null,
  }
}

function isMetadata(value: unknown): boolean {
  const fits = ([name, text]: [string, unknown]) =>
    name.length <= METADATA_NAME_MAX && typeof text === 'string' && text.length <= METADATA_VALUE_MAX
  return isObject(value) && Object.entries(value).every(fits)
}

function refusal(status: number, ErrorCode: number, Message: string): Response {
  return Response.json({ ErrorCode, Message }, { status })
}
