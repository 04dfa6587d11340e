/** What the native API returns: `openapi.json` is made from these, and what is answered has their types. */

import * as z from 'zod'
import { SCOPES } from '../../domain/api-keys/api-key.ts'
import { EVENT_TYPES } from '../../domain/events/queries.ts'
import { MESSAGE_STATUSES } from '../../domain/messages/queries.ts'
import { METHODS } from '../../domain/projects/settings.ts'
import { settingsSchema } from '../../domain/projects/settings-schema.ts'
import { USER_STATUSES } from '../../domain/users/user.ts'
import { LOCALES } from '../../locales/index.ts'
import { metadata, seconds, text } from './fields.ts'

export const identifierAnswer = z.object({
  id: z.string(),
  kind: z.enum(['email', 'phone']),
  value: z.string(),
  verified_at: seconds('when it was proved').nullable(),
  primary: z.boolean(),
})

export const userAnswer = z.object({
  id: z.string().meta({ example: 'user_2xK…' }),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  phone: z.string().nullable(),
  phone_verified: z.boolean(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  type: z.string(),
  role: z.string().nullable(),
  business_id: z.string().nullable(),
  external_id: z.string().nullable(),
  status: z.enum(USER_STATUSES),
  locale: z.string().nullable(),
  metadata,
  identifiers: z.array(identifierAnswer),
  created_at: seconds('created'),
  updated_at: seconds('changed'),
  last_sign_in_at: seconds('last sign-in').nullable(),
})

export const userStatusAnswer = userAnswer.extend({ message: z.string() })

export const loginUrlAnswer = z.object({
  login_url: z.string(),
  expires_at: seconds('end of the link'),
  challenge_id: z.string(),
})

export const organizationAnswer = z.object({
  id: z.string().meta({ example: 'org_…' }),
  name: z.string(),
  external_id: z.string().nullable(),
  metadata,
  created_at: seconds('created'),
  updated_at: seconds('changed'),
})

export const memberAnswer = z.object({
  user_id: z.string(),
  roles: z.array(z.string()),
  created_at: seconds('joined'),
  updated_at: seconds('changed'),
})

const at = z.int().describe('Unix seconds')
export const messageAnswer = z.object({
  id: z.string().meta({ example: 'msg_…' }),
  challenge_id: z.string().nullable(),
  user_id: z.string().nullable(),
  channel: z.enum(['email', 'sms']),
  to: z.string().describe('Masked'),
  template: z.string(),
  locale: z.string(),
  status: z.enum(MESSAGE_STATUSES),
  provider: z.string().nullable(),
  provider_id: z.string().nullable().describe('The provider’s own id, for its support'),
  timeline: z.array(
    z.object({ at, event: z.string(), provider: z.string().nullable(), detail: z.string().nullable() }),
  ),
  created_at: at,
})

export const eventAnswer = z.object({
  id: z.string().meta({ example: 'evt_…' }),
  type: z.enum(EVENT_TYPES),
  user_id: z.string().nullable(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  created_at: at,
})

export const suppressionAnswer = z.object({
  id: z.string().meta({ example: 'supp_…' }),
  email: z.string(),
  reason: z.enum(['bounced', 'complained', 'manual']),
  provider: z.string().nullable(),
  detail: z.string().nullable(),
  message_id: z.string().nullable(),
  created_at: at,
})

export const templateAnswer = z.object({
  name: z.string(),
  locale: z.enum(LOCALES),
  subject: z.string(),
  html: z.string(),
  text: z.string().nullable(),
  created_at: at,
  updated_at: at,
})

export const previewAnswer = z.object({
  subject: z.string(),
  from_name: z.string(),
  html: z.string(),
  text: z.string(),
})

export const sendAnswer = z.object({
  id: z.string().meta({ example: 'chal_…' }),
  method: z.enum(METHODS),
  channel: z.enum(['email', 'sms', 'none']),
  user_id: z.string().optional().describe('Left out with create_user: false'),
  user_created: z.boolean().optional(),
  identifier_id: z.string().nullable().optional(),
  expires_at: seconds('end of the link, or of a code that came alone'),
  expires_in: z.int(),
  code_expires_at: seconds('end of the code').nullable(),
  resend_at: seconds('when a resend is allowed'),
  message: z.object({ id: z.string().nullable(), status: z.enum(['accepted', 'pending', 'none']) }),
  link: z.string().nullable().optional(),
  code: z.string().nullable().optional(),
})

export const sessionAnswer = z.object({
  id: z.string().meta({ example: 'sess_…' }),
  user_id: z.string(),
  client_id: z.string().nullable(),
  organization_id: z.string().nullable(),
  amr: z.array(z.string()),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  created_at: seconds('sign-in'),
  last_active_at: seconds('last refresh'),
  expires_at: seconds('absolute end'),
  revoked_at: seconds('ended').nullable(),
})

export const verifyAnswer = z.object({
  user: userAnswer,
  identifier: identifierAnswer.nullable(),
  state: z.string().nullable(),
  method: z.enum(['link', 'code']),
  challenge_id: z.string(),
  metadata,
  session: sessionAnswer.optional(),
  access_token: z.string().optional(),
  id_token: z.string().optional(),
  refresh_token: z.string().optional(),
  token_type: z.literal('Bearer').optional(),
  expires_in: z.int().optional(),
  session_id: z.string().optional(),
})

export const challengeAnswer = z.object({
  id: z.string(),
  status: z.enum(['pending', 'redeemed', 'expired', 'superseded', 'locked', 'cancelled']),
  method: z.enum(METHODS).nullable(),
  channel: z.enum(['email', 'sms', 'none']).nullable(),
  expires_at: seconds('end').nullable(),
  redeemed_at: seconds('use').nullable(),
})

const projectFields = { id: z.string(), name: text(80), issuer: z.string(), created_at: seconds('created') }
export const projectAnswer = z.object({ ...projectFields, ...settingsSchema.shape })

export const apiKeyAnswer = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.enum([...SCOPES, '*'])),
  created_at: seconds('created'),
  last_used_at: seconds('last use, to the hour').nullable(),
  expires_at: seconds('end').nullable(),
  revoked_at: seconds('revoked').nullable(),
})

export const apiKeyCreated = apiKeyAnswer.extend({ key: z.string().describe('Shown once') })

export const tokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  refresh_token: z.string(),
  id_token: z.string(),
  session_id: z.string(),
})

export const listAnswer = (item: z.ZodType) => z.object({ data: z.array(item), next_cursor: z.string().nullable() })
