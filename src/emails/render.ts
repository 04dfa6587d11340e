/** Data in, mail out: no clock, no random, no I/O, and the person's address is not even an argument. */

import Mustache from 'mustache'

import type { AddressChangedMail, Brand, MailContent, SignInMail } from '../domain/messages/message.ts'
import { cleanValue, personValue } from '../lib/clean-value.ts'
import { logoSource } from '../lib/logo-source.ts'
import { accentOf, dark, edgeOn, light } from '../lib/palette.ts'
import { duration, isolate, moment, placeName } from '../locales/format.ts'
import { messagesFor } from '../locales/index.ts'
import type { Messages } from '../locales/messages.ts'
import { addressChangedHtml } from './address-changed.html.ts'
import { addressChangedText } from './address-changed.text.ts'
import { layoutHtml } from './layout.html.ts'
import { signInHtml } from './sign-in.html.ts'
import { signInText } from './sign-in.text.ts'

export type RenderedMail = { subject: string; html: string; text: string; fromName: string }

export function renderMail(input: MailContent): RenderedMail {
  const messages = messagesFor(input.locale)
  const { subject, preheader, html, text, view } =
    input.kind === 'sign_in' ? signIn(messages, input) : addressChanged(messages, input)
  const name = cleanValue(input.brand.name)
  const header = headerValue(subject)
  const frame = { ...frameOf(messages, input.brand, name), subject: header, preheader, preheaderEnd, ...view }
  return {
    subject: header,
    html: Mustache.render(layoutHtml, frame, { content: html }, { escape: escapeHtml }),
    text: Mustache.render(text, { ...view, signature: name }, {}, { escape: oneLine }).trim(),
    fromName: senderName(messages, input.brand),
  }
}

type Part = {
  subject: string
  preheader: string
  html: string
  text: string
  view: Record<string, unknown>
}

function signIn(messages: Messages, input: SignInMail): Part {
  const { link, code, asked, isSignUp } = input
  if (link === null && code === null) throw new Error('a sign-in mail needs a link or a code')
  const mail = messages.mail
  const name = cleanValue(input.brand.name) || null
  const app = name === null ? null : isolate(messages, name)
  const linkTtl = duration(messages, input.linkTtl)
  const codeTtl = duration(messages, input.codeTtl)
  const heading = isSignUp
    ? mail.heading.signUp(app)
    : link === null
      ? mail.heading.code(app)
      : mail.heading.signIn(app)
  return {
    subject: code === null ? mail.linkSubject(name, isSignUp) : mail.codeSubject(grouped(code), name),
    preheader:
      code === null
        ? mail.preheader.link(linkTtl)
        : link === null
          ? mail.preheader.code(grouped(code), codeTtl)
          : mail.preheader.both(grouped(code), codeTtl),
    html: signInHtml,
    text: signInText,
    view: {
      heading,
      link,
      linkLead: mail.linkLead,
      linkText: mail.linkText,
      linkButton: mail.linkButton(app),
      linkValid: mail.linkValid(linkTtl),
      linkCopy: mail.linkCopy,
      code,
      codeHost: input.codeHost,
      codeLead: link === null ? mail.codeLead : mail.codeInstead,
      codeMargin: link === null ? '0 0 12px' : '28px 0 12px',
      codeValid: mail.codeValid(codeTtl),
      codeKeep: mail.codeKeep(app),
      asked: asked !== null,
      askedHeading: messages.asked.heading,
      rows: asked === null ? [] : askedRows(messages, asked),
      notYou: mail.notYou,
      notYouMargin: asked === null ? '28px 0 0' : '16px 0 0',
      help: helpOf(messages, input.brand),
    },
  }
}

function addressChanged(messages: Messages, input: AddressChangedMail): Part {
  const texts = messages.mail.addressChanged
  const name = cleanValue(input.brand.name) || null
  const app = name === null ? null : isolate(messages, name)
  const support = cleanValue(input.brand.support_email ?? '') || null
  const lead = texts.lead(app, moment(messages, input.changedAt, input.timeZone))
  return {
    subject: texts.subject(name),
    preheader: lead,
    html: addressChangedHtml,
    text: addressChangedText,
    view: {
      heading: texts.heading,
      lead,
      effect: texts.effect,
      notYou: support === null ? texts.notYou(app) : texts.notYouWrite(app, support),
      help: null,
    },
  }
}

function askedRows(messages: Messages, asked: NonNullable<SignInMail['asked']>): { label: string; value: string }[] {
  const place = placeName(messages, personValue(asked.place))
  const browser = personValue(asked.browser)
  return [
    { label: messages.asked.when, value: moment(messages, asked.at, asked.timeZone) },
    ...(place === null ? [] : [{ label: messages.asked.where, value: isolate(messages, place) }]),
    ...(browser === null ? [] : [{ label: messages.asked.browser, value: isolate(messages, browser) }]),
  ]
}

/** Escaped like every value: it stands in a style attribute. */
const font = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif"

/** Fills the rest of a mail list's preview line, which would go on with the mail's own text. */
const preheaderEnd = '\u2007\u034f'.repeat(60)

function frameOf(messages: Messages, brand: Brand, name: string): Record<string, unknown> {
  const { accent, accentInk } = accentOf(brand.primary_color)
  const logo = logoSource(brand.logo)
  return {
    lang: messages.lang,
    dir: messages.dir,
    start: messages.dir === 'ltr' ? 'left' : 'right',
    font,
    name: name === '' ? null : name,
    // A picture as data is shown by few mail programs and weighs in every mail; the name says as much.
    logo: logo?.kind === 'https' ? logo.src : null,
    light,
    dark,
    accent,
    accentInk,
    lightEdge: edgeOn(light, accent),
    darkEdge: edgeOn(dark, accent),
  }
}

function helpOf(messages: Messages, brand: Brand): string | null {
  const support = cleanValue(brand.support_email ?? '')
  return support === '' ? null : messages.help(support)
}

/** `482 913`, `4829 1374`: for reading out of a list of mails. The body has the code in one piece, for copying. */
function grouped(code: string): string {
  const size = code.length % 3 === 0 ? 3 : Math.floor(code.length / 2)
  return code.length < 6 ? code : `${code.slice(0, size)} ${grouped(code.slice(size))}`
}

/** `<>"` would make an address of a name, and `=?` an encoded word (RFC 2047), where a provider joins the header itself. */
function senderName(messages: Messages, brand: Brand): string {
  const chosen = [brand.sender_name ?? '', brand.name].map((name) => headerValue(name.replace(/[<>"]/g, '')))
  return chosen.find((name) => name !== '') ?? messages.mail.sender
}

function headerValue(value: string): string {
  return cleanValue(value).replaceAll('=?', '= ?')
}

/** The last stand after `cleanValue`, for every value: no line of the text part can be forged. Isolates of ours stay. */
function oneLine(value: unknown): string {
  return String(value).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e]/gu, '')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Mustache's own also turns `/` and `=` into references, which link checkers and click tracking trip over. */
function escapeHtml(value: unknown): string {
  return oneLine(value).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
