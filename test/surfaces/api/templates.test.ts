/** A project's own mails: how they are stored, which one a mail is made with, and what a caller may put into it. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LOCALES } from '../../../src/locales/index.ts'
import type { Mail } from '../../../src/ports.ts'
import { oidcApp, person } from '../../oidc/support.ts'
import { anAddress, testApp } from '../../support/app.ts'
import { aProject, deliverLater, signInOf, type TestProject, unreachable } from '../../support/project.ts'
import { expectInsufficientScope, expectInvalid, expectProblem } from '../../support/refusals.ts'
import { renderMail } from '../../support/render.ts'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

const html = (word: string) => `<p>${word}: <a href="{{link}}">{{button}}</a> {{code}}</p>`
const source = (word: string, more: Record<string, unknown> = {}) => ({
  subject: `S ${word}`,
  html: html(word),
  ...more,
})
const put = (
  project: TestProject,
  name: string,
  locale: string,
  body: Record<string, unknown> = source(`${name}/${locale}`),
) => project.call('PUT', `/v1/templates/${name}/${locale}`, body)
const stored = async (project: TestProject, ...names: string[]) => {
  for (const each of names) {
    const [name = '', locale = ''] = each.split('/')
    const answer = await put(project, name, locale)
    expect(answer.status, answer.text).toBe(200)
  }
}
/** The word that the newest mail begins with; `ours` where it is made with none of the project's templates. */
function wordOf(mail: Mail | undefined): string {
  if (!mail) throw new Error('no mail')
  const subject = renderMail(mail.content).subject
  return subject.startsWith('S ') ? subject.slice(2) : 'ours'
}
const mailed = (project: TestProject) => wordOf(project.app.outbox.at(-1))
const aUser = (project: TestProject, body: Record<string, unknown> = {}) =>
  project.ok('POST', '/v1/users', { email: anAddress(), ...body })

// --- stored ---------------------------------------------------------------------------------------------------------

