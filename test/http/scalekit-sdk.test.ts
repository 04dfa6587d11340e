/** Scalekit's own SDK, unchanged, through the front to a Latchkey that runs as `npm run dev` runs it. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Scalekit } from '@scalekit-sdk/node'
import { PasswordlessType, TemplateType } from '@scalekit-sdk/node/lib/pkg/grpc/scalekit/v1/auth/passwordless_pb.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Front, startFront } from '../../src/cli/scalekit-server.ts'
import { borrowDevServer, type DevServer, type InboxMessage, type Json } from '../support/server.ts'

const YOUR_APP = 'https://yourapp.com/passwordless/verify'
const SECRET = 'test_Nq7cUq0V5sXx1mT4kZ9eRb2w'
const OPTIONS = { state: 'jAy-state1', template: TemplateType.SIGNUP, expiresIn: 300, magiclinkAuthUri: YOUR_APP }
/** The shortest life there is. */
const SHORT = 60

let server: DevServer
let front: Front
let scalekit: Scalekit
let addresses = 0
const log: string[] = []

beforeAll(async () => {
  server = await borrowDevServer()
  front = await startFront({ upstream: server.url, host: '127.0.0.1', port: 0, log: (line) => void log.push(line) })
  scalekit = await sdkOf(front)
})
afterAll(async () => {
  await front?.close()
  await server?.stop()
})

/** With a client of its own in the project that these headers name. */
async function sdkOf({ port }: Front, headers: Record<string, string> = {}): Promise<Scalekit> {
  const patched = await fetch(new URL('/v1/project', server.url), {
    method: 'PATCH',
    headers: { 'x-api-key': server.key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ method: 'link_and_code', redirect_uris: [YOUR_APP] }),
  })
  expect(patched.status, await patched.text()).toBe(200)
  const client = {
    name: 'Your app',
    client_secret: SECRET,
    grant_types: ['client_credentials'],
    scopes: ['passwordless:send', 'passwordless:verify'],
    access_ttl: 86_399,
  }
  const { client_id } = await server.api('/v1/clients', client, headers)
  return new Scalekit(`http://127.0.0.1:${port}`, client_id, SECRET)
}

async function sent(options: Record<string, unknown> = {}, by = scalekit) {
  const email = `ada-${++addresses}@example.com`
  const answer = await by.passwordless.sendPasswordlessEmail(email, { ...OPTIONS, ...options })
  return { email, answer, id: answer.authRequestId, ...read(await server.inbox.next(email)) }
}

function read({ text, code, ts }: InboxMessage) {
  const [, linkToken = ''] = /\/passwordless\/verify\?link_token=([\w-]+)/.exec(text) ?? []
  return { code: code ?? '', linkToken, ts }
}

const refused = (call: Promise<unknown>): Promise<Json> =>
  call.then(
    () => expect.unreachable(),
    (error) => error,
  )
const verify = (credential: { code?: string; linkToken?: string }, id?: string) =>
  scalekit.passwordless.verifyPasswordlessEmail(credential, id)

const proofOf = (email: string) => ({
  email,
  state: 'jAy-state1',
  template: TemplateType.SIGNUP,
  passwordlessType: PasswordlessType.LINK_OTP,
})
const usedUp = { name: 'ScalekitBadRequestException', grpcStatus: 9, errorCode: 'FAILED_PRECONDITION' }
const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

