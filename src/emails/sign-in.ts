import type { EmailContent, SignInMail } from '../domain/messages/message.ts'
import { cleanText, cleanValue, personValue } from '../lib/clean-value.ts'
import { duration, isolate, moment, placeName } from '../locales/format.ts'
import type { Messages } from '../locales/messages.ts'
import type { MailPart } from './mail-part.ts'
import { sentences } from './sentences.ts'
import { signInHtml } from './sign-in.html.ts'
import { signInText } from './sign-in.text.ts'

const maxLength = 2000

/**
 * A caller's own words stand where ours would; how long link and code work, who asked and the link itself stay ours, so
 * that no mail of ours can be made to hide them.
 */
export function signInPart(messages: Messages, input: SignInMail): MailPart {
  const { link, code, asked, isSignUp } = input
  if (link === null && code === null) throw new Error('a sign-in mail needs a link or a code')
  const mail = messages.mail
  const own = input.custom?.email ?? {}
  const line = (field: keyof EmailContent) => cleanValue(own[field] ?? '', maxLength)
  const lines = (field: keyof EmailContent) => linesOf(cleanText(own[field] ?? '', maxLength))
  const name = cleanValue(input.brand.name) || null
  const app = name === null ? null : isolate(messages, name)
  const linkTtl = duration(messages, input.linkTtl)
  const codeTtl = duration(messages, input.codeTtl)
  const shown = grouped(code ?? '')
  const heading = line('headerText') || ourHeading(messages, input, app)
  const button = line('linkText') || mail.linkButton(app)
  const lead = lines('bodyText')
  const place = placeName(messages, personValue(asked?.place ?? null))
  const browser = personValue(asked?.browser ?? null)
  const when = asked === null ? null : moment(messages, asked.at, asked.timeZone)
  const ourSubject = isSignUp ? mail.signUpSubject : mail.linkSubject
  const rows = [
    { label: messages.asked.when, value: when },
    { label: messages.asked.where, value: place && isolate(messages, place) },
    { label: messages.asked.browser, value: browser && isolate(messages, browser) },
  ]
  return {
    subject: cleanValue(own.subject ?? '') || (code === null ? ourSubject(app) : mail.codeSubject(shown, app)),
    preheader:
      code === null
        ? mail.preheader.link(linkTtl)
        : link === null
          ? mail.preheader.code(shown, codeTtl)
          : mail.preheader.both(shown, codeTtl),
    html: signInHtml,
    text: signInText,
    view: {
      heading,
      link,
      linkLead: lead ?? linesOf(mail.linkLead),
      linkText: lead ?? linesOf(mail.linkText),
      linkButton: button,
      linkValid: mail.linkValid(linkTtl),
      linkCopy: mail.linkCopy,
      code,
      codeLead: link === null ? (lead ?? linesOf(mail.codeLead)) : linesOf(mail.codeInstead),
      codeMargin: link === null ? '0 0 12px' : '28px 0 12px',
      codeValid: sentences(messages, mail.codeValid(codeTtl), mail.codeKeep(app)),
      info: lines('infoText'),
      asked: asked !== null,
      askedHeading: messages.asked.heading,
      rows: rows.filter(({ value }) => value !== null),
      foot: lines('footerText') ?? linesOf(mail.notYou),
      footMargin: asked === null ? '28px 0 0' : '16px 0 0',
      help: helpOf(messages, input),
    },
    variables: {
      heading,
      button: link === null ? '' : button,
      link: link ?? '',
      code: code ?? '',
      code_host: code === null ? '' : input.codeHost,
      expires_in: link === null ? codeTtl : linkTtl,
      link_expires_in: link === null ? '' : linkTtl,
      code_expires_in: code === null ? '' : codeTtl,
      expiry_time:
        asked === null
          ? ''
          : moment(messages, asked.at + (link === null ? input.codeTtl : input.linkTtl), asked.timeZone),
      requested_at: when ?? '',
      requested_from: place ?? '',
      requested_browser: browser ?? '',
    },
  }
}

function ourHeading({ mail }: Messages, { link, isSignUp }: SignInMail, app: string | null): string {
  if (isSignUp) return mail.heading.signUp(app)
  return link === null ? mail.heading.code(app) : mail.heading.signIn(app)
}

/** For a section of lines; null, which leaves the section out, for an empty text. */
function linesOf(text: string): { lines: { text: string; first: boolean }[] } | null {
  return text === '' ? null : { lines: text.split('\n').map((line, index) => ({ text: line, first: index === 0 })) }
}

function helpOf(messages: Messages, { brand }: SignInMail): string | null {
  const support = cleanValue(brand.support_email ?? '')
  return support === '' ? null : messages.help(support)
}

/** `482 913`, `4829 1374`: for reading out of a list of mails. The body has the code in one piece, for copying. */
function grouped(code: string): string {
  const size = code.length % 3 === 0 ? 3 : Math.floor(code.length / 2)
  return code.length < 6 ? code : `${code.slice(0, size)} ${grouped(code.slice(size))}`
}