describe('/v1/templates', () => {
  it('stores, shows, lists, replaces and deletes one', async () => {
    const project = await aProject(testApp())
    const before = Math.floor(Date.now() / 1000)
    const answer = await put(project, 'sign_in', 'de', source('a', { text: 'T {{link}}' }))
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual({
      name: 'sign_in',
      locale: 'de',
      subject: 'S a',
      html: html('a'),
      text: 'T {{link}}',
      created_at: expect.any(Number),
      updated_at: answer.json.created_at,
    })
    expect(answer.json.created_at).toBeGreaterThanOrEqual(before)
    expect(await project.ok('GET', '/v1/templates/sign_in/de')).toEqual(answer.json)
    expect(await project.ok('GET', '/v1/templates')).toEqual({ data: [answer.json], next_cursor: null })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5000 })
    const replaced = await put(project, 'sign_in', 'de', source('b'))
    vi.useRealTimers()
    expect(replaced.json).toMatchObject({ subject: 'S b', text: null, created_at: answer.json.created_at })
    expect(replaced.json.updated_at).toBeGreaterThan(answer.json.created_at)
    expect((await project.ok('GET', '/v1/templates')).data).toEqual([replaced.json])
    const removed = await project.call('DELETE', '/v1/templates/sign_in/de')
    expect([removed.status, removed.text]).toEqual([204, ''])
    for (const method of ['GET', 'DELETE']) {
      expectProblem(await project.call(method, '/v1/templates/sign_in/de'), 404, 'not_found')
    }
    const events = (await project.ok('GET', '/v1/events')).data.filter(({ type }: { type: string }) =>
      type.startsWith('template.'),
    )
    expect(events.map(({ type, data }: Record<string, any>) => [type, data.name, data.locale]).sort()).toEqual([
      ['template.deleted', 'sign_in', 'de'],
      ['template.updated', 'sign_in', 'de'],
      ['template.updated', 'sign_in', 'de'],
    ])
  })

  it('lists by name and language, by pages, each once', async () => {
    const project = await aProject(testApp())
    const names = ['a/en', 'a/de', 'a-b/en', 'a_b/ar', 'A/pt-BR', 'a0/ja', 'sign_in/en']
    await stored(project, ...names)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Record<string, any> = await project.ok('GET', `/v1/templates?limit=2${cursor}`)
      seen.push(...page.data.map(({ name, locale }: Record<string, string>) => `${name}/${locale}`))
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
    expect([...seen].sort()).toEqual([...names].sort())
    expect(seen).toHaveLength(names.length)
    const first = (await project.ok('GET', '/v1/templates?limit=1')).next_cursor
    const other = await aProject(project.app)
    expectInvalid(await other.call('GET', `/v1/templates?cursor=${encodeURIComponent(first)}`), 'cursor')
  })

  it('takes the longest name, and every language', async () => {
    const project = await aProject(testApp())
    const name = 'x'.repeat(60)
    for (const locale of LOCALES) expect((await put(project, name, locale)).status).toBe(200)
    const first = await project.ok('GET', '/v1/templates?limit=1')
    const rest = await project.ok('GET', `/v1/templates?cursor=${encodeURIComponent(first.next_cursor)}`)
    expect(rest.data).toHaveLength(LOCALES.length - 1)
  })

  it('takes 200, and then replaces but adds none', async () => {
    const project = await aProject(testApp())
    for (let i = 0; i < 200; i++) {
      const answer = await put(project, `t${i}`, 'en')
      if (answer.status !== 200) expect(answer.status, answer.text).toBe(200)
    }
    expectInvalid(await put(project, 't200', 'en'), 'name')
    expect((await put(project, 't199', 'en', source('again'))).json.subject).toBe('S again')
    expect((await project.call('DELETE', '/v1/templates/t0/en')).status).toBe(204)
    expect((await put(project, 't200', 'en')).status).toBe(200)
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['raw output', { html: '<p>{{{link}}}</p>' }, /html, line 1/],
    ['raw output by &', { html: '<p>{{&link}}</p>' }, /html/],
    ['a partial', { html: '{{link}}{{>x}}' }, /html/],
    ['other delimiters', { html: '{{=<% %>=}}{{link}}' }, /html/],
    ['an open section', { html: '{{link}}{{#code}}' }, /html/],
    ['an open tag', { html: '{{link}} {{code' }, /html/],
    ['no way in', { html: '<p>hello</p>' }, /link/],
    ['no way in by text', { html: '{{link}}', text: 'hello' }, /text/],
    ['blank html', { html: ' \n' }, /html/],
    ['a script', { html: '{{link}}<script>alert(1)</script>' }, /script/],
    ['an attribute without quotes', { html: '<a href={{link}} title={{heading}}>x</a>' }, /quotes/],
    ['a subject that is too long', { subject: 'x'.repeat(201), html: '{{link}}' }, /subject/],
    ['html that is too long', { html: `{{link}}${'x'.repeat(64 * 1024)}` }, /html/],
    ['a text that is too long', { html: '{{link}}', text: `{{link}}${'x'.repeat(16 * 1024)}` }, /text/],
    ['a mistake in the subject', { subject: '{{#x}}', html: '{{link}}' }, /subject/],
  ])('400 invalid_template for %s, which stores nothing', async (_, body, why) => {
    const project = await aProject(testApp())
    const answer = await put(project, 'sign_in', 'en', { subject: 'S', ...body })
    expectProblem(answer, 400, 'invalid_template')
    expect(answer.json.detail).toMatch(why)
    expect((await project.ok('GET', '/v1/templates')).data).toEqual([])
    expect((await project.ok('GET', '/v1/events?type=template.updated')).data).toEqual([])
  })

  it('a notice needs no way in', async () => {
    const project = await aProject(testApp())
    for (const name of ['address_changed', 'security_notice']) {
      expect((await put(project, name, 'en', { subject: 'S', html: '<p>hello {{happened_at}}</p>' })).status).toBe(200)
    }
  })

  it.each([
    ['sign_in/xx', 'locale'],
    ['sign_in/EN', 'locale'],
    ['sign_in/pt', 'locale'],
    ['_x/en', 'name'],
    ['-x/en', 'name'],
    [`${'x'.repeat(61)}/en`, 'name'],
    ['a.b/en', 'name'],
    ['a%20b/en', 'name'],
    ['a%2Fb/en', 'name'],
  ])('400 for the address %s', async (path, field) => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const body = method === 'PUT' ? source('x') : undefined
      expectInvalid(await testApp().call(method, `/v1/templates/${path}`, body), field)
    }
  })

  it.each([
    [{ html: '{{link}}' }, 'subject'],
    [{ subject: 'S' }, 'html'],
    [{ subject: '', html: '{{link}}' }, 'subject'],
    [{ subject: 'S', html: '' }, 'html'],
    [{ subject: 'S', html: '{{link}}', text: '' }, 'text'],
    [{ subject: 5, html: '{{link}}' }, 'subject'],
    [{ subject: 'S', html: '{{link}}', name: 'x' }, 'name'],
  ])('400 for the body %j', async (body, path) => {
    expectInvalid(await testApp().call('PUT', '/v1/templates/sign_in/en', body), path)
  })

  it('takes 128 KiB of JSON, and no more', async () => {
    const project = await aProject(testApp())
    const wide = { subject: 'S', html: `{{link}}${'ä'.repeat(32_000)}`, text: `{{link}}${'x'.repeat(16_000)}` }
    expect((await put(project, 'sign_in', 'en', wide)).status).toBe(200)
    const answer = await put(project, 'sign_in', 'en', { subject: 'S', html: 'x'.repeat(128 * 1024) })
    expectProblem(answer, 413, 'body_too_large')
  })

  it('is read with settings:read and changed with settings:write', async () => {
    const project = await aProject(testApp())
    const keyWith = async (scopes: string[]) => (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes })).key
    const [reads, writes] = [await keyWith(['settings:read']), await keyWith(['settings:write'])]
    const call = (method: string, path: string, key: string, body?: unknown) =>
      project.call(method, path, body, { key })
    expectInsufficientScope(await call('PUT', '/v1/templates/a/en', reads, source('x')), 'settings:write')
    expect((await call('PUT', '/v1/templates/a/en', writes, source('x'))).status).toBe(200)
    for (const path of ['/v1/templates', '/v1/templates/a/en']) {
      expectInsufficientScope(await call('GET', path, writes), 'settings:read')
      expect((await call('GET', path, reads)).status).toBe(200)
    }
    expectInsufficientScope(await call('POST', '/v1/templates/preview', writes, { name: 'a' }), 'settings:read')
    expectInsufficientScope(await call('DELETE', '/v1/templates/a/en', reads), 'settings:write')
    expect((await call('DELETE', '/v1/templates/a/en', writes)).status).toBe(204)
  })

  it('those of another project are not there, and make none of this one’s mails', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    await stored(other, 'sign_in/en', 'sign_up/en', 'theirs/en')
    expect((await project.ok('GET', '/v1/templates')).data).toEqual([])
    expectProblem(await project.call('GET', '/v1/templates/theirs/en'), 404, 'not_found')
    expectProblem(await project.call('DELETE', '/v1/templates/theirs/en'), 404, 'not_found')
    expectProblem(await project.send({ template: 'theirs' }), 400, 'invalid_template')
    expectProblem(await project.call('POST', '/v1/templates/preview', { name: 'theirs' }), 404, 'not_found')
    await project.sent()
    expect(mailed(project)).toBe('ours')
    await other.sent()
    expect(mailed(other)).toBe('sign_up/en')
  })
})

