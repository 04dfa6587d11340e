/** The Worker's bindings and variables, checked once: whatever is missing is named, with the command that mends it. */

import * as z from 'zod'
import type { Ledger } from './domain/ledger/ledger-object.ts'
import { ConfigurationError } from './lib/configuration-error.ts'

/** Bindings of wrangler.toml. Nobody but `readEnv` and the entry reads variables from here. */
export type Env = {
  DB: D1Database
  CODES: KVNamespace
  LEDGER: DurableObjectNamespace<Ledger>
  /** Any Fetcher that takes the provider's requests in its place: the development inbox, or another Worker. */
  MAIL?: Fetcher
  /** Cloudflare Email Service, for the mail provider `cloudflare`. */
  EMAIL?: SendEmail
  /** Static files made by src/cli/assets.ts. */
  ASSETS?: Fetcher
  PAGE_LIMIT?: RateLimit
  PROJECT_LIMIT?: RateLimit
} & { [variable: string]: unknown }

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']

const issuer = z
  .string({ error: 'is not set: the public base URL, such as https://sign-in.example.com' })
  .min(1, 'is not set: the public base URL, such as https://sign-in.example.com')
  .transform((text, context) => {
    const url = URL.parse(text)
    const loopback = url !== null && LOOPBACK_HOSTS.includes(url.hostname)
    if (!url || url.origin !== text || (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:'))) {
      context.issues.push({
        code: 'custom',
        input: text,
        message: 'must be an https origin without a path or a slash at the end (http only on localhost)',
      })
      return z.NEVER
    }
    return { origin: url.origin, host: url.host, development: loopback && url.protocol === 'http:' }
  })

const secret = z
  .string({ error: 'is not set' })
  .refine((text) => new TextEncoder().encode(text).length >= 32, 'must have at least 32 bytes')
/** What a header, a URL or a signature is made with: one word. A line's end in it would be found out at the first mail. */
const word = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'must be one word of ASCII letters, digits and signs, without spaces or line ends')
  .default('')
const wordLike = (pattern: RegExp, rule: string) =>
  z
    .string()
    .refine((text) => text === '' || pattern.test(text), rule)
    .default('')

/** A number, Twilio's id of a pool of senders, or a name. */
const textSender = wordLike(
  /^(?:\+?\d{3,15}|MG[0-9a-fA-F]{32}|[A-Za-z0-9 _&+.-]{1,11})$/,
  'must be a number such as +15005550006, or a name of up to 11 letters and digits',
)

