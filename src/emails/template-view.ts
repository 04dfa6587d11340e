import type { MailContent } from '../domain/messages/message.ts'
import { TEMPLATE_VARIABLES, type TemplateVariable, VARIABLE_NAME } from '../domain/templates/check.ts'
import { cleanValue } from '../lib/clean-value.ts'
import type { Messages } from '../locales/messages.ts'
import type { MailPart } from './mail-part.ts'
import type { TemplateView } from './template.ts'

const maxLength = 1000

/** The values of a mail for a template. Ours come last, so that a caller's cannot take their place. */
export function templateView(messages: Messages, content: MailContent, part: MailPart, fromName: string): TemplateView {
  const custom = content.kind === 'sign_in' ? (content.custom ?? null) : null
  const callers = Object.entries(custom?.variables ?? {})
    .filter(([name]) => VARIABLE_NAME.test(name))
    .map(([name, value]): [string, string] => [name, cleanValue(value, maxLength)])
  const { link = '', code = '', expires_in = '', expiry_time = '' } = part.variables
  const ours: Partial<Record<TemplateVariable, string>> = {
    ...part.variables,
    MAGICLINK: custom?.inline ? secretOf(link) : link,
    otp: code,
    expiry_time_relative: expires_in,
    expire_time: expiry_time,
    application_name: cleanValue(content.brand.name),
    sender_name: fromName,
    support_email: cleanValue(content.brand.support_email ?? ''),
    locale: messages.lang,
    dir: messages.dir,
  }
  const known = Object.keys(TEMPLATE_VARIABLES) as TemplateVariable[]
  return new Map([...callers, ...known.map((name): [string, string] => [name, ours[name] ?? ''])])
}

/** In 1Kosmos' templates the variable stands for the code that the application's own link carries, not for a link. */
function secretOf(link: string): string {
  return URL.parse(link)?.searchParams.get('code') ?? link
}
