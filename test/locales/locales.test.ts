import { describe, expect, it } from 'vitest'
import { messagesFor } from '../../src/locales/all.ts'
import { duration, isolate, moment, placeName } from '../../src/locales/format.ts'
import { LOCALES, type Locale } from '../../src/locales/index.ts'
import type { Messages } from '../../src/locales/messages.ts'
import { renderMail } from '../support/render.ts'

const address = 'a•••@example.com'
const code = '482 913'
const when = '14:05 UTC'
const lasting = '15 min'

/** Texts whose arguments are others than the application's name. */
const argumentsOf: Record<string, (app: string | null) => unknown[][]> = {
  timeOnDay: () => [[when, '21.11.']],
  help: () => [[address]],
  'page.confirm.lead': () => [[address]],
  'page.confirm.validUntil': () => [[when]],
  'page.used.lead': () => [[when]],
  'page.resent.lead': () => [[address]],
  'page.resent.text.lead': () => [['+49 ••• 12']],
  'page.signedIn.lead': () => [[address]],
  'page.misdirected.button': () => [['acme.example']],
  'signIn.address.signedInAs': () => [[address]],
  'signIn.waiting.lead.both': () => [[address]],
  'signIn.waiting.lead.link': () => [[address]],
  'signIn.waiting.lead.code': () => [[address]],
  'signIn.waiting.lead.relay': () => [[address]],
  'signIn.waiting.wrong': () => [[1], [2], [3], [11]],
  'signIn.elsewhere.lead': (app) => [[app, address]],
  'signIn.switched.current': () => [[address]],
  'signIn.switched.lead': () => [[address]],
  'signIn.switched.button': () => [[address]],
  'signIn.switched.stay': () => [[address]],
  'account.since': () => [[when]],
  'account.lastActive': () => [[when]],
  'mail.codeSubject': (app) => [[code, app]],
  'mail.preheader.link': () => [[lasting]],
  'mail.preheader.code': () => [[code, lasting]],
  'mail.preheader.both': () => [[code, lasting]],
  'mail.linkValid': () => [[lasting]],
  'mail.codeValid': () => [[lasting]],
  'mail.addressChanged.lead': (app) => [[app, when]],
  'mail.addressChanged.notYouWrite': (app) => [[app, address]],
  'mail.signInEnded.lead': (app) => [[app, when]],
  'mail.signInEnded.notYouWrite': (app) => [[app, address]],
  'text.code': (app) => [[code, app, lasting]],
  'text.link': (app) => [[app, lasting]],
  'text.both': (app) => [[code, app, lasting]],
}

type Text = { path: string; text: string; given: unknown[] }

/** Every text of a language, the ones with an application's name with and without it. */
function textsOf(messages: Messages): Text[] {
  const { lang: _lang, dir: _dir, intl: _intl, ...texts } = messages
  return walk(texts, [])
}

function walk(node: unknown, keys: string[]): Text[] {
  const path = keys.join('.')
  if (typeof node === 'string') return [{ path, text: node, given: [] }]
  if (typeof node === 'function') {
    const apps = [null, 'Acme'].flatMap((app) => argumentsOf[path]?.(app) ?? [[app]])
    return apps.map((given) => ({ path: `${path}(${given.join()})`, text: String(node(...given)), given }))
  }
  return Object.entries(node ?? {}).flatMap(([key, value]) => walk(value, [...keys, key]))
}

const english = textsOf(messagesFor('en'))

/** Words that a language shares with English. */
const SHARED: Partial<Record<Locale, string[]>> = { de: ['Browser', 'Code', 'Name'], fr: ['Code'], it: ['Browser'] }

/** Our own marks of direction, which say nothing. */
const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '')

it('can all be told from English by the walk', () => {
  expect(english.length).toBeGreaterThan(200)
  expect(english.filter(({ text }) => text.trim() === '')).toEqual([])
})

