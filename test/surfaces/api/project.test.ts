import { describe, expect, it } from 'vitest'
import { anAddress, env, ISSUER, type TestApp, testApp } from '../../support/app.ts'
import { aKey, expectInvalid, expectProblem } from '../../support/refusals.ts'

const DAY = 86_400

/** Design §5. */
const DEFAULTS = {
  method: 'link_and_code',
  link_ttl: 900,
  code_ttl: 600,
  code_length: 6,
  code_alphabet: 'digits',
  max_tries: 5,
  regenerate_on_resend: false,
  link_requires_id: false,
  allow_sign_up: true,
  redirect_uris: [],
  default_login_redirect: null,
  default_registration_redirect: null,
  email_domains_allowed: [],
  email_domains_blocked: [],
  block_disposable: false,
  brand: { name: null, primary_color: null, logo: null, sender_name: null, support_email: null },
  locale: 'en',
  access_ttl: 3600,
  session_idle: 30 * DAY,
  session_absolute: 90 * DAY,
  resources: [],
  test_identities: [],
  send_limits: { per_minute: 2, per_15_minutes: 5, per_day: 20 },
  sms: { countries: [], per_prefix_per_hour: 10, per_day: 500 },
}
const IN_DEVELOPMENT = { ...DEFAULTS, send_limits: { per_minute: 200, per_15_minutes: 500, per_day: 2000 } }
const SETTINGS = Object.keys(DEFAULTS)

const get = async (app: TestApp) => (await app.call('GET', '/v1/project')).json
const patch = (app: TestApp, body: Record<string, unknown>) => app.call('PATCH', '/v1/project', body)

/** Runs with the project as it was at first, and leaves it so. */
async function withProject(run: (app: TestApp) => Promise<void>, bindings = {}): Promise<void> {
  const app = testApp({ bindings })
  const before = await get(app)
  try {
    await run(app)
  } finally {
    const { id: _, issuer: __, created_at: ___, name, ...settings } = before
    const back = await patch(app, { ...Object.fromEntries(SETTINGS.map((setting) => [setting, null])), name })
    expect(back.status, back.text).toBe(200)
    await patch(app, { send_limits: settings.send_limits })
  }
}

describe('GET /v1/project', () => {
  it('shows every setting with its default, and nothing else', async () => {
    const answer = await testApp().call('GET', '/v1/project')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^proj_[0-9A-Za-z]{27}$/),
      name: expect.any(String),
      issuer: ISSUER,
      created_at: expect.any(Number),
      ...IN_DEVELOPMENT,
    })
    expect(await get(testApp())).toEqual(answer.json)
  })
})

