import { beforeAll, describe, expect, it } from 'vitest'

import { LOCALES } from '../../src/locales/index.ts'
import { aClient, authorizationUrl, locationOf, oidcApp, pkce, type TestClient } from '../oidc/support.ts'
import { ISSUER } from '../support/app.ts'

const app = oidcApp()
const open = (url: string | URL, accepted?: string) =>
  app.request(String(url), {
    headers: { accept: 'text/html', ...(accepted === undefined ? {} : { 'accept-language': accepted }) },
  })
const langOf = (html: string) => /<html lang="([^"]*)" dir="([^"]*)"/.exec(html)?.slice(1)

describe('where nothing is known but the browser', () => {
  it.each([
    ['a link that is not ours', `${ISSUER}/auth/magic-link?code=junk`],
    ['a page that is not there', `${ISSUER}/nothing/here`],
    ['a request of no client', `${ISSUER}/authorize?client_id=nobody`],
    ['the sign-in page', `${ISSUER}/sign-in`],
  ])('%s is in its language', async (_name, url) => {
    expect(langOf((await open(url, 'zh, ar-EG;q=0.9, ja;q=0.8')).text)).toEqual(['ar', 'rtl'])
    expect(langOf((await open(url, 'en;q=0.1, ja-JP')).text)).toEqual(['ja', 'ltr'])
    expect(langOf((await open(url, 'zh')).text)).toEqual(['en', 'ltr'])
    expect(langOf((await open(url)).text)).toEqual(['en', 'ltr'])
  })
})

describe('an application', () => {
  let client: TestClient
  beforeAll(async () => {
    client = await aClient(app)
  })

  const asked = async (uiLocales: string, accepted: string) => {
    const { challenge } = await pkce()
    const url = authorizationUrl(client, {
      ui_locales: uiLocales,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    return langOf((await open(locationOf(await open(url)), accepted)).text)
  }

  it('is told the languages', async () => {
    const { json } = await app.request(`${ISSUER}/.well-known/openid-configuration`)
    expect(json.ui_locales_supported).toEqual(LOCALES)
  })

  it('wishes for languages in order, before the browser', async () => {
    expect(await asked('zh-TW ja ar', 'ar')).toEqual(['ja', 'ltr'])
  })

  it('wishes for languages that we do not have: then the browser does', async () => {
    expect(await asked('zh ko', 'ar')).toEqual(['ar', 'rtl'])
    expect(await asked(`${'zh '.repeat(5000)}`, 'ar')).toEqual(['ar', 'rtl'])
  })
})
