import type { Locale } from '../../locales/index.ts'
import { type Brand, type MailContent, TEMPLATE_NAMES } from '../messages/message.ts'

/** What a template looks like with made-up values. @param at Unix seconds */
export function previewContent(name: string, locale: Locale, brand: Brand, at: number): MailContent {
  const which = TEMPLATE_NAMES.find((known) => known === name) ?? 'sign_in'
  if (which === 'address_changed') return { kind: 'address_changed', locale, brand, changedAt: at, timeZone: null }
  if (which === 'security_notice') return { kind: 'sign_in_ended', locale, brand, endedAt: at, timeZone: null }
  return {
    kind: 'sign_in',
    locale,
    brand,
    link: which === 'code' ? null : 'https://example.com/auth/magic-link?code=sample',
    code: which === 'login_link' ? null : '123456',
    codeHost: 'example.com',
    isSignUp: which === 'sign_up',
    linkTtl: 900,
    codeTtl: 600,
    asked: { at, timeZone: null, browser: 'Firefox 132 on Windows', place: 'DE' },
  }
}
