/** What a Streambird client sends. Fields that nobody documents are ignored, and null is the same as nothing; wrong types are refused. */

import * as z from 'zod'
import { describeAddressFailure, parseEmailAddress } from '../../../domain/users/address.ts'
import { parsePhoneNumber } from '../../../domain/users/phone.ts'
import type { UserCondition, UserSearch } from '../../../domain/users/queries.ts'

const LINK_MINUTES = { min: 5, max: 10_080, default: 60 }
const CODE_MINUTES = { min: 1, max: 10, default: 1 }
const SESSION_MINUTES = { min: 5, max: 525_600 }

/** D1 binds at most 100 values to a statement. */
const MAX_SEARCH_FIELDS = 10
const MAX_SEARCH_VALUES = 50

/** @param shape of a body; its SDKs send null for what was not given */
const body = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (given) =>
      typeof given === 'object' && given !== null && !Array.isArray(given)
        ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
        : given,
    z.object(shape, 'must be a JSON object'),
  )

const required = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a text') })
    .min(1, 'is required')
    .max(max, `must have at most ${max} characters`)
/** An empty text is the same as none. */
const optional = (max: number) =>
  z
    .string('must be a text')
    .max(max, `must have at most ${max} characters`)
    .transform((value) => value || undefined)
    .optional()

const parseEmail = (value: string, context: Refining) => {
  const parsed = parseEmailAddress(value)
  return parsed.ok ? parsed.value : refuse(context, [], describeAddressFailure(parsed.error))
}
const parsePhone = (value: string, context: Refining) =>
  parsePhoneNumber(value) ?? refuse(context, [], 'must be a number in international form, such as +15555550100')
const email = required(1000).transform(parseEmail)
const phone = required(1000).transform(parsePhone)

/** Minutes as seconds. */
const minutes = ({ min, max }: { min: number; max: number }) => {
  const says = `must be a number of minutes from ${min} to ${max}`
  return z
    .number(says)
    .min(min, says)
    .max(max, says)
    .transform((value) => Math.round(value * 60))
    .optional()
}
const sessionMinutes = z
  .int('must be a whole number of minutes from 5 to 525600')
  .min(SESSION_MINUTES.min, 'must be at least 5 minutes')
  .max(SESSION_MINUTES.max, 'must be at most 525600 minutes (365 days)')
  .transform((value) => value * 60)
  .optional()

export type Fingerprint = { ip: string | null; userAgent: string | null }
const deviceFingerprint = body({ ip: optional(100), user_agent: optional(1000) })
  .transform(({ ip = null, user_agent: userAgent = null }): Fingerprint => ({ ip, userAgent }))
  .optional()

/** A person's own words may end up on a page: no control and direction characters, no half of a surrogate pair. */
const word = z
  .string('must be a text')
  .max(100, 'must have at most 100 characters')
  .refine(
    (value) => !/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(value),
    'must not hold control or direction characters',
  )
  .optional()
const names = { first_name: word, middle_name: word, last_name: word }

// --- magic links and one-time passcodes -------------------------------------------------------------------------------

export const loginOrCreateBody = body({
  email,
  login_redirect_url: optional(2000),
  registration_redirect_url: optional(2000),
  login_expires_in: minutes(LINK_MINUTES),
  registration_expires_in: minutes(LINK_MINUTES),
  /** In the documentation's sample alone: for whichever of the two is not given. */
  expires_in: minutes(LINK_MINUTES).default(LINK_MINUTES.default * 60),
  requires_verification: z.boolean('must be true or false').default(false),
  device_fingerprint: deviceFingerprint,
})

export const inviteBody = body({
  email,
  ...names,
  invite_redirect_url: optional(2000),
  invite_expires_in: minutes(LINK_MINUTES).default(LINK_MINUTES.default * 60),
  device_fingerprint: deviceFingerprint,
})

