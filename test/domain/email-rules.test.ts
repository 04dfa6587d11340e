/** Which mail domains a project takes, and what happens when the list of throw-away ones cannot be read. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { disposableListOf, shardOf } from '../../src/lib/shard.ts'
import { oidcApp, person } from '../oidc/support.ts'
import { anAddress, env, testApp } from '../support/app.ts'
import { aProject, type TestProject } from '../support/project.ts'
import { expectProblem } from '../support/refusals.ts'

const LISTED = ['throwaway.example', 'bin.example.net', 'co.uk.example']

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** The lists as files, and what of them was read. */
function assetsWith(domains: string[]) {
  const read: string[] = []
  const ASSETS = {
    fetch: async (input: RequestInfo) => {
      const path = new URL(input instanceof Request ? input.url : String(input)).pathname
      read.push(path)
      const lines = domains.filter((domain) => disposableListOf(domain) === path)
      return new Response(`${['a-listed-neighbour.example', ...lines].sort().join('\n')}\n`)
    },
  }
  return { ASSETS, read }
}
const withAssets = (ASSETS: unknown) => testApp({ bindings: { ASSETS } })
const at = (domain: string) => `${crypto.randomUUID().slice(0, 8)}@${domain}`

async function expectTaken(project: TestProject, domain: string): Promise<void> {
  const answer = await project.send({ email: at(domain) })
  expect(answer.status, `${domain}: ${answer.text}`).toBe(201)
}
async function expectRefused(project: TestProject, domain: string, setting: string): Promise<void> {
  const mails = project.app.outbox.length
  for (const more of [{}, { create_user: false }, { channel: 'none' }]) {
    const answer = await project.send({ email: at(domain), ...more })
    expectProblem(answer, 403, 'email_domain_blocked')
    expect(answer.json.detail).toContain(setting)
  }
  expect(project.app.outbox).toHaveLength(mails)
}

describe('the lists of a project', () => {
  it('allowed: these domains and what is below them', async () => {
    const project = await aProject(testApp(), { email_domains_allowed: ['acme.example', 'xn--bcher-kva.example'] })
    for (const domain of ['acme.example', 'ACME.example', 'a.b.acme.example', 'bücher.example'])
      await expectTaken(project, domain)
    for (const domain of ['example.com', 'notacme.example', 'acme.example.com', 'bucher.example']) {
      await expectRefused(project, domain, 'email_domains_allowed')
    }
  })

  it('blocked: these and what is below them, though they are allowed', async () => {
    const project = await aProject(testApp(), {
      email_domains_allowed: ['acme.example'],
      email_domains_blocked: ['guest.acme.example'],
    })
    await expectTaken(project, 'mail.acme.example')
    for (const domain of ['guest.acme.example', 'x.guest.acme.example', 'X.Guest.ACME.example']) {
      await expectRefused(project, domain, 'email_domains_blocked')
    }
  })

  it('hold for a user who is named, too', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: at('old.example') })
    await project.patch({ email_domains_blocked: ['old.example'] })
    expectProblem(await project.send({ user_id: user.id }), 403, 'email_domain_blocked')
    expectProblem(await project.send({ email: user.email }), 403, 'email_domain_blocked')
    expect(project.app.outbox).toEqual([])
  })

  it('spend nothing of the address’s budget', async () => {
    const limits = { per_minute: 1, per_15_minutes: 1, per_day: 1 }
    const project = await aProject(testApp(), { email_domains_blocked: ['old.example'], send_limits: limits })
    const email = at('old.example')
    for (let i = 0; i < 3; i++) expectProblem(await project.send({ email }), 403, 'email_domain_blocked')
    await project.patch({ email_domains_blocked: [] })
    expect((await project.send({ email })).status).toBe(201)
  })
})

