/** Languages as the Worker reads them: from ASSETS, once, and English where that fails. */

import { afterEach, describe, expect, it, vi } from 'vitest'

import { messagesFor } from '../../src/locales/all.ts'
import { en } from '../../src/locales/en.ts'
import { LOCALES } from '../../src/locales/index.ts'
import { messageLoader } from '../../src/locales/load.ts'
import type { Messages } from '../../src/locales/messages.ts'
import { anAddress, env, testApp } from '../support/app.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

type Fetch = (url: string) => Promise<Response>
const real: Fetch = (url) => (env.ASSETS as Fetcher).fetch(url)

/** ASSETS with a list of what was asked of it. */
function assetsBy(answer: Fetch) {
  const asked: string[] = []
  const fetch = (url: string) => {
    asked.push(new URL(url).pathname)
    return answer(url)
  }
  return { asked, assets: { fetch } as unknown as Fetcher }
}

const pageIn = async (app: ReturnType<typeof testApp>, language: string) =>
  (await app.request('/sign-in', { headers: { accept: 'text/html', 'accept-language': language } })).text

describe('a language', () => {
  it.each(LOCALES)('%s is the one that was written', async (locale) => {
    const report = vi.fn()
    const messages = await messageLoader(env.ASSETS as Fetcher, report)(locale)
    expect(report).not.toHaveBeenCalled()
    const source = messagesFor(locale)
    expect([messages.lang, messages.dir, messages.intl]).toEqual([source.lang, source.dir, source.intl])
    expect(messages.page.confirm.heading('Acme')).toBe(source.page.confirm.heading('Acme'))
  })

  it('is read once, on the first page and the first mail that need it', async () => {
    const { asked, assets } = assetsBy(real)
    const app = testApp({ bindings: { ASSETS: assets } })
    expect(await pageIn(app, 'en')).toContain('<html lang="en" dir="ltr">')
    expect(asked).toEqual([])
    for (const _ of [1, 2]) expect(await pageIn(app, 'ar')).toContain('<html lang="ar" dir="rtl">')
    for (const _ of [1, 2])
      await app.call('POST', '/v1/passwordless/send', { email: anAddress(), locale: 'de', redirect_uri: undefined })
    expect(await pageIn(app, 'de')).toContain('<html lang="de" dir="ltr">')
    expect(asked).toEqual(['/locales/ar.json', '/locales/de.json'])
  })

  it('goes into the mail', async () => {
    const spoken: Messages[] = []
    const app = testApp({
      ports: {
        sendMail: async (_, messages) => {
          spoken.push(messages)
          return { status: 'accepted', provider: 'outbox', providerId: '1', attempts: [] }
        },
      },
    })
    await app.call('POST', '/v1/passwordless/send', { email: anAddress(), locale: 'ja' })
    expect(spoken.map(({ lang }) => lang)).toEqual(['ja'])
  })
})

const german = async (): Promise<Record<string, unknown>> => (await real('https://assets.local/locales/de.json')).json()

describe('a language that cannot be read', () => {
  it.each<[string, Fetch]>([
    ['is not there', async () => new Response('', { status: 404 })],
    ['is refused', async () => new Response('{}', { status: 500 })],
    ['is a failed call', () => Promise.reject(new Error('assets are away'))],
    ['is cut off', async (url) => new Response((await (await real(url)).text()).slice(0, -1))],
    ['is of another version', async () => Response.json({ ...(await german()), help: undefined })],
    ['is no JSON at all', async () => new Response('<!doctype html>')],
  ])('%s: the person gets English, and it is logged once', async (_, answer) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { asked, assets } = assetsBy(answer)
    const app = testApp({ bindings: { ASSETS: assets } })
    for (const _ of [1, 2]) {
      const page = await pageIn(app, 'de')
      expect(page).toContain('<html lang="en" dir="ltr">')
      expect(page).toContain(en.signIn.address.lead)
    }
    expect(asked).toEqual(['/locales/de.json', '/locales/de.json'])
    expect(log).toHaveBeenCalledTimes(1)
    expect(log.mock.calls[0]?.[0]).toContain('/locales/de.json is unavailable')
  })

  it('is English without the binding too', async () => {
    const report = vi.fn()
    expect(await messageLoader(null, report)('fr')).toBe(en)
    expect(report).toHaveBeenCalledTimes(1)
  })

  it('keeps nobody waiting for more than 2 s, and is there again when it answers', async () => {
    let answer: Fetch = () => new Promise(() => {})
    const { assets } = assetsBy((url) => answer(url))
    const report = vi.fn()
    const messages = messageLoader(assets, report)
    vi.useFakeTimers()
    const waiting = messages('de')
    await vi.advanceTimersByTimeAsync(1999)
    expect(report).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await waiting).toBe(en)
    vi.useRealTimers()
    answer = real
    expect((await messages('de')).lang).toBe('de')
    expect(report).toHaveBeenCalledTimes(1)
  })

  it('takes no other language with it', async () => {
    const { assets } = assetsBy((url) => (url.includes('/de.') ? Promise.reject(new Error('away')) : real(url)))
    const messages = messageLoader(assets, () => {})
    expect((await Promise.all((['de', 'fr', 'ar'] as const).map(messages))).map(({ lang }) => lang)).toEqual([
      'en',
      'fr',
      'ar',
    ])
  })
})