export const createLinkBody = body({
  user_id: optional(100),
  email: email.optional(),
  expires_in: minutes(LINK_MINUTES).default(LINK_MINUTES.default * 60),
  device_fingerprint: deviceFingerprint,
}).refine((given) => given.user_id !== undefined || given.email !== undefined, {
  message: 'is required, or email',
  path: ['user_id'],
})

export const loginStatusBody = body({ email_id: required(100), request_origin_token: required(500) })

export const sendOtpBody = body({
  email,
  expires_in: minutes(CODE_MINUTES).default(CODE_MINUTES.default * 60),
  requires_verification: z.boolean('must be true or false').default(false),
  device_fingerprint: deviceFingerprint,
})

const verified = {
  session_expires_in: sessionMinutes,
  session_token: optional(500),
  session_jwt: optional(10_000),
  device_fingerprint: deviceFingerprint,
}
export const verifyLinkBody = body({ ...verified, token: required(500), request_origin_token: optional(500) })
export const verifyOtpBody = body({ ...verified, otp: required(200), method_id: required(100) })

// --- sessions ---------------------------------------------------------------------------------------------------------

export const verifySessionBody = body({
  session_token: optional(500),
  session_jwt: optional(10_000),
  session_expires_in: sessionMinutes,
}).refine((given) => given.session_token !== undefined || given.session_jwt !== undefined, {
  message: 'is required, or session_jwt',
  path: ['session_token'],
})

export const deleteSessionBody = body({
  session_id: optional(100),
  session_token: optional(500),
  session_jwt: optional(10_000),
}).refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
  message: 'give one of session_id, session_token and session_jwt',
  path: ['session_id'],
})

export const listSessionsQuery = z.object({ user_id: required(100) })

// --- users ------------------------------------------------------------------------------------------------------------

export const createUserBody = body({
  ...names,
  email: email.optional(),
  phone_number: phone.optional(),
  requires_verification: z.boolean('must be true or false').default(false),
}).refine((given) => given.email !== undefined || given.phone_number !== undefined, {
  message: 'is required, or phone_number',
  path: ['email'],
})

/** Theirs attaches as many as are given; a person here has one of each. */
const onlyOne = <S extends z.ZodType>(item: S) =>
  z.array(item, 'must be a list').min(1, 'must not be empty').max(1, 'may hold one: a user has one here').optional()

export const updateUserBody = body({
  ...names,
  emails: onlyOne(body({ email })),
  phone_numbers: onlyOne(body({ phone_number: phone })),
})

const text = z.string('must be a text').min(1, 'must not be empty').max(200, 'must have at most 200 characters')
const scalar = z.union([text, z.number(), z.boolean()], 'must be a text, a number or a boolean')
const searchField = body({
  field: required(100),
  operator: z.enum(['eq', 'in', 'between', 'lt', 'gt'], 'must be eq, in, between, lt or gt'),
  value: scalar.optional(),
  second_value: scalar.optional(),
  values: z.array(scalar, 'must be a list').min(1, 'must not be empty').max(MAX_SEARCH_VALUES).optional(),
})
type SearchField = z.output<typeof searchField>