// --- which one ------------------------------------------------------------------------------------------------------

describe('a mail is made with', () => {
  it.each([
    ['link_and_code', 'sign_in/en'],
    ['link', 'login_link/en'],
    ['code', 'code/en'],
  ])('method %s, to somebody known: %s', async (method, word) => {
    const project = await aProject(testApp())
    await stored(project, 'sign_in/en', 'sign_up/en', 'code/en', 'login_link/en')
    const user = await aUser(project)
    const sent = await project.sent({ email: user.email, method })
    expect(mailed(project)).toBe(word)
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(mailed(project)).toBe(word)
    await project.sent({ user_id: user.id, method })
    expect(mailed(project)).toBe(word)
    expect((await project.message(sent.message.id)).template).toBe(word.split('/')[0])
  })

  it.each(['link_and_code', 'link', 'code'])('method %s, to somebody new: sign_up', async (method) => {
    const project = await aProject(testApp())
    await stored(project, 'sign_in/en', 'sign_up/en', 'code/en', 'login_link/en')
    const sent = await project.sent({ method })
    expect(mailed(project)).toBe('sign_up/en')
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(mailed(project)).toBe('sign_up/en')
  })

  it('ours where the project has none of that name', async () => {
    const project = await aProject(testApp())
    await stored(project, 'sign_in/en')
    const user = await aUser(project)
    for (const [body, word] of [
      [{}, 'ours'],
      [{ email: user.email, method: 'code' }, 'ours'],
      [{ email: user.email }, 'sign_in/en'],
    ] as const) {
      await project.sent(body)
      expect(mailed(project)).toBe(word)
    }
  })

  it('the one of its language, else of the project’s, else ours in its language', async () => {
    const project = await aProject(testApp(), { locale: 'fr' })
    await stored(project, 'sign_in/fr', 'sign_in/de', 'code/ja')
    const [nobody, german, italian] = [
      await aUser(project),
      await aUser(project, { locale: 'de-AT' }),
      await aUser(project, { locale: 'it' }),
    ]
    for (const [body, word, locale] of [
      [{ email: nobody.email }, 'sign_in/fr', 'fr'],
      [{ email: nobody.email, locale: 'de' }, 'sign_in/de', 'de'],
      [{ email: german.email }, 'sign_in/de', 'de'],
      [{ user_id: german.id }, 'sign_in/de', 'de'],
      [{ email: german.email, locale: 'es' }, 'sign_in/fr', 'es'],
      [{ email: italian.email }, 'sign_in/fr', 'it'],
      [{ user_id: italian.id }, 'sign_in/fr', 'it'],
      [{ email: german.email, method: 'code' }, 'ours', 'de'],
      [{ email: german.email, method: 'code', locale: 'ja-JP' }, 'code/ja', 'ja'],
    ] as const) {
      const sent = await project.sent(body)
      expect([mailed(project), signInOf(project.app.outbox.at(-1)).locale], JSON.stringify(body)).toEqual([
        word,
        locale,
      ])
      await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
      expect([mailed(project), signInOf(project.app.outbox.at(-1)).locale], JSON.stringify(body)).toEqual([
        word,
        locale,
      ])
    }
  })

  it.each([
    ['de-AT', 'de'],
    ['pt', 'pt-BR'],
    ['en-GB', 'en'],
  ])('the project’s language is %s: that of %s serves', async (locale, template) => {
    const project = await aProject(testApp(), { locale })
    await stored(project, `sign_up/${template}`)
    const sent = await project.sent({ locale: 'ja' })
    expect(mailed(project)).toBe(`sign_up/${template}`)
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(mailed(project)).toBe(`sign_up/${template}`)
  })

  it('the project’s, on the hosted pages too', async () => {
    const project = await aProject(oidcApp())
    await stored(project, 'sign_in/en', 'sign_up/en', 'sign_in/de')
    const [known, german] = [await aUser(project), await aUser(project, { locale: 'de' })]
    for (const [email, word] of [
      [known.email, 'sign_in/en'],
      [anAddress(), 'sign_up/en'],
      [german.email, 'sign_in/de'],
    ]) {
      const who = person(project.app, email)
      await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email })
      expect(mailed(project)).toBe(word)
    }
  })

  it('the project’s, when cron hands it over', async () => {
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    await stored(project, 'sign_in/en', 'sign_up/en', 'sign_in/de')
    const german = await aUser(project, { locale: 'de' })
    const known = await aUser(project)
    const expected = new Map<string, string>()
    for (const [email, word] of [
      [german.email, 'sign_in/de'],
      [known.email, 'sign_in/en'],
      [anAddress(), 'sign_up/en'],
    ]) {
      await project.sent({ email })
      expected.set(email, word)
    }
    const { mails } = await deliverLater(61_000)
    const own = mails.filter(({ to }) => expected.has(to))
    expect(new Map(own.map((mail) => [mail.to, wordOf(mail)]))).toEqual(expected)
  })

  it('the project’s address_changed and security_notice, the first time and by cron', async () => {
    const project = await aProject(testApp())
    await put(project, 'address_changed', 'en', { subject: 'S changed', html: '<p>{{happened_at}}</p>' })
    const user = await aUser(project)
    await project.ok('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    expect(mailed(project)).toBe('changed')
    const failing = await aProject(testApp({ ports: { sendMail: unreachable } }))
    await put(failing, 'address_changed', 'en', { subject: 'S changed', html: '<p>{{happened_at}}</p>' })
    const other = await aUser(failing)
    await failing.ok('PUT', `/v1/users/${other.id}`, { email: anAddress() })
    const { mails } = await deliverLater(61_000)
    expect(mails.filter(({ to }) => to === other.email).map(wordOf)).toEqual(['changed'])
  })

  it('the newest version of it', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent()
    for (const word of ['one', 'two']) {
      await put(project, 'sign_up', 'en', source(word))
      await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
      expect(mailed(project)).toBe(word)
    }
    await project.ok('DELETE', '/v1/templates/sign_up/en')
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(mailed(project)).toBe('ours')
  })
})

