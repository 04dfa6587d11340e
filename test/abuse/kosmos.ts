/** A call of 1Kosmos' in clear: its license key and a fresh request id in headers. */

import type { Answer, TestApp } from '../support/app.ts'

export const kosmosHeaders = (license: string): Record<string, string> => ({
  'content-type': 'application/json',
  noecdsa: 'true',
  licensekey: license,
  requestid: JSON.stringify({ ts: Math.floor(Date.now() / 1000), appid: 'abuse', uuid: crypto.randomUUID() }),
})

/** @param path below /api/r1/acr/community/<community>; the one PUT there is has version 2 */
export const askKosmos = (
  app: TestApp,
  license: string,
  community: string,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: string,
): Promise<Answer> =>
  app.request(`/api/${method === 'PUT' ? 'r2' : 'r1'}/acr/community/${community}/${path}`, {
    method,
    headers: kosmosHeaders(license),
    ...(body === undefined ? {} : { body }),
  })