export const searchUsersBody = body({
  limit: z.int('must be a whole number from 1 to 100').min(1).max(100).default(50),
  starting_after: optional(100),
  filters: body({
    operator: z.enum(['AND', 'OR'], 'must be AND or OR'),
    fields: z
      .array(searchField, 'must be a list')
      .min(1, 'must not be empty')
      .max(MAX_SEARCH_FIELDS, `may hold at most ${MAX_SEARCH_FIELDS}`)
      .refine(
        (fields) => fields.reduce((sum, { values = [] }) => sum + values.length, 0) <= MAX_SEARCH_VALUES,
        `may hold at most ${MAX_SEARCH_VALUES} values together`,
      ),
  }).optional(),
  // Ours, for the plain question.
  email: email.optional(),
  phone_number: phone.optional(),
  user_id: optional(100),
  status: optional(100),
}).transform(({ filters, email, phone_number, user_id, status, ...page }, context) => {
  const plain: SearchField[] = [
    ...(email ? [{ field: 'email', operator: 'eq' as const, value: email.exact }] : []),
    ...(phone_number ? [{ field: 'phone_number', operator: 'eq' as const, value: phone_number }] : []),
    ...(user_id ? [{ field: 'user_id', operator: 'eq' as const, value: user_id }] : []),
    ...(status ? [{ field: 'status', operator: 'eq' as const, value: status }] : []),
  ]
  if (filters && plain.length > 0)
    return refuse(context, ['filters'], 'cannot come with email, phone_number, user_id or status')
  const conditions = (filters?.fields ?? plain).map((field, index) =>
    conditionOf(context, field, filters ? ['filters', 'fields', String(index)] : [field.field]),
  )
  return { ...page, search: { operator: filters?.operator ?? 'AND', conditions } satisfies UserSearch }
})

const STATUSES: Record<string, string> = { active: 'ACTIVE', pending: 'PENDING', inactive: 'INACTIVE' }
const COLUMNS = { user_id: 'id', status: 'status' } as const
/** What theirs keeps of a person and ours does not: nobody has one. */
const NOT_KEPT = ['wallet_public_address', 'wallet_id', 'totp_id', 'totp_verified', 'idp_provider']

function conditionOf(context: Refining, given: SearchField, path: string[]): UserCondition {
  const { field, operator, value, second_value } = given
  const nobody: UserCondition = { of: 'nobody' }
  const no = (says: string) => refuse(context, path, says)
  const values = operator === 'in' ? given.values : value === undefined ? undefined : [value]
  if (values === undefined) return no(`needs ${operator === 'in' ? 'values' : 'value'}`)
  const texts = values.map(String)
  const [first = ''] = texts
  if (field === 'created_at') {
    const times = operator === 'between' ? [value, second_value] : [value]
    if (operator === 'in' || !times.every((time) => typeof time === 'number'))
      return no('takes Unix seconds with eq, lt, gt or between')
    const [low = 0, high = low] = times as number[]
    const from = operator === 'lt' ? null : operator === 'gt' ? low + 1 : low
    const to = operator === 'gt' ? null : operator === 'lt' ? low - 1 : high
    return { of: 'user', column: 'created_at', from, to }
  }
  if (operator !== 'eq' && operator !== 'in') return no(`of ${field} takes eq or in`)
  if (NOT_KEPT.includes(field)) return nobody
  switch (field) {
    case 'user_id':
      return { of: 'user', column: COLUMNS[field], values: texts }
    case 'status':
      return { of: 'user', column: COLUMNS[field], values: texts.map((status) => STATUSES[status] ?? '') }
    case 'full_name_match':
      return { of: 'name', part: first }
    case 'email':
      return {
        of: 'email',
        column: 'canonical',
        values: texts.map((address) => {
          const parsed = parseEmailAddress(address)
          return parsed.ok ? parsed.value.canonical : ''
        }),
      }
    case 'phone_number':
      return { of: 'phone', column: 'canonical', values: texts.map((number) => parsePhoneNumber(number) ?? '') }
    case 'email_id':
    case 'phone_number_id':
      return { of: kindOf(field), column: 'id', values: texts }
    case 'email_match':
    case 'phone_number_match':
      return { of: kindOf(field), part: first }
    case 'email_verified':
    case 'phone_number_verified':
      return typeof value === 'boolean' ? { of: kindOf(field), verified: value } : no('takes true or false')
    default:
      return no(`names no field to search by: ${field}`)
  }
}

const kindOf = (field: string) => (field.startsWith('email') ? 'email' : 'phone')

type Refining = z.core.$RefinementCtx<unknown>

function refuse(context: Refining, path: string[], message: string) {
  context.issues.push({ code: 'custom', input: context.value, path, message })
  return z.NEVER
}
