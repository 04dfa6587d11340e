/**
 * Resend's webhooks. Events: https://resend.com/docs/webhooks/event-types,
 * signature: https://docs.svix.com/receiving/verifying-payloads/how-manual
 */

import * as z from 'zod'
import { utf8 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { hmac, importHmacKey } from '../../lib/digest.ts'
import type { MailReport } from '../../ports.ts'
import { base64Bytes, code, id, isRecent, lookUp, recipient, secondsOf } from './callback-fields.ts'
import type { Callback } from './callbacks.ts'

/** Several while a secret is being exchanged. */
const MAX_SIGNATURES = 10

const EVENTS: Record<string, MailReport['event']> = {
  'email.delivered': 'delivered',
  'email.bounced': 'bounced',
  'email.complained': 'complained',
  'email.delivery_delayed': 'deferred',
  // On its own list, because it bounced or complained before.
  'email.suppressed': 'bounced',
  'email.failed': 'bounced',
}

const payload = z.object({
  type: z.string(),
  created_at: z.string().optional(),
  data: z.object({
    to: z.tuple([recipient], z.unknown()),
    tags: z.object({ message_id: id.default(null), project_id: id.default(null) }).catch({
      message_id: null,
      project_id: null,
    }),
    bounce: z
      .object({ type: code.default(null), subType: code.default(null) })
      .optional()
      .catch(undefined),
  }),
})

export const resendCallback: Callback = {
  async isGenuine({ secret, headers, body, nowMs }) {
    const [messageId, timestamp, signatures] = ['svix-id', 'svix-timestamp', 'svix-signature'].map((name) =>
      headers.get(name),
    )
    const raw = secret.startsWith('whsec_') ? base64Bytes(secret.slice('whsec_'.length)) : null
    if (!messageId || !timestamp || !signatures || !raw || raw.length === 0) return false
    if (!isRecent(timestamp, nowMs)) return false
    const mac = await hmac(await importHmacKey(raw), utf8(`${messageId}.${timestamp}.${body}`))
    const expected = `v1,${btoa(String.fromCharCode(...mac))}`
    return signatures
      .split(' ', MAX_SIGNATURES)
      .map((signature) => equalInConstantTime(signature, expected))
      .includes(true)
  },

  read(json, nowMs) {
    const parsed = payload.safeParse(json).data
    const event = lookUp(EVENTS, parsed?.type)
    if (!parsed || !event) return []
    const { to, tags, bounce } = parsed.data
    const isBounce = parsed.type === 'email.bounced'
    return [
      {
        projectId: tags.project_id,
        messageId: tags.message_id,
        recipient: to[0],
        event,
        permanent:
          event === 'complained' || parsed.type === 'email.suppressed' || (isBounce && bounce?.type === 'Permanent'),
        detail:
          [bounce?.type, bounce?.subType].filter((part) => isBounce && part).join(' ') ||
          parsed.type.slice('email.'.length),
        at: secondsOf(parsed.created_at, nowMs),
      },
    ]
  },
}
