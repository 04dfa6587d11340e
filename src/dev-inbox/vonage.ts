/**
 * Vonage: https://developer.vonage.com/en/api/sms and https://developer.vonage.com/en/api-errors/sms. It refuses with
 * 200 and a status in each message.
 */

import type { Envelope, MailApi } from './mail-api.ts'
import { phoneNumber, senderName } from './parse.ts'

const REFERENCE_LENGTH_MAX = 40
const REQUIRED = ['api_key', 'api_secret', 'from', 'to', 'text']
const TYPES = ['text', 'unicode']

export const vonage: MailApi = {
  host: 'rest.nexmo.com',
  read,
  accepted: (id) =>
    answer({ 'message-id': id.replaceAll('-', '').toUpperCase(), status: '0', 'remaining-balance': '10.00000000' }),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal('3', 'Invalid value for param: client-ref'),
  down: (status) =>
    status === 429
      ? refusal('1', 'Throughput Rate Exceeded - please wait [ 250 ] and retry')
      : new Response('Internal Server Error', { status: 500 }),
}

function read(request: Request, body: string): Envelope | Response {
  if (new URL(request.url).pathname !== '/sms/json') return new Response('Not Found', { status: 404 })
  if (request.method !== 'POST') return new Response('Method Not Allowed', { status: 405, headers: { allow: 'POST' } })

  const fields = new URLSearchParams(body)
  const missing = REQUIRED.find((name) => (fields.get(name) ?? '') === '')
  if (missing) return refusal('2', `Missing ${missing} param`)
  const { to = '', from = '', text = '', type = 'text' } = Object.fromEntries(fields)
  const number = /^\d{7,15}$/.test(to) ? phoneNumber(to) : undefined
  if (number === undefined) return refusal('3', 'to address is not numeric')
  if (phoneNumber(from) === undefined && !senderName(from)) return refusal('15', 'Illegal Sender Address - rejected')
  if (!TYPES.includes(type)) return refusal('3', 'Invalid value for param: type')
  if ((fields.get('client-ref') ?? '').length > REFERENCE_LENGTH_MAX) {
    return refusal('3', 'Invalid value for param: client-ref')
  }
  return { mail: { from, to: [number], subject: '', text, html: '' }, key: null }
}

function refusal(status: string, text: string): Response {
  return answer({ status, 'error-text': text })
}

function answer(message: Record<string, string>): Response {
  return Response.json({ 'message-count': '1', messages: [message] })
}
