/** An application of 1Kosmos, from outside: what its BIDAccessCodes would send, against Latchkey as `npm run dev` runs it. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BIDAccessCodes as Application, CODES, newRequestId, type TenantInfo } from '../support/1kosmos-client.ts'
import { borrowDevServer, type DevServer, type Json } from '../support/server.ts'
import { pasteStory } from '../support/story.ts'

const AT_ONCE = 64
/** The answer to a send shows the code, hence `passwordless:reveal`. */
const SCOPES = ['passwordless:send', 'passwordless:reveal', 'passwordless:verify']
const SUBJECT = 'Here is your Magic Link!'
const WELCOME = 'http://localhost:3000/welcome'
/** RFC 9562 §5.8: ours to fill. */
const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const HEX_24 = /^[0-9a-f]{24}$/

let server: DevServer
let tenantInfo: TenantInfo
let BIDAccessCodes: Application
let addresses = 0
beforeAll(async () => {
  server = await borrowDevServer()
  tenantInfo = await tenantOf()
  BIDAccessCodes = new Application()
})
afterAll(() => server?.stop())

/** Of the project with this id; a community has its project's name, and the first project's is the default. */
async function tenantOf(project?: string): Promise<TenantInfo> {
  const headers = project === undefined ? undefined : { 'x-project': project }
  const { key } = await server.api('/v1/api_keys', { name: '1Kosmos', scopes: SCOPES }, headers)
  return { dns: server.url.host, communityName: project ?? 'default', licenseKey: key }
}

const anAddress = (): string => `tom.smith-${++addresses}@company.com`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const templateOf = ({ dns }: TenantInfo): string =>
  `Click the button below to log in to 1Kosmos Developer Experience. https://${dns}/devportal/demo?code={{MAGICLINK}}&tab=magiclinks&type=user_signin
This link will expire in 20 minutes.`

/** A mail with the template, which has to go out. */
async function requested(ttlSeconds: number | null = 1200, by = BIDAccessCodes, tenant = tenantInfo) {
  const emailTo = anAddress()
  const template = base64(templateOf(tenant))
  const answer = await by.requestEmailVerificationLink(tenant, emailTo, template, SUBJECT, null, ttlSeconds)
  expect(answer).toMatchObject({ statusCode: 200, code: expect.stringMatching(UUID_V8) })
  return { emailTo, answer, code: answer.code as string }
}

/** Who is refused is told why, in the vendor's words' shape. */
const refusal = (statusCode: number) => ({ statusCode, code: expect.any(Number), message: expect.stringMatching(/./) })

