/** Phone numbers in E.164: a plus sign and up to 15 digits, the first not 0 (ITU-T E.164 §6). */
export type PhoneNumber = string & { readonly __brand: 'PhoneNumber' }

/** Null if it is none. Spaces, dots, dashes and brackets between digits are dropped. */
export function parsePhoneNumber(input: string): PhoneNumber | null {
  if (input.length > 40) return null
  const digits = input.replace(/[ .()-]/g, '')
  return /^\+[1-9][0-9]{6,14}$/.test(digits) ? (digits as PhoneNumber) : null
}
