/**
 * What an application of 1Kosmos calls, written from what its BIDAccessCodes sends and expects: find the community and
 * the services, then speak to them with secp256k1 ECDH and AES-256-GCM. Node's own crypto, none of the server's.
 */

import { createCipheriv, createDecipheriv, createECDH, randomBytes, randomUUID } from 'node:crypto'

const IV_BYTES = 16
const TAG_BYTES = 16
const COMMUNITY_TTL_MS = 600_000
/** Of an uncompressed point (SEC 1 §2.3.3); keys travel without it. */
const UNCOMPRESSED = Buffer.from([4])

/** An answer's fields; a test names those that it expects. */
type Json = any

export type TenantInfo = { dns: string; communityName: string; licenseKey: string }

/** `ts` in Unix seconds. */
export type RequestId = { ts: number; appid: string; uuid: string }

export const newRequestId = (ageSeconds = 0): RequestId => ({
  ts: Math.floor(Date.now() / 1000) - ageSeconds,
  appid: 'fixme',
  uuid: randomUUID(),
})

/** `base64(iv ‖ ciphertext ‖ tag)`. */
function encrypt(text: string, key: Buffer): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function decrypt(sealed: string, key: Buffer): string {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
}

/** Everything by https, as the vendor's client has it, but for the development server, which has no certificate. */
const originOf = (dns: string): string => `${dns.startsWith('localhost:') ? 'http' : 'https'}://${dns}`

/** One JSON call. @throws SyntaxError if the answer is anything but JSON. */
async function request(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Json> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', charset: 'utf-8', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { ...JSON.parse(await answer.text()), statusCode: answer.status }
}

/** One is one process of an application's: it has a key pair, and remembers communities and services. */
export class BIDAccessCodes {
  readonly #pair = createECDH('secp256k1')
  readonly #publicKey = this.#pair.generateKeys().subarray(UNCOMPRESSED.length).toString('base64')
  readonly #communities = new Map<string, { info: Json; until: number }>()
  readonly #services = new Map<string, Json>()
  readonly #noecdsa: boolean

  /** @param options `noecdsa`: everything in clear and no key of the caller's, for one that has no secp256k1 */
  constructor({ noecdsa = false } = {}) {
    this.#noecdsa = noecdsa
  }

  /** What the tenant and its community are, `{ tenant, community, statusCode }`; ten minutes old at most. */
  async communityInfo({ dns, communityName }: TenantInfo): Promise<Json> {
    const name = `${dns} ${communityName}`
    const known = this.#communities.get(name)
    if (known && known.until > Date.now()) return known.info
    const info = await request(
      'POST',
      `${originOf(dns)}/api/r1/system/community_info/fetch`,
      {},
      { dns, communityName },
    )
    this.#communities.set(name, { info, until: Date.now() + COMMUNITY_TTL_MS })
    return info
  }

  async serviceDirectory({ dns }: TenantInfo): Promise<Json> {
    const known = this.#services.get(dns)
    if (known) return known
    const services = await request('GET', `${originOf(dns)}/caas/sd`)
    if (!services.licenses) throw new Error('the service directory names no licenses')
    this.#services.set(dns, services)
    return services
  }

  /** The headers of one call to the services. The same request id twice is a replay. */
  async headers(tenantInfo: TenantInfo, requestId: RequestId = newRequestId()): Promise<Record<string, string>> {
    const { tenant } = await this.communityInfo(tenantInfo)
    const [licensekey, requestid] = [tenantInfo.licenseKey, JSON.stringify(requestId)]
    if (this.#noecdsa) return { 'X-tenantTag': tenant.tenanttag, noecdsa: 'true', licensekey, requestid }
    const key = await this.#sharedKey(tenantInfo)
    return {
      'X-tenantTag': tenant.tenanttag,
      publickey: this.#publicKey,
      licensekey: encrypt(licensekey, key),
      requestid: encrypt(requestid, key),
    }
  }

  /** What goes as the body of a call. */
  async sealed(tenantInfo: TenantInfo, body: unknown): Promise<unknown> {
    return this.#noecdsa ? body : { data: encrypt(JSON.stringify(body), await this.#sharedKey(tenantInfo)) }
  }

  /** One call about the community's access codes, with what it answers in clear. */
  async call(
    tenantInfo: TenantInfo,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Json> {
    const [{ community }, { adminconsole }] = [
      await this.communityInfo(tenantInfo),
      await this.serviceDirectory(tenantInfo),
    ]
    const url = `${adminconsole}${path.replace('{community}', community.name)}`
    const answer = await request(method, url, headers ?? (await this.headers(tenantInfo)), body)
    if (typeof answer.data !== 'string') return answer
    const { data, ...rest } = answer
    return { ...rest, ...JSON.parse(decrypt(data, await this.#sharedKey(tenantInfo))) }
  }

  async requestEmailVerificationLink(
    tenantInfo: TenantInfo,
    emailTo: string | null,
    emailTemplateB64OrNull: string | null,
    emailSubjectOrNull: string | null,
    createdBy: string | null,
    ttlSecondsOrNull: number | null,
  ): Promise<Json> {
    const body = {
      createdBy,
      version: 'v0',
      type: 'verification_link',
      ...(emailTo === null ? {} : { emailTo }),
      ...(ttlSecondsOrNull === null ? {} : { ttl_seconds: ttlSecondsOrNull }),
      ...(emailTemplateB64OrNull === null ? {} : { emailTemplateB64: emailTemplateB64OrNull }),
      ...(emailSubjectOrNull === null ? {} : { emailSubject: emailSubjectOrNull }),
    }
    return this.call(tenantInfo, 'PUT', CODES, await this.sealed(tenantInfo, body))
  }

  /** What the code is for; it stays good. */
  fetchAccessCode(tenantInfo: TenantInfo, code: string): Promise<Json> {
    return this.call(tenantInfo, 'GET', `/api/r1/acr/community/{community}/${code}`)
  }

  redeem(tenantInfo: TenantInfo, code: string): Promise<Json> {
    return this.call(tenantInfo, 'POST', `/api/r1/acr/community/{community}/${code}/redeem`, {})
  }

  async verifyAndRedeemEmailVerificationCode(tenantInfo: TenantInfo, code: string): Promise<Json> {
    const accessCode = await this.fetchAccessCode(tenantInfo, code)
    if (accessCode.statusCode !== 200) return accessCode
    if (accessCode.type !== 'verification_link') return { statusCode: 400, message: 'not a verification link' }
    const redeemed = await this.redeem(tenantInfo, code)
    if (redeemed.statusCode !== 200) return redeemed
    return { ...redeemed, ...accessCode, status: 'redeemed', statusCode: redeemed.statusCode }
  }

  async #sharedKey(tenantInfo: TenantInfo): Promise<Buffer> {
    const { community } = await this.communityInfo(tenantInfo)
    const point = Buffer.concat([UNCOMPRESSED, Buffer.from(community.publicKey, 'base64')])
    return this.#pair.computeSecret(point)
  }
}

/** Where codes are made. */
export const CODES = '/api/r2/acr/community/{community}/code'
