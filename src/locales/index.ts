export const LOCALES = ['en', 'de', 'es', 'fr', 'it', 'pt-BR', 'ja', 'ar'] as const
export type Locale = (typeof LOCALES)[number]

/** The path within ASSETS of a language other than English, which alone is in the bundle. */
export const assetOf = (locale: Locale): string => `/locales/${locale}.json`
