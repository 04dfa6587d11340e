/** `npm run scalekit-front`: Scalekit's own SDK, unchanged, through the front to a REST service that is made up. */

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ConnectError } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { Scalekit } from '@scalekit-sdk/node'
import * as theirs from '@scalekit-sdk/node/lib/pkg/grpc/scalekit/v1/auth/passwordless_pb.js'
import * as theirErrors from '@scalekit-sdk/node/lib/pkg/grpc/scalekit/v1/errdetails/errdetails_pb.js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CALLS, ERROR_INFO } from '../../src/cli/scalekit-proto.ts'
import { type Front, type FrontOptions, startFront } from '../../src/cli/scalekit-server.ts'

const PROGRAM = fileURLToPath(new URL('../../src/cli/scalekit-front.ts', import.meta.url))
const MIB = 1 << 20
const [CLIENT_ID, CLIENT_SECRET] = ['skc_1', 'sks_the_secret']

// --- the REST service that the seed documents -----------------------------------------------------------------------

type Asked = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
type Said = { status?: number; json?: unknown; headers?: Record<string, string | string[]>; body?: Buffer | string }
type Stub = { url: URL; asked: Asked[]; to(path: string): Asked[]; close(): Promise<void> }

async function startStub(answer: (asked: Asked) => Said | Promise<Said> = documented): Promise<Stub> {
  const asked: Asked[] = []
  const server = createServer(async (req, res) => {
    const body = await text(req).catch(() => null)
    // Cut off, which is part of some tests.
    if (body === null) return
    const one = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body }
    asked.push(one)
    const said = await answer(one)
    res.writeHead(said.status ?? 200, { 'content-type': 'application/json', ...said.headers })
    res.end(said.body ?? JSON.stringify(said.json))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked,
    to: (path) => asked.filter((one) => one.path === path),
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const errorOf = (status: number, code: number, error_code: string, message: string, more = {}): Said => ({
  status,
  json: {
    code,
    message,
    details: [{ '@type': 'type.googleapis.com/scalekit.v1.errdetails.ErrorInfo', error_code, ...more }],
  },
})

const [SEND, RESEND, VERIFY] = ['send', 'resend', 'verify'].map((verb) => `/api/v1/passwordless/email/${verb}`) as [
  string,
  string,
  string,
]

function documented({ method, path, headers, body }: Asked): Said {
  if (path === '/oauth/token') {
    const form = new URLSearchParams(body)
    if (form.get('client_secret') !== CLIENT_SECRET) return { status: 401, json: { error: 'invalid_client' } }
    return { json: { access_token: 'the.access.token', token_type: 'Bearer', expires_in: 86_399 } }
  }
  if (path === '/keys') return { json: { keys: [{ kid: 'k1' }] } }
  if (headers.authorization !== 'Bearer the.access.token') return errorOf(401, 16, 'UNAUTHENTICATED', 'Token empty')
  if (method !== 'POST') return errorOf(404, 5, 'NOT_FOUND', 'Not Found')
  const json = JSON.parse(body)
  const request = { expires_at: '1748696575', expires_in: json.expires_in ?? 300, passwordless_type: 'LINK_OTP' }
  if (path === SEND) {
    if (json.email === 'often@example.com') return errorOf(429, 8, 'RATE_LIMITED', 'too many emails')
    if (!json.magiclink_auth_uri) {
      const violation = { field: 'magiclink_auth_uri', description: 'is required', constraint: 'required' }
      const more = { validation_error_info: { field_violations: [violation] }, something_newer: 1 }
      return errorOf(400, 3, 'INVALID_ARGUMENT', 'magiclink_auth_uri is required', more)
    }
    return { json: { auth_request_id: 'req_1', ...request, something_newer: [] } }
  }
  if (json.auth_request_id === 'nobodys') return errorOf(404, 5, 'NOT_FOUND', 'auth request not found')
  if (path === RESEND) return { json: { auth_request_id: 'req_2', ...request } }
  if (json.code === '000000') return errorOf(400, 3, 'INVALID_ARGUMENT', 'invalid code')
  if (json.code === '111111') return errorOf(429, 8, 'RATE_LIMITED', 'the user must restart the flow')
  if (json.link_token === 'old_l') return errorOf(400, 9, 'FAILED_PRECONDITION', 'auth request expired')
  return {
    json: { email: 'ada@example.com', state: 'the state', template: 'SIGNUP', passwordless_type: 'LINK_OTP' },
  }
}

async function frontTo(url: URL, more: Partial<FrontOptions> = {}): Promise<Front & { origin: string; log: string[] }> {
  const log: string[] = []
  const options = { upstream: url, host: '127.0.0.1', port: 0, log: (line: string) => void log.push(line), ...more }
  const front = await startFront(options)
  return { ...front, origin: `${options.tls ? 'https' : 'http'}://localhost:${front.port}`, log }
}

/** A front of its own, to a stub of its own. */
async function both(answer?: (asked: Asked) => Said | Promise<Said>, more: Partial<FrontOptions> = {}) {
  const stub = await startStub(answer)
  const front = await frontTo(stub.url, more)
  onTestFinished(async () => {
    await front.close()
    await stub.close()
  })
  return { stub, front }
}

const refused = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => expect.unreachable(),
    (error) => error,
  )

// --- the SDK --------------------------------------------------------------------------------------------------------

describe('Scalekit’s SDK', () => {
  let stub: Stub
  let front: Awaited<ReturnType<typeof frontTo>>
  let scalekit: Scalekit

  beforeAll(async () => {
    stub = await startStub()
    front = await frontTo(stub.url)
    scalekit = new Scalekit(front.origin, CLIENT_ID, CLIENT_SECRET)
  })
  afterAll(async () => {
    await front.close()
    await stub.close()
  })

  it('sends, after it was refused without a token and fetched one', async () => {
    const sent = await scalekit.passwordless.sendPasswordlessEmail('ada@example.com', {
      template: 'SIGNUP' as never,
      state: 'the state',
      expiresIn: 300,
      magiclinkAuthUri: 'https://app.test/verify',
      templateVariables: { teamName: 'Alpha', empty: '' },
    })
    expect(sent).toMatchObject({
      authRequestId: 'req_1',
      expiresAt: 1_748_696_575n,
      expiresIn: 300,
      passwordlessType: theirs.PasswordlessType.LINK_OTP,
    })
    expect(stub.asked.map(({ path }) => path)).toEqual([SEND, '/oauth/token', SEND])
    expect(stub.asked.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      'Bearer the.access.token',
    ])
    expect(JSON.parse(stub.asked[2]?.body ?? '')).toEqual({
      email: 'ada@example.com',
      template: 'SIGNUP',
      state: 'the state',
      expires_in: 300,
      magiclink_auth_uri: 'https://app.test/verify',
      template_variables: { teamName: 'Alpha', empty: '' },
    })
    expect(stub.asked[2]?.headers['user-agent']).toMatch(/^Scalekit-Node\/2/)
    expect(front.log.map((line) => line.replace(/\d+ ms$/, 'N ms'))).toEqual([
      'SendPasswordlessEmail gRPC 16 N ms',
      'POST /oauth/token 200 N ms',
      'SendPasswordlessEmail gRPC 0 N ms',
    ])
  })

  it('sends nothing that was not said', async () => {
    await refused(scalekit.passwordless.sendPasswordlessEmail('ada@example.com'))
    expect(JSON.parse(stub.asked.at(-1)?.body ?? '')).toEqual({ email: 'ada@example.com' })
  })

  it('resends', async () => {
    expect(await scalekit.passwordless.resendPasswordlessEmail('req_1')).toMatchObject({
      authRequestId: 'req_2',
      expiresAt: 1_748_696_575n,
    })
    expect(JSON.parse(stub.to(RESEND).at(-1)?.body ?? '')).toEqual({ auth_request_id: 'req_1' })
  })

  it('verifies a code, and a link with and without its request', async () => {
    const verify = (credential: { code?: string; linkToken?: string }, id?: string) =>
      scalekit.passwordless.verifyPasswordlessEmail(credential, id)
    const proven = {
      email: 'ada@example.com',
      state: 'the state',
      template: theirs.TemplateType.SIGNUP,
      passwordlessType: theirs.PasswordlessType.LINK_OTP,
    }
    expect(await verify({ code: '123456' }, 'req_1')).toMatchObject(proven)
    expect(await verify({ linkToken: 'new_l' }, 'req_1')).toMatchObject(proven)
    expect(await verify({ linkToken: 'new_l' })).toMatchObject(proven)
    expect(
      stub
        .to(VERIFY)
        .slice(-3)
        .map(({ body }) => JSON.parse(body)),
    ).toEqual([
      { code: '123456', auth_request_id: 'req_1' },
      { link_token: 'new_l', auth_request_id: 'req_1' },
      { link_token: 'new_l' },
    ])
  })

  it.each([
    ['a wrong code', { code: '000000' }, 'req_1', 'ScalekitBadRequestException', 3, 'INVALID_ARGUMENT', 'invalid code'],
    ['an old link', { linkToken: 'old_l' }, '', 'ScalekitBadRequestException', 9, 'FAILED_PRECONDITION', 'expired'],
    ['an unknown request', { code: '1' }, 'nobodys', 'ScalekitNotFoundException', 5, 'NOT_FOUND', 'not found'],
    ['too many codes', { code: '111111' }, 'r', 'ScalekitTooManyRequestsException', 8, 'RATE_LIMITED', 'restart'],
  ])('is told of %s, and asks only once', async (_, credential, id, name, grpcStatus, errorCode, message) => {
    const before = stub.asked.length
    const error = await refused(scalekit.passwordless.verifyPasswordlessEmail(credential, id))
    expect(error).toMatchObject({ name, grpcStatus, errorCode, message: expect.stringContaining(message) })
    expect(stub.asked.length - before).toBe(1)
  })

  it('is told of too many mails, and which field is wrong', async () => {
    const send = (email: string) => refused(scalekit.passwordless.sendPasswordlessEmail(email))
    expect(await send('often@example.com')).toMatchObject({ grpcStatus: 8, errorCode: 'RATE_LIMITED', httpStatus: 429 })
    const missing = await send('ada@example.com')
    expect(missing.message).toContain('magiclink_auth_uri is required')
    expect(missing.unpackedDetails[0].validationErrorInfo.fieldViolations).toMatchObject([
      { field: 'magiclink_auth_uri', description: 'is required', constraint: 'required' },
    ])
  })

  it('gives up with a wrong secret', async () => {
    const stranger = new Scalekit(front.origin, CLIENT_ID, 'wrong')
    const error = await refused(stranger.passwordless.resendPasswordlessEmail('req_1'))
    expect(error.response).toMatchObject({ status: 401, data: { error: 'invalid_client' } })
  })

  it('is told at once that its other services are not here', async () => {
    const before = stub.asked.length
    const error = await refused(scalekit.organization.getOrganization('org_1'))
    expect(error).toMatchObject({ name: 'ScalekitNotImplementedException', grpcStatus: 12 })
    expect(stub.asked.length).toBe(before)
  })

  it('reads the keys', async () => {
    const core = (scalekit as any).coreClient
    await core.getJwks()
    expect(core.keys).toEqual([{ kid: 'k1' }])
  })

  it('waits for a Latchkey that is down, and then says so', async () => {
    const gone = await startStub()
    await gone.close()
    const alone = await frontTo(gone.url)
    onTestFinished(alone.close)
    const error = await refused(new Scalekit(alone.origin, 'a', 'b').passwordless.resendPasswordlessEmail('req_1'))
    expect(error).toMatchObject({
      name: 'ScalekitServiceUnavailableException',
      grpcStatus: 14,
      errorCode: 'UNAVAILABLE',
    })
    expect(alone.log).toHaveLength(4)
  })

  it('speaks for one project of several', async () => {
    const answer = (asked: Asked) => documented({ ...asked, path: asked.path.replace('/p/proj_1', '') })
    const own = await startStub(answer)
    const alone = await frontTo(new URL('/p/proj_1', own.url))
    onTestFinished(async () => {
      await alone.close()
      await own.close()
    })
    const its = new Scalekit(alone.origin, CLIENT_ID, CLIENT_SECRET)
    await its.passwordless.resendPasswordlessEmail('req_1')
    const paths = [RESEND, '/oauth/token', RESEND].map((path) => `/p/proj_1${path}`)
    expect(own.asked.map(({ path }) => path)).toEqual(paths)
  })

  it('speaks over TLS as well', async () => {
    const tls = selfSigned()
    const before = getCACertificates()
    setDefaultCACertificates([...before, tls.cert])
    onTestFinished(() => setDefaultCACertificates(before))
    const { front, stub } = await both(documented, { tls })
    const secure = new Scalekit(front.origin, CLIENT_ID, CLIENT_SECRET)
    expect(await secure.passwordless.resendPasswordlessEmail('req_1')).toMatchObject({ authRequestId: 'req_2' })
    expect(stub.asked.map(({ path }) => path)).toEqual([RESEND, '/oauth/token', RESEND])
  })
})

