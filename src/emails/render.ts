/** Data in, mail out: no clock, no random, no I/O, and the person's address is not even an argument. */

import Mustache from 'mustache'

import { type Brand, type MailContent, type TemplateSource, templateNameOf } from '../domain/messages/message.ts'
import { checkTemplate } from '../domain/templates/check.ts'
import { cleanValue } from '../lib/clean-value.ts'
import { parseHex } from '../lib/contrast.ts'
import { logoSource } from '../lib/logo-source.ts'
import { accentOf, dark, edgeOn, light } from '../lib/palette.ts'
import type { Messages } from '../locales/messages.ts'
import { withCodeLine } from './code-line.ts'
import { escapeHtml, headerLine, oneLine } from './escape.ts'
import { type InlineImage, inlineLogo } from './inline-logo.ts'
import { layoutHtml } from './layout.html.ts'
import type { MailPart } from './mail-part.ts'
import { noticePart } from './notice.ts'
import { signInPart } from './sign-in.ts'
import { renderTemplate } from './template.ts'
import { templateView } from './template-view.ts'

export type RenderedMail = { subject: string; html: string; text: string; fromName: string; inline: InlineImage[] }

export function renderMail(messages: Messages, content: MailContent): RenderedMail {
  const part = content.kind === 'sign_in' ? signInPart(messages, content) : noticePart(messages, content)
  const fromName = senderName(messages, content)
  return { fromName, ...(fromTemplate(messages, content, part, fromName) ?? fromOurs(messages, content, part)) }
}

type Rendered = Omit<RenderedMail, 'fromName'>

function fromOurs(messages: Messages, content: MailContent, part: MailPart): Rendered {
  const own = content.kind === 'sign_in' ? (content.custom?.email ?? {}) : {}
  const primaryColor = parseHex(own.primaryColor ?? null) ?? content.brand.primary_color
  const logo = inlineLogo(own.base64logo)
  const name = cleanValue(content.brand.name)
  const subject = headerLine(part.subject)
  const frame = {
    ...frameOf(messages, { ...content.brand, primary_color: primaryColor }, logo, name),
    subject,
    preheader: part.preheader,
    preheaderEnd,
    ...part.view,
  }
  const text = Mustache.render(part.text, { ...part.view, signature: name }, {}, { escape: oneLine })
  return {
    subject,
    html: Mustache.render(layoutHtml, frame, { content: part.html, lines }, { escape: escapeHtml }),
    text:
      content.kind === 'sign_in' ? withCodeLine(text, content.codeHost, content.code) : withCodeLine(text, '', null),
    inline: logo === null ? [] : [logo],
  }
}

/** Null where there is no template, or it would leave somebody without a way in: then our own mail goes. */
function fromTemplate(messages: Messages, content: MailContent, part: MailPart, fromName: string): Rendered | null {
  const source = templateOf(content)
  if (source === null) return null
  const view = templateView(messages, content, part, fromName)
  const rendered = attempt(() => renderTemplate(source, view))
  if (rendered === null) return null
  const { subject, html, text } = rendered
  const waysIn = ['link', 'MAGICLINK', 'code'].flatMap((name) => view.get(name) || [])
  const bringsIn = (rendered: string, escaped: (value: string) => string) =>
    waysIn.length === 0 || waysIn.some((way) => rendered.includes(escaped(way)))
  if (!bringsIn(html, escapeHtml) || !bringsIn(text, oneLine)) return null
  const callersSubject = content.kind === 'sign_in' && Boolean(content.custom?.email?.subject)
  return { subject: callersSubject || subject === '' ? headerLine(part.subject) : subject, html, text, inline: [] }
}

function templateOf(content: MailContent): TemplateSource | null {
  const inline = content.kind === 'sign_in' ? content.custom?.inline : null
  if (!inline) return content.template ?? null
  const source = { subject: inline.subject ?? '', html: inline.html, text: null }
  // A stored one was checked when it was stored.
  return checkTemplate(source, templateNameOf(content)) === null ? source : null
}

/** Null where it cannot be parsed: it was stored under other rules, and somebody waits for the mail. */
function attempt<T>(render: () => T): T | null {
  try {
    return render()
  } catch {
    return null
  }
}

const lines = '{{#lines}}{{^first}}<br>{{/first}}{{text}}{{/lines}}'

/** Escaped like every value: it stands in a style attribute. */
const font = {
  start: "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans'",
  // Without a face of its own, Japanese is shown in Chinese shapes where the mail program drops `lang`.
  ja: "'Hiragino Sans','Yu Gothic UI',Meiryo,'Noto Sans JP','Noto Sans CJK JP'",
  ar: "'Noto Sans Arabic','Geeza Pro',Tahoma",
  end: 'Arial,sans-serif',
}

/** Fills the rest of a mail list's preview line, which would go on with the mail's own text. */
const preheaderEnd = '\u2007\u034f'.repeat(60)

function frameOf(messages: Messages, brand: Brand, inline: InlineImage | null, name: string): Record<string, unknown> {
  const { accent, accentInk } = accentOf(brand.primary_color)
  const stored = logoSource(brand.logo)
  // A picture as data is shown by few mail programs and weighs in every mail; the name says as much.
  const logo = inline !== null ? `cid:${inline.contentId}` : stored?.kind === 'https' ? stored.src : null
  return {
    lang: messages.lang,
    dir: messages.dir,
    start: messages.dir === 'ltr' ? 'left' : 'right',
    font: [font.start, messages.lang === 'ja' ? font.ja : font.ar, font.end].join(),
    name,
    logo,
    masthead: name !== '' || logo !== null,
    light,
    dark,
    accent,
    accentInk,
    lightEdge: edgeOn(light, accent),
    darkEdge: edgeOn(dark, accent),
  }
}

/** `<>"` would make an address of a name where a provider joins the header itself. */
function senderName(messages: Messages, content: MailContent): string {
  const { sender_name, name } = content.brand
  const callers = content.kind === 'sign_in' ? content.custom?.email?.senderName : null
  const chosen = [callers, sender_name, name].map((one) => headerLine(cleanValue((one ?? '').replace(/[<>"]/g, ''))))
  return chosen.find((one) => one !== '') ?? messages.mail.sender
}
