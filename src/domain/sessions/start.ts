/** What a redemption creates: one D1 batch that bears being done again, since a lost answer makes the caller ask again. */

import { frame, hex } from '../../lib/bytes.ts'
import { hmac } from '../../lib/digest.ts'
import { isId, newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { insertEventIfChanged, insertSessionEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import type { ChallengeRecord } from '../ledger/record.ts'
import type { Project } from '../projects/project.ts'
import {
  activateUser,
  insertCandidate,
  insertCandidateIdentifier,
  newUser,
  selectUserByRef,
  toUser,
  type UserRef,
  type UserRow,
  verifyIdentifier,
} from '../users/queries.ts'
import type { User } from '../users/user.ts'
import {
  type FamilyRow,
  insertFamily,
  insertSession,
  joinSession,
  type SessionRow,
  type StartedRow,
  selectSession,
  selectStarted,
} from './queries.ts'
import { isLive, type Session, toSession } from './session.ts'
import type { GrantData } from './tokens.ts'

/** A secret that the ledger has redeemed, and the session it stands for. */
export type Proof = {
  record: ChallengeRecord
  sessionId: string
  by: 'link' | 'code' | 'relay'
  /** Milliseconds: when it was redeemed first. */
  at: number
}

/**
 * The family that a redemption opens: the same for a replay, another for another redemption key. It opens nothing, and is found
 * again after a rotation of LATCHKEY_SECRET, so it is made with the key that names ledgers.
 * @param secret the stored hash of a link or a grant, which covers purpose and id; of a code, which is hashed under the pepper, its challenge
 */
export async function familyIdOf({ id, routeKey }: Project, secret: string, keyHash: string): Promise<string> {
  return hex((await hmac(routeKey, frame(id, 'family', secret, keyHash))).subarray(0, 16))
}

/**
 * The session of a proof, with the person's row as it stands. Fails if the person may not sign in: inactive, or the
 * address was changed, released or handed on after the secret was minted.
 * @param device whose sign-in this is, as far as the caller knows
 */
export async function startSession(
  deps: Deps,
  project: Project,
  proof: Proof,
  input: {
    device: { ip: string | null; userAgent: string | null }
    family: { id: string; clientId: string; grant: GrantData } | null
    /** Of the single sign-on cookie, where this starts in a browser. */
    cookieHash: string | null
    organizationId?: string | null
    /** A session that this proof is added to, in place of one of its own. */
    joins?: string | null
    /** Seconds, used or not, whatever the project's settings say; null: as they say, or as the joined session did. */
    lifetime?: number | null
    /** What is kept of the redemption, in the same batch. */
    notes: D1PreparedStatement[]
  },
): Promise<Result<{ user: User; session: Session; grant: GrantData | null }, Failure>> {
  const { record } = proof
  if (isFromBeforeRestore(deps, record)) return failed({ reason: 'cancelled' })
  const { family, joins = null, lifetime = null } = input
  const sessionId = joins ?? proof.sessionId
  const { db } = deps
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const ref = refOf(record)
  const session = {
    projectId: project.id,
    id: sessionId,
    clientId: record.clientId,
    organizationId: input.organizationId ?? null,
    amr: amrOf(proof),
    ...input.device,
    now,
    idleTtl: lifetime ?? project.settings.session_idle,
    expiresAt: now + (lifetime ?? project.settings.session_absolute),
    lifetime,
    mintedAt: record.mintedAt,
    onlyWithoutRole: record.testIdentity,
    cookieHash: input.cookieHash,
  }
  const event = { projectId: project.id, id: newId('evt', now, deps.randomBytes(16)), now }
  const before = [
    ...(record.createAtRedemption ? insertNewcomer(deps, project, record, now) : []),
    // As the first time, so that a replay changes nothing.
    activateUser(db, project.id, ref, record.mintedAt, Math.floor(proof.at / 1000)),
    ...(record.identifier ? [verifyIdentifier(db, project.id, record.identifier, record.mintedAt, now)] : []),
    ...input.notes,
  ]
  const data = { session: sessionId, method: proof.by, ...testMark(record) }
  const familyRow = family && {
    projectId: project.id,
    id: family.id,
    sessionId,
    clientId: family.clientId,
    grantData: JSON.stringify(family.grant),
    now: nowMs,
  }
  const families = familyRow ? [insertFamily(db, familyRow)] : []
  const results = await batch(db, [
    ...before,
    // The event follows what happens once: a replay starts no session, and opens no family.
    ...(joins === null
      ? [
          insertSession(db, session, ref),
          insertSessionEventIfChanged(db, { ...event, type: 'session.started', data }, sessionId),
          ...families,
        ]
      : [
          joinSession(db, session, ref),
          ...families,
          insertSessionEventIfChanged(db, { ...event, type: 'session.joined', data }, sessionId),
        ]),
    selectStarted(db, project.id, ref, { sessionId, familyId: family?.id ?? null }),
  ])
  const row = results.at(-1)?.rows[0] as StartedRow | undefined
  if (!row) return failed({ reason: 'cancelled' })
  const user = toUser(row)
  const started = row.session === null ? null : toSession(deps, JSON.parse(row.session))
  const opened = row.family === null ? null : (JSON.parse(row.family) as FamilyRow)
  if (user.status !== 'ACTIVE') return failed({ reason: 'user_inactive' })
  if (joins !== null && results[before.length]?.changes === 0) return failed({ reason: 'cancelled' })
  if (!started || started.userId !== user.id || !isLive(started, now)) return failed({ reason: 'cancelled' })
  // Somebody brought the same grant in between, and ended what it issues (RFC 6749 §4.1.2).
  if (opened && opened.ended_at !== null) return failed({ reason: 'already_used', at: nowMs })
  // A replay's tokens say what the first ones said.
  return ok({ user, session: started, grant: opened ? JSON.parse(opened.grant_data) : null })
}

/** Whether a proof of this person may be added to that session: a live one of the same person. One D1 call. */
export async function mayJoin(deps: Deps, project: Project, ref: UserRef, id: string): Promise<boolean> {
  if (!isId('sess', id)) return false
  const [sessions, users] = await batch(deps.db, [
    selectSession(deps.db, project.id, id),
    selectUserByRef(deps.db, project.id, ref),
  ])
  const row = sessions?.rows[0] as SessionRow | undefined
  const user = readUser(users?.rows)
  return row?.user_id === user?.id && row !== undefined && isLive(toSession(deps, row), Math.floor(deps.now() / 1000))
}

/** The same judgement for a caller that wants no session: who it was, and that they may sign in. */
export async function confirmUser(
  deps: Deps,
  project: Project,
  { record, at }: Pick<Proof, 'record' | 'at'>,
  notes: D1PreparedStatement[],
): Promise<Result<User, Failure>> {
  if (isFromBeforeRestore(deps, record)) return failed({ reason: 'cancelled' })
  const now = Math.floor(deps.now() / 1000)
  const ref = refOf(record)
  const results = await batch(deps.db, [
    activateUser(deps.db, project.id, ref, record.mintedAt, Math.floor(at / 1000)),
    ...(record.identifier ? [verifyIdentifier(deps.db, project.id, record.identifier, record.mintedAt, now)] : []),
    ...notes,
    selectUserByRef(deps.db, project.id, ref),
  ])
  const user = readUser(results.at(-1)?.rows)
  if (!user) return failed({ reason: 'cancelled' })
  if (user.status !== 'ACTIVE') return failed({ reason: 'user_inactive' })
  const mayStill = (results[0]?.changes ?? 0) > 0
  const isForbidden = record.testIdentity && user.role !== null
  return mayStill && !isForbidden ? ok(user) : failed({ reason: 'cancelled' })
}

/** A restored database does not know who was deactivated or deleted since: what was sent before leads nowhere. */
const isFromBeforeRestore = ({ config }: Deps, { mintedAt }: ChallengeRecord): boolean =>
  mintedAt < config.restoredAt * 1000

const testMark = (record: ChallengeRecord): { test_identity?: true } =>
  record.testIdentity ? { test_identity: true } : {}

/** Hosted flow: the address becomes a user now, unless it is somebody's, or was released after this was minted. */
export function insertNewcomer(
  deps: Deps,
  project: Project,
  record: ChallengeRecord,
  now: number,
): D1PreparedStatement[] {
  const { identifier, candidateUserId } = record
  if (!identifier || !candidateUserId) return []
  const { db } = deps
  const eventId = newId('evt', now, deps.randomBytes(16))
  return [
    insertCandidate(db, newUser(project.id, candidateUserId, record.mintedAt, now), identifier),
    insertEventIfChanged(db, {
      projectId: project.id,
      id: eventId,
      type: 'user.created',
      userId: candidateUserId,
      data: {},
      now,
    }),
    insertCandidateIdentifier(db, {
      projectId: project.id,
      id: newId(identifier.kind, now, deps.randomBytes(16)),
      userId: candidateUserId,
      kind: identifier.kind,
      canonical: identifier.canonical,
      value: identifier.exact,
      now,
    }),
  ]
}

export function refOf(record: ChallengeRecord): UserRef {
  if (record.identifier) return { kind: record.identifier.kind, canonical: record.identifier.canonical }
  if (record.userId) return { userId: record.userId }
  throw new Error('a record without an identifier and a user')
}

/** RFC 8176 names `otp`; the others are ours (design §4, tokens). */
function amrOf({ record, by }: Proof): string[] {
  const way = record.channel === 'none' ? 'minted' : record.channel
  return [way, by === 'link' ? 'link' : 'otp']
}

function readUser(rows: Record<string, unknown>[] | undefined): User | null {
  const row = rows?.[0] as UserRow | undefined
  return row ? toUser(row) : null
}
