import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { borrowDevServer, type DevServer, startDevServer } from '../support/server.ts'

let server: DevServer

beforeAll(async () => {
  server = await borrowDevServer()
})
afterAll(() => server?.stop())

const ask = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init)

describe('GET /dev/inbox/messages', () => {
  it('gives a list, and no cache keeps it', async () => {
    const answer = await ask('/dev/inbox/messages?to=nobody@example.com&after=0')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual({ messages: [] })
  })

  it('refuses an after that is no time in milliseconds', async () => {
    const answer = await ask('/dev/inbox/messages?after=yesterday')
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ path: 'after' }] })
  })

  it('cannot be read by a page of another origin', async () => {
    const answer = await ask('/dev/inbox/messages', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('DELETE /dev/inbox/messages', () => {
  it('answers 204, with mail or without', async () => {
    const answer = await ask('/dev/inbox/messages?to=nobody@example.com', { method: 'DELETE' })
    expect(answer.status).toBe(204)
  })
})

describe('/dev/inbox/outage', () => {
  const put = (body: string) => ask('/dev/inbox/outage', { method: 'PUT', body })
  const state = async () => (await ask('/dev/inbox/outage')).json()

  it.each([500, 429, 'timeout', null])('can be set to %j', async (status) => {
    const answer = await put(JSON.stringify({ status }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status })
    expect(await state()).toEqual({ status })
  })

  it.each(['{"status":503}', '{"status":"500"}', '{"status":500,"x":1}', '{}', '[]', 'null', 'no JSON', ''])(
    'refuses %s and stays as it was',
    async (body) => {
      const answer = await put(body)
      expect(answer.status).toBe(400)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'status' }] })
      expect(await state()).toEqual({ status: null })
    },
  )

  it('is told on the page, with how to end it', async () => {
    await put('{"status":429}')
    const page = await (await ask('/dev/inbox')).text()
    await put('{"status":null}')
    expect(page).toContain('answers every mail with 429')
    expect(page).toContain(`curl -X PUT ${server.url.origin}/dev/inbox/outage`)
  })
})

describe('the pages', () => {
  it('an empty inbox says how the first mail comes to be, and does not show the key', async () => {
    const answer = await ask('/dev/inbox')
    const page = await answer.text()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page).toContain('No mail yet')
    expect(page).toContain(`curl ${server.url.origin}/v1/passwordless/send`)
    expect(page).not.toContain(server.key)
  })

  it('what was filtered for is shown as text', async () => {
    const page = await (await ask(`/dev/inbox?to=${encodeURIComponent('"><script>x</script>')}`)).text()
    expect(page).not.toContain('<script>x')
  })

  it('/ says where to go, and does not show the key', async () => {
    const page = await (await ask('/')).text()
    for (const place of ['/dev/inbox', '/healthz', '/openapi.json', '$LATCHKEY_KEY']) expect(page).toContain(place)
    expect(page).not.toContain(server.key)
  })

  it('a mail that is not there is a 404: a page for a person, problem+json for a program', async () => {
    const page = await ask('/dev/inbox/none', { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    const problem = await ask('/dev/inbox/none')
    expect([problem.status, problem.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  })
})

it.each([
  ['POST', '/dev/inbox', 'GET'],
  ['POST', '/dev/inbox/messages', 'GET, DELETE'],
  ['DELETE', '/dev/inbox/outage', 'GET, PUT'],
  ['PUT', '/', 'GET'],
])('%s %s is answered 405', async (method, path, allow) => {
  const answer = await ask(path, { method })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
})

it('other paths of the inbox are answered 404 as JSON', async () => {
  const answer = await ask('/dev/inbox/messages/1/2')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
})

it('its output shows where to go and the development key', async () => {
  const output = await server.output()
  expect(output).toContain(`${server.url.origin}/dev/inbox`)
  expect(output).toContain(`export LATCHKEY_KEY=${server.key}`)
})

describe('on another host than this machine', () => {
  // fetch lets nobody set Host, so this goes by the socket.
  const statusFor = (host: string, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port: server.url.port, path, headers: { host } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })

  it.each(['/', '/dev/inbox', '/dev/inbox/messages', '/healthz'])('%s is not there', async (path) => {
    expect(await statusFor('evil.example', path)).toBe(404)
    expect(await statusFor('localhost.evil.example', path)).toBe(404)
  })

  it.each(['localhost', '127.0.0.1', '[::1]'])('%s is this machine', async (host) => {
    expect(await statusFor(`${host}:${server.url.port}`, '/dev/inbox/messages')).toBe(200)
  })
})

it('keeps its state when every process is killed', async () => {
  const persistTo = await mkdtemp(join(tmpdir(), 'latchkey-kill-'))
  const first = await startDevServer({ persistTo })
  await first.inbox.outage(429)
  await first.kill('SIGKILL')
  await expect(fetch(first.url)).rejects.toThrow()

  const second = await startDevServer({ persistTo, port: Number(first.url.port) })
  const state = await (await fetch(new URL('/dev/inbox/outage', second.url))).json()
  await second.stop()
  await rm(persistTo, { recursive: true })
  expect(state).toEqual({ status: 429 })
}, 120_000)
