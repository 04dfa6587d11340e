/** What happens when somebody is sent a way in: mint → ledger → one D1 batch → providers → answer. */

import { hex, utf8 } from '../../lib/bytes.ts'
import { Unavailable } from '../../lib/deadline.ts'
import { deviceName } from '../../lib/device-name.ts'
import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import { chooseLocaleOf } from '../../locales/choose.ts'
import type { Locale } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'
import { batch, query } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import { type ChallengeRecord, MAX_RECORD_BYTES } from '../ledger/record.ts'
import { ledgerOf, type Subject } from '../ledger/subject.ts'
import { handOver, recordDelivery, toPending } from '../messages/deliver.ts'
import {
  brandOf,
  type CustomContent,
  chooseLocale,
  FIRST_ATTEMPT_MS,
  type PendingMessage,
  type SignInMail,
  sealInput,
  sealSecrets,
  type TimelineEntry,
} from '../messages/message.ts'
import { insertMessage, insertMessageToIdentifier, type MessageRow, selectMessage } from '../messages/queries.ts'
import { countText, refuseText, uncountText } from '../messages/sms.ts'
import type { Project } from '../projects/project.ts'
import type { TemplateRow } from '../templates/queries.ts'
import { isTemplateName, nameOf, selectTemplatesOf, withTemplate } from '../templates/template.ts'
import { type Contact, maskContact, parseContact } from '../users/contact.ts'
import { refusingSetting } from '../users/email-rules.ts'
import { getUser } from '../users/manage.ts'
import type { PhoneNumber } from '../users/phone.ts'
import {
  insertCandidate,
  insertCandidateIdentifier,
  type Newcomer,
  newUser,
  selectUserByRef,
  toUser,
  type UserRow,
} from '../users/queries.ts'
import { identifierOf, type User } from '../users/user.ts'
import { putCopy } from './copy.ts'
import { homeOf, isAllowedRedirect, linkUrl, signUpDiffers } from './links.ts'
import { asOpened, type ChallengeRequest, type Minted, mint, type Opened, openFailure, type Recipient } from './mint.ts'

export type SendInput = ChallengeRequest & {
  recipient: { contact: Contact } | { userId: string }
  /** With a user: the challenge is found by the user (a verify that names only the person), and where the message goes. */
  forUser?: { delivery: Contact | null; isNew?: boolean }
  createUser: boolean
  /** What a user who is made by this send is otherwise than usual. */
  newcomer?: Newcomer
  /** The secret, where it is a UUID and has a ledger of its own (1Kosmos). */
  uuid?: string
  /** The caller takes the link's secret and not a URL: no page is needed for it. */
  secretOnly?: boolean
  /** Who asked, for the message's timeline. */
  createdBy: string | null
}

export type Sent = {
  challengeId: string
  method: ChallengeRecord['method']
  channel: ChallengeRecord['channel']
  /** Null where the caller is not told whether there is one. */
  user:
    | (Pick<User, 'id' | 'status' | 'createdAt' | 'updatedAt'> & { created: boolean; identifierId: string | null })
    | null
  /** Unix seconds. */
  expiresAt: number
  /** Seconds it was given, whenever the answer is read. */
  ttl: number
  codeExpiresAt: number | null
  resendAt: number
  /** `none`: nothing was sent, because the caller wanted so (no id) or because the address is suppressed. */
  message: { id: string | null; status: 'accepted' | 'pending' | 'none' }
  link: string | null
  /** The link's secret by itself. */
  token: string | null
  code: string | null
}

