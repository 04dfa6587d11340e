import { en } from './en.ts'
import type { Messages } from './messages.ts'

export type Locale = 'en'

export const LOCALES: readonly Locale[] = ['en']

const all: Record<Locale, Messages> = { en }

export const messagesFor = (locale: Locale): Messages => all[locale]
