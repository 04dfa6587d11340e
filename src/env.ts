/** The Worker's bindings and variables, checked once: whatever is missing is named, with the command that mends it. */

import * as z from 'zod'
import type { Ledger } from './domain/ledger/ledger-object.ts'

/** Bindings of wrangler.toml. Nobody but `readEnv` and the entry reads variables from here. */
export type Env = {
  DB: D1Database
  CODES: KVNamespace
  LEDGER: DurableObjectNamespace<Ledger>
  /** Any Fetcher that takes the provider's requests in its place: the development inbox, or another Worker. */
  MAIL?: Fetcher
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
const optional = z
  .string()
  .optional()
  .transform((text) => text || null)

const variables = z.object({
  ISSUER: issuer,
  LATCHKEY_SECRET: secret,
  LATCHKEY_SECRET_PREVIOUS: secret.optional().or(z.literal('').transform(() => undefined)),
  LATCHKEY_ROOT_KEY: secret,
  MAIL_PROVIDERS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    )
    .pipe(
      z.array(
        z.enum(['resend'], {
          error: (issue) => `does not know the provider ${JSON.stringify(issue.input)}; known: resend`,
        }),
      ),
    ),
  MAIL_FROM: optional,
  RESEND_API_KEY: optional,
})

export type Config = {
  issuer: { origin: string; host: string; development: boolean }
  secret: string
  previousSecret: string | null
  rootKey: string
  mail: { providers: 'resend'[]; from: string | null; resendApiKey: string | null }
}

/** Thrown at the first request of a Worker that cannot run; the message is for the operator and holds no value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

export function readEnv(env: Env): Config {
  const parsed = variables.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
    throw new ConfigurationError(
      `${problems.join('; ')}. For development run: npm run dev. In production set variables in wrangler.toml and secrets with: npx wrangler secret put NAME`,
    )
  }
  const v = parsed.data
  return {
    issuer: v.ISSUER,
    secret: v.LATCHKEY_SECRET,
    previousSecret: v.LATCHKEY_SECRET_PREVIOUS ?? null,
    rootKey: v.LATCHKEY_ROOT_KEY,
    mail: { providers: v.MAIL_PROVIDERS, from: v.MAIL_FROM, resendApiKey: v.RESEND_API_KEY },
  }
}
