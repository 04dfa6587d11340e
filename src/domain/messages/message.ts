/** A message is data: what it says is decided here, how it looks in `emails/`, who carries it in `providers/`. */

import { utf8 } from '../../lib/bytes.ts'
import { newId } from '../../lib/ids.ts'
import { LOCALES, type Locale } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'
import { brandName, type Project } from '../projects/project.ts'
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

export type MailContent = SignInMail | AddressChangedMail

/**
 * What rendering needs beside the secrets. `to`: where it goes if not to the identifier it was stored for. `signUpUserId`:
 * the mail is for a sign-up if its user turned out to have this id.
 */
export type StoredInput = {
  to: string | null
  /** Hosted flow: whether and where it goes is looked up when it goes. */
  toWhom?: { canonical: string; exact: string }
  content: MailContent
  signUpUserId: string | null
}
/** `signUpLink`: in place of `link` for a sign-up that ends somewhere else. */
export type StoredSecrets = { link: string | null; signUpLink: string | null; code: string | null }

/** A stored message that was not handed over yet. */
export type PendingMessage = {
  projectId: string
  id: string
  to: string
  content: MailContent
  attempts: number
  /** Unix seconds. */
  expiresAt: number
  timeline: TimelineEntry[]
  userId: string | null
}
export type TimelineEntry = { at: number; event: string; provider: string | null; detail: string | null }

/** How long the request that stored a message has to hand it over before cron looks at it. */
export const FIRST_ATTEMPT_MS = 30_000
const NOTICE_TTL_SECONDS = 24 * 3600

export const brandOf = (project: Project): Brand => ({ ...project.settings.brand, name: brandName(project) })

/** The first of the wished languages that we speak, else the project's, else English. */
export function chooseLocale(project: Project, ...wishes: (string | null | undefined)[]): Locale {
  for (const wish of [...wishes, project.settings.locale]) {
    const tag = wish?.toLowerCase()
    const found =
      LOCALES.find((locale) => locale.toLowerCase() === tag) ?? LOCALES.find((locale) => locale === tag?.split('-')[0])
    if (found) return found
  }
  return 'en'
}

/** Input is sealed for its challenge, so that a resend takes it over in one statement; secrets for their one message. */
export const inputPlace = (projectId: string, owner: string) => `messages:${projectId}:${owner}:input`
export const secretsPlace = (projectId: string, id: string) => `messages:${projectId}:${id}:secrets`

/** @param owner the challenge's id, or the message's where there is no challenge */
export const sealInput = (deps: Deps, projectId: string, owner: string, input: StoredInput): Promise<Uint8Array> =>
  deps.keys.seal(inputPlace(projectId, owner), utf8(JSON.stringify(input)))

export const sealSecrets = (deps: Deps, projectId: string, id: string, secrets: StoredSecrets): Promise<Uint8Array> =>
  deps.keys.seal(secretsPlace(projectId, id), utf8(JSON.stringify(secrets)))

/** Tells the old address that it no longer signs in. */
export async function addressChangedMessage(
  deps: Deps,
  project: Project,
  user: User,
  oldAddress: string,
): Promise<{ row: NewMessage; pending: PendingMessage }> {
  const nowMs = deps.now()
  const now = Math.floor(nowMs / 1000)
  const id = newId('msg', now, deps.randomBytes(16))
  const locale = chooseLocale(project, user.locale)
  const content: MailContent = {
    kind: 'address_changed',
    locale,
    brand: brandOf(project),
    changedAt: now,
    timeZone: null,
  }
  const expiresAt = now + NOTICE_TTL_SECONDS
  return {
    row: {
      projectId: project.id,
      id,
      challengeId: null,
      userId: user.id,
      identifierId: null,
      channel: 'email',
      toMasked: maskEmail(oldAddress),
      timeline: '[]',
      template: content.kind,
      locale,
      secrets: null,
      input: await sealInput(deps, project.id, id, { to: oldAddress, content, signUpUserId: null }),
      dueAt: nowMs + FIRST_ATTEMPT_MS,
      expiresAt,
      now,
    },
    pending: {
      projectId: project.id,
      id,
      to: oldAddress,
      content,
      attempts: 0,
      expiresAt,
      timeline: [],
      userId: user.id,
    },
  }
}