it('the messages have the vendor’s names, numbers and types', () => {
  const fields = (message: any): unknown =>
    message.fields.map((field: any) => [
      field.number,
      field.name,
      field.fieldKind,
      field.mapKind ?? field.listKind,
      field.scalar,
      field.mapKey,
      field.oneof?.name,
      field.enum?.values.map((value: any) => [value.number, value.name]),
      field.message && [field.message.typeName, fields(field.message)],
    ])
  for (const { method } of CALLS) {
    const their = theirs.PasswordlessService.methods.find(({ name }) => name === method.name) as any
    expect(method.input.typeName).toBe(their.input.typeName)
    expect(method.output.typeName).toBe(their.output.typeName)
    expect(fields(method.input)).toEqual(fields(their.input))
    expect(fields(method.output)).toEqual(fields(their.output))
  }
  const known = ERROR_INFO.fields.map(({ number }) => number)
  const their = { fields: theirErrors.ErrorInfoSchema.fields.filter(({ number }) => known.includes(number)) }
  expect(fields(ERROR_INFO)).toEqual(fields(their))
})

// --- statuses -------------------------------------------------------------------------------------------------------

/** One call without the SDK's own retries. */
async function call(origin: string, message: Record<string, unknown> = {}, timeoutMs?: number): Promise<ConnectError> {
  const transport = createGrpcTransport({ baseUrl: origin })
  const verify = CALLS[2]?.method
  if (!verify) throw new Error('no call')
  const none = undefined
  const answered = transport.unary(verify, none, timeoutMs, none, message as never)
  const error = await refused(answered)
  expect(error).toBeInstanceOf(ConnectError)
  return error
}

