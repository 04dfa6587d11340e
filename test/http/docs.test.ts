/** /docs as it is served: nothing leads nowhere, nothing of the API is left out, and its first story works when pasted. */

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../src/docs/examples.ts'
import { PAGES, pathOfPage } from '../../src/docs/pages.ts'
import { hiddenInputs } from '../support/html.ts'
import { borrowDevServer, type DevServer, type Json } from '../support/server.ts'
import { pasteStory } from '../support/story.ts'

type Schema = { safeParse(value: unknown): { success: boolean; error?: { message: string } } }
type Operation = { id: string; method: string; path: string; body?: Schema; optionalBody?: boolean }

const PATHS = PAGES.map(({ name }) => pathOfPage(name))
const MAX_BYTES = 200 * 1024

let server: DevServer
let openapi: Json
const pages = new Map<string, { html: string; response: Response }>()

beforeAll(async () => {
  server = await borrowDevServer()
  for (const path of PATHS) {
    const response = await fetch(server.origin + path)
    pages.set(path, { html: await response.text(), response })
  }
  openapi = await (await fetch(`${server.origin}/openapi.json`)).json()
})
afterAll(() => server?.stop())

const htmlOf = (path: string): string => pages.get(path)?.html ?? ''
const decoded = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
const attributes = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value = '']) => decoded(value))
const textOf = (html: string): string => decoded(html.replaceAll(/<[^>]*>/g, ''))

