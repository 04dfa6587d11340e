/**
 * JSON as a stranger may send it: valid UTF-8, no deeper and with no more keys than a request of ours can need, no key
 * twice (parsers differ in which one wins) and none that names a prototype.
 */

import { err, ok, type Result } from './result.ts'

const MAX_DEPTH = 16
const MAX_KEYS = 256
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype']

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @returns the text, which can be parsed; or why these bytes are refused, in a sentence for a developer */
export function readJsonText(bytes: Uint8Array): Result<string, string> {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return err('the body is not valid UTF-8')
  }
  try {
    JSON.parse(text)
  } catch {
    return err('the body is not valid JSON')
  }
  const why = whyNotPlain(text)
  return why === null ? ok(text) : err(why)
}

/** `text` is known to be valid JSON, so strings and braces alone tell its shape. */
function whyNotPlain(text: string): string | null {
  const open: (Set<string> | null)[] = []
  let keys = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null)
      if (open.length > MAX_DEPTH) return `the body is nested deeper than ${MAX_DEPTH} levels`
    } else if (token === '}' || token === ']') {
      open.pop()
    } else if (isKey(text, index + token.length)) {
      const key = JSON.parse(token) as string
      const seen = open.at(-1)
      if (seen?.has(key)) return `the body names ${JSON.stringify(key.slice(0, 50))} twice`
      if (FORBIDDEN_KEYS.includes(key)) return `the body must not name ${key}`
      seen?.add(key)
      if (++keys > MAX_KEYS) return `the body has more than ${MAX_KEYS} keys`
    }
  }
  return null
}

function isKey(text: string, at: number): boolean {
  let next = at
  while (' \t\r\n'.includes(text.charAt(next)) && next < text.length) next++
  return text.charAt(next) === ':'
}