export async function send(deps: Deps, project: Project, input: SendInput): Promise<Result<Sent, Failure>> {
  const recipient = await findRecipient(deps, project, input)
  if (!recipient.ok) return recipient
  const refused = await refuseEarly(deps, project, input, recipient.value)
  if (refused) return refused

  const challenge = await mint(deps, project, input, recipient.value)
  if (utf8(JSON.stringify(challenge.record)).length > MAX_RECORD_BYTES) {
    return invalid(
      'metadata',
      `the request is too large to keep: state, metadata and URLs together take at most ${MAX_RECORD_BYTES} bytes`,
    )
  }
  // A registration that is asked for again is none any more, and may name no page for a login: it has what it was sent with.
  if (lacksPage(project, input) && !(await isRepeated(deps, project, input, challenge))) {
    return failed({ reason: 'redirect_uri_not_allowed', uri: null })
  }
  // What is in a ledger of its own counts in the address's all the same.
  const isApart = input.forUser !== undefined || input.uuid !== undefined
  const reserves = isApart && !(await isRepeated(deps, project, input, challenge))
  const reserved = reserves ? await reserve(deps, project, recipient.value.contact) : null
  if (reserved && !reserved.ok) return reserved
  const outcome = await askLedger(deps, challenge.ledgerName, {
    type: 'open',
    id: challenge.id,
    record: challenge.record,
    secrets: challenge.secrets,
    maxTries: project.settings.max_tries,
    limits: input.channel === 'none' || isApart ? null : project.settings.send_limits,
    lane: 'stranger',
    request: input.idempotency?.requestHash ?? null,
  })
  if (outcome.is !== 'opened') {
    if (reserved?.value) deps.after(giveBackAt(deps, reserved.value))
    return failed(openFailure(project, outcome))
  }
  const opened = { ...(await asOpened(deps, challenge, outcome)), ...(reserved?.value && { reserved: reserved.value }) }
  // A user who was named is known, and nothing is sent: there is nothing to store.
  if (input.channel === 'none' && recipient.value.user)
    return ok(await answer(deps, project, opened, recipient.value.user, null))
  const counted = await countIfText(deps, project, opened, recipient.value.contact)
  if (!counted.ok) {
    // With a key the same call may come again when there is room, and finds its challenge.
    deps.after(input.idempotency ? giveBack(deps, opened) : withdraw(deps, project, opened))
    return counted
  }
  return deliver(deps, project, input, recipient.value, opened)
}

async function findRecipient(deps: Deps, project: Project, input: SendInput): Promise<Result<Recipient, Failure>> {
  const { recipient, channel } = input
  if ('contact' in recipient) {
    const { contact } = recipient
    const subject: Subject =
      input.uuid === undefined ? { kind: 'address', address: contact.subject } : { kind: 'uuid', uuid: input.uuid }
    return ok({ subject, contact, user: null })
  }
  const user = await getUser(deps, project, recipient.userId)
  if (!user.ok) return user
  if (user.value.status === 'INACTIVE') return failed({ reason: 'user_inactive' })
  if (channel === 'none')
    return ok({ subject: { kind: 'user', userId: user.value.id }, contact: null, user: user.value })
  const stored = identifierOf(user.value, channel === 'sms' ? 'phone' : 'email')
  const delivery = input.forUser?.delivery ?? null
  const contact = delivery ?? (stored && parseContact(stored))
  if (!contact) return invalid('user_id', `this user has no ${channel === 'sms' ? 'phone number' : 'email address'}`)
  if (!input.forUser) return ok({ subject: { kind: 'address', address: contact.subject }, contact, user: user.value })
  const subject = { kind: 'user', userId: user.value.id } as const
  return ok({
    subject,
    contact,
    user: user.value,
    isForDelivery: delivery !== null,
    isNew: input.forUser.isNew ?? false,
  })
}

/** The same call again was counted when it came first. */
async function isRepeated(deps: Deps, project: Project, { idempotency }: SendInput, { ledgerName, id }: Minted) {
  if (!idempotency) return false
  const known = await askLedger(deps, ledgerName, { type: 'peek', id, project: project.id, link: null })
  return known.is === 'found'
}

/** The address's own budget, where the challenge is in the person's ledger. */
async function reserve(deps: Deps, project: Project, contact: Contact | null) {
  if (!contact) return ok(null)
  const ledger = hex(await ledgerOf(project, { kind: 'address', address: contact.subject }))
  const limits = project.settings.send_limits
  const outcome = await askLedger(deps, ledger, { type: 'reserve_send', limits, lane: 'stranger' })
  if (outcome.is === 'too_many_sends') return failed(openFailure(project, outcome))
  return outcome.is === 'reserved' ? ok({ ledger, at: outcome.at }) : unknownOutcome(outcome as never)
}

/** A direct link leads to the application's own page, and none is known. */
function lacksPage({ settings }: Project, { link, method, redirectUri, secretOnly }: SendInput): boolean {
  const isDirect = link === 'direct' && method !== 'code' && !secretOnly
  const noDefault = settings.default_login_redirect === null && settings.default_registration_redirect === null
  return isDirect && redirectUri === null && noDefault
}