describe.each(PATHS)('%s', (path) => {
  it('is a page of its own: one request, no script, small', () => {
    const { html = '', response } = pages.get(path) ?? {}
    expect(response?.status).toBe(200)
    expect(Buffer.byteLength(html)).toBeLessThan(MAX_BYTES)
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html).not.toMatch(/<script|<iframe|<form| on\w+=|javascript:| style=| src=/i)
    expect([...html.matchAll(/<link [^>]*>/g)].map(([link]) => link)).toEqual([
      expect.stringContaining('rel="icon" href="data:'),
    ])
    expect(html.match(/<h1>/g)).toHaveLength(1)
  })

  it('is served with the headers of a page, and with the hash of its style', () => {
    const { html = '', response } = pages.get(path) ?? {}
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(style.length).toBeGreaterThan(1000)
    expect(Object.fromEntries(response?.headers ?? [])).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'strict-origin',
      'cache-control': 'public, max-age=300',
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
    })
  })

  it('names this deployment, and no placeholder', () => {
    expect(htmlOf(path)).not.toMatch(/issuer\.example|insert:|undefined|\[object|[^{]\{#/)
    if (!['/docs/locales'].includes(path)) expect(htmlOf(path)).toContain(server.origin)
  })

  it('has each anchor once, and a heading under each', () => {
    const ids = attributes(htmlOf(path), 'id')
    expect(new Set(ids).size).toBe(ids.length)
    expect(htmlOf(path)).not.toMatch(/<h[23]>/)
  })

  it('has no link that leads nowhere', async () => {
    const anchors = (page: string) => attributes(htmlOf(page), 'id')
    for (const href of new Set(attributes(htmlOf(path), 'href'))) {
      const { origin, pathname, hash } = new URL(href, server.origin + path)
      if (origin !== server.origin) continue
      if (PATHS.includes(pathname)) {
        if (hash) expect(anchors(pathname), `${href} of ${path}`).toContain(hash.slice(1))
      } else {
        expect((await fetch(server.origin + pathname)).status, `${href} of ${path}`).toBe(200)
      }
    }
  })

  it('is not sent twice', async () => {
    const etag = pages.get(path)?.response.headers.get('etag') ?? ''
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await fetch(server.origin + path, { headers: { 'if-none-match': tag } })
      expect(again.status, tag).toBe(304)
      expect(again.headers.get('etag')).toBe(etag)
    }
    expect((await fetch(server.origin + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })
})

describe('/docs', () => {
  it('leads to every page from every page', () => {
    for (const path of PATHS) expect(attributes(htmlOf(path), 'href')).toEqual(expect.arrayContaining(PATHS))
  })

  it.each(['/docs/nope', '/docs/not-found', '/docs/Api', '/docs/api.html', '/docs/..%2fdisposable'])(
    '%s: 404, and what there is instead',
    async (path) => {
      const response = await fetch(server.origin + path)
      expect(response.status).toBe(404)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-security-policy')).toContain("style-src 'sha256-")
      expect(attributes(await response.text(), 'href')).toEqual(expect.arrayContaining(PATHS))
    },
  )

  it('is the only way to the assets', async () => {
    for (const path of ['/docs/api.html', '/disposable/00.txt', '/docs.html']) {
      expect((await fetch(server.origin + path)).status, path).toBe(404)
    }
  })

  it('takes GET and HEAD', async () => {
    expect((await fetch(`${server.origin}/docs`, { method: 'HEAD' })).status).toBe(200)
    const posted = await fetch(`${server.origin}/docs/api`, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('the errors', () => {
  it('are all there, each with what to do, where `type` of a problem leads', async () => {
    const html = htmlOf('/docs/errors')
    const codes: string[] = openapi.components.schemas.Problem.properties.code.enum
    expect(codes.length).toBeGreaterThan(25)
    for (const code of codes) expect(attributes(html, 'id')).toContain(code)
    expect(html.match(/<strong>What to do:<\/strong>/g)).toHaveLength(codes.length)
    // What stands there for a code that nobody explained.
    expect(html).not.toContain('<code>detail</code> of the answer says more')
    const { type } = await server.api('/v1/users/user_x')
    const { pathname, hash } = new URL(type)
    expect(attributes(htmlOf(pathname), 'id')).toContain(hash.slice(1))
  })
})

describe('the API reference', () => {
  const operations = (): { path: string; method: string; operation: Json }[] =>
    Object.entries<Json>(openapi.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
    )
  /** What stands under an operation's heading, or in its row of the calls without /v1. */
  const sectionOf = (id: string): string => {
    const html = htmlOf('/docs/api')
    const found = new RegExp(`<h3 id="${id}">[\\s\\S]*?(?=<h[23] |</main>)|<span id="${id}">[\\s\\S]*?</tr>`).exec(html)
    return found?.[0] ?? ''
  }

  it('has every operation, by its id', () => {
    const ids = attributes(htmlOf('/docs/api'), 'id')
    expect(operations().length).toBeGreaterThan(30)
    for (const { path, method, operation } of operations()) {
      expect(ids).toContain(operation.operationId)
      expect(textOf(sectionOf(operation.operationId)), operation.operationId).toContain(
        `${method.toUpperCase()} ${path}`,
      )
    }
  })

  it('has the scope, each parameter and each field of a body, and an example', () => {
    for (const { path, operation } of operations().filter(({ path }) => !path.startsWith('/users'))) {
      const section = textOf(sectionOf(operation.operationId))
      const scope = /^Scope: (.*)$/.exec(operation.description ?? '')?.[1]
      if (scope) expect(section, operation.operationId).toContain(scope)
      const body = Object.values<Json>(operation.requestBody?.content ?? {})[0]?.schema.properties ?? {}
      const parameters = (operation.parameters ?? []).filter((parameter: Json) => parameter.in !== 'path')
      for (const name of [...Object.keys(body), ...parameters.map((parameter: Json) => parameter.name)]) {
        expect(section, `${operation.operationId} ${name}`).toContain(name)
      }
      expect(section).toContain('curl ')
      expect(section).toContain(server.origin + (path.split('{')[0] ?? ''))
    }
  })

  it('has a meaning for each setting', async () => {
    const html = htmlOf('/docs/api')
    const table = html.slice(html.indexOf('id="settings"'), html.indexOf('<h2', html.indexOf('id="settings"') + 1))
    const { id: _, issuer: __, name: ___, created_at: ____, ...settings } = await server.api('/v1/project')
    for (const name of Object.keys(settings)) expect(table).toMatch(new RegExp(`<code>${name}(\\.\\w+)?</code>`))
    expect(table).not.toContain('<td></td>')
  })

  it('has examples that the schemas of requests accept', async () => {
    // By address: the Worker's types and those of Node do not go together.
    const source = '../../src/http/api/openapi.ts'
    const { OPERATIONS } = (await import(/* @vite-ignore */ source)) as { OPERATIONS: Operation[] }
    const known = Object.keys(EXAMPLES)
    for (const { id, body, optionalBody } of OPERATIONS.filter(({ path }) => path.startsWith('/v1/'))) {
      const example = EXAMPLES[id]?.body
      if (body && !optionalBody) expect(example, `${id} needs an example`).toBeDefined()
      if (body && example) expect(body.safeParse(example).error?.message, id).toBeUndefined()
    }
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(known.filter((id) => !ids.includes(id))).toEqual([])
  })
})

describe('what the pages tell to do', () => {
  it('names files and npm scripts that are there', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> }
    for (const path of PATHS) {
      const text = textOf(htmlOf(path))
      for (const [, name = ''] of text.matchAll(/npm run ([a-z:-]+)/g)) expect(Object.keys(scripts)).toContain(name)
    }
  })

  it.each(['/docs/compare', '/docs/streambird', '/docs/1kosmos'])('%s names calls that are there', async (path) => {
    const calls = [...htmlOf(path).matchAll(/<code>(GET|POST|PUT|DELETE) (\/[^<]+)<\/code>/g)]
    expect(calls.length).toBeGreaterThanOrEqual(5)
    for (const [, method = '', address = ''] of calls) {
      const { status } = await fetch(server.origin + address.replaceAll(/\{\w+\}|…/g, 'x'), { method })
      expect([404, 405], `${method} ${address}`).not.toContain(status)
    }
  })

  it.each(['streambird', '1kosmos'])('/docs/%s names tests that are there', async (name) => {
    const page = await readFile(`src/docs/${name}.md`, 'utf8')
    const tables = page.split(/\n\n/).filter((block) => /^\|.*\| Test +\|/.test(block))
    const cells = tables.flatMap((table) => table.split('\n').slice(2)).map((row) => row.split('|').at(-2) ?? '')
    const named = cells.flatMap((cell) => cell.split(';')).map((title) => title.trim())
    expect(named.length).toBeGreaterThan(30)
    const source = await readFile(`test/dialects/${name}.test.ts`, 'utf8')
    // A title stands behind `it(` or the `)(` of a table of cases, on the same line or on the next.
    const titles = [...source.matchAll(/[)\]t]\(\s*'(.*)',/g)].map(([, title = '']) => title.replaceAll(/%\w/g, '…'))
    const missing = named.filter((title) => !titles.some((one) => one.startsWith(title)))
    expect(missing).toEqual([])
  })

  it('names commands of wrangler that it has', async () => {
    const commands = new Set(
      PATHS.flatMap((path) => [
        ...textOf(htmlOf(path)).matchAll(/npx wrangler ([a-z][a-z0-9-]*(?: [a-z][a-z-]+)?)/g),
      ]).map(([, command = '']) => command),
    )
    expect([...commands].sort()).toEqual([
      'd1 create',
      'd1 delete',
      'd1 execute',
      'd1 export',
      'd1 time-travel',
      'delete',
      'kv namespace',
      'login',
      'rollback',
      'secret put',
      'tail latchkey',
    ])
  })

  describe('the stories, pasted', () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'latchkey-docs-'))
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    const pasteFrom = (page: string, names: string[], environment: Record<string, string> = {}): Promise<Json> =>
      pasteStory(server, folder, page, names, environment)
    const paste = (names: string[], environment: Record<string, string> = {}) => pasteFrom('index', names, environment)

    /** Opens the link and presses its button; where that leads. */
    async function press(link: string): Promise<URL> {
      const pressed = await fetch(`${server.origin}/auth/magic-link`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(hiddenInputs(await (await fetch(link)).text())),
      })
      return new URL(pressed.headers.get('location') ?? '')
    }

    it('signs in by the link', async () => {
      expect(await paste(['setup', 'register'])).toMatchObject({ redirect_uris: ['https://app.example.com/callback'] })
      expect(await paste(['setup', 'send'])).toMatchObject({ method: 'link_and_code', message: { status: 'accepted' } })
      const { links } = await server.inbox.next('ada@example.com')
      const back = await press(links[0] ?? '')
      expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([
        'https://app.example.com/callback',
        'cart-17',
      ])
      const CODE_OF_THE_ADDRESS = back.searchParams.get('code') ?? ''
      expect(await paste(['setup', 'exchange'], { CODE_OF_THE_ADDRESS })).toMatchObject({
        user: { email: 'ada@example.com' },
        token_type: 'Bearer',
      })
    })

    it('signs in by the code', async () => {
      const [last] = (await server.inbox.messages('ada@example.com')).slice(-1)
      const { id } = await paste(['setup', 'send'])
      const { code } = await server.inbox.next('ada@example.com', last?.ts)
      const verified = await paste(['setup', 'code'], { ID_OF_THE_SEND: id, SIX_DIGITS: code ?? '' })
      expect(verified).toMatchObject({ method: 'code', user: { email: 'ada@example.com' } })
    })

    it('registers an application', async () => {
      expect(await paste(['setup', 'client'])).toMatchObject({ name: 'Acme shop', client_secret: expect.any(String) })
    })

    it('does what Forward’s guide does', async () => {
      const forward = (names: string[], environment: Record<string, string> = {}) =>
        pasteFrom('forward', ['setup', ...names], environment)
      const key: string = (await forward(['key'])).key
      expect(await forward(['find'], { LATCHKEY_KEY: key })).toEqual({ data: [], next_cursor: null })
      const created = await forward(['create'], { LATCHKEY_KEY: key })
      expect(created).toMatchObject({ email: 'user@example.com', type: 'BUSINESS', status: 'ACTIVE' })
      const person = { LATCHKEY_KEY: key, USER_ID: created.id }
      expect((await forward(['find'], person)).data).toEqual([created])
      expect(await forward(['get'], person)).toEqual(created)
      expect(await forward(['update'], person)).toMatchObject({ first_name: 'John', last_name: 'Roe', role: 'admin' })
      expect(await forward(['status'], person)).toMatchObject({ status: 'ACTIVE', message: expect.any(String) })
      expect(await forward(['redirect'])).toMatchObject({ default_login_redirect: 'https://app.example.com/sso' })
      const { login_url } = await forward(['link'], person)
      const back = await press(login_url)
      expect(back.origin + back.pathname).toBe('https://app.example.com/sso')
      const CODE_OF_THE_ADDRESS = back.searchParams.get('code') ?? ''
      expect(await forward(['exchange'], { LATCHKEY_KEY: key, CODE_OF_THE_ADDRESS })).toMatchObject({
        user: { id: created.id },
        token_type: 'Bearer',
      })
    })

    it('signs a member in to an organization', async () => {
      const organizations = (names: string[], environment: Record<string, string> = {}) =>
        pasteFrom('organizations', ['setup', ...names], environment)
      const { id: ORGANIZATION_ID } = await organizations(['create'])
      const { id: USER_ID } = await server.api('/v1/users', { email: 'member@example.com' })
      const member = await organizations(['member'], { ORGANIZATION_ID, USER_ID })
      expect(member).toMatchObject({ user_id: USER_ID, roles: ['admin'] })
      const sent = await server.api('/v1/passwordless/send', { user_id: USER_ID, reveal: true })
      const verified = await organizations(['verify'], { ID_OF_THE_SEND: sent.id, SIX_DIGITS: sent.code })
      expect(verified).toMatchObject({ session: { organization_id: ORGANIZATION_ID } })
    })
  })
})
