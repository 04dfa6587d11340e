/** Twilio: https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/api/errors. */

import { basicCredentials } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { phoneNumber, senderName } from './parse.ts'

const BODY_LENGTH_MAX = 1600

export const twilio: MailApi = {
  host: 'api.twilio.com',
  read,
  accepted: (id) =>
    Response.json(
      { sid: `SM${id.replaceAll('-', '')}`, status: 'queued', direction: 'outbound-api', error_code: null },
      { status: 201 },
    ),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 20409, 'Conflict'),
  down: (status) =>
    status === 429 ? refusal(429, 20429, 'Too Many Requests') : refusal(500, 20500, 'Internal Server Error'),
}

function read(request: Request, body: string): Envelope | Response {
  const { pathname } = new URL(request.url)
  const [, account] = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages\.json$/.exec(pathname) ?? []
  if (account === undefined) return refusal(404, 20404, `The requested resource ${pathname} was not found`)
  if (request.method !== 'POST') return refusal(405, 20004, 'Method not allowed')
  if (!isSignedIn(request, account)) return refusal(401, 20003, 'Authenticate')

  const fields = new URLSearchParams(body)
  const to = fields.get('To') ?? ''
  const from = fields.get('MessagingServiceSid') ?? fields.get('From') ?? ''
  const text = fields.get('Body') ?? ''
  if (to === '') return refusal(400, 21604, "A 'To' phone number is required.")
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`)
  if (from === '') return refusal(400, 21603, "A 'From' phone number is required.")
  if (!isSender(from, fields.has('MessagingServiceSid'))) {
    return refusal(
      400,
      21212,
      `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`,
    )
  }
  if (text === '') return refusal(400, 21602, 'Message body is required.')
  if (text.length > BODY_LENGTH_MAX) {
    return refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit.')
  }
  return { mail: { from, to: [to], subject: '', text, html: '' }, key: null }
}

function isSender(from: string, isService: boolean): boolean {
  return isService ? /^MG[0-9a-fA-F]{32}$/.test(from) : phoneNumber(from) !== undefined || senderName(from)
}

/** The user is the account, or an API key of it. */
function isSignedIn(request: Request, account: string): boolean {
  const { user = '', password = '' } = basicCredentials(request) ?? {}
  return password !== '' && (encodeURIComponent(user) === account || user.startsWith('SK'))
}

function refusal(status: number, code: number, message: string): Response {
  return Response.json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, { status })
}
