/** Data in, SMS out. */

import type { SignInMail } from '../domain/messages/message.ts'
import { cleanText, cleanValue } from '../lib/clean-value.ts'
import { duration } from '../locales/format.ts'
import type { Messages } from '../locales/messages.ts'
import { withCodeLine } from './code-line.ts'
import { oneLine } from './escape.ts'
import { sentences } from './sentences.ts'

const maxMessage = 300

export function renderText(messages: Messages, content: SignInMail): { text: string; senderId: string | null } {
  const { link, code, codeHost, custom } = content
  if (link === null && code === null) throw new Error('a text needs a link or a code')
  const app = cleanValue(content.brand.name) || null
  const own = code === null ? null : ownWords(messages, custom?.text?.message ?? '', code, app)
  const linkLine = link === null ? [] : [oneLine(link)]
  const lines =
    own !== null
      ? [own, ...linkLine]
      : link === null
        ? [sentences(messages, ourWords(messages, content, app), messages.text.keep)]
        : [ourWords(messages, content, app), ...linkLine, messages.text.keep]
  return { text: withCodeLine(lines.join('\n'), codeHost, code), senderId: senderId(custom?.text?.senderId ?? null) }
}

function ourWords(messages: Messages, { link, code, linkTtl, codeTtl }: SignInMail, app: string | null): string {
  if (code === null) return messages.text.link(app, duration(messages, linkTtl))
  return link === null
    ? messages.text.code(code, app, duration(messages, codeTtl))
    : messages.text.both(code, app, duration(messages, Math.min(linkTtl, codeTtl)))
}

/** A caller's sentence in place of all of ours. One that does not tell the code would be of no use. */
function ownWords(messages: Messages, message: string, code: string, app: string | null): string | null {
  const words = cleanText(message, maxMessage)
  if (!words.includes('{otp}')) return null
  return words.replace(/\{(otp|app)\}/g, (_, name) => (name === 'otp' ? code : (app ?? messages.mail.sender)))
}

/** Alphanumeric sender, or a number; what no network takes is left out, and the configured one is used. */
function senderId(value: string | null): string | null {
  return value !== null && /^[A-Za-z0-9 +_-]{1,11}$/.test(value) ? value : null
}