describe('the script of 1Kosmos’ page', () => {
  /** As it stands there, with a real address, and with its two answers for the test to look at. */
  async function testMagicLink(
    emailTo: string,
    emailTemplate: string | null,
    emailSubjectOrNull: string | null,
    ttlSecondsOrNull: number | null = 1,
  ) {
    const createdBy = null
    const emailTemplateB64OrNull = emailTemplate ? Buffer.from(emailTemplate).toString('base64') : null

    const requestEmailVerificationResponse = await BIDAccessCodes.requestEmailVerificationLink(
      tenantInfo,
      emailTo,
      emailTemplateB64OrNull,
      emailSubjectOrNull,
      createdBy,
      ttlSecondsOrNull,
    )

    const redeemVerificationCodeResponse = await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(
      tenantInfo,
      requestEmailVerificationResponse.code,
    )

    return { requestEmailVerificationResponse, redeemVerificationCodeResponse }
  }

  it('mails the template, and redeems what is in it', async () => {
    const emailTo = anAddress()
    const { requestEmailVerificationResponse: sent, redeemVerificationCodeResponse: redeemed } = await testMagicLink(
      emailTo,
      templateOf(tenantInfo),
      SUBJECT,
      1200,
    )
    const now = Date.now() / 1000

    expect(sent).toEqual({
      emailResult: {
        status: true,
        statusCode: 200,
        message: expect.any(String),
        error: null,
        gatewayId: expect.any(String),
        gatewayName: expect.any(String),
        resultId: expect.any(String),
        messageId: expect.any(String),
        ts: expect.any(Number),
      },
      link: sent.code,
      code: expect.stringMatching(UUID_V8),
      statusCode: 200,
    })
    expect(Math.abs(sent.emailResult.ts - now)).toBeLessThan(30)

    expect(redeemed).toEqual({
      message: 'redeemed',
      ttl_seconds: 1200,
      type: 'verification_link',
      phoneRequired: false,
      uuid: sent.code,
      ttl: expect.any(Number),
      tenantId: expect.stringMatching(HEX_24),
      createdTime: expect.any(Number),
      id: expect.stringMatching(HEX_24),
      communityId: expect.stringMatching(HEX_24),
      accesscodepayload: { otp_email: emailTo, authType: 'none', invite_email: emailTo },
      status: 'redeemed',
      statusCode: 200,
    })
    expect(Math.abs(redeemed.createdTime - now)).toBeLessThan(30)

    const mail = await server.inbox.next(emailTo)
    expect(mail.subject).toBe(SUBJECT)
    const written = templateOf(tenantInfo).replace('{{MAGICLINK}}', sent.code)
    for (const line of written.split('\n')) expect(mail.text).toContain(line)
    expect(mail.html).toContain(`code=${sent.code}`)
    expect(mail.html + mail.text).not.toContain('MAGICLINK')
  })

  it('redeems at once what lives for its one second', async () => {
    // A slow machine may need longer than that; so it has a few goes.
    let last: Json
    for (let tries = 0; tries < 5 && last?.statusCode !== 200; tries++) {
      last = (await testMagicLink(anAddress(), templateOf(tenantInfo), SUBJECT)).redeemVerificationCodeResponse
    }
    expect(last).toMatchObject({ statusCode: 200, ttl_seconds: 1, status: 'redeemed' })
  })

  it('is refused what is older than its one second', async () => {
    const { code } = await requested(1)
    await sleep(2_000)
    const late = await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(tenantInfo, code)
    expect(late).toMatchObject(refusal(410))
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject(refusal(410))
  })
})

describe('a mail', () => {
  it('carries a template in HTML, with an address to click', async () => {
    const emailTo = anAddress()
    const template = '<p>Hello, <a href="https://app.company.com/in?code={{MAGICLINK}}&amp;tab=links">sign in</a></p>'
    const { code } = await BIDAccessCodes.requestEmailVerificationLink(
      tenantInfo,
      emailTo,
      base64(template),
      null,
      'a-developer',
      null,
    )
    const mail = await server.inbox.next(emailTo)
    expect(mail.html).toContain('<p>Hello, <a ')
    expect(mail.links).toContain(`https://app.company.com/in?code=${code}&tab=links`)
    expect(mail.subject).toMatch(/./)
  })

  it('is ours without a template, and leads to the project’s default redirect', async () => {
    const patched = await fetch(new URL('/v1/project', server.url), {
      method: 'PATCH',
      headers: { 'x-api-key': server.key, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [WELCOME], default_login_redirect: WELCOME }),
    })
    expect(patched.status, await patched.text()).toBe(200)
    const emailTo = anAddress()
    const sent = await BIDAccessCodes.requestEmailVerificationLink(tenantInfo, emailTo, null, null, null, null)
    expect(sent).toMatchObject({ statusCode: 200, link: sent.code })
    const mail = await server.inbox.next(emailTo)
    expect(mail.links).toContain(`${WELCOME}?code=${sent.code}`)
    const redeemed = await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(tenantInfo, sent.code)
    expect(redeemed).toMatchObject({ statusCode: 200, ttl_seconds: 14_400, status: 'redeemed' })
  })

  it('is not sent with a template that has no place for the code', async () => {
    const emailTo = anAddress()
    const template = base64('Click the button below.')
    const answer = await BIDAccessCodes.requestEmailVerificationLink(tenantInfo, emailTo, template, null, null, null)
    expect(answer).toMatchObject(refusal(400))
    expect(await server.inbox.messages(emailTo)).toEqual([])
  })

  it('needs an address', async () => {
    const template = base64(templateOf(tenantInfo))
    const answer = await BIDAccessCodes.requestEmailVerificationLink(tenantInfo, null, template, null, null, null)
    expect(answer.statusCode).toBe(500)
    expect(answer.message).toContain('smsTo or emailTo are required for this type of code')
  })
})