/** `a@b` or `Name <a@b>`. The name shown is the project's, so only the address is kept. */
const mailFrom = z
  .string()
  .default('')
  .transform((text, context) => {
    const address = (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim()
    if (address === '' || /^[^\s@<>"(),;:\\]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$/.test(address)) return address || null
    context.issues.push({
      code: 'custom',
      input: text,
      message: 'must be an address, or a name and an address: Acme <sign-in@acme.example>',
    })
    return z.NEVER
  })

/** The DER in front of every uncompressed P-256 key (RFC 5480 §2). */
const P256_SPKI = /^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==$/

const MAIL_PROVIDERS = ['resend', 'postmark', 'sendgrid', 'mailgun', 'ses', 'cloudflare'] as const
/** The vendor APIs that are answered; `DIALECTS` switches them. */
const VENDORS = ['forward', 'transmit', 'streambird', '1kosmos', 'scalekit'] as const
export type Vendor = (typeof VENDORS)[number]
const SMS_PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const
export type MailProviderName = (typeof MAIL_PROVIDERS)[number]
export type TextProviderName = (typeof SMS_PROVIDERS)[number]

/** Which variables each provider cannot do without; `EMAIL` is a binding. */
const NEEDED: Record<MailProviderName | TextProviderName, string[]> = {
  resend: ['RESEND_API_KEY', 'MAIL_FROM'],
  postmark: ['POSTMARK_TOKEN', 'MAIL_FROM'],
  sendgrid: ['SENDGRID_API_KEY', 'MAIL_FROM'],
  mailgun: ['MAILGUN_API_KEY', 'MAILGUN_DOMAIN', 'MAIL_FROM'],
  ses: ['SES_ACCESS_KEY_ID', 'SES_SECRET_ACCESS_KEY', 'SES_REGION', 'MAIL_FROM'],
  cloudflare: ['EMAIL', 'MAIL_FROM'],
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  vonage: ['VONAGE_API_KEY', 'VONAGE_API_SECRET', 'VONAGE_FROM'],
  messagebird: ['MESSAGEBIRD_ACCESS_KEY', 'MESSAGEBIRD_ORIGINATOR'],
}

const split = (list: unknown): string[] =>
  String(list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)

/** A comma list in the order in which they are asked. */
const namesOf = <const Names extends readonly [string, ...string[]]>(known: Names, fallback = '', what = 'provider') =>
  z
    .string()
    .default(fallback)
    .transform(split)
    .pipe(
      z
        .array(
          z.enum(known, {
            error: (issue) => `does not know the ${what} ${JSON.stringify(issue.input)}; known: ${known.join(', ')}`,
          }),
        )
        .refine((names) => new Set(names).size === names.length, `names a ${what} twice`),
    )

const variables = z.object({
  ISSUER: issuer,
  LATCHKEY_SECRET: secret,
  LATCHKEY_SECRET_PREVIOUS: secret.optional().or(z.literal('').transform(() => undefined)),
  LATCHKEY_ROOT_KEY: secret,

  RESTORED_AT: z
    .string()
    .default('')
    .refine(
      (text) => text === '' || (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(text) && !Number.isNaN(Date.parse(text))),
      'must be a UTC time such as 2026-01-31T12:00:00Z',
    )
    .transform((text) => (text === '' ? 0 : Date.parse(text) / 1000)),

  DIALECTS: namesOf(VENDORS, VENDORS.join(','), 'dialect'),

  MAIL_PROVIDERS: namesOf(MAIL_PROVIDERS),
  MAIL_FROM: mailFrom,
  RESEND_API_KEY: word,
  POSTMARK_TOKEN: word,
  POSTMARK_MESSAGE_STREAM: wordLike(/^[a-z0-9-]{1,50}$/, 'must be the id of a message stream, such as outbound'),
  SENDGRID_API_KEY: word,
  MAILGUN_API_KEY: word,
  MAILGUN_DOMAIN: wordLike(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, 'must be a domain, such as mg.acme.example'),
  MAILGUN_REGION: z.enum(['us', 'eu', ''], { error: 'must be us or eu' }).default('us'),
  SES_ACCESS_KEY_ID: word,
  SES_SECRET_ACCESS_KEY: word,
  SES_REGION: wordLike(/^[a-z]{2,4}(?:-[a-z]+)+-\d$/, 'must be a region of AWS, such as eu-central-1'),

  RESEND_WEBHOOK_SECRET: wordLike(
    /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
    'must be the signing secret of the webhook, which begins with whsec_',
  ),
  POSTMARK_WEBHOOK_TOKEN: word.refine((text) => text === '' || text.length >= 16, 'must have at least 16 characters'),
  SENDGRID_WEBHOOK_PUBLIC_KEY: wordLike(
    P256_SPKI,
    'must be the verification key of the signed event webhook: base64, without BEGIN and END',
  ),

  SMS_PROVIDERS: namesOf(SMS_PROVIDERS),
  TWILIO_ACCOUNT_SID: wordLike(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits'),
  TWILIO_AUTH_TOKEN: word,
  TWILIO_FROM: textSender,
  VONAGE_API_KEY: word,
  VONAGE_API_SECRET: word,
  VONAGE_FROM: textSender,
  MESSAGEBIRD_ACCESS_KEY: word,
  MESSAGEBIRD_ORIGINATOR: textSender,
})

export type Config = {
  /** Unix seconds: what was made before, sessions and secrets, is worthless; a restored database may know it as live. */
  restoredAt: number
  dialects: Vendor[]
  issuer: { origin: string; host: string; development: boolean }
  secret: string
  previousSecret: string | null
  rootKey: string
  /** What a provider needs is there if `providers` names it, and empty otherwise. */
  mail: {
    providers: MailProviderName[]
    /** The bare address. */
    from: string | null
    resend: { apiKey: string }
    postmark: { token: string; stream: string }
    sendgrid: { apiKey: string }
    mailgun: { apiKey: string; domain: string; region: 'us' | 'eu' }
    ses: { accessKeyId: string; secretAccessKey: string; region: string }
  }
  sms: {
    providers: TextProviderName[]
    twilio: { accountSid: string; authToken: string; from: string }
    vonage: { apiKey: string; apiSecret: string; from: string }
    messagebird: { accessKey: string; originator: string }
  }
  /** What shows that a provider's callback comes from it; null: its callbacks are not taken. */
  callbacks: { resend: string | null; postmark: string | null; sendgrid: string | null }
}

export function readEnv(env: Env): Config {
  const parsed = variables.safeParse(env)
  const issues = parsed.error?.issues ?? []
  const problems = [...issues.map((issue) => `${String(issue.path[0])} ${issue.message}`), ...missing(env)]
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(
      `${problems.join('; ')}. For development run: npm run dev. In production set a variable with: npm run deploy -- --var NAME=VALUE, and a secret with: npx wrangler secret put NAME --config wrangler.deploy.json`,
    )
  }
  const v = parsed.data
  return {
    restoredAt: v.RESTORED_AT,
    dialects: v.DIALECTS,
    issuer: v.ISSUER,
    secret: v.LATCHKEY_SECRET,
    previousSecret: v.LATCHKEY_SECRET_PREVIOUS ?? null,
    rootKey: v.LATCHKEY_ROOT_KEY,
    mail: {
      providers: v.MAIL_PROVIDERS,
      from: v.MAIL_FROM,
      resend: { apiKey: v.RESEND_API_KEY },
      postmark: { token: v.POSTMARK_TOKEN, stream: v.POSTMARK_MESSAGE_STREAM || 'outbound' },
      sendgrid: { apiKey: v.SENDGRID_API_KEY },
      mailgun: { apiKey: v.MAILGUN_API_KEY, domain: v.MAILGUN_DOMAIN, region: v.MAILGUN_REGION || 'us' },
      ses: {
        accessKeyId: v.SES_ACCESS_KEY_ID,
        secretAccessKey: v.SES_SECRET_ACCESS_KEY,
        region: v.SES_REGION,
      },
    },
    sms: {
      providers: v.SMS_PROVIDERS,
      twilio: { accountSid: v.TWILIO_ACCOUNT_SID, authToken: v.TWILIO_AUTH_TOKEN, from: v.TWILIO_FROM },
      vonage: { apiKey: v.VONAGE_API_KEY, apiSecret: v.VONAGE_API_SECRET, from: v.VONAGE_FROM },
      messagebird: { accessKey: v.MESSAGEBIRD_ACCESS_KEY, originator: v.MESSAGEBIRD_ORIGINATOR },
    },
    callbacks: {
      resend: v.RESEND_WEBHOOK_SECRET || null,
      postmark: v.POSTMARK_WEBHOOK_TOKEN || null,
      sendgrid: v.SENDGRID_WEBHOOK_PUBLIC_KEY || null,
    },
  }
}

/**
 * A provider that is named must have its keys before anything is sent, or it would be found out when the one before it in
 * the list is down. None named at all is no error: what needs no mail works without.
 */
function missing(env: Env): string[] {
  const named = [
    ...MAIL_PROVIDERS.filter((name) => split(env.MAIL_PROVIDERS).includes(name)),
    ...SMS_PROVIDERS.filter((name) => split(env.SMS_PROVIDERS).includes(name)),
  ]
  return named.flatMap((name) =>
    NEEDED[name]
      .filter((variable) => !env[variable])
      .map((variable) =>
        variable === 'EMAIL'
          ? `EMAIL is not bound; the provider ${name} needs it: [[send_email]] with name = "EMAIL" in wrangler.toml`
          : `${variable} is not set; the provider ${name} needs it`,
      ),
  )
}
