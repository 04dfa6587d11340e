/** Amazon SES, API v2: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and …/CommonErrors.html. */

import { isObject, jsonObject, objectsIn, withPictures } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { bareAddress } from './parse.ts'

export const ses: MailApi = {
  host: 'email.*.amazonaws.com',
  read,
  accepted: (id) => Response.json({ MessageId: id }),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 'ConflictException', 'Conflict'),
  down: (status) =>
    status === 429
      ? refusal(429, 'TooManyRequestsException', 'Too many requests have been made to the operation.')
      : refusal(500, 'InternalFailure', 'The request processing has failed because of an unknown error.'),
}

/** The form of a signature is looked at, not whether it is right: the inbox knows no keys. */
const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=[^/\s]+\/\d{8}\/([a-z0-9-]+)\/ses\/aws4_request, ?SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, ?Signature=[0-9a-f]{64}$/

function read(request: Request, body: string): Envelope | Response {
  const { pathname, hostname } = new URL(request.url)
  if (pathname !== '/v2/email/outbound-emails' || request.method !== 'POST') {
    return refusal(404, 'UnknownOperationException', '')
  }
  const [, region] = SIGNATURE.exec(request.headers.get('authorization') ?? '') ?? []
  if (region === undefined || !/^\d{8}T\d{6}Z$/.test(request.headers.get('x-amz-date') ?? '')) {
    return refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  if (hostname !== `email.${region}.amazonaws.com`) {
    return refusal(403, 'SignatureDoesNotMatchException', `Credential should be scoped to a valid region.`)
  }
  const fields = jsonObject(body)
  if (!fields) return refusal(400, 'SerializationException', '')

  const at = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), fields)
  const { FromEmailAddress: from } = fields
  const addresses = at('Destination.ToAddresses')
  const to = Array.isArray(addresses) ? addresses.map((each) => bareAddress(String(each))) : []
  const subject = at('Content.Simple.Subject.Data')
  const text = at('Content.Simple.Body.Text.Data') ?? ''
  const html = at('Content.Simple.Body.Html.Data') ?? ''
  if (typeof from !== 'string' || bareAddress(from) === undefined) return badRequest('Invalid FromEmailAddress')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: whether it is ASCII
  if (/[^\x00-\x7f]/.test(from)) return badRequest('Non-ASCII characters in the sender must be encoded words.')
  if (to.length === 0 || !to.every((address) => address !== undefined)) return badRequest('Illegal address')
  if (typeof subject !== 'string') return badRequest('Content.Simple.Subject is required')
  if (typeof text !== 'string' || typeof html !== 'string' || text + html === '') {
    return badRequest('Content.Simple.Body is required')
  }
  const tags = objectsIn(fields.EmailTags).flatMap(({ Name, Value }) => [Name, Value])
  if (tags.some((tag) => !/^[\w.@-]{1,256}$/.test(String(tag)))) return badRequest('Invalid EmailTags')
  const pictures = objectsIn(at('Content.Simple.Attachments')).map((each) => ({
    contentId: each.ContentId,
    type: each.ContentType,
    base64: each.RawContent,
  }))
  return { mail: { from, to, subject, text, html: withPictures(html, pictures) }, key: null }
}

const badRequest = (message: string) => refusal(400, 'BadRequestException', message)

function refusal(status: number, name: string, message: string): Response {
  return Response.json({ message }, { status, headers: { 'x-amzn-errortype': name } })
}
