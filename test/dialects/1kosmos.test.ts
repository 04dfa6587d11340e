/**
 * 1Kosmos' documented calls, as its BIDAccessCodes makes them: the community, the license and the request id, a code by mail,
 * looked at and redeemed.
 */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../src/lib/base64.ts'
import { hex } from '../../src/lib/bytes.ts'
import { type KeyPair, keyPairOf, SEED_BYTES, sealText, sharedKey, unsealText } from '../../src/lib/ecdh.ts'
import { ksuid } from '../../src/lib/ids.ts'
import { type Answer, anAddress, browser, env, ISSUER, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { aProject, refuses, rowOf, signInOf, sweepLater, type TestProject } from '../support/project.ts'
import { expectCommonHeaders, expectProblem } from '../support/refusals.ts'
import { renderMail } from '../support/render.ts'

vi.setConfig({ testTimeout: 60_000 })

const INFO = '/api/r1/system/community_info/fetch'
const YOUR_APP = 'https://yourapp.com/devportal/demo'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const HEX24 = /^[0-9a-f]{24}$/
const MANY = 64
const ALL = ['passwordless:send', 'passwordless:reveal', 'passwordless:verify']
const UNKNOWN_CODE = '2927269a-deba-8f48-ba8c-9d6ee7900000'
/** The documented one. */
const TEMPLATE = `Click the button below to log in to 1Kosmos Developer Experience. https://blockid-trial.1kosmos.net/devportal/demo?code={{MAGICLINK}}&tab=magiclinks&type=user_signin
This link will expire in 20 minutes.`

const app = testApp()
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const toBase64 = (text: string) => encodeBase64(new TextEncoder().encode(text))
const seconds = () => Math.floor(Date.now() / 1000)

type Options = {
  license?: string
  /** In place of a fresh one. */
  requestid?: unknown
  headers?: Record<string, string>
  clear?: boolean
  client?: KeyPair
  on?: TestApp
}
type Kosmos = {
  project: TestProject
  license: string
  publicKey: Uint8Array
  call(method: string, path: string, body?: unknown, options?: Options): Promise<Answer>
  /** PUT …/code, with the documented fields. */
  put(body?: Record<string, unknown>, options?: Options): Promise<Answer>
  /** The same, and it has to go well. */
  sent(body?: Record<string, unknown>, options?: Options): Promise<string>
  /** GET …/{code}: the answer, and what `data` holds. */
  verify(code: string, options?: Options): Promise<Answer & { code: Record<string, any> | null }>
  redeem(code: string, options?: Options): Promise<Answer>
}

const aRequestId = (ts = seconds()) => ({ ts, appid: 'fixme', uuid: crypto.randomUUID() })
const aKeyPair = () => keyPairOf(random(SEED_BYTES))

/** A community of 1Kosmos': a project with a license key. */
async function kosmos(settings: Record<string, unknown> = {}, on = app, scopes = ALL): Promise<Kosmos> {
  const project = await aProject(on, settings)
  const { key } = await project.ok('POST', '/v1/api_keys', { name: 'license', scopes })
  return client(project, key, project.id, on)
}

async function client(project: TestProject, license: string, community: string, on = app): Promise<Kosmos> {
  const info = await fetchInfo({ communityName: community }, on)
  expect(info.status, info.text).toBe(200)
  const publicKey = decodeBase64(info.json.community.publicKey) ?? new Uint8Array()
  const own = aKeyPair()
  const base = (version: 1 | 2) => `/api/r${version}/acr/community/${community}`
  const keyOf = ({ client = own }: Options) => sharedKey(client.privateKey, publicKey) ?? new Uint8Array()
  const call: Kosmos['call'] = async (method, path, body, options = {}) => {
    const { headers = {}, clear = false, client = own } = options
    const key = keyOf(options)
    const enc = async (text: string) => (clear ? text : sealText(key, random(16), text))
    const requestid = options.requestid === undefined ? aRequestId() : options.requestid
    const json = typeof body === 'string' ? body : JSON.stringify(body)
    return (options.on ?? on).request(path, {
      method,
      headers: {
        'content-type': 'application/json',
        charset: 'utf-8',
        'X-tenantTag': info.json.tenant.tenanttag,
        ...(clear ? { noecdsa: 'true' } : { publickey: encodeBase64(client.publicKey) }),
        licensekey: await enc(options.license ?? license),
        requestid: await enc(typeof requestid === 'string' ? requestid : JSON.stringify(requestid)),
        ...headers,
      },
      ...(json === undefined ? {} : { body: clear ? json : JSON.stringify({ data: await enc(json) }) }),
    })
  }
  const put: Kosmos['put'] = (body = {}, options = {}) =>
    call('PUT', `${base(2)}/code`, { ...documented(anAddress()), ...body }, options)
  return {
    project,
    license,
    publicKey,
    call,
    put,
    sent: async (body, options) => {
      const answer = await put(body, options)
      expect(answer.status, answer.text).toBe(200)
      return answer.json.code
    },
    verify: async (code, options = {}) => {
      const answer = await call('GET', `${base(1)}/${code}`, undefined, options)
      const { data } = answer.json
      const plain = typeof data === 'string' ? await unsealText(keyOf(options), data) : null
      return { ...answer, code: plain === null ? null : JSON.parse(plain) }
    },
    redeem: (code, options = {}) =>
      // The SDK's body is empty, and in clear.
      call('POST', `${base(1)}/${code}/redeem`, undefined, options),
  }
}

/** As `requestEmailVerificationLink` sends it. */
const documented = (emailTo: string) => ({
  createdBy: null,
  version: 'v0',
  type: 'verification_link',
  emailTo,
  ttl_seconds: 900,
  emailTemplateB64: toBase64(TEMPLATE),
  emailSubject: 'Here is your Magic Link!',
})

const fetchInfo = (body: unknown, on = app) =>
  on.request(INFO, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

function expectError(answer: Answer, status: number, message: RegExp = /\S/): void {
  expectCommonHeaders(answer)
  expect(answer.headers.get('content-type'), answer.text).toBe('application/json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect([answer.status, answer.json], answer.text).toEqual([
    status,
    { code: status, message: expect.stringMatching(message) },
  ])
}
const expectNoLicense = (answer: Answer) => expectError(answer, 401, /^Invalid or Unauthorized License$/)
const expectUnknown = (answer: Answer) => expectError(answer, 404)
const expectOver = (answer: Answer) => expectError(answer, 410)

const mailsTo = (email: string, on = app) => on.outbox.filter(({ to }) => to === email)
const mailTo = (email: string, on = app) => {
  const [mail] = mailsTo(email, on)
  if (!mail) throw new Error('no mail')
  return mail
}
const countOf = async (table: 'community_keys' | 'request_ids', project?: string): Promise<number> => {
  const row = await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE ?1 IS NULL OR project_id = ?1`)
    .bind(project ?? null)
    .first<{ n: number }>()
  return row?.n ?? -1
}
const times = <T>(count: number, run: () => Promise<T>) => Promise.all(Array.from({ length: count }, run))

let it1: Kosmos
let other: Kosmos
beforeAll(async () => {
  it1 = await kosmos()
  other = await kosmos()
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (ms: number) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + ms)
}

describe('finding the community', () => {
  it('POST community_info/fetch: by name and dns, without a key', async () => {
    const answer = await fetchInfo({ dns: 'blockid-trial.1kosmos.net', communityName: 'default' })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json).toEqual({
      tenant: { id: expect.stringMatching(HEX24), tenanttag: expect.stringMatching(/^\S+$/) },
      community: {
        id: expect.stringMatching(HEX24),
        name: 'default',
        publicKey: expect.stringMatching(/^[A-Za-z0-9+/]{86}==$/),
      },
    })
    expect((await fetchInfo({ communityName: 'default' })).json).toEqual(answer.json)
  })

  it('a project is a community by its id, with ids and a key pair of its own', async () => {
    const [one, two, first] = await Promise.all(
      [it1.project.id, other.project.id, 'default'].map(
        async (name) => (await fetchInfo({ communityName: name })).json,
      ),
    )
    for (const path of ['tenant', 'community'])
      expect(new Set([one, two, first].map((info) => info?.[path].id)).size, path).toBe(3)
    expect(new Set([one, two, first].map((info) => info?.community.publicKey)).size).toBe(3)
    expect(one?.community.name).toBe(it1.project.id)
  })

  it('by ids', async () => {
    const { json } = await fetchInfo({ communityName: 'default' })
    const byIds = await fetchInfo({ tenantId: json.tenant.id, communityId: json.community.id })
    expect(byIds.json).toEqual(json)
    expect((await fetchInfo({ communityId: it1.project.id })).json.community.name).toBe(it1.project.id)
  })

  it('400 for a community that is none, and no key is made for it', async () => {
    const [keys, unused] = [await countOf('community_keys'), await aProject(app)]
    for (const body of [
      { communityName: 'nothing' },
      { communityName: `proj_${'2'.repeat(27)}` },
      { communityName: '../default' },
      { communityId: 'f'.repeat(24) },
      { communityName: 'default', tenantId: 'f'.repeat(24) },
      { communityName: unused.id, tenantId: 'f'.repeat(24) },
      { dns: 'blockid-trial.1kosmos.net' },
      {},
    ])
      expectError(await fetchInfo(body), 400, /^Unable to load tenant\/community$/)
    expect(await countOf('community_keys')).toBe(keys)
  })

  it('400 for a body that cannot be read', async () => {
    for (const body of ['', '{', '[]', '"x"', '{"communityName":1}', `{"communityName":"${'x'.repeat(300)}"}`])
      expectError(await fetchInfo(body), 400)
  })

  it('two first calls agree on one key pair, whose private key is sealed', async () => {
    const project = await aProject(app)
    const [one, two] = [testApp(), testApp()]
    const answers = await Promise.all([one, two, one, two].map((on) => fetchInfo({ communityName: project.id }, on)))
    expect(new Set(answers.map(({ json }) => json.community.publicKey)).size).toBe(1)
    const row = await env.DB.prepare('SELECT private_key, public_key FROM community_keys WHERE project_id = ?')
      .bind(project.id)
      .first<{ private_key: ArrayBuffer; public_key: ArrayBuffer }>()
    expect(encodeBase64(new Uint8Array(row?.public_key ?? []))).toBe(answers[0]?.json.community.publicKey)
    // Key id 1 ‖ IV 12 ‖ 32 ‖ tag 16.
    expect(new Uint8Array(row?.private_key ?? [])).toHaveLength(61)
  })

  it('GET /caas/sd names the issuer, whatever the request’s host', async () => {
    for (const origin of [ISSUER, 'https://evil.example']) {
      const answer = await app.request(`${origin}/caas/sd`, { headers: { 'x-forwarded-host': 'evil.example' } })
      expect([answer.status, answer.json]).toEqual([200, { licenses: ISSUER, adminconsole: ISSUER }])
    }
  })
})

describe('the documented flow', () => {
  it('sends the link, verifies its code twice and redeems it once', async () => {
    const email = anAddress()
    const put = await it1.put(documented(email))
    expect(put.status, put.text).toBe(200)
    const { code } = put.json
    expect(code).toMatch(UUID)
    expect(put.json).toEqual({
      emailResult: {
        status: true,
        statusCode: 200,
        message: expect.any(String),
        error: null,
        gatewayId: expect.stringMatching(HEX24),
        gatewayName: expect.any(String),
        resultId: expect.stringMatching(/^chal_/),
        messageId: expect.stringMatching(/^msg_/),
        ts: expect.any(Number),
      },
      link: code,
      code,
    })
    expect(Math.abs(put.json.emailResult.ts - seconds())).toBeLessThan(60)

    const { subject, html, text } = renderMail(mailTo(email).content)
    expect(subject).toBe('Here is your Magic Link!')
    for (const part of [html, text])
      expect(part).toContain(`https://blockid-trial.1kosmos.net/devportal/demo?code=${code}&tab=magiclinks`)

    const info = (await fetchInfo({ communityName: it1.project.id })).json
    const verified = await it1.verify(code)
    expect([verified.status, Object.keys(verified.json)]).toEqual([200, ['data']])
    expect(verified.code).toEqual({
      ttl_seconds: 900,
      type: 'verification_link',
      phoneRequired: false,
      uuid: code,
      ttl: expect.any(Number),
      tenantId: info.tenant.id,
      createdTime: expect.any(Number),
      id: expect.stringMatching(HEX24),
      communityId: info.community.id,
      accesscodepayload: { otp_email: email, authType: 'none', invite_email: email },
      status: 'pending',
    })
    expect(Math.abs(verified.code?.createdTime - put.json.emailResult.ts)).toBeLessThanOrEqual(1)
    expect(verified.code?.ttl).toBeGreaterThan(800)
    expect(verified.code?.ttl).toBeLessThanOrEqual(900)

    // Two clients look before either redeems.
    expect((await it1.verify(code)).code?.status).toBe('pending')
    const redeemed = await it1.redeem(code)
    expect([redeemed.status, redeemed.json]).toEqual([200, { message: 'redeemed' }])
    expectOver(await it1.redeem(code))
    expectOver(await it1.verify(code))
    const { data } = await it1.project.ok('GET', `/v1/users?email=${encodeURIComponent(email)}`)
    expect(data).toMatchObject([{ status: 'ACTIVE', identifiers: [{ value: email, verified_at: expect.any(Number) }] }])
    expect((await it1.project.ok('GET', `/v1/users/${data[0].id}/sessions`)).data).toEqual([])
  })

  it('64 redeemers at once: one wins', async () => {
    const code = await it1.sent()
    const answers = await times(MANY, () => it1.redeem(code))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) expectOver(answer)
  })

  it('a retry of a redemption with the same Idempotency-Key gets the same answer, another does not', async () => {
    const code = await it1.sent()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const [first, second] = [await it1.redeem(code, { headers }), await it1.redeem(code, { headers })]
    expect([first.status, second.status, second.json]).toEqual([200, 200, { message: 'redeemed' }])
    expectOver(await it1.redeem(code, { headers: { 'idempotency-key': 'another' } }))
    expectOver(await it1.redeem(code))
  })

  it('a retry of a send with the same Idempotency-Key gets the same answer and sends no second mail', async () => {
    const email = anAddress()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const first = await it1.put(documented(email), { headers })
    later(5000)
    const second = await it1.put(documented(email), { headers })
    expect([second.status, second.json]).toEqual([200, first.json])
    expect(mailsTo(email)).toHaveLength(1)
    expectError(await it1.put({ ...documented(email), ttl_seconds: 60 }, { headers }), 409)
  })

  it('the first project is the community `default`, and the root key is a license of every community', async () => {
    const first = await client(it1.project, ROOT_KEY, 'default')
    const code = await first.sent()
    expectUnknown(await it1.redeem(code, { license: ROOT_KEY }))
    expect((await first.redeem(code)).status).toBe(200)
    expect((await it1.put({}, { license: ROOT_KEY })).status).toBe(200)
  })

  it('noecdsa: everything in clear', async () => {
    const put = await it1.put({ emailTemplateB64: toBase64('code {{MAGICLINK}}') }, { clear: true })
    expect(put.status, put.text).toBe(200)
    const { code } = put.json
    const verified = await it1.verify(code, { clear: true })
    expect([verified.status, verified.json.uuid, verified.json.data]).toEqual([200, code, undefined])
    expect((await it1.redeem(code, { clear: true })).json).toEqual({ message: 'redeemed' })
    expectNoLicense(await it1.put({}, { clear: true, license: other.license }))
    // Clients may send their public key all the same.
    const publickey = encodeBase64(aKeyPair().publicKey)
    const again = await it1.verify(await it1.sent({}, { clear: true, headers: { publickey } }), {
      clear: true,
      headers: { publickey },
    })
    expect([again.status, again.json.status], again.text).toEqual([200, 'pending'])
  })

  it('noecdsa: the license key alone in clear', async () => {
    const headers = { noecdsa: '1', licensekey: it1.license }
    const code = await it1.sent({}, { headers })
    expect((await it1.verify(code, { headers })).code?.uuid).toBe(code)
    expect((await it1.redeem(code, { headers })).status).toBe(200)
    const requestid = aRequestId()
    await it1.sent({}, { headers, requestid })
    expectError(await it1.put({}, { headers, requestid }), 401, /used before/)
    expectNoLicense(await it1.put({}, { headers: { ...headers, licensekey: other.license } }))
  })

  it('a code in capital letters is the same code', async () => {
    const code = await it1.sent()
    expect((await it1.verify(code.toUpperCase())).code?.uuid).toBe(code)
    expect((await it1.redeem(code.toUpperCase())).status).toBe(200)
    expectOver(await it1.redeem(code))
  })

  it('where links need their id beside them, a code is enough', async () => {
    const community = await kosmos({ link_requires_id: true })
    expect((await community.redeem(await community.sent())).status).toBe(200)
  })
})