describe('an error of Latchkey', () => {
  let said: Said = {}
  let stub: Stub
  let front: Awaited<ReturnType<typeof frontTo>>
  beforeAll(async () => {
    stub = await startStub(() => said)
    front = await frontTo(stub.url)
  })
  afterAll(async () => {
    await front.close()
    await stub.close()
  })

  it.each<[string, Said, number]>([
    ['16 with a 401', errorOf(401, 16, 'UNAUTHENTICATED', 'Token empty'), 16],
    ['401 alone', { status: 401, body: 'Unauthorized' }, 16],
    ['16 with a 400: no stale token', errorOf(400, 16, 'INVALID', 'wrong code'), 3],
    ['3 with a 401: no stale token', errorOf(401, 3, 'INVALID', 'wrong code'), 3],
    ['7 with a 403', errorOf(403, 7, 'PERMISSION_DENIED', 'no'), 7],
    ['403 alone', { status: 403, body: '<html>' }, 7],
    ['6 with a 409', errorOf(409, 6, 'ALREADY_EXISTS', 'there'), 6],
    ['429 alone', { status: 429, body: 'error code: 1015' }, 8],
    ['14 with a 429', errorOf(429, 14, 'X', 'slow down'), 8],
    ['502 alone', { status: 502, body: '' }, 14],
    ['503 alone', { status: 503, body: '' }, 14],
    ['4 with a 504', errorOf(504, 4, 'DEADLINE_EXCEEDED', 'late'), 14],
    ['13 with a 500', errorOf(500, 13, 'INTERNAL', 'oh'), 13],
    ['a code that is none', { status: 500, json: { code: 99, message: 'oh' } }, 13],
    ['404 alone: no Latchkey', { status: 404, body: 'not here' }, 12],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }, 2],
    ['a page', { body: '<html>' }, 13],
    ['another JSON', { json: { email: 7 } }, 13],
    ['too much', { json: { email: 'x'.repeat(MIB) } }, 13],
  ])('%s', async (_, answer, code) => {
    said = answer
    const before = stub.asked.length
    const error = await call(front.origin, { authRequestId: 'r' })
    expect(error.code).toBe(code)
    expect(error.findDetails(theirErrors.ErrorInfoSchema)[0]?.errorCode).toMatch(/^[A-Z_]+$/)
    expect(stub.asked.length - before).toBe(1)
  })

  it('a message is passed on whatever its letters', async () => {
    said = errorOf(400, 3, 'X', 'Zu spät: ✉\nneu')
    expect((await call(front.origin)).rawMessage).toBe('Zu spät: ✉\nneu')
  })
})