describe('PATCH /v1/project', () => {
  it('changes what is named, at once, and leaves the rest', async () => {
    await withProject(async (app) => {
      const before = await get(app)
      const changes = {
        method: 'code',
        link_ttl: 60,
        allow_sign_up: false,
        name: 'Acme 李',
        resources: ['https://api.example.com'],
      }
      const changed = await patch(app, changes)
      expect(changed.status, changed.text).toBe(200)
      expect(changed.headers.get('cache-control')).toBe('no-store')
      expect(changed.json).toEqual({ ...before, ...changes })
      expect(await get(app)).toEqual(changed.json)
      expect(await get(testApp())).toEqual(changed.json)
    })
  })

  it('takes each setting back to its default with null, and every one at once', async () => {
    await withProject(async (app) => {
      const before = await get(app)
      const nothing = Object.fromEntries(SETTINGS.map((setting) => [setting, null]))
      await patch(app, {
        code_length: 8,
        redirect_uris: ['https://a.example/cb'],
        default_login_redirect: 'https://a.example/cb',
      })
      expect((await patch(app, { code_length: null })).json.code_length).toBe(6)
      const { id, name, issuer, created_at } = before
      expect((await patch(app, nothing)).json).toEqual({ id, name, issuer, created_at, ...DEFAULTS })
    })
  })

  it('merges brand, send_limits and sms member by member', async () => {
    await withProject(async (app) => {
      await patch(app, { send_limits: null })
      await patch(app, { brand: { name: 'Acme', primary_color: '#3355CC' }, send_limits: { per_minute: 1 } })
      const changed = await patch(app, { brand: { name: null, sender_name: 'Acme Inc.' }, send_limits: { per_day: 9 } })
      expect(changed.json.brand).toEqual({ ...DEFAULTS.brand, primary_color: '#3355CC', sender_name: 'Acme Inc.' })
      expect(changed.json.send_limits).toEqual({ per_minute: 1, per_15_minutes: 5, per_day: 9 })
      const texts = await patch(app, { sms: { countries: ['US'] } })
      expect(texts.json.sms).toEqual({ ...DEFAULTS.sms, countries: ['US'] })
      await patch(app, { sms: null })
      expect((await patch(app, { brand: {}, send_limits: {}, sms: {} })).json).toEqual(changed.json)
      expect((await patch(app, { brand: null })).json.brand).toEqual(DEFAULTS.brand)
    })
  })

  it('replaces a list whole', async () => {
    await withProject(async (app) => {
      await patch(app, { redirect_uris: ['https://a.example/1', 'https://a.example/2'] })
      const changed = await patch(app, { redirect_uris: ['https://a.example/3'] })
      expect(changed.json.redirect_uris).toEqual(['https://a.example/3'])
      expect((await patch(app, { redirect_uris: [] })).json.redirect_uris).toEqual([])
    })
  })

  it('changes nothing for {} and for no body', async () => {
    const app = testApp()
    const before = await get(app)
    expect((await patch(app, {})).json).toEqual(before)
    expect((await app.call('PATCH', '/v1/project')).json).toEqual(before)
  })

  it('changes nothing when one of several is wrong, and names every wrong one', async () => {
    const app = testApp()
    const before = await get(app)
    const refused = await patch(app, {
      method: 'code',
      link_ttl: 0,
      name: 'Acme',
      surprise: 1,
      brand: { primary_color: 'red' },
    })
    for (const path of ['link_ttl', 'surprise', 'brand.primary_color']) expectInvalid(refused, path)
    expect(await get(app)).toEqual(before)
    expect(await get(testApp())).toEqual(before)
  })

  it.each(['id', 'issuer', 'created_at', 'first', 'route_key', 'settings', 'surprise', 'Method', 'toString'])(
    'refuses to set %s',
    async (field) => {
      expectInvalid(await patch(testApp(), { [field]: 'x' }), field)
    },
  )

  it.each([
    ['brand.surprise', { brand: { surprise: 'x' } }],
    ['brand.toString', { brand: { toString: 'x' } }],
    ['send_limits.per_hour', { send_limits: { per_hour: 1 } }],
  ])('refuses to set %s', async (path, body) => {
    expectInvalid(await patch(testApp(), body), path)
  })

  it('loses none of the changes that come at once', async () => {
    await withProject(async (app) => {
      const changes = [{ link_ttl: 61 }, { code_ttl: 62 }, { max_tries: 3 }, { name: 'Both' }]
      for (let round = 0; round < 5; round++) {
        await patch(app, { link_ttl: null, code_ttl: null, max_tries: null, name: 'Before' })
        const answers = await Promise.all(changes.map((change) => patch(testApp(), change)))
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
        expect(await get(testApp())).toMatchObject(Object.assign({}, ...changes))
      }
    })
  })

  it('writes an event that says who changed what, not to which value', async () => {
    await withProject(async (app) => {
      const { key, id } = await aKey(app, ['settings:write'])
      const changed = await app.call(
        'PATCH',
        '/v1/project',
        { name: 'Secret Ltd', link_ttl: 77, brand: { name: 'x' } },
        { key },
      )
      expect(changed.status).toBe(200)
      const { results } = await env.DB.prepare("SELECT * FROM events WHERE type = 'project.updated' AND data LIKE ?")
        .bind(`%${id}%`)
        .all<{ data: string; user_id: null; project_id: string }>()
      expect(results).toHaveLength(1)
      expect(JSON.parse(results[0]?.data ?? '')).toEqual({ by: id, changed: 'brand link_ttl name' })
      expect(results[0]).toMatchObject({ user_id: null, project_id: changed.json.id })
      await app.call('PATCH', '/v1/project', { link_ttl: 0 }, { key })
      const again = await env.DB.prepare('SELECT id FROM events WHERE data LIKE ?').bind(`%"by":"${id}"%`).all()
      expect(again.results).toHaveLength(1)
    })
  })
})