describe('how long a code works', () => {
  it('ttl 1: works at once, is refused after 2 s', async () => {
    const [one, two] = [await it1.sent({ ttl_seconds: 1 }), await it1.sent({ ttl_seconds: 1 })]
    expect((await it1.redeem(one)).status).toBe(200)
    later(2000)
    expectOver(await it1.verify(two))
    expectOver(await it1.redeem(two))
  })

  it('no shorter than a second, to the end of it', async () => {
    later(1000 - (Date.now() % 1000) + 990)
    const code = await it1.sent({ ttl_seconds: 1 })
    later(900)
    expect((await it1.redeem(code)).status).toBe(200)
  })

  it.each([[{ ttl_seconds: null }], [{ ttl_seconds: undefined }]])(
    '4 hours unless said otherwise: %j',
    async (body) => {
      const code = await it1.sent(body)
      expect((await it1.verify(code)).code?.ttl_seconds).toBe(14_400)
      later(14_390_000)
      expect((await it1.verify(code)).status).toBe(200)
      later(20_000)
      expectOver(await it1.verify(code))
    },
  )

  it('7 days at most', async () => {
    const code = await it1.sent({ ttl_seconds: 7 * 86_400 })
    later((7 * 86_400 - 10) * 1000)
    expect((await it1.redeem(code)).status).toBe(200)
    for (const ttl_seconds of [0, -1, 1.5, 7 * 86_400 + 1, '60', true])
      expectError(await it1.put({ ttl_seconds }), 400, /ttl_seconds/)
  })

  it('leaves nothing in KV', async () => {
    const before = (await env.CODES.list()).keys.length
    await it1.sent({ ttl_seconds: 1 })
    expect((await env.CODES.list()).keys).toHaveLength(before)
  })
})

