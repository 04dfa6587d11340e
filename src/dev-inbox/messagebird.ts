/** MessageBird: https://developers.messagebird.com/api/sms-messaging/ and …/api/#api-errors. */

import { jsonObject } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { phoneNumber, senderName } from './parse.ts'

const RECIPIENTS_MAX = 50
const DATA_CODINGS: readonly unknown[] = ['auto', 'plain', 'unicode']

export const messagebird: MailApi = {
  host: 'rest.messagebird.com',
  read,
  accepted: (id) => {
    const name = id.replaceAll('-', '')
    const href = `https://rest.messagebird.com/messages/${name}`
    return Response.json({ id: name, href, direction: 'mt', type: 'sms' }, { status: 201 })
  },
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 21, 'Bad request', null),
  down: (status) =>
    status === 429 ? refusal(429, 2, 'Too many requests', null) : refusal(500, 99, 'Internal error', null),
}

function read(request: Request, body: string): Envelope | Response {
  if (new URL(request.url).pathname !== '/messages') return refusal(404, 98, 'Not found', null)
  if (request.method !== 'POST') return refusal(405, 98, 'Method not allowed', null)
  if (!/^AccessKey \S+$/.test(request.headers.get('authorization') ?? '')) {
    return refusal(401, 2, 'Request not allowed (incorrect access_key)', 'access_key')
  }
  const fields = jsonObject(body) ?? {}
  const to = numbers(fields.recipients)
  const { originator, body: text, datacoding = 'plain' } = fields
  if (!to) return refusal(422, 9, 'no (correct) recipients found', 'recipients')
  if (originator === undefined || originator === '') return refusal(422, 9, 'originator is required', 'originator')
  if (typeof originator !== 'string' || !(phoneNumber(originator) || senderName(originator))) {
    return refusal(422, 10, 'originator is invalid', 'originator')
  }
  if (text === undefined || text === '') return refusal(422, 9, 'body is required', 'body')
  if (typeof text !== 'string') return refusal(422, 10, 'body is invalid', 'body')
  if (!DATA_CODINGS.includes(datacoding)) return refusal(422, 10, 'datacoding is invalid', 'datacoding')
  return { mail: { from: originator, to, subject: '', text, html: '' }, key: null }
}

/** A list, or a text with commas. */
function numbers(recipients: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(recipients) ? recipients : String(recipients ?? '').split(',')
  const found = list.map((value) => phoneNumber(String(value))).filter((value) => value !== undefined)
  return found.length === list.length && found.length > 0 && found.length <= RECIPIENTS_MAX ? found : undefined
}

function refusal(status: number, code: number, description: string, parameter: string | null): Response {
  return Response.json({ errors: [{ code, description, parameter }] }, { status })
}
