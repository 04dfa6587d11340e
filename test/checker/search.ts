/**
 * Model 1 again, as plain as it gets, and exponential: every order of the calls that fits their times is tried on a ledger of a
 * few lines (Wing and Gong, "Testing and Verifying Concurrent Objects", 1993). It shows that the fast checker is right.
 */

import { before, type Redeem } from './history.ts'
import type { RegisterRules } from './register.ts'

type Register = { wrong: number; winner: { key: string; sid: string | null } | null }

export function isLinearizable(
  history: Redeem[],
  { maxTries = 5, expiresAt = Number.POSITIVE_INFINITY }: RegisterRules,
): boolean {
  const search = (left: Redeem[], register: Register, now: number, wasLate: boolean): boolean => {
    if (left.every(({ outcome }) => outcome.is === 'unknown')) return true
    return left.some((call) => {
      if (left.some((other) => other !== call && before(other, call))) return false
      const rest = left.filter((other) => other !== call)
      if (call.outcome.is === 'unknown' && search(rest, register, now, wasLate)) return true
      const at = Math.max(now, call.invoked)
      if (at > call.answered) return false
      // Time only matters at the expiry: it happens as soon as it may, or just after.
      return [at, Math.max(at, expiresAt)].some((moment) => {
        if (moment > call.answered) return false
        return [false, true].some((isLate) => {
          if (isLate ? moment < expiresAt : moment > expiresAt || wasLate) return false
          const next = step(register, call, maxTries, isLate)
          return next !== null && search(rest, next, moment, isLate)
        })
      })
    })
  }
  return search(history, { wrong: 0, winner: null }, Number.NEGATIVE_INFINITY, false)
}

/** The register afterwards; null where it would have answered otherwise. */
function step(
  { wrong, winner }: Register,
  { key, right, outcome }: Redeem,
  maxTries: number,
  isLate: boolean,
): Register | null {
  const sid = outcome.is === 'ok' ? outcome.sid : null
  const fits = (is: Redeem['outcome']['is'], next: Register) =>
    outcome.is === is || outcome.is === 'unknown' ? next : null
  if (winner) {
    if (!right || key !== winner.key) return fits('used', { wrong, winner })
    if (outcome.is === 'ok' && winner.sid !== null && winner.sid !== sid) return null
    return fits('ok', { wrong, winner: { key, sid: winner.sid ?? sid } })
  }
  if (isLate) return fits('expired', { wrong, winner })
  if (wrong >= maxTries) return fits('locked', { wrong, winner })
  return right ? fits('ok', { wrong, winner: { key, sid } }) : fits('bad', { wrong: wrong + 1, winner })
}