describe('the mail', () => {
  const html = (template: string, email: string) => ({ ...documented(email), emailTemplateB64: toBase64(template) })
  const rendered = async (body: Record<string, unknown>) => {
    const email = anAddress()
    const code = await it1.sent({ ...body, emailTo: email })
    return { code, ...renderMail(mailTo(email).content) }
  }

  it('takes HTML as it is, and puts the code where the variable is, and no URL', async () => {
    const template = '<p>Grüße <b>Tom</b> &amp; all</p><a href="https://b.example/?code={{ MAGICLINK }}">Go</a>'
    const { code, html, text } = await rendered({ emailTemplateB64: toBase64(template) })
    expect(html).toContain(`<p>Grüße <b>Tom</b> &amp; all</p><a href="https://b.example/?code=${code}">Go</a>`)
    expect(text).toContain(`https://b.example/?code=${code}`)
  })

  it('takes base64 in lines, without padding and in the other alphabet', async () => {
    const template = '<p>??>>~~ü {{MAGICLINK}}</p> and more, so that there is a second line of it '
    const whole = toBase64(template)
    const spellings = [
      whole.replace(/.{76}/g, '$&\r\n').concat('\n'),
      whole.replace(/=+$/, ''),
      whole.replaceAll('+', '-').replaceAll('/', '_'),
    ]
    expect(new Set(spellings).size).toBe(3)
    for (const emailTemplateB64 of spellings) {
      const { code, html } = await rendered({ emailTemplateB64 })
      expect(html).toContain(`<p>??>>~~ü ${code}</p>`)
    }
  })

  it('has the code alone in a template, though the project has a default redirect', async () => {
    const community = await kosmos({ redirect_uris: [YOUR_APP], default_login_redirect: YOUR_APP })
    const email = anAddress()
    const code = await community.sent(html('<i>{{MAGICLINK}}</i>', email))
    expect(renderMail(mailTo(email).content).html).toContain(`<i>${code}</i>`)
  })

  it('without a template is ours, and links to the default redirect', async () => {
    const community = await kosmos({ redirect_uris: [YOUR_APP], default_login_redirect: YOUR_APP })
    const email = anAddress()
    const code = await community.sent({ ...documented(email), emailTemplateB64: null, emailSubject: null })
    const mail = mailTo(email)
    expect(signInOf(mail).link).toBe(`${YOUR_APP}?code=${code}`)
    expect(renderMail(mail.content).html).toContain(`${YOUR_APP}?code=${code}`)
    expect((await community.redeem(code)).status).toBe(200)
    const own = anAddress()
    await community.sent({ ...documented(own), emailTemplateB64: null })
    expect(renderMail(mailTo(own).content).subject).toBe('Here is your Magic Link!')
  })

  it('without a template and a default redirect is refused with what to do', async () => {
    expectError(await it1.put({ emailTemplateB64: null }), 400, /default_login_redirect.*PATCH \/v1\/project/)
  })

  it.each([
    ['without the variable', 'Hello', /MAGICLINK/],
    ['with another spelling of it', 'Hello {{magiclink}}', /MAGICLINK/],
    ['with the name alone', 'Hello MAGICLINK', /./],
    ['with the variable in a section alone', '{{#code}}{{MAGICLINK}}{{/code}}', /outside of sections/],
    ['with another way in alone', '{{code}} <!-- MAGICLINK -->', /outside of sections/],
    ['with raw output', '{{{MAGICLINK}}}', /always escaped/],
    ['with a partial', '{{>x}}{{MAGICLINK}}', /partials/],
    ['with a tag left open', '{{MAGICLINK}} {{', /does not close/],
    ['with a script', '<script>x</script>{{MAGICLINK}}', /script/],
    ['that is too long', `{{MAGICLINK}}${'x'.repeat(64 * 1024)}`, /longer/],
  ])('%s is refused', async (_, template, says) => {
    const email = anAddress()
    expectError(await it1.put(html(template, email)), 400, says)
    expect(mailsTo(email)).toEqual([])
  })

  it.each(['%%%', 'abc', encodeBase64(Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc)), 7, {}])(
    'no base64 of UTF-8 is refused: %j',
    async (emailTemplateB64) => {
      expectError(await it1.put({ emailTemplateB64 }), 400, /emailTemplateB64/)
    },
  )

  it('a subject is one line, and no template', async () => {
    const emailSubject = 'Hello\r\nBcc: all@example.com\u2028{{MAGICLINK}} <b>'
    const { code, subject } = await rendered({ emailSubject })
    expect(subject).toBe('Hello Bcc: all@example.com {{MAGICLINK}} <b>')
    expect(subject).not.toContain(code)
    expectError(await it1.put({ emailSubject: 'x'.repeat(1001) }), 400, /emailSubject/)
  })

  it('createdBy stands in its timeline, also as the REST page spells it', async () => {
    for (const [body, detail] of [
      [{ createdBy: 'tom@dev' }, 'tom@dev'],
      [{ createdBy: undefined, createdby: 'rest' }, 'rest'],
      [{ createdBy: null }, null],
    ] as const) {
      const { json } = await it1.put(body)
      const { timeline } = await it1.project.message(json.emailResult.messageId)
      expect(timeline[0]).toMatchObject({ event: 'created', detail })
    }
    expectError(await it1.put({ createdBy: 7 }), 400, /createdBy/)
    expectError(await it1.put({ createdBy: 'x'.repeat(201) }), 400, /createdBy/)
  })

  it('goes nowhere without an address: the documented 500', async () => {
    for (const emailTo of [undefined, null, ''])
      expectError(
        await it1.put({ emailTo }),
        500,
        /^Some exception occured while processing the request\. smsTo or emailTo are required for this type of code$/,
      )
    expectError(await it1.put({ emailTo: null, smsTo: '+15005550006' }), 400, /emailTo/)
    for (const emailTo of ['x', 'a@b@c', 7]) expectError(await it1.put({ emailTo }), 400, /emailTo/)
  })

  it('that nobody may get is told in emailResult', async () => {
    const email = anAddress()
    await it1.project.ok('POST', '/v1/suppressions', { email })
    const answer = await it1.put(documented(email))
    expect([answer.status, answer.json.code]).toEqual([200, expect.stringMatching(UUID)])
    expect(answer.json.emailResult).toMatchObject({ status: false, error: expect.stringMatching(/\S/) })
    expect(mailsTo(email)).toEqual([])
  })

  it('that every provider refuses is 503', async () => {
    const deaf = testApp({ ports: { sendMail: refuses } })
    expectError(await it1.put({}, { on: deaf }), 503, /delivered/)
  })

  it('counts in the limits of its address', async () => {
    const community = await kosmos({ send_limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 } })
    const email = anAddress()
    await community.sent(documented(email))
    expect((await community.project.call('POST', '/v1/passwordless/send', { email })).status).toBe(201)
    const answer = await community.put(documented(email))
    expectError(answer, 429, /send_limits\.per_minute/)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await community.project.call('POST', '/v1/passwordless/send', { email })).status).toBe(429)
    expect(mailsTo(email)).toHaveLength(2)
    later(61_000)
    await community.sent(documented(email))
  })

  it('that was refused before it was sent counts nowhere', async () => {
    const limits = { per_minute: 1, per_15_minutes: 1, per_day: 1 }
    const community = await kosmos({ send_limits: limits, allow_sign_up: false })
    const email = anAddress()
    expectError(await community.put(documented(email)), 403, /sign-up/)
    await community.project.ok('POST', '/v1/users', { email })
    await community.sent(documented(email))
  })

  it('goes to nobody who is inactive, and their codes end', async () => {
    const email = anAddress()
    const code = await it1.sent(documented(email))
    const { data } = await it1.project.ok('GET', `/v1/users?email=${encodeURIComponent(email)}`)
    await it1.project.ok('PUT', `/v1/users/${data[0].id}/status`, { status: 'INACTIVE' })
    expectError(await it1.put(documented(email)), 403, /inactive/)
    expectError(await it1.redeem(code), 403, /inactive/)
  })

  it('is refused for a domain that the project blocks', async () => {
    const community = await kosmos({ email_domains_blocked: ['example.com'] })
    expectError(await community.put(), 403, /email_domains_blocked/)
  })
})