describe('a Latchkey that does not answer', () => {
  it('is unavailable after a while', async () => {
    const silent = () => new Promise<Said>(() => {})
    const { front } = await both(silent, { upstreamWithinMs: 150 })
    expect((await call(front.origin)).code).toBe(14)
    const keys = await ask(front.origin, { path: '/keys' })
    expect([keys.status, JSON.parse(keys.body.toString()).code]).toEqual([503, 14])
  })

  it('is unavailable if it stops in the middle', async () => {
    const { front } = await both(() => ({ headers: { 'content-length': '100' }, body: '{' }), { upstreamWithinMs: 150 })
    expect((await call(front.origin)).code).toBe(14)
    await refused(ask(front.origin, { path: '/keys' }))
  })
})

it('a call that is too large is refused', async () => {
  const { stub, front } = await both()
  expect((await call(front.origin, { authRequestId: 'x'.repeat(MIB) })).code).toBe(8)
  expect(stub.asked).toEqual([])
})

// --- everything else ------------------------------------------------------------------------------------------------

type AskOptions = { path: string; method?: string; headers?: Record<string, string | string[]>; body?: Buffer[] }

async function ask(origin: string, { path, method = 'GET', headers = {}, body }: AskOptions) {
  const asking = request(origin, { method, headers, agent: false })
  // Node would put a path that it resolved itself.
  asking.path = path
  for (const chunk of body ?? []) asking.write(chunk)
  asking.end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  const chunks = await answer.toArray()
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }
}

