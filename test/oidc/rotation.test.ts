/** Signing keys rotate (security.md T3): published before they sign, kept until their last token has ended. */

import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test'
import { createRemoteJWKSet, customFetch, type JWK, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import worker from '../../src/index.ts'
import { env, ISSUER } from '../support/app.ts'
import {
  aClient,
  fetchOf,
  headerOf,
  introspect,
  locationOf,
  oidcApp,
  person,
  refresh,
  signIn,
  type TestClient,
  userinfo,
} from './support.ts'

const app = oidcApp()
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
/** On the hour. */
const START = Date.UTC(2031, 0, 1, 12, 0, 0) / 1000
let now = START
let es: TestClient
let rs: TestClient

const setTime = (seconds: number) => {
  now = seconds
  vi.setSystemTime(now * 1000)
}
/** The cron trigger of that minute. */
async function cron(bindings: Record<string, unknown> = {}): Promise<void> {
  const context = createExecutionContext()
  const controller = createScheduledController({ scheduledTime: new Date(now * 1000), cron: '* * * * *' })
  await worker.scheduled(controller as ScheduledController, { ...env, ...bindings }, context)
  await waitOnExecutionContext(context)
  // Beyond what an isolate remembers.
  setTime(now + 31)
}
const published = async (): Promise<JWK[]> => (await app.request('/.well-known/jwks.json')).json.keys
const kidOf = (token: string): string => headerOf(token).kid
const kids = async () => (await published()).map(({ kid }) => kid)

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  setTime(START)
  es = await aClient(app)
  rs = await aClient(app, { id_token_signed_response_alg: 'RS256' })
})
afterAll(() => {
  vi.useRealTimers()
})

describe('signing keys', () => {
  it('rotate in a day after 90 days, and nobody notices', async () => {
    const who = person(app)
    const [first, firstRs] = [await signIn(app, es, who), await signIn(app, rs, who)]
    expect(headerOf(first.id_token).alg).toBe('ES256')
    expect(headerOf(firstRs.id_token).alg).toBe('RS256')
    const before = await published()
    expect(before.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256'])
    expect(before.every((key) => key.d === undefined && key.use === 'sig')).toBe(true)

    // Before 90 days nothing happens, and between the hours neither.
    setTime(START + 89 * DAY)
    await cron()
    expect(await kids()).toHaveLength(2)
    setTime(START + 90 * DAY + 30 * MINUTE)
    await cron()
    expect(await kids()).toHaveLength(2)

    // A successor of each, published and not used for a day.
    const made = START + 90 * DAY + HOUR
    setTime(made)
    await cron()
    const both = await published()
    expect(both.map(({ alg }) => alg).sort()).toEqual(['ES256', 'ES256', 'RS256', 'RS256'])
    expect(new Set(both.map(({ kid }) => kid)).size).toBe(4)
    await cron()
    setTime(made + HOUR)
    await cron()
    expect(await kids()).toHaveLength(4)
    const relying = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`), { [customFetch]: fetchOf(app) })
    setTime(made + DAY - MINUTE)
    const [old, oldRs] = [await signIn(app, es, person(app)), await signIn(app, rs, person(app))]
    expect([kidOf(old.id_token), kidOf(oldRs.id_token)]).toEqual([kidOf(first.id_token), kidOf(firstRs.id_token)])
    // A verifier that fetched the keys now has those of tomorrow.
    await jwtVerify(old.id_token, relying)

    setTime(made + DAY + MINUTE)
    const refreshed = (await refresh(app, es, old.refresh_token)).json
    expect(kidOf(refreshed.access_token)).not.toBe(kidOf(old.access_token))
    expect(await kids()).toContain(kidOf(refreshed.access_token))
    await jwtVerify(refreshed.id_token, relying)
    const refreshedRs = (await refresh(app, rs, oldRs.refresh_token)).json
    expect(headerOf(refreshedRs.id_token)).toMatchObject({ alg: 'RS256' })
    expect(kidOf(refreshedRs.id_token)).not.toBe(kidOf(oldRs.id_token))
    // Tokens of the old key work on.
    expect((await userinfo(app, old.access_token)).status).toBe(200)
    expect(await introspect(app, es, oldRs.access_token)).toMatchObject({ active: true })

    // Until the last of them has ended, and then the old keys are gone.
    setTime(made + 2 * DAY)
    await cron()
    expect(await kids()).toHaveLength(4)
    setTime(made + 2 * DAY + 2 * HOUR)
    await cron()
    const after = await kids()
    expect(after).toHaveLength(2)
    expect(after).not.toContain(kidOf(old.access_token))
    expect(after).toContain(kidOf(refreshed.access_token))
    expect((await signIn(app, es, person(app))).id_token).toBeTypeOf('string')

    // An ID token of a key that is gone is no hint any more; the person is asked instead.
    const { id_token } = old
    expect(locationOf(await person(app).open(`/logout?id_token_hint=${id_token}`))).toBe(`${ISSUER}/account/signed-out`)
  })

  it('rotate though the other job of that minute fails, and the failure is told', async () => {
    setTime(START + 200 * DAY)
    const db = new Proxy(env.DB, {
      get(target, name) {
        if (name !== 'prepare') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)
        return (sql: string) => {
          if (/JOIN messages/.test(sql)) throw new Error('messages are broken')
          return target.prepare(sql)
        }
      },
    })
    await expect(cron({ DB: db })).rejects.toThrow('scheduled')
    setTime(now + 31)
    expect(await kids()).toHaveLength(4)
  })

  it('of two that rotate at once become one', async () => {
    setTime(START + 400 * DAY)
    const count = async () => (await env.DB.prepare('SELECT COUNT(*) AS n FROM signing_keys').first<{ n: number }>())?.n
    const before = await count()
    const at = now
    await Promise.all([cron(), cron()])
    setTime(at + 62)
    // Each of the two keys has one successor; their predecessors, long unused, are gone.
    expect(before).toBe(4)
    expect(await kids()).toHaveLength(4)
  })
})
