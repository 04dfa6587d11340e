// The one email address parser: no I/O, no clock. Whatever it refuses is never stored, compared or sent to.

import { err, ok, type Result } from '../../lib/result.ts'

/** `exact` is what mail is sent to, `canonical` the unique key, `subject` the key of budgets and of the ledger. */
export type EmailAddress = { exact: string; canonical: string; subject: string; domain: string } & {
  readonly __brand: 'EmailAddress'
}

export type AddressFailure = {
  reason: 'empty' | 'too_long' | 'no_at_sign' | 'two_at_signs' | 'bad_local_part' | 'bad_domain'
}

// RFC 5321 §4.5.3.1: a path is 256 octets with its angle brackets. This also keeps the domain below 253.
const ADDRESS_MAX_OCTETS = 254
const LOCAL_PART_MAX_OCTETS = 64

// RFC 5322 §3.2.3 dot-atom. The dot is in neither class, so there is one way to match and nothing to backtrack into.
const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/

export function parseEmailAddress(input: string): Result<EmailAddress, AddressFailure> {
  const typed = withoutOuterSpaces(input)
  if (typed === '') return err({ reason: 'empty' })
  if (typed.length > ADDRESS_MAX_OCTETS) return err({ reason: 'too_long' })

  const at = typed.indexOf('@')
  if (at === -1) return err({ reason: 'no_at_sign' })
  // CVE-2026-73420: a sign such as U+FF20 passes here and becomes a second @ wherever the address is normalised later.
  if (typed.normalize('NFKC').split('@').length > 2) return err({ reason: 'two_at_signs' })

  const localPart = typed.slice(0, at)
  if (localPart.length > LOCAL_PART_MAX_OCTETS) return err({ reason: 'too_long' })
  if (!DOT_ATOM.test(localPart)) return err({ reason: 'bad_local_part' })

  const domain = toAsciiDomain(typed.slice(at + 1))
  if (domain === null) return err({ reason: 'bad_domain' })
  if (localPart.length + 1 + domain.length > ADDRESS_MAX_OCTETS) return err({ reason: 'too_long' })

  const key = lowerAscii(localPart)
  return ok({
    exact: `${localPart}@${domain}`,
    canonical: `${key}@${domain}`,
    subject: `${withoutTag(key)}@${domain}`,
    domain,
  } as EmailAddress)
}

export function describeAddressFailure(failure: AddressFailure): string {
  switch (failure.reason) {
    case 'empty':
      return 'The address is empty.'
    case 'too_long':
      return 'The address may have at most 254 characters, and the part before the @ at most 64.'
    case 'no_at_sign':
      return 'The address has no @.'
    case 'two_at_signs':
      return 'The address must hold exactly one @, and no character that can be read as another one.'
    case 'bad_local_part':
      return "The part before the @ may hold letters, digits and !#$%&'*+/=?^_`{|}~-, with single dots between them."
    case 'bad_domain':
      return 'The part after the @ must be a domain name of two or more labels with single dots between them: letters, digits and inner hyphens, at most 63 characters each.'
  }
}

/** What a page may show of `exact`. One bullet count for all, so the length of the local part stays hidden. */
export function maskEmail(exact: string): string {
  const at = exact.lastIndexOf('@')
  return `${at > 1 ? exact.charAt(0) : ''}•••${exact.slice(at)}`
}

// Phone keyboards add a space after a completed word. Any other white space is a sign of something else: refused later.
function withoutOuterSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charAt(start) === ' ') start += 1
  while (end > start && text.charAt(end - 1) === ' ') end -= 1
  return text.slice(start, end)
}

// Unlike toLowerCase(), this leaves U+212A (Kelvin sign) and U+0130 alone, and agrees with SQLite's lower().
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32))
}

function withoutTag(localPart: string): string {
  const plus = localPart.indexOf('+')
  return plus > 0 ? localPart.slice(0, plus) : localPart
}

