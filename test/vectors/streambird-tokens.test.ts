/**
 * What Streambird's clients keep: session tokens and origin tokens. The literals were computed with Python's hmac and hashlib
 * from the layouts; a change that makes one fail makes outstanding tokens worthless.
 */

import { describe, expect, it } from 'vitest'
import { mintOriginToken, parseOriginToken } from '../../src/domain/challenges/origin-token.ts'
import { createKeyring } from '../../src/domain/keyring.ts'
import { mintSessionToken, parseSessionToken } from '../../src/domain/sessions/session-token.ts'
import { decodeBase64url, encodeBase64url } from '../../src/lib/base64url.ts'

const SECRET = 'known-answer-secret-known-answer-0001'
const OTHER = 'another-answer-secret-another-answer-1'
const PROJECT = 'proj_1'
const noRandom = (length: number) => new Uint8Array(length)
const ring = (current: string, previous: string | null = null) => createKeyring(current, previous, noRandom)

const KINDS = [
  {
    kind: 'session token',
    names: 'sess_24tZ6tlJ7CxlTwB6Zoj6SHQ9vU3',
    text: 'AVcyNHRaNnRsSjdDeGxUd0I2Wm9qNlNIUTl2VTNznoLqUYYQa601vV0F-x1v1LiqYWdn0JVtTQXk5J6KzA',
    mint: mintSessionToken,
    parse: parseSessionToken,
  },
  {
    kind: 'origin token',
    names: 'chal_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ',
    text: 'AVcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtm2axTmEx99LXlhB2XK8igQ',
    mint: mintOriginToken,
    parse: parseOriginToken,
  },
]

describe.each(KINDS)('a $kind', ({ names, text, mint, parse }) => {
  it('is as it was written down, and is read back', async () => {
    const keys = await ring(SECRET)
    expect(await mint(keys, PROJECT, names)).toBe(text)
    expect(await parse(keys, PROJECT, text)).toBe(names)
  })

  it('is none for another project, nor with any byte changed, cut or added', async () => {
    const keys = await ring(SECRET)
    expect(await parse(keys, 'proj_2', text)).toBeNull()
    const bytes = decodeBase64url(text) ?? new Uint8Array()
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
      expect(await parse(keys, PROJECT, encodeBase64url(changed))).toBeNull()
    }
    for (const junk of ['', 'x', text.slice(0, -1), `${text}A`, text.slice(4), 'A'.repeat(text.length)])
      expect(await parse(keys, PROJECT, junk)).toBeNull()
  })

  it('outlives a rotation, and ends when the previous secret goes', async () => {
    expect(await parse(await ring(OTHER, SECRET), PROJECT, text)).toBe(names)
    expect(await mint(await ring(OTHER, SECRET), PROJECT, names)).not.toBe(text)
    expect(await parse(await ring(OTHER), PROJECT, text)).toBeNull()
  })
})

it('neither is the other', async () => {
  const keys = await ring(SECRET)
  expect(await parseSessionToken(keys, PROJECT, KINDS[1]?.text ?? '')).toBeNull()
  expect(await parseOriginToken(keys, PROJECT, KINDS[0]?.text ?? '')).toBeNull()
})
