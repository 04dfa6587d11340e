/** The real world: the clock, the random source, and messages through the configured providers. */

import { renderMail } from '../emails/render.ts'
import { renderText } from '../emails/render-text.ts'
import type { Config, Env, MailProviderName, TextProviderName } from '../env.ts'
import { ConfigurationError } from '../lib/configuration-error.ts'
import type { Messages } from '../locales/messages.ts'
import type { Mail, Ports, TextMessage } from '../ports.ts'
import { sendByChain } from './chain.ts'
import { readCallback } from './mail/callbacks.ts'
import { cloudflare } from './mail/cloudflare.ts'
import { mailgun } from './mail/mailgun.ts'
import { postmark } from './mail/postmark.ts'
import { resend } from './mail/resend.ts'
import { sendgrid } from './mail/sendgrid.ts'
import { ses } from './mail/ses.ts'
import type { MailProvider, ProviderMail, ProviderText, TextProvider } from './provider.ts'
import { messagebird } from './sms/messagebird.ts'
import { twilio } from './sms/twilio.ts'
import { vonage } from './sms/vonage.ts'

export function systemPorts(env: Env, config: Config): Ports {
  const { MAIL } = env
  const fetcher = (request: Request) => (MAIL ? MAIL.fetch(request) : fetch(request))
  const mailProviders = mailProvidersOf(env, config)
  const textProviders = textProvidersOf(config)
  return {
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail: async (mail, messages) => sendByChain(mailProviders, fetcher, toProviderMail(config, mail, messages)),
    sendText: async (message, messages) =>
      sendByChain(textProviders, fetcher, toProviderText(config, message, messages)),
    renderMail,
    readCallback: (provider, secret, { headers, body }) => readCallback(provider, secret, headers, body, Date.now()),
  }
}

function mailProvidersOf({ EMAIL }: Env, { mail }: Config): MailProvider[] {
  const make: Record<MailProviderName, () => MailProvider> = {
    resend: () => resend(mail.resend),
    postmark: () => postmark(mail.postmark),
    sendgrid: () => sendgrid(mail.sendgrid),
    mailgun: () => mailgun(mail.mailgun),
    ses: () => ses(mail.ses),
    cloudflare: () => {
      if (!EMAIL) throw new ConfigurationError('EMAIL is not bound; the provider cloudflare needs it')
      return cloudflare(EMAIL)
    },
  }
  return mail.providers.map((name) => make[name]())
}

function textProvidersOf({ sms }: Config): TextProvider[] {
  const make: Record<TextProviderName, () => TextProvider> = {
    twilio: () => twilio(sms.twilio),
    vonage: () => vonage(sms.vonage),
    messagebird: () => messagebird(sms.messagebird),
  }
  return sms.providers.map((name) => make[name]())
}

function toProviderMail({ mail }: Config, { id, projectId, to, content }: Mail, messages: Messages): ProviderMail {
  const { fromName, subject, html, text, inline } = renderMail(messages, content)
  if (mail.providers.length === 0 || mail.from === null)
    throw new ConfigurationError('MAIL_PROVIDERS is not set; name at least one, such as resend')
  return {
    id,
    projectId,
    from: { name: fromName, address: mail.from },
    to,
    subject,
    html,
    text,
    // RFC 3834 §5: no auto-reply, please.
    headers: { 'Auto-Submitted': 'auto-generated' },
    inline,
  }
}

function toProviderText(
  { sms }: Config,
  { id, projectId, to, content }: TextMessage,
  messages: Messages,
): ProviderText {
  if (sms.providers.length === 0)
    throw new ConfigurationError('SMS_PROVIDERS is not set; name at least one, such as twilio')
  return { id, projectId, to, ...renderText(messages, content) }
}