async function refuseEarly(deps: Deps, project: Project, input: SendInput, recipient: Recipient) {
  const { settings } = project
  const { redirectUri } = input
  if (redirectUri !== null && !isAllowedRedirect(deps, project, redirectUri)) {
    return failed({ reason: 'redirect_uri_not_allowed', uri: redirectUri })
  }
  const { contact } = recipient
  const setting = contact?.domain ? await refusingSetting(deps, project, contact.domain) : null
  if (setting) return failed({ reason: 'email_domain_blocked', setting })
  const isTest = settings.test_identities.some(({ address }) => address === contact?.canonical)
  if (input.channel === 'sms' && contact && !isTest) {
    const refused = refuseText(deps, project, contact.exact as PhoneNumber)
    if (!refused.ok) return refused
  }
  const template = input.custom?.template
  if (template && !(await isTemplateName(deps, project, template))) {
    const message = `there is no template ${JSON.stringify(template)}: PUT /v1/templates/${template}/${settings.locale} stores one`
    return failed({ reason: 'invalid_template', message })
  }
  return null
}

/**
 * An SMS counts for its prefix and its project too, once: a call that comes again was counted if it got as far as a stored
 * message. @throws Unavailable with the address's budget given back
 */
async function countIfText(
  deps: Deps,
  project: Project,
  opened: Opened,
  contact: Contact | null,
): Promise<Result<null, Failure>> {
  const { record, repeated, sentAt } = opened
  if (record.channel !== 'sms' || record.testIdentity || !contact) return ok(null)
  const messageId = newId('msg', Math.floor(sentAt / 1000), await opened.draw('message', 16))
  try {
    if (repeated && (await query(selectMessage(deps.db, project.id, messageId)))) return ok(null)
    return await countText(deps, project, contact.exact as PhoneNumber)
  } catch (error) {
    deps.after(giveBack(deps, opened))
    throw error
  }
}

async function deliver(
  deps: Deps,
  project: Project,
  input: SendInput,
  recipient: Recipient,
  opened: Opened,
): Promise<Result<Sent, Failure>> {
  const { contact } = recipient
  if (!contact) throw new Error('a message without an address')
  const { record } = opened
  const mayCreate = input.createUser && project.settings.allow_sign_up
  const content = signInMail(deps, project, opened, input.custom)
  const messageId = newId('msg', Math.floor(opened.sentAt / 1000), await opened.draw('message', 16))
  const stored = await storeMessage(deps, project, input, recipient, opened, content, messageId, mayCreate).catch(
    (error) => {
      // The commit may have happened: then cron sends it. The budget gets the send back either way.
      deps.after(giveBack(deps, opened))
      throw error
    },
  )

  const { user, isNew, row, templates } = stored
  const status = row?.status
  if (!user || user.status === 'INACTIVE') {
    if (record.channel === 'sms' && !isUnsent(record))
      deps.after(uncountText(deps, project, contact.exact as PhoneNumber))
    // Whoever must not learn whether there is a user gets the answer, the budget and the status that there is one.
    const message = isUnsent(record) ? null : ({ id: messageId, status: 'accepted' } as const)
    if (!input.createUser) return ok(await answer(deps, project, opened, null, message))
    // One that comes again was sent when it came first: it stays in the budget.
    if (!opened.repeated) deps.after(withdraw(deps, project, opened))
    if (user) return failed({ reason: 'user_inactive' })
    return failed({ reason: mayCreate ? 'cancelled' : 'sign_up_disabled' })
  }
  const visibleUser = input.createUser ? user : null
  if (isUnsent(record)) return ok(await answer(deps, project, opened, visibleUser, null))
  if (status === 'suppressed') {
    const message = { id: messageId, status: visibleUser ? ('none' as const) : ('accepted' as const) }
    return ok(await answer(deps, project, opened, visibleUser, message))
  }
  if (!isNew) {
    if (status === 'failed') return failed({ reason: 'delivery_failed' })
    const known = status === 'accepted' ? 'accepted' : 'pending'
    return ok(await answer(deps, project, opened, visibleUser, { id: messageId, status: known }))
  }
  // Where it goes is nobody's identifier: what is stored says where.
  const pending = recipient.isForDelivery
    ? row && (await toPending(deps, row))
    : pendingOf(deps, project, input, contact, opened, { content, messageId, user, templates })
  if (!pending || 'suppressed' in pending) {
    return ok(await answer(deps, project, opened, visibleUser, { id: messageId, status: 'none' }))
  }
  const delivery = await handOver(deps, pending)
  deps.after(recordDelivery(deps, pending, delivery))
  if (delivery.status === 'failed') return failed({ reason: 'delivery_failed' })
  deps.after(copyLink(deps, project, opened, contact, pending.content.locale))
  const messageStatus = delivery.status === 'accepted' ? 'accepted' : 'pending'
  return ok(await answer(deps, project, opened, visibleUser, { id: messageId, status: messageStatus }))
}

