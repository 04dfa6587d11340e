/** What a back end does with a link, a code or a grant: redeem it, and have the person, a session and tokens. */

import { encodeBase64url } from '../../lib/base64url.ts'
import { hex } from '../../lib/bytes.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger } from '../ledger/ask.ts'
import { readCode } from '../ledger/code.ts'
import type { ChallengeRecord, Dialect } from '../ledger/record.ts'
import {
  codeProofs,
  type ParsedSecret,
  parseChallengeId,
  parseSecret,
  partsOfUuid,
  proofOf,
  readUuid,
} from '../ledger/secret.ts'
import { ledgerOf } from '../ledger/subject.ts'
import { type Membership, membershipOf } from '../organizations/organization.ts'
import type { Project } from '../projects/project.ts'
import type { Session } from '../sessions/session.ts'
import { confirmUser, mayJoin, refOf, startSession } from '../sessions/start.ts'
import { claimsOfScope, type GrantData, issueTokens, type TokenClient, type Tokens } from '../sessions/tokens.ts'
import type { UserRef } from '../users/queries.ts'
import type { Identifier, Metadata, User } from '../users/user.ts'
import { creditRedemption, hashVerifier, notesOf, type Presented, redeemForCaller } from './redeem.ts'

export type VerifyInput = {
  /** `person`: a code with nothing but whose it is; the dialect's newest live one is meant. */
  secret:
    | { token: string; id: string | null }
    | { id: string; code: string }
    | { person: string; code: string; id: string | null }
    | { uuid: string; id: null }
  /** Absent: native. */
  dialect?: Dialect
  /** Which tokens this endpoint takes. */
  accepts: ('link' | 'grant')[]
  /** The API key or OAuth client that calls, and whose flow it may finish (null: one that began through the API). */
  caller: TokenClient
  oauthClientId: string | null
  /** Of the tokens of a flow that began through the API; absent: the project. */
  audience?: string
  redemptionKey: string | null
  codeVerifier: string | null
  redirectUri?: string
  device: { ip: string | null; userAgent: string | null } | null
  session: boolean
  /**
   * A session that has no tokens: nothing refreshes it but its own use (Streambird). `lifetime` is seconds, used or not; null: as
   * the session that this is added to.
   */
  bare?: { lifetime: number | null }
  /** A live session of the same person that this is added to, in place of a new one. */
  sessionId: string | null
  /** An organization, by its id or external id, that the person must be a member of; it goes into the tokens. */
  organization: string | null
  wish: { resource: string | null; accessClaims: string[]; idClaims: string[] }
}

export type Verified = {
  user: User
  identifier: Identifier | null
  state: string | null
  method: 'link' | 'code'
  challengeId: string
  metadata: Metadata
  /** What was sent, and what the dialect keeps with it. */
  sent: Pick<ChallengeRecord, 'method' | 'vendor' | 'identifier' | 'approvalData'>
  /** Null where the caller wanted none. */
  signedIn: { session: Session; tokens: Tokens } | null
  /** Where `bare` asked for one. */
  bareSession: Session | null
}

export async function verify(deps: Deps, project: Project, input: VerifyInput): Promise<Result<Verified, Failure>> {
  const { resource } = input.wish
  if (resource !== null && !project.settings.resources.includes(resource)) {
    return failed({
      reason: 'invalid',
      issues: [{ path: 'resource', message: "must be one of the project's resources" }],
    })
  }
  const presented = await present(deps, project, input)
  if (!presented.ok) return presented
  const asked = await askBefore(deps, project, presented.value, input)
  if (!asked.ok) return asked
  const { membership } = asked.value
  const redeemed = await redeemForCaller(deps, project, {
    presented: presented.value,
    key: input.redemptionKey,
    caller: input.caller.id,
    lane: 'stranger',
    conditions: {
      project: project.id,
      dialect: input.dialect ?? 'native',
      clientId: input.oauthClientId,
      idGiven: input.secret.id !== null,
      ...(await namedChallenge(deps, input.secret.id, presented.value)),
      ...(input.redirectUri === undefined ? {} : { redirectUri: input.redirectUri }),
      ...(input.codeVerifier === null ? {} : { verifierHash: await hashVerifier(input.codeVerifier) }),
      ...(input.device ? { client: input.device } : {}),
    },
    grant: null,
  })
  if (!redeemed.ok) return redeemed
  // Not known when it was asked, and redeemed a moment later: nobody signs in to an organization unasked.
  if (input.organization !== null && membership === null) return failed({ reason: 'not_a_member' })
  const { challengeId, notes } = await notesOf(deps, presented.value.ledger, redeemed.value)
  // The press that gave a grant has noted and credited it already.
  const isNoted = presented.value.purpose === 'grant'
  const signedIn = await signIn(deps, project, input, redeemed.value, membership, isNoted ? [] : notes)
  if (!signedIn.ok) return signedIn
  if (!isNoted) deps.after(creditRedemption(deps, project, redeemed.value))
  const { user } = signedIn.value
  const { record, by } = redeemed.value
  return ok({
    user,
    identifier: user.identifiers.find(({ kind }) => kind === record.identifier?.kind) ?? null,
    state: record.state,
    method: by === 'link' ? 'link' : 'code',
    challengeId,
    metadata: record.metadata,
    sent: record,
    signedIn: signedIn.value.signedIn,
    bareSession: signedIn.value.bareSession,
  })
}

