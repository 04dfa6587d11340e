/** A mail provider that tells what became of a mail: the bodies and signatures of Resend, Postmark and SendGrid. */

import { utf8 } from '../../src/lib/bytes.ts'
import type { CallbackProvider } from '../../src/ports.ts'
import type { Answer, TestApp } from './app.ts'

export type Told = {
  project: string
  message: string
  to: string
  what: 'hard' | 'soft' | 'complained' | 'delivered' | 'deferred'
  /** Milliseconds. */
  at?: number
}

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

const RESEND_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const POSTMARK_TOKEN = 'a-token-of-the-operator'
const sendgridKey = (await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as CryptoKeyPair
const sendgridPublic = base64(
  new Uint8Array((await crypto.subtle.exportKey('spki', sendgridKey.publicKey)) as ArrayBuffer),
)

export const SECRETS = {
  RESEND_WEBHOOK_SECRET: RESEND_SECRET,
  POSTMARK_WEBHOOK_TOKEN: POSTMARK_TOKEN,
  SENDGRID_WEBHOOK_PUBLIC_KEY: sendgridPublic,
}

// --- what they say --------------------------------------------------------------------------------------------------

function resendBody({ project, message, to, what, at = Date.now() }: Told): unknown {
  const type = {
    hard: 'bounced',
    soft: 'bounced',
    deferred: 'delivery_delayed',
    complained: 'complained',
    delivered: 'delivered',
  }
  const bounce = {
    hard: { type: 'Permanent', subType: 'General' },
    soft: { type: 'Transient', subType: 'MailboxFull' },
  }
  return {
    type: `email.${type[what]}`,
    created_at: new Date(at).toISOString(),
    data: {
      email_id: '56761188-7520-42d8-8898-ff6fc54ce618',
      to: [to],
      subject: 'Sign in',
      tags: { message_id: message, project_id: project },
      ...(what === 'hard' || what === 'soft' ? { bounce: { message: `to ${to}`, ...bounce[what] } } : {}),
    },
  }
}

function postmarkBody({ project, message, to, what, at = Date.now() }: Told): unknown {
  const Metadata = { message_id: message, project_id: project }
  const time = new Date(at).toISOString()
  if (what === 'delivered') return { RecordType: 'Delivery', Recipient: to, DeliveredAt: time, Metadata }
  const Type = { hard: 'HardBounce', soft: 'SoftBounce', deferred: 'Transient', complained: 'SpamComplaint' }[what]
  const RecordType = what === 'complained' ? 'SpamComplaint' : 'Bounce'
  return { RecordType, Type, Email: to, BouncedAt: time, Details: `to ${to}`, Subject: 'Sign in', Metadata }
}

function sendgridBody({ project, message, to, what, at = Date.now() }: Told): unknown {
  const event = {
    hard: 'bounce',
    soft: 'bounce',
    deferred: 'deferred',
    complained: 'spamreport',
    delivered: 'delivered',
  }
  return {
    email: to,
    timestamp: Math.floor(at / 1000),
    event: event[what],
    sg_event_id: 'x',
    message_id: message,
    project_id: project,
    ...(what === 'hard' ? { type: 'bounce', status: '5.1.1', reason: `550 no ${to}` } : {}),
    ...(what === 'soft' ? { type: 'blocked', status: '4.7.1', reason: `421 later ${to}` } : {}),
  }
}

// --- how they sign --------------------------------------------------------------------------------------------------

async function signAsResend(body: string): Promise<Record<string, string>> {
  const raw = Uint8Array.from(atob(RESEND_SECRET.slice('whsec_'.length)), (char) => char.charCodeAt(0))
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const [id, timestamp] = ['msg_1', String(Math.floor(Date.now() / 1000))]
  const mac = await crypto.subtle.sign('HMAC', key, utf8(`${id}.${timestamp}.${body}`))
  return { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': `v1,${base64(new Uint8Array(mac))}` }
}

/** RFC 3279 §2.2.3. */
function der(raw: Uint8Array): Uint8Array {
  const integer = (half: Uint8Array) => {
    const digits = half.slice(
      Math.max(
        0,
        half.findIndex((byte) => byte !== 0),
      ),
    )
    const signed = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : [...digits]
    return [0x02, signed.length, ...signed]
  }
  const both = [...integer(raw.slice(0, 32)), ...integer(raw.slice(32))]
  return Uint8Array.from([0x30, both.length, ...both])
}

async function signAsSendgrid(body: string): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const raw = new Uint8Array(await crypto.subtle.sign(ECDSA, sendgridKey.privateKey, utf8(timestamp + body)))
  return {
    'x-twilio-email-event-webhook-signature': base64(der(raw)),
    'x-twilio-email-event-webhook-timestamp': timestamp,
  }
}

const PROVIDERS: Record<
  CallbackProvider,
  { body(told: Told[]): unknown; sign(body: string): Promise<Record<string, string>> }
> = {
  resend: { body: ([told]) => told && resendBody(told), sign: signAsResend },
  postmark: {
    body: ([told]) => told && postmarkBody(told),
    sign: async () => ({ authorization: `Basic ${btoa(`latchkey:${POSTMARK_TOKEN}`)}` }),
  },
  sendgrid: { body: (told) => told.map(sendgridBody), sign: signAsSendgrid },
}

export const bodyOf = (provider: CallbackProvider, ...told: Told[]): string =>
  JSON.stringify(PROVIDERS[provider].body(told))

/** Any text, signed as the provider signs. */
export const callWith = async (
  app: TestApp,
  provider: CallbackProvider,
  body: string,
  headers: Record<string, string> | null = null,
): Promise<Answer> =>
  app.request(`/callbacks/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers ?? (await PROVIDERS[provider].sign(body))) },
    body,
  })

/** The provider tells, all in one call (only SendGrid can tell of several). */
export const tell = (app: TestApp, provider: CallbackProvider, ...told: Told[]): Promise<Answer> =>
  callWith(app, provider, bodyOf(provider, ...told))