describe('a code', () => {
  it('is redeemed once, however often it is looked at', async () => {
    const { code, emailTo } = await requested()
    const looks = [
      await BIDAccessCodes.fetchAccessCode(tenantInfo, code),
      await BIDAccessCodes.fetchAccessCode(tenantInfo, code),
    ]
    for (const look of looks) {
      expect(look).toMatchObject({ statusCode: 200, uuid: code, accesscodepayload: { otp_email: emailTo } })
      expect(look).not.toHaveProperty('message')
    }
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toEqual({ message: 'redeemed', statusCode: 200 })
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject(refusal(410))
    expect(await BIDAccessCodes.fetchAccessCode(tenantInfo, code)).toMatchObject(refusal(410))
    const again = await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(tenantInfo, code)
    expect(again).toMatchObject(refusal(410))
  })

  it(`is redeemed once by ${AT_ONCE} that come at once`, async () => {
    const { code } = await requested()
    const answers: Json[] = await Promise.all(
      Array.from({ length: AT_ONCE }, () => BIDAccessCodes.verifyAndRedeemEmailVerificationCode(tenantInfo, code)),
    )
    const winners = answers.filter(({ statusCode }) => statusCode === 200)
    expect(winners).toEqual([expect.objectContaining({ message: 'redeemed', uuid: code })])
    for (const loser of answers.filter((one) => one !== winners[0])) expect(loser).toMatchObject(refusal(410))
  })

  it('is redeemed once by applications that all looked first', async () => {
    const { code } = await requested()
    const applications = [new Application(), new Application(), new Application()]
    const looks = await Promise.all(applications.map((one) => one.fetchAccessCode(tenantInfo, code)))
    expect(looks.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    const redeemed = await Promise.all(applications.map((one) => one.redeem(tenantInfo, code)))
    expect(redeemed.map(({ statusCode }) => statusCode).sort()).toEqual([200, 410, 410])
  })

  it('is no token anywhere else', async () => {
    const { code } = await requested()
    const elsewhere = await server.api('/v1/passwordless/verify', { token: code })
    expect(elsewhere).toMatchObject({ status: 400, code: 'unknown_token' })
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject({ statusCode: 200 })
  })

  it.each([
    ['a UUID of nobody’s', '2927269a-deba-4f48-ba8c-9d6ee7900000'],
    ['a UUID of our version that we never made', '2927269a-deba-8f48-ba8c-9d6ee7900000'],
    ['no UUID at all', 'nobodys'],
  ])('is unknown: %s', async (_, code) => {
    expect(await BIDAccessCodes.fetchAccessCode(tenantInfo, code)).toMatchObject(refusal(404))
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject(refusal(404))
    expect(await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(tenantInfo, code)).toMatchObject(refusal(404))
  })

  it('of one project is unknown in another, whose community has other keys', async () => {
    const { id } = await server.api('/v1/projects', { name: 'Other' })
    const other = await tenantOf(id)
    const [ours, theirs] = [await BIDAccessCodes.communityInfo(tenantInfo), await BIDAccessCodes.communityInfo(other)]
    for (const part of ['tenant', 'community']) {
      expect(ours[part].id).toMatch(HEX_24)
      expect(theirs[part].id).not.toBe(ours[part].id)
    }
    expect(theirs.community.publicKey).not.toBe(ours.community.publicKey)

    const [{ code }, their] = [await requested(), await requested(1200, BIDAccessCodes, other)]
    expect(await BIDAccessCodes.redeem(other, code)).toMatchObject(refusal(404))
    expect(await BIDAccessCodes.redeem(tenantInfo, their.code)).toMatchObject(refusal(404))
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject({ statusCode: 200 })
    const redeemed = await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(other, their.code)
    expect(redeemed).toMatchObject({ statusCode: 200, tenantId: theirs.tenant.id, communityId: theirs.community.id })

    const stranger = { ...tenantInfo, licenseKey: other.licenseKey }
    const refused = await BIDAccessCodes.requestEmailVerificationLink(stranger, anAddress(), null, null, null, null)
    expect(refused).toMatchObject(refusal(401))
  })
})

describe('a call', () => {
  const put = async (headers: Record<string, string>, by = BIDAccessCodes) => {
    const emailTo = anAddress()
    const body = {
      createdBy: null,
      version: 'v0',
      type: 'verification_link',
      emailTo,
      emailTemplateB64: base64(templateOf(tenantInfo)),
    }
    const answer = await by.call(tenantInfo, 'PUT', CODES, await by.sealed(tenantInfo, body), headers)
    return { answer, mails: await server.inbox.messages(emailTo) }
  }

  it('is refused with a license key of nobody’s', async () => {
    const wrong = { ...tenantInfo, licenseKey: '14cd5e85-a422-442a-9a8c-000000000000' }
    const { answer, mails } = await put(await BIDAccessCodes.headers(wrong))
    expect(answer).toMatchObject(refusal(401))
    expect(mails).toEqual([])
    const { code } = await requested()
    expect(await BIDAccessCodes.verifyAndRedeemEmailVerificationCode(wrong, code)).toMatchObject(refusal(401))
    expect(await BIDAccessCodes.redeem(wrong, code)).toMatchObject(refusal(401))
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject({ statusCode: 200 })
  })

  it('is refused without the scope to see a code', async () => {
    const { key: licenseKey } = await server.api('/v1/api_keys', { name: 'Send', scopes: ['passwordless:send'] })
    const { answer, mails } = await put(await BIDAccessCodes.headers({ ...tenantInfo, licenseKey }))
    expect(answer).toMatchObject(refusal(403))
    expect(mails).toEqual([])
  })

  it.each(['licensekey', 'requestid', 'publickey'])('is refused without its %s', async (name) => {
    const { [name]: _, ...headers } = await BIDAccessCodes.headers(tenantInfo)
    const { answer, mails } = await put(headers)
    expect(answer).toMatchObject({ message: expect.any(String), code: answer.statusCode })
    expect([400, 401]).toContain(answer.statusCode)
    expect(mails).toEqual([])
  })

  it('is refused with headers that were made for another key', async () => {
    const mine = await BIDAccessCodes.headers(tenantInfo)
    const { publickey = '' } = await new Application().headers(tenantInfo)
    const { answer, mails } = await put({ ...mine, publickey })
    expect([400, 401]).toContain(answer.statusCode)
    expect(mails).toEqual([])
  })

  // Whoever computes with a point that is on another curve gives away bits of the private key.
  it.each([
    ['another curve’s', Buffer.alloc(64, 1)],
    ['zero', Buffer.alloc(64)],
    ['beyond the field', Buffer.alloc(64, 255)],
    ['too short', Buffer.alloc(63, 1)],
    ['nothing', Buffer.alloc(0)],
  ])('is refused with a public key that is no point of secp256k1: %s', async (_, point) => {
    const headers = await BIDAccessCodes.headers(tenantInfo)
    const { answer, mails } = await put({ ...headers, publickey: point.toString('base64') })
    expect(answer).toMatchObject(refusal(401))
    expect(mails).toEqual([])
  })

  it.each(['licensekey', 'requestid'])('is refused with a %s that was changed on the way', async (name) => {
    const headers = await BIDAccessCodes.headers(tenantInfo)
    const bytes = Buffer.from(headers[name] ?? '', 'base64')
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20)
    const { answer, mails } = await put({ ...headers, [name]: bytes.toString('base64') })
    expect(answer).toMatchObject(refusal(401))
    expect(mails).toEqual([])
  })

  it('is taken once for one request id', async () => {
    const requestId = newRequestId()
    const headers = await BIDAccessCodes.headers(tenantInfo, requestId)
    const first = await put(headers)
    expect(first.answer).toMatchObject({ statusCode: 200 })
    // The very same bytes, then the same request id under another IV.
    for (const replayed of [headers, await BIDAccessCodes.headers(tenantInfo, requestId)]) {
      const { answer, mails } = await put(replayed)
      expect(answer).toMatchObject(refusal(401))
      expect(mails).toEqual([])
    }
    const { code } = first.answer
    const redeem = `/api/r1/acr/community/{community}/${code}/redeem`
    expect(await BIDAccessCodes.call(tenantInfo, 'POST', redeem, {}, headers)).toMatchObject(refusal(401))
    expect(await BIDAccessCodes.redeem(tenantInfo, code)).toMatchObject({ statusCode: 200 })
  })

  it.each([65, -70])('is refused with a request id %i seconds old', async (age) => {
    const { answer, mails } = await put(await BIDAccessCodes.headers(tenantInfo, newRequestId(age)))
    expect(answer).toMatchObject(refusal(401))
    expect(mails).toEqual([])
  })

  it('is taken with a request id 45 seconds old', async () => {
    const { answer } = await put(await BIDAccessCodes.headers(tenantInfo, newRequestId(45)))
    expect(answer).toMatchObject({ statusCode: 200 })
  })

  it('may be all in clear', async () => {
    const plain = new Application({ noecdsa: true })
    const { code } = await requested(1200, plain)
    const redeemed = await plain.verifyAndRedeemEmailVerificationCode(tenantInfo, code)
    expect(redeemed).toMatchObject({ statusCode: 200, status: 'redeemed', uuid: code })
    const { answer, mails } = await put(await plain.headers({ ...tenantInfo, licenseKey: 'nobodys' }), plain)
    expect(answer).toMatchObject(refusal(401))
    expect(mails).toEqual([])
  })

  it('may have its license key in clear and the rest encrypted', async () => {
    const headersOf = async (licensekey: string, requestId = newRequestId()) => {
      return { ...(await BIDAccessCodes.headers(tenantInfo, requestId)), licensekey, noecdsa: 'true' }
    }
    const requestId = newRequestId()
    const { answer, mails } = await put(await headersOf(tenantInfo.licenseKey, requestId))
    expect(answer).toMatchObject({ statusCode: 200, code: expect.stringMatching(UUID_V8) })
    expect(mails).toHaveLength(1)
    for (const headers of [await headersOf(tenantInfo.licenseKey, requestId), await headersOf('nobodys')]) {
      const refused = await put(headers)
      expect(refused.answer).toMatchObject(refusal(401))
      expect(refused.mails).toEqual([])
    }
  })

  it('is refused with a body that nobody can open', async () => {
    const path = new URL('/api/r2/acr/community/default/code', server.url)
    for (const body of ['{"data":"AAAA"}', '{"data":7}', '{}', '[', '']) {
      const headers = { 'content-type': 'application/json', ...(await BIDAccessCodes.headers(tenantInfo)) }
      const answer = await fetch(path, { method: 'PUT', headers, body })
      expect([body, answer.status]).toEqual([body, 400])
    }
  })
})

