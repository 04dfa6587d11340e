/**
 * Which browser asked. A browser has one flow key (128 random bits in a cookie, 30 days); what it asks for at an address is
 * bound to a hash that only it can make, so asking twice, or in two tabs, binds everything to the same browser.
 */

import { encodeBase64url } from '../../lib/base64url.ts'
import { frame } from '../../lib/bytes.ts'
import { hmac, importHmacKey, sha256 } from '../../lib/digest.ts'

/** What the ledger keeps. @param ledger the address's ledger, hex */
export async function flowHash(flow: Uint8Array, ledger: string): Promise<string> {
  return encodeBase64url(await sha256(await derive(flow, 'bind', ledger)))
}

/** Makes every retry of this browser at this address the same redemption. */
export async function flowRedemptionKey(flow: Uint8Array, ledger: string): Promise<string> {
  return encodeBase64url(await derive(flow, 'redeem', ledger))
}

const derive = async (flow: Uint8Array, use: string, ledger: string): Promise<Uint8Array> =>
  hmac(await importHmacKey(flow), frame('flow', use, ledger))
