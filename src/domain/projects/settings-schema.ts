/** What is allowed in a project's settings. Evaluated when they are changed, which is not when people sign in. */

import * as z from 'zod'
import { CODE_ALPHABETS } from '../ledger/code.ts'
import { parseEmailAddress } from '../users/address.ts'
import { mayRedirectTo, whyNotRegistrable } from './redirect-uris.ts'
import { isObject, METHODS, withDefaults } from './settings.ts'

const DAY = 86_400
/** Pages show no larger one, and a request that sets it has to fit into 16 KiB. */
const MAX_LOGO_LENGTH = 16_000

const redirectUri = z.string().check((context) => {
  const why = whyNotRegistrable(context.value)
  if (why) context.issues.push({ code: 'custom', input: context.value, message: why })
})

const domain = z
  .string()
  .max(253)
  .check((context) => {
    const parsed = parseEmailAddress(`a@${context.value}`)
    if (!parsed.ok || parsed.value.domain !== context.value) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: 'must be a domain in lower case, such as example.com',
      })
    }
  })

const plainText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (text) => !/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(text),
      'must not hold control or direction characters',
    )

export const brandSchema = z.strictObject({
  /** Shown on pages and in mails; null: the project's name. */
  name: plainText(80).nullable(),
  primary_color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #3355cc')
    .nullable(),
  logo: z
    .string()
    .max(MAX_LOGO_LENGTH, `must have at most ${MAX_LOGO_LENGTH} characters: put a larger picture behind an https URL`)
    .regex(
      /^(https:\/\/[^\s"'<>]+|data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+)$/,
      'must be an https URL or a base64 data: URL of a png, jpeg, gif or webp',
    )
    .nullable(),
  sender_name: plainText(80).nullable(),
  support_email: z
    .string()
    .refine((text) => parseEmailAddress(text).ok, 'must be an email address')
    .nullable(),
})

/** As a caller writes them; what of it is kept is `StoredTestIdentity`. */
export const testIdentitiesSchema = z
  .array(
    z.strictObject({
      address: z.string().max(254),
      code: z
        .string()
        .regex(/^[0-9A-Z]{10}$/, 'must be 10 digits or capital letters')
        .optional()
        .describe('Write-only'),
      until: z.int().describe('Unix seconds'),
    }),
  )
  .max(20)
const storedTestIdentity = z.strictObject({ address: z.string(), until: z.int(), sealed: z.string() })
export type StoredTestIdentity = z.infer<typeof storedTestIdentity>

export const settingsSchema = z.strictObject({
  method: z.enum(METHODS),
  link_ttl: z
    .int()
    .min(1)
    .max(7 * DAY),
  code_ttl: z.int().min(1).max(3600),
  code_length: z.int().min(6).max(10),
  code_alphabet: z.enum(Object.keys(CODE_ALPHABETS) as (keyof typeof CODE_ALPHABETS)[]),
  max_tries: z.int().min(1).max(5),
  regenerate_on_resend: z.boolean(),
  link_requires_id: z.boolean(),
  allow_sign_up: z.boolean(),
  redirect_uris: z.array(redirectUri).max(100),
  default_login_redirect: z.string().nullable(),
  default_registration_redirect: z.string().nullable(),
  email_domains_allowed: z.array(domain).max(1000),
  email_domains_blocked: z.array(domain).max(1000),
  block_disposable: z.boolean(),
  brand: brandSchema,
  locale: z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or pt-BR'),
  access_ttl: z.int().min(300).max(DAY),
  session_idle: z
    .int()
    .min(300)
    .max(365 * DAY),
  session_absolute: z
    .int()
    .min(300)
    .max(365 * DAY),
  resources: z.array(z.string().min(1).max(200)).max(50),
  test_identities: testIdentitiesSchema,
  send_limits: z.strictObject({
    per_minute: z.int().min(1).max(100_000),
    per_15_minutes: z.int().min(1).max(100_000),
    per_day: z.int().min(1).max(100_000),
  }),
  sms: z.strictObject({
    countries: z
      .array(z.string().regex(/^[A-Z]{2}$/, 'must be a country of two capital letters (ISO 3166-1), such as US'))
      .max(250)
      .describe('Where SMS may go; empty: nowhere'),
    per_prefix_per_hour: z
      .int()
      .min(1)
      .max(100_000)
      .describe('To numbers whose first 7 digits agree, while less than a fifth of them signed in'),
    per_day: z.int().min(1).max(1_000_000).describe('Of the whole project'),
  }),
})

const storedSettingsSchema = settingsSchema.extend({ test_identities: z.array(storedTestIdentity) })
export type Settings = z.infer<typeof storedSettingsSchema>

export type SettingsIssue = { path: string; message: string }

/**
 * A merge patch (RFC 7396) on stored settings: null takes one back to its default, `brand`, `send_limits` and `sms` merge one
 * level deeper. Nothing is changed unless all of it is allowed.
 * @returns what to store (only what differs from the defaults), or every field that is not allowed
 */
export function patchSettings(
  stored: Partial<Settings>,
  patch: Record<string, unknown>,
  development: boolean,
): { ok: true; stored: Partial<Settings>; settings: Settings } | { ok: false; issues: SettingsIssue[] } {
  const next = mergePatch(stored, patch)
  const parsed = storedSettingsSchema.safeParse(withDefaults(next))
  if (!parsed.success) return { ok: false, issues: parsed.error.issues.flatMap(toSettingsIssues) }
  const settings = parsed.data
  const issues = (['default_login_redirect', 'default_registration_redirect'] as const).flatMap((name) => {
    const uri = settings[name]
    const allowed = uri === null || mayRedirectTo({ registered: settings.redirect_uris, development }, uri)
    return allowed
      ? []
      : [{ path: name, message: 'must be one of redirect_uris: add it there first, or in the same request' }]
  })
  return issues.length > 0 ? { ok: false, issues } : { ok: true, stored: next as Partial<Settings>, settings }
}

function mergePatch(target: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const out = { ...target }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name]
    else if (isObject(value)) out[name] = mergePatch(isObject(out[name]) ? out[name] : {}, value)
    else out[name] = value
  }
  return out
}

export function toSettingsIssues(issue: z.core.$ZodIssue): SettingsIssue[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a setting' }))
  }
  return [{ path: path.join('.'), message: issue.message }]
}
