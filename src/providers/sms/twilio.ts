/**
 * Twilio. Request and answer: https://www.twilio.com/docs/messaging/api/message-resource,
 * errors: https://www.twilio.com/docs/api/errors. It chooses the encoding itself.
 *
 * It takes no reference of ours and no idempotency key: when its answer is lost, the next attempt may deliver twice.
 */

import * as z from 'zod'
import { parseJson } from '../answer.ts'
import type { TextProvider } from '../provider.ts'

/** `from`: a number in E.164, an alphanumeric sender, or the SID of a messaging service, which chooses the sender. */
export type TwilioAccount = { accountSid: string; authToken: string; from: string }

const created = z.object({
  sid: z.string().min(1).max(200),
  status: z.string(),
  error_code: z.number().int().nullish(),
})
const refused = z.object({ code: z.number().int() })

/** Errors of this number or this text, rather than of the moment, of our account, or of who sends. */
const PERMANENT: readonly number[] = [
  21211, // not a valid number
  21214, // cannot be reached
  21268, // premium rate
  21610, // replied STOP; only START from there opens it again
  21614, // not a mobile number
  21617, // longer than 1,600 characters
]
// 21408 (a region that our account has not enabled) and 21612 (no route from this sender) are ours to put right.

const MESSAGING_SERVICE = /^MG[0-9a-fA-F]{32}$/

export function twilio({ accountSid, authToken, from }: TwilioAccount): TextProvider {
  return {
    name: 'twilio',
    request: ({ to, senderId, text }) => {
      const sender = senderId ?? from
      return new Request(`https://api.twilio.com/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`, 'user-agent': 'latchkey' },
        body: new URLSearchParams({
          To: to,
          [MESSAGING_SERVICE.test(sender) ? 'MessagingServiceSid' : 'From']: sender,
          Body: text,
        }),
      })
    },
    read(status, body) {
      const said = parseJson(body)
      const ok = created.safeParse(said).data
      if (status >= 200 && status < 300 && ok) {
        const isTaken = !ok.error_code && ok.status !== 'failed' && ok.status !== 'undelivered'
        return isTaken
          ? { is: 'accepted', id: ok.sid }
          : { is: 'later', detail: `${status} ${ok.error_code ?? 'not sent'}` }
      }
      const code = refused.safeParse(said).data?.code
      const isRefused = status >= 400 && status < 500 && code !== undefined && PERMANENT.includes(code)
      return { is: isRefused ? 'never' : 'later', detail: code === undefined ? `${status}` : `${status} ${code}` }
    },
  }
}
