import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { type Examples, startExamples } from '../support/examples.ts'
import { borrowDevServer, type DevServer } from '../support/server.ts'

let server: DevServer
let examples: Examples
let chromium: Browser
let application: string

beforeAll(async () => {
  server = await borrowDevServer()
  examples = await startExamples(server)
  application = await examples.run('node')
  chromium = await launchBrowser()
})
afterAll(async () => {
  await chromium?.close()
  await examples?.stop()
  await server?.stop()
})

/** Goes to the application's /login and types the address on the sign-in page. */
async function ask(context: BrowserContext, email: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${application}/login`)
  await page.getByRole('textbox').fill(email)
  await page.getByRole('button').first().click()
  await page.waitForURL(/sign-in\/code/)
  return page
}

async function withBrowsers(count: number, work: (...contexts: BrowserContext[]) => Promise<void>): Promise<void> {
  const contexts = await Promise.all(Array.from({ length: count }, () => chromium.newContext()))
  try {
    await work(...contexts)
  } finally {
    await Promise.all(contexts.map((context) => context.close()))
  }
}

const signedIn = async (page: Page, email: string) => {
  await page.waitForURL(`${application}/`)
  expect(await page.textContent('body')).toBe(`Signed in as ${email}`)
}

describe('an application with a stock OpenID Connect library, in Chromium', () => {
  it('by the code of the mail in the inbox; then signed out everywhere, and refused at once', async () => {
    await withBrowsers(1, async (context) => {
      const email = 'typed@example.com'
      const page = await ask(context, email)
      const inbox = await context.newPage()
      await inbox.goto(`${server.origin}/dev/inbox?to=${email}`)
      await inbox.getByRole('link', { name: /code/i }).first().click()
      const code = /Code\s*(\d{6})/.exec((await inbox.textContent('body')) ?? '')?.[1] ?? ''
      await page.locator('input[name=typed]').fill(code)
      await page.getByRole('button').first().click()
      await signedIn(page, email)

      const [user] = (await server.api(`/v1/users?email=${email}`)).data
      const [session] = (await server.api(`/v1/users/${user.id}/sessions`)).data
      await page.goto(`${server.origin}/account`)
      await page.getByRole('button', { name: /everywhere/i }).click()
      await page.waitForURL(/signed-out/)
      expect((await server.api(`/v1/sessions/${session.id}`)).revoked_at).not.toBeNull()
      await page.goto(`${application}/login`)
      expect(page.url()).toContain('/sign-in?request=')
    })
  })

  it('by the link, in the browser that asked: it goes on by itself', async () => {
    await withBrowsers(1, async (context) => {
      const email = 'clicked@example.com'
      await ask(context, email)
      const page = await context.newPage()
      await page.goto((await server.inbox.next(email)).links[0] ?? '')
      await signedIn(page, email)
    })
  })

  it('by the link, opened in a second browser: its code signs in the first, and nobody there', async () => {
    await withBrowsers(2, async (first, second) => {
      const email = 'elsewhere@example.com'
      const page = await ask(first, email)
      const other = await second.newPage()
      await other.goto((await server.inbox.next(email)).links[0] ?? '')
      await other.getByRole('button').first().click()
      await other.waitForLoadState()
      const code = /(\d{4})\D?(\d{4})/.exec((await other.textContent('main')) ?? '')
      await page.locator('input[name=typed]').fill(`${code?.[1]} ${code?.[2]}`)
      await page.getByRole('button').first().click()
      await signedIn(page, email)
      await other.goto(`${server.origin}/account`)
      expect(other.url()).toContain('/sign-in')
    })
  })
})
