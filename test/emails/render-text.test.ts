import { describe, expect, it } from 'vitest'

import type { CustomContent, SignInMail } from '../../src/domain/messages/message.ts'
import { LOCALES } from '../../src/locales/index.ts'
import { renderText } from '../support/render.ts'

const link = 'https://auth.acme.example/auth/magic-link?code=a_B-9'
const content: SignInMail = {
  kind: 'sign_in',
  locale: 'en',
  brand: { name: 'Acme', primary_color: null, logo: null, sender_name: null, support_email: null },
  link,
  code: '482913',
  codeHost: 'app.acme.example',
  isSignUp: false,
  linkTtl: 900,
  codeTtl: 600,
  asked: null,
}
const nothing: CustomContent = { email: null, variables: {}, template: null, inline: null, text: null }
const own = (message: string | null, senderId: string | null = null): SignInMail => ({
  ...content,
  link: null,
  custom: { ...nothing, text: { message, senderId } },
})

it('has a code in a sentence, and the line for phones last', () => {
  expect(renderText({ ...content, link: null })).toEqual({
    text: '482913 is your Acme code, for 10 minutes. Keep it to yourself.\n\n@app.acme.example #482913',
    senderId: null,
  })
})

it('has a link alone on its line', () => {
  expect(renderText({ ...content, code: null }).text).toBe(
    `Your link to sign in to Acme, for 15 minutes:\n${link}\nKeep it to yourself.`,
  )
})

it('has both, and promises no more time than either has', () => {
  expect(renderText(content).text).toBe(
    `482913 is your Acme code, for 10 minutes. Or open the link:\n${link}\nKeep it to yourself.\n\n@app.acme.example #482913`,
  )
})

it('refuses to be neither link nor code', () => {
  expect(() => renderText({ ...content, link: null, code: null })).toThrow()
})

it.each(LOCALES)('names no more than it must in %s', (locale) => {
  const { text } = renderText({ ...content, locale, link: null })
  expect(text).toMatch(/^482913.+\n\n@app\.acme\.example #482913$/)
  // Two parts where letters take two bytes each, one where they do not.
  expect(text.length).toBeLessThanOrEqual(/[\u0250-\uffff]/.test(text) ? 134 : 160)
})

describe('a caller’s message', () => {
  it.each([
    ['{otp} for {app}', '482913 for Acme'],
    ['{app}: {otp}, {otp} {other}', 'Acme: 482913, 482913 {other}'],
    ['Hi\n{app} {otp}', 'Hi\nAcme 482913'],
    ['{otp} {app} $& $1', '482913 Acme $& $1'],
  ])('%j is put in place of ours', (message, text) => {
    expect(renderText(own(message)).text).toBe(`${text}\n\n@app.acme.example #482913`)
  })

  it('does not read what was put in', () => {
    const named = own('{app}: {otp}')
    expect(renderText({ ...named, brand: { ...named.brand, name: '{otp}{app}' } }).text).toMatch(
      /^\{otp\}\{app\}: 482913\n/,
    )
  })

  it('is left out if it does not tell the code, or there is none', () => {
    expect(renderText(own('Hello from {app}')).text).toContain('482913 is your Acme code')
    expect(renderText({ ...own('{otp} {app}'), code: null, link }).text).toContain('Your link to sign in')
  })

  it('keeps the link', () => {
    expect(renderText({ ...own('{otp} {app}'), link }).text).toBe(`482913 Acme\n${link}\n\n@app.acme.example #482913`)
  })

  it('has a sender of its own, if a network takes it', () => {
    expect(renderText(own(null, 'ACME')).senderId).toBe('ACME')
    for (const id of ['', 'TwelveLetter', 'A\nB', 'Ácme']) expect(renderText(own(null, id)).senderId).toBeNull()
  })
})