describe('who may call', () => {
  const calls: [string, (community: Kosmos, options: Options) => Promise<Answer>][] = [
    ['PUT code', (community, options) => community.put({}, options)],
    ['GET code', (community, options) => community.verify(UNKNOWN_CODE, options)],
    ['redeem', (community, options) => community.redeem(UNKNOWN_CODE, options)],
  ]

  it.each(calls)('%s: a foreign project’s license is refused like junk, and takes no request id', async (_, call) => {
    const before = await countOf('request_ids', it1.project.id)
    for (const license of [other.license, 'junk', `${it1.license}x`, '14cd5e85-a422-442a-9a8c-000000000000', 'a.b.c'])
      expectNoLicense(await call(it1, { license }))
    for (const licensekey of ['', 'junk', encodeBase64(random(60)), it1.license])
      expectNoLicense(await call(it1, { headers: { licensekey } }))
    expect(await countOf('request_ids', it1.project.id)).toBe(before)
  })

  it.each(calls)('%s: a public key must be a point of the curve', async (_, call) => {
    const own = aKeyPair().publicKey
    const p256 =
      '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'
    for (const publickey of [
      '',
      'junk',
      encodeBase64(new Uint8Array(64)),
      encodeBase64(own.subarray(0, 32)),
      encodeBase64(Uint8Array.of(4, ...own)),
      encodeBase64(own.map((byte, at) => (at === 63 ? byte ^ 1 : byte))),
      encodeBase64(Uint8Array.from(p256.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))),
      hex(own),
    ])
      expectError(await call(it1, { headers: { publickey } }), 401, /publickey/)
  })

  it.each(calls)('%s: what was altered on the way is refused', async (_, call) => {
    const altered = async (header: 'licensekey' | 'requestid', plain: string) => {
      const client = aKeyPair()
      const key = sharedKey(client.privateKey, it1.publicKey) ?? new Uint8Array()
      const bytes = decodeBase64(await sealText(key, random(16), plain)) ?? new Uint8Array()
      const answers: Answer[] = []
      for (const at of [0, 20, bytes.length - 1]) {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
        answers.push(await call(it1, { client, headers: { [header]: encodeBase64(changed) } }))
      }
      // The same with another client's key in front.
      answers.push(await call(it1, { headers: { [header]: encodeBase64(bytes) } }))
      return answers
    }
    for (const answer of await altered('licensekey', it1.license)) expectNoLicense(answer)
    for (const answer of await altered('requestid', JSON.stringify(aRequestId()))) expectError(answer, 401, /requestid/)
  })

  it.each(calls)('%s: an unknown community', async (_, call) => {
    for (const id of [`proj_${'2'.repeat(27)}`, 'nothing']) {
      const lost: Kosmos = {
        ...it1,
        put: (body = {}, options = {}) => it1.call('PUT', `/api/r2/acr/community/${id}/code`, body, options),
        verify: async (code, options = {}) => ({
          ...(await it1.call('GET', `/api/r1/acr/community/${id}/${code}`, undefined, options)),
          code: null,
        }),
        redeem: (code, options = {}) =>
          it1.call('POST', `/api/r1/acr/community/${id}/${code}/redeem`, undefined, options),
      }
      expectError(await call(lost, {}), 400, /^Unable to load tenant\/community$/)
    }
  })

  it('a license needs its scopes, and is told which', async () => {
    const limited = async (scopes: string[]) => (await kosmos({}, app, scopes)) as Kosmos
    const [mute, blind, lookout] = [
      await limited(['passwordless:verify']),
      await limited(['passwordless:send']),
      await limited(['passwordless:send', 'passwordless:reveal']),
    ]
    expectError(await mute.put(), 403, /passwordless:send/)
    expectError(await blind.put(), 403, /passwordless:reveal/)
    const code = await lookout.sent()
    expectError(await lookout.verify(code), 403, /passwordless:verify/)
    expectError(await lookout.redeem(code), 403, /passwordless:verify/)
    expectUnknown(await mute.verify(UNKNOWN_CODE))
  })

  it('a license that was revoked is refused', async () => {
    const community = await kosmos()
    const { data } = await community.project.ok('GET', '/v1/api_keys')
    await community.project.ok('DELETE', `/v1/api_keys/${data[0].id}`)
    expectNoLicense(await community.put())
  })
})