describe('Scalekit’s SDK, against Latchkey', () => {
  it('sends, and verifies the code once', async () => {
    const { email, answer, id, code } = await sent()
    expect(answer).toMatchObject({ expiresIn: 300, passwordlessType: PasswordlessType.LINK_OTP })
    expect(Number(answer.expiresAt) - Date.now() / 1000).toBeGreaterThan(250)
    expect(log.map((line) => line.replace(/ \d+ ms$/, ''))).toEqual([
      'SendPasswordlessEmail gRPC 16',
      'POST /oauth/token 200',
      'SendPasswordlessEmail gRPC 0',
    ])
    expect(await verify({ code }, id)).toMatchObject(proofOf(email))
    expect(await refused(verify({ code }, id))).toMatchObject(usedUp)
  })

  it('verifies the link once, with its request or without', async () => {
    const [one, other] = [await sent(), await sent()]
    expect(await verify({ linkToken: one.linkToken })).toMatchObject(proofOf(one.email))
    expect(await verify({ linkToken: other.linkToken }, other.id)).toMatchObject(proofOf(other.email))
    expect(await refused(verify({ linkToken: one.linkToken }))).toMatchObject(usedUp)
  })

  it('resends, and verifies what came then', async () => {
    const first = await sent()
    const again = await scalekit.passwordless.resendPasswordlessEmail(first.id)
    expect(again.authRequestId).toBe(first.id)
    const { code } = read(await server.inbox.next(first.email, first.ts))
    expect(await verify({ code }, first.id)).toMatchObject(proofOf(first.email))
  })

  it('sends what it may leave out', async () => {
    const { answer, linkToken } = await sent({ state: undefined, template: undefined, expiresIn: undefined })
    expect(answer.expiresIn).toBe(300)
    const proof = await verify({ linkToken })
    expect([proof.state, proof.template]).toEqual([undefined, TemplateType.SIGNIN])
  })

  it('is told of every wrong code, each counted once, until the limit', async () => {
    const { id, code } = await sent()
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) {
      const before = log.length
      const { grpcStatus } = await refused(verify({ code: otherThan(code) }, id))
      statuses.push(grpcStatus)
      expect(log.length - before).toBe(1)
    }
    expect(statuses.slice(0, 4)).toEqual([3, 3, 3, 3])
    expect(statuses.at(-1)).toBe(8)
    const locked = await refused(verify({ code }, id))
    expect(locked).toMatchObject({ name: 'ScalekitTooManyRequestsException', errorCode: 'RATE_LIMITED' })
  })

  it('is told of what is unknown, and which field is wrong', async () => {
    const unknown = { name: 'ScalekitNotFoundException', grpcStatus: 5 }
    expect(await refused(scalekit.passwordless.resendPasswordlessEmail('nobodys'))).toMatchObject(unknown)
    expect(await refused(verify({ linkToken: 'c1b2d3e4-0000-4000-8000-000000000000_l' }))).toMatchObject(unknown)
    const wrong = await refused(scalekit.passwordless.sendPasswordlessEmail('nobody', OPTIONS))
    expect(wrong).toMatchObject({ name: 'ScalekitBadRequestException', grpcStatus: 3, errorCode: 'INVALID_ARGUMENT' })
    expect(wrong.unpackedDetails[0].validationErrorInfo.fieldViolations).toMatchObject([{ field: 'email' }])
    const missing = await refused(scalekit.passwordless.sendPasswordlessEmail('ada@example.com'))
    expect(missing.message).toContain('magiclink_auth_uri is required')
  })

  it('gives up with a wrong secret', async () => {
    const stranger = new Scalekit(`http://127.0.0.1:${front.port}`, 'skc_1', 'wrong_wrong_wrong_wrong')
    const error = await refused(stranger.passwordless.resendPasswordlessEmail('nobodys'))
    expect(error.response.status).toBe(401)
  })

  it('checks a token with the keys', async () => {
    const core = (scalekit as Json).coreClient
    expect(await scalekit.validateAccessToken(core.accessToken)).toBe(true)
    expect(await scalekit.validateAccessToken(`${core.accessToken}x`).catch(() => false)).toBe(false)
  })

  it('signs in for another project through a front of that project’s', async () => {
    const { id } = await server.api('/v1/projects', { name: 'Other' })
    const upstream = new URL(`/p/${id}`, server.url)
    const its = await startFront({ upstream, host: '127.0.0.1', port: 0, log: () => {} })
    try {
      const sdk = await sdkOf(its, { 'x-project': id })
      const { email, code, id: request } = await sent({}, sdk)
      expect(await refused(verify({ code }, request))).toMatchObject({ grpcStatus: 5 })
      expect(await sdk.passwordless.verifyPasswordlessEmail({ code }, request)).toMatchObject(proofOf(email))
    } finally {
      await its.close()
    }
  })

  it('is told of what has expired', async () => {
    const { id, code, linkToken, answer } = await sent({ expiresIn: SHORT })
    expect(answer.expiresIn).toBe(SHORT)
    await sleep((SHORT + 1) * 1000)
    expect(await refused(verify({ code }, id))).toMatchObject({
      ...usedUp,
      message: expect.stringContaining('expired'),
    })
    expect(await refused(verify({ linkToken }))).toMatchObject(usedUp)
  })

  it('is logged without a token, a code or an address', () => {
    expect(log.length).toBeGreaterThan(20)
    const lines = /^(?:(?:Send|Resend|Verify)PasswordlessEmail gRPC \d+|POST \/oauth\/token \d+|GET \/keys 200) \d+ ms$/
    for (const line of log) expect(line).toMatch(lines)
  })
})
