/** The world outside the Worker. A test replaces any of these (style: one small object, no mocks of modules). */

import type { Keyring } from './domain/keyring.ts'
import type { Ledger } from './domain/ledger/ledger-object.ts'
import type { MailContent } from './domain/messages/message.ts'
import type { Config } from './env.ts'
import type { IsolateCache } from './lib/isolate-cache.ts'

/** One mail as data. `to` is the stored address, never what a caller typed. */
export type Mail = {
  /** Our message id: the provider's idempotency key. */
  id: string
  to: string
  content: MailContent
}

/** What became of one mail after the whole chain of providers was asked. */
export type Delivery =
  | { status: 'accepted'; provider: string; providerId: string | null; attempts: DeliveryAttempt[] }
  | { status: 'retry'; attempts: DeliveryAttempt[] }
  | { status: 'failed'; attempts: DeliveryAttempt[] }

/** `detail` is a status or a short reason, never a body: bodies can repeat the address or the link. */
export type DeliveryAttempt = { provider: string; event: 'accepted' | 'refused' | 'unreachable'; detail: string }

export type Ports = {
  /** Milliseconds since the epoch. Read once per request and passed down. */
  now(): number
  randomBytes(length: number): Uint8Array
  sendMail(mail: Mail): Promise<Delivery>
}

/** What a domain verb gets: the ports, the storage, the configuration, and this isolate's cache. */
export type Deps = Ports & {
  db: D1Database
  codes: KVNamespace
  ledger: DurableObjectNamespace<Ledger>
  keys: Keyring
  config: Config
  cache: IsolateCache
  /** Work that goes on after the answer; a failure there is logged, never shown. */
  after(work: Promise<unknown>): void
}