function pendingOf(
  deps: Deps,
  project: Project,
  input: SendInput,
  contact: Contact,
  opened: Opened,
  stored: { content: SignInMail; messageId: string; user: User; templates: TemplateRow[] },
): PendingMessage {
  const { record } = opened
  const { content, messageId, user, templates } = stored
  const isSignUp = user.id === record.candidateUserId
  return {
    projectId: project.id,
    id: messageId,
    channel: channelOf(contact),
    to: identifierOf(user, contact.kind)?.value ?? contact.exact,
    content: withTemplate(
      {
        ...content,
        locale: chooseLocaleOf([input.locale, user.locale]) ?? content.locale,
        isSignUp,
        link: opened.link && linkUrl(deps, project, record, opened.link.secret, isSignUp),
        code: opened.code?.text ?? null,
      },
      templates,
      chooseLocale(project),
    ),
    attempts: 0,
    expiresAt: lastExpiry(opened),
    userId: user.id,
  }
}

async function storeMessage(
  deps: Deps,
  project: Project,
  input: SendInput,
  recipient: Recipient,
  opened: Opened,
  content: SignInMail,
  messageId: string,
  mayCreate: boolean,
): Promise<{ user: User | null; isNew: boolean; row: MessageRow | null; templates: TemplateRow[] }> {
  const { db } = deps
  const { record } = opened
  const now = Math.floor(opened.sentAt / 1000)
  const { contact, isForDelivery } = recipient
  if (!contact) throw new Error('a message without an address')
  const { kind, canonical } = contact
  const identifier = { kind, canonical }
  const ref = isForDelivery ? { userId: recipient.user?.id ?? '' } : identifier
  const candidate = mayCreate && !recipient.user ? record.candidateUserId : null
  const link = (isSignUp: boolean) => opened.link && linkUrl(deps, project, record, opened.link.secret, isSignUp)
  const secrets = {
    link: link(false),
    signUpLink: signUpDiffers(project, record) ? link(true) : null,
    code: opened.code?.text ?? null,
  }
  const eventId = newId('evt', now, deps.randomBytes(16))
  const message = {
    projectId: project.id,
    id: messageId,
    challengeId: opened.challengeId,
    channel: channelOf(contact),
    toMasked: maskContact(contact),
    template: nameOf({ ...content, link: secrets.link, code: secrets.code }),
    locale: content.locale,
    timeline: JSON.stringify(createdTimeline(input, opened)),
    secrets: await sealSecrets(deps, project.id, messageId, secrets),
    input: await sealInput(deps, project.id, opened.challengeId, {
      to: isForDelivery ? contact.exact : null,
      content,
      wishedLocale: input.locale,
      signUpUserId: record.candidateUserId,
    }),
    dueAt: opened.sentAt + FIRST_ATTEMPT_MS,
    expiresAt: lastExpiry(opened),
    now,
  }
  const results = await batch(db, [
    ...(candidate
      ? [
          insertCandidate(
            db,
            { ...newUser(project.id, candidate, record.mintedAt, now), ...input.newcomer },
            identifier,
          ),
          insertEventIfChanged(db, {
            projectId: project.id,
            id: eventId,
            type: 'user.created',
            userId: candidate,
            data: {},
            now,
          }),
          insertCandidateIdentifier(db, {
            projectId: project.id,
            id: newId(kind, now, await opened.draw('identifier', 16)),
            userId: candidate,
            kind,
            canonical,
            value: contact.exact,
            now,
          }),
        ]
      : []),
    ...(isUnsent(record)
      ? []
      : [
          isForDelivery
            ? insertMessage(db, { ...message, userId: recipient.user?.id ?? null, identifierId: null })
            : insertMessageToIdentifier(db, message, identifier),
        ]),
    selectTemplatesOf(deps, project.id, content, chooseLocale(project), identifier),
    selectMessage(db, project.id, messageId),
    selectUserByRef(db, project.id, ref),
  ])
  const user = results.at(-1)?.rows[0] as UserRow | undefined
  const row = results.at(-2)?.rows[0] as MessageRow | undefined
  return {
    user: user ? toUser(user) : null,
    isNew: !isUnsent(record) && (results.at(-4)?.changes ?? 0) > 0,
    row: row ?? null,
    templates: (results.at(-3)?.rows ?? []) as TemplateRow[],
  }
}

/** A test identity has no mailbox, and what was minted goes to the caller. */
const isUnsent = ({ channel, testIdentity }: ChallengeRecord): boolean => channel === 'none' || testIdentity

