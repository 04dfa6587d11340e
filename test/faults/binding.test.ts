/** A link bound to whoever asked for it (promise 4): by `code_challenge`, by `client` and `match`, by the challenge's id. */

import { runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createKeyring, type Keyring } from '../../src/domain/keyring.ts'
import { parseSecret } from '../../src/domain/ledger/secret.ts'
import { encodeBase64url } from '../../src/lib/base64url.ts'
import { utf8 } from '../../src/lib/bytes.ts'
import { sha256 } from '../../src/lib/digest.ts'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'

const VERIFIER = 'the-verifier-of-the-application-that-asked-0001'
const OTHER = 'the-verifier-of-somebody-else-altogether-000002'

const challengeOf = async (verifier: string) => ({
  code_challenge: encodeBase64url(await sha256(utf8(verifier))),
  code_challenge_method: 'S256',
})

async function send(app: TestApp, body: Record<string, unknown>) {
  const email = anAddress()
  const sent = await app.call('POST', '/v1/passwordless/send', {
    email,
    method: 'link_and_code',
    redirect_uri: 'http://localhost:3000/callback',
    ...body,
  })
  expect(sent.status, sent.text).toBe(201)
  const content = app.outbox.findLast(({ to }) => to === email)?.content
  if (content?.kind !== 'sign_in') throw new Error('no mail')
  const link = content.link ?? ''
  const [token = ''] = new URL(link).searchParams.values()
  return { id: String(sent.json.id), userId: String(sent.json.user_id), link, token, code: content.code ?? '' }
}

const sendBound = async (app: TestApp, body: Record<string, unknown> = {}) =>
  send(app, { ...(await challengeOf(VERIFIER)), ...body })

const verify = (app: TestApp, body: Record<string, unknown>): Promise<Answer> =>
  app.call('POST', '/v1/passwordless/verify', body)

const exchange = (app: TestApp, code: string, verifier?: string): Promise<Answer> =>
  app.form(
    '/oauth/token',
    { grant_type: 'authorization_code', code, ...(verifier === undefined ? {} : { code_verifier: verifier }) },
    { 'x-api-key': ROOT_KEY },
  )

/** Opens the link in a new browser and presses; the grant in the redirect. */
async function press(app: TestApp, link: string): Promise<string> {
  const person = browser(app)
  const pressed = await person.press(await person.open(link))
  expect(pressed.status).toBe(303)
  return codeIn(pressed.headers.get('location'))
}

