/**
 * MessageBird, now Bird: its SMS API of old, which access keys open.
 * Request and answer: https://developers.messagebird.com/api/sms-messaging/, errors: https://developers.messagebird.com/api/#api-errors
 *
 * `reference` comes back in its callbacks and is no idempotency key: when its answer is lost, the next attempt may
 * deliver twice.
 */

import * as z from 'zod'
import { parseJson } from '../answer.ts'
import type { TextProvider } from '../provider.ts'

/** `originator`: a number in E.164, or an alphanumeric sender. */
export type MessageBirdAccount = { accessKey: string; originator: string }

const created = z.object({
  id: z.string().min(1).max(200),
  recipients: z.object({ items: z.array(z.object({ status: z.string() })) }).optional(),
})
const refused = z.object({
  errors: z.array(z.object({ code: z.number().int(), description: z.unknown(), parameter: z.unknown() })).min(1),
})

/** Missing and invalid parameters. */
const OF_A_PARAMETER = [9, 10]
/** The same with a note behind it is about an account on trial, which may send to one number only. */
const NO_SUCH_NUMBER = 'no (correct) recipients found'
/** Named in the detail, where they tell an operator what to put right; nothing else that the answer says is. */
const PARAMETERS: readonly unknown[] = 'recipients recipient body originator reference datacoding access_key'.split(' ')

export function messagebird({ accessKey, originator }: MessageBirdAccount): TextProvider {
  return {
    name: 'messagebird',
    request: ({ id, to, senderId, text }) =>
      new Request('https://rest.messagebird.com/messages', {
        method: 'POST',
        headers: {
          authorization: `AccessKey ${accessKey}`,
          accept: 'application/json',
          'content-type': 'application/json',
          'user-agent': 'latchkey',
        },
        body: JSON.stringify({
          originator: withoutPlus(senderId ?? originator),
          recipients: [withoutPlus(to)],
          body: text,
          datacoding: 'auto',
          reference: id,
        }),
      }),
    read(status, body) {
      const said = parseJson(body)
      const errors = refused.safeParse(said).data?.errors ?? []
      const ok = created.safeParse(said).data
      if (status >= 200 && status < 300 && errors.length === 0 && ok) {
        const isLost = ok.recipients?.items.some((item) => item.status === 'delivery_failed')
        return isLost ? { is: 'later', detail: `${status} delivery_failed` } : { is: 'accepted', id: ok.id }
      }
      const isRefused = status >= 400 && status < 500 && errors.length > 0 && errors.every(isOfTheMessage)
      return { is: isRefused ? 'never' : 'later', detail: [status, ...errors.slice(0, 3).map(named)].join(' ') }
    },
  }
}

type ApiError = z.infer<typeof refused>['errors'][number]

/** Of this number or this text, rather than of our account or of our code. */
function isOfTheMessage({ code, description, parameter }: ApiError): boolean {
  return OF_A_PARAMETER.includes(code) && (parameter === 'body' || description === NO_SUCH_NUMBER)
}

const named = ({ code, parameter }: ApiError): string =>
  PARAMETERS.includes(parameter) ? `${code} ${parameter}` : `${code}`

const withoutPlus = (number: string): string => number.replace(/^\+/, '')