describe('template', () => {
  it('names one of the project’s own, by language', async () => {
    const project = await aProject(testApp())
    await stored(project, 'welcome/en', 'welcome/de', 'sign_up/en')
    for (const [body, word] of [
      [{ template: 'welcome' }, 'welcome/en'],
      [{ template: 'welcome', locale: 'de' }, 'welcome/de'],
      [{ template: 'welcome', locale: 'ja' }, 'welcome/en'],
      [{ template: 'welcome', method: 'code' }, 'welcome/en'],
      [{}, 'sign_up/en'],
    ] as const) {
      const sent = await project.sent(body)
      expect(mailed(project)).toBe(word)
      const named = 'template' in body ? 'welcome' : 'sign_up'
      expect((await project.message(sent.message.id)).template).toBe(named)
      const resent = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
      expect(mailed(project)).toBe(word)
      expect((await project.message(resent.message.id)).template).toBe(named)
    }
  })

  it('names one of ours: for somebody known sign_up, for somebody new sign_in', async () => {
    const project = await aProject(testApp())
    await stored(project, 'sign_in/en', 'sign_up/en')
    const user = await aUser(project)
    await project.sent({ email: user.email, template: 'sign_up' })
    expect(mailed(project)).toBe('sign_up/en')
    await project.sent({ template: 'sign_in' })
    expect(mailed(project)).toBe('sign_in/en')
  })

  it('goes out by cron as it was named', async () => {
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    await stored(project, 'welcome/en')
    const { message } = await project.sent({ template: 'welcome' })
    const { mails } = await deliverLater(61_000)
    expect(mails.filter(({ id }) => id === message.id).map(wordOf)).toEqual(['welcome/en'])
  })

  it('that nobody has: 400, nothing sent, nothing counted, nobody created', async () => {
    const project = await aProject(testApp(), { send_limits: { per_minute: 1, per_15_minutes: 1, per_day: 1 } })
    const email = anAddress()
    const answer = await project.send({ email, template: 'nothing' })
    expectProblem(answer, 400, 'invalid_template')
    expect(answer.json.errors[0].path).toBe('template')
    expect(answer.json.detail).toContain('nothing')
    expect(project.app.outbox).toEqual([])
    expect((await project.ok('GET', '/v1/users')).data).toEqual([])
    await stored(project, 'nothing/de')
    expect((await project.send({ email, template: 'nothing' })).status).toBe(201)
    // None in its language, nor in the project's.
    expect(mailed(project)).toBe('ours')
  })

  it('that is deleted: 400 again', async () => {
    const project = await aProject(testApp())
    await stored(project, 'welcome/en')
    await project.sent({ template: 'welcome' })
    await project.ok('DELETE', '/v1/templates/welcome/en')
    expectProblem(await project.send({ template: 'welcome' }), 400, 'invalid_template')
  })

  it.each(['address_changed', 'security_notice'])('%s is for no sign-in: 400', async (template) => {
    const project = await aProject(testApp())
    await put(project, template, 'en', { subject: 'S notice', html: '<p>no way in</p>' })
    expectProblem(await project.send({ template }), 400, 'invalid_template')
    expect(project.app.outbox).toEqual([])
  })

  it('without what this mail brings: ours goes, and the row says so', async () => {
    const project = await aProject(testApp())
    await put(project, 'only_code', 'en', { subject: 'S code', html: '<p>{{code}}</p>' })
    const sent = await project.sent({ template: 'only_code', method: 'link' })
    expect(mailed(project)).toBe('ours')
    const { text } = renderMail(signInOf(project.app.outbox[0]))
    expect(text).toContain(signInOf(project.app.outbox[0]).link)
    expect((await project.message(sent.message.id)).template).not.toBe('only_code')
  })

  it.each(['', '_x', 'a b', 'a/b', 'x'.repeat(61), 5])('%j is no name: 400', async (template) => {
    expectInvalid(await (await aProject(testApp())).send({ template }), 'template')
  })
})

