import { createHash, randomBytes } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApplication, type TestApplication } from '../support/application.ts'
import { launchBrowser } from '../support/browser.ts'
import { borrowDevServer, type DevServer } from '../support/server.ts'

const verifier = randomBytes(32).toString('base64url')
const code_challenge = createHash('sha256').update(verifier).digest('base64url')

let server: DevServer
let application: TestApplication
let chromium: Browser

beforeAll(async () => {
  server = await borrowDevServer()
  application = await startApplication(server, { verifier })
  chromium = await launchBrowser()
})
afterAll(async () => {
  await chromium?.close()
  await application?.stop()
  await server?.stop()
})

describe('a scanner that opens a bound link in a real browser, runs its scripts and presses', () => {
  it('gains and spoils nothing: the person still signs in', async () => {
    const email = 'scanned@example.com'
    // The scanner follows the redirect to a place of its own, not to the application that holds the verifier.
    const elsewhere = 'http://127.0.0.1:9/callback'
    const sent = await server.api('/v1/passwordless/send', {
      email,
      redirect_uri: elsewhere,
      code_challenge,
      code_challenge_method: 'S256',
    })
    const [message] = await server.inbox.messages(email)
    const link = message?.links[0] ?? ''

    const grants: string[] = []
    for (let i = 0; i < 3; i++) {
      const context = await chromium.newContext()
      const page = await context.newPage()
      page.on('request', (request) => {
        const url = new URL(request.url())
        if (url.pathname === '/callback') grants.push(url.searchParams.get('code') ?? '')
      })
      await page.goto(link)
      await page.getByRole('button').first().click()
      await page.waitForURL(/callback|chrome-error/, { waitUntil: 'commit' }).catch(() => {})
      await page.waitForTimeout(300)
      await context.close()
    }
    expect(grants).toHaveLength(3)
    for (const token of grants) {
      const refused = await server.api('/v1/passwordless/verify', { token })
      expect(refused).toMatchObject({ status: 403, code: 'verifier_mismatch' })
    }
    expect(await server.api(`/v1/passwordless/${sent.id}`)).toMatchObject({ status: 'pending' })
    const sessions = await server.api(`/v1/users/${sent.user_id}/sessions`)
    expect(sessions.data).toEqual([])

    const context = await chromium.newContext()
    const page = await context.newPage()
    let grant = ''
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (url.pathname === '/callback') grant = url.searchParams.get('code') ?? ''
    })
    await page.goto(link)
    await page.getByRole('button', { name: /sign in/i }).click()
    await expect.poll(() => grant).not.toBe('')
    await context.close()
    const verified = await server.api('/v1/passwordless/verify', { token: grant, code_verifier: verifier })
    expect(verified.user).toMatchObject({ email })
  })
})
