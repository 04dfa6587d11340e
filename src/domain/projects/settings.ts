/** A project's settings (design §5): what holds when nothing is said. What is allowed: settings-schema.ts. */

import type { Settings } from './settings-schema.ts'

const DAY = 86_400

export const METHODS = ['link', 'code', 'link_and_code'] as const

export const DEFAULT_SETTINGS: Settings = {
  method: 'link_and_code',
  link_ttl: 900,
  code_ttl: 600,
  code_length: 6,
  code_alphabet: 'digits',
  max_tries: 5,
  regenerate_on_resend: false,
  link_requires_id: false,
  allow_sign_up: true,
  redirect_uris: [],
  default_login_redirect: null,
  default_registration_redirect: null,
  email_domains_allowed: [],
  email_domains_blocked: [],
  block_disposable: false,
  brand: { name: null, primary_color: null, logo: null, sender_name: null, support_email: null },
  locale: 'en',
  access_ttl: 3600,
  session_idle: 30 * DAY,
  session_absolute: 90 * DAY,
  resources: [],
  test_identities: [],
  send_limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 },
  sms: { countries: [], per_prefix_per_hour: 10, per_day: 500 },
}

/** A developer signs in a hundred times an hour: the first project of a development server starts with these stored. */
export const DEVELOPMENT_SETTINGS: Partial<Settings> = {
  send_limits: { per_minute: 200, per_15_minutes: 500, per_day: 2000 },
}

export function withDefaults(stored: Record<string, unknown>): Record<string, unknown> {
  return {
    ...DEFAULT_SETTINGS,
    ...stored,
    brand: over(DEFAULT_SETTINGS.brand, stored.brand),
    send_limits: over(DEFAULT_SETTINGS.send_limits, stored.send_limits),
    sms: over(DEFAULT_SETTINGS.sms, stored.sms),
  }
}

/** What is no object stays as it is, for the schema to refuse: spread, a number would vanish. */
const over = (defaults: object, value: unknown): unknown =>
  value === undefined ? defaults : isObject(value) ? { ...defaults, ...value } : value

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
