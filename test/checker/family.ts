/**
 * Model 2 of security.md §3.3: a refresh family is a chain. One token lives; presenting it makes its one successor; the same client
 * may ask again for a while and gets the same. An older one, or one that is repeated too late, ends the family for good.
 */

import { before, type FamilyCall, firstBy, type Violation } from './history.ts'

type Refresh = Extract<FamilyCall, { does: 'refresh' }>
type Rotated = Refresh & { outcome: { is: 'ok'; next: string } }

export type FamilyRules = {
  /** To whom the first token was given. */
  client: string
  first: string
  graceMs?: number
}

export function checkFamily(history: FamilyCall[], rules: FamilyRules): Violation<FamilyCall>[] {
  const { client, first, graceMs = 10_000 } = rules
  const violations: Violation<FamilyCall>[] = []
  const told = (rule: string, ...calls: FamilyCall[]) => violations.push({ rule, calls })
  const refreshes = history.filter((call) => call.does === 'refresh')
  const revokes = history.filter((call) => call.does === 'revoke')
  const rotated = refreshes.filter((call): call is Rotated => call.outcome.is === 'ok')
  const refused = refreshes.filter(({ outcome }) => outcome.is === 'refused')
  const own = refreshes.filter((call) => call.client === client)

  for (const call of rotated.filter((taken) => taken.client !== client)) told("another client's token was taken", call)

  // One successor each, and each the successor of one.
  const successor = new Map<string, Rotated>()
  const predecessor = new Map<string, Rotated>()
  for (const call of rotated) {
    const { next } = call.outcome
    const [same, other] = [successor.get(call.token) ?? call, predecessor.get(next) ?? call]
    if (same.outcome.next !== next) told('two successors', same, call)
    if (other.token !== call.token || next === first) told('two predecessors', other, call)
    successor.set(call.token, same)
    predecessor.set(next, other)
  }
  const nextOf = ({ token }: Refresh) => successor.get(token)?.outcome.next ?? ''

  // When a token was first used up for certain, and since when it may have been.
  const answered = new Map<string, Rotated>()
  const asked = new Map<string, Refresh>()
  for (const call of rotated) answered.set(call.token, firstBy([answered.get(call.token) ?? call, call], endOf) ?? call)
  for (const call of own.filter(({ outcome }) => outcome.is !== 'refused'))
    asked.set(call.token, firstBy([asked.get(call.token) ?? call, call], ({ invoked }) => invoked) ?? call)

  /** Whether a call, when it was made, was of a token that nobody may bring any more. */
  const reused = (call: Refresh): Rotated | undefined => {
    const [once, after] = [answered.get(call.token), answered.get(nextOf(call))]
    if (after && before(after, call)) return after
    return once && call.invoked > once.answered + graceMs ? once : undefined
  }
  for (const call of rotated) {
    const since = reused(call)
    if (since) told(since.token === call.token ? 'repeated too late' : 'two live leaves', since, call)
  }

  // After a reuse that was answered, and after a revocation, nothing of the family is taken.
  const ends = [
    ...own.filter((call) => call.outcome.is !== 'unknown' && reused(call)),
    ...revokes.filter(({ outcome }) => outcome.is === 'done'),
  ]
  const end = firstBy(ends, endOf)
  for (const call of rotated) {
    if (end && before(end, call))
      told(end.does === 'revoke' ? 'alive after it was revoked' : 'alive after a reuse', end, call)
  }

  // Nobody is refused who brings the living token: something must have ended the family, at the latest now.
  const endings = own.flatMap((call) => {
    const [once, after] = [asked.get(call.token), asked.get(nextOf(call))]
    const stale = after ? [Math.max(call.invoked, after.invoked)] : []
    const isLate = once && call.answered >= once.invoked + graceMs
    return isLate ? [...stale, Math.max(call.invoked, once.invoked + graceMs)] : stale
  })
  const mayEndAt = [...endings, ...revokes.map(({ invoked }) => invoked)].reduce((a, b) => Math.min(a, b), Infinity)
  const isOfFamily = ({ token }: Refresh) => token === first || predecessor.has(token)
  for (const call of refused) {
    if (call.client === client && isOfFamily(call) && call.answered < mayEndAt) told('refused without a cause', call)
  }
  return violations
}

const endOf = ({ answered }: { answered: number }) => answered
