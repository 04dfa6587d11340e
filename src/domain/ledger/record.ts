/** What a challenge remembers of the request that made it. The ledger returns it, so that redeeming looks nothing else up. */

/** At most 4 KiB as JSON; a larger request is refused with 400 before the ledger is asked. */
export const MAX_RECORD_BYTES = 4096

/** The part of an authorization request that outlives the sign-in (OpenID Connect Core §3.1.2.1). */
export type Authorization = {
  scope: string
  nonce: string | null
  /** RFC 7636, S256. */
  codeChallenge: string | null
  resource: string | null
  accessClaims: string[]
  idClaims: string[]
}

/** Whose wire a challenge came by; only the same one may redeem it. Forward's is the native one. */
export const DIALECTS = ['native', 'transmit', 'scalekit', 'streambird', '1kosmos'] as const
export type Dialect = (typeof DIALECTS)[number]

export type ChallengeRecord = {
  project: string
  dialect: Dialect
  purpose: 'sign_in' | 'login_url'
  channel: 'email' | 'sms' | 'none'
  method: 'link' | 'code' | 'link_and_code'
  /** Whom it is for: an address (looked up at redemption), or a user where nothing names an address. */
  identifier: { kind: 'email' | 'phone'; canonical: string; exact: string } | null
  userId: string | null
  /** The id that a new user of that address got or would have got: tells a sign-up from a sign-in. */
  candidateUserId: string | null
  /** Hosted flow: whoever has the address becomes a user when it is redeemed, not when it is asked for. */
  createAtRedemption: boolean
  /** Milliseconds. Anything that ended the user's outstanding secrets later than this ends this one. */
  mintedAt: number
  link: 'landing' | 'direct' | null
  /** The query parameter of a direct link that holds the secret. */
  linkParam: string
  /** Seconds; a resend starts them again. */
  linkTtl: number
  codeTtl: number
  /** Where the person ends up; null: the project's default, or our signed-in page. */
  redirectUri: string | null
  state: string | null
  /** The OAuth client of the flow; null for a flow that began through the API or on our own pages. */
  clientId: string | null
  /** Its name, for the link's page; absent in records of an older version. */
  application?: string | null
  /** What the client asked at /authorize; decides about its grant's exchange and its tokens. */
  authorization: Authorization | null
  /** `verifier`: RFC 7636. `flow`: the browser that asked (hash of its flow key for this address). */
  binding: { kind: 'verifier'; codeChallenge: string } | { kind: 'flow'; hash: string } | null
  /** What the person's device was when the link was asked for, and which of it must come again. */
  client: { ip: string | null; userAgent: string | null; country?: string | null } | null
  match: ('ip' | 'user_agent')[]
  linkRequiresId: boolean
  /** A fixed code, nothing sent: a user with a role does not sign in with it. */
  testIdentity: boolean
  /** Whether answers may name the user: not where the caller asked for `create_user: false`. */
  tellsUser: boolean
  locale: string
  /** What of it was asked for by name; a new link's mail is in the person's own language otherwise. */
  wishedLocale?: string | null
  metadata: Record<string, string | number | boolean | null>
  /** What the person approves by signing in (Transmit); goes into the ID token. */
  approvalData?: Record<string, string> | null
  /** The challenge's id must come beside whatever is redeemed (Transmit's request_id). */
  requiresId?: boolean
  /** What a dialect's verify tells again of its send. */
  vendor?: Record<string, string | boolean | null>
}
