/** Between Streambird's shapes and the domain. Times are Unix seconds on both sides, durations minutes there. */

import type * as z from 'zod'
import type { LoginStatus } from '../../../domain/challenges/login-status.ts'
import { mintOriginToken } from '../../../domain/challenges/origin-token.ts'
import type { SendInput, Sent } from '../../../domain/challenges/send.ts'
import type { Verified, VerifyInput } from '../../../domain/challenges/verify.ts'
import type { Project } from '../../../domain/projects/project.ts'
import type { Session } from '../../../domain/sessions/session.ts'
import { mintSessionJwt } from '../../../domain/sessions/session-jwt.ts'
import { mintSessionToken } from '../../../domain/sessions/session-token.ts'
import { emailContact } from '../../../domain/users/contact.ts'
import type { UserInput } from '../../../domain/users/manage.ts'
import { type Identifier, identifierOf, type Metadata, type User } from '../../../domain/users/user.ts'
import type { Deps } from '../../../ports.ts'
import type {
  createLinkBody,
  createUserBody,
  Fingerprint,
  inviteBody,
  loginOrCreateBody,
  sendOtpBody,
  updateUserBody,
  verifyLinkBody,
  verifyOtpBody,
} from './schemas.ts'

/** The claim of a session_jwt that a client reads the session from. */
const SESSION_CLAIM = 'https://streambird.io/jwt/session'

// --- requests -------------------------------------------------------------------------------------------------------

type FromCaller = 'idempotency'

/** What of the device was given must come again, and nothing else. */
const deviceOf = (fingerprint: Fingerprint | undefined): Pick<SendInput, 'client' | 'match'> => {
  const { ip = null, userAgent = null } = fingerprint ?? {}
  if (ip === null && userAgent === null) return { client: null, match: [] }
  return {
    client: { ip, userAgent },
    match: [...(ip === null ? [] : ['ip' as const]), ...(userAgent === null ? [] : ['user_agent' as const])],
  }
}

const SEND = {
  purpose: 'sign_in',
  link: 'direct',
  linkParam: 'token',
  state: null,
  locale: null,
  custom: null,
  metadata: {},
  createdBy: null,
  codeChallenge: null,
  hosted: null,
  tellsUser: true,
  dialect: 'streambird',
} as const satisfies Partial<SendInput>

/** @param isNew nobody has the address yet: then this is a registration */
export function toLoginInput(body: z.infer<typeof loginOrCreateBody>, isNew: boolean): Omit<SendInput, FromCaller> {
  const url = isNew ? body.registration_redirect_url : body.login_redirect_url
  const expiresIn = isNew ? body.registration_expires_in : body.login_expires_in
  return {
    ...SEND,
    ...deviceOf(body.device_fingerprint),
    recipient: { contact: emailContact(body.email) },
    channel: 'email',
    method: 'link',
    createUser: true,
    newcomer: newcomerOf(body.requires_verification),
    redirectUri: url ?? null,
    expiresIn: expiresIn ?? body.expires_in,
  }
}

export const toInviteInput = (body: z.infer<typeof inviteBody>): Omit<SendInput, FromCaller> => ({
  ...SEND,
  ...deviceOf(body.device_fingerprint),
  recipient: { contact: emailContact(body.email) },
  channel: 'email',
  method: 'link',
  createUser: true,
  newcomer: {
    ...newcomerOf(true),
    firstName: body.first_name || null,
    lastName: body.last_name || null,
    metadata: JSON.stringify(withMiddleName({}, body.middle_name)),
  },
  redirectUri: body.invite_redirect_url ?? null,
  expiresIn: body.invite_expires_in,
})

/** Nothing is sent: the application carries the token itself. */
export const toLinkInput = (body: z.infer<typeof createLinkBody>, userId: string): Omit<SendInput, FromCaller> => ({
  ...SEND,
  ...deviceOf(body.device_fingerprint),
  recipient: { userId },
  channel: 'none',
  method: 'link',
  createUser: false,
  secretOnly: true,
  redirectUri: null,
  expiresIn: body.expires_in,
})

/** A verify names the person alone, so the passcode is found by the person. */
export const toOtpInput = (
  body: z.infer<typeof sendOtpBody>,
  user: { id: string; isNew: boolean },
): Omit<SendInput, FromCaller> => ({
  ...SEND,
  ...deviceOf(body.device_fingerprint),
  recipient: { userId: user.id },
  forUser: { delivery: null, isNew: user.isNew },
  channel: 'email',
  method: 'code',
  createUser: true,
  redirectUri: null,
  expiresIn: body.expires_in,
})

