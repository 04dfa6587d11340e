/** In which language somebody is written to: what was wished, what is stored of them, their browser, the project. */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { authorizationUrl, aClient as clientIn, locationOf, oidcApp, person, pkce } from '../oidc/support.ts'
import { type Answer, anAddress, browser, formAction, hiddenFields, ISSUER, testApp } from '../support/app.ts'
import { aProject, deliverLater, signInOf, type TestProject, unreachable } from '../support/project.ts'

const CALLBACK = 'http://localhost:3000/callback'

afterEach(() => {
  vi.useRealTimers()
})

const aUser = (project: TestProject, locale: string | null) =>
  project.ok('POST', '/v1/users', { email: anAddress(), locale })
const langOf = ({ text }: Answer) => /<html lang="([^"]*)"/.exec(text)?.[1]
const spoken = (project: TestProject, to: string) =>
  signInOf(project.app.outbox.findLast((mail) => mail.to === to)).locale

type Case = { wish?: string; own?: string | null; browser?: string; project?: string; gets: string }
const CASES: Case[] = [
  { wish: 'ja', own: 'de', project: 'fr', gets: 'ja' },
  { wish: 'ja-JP', own: 'de', project: 'fr', gets: 'ja' },
  { wish: 'zh', own: 'de', project: 'fr', gets: 'de' },
  { wish: 'zh', own: 'ko', project: 'fr', gets: 'fr' },
  { own: 'de-AT', project: 'fr', gets: 'de' },
  { own: 'pt', project: 'fr', gets: 'pt-BR' },
  { own: 'ko', project: 'fr', gets: 'fr' },
  { own: null, project: 'fr', gets: 'fr' },
  { own: null, project: 'zh', gets: 'en' },
  { own: null, gets: 'en' },
]

describe('a send of a back end', () => {
  it.each(CASES)('%j, by email and by user, then again', async ({ wish, own = null, project: locale, gets }) => {
    const project = await aProject(testApp(), locale === undefined ? {} : { locale })
    const user = await aUser(project, own)
    for (const recipient of [{ email: user.email }, { user_id: user.id }]) {
      const sent = await project.sent({ ...recipient, ...(wish === undefined ? {} : { locale: wish }) })
      expect(spoken(project, user.email)).toBe(gets)
      expect((await project.message(sent.message.id)).locale).toBe(gets)
      const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
      expect(spoken(project, user.email)).toBe(gets)
      expect((await project.message(resent.message.id)).locale).toBe(gets)
    }
  })

  it.each(CASES)('%j, by cron', async ({ wish, own = null, project: locale, gets }) => {
    const project = await aProject(
      testApp({ ports: { sendMail: unreachable } }),
      locale === undefined ? {} : { locale },
    )
    const user = await aUser(project, own)
    const wished = wish === undefined ? {} : { locale: wish }
    const sent = [
      await project.sent({ email: user.email, ...wished }),
      await project.sent({ user_id: user.id, ...wished }),
    ]
    const { mails } = await deliverLater(61_000)
    for (const { message } of sent) {
      const mail = mails.find(({ id }) => id === message.id)
      expect(signInOf(mail).locale).toBe(gets)
      expect((await project.message(message.id)).locale).toBe(gets)
    }
  })

  it('to somebody new: what was wished, else the project’s', async () => {
    const project = await aProject(testApp(), { locale: 'fr' })
    for (const [wish, gets] of [
      [{ locale: 'it' }, 'it'],
      [{ locale: 'zh' }, 'fr'],
      [{}, 'fr'],
    ] as const) {
      const email = anAddress()
      await project.sent({ email, ...wish })
      expect(spoken(project, email)).toBe(gets)
    }
  })

  it('a language that the person got in between counts for the next mail', async () => {
    const project = await aProject(testApp())
    const user = await aUser(project, null)
    const sent = await project.sent({ email: user.email })
    expect(spoken(project, user.email)).toBe('en')
    await project.ok('PUT', `/v1/users/${user.id}`, { locale: 'es' })
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(spoken(project, user.email)).toBe('es')
  })

  it.each([
    ['by email', (user: Record<string, any>) => ({ email: user.email })],
    ['by user', (user: Record<string, any>) => ({ user_id: user.id })],
  ])('%s: the link’s page speaks the language of its mail, and so does the new link’s mail', async (_, recipient) => {
    const project = await aProject(testApp(), { locale: 'fr' })
    const user = await aUser(project, 'de')
    await project.sent({ ...recipient(user), redirect_uri: CALLBACK, expires_in: 5 })
    const link = signInOf(project.app.outbox[0]).link ?? ''
    const someone = browser(project.app)
    expect.soft(langOf(await someone.open(link)), 'the page').toBe('de')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    const late = await someone.open(link)
    expect(late.status).toBe(410)
    const renewed = await project.app.form(formAction(late.text), hiddenFields(late.text), { accept: 'text/html' })
    expect(renewed.status, renewed.text).toBe(200)
    expect(project.app.outbox).toHaveLength(2)
    expect.soft(spoken(project, user.email), 'the second mail').toBe('de')
  })

  it('a wish of the request lasts: the page and the new link’s mail speak it too', async () => {
    const project = await aProject(testApp(), { locale: 'fr' })
    const user = await aUser(project, 'de')
    await project.sent({ email: user.email, redirect_uri: CALLBACK, expires_in: 5, locale: 'ja' })
    const link = signInOf(project.app.outbox[0]).link ?? ''
    const someone = browser(project.app)
    expect(langOf(await someone.open(link))).toBe('ja')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    await someone.press(await someone.open(link))
    expect(project.app.outbox.map(({ content }) => content.locale)).toEqual(['ja', 'ja'])
  })
})

