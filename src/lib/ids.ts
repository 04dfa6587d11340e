/** Ids of stored things: a prefix and a KSUID (4 bytes of seconds, 16 random; 27 characters of base 62, sortable by time). */

import { encodeBase62 } from './base62.ts'
import { concat, uint32 } from './bytes.ts'

/** KSUID's own epoch, 2014-05-13T16:53:20Z (github.com/segmentio/ksuid). */
const KSUID_EPOCH_SECONDS = 1_400_000_000
export const KSUID_LENGTH = 27

export const ID_PREFIXES = [
  'proj',
  'user',
  'email',
  'phone',
  'sess',
  'org',
  'key',
  'client',
  'msg',
  'evt',
  'supp',
  'wh',
] as const
export type IdPrefix = (typeof ID_PREFIXES)[number]

/** @param seconds Unix seconds @param random 16 bytes */
export function ksuid(seconds: number, random: Uint8Array): string {
  if (random.length !== 16) throw new Error('ksuid: needs 16 random bytes')
  return encodeBase62(concat(uint32(seconds - KSUID_EPOCH_SECONDS), random), KSUID_LENGTH)
}

export const newId = (prefix: IdPrefix, seconds: number, random: Uint8Array): string =>
  `${prefix}_${ksuid(seconds, random)}`

export const isId = (prefix: IdPrefix, text: string): boolean =>
  text.startsWith(`${prefix}_`) && /^[0-9A-Za-z]{27}$/.test(text.slice(prefix.length + 1))