describe('a community', () => {
  it('is found by its name alone', async () => {
    expect(await BIDAccessCodes.communityInfo(tenantInfo)).toMatchObject({
      statusCode: 200,
      tenant: { id: expect.stringMatching(HEX_24), tenanttag: expect.any(String) },
      community: { id: expect.stringMatching(HEX_24), name: 'default', publicKey: expect.any(String) },
    })
    const nobodys = await BIDAccessCodes.communityInfo({ ...tenantInfo, communityName: 'nobodys' })
    expect(nobodys).toMatchObject({ statusCode: 400, message: expect.stringContaining('Unable to load') })
  })

  it('has the same key for everybody who asks', async () => {
    const [one, other] = await Promise.all([
      new Application().communityInfo(tenantInfo),
      new Application().communityInfo(tenantInfo),
    ])
    expect(Buffer.from(one.community.publicKey, 'base64')).toHaveLength(64)
    expect(other).toEqual(one)
  })

  it('answers in JSON where there is nothing', async () => {
    const answer = await BIDAccessCodes.call(tenantInfo, 'GET', '/api/r2/acr/community/{community}/nothing/here')
    expect(answer).toMatchObject(refusal(404))
  })
})

describe('the log', () => {
  it('has no license key', async () => {
    expect(await server.output()).toMatch(/./)
    expect(await server.output()).not.toContain(tenantInfo.licenseKey)
  })
})

