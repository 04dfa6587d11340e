/** Resend: https://resend.com/docs/api-reference/emails/send-email and …/errors. */

import { jsonObject, objectsIn, withPictures } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { bareAddress } from './parse.ts'

const RETRY_AFTER_SECONDS = 5
const RECIPIENTS_MAX = 50
const KEY_LENGTH_MAX = 256

export const resend: MailApi = {
  host: 'api.resend.com',
  read,
  accepted: (id) => Response.json({ id }),
  conflict: () =>
    refusal(409, 'invalid_idempotent_request', 'Same idempotency key used with a different request payload.'),
  down: (status) =>
    status === 429
      ? refusal(429, 'rate_limit_exceeded', 'Too many requests. Please limit the number of requests per second.')
      : refusal(500, 'internal_server_error', 'An unexpected error occurred.'),
}

function read(request: Request, body: string): Envelope | Response {
  if (new URL(request.url).pathname !== '/emails') {
    return refusal(404, 'not_found', 'The requested endpoint does not exist.')
  }
  if (request.method !== 'POST') {
    return refusal(405, 'method_not_allowed', 'Method is not allowed for the requested path.')
  }
  if (!/^Bearer \S+$/.test(request.headers.get('authorization') ?? '')) {
    return refusal(401, 'missing_api_key', 'Missing API key in the authorization header.')
  }
  const key = request.headers.get('idempotency-key')
  if (key !== null && (key.length < 1 || key.length > KEY_LENGTH_MAX)) {
    return refusal(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars.')
  }
  const fields = jsonObject(body)
  if (!fields) return refusal(400, 'validation_error', 'The request body must be a JSON object.')

  const missing = ['from', 'to', 'subject'].find((name) => fields[name] === undefined)
  if (missing) return refusal(422, 'missing_required_field', `Missing \`${missing}\` field.`)
  const { from, subject, html = '', text = '' } = fields
  const to = addresses(fields.to)
  if (typeof from !== 'string' || bareAddress(from) === undefined) return badAddress('from')
  if (!to) return badAddress('to')
  if (typeof subject !== 'string' || typeof html !== 'string' || typeof text !== 'string') {
    return refusal(422, 'validation_error', '`subject`, `html` and `text` must be strings.')
  }
  if (html === '' && text === '') return refusal(422, 'missing_required_field', 'Missing `html` or `text` field.')
  const pictures = objectsIn(fields.attachments).map((each) => ({
    contentId: each.content_id,
    type: each.content_type,
    base64: each.content,
  }))
  return { mail: { from, to, subject, text, html: withPictures(html, pictures) }, key }
}

function addresses(to: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(to) ? to : [to]
  const bare = list.map((value) => (typeof value === 'string' ? bareAddress(value) : undefined))
  const found = bare.filter((value) => value !== undefined)
  return found.length === bare.length && found.length > 0 && found.length <= RECIPIENTS_MAX ? found : undefined
}

function badAddress(field: 'from' | 'to'): Response {
  const format = 'The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.'
  return refusal(422, 'validation_error', `Invalid \`${field}\` field. ${format}`)
}

function refusal(statusCode: number, name: string, message: string): Response {
  const headers = statusCode === 429 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}
  return Response.json({ statusCode, name, message }, { status: statusCode, headers })
}
