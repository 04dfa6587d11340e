/** Big lists are static assets in 256 small files, so that a question reads one of a few hundred bytes. */

import { utf8 } from './bytes.ts'

/**
 * 32-bit FNV-1a (RFC 9923), its four bytes folded into one, in hex. Who writes the files and who reads them both ask here;
 * it spreads names and hides nothing.
 */
export function shardOf(name: string): string {
  let hash = 0x811c9dc5
  for (const byte of utf8(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return ((hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff).toString(16).padStart(2, '0')
}

/** The path within ASSETS that lists a disposable mail domain, if any does: one domain a line, sorted. */
export const disposableListOf = (domain: string): string => `/disposable/${shardOf(domain)}.txt`
