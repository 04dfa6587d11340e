/** The real world: the clock, the random source, and mail through the configured providers. */

import { renderMail } from '../emails/render.ts'
import { type Config, ConfigurationError, type Env } from '../env.ts'
import type { Mail, Ports } from '../ports.ts'
import { sendByChain } from './mail/chain.ts'
import type { MailProvider, ProviderMail } from './mail/provider.ts'
import { resend } from './mail/resend.ts'

export function systemPorts(env: Env, config: Config): Ports {
  const { MAIL } = env
  const fetcher = (request: Request) => (MAIL ? MAIL.fetch(request) : fetch(request))
  const providers = mailProviders(config)
  return {
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail: async (mail) => sendByChain(providers, fetcher, toProviderMail(config, mail)),
  }
}

function mailProviders({ mail }: Config): MailProvider[] {
  const make = { resend: () => resend(required('RESEND_API_KEY', mail.resendApiKey, 'resend')) }
  return mail.providers.map((name) => make[name]())
}

function toProviderMail(config: Config, { id, to, content }: Mail): ProviderMail {
  const { fromName, subject, html, text } = renderMail(content)
  if (config.mail.providers.length === 0)
    throw new ConfigurationError('MAIL_PROVIDERS is not set; name at least one, such as resend')
  const configured = required('MAIL_FROM', config.mail.from, 'mail')
  const [, address = configured] = /<([^<>]+)>\s*$/.exec(configured) ?? []
  return {
    id,
    from: { name: fromName, address },
    to,
    subject,
    html,
    text,
    // RFC 3834 §5: no auto-reply, please.
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

function required(name: string, value: string | null, what: string): string {
  if (!value) throw new ConfigurationError(`${name} is not set; ${what} needs it`)
  return value
}
