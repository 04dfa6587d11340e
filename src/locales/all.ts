/** Every language as it is written. For programs and tests: the Worker has English, and reads another one (`load.ts`). */

import { ar } from './ar.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import type { Locale } from './index.ts'
import { it } from './it.ts'
import { ja } from './ja.ts'
import type { Messages } from './messages.ts'
import { ptBr } from './pt-br.ts'

const all: Record<Locale, Messages> = { en, de, es, fr, it, 'pt-BR': ptBr, ja, ar }

export const messagesFor = (locale: Locale): Messages => all[locale]
