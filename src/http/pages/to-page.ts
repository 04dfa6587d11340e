/** Failures as pages: each has its own sentence, and the status of its code in the API's table. */

import type { Failure } from '../../domain/failures.ts'
import type { FormTarget } from './parts.tsx'
import type { LinkPage } from './views.tsx'

/**
 * @param resend how a new link is asked for in one press, where that is possible
 * @param continueTo where somebody goes on who is signed in here already
 */
export function toPage(
  failure: Failure,
  application: string | null,
  resend: FormTarget | null,
  continueTo: string | null = null,
): { page: LinkPage; status: number } {
  switch (failure.reason) {
    case 'already_used': {
      const at = failure.at > 0 ? Math.floor(failure.at / 1000) : null
      return { page: { kind: 'used', application, at, resend, continueTo }, status: 409 }
    }
    case 'expired':
    case 'superseded':
      return { page: { kind: failure.reason, application, resend, continueTo }, status: 410 }
    case 'cancelled':
      return { page: { kind: 'cancelled', application }, status: 410 }
    case 'user_inactive':
    case 'not_a_member':
    case 'sign_up_disabled':
    case 'email_domain_blocked':
    case 'country_not_allowed':
      return { page: { kind: 'inactive', application }, status: 403 }
    case 'too_many_sends':
      return { page: { kind: 'too_many', application }, status: 429 }
    case 'locked':
      return { page: { kind: 'too_many', application }, status: 423 }
    case 'delivery_failed':
      return { page: { kind: 'unavailable' }, status: 503 }
    case 'client_mismatch':
    case 'verifier_mismatch':
      return { page: { kind: 'cancelled', application }, status: 403 }
    case 'unknown_token':
    case 'unknown_challenge':
    case 'wrong_code':
    case 'invalid':
    case 'invalid_template':
    case 'redirect_uri_not_allowed':
    case 'not_found':
    case 'identifier_taken':
    case 'idempotency_key_reused':
      return { page: { kind: 'junk' }, status: 400 }
  }
}
