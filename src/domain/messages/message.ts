/** A message is data: what it says is decided here, how it looks in `emails/`, who carries it in `providers/`. */

import { utf8 } from '../../lib/bytes.ts'
import { newId } from '../../lib/ids.ts'
import { chooseLocaleOf } from '../../locales/choose.ts'
import type { Locale } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'
import { brandName, type Project } from '../projects/project.ts'
import { messageInputPlace, messageSecretsPlace } from '../sealed.ts'
import { maskEmail } from '../users/address.ts'
import type { User } from '../users/user.ts'
import type { NewMessage } from './queries.ts'

export type Brand = {
  name: string
  /** `#rrggbb`; anything else counts as none. */
  primary_color: string | null
  /** https or data: URL. */
  logo: string | null
  sender_name: string | null
  support_email: string | null
}

export type SignInMail = {
  kind: 'sign_in'
  locale: Locale
  brand: Brand
  /** At least one of `link` and `code`. */
  link: string | null
  code: string | null
  /** Host of the `@host #code` line, which lets a phone offer the code to that site alone. */
  codeHost: string
  isSignUp: boolean
  /** Seconds. */
  linkTtl: number
  codeTtl: number
  /** What the caller of this one send wants said otherwise. */
  custom?: CustomContent | null
  /** `at` in Unix seconds. */
  asked: { at: number; timeZone: string | null; browser: string | null; place: string | null } | null
}

/** Told to the old address; names neither. `changedAt` in Unix seconds. */
export type AddressChangedMail = {
  kind: 'address_changed'
  locale: Locale
  brand: Brand
  changedAt: number
  timeZone: string | null
}

/** A security notice: one sign-in was used from two places, so it was ended. `endedAt` in Unix seconds. */
export type SignInEndedMail = {
  kind: 'sign_in_ended'
  locale: Locale
  brand: Brand
  endedAt: number
  timeZone: string | null
}

/** `template`: the project's own for this mail, looked up when it is rendered. */
export type MailContent = (SignInMail | AddressChangedMail | SignInEndedMail) & { template?: TemplateSource | null }

/** From an authenticated caller: escaped, nothing more (design §6). */
export type CustomContent = {
  /** `email_content` of the request. */
  email: EmailContent | null
  /** `template_variables`: at most 30. */
  variables: Record<string, string>
  /** Name of a stored template instead of the one that fits. */
  template: string | null
  /** HTML of this one send, with `{{MAGICLINK}}` (1Kosmos); `subject` null: ours. */
  inline: { subject: string | null; html: string } | null
  /** SMS: `{otp}` and `{app}` stand for the code and the application (Transmit). */
  text: { message: string | null; senderId: string | null } | null
}
export const EMAIL_CONTENT_FIELDS = [
  'subject',
  'primaryColor',
  'base64logo',
  'headerText',
  'bodyText',
  'linkText',
  'infoText',
  'footerText',
  'senderName',
] as const
export type EmailContent = { [Field in (typeof EMAIL_CONTENT_FIELDS)[number]]?: string | undefined }

/** Mustache sources, checked when they were stored. `text` null: made from `html`. */
export type TemplateSource = { subject: string; html: string; text: string | null }

/** Which template a message is made with; a project may store its own under each name. */
export const TEMPLATE_NAMES = [
  'sign_in',
  'sign_up',
  'code',
  'login_link',
  'address_changed',
  'security_notice',
] as const
export type TemplateName = (typeof TEMPLATE_NAMES)[number]

/** `sign_in`: link and code; `login_link` and `code`: only one of them; `sign_up`: whatever it brings, to somebody new. */
export function templateNameOf(content: MailContent): TemplateName {
  if (content.kind === 'address_changed') return 'address_changed'
  if (content.kind === 'sign_in_ended') return 'security_notice'
  if (content.isSignUp) return 'sign_up'
  if (content.code === null) return 'login_link'
  return content.link === null ? 'code' : 'sign_in'
}

/**
 * What rendering needs beside the secrets. `to`: where it goes if not to the identifier it was stored for. `signUpUserId`:
 * the mail is for a sign-up if its user turned out to have this id.
 */
export type StoredInput = {
  to: string | null
  /** Hosted flow: whether and where it goes is looked up when it goes. */
  toWhom?: { canonical: string; exact: string }
  /** The language that was asked for by name; else the person's own goes before the content's. Absent in older rows. */
  wishedLocale?: string | null
  content: MailContent
  signUpUserId: string | null
}
/** `signUpLink`: in place of `link` for a sign-up that ends somewhere else. */
export type StoredSecrets = { link: string | null; signUpLink: string | null; code: string | null }

/** A stored message that was not handed over yet. */
export type PendingMessage = {
  projectId: string
  id: string
  channel: 'email' | 'sms'
  to: string
  content: MailContent
  attempts: number
  /** Unix seconds. */
  expiresAt: number
  userId: string | null
}
export type TimelineEntry = { at: number; event: string; provider: string | null; detail: string | null }

/** How long the request that stored a message has to hand it over before cron looks at it. */
export const FIRST_ATTEMPT_MS = 30_000
const NOTICE_TTL_SECONDS = 24 * 3600

export const brandOf = (project: Project): Brand => ({ ...project.settings.brand, name: brandName(project) })

/** The first of the wished languages that we speak, else the project's, else English. */
export const chooseLocale = (project: Project, ...wishes: (string | null | undefined)[]): Locale =>
  chooseLocaleOf([...wishes, project.settings.locale]) ?? 'en'

/** @param owner the challenge's id, or the message's where there is no challenge */
export const sealInput = (deps: Deps, projectId: string, owner: string, input: StoredInput): Promise<Uint8Array> =>
  deps.keys.seal(messageInputPlace(projectId, owner), utf8(JSON.stringify(input)))

export const sealSecrets = (deps: Deps, projectId: string, id: string, secrets: StoredSecrets): Promise<Uint8Array> =>
  deps.keys.seal(messageSecretsPlace(projectId, id), utf8(JSON.stringify(secrets)))

/** A mail without secrets that tells somebody what happened: that their address no longer signs in, or a sign-in ended. */
export async function noticeMessage(
  deps: Deps,
  project: Project,
  user: User,
  kind: 'address_changed' | 'sign_in_ended',
  to: string,
): Promise<NewMessage> {
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const id = newId('msg', now, deps.randomBytes(16))
  const locale = chooseLocale(project, user.locale)
  const common = { locale, brand: brandOf(project), timeZone: null }
  const content: MailContent =
    kind === 'address_changed' ? { kind, ...common, changedAt: now } : { kind, ...common, endedAt: now }
  const expiresAt = now + NOTICE_TTL_SECONDS
  return {
    projectId: project.id,
    id,
    challengeId: null,
    userId: user.id,
    identifierId: null,
    channel: 'email',
    toMasked: maskEmail(to),
    timeline: '[]',
    template: templateNameOf(content),
    locale,
    secrets: null,
    input: await sealInput(deps, project.id, id, { to, content, signUpUserId: null }),
    dueAt: nowMs + FIRST_ATTEMPT_MS,
    expiresAt,
    now,
  }
}
