/** Where somebody is reached: a mail address or a phone number, in one shape for whatever is sent to either. */

import { type EmailAddress, maskEmail, parseEmailAddress } from './address.ts'
import { maskPhone, type PhoneNumber, parsePhoneNumber } from './phone.ts'

export type Contact = {
  kind: 'email' | 'phone'
  /** What a message is sent to. */
  exact: string
  /** The unique key. */
  canonical: string
  /** The key of budgets and of the ledger. */
  subject: string
  /** Of a mail address. */
  domain: string | null
}

export const emailContact = ({ exact, canonical, subject, domain }: EmailAddress): Contact => ({
  kind: 'email',
  exact,
  canonical,
  subject,
  domain,
})

export const phoneContact = (number: PhoneNumber): Contact => ({
  kind: 'phone',
  exact: number,
  canonical: number,
  subject: number,
  domain: null,
})

/** What was stored once; null if it would not be taken today. */
export function parseContact({ kind, value }: { kind: Contact['kind']; value: string }): Contact | null {
  if (kind === 'email') {
    const email = parseEmailAddress(value)
    return email.ok ? emailContact(email.value) : null
  }
  const number = parsePhoneNumber(value)
  return number && phoneContact(number)
}

/** For pages, lists and logs. */
export const maskContact = ({ kind, exact }: Pick<Contact, 'kind' | 'exact'>): string =>
  kind === 'email' ? maskEmail(exact) : maskPhone(exact as PhoneNumber)
