/**
 * Nothing that opens a door lies around (promise 7; security.md L9): after hundreds of sends, sign-ins and failures, all that
 * is stored and logged is searched for every secret that was handed out, in plain and in the usual disguises.
 */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/lib/base64url.ts'
import { hex, utf8 } from '../../src/lib/bytes.ts'
import { sha256 } from '../../src/lib/digest.ts'
import type { Delivery } from '../../src/ports.ts'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import {
  base64,
  createSearch,
  type Finding,
  inD1,
  inKv,
  inLedgers,
  inTurns,
  type Kept,
  latin1,
  secretBytes,
} from '../support/canary.ts'

const SENDS = 500
const CALLBACK = 'http://localhost:3000/callback'

// --- a busy day -----------------------------------------------------------------------------------------------------

const LEVELS = ['log', 'info', 'warn', 'error', 'debug'] as const

function listenToConsole(): Kept[] {
  const heard: Kept[] = []
  for (const level of LEVELS) {
    vi.spyOn(console, level).mockImplementation((...values: unknown[]) => {
      const text = values.map((value) =>
        value instanceof Error
          ? `${value.stack} ${value.cause}`
          : typeof value === 'string'
            ? value
            : JSON.stringify(value),
      )
      heard.push({ place: `console.${level}`, text: text.join(' ') })
    })
  }
  return heard
}

/** A provider that accepts most mails, cannot be reached for some, refuses some, and breaks for a few. */
async function deliver(index: number): Promise<Delivery> {
  if (index % 100 === 7) throw new Error('the provider broke')
  if (index % 50 === 3) return { status: 'failed', attempts: [{ provider: 'fake', event: 'refused', detail: '422' }] }
  if (index % 5 === 0) return { status: 'retry', attempts: [{ provider: 'fake', event: 'unreachable', detail: '500' }] }
  return { status: 'accepted', provider: 'fake', providerId: `fake-${index}`, attempts: [] }
}

/** Bindings that fail now and then, for what the failures leave in the log. */
function unsteady() {
  let calls = 0
  const now_and_then = () => {
    if (++calls % 40 === 0) throw new Error('D1_ERROR: database is locked: SQLITE_BUSY')
  }
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name !== 'batch') return Reflect.get(target, name).bind(target)
      return async (statements: D1PreparedStatement[]) => {
        now_and_then()
        return target.batch(statements)
      }
    },
  })
  const CODES = new Proxy(env.CODES, {
    get(target, name) {
      if (name !== 'put') return Reflect.get(target, name).bind(target)
      return async (...args: Parameters<KVNamespace['put']>) => {
        if (++calls % 25 === 0) throw new Error('KV PUT failed: 429 Too Many Requests')
        return target.put(...args)
      }
    },
  })
  return { DB, CODES }
}

