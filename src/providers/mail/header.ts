/**
 * What every adapter puts into a mail's header. The renderer has cleaned it already; this is the last stand before an API
 * that may join the header itself (security M1).
 */

import { headerLine } from '../../emails/escape.ts'
import type { InlineImage } from '../../emails/inline-logo.ts'
import { utf8 } from '../../lib/bytes.ts'
import { cleanValue } from '../../lib/clean-value.ts'
import type { ProviderMail } from '../provider.ts'

/** A subject: one line, without `=?`, which would begin an encoded word (RFC 2047). Our isolates stay: they keep a code in order. */
export const headerText = headerLine

/** `<>` would make an address of a name; a quote or a backslash would end or escape its quoting. */
export function senderName(name: string): string {
  return headerLine(cleanValue(name.replace(/[<>"\\]/g, '')))
}

/** `Acme <a@acme.example>`. RFC 5322 §3.2.4: a name that is no plain word stands in quotes. */
export function mailbox({ name, address }: ProviderMail['from']): string {
  const clean = senderName(name)
  if (clean === '') return address
  return `${/^[A-Za-z0-9 ]+$/.test(clean) ? clean : `"${clean}"`} <${address}>`
}

/** The same for an API that takes ASCII only: RFC 2047 §2 lets an encoded word have 75 characters, so 45 bytes of text. */
export function asciiMailbox({ name, address }: ProviderMail['from']): string {
  const clean = senderName(name)
  if (/^[\x20-\x7e]*$/.test(clean)) return mailbox({ name: clean, address })
  const words: string[] = []
  let word = ''
  for (const character of clean) {
    if (utf8(word + character).length > 45) {
      words.push(word)
      word = ''
    }
    word += character
  }
  const encoded = [...words, word].map((text) => `=?UTF-8?B?${btoa(String.fromCharCode(...utf8(text)))}?=`)
  return `${encoded.join(' ')} <${address}>`
}

/** Providers go by the ending, some before the type. */
export function fileName({ contentId, type }: InlineImage): string {
  return `${contentId}.${type === 'image/jpeg' ? 'jpg' : type.slice('image/'.length)}`
}

export function imageBytes({ base64 }: InlineImage): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
}
