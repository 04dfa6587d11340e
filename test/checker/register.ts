/**
 * Model 1 of security.md §3.3: a secret that is redeemed once, by one key, whose retries get the same session. Is there an order
 * of the calls, each between its question and its answer, in which one ledger would have answered so? In linear time, without
 * a search: the model has one event that matters, the winner's redemption, and every answer says on which side of it it lies.
 *
 * The model: a wrong secret is `bad` and counts; after `maxTries` of them everything is `locked`; the first right secret wins;
 * then its key and the right secret get the same session, everybody else `used`. After `expiresAt` what was not won is `expired`.
 * Histories are shorter than the time for which a key is remembered.
 */

import { before, firstBy, lastBy, type Redeem, type Violation } from './history.ts'

export type RegisterRules = {
  /** 5 of a code; Infinity of a link, which is not guessed. */
  maxTries?: number
  expiresAt?: number
  /**
   * Of an authorization code: whoever brings it a second time ends what it issued (RFC 6749 §4.1.2), so that its winner, asking
   * again, may hear `used` as well.
   */
  reuseEnds?: boolean
}

export function checkRegister(history: Redeem[], rules: RegisterRules = {}): Violation<Redeem>[] {
  const { maxTries = 5, expiresAt = Number.POSITIVE_INFINITY, reuseEnds = false } = rules
  const violations: Violation<Redeem>[] = []
  const told = (rule: string, ...calls: (Redeem | undefined)[]) =>
    violations.push({ rule, calls: calls.filter((call) => call !== undefined) })
  const of = (is: Redeem['outcome']['is']) => history.filter(({ outcome }) => outcome.is === is)
  const [oks, used, bads, locked, expired] = [of('ok'), of('used'), of('bad'), of('locked'), of('expired')]
  const rightUnknown = of('unknown').filter(({ right }) => right)
  const answeredFirst = (calls: Redeem[]) => firstBy(calls, ({ answered }) => answered)
  const invokedLast = (calls: Redeem[]) => lastBy(calls, ({ invoked }) => invoked)

  for (const call of oks.filter(({ right }) => !right)) told('a wrong secret was accepted', call)
  for (const call of bads.filter(({ right }) => right)) told('the right secret was called wrong', call)

  // 1. One session, one key.
  const winner = oks[0]
  const others = oks.filter(({ key, outcome }) => key !== winner?.key || sidOf(outcome) !== sidOf(winner?.outcome))
  if (others.length > 0) told('two winners', winner, ...others)

  // 4. Five wrong tries in all, and nobody wins after them.
  if (bads.length > maxTries) told('too many tries', ...bads)
  else if (bads.length === maxTries && oks.length + used.length > 0)
    told('won although locked', ...bads, oks[0] ?? used[0])

  // 7. Nothing is won late. A retry may be: its redemption was not.
  const isInTime = ({ invoked }: Redeem) => invoked <= expiresAt
  const attempts = (key: string) => [...oks, ...rightUnknown].filter((call) => call.key === key)
  const late = oks.filter((call) => !attempts(call.key).some(isInTime))
  if (late.length > 0) told('won too late', ...late)
  for (const call of [...bads, ...locked].filter((judged) => !isInTime(judged))) told('judged too late', call)
  for (const call of expired.filter(({ answered }) => answered < expiresAt)) told('expired too soon', call)

  // What `used` and `ok` say: somebody won, before the first of these answers.
  const afterwards = answeredFirst([...oks, ...used])
  if (afterwards) {
    for (const call of [...locked, ...expired]) told('closed and won', call, afterwards)
    // 5. What is used stays used: a wrong try that was still judged began after somebody heard that it was.
    const lastBad = invokedLast(bads)
    if (lastBad && before(afterwards, lastBad)) told('forgotten', afterwards, lastBad)

    // 2., 3. and 6. Who was it?
    const wonBy = ({ answered, invoked }: Redeem) =>
      Math.max(invoked, lastBad?.invoked ?? invoked) <= Math.min(answered, afterwards.answered, expiresAt)
    const rights = history.filter(({ right }) => right)
    const firstRight = firstBy(rights, ({ invoked }) => invoked)
    const firstOther = firstBy(
      rights.filter(({ key }) => key !== firstRight?.key),
      ({ invoked }) => invoked,
    )
    const reuse = (key: string) =>
      (firstRight?.key === key ? firstOther : firstRight)?.invoked ?? Number.POSITIVE_INFINITY
    const deniedRight = used.filter(({ key, right, answered }) => right && !(reuseEnds && reuse(key) <= answered))
    const denied = Map.groupBy(deniedRight, ({ key }) => key)
    const denials = (key: string) => denied.get(key) ?? []
    const candidates = winner ? attempts(winner.key) : rightUnknown
    const inTime = candidates.filter(wonBy)
    if (winner && denials(winner.key).length > 0) told('lost', winner, ...denials(winner.key))
    else if (inTime.length === 0) {
      const rule = winner ? 'won after it was used' : 'used before anybody used it'
      if (!violations.some((known) => ['forgotten', 'won too late'].includes(known.rule)))
        told(rule, afterwards, ...candidates)
    } else if (inTime.every(({ key }) => denials(key).length > 0)) told('burned', ...inTime, ...used)
  }

  // Locked only after so many wrong tries as could have been, and those before it.
  const firstLocked = answeredFirst(locked)
  if (firstLocked) {
    const lastBad = invokedLast(bads)
    if (lastBad && before(firstLocked, lastBad)) told('judged although locked', firstLocked, lastBad)
    const uncounted = of('unknown').filter(({ right, invoked }) => !right && invoked <= firstLocked.answered)
    const possible = bads.length + uncounted.filter(isInTime).length
    if (possible < maxTries) told('locked too soon', firstLocked, ...bads)
  }
  return violations
}

const sidOf = (outcome: Redeem['outcome'] | undefined) => (outcome?.is === 'ok' ? outcome.sid : undefined)
