/**
 * Postmark's webhooks: https://postmarkapp.com/developer/webhooks/webhooks-overview, kinds of bounces:
 * https://postmarkapp.com/developer/api/bounce-api#bounce-types
 * It signs nothing and dates no request: a token of ours is all there is, so what was recorded can be sent again. The token
 * is the password of the URL's basic auth, or the header `x-latchkey-token`, which Postmark can be told to send.
 */

import * as z from 'zod'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import type { MailReport } from '../../ports.ts'
import { code, id, lookUp, recipient, secondsOf } from './callback-fields.ts'
import type { Callback } from './callbacks.ts'

type Meaning = Pick<MailReport, 'event' | 'permanent'>

const HARD: Meaning = { event: 'bounced', permanent: true }
const SOFT: Meaning = { event: 'bounced', permanent: false }
const LATER: Meaning = { event: 'deferred', permanent: false }
const COMPLAINT: Meaning = { event: 'complained', permanent: true }

/** Answers of a person's mailbox, such as out-of-office, are no bounces: AutoResponder, AddressChange and the like. */
const BOUNCES: Record<string, Meaning> = {
  HardBounce: HARD,
  BadEmailAddress: HARD,
  SpamComplaint: COMPLAINT,
  Transient: LATER,
  DnsError: LATER,
  SoftBounce: SOFT,
  SpamNotification: SOFT,
  VirusNotification: SOFT,
  Blocked: SOFT,
  DMARCPolicy: SOFT,
  ManuallyDeactivated: SOFT,
  ManualSuppression: SOFT,
  Unsubscribe: SOFT,
  Unconfirmed: SOFT,
  SMTPApiError: SOFT,
  Unknown: SOFT,
}

const payload = z.object({
  RecordType: z.string(),
  Type: code.default(null),
  SuppressionReason: code.default(null),
  SuppressSending: z.boolean().catch(false),
  Email: recipient.optional(),
  Recipient: recipient.optional(),
  BouncedAt: z.string().optional(),
  DeliveredAt: z.string().optional(),
  ChangedAt: z.string().optional(),
  Metadata: z.object({ message_id: id.default(null), project_id: id.default(null) }).catch({
    message_id: null,
    project_id: null,
  }),
})

export const postmarkCallback: Callback = {
  isGenuine({ secret, headers }) {
    const given = headers.get('x-latchkey-token') ?? passwordOf(headers.get('authorization') ?? '')
    return secret !== '' && given !== null && equalInConstantTime(given, secret)
  },

  read(json, nowMs) {
    const parsed = payload.safeParse(json).data
    const [meaning, detail] = (parsed && meaningOf(parsed)) ?? []
    const to = parsed?.Email ?? parsed?.Recipient
    if (!parsed || !meaning || !detail || !to) return []
    return [
      {
        projectId: parsed.Metadata.project_id,
        messageId: parsed.Metadata.message_id,
        recipient: to,
        ...meaning,
        detail,
        at: secondsOf(parsed.BouncedAt ?? parsed.DeliveredAt ?? parsed.ChangedAt, nowMs),
      },
    ]
  },
}

function meaningOf({ RecordType, Type, SuppressionReason, SuppressSending }: z.infer<typeof payload>) {
  switch (RecordType) {
    case 'Delivery':
      return [{ event: 'delivered', permanent: false } satisfies Meaning, 'Delivery'] as const
    case 'Bounce':
      return [lookUp(BOUNCES, Type), Type] as const
    case 'SpamComplaint':
      return [COMPLAINT, 'SpamComplaint'] as const
    case 'SubscriptionChange':
      return SuppressSending ? ([lookUp(BOUNCES, SuppressionReason), SuppressionReason] as const) : undefined
    default:
      return undefined
  }
}

/** RFC 7617; the name before the colon is anybody's. */
function passwordOf(authorization: string): string | null {
  const [, credentials = ''] = /^Basic ([A-Za-z0-9+/]{1,400}={0,2})$/i.exec(authorization) ?? []
  try {
    const pair = atob(credentials)
    return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : null
  } catch {
    return null
  }
}
