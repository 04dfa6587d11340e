import { describe, expect, it } from 'vitest'

import { chooseLocaleOf, fromAcceptLanguage } from '../../src/locales/choose.ts'
import { LOCALES } from '../../src/locales/index.ts'

describe('the wishes', () => {
  it.each(LOCALES)('find %s by its own tag, in any case', (locale) => {
    expect(chooseLocaleOf([locale])).toBe(locale)
    expect(chooseLocaleOf([locale.toLowerCase()])).toBe(locale)
    expect(chooseLocaleOf([locale.toUpperCase()])).toBe(locale)
  })

  it.each([
    ['cut from the right', ['de-CH-1996'], 'de'],
    ['a script in between', ['ja-Jpan-JP'], 'ja'],
    ['a private extension', ['ar-x-private'], 'ar'],
    ['more subtags than anybody has', [`de${'-a1'.repeat(5000)}`], 'de'],
    ['the name of a system', ['pt_BR.UTF-8'], 'pt-BR'],
    ['any Portuguese', ['pt'], 'pt-BR'],
    ['Portuguese of Portugal', ['pt-PT'], 'pt-BR'],
    ['a language that begins like one of ours', ['den'], null],
    ['one that we do not speak', ['zh'], null],
    ['one that we do not speak, of a region', ['zh-Hant-TW'], null],
    ['any language', ['*'], null],
    ['the root', ['und'], null],
    ['nothing', [], null],
    ['nothing known', [null, undefined, ''], null],
    ['no tag at all', ['-', '../../de', 'constructor', '💥'], null],
    ['the first of several', ['fr', 'de'], 'fr'],
    ['the next where the first is not ours', ['zh', null, 'de-AT', 'fr'], 'de'],
    ['a list: its first', ['fr-CA fr en'], 'fr'],
    ['a list: its first of ours', ['zh-TW ja en'], 'ja'],
    ['a list with more spaces', ['  zh   it '], 'it'],
    ['a list before what comes after', ['zh es', 'de'], 'es'],
    ['a list of none before what comes after', ['zh ko', 'de'], 'de'],
    ['no more than the beginning of a long list', [`${'zh '.repeat(1000)}de`, 'fr'], 'fr'],
  ] as const)('%s', (_name, wishes, locale) => {
    expect(chooseLocaleOf(wishes)).toBe(locale)
  })
})

describe('Accept-Language', () => {
  it.each([
    ['de', ['de']],
    ['de-CH, de;q=0.9, en;q=0.8', ['de-CH', 'de', 'en']],
    ['en;q=0.5, fr;q=0.9, de', ['de', 'fr', 'en']],
    ['fr;q=0.8,de;q=0.8,it;q=0.8', ['fr', 'de', 'it']],
    ['da , en-gb ; q=0.8 ,\ten;Q=0.7', ['da', 'en-gb', 'en']],
    ['en;q=0.123, de;q=0.124', ['de', 'en']],
    ['de;q=1.000, fr;q=1', ['de', 'fr']],
    ['de;q=0, fr;q=0.000, es;q=0.001', ['es']],
    ['de;q=0., fr;q=1.', ['fr']],
    ['*', []],
    ['*, de;q=0.1', ['de']],
    ['de, *;q=0', ['de']],
    [',, de ,,', ['de']],
    ['', []],
    ['zh-Hant-TW,zh;q=0.9', ['zh-Hant-TW', 'zh']],
    // What cannot be read is left out, and nothing else.
    ['de;q=2, fr', ['fr']],
    ['de;q=-1, fr', ['fr']],
    ['de;q=0.1234, fr', ['fr']],
    ['de;q=, fr', ['fr']],
    ['de;level=1, fr', ['fr']],
    ['de;q=0.5;q=1, fr', ['fr']],
    ['de fr, it', ['it']],
    ['de_CH, it', ['it']],
    ['abcdefghi, it', ['it']],
    ['-de, de-, it', ['it']],
    ['"de", it', ['it']],
  ])('%j', (header, tags) => {
    expect(fromAcceptLanguage(header)).toEqual(tags)
  })

  it.each([
    ['many tags', `${'zh,'.repeat(50_000)}de`],
    ['one long tag', `de${'-aa'.repeat(40_000)}`],
    ['much space', `de${' '.repeat(100_000)};q`],
    ['much space and a weight', `de;${' '.repeat(100_000)}q=0.5x`],
    ['digits', `de;q=0.${'9'.repeat(100_000)}`],
  ])('is read in no time: %s', (_name, header) => {
    expect(fromAcceptLanguage(header).length).toBeLessThanOrEqual(20)
  })

  it('comes after what is known, and before the project’s', () => {
    const browser = fromAcceptLanguage('zh-CN, es-MX;q=0.9, fr;q=0.8')
    expect(chooseLocaleOf(['ja', 'de', ...browser, 'it'])).toBe('ja')
    expect(chooseLocaleOf([null, 'de', ...browser, 'it'])).toBe('de')
    expect(chooseLocaleOf([null, null, ...browser, 'it'])).toBe('es')
    expect(chooseLocaleOf([null, null, ...fromAcceptLanguage('zh'), 'it'])).toBe('it')
  })
})