describe('block_disposable', () => {
  it('refuses what is listed and what is below it, and nothing else', async () => {
    const { ASSETS } = assetsWith(LISTED)
    const project = await aProject(withAssets(ASSETS), { block_disposable: true })
    for (const domain of ['throwaway.example', 'ThrowAway.Example', 'x.throwaway.example', 'a.b.c.bin.example.net']) {
      await expectRefused(project, domain, 'block_disposable')
    }
    for (const domain of [
      'example.com',
      'notthrowaway.example',
      'throwaway.example.com',
      'example.net',
      'rowaway.example',
      'uk.example',
      'bin.example',
    ]) {
      await expectTaken(project, domain)
    }
  })

  it('reads nothing where it is off, where a list decides, and where something else refuses first', async () => {
    const { ASSETS, read } = assetsWith(LISTED)
    const app = withAssets(ASSETS)
    const off = await aProject(app)
    await expectTaken(off, 'throwaway.example')
    const listed = await aProject(app, { block_disposable: true, email_domains_allowed: ['throwaway.example'] })
    await expectTaken(listed, 'throwaway.example')
    await expectRefused(listed, 'example.com', 'email_domains_allowed')
    const blocked = await aProject(app, { block_disposable: true, email_domains_blocked: ['throwaway.example'] })
    await expectRefused(blocked, 'throwaway.example', 'email_domains_blocked')
    expect(read).toEqual([])
  })

  it('reads a small file for each level of the domain, and remembers it', async () => {
    const { ASSETS, read } = assetsWith(LISTED)
    const project = await aProject(withAssets(ASSETS), { block_disposable: true })
    const domain = 'mail.acme.example'
    await expectTaken(project, domain)
    const files = [...new Set(['mail.acme.example', 'acme.example'].map((name) => `/disposable/${shardOf(name)}.txt`))]
    expect([...new Set(read)].sort()).toEqual(files.sort())
    const before = read.length
    await expectTaken(project, domain)
    expect(read).toHaveLength(before)
  })

  it('reads few files, however many levels somebody types: a request may ask 50 times on the free plan', async () => {
    const { ASSETS, read } = assetsWith(LISTED)
    const project = await aProject(withAssets(ASSETS), { block_disposable: true })
    const labels = Array.from({ length: 80 }, (_, i) => String.fromCharCode(97 + (i % 26)))
    const answer = await project.send({ email: `a@${labels.join('.')}.example` })
    expect([201, 400, 403]).toContain(answer.status)
    expect(read.length).toBeLessThanOrEqual(30)
  })

  it('with the real list: what everybody knows', async () => {
    expect(env.ASSETS).toBeDefined()
    const project = await aProject(testApp(), { block_disposable: true })
    for (const domain of ['mailinator.com', 'x.mailinator.com', 'guerrillamail.com', 'yopmail.com']) {
      await expectRefused(project, domain, 'block_disposable')
    }
    for (const domain of ['gmail.com', 'outlook.com', 'icloud.com', 'proton.me', 'example.com', 'latchkey.example']) {
      await expectTaken(project, domain)
    }
  })

  const UNREADABLE: [string, unknown][] = [
    ['is not there', { fetch: async () => new Response('', { status: 404 }) }],
    ['fails', { fetch: async () => new Response('', { status: 500 }) }],
    ['cannot be reached', { fetch: async () => Promise.reject(new TypeError('Network connection lost.')) }],
    [
      'breaks off',
      { fetch: async () => new Response(new ReadableStream({ pull: (s) => s.error(new Error('reset')) })) },
    ],
    ['does not answer', { fetch: () => new Promise(() => {}) }],
    ['is not bound', undefined],
  ]
  describe.each(UNREADABLE)('a list that %s', (_, ASSETS) => {
    it('503 from the API within 10 s, nothing sent, nobody created, nothing counted', async () => {
      const limits = { per_minute: 1, per_15_minutes: 1, per_day: 1 }
      const project = await aProject(withAssets(ASSETS), { block_disposable: true, send_limits: limits })
      const email = anAddress()
      const startedAt = Date.now()
      const answer = await project.send({ email })
      expectProblem(answer, 503, 'unavailable')
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(Date.now() - startedAt).toBeLessThan(10_000)
      expect(project.app.outbox).toEqual([])
      expect((await project.ok('GET', '/v1/users')).data).toEqual([])
      await project.patch({ block_disposable: false })
      expect((await project.send({ email })).status).toBe(201)
    })

    it('a page that says so on the hosted pages, with 503', async () => {
      const app = testApp({ bindings: { ASSETS, PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
      const project = await aProject(app, { block_disposable: true })
      const who = person(app)
      const page = await who.open(`${project.issuer}/sign-in`)
      const answer = await who.submit(page, '/sign-in', { email: who.email })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(answer.text).not.toContain(who.email)
      expect(app.outbox).toEqual([])
      expect((await project.ok('GET', '/v1/messages')).data).toEqual([])
    })

    it('is no trouble where a list of the project decides', async () => {
      const project = await aProject(withAssets(ASSETS), {
        block_disposable: true,
        email_domains_allowed: ['acme.example'],
      })
      await expectTaken(project, 'acme.example')
    })
  })

  it('a list that could not be read once is read the next time', async () => {
    const { ASSETS } = assetsWith(LISTED)
    let isDown = true
    const flaky = { fetch: (input: RequestInfo) => (isDown ? Promise.reject(new Error('down')) : ASSETS.fetch(input)) }
    const project = await aProject(withAssets(flaky), { block_disposable: true })
    expectProblem(await project.send({ email: at('throwaway.example') }), 503, 'unavailable')
    isDown = false
    await expectRefused(project, 'throwaway.example', 'block_disposable')
    await expectTaken(project, 'example.com')
  })
})

describe('the sign-in page', () => {
  const ask = async (project: TestProject, email: string) => {
    const who = person(project.app, email)
    return who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email })
  }
  /** Without what is drawn for each page. */
  const masked = (text: string, email: string) =>
    text
      .replaceAll(email, 'ADDRESS')
      .replace(/nonce="[^"]*"/g, 'nonce=""')
      .replace(/name="nonce" value="[^"]*"/g, 'name="nonce" value=""')

  it.each([
    ['blocked', { email_domains_blocked: ['old.example'] }],
    ['not allowed', { email_domains_allowed: ['acme.example'] }],
  ])('%s: 403, says so, asks again, and is the same for somebody known', async (_, settings) => {
    const project = await aProject(oidcApp())
    const known = await project.ok('POST', '/v1/users', { email: at('old.example') })
    await project.patch(settings)
    const unknown = at('old.example')
    const [one, two] = [await ask(project, known.email), await ask(project, unknown)]
    for (const answer of [one, two]) {
      expect(answer.status).toBe(403)
      expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
      expect(answer.text).toMatch(/<form[^>]*action="[^"]*\/sign-in"/)
      expect(answer.text).toContain('role="alert"')
      expect(answer.text).not.toContain('email_domains')
    }
    expect(masked(two.text, unknown)).toBe(masked(one.text, known.email))
    expect(project.app.outbox).toEqual([])
    expect((await project.ok('GET', '/v1/messages')).data).toEqual([])
    const other = await ask(project, at('acme.example'))
    expect(other.status).toBe(303)
  })

  it('a disposable one: the same answer', async () => {
    const { ASSETS } = assetsWith(LISTED)
    const app = testApp({ bindings: { ASSETS, PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
    const project = await aProject(app, { block_disposable: true })
    expect((await ask(project, at('x.throwaway.example'))).status).toBe(403)
    expect((await ask(project, at('example.com'))).status).toBe(303)
    expect(app.outbox).toHaveLength(1)
  })

  it('spends nothing: the address is served as soon as it is allowed', async () => {
    const limits = { per_minute: 1, per_15_minutes: 1, per_day: 1 }
    const project = await aProject(oidcApp(), { email_domains_blocked: ['old.example'], send_limits: limits })
    const email = at('old.example')
    for (let i = 0; i < 3; i++) expect((await ask(project, email)).status).toBe(403)
    await project.patch({ email_domains_blocked: [] })
    expect((await ask(project, email)).status).toBe(303)
  })
})
