import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApplication, type TestApplication } from '../support/application.ts'
import { launchBrowser } from '../support/browser.ts'
import { borrowDevServer, type DevServer } from '../support/server.ts'

let server: DevServer
let application: TestApplication
let chromium: Browser

beforeAll(async () => {
  server = await borrowDevServer()
  application = await startApplication(server)
  chromium = await launchBrowser()
})
afterAll(async () => {
  await chromium?.close()
  await application?.stop()
  await server?.stop()
})

let people = 0
/** Sends a link to somebody new, and opens it from the mail in the inbox. */
async function sendLink(extra: Record<string, unknown> = {}) {
  const email = `presser${++people}@example.com`
  await server.api('/v1/passwordless/send', { email, redirect_uri: application.callback, state: 's', ...extra })
  const [message] = await server.inbox.messages(email)
  return { email, link: message?.links[0] ?? '' }
}

const inContext = async (
  options: Parameters<Browser['newContext']>[0],
  work: (page: Page, context: BrowserContext) => Promise<void>,
) => {
  const context = await chromium.newContext(options)
  try {
    await work(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

const button = (page: Page) => page.getByRole('button', { name: /sign in/i })

describe.each([
  ['with scripts', {}],
  ['without scripts', { javaScriptEnabled: false }],
  ['on a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' as const }],
])('a person %s', (_name, options) => {
  it('opens the mail in the inbox, presses, and is signed in once', async () => {
    const email = `inbox.reader${++people}@example.com`
    await server.api('/v1/passwordless/send', { email, redirect_uri: application.callback, state: 's' })
    await inContext(options, async (page, context) => {
      await page.goto(`${server.origin}/dev/inbox?to=${encodeURIComponent(email)}`)
      await page
        .getByRole('link', { name: /sign in|code/i })
        .first()
        .click()
      const opened = context.waitForEvent('page')
      await page.getByRole('link', { name: /open the link/i }).click()
      const landing = await opened
      await landing.waitForLoadState()
      expect(await landing.getByRole('heading').first().textContent()).toContain('Sign in')
      expect(await landing.textContent('body')).toContain('•••@example.com')
      await button(landing).click()
      await landing.waitForURL(/\/callback/)
      expect(await landing.textContent('body')).toContain(`signed in as ${email}`)
      expect(application.exchanges(email)).toEqual([200])
      const [message] = await server.inbox.messages(email)
      await inContext({}, async (other) => {
        await other.goto(message?.links[0] ?? '')
        await button(other).click()
        await other.waitForLoadState()
        expect(await other.textContent('h1')).toBe('Already used')
      })
    })
  })
})

describe('a press that happens twice', () => {
  it('double click, 120 ms apart, on a slow answer: signed in once', async () => {
    const { email, link } = await sendLink()
    await inContext({}, async (page) => {
      await page.goto(link)
      let presses = 0
      await page.route('**/auth/magic-link', async (route) => {
        presses++
        await new Promise((resolve) => setTimeout(resolve, 1500))
        await route.continue()
      })
      const box = await button(page).boundingBox()
      if (!box) throw new Error('no button')
      await page.mouse.click(box.x + 20, box.y + 10)
      await new Promise((resolve) => setTimeout(resolve, 120))
      await page.mouse.click(box.x + 20, box.y + 10)
      // Not waitForURL: the second press ends the first one's navigation, which it takes for a failure.
      await expect.poll(() => page.url(), { timeout: 15_000 }).toMatch(/\/callback/)
      await page.waitForLoadState()
      expect(await page.textContent('body')).toContain(`signed in as ${email}`)
      expect(presses).toBe(2)
      expect(new Set(application.sessions(email)).size).toBe(1)
    })
  })

  it('reload and press', async () => {
    const { email, link } = await sendLink()
    await inContext({}, async (page) => {
      await page.goto(link)
      await page.reload()
      await button(page).click()
      await page.waitForURL(/\/callback/)
      expect(await page.textContent('body')).toContain(`signed in as ${email}`)
    })
  })

  it('Back and press again: signed in again, as the same session', async () => {
    const { email, link } = await sendLink()
    await inContext({}, async (page) => {
      await page.goto(link)
      await button(page).click()
      await page.waitForURL(/\/callback/)
      await page.goBack()
      await button(page).click()
      await page.waitForURL(/\/callback/)
      expect(await page.textContent('body')).toContain(`signed in as ${email}`)
      expect(application.exchanges(email)).toEqual([200, 200])
      expect(new Set(application.sessions(email)).size).toBe(1)
    })
  })

  it('cookies blocked: two presses on one page', async () => {
    const { email, link } = await sendLink()
    await inContext({}, async (page, context) => {
      await page.goto(link)
      await context.clearCookies()
      await button(page).click()
      await page.waitForURL(/\/callback/)
      expect(await page.textContent('body')).toContain(`signed in as ${email}`)
    })
  })
})

describe('keyboard only', () => {
  it('reaches the button with Tab and presses it with Enter', async () => {
    const { email, link } = await sendLink()
    await inContext({}, async (page) => {
      await page.goto(link)
      for (let i = 0; i < 10; i++) {
        await page.keyboard.press('Tab')
        if (await page.evaluate(() => document.activeElement?.tagName === 'BUTTON')) break
      }
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/callback/)
      expect(await page.textContent('body')).toContain(`signed in as ${email}`)
    })
  })
})
