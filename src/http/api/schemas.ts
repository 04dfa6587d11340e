/** What the native API takes (/v1/passwordless: passwordless-schemas.ts): validated by these, and `openapi.json` is made from them. */

import * as z from 'zod'
import { SCOPES } from '../../domain/api-keys/api-key.ts'
import { EVENT_TYPES } from '../../domain/events/queries.ts'
import { MESSAGE_STATUSES } from '../../domain/messages/queries.ts'
import { settingsSchema } from '../../domain/projects/settings-schema.ts'
import { USER_STATUSES } from '../../domain/users/user.ts'
import { LOCALES } from '../../locales/index.ts'
import { DAY, emailField, locale, metadata, phoneField, templateName, text } from './fields.ts'
import { listQuery } from './list.ts'

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
const roles = z.array(text(100)).max(50, 'must have at most 50 roles')
export const memberBody = z.strictObject({ user_id: z.string().max(40), roles: roles.default([]) })
export const memberRolesBody = z.strictObject({ roles })

// --- messages and templates -------------------------------------------------------------------------------------------

export const messagesQuery = z.strictObject({
  challenge_id: z.string().max(200).optional(),
  user_id: z.string().max(40).optional(),
  channel: z.enum(['email', 'sms']).optional(),
  status: z.enum(MESSAGE_STATUSES).optional(),
  ...listQuery,
})

export const eventsQuery = z.strictObject({
  type: z.enum(EVENT_TYPES).optional(),
  user_id: z.string().max(40).optional(),
  ...listQuery,
})

export const suppressionBody = z.strictObject({ email: emailField })

export const templateBody = z.strictObject({
  subject: z.string().min(1, 'must not be empty'),
  html: z.string().min(1, 'must not be empty'),
  text: z.string().min(1, 'must not be empty').nullable().default(null).describe('null: made from the HTML'),
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

// --- project and keys -----------------------------------------------------------------------------------------------

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
