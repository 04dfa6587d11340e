/** What a Transmit Security client sends. Fields that its documentation does not name are ignored, wrong types are not. */

import * as z from 'zod'
import type { EMAIL_CONTENT_FIELDS } from '../../../domain/messages/message.ts'
import { describeAddressFailure, parseEmailAddress } from '../../../domain/users/address.ts'
import { type Contact, emailContact, phoneContact } from '../../../domain/users/contact.ts'
import { parsePhoneNumber } from '../../../domain/users/phone.ts'

const WEEK_MINUTES = 7 * 24 * 60

/** Whom a request names. Usernames and identifiers of an application's own kinds are the one external id of a user here. */
export type Named = { contact: Contact } | { userId: string } | { externalId: string }

/** Minutes as seconds; 0 is the same as nothing. */
const minutes = z
  .number()
  .min(0)
  .max(WEEK_MINUTES)
  .transform((value) => (value === 0 ? null : Math.max(1, Math.round(value * 60))))
  .nullable()
  .default(null)

const clientAttributes = z
  .object({ user_agent: z.string().max(1000).optional(), ip_address: z.string().max(45).optional() })
  .optional()

const emailContent = z
  .object({
    subject: z.string().max(200).optional(),
    primaryColor: z.string().max(50).optional(),
    base64logo: z.string().max(20_000).optional(),
    headerText: z.string().max(2000).optional(),
    bodyText: z.string().max(2000).optional(),
    linkText: z.string().max(200).optional(),
    infoText: z.string().max(2000).optional(),
    footerText: z.string().max(2000).optional(),
    senderName: z.string().max(200).optional(),
  } satisfies Record<(typeof EMAIL_CONTENT_FIELDS)[number], z.ZodType>)
  .optional()

const identifier = z.string().min(1).max(1000)
const identifierType = z.string().min(1).max(100)

const common = {
  client_attributes: clientAttributes,
  device_id: z.string().max(80).optional(),
}
const sent = { ...common, email_content: emailContent, generate_request_id: z.boolean().default(false) }

export const linkSendBody = z
  .object({
    ...sent,
    email: identifier.optional(),
    identifier: identifier.optional(),
    identifier_type: identifierType.optional(),
    redirect_uri: z.string().max(2000).optional(),
    state: z.string().max(2000).optional(),
    email_expiration: minutes,
    channel: z.enum(['email', 'direct']).default('email'),
  })
  .transform((body, context) => {
    const { email, identifier, identifier_type, ...rest } = body
    if (identifier === undefined && email !== undefined) {
      return { ...rest, named: named(context, 'email', email, 'email') }
    }
    if (identifier === undefined) return refuse(context, 'identifier', 'give identifier and identifier_type, or email')
    if (identifier_type === undefined) return refuse(context, 'identifier_type', 'is needed beside identifier')
    return { ...rest, named: named(context, identifier_type, identifier, 'identifier') }
  })

/** Keys and values: Transmit's own rule; how long they may be is ours. */
const approvalData = z
  .record(z.string().regex(/^[A-Za-z0-9_.-]{1,50}$/), z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/))
  .refine((value) => Object.keys(value).length <= 10, 'must have at most 10 keys')
  .optional()

export const otpSendBody = z
  .object({
    ...sent,
    channel: z.enum(['sms', 'email', 'direct']),
    identifier,
    identifier_type: identifierType,
    custom_sms_input: z.object({ custom_message: z.string().optional(), sender_id: z.string().optional() }).optional(),
    approval_data: approvalData,
    custom_email: z.string().max(1000).optional(),
    custom_phone_number: z.string().max(1000).optional(),
    expires_in: minutes,
  })
  .transform((body, context) => {
    const { identifier, identifier_type, custom_email, custom_phone_number, ...rest } = body
    // What is for another channel than the one that is used says nothing.
    if (body.channel === 'sms') checkText(context, body.custom_sms_input)
    const delivery =
      body.channel === 'email' && custom_email !== undefined
        ? contactOf(context, 'email', custom_email, 'custom_email')
        : body.channel === 'sms' && custom_phone_number !== undefined
          ? contactOf(context, 'phone_number', custom_phone_number, 'custom_phone_number')
          : null
    return { ...rest, named: named(context, identifier_type, identifier, 'identifier'), delivery }
  })

