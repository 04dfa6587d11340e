/**
 * What the service promises (design §1, §3, §4; api.md), once more in plain code: no storage, no keys, no concurrency. Every
 * method says what the answer must be and moves the model on; what only the service can know (ids, texts) the caller fills in.
 * Times are milliseconds.
 */

const SECOND = 1000
const DAY = 86_400 * SECOND
const REPLAY = 60 * SECOND
const GRACE = 10 * SECOND
const MAX_TRIES = 5
const MAX_SECRETS = 12
const MAX_UNUSED_GRANTS = 5
export const LIMITS = { per_minute: 4, per_15_minutes: 8, per_day: 40 }
const WINDOWS = [
  [60 * SECOND, LIMITS.per_minute],
  [15 * 60 * SECOND, LIMITS.per_15_minutes],
  [DAY, LIMITS.per_day],
] as const

export type Said = { status: number; code?: string; triesLeft?: number }
const OK = { status: 200 } as const
const MADE = { status: 201 } as const
const DONE = { status: 204 } as const
const UNKNOWN = { status: 400, code: 'unknown_token' } as const
const INVALID_GRANT = { status: 400, code: 'invalid_grant' } as const
const INACTIVE = { status: 403, code: 'user_inactive' } as const
const VERIFIER = { status: 403, code: 'verifier_mismatch' } as const
const NOT_FOUND = { status: 404, code: 'not_found' } as const
const NO_CHALLENGE = { status: 404, code: 'unknown_challenge' } as const
const USED = { status: 409, code: 'already_used' } as const
const TAKEN = { status: 409, code: 'identifier_taken' } as const
const EXPIRED = { status: 410, code: 'expired' } as const
const SUPERSEDED = { status: 410, code: 'superseded' } as const
const CANCELLED = { status: 410, code: 'cancelled' } as const
const LOCKED = { status: 423, code: 'locked' } as const
const TOO_MANY = { status: 429, code: 'too_many_sends' } as const

export type User = { id: string; email: string | null; status: 'ACTIVE' | 'INACTIVE' | 'PENDING'; notBefore: number }
export type Session = { id: string; user: User; revoked: boolean }
export type Token = { text: string; secret: string }
export type Family = {
  session: Session | null
  generation: number
  rotatedAt: number
  ended: boolean
  /** By generation, from 1. */
  refresh: (Token | null)[]
  access: { text: string; expiresAt: number }[]
}
export type Secret = {
  kind: 'link' | 'code'
  /** Null: no mail came. */
  text: string | null
  expiresAt: number
  tries: number
  superseded: boolean
}
type Use = { key: string; caller: string; at: number }
export type Grant = { text: string; expiresAt: number; use: Use | null; isBound: boolean }
export type Challenge = {
  n: number
  id: string
  email: string
  /** Whom the mail went to. */
  user: User
  mintedAt: number
  ttl: { link: number; code: number }
  method: string
  verifier: string | null
  secrets: Secret[]
  mark: (Use & { session: Session | null }) | null
  grants: Grant[]
  cancelledAt: number | null
}
export type Opened = Said & { session?: Session; family?: Family }
/** What is brought besides the secret. `key`: Idempotency-Key, or what stands for it. */
export type By = { key: string; caller: string; verifier: string | null }

export class Model {
  now = 0
  /** The name of LATCHKEY_SECRET: ids that are derived from it change when it does. */
  secret = 'a'
  users: User[] = []
  challenges: Challenge[] = []
  sessions: Session[] = []
  families = new Map<string, Family>()
  private sends = new Map<string, number[]>()
  private wrong = new Map<string, number>()
  private released = new Map<string, number>()

  ownerOf = (email: string): User | undefined => this.users.find((user) => user.email === email)
  isGone = (user: User): boolean => !this.users.includes(user)
  wrongOf = (email: string): number => this.wrong.get(email) ?? 0

  // --- sending ------------------------------------------------------------------------------------------------------

