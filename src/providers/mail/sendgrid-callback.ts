/**
 * SendGrid's event webhook: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event, signature:
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 */

import * as z from 'zod'
import { concat, utf8 } from '../../lib/bytes.ts'
import type { MailReport } from '../../ports.ts'
import { base64Bytes, id, isRecent, lookUp, recipient } from './callback-fields.ts'
import type { Callback } from './callbacks.ts'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' }
const COORDINATE_BYTES = 32

type Meaning = Pick<MailReport, 'event' | 'permanent' | 'detail'>

/** Why it did not even try. Anything else is of the mail or of our account. */
const DROPPED: Record<string, Meaning> = {
  'Bounced Address': { event: 'bounced', permanent: true, detail: 'dropped bounced-address' },
  Invalid: { event: 'bounced', permanent: true, detail: 'dropped invalid' },
  'Spam Reporting Address': { event: 'complained', permanent: true, detail: 'dropped spam-reporting-address' },
  'Unsubscribed Address': { event: 'bounced', permanent: false, detail: 'dropped unsubscribed-address' },
}

const payload = z.object({
  event: z.string(),
  email: recipient,
  timestamp: z.int().min(0).max(999_999_999_999).optional().catch(undefined),
  type: z.string().optional().catch(undefined),
  reason: z.string().optional().catch(undefined),
  status: z
    .string()
    .regex(/^\d\.\d{1,3}\.\d{1,3}$/)
    .optional()
    .catch(undefined),
  // Of `custom_args`: they stand beside the rest.
  message_id: id.default(null),
  project_id: id.default(null),
})

export const sendgridCallback: Callback = {
  async isGenuine({ secret, headers, body, nowMs }) {
    const der = base64Bytes(headers.get('x-twilio-email-event-webhook-signature') ?? '')
    const timestamp = headers.get('x-twilio-email-event-webhook-timestamp') ?? ''
    const spki = base64Bytes(secret)
    const signature = der && rawSignature(der)
    if (!signature || !spki || !isRecent(timestamp, nowMs)) return false
    const key = await crypto.subtle.importKey('spki', spki, ECDSA, false, ['verify'])
    return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, utf8(timestamp + body))
  },

  read(json, nowMs) {
    if (!Array.isArray(json)) return []
    return json.flatMap((entry) => {
      const parsed = payload.safeParse(entry).data
      const meaning = parsed && meaningOf(parsed)
      if (!parsed || !meaning) return []
      const { project_id: projectId, message_id: messageId, email, timestamp } = parsed
      return [{ projectId, messageId, recipient: email, ...meaning, at: timestamp ?? Math.floor(nowMs / 1000) }]
    })
  },
}

function meaningOf({ event, type, reason, status }: z.infer<typeof payload>): Meaning | undefined {
  switch (event) {
    case 'delivered':
    case 'deferred':
      return { event, permanent: false, detail: event }
    case 'bounce': {
      // `blocked`: the server did not want it now, or not from us; the address may be good.
      const kind = type === 'blocked' ? 'blocked' : 'bounce'
      return { event: 'bounced', permanent: type === 'bounce', detail: status ? `${kind} ${status}` : kind }
    }
    case 'dropped':
      return lookUp(DROPPED, reason) ?? { event: 'bounced', permanent: false, detail: 'dropped' }
    case 'spamreport':
      return { event: 'complained', permanent: true, detail: 'spamreport' }
    default:
      return undefined
  }
}

/** RFC 3279 §2.2.3 `SEQUENCE { r INTEGER, s INTEGER }` in DER to r‖s, each of 32 bytes, as WebCrypto wants them. */
function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null
  const r = integerAt(der, 2)
  const s = r && integerAt(der, r.end)
  if (!r || !s || s.end !== der.length) return null
  return new Uint8Array(concat(r.value, s.value))
}

function integerAt(der: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  const length = der[at + 1] ?? 0
  const end = at + 2 + length
  if (der[at] !== 0x02 || length === 0 || end > der.length) return null
  // A zero in front keeps a number positive whose first bit is set.
  const digits = der.subarray(at + 2, end)
  const number = digits[0] === 0 ? digits.subarray(1) : digits
  if (number.length > COORDINATE_BYTES) return null
  const value = new Uint8Array(COORDINATE_BYTES)
  value.set(number, COORDINATE_BYTES - number.length)
  return { value, end }
}
