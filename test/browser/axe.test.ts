/** Every page of the hosted flow, in light and dark, wide and narrow: readable by everybody, within its width, quiet in the console, and alone. */

import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { type RelyingParty, startRelyingParty } from '../support/rp.ts'
import { borrowDevServer, type DevServer, type InboxMessage } from '../support/server.ts'

let server: DevServer
let rp: RelyingParty
let chromium: Browser

beforeAll(async () => {
  server = await borrowDevServer()
  rp = await startRelyingParty(server)
  chromium = await launchBrowser()
})
afterAll(async () => {
  await chromium?.close()
  await rp?.stop()
  await server?.stop()
})

let people = 0
const somebody = () => `reader${++people}@example.com`

const VIEWS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'light', width: 360 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'dark', width: 360 },
] as const

/** What a browser complained of, or asked of anybody else. */
function watch(context: BrowserContext): string[] {
  const heard: string[] = []
  const own = [server.origin, rp.origin]
  context.on('weberror', (error) => heard.push(`error: ${error.error().message}`))
  context.on('console', (message) => {
    const isStatus = message.text().startsWith('Failed to load resource: the server responded with a status of 4')
    // A refused press is answered by a page with its own status, and Chromium says so.
    if (message.type() === 'error' && !isStatus) heard.push(`console: ${message.text()}`)
  })
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:' && !own.includes(origin)) heard.push(`request: ${request.url()}`)
  })
  return heard
}

const startSignIn = async (page: Page, email = somebody()): Promise<InboxMessage> => {
  await page.goto(rp.login)
  return ask(page, email)
}
const ask = async (page: Page, email: string): Promise<InboxMessage> => {
  const [last] = (await server.inbox.messages(email)).slice(-1)
  await page.getByLabel('Mail address').fill(email)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
  return server.inbox.next(email, last?.ts ?? 0)
}
const enter = async (page: Page, code: string) => {
  await page.getByLabel('Code', { exact: true }).fill(code)
  await page.getByRole('button', { name: 'Sign in to Acme' }).click()
}
const signIn = async (page: Page, email = somebody()) => {
  const mail = await startSignIn(page, email)
  await enter(page, mail.code ?? '')
  await page.waitForURL(/\/callback/)
}
/** A link that a back end sends. */
const sendLink = async (extra: Record<string, unknown> = {}) => {
  const email = somebody()
  await server.api('/v1/passwordless/send', { email, redirect_uri: rp.callback, ...extra })
  return (await server.inbox.next(email)).links[0] ?? ''
}
const inOther = async (work: (page: Page) => Promise<void>) => {
  const context = await chromium.newContext()
  try {
    await work(await context.newPage())
  } finally {
    await context.close()
  }
}

type State = [name: string, heading: string | RegExp, reach: (page: Page, context: BrowserContext) => Promise<unknown>]