/** OpenID Connect Core §5.5. Names that nobody knows have no value. */
const claimNames = z
  .record(z.string().max(60), z.unknown())
  .refine((value) => Object.keys(value).length <= 50, 'must name at most 50 claims')
  .optional()

const authenticated = {
  ...common,
  resource: z.string().max(200).optional(),
  claims: z.object({ id_token: claimNames, access_token: claimNames }).optional(),
  org_id: z.string().min(1).max(200).optional(),
  session_id: z.string().max(40).optional(),
  request_id: z.string().max(200).optional(),
}
export const linkAuthenticateBody = z.object({ ...authenticated, code: z.string().min(1).max(500) })
export const otpAuthenticateBody = z
  .object({ ...authenticated, passcode: z.string().min(1).max(200), identifier, identifier_type: identifierType })
  .transform(({ identifier, identifier_type, ...rest }, context) => ({
    ...rest,
    named: named(context, identifier_type, identifier, 'identifier'),
  }))

/** A person's own words may end up on a page: no control and direction characters, no half of a surrogate pair. */
const word = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (value) => !/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(value),
      'must not hold control or direction characters',
    )

export const createUserBody = z
  .object({
    email: identifier.optional(),
    phone_number: identifier.optional(),
    username: word(200).optional(),
    external_user_id: word(200).optional(),
    name: z.object({ first_name: word(100).optional(), last_name: word(100).optional() }).optional(),
    language: z.string().max(200).optional(),
    custom_data: z
      .record(
        z.string().min(1).max(40),
        z.union([z.string().max(500), z.number(), z.boolean(), z.null()], 'must be a text, a number or a boolean'),
      )
      .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 keys')
      .optional(),
  })
  .transform((body, context) => {
    const { email, phone_number, username, external_user_id } = body
    if ([email, phone_number, username, external_user_id].every((value) => value === undefined))
      return refuse(context, 'email', 'one of email, phone_number, username and external_user_id is needed')
    if (username !== undefined && external_user_id !== undefined && username !== external_user_id)
      return refuse(context, 'username', 'is the external_user_id here: give one of them, or the same as both')
    const parsedEmail = email === undefined ? undefined : parseEmail(context, email, 'email')
    const parsedPhone = phone_number === undefined ? undefined : parsePhone(context, phone_number, 'phone_number')
    return { ...body, email: parsedEmail, phone_number: parsedPhone }
  })

type Refining = z.core.$RefinementCtx<unknown>

function refuse(context: Refining, path: string, message: string) {
  context.issues.push({ code: 'custom', input: context.value, path: [path], message })
  return z.NEVER
}

function named(context: Refining, type: string, value: string, path: string): Named {
  switch (type) {
    case 'email':
    case 'phone_number':
      return { contact: contactOf(context, type, value, path) }
    case 'user_id':
      return { userId: value }
    default:
      return { externalId: value }
  }
}

function contactOf(context: Refining, kind: 'email' | 'phone_number', value: string, path: string): Contact {
  if (kind === 'phone_number') {
    const number = parsePhone(context, value, path)
    return number && phoneContact(number)
  }
  const email = parseEmail(context, value, path)
  return email && emailContact(email)
}

function parseEmail(context: Refining, value: string, path: string) {
  const parsed = parseEmailAddress(value)
  return parsed.ok ? parsed.value : refuse(context, path, describeAddressFailure(parsed.error))
}

const parsePhone = (context: Refining, value: string, path: string) =>
  parsePhoneNumber(value) ?? refuse(context, path, 'must be a number in international form, such as +15555550100')

function checkText(
  context: Refining,
  input: { custom_message?: string | undefined; sender_id?: string | undefined } = {},
) {
  const { custom_message: message, sender_id: sender } = input
  const says = (field: string, why: string) => refuse(context, `custom_sms_input.${field}`, why)
  if (message !== undefined && !(message.includes('{otp}') && message.includes('{app}')))
    says('custom_message', 'must contain {otp} and {app}')
  if (message !== undefined && message.length > 140) says('custom_message', 'must have at most 140 characters')
  if (sender !== undefined && sender.length > 11) says('sender_id', 'must have at most 11 characters')
}