  /** Who is sent something: 201 comes with whom, made if nobody has the address. */
  send(email: string): Said & { user?: User; isNew?: boolean } {
    if (!this.maySend(email)) return TOO_MANY
    const owner = this.ownerOf(email)
    if (owner?.status === 'INACTIVE') return INACTIVE
    this.sentTo(email).push(this.now)
    if (owner) return { ...MADE, user: owner, isNew: false }
    const notBefore = (this.released.get(email) ?? -1) + 1
    const user: User = { id: '', email, status: 'ACTIVE', notBefore }
    this.users.push(user)
    return { ...MADE, user, isNew: true }
  }

  resend(challenge: Challenge): Said {
    const fate = this.fate(challenge)
    if (fate === 'gone') return NO_CHALLENGE
    if (fate !== 'alive') return fate
    if (challenge.mark) return USED
    if (!this.maySend(challenge.email)) return TOO_MANY
    // Whose secrets were ended since gets no new one, and the challenge ends.
    const { user } = challenge
    if (this.isGone(user) || user.status === 'INACTIVE' || user.notBefore > challenge.mintedAt) {
      challenge.cancelledAt = this.now
      return this.ownerOf(challenge.email)?.status === 'INACTIVE' ? INACTIVE : CANCELLED
    }
    this.sentTo(challenge.email).push(this.now)
    this.add(challenge, null, null)
    return MADE
  }

  /** A link and a code, as the method says; the last two of each live. */
  add(challenge: Challenge, link: string | null, code: string | null): void {
    const { method, ttl } = challenge
    const seconds = Math.floor(this.now / SECOND) * SECOND
    const common = { tries: 0, superseded: false }
    if (method !== 'code')
      challenge.secrets.push({ kind: 'link', text: link, expiresAt: seconds + ttl.link, ...common })
    if (method !== 'link')
      challenge.secrets.push({ kind: 'code', text: code, expiresAt: seconds + ttl.code, ...common })
    for (const kind of ['link', 'code']) {
      const live = challenge.secrets.filter((secret) => secret.kind === kind && !secret.superseded)
      for (const old of live.slice(0, -2)) old.superseded = true
    }
    challenge.secrets = challenge.secrets.slice(-MAX_SECRETS)
  }

  cancel(challenge: Challenge): Said {
    const fate = this.fate(challenge)
    if (fate === 'gone') return NO_CHALLENGE
    if (fate === CANCELLED) return DONE
    if (fate !== 'alive') return fate
    if (challenge.mark) return USED
    challenge.cancelledAt = this.now
    return DONE
  }

  statusOf(challenge: Challenge): string {
    const fate = this.fate(challenge)
    if (fate === 'gone') return 'unknown_challenge'
    if (fate !== 'alive') return fate === USED ? 'redeemed' : fate.code
    if (challenge.mark) return 'redeemed'
    const live = challenge.secrets.filter(({ superseded, expiresAt }) => !superseded && this.now < expiresAt)
    const locked = live.length > 0 && live.every(({ kind, tries }) => kind === 'code' && tries >= MAX_TRIES)
    return locked ? 'locked' : 'pending'
  }

  // --- redeeming ----------------------------------------------------------------------------------------------------

  redeemLink(challenge: Challenge, link: Secret, by: By): Opened {
    const refused = this.refuseLink(challenge, link) ?? this.settle(challenge, by)
    return refused ?? this.start(challenge, `link:${challenge.n}:${link.text}`, by)
  }

  redeemCode(challenge: Challenge, typed: string, by: By): Opened {
    const fate = this.fate(challenge)
    if (fate === 'gone') return UNKNOWN
    if (fate !== 'alive') return fate
    const codes = challenge.secrets.filter(({ kind }) => kind === 'code')
    const isRight = ({ text }: Secret) => text === typed
    if (!challenge.mark) {
      if (codes.length === 0) return UNKNOWN
      const live = codes.filter(({ superseded, expiresAt }) => !superseded && this.now < expiresAt)
      if (live.length === 0) return codes.some(({ expiresAt }) => this.now >= expiresAt) ? EXPIRED : SUPERSEDED
      const open = live.filter(({ tries }) => tries < MAX_TRIES)
      if (open.length === 0) return LOCKED
      if (!open.some(isRight)) {
        for (const code of open) code.tries++
        this.wrong.set(challenge.email, this.wrongOf(challenge.email) + 1)
        if (codes.some((code) => code.superseded && isRight(code))) return SUPERSEDED
        return { status: 400, code: 'wrong_code', triesLeft: MAX_TRIES - Math.min(...open.map(({ tries }) => tries)) }
      }
    } else if (!codes.some(isRight)) return USED
    return this.settle(challenge, by) ?? this.start(challenge, `code:${challenge.n}`, by)
  }

