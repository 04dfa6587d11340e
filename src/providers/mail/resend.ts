/**
 * Resend. Request and answers: https://resend.com/docs/api-reference/emails/send-email,
 * errors: https://resend.com/docs/api-reference/errors, retries: https://resend.com/docs/dashboard/emails/idempotency-keys
 * Opens and clicks are tracked per domain, not per mail: both must be off for the sending domain, which is the default.
 */

import * as z from 'zod'
import { parseJson } from '../answer.ts'
import type { HttpProvider, ProviderMail } from '../provider.ts'
import { fileName, headerText, mailbox } from './header.ts'

const accepted = z.object({ id: z.string().max(200) })
const refused = z.object({ name: z.string().max(100) })

/** Documented errors of one mail rather than of the moment or of our account. */
const PERMANENT = ['invalid_parameter', 'validation_error', 'missing_required_field', 'invalid_attachment']

export function resend({ apiKey }: { apiKey: string }): HttpProvider<ProviderMail> {
  return {
    name: 'resend',
    request: ({ id, projectId, from, to, subject, html, text, headers, inline }) =>
      new Request('https://api.resend.com/emails', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'user-agent': 'latchkey',
          'idempotency-key': id,
        },
        body: JSON.stringify({
          from: mailbox(from),
          to: [to],
          subject: headerText(subject),
          html,
          text,
          headers,
          tags: [
            { name: 'message_id', value: id },
            { name: 'project_id', value: projectId },
          ],
          ...(inline.length > 0 && {
            attachments: inline.map((image) => ({
              content: image.base64,
              filename: fileName(image),
              content_type: image.type,
              content_id: image.contentId,
            })),
          }),
        }),
      }),
    read(status, body) {
      const json = parseJson(body)
      const ok = accepted.safeParse(json)
      if (status >= 200 && status < 300 && ok.success) return { is: 'accepted', id: ok.data.id }
      const name = refused.safeParse(json).data?.name
      const detail = name ? `${status} ${name}` : `${status}`
      // By name: its edge answers 422 in plain text when it limits, and other 422s are of our account.
      const isRefused = (status === 400 || status === 422) && PERMANENT.includes(name ?? '')
      return { is: isRefused ? 'never' : 'later', detail }
    },
  }
}