describe('the hosted pages', () => {
  const HOSTED: Case[] = [
    { wish: 'ja', own: 'de', browser: 'it', project: 'fr', gets: 'ja' },
    { wish: 'zh ja', own: 'de', browser: 'it', project: 'fr', gets: 'ja' },
    { wish: 'zh ko', own: 'de', browser: 'it', project: 'fr', gets: 'de' },
    { own: 'de', browser: 'it', project: 'fr', gets: 'de' },
    { own: 'ko', browser: 'it', project: 'fr', gets: 'it' },
    { own: null, browser: 'zh, it;q=0.5', project: 'fr', gets: 'it' },
    { own: null, browser: 'zh', project: 'fr', gets: 'fr' },
    { own: null, project: 'fr', gets: 'fr' },
    { own: null, gets: 'en' },
  ]

  /** A browser that wishes for a language, at an application that wishes for some too. */
  async function ask(project: TestProject, { wish, browser: accepted }: Case, email: string) {
    const client = await clientIn(project.app, {}, project)
    const { challenge } = await pkce()
    const url = authorizationUrl(client, {
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ui_locales: wish ?? null,
    })
    const cookies = new Map<string, string>()
    const headers = () => ({
      accept: 'text/html',
      ...(accepted === undefined ? {} : { 'accept-language': accepted }),
      ...(cookies.size > 0 ? { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}),
    })
    const keep = (answer: Answer) => {
      for (const cookie of answer.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';')
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
      }
      return answer
    }
    const open = async (address: string) => keep(await project.app.request(address, { headers: headers() }))
    const press = async (page: Answer, fields: Record<string, string> = {}) =>
      keep(
        await project.app.form(
          new URL(formAction(page.text), ISSUER).href,
          { ...hiddenFields(page.text), ...fields },
          headers(),
        ),
      )
    const page = await open(locationOf(await open(url.href)))
    const asked = await press(page, { email })
    expect(asked.status, asked.text).toBe(303)
    return { open, press, page }
  }

  it.each(HOSTED)('%j', async (wishes) => {
    const project = await aProject(oidcApp(), wishes.project === undefined ? {} : { locale: wishes.project })
    const user = await aUser(project, wishes.own ?? null)
    await ask(project, wishes, user.email)
    expect(spoken(project, user.email)).toBe(wishes.gets)
    const [message] = (await project.ok('GET', '/v1/messages')).data
    expect(message.locale).toBe(wishes.gets)
  })

  it.each(HOSTED)('%j, by cron', async (wishes) => {
    const app = testApp({
      bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined },
      ports: { sendMail: unreachable },
    })
    const project = await aProject(app, wishes.project === undefined ? {} : { locale: wishes.project })
    const user = await aUser(project, wishes.own ?? null)
    await ask(project, wishes, user.email)
    const { mails } = await deliverLater(61_000)
    expect(signInOf(mails.find(({ to }) => to === user.email)).locale).toBe(wishes.gets)
  })

  it('somebody new: the browser’s, and the page of no person tells nothing of one', async () => {
    const project = await aProject(oidcApp(), { locale: 'fr' })
    const user = await aUser(project, 'de')
    const email = anAddress()
    const [known, unknown] = [
      await ask(project, { browser: 'it', gets: 'de' }, user.email),
      await ask(project, { browser: 'it', gets: 'it' }, email),
    ]
    expect(spoken(project, email)).toBe('it')
    expect([langOf(known.page), langOf(unknown.page)]).toEqual(['it', 'it'])
  })

  it.each(HOSTED)('%j, and so does the mail of a new link from the page of the late one', async (wishes) => {
    const settings = { link_ttl: 5, code_ttl: 5, ...(wishes.project === undefined ? {} : { locale: wishes.project }) }
    const project = await aProject(oidcApp(), settings)
    const user = await aUser(project, wishes.own ?? null)
    const { open, press } = await ask(project, wishes, user.email)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    const late = await open(signInOf(project.app.outbox[0]).link ?? '')
    expect(late.status).toBe(410)
    const renewed = await press(late)
    expect(renewed.status, renewed.text).toBe(200)
    expect(project.app.outbox.map(({ content }) => content.locale)).toEqual([wishes.gets, wishes.gets])
  })

  it('and the mail that the waiting page’s button sends', async () => {
    const project = await aProject(oidcApp(), { locale: 'fr' })
    const user = await aUser(project, 'de')
    const who = person(project.app, user.email)
    const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email: user.email })
    await who.submit(await who.open(locationOf(asked)), '/sign-in/resend')
    expect(project.app.outbox.map(({ content }) => content.locale)).toEqual(['de', 'de'])
  })
})