const newcomerOf = (requiresVerification: boolean) => (requiresVerification ? { status: 'PENDING' as const } : {})

/** @param extended the session that was shown beside the secret */
export function toVerifyInput(
  body: z.infer<typeof verifyLinkBody> | z.infer<typeof verifyOtpBody>,
  extended: string | null,
): Omit<VerifyInput, 'secret' | 'caller' | 'redemptionKey'> {
  const { session_expires_in: lifetime = null, device_fingerprint = null } = body
  return {
    dialect: 'streambird',
    accepts: ['link'],
    oauthClientId: null,
    codeVerifier: null,
    device: device_fingerprint,
    session: lifetime !== null || extended !== null,
    bare: { lifetime },
    sessionId: extended,
    organization: null,
    wish: { resource: null, accessClaims: [], idClaims: [] },
  }
}

/** A middle name is one of the application's own values here. */
const withMiddleName = (metadata: Metadata, name: string | undefined): Metadata =>
  name ? { ...metadata, middle_name: name } : metadata

export const toNewUser = (body: z.infer<typeof createUserBody>): UserInput => ({
  ...(body.email ? { email: body.email } : {}),
  ...(body.phone_number ? { phone: body.phone_number } : {}),
  firstName: body.first_name || null,
  lastName: body.last_name || null,
  metadata: withMiddleName({}, body.middle_name),
  ...newcomerOf(body.requires_verification),
})

export function toUserChange(body: z.infer<typeof updateUserBody>, { metadata }: User): UserInput {
  const email = body.emails?.[0]?.email
  const phone = body.phone_numbers?.[0]?.phone_number
  return {
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
    ...(body.first_name === undefined ? {} : { firstName: body.first_name || null }),
    ...(body.last_name === undefined ? {} : { lastName: body.last_name || null }),
    ...(body.middle_name ? { metadata: withMiddleName(metadata, body.middle_name) } : {}),
  }
}

// --- answers --------------------------------------------------------------------------------------------------------

const STATUSES = { ACTIVE: 'active', PENDING: 'pending', INACTIVE: 'inactive' } as const
const METHOD_TYPES = { email: 'email', phone: 'phone_number' } as const

const statusOf = ({ status }: Pick<User, 'status'>) => STATUSES[status]

/** Ours: what `login_status` asks with. Told besides where a verify needs it (`link_requires_id`). */
const originOf = async (deps: Deps, project: Project, { challengeId }: Sent) => ({
  request_origin_token: await mintOriginToken(deps.keys, project.id, challengeId),
})
const originIfNeeded = (deps: Deps, project: Project, sent: Sent) =>
  project.settings.link_requires_id ? originOf(deps, project, sent) : {}

type SentUser = NonNullable<Sent['user']>

/** Who was sent something is told, always: the caller asked for whoever has the address. */
function userOf({ user }: Sent): SentUser {
  if (!user) throw new Error('a send that tells nobody')
  return user
}

export async function toLoginWire(deps: Deps, project: Project, sent: Sent) {
  const user = userOf(sent)
  return {
    user_id: user.id,
    status: statusOf(user),
    user_created: user.created,
    updated_at: user.updatedAt,
    created_at: user.createdAt,
    email_id: user.identifierId,
    ...(await originOf(deps, project, sent)),
  }
}

export async function toInviteWire(deps: Deps, project: Project, sent: Sent) {
  const user = userOf(sent)
  return {
    user_id: user.id,
    status: statusOf(user),
    user_created: user.created,
    email_id: user.identifierId,
    ...(await originIfNeeded(deps, project, sent)),
  }
}

/** An address that was named is answered with its id, and the token that asks about it. */
export const toLinkWire = async (deps: Deps, project: Project, sent: Sent, userId: string, emailId: string | null) => ({
  user_id: userId,
  token: sent.token,
  ...(emailId === null
    ? await originIfNeeded(deps, project, sent)
    : { email_id: emailId, ...(await originOf(deps, project, sent)) }),
})

export function toOtpWire(sent: Sent) {
  const user = userOf(sent)
  return {
    user_id: user.id,
    status: statusOf(user),
    user_created: user.created,
    email_id: user.identifierId,
  }
}

