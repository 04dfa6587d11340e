/**
 * What an SMS needs beyond a mail, since each is paid for and numbers can be rented to earn from them (security.md B10): a list
 * of countries that starts empty, a limit for numbers that begin alike, and one for the whole project and day.
 */

import { hex } from '../../lib/bytes.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Failure, failed, type SendLimit } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { CountCommand, CreditCommand, UncountCommand } from '../ledger/decide.ts'
import { ledgerOf } from '../ledger/subject.ts'
import type { Project } from '../projects/project.ts'
import { countryOf, type PhoneNumber, smsPrefixOf, smsRefusal } from '../users/phone.ts'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
/** People sign in with what they are sent; whoever only collects fees does not. */
const TRUSTED_SHARE = 0.2
const ALL = ''

/** Whether anything may be sent there at all. */
export function refuseText(deps: Deps, project: Project, number: PhoneNumber): Result<null, Failure> {
  if (deps.config.sms.providers.length === 0) {
    const message = 'no SMS provider is configured: set SMS_PROVIDERS, such as twilio, and its keys'
    return failed({ reason: 'invalid', issues: [{ path: 'channel', message }] })
  }
  return refuseNumber(project, number)
}

/** Whether the number can take an SMS, and its country is on the list. */
export function refuseNumber(project: Project, number: PhoneNumber): Result<null, Failure> {
  const why = smsRefusal(number)
  if (why === 'not_mobile') {
    return failed({ reason: 'invalid', issues: [{ path: 'phone', message: 'is no number that can receive an SMS' }] })
  }
  const country = countryOf(number)
  const isListed = country !== null && project.settings.sms.countries.includes(country)
  return why === null && isListed ? ok(null) : failed({ reason: 'country_not_allowed', country: why ? null : country })
}

/** Counts one SMS, or says which limit it would break; what is refused counts nowhere. @throws Unavailable, counted nowhere either */
export async function countText(deps: Deps, project: Project, number: PhoneNumber): Promise<Result<null, Failure>> {
  const { sms } = project.settings
  const prefix = smsPrefixOf(number)
  const ofPrefix = {
    type: 'count',
    limit: sms.per_prefix_per_hour,
    window: HOUR_MS,
    unlessRedeemed: TRUSTED_SHARE,
  } as const
  const first = await askTally(deps, project, prefix, ofPrefix)
  if (first.is === 'over') return failed(tooMany('sms.per_prefix_per_hour', ofPrefix.limit, first.retryAfter))
  if (first.is !== 'done') return unknownOutcome(first as never)
  const ofDay = { type: 'count', limit: sms.per_day, window: DAY_MS, unlessRedeemed: null } as const
  const second = await askTally(deps, project, ALL, ofDay).catch((error: unknown) => {
    deps.after(askTally(deps, project, prefix, { type: 'uncount' }))
    throw error
  })
  if (second.is === 'done') return ok(null)
  if (second.is !== 'over') return unknownOutcome(second as never)
  deps.after(askTally(deps, project, prefix, { type: 'uncount' }))
  return failed(tooMany('sms.per_day', ofDay.limit, second.retryAfter))
}

/** It was not sent after all. */
export async function uncountText(deps: Deps, project: Project, number: PhoneNumber): Promise<void> {
  await askTally(deps, project, smsPrefixOf(number), { type: 'uncount' })
  await askTally(deps, project, ALL, { type: 'uncount' })
}

/** Somebody signed in with an SMS: numbers that begin so are people's. */
export async function creditText(deps: Deps, project: Project, number: PhoneNumber): Promise<void> {
  await askTally(deps, project, smsPrefixOf(number), { type: 'credit' })
}

async function askTally(
  deps: Deps,
  project: Project,
  prefix: string,
  command: CountCommand | CreditCommand | UncountCommand,
) {
  const ledger = await ledgerOf(project, { kind: 'sms', prefix })
  return askLedger(deps, hex(ledger), command)
}

const tooMany = (limit: SendLimit, allowed: number, retryAfter: number): Failure => ({
  reason: 'too_many_sends',
  limit,
  allowed,
  retryAfter,
})