describe('/docs/1kosmos, pasted', () => {
  const APP = 'https://app.example.com/welcome'
  const EMAIL = 'tom.smith@example.com'
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-1kosmos-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('redeems by its script and all in clear, and leaves nothing of the page out', async () => {
    const pasted = new Set(['setup', 'license', 'script'])
    await pasteStory(server, folder, '1kosmos', ['setup', 'license', 'script'])
    const { key: LICENSE_KEY } = JSON.parse(await readFile(join(folder, 'license.json'), 'utf8'))
    const paste = (name: string, environment: Record<string, string> = {}): Promise<Json> => {
      pasted.add(name)
      return pasteStory(server, folder, '1kosmos', ['setup', name], { LICENSE_KEY, ...environment })
    }
    /** The code of the newest mail, as it arrives at the application. */
    const mailed = async (name: string) => {
      const [last] = (await server.inbox.messages(EMAIL)).slice(-1)
      expect(await paste(name)).toMatchObject({ emailResult: { status: true }, code: expect.stringMatching(UUID_V8) })
      const { subject, links, text } = await server.inbox.next(EMAIL, last?.ts)
      const [, code = ''] = /https:\/\/app\.example\.com\/welcome\?code=([\w-]+)/.exec(text) ?? []
      return { subject, links, environment: { CODE_OF_THE_ADDRESS: code } }
    }

    expect(await paste('register')).toMatchObject({ redirect_uris: [APP], default_login_redirect: APP })
    const own = await mailed('send')
    expect(own.subject).toBe(SUBJECT)
    const signedIn = { status: 'redeemed', statusCode: 200, accesscodepayload: { otp_email: EMAIL } }
    expect(await paste('redeem', own.environment)).toMatchObject({ message: 'redeemed', ...signedIn })
    expect(await paste('redeem', own.environment)).toMatchObject(refusal(410))

    const ours = await mailed('clear')
    expect(ours.links).toContain(`${APP}?code=${ours.environment.CODE_OF_THE_ADDRESS}`)
    expect(await paste('look', ours.environment)).toMatchObject({ status: 'pending', ttl_seconds: 14_400 })
    expect(await paste('once', ours.environment)).toEqual({ message: 'redeemed' })
    expect(await paste('look', ours.environment)).toMatchObject({ code: 410 })

    const page = await readFile('src/docs/1kosmos.md', 'utf8')
    expect([...page.matchAll(/<!-- story: (\w+) -->/g)].map(([, name]) => name).sort()).toEqual([...pasted].sort())
    expect(page.match(/^```sh$/gm)).toHaveLength(pasted.size)
  })
})
