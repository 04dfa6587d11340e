/** Mails and SMS as they are sent, with the languages as they are written. */

import type { MailContent, SignInMail } from '../../src/domain/messages/message.ts'
import { renderMail as mail } from '../../src/emails/render.ts'
import { renderText as text } from '../../src/emails/render-text.ts'
import { messagesFor } from '../../src/locales/all.ts'

export const renderMail = (content: MailContent) => mail(messagesFor(content.locale), content)
export const renderText = (content: SignInMail) => text(messagesFor(content.locale), content)