describe('a request id', () => {
  it('is taken once: a replay changes nothing', async () => {
    const requestid = aRequestId()
    const email = anAddress()
    await it1.sent(documented(email), { requestid })
    expectError(await it1.put(documented(email), { requestid }), 401, /used before/)
    expect(mailsTo(email)).toHaveLength(1)
    const code = await it1.sent()
    expectError(await it1.redeem(code, { requestid }), 401, /used before/)
    expect((await it1.redeem(code)).status).toBe(200)
  })

  it('the very same request, recorded and sent again, is refused', async () => {
    const own = aKeyPair()
    const key = sharedKey(own.privateKey, it1.publicKey) ?? new Uint8Array()
    const email = anAddress()
    const enc = (text: string) => sealText(key, random(16), text)
    const init = {
      method: 'PUT',
      headers: {
        publickey: encodeBase64(own.publicKey),
        licensekey: await enc(it1.license),
        requestid: await enc(JSON.stringify(aRequestId())),
      },
      body: JSON.stringify({ data: await enc(JSON.stringify(documented(email))) }),
    }
    const path = `/api/r2/acr/community/${it1.project.id}/code`
    const answers = await times(8, () => app.request(path, init))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) expectError(answer, 401, /used before/)
    expect(mailsTo(email)).toHaveLength(1)
  })

  it('is refused when it is older than 60 s, or from the future', async () => {
    for (const off of [-61, -3600, 62, 86_400])
      expectError(await it1.put({}, { requestid: aRequestId(seconds() + off) }), 401, /60 seconds/)
    for (const off of [-55, 55]) await it1.sent({}, { requestid: aRequestId(seconds() + off) })
  })

  it.each([
    'x',
    '',
    '[]',
    'null',
    {},
    { ts: 1 },
    { ts: '1656480123', appid: 'fixme', uuid: 'x' },
    '{"ts":1e999,"appid":"fixme","uuid":"x"}',
    { ts: 1, appid: 'fixme', uuid: 'x'.repeat(300) },
  ])('that is %j is refused', async (requestid) => {
    expectError(await it1.put({}, { requestid }), 401, /requestid/)
  })

  it('is refused when it is missing, in clear too', async () => {
    expectError(await it1.put({}, { headers: { requestid: '' } }), 401, /requestid/)
    expectError(await it1.put({}, { clear: true, headers: { requestid: '' } }), 401, /requestid/)
    const requestid = aRequestId()
    await it1.sent({}, { clear: true, requestid })
    expectError(await it1.put({}, { clear: true, requestid }), 401, /used before/)
  })

  it('of one community is free in another', async () => {
    const requestid = aRequestId()
    await it1.sent({}, { requestid })
    await other.sent({}, { requestid })
  })

  it('is kept two minutes, without the text that it was', async () => {
    const community = await kosmos()
    const requestid = aRequestId()
    await community.sent({}, { requestid })
    const rows = await env.DB.prepare('SELECT * FROM request_ids WHERE project_id = ?').bind(community.project.id).all()
    expect(rows.results).toHaveLength(1)
    expect(JSON.stringify(rows.results)).not.toContain(requestid.uuid)
    await sweepLater(110_000)
    expect(await countOf('request_ids', community.project.id)).toBe(1)
    await sweepLater(130_000)
    expect(await countOf('request_ids', community.project.id)).toBe(0)
    expect(rows.results[0]?.id).toMatch(new RegExp(`^${ksuid(requestid.ts, new Uint8Array(16)).slice(0, 4)}`))
  })

  it('goes with its project, and so does the key pair', async () => {
    const community = await kosmos()
    await community.sent()
    expect(await countOf('community_keys', community.project.id)).toBe(1)
    await app.call('DELETE', `/v1/projects/${community.project.id}`)
    expect(await countOf('community_keys', community.project.id)).toBe(0)
    expect(await countOf('request_ids', community.project.id)).toBe(0)
    expectError(await fetchInfo({ communityName: community.project.id }, testApp()), 400)
  })
})