// --- what a caller puts in ------------------------------------------------------------------------------------------

describe('template_variables', () => {
  const OWN = { subject: 'S {{plan}}', html: '<p title="{{plan}}">{{plan}} {{link}}</p>', text: '{{plan}} {{link}}' }

  it('are filled in, escaped in HTML and in one line everywhere', async () => {
    const project = await aProject(testApp())
    await put(project, 'own', 'en', OWN)
    const plan = `<b>"Pro" & 'more'</b>\r\nBcc: eve@example.com {{code}} {{{link}}}`
    const sent = await project.sent({ template: 'own', template_variables: { plan } })
    const check = (mail: Mail | undefined) => {
      const rendered = renderMail(signInOf(mail))
      expect(rendered.html).not.toContain('<b>')
      expect(rendered.html).toContain('&lt;b&gt;')
      expect(rendered.html).not.toMatch(/title="[^"]*"Pro/)
      expect(rendered.subject).not.toMatch(/[\r\n]/)
      expect(rendered.text.split('\n').some((line) => line.startsWith('Bcc:'))).toBe(false)
      expect(rendered.html).toContain('{{code}}')
    }
    check(project.app.outbox[0])
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect(project.app.outbox).toHaveLength(2)
    check(project.app.outbox[1])
  })

  it('that are missing are empty, and those that nobody names do no harm', async () => {
    const project = await aProject(testApp())
    await put(project, 'own', 'en', OWN)
    await project.sent({ template: 'own', template_variables: { other: 'x', toString: 'y', valueOf: 'z' } })
    const { subject, html: shown } = renderMail(signInOf(project.app.outbox[0]))
    expect(subject.trim()).toBe('S')
    expect(shown).toContain('title=""')
  })

  it('may be 30', async () => {
    const project = await aProject(testApp())
    const variables = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`v${i}`, 'x']))
    expect((await project.send({ template_variables: variables(30) })).status).toBe(201)
    expectInvalid(await project.send({ template_variables: variables(31) }), 'template_variables')
  })

  it.each(['link', 'MAGICLINK', 'code', 'otp', 'application_name', 'heading', 'locale', 'expires_in'])(
    'cannot be %s, which is ours',
    async (name) => {
      const project = await aProject(testApp())
      expectInvalid(
        await project.send({ template_variables: { [name]: 'https://evil.example' } }),
        'template_variables',
      )
      expect(project.app.outbox).toEqual([])
    },
  )

  it.each<[Record<string, unknown>, string]>([
    [{ '1x': 'a' }, 'template_variables.1x'],
    [{ 'a b': 'a' }, 'template_variables.a b'],
    [{ x: 5 }, 'template_variables.x'],
    [{ x: null }, 'template_variables.x'],
    [{ x: { y: 1 } }, 'template_variables.x'],
    [{ x: 'y'.repeat(1001) }, 'template_variables.x'],
  ])('cannot be %j', async (template_variables, path) => {
    expectInvalid(await (await aProject(testApp())).send({ template_variables }), path)
  })

  it('cannot bring a link to where ours stands', async () => {
    const project = await aProject(testApp())
    await put(project, 'own', 'en', { subject: 'S', html: '<a href="{{where}}">x</a> {{link}}' })
    await project.sent({ template: 'own', template_variables: { where: 'javascript:alert(1)' } })
    const { html: shown } = renderMail(signInOf(project.app.outbox[0]))
    expect(shown).toContain(signInOf(project.app.outbox[0]).link)
  })
})

