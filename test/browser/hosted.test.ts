/** The whole hosted sign-in, as people live it: each ends signed in at an application, or at a next step that works. */

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { type RelyingParty, startRelyingParty } from '../support/rp.ts'
import { borrowDevServer, type DevServer, type InboxMessage, type Json } from '../support/server.ts'

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

type Options = NonNullable<Parameters<Browser['newContext']>[0]>

/** One browser: its cookies are its own. */
async function inBrowser(
  options: Options,
  work: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await chromium.newContext(options)
  context.setDefaultTimeout(20_000)
  try {
    await work(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

let people = 0
const somebody = () => `person${++people}@example.com`

const heading = (page: Page) => page.getByRole('heading', { level: 1 })
const field = (page: Page) => page.getByLabel('Code', { exact: true })
const signInButton = (page: Page) => page.getByRole('button', { name: 'Sign in to Acme' })

async function begin(page: Page, query = ''): Promise<void> {
  await page.goto(`${rp.login}${query}`)
  expect(await heading(page).textContent()).toBe('Sign in to Acme')
}

/** Types an address and waits for the page that waits; the newest mail. */
async function ask(page: Page, email: string): Promise<InboxMessage> {
  const [last] = (await server.inbox.messages(email)).slice(-1)
  await page.getByLabel('Mail address').fill(email)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await waits(page)
  return server.inbox.next(email, last?.ts ?? 0)
}

const waits = (page: Page) => page.getByRole('heading', { name: 'Check your mail' }).waitFor()

async function enter(page: Page, typed: string): Promise<void> {
  await field(page).fill(typed)
  await signInButton(page).click()
}

async function isSignedIn(page: Page, email: string): Promise<void> {
  await page.waitForURL(/\/callback/)
  expect(await page.textContent('body')).toContain(`Signed in as ${email}`)
}

async function isNobody(context: BrowserContext): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${server.origin}/account`)
  expect(new URL(page.url()).pathname).toBe('/sign-in')
  await page.close()
}

const linkOf = (mail: InboxMessage) => mail.links[0] ?? ''
const codeOf = (mail: InboxMessage) => mail.code ?? ''
const wrongCodes = (mail: InboxMessage) =>
  ['111111', '222222', '333333', '444444', '555555', '666666'].filter((code) => code !== codeOf(mail)).slice(0, 5)

async function settings(patch: Json): Promise<void> {
  const answer = await fetch(`${server.origin}/v1/project`, {
    method: 'PATCH',
    headers: { 'x-api-key': server.key, 'content-type': 'application/json' },
    body: JSON.stringify(patch),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

describe.each<[string, Options]>([
  ['with scripts', {}],
  ['without scripts', { javaScriptEnabled: false }],
  ['on a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  [
    'in an in-app browser',
    {
      userAgent:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 390.0.0.28.85',
    },
  ],
])('a person %s', (_name, options) => {
  it('reads the code in the inbox and types it', async () => {
    const email = somebody()
    await inBrowser(options, async (page, context) => {
      await begin(page)
      await ask(page, email)
      const inbox = await context.newPage()
      await inbox.goto(`${server.origin}/dev/inbox?to=${encodeURIComponent(email)}`)
      await inbox.getByRole('link', { name: /code/i }).first().click()
      const code = await inbox.locator('.code').first().textContent()
      await enter(page, code ?? '')
      await isSignedIn(page, email)
      expect(rp.of(email)).toHaveLength(1)
    })
  })

  it('opens the link in the same browser; the tab that waits goes on as well', async () => {
    const email = somebody()
    await inBrowser(options, async (page, context) => {
      await begin(page)
      const mail = await ask(page, email)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      if (options.javaScriptEnabled === false) await signInButton(opened).click()
      await isSignedIn(opened, email)
      if (options.javaScriptEnabled === false) {
        await page.getByRole('link', { name: 'I opened the link' }).click()
      } else {
        await page.getByRole('heading', { name: 'You are signed in to Acme' }).waitFor()
        await page.getByRole('link', { name: 'Go on to Acme' }).click()
      }
      await isSignedIn(page, email)
      expect(new Set(rp.of(email).map(({ claims }) => claims.sid)).size).toBe(1)
    })
  })

  it('opens the link in a second browser: its code signs in the first, and never the second', async () => {
    const email = somebody()
    await inBrowser(options, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      await inBrowser({}, async (second, secondContext) => {
        await second.goto(linkOf(mail))
        expect(await heading(second).textContent()).toBe('Finish where you started')
        expect(await second.textContent('body')).not.toContain(email)
        await second.getByRole('button', { name: 'Show me the code' }).click()
        const code = (await second.locator('.relay').textContent()) ?? ''
        expect(code).toMatch(/^[0-9]{8}$/)
        await isNobody(secondContext)
        await enter(page, code)
        await isSignedIn(page, email)
        await isNobody(secondContext)
        await second.reload()
        await isNobody(secondContext)
      })
      expect(rp.of(email)).toHaveLength(1)
    })
  })
})

describe('a second browser', () => {
  it('gets a link of its own, once, which signs in there', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      await inBrowser({}, async (second) => {
        await second.goto(linkOf(mail))
        await second.getByRole('button', { name: 'Show me the code' }).click()
        await second.getByRole('button', { name: 'Send me a link for this device' }).click()
        expect(await heading(second).textContent()).toBe('Check your mail')
        const own = await server.inbox.next(email, mail.ts)
        // The application knows nothing of this browser, so it would refuse the answer to the first one's request.
        await second.goto(linkOf(own))
        await second.waitForURL(/\/account/)
        expect(await second.textContent('body')).toContain(email)
        await second.goto(rp.login)
        await isSignedIn(second, email)
        await second.goto(linkOf(mail))
        await second.getByRole('button', { name: 'Show me the code' }).click()
        await second.getByRole('button', { name: 'Send me a link for this device' }).click()
        await second.waitForLoadState()
        expect(await server.inbox.messages(email)).toHaveLength(2)
      })
      await enter(page, codeOf(mail))
      await isSignedIn(page, email)
    })
  })

  it('is a private window: a code signs it in, and nothing stays when it closes', async () => {
    const email = somebody()
    let mail: InboxMessage | undefined
    await inBrowser({}, async (page) => {
      await begin(page)
      mail = await ask(page, email)
      await inBrowser({}, async (ordinary) => {
        await ordinary.goto(mail ? linkOf(mail) : '')
        await ordinary.getByRole('button', { name: 'Show me the code' }).click()
        await enter(page, (await ordinary.locator('.relay').textContent()) ?? '')
      })
      await isSignedIn(page, email)
    })
    await inBrowser({}, async (page) => begin(page))
  })
})

describe('a scanner that runs scripts and presses first', () => {
  it('gains and spoils nothing: the link and the code still work', async () => {
    for (const way of ['link', 'code'] as const) {
      const email = somebody()
      await inBrowser({}, async (page, context) => {
        await begin(page)
        const mail = await ask(page, email)
        for (let visit = 0; visit < 2; visit++) {
          await inBrowser({}, async (scanner, scannerContext) => {
            await scanner.goto(linkOf(mail))
            await scanner.getByRole('button').first().click()
            await scanner.waitForLoadState()
            await isNobody(scannerContext)
          })
        }
        if (way === 'code') await enter(page, codeOf(mail))
        const signedIn = way === 'code' ? page : await context.newPage()
        if (way === 'link') await signedIn.goto(linkOf(mail))
        await isSignedIn(signedIn, email)
        expect(rp.of(email)).toHaveLength(1)
      })
    }
  })
})

describe('asking more than once', () => {
  it('two tabs at the same time: both links and both codes work', async () => {
    const email = somebody()
    await inBrowser({}, async (first, context) => {
      const second = await context.newPage()
      await Promise.all([begin(first), begin(second)])
      await Promise.all(
        [first, second].map(async (page) => {
          await page.getByLabel('Mail address').fill(email)
          await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
          await waits(page)
        }),
      )
      await expect.poll(async () => (await server.inbox.messages(email)).length).toBe(2)
      const [one, two] = await server.inbox.messages(email)
      if (!one || !two) throw new Error('no mails')
      const opened = await context.newPage()
      await opened.goto(linkOf(one))
      await isSignedIn(opened, email)
      // Whichever tab it is typed into.
      const waiting = (await heading(first).textContent()) === 'Check your mail' ? first : second
      await waiting.goto(waiting.url())
      if (await field(waiting).isVisible()) await enter(waiting, codeOf(two))
      await isSignedIn(waiting, email)
    })
    const other = somebody()
    await inBrowser({}, async (first, context) => {
      const second = await context.newPage()
      await Promise.all([begin(first), begin(second)])
      const one = await ask(first, other)
      const two = await ask(second, other)
      await enter(first, codeOf(two))
      await isSignedIn(first, other)
      const opened = await context.newPage()
      await opened.goto(linkOf(one))
      await isSignedIn(opened, other)
    })
  })

  it('a double press on "send": one mail', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      let presses = 0
      await page.route(`${server.origin}/sign-in`, async (route) => {
        if (route.request().method() === 'POST') presses++
        await new Promise((resolve) => setTimeout(resolve, 400))
        await route.continue()
      })
      await page.getByLabel('Mail address').fill(email)
      const box = await page.getByRole('button', { name: 'Send me a sign-in mail' }).boundingBox()
      if (!box) throw new Error('no button')
      await page.mouse.click(box.x + 20, box.y + 10)
      await new Promise((resolve) => setTimeout(resolve, 120))
      await page.mouse.click(box.x + 20, box.y + 10)
      await waits(page)
      expect(presses).toBe(2)
      const mail = await server.inbox.next(email)
      await page.waitForTimeout(500)
      expect(await server.inbox.messages(email)).toHaveLength(1)
      await enter(page, codeOf(mail))
      await isSignedIn(page, email)
    })
  })

  it.each(['code', 'link'] as const)('the older %s still works', async (way) => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await begin(page)
      const old = await ask(page, email)
      const again = page.getByRole('button', { name: 'Send me another mail' })
      await again.click()
      await page.getByText('A new mail is on its way.').waitFor()
      await server.inbox.next(email, old.ts)
      const where = way === 'link' ? await context.newPage() : page
      if (way === 'link') await where.goto(linkOf(old))
      else await enter(page, codeOf(old))
      await isSignedIn(where, email)
    })
  })
})

describe('pressing and opening more than once', () => {
  it('the link twice at once, and the button pressed while the page goes on by itself', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await begin(page)
      const mail = await ask(page, email)
      const tabs = [await context.newPage(), await context.newPage()]
      await context.route(`${server.origin}/auth/magic-link`, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 400))
        await route.continue()
      })
      await Promise.all(tabs.map((tab) => tab.goto(linkOf(mail), { waitUntil: 'commit' })))
      await tabs[0]
        ?.getByRole('button')
        .first()
        .click({ timeout: 2000 })
        .catch(() => {})
      for (const tab of tabs) await isSignedIn(tab, email)
      expect(new Set(rp.of(email).map(({ claims }) => claims.sid)).size).toBe(1)
    })
  })

  it('the code, twice', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      await page.route('**/sign-in/code', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 400))
        await route.continue()
      })
      await field(page).fill(codeOf(mail))
      const box = await signInButton(page).boundingBox()
      if (!box) throw new Error('no button')
      await page.mouse.click(box.x + 20, box.y + 10)
      await new Promise((resolve) => setTimeout(resolve, 120))
      await page.mouse.click(box.x + 20, box.y + 10)
      // The second press aborts the first navigation.
      await expect.poll(() => page.url(), { timeout: 10_000 }).toContain('/callback')
      await isSignedIn(page, email)
      expect(new Set(rp.of(email).map(({ claims }) => claims.sid)).size).toBe(1)
    })
  })

  it('reload and Back on every page', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await begin(page)
      await page.reload()
      const mail = await ask(page, email)
      await page.reload()
      await waits(page)
      await page.goBack()
      expect(await heading(page).textContent()).toBe('Sign in to Acme')
      await page.goForward()
      await waits(page)
      await enter(page, wrongCodes(mail)[0] ?? '')
      await page.getByText('This code does not fit').waitFor()
      await page.reload()
      await page.getByText('This code does not fit').waitFor()
      await page.goBack()
      await waits(page)
      await enter(page, codeOf(mail))
      await isSignedIn(page, email)
      await page.goBack()
      await page.getByRole('link', { name: 'Go on to Acme' }).or(field(page)).first().waitFor()
      if (await field(page).isVisible()) await enter(page, codeOf(mail))
      else await page.getByRole('link', { name: 'Go on to Acme' }).click()
      await isSignedIn(page, email)

      const second = await context.newPage()
      const other = somebody()
      await second.goto(`${rp.login}?prompt=select_account`)
      const toOther = await ask(second, other)
      const opened = await context.newPage()
      await opened.goto(linkOf(toOther))
      await opened.reload()
      expect(await heading(opened).textContent()).toBe('Which account?')
      await opened.getByRole('button', { name: /^Sign in as/ }).click()
      await isSignedIn(opened, other)
      await opened.goBack()
      await opened.getByRole('button').first().click()
      await isSignedIn(opened, other)
      await opened.goto(`${server.origin}/account`)
      await opened.reload()
      await opened.getByRole('button', { name: 'Sign out here' }).click()
      await opened.getByRole('heading', { name: /You are signed out/ }).waitFor()
      await opened.reload()
      await opened.goBack()
      await opened.waitForURL(/\/sign-in/)
    })
  })
})

describe('a link that is too old', () => {
  it('leads to a new one in one press, which works in this browser and in no other', async () => {
    const email = somebody()
    await settings({ link_ttl: 2 })
    try {
      await inBrowser({}, async (page) => {
        await begin(page)
        const old = await ask(page, email)
        await page.waitForTimeout(2500)
        await settings({ link_ttl: 900 })
        await page.goto(linkOf(old))
        expect(await heading(page).textContent()).toBe('This link has expired')
        await page.getByRole('button', { name: 'Send me a new link' }).click()
        await waits(page)
        const fresh = await server.inbox.next(email, old.ts)
        await inBrowser({}, async (second, secondContext) => {
          await second.goto(linkOf(fresh))
          expect(await heading(second).textContent()).toBe('Finish where you started')
          await second.getByRole('button').first().click()
          await isNobody(secondContext)
        })
        await page.goto(linkOf(fresh))
        await isSignedIn(page, email)
      })
    } finally {
      await settings({ link_ttl: 900 })
    }
  })
})

describe('cookies blocked', () => {
  /** Whatever was set is gone before the next press, as if it had never been kept. */
  const keepNone = (context: BrowserContext) => context.clearCookies({ domain: 'localhost' })

  async function askWithout(page: Page, context: BrowserContext, email: string): Promise<InboxMessage> {
    await begin(page)
    await keepNone(context)
    const mail = await ask(page, email)
    expect(await page.textContent('main')).toContain('This browser keeps no cookies from us')
    await keepNone(context)
    return mail
  }

  it('the code typed in the same tab signs in, and the page says why the link will not', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      const mail = await askWithout(page, context, email)
      await enter(page, wrongCodes(mail)[0] ?? '')
      await page.getByText('This code does not fit').waitFor()
      await keepNone(context)
      await enter(page, codeOf(mail))
      await isSignedIn(page, email)
    })
  })

  it('another mail can be asked for, and its code works', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      const mail = await askWithout(page, context, email)
      await page.getByRole('button', { name: 'Send me another mail' }).click()
      await page.getByText('A new mail is on its way.').waitFor()
      await keepNone(context)
      await enter(page, codeOf(await server.inbox.next(email, mail.ts)))
      await isSignedIn(page, email)
    })
  })

  it('the code that the link shows signs in as well', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      const mail = await askWithout(page, context, email)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await keepNone(context)
      await opened.getByRole('button', { name: 'Show me the code' }).click()
      const code = (await opened.locator('.relay').textContent()) ?? ''
      await keepNone(context)
      await enter(page, code)
      await isSignedIn(page, email)
    })
  })
})

describe('a code', () => {
  it.each<[string, (code: string) => string]>([
    ['with spaces', (code) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    ['with a dash', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
    ['in the subject, pasted', (code) => `${code.slice(0, 3)} ${code.slice(3)} is your Acme code`],
    ['in the sentence, pasted', (code) => `Type this code where you asked for it: ${code}.`],
    ['in Arabic digits', (code) => code.replace(/\d/g, (digit) => String.fromCharCode(0x0660 + Number(digit)))],
  ])('%s', async (_name, typed) => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      await enter(page, typed(codeOf(mail)))
      await isSignedIn(page, email)
    })
  })

  it('wrong once, then right: what was typed is not lost, and the page says how many tries are left', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      const [wrong = ''] = wrongCodes(mail)
      await enter(page, wrong)
      expect(await page.getByRole('alert').textContent()).toContain('4 tries left')
      expect(await field(page).inputValue()).toBe(wrong)
      await enter(page, codeOf(mail))
      await isSignedIn(page, email)
    })
  })

  it('wrong five times: locked, and the link works', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await begin(page)
      const mail = await ask(page, email)
      for (const wrong of wrongCodes(mail)) {
        await enter(page, wrong)
        await page.waitForLoadState()
      }
      if (await field(page).isVisible()) await enter(page, codeOf(mail))
      await page.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await isSignedIn(opened, email)
    })
  })

  it('wrong five times: a new mail works', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await begin(page)
      const mail = await ask(page, email)
      for (const wrong of wrongCodes(mail)) {
        await enter(page, wrong)
        await page.waitForLoadState()
      }
      if (await field(page).isVisible()) await enter(page, codeOf(mail))
      await page.getByRole('button', { name: 'Send me another mail' }).click()
      await waits(page)
      await enter(page, codeOf(await server.inbox.next(email, mail.ts)))
      await isSignedIn(page, email)
    })
  })

  it('too old: the page says so, and a new one works', async () => {
    const email = somebody()
    await settings({ code_ttl: 2, method: 'code' })
    try {
      await inBrowser({}, async (page) => {
        await begin(page)
        const old = await ask(page, email)
        expect(old.links).toEqual([])
        await page.waitForTimeout(2500)
        await settings({ code_ttl: 600 })
        await enter(page, codeOf(old))
        expect(await page.getByRole('alert').textContent()).toContain('expired')
        await page.getByRole('button', { name: 'Send me another mail' }).click()
        await page.getByText('A new mail is on its way.').waitFor()
        await enter(page, codeOf(await server.inbox.next(email, old.ts)))
        await isSignedIn(page, email)
      })
    } finally {
      await settings({ code_ttl: 600, method: 'link_and_code' })
    }
  })
})

describe('an odd device', () => {
  it('on a slow network', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await context.route('**/*', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 500))
        await route.continue()
      })
      await begin(page)
      const mail = await ask(page, email)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await isSignedIn(opened, email)
    })
  })

  it.each([
    ['a day ahead', 86_400_000],
    ['a day behind', -86_400_000],
  ])('its clock %s', async (_name, off) => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await context.addInitScript((ms) => {
        const Real = Date
        const now = () => Real.now() + ms
        globalThis.Date = new Proxy(Real, {
          construct: (target, given) => (given.length === 0 ? new target(now()) : new target(...(given as [number]))),
          apply: () => new Real(now()).toString(),
          get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
        })
      }, off)
      await begin(page)
      const old = await ask(page, email)
      await page.getByRole('button', { name: 'Send me another mail' }).click()
      await page.getByText('A new mail is on its way.').waitFor()
      const mail = await server.inbox.next(email, old.ts)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await isSignedIn(opened, email)
    })
  })
})

describe('another account', () => {
  it('is asked before it is switched, and can stay', async () => {
    const [first, second] = [somebody(), somebody()]
    await inBrowser({}, async (page, context) => {
      await begin(page)
      await enter(page, codeOf(await ask(page, first)))
      await isSignedIn(page, first)

      await page.goto(rp.login)
      await isSignedIn(page, first)

      await page.goto(`${rp.login}?prompt=select_account`)
      expect(await page.textContent('body')).toContain(`You are signed in here as ${first}`)
      await page.getByRole('button', { name: 'Go on to Acme' }).click()
      await isSignedIn(page, first)

      await page.goto(`${rp.login}?prompt=select_account`)
      const mail = await ask(page, second)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await opened.waitForTimeout(500)
      expect(await heading(opened).textContent()).toBe('Which account?')
      await opened.getByRole('link', { name: `Stay signed in as ${first}` }).click()
      expect(await opened.textContent('body')).toContain(first)

      await opened.goto(linkOf(mail))
      await opened.getByRole('button', { name: /^Sign in as/ }).click()
      await isSignedIn(opened, second)
      await opened.goto(rp.login)
      await isSignedIn(opened, second)
    })
  })

  it('prompt=login asks for a new sign-in; the tab that waits goes on', async () => {
    const email = somebody()
    await inBrowser({}, async (page, context) => {
      await begin(page)
      await enter(page, codeOf(await ask(page, email)))
      await isSignedIn(page, email)
      await page.goto(`${rp.login}?prompt=login`)
      expect(await page.textContent('body')).toContain('sign in once more')
      const mail = await ask(page, email)
      const opened = await context.newPage()
      await opened.goto(linkOf(mail))
      await isSignedIn(opened, email)
      await page.getByRole('link', { name: 'Go on to Acme' }).click()
      await isSignedIn(page, email)
    })
  })
})

describe('no application', () => {
  it('ends on the account; a second device is listed there and can be ended', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      await page.goto(`${server.origin}/sign-in`)
      const mail = await ask(page, email)
      await field(page).fill(codeOf(mail))
      await field(page).press('Enter')
      await page.waitForURL(/\/account/)
      expect(await page.textContent('body')).toContain(email)
      await inBrowser({}, async (second, secondContext) => {
        await second.goto(`${server.origin}/sign-in`)
        const other = await ask(second, email)
        await field(second).fill(codeOf(other))
        await field(second).press('Enter')
        await second.waitForURL(/\/account/)
        await page.reload()
        await page.getByRole('button', { name: /Sign out there/ }).click()
        await page.getByText('that browser is signed out').waitFor()
        await isNobody(secondContext)
      })
    })
  })
})

describe('signing out', () => {
  const signIn = async (page: Page, email: string) => {
    await begin(page)
    await enter(page, codeOf(await ask(page, email)))
    await isSignedIn(page, email)
    const [person] = rp.of(email).slice(-1)
    if (!person) throw new Error('nobody')
    expect(await rp.userinfo(person)).toBe(200)
    return person
  }

  it('here', async () => {
    await inBrowser({}, async (page, context) => {
      const person = await signIn(page, somebody())
      await page.goto(`${server.origin}/account`)
      await page.getByRole('button', { name: 'Sign out here' }).click()
      await page.getByRole('heading', { name: /You are signed out/ }).waitFor()
      expect(await rp.userinfo(person)).toBe(401)
      await isNobody(context)
    })
  })

  it('everywhere: refused at once, in each browser', async () => {
    const email = somebody()
    await inBrowser({}, async (page) => {
      const one = await signIn(page, email)
      await inBrowser({}, async (second, secondContext) => {
        const two = await signIn(second, email)
        await page.goto(`${server.origin}/account`)
        await page.getByRole('button', { name: 'Sign out everywhere' }).click()
        await page.getByRole('heading', { name: /You are signed out/ }).waitFor()
        expect(await rp.userinfo(one)).toBe(401)
        expect(await rp.userinfo(two)).toBe(401)
        await isNobody(secondContext)
      })
    })
  })

  it('by the application, with the ID token: at once', async () => {
    await inBrowser({}, async (page, context) => {
      const person = await signIn(page, somebody())
      const query = new URLSearchParams({
        id_token_hint: person.idToken,
        post_logout_redirect_uri: rp.bye,
        state: 'over',
      })
      await page.goto(`${server.origin}/logout?${query}`)
      expect(page.url()).toBe(`${rp.bye}?state=over`)
      expect(await rp.userinfo(person)).toBe(401)
      await isNobody(context)
    })
  })

  it('by the application, without: the person is asked, and may stay', async () => {
    await inBrowser({}, async (page, context) => {
      const person = await signIn(page, somebody())
      const query = new URLSearchParams({ client_id: rp.clientId, post_logout_redirect_uri: rp.bye, state: 'over' })
      await page.goto(`${server.origin}/logout?${query}`)
      await page.getByRole('link', { name: 'Stay signed in' }).click()
      await page.waitForURL(/\/account/)
      expect(await rp.userinfo(person)).toBe(200)
      await page.goto(`${server.origin}/logout?${query}`)
      await page.getByRole('button', { name: /Sign out/ }).click()
      await page.waitForURL(`${rp.bye}?state=over`)
      expect(await rp.userinfo(person)).toBe(401)
      await isNobody(context)
    })
  })
})

describe('a confidential client', () => {
  it('signs in with client_secret_basic', async () => {
    const email = somebody()
    const confidential = await startRelyingParty(server, { authMethod: 'client_secret_basic' })
    try {
      await inBrowser({}, async (page) => {
        await page.goto(confidential.login)
        await enter(page, codeOf(await ask(page, email)))
        await isSignedIn(page, email)
        expect(confidential.of(email)).toHaveLength(1)
      })
    } finally {
      await confidential.stop()
    }
  })
})
