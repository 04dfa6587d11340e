/** The setting that a send ran into. */
export type SendLimit =
  | `send_limits.${'per_minute' | 'per_15_minutes' | 'per_day'}`
  | `sms.${'per_prefix_per_hour' | 'per_day'}`

/**
 * The closed list of expected failures. A domain verb returns one as a value; each surface turns them into its own wire
 * errors in one exhaustive switch, so a new one that a surface forgot does not compile.
 */
export type Failure =
  | { reason: 'invalid'; issues: { path: string; message: string }[] }
  | { reason: 'redirect_uri_not_allowed'; uri: string | null }
  | { reason: 'unknown_token' }
  | { reason: 'wrong_code'; triesLeft: number }
  | { reason: 'sign_up_disabled' }
  | { reason: 'user_inactive' }
  | { reason: 'email_domain_blocked'; setting: string }
  /** `country`: ISO 3166; null: a network of no country, or none that can be told. */
  | { reason: 'country_not_allowed'; country: string | null }
  | { reason: 'invalid_template'; message: string }
  | { reason: 'not_a_member' }
  | { reason: 'client_mismatch' }
  | { reason: 'verifier_mismatch' }
  | { reason: 'not_found'; what: string }
  | { reason: 'unknown_challenge' }
  /** `at`: milliseconds of the first use. */
  | { reason: 'already_used'; at: number }
  | { reason: 'identifier_taken'; path: string }
  | { reason: 'idempotency_key_reused' }
  | { reason: 'expired' }
  | { reason: 'superseded' }
  | { reason: 'cancelled' }
  | { reason: 'locked'; retryAfter: number | null }
  | {
      reason: 'too_many_sends'
      limit: SendLimit
      allowed: number
      retryAfter: number
    }
  | { reason: 'delivery_failed' }

export const failed = <R extends Failure>(error: R): { ok: false; error: R } => ({ ok: false, error })
