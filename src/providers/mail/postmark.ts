/**
 * Postmark. Request and answers: https://postmarkapp.com/developer/api/email-api,
 * errors: https://postmarkapp.com/developer/api/overview#error-codes
 * It documents no idempotency key: a mail whose answer is lost may be delivered twice.
 */

import * as z from 'zod'
import { parseJson, TOO_LARGE } from '../answer.ts'
import type { HttpProvider, ProviderMail } from '../provider.ts'
import { fileName, headerText, mailbox } from './header.ts'

const answer = z.object({
  ErrorCode: z.int(),
  MessageID: z.string().max(200).optional(),
  Message: z.string().optional(),
})

const INVALID_REQUEST = 300
/** Inactive recipient (it bounced or complained before), forbidden attachment type. */
const PERMANENT = [406, 411]

export function postmark({ token, stream }: { token: string; stream: string }): HttpProvider<ProviderMail> {
  return {
    name: 'postmark',
    request: ({ id, projectId, from, to, subject, html, text, headers, inline }) =>
      new Request('https://api.postmarkapp.com/email', {
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'user-agent': 'latchkey',
          'x-postmark-server-token': token,
        },
        body: JSON.stringify({
          From: mailbox(from),
          To: to,
          Subject: headerText(subject),
          HtmlBody: html,
          TextBody: text,
          Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
          MessageStream: stream,
          Metadata: { message_id: id, project_id: projectId },
          // A rewritten link would break the sign-in and let others see it.
          TrackOpens: false,
          TrackLinks: 'None',
          ...(inline.length > 0 && {
            Attachments: inline.map((image) => ({
              Name: fileName(image),
              Content: image.base64,
              ContentType: image.type,
              ContentID: `cid:${image.contentId}`,
            })),
          }),
        }),
      }),
    read(status, body) {
      const { ErrorCode, MessageID, Message = '' } = answer.safeParse(parseJson(body)).data ?? {}
      if (status === 200 && ErrorCode === 0 && MessageID !== undefined) return { is: 'accepted', id: MessageID }
      const detail = ErrorCode === undefined ? `${status}` : `${status} ${ErrorCode}`
      // The same code for a sender of ours that it does not know how to read: that may be mended.
      const isOfMail = ErrorCode === INVALID_REQUEST && !Message.includes("'From'")
      const isRefused = status === TOO_LARGE || isOfMail || PERMANENT.includes(ErrorCode ?? 0)
      return { is: isRefused ? 'never' : 'later', detail }
    },
  }
}
