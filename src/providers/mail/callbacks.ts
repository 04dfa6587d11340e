/** What mail providers tell of a mail afterwards. Pure but for WebCrypto: no network, no clock, no storage. */

import type { CallbackProvider, MailReport } from '../../ports.ts'
import { parseJson } from '../answer.ts'
import { postmarkCallback } from './postmark-callback.ts'
import { resendCallback } from './resend-callback.ts'
import { sendgridCallback } from './sendgrid-callback.ts'

export type CallbackRequest = { secret: string; headers: Headers; body: string; nowMs: number }
export type Callback = {
  isGenuine(request: CallbackRequest): boolean | Promise<boolean>
  /** Kinds of events that are none of ours are left out. */
  read(json: unknown, nowMs: number): MailReport[]
}

const CALLBACKS: Record<CallbackProvider, Callback> = {
  resend: resendCallback,
  postmark: postmarkCallback,
  sendgrid: sendgridCallback,
}

/** SendGrid's batches have up to 768 KiB; nobody else sends nearly as much. */
const MAX_BODY_CHARACTERS = 1_048_576

/** Null: not from the provider, too old, or not to be read. Whoever knows an event may send it twice: take it once. */
export async function readCallback(
  name: CallbackProvider,
  secret: string,
  headers: Headers,
  body: string,
  nowMs: number,
): Promise<MailReport[] | null> {
  if (body.length > MAX_BODY_CHARACTERS) return null
  const callback = CALLBACKS[name]
  if (!(await callback.isGenuine({ secret, headers, body, nowMs }))) return null
  const json = parseJson(body)
  return typeof json === 'object' && json !== null ? callback.read(json, nowMs) : null
}