const states: State[] = [
  ['sign-in', 'Sign in to Acme', (page) => page.goto(rp.login)],
  [
    'unreadable address',
    'Sign in to Acme',
    async (page) => {
      await page.goto(rp.login)
      await page.getByLabel('Mail address').fill('nobody at all')
      await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
      await page.getByRole('alert').waitFor()
    },
  ],
  [
    'signed in already',
    'Sign in to Acme',
    async (page) => {
      await signIn(page)
      await page.goto(`${rp.login}?prompt=select_account`)
    },
  ],
  ['waiting', 'Check your mail', (page) => startSignIn(page)],
  [
    'another mail',
    'Check your mail',
    async (page) => {
      await startSignIn(page)
      await page.getByRole('button', { name: 'Send me another mail' }).click()
      await page.getByText('A new mail is on its way.').waitFor()
    },
  ],
  [
    'waiting without cookies',
    'Check your mail',
    async (page, context) => {
      await page.goto(rp.login)
      await context.clearCookies({ domain: 'localhost' })
      await ask(page, somebody())
    },
  ],
  [
    'wrong code',
    'Check your mail',
    async (page) => {
      await startSignIn(page)
      await enter(page, 'abcdef')
      await page.getByRole('alert').waitFor()
    },
  ],
  [
    'locked',
    'Too many wrong codes',
    async (page) => {
      await startSignIn(page)
      for (let tried = 0; tried < 6; tried++) {
        await enter(page, 'abcdef')
        await page.waitForLoadState()
      }
    },
  ],
  [
    'elsewhere',
    'Finish where you started',
    async (page) => {
      await inOther(async (first) => {
        const mail = await startSignIn(first)
        await page.goto(mail.links[0] ?? '')
      })
    },
  ],
  [
    'relay',
    'Type this code where you started',
    async (page) => {
      await inOther(async (first) => {
        const mail = await startSignIn(first)
        await page.goto(mail.links[0] ?? '')
        await page.getByRole('button', { name: 'Show me the code' }).click()
        await page.locator('.relay').waitFor()
      })
    },
  ],
  [
    'link for this device',
    'Check your mail',
    async (page) => {
      await inOther(async (first) => {
        const mail = await startSignIn(first)
        await page.goto(mail.links[0] ?? '')
        await page.getByRole('button', { name: 'Show me the code' }).click()
        await page.getByRole('button', { name: 'Send me a link for this device' }).click()
        await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
      })
    },
  ],
  [
    'switch',
    'Which account?',
    async (page) => {
      await signIn(page)
      await page.goto(`${rp.login}?prompt=select_account`)
      const mail = await ask(page, somebody())
      await page.goto(mail.links[0] ?? '')
    },
  ],
  [
    'done',
    'You are signed in to Acme',
    async (page, context) => {
      const mail = await startSignIn(page)
      const opened = await context.newPage()
      await opened.goto(mail.links[0] ?? '')
      await opened.waitForURL(/\/callback/)
      await page.waitForURL(/\/sign-in\/done/)
    },
  ],
  [
    'account',
    /Your .*account/,
    async (page) => {
      const email = somebody()
      await inOther((other) => signIn(other, email))
      await signIn(page, email)
      await page.goto(`${server.origin}/account`)
    },
  ],
  [
    'signed out',
    /You are signed out/,
    async (page) => {
      await signIn(page)
      await page.goto(`${server.origin}/account`)
      await page.getByRole('button', { name: 'Sign out here' }).click()
      await page.waitForURL(/signed-out/)
    },
  ],
  [
    'logout confirmation',
    /^Sign out/,
    async (page) => {
      await signIn(page)
      await page.goto(`${server.origin}/logout`)
    },
  ],
  ['landing', /^Sign in/, async (page) => page.goto(await sendLink())],
  [
    'used',
    'Already used',
    async (page) => {
      const link = await sendLink()
      await inOther(async (other) => {
        await other.goto(link)
        await other.getByRole('button').first().click()
        await other.waitForURL(/\/callback/)
      })
      await page.goto(link)
      await page.getByRole('button').first().click()
      await page.waitForLoadState()
    },
  ],
  [
    'expired',
    'This link has expired',
    async (page) => {
      const link = await sendLink({ expires_in: 1 })
      await page.waitForTimeout(1500)
      await page.goto(link)
    },
  ],
  ['junk', 'This link is not complete', (page) => page.goto(`${server.origin}/auth/magic-link?code=cut-off`)],
  [
    'request refused',
    'We cannot sign you in here',
    (page) => page.goto(`${server.origin}/authorize?client_id=nobody&redirect_uri=https%3A%2F%2Facme.example%2Fcb`),
  ],
]

describe('each page of the hosted flow', () => {
  it.each(states)('%s', async (name, heading, reach) => {
    const context = await chromium.newContext()
    const heard = watch(context)
    try {
      const page = await context.newPage()
      await reach(page, context)
      const text = await page.getByRole('heading', { level: 1 }).textContent()
      if (typeof heading === 'string') expect(text).toBe(heading)
      else expect(text).toMatch(heading)
      for (const { colorScheme, width } of VIEWS) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 740 })
        const about = `${name}, ${colorScheme}, ${width} px`
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        expect(wide, about).toBe(0)
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        expect(found, about).toEqual([])
        // To look at: SCREENSHOTS=<folder> npx vitest run … test/browser/axe.test.ts
        const folder = process.env.SCREENSHOTS
        const path = `${folder}/${name.replaceAll(' ', '-')}-${colorScheme}-${width}.png`
        if (folder) await page.screenshot({ path })
      }
      expect(heard).toEqual([])
    } finally {
      await context.close()
    }
  })
})
