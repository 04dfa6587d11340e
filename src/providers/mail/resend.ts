/**
 * Resend. Request and answers: https://resend.com/docs/api-reference/emails/send-email,
 * errors: https://resend.com/docs/api-reference/errors, retries: https://resend.com/docs/dashboard/emails/idempotency-keys
 */

import * as z from 'zod'
import type { MailProvider } from './provider.ts'

const accepted = z.object({ id: z.string().max(200) })
const refused = z.object({ name: z.string().max(100) })

/** Documented errors of one mail rather than of the moment or of our account. */
const PERMANENT = ['invalid_parameter', 'validation_error', 'missing_required_field', 'invalid_attachment']

export function resend(apiKey: string): MailProvider {
  return {
    name: 'resend',
    request: ({ id, from, to, subject, html, text, headers }) =>
      new Request('https://api.resend.com/emails', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'user-agent': 'latchkey',
          'idempotency-key': id,
        },
        body: JSON.stringify({
          from: `${quoted(from.name)} <${from.address}>`,
          to: [to],
          subject,
          html,
          text,
          headers,
        }),
      }),
    read(status, body) {
      const json = parse(body)
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

/** RFC 5322 §3.2.4: a name that is no plain word stands in quotes. */
const quoted = (name: string): string => (/^[A-Za-z0-9 ]+$/.test(name) ? name : `"${name.replace(/[\\"]/g, '')}"`)

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