async function sessionsOf(userId: string): Promise<string[]> {
  const { results } = await env.DB.prepare('SELECT id FROM sessions WHERE user_id = ?')
    .bind(userId)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

let keyring: Promise<Keyring> | null = null
/** The ledger's document, as it is stored. */
async function ledgerDocument(token: string): Promise<string> {
  keyring ??= createKeyring(String(env.LATCHKEY_SECRET), null, (length) =>
    crypto.getRandomValues(new Uint8Array(length)),
  )
  const parsed = await parseSecret(await keyring, token)
  if (!parsed) throw new Error('no link')
  const stub = env.LEDGER.get(env.LEDGER.idFromName(parsed.ledger))
  return runInDurableObject(stub, (_ledger, state) => state.storage.kv.get<string>('document') ?? '')
}

afterEach(() => {
  vi.useRealTimers()
})

describe('bound by code_challenge', () => {
  it('the press redeems nothing, and its grant opens for the verifier alone', async () => {
    const app = testApp()
    const { link, token, userId } = await sendBound(app)
    const before = await ledgerDocument(token)
    const grant = await press(app, link)
    expect(await ledgerDocument(token)).toBe(before)
    expect(await sessionsOf(userId)).toEqual([])

    for (const body of [{ token: grant }, { token: grant, code_verifier: OTHER }]) {
      const refused = await verify(app, body)
      expect(refused.status).toBe(403)
      expect(refused.json.code).toBe('verifier_mismatch')
    }
    for (const verifier of [undefined, OTHER]) {
      const refused = await exchange(app, grant, verifier)
      expect(refused.status).toBe(400)
      expect(refused.json.error).toBe('invalid_grant')
    }
    expect(await ledgerDocument(token)).toBe(before)

    const exchanged = await verify(app, { token: grant, code_verifier: VERIFIER })
    expect(exchanged.status, exchanged.text).toBe(200)
    expect(exchanged.json).toMatchObject({ method: 'link', user: { id: userId }, session: { amr: ['email', 'link'] } })
    expect(await sessionsOf(userId)).toEqual([exchanged.json.session_id])
  })

  it('at /oauth/token too', async () => {
    const app = testApp()
    const { link, userId } = await sendBound(app)
    const exchanged = await exchange(app, await press(app, link), VERIFIER)
    expect(exchanged.status, exchanged.text).toBe(200)
    expect(await sessionsOf(userId)).toEqual([exchanged.json.session_id])
  })

  it('a scanner that presses ten times gains nothing and spoils nothing', async () => {
    const app = testApp()
    const { link, token, userId } = await sendBound(app)
    const before = await ledgerDocument(token)
    const scanner = browser(app)
    const page = await scanner.open(link)
    const stolen: string[] = []
    for (let time = 0; time < 10; time++) {
      const pressed = await scanner.press(page)
      expect(pressed.status).toBe(303)
      stolen.push(codeIn(pressed.headers.get('location')))
    }
    expect([...scanner.cookies.keys()]).toEqual(['visit'])
    for (const grant of stolen) {
      expect((await verify(app, { token: grant })).json.code).toBe('verifier_mismatch')
      expect((await verify(app, { token: grant, code_verifier: OTHER })).json.code).toBe('verifier_mismatch')
      expect((await exchange(app, grant)).json.error).toBe('invalid_grant')
    }
    expect(await ledgerDocument(token)).toBe(before)
    expect(await sessionsOf(userId)).toEqual([])

    const grant = await press(app, link)
    const exchanged = await verify(app, { token: grant, code_verifier: VERIFIER })
    expect(exchanged.status, exchanged.text).toBe(200)
    expect(await sessionsOf(userId)).toEqual([exchanged.json.session_id])
  })

  it('two presses: two grants, one session', async () => {
    const app = testApp()
    const { link, userId } = await sendBound(app)
    const grants = [await press(app, link), await press(app, link)]
    expect(grants[0]).not.toBe(grants[1])
    const exchanges = []
    for (const grant of grants) exchanges.push(await verify(app, { token: grant, code_verifier: VERIFIER }))
    expect(exchanges.map(({ status }) => status)).toEqual([200, 200])
    expect(exchanges[0]?.json.session_id).toBe(exchanges[1]?.json.session_id)
    expect(await sessionsOf(userId)).toHaveLength(1)
  })

  it('64 exchanges at once, some with a wrong verifier: one session', async () => {
    const app = testApp()
    const { link, userId } = await sendBound(app)
    const grants = await Promise.all(Array.from({ length: 8 }, () => press(app, link)))
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        verify(app, { token: grants[index % 8], code_verifier: index % 4 === 0 ? OTHER : VERIFIER }),
      ),
    )
    const right = answers.filter((_, index) => index % 4 !== 0)
    expect(right.map(({ status }) => status)).toEqual(right.map(() => 200))
    expect(new Set(right.map(({ json }) => json.session_id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(right.length)
    expect(await sessionsOf(userId)).toHaveLength(1)
  })

  it('an exchange that comes again with the verifier gets the same session and refresh token', async () => {
    const app = testApp()
    const { link } = await sendBound(app)
    const grant = await press(app, link)
    const [first, again] = [
      await verify(app, { token: grant, code_verifier: VERIFIER }),
      await verify(app, { token: grant, code_verifier: VERIFIER }),
    ]
    expect([first.status, again.status]).toEqual([200, 200])
    expect(again.json.session_id).toBe(first.json.session_id)
    expect(again.json.refresh_token).toBe(first.json.refresh_token)
  })

  it('a grant lives a minute, and its answer can be asked for a minute longer', async () => {
    const app = testApp()
    const { link } = await sendBound(app)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const pressedAt = Date.now()
    const [late, inTime] = [await press(app, link), await press(app, link)]
    vi.setSystemTime(pressedAt + 61_000)
    expect((await verify(app, { token: late, code_verifier: VERIFIER })).json.code).toBe('expired')

    vi.setSystemTime(pressedAt + 58_000)
    const first = await verify(app, { token: inTime, code_verifier: VERIFIER })
    expect(first.status, first.text).toBe(200)
    vi.setSystemTime(pressedAt + 62_000)
    const again = await verify(app, { token: inTime, code_verifier: VERIFIER })
    expect(again.status, again.text).toBe(200)
    expect(again.json.session_id).toBe(first.json.session_id)
    vi.setSystemTime(pressedAt + 121_000)
    expect((await verify(app, { token: inTime, code_verifier: VERIFIER })).status).toBe(410)
  })

  it('a grant of a press made before somebody redeemed the link otherwise is of no use', async () => {
    const app = testApp()
    const { link, id, code, userId } = await sendBound(app)
    const grant = await press(app, link)
    const byCode = await verify(app, { id, code, code_verifier: VERIFIER })
    expect(byCode.status, byCode.text).toBe(200)
    const exchanged = await verify(app, { token: grant, code_verifier: VERIFIER })
    expect(exchanged.json.session_id).toBe(byCode.json.session_id)
    expect((await verify(app, { token: grant, code_verifier: OTHER })).json.code).toBe('already_used')
    expect(await sessionsOf(userId)).toHaveLength(1)
  })

  it('the code needs the verifier too: without it right or wrong, nothing is used up', async () => {
    const app = testApp()
    const { id, code } = await sendBound(app)
    for (let time = 0; time < 8; time++) expect((await verify(app, { id, code })).json.code).toBe('verifier_mismatch')
    expect((await verify(app, { id, code, code_verifier: OTHER })).json.code).toBe('verifier_mismatch')
    expect((await verify(app, { id, code, code_verifier: VERIFIER })).status).toBe(200)
  })

  it('a direct link is verified with the verifier', async () => {
    const app = testApp()
    const { token, userId } = await sendBound(app, { link: 'direct' })
    expect((await verify(app, { token })).json.code).toBe('verifier_mismatch')
    expect((await verify(app, { token, code_verifier: OTHER })).json.code).toBe('verifier_mismatch')
    const verified = await verify(app, { token, code_verifier: VERIFIER })
    expect(verified.status, verified.text).toBe(200)
    expect(await sessionsOf(userId)).toEqual([verified.json.session_id])
  })

  it('a landing link that a back end verifies itself needs it as well', async () => {
    const app = testApp()
    const { token } = await sendBound(app)
    expect((await verify(app, { token })).json.code).toBe('verifier_mismatch')
    expect((await verify(app, { token, code_verifier: VERIFIER })).status).toBe(200)
  })

  it('a verifier where none was asked for is refused (RFC 9700 §4.8.2), and nothing is used up', async () => {
    const app = testApp()
    const { link, id, code, userId } = await send(app, {})
    const grant = await press(app, link)
    const byGrant = await verify(app, { token: grant, code_verifier: VERIFIER })
    expect(byGrant.status).toBe(403)
    expect(byGrant.json.code).toBe('verifier_mismatch')
    expect((await exchange(app, grant, VERIFIER)).json.error).toBe('invalid_grant')
    expect((await verify(app, { token: grant })).status).toBe(200)

    const other = await send(app, {})
    expect((await verify(app, { id: other.id, code: other.code, code_verifier: VERIFIER })).json.code).toBe(
      'verifier_mismatch',
    )
    expect((await verify(app, { token: other.token, code_verifier: VERIFIER })).json.code).toBe('verifier_mismatch')
    expect((await verify(app, { token: other.token })).status).toBe(200)
    expect((await verify(app, { id, code })).json.code).toBe('already_used')
    expect(await sessionsOf(userId)).toHaveLength(1)
  })

  it('a verifier that is no verifier, or a challenge that is none, is told', async () => {
    const app = testApp()
    const { token } = await sendBound(app)
    for (const code_verifier of ['', 'short', 'x'.repeat(129), `${'x'.repeat(43)}!`]) {
      expect((await verify(app, { token, code_verifier })).json.code).toBe('invalid_request')
    }
    const { code_challenge } = await challengeOf(VERIFIER)
    for (const body of [
      { code_challenge },
      { code_challenge_method: 'S256' },
      { code_challenge, code_challenge_method: 'plain' },
      { code_challenge: `${code_challenge}x`, code_challenge_method: 'S256' },
    ]) {
      expect((await app.call('POST', '/v1/passwordless/send', { email: anAddress(), ...body })).json.code).toBe(
        'invalid_request',
      )
    }
  })

  it('with no application to go to, the press signs nobody in', async () => {
    const app = testApp()
    const { link, token, userId } = await sendBound(app, { redirect_uri: undefined })
    const person = browser(app)
    const pressed = await person.press(await person.open(link))
    expect(pressed.status).toBe(403)
    expect(await sessionsOf(userId)).toEqual([])
    expect((await verify(app, { token, code_verifier: VERIFIER })).status).toBe(200)
  })
})

describe('bound by client and match', () => {
  const client = {
    ip: '203.0.113.7',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  }

  it.each([
    [['ip'], { ip: '203.0.113.8', user_agent: client.user_agent }],
    [['user_agent'], { ip: client.ip, user_agent: 'curl/8.5.0' }],
    [['ip', 'user_agent'], { ip: client.ip }],
    [['ip', 'user_agent'], { user_agent: client.user_agent }],
    [['ip'], undefined],
  ])('%j: %j is refused and nothing is used up', async (match, given) => {
    const app = testApp()
    const { token, id, code } = await send(app, { link: 'direct', client, match })
    for (const secret of [{ token }, { id, code }]) {
      const refused = await verify(app, given ? { ...secret, client: given } : secret)
      expect(refused.status, refused.text).toBe(403)
      expect(refused.json.code).toBe('client_mismatch')
    }
    const verified = await verify(app, { token, client })
    expect(verified.status, verified.text).toBe(200)
    expect(verified.json.session).toMatchObject(client)
  })

  it('is judged at the exchange where there is a page between', async () => {
    const app = testApp()
    const { link } = await send(app, { client, match: ['ip'] })
    const grant = await press(app, link)
    expect((await verify(app, { token: grant, client: { ip: '198.51.100.1' } })).json.code).toBe('client_mismatch')
    expect((await exchange(app, grant)).json.error).toBe('invalid_grant')
    expect((await verify(app, { token: grant, client: { ip: client.ip } })).status).toBe(200)
  })

  it('what is not in match may differ', async () => {
    const app = testApp()
    const { token } = await send(app, { link: 'direct', client, match: ['ip'] })
    expect((await verify(app, { token, client: { ip: client.ip, user_agent: 'another' } })).status).toBe(200)
  })

  it('match needs what it compares', async () => {
    const app = testApp()
    for (const body of [
      { match: ['ip'] },
      { match: ['user_agent'], client: { ip: client.ip } },
      { match: ['cookie'], client },
    ]) {
      const refused = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), ...body })
      expect(refused.json.code).toBe('invalid_request')
    }
  })
})

