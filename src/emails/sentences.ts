import type { Messages } from '../locales/messages.ts'

/** Whole sentences in a row. Japanese has no space between them. */
export const sentences = (messages: Messages, ...parts: string[]): string =>
  parts.join(messages.lang === 'ja' ? '' : ' ')
