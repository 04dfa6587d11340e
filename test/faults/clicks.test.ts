/** What people and machines do with a link's page: twice, late, back again, from elsewhere (promises 2 and 3; security.md L1). */

import { runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createKeyring, type Keyring } from '../../src/domain/keyring.ts'
import { parseSecret } from '../../src/domain/ledger/secret.ts'
import {
  type Answer,
  anAddress,
  browser,
  codeIn,
  env,
  formAction,
  hiddenFields,
  ISSUER,
  type TestApp,
  testApp,
} from '../support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

const HTML = { accept: 'text/html' }

async function sendLink(app: TestApp, body: Record<string, unknown> = {}) {
  const email = anAddress()
  const sent = await app.call('POST', '/v1/passwordless/send', {
    email,
    method: 'link',
    redirect_uri: 'http://localhost:3000/callback',
    ...body,
  })
  expect(sent.status, sent.text).toBe(201)
  const content = app.outbox.findLast(({ to }) => to === email)?.content
  const link = content?.kind === 'sign_in' ? (content.link ?? '') : ''
  return { link, code: new URL(link).searchParams.get('code') ?? '', userId: String(sent.json.user_id) }
}

async function sessionsOf(userId: string): Promise<number> {
  const row = await env.DB.prepare('SELECT COUNT(*) AS n FROM sessions WHERE user_id = ?')
    .bind(userId)
    .first<{ n: number }>()
  return row?.n ?? 0
}

const exchange = (app: TestApp, pressed: Answer) =>
  app.call('POST', '/v1/passwordless/verify', { token: codeIn(pressed.headers.get('location')) })

let keyring: Promise<Keyring> | null = null
/** The document of the ledger that decides about a link, as it is stored. */
async function ledgerDocument(code: string): Promise<string> {
  keyring ??= createKeyring(String(env.LATCHKEY_SECRET), null, (length) =>
    crypto.getRandomValues(new Uint8Array(length)),
  )
  const parsed = await parseSecret(await keyring, code)
  if (!parsed) throw new Error('no link')
  const stub = env.LEDGER.get(env.LEDGER.idFromName(parsed.ledger))
  return runInDurableObject(stub, (_ledger, state) => state.storage.kv.get<string>('document') ?? '')
}

