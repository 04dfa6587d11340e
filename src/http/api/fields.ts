/** What bodies and answers of the native API are made of. */

import * as z from 'zod'
import { describeAddressFailure, parseEmailAddress } from '../../domain/users/address.ts'
import { parsePhoneNumber } from '../../domain/users/phone.ts'

export const DAY = 86_400
export const seconds = (what: string) => z.int().describe(`Unix seconds: ${what}`)

/**
 * Values of a person that may end up on a page: no control characters, no text that changes direction, and no half of a
 * surrogate pair, which D1 would give back as another text.
 */
export const text = (max: number) =>
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

export const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or pt-BR')

export const metadata = z
  .record(z.string().min(1).max(40), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
  .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 keys')

export const templateName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/, 'must be a name of letters, digits, _ and -, at most 60')
