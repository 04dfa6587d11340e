import { ar } from './ar.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { it } from './it.ts'
import { ja } from './ja.ts'
import type { Messages } from './messages.ts'
import { ptBr } from './pt-br.ts'

export const LOCALES = ['en', 'de', 'es', 'fr', 'it', 'pt-BR', 'ja', 'ar'] as const
export type Locale = (typeof LOCALES)[number]

const all: Record<Locale, Messages> = { en, de, es, fr, it, 'pt-BR': ptBr, ja, ar }

export const messagesFor = (locale: Locale): Messages => all[locale]