describe('the setting link_requires_id', () => {
  it('verify of a link needs the id of its challenge; the page does not', async () => {
    const app = testApp()
    expect((await app.call('PATCH', '/v1/project', { link_requires_id: true })).status).toBe(200)
    const [first, other, landing] = [
      await send(app, { link: 'direct' }),
      await send(app, { link: 'direct' }),
      await send(app, {}),
    ]
    await app.call('PATCH', '/v1/project', { link_requires_id: null })

    const without = await verify(app, { token: first.token })
    expect(without.status).toBe(403)
    expect(without.json.code).toBe('client_mismatch')
    expect((await verify(app, { token: first.token, id: other.id })).json.code).toBe('unknown_token')
    expect((await verify(app, { token: first.token, id: 'chal_x' })).json.code).toBe('unknown_token')
    expect(await sessionsOf(first.userId)).toEqual([])
    expect((await verify(app, { token: first.token, id: first.id })).status).toBe(200)

    const grant = await press(app, landing.link)
    expect((await verify(app, { token: grant })).status).toBe(200)
  })

  it('an id that is given is always compared', async () => {
    const app = testApp()
    const [first, other] = [await send(app, { link: 'direct' }), await send(app, { link: 'direct' })]
    expect((await verify(app, { token: first.token, id: other.id })).json.code).toBe('unknown_token')
    expect((await verify(app, { token: first.token, id: first.id })).status).toBe(200)
  })
})