export function toOtpSentWire(sent: Sent) {
  const { id, identifierId } = userOf(sent)
  return { user_id: id, email_id: identifierId }
}

/** The method is the address that the secret went to; of a secret that went nowhere, what the person has. */
export async function toVerifiedWire(deps: Deps, project: Project, verified: Verified) {
  const { user, identifier, bareSession: session } = verified
  const method = identifier ?? user.identifiers[0] ?? null
  return {
    method_id: method?.id ?? user.id,
    method_type: METHOD_TYPES[method?.kind ?? 'email'],
    user_id: user.id,
    ...(session ? await toSessionParts(deps, project, session, user) : {}),
  }
}

export async function toSessionParts(deps: Deps, project: Project, session: Session, user: User) {
  const wire = toSession(session, user)
  return {
    session_token: await mintSessionToken(deps.keys, project.id, session.id),
    session_jwt: await mintSessionJwt(deps, project, session, { [SESSION_CLAIM]: wire }),
    session: wire,
  }
}

export const toSession = (session: Session, user: User) => ({
  id: session.id,
  user_id: session.userId,
  started_at: session.createdAt,
  expires_at: session.expiresAt,
  last_active_at: session.lastActiveAt,
  factors: toFactors(session, user),
  device_fingerprint: { ip: session.ip ?? '', user_agent: session.userAgent ?? '' },
  updated_at: session.lastActiveAt,
  created_at: session.createdAt,
})

/** One for each kind of proof that the session rests on. */
function toFactors({ amr, createdAt }: Session, user: User) {
  const isText = amr.includes('sms') && !amr.includes('email')
  const identifier = identifierOf(user, isText ? 'phone' : 'email') ?? user.identifiers[0] ?? null
  const method = identifier && {
    method_id: identifier.id,
    method_type: METHOD_TYPES[identifier.kind],
    ...(identifier.kind === 'email'
      ? { email_id: identifier.id, email: identifier.value }
      : { phone_number_id: identifier.id, phone_number: identifier.value }),
    last_verified_at: createdAt,
  }
  return (['link', 'otp'] as const)
    .filter((way) => amr.includes(way))
    .map((way) => ({
      delivery_channel: isText ? 'sms' : amr.includes('email') ? 'email' : 'embedded',
      type: way === 'link' ? 'magic_link' : 'otp',
      method,
    }))
}

/** `pending` until the link was verified, from then on the person's own status. */
export const toStatusWire = async (deps: Deps, project: Project, { user, status, session }: LoginStatus) => ({
  user_id: user.id,
  status: status === 'verified' ? statusOf(user) : status,
  ...(session ? await toSessionParts(deps, project, session, user) : {}),
})

const common = ({ id, verifiedAt, createdAt }: Identifier) => ({
  id,
  verified: verifiedAt !== null,
  updated_at: verifiedAt ?? createdAt,
  created_at: createdAt,
})
const emailsOf = ({ identifiers }: User) =>
  identifiers.filter(({ kind }) => kind === 'email').map((own) => ({ ...common(own), email: own.value }))
const phonesOf = ({ identifiers }: User) =>
  identifiers.filter(({ kind }) => kind === 'phone').map((own) => ({ ...common(own), phone_number: own.value }))

export const toUser = (user: User) => ({
  user_id: user.id,
  first_name: user.firstName ?? '',
  middle_name: String(user.metadata.middle_name ?? ''),
  last_name: user.lastName ?? '',
  status: statusOf(user),
  active: user.status === 'ACTIVE',
  updated_at: user.updatedAt,
  created_at: user.createdAt,
  emails: emailsOf(user),
  phone_numbers: phonesOf(user),
  // What theirs keeps besides: nobody has one here.
  idp_providers: [],
  wallets: [],
  totps: [],
})

export const toCreatedWire = (user: User) => ({
  user_id: user.id,
  status: statusOf(user),
  email_id: identifierOf(user, 'email')?.id ?? null,
  phone_number_id: identifierOf(user, 'phone')?.id ?? null,
})

/** What was attached, and the person as they are now. */
export const toChangedWire = (body: z.infer<typeof updateUserBody>, user: User) => ({
  user_id: user.id,
  emails: body.emails ? emailsOf(user) : [],
  phone_numbers: body.phone_numbers ? phonesOf(user) : [],
  user: toUser(user),
})