const token = (app: TestApp, fields: Record<string, string>, key = ROOT_KEY): Promise<Answer> =>
  app.form('/oauth/token', fields, { 'x-api-key': key })

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what is stored and logged', () => {
  it('holds no secret, code, grant, refresh token, API key or visit after hundreds of sends', {
    timeout: 120_000,
  }, async () => {
    const heard = listenToConsole()
    const search = createSearch()
    const mails = new Map<string, { link: string; code: string }>()
    const indexOf = new Map<string, number>()
    const app = testApp({
      bindings: unsteady(),
      ports: {
        sendMail: async ({ to, content }) => {
          if (content.kind !== 'sign_in') throw new Error('another mail')
          mails.set(to, { link: content.link ?? '', code: content.code ?? '' })
          return deliver(indexOf.get(to) ?? 1)
        },
      },
    })

    // API keys, some of which do the work below; one is revoked.
    const steady = testApp()
    const keys = await inTurns(Array.from({ length: 20 }), async () => {
      const scopes = ['passwordless:send', 'passwordless:verify', 'passwordless:reveal', 'sessions:read']
      const { json } = await steady.call('POST', '/v1/api_keys', { name: 'canary', scopes })
      return { id: String(json.id), key: String(json.key) }
    })
    await steady.call('DELETE', `/v1/api_keys/${keys[0]?.id}`)
    for (const { key } of keys) {
      search.text('API key', key)
      search.text('secret of an API key', key.slice(-49, -6))
    }

    const statuses: Record<number, number> = {}
    const people = await inTurns(Array.from({ length: SENDS }), async (_, index) => {
      const email = anAddress()
      indexOf.set(email, index)
      const sent = await app.call(
        'POST',
        '/v1/passwordless/send',
        {
          email,
          method: 'link_and_code',
          redirect_uri: CALLBACK,
          state: `state-${index}`,
          ...(index % 3 === 0 ? { link: 'direct' } : {}),
          ...(index % 10 === 1 ? { reveal: true } : {}),
        },
        {
          key: keys[1 + (index % 19)]?.key ?? ROOT_KEY,
          headers: index % 4 === 0 ? { 'idempotency-key': `send-${index}` } : {},
        },
      )
      statuses[sent.status] = (statuses[sent.status] ?? 0) + 1
      const mail = mails.get(email)
      if (!mail) return null
      const secret = new URL(mail.link).searchParams.get(index % 3 === 0 ? 'token' : 'code') ?? ''
      search.text('link', secret)
      search.bytes('secret of a link', secretBytes(secret))
      await search.code(mail.code)
      return { id: String(sent.json.id ?? ''), email, secret, ...mail }
    })
    expect(statuses[201]).toBeGreaterThan(SENDS * 0.85)
    expect(statuses[503]).toBeGreaterThan(0)
    expect(statuses[500]).toBeGreaterThan(0)

    // Resends, wrong codes, sign-ins by every way, with tokens that are refreshed.
    let signedIn = 0
    await inTurns(people, async (person, index) => {
      if (!person || index % 5 > 2 || person.id === '') return
      if (index % 20 === 2) {
        await app.call('POST', '/v1/passwordless/resend', { id: person.id })
        const mail = mails.get(person.email)
        if (mail?.code) await search.code(mail.code)
        const [again = ''] = new URL(mail?.link ?? 'http://none').searchParams.values()
        if (again) search.bytes('secret of a link', secretBytes(again))
      }
      await app.call('POST', '/v1/passwordless/verify', { id: person.id, code: '000000' })
      let issued: Answer
      if (index % 3 === 0) {
        issued = await app.call(
          'POST',
          '/v1/passwordless/verify',
          { token: person.secret },
          { headers: { 'idempotency-key': `verify-${index}` } },
        )
      } else if (index % 3 === 1) {
        issued = await app.call('POST', '/v1/passwordless/verify', { id: person.id, code: person.code })
      } else {
        const visitor = browser(app)
        const pressed = await visitor.press(await visitor.open(person.link))
        const visit = visitor.cookies.get('visit')
        if (visit) {
          search.text('visit', visit)
          search.bytes('visit', decodeBase64url(visit) ?? new Uint8Array())
        }
        const location = pressed.headers.get('location')
        if (!location) return
        const grant = codeIn(location)
        search.text('grant', grant)
        search.bytes('secret of a grant', secretBytes(grant))
        issued = await token(app, { grant_type: 'authorization_code', code: grant })
        // Reuse, which is written down as an event.
        if (index % 30 === 2) await token(app, { grant_type: 'authorization_code', code: grant })
      }
      for (let refreshed = 0; issued.json.refresh_token && refreshed < 2; refreshed++) {
        signedIn += refreshed === 0 ? 1 : 0
        const value = String(issued.json.refresh_token)
        search.text('refresh token', value)
        search.bytes('refresh token', decodeBase64url(value) ?? new Uint8Array())
        search.bytes('MAC of a refresh token', (decodeBase64url(value) ?? new Uint8Array()).subarray(22))
        search.text('access token', String(issued.json.access_token))
        issued = await token(app, { grant_type: 'refresh_token', refresh_token: value })
      }
    })
    expect(signedIn).toBeGreaterThan(SENDS * 0.4)

    const [d1, kv, ledgers] = [await inD1(), await inKv(), await inLedgers()]
    const pending = d1.filter(({ place, text }) => place === 'D1 messages.status' && text === 'pending')
    expect(pending.length).toBeGreaterThan(SENDS * 0.1)
    expect(kv.length).toBeGreaterThan(SENDS)
    expect(ledgers.length).toBeGreaterThanOrEqual(SENDS)
    expect(heard.length).toBeGreaterThan(20)
    expect(search.size).toBeGreaterThan(SENDS * 10)

    const findings: Record<Finding, number> = {}
    for (const { place, text } of [...d1, ...kv, ...ledgers, ...heard]) {
      for (const finding of search.in(place, text)) findings[finding] = (findings[finding] ?? 0) + 1
    }
    expect(findings).toEqual({})
  })

  it('would be found: the search finds what is planted', async () => {
    const search = createSearch()
    const secret = crypto.getRandomValues(new Uint8Array(24))
    search.bytes('secret', secret)
    search.text('token', 'lk_0123456789')
    await search.code('048213')
    const digest = await sha256(utf8('048213'))
    for (const [planted, what] of [
      [`{"link":"${encodeBase64url(secret)}"}`, 'secret in base64url'],
      [`x${base64(secret)}x`, 'secret in base64'],
      [`\u0000${latin1(secret)}\u00ff`, 'secret as bytes'],
      [hex(secret), 'secret in hex'],
      [hex(secret).toUpperCase(), 'secret in HEX'],
      ['{"key":"lk_0123456789"}', 'token'],
      [base64(utf8('lk_0123456789')), 'token in base64'],
      ['{"code":"048213"}', 'code'],
      ['048213', 'code'],
      [`#${hex(utf8('048213'))}`, 'code in hex'],
      [btoa('048213'), 'code in base64'],
      [`"${hex(digest)}"`, 'bare hash of a code in hex'],
      [`"${base64(digest)}="`, 'bare hash of a code in base64'],
      [`"${encodeBase64url(digest)}"`, 'bare hash of a code in base64url'],
    ] as const) {
      expect(search.in('a place', planted), what).toContain(`${what} in a place`)
    }
    expect(search.in('a place', 'at 1790482131, x048213, 0482130, lk_0123456780')).toEqual([])
  })
})
