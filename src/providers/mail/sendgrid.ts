/**
 * SendGrid. Request: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, errors:
 * https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses and …/mail-send/errors
 * It documents no idempotency key: a mail whose answer is lost may be delivered twice.
 */

import * as z from 'zod'
import { parseJson, TOO_LARGE } from '../answer.ts'
import type { HttpProvider, ProviderMail } from '../provider.ts'
import { fileName, headerText, senderName } from './header.ts'

const refused = z.object({ errors: z.array(z.object({ field: z.string().nullish() })).min(1) })

/** Fields of one mail; `from` is of our account. */
const OF_MAIL = /^(?:personalizations|subject|content|attachments|headers|custom_args)\b/

export function sendgrid({ apiKey }: { apiKey: string }): HttpProvider<ProviderMail> {
  return {
    name: 'sendgrid',
    request: ({ id, projectId, from, to, subject, html, text, headers, inline }) => {
      const name = senderName(from.name)
      return new Request('https://api.sendgrid.com/v3/mail/send', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'user-agent': 'latchkey',
        },
        body: JSON.stringify({
          personalizations: [{ to: [{ email: to }] }],
          from: { email: from.address, ...(name !== '' && { name }) },
          subject: headerText(subject),
          // In this order, or it refuses them.
          content: [
            { type: 'text/plain', value: text },
            { type: 'text/html', value: html },
          ],
          headers,
          custom_args: { message_id: id, project_id: projectId },
          // A rewritten link would break the sign-in and let others see it.
          tracking_settings: {
            click_tracking: { enable: false, enable_text: false },
            open_tracking: { enable: false },
            subscription_tracking: { enable: false },
            ganalytics: { enable: false },
          },
          ...(inline.length > 0 && {
            attachments: inline.map((image) => ({
              content: image.base64,
              filename: fileName(image),
              type: image.type,
              disposition: 'inline',
              content_id: image.contentId,
            })),
          }),
        }),
      })
    },
    /** @param headers where the id stands: the body of an acceptance is empty */
    read(status, body, headers) {
      if (status === 202 && body === '')
        return { is: 'accepted', id: headers?.get('x-message-id')?.slice(0, 200) ?? null }
      const errors = refused.safeParse(parseJson(body)).data?.errors ?? []
      const isOfMail = status === 400 && errors.length > 0 && errors.every(({ field }) => OF_MAIL.test(field ?? ''))
      return { is: status === TOO_LARGE || isOfMail ? 'never' : 'later', detail: `${status}` }
    },
  }
}
