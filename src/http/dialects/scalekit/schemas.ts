/** What a client of Scalekit sends, read as grpc-gateway reads it (protobuf's JSON mapping). */

import * as z from 'zod'
import { describeAddressFailure, parseEmailAddress } from '../../../domain/users/address.ts'

export type Template = 'SIGNIN' | 'SIGNUP'
export type Verification = { token: string; id: string | null } | { id: string; code: string }

const DEFAULT_EXPIRES_IN = 300
const MAX_VARIABLES = 30
/** What Scalekit puts into a mail itself. */
const RESERVED_VARIABLES = ['otp', 'expiry_time_relative', 'link', 'expire_time', 'expiry_time']

const camelOf = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A field goes by its name in lowerCamelCase too, null is the same as nothing, and what is unknown is ignored. */
const message = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (body, context) => {
      if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
      const given = new Map<string, unknown>(Object.entries(body).filter(([, value]) => value !== null))
      for (const name of Object.keys(shape)) {
        const camel = camelOf(name)
        if (camel === name || !given.has(camel)) continue
        if (given.has(name)) {
          const says = `is given twice, as ${name} and as ${camel}`
          context.issues.push({ code: 'custom', input: body, path: [name], message: says })
        }
        given.set(name, given.get(camel))
      }
      return Object.fromEntries(given)
    },
    z.object(shape, 'must be a JSON object'),
  )

const text = (max: number) => z.string('must be a text').max(max, `may have at most ${max} characters`)
/** An empty text is the same as none. */
const optionalText = (max: number) =>
  text(max)
    .transform((value) => value || undefined)
    .optional()
const requiredText = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a text') })
    .min(1, 'is required')
    .max(max, `may have at most ${max} characters`)

const email = requiredText(1000).transform((value, context) => {
  const parsed = parseEmailAddress(value)
  if (parsed.ok) return parsed.value
  context.issues.push({ code: 'custom', input: value, message: describeAddressFailure(parsed.error) })
  return z.NEVER
})

/** By its name or by its number in protobuf's enum, where 0 is for none. */
const template = z
  .literal(['UNSPECIFIED', 'SIGNIN', 'SIGNUP', 0, 1, 2], 'must be SIGNIN or SIGNUP')
  .transform((value): Template => (value === 'SIGNUP' || value === 2 ? 'SIGNUP' : 'SIGNIN'))

const RANGE = 'must be a whole number of seconds from 60 to 3600'
/** A number may come as a text. */
const expiresIn = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], RANGE)
  .pipe(z.int(RANGE).min(60, RANGE).max(3600, RANGE))

const templateVariables = z
  .record(z.string(), z.string('must be a text'), 'must be a JSON object of texts')
  .refine((given) => Object.keys(given).length <= MAX_VARIABLES, `may have at most ${MAX_VARIABLES} entries`)
  .refine(
    (given) => !RESERVED_VARIABLES.some((name) => Object.hasOwn(given, name)),
    `must not name ${RESERVED_VARIABLES.join(', ')}`,
  )

export const sendBody = message({
  email,
  expires_in: expiresIn.default(DEFAULT_EXPIRES_IN),
  state: text(2000).optional(),
  template: template.default('SIGNIN'),
  magiclink_auth_uri: optionalText(2000),
  template_variables: templateVariables.default({}),
})

export const resendBody = message({ auth_request_id: requiredText(200) })

export const verifyBody = message({
  code: optionalText(2000),
  link_token: optionalText(500),
  auth_request_id: optionalText(200),
}).transform(({ code, link_token, auth_request_id }, context): Verification => {
  const refuse = (path: string, says: string) => {
    context.issues.push({ code: 'custom', input: undefined, path: [path], message: says })
    return z.NEVER
  }
  if (code !== undefined && link_token !== undefined) return refuse('link_token', 'cannot come with a code')
  if (link_token !== undefined) return { token: link_token, id: auth_request_id ?? null }
  if (code === undefined) return refuse('code', 'is required, or link_token')
  return auth_request_id === undefined ? refuse('auth_request_id', 'is required') : { id: auth_request_id, code }
})