async function askHttp2(origin: string, headers: Record<string, string>, body: Buffer[] = []) {
  const session = connectHttp2(origin)
  onTestFinished(() => session.destroy())
  const stream = session.request(headers, { endStream: body.length === 0 })
  for (const chunk of body) stream.write(chunk)
  if (body.length > 0) stream.end()
  const [answer] = await once(stream, 'response')
  return { headers: answer, body: await text(stream) }
}

describe('everything else', () => {
  it('is passed on as it came, and back', async () => {
    const body = gzipSync('{"ok":true}')
    const cookies = ['a=1; Path=/', 'b=2; Path=/']
    const { stub, front } = await both(() => ({
      status: 418,
      headers: { 'content-encoding': 'gzip', 'set-cookie': cookies, 'x-its-own': 'yes', etag: '"1"' },
      body,
    }))
    const answer = await ask(front.origin, {
      path: '/a%2Fb/../c?q=%20&q=2',
      method: 'PATCH',
      headers: {
        authorization: 'Bearer x',
        cookie: 'c=3',
        'x-mine': '1',
        connection: 'close, x-private',
        'x-private': 'between us',
        te: 'trailers',
      },
      body: [Buffer.from('some'), Buffer.from('thing')],
    })
    expect(answer.status).toBe(418)
    expect(answer.headers).toMatchObject({ 'set-cookie': cookies, 'x-its-own': 'yes', etag: '"1"' })
    expect(gunzipSync(answer.body).toString()).toBe('{"ok":true}')
    const [asked] = stub.asked
    expect(asked).toMatchObject({ method: 'PATCH', path: '/a%2Fb/../c?q=%20&q=2', body: 'something' })
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer x',
      cookie: 'c=3',
      'x-mine': '1',
      host: stub.url.host,
    })
    expect(Object.keys(asked?.headers ?? {})).not.toEqual(expect.arrayContaining(['te']))
    expect(asked?.headers['x-private']).toBeUndefined()
  })

  it('is passed on over HTTP/2 too', async () => {
    const { stub, front } = await both()
    const keys = await askHttp2(front.origin, { ':path': '/keys', cookie: 'a=1' })
    expect([keys.headers[':status'], keys.body]).toEqual([200, '{"keys":[{"kid":"k1"}]}'])
    const token = await askHttp2(front.origin, { ':path': '/oauth/token', ':method': 'POST' }, [Buffer.from('a=b')])
    expect(token.headers[':status']).toBe(401)
    expect(stub.asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', '/keys', ''],
      ['POST', '/oauth/token', 'a=b'],
    ])
    expect(stub.asked[0]?.headers).toMatchObject({ cookie: 'a=1', host: stub.url.host })
  })

  it('has its redirects passed on, not followed', async () => {
    const { stub, front } = await both(() => ({ status: 302, headers: { location: '/elsewhere' }, body: '' }))
    const answer = await ask(front.origin, { path: '/' })
    expect([answer.status, answer.headers.location, stub.asked.length]).toEqual([302, '/elsewhere', 1])
  })

  it('goes to the one upstream, whatever is asked for', async () => {
    const { stub, front } = await both(() => ({ json: {} }))
    expect((await ask(front.origin, { path: 'http://127.0.0.1:1/keys' })).status).toBe(400)
    expect((await ask(front.origin, { path: '//127.0.0.1:1/keys', headers: { host: '127.0.0.1:1' } })).status).toBe(200)
    expect(stub.asked).toMatchObject([{ path: '//127.0.0.1:1/keys', headers: { host: stub.url.host } }])
  })

  it('stays one request, also with a body where none is usual', async () => {
    const { stub, front } = await both(() => ({ json: {} }))
    const smuggled = Buffer.from('GET /admin HTTP/1.1\r\nhost: x\r\n\r\n')
    for (const method of ['GET', 'DELETE']) {
      const headers = { 'transfer-encoding': 'chunked' }
      expect((await ask(front.origin, { path: '/keys', method, headers, body: [smuggled] })).status).toBe(200)
      expect(
        (await askHttp2(front.origin, { ':path': '/keys', ':method': method }, [smuggled])).headers[':status'],
      ).toBe(200)
    }
    expect(stub.asked.map(({ path, body }) => [path, body])).toEqual(Array(4).fill(['/keys', smuggled.toString()]))
  })

  it.each<[string, Record<string, string>]>([
    ['announced', { 'content-length': String(MIB + 1) }],
    ['not announced', { 'transfer-encoding': 'chunked' }],
  ])('has at most 1 MiB: more, %s, is refused', async (_, headers) => {
    const { stub, front } = await both(() => ({ json: {} }))
    const asked = { path: '/oauth/token', method: 'POST', headers }
    const tooLarge = await ask(front.origin, { ...asked, body: [Buffer.alloc(MIB), Buffer.alloc(1)] })
    expect([tooLarge.status, JSON.parse(tooLarge.body.toString()).code]).toEqual([413, 3])
    expect(stub.asked).toEqual([])
    const length = headers['content-length'] ? { 'content-length': String(MIB) } : headers
    expect((await ask(front.origin, { ...asked, headers: length, body: [Buffer.alloc(MIB)] })).status).toBe(200)
    expect(stub.asked.map(({ body }) => body.length)).toEqual([MIB])
  })

  it('has at most 1 MiB over HTTP/2', async () => {
    const { stub, front } = await both(() => ({ json: {} }))
    const post = { ':path': '/oauth/token', ':method': 'POST' }
    expect((await askHttp2(front.origin, post, [Buffer.alloc(MIB + 1)])).headers[':status']).toBe(413)
    expect((await askHttp2(front.origin, post, [Buffer.alloc(MIB)])).headers[':status']).toBe(200)
    expect(stub.asked.map(({ body }) => body.length)).toEqual([MIB])
  })

  it('may answer more than that', async () => {
    const { front } = await both(() => ({ body: Buffer.alloc(3 * MIB) }))
    expect((await ask(front.origin, { path: '/' })).body.length).toBe(3 * MIB)
  })

  it('is unavailable without a Latchkey', async () => {
    const { stub, front } = await both()
    await stub.close()
    const answer = await ask(front.origin, { path: '/oauth/token', method: 'POST', body: [Buffer.from('a=b')] })
    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 14, details: [{ error_code: 'UNAVAILABLE' }] })
  })

  it('ends with its client, and not with its time', { timeout: 5_000 }, async () => {
    const { stub, front } = await both()
    for (const leave of ['stream', 'session'] as const) {
      const session = connectHttp2(front.origin)
      const stream = session.request({ ':path': '/keys', ':method': 'POST' }).on('error', () => {})
      stream.write('half of')
      await sleep(100)
      if (leave === 'stream') stream.destroy()
      else session.destroy()
      while (!front.log.pop()) await sleep(10)
      session.destroy()
    }
    const asking = request(front.origin, { path: '/keys', method: 'POST', agent: false }).on('error', () => {})
    asking.write('half of')
    await sleep(100)
    asking.destroy()
    while (!front.log.pop()) await sleep(10)
    expect(stub.asked).toEqual([])
  })

  it('survives nonsense', async () => {
    const { front } = await both()
    for (const bytes of [
      'P',
      'PR',
      'PRI * HTTP/1.1\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxxx',
      '\0\0\0\0',
    ]) {
      const socket = connectTcp(front.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(bytes)
      await text(socket).catch(() => {})
    }
    await refused(
      askHttp2(front.origin, { ':path': '/keys', ':authority': '[' }).then(({ headers }) => Promise.reject(headers)),
    )
    const bad = { path: '/keys', headers: { host: '[', 'content-type': 'application/grpc' } }
    await ask(front.origin, bad)
    await ask(front.origin, {
      ...bad,
      path: `/${theirs.PasswordlessService.typeName}/SendPasswordlessEmail`,
      method: 'POST',
    })
    expect((await ask(front.origin, { path: '/keys' })).status).toBe(200)
  })

  it('is told apart even if the first bytes come one by one', async () => {
    const { front } = await both()
    const socket = connectTcp(front.port, '127.0.0.1').setNoDelay()
    for (const byte of 'GET /keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
      socket.write(byte)
      await sleep(1)
    }
    expect(await text(socket)).toContain('{"keys":[{"kid":"k1"}]}')
  })
})

