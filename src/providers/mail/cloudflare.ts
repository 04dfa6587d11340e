/**
 * Cloudflare Email Service, by its binding: https://developers.cloudflare.com/email-service/api/send-emails/workers-api/,
 * which headers it takes: https://developers.cloudflare.com/email-service/reference/headers/
 * It has no idempotency key: a mail whose answer is lost may be delivered twice. It takes no metadata and has no callbacks
 * over HTTP, so nothing there names our message. It rewrites no links.
 */

import type { BindingProvider, ProviderMail } from '../provider.ts'
import { fileName, headerText, imageBytes, senderName } from './header.ts'

/** Documented errors of one mail rather than of the moment, our domain or our account. */
const PERMANENT = ['E_VALIDATION_ERROR', 'E_FIELD_MISSING', 'E_RECIPIENT_SUPPRESSED', 'E_CONTENT_TOO_LARGE']

export function cloudflare(binding: SendEmail): BindingProvider<ProviderMail> {
  return {
    name: 'cloudflare',
    async hand({ from, to, subject, html, text, headers, inline }) {
      const name = senderName(from.name)
      try {
        const sent = await binding.send({
          from: name === '' ? from.address : { email: from.address, name },
          to,
          subject: headerText(subject),
          html,
          text,
          headers,
          attachments: inline.map((image) => ({
            disposition: 'inline' as const,
            contentId: image.contentId,
            filename: fileName(image),
            type: image.type,
            content: imageBytes(image),
          })),
        })
        return typeof sent?.messageId === 'string'
          ? { is: 'accepted', id: sent.messageId.slice(0, 200) }
          : { is: 'later', detail: 'no message id' }
      } catch (error) {
        const code = codeOf(error)
        return { is: PERMANENT.includes(code ?? '') ? 'never' : 'later', detail: code ?? 'no answer' }
      }
    },
  }
}

/** Never the message: it can repeat the address. */
function codeOf(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  return typeof code === 'string' && /^E_[A-Z_]{1,60}$/.test(code) ? code : null
}
