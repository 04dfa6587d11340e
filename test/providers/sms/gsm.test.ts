import { expect, it } from 'vitest'
import { isGsm } from '../../../src/providers/sms/gsm.ts'

it.each([
  ['nothing', ''],
  ['what we send', 'Your code for Acme is 482913.\n\n@id.example.com #482913'],
  ['the alphabet', '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà'],
  ['its extension', '^{}\\[~]|€'],
])('%s fits the alphabet of an SMS', (_, text) => {
  expect(isGsm(text)).toBe(true)
})

it.each([
  ['a typographic apostrophe', 'It’s'],
  ['a backtick', '`'],
  ['small c with cedilla', 'ç'],
  ['acute a', 'á'],
  ['Polish', 'Zażółć'],
  ['Greek in small letters', 'αβγ'],
  ['Cyrillic', 'Код'],
  ['Arabic', 'رمز'],
  ['Chinese', '验证码'],
  ['an emoji', '🔑'],
  ['a tab', '\t'],
  ['a no-break space', '\u00a0'],
])('%s does not', (_, text) => {
  expect(isGsm(text)).toBe(false)
})
