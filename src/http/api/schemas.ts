/** What the native API takes and returns: validated by these, and `openapi.json` is made from them. */

import * as z from 'zod'
import { SCOPES } from '../../domain/api-keys/api-key.ts'
import { EVENT_TYPES } from '../../domain/events/queries.ts'
import type { EMAIL_CONTENT_FIELDS } from '../../domain/messages/message.ts'
import { MESSAGE_STATUSES } from '../../domain/messages/queries.ts'
import { METHODS, settingsSchema } from '../../domain/projects/settings.ts'
import { CLAIM_NAMES } from '../../domain/sessions/tokens.ts'
import { TEMPLATE_VARIABLES } from '../../domain/templates/check.ts'
import { describeAddressFailure, parseEmailAddress } from '../../domain/users/address.ts'
import { parsePhoneNumber } from '../../domain/users/phone.ts'
import { USER_STATUSES } from '../../domain/users/user.ts'
import { LOCALES } from '../../locales/index.ts'
import { listQuery } from './list.ts'

const DAY = 86_400
const seconds = (what: string) => z.int().describe(`Unix seconds: ${what}`)

/**
 * Values of a person that may end up on a page: no control characters, no text that changes direction, and no half of a
 * surrogate pair, which D1 would give back as another text.
 */
const text = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine(
      (value) => !/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(value),
      'must not hold control or direction characters',
    )

export const emailField = z
  .string()
  .max(1000)
  .meta({ format: 'email', example: 'ada@example.com' })
  .transform((value, context) => {
    const parsed = parseEmailAddress(value)
    if (parsed.ok) return parsed.value
    context.issues.push({ code: 'custom', input: value, message: describeAddressFailure(parsed.error) })
    return z.NEVER
  })

export const phoneField = z
  .string()
  .max(40)
  .meta({ example: '+15555550100' })
  .transform((value, context) => {
    const parsed = parsePhoneNumber(value)
    if (parsed) return parsed
    context.issues.push({
      code: 'custom',
      input: value,
      message: 'must be a number in international form, such as +15555550100',
    })
    return z.NEVER
  })

const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or pt-BR')

const metadata = z
  .record(z.string().min(1).max(40), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
  .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 keys')

// --- users ----------------------------------------------------------------------------------------------------------

const userFields = {
  email: emailField,
  phone: phoneField,
  first_name: text(100).nullable(),
  last_name: text(100).nullable(),
  type: text(50).describe('PERSON unless said otherwise (BUSINESS on /users without /v1)'),
  role: text(100).nullable(),
  business_id: text(100).nullable(),
  external_id: text(200).nullable().describe('Your own id of this user, unique in the project'),
  locale: locale.nullable(),
  metadata: metadata.describe('Your own values: texts, numbers, booleans'),
  status: z.enum(USER_STATUSES),
}

export const createUserBody = z
  .strictObject(userFields)
  .partial()
  .refine((body) => body.email ?? body.phone ?? body.external_id, {
    message: 'one of email, phone and external_id is needed',
    path: ['email'],
  })
export const updateUserBody = z.strictObject(userFields).partial()
export const userStatusBody = z.strictObject({ status: z.enum(USER_STATUSES) })

export const usersQuery = z.strictObject({
  email: emailField.optional(),
  phone: phoneField.optional(),
  business_id: text(100).optional(),
  external_id: text(200).optional(),
  type: text(50).optional(),
  role: text(100).optional(),
  status: z.enum(USER_STATUSES).optional(),
  q: text(100).optional().describe('Part of a name or an address'),
  ...listQuery,
})
export const pageQuery = z.strictObject(listQuery)

export const loginUrlBody = z.strictObject({
  redirect_uri: z.string().max(2000).optional().describe('Where the person ends up; registered'),
  expires_in: z
    .int()
    .min(1)
    .max(7 * DAY)
    .optional()
    .describe('Seconds'),
  state: z.string().max(2000).optional(),
})

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

// --- organizations ----------------------------------------------------------------------------------------------------

const organizationFields = {
  name: text(100),
  external_id: text(200).nullable().describe('Your own id of it, unique in the project'),
  metadata: metadata.describe('Your own values: texts, numbers, booleans'),
}
export const createOrganizationBody = z.strictObject({
  name: organizationFields.name,
  external_id: organizationFields.external_id.optional(),
  metadata: organizationFields.metadata.optional(),
})
export const updateOrganizationBody = z.strictObject(organizationFields).partial()
export const organizationsQuery = z.strictObject({ external_id: text(200).optional(), ...listQuery })
export const organizationAnswer = z.object({
  id: z.string().meta({ example: 'org_…' }),
  name: z.string(),
  external_id: z.string().nullable(),
  metadata,
  created_at: seconds('created'),
  updated_at: seconds('changed'),
})
const roles = z.array(text(100)).max(50, 'must have at most 50 roles')
export const memberBody = z.strictObject({ user_id: z.string().max(40), roles: roles.default([]) })
export const memberRolesBody = z.strictObject({ roles })
export const memberAnswer = z.object({
  user_id: z.string(),
  roles: z.array(z.string()),
  created_at: seconds('joined'),
  updated_at: seconds('changed'),
})

// --- messages and templates -------------------------------------------------------------------------------------------

const templateName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/, 'must be a name of letters, digits, _ and -, at most 60')