describe.each(LOCALES)('%s', (locale) => {
  const messages = messagesFor(locale)
  const texts = textsOf(messages)
  const those = (isWrong: (text: Text) => boolean) => texts.filter(isWrong).map(({ path, text }) => `${path}: ${text}`)

  it('has its tag, and one that Intl knows', () => {
    expect(messages.lang).toBe(locale)
    expect(Intl.DateTimeFormat.supportedLocalesOf(messages.intl)).toEqual([messages.intl])
    expect(new Intl.Locale(messages.intl).language).toBe(new Intl.Locale(locale).language)
  })

  it('has every text', () => {
    expect(texts.map(({ path }) => path)).toEqual(english.map(({ path }) => path))
    expect(those(({ text }) => plain(text).trim() === '')).toEqual([])
    expect(those(({ text }) => /null|undefined|\[object|NaN/.test(text))).toEqual([])
  })

  it('says what it was given, where English does', () => {
    const missing = texts.flatMap(({ path, text, given }, index) =>
      given
        .filter((value) => typeof value === 'string' && english[index]?.text.includes(value) && !text.includes(value))
        .map((value) => `${path} lacks ${value}: ${text}`),
    )
    expect(missing).toEqual([])
  })

  it('is not English', () => {
    if (locale === 'en') return
    const shared = SHARED[locale] ?? []
    const same = texts.filter(
      ({ path, text }, index) =>
        !['firstOfMonth', 'timeOnDay'].includes(path) && text === english[index]?.text && !shared.includes(text),
    )
    expect(same).toEqual([])
  })

  it('is calm and clean', () => {
    expect(those(({ text }) => /[!！¡]/.test(text))).toEqual([])
    expect(those(({ text }) => /[\p{Cc}\u2028\u2029\u202a-\u202e\ufffd]/u.test(text))).toEqual([])
    expect(those(({ text }) => text !== text.trim() || text.includes('  '))).toEqual([])
    expect(those(({ text }) => text !== text.normalize('NFC'))).toEqual([])
  })

  it('keeps the place of the countdown, and no other', () => {
    expect(messages.signIn.waiting.resendLater.match(/\{time\}/g)).toHaveLength(1)
    expect(those(({ path, text }) => path !== 'signIn.waiting.resendLater' && /[{}]/.test(text))).toEqual([])
  })

  it('counts the tries that are left', () => {
    const { wrong } = messages.signIn.waiting
    expect(wrong(3)).toContain('3')
    expect(wrong(11)).toContain('11')
    expect(new Set([1, 2, 3, 11].map(wrong)).size).toBe(4)
  })

  it('closes every isolate that it opens', () => {
    expect(
      those(({ text }) => (text.match(/[\u2066-\u2068]/g) ?? []).length !== (text.match(/\u2069/g) ?? []).length),
    ).toEqual([])
  })

  it('has no digits but Latin ones, as in the codes', () => {
    const said = [
      ...texts.map(({ text }) => text),
      moment(messages, 1_795_271_100, 'Europe/Berlin'),
      duration(messages, 900),
      placeName(messages, 'DE'),
    ]
    expect(said.filter((text) => /(?![0-9])\p{Nd}/u.test(text ?? ''))).toEqual([])
    expect(duration(messages, 900)).toContain('15')
  })

  it('is short in an SMS', () => {
    const { code, link, both, keep } = messages.text
    // One part has 160 characters of the Latin alphabet, or 70 of others; a link takes more in any case.
    const isLatin = locale !== 'ja' && locale !== 'ar'
    expect(`${code('482913', 'Acme', lasting)} ${keep}`.length).toBeLessThanOrEqual(isLatin ? 100 : 70)
    expect(`${link('Acme', lasting)} ${keep}`.length).toBeLessThanOrEqual(isLatin ? 110 : 75)
    expect(`${both('482913', 'Acme', lasting)} ${keep}`.length).toBeLessThanOrEqual(isLatin ? 130 : 80)
  })
})

describe('from right to left', () => {
  const texts = LOCALES.filter((locale) => messagesFor(locale).dir === 'rtl').flatMap((locale) =>
    textsOf(messagesFor(locale)),
  )

  it('are addresses and codes in groups set apart, left to right', () => {
    const bare = texts.filter(({ path, text, given }) =>
      given.some(
        (value) =>
          typeof value === 'string' &&
          /[@•]|^acme|^\d{3} \d{3}$/.test(value) &&
          text.includes(value) &&
          // An SMS has its code in one piece, and every character costs.
          !path.startsWith('text.') &&
          !text.includes(`\u2066${value}\u2069`),
      ),
    )
    expect(texts.length).toBeGreaterThan(200)
    expect(bare).toEqual([])
  })

  it('is what begins each line that has no paragraph of its own: the reader guesses its direction from that', () => {
    const strong = /^[^\p{L}]*\p{Script=Arabic}/u
    const guessed = texts.filter(({ path }) => path.startsWith('text.') || /^mail\.(.*[sS]ubject|preheader)/.test(path))
    expect(guessed.length).toBeGreaterThan(15)
    const wrong = guessed.filter(({ text }) => !strong.test(text.replace(/[\u2066\u2068][^\u2069]*\u2069/g, '')))
    expect(wrong).toEqual([])
  })

  it('are a code and a name still set apart in the subject of a mail', () => {
    const { subject } = renderMail({
      kind: 'sign_in',
      locale: 'ar',
      brand: { name: 'Acme Inc.', primary_color: null, logo: null, sender_name: null, support_email: null },
      link: null,
      code: '482913',
      codeHost: 'acme.example',
      isSignUp: false,
      linkTtl: 900,
      codeTtl: 600,
      asked: null,
    })
    expect(subject).toBe('\u2066482 913\u2069 هو رمز تسجيل الدخول إلى \u2068Acme Inc.\u2069')
  })

  it('is a foreign name set apart', () => {
    expect(isolate(messagesFor('ar'), 'Acme Inc.')).toBe('\u2068Acme Inc.\u2069')
    expect(isolate(messagesFor('ar'), 'متجر')).toBe('متجر')
  })
})

it('has the first of a month as the language writes it', () => {
  const on = (locale: Locale, day: number) =>
    moment(messagesFor(locale), Date.UTC(2026, 10, day, 13, 5) / 1000, null).replace(/\s/g, ' ')
  expect(on('fr', 1)).toBe('13:05 UTC le 1er novembre')
  expect(on('fr', 11)).toBe('13:05 UTC le 11 novembre')
  expect(on('de', 1)).toBe('13:05 UTC am 1. November')
  expect(on('ja', 1)).toBe('11月1日 13:05 UTC')
})

it('has the Arabic plurals', () => {
  const { wrong } = messagesFor('ar').signIn.waiting
  const said = [0, 1, 2, 3, 10, 11, 99, 100].map((count) => wrong(count).replace('هذا الرمز غير مطابق. ', ''))
  expect(said).toEqual([
    'لم تبقَ محاولات.',
    'بقيت محاولة واحدة.',
    'بقيت محاولتان.',
    'بقيت 3 محاولات.',
    'بقيت 10 محاولات.',
    'بقيت 11 محاولة.',
    'بقيت 99 محاولة.',
    'بقيت 100 محاولة.',
  ])
})