describe('email_content', () => {
  const CONTENT = {
    subject: 'Own subject',
    primaryColor: '#aa0011',
    headerText: 'Own <header>',
    bodyText: 'Own body\nin two lines',
    linkText: 'Own button',
    infoText: 'Own info',
    footerText: 'Own footer',
    senderName: 'Own Sender',
  }

  it('stands in the mail, in that of a resend, and in that of cron', async () => {
    const project = await aProject(testApp())
    const sent = await project.sent({ email_content: CONTENT })
    await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    const failing = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const pending = await failing.sent({ email_content: CONTENT })
    const { mails } = await deliverLater(61_000)
    const all = [...project.app.outbox, ...mails.filter(({ id }) => id === pending.message.id)]
    expect(all).toHaveLength(3)
    for (const mail of all) {
      const content = signInOf(mail)
      expect(content.custom?.email).toEqual(CONTENT)
      const rendered = renderMail(content)
      expect(rendered.subject).toBe('Own subject')
      expect(rendered.fromName).toBe('Own Sender')
      expect(rendered.html).toContain('Own &lt;header&gt;')
      expect(rendered.html).toContain('Own button')
      for (const text of ['Own body', 'in two lines', 'Own info', 'Own footer']) {
        expect(rendered.html).toContain(text)
        expect(rendered.text).toContain(text)
      }
      expect(rendered.text).toContain(content.link)
      expect(rendered.text).toContain(content.code)
    }
  })

  it('with a template: the caller’s subject goes before the template’s', async () => {
    const project = await aProject(testApp())
    await stored(project, 'sign_up/en')
    await project.sent({ email_content: { subject: 'Own subject' } })
    expect(renderMail(signInOf(project.app.outbox[0])).subject).toBe('Own subject')
    expect(renderMail(signInOf(project.app.outbox[0])).html).toContain('sign_up/en')
  })

  it.each<[Record<string, unknown>, string]>([
    [{ surprise: 'x' }, 'email_content.surprise'],
    [{ subject: 'x'.repeat(201) }, 'email_content.subject'],
    [{ subject: 5 }, 'email_content.subject'],
    [{ primaryColor: 'red' }, 'email_content.primaryColor'],
    [{ primaryColor: '#fff;background:url(x)' }, 'email_content.primaryColor'],
    [{ bodyText: 'x'.repeat(2001) }, 'email_content.bodyText'],
    [{ base64logo: 'x'.repeat(20_001) }, 'email_content.base64logo'],
  ])('400 for %j', async (email_content, path) => {
    const project = await aProject(testApp())
    expectInvalid(await project.send({ email_content }), path)
    expect(project.app.outbox).toEqual([])
  })
})