export const emailContent = z.strictObject({
  subject: z.string().max(200).optional(),
  primaryColor: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #3355cc')
    .optional(),
  base64logo: z.string().max(20_000).optional().describe('A png, jpeg, gif or webp; shown as an inline picture'),
  headerText: z.string().max(2000).optional(),
  bodyText: z.string().max(2000).optional(),
  linkText: z.string().max(200).optional().describe('On the button'),
  infoText: z.string().max(2000).optional(),
  footerText: z.string().max(2000).optional().describe('Default: that the mail can be ignored'),
  senderName: z.string().max(200).optional(),
} satisfies Record<(typeof EMAIL_CONTENT_FIELDS)[number], z.ZodType>)

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
export const messagesQuery = z.strictObject({
  challenge_id: z.string().max(200).optional(),
  user_id: z.string().max(40).optional(),
  channel: z.enum(['email', 'sms']).optional(),
  status: z.enum(MESSAGE_STATUSES).optional(),
  ...listQuery,
})

export const eventAnswer = z.object({
  id: z.string().meta({ example: 'evt_…' }),
  type: z.enum(EVENT_TYPES),
  user_id: z.string().nullable(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  created_at: at,
})
export const eventsQuery = z.strictObject({
  type: z.enum(EVENT_TYPES).optional(),
  user_id: z.string().max(40).optional(),
  ...listQuery,
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
export const suppressionBody = z.strictObject({ email: emailField })

export const templateBody = z.strictObject({
  subject: z.string().min(1, 'must not be empty'),
  html: z.string().min(1, 'must not be empty'),
  text: z.string().min(1, 'must not be empty').nullable().default(null).describe('null: made from the HTML'),
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
export const templateParams = z.object({
  name: templateName,
  locale: z.enum(LOCALES, { error: `must be one of ${LOCALES.join(', ')}` }),
})
export const previewBody = z
  .strictObject({
    name: templateName.describe('Of a stored template, or one of ours'),
    locale: z.enum(LOCALES).optional().describe('Default: the project’s'),
    subject: z.string().optional().describe('With html: a template that is not stored yet'),
    html: z.string().optional(),
    text: z.string().nullable().optional(),
    template_variables: z.record(z.string(), z.string().max(1000)).default({}),
  })
  .check((context) => {
    const { subject, html, text } = context.value
    if (html === undefined && (subject !== undefined || text !== undefined)) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['html'],
        message: 'is needed beside subject or text',
      })
    }
  })
export const previewAnswer = z.object({
  subject: z.string(),
  from_name: z.string(),
  html: z.string(),
  text: z.string(),
})

// --- passwordless ---------------------------------------------------------------------------------------------------

const client = z.strictObject({ ip: z.string().max(45).optional(), user_agent: z.string().max(1000).optional() })

export const sendBody = z
  .strictObject({
    email: emailField.optional().describe('The recipient; or user_id'),
    phone: phoneField.optional(),
    user_id: z.string().max(40).optional(),
    channel: z
      .enum(['email', 'sms', 'none'])
      .optional()
      .describe('Default: email, or sms to a phone. none: nothing is sent, the answer holds link and code'),
    method: z.enum(METHODS).optional().describe('What is sent; default from the project'),
    create_user: z.boolean().default(true).describe('false: an unknown address gets the same answer and no mail'),
    redirect_uri: z.string().max(2000).optional().describe('Where the person ends up; registered'),
    link: z.enum(['landing', 'direct']).default('landing').describe('direct: redirect_uri with the secret appended'),
    link_param: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,39}$/, 'must be a plain name')
      .refine((name) => name !== 'state', 'must not be state: that parameter holds the state')
      .default('token'),
    state: z.string().max(2000).optional().describe('Comes back beside the code'),
    locale: locale.optional(),
    template: templateName
      .optional()
      .describe('A template of the project, or one of ours by name, in place of the one that fits'),
    template_variables: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,39}$/, 'must be a plain name of at most 40 characters'),
        z.string().max(1000, 'must have at most 1000 characters'),
      )
      .refine((value) => Object.keys(value).length <= 30, 'must have at most 30 variables')
      .refine(
        (value) => !Object.keys(value).some((name) => Object.hasOwn(TEMPLATE_VARIABLES, name)),
        'must not hold a variable that we set ourselves: GET /docs/templates lists them',
      )
      .optional()
      .describe('For the project’s own templates: escaped, nothing more'),
    email_content: emailContent.optional().describe('What this one mail says otherwise'),
    metadata: metadata.optional(),
    created_by: text(200).optional().describe("Stands in the message's timeline"),
    expires_in: z
      .int()
      .min(1)
      .max(7 * DAY)
      .optional()
      .describe('Seconds the link lives; a code lives at most 3600 of them'),
    client: client.optional().describe("The person's device, shown in the mail"),
    match: z
      .array(z.enum(['ip', 'user_agent']))
      .max(2)
      .optional()
      .describe('Verify must bring the same'),
    code_challenge: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the base64url SHA-256 of the code_verifier, 43 characters (RFC 7636 §4.2)')
      .optional()
      .describe('Binds the link: only the holder of code_verifier signs in'),
    code_challenge_method: z.literal('S256', 'must be S256').optional(),
    reveal: z.boolean().default(false).describe('Also answer with link and code (scope passwordless:reveal)'),
  })
  .check((context) => {
    const body = context.value
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: 'custom', input: body, path: [path], message })
    if ([body.email, body.phone, body.user_id].filter((value) => value !== undefined).length !== 1) {
      refuse('email', 'give one of email, phone and user_id')
    }
    if (body.phone !== undefined && body.channel === 'email') refuse('channel', 'email does not reach a phone')
    if (body.email !== undefined && body.channel === 'sms') refuse('channel', 'sms needs a phone')
    const isMail = body.phone === undefined && (body.channel ?? 'email') === 'email'
    for (const field of ['email_content', 'template', 'template_variables'] as const) {
      if (body[field] !== undefined && !isMail) refuse(field, 'is for mails: it cannot come with another channel')
    }
    if ((body.code_challenge === undefined) !== (body.code_challenge_method === undefined)) {
      refuse('code_challenge_method', 'give code_challenge and code_challenge_method together')
    }
    if (body.match?.includes('ip') && body.client?.ip === undefined) refuse('match', 'ip needs client.ip')
    if (body.match?.includes('user_agent') && body.client?.user_agent === undefined)
      refuse('match', 'user_agent needs client.user_agent')
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

