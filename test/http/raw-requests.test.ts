/**
 * Requests that no HTTP client would write, byte by byte on a socket (security.md U5, promise 11): whatever host they name and
 * however often, links lead to ISSUER, and nothing of the answer names that host.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { borrowDevServer, type DevServer } from '../support/server.ts'

const EVIL = 'evil.example'
const ANSWER_WITHIN_MS = 15_000

let server: DevServer
beforeAll(async () => {
  server = await borrowDevServer()
})
afterAll(() => server?.stop())

/** @returns all that was answered until the other side closed */
async function exchange(head: string[], body: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

const send = (body: string): string[] => [
  `x-api-key: ${server.key}`,
  'content-type: application/json',
  `content-length: ${Buffer.byteLength(body)}`,
  'connection: close',
]

type Spelling = [name: string, target: (path: string) => string, headers: (own: string) => string[]]
const SPELLINGS: Spelling[] = [
  ['their host', (path) => `POST ${path} HTTP/1.1`, () => [`host: ${EVIL}`]],
  ['ours, then theirs', (path) => `POST ${path} HTTP/1.1`, (own) => [`host: ${own}`, `host: ${EVIL}`]],
  ['theirs, then ours', (path) => `POST ${path} HTTP/1.1`, (own) => [`host: ${EVIL}`, `host: ${own}`]],
  ['both in one line', (path) => `POST ${path} HTTP/1.1`, (own) => [`host: ${own}, ${EVIL}`]],
  ['theirs behind ours as user', (path) => `POST ${path} HTTP/1.1`, (own) => [`host: ${own}@${EVIL}`]],
  ['a folded line', (path) => `POST ${path} HTTP/1.1`, (own) => [`host: ${own}`, ` ${EVIL}`]],
  ['a space before the colon', (path) => `POST ${path} HTTP/1.1`, (own) => [`host : ${EVIL}`, `host: ${own}`]],
  ['an absolute target', (path) => `POST http://${EVIL}${path} HTTP/1.1`, (own) => [`host: ${own}`]],
  ['a target without a scheme', (path) => `POST //${EVIL}${path} HTTP/1.1`, (own) => [`host: ${own}`]],
  ['no host, HTTP/1.0', (path) => `POST ${path} HTTP/1.0`, () => [`x-forwarded-host: ${EVIL}`]],
  ['no host, HTTP/1.1', (path) => `POST ${path} HTTP/1.1`, () => [`x-forwarded-host: ${EVIL}`]],
]

it.each(SPELLINGS)('%s: the mail leads to the issuer, or nothing is sent', async (name, target, headers) => {
  const email = `raw-${name.replaceAll(/\W+/g, '-')}@example.com`
  const body = JSON.stringify({ email })
  const own = new URL(server.origin).host
  const answer = await exchange([target('/v1/passwordless/send'), ...headers(own), ...send(body)], body)
  expect(answer).not.toContain(EVIL)
  const mails = await server.inbox.messages(email)
  if (/^HTTP\/1\.[01] 201 /.test(answer)) {
    expect(mails).toHaveLength(1)
    expect(mails[0]?.links.map((link) => new URL(link).origin)).toEqual([server.origin])
  } else {
    // What workerd cannot read ends there, with a 500 of its own.
    expect(answer).toMatch(/^(HTTP\/1\.[01] ([34]\d\d |500 .*\r\n\r\nInternal Server Error$)|$)/s)
    expect(mails).toEqual([])
  }
})

it('a second request hidden in the first one’s body is not answered', async () => {
  const own = new URL(server.origin).host
  const email = 'raw-hidden@example.com'
  const hiddenBody = JSON.stringify({ email })
  const hidden = ['POST /v1/passwordless/send HTTP/1.1', `host: ${own}`, ...send(hiddenBody), '', hiddenBody].join(
    '\r\n',
  )
  const head = ['POST /v1/passwordless/send HTTP/1.1', `host: ${own}`, `x-api-key: ${server.key}`]
  const both = ['content-type: application/json', `content-length: ${hidden.length + 5}`, 'transfer-encoding: chunked']
  const answer = await exchange([...head, ...both, 'connection: close'], `0\r\n\r\n${hidden}`)
  expect(answer).toMatch(/^(HTTP\/1\.[01] 4\d\d |$)/)
  expect(answer.match(/HTTP\/1\.[01] \d/g)?.length ?? 0).toBeLessThanOrEqual(1)
  expect(await server.inbox.messages(email)).toEqual([])
})
