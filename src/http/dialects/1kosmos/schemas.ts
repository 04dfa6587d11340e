/** What a client of 1Kosmos sends. A field that is not known is ignored; null is the same as nothing. */

import * as z from 'zod'
import { describeAddressFailure, parseEmailAddress } from '../../../domain/users/address.ts'
import { decodeBase64url } from '../../../lib/base64url.ts'

const DEFAULT_TTL_SECONDS = 14_400
const MAX_TTL_SECONDS = 7 * 86_400

const text = (max: number) =>
  z
    .string('must be a text')
    .max(max, `may have at most ${max} characters`)
    .nullish()
    .transform((value) => value || null)

export const communityInfoBody = z.object(
  { communityName: text(200), communityId: text(200), tenantId: text(200) },
  'must be a JSON object',
)

/** What the encrypted bodies come in. */
export const sealedBody = z.object({ data: z.string('must be a text') }, 'must be a JSON object')

const TTL = `must be a whole number of seconds from 1 to ${MAX_TTL_SECONDS}`

/** In whatever spelling a base64 tool writes: either alphabet, in lines, without padding. */
const html = text(256 * 1024).transform((value, context) => {
  if (value === null) return null
  const bytes = decodeBase64url(
    value
      .replace(/\s+|=+\s*$/g, '')
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
  )
  try {
    if (bytes) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    // Said below.
  }
  context.issues.push({ code: 'custom', input: value, message: 'must be the base64 of UTF-8' })
  return z.NEVER
})

const email = text(1000).transform((value, context) => {
  if (value === null) return null
  const parsed = parseEmailAddress(value)
  if (parsed.ok) return parsed.value
  context.issues.push({ code: 'custom', input: value, message: describeAddressFailure(parsed.error) })
  return z.NEVER
})

/** `createdby`: as the vendor's REST page spells it. */
export const codeBody = z
  .object(
    {
      type: z
        .literal('verification_link', 'must be verification_link: this is the one type of code there is here')
        .nullish(),
      emailTo: email,
      smsTo: text(100),
      emailTemplateB64: html,
      emailSubject: text(1000),
      createdBy: text(200),
      createdby: text(200),
      ttl_seconds: z.int(TTL).min(1, TTL).max(MAX_TTL_SECONDS, TTL).nullish(),
    },
    'must be a JSON object',
  )
  .transform(({ createdBy, createdby, ttl_seconds, ...body }) => ({
    ...body,
    createdBy: createdBy ?? createdby,
    ttl: ttl_seconds ?? DEFAULT_TTL_SECONDS,
  }))