export const resendBody = z.strictObject({ id: z.string().max(200) })

const claimRequest = z
  .record(z.string().max(60), z.union([z.null(), z.looseObject({})]))
  .refine(
    (value) =>
      Object.keys(value).every(
        (name) => CLAIM_NAMES.some((known) => known === name) || /^metadata\..{1,40}$/.test(name),
      ),
    `knows ${CLAIM_NAMES.join(', ')} and metadata.<key>`,
  )

export const verifyBody = z
  .strictObject({
    token: z.string().max(500).optional().describe('Of a link or a grant'),
    id: z.string().max(200).optional().describe('Challenge id: with a code, or beside a token'),
    code: z.string().max(2000).optional().describe('As the person typed or pasted it'),
    code_verifier: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must have 43 to 128 characters (RFC 7636 §4.1)')
      .optional(),
    client: client.optional(),
    session: z.boolean().default(true).describe('false: only who it was'),
    session_id: z
      .string()
      .max(40)
      .optional()
      .describe('A live session of the same user, which this is added to: no new one starts, and amr grows'),
    org_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('An organization, by id or external_id, that the person must be a member of: it goes into the tokens'),
    resource: z.string().max(200).optional().describe('Audience of the access token; one of the project’s resources'),
    claims: z
      .strictObject({
        id_token: claimRequest.optional(),
        access_token: claimRequest.optional(),
        userinfo: claimRequest.optional(),
      })
      .optional()
      .describe('OpenID Connect Core §5.5'),
  })
  .check((context) => {
    const { token, id, code } = context.value
    const fits =
      (token !== undefined && code === undefined) || (token === undefined && code !== undefined && id !== undefined)
    if (!fits) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['token'],
        message: 'give token, or id and code',
      })
    }
    if (context.value.session_id !== undefined && !context.value.session) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['session_id'],
        message: 'cannot come with session: false',
      })
    }
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

// --- project and keys -----------------------------------------------------------------------------------------------

const projectFields = { id: z.string(), name: text(80), issuer: z.string(), created_at: seconds('created') }
export const projectAnswer = z.object({ ...projectFields, ...settingsSchema.shape })
/** Settings are judged by the domain, since a patch merges with what is stored. */
export const projectPatch = z.looseObject({ name: text(80).optional() })
const { brand, send_limits, sms, ...settings } = settingsSchema.shape
export const projectPatchDocument = mergePatchOf({
  ...settings,
  brand: mergePatchOf(brand.shape),
  send_limits: mergePatchOf(send_limits.shape),
  sms: mergePatchOf(sms.shape),
}).extend({ name: text(80).optional() })

/** RFC 7396: every member may be left out, and null takes it back to its default. */
function mergePatchOf(shape: Record<string, z.ZodType>) {
  return z.strictObject(
    Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, schema.nullable().optional()])),
  )
}

export const createApiKeyBody = z.strictObject({
  name: text(100),
  scopes: z.array(z.enum([...SCOPES, '*'])).min(1),
  expires_at: z.int().nullable().default(null).describe('Unix seconds'),
})
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