// The URL parser is the UTS-46 implementation that workerd and Node share. It does far more than UTS-46 (user info,
// ports, percent decoding, dropped tabs, IPv4 numbers), so only letters, digits, hyphens, dots and non-ASCII reach it.
const DOMAIN_CHARACTERS = /^[A-Za-z0-9.\u{80}-\u{10ffff}-]+$/u
const ASCII_ONLY = /^[^\u0080-\uffff]*$/
const LDH_LABEL = /^[a-z0-9-]{1,63}$/

function toAsciiDomain(typed: string): string | null {
  if (!DOMAIN_CHARACTERS.test(typed)) return null
  const domain = hostname(typed)
  if (domain === null) return null

  // U+3002, U+FF0E, U+FF61 and U+2024 become dots: then there are more labels than were typed.
  const typedLabels = typed.split('.')
  const labels = domain.split('.')
  if (labels.length < 2 || labels.length !== typedLabels.length) return null
  if (!labels.every((label, index) => isFaithfulLabel(typedLabels[index] ?? '', label))) return null

  // RFC 3696 §2: no top-level domain is all digits. This is what keeps IPv4 addresses out.
  return /^[0-9]+$/.test(labels.at(-1) ?? '') ? null : domain
}

function isFaithfulLabel(typed: string, label: string): boolean {
  if (!LDH_LABEL.test(label) || hasMisplacedHyphen(label)) return false
  if (ASCII_ONLY.test(typed) ? label !== lowerAscii(typed) : isAsciiInDisguise(typed, label)) return false
  return !label.startsWith('xn--') || isGenuineALabel(label)
}

// `ｅxample.com`, and also `ｘn--bcher-kva.de`: with a letter in front, a label that maps to ASCII maps to that letter
// and the same ASCII, while one with real non-ASCII content becomes a different `xn--` label (or, right to left, none).
function isAsciiInDisguise(typed: string, label: string): boolean {
  return hostname(`q${typed}`) === `q${label}`
}

// URL parsers keep an all-ASCII host without looking into its A-labels. `xn--example-` holds no other letters than
// `example` (CVE-2024-12224), so whoever decodes it later would see another domain than we did. RFC 5891 §5.4.
function isGenuineALabel(label: string): boolean {
  const decoded = decodePunycode(label.slice('xn--'.length))
  if (decoded === null || hasMisplacedHyphen(decoded) || decoded.slice(2, 4) === '--') return false
  // U+2260, U+226E and U+226F are = < > with a stroke: UTS-46 lets them pass, IDNA2008 does not.
  if (!DOMAIN_CHARACTERS.test(decoded.normalize('NFKD'))) return false
  return hostname(decoded) === label
}

function hasMisplacedHyphen(label: string): boolean {
  return label.startsWith('-') || label.endsWith('-')
}

function hostname(host: string): string | null {
  const url = `http://${host}`
  // Not URL.parse(): in workerd a refusal costs it 40 µs, and canParse() half of one.
  return URL.canParse(url) ? new URL(url).hostname : null
}

// RFC 3492 §6.2, with the parameters of §5: base 36, tmin 1, tmax 26, skew 38, damp 700.
function decodePunycode(encoded: string): string | null {
  const delimiter = encoded.lastIndexOf('-')
  const output = Array.from(encoded.slice(0, Math.max(delimiter, 0)))
  let next = delimiter > 0 ? delimiter + 1 : 0
  let codePoint = 128
  let position = 0
  let bias = 72

  while (next < encoded.length) {
    const start = position
    let weight = 1
    for (let k = 36; ; k += 36) {
      const digit = DIGITS.indexOf(encoded.charAt(next) || '.')
      if (digit === -1) return null
      next += 1
      position += digit * weight
      const threshold = Math.min(Math.max(k - bias, 1), 26)
      if (digit < threshold) break
      weight *= 36 - threshold
    }
    const length = output.length + 1
    bias = adaptBias(position - start, length, start === 0)
    codePoint += Math.floor(position / length)
    if (codePoint > 0x10ffff) return null
    position %= length
    output.splice(position, 0, String.fromCodePoint(codePoint))
    position += 1
  }
  return output.join('')
}

const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789'

// RFC 3492 §6.1
function adaptBias(delta: number, length: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2))
  rest += Math.floor(rest / length)
  let k = 0
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35)
  return k + Math.floor((36 * rest) / (rest + 38))
}
