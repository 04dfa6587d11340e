/** /docs/scalekit, pasted: the move from Scalekit as its reader would make it. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { borrowDevServer, type DevServer, type Json } from '../support/server.ts'
import { pasteStory } from '../support/story.ts'

const PAGE = 'src/docs/scalekit.md'
const EMAIL = 'john.doe@example.com'

let server: DevServer
let folder: string
let page: string
beforeAll(async () => {
  ;[server, folder, page] = await Promise.all([
    borrowDevServer(),
    mkdtemp(join(tmpdir(), 'latchkey-scalekit-')),
    readFile(PAGE, 'utf8'),
  ])
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const paste = (names: string[], environment: Record<string, string> = {}): Promise<Json> =>
  pasteStory(server, folder, 'scalekit', names, environment)

/** The story up to a mail, and what is in it. */
async function mailed(names: string[], environment: Record<string, string> = {}) {
  const [last] = (await server.inbox.messages(EMAIL)).slice(-1)
  const sent = await paste(names, environment)
  const { code, text } = await server.inbox.next(EMAIL, last?.ts)
  const [, token = ''] = /https:\/\/yourapp\.com\/passwordless\/verify\?link_token=([\w-]+)/.exec(text) ?? []
  return { sent, code: code ?? '', token }
}

describe('the move, pasted', () => {
  it('makes the client and its token', async () => {
    expect(await paste(['setup', 'client'])).toMatchObject({ client_id: 'skc_17000000000000001', access_ttl: 86_399 })
    expect(await paste(['setup', 'register'])).toMatchObject({
      method: 'link_and_code',
      redirect_uris: ['https://yourapp.com/passwordless/verify'],
    })
    await paste(['setup', 'token'])
    expect(JSON.parse(await readFile(join(folder, 'token.json'), 'utf8'))).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 86_399,
      scope: 'passwordless:send passwordless:verify',
    })
  })

  it('signs in by the code', async () => {
    const { sent, code } = await mailed(['setup', 'token', 'send'])
    expect(sent).toMatchObject({ expires_in: 300, expires_at: expect.any(String), passwordless_type: 'LINK_OTP' })
    const verified = await paste(['setup', 'token', 'code'], {
      AUTH_REQUEST_ID: sent.auth_request_id,
      SIX_DIGITS: code,
    })
    const told = { state: 'jAy-state1-gM4fdZ', template: 'SIGNIN', passwordless_type: 'LINK_OTP' }
    expect(verified).toEqual({ email: EMAIL, ...told })
  })

  it('signs in by the link of a resend', async () => {
    const first = await mailed(['setup', 'token', 'send'])
    const AUTH_REQUEST_ID = first.sent.auth_request_id
    const second = await mailed(['setup', 'token', 'resend'], { AUTH_REQUEST_ID })
    expect(second.sent.auth_request_id).toBe(AUTH_REQUEST_ID)
    const verified = await paste(['setup', 'token', 'link'], { LINK_TOKEN: second.token })
    expect(verified).toMatchObject({ email: EMAIL })
    const again = await paste(['setup', 'token', 'link'], { LINK_TOKEN: second.token })
    expect(again).toMatchObject({ code: 9, message: 'auth request already used' })
  })
})

describe('the tables', () => {
  it('name tests that are there', async () => {
    const tables = page.split(/\n\n/).filter((block) => /^\|.*\| Test +\|/.test(block))
    const cells = tables.flatMap((table) => table.split('\n').slice(2)).map((row) => row.split('|').at(-2) ?? '')
    const named = cells.flatMap((cell) => cell.split(';')).map((title) => title.trim())
    expect(named.length).toBeGreaterThan(30)
    const source = await readFile('test/dialects/scalekit.test.ts', 'utf8')
    // A title stands behind `it(` or the `)(` of a table of cases, on the same line or on the next.
    const titles = [...source.matchAll(/[)\]t]\(\s*'(.*)',/g)].map(([, title = '']) => title)
    for (const title of named)
      expect(
        titles.filter((one) => one.startsWith(title)),
        title,
      ).not.toEqual([])
  })
})