async function signIn(
  deps: Deps,
  project: Project,
  input: VerifyInput,
  proof: Parameters<typeof startSession>[2] & { familyId: string },
  membership: Membership | null,
  notes: D1PreparedStatement[],
): Promise<Result<Pick<Verified, 'user' | 'signedIn' | 'bareSession'>, Failure>> {
  if (!input.session) {
    const user = await confirmUser(deps, project, proof, notes)
    return user.ok ? ok({ user: user.value, signedIn: null, bareSession: null }) : user
  }
  const { familyId, record } = proof
  const device = input.device ?? record.client ?? { ip: null, userAgent: null }
  if (input.bare) {
    const { lifetime } = input.bare
    const wish = { device, family: null, cookieHash: null, joins: input.sessionId, lifetime, notes }
    const started = await startSession(deps, project, proof, wish)
    return started.ok ? ok({ user: started.value.user, signedIn: null, bareSession: started.value.session }) : started
  }
  const grant = grantOf(project, record, input, membership)
  const started = await startSession(deps, project, proof, {
    device,
    family: { id: familyId, clientId: input.caller.id, grant },
    cookieHash: null,
    organizationId: membership?.organizationId ?? null,
    joins: input.sessionId,
    notes,
  })
  if (!started.ok) return started
  const { user, session } = started.value
  // A replay, for another organization than the first time: its tokens would outlive that membership.
  const { organizationId = null } = started.value.grant ?? grant
  if (organizationId !== (membership?.organizationId ?? null)) return failed({ reason: 'already_used', at: proof.at })
  const tokens = await issueTokens(deps, project, {
    user,
    session,
    familyId,
    generation: 1,
    client: input.caller,
    grant: started.value.grant ?? grant,
    membership,
  })
  return ok({ user, signedIn: { session, tokens }, bareSession: null })
}

/**
 * Asked before anything is used up: whether the session and the organization fit the person. A secret that is not known or not
 * live any more is for the redemption to refuse.
 */
async function askBefore(
  deps: Deps,
  project: Project,
  presented: Presented,
  { secret, sessionId, organization }: VerifyInput,
): Promise<Result<{ membership: Membership | null }, Failure>> {
  const nothing = ok({ membership: null })
  if (sessionId === null && organization === null) return nothing
  const ref = 'person' in secret ? { userId: secret.person } : await whoIsMeant(deps, project, presented)
  if (ref === null) return nothing
  const [joins, membership] = await Promise.all([
    sessionId === null || mayJoin(deps, project, ref, sessionId),
    organization === null ? null : membershipOf(deps, project, organization, ref),
  ])
  if (!joins) return failed({ reason: 'not_found', what: 'session' })
  if (organization !== null && membership === null) return failed({ reason: 'not_a_member' })
  return ok({ membership })
}

/** Whose the secret is, as far as it is still known. */
async function whoIsMeant(deps: Deps, project: Project, presented: Presented): Promise<UserRef | null> {
  const { ledger, id, purpose, proofs } = presented
  const grant = purpose === 'grant' ? { grant: proofs[0] ?? '' } : {}
  const peek = { type: 'peek', id: id ?? '', project: project.id, link: null, ...grant } as const
  const outcome = await askLedger(deps, ledger, peek)
  return outcome.is === 'found' && outcome.record ? refOf(outcome.record) : null
}

