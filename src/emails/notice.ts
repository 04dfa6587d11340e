import type { AddressChangedMail, SignInEndedMail } from '../domain/messages/message.ts'
import { cleanValue } from '../lib/clean-value.ts'
import { isolate, moment } from '../locales/format.ts'
import type { Messages } from '../locales/messages.ts'
import type { MailPart } from './mail-part.ts'
import { noticeHtml } from './notice.html.ts'
import { noticeText } from './notice.text.ts'

/** Something happened to the account, and there is nothing to press. */
export function noticePart(messages: Messages, input: AddressChangedMail | SignInEndedMail): MailPart {
  const changed = input.kind === 'address_changed'
  const texts = changed ? messages.mail.addressChanged : messages.mail.signInEnded
  const name = cleanValue(input.brand.name) || null
  const app = name === null ? null : isolate(messages, name)
  const support = cleanValue(input.brand.support_email ?? '') || null
  const happenedAt = moment(messages, changed ? input.changedAt : input.endedAt, input.timeZone)
  const lead = texts.lead(app, happenedAt)
  return {
    subject: texts.subject(app),
    preheader: lead,
    html: noticeHtml,
    text: noticeText,
    view: {
      heading: texts.heading,
      lead,
      effect: texts.effect,
      notYou: support === null ? texts.notYou(app) : texts.notYouWrite(app, support),
      help: null,
    },
    variables: { heading: texts.heading, happened_at: happenedAt },
  }
}