// --- each setting ---------------------------------------------------------------------------------------------------

const URIS = (count: number) => Array.from({ length: count }, (_, i) => `https://a.example/${i}`)

const RANGES: [setting: string, taken: unknown[], refused: unknown[]][] = [
  ['method', ['link', 'code', 'link_and_code'], ['', 'Link', 'sms', 'link,code']],
  ['link_ttl', [1, 900, 7 * DAY], [0, -1, 7 * DAY + 1, 1.5, '900']],
  ['code_ttl', [1, 600, 3600], [0, 3601, 0.5]],
  ['code_length', [6, 7, 10], [5, 11, 6.5]],
  ['code_alphabet', ['digits', 'unambiguous'], ['hex', '', 'constructor']],
  ['max_tries', [1, 5], [0, 6, -1]],
  ['regenerate_on_resend', [true, false], ['true', 1, 0]],
  ['link_requires_id', [true, false], ['false', 0]],
  ['allow_sign_up', [true, false], ['no', 0]],
  ['redirect_uris', [[], URIS(100)], [URIS(101), 'https://a.example', {}, [1], [null]]],
  [
    'email_domains_allowed',
    [[], ['example.com', 'xn--bcher-kva.example']],
    [
      ['Example.com'],
      ['example'],
      ['@example.com'],
      ['*.example.com'],
      ['bücher.example'],
      ['example.com.'],
      ['a@example.com'],
      [''],
      'example.com',
    ],
  ],
  ['email_domains_blocked', [[], ['mail.example.com']], [['.example.com'], ['exa mple.com'], ['127.0.0.1'], [5]]],
  ['block_disposable', [true, false], [1, 'yes']],
  ['locale', ['en', 'de', 'pt-BR', 'zh-Hans-CN'], ['', 'EN', 'english!', 'en_US', 'e', '-en']],
  ['access_ttl', [300, 3600, DAY], [299, DAY + 1, 0]],
  ['session_idle', [300, 365 * DAY], [299, 365 * DAY + 1]],
  ['session_absolute', [300, 90 * DAY, 365 * DAY], [299, 365 * DAY + 1]],
  [
    'resources',
    [[], ['https://api.example.com', 'urn:x']],
    [[''], ['x'.repeat(201)], Array.from({ length: 51 }, (_, i) => `urn:${i}`), 'x'],
  ],
]

const BRAND: [member: string, taken: unknown[], refused: unknown[]][] = [
  ['name', ['A', 'x'.repeat(80), 'Zoë & Söhne 李'], ['', 'x'.repeat(81), 'a\nb', 'a\u202eb', 'a\ud800', 5]],
  ['primary_color', ['#000000', '#AbCdEf'], ['#abc', 'red', '#12345g', '#1234567', 'rgb(0,0,0)', '#123456;', '']],
  [
    'logo',
    [
      'https://cdn.example.com/logo.svg',
      'data:image/png;base64,iVBORw0KGgo=',
      `data:image/png;base64,${'A'.repeat(15_000)}`,
    ],
    [
      'http://cdn.example.com/logo.png',
      'javascript:alert(1)',
      'data:text/html;base64,PGI+',
      'data:image/svg+xml;base64,PHN2Zz4=',
      'https://a.example/"><script>',
      'https://a.example/ b',
      '//cdn.example.com/logo.png',
      `data:image/png;base64,${'A'.repeat(16_000)}`,
      '',
    ],
  ],
  ['sender_name', ['Acme', 'x'.repeat(80)], ['', 'x'.repeat(81), 'Acme\r\nBcc: eve@example.com']],
  [
    'support_email',
    ['help@example.com'],
    ['help', '', 'help@example.com, eve@example.com', 'help@example.com\r\nBcc: a@example.com'],
  ],
]
const LIMITS = ['per_minute', 'per_15_minutes', 'per_day'].map(
  (name) => [name, [1, 100_000], [0, -1, 100_001, 1.5, '2']] as const,
)