// --- preview --------------------------------------------------------------------------------------------------------

describe('POST /v1/templates/preview', () => {
  const preview = (project: TestProject, body: Record<string, unknown>) =>
    project.call('POST', '/v1/templates/preview', body)

  it.each(['sign_in', 'sign_up', 'code', 'login_link', 'address_changed', 'security_notice'])(
    'of ours: %s, in every language',
    async (name) => {
      const project = await aProject(testApp(), { brand: { name: 'Brandname' } })
      const subjects = new Set<string>()
      for (const locale of LOCALES) {
        const answer = await preview(project, { name, locale })
        expect(answer.status, answer.text).toBe(200)
        expect(answer.headers.get('cache-control')).toBe('no-store')
        const { json } = answer
        expect(Object.keys(json)).toEqual(['subject', 'from_name', 'html', 'text'])
        expect(json.html).toContain(`lang="${locale}"`)
        expect(json.from_name).toBe('Brandname')
        expect(json.html.includes('sample')).toBe(!['code', 'address_changed', 'security_notice'].includes(name))
        expect(json.html.includes('123456')).toBe(['sign_in', 'sign_up', 'code'].includes(name))
        subjects.add(json.subject)
      }
      expect(subjects.size).toBe(LOCALES.length)
      expect((await project.ok('GET', '/v1/messages')).data).toEqual([])
    },
  )

  it('of one that is stored, in its language or the project’s', async () => {
    const project = await aProject(testApp(), { locale: 'de' })
    await stored(project, 'welcome/de', 'welcome/en')
    expect((await preview(project, { name: 'welcome' })).json.subject).toBe('S welcome/de')
    expect((await preview(project, { name: 'welcome', locale: 'en' })).json.subject).toBe('S welcome/en')
    expect((await preview(project, { name: 'welcome', locale: 'ja' })).json.subject).toBe('S welcome/de')
    expectProblem(await preview(project, { name: 'nothing' }), 404, 'not_found')
  })

  it('of one that is not stored yet, which stays so', async () => {
    const project = await aProject(testApp())
    const answer = await preview(project, {
      name: 'new',
      subject: 'S {{plan}}',
      html: '<p>{{plan}} {{link}} {{code}}</p>',
      template_variables: { plan: '<Pro>' },
    })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json.subject).toBe('S <Pro>')
    expect(answer.json.html).toContain('&lt;Pro&gt;')
    expect(answer.json.html).toContain('123456')
    expect(answer.json.text).toContain('<Pro>')
    expect((await project.ok('GET', '/v1/templates')).data).toEqual([])
  })

  it('of a mistake: 400 invalid_template', async () => {
    const project = await aProject(testApp())
    expectProblem(await preview(project, { name: 'a', subject: 'S', html: '{{{link}}}' }), 400, 'invalid_template')
    expectProblem(await preview(project, { name: 'a', subject: 'S', html: '<p></p>' }), 400, 'invalid_template')
  })

  it.each<[Record<string, unknown>, string]>([
    [{}, 'name'],
    [{ name: 'a b' }, 'name'],
    [{ name: 'sign_in', locale: 'xx' }, 'locale'],
    [{ name: 'sign_in', surprise: 1 }, 'surprise'],
    [{ name: 'sign_in', subject: 'only a subject' }, 'html'],
    [{ name: 'sign_in', text: 'only a text {{link}}' }, 'html'],
  ])('400 for %j', async (body, path) => {
    expectInvalid(await preview(await aProject(testApp()), body), path)
  })
})
