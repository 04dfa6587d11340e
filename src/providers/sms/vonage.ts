/**
 * Vonage, once Nexmo. Its SMS API rather than the Messages API, which is for many channels and wants an application.
 * Request and answer: https://developer.vonage.com/en/api/sms, errors: https://developer.vonage.com/en/api-errors/sms
 *
 * `client-ref` comes back in its callbacks and is no idempotency key: when its answer is lost, the next attempt may
 * deliver twice.
 */

import * as z from 'zod'
import { parseJson } from '../answer.ts'
import type { TextProvider } from '../provider.ts'
import { isGsm } from './gsm.ts'

/** `from`: a number in E.164, or an alphanumeric sender. */
export type VonageAccount = { apiKey: string; apiSecret: string; from: string }

/** A long text is several messages. Those that were refused have a status and no id. */
const answer = z.object({
  messages: z
    .array(z.object({ status: z.string().regex(/^[0-9]{1,3}$/), 'message-id': z.string().max(200).optional() }))
    .min(1),
})

const ACCEPTED = '0'
/** Statuses of this number or this text. 3 (an invalid parameter) may as well be the sender. */
const PERMANENT = [
  '6', // cannot be processed, such as an unknown prefix
  '7', // the number is barred
  '12', // too long
  '33', // the number is deactivated
]

export function vonage({ apiKey, apiSecret, from }: VonageAccount): TextProvider {
  return {
    name: 'vonage',
    request: ({ id, to, senderId, text }) =>
      new Request('https://rest.nexmo.com/sms/json', {
        method: 'POST',
        headers: { 'user-agent': 'latchkey' },
        body: new URLSearchParams({
          api_key: apiKey,
          api_secret: apiSecret,
          from: withoutPlus(senderId ?? from),
          to: withoutPlus(to),
          text,
          // As text, a character outside the alphabet arrives as a question mark.
          type: isGsm(text) ? 'text' : 'unicode',
          'client-ref': id,
        }),
      }),
    read(status, body) {
      const messages = answer.safeParse(parseJson(body)).data?.messages ?? []
      const failed = messages.find((message) => message.status !== ACCEPTED)?.status
      // A refusal also comes with 200: what counts is the status in each message.
      if (failed !== undefined) {
        const isRefused = status < 500 && PERMANENT.includes(failed)
        return { is: isRefused ? 'never' : 'later', detail: `${status} ${failed}` }
      }
      const isTaken = status >= 200 && status < 300 && messages.length > 0
      return isTaken
        ? { is: 'accepted', id: messages[0]?.['message-id'] ?? null }
        : { is: 'later', detail: `${status}` }
    },
  }
}

const withoutPlus = (number: string): string => number.replace(/^\+/, '')