it('the log names no secret, code or address', async () => {
  const { front } = await both()
  for (const path of ['/a/secret-token?code=123456', '/users/ada@example.com', `${VERIFY}?x=secret`, '/keys?secret=1'])
    await ask(front.origin, { path })
  await call(front.origin, { authRequestId: 'nobodys', authCredential: { case: 'code', value: '123456' } })
  await ask(front.origin, { path: `${SEND}/ada@example.com`, method: 'POST', body: [Buffer.from('secret')] })
  expect(front.log.map((line) => line.replace(/\d+ ms$/, 'N ms'))).toEqual([
    'GET (another path) 401 N ms',
    'GET (another path) 401 N ms',
    'GET /api/v1/passwordless/email/verify 401 N ms',
    'GET /keys 401 N ms',
    'VerifyPasswordlessEmail gRPC 16 N ms',
    'POST (another path) 401 N ms',
  ])
})

// --- the program ----------------------------------------------------------------------------------------------------

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stdout, stderr }
}

async function startProgram(url: URL) {
  const port = await freePort()
  const args = [PROGRAM, '--upstream', url.origin, '--port', String(port)]
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output.text += chunk
    })
  while (!output.text.includes('Ctrl-C') && child.exitCode === null) await sleep(20)
  return { child, output, origin: `http://127.0.0.1:${port}`, port }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

