/** What the callbacks of several providers have in common. */

import * as z from 'zod'

const TOLERANCE_SECONDS = 300

/** A signed time in Unix seconds that is within five minutes, either way: what was recorded cannot be sent again later. */
export function isRecent(timestamp: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(nowMs / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS
}

/** Standard base64, or null. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

/** Ours look so; an operator's other mails go through the same account. */
export const id = z
  .string()
  .regex(/^[\w-]{1,64}$/)
  .nullable()
  .catch(null)

/** No address is longer (RFC 5321 §4.5.3.1.3). */
export const recipient = z.string().min(3).max(254)

/** An ISO date as Unix seconds; the time of the callback where there is none. */
export function secondsOf(date: string | undefined, nowMs: number): number {
  const parsed = Date.parse(date ?? '')
  return Math.floor((Number.isNaN(parsed) ? nowMs : parsed) / 1000)
}

/** A provider's code if it looks like one. */
export const code = z
  .string()
  .regex(/^[A-Za-z]{1,40}$/)
  .nullable()
  .catch(null)

/** Not what an object inherits: a kind of event named `constructor` is none. */
export function lookUp<Value>(table: Record<string, Value>, key: string | null | undefined): Value | undefined {
  return key && Object.hasOwn(table, key) ? table[key] : undefined
}