/** Nothing was used up: a person who opens the link now gets in. */
async function expectUnspent(app: TestApp, link: string): Promise<void> {
  const person = browser(app)
  const pressed = await person.press(await person.open(link))
  expect(pressed.status).toBe(303)
  expect((await exchange(app, pressed)).status).toBe(200)
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

afterEach(() => {
  vi.useRealTimers()
})

describe('the same browser presses again', () => {
  it('120 ms later, while the first answer is slow', async () => {
    let calls = 0
    const LEDGER = new Proxy(env.LEDGER, {
      get(target, name) {
        if (name !== 'get') return Reflect.get(target, name).bind(target)
        return (id: DurableObjectId) => ({
          run: async (command: never) => {
            const outcome = await target.get(id).run(command)
            if (calls++ === 0) await sleep(600)
            return outcome
          },
        })
      },
    })
    const plain = testApp()
    const { link, userId } = await sendLink(plain)
    const app = testApp({ bindings: { LEDGER } })
    const person = browser(app)
    const page = await person.open(link)
    const first = person.press(page)
    await sleep(120)
    const second = await person.press(page)
    // The browser has dropped the first answer and follows the second.
    expect(second.status).toBe(303)
    const exchanged = await exchange(app, second)
    expect(exchanged.status, exchanged.text).toBe(200)
    expect((await first).status).toBe(303)
    expect((await exchange(app, await first)).json.session_id).toBe(exchanged.json.session_id)
    expect(await sessionsOf(userId)).toBe(1)
  })

  it('after a reload', async () => {
    const app = testApp()
    const { link, userId } = await sendLink(app)
    const person = browser(app)
    const page = await person.open(link)
    const first = await person.press(page)
    const reloaded = await person.open(link)
    expect(reloaded.status).toBe(200)
    const second = await person.press(reloaded)
    expect([first.status, second.status]).toEqual([303, 303])
    const sessions = [(await exchange(app, second)).json.session_id, (await exchange(app, first)).json.session_id]
    expect(sessions[0]).toBe(sessions[1])
    expect(await sessionsOf(userId)).toBe(1)
  })

  it('after Back, on the same form, when the first grant was exchanged already', async () => {
    const app = testApp()
    const { link, userId } = await sendLink(app)
    const person = browser(app)
    const page = await person.open(link)
    const first = await exchange(app, await person.press(page))
    const second = await exchange(app, await person.press(page))
    expect(second.status, second.text).toBe(200)
    expect(second.json.session_id).toBe(first.json.session_id)
    expect(second.json.refresh_token).not.toBe(first.json.refresh_token)
    expect(await sessionsOf(userId)).toBe(1)
  })

  it('with no application: signed in, twice', async () => {
    const app = testApp()
    const { link, userId } = await sendLink(app, { redirect_uri: undefined })
    const person = browser(app)
    const page = await person.open(link)
    for (const _ of ['first', 'again']) {
      const pressed = await person.press(page)
      expect(pressed.headers.get('location')).toBe(`${ISSUER}/account`)
    }
    expect(await sessionsOf(userId)).toBe(1)
  })

  it('with cookies refused: the form is the visit', async () => {
    const app = testApp()
    const { link, userId } = await sendLink(app)
    const page = await app.request(link, { headers: HTML })
    const fields = hiddenFields(page.text)
    const presses = [
      await app.form(formAction(page.text), fields, HTML),
      await app.form(formAction(page.text), fields, HTML),
    ]
    expect(presses.map(({ status }) => status)).toEqual([303, 303])
    for (const pressed of presses) expect((await exchange(app, pressed)).status).toBe(200)
    expect(await sessionsOf(userId)).toBe(1)
    // Another form is another visit: who has no cookies cannot be told from a stranger.
    const elsewhere = await app.request(link, { headers: HTML })
    expect((await app.form(formAction(elsewhere.text), hiddenFields(elsewhere.text), HTML)).status).toBe(409)
  })

  it('more than a minute later: the page says that the link was used, and when', async () => {
    const app = testApp()
    const { link, userId } = await sendLink(app)
    const person = browser(app)
    const page = await person.open(link)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const usedAt = new Date().toISOString().slice(0, 16)
    expect((await person.press(page)).status).toBe(303)
    vi.setSystemTime(Date.now() + 59_000)
    const again = await person.press(page)
    expect(again.status).toBe(303)
    vi.setSystemTime(Date.now() + 2_000)
    const late = await person.press(page)
    expect(late.status).toBe(409)
    expect(late.text).toContain('Already used')
    expect(late.text).toContain('This link was used at')
    expect(late.text).toContain(`<time datetime="${usedAt}`)
    expect(late.headers.get('location')).toBeNull()
    // The grant of the second press has a minute of its own.
    expect((await exchange(app, again)).status).toBe(200)
    expect(await sessionsOf(userId)).toBe(1)
  })
})

describe('another browser', () => {
  it("with somebody else's form is asked again, and uses nothing up", async () => {
    const app = testApp()
    const { link, code } = await sendLink(app)
    const [person, other] = [browser(app), browser(app)]
    const page = await person.open(link)
    await other.open(link)
    const before = await ledgerDocument(code)
    const asked = await other.press(page)
    expect(asked.status).toBe(403)
    expect(asked.text).toContain('Nothing is lost: press the button once more.')
    expect(await ledgerDocument(code)).toBe(before)
    // The page that came with it works.
    expect((await other.press(asked)).status).toBe(303)
  })

  it('whose visit has nothing to do with the link is asked again', async () => {
    const app = testApp()
    const [first, second] = [await sendLink(app), await sendLink(app)]
    const person = browser(app)
    await person.open(first.link)
    const page = await person.open(second.link)
    // One visit, two links: each form is for its own link.
    const mixed = { ...hiddenFields(page.text), code: first.code }
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect((await app.form(formAction(page.text), mixed, { ...HTML, cookie })).status).toBe(403)
    expect((await person.press(page)).status).toBe(303)
    await expectUnspent(app, first.link)
  })

  it('that comes second reads that the link was used, and gets no cookie of a session', async () => {
    const app = testApp()
    const { link } = await sendLink(app)
    const [person, other] = [browser(app), browser(app)]
    const page = await other.open(link)
    await person.press(await person.open(link))
    const pressed = await other.press(page)
    expect(pressed.status).toBe(409)
    expect(pressed.text).toContain('Already used')
    expect([...other.cookies.keys()]).toEqual(['visit'])
  })
})

describe('opening', () => {
  const AGENTS = [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36',
    'Mozilla/5.0 (compatible; SafeLinks)',
    'Slackbot-LinkExpanding 1.0',
    'WhatsApp/2.23',
    'curl/8.5.0',
  ]
  const HEADERS = [
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
    {},
  ]
  /** A small generator with a seed, so that a failing sequence can be run again (mulberry32). */
  const random = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  it('200 random sequences of GET, HEAD, OPTIONS and prefetches change nothing, and the press wins', async () => {
    // Every other one without the copy in KV, so that the page has to ask the ledger.
    const CODES = new Proxy(env.CODES, {
      get: (target, name) => (name === 'get' ? async () => null : Reflect.get(target, name).bind(target)),
    })
    const apps = [testApp(), testApp({ bindings: { CODES } })]
    const seeds = Array.from({ length: 200 }, (_, index) => index + 1)
    await Promise.all(
      seeds.map(async (seed) => {
        const app = apps[seed % 2] as TestApp
        const next = random(seed)
        const pick = <T>(list: T[]): T => list[Math.floor(next() * list.length)] as T
        const { link, code, userId } = await sendLink(app)
        const before = await ledgerDocument(code)
        const visits = [browser(app), browser(app)]
        for (let step = 0; step < 1 + Math.floor(next() * 8); step++) {
          const method = pick(['GET', 'GET', 'HEAD', 'OPTIONS', 'visit'])
          if (method === 'visit') await pick(visits).open(link)
          else
            await app.request(link, {
              method,
              headers: { ...HTML, 'user-agent': pick(AGENTS), ...pick(HEADERS) } as Record<string, string>,
            })
        }
        expect(await ledgerDocument(code), `seed ${seed}`).toBe(before)
        const person = pick(visits)
        const pressed = await person.press(await person.open(link))
        expect(pressed.status, `seed ${seed}`).toBe(303)
        expect((await exchange(app, pressed)).status).toBe(200)
        expect(await sessionsOf(userId)).toBe(1)
      }),
    )
  })

  it('writes nothing at all: no row, no key, no object', async () => {
    const app = testApp()
    const { link } = await sendLink(app)
    const writes: string[] = []
    const guard = <T extends object>(binding: T, reads: string[]): T =>
      new Proxy(binding, {
        get(target, name) {
          if (!reads.includes(String(name))) writes.push(String(name))
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function' ? member.bind(target) : member
        },
      })
    const reading = testApp({
      bindings: { DB: guard(env.DB, ['prepare']), CODES: guard(env.CODES, ['get']), LEDGER: guard(env.LEDGER, []) },
    })
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await reading.request(link, { method, headers: HTML })
    expect(writes).toEqual([])
  })

  it('gives HEAD the headers of GET and no body', async () => {
    const app = testApp()
    const { link } = await sendLink(app)
    const head = await app.request(link, { method: 'HEAD', headers: HTML })
    expect(head.status).toBe(200)
    expect(head.text).toBe('')
    expect(head.headers.get('cache-control')).toBe('no-store')
  })
})

describe('a press that is not from our page', () => {
  it.each([
    ['no Origin', {}],
    ['Origin null', { origin: 'null' }],
    ['another Origin', { origin: 'https://attacker.example' }],
    ['the same host by another scheme', { origin: ISSUER.replace('http:', 'https:') }],
    ['the same host on another port', { origin: 'http://localhost:8788' }],
    ['an Origin that only begins alike', { origin: `${ISSUER}.attacker.example` }],
    ['two Origins', { origin: `${ISSUER}, ${ISSUER}` }],
  ])('%s: 403, and nothing is used up', async (_, origin) => {
    const app = testApp()
    const { link, code } = await sendLink(app)
    const page = await app.request(link, { headers: HTML })
    const cookie = page.headers
      .getSetCookie()
      .map((text) => text.split(';')[0])
      .join('; ')
    const before = await ledgerDocument(code)
    for (const path of [formAction(page.text), '/auth/magic-link/new']) {
      const refused = await app.request(path, {
        method: 'POST',
        headers: { ...HTML, ...origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(hiddenFields(page.text)).toString(),
      })
      expect(refused.status).toBe(403)
      expect(refused.text).toContain('That press did not come from our page')
      expect(refused.headers.getSetCookie()).toEqual([])
    }
    expect(await ledgerDocument(code)).toBe(before)
    await expectUnspent(app, link)
  })

  it('another host: 421, and nothing is used up', async () => {
    const app = testApp()
    const { link, code } = await sendLink(app)
    const page = await app.request(link, { headers: HTML })
    const before = await ledgerDocument(code)
    for (const host of ['http://latchkey.example.workers.dev', 'http://localhost:8788', 'http://127.0.0.1:8787']) {
      const opened = await app.request(link.replace(ISSUER, host), { headers: HTML })
      expect(opened.status).toBe(421)
      expect(opened.headers.getSetCookie()).toEqual([])
      for (const origin of [host, ISSUER]) {
        const pressed = await app.request(`${host}/auth/magic-link`, {
          method: 'POST',
          headers: { ...HTML, origin, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(hiddenFields(page.text)).toString(),
        })
        expect(pressed.status).toBe(421)
        expect(pressed.text).toContain(`href="${ISSUER}`)
      }
    }
    expect(await ledgerDocument(code)).toBe(before)
    await expectUnspent(app, link)
  })

  it.each(['PUT', 'PATCH', 'DELETE'])('%s: 405', async (method) => {
    const app = testApp()
    const { link, code } = await sendLink(app)
    const before = await ledgerDocument(code)
    expect((await app.request(link, { method, headers: { ...HTML, origin: ISSUER } })).status).toBe(405)
    expect(await ledgerDocument(code)).toBe(before)
  })
})