describe('errors', () => {
  it('404 for what is no code here', async () => {
    const [foreign, code] = [await other.sent(), await it1.sent()]
    const changed = code.slice(0, -1) + (code.endsWith('0') ? '1' : '0')
    for (const unknown of [UNKNOWN_CODE, foreign, changed, 'x', code.replaceAll('-', ''), `${code}%20`]) {
      expectUnknown(await it1.verify(unknown))
      expectUnknown(await it1.redeem(unknown))
    }
    expect((await other.redeem(foreign)).status).toBe(200)
    expect((await it1.redeem(code)).status).toBe(200)
  })

  it('410 for a code that was cancelled', async () => {
    const { json } = await it1.put()
    await it1.project.ok('DELETE', `/v1/passwordless/${json.emailResult.resultId}`)
    expectOver(await it1.verify(json.code))
    expectOver(await it1.redeem(json.code))
  })

  it('400 for a body that is not sealed, or not to be read', async () => {
    const path = `/api/r2/acr/community/${it1.project.id}/code`
    const own = aKeyPair()
    const key = sharedKey(own.privateKey, it1.publicKey) ?? new Uint8Array()
    const sealed = async (text: string) => ({ data: await sealText(key, random(16), text) })
    const send = async (body: unknown) =>
      app.request(path, {
        method: 'PUT',
        headers: {
          publickey: encodeBase64(own.publicKey),
          licensekey: (await sealed(it1.license)).data,
          requestid: (await sealed(JSON.stringify(aRequestId()))).data,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
    const good = await sealed(JSON.stringify(documented(anAddress())))
    const bytes = decodeBase64(good.data) ?? new Uint8Array()
    const altered = encodeBase64(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))
    for (const body of [
      '',
      '{',
      '[]',
      {},
      { data: 7 },
      { data: 'x' },
      { data: altered },
      documented(anAddress()),
      await sealed('{'),
      await sealed('[]'),
      await sealed('{"emailTo":"a@example.com","emailTo":"b@example.com"}'),
    ])
      expectError(await send(body), 400)
    expect((await send(good)).status).toBe(200)
  })

  it('400 for another type of code; what is not known is ignored', async () => {
    expectError(await it1.put({ type: 'verification_otp' }), 400, /type/)
    await it1.sent({ type: undefined, whatever: { a: 1 }, version: 'v9', phoneRequired: true })
  })

  it('413 for a body that is too large', async () => {
    expectError(await it1.put({ emailTemplateB64: 'A'.repeat(300_000) }), 413)
    expectError(await fetchInfo(JSON.stringify({ x: 'A'.repeat(300_000) })), 413)
  })

  it('404 and 405 in the same shape', async () => {
    for (const path of ['/api/r1/x', '/api/r2/acr', '/caas/x']) expectError(await app.request(path), 404)
    expectError(await app.request('/caas/sd', { method: 'POST' }), 405)
    const browserLike = await app.request('/api/r1/x', { headers: { accept: 'text/html' } })
    expectError(browserLike, 404)
  })

  it('400 for an Idempotency-Key that cannot be kept', async () => {
    expectError(await it1.put({}, { headers: { 'idempotency-key': 'x'.repeat(256) } }), 400, /Idempotency-Key/)
  })

  it('503 when a part is down', async () => {
    const down = { DB: { prepare: () => ({ bind: () => ({ first: async () => Promise.reject(new Error('down')) }) }) } }
    const broken = testApp({ bindings: down })
    expectError(await it1.put({}, { on: broken }), 503)
    expectError(await fetchInfo({ communityName: it1.project.id }, broken), 503)
    const noLedger = testApp({
      bindings: {
        LEDGER: { idFromName: () => '', get: () => ({ run: async () => Promise.reject(new Error('down')) }) },
      },
    })
    const code = await it1.sent()
    for (const answer of [
      await it1.put({}, { on: noLedger }),
      await it1.verify(code, { on: noLedger }),
      await it1.redeem(code, { on: noLedger }),
    ])
      expectError(answer, 503)
    expect((await it1.redeem(code)).status).toBe(200)
  })

  it('503 when the Worker is not configured', async () => {
    const bare = testApp({ bindings: { LATCHKEY_SECRET: undefined } })
    expectError(await bare.request('/caas/sd'), 503)
  })
})

describe('other surfaces', () => {
  it('a code opens nothing of theirs', async () => {
    const community = await kosmos({ redirect_uris: [YOUR_APP], default_login_redirect: YOUR_APP })
    const { json } = await community.put({ emailTemplateB64: null })
    const { code } = json
    const id = json.emailResult.resultId
    const native = (body: unknown) => community.project.call('POST', '/v1/passwordless/verify', body)
    expectProblem(await native({ token: code }), 400, 'unknown_token')
    expectProblem(await native({ id, code }), 400, 'unknown_token')
    expectProblem(await community.project.call('POST', '/v1/passwordless/resend', { id }), 404, 'unknown_challenge')
    const page = await browser(app).open(`/auth/magic-link?code=${code}`)
    expect(page.status).toBe(400)
    const scalekit = await app.request(`/p/${community.project.id}/api/v1/passwordless/email/verify`, {
      method: 'POST',
      headers: { 'x-api-key': community.license },
      body: JSON.stringify({ link_token: code }),
    })
    expect(scalekit.status).toBe(404)
    const transmit = await app.request(`/p/${community.project.id}/cis/v1/auth/link/email/authenticate`, {
      method: 'POST',
      headers: { 'x-api-key': community.license, 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    })
    expect(transmit.status).toBe(400)
    // Nothing of that has used it up.
    expect((await community.redeem(code)).status).toBe(200)
  })

  it('theirs are no codes here', async () => {
    const { id, link, code } = await it1.project.sent({ reveal: true })
    const token = new URL(link).searchParams.get('code') ?? ''
    for (const secret of [token, id, code]) {
      expectUnknown(await it1.verify(secret))
      expectUnknown(await it1.redeem(secret))
    }
    expect((await it1.project.call('POST', '/v1/passwordless/verify', { id, code })).status).toBe(200)
  })
})

describe('what is kept', () => {
  it('tells nobody the code, nor that two codes are of one person', async () => {
    const email = anAddress()
    const [one, two] = [await it1.put(documented(email)), await it1.put(documented(email))]
    const [a, b] = [one.json.code as string, two.json.code as string]
    const ids = [one, two].map(({ json }) => json.emailResult.resultId as string)
    // Bit by bit, as of two people: of 128 bits, 6 are the same always.
    const bits = (uuid: string) => BigInt(`0x${uuid.replaceAll('-', '')}`)
    const differing = [...(bits(a) ^ bits(b)).toString(2)].filter((bit) => bit === '1').length
    expect(differing).toBeGreaterThan(30)
    expect(ids[0]?.slice(0, 40)).not.toBe(ids[1]?.slice(0, 40))
    for (const { json } of [one, two]) {
      const row = await rowOf(json.emailResult.messageId)
      expect(row.secrets).toBeNull()
      expect(JSON.stringify({ ...row, input: null })).not.toContain(json.code)
    }
    expect((await it1.redeem(a)).status).toBe(200)
    expect((await it1.redeem(b)).status).toBe(200)
  })

  it('codes and the community’s key outlive a change of LATCHKEY_SECRET', async () => {
    const code = await it1.sent()
    const previous = String(env.LATCHKEY_SECRET)
    const bindings = { LATCHKEY_SECRET: 'another-secret-another-secret-another-1', LATCHKEY_SECRET_PREVIOUS: previous }
    const on = testApp({ bindings })
    const info = await fetchInfo({ communityName: it1.project.id }, on)
    expect(decodeBase64(info.json.community.publicKey)).toEqual(it1.publicKey)
    expect((await it1.verify(code, { on })).code?.uuid).toBe(code)
    const fresh = await it1.sent({}, { on })
    expect((await it1.redeem(code, { on })).status).toBe(200)
    expectUnknown(await it1.redeem(fresh))
    expect((await it1.redeem(fresh, { on })).status).toBe(200)
  })
})

describe('DIALECTS without 1kosmos', () => {
  it('has none of it', async () => {
    const mute = testApp({ bindings: { DIALECTS: 'transmit,forward' } })
    expectError(await mute.request('/caas/sd'), 404)
    expectError(await fetchInfo({ communityName: 'default' }, mute), 404)
    expectError(await it1.put({}, { on: mute }), 404)
    expectError(await it1.verify(UNKNOWN_CODE, { on: mute }), 404)
    expectError(await it1.redeem(UNKNOWN_CODE, { on: mute }), 404)
  })
})