function createdTimeline(input: SendInput, opened: Opened): TimelineEntry[] {
  return [{ at: Math.floor(opened.sentAt / 1000), event: 'created', provider: null, detail: input.createdBy }]
}

export const channelOf = ({ kind }: Pick<Contact, 'kind'>): 'email' | 'sms' => (kind === 'email' ? 'email' : 'sms')

/** Without its secrets: they are sealed apart. */
export function signInMail(
  deps: Deps,
  project: Project,
  { record, sentAt }: Opened,
  custom: CustomContent | null,
): SignInMail {
  return {
    kind: 'sign_in',
    locale: chooseLocale(project, record.locale),
    brand: brandOf(project),
    link: null,
    code: null,
    codeHost: codeHost(deps, record),
    isSignUp: false,
    linkTtl: record.linkTtl,
    codeTtl: record.codeTtl,
    custom,
    asked: askedBy(record, sentAt),
  }
}

/** Where the code is typed: at the application if it is known, else here. */
function codeHost(deps: Deps, record: ChallengeRecord): string {
  const host = record.redirectUri ? URL.parse(record.redirectUri)?.hostname : null
  return host || deps.config.issuer.host.replace(/:\d+$/, '')
}

const askedBy = (record: ChallengeRecord, sentAt: number) => ({
  at: Math.floor(sentAt / 1000),
  timeZone: null,
  browser: deviceName(record.client?.userAgent ?? null),
  place: record.client?.country ?? null,
})

/** The page's copy, in the language of the mail. Refused writes (the free plan allows 1,000 a day) cost a question to the ledger, nothing else. */
export async function copyLink(
  deps: Deps,
  project: Project,
  { link, record, sentAt }: Opened,
  contact: Pick<Contact, 'kind' | 'exact'> | null,
  locale: Locale,
): Promise<void> {
  if (!link || record.link !== 'landing') return
  const { at, browser, place } = askedBy(record, sentAt)
  await putCopy(deps, link.proof, {
    project: project.id,
    brand: brandOf(project),
    application: record.application ?? null,
    address: contact ? maskContact(contact) : '',
    locale,
    home: homeOf(record),
    flow: record.binding?.kind === 'flow' ? record.binding.hash : null,
    expiresAt: link.expiresAt,
    asked: { at, browser, place },
  })
}

export const giveBack = (deps: Deps, { ref, sentAt, reserved }: Opened): Promise<void> =>
  giveBackAt(deps, reserved ?? { ledger: ref.ledger, at: sentAt })

async function giveBackAt(deps: Deps, { ledger, at }: { ledger: string; at: number }): Promise<void> {
  await askLedger(deps, ledger, { type: 'give_back', sentAt: at })
}

/** Nobody was sent anything: the challenge is ended and the send is given back. */
export async function withdraw(deps: Deps, project: Project, opened: Opened): Promise<void> {
  await askLedger(deps, opened.ref.ledger, { type: 'cancel', id: opened.ref.id, project: project.id })
  await giveBack(deps, opened)
}

export const lastExpiry = ({ link, code }: Opened): number => Math.max(link?.expiresAt ?? 0, code?.expiresAt ?? 0)

export async function answer(
  deps: Deps,
  project: Project,
  opened: Opened,
  user: User | null,
  message: { id: string; status: 'accepted' | 'pending' | 'none' } | null,
): Promise<Sent> {
  const { record, link, code } = opened
  if (!link && !code) throw new Unavailable('ledger', 'a challenge without a secret')
  const created = user !== null && user.id === record.candidateUserId
  const spacing = Math.ceil(60 / project.settings.send_limits.per_minute)
  return {
    challengeId: opened.challengeId,
    method: link && code ? 'link_and_code' : link ? 'link' : 'code',
    channel: record.channel,
    user: user && {
      id: user.id,
      status: user.status,
      createdAt: user.createdAt,
      updatedAt: user.updatedAt,
      created,
      identifierId: identifierOf(user, record.identifier?.kind ?? 'email')?.id ?? null,
    },
    expiresAt: link?.expiresAt ?? code?.expiresAt ?? 0,
    ttl: link ? record.linkTtl : record.codeTtl,
    codeExpiresAt: code?.expiresAt ?? null,
    resendAt: Math.floor(opened.sentAt / 1000) + spacing,
    message: message ?? { id: null, status: 'none' },
    link: link && linkUrl(deps, project, record, link.secret, created),
    token: link?.secret ?? null,
    code: code?.text ?? null,
  }
}

const invalid = (path: string, message: string) => failed({ reason: 'invalid', issues: [{ path, message }] })