const NESTED = [
  ...BRAND.map(([member, taken, refused]) => ['brand', member, taken, refused] as const),
  ...LIMITS.map(([member, taken, refused]) => ['send_limits', member, taken, refused] as const),
  ['sms', 'countries', [['US'], ['DE', 'FR'], []], ['US', 5, Array(251).fill('US')]],
  ['sms', 'per_prefix_per_hour', [1, 100_000], [0, 100_001, 1.5, '1']],
  ['sms', 'per_day', [1, 1_000_000], [0, 1_000_001, 1.5, '1']],
] as const

describe('the range of', () => {
  it('each setting is tried below', () => {
    const tried = [
      ...RANGES.map(([setting]) => setting),
      'brand',
      'send_limits',
      'sms',
      'test_identities',
      'default_login_redirect',
      'default_registration_redirect',
    ]
    expect(tried.sort()).toEqual([...SETTINGS].sort())
    expect(BRAND.map(([member]) => member)).toEqual(Object.keys(DEFAULTS.brand))
  })

  it.each(RANGES)('%s', async (setting, taken, refused) => {
    await withProject(async (app) => {
      for (const value of taken) {
        const changed = await patch(app, { [setting]: value })
        expect(changed.status, `${JSON.stringify(value)}: ${changed.text}`).toBe(200)
        expect(changed.json[setting]).toEqual(value)
      }
      const before = await get(app)
      for (const value of refused) {
        const answer = await patch(app, { [setting]: value })
        expectProblem(answer, 400, 'invalid_request')
        expect(answer.json.errors[0].path, JSON.stringify(value)).toMatch(new RegExp(`^${setting}(\\.|$)`))
      }
      expect(await get(app)).toEqual(before)
    })
  })

  it.each(NESTED)('%s.%s', async (setting, member, taken, refused) => {
    await withProject(async (app) => {
      for (const value of taken) {
        const changed = await patch(app, { [setting]: { [member]: value } })
        expect(changed.status, `${JSON.stringify(value)}: ${changed.text}`).toBe(200)
        expect(changed.json[setting][member]).toEqual(value)
      }
      for (const value of refused)
        expectInvalid(await patch(app, { [setting]: { [member]: value } }), `${setting}.${member}`)
      for (const value of ['x', 5, true, [], '']) expectInvalid(await patch(app, { [setting]: value }), setting)
    })
  })

  it('name', async () => {
    await withProject(async (app) => {
      for (const name of ['A', 'x'.repeat(80), 'Zoë & Söhne <李>'])
        expect((await patch(app, { name })).json.name).toBe(name)
      for (const name of ['', 'x'.repeat(81), 'a\nb', 'a\u0000', 'a\u202eb', 'a\ud800', null, 5])
        expectInvalid(await patch(app, { name }), 'name')
    })
  })
})

// --- redirect URIs --------------------------------------------------------------------------------------------------

