/** The world outside the Worker. A test replaces any of these (style: one small object, no mocks of modules). */

import type { Keyring } from './domain/keyring.ts'
import type { Ledger } from './domain/ledger/ledger-object.ts'
import type { MailContent, SignInMail } from './domain/messages/message.ts'
import type { Config } from './env.ts'
import type { IsolateCache } from './lib/isolate-cache.ts'
import type { Locale } from './locales/index.ts'
import type { Messages } from './locales/messages.ts'

/** One mail as data. `to` is the stored address, never what a caller typed. */
export type Mail = {
  /** Our message id: the provider's idempotency key. */
  id: string
  projectId: string
  to: string
  content: MailContent
}

/** One SMS as data. `to` in E.164. */
export type TextMessage = { id: string; projectId: string; to: string; content: SignInMail }

/** What became of one message after the whole chain of providers was asked. */
export type Delivery =
  | { status: 'accepted'; provider: string; providerId: string | null; attempts: DeliveryAttempt[] }
  | { status: 'retry'; attempts: DeliveryAttempt[] }
  | { status: 'failed'; attempts: DeliveryAttempt[] }

/** `detail` is a status or a short reason, never a body: bodies can repeat the address or the link. */
export type DeliveryAttempt = { provider: string; event: 'accepted' | 'refused' | 'unreachable'; detail: string }

/** What a provider tells of a message afterwards. */
export type MailReport = {
  /** As we sent them along; null: not of ours. */
  projectId: string | null
  messageId: string | null
  recipient: string
  event: 'delivered' | 'bounced' | 'complained' | 'deferred'
  /** Nothing sent to this address will arrive or be welcome: it bounced hard, or its owner complained. */
  permanent: boolean
  /** A short code of the provider's, never a text from outside. */
  detail: string
  /** Unix seconds. */
  at: number
}
export const CALLBACK_PROVIDERS = ['resend', 'postmark', 'sendgrid'] as const
export type CallbackProvider = (typeof CALLBACK_PROVIDERS)[number]

export type Ports = {
  /** Milliseconds since the epoch. Read once per request and passed down. */
  now(): number
  randomBytes(length: number): Uint8Array
  /** @param messages the words of the mail's language, or of the one that could be had */
  sendMail(mail: Mail, messages: Messages): Promise<Delivery>
  sendText(message: TextMessage, messages: Messages): Promise<Delivery>
  /** How a mail will look. */
  renderMail(
    messages: Messages,
    content: MailContent,
  ): { subject: string; fromName: string; html: string; text: string }
  /** Null: not from the provider, too old, or not to be read. @param secret what its signature is checked with */
  readCallback(
    provider: CallbackProvider,
    secret: string,
    request: { headers: Headers; body: string },
  ): Promise<MailReport[] | null>
}

/** What a domain verb gets: the ports, the storage, the configuration, and this isolate's cache. */
export type Deps = Ports & {
  db: D1Database
  codes: KVNamespace
  ledger: DurableObjectNamespace<Ledger>
  /** Static files that are read on demand; null where the Worker was deployed without. */
  assets: Fetcher | null
  /** The words of a language; English where they cannot be read. Never fails. */
  messages(locale: Locale): Promise<Messages>
  keys: Keyring
  config: Config
  cache: IsolateCache
  /** Work that goes on after the answer; a failure there is logged, never shown. */
  after(work: Promise<unknown>): void
}
