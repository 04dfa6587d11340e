/** /docs/transmit, pasted: the move from Transmit Security as its reader would make it. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hiddenInputs } from '../support/html.ts'
import { borrowDevServer, type DevServer, type Json } from '../support/server.ts'
import { pasteStory } from '../support/story.ts'

const PAGE = 'src/docs/transmit.md'
const EMAIL = 'name@example.com'

let server: DevServer
let folder: string
let page: string
beforeAll(async () => {
  ;[server, folder, page] = await Promise.all([
    borrowDevServer(),
    mkdtemp(join(tmpdir(), 'latchkey-transmit-')),
    readFile(PAGE, 'utf8'),
  ])
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const paste = (names: string[], environment: Record<string, string> = {}): Promise<Json> =>
  pasteStory(server, folder, 'transmit', names, environment)

/** The newest mail that these send. */
async function mailed(names: string[]) {
  const [last] = (await server.inbox.messages(EMAIL)).slice(-1)
  const sent = await paste(names)
  return { sent, mail: await server.inbox.next(EMAIL, last?.ts) }
}

describe('the move, pasted', () => {
  it('makes the client, its token and a user', async () => {
    expect(await paste(['setup', 'client'])).toMatchObject({ client_id: 'DgsdfhSDsdfhtSDFXCC345yscv2345XCZV' })
    expect(await paste(['setup', 'register'])).toMatchObject({ redirect_uris: ['https://www.example.com/verify'] })
    expect(await paste(['setup', 'token', 'user'])).toMatchObject({ result: { email: { value: EMAIL } } })
    expect(JSON.parse(await readFile(join(folder, 'token.json'), 'utf8'))).toMatchObject({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 3600,
    })
  })

  it('signs in by a passcode, and refreshes', async () => {
    const { sent, mail } = await mailed(['setup', 'token', 'otp'])
    expect(sent).toEqual({ message: 'OTP sent', approval_data: expect.objectContaining({ sum: '200' }) })
    const tokens = await paste(['setup', 'token', 'passcode'], { SIX_DIGITS: mail.code ?? '' })
    expect(tokens).toMatchObject({ token_type: 'Bearer', session_id: expect.stringMatching(/^sess_/) })
    const refreshed = await paste(['setup', 'refresh'], { REFRESH_TOKEN: tokens.refresh_token })
    expect(refreshed.session_id).toBe(tokens.session_id)
  })

  it('signs in by a link', async () => {
    const { sent, mail } = await mailed(['setup', 'token', 'link'])
    expect(sent).toEqual({ message: 'Email sent successfully' })
    const form = hiddenInputs(await (await fetch(mail.links[0] ?? '')).text())
    const pressed = await fetch(`${server.origin}/auth/magic-link`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form),
    })
    const back = new URL(pressed.headers.get('location') ?? '')
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([
      'https://www.example.com/verify',
      'your-state',
    ])
    const CODE_OF_THE_ADDRESS = back.searchParams.get('code') ?? ''
    const tokens = await paste(['setup', 'token', 'code'], { CODE_OF_THE_ADDRESS })
    expect(tokens).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) })
  })
})

describe('what the page says', () => {
  it('names tests that are there', async () => {
    const tests = await readFile('test/dialects/transmit.test.ts', 'utf8')
    const names = [...page.matchAll(/^\|.*\| ([^|]+?) +\|$/gm)].map(([, name = '']) => name)
    const tables = page.slice(page.indexOf('## What is the same'), page.indexOf('## What differs'))
    const cells = names.filter((name) => tables.includes(`| ${name} `) && !/^(Test|-+)$/.test(name))
    expect(cells.length).toBeGreaterThan(30)
    const parts = cells.flatMap((cell) => cell.split(/: |; | … /)).map((part) => part.replace(/ …$/, ''))
    const known = ['every test that authenticates']
    expect(parts.filter((part) => !tests.includes(part) && !known.includes(part))).toEqual([])
  })
})