/** What /authorize was asked for decides where there was one; else the caller's wish. */
function grantOf(
  project: Project,
  { authorization, approvalData = null }: ChallengeRecord,
  { caller, wish, audience = project.id }: VerifyInput,
  membership: Membership | null,
): GrantData {
  const organizationId = membership?.organizationId ?? null
  if (authorization === null) {
    const approval = approvalData === null ? {} : { approvalData }
    return { audience, scope: '', nonce: null, ...wish, organizationId, ...approval }
  }
  const { scope, nonce, accessClaims, idClaims } = authorization
  return {
    audience: caller.clientId,
    scope,
    nonce,
    resource: wish.resource ?? authorization.resource,
    accessClaims,
    idClaims: [...idClaims, ...claimsOfScope(scope)],
  }
}

/** What was brought, as the ledger compares it. Junk, and a secret that this endpoint does not take, is unknown. */
async function present(deps: Deps, project: Project, input: VerifyInput): Promise<Result<Presented, Failure>> {
  const { secret } = input
  if ('token' in secret) {
    const parsed = await parseSecret(deps.keys, secret.token)
    const kind = parsed && kindOf(parsed)
    if (!parsed || !kind || !input.accepts.includes(kind)) return failed({ reason: 'unknown_token' })
    // A grant has an id of its own: a dialect that wants the challenge's is judged by the ledger.
    if (secret.id !== null && (kind === 'link' || input.dialect === undefined)) {
      const ref = await parseChallengeId(deps.keys, secret.id)
      if (ref?.id !== parsed.id || ref.ledger !== parsed.ledger) return failed({ reason: 'unknown_token' })
    }
    return ok(presentToken(parsed))
  }
  if ('uuid' in secret) {
    const uuid = await readUuid(deps.keys, project.id, secret.uuid)
    return uuid === null ? failed({ reason: 'unknown_token' }) : ok(await presentUuid(project, uuid))
  }
  const ref =
    'person' in secret
      ? { ledger: hex(await ledgerOf(project, { kind: 'user', userId: secret.person })), id: null }
      : await parseChallengeId(deps.keys, secret.id)
  if (!ref) return failed({ reason: 'unknown_token' })
  const { code_alphabet, code_length } = project.settings
  // A code of another length (the setting was changed since) is taken as it stands.
  const code = readCode(code_alphabet, code_length, secret.code) ?? secret.code.replace(/[\s-]/g, '').toUpperCase()
  const proofs = await codeProofs(deps.keys, 'code', project.id, ref.ledger, code)
  return ok({ ...ref, purpose: 'code', proofs, expiresAt: null })
}

/** @param uuid as `readUuid` gives it */
export async function presentUuid(project: Project, uuid: string): Promise<Presented & { id: string }> {
  const { id, secret } = await partsOfUuid(project, uuid)
  const ledger = hex(await ledgerOf(project, { kind: 'uuid', uuid }))
  const proofs = [await proofOf('link', id, secret)]
  return { ledger, id: encodeBase64url(id), purpose: 'link', proofs, expiresAt: null }
}

/** The challenge that came beside the secret, for a record that wants it. */
async function namedChallenge(
  deps: Deps,
  id: string | null,
  { purpose, id: own }: Presented,
): Promise<{ challenge?: string }> {
  if (id === null) return {}
  // `present` has read it. A grant has an id of its own, and a person's code none.
  if (own !== null && (purpose === 'link' || purpose === 'code')) return { challenge: own }
  const ref = await parseChallengeId(deps.keys, id)
  return ref ? { challenge: ref.id } : {}
}

function kindOf({ purpose }: ParsedSecret): 'link' | 'grant' | null {
  if (purpose === 'link') return 'link'
  return purpose === 'grant' || purpose === 'bound_grant' ? 'grant' : null
}

export const presentToken = ({ ledger, id, purpose, proof, expiresAt }: ParsedSecret): Presented => ({
  ledger,
  id,
  purpose,
  proofs: [proof],
  expiresAt,
})
