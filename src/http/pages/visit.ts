/**
 * Who presses: a visit is 128 random bits in a cookie, kept by the browser alone. The form's token and the redemption key
 * are HMACs keyed by it over the challenge, so a reload, Back and a second press are the same redemption, and nobody else's.
 */

import type { Context } from 'hono'
import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { frame } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { hmac, importHmacKey } from '../../lib/digest.ts'
import type { AppEnv } from '../context.ts'
import { keepKeyCookie, readKeyCookie } from '../cookies.ts'

const NONCE_BYTES = 16

export type FormFields = { code: string; token: string; nonce: string }

/** The hidden fields of a link's form; sets the cookie if there is none yet. */
export async function visitForm(c: Context<AppEnv>, code: string, challenge: string): Promise<FormFields> {
  const visit = keepKeyCookie(c, 'visit')
  const nonce = encodeBase64url(c.var.deps.randomBytes(NONCE_BYTES))
  return { code, token: await derive(visit, 'form', challenge), nonce }
}

/**
 * The redemption key of a press. Without a cookie (blocked, or in-app browser) the form's own nonce serves: a second press
 * on the same page is still the same. Null: the form is of another visit, and should be shown afresh.
 */
export async function redemptionKey(c: Context<AppEnv>, fields: FormFields, challenge: string): Promise<string | null> {
  const visit = readKeyCookie(c, 'visit')
  if (visit) {
    const fits = equalInConstantTime(await derive(visit, 'form', challenge), fields.token)
    return fits ? derive(visit, 'redeem', challenge) : null
  }
  const nonce = decodeBase64url(fields.nonce)
  return nonce?.length === NONCE_BYTES ? derive(nonce, 'redeem', challenge) : null
}

async function derive(visit: Uint8Array, use: 'form' | 'redeem', challenge: string): Promise<string> {
  return encodeBase64url(await hmac(await importHmacKey(visit), frame(use, challenge)))
}