  /** The button on the page, after it was opened. A bound link redeems nothing: the answer is a grant all the same. */
  press(challenge: Challenge, link: Secret, key: string): Said {
    if (this.now >= link.expiresAt) return EXPIRED
    const refused = this.refuseLink(challenge, link)
    if (refused) return refused
    if (challenge.verifier === null)
      return this.settle(challenge, { key, caller: 'page', verifier: null }) ?? { status: 303 }
    const { mark } = challenge
    return mark && this.now - mark.at >= REPLAY ? USED : { status: 303 }
  }

  granted(challenge: Challenge, text: string): void {
    const isBound = challenge.verifier !== null
    const expiresAt = (Math.floor(this.now / SECOND) + 60) * SECOND
    challenge.grants.push({ text, expiresAt, use: null, isBound })
  }

  exchange(challenge: Challenge, grant: Grant, by: By): Opened {
    const isLate = this.now >= grant.expiresAt
    if (this.now >= grant.expiresAt + REPLAY) return EXPIRED
    const fate = this.fate(challenge)
    const name = `grant:${grant.text}`
    if (grant.isBound) {
      if (isLate && this.statusOf(challenge) !== 'redeemed') return EXPIRED
      if (fate !== 'alive') return fate === 'gone' ? UNKNOWN : EXPIRED
      return this.settle(challenge, by) ?? this.start(challenge, name, by)
    }
    const unused = challenge.grants.filter(({ use, isBound }) => !use && !isBound)
    const isKept = grant.use !== null || unused.slice(-MAX_UNUSED_GRANTS).includes(grant)
    if (fate !== 'alive' || !isKept) return isLate ? EXPIRED : UNKNOWN
    const { use } = grant
    if (use) {
      if (use.key !== by.key || use.caller !== by.caller || this.now - use.at >= REPLAY) {
        // RFC 6749 §4.1.2: what it issued ends.
        this.familyOf(name, use.key, null).ended = true
        return USED
      }
    } else {
      if (isLate) return EXPIRED
      if (by.verifier !== null) return VERIFIER
      grant.use = { key: by.key, caller: by.caller, at: this.now }
    }
    return this.start(challenge, name, by)
  }

  private refuseLink(challenge: Challenge, link: Secret): Said | null {
    if (this.now >= link.expiresAt + REPLAY) return EXPIRED
    const fate = this.fate(challenge)
    if (fate === 'gone') return UNKNOWN
    if (fate !== 'alive') return fate
    if (!challenge.secrets.includes(link)) return UNKNOWN
    if (challenge.mark) return null
    if (link.superseded) return SUPERSEDED
    return this.now >= link.expiresAt ? EXPIRED : null
  }

  /** Conditions, then the mark: one key, one caller, for a minute. */
  private settle(challenge: Challenge, { key, caller, verifier }: By): Said | null {
    const { mark } = challenge
    if (mark && this.now - mark.at >= REPLAY) return USED
    if (challenge.verifier !== verifier) return mark && verifier !== null ? USED : VERIFIER
    // Of a bound link the verifier is the key.
    const own = verifier ?? key
    if (mark) return mark.key === own && mark.caller === caller ? null : USED
    challenge.mark = { key: own, caller, at: this.now, session: null }
    this.wrong.delete(challenge.email)
    return null
  }

  /** The session of the mark, if who has the address now may sign in with a secret of that moment. */
  private start(challenge: Challenge, presented: string, by: By): Opened {
    const { mark, mintedAt } = challenge
    if (!mark) throw new Error('no mark')
    const owner = this.ownerOf(challenge.email)
    const fits = owner !== undefined && owner.notBefore <= mintedAt
    if (fits && owner.status === 'PENDING') owner.status = 'ACTIVE'
    if (fits && owner.status === 'ACTIVE' && !mark.session) {
      mark.session = { id: '', user: owner, revoked: false }
      this.sessions.push(mark.session)
    }
    const { session } = mark
    const family =
      session && !session.revoked
        ? this.familyOf(
            presented,
            presented.startsWith('grant') && challenge.verifier === null ? by.key : mark.key,
            session,
          )
        : null
    if (!owner) return CANCELLED
    if (owner.status !== 'ACTIVE') return INACTIVE
    if (!session || !family || session.user !== owner) return CANCELLED
    return family.ended ? USED : { ...OK, session, family }
  }