describe('a redirect URI', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com/',
    'https://app.example.com:8443/a/b?x=1&y=%20',
    'https://app.example.com/~user/(a);b,c@d',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:3000/cb',
    'com.example.app:/callback',
    'com.example.app://callback',
  ])('%s can be registered, and is kept as it is', async (uri) => {
    await withProject(async (app) => {
      const changed = await patch(app, { redirect_uris: [uri] })
      expect(changed.status, changed.text).toBe(200)
      expect(changed.json.redirect_uris).toEqual([uri])
    })
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)//a.b',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'vbscript:msgbox(1)',
    'blob:https://app.example.com/x',
    'file:///etc/passwd',
    'about:blank',
    'ftp://app.example.com/',
    'ws://app.example.com/',
    'wss://app.example.com/',
    'view-source:https://app.example.com/',
    'myapp://callback',
    'mailto:a@example.com',
    'https://app.example.com/cb#',
    'https://app.example.com/cb#x',
    'https://user@app.example.com/cb',
    'https://user:password@app.example.com/cb',
    'https://@app.example.com/cb',
    'https://:@app.example.com/cb',
    'https://*.example.com/cb',
    'https://app.example.com/*',
    'http://app.example.com/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://10.0.0.1/cb',
    'http://[::2]/cb',
    'HTTP://app.example.com/cb',
    'https:app.example.com/cb',
    'https:/app.example.com/cb',
    'https:///app.example.com/cb',
    'https:\\\\app.example.com\\cb',
    'https://app.example.com\\@evil.example/cb',
    'https://app.example.com/a\\b',
    'https://app.example.com/a b',
    'https://app.example.com/a\tb',
    'https://app.example.com/\r\nset-cookie:a=b',
    'https://app.example.com/cb ',
    'https://app.example.com/\u0000',
    'https://äpp.example.com/cb',
    'https://例え.example/cb',
    'https://app.example.com/ü',
    'https://app．example.com/cb',
    'https://',
    'https://?x',
    '//app.example.com/cb',
    '/cb',
    'app.example.com/cb',
    '',
    `https://app.example.com/${'x'.repeat(2000)}`,
  ])('%j cannot be registered', async (uri) => {
    const app = testApp()
    expectInvalid(await patch(app, { redirect_uris: ['https://app.example.com/ok', uri] }), 'redirect_uris.1')
    expect((await get(app)).redirect_uris).toEqual([])
  })

  it('stays registered for as long as a default names it', async () => {
    await withProject(async (app) => {
      const uri = 'https://app.example.com/cb'
      for (const name of ['default_login_redirect', 'default_registration_redirect']) {
        expectInvalid(await patch(app, { [name]: uri }), name)
        const both = await patch(app, { redirect_uris: [uri], [name]: uri })
        expect([both.status, both.json[name]]).toEqual([200, uri])
        expectInvalid(await patch(app, { [name]: `${uri}/` }), name)
        expectInvalid(await patch(app, { redirect_uris: [] }), name)
        expectInvalid(await patch(app, { redirect_uris: null }), name)
        expect((await patch(app, { redirect_uris: [], [name]: null })).json).toMatchObject({
          redirect_uris: [],
          [name]: null,
        })
      }
    })
  })

  it('of a default may be any page of this machine in development, and only a registered one elsewhere', async () => {
    await withProject(async (app) => {
      const uri = 'http://localhost:3000/welcome'
      expect((await patch(app, { default_login_redirect: uri })).json.default_login_redirect).toBe(uri)
      expect((await patch(app, { default_login_redirect: null })).status).toBe(200)
      const production = testApp({ bindings: { ISSUER: 'https://sign-in.example.com' } })
      const refused = await patch(production, { default_login_redirect: uri })
      expect([refused.status, refused.json.errors?.[0].path]).toEqual([400, 'default_login_redirect'])
    })
  })
})

// --- what settings do -----------------------------------------------------------------------------------------------

describe('a setting is felt by the next request', () => {
  it('method, link_ttl, code_ttl, code_length', async () => {
    await withProject(async (app) => {
      await patch(app, { method: 'link_and_code', link_ttl: 100, code_ttl: 50, code_length: 8 })
      const { json } = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })
      expect(json.code).toMatch(/^\d{8}$/)
      expect(json.expires_at - json.code_expires_at).toBe(50)
      expect(json.expires_in).toBeGreaterThan(50)
      await patch(app, { method: 'code' })
      const code = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })
      expect(code.json).toMatchObject({ method: 'code', link: null })
    })
  })

  it('access_ttl, session_absolute, resources', async () => {
    await withProject(async (app) => {
      await patch(app, { access_ttl: 300, session_absolute: 1000, resources: ['https://api.example.com'] })
      const sent = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), reveal: true })
      const verified = await app.call('POST', '/v1/passwordless/verify', {
        id: sent.json.id,
        code: sent.json.code,
        resource: 'https://api.example.com',
      })
      expect(verified.json).toMatchObject({ expires_in: 300 })
      expect(verified.json.session.expires_at - verified.json.session.created_at).toBe(1000)
      const other = await app.call('POST', '/v1/passwordless/verify', {
        token: 'x',
        resource: 'https://other.example.com',
      })
      expectInvalid(other, 'resource')
    })
  })
})
