/**
 * Mailgun. Request and answers: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages/post-v3--domain-name--messages,
 * options: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages
 * It documents no idempotency key: a mail whose answer is lost may be delivered twice.
 */

import * as z from 'zod'
import { parseJson, TOO_LARGE } from '../answer.ts'
import type { HttpProvider, ProviderMail } from '../provider.ts'
import { headerText, imageBytes, mailbox } from './header.ts'

const HOSTS = { us: 'api.mailgun.net', eu: 'api.eu.mailgun.net' }

const accepted = z.object({ id: z.string().max(200), message: z.string().startsWith('Queued') })
const refused = z.object({ message: z.string() })

/** It has no error codes. The one documented text that is of the mail; `from` is of our account. */
const PERMANENT = /^'?to'? parameter is not a valid address/i

export type MailgunSettings = { apiKey: string; domain: string; region: keyof typeof HOSTS }

export function mailgun({ apiKey, domain, region }: MailgunSettings): HttpProvider<ProviderMail> {
  return {
    name: 'mailgun',
    request: ({ id, projectId, from, to, subject, html, text, headers, inline }) => {
      const form = new FormData()
      const fields = {
        from: mailbox(from),
        to,
        subject: headerText(subject),
        text,
        html,
        'v:message_id': id,
        'v:project_id': projectId,
        // A rewritten link would break the sign-in and let others see it.
        'o:tracking': 'no',
        'o:tracking-clicks': 'no',
        'o:tracking-opens': 'no',
      }
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      for (const [name, value] of Object.entries(headers)) form.append(`h:${name}`, value)
      // The file's name is its content id.
      for (const image of inline) {
        form.append('inline', new Blob([imageBytes(image)], { type: image.type }), image.contentId)
      }
      return new Request(`https://${HOSTS[region]}/v3/${domain}/messages`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`api:${apiKey}`)}`, 'user-agent': 'latchkey' },
        body: form,
      })
    },
    read(status, body) {
      const json = parseJson(body)
      const ok = accepted.safeParse(json)
      if (status === 200 && ok.success) return { is: 'accepted', id: ok.data.id }
      const isOfMail = status === 400 && PERMANENT.test(refused.safeParse(json).data?.message ?? '')
      return { is: status === TOO_LARGE || isOfMail ? 'never' : 'later', detail: `${status}` }
    },
  }
}
