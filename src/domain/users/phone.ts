/**
 * Phone numbers in E.164: a plus sign and up to 15 digits, the first not 0 (ITU-T E.164 §6). No I/O, no clock.
 *
 * The smallest of libphonenumber's metadata: lengths and leading digits of every country, but kinds of number (mobile,
 * premium rate …) for only 15 of 245, among them the United States, the United Kingdom, Australia and Italy.
 */

import readNumber from 'libphonenumber-js/min'

export type PhoneNumber = string & { readonly __brand: 'PhoneNumber' }

const TYPED_MAX_LENGTH = 40
const E164 = /^\+[1-9][0-9]{6,14}$/

/**
 * Null if it is none. ASCII spaces, dots, dashes and brackets between digits are dropped, and so is what a country dials
 * only at home: `+44 (0)20 7946 0958` and `+44 20 7946 0958` are one number, written +442079460958.
 *
 * Possible is enough (the country exists and its numbers can be this long), because ranges are opened faster than
 * anybody upgrades. Whether something may be sent there is for the list of countries to say.
 */
export function parsePhoneNumber(input: string): PhoneNumber | null {
  if (input.length > TYPED_MAX_LENGTH) return null
  const typed = input.replace(/[ .()-]/g, '')
  // Before the library, which would also read other scripts' digits, letters as on a keypad, tel: and extensions.
  if (!E164.test(typed)) return null
  const number = canonical(typed)
  // +49 00 7503 loses a 0 each time that it is read: no canonical form.
  return number !== null && canonical(number) === number ? (number as PhoneNumber) : null
}

function canonical(typed: string): string | null {
  const read = readNumber(typed)
  return read?.isPossible() && E164.test(read.number) ? read.number : null
}

/**
 * ISO 3166-1 alpha-2 (and XK, AC, TA, which have calling codes of their own). Null where no country has the calling
 * code, and where several share it, as +1, +7 and +44 are, and none of them has issued this number.
 */
export function countryOf(number: PhoneNumber): string | null {
  return readNumber(number)?.country ?? null
}

/** The first 7 digits: numbers that are rented by the block to collect termination fees share them (security.md B10). */
export function smsPrefixOf(number: PhoneNumber): string {
  return number.slice(1, 8)
}

export type SmsRefusal = 'premium' | 'satellite' | 'not_mobile'

/** ITU-T E.164.1: calling codes of no country. 882 and 883 are networks of many kinds, most of them satellites. */
const WITHOUT_COUNTRY: Record<string, SmsRefusal> = {
  '800': 'not_mobile',
  '808': 'premium',
  '870': 'satellite',
  '878': 'premium',
  '881': 'satellite',
  '882': 'satellite',
  '883': 'satellite',
  '888': 'not_mobile',
  '979': 'premium',
}

// Personal numbers forward to wherever their holder likes: the United Kingdom's 070 is known for what calling it costs.
const BY_KIND: Record<string, SmsRefusal> = {
  PREMIUM_RATE: 'premium',
  SHARED_COST: 'premium',
  PERSONAL_NUMBER: 'premium',
  FIXED_LINE: 'not_mobile',
  TOLL_FREE: 'not_mobile',
  VOIP: 'not_mobile',
  PAGER: 'not_mobile',
  UAN: 'not_mobile',
  VOICEMAIL: 'not_mobile',
}

/**
 * Why no SMS goes to this number, as far as it can be known: null is no promise that it is a mobile number. A
 * country's premium range is found only where its kinds of number are known, so the budgets have to hold without this.
 */
export function smsRefusal(number: PhoneNumber): SmsRefusal | null {
  const read = readNumber(number)
  return WITHOUT_COUNTRY[read?.countryCallingCode ?? ''] ?? BY_KIND[read?.getType() ?? ''] ?? null
}

/** What a page may show. One bullet count for all, so that the length stays hidden. */
export function maskPhone(number: string): string {
  const code = readNumber(number)?.countryCallingCode
  return `${code === undefined ? '' : `+${code} `}•••••••${number.slice(-2)}`
}
