/** What callers saw, as the checkers take it. Times are of one clock; both ends count as inside. */

type Timed = {
  invoked: number
  /** Of a call whose outcome is unknown: when it cannot happen any more (its process was killed), else Infinity. */
  answered: number
}

/** One call with the redemption key `key`, of the right secret or of a wrong one. */
export type Redeem = Timed & {
  key: string
  right: boolean
  outcome:
    | { is: 'ok'; sid: string }
    /** The others: somebody else had it; a wrong secret; too late; no tries are left; no answer came. */
    | { is: 'used' | 'bad' | 'expired' | 'locked' | 'unknown' }
}

/** One call about a refresh family: a token is presented by a client, or the whole family is revoked. */
export type FamilyCall = Timed &
  (
    | {
        does: 'refresh'
        client: string
        token: string
        outcome: { is: 'ok'; next: string } | { is: 'refused' | 'unknown' }
      }
    | { does: 'revoke'; outcome: { is: 'done' | 'unknown' } }
  )

/** Something that was let through and is counted. */
export type Pass = Timed

export type Violation<Call> = { rule: string; calls: Call[] }

/** One was answered before the other was asked. */
export const before = (earlier: Timed, later: Timed): boolean => earlier.answered < later.invoked

export const firstBy = <T>(list: T[], value: (item: T) => number): T | undefined =>
  list.reduce<T | undefined>((best, item) => (best === undefined || value(item) < value(best) ? item : best), undefined)

export const lastBy = <T>(list: T[], value: (item: T) => number): T | undefined => firstBy(list, (item) => -value(item))