describe('the program', () => {
  it('explains itself', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('npm run scalekit-front -- [--upstream URL]')
  })

  it.each([
    [['--port', 'x'], '--port needs a number'],
    [['--port', '0'], '--port needs a number'],
    [['--upstream', 'localhost:8787'], '--upstream needs an address'],
    [['--upstream', 'https://user:word@x.test'], '--upstream needs an address'],
    [['--upstream', 'https://x.test/?a=b'], '--upstream needs an address'],
    [['--upstream', 'http://localhost:8790'], '--upstream is this program itself'],
    [['--cert', 'x.pem'], '--cert and --key need each other'],
    [['--cert', '/nowhere.pem', '--key', '/nowhere.pem'], '--cert cannot be read'],
    [['--cert', PROGRAM, '--key', PROGRAM], '--cert and --key are no pair'],
    [['--colour'], '--colour'],
  ])('refuses %j', (args, sentence) => {
    const { status, stdout, stderr } = run(...args)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('npm run scalekit-front -- --help')
  })

  it('says which port to take instead', async () => {
    const stub = await startStub()
    onTestFinished(stub.close)
    expect(run('--port', stub.url.port).stderr).toContain(
      `npm run scalekit-front -- --port ${Number(stub.url.port) + 1}`,
    )
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('finishes what is under way at %s, and ends', async (signal) => {
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    const stub = await startStub(async (asked) => {
      if (asked.path === RESEND) await held
      return documented(asked)
    })
    onTestFinished(stub.close)
    const { child, output, origin } = await startProgram(stub.url)
    const scalekit = new Scalekit(origin, CLIENT_ID, CLIENT_SECRET)
    await scalekit.passwordless.verifyPasswordlessEmail({ code: '123456' }, 'req_1')
    const idle = connectTcp(Number(new URL(origin).port), '127.0.0.1')
    await once(idle, 'connect')
    const resent = scalekit.passwordless.resendPasswordlessEmail('req_1')
    while (stub.to(RESEND).length === 0) await sleep(10)
    const exited = once(child, 'exit')
    child.kill(signal)
    await sleep(200)
    expect(child.exitCode).toBeNull()
    answer()
    expect(await resent).toMatchObject({ authRequestId: 'req_2' })
    expect(await exited).toEqual([0, null])
    expect(output.text).toMatch(/^VerifyPasswordlessEmail gRPC 0 \d+ ms$/m)
    expect(output.text).not.toMatch(/the\.access\.token|sks_|123456|req_/)
  })
})

// --- a certificate (X.509 in DER, by hand: Node makes none) -----------------------------------------------------------

function selfSigned(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
    return Buffer.concat([Buffer.from([tag, ...length]), body])
  }
  const [sequence, set] = [(...parts: Buffer[]) => der(0x30, ...parts), (...parts: Buffer[]) => der(0x31, ...parts)]
  const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
  const utcTime = (days: number) => {
    const iso = new Date(Date.now() + days * 86_400_000).toISOString()
    return der(0x17, Buffer.from(`${iso.slice(2, 19).replace(/\D/g, '')}Z`))
  }
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from('localhost')))))
  const alternativeName = sequence(oid('551d11'), der(0x04, sequence(der(0x82, Buffer.from('localhost')))))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(utcTime(-1), utcTime(1)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeName)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const certificate = sequence(content, ecdsaWithSha256, signature).toString('base64')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