  private familyOf(presented: string, key: string, session: Session | null): Family {
    const name = JSON.stringify([presented, key])
    const known = this.families.get(name)
    if (known) return known
    const family = { session, generation: 1, rotatedAt: this.now, ended: false, refresh: [], access: [] }
    this.families.set(name, family)
    return family
  }

  // --- sessions -----------------------------------------------------------------------------------------------------

  private isLive = ({ session }: Family): boolean =>
    session !== null && !session.revoked && session.user.status === 'ACTIVE' && !this.isGone(session.user)

  refresh(family: Family, generation: number): Said & { generation?: number } {
    if (!family.ended && family.generation === generation && this.isLive(family)) {
      family.generation++
      family.rotatedAt = this.now
    }
    const isPrevious = family.generation === generation + 1
    const inGrace = this.now - family.rotatedAt < GRACE
    if (family.generation > generation + 1 || (isPrevious && !inGrace)) family.ended = true
    if (!isPrevious || family.ended || !this.isLive(family)) return INVALID_GRANT
    return { ...OK, generation: family.generation }
  }

  isActive(family: Family, token: { generation: number } | { expiresAt: number }): boolean {
    if (family.ended || !this.isLive(family)) return false
    if ('expiresAt' in token) return this.now < token.expiresAt
    const isPrevious = family.generation === token.generation + 1 && this.now - family.rotatedAt < GRACE
    return family.generation === token.generation || isPrevious
  }

  // --- people -------------------------------------------------------------------------------------------------------

  changeAddress(user: User, email: string): Said {
    if (this.isGone(user)) return NOT_FOUND
    const owner = this.ownerOf(email)
    if (owner === user) return OK
    if (owner) return TAKEN
    if (user.email) this.released.set(user.email, this.now)
    user.email = email
    user.notBefore = this.now + 1
    return OK
  }

  setStatus(user: User, status: User['status']): Said {
    if (this.isGone(user)) return NOT_FOUND
    user.status = status
    if (status !== 'INACTIVE') return OK
    user.notBefore = this.now + 1
    this.revokeAll(user)
    return OK
  }

  remove(user: User): Said {
    if (this.isGone(user)) return NOT_FOUND
    if (user.email) this.released.set(user.email, this.now)
    this.users = this.users.filter((other) => other !== user)
    this.revokeAll(user)
    return DONE
  }

  private revokeAll(user: User): void {
    for (const session of this.sessions) if (session.user === user) session.revoked = true
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  /** Alive for the ledger; else what it says of the dead, for a day and as long as a link of it could be in time. */
  private fate({
    secrets,
    mark,
    grants,
    cancelledAt,
  }: Challenge): 'alive' | 'gone' | typeof USED | typeof EXPIRED | typeof CANCELLED {
    const dead = <S>(at: number, said: S): S | 'gone' =>
      this.now >= Math.max(at + DAY, ...secrets.map(({ expiresAt }) => expiresAt)) ? 'gone' : said
    if (cancelledAt !== null) return dead(cancelledAt, CANCELLED)
    if (mark) {
      const ends = grants
        .filter(({ isBound }) => !isBound)
        .map(({ expiresAt, use }) => Math.max(expiresAt, (use?.at ?? 0) + REPLAY))
      return this.now < Math.max(mark.at + REPLAY, ...ends) ? 'alive' : dead(mark.at, USED)
    }
    const last = Math.max(...secrets.filter(({ superseded }) => !superseded).map(({ expiresAt }) => expiresAt))
    return this.now < last ? 'alive' : dead(last, EXPIRED)
  }

  private sentTo(email: string): number[] {
    const sent = this.sends.get(email) ?? []
    this.sends.set(email, sent)
    return sent
  }

  private maySend = (email: string): boolean =>
    WINDOWS.every(([span, limit]) => this.sentTo(email).filter((at) => at > this.now - span).length < limit)
}
