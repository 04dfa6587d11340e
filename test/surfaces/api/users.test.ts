import { describe, expect, it } from 'vitest'
import { anAddress, env, type TestApp, testApp } from '../../support/app.ts'
import { expectInvalid, expectProblem } from '../../support/refusals.ts'

const UNKNOWN = `user_${'2'.repeat(27)}`
const aWord = () => crypto.randomUUID().slice(0, 13)
const aPhone = () => `+1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`

const create = async (app: TestApp, body: Record<string, unknown> = {}) => {
  const created = await app.call('POST', '/v1/users', { email: anAddress(), ...body })
  expect(created.status, created.text).toBe(201)
  return created.json
}
const idsOf = (page: { json: Record<string, any> }): string[] => page.json.data.map(({ id }: { id: string }) => id)

/** Pages through a list to its end. */
async function allOf(app: TestApp, path: string, limit: number): Promise<Record<string, any>[]> {
  const rows: Record<string, any>[] = []
  let cursor: string | null = null
  do {
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await app.call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${next}`)
    expect(page.status, page.text).toBe(200)
    expect(Object.keys(page.json)).toEqual(['data', 'next_cursor'])
    rows.push(...page.json.data)
    cursor = page.json.next_cursor
  } while (cursor !== null)
  return rows
}

describe('POST /v1/users', () => {
  it('answers with exactly the documented user, defaults included', async () => {
    const app = testApp()
    const email = anAddress()
    const before = Math.floor(Date.now() / 1000)
    const created = await app.call('POST', '/v1/users', { email })
    expect(created.status, created.text).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    const user = created.json
    expect(user).toEqual({
      id: expect.stringMatching(/^user_[0-9A-Za-z]{27}$/),
      email,
      email_verified: false,
      phone: null,
      phone_verified: false,
      first_name: null,
      last_name: null,
      type: 'PERSON',
      role: null,
      business_id: null,
      external_id: null,
      status: 'ACTIVE',
      locale: null,
      metadata: {},
      identifiers: [
        {
          id: expect.stringMatching(/^email_[0-9A-Za-z]{27}$/),
          kind: 'email',
          value: email,
          verified_at: null,
          primary: true,
        },
      ],
      created_at: expect.any(Number),
      updated_at: user.created_at,
      last_sign_in_at: null,
    })
    expect(user.created_at).toBeGreaterThanOrEqual(before)
    expect(user.created_at).toBeLessThanOrEqual(before + 60)
    expect(app.outbox).toEqual([])
  })

  it('keeps every field as it was given', async () => {
    const app = testApp()
    const given = {
      email: anAddress(),
      phone: aPhone(),
      first_name: 'Zoë 🜁',
      last_name: "O'Neil-Müller 李",
      type: 'ROBOT',
      role: 'admin',
      business_id: aWord(),
      external_id: aWord(),
      locale: 'pt-BR',
      metadata: {
        text: 'a"\'\\ \n\u0001<b>',
        empty: '',
        number: -1.5e-7,
        big: 9007199254740991,
        yes: true,
        none: null,
      },
      status: 'PENDING',
    }
    const { json, status } = await app.call('POST', '/v1/users', given)
    expect(status).toBe(201)
    expect(json).toMatchObject(given)
    expect(json.identifiers.map(({ kind, value }: Record<string, string>) => [kind, value])).toEqual([
      ['email', given.email],
      ['phone', given.phone],
    ])
    expect((await app.call('GET', `/v1/users/${json.id}`)).json).toEqual(json)
    expect((await app.call('GET', `/users/${json.id}`)).json).toEqual(json)
  })

  it.each([
    ['email', () => ({ email: anAddress() })],
    ['phone', () => ({ phone: aPhone() })],
    ['external_id', () => ({ external_id: aWord() })],
  ])('is content with %s alone', async (field, make) => {
    const app = testApp()
    const body = make()
    const { json, status } = await app.call('POST', '/v1/users', body)
    expect(status).toBe(201)
    expect(json).toMatchObject(body)
    expect(json.identifiers).toHaveLength(field === 'external_id' ? 0 : 1)
  })

  it('refuses a body with none of them', async () => {
    const app = testApp()
    expectInvalid(await app.call('POST', '/v1/users', {}), 'email')
    expectInvalid(await app.call('POST', '/v1/users', { first_name: 'Ada', external_id: null }), 'email')
  })

  it('keeps an address as it is written and its domain in lower case, and drops the spaces around it', async () => {
    const app = testApp()
    const word = aWord()
    const { json } = await app.call('POST', '/v1/users', { email: ` Ada.${word}@EXAMPLE.com ` })
    expect(json.email).toBe(`Ada.${word}@example.com`)
  })

  it.each([
    ['+1 (555) 555-0100', '+15555550100'],
    ['+44 20.7946.0958', '+442079460958'],
  ])('writes the phone number %s as %s', async (typed, written) => {
    const app = testApp()
    const user = await create(app, { phone: typed })
    expect(user.phone).toBe(written)
    await app.call('DELETE', `/v1/users/${user.id}`)
  })

  it.each([
    ['email', 'ada'],
    ['email', 'ada@example'],
    ['email', 'ada@example.com, eve@example.com'],
    ['email', '"ada"@example.com'],
    ['email', 'ada@example.com\r\nBcc: eve@example.com'],
    ['email', 'ada\u0000@example.com'],
    ['email', 'ada\uff20example.com'],
    ['email', `${'a'.repeat(65)}@example.com`],
    ['phone', '5555550100'],
    ['phone', '+0555550100'],
    ['phone', '+1234567890123456'],
    ['phone', '+1555\u0660550100'],
    ['first_name', 'x'.repeat(101)],
    ['last_name', 'a\nb'],
    ['first_name', 'a\u202eb'],
    ['first_name', 'a\ud800'],
    ['role', 'x'.repeat(101)],
    ['business_id', 'x'.repeat(101)],
    ['external_id', 'x'.repeat(201)],
    ['type', 'x'.repeat(51)],
    ['locale', 'en_US'],
    ['locale', 'english please'],
    ['status', 'active'],
    ['status', 'DELETED'],
  ])('refuses %s: %j', async (field, value) => {
    const app = testApp()
    expectInvalid(await app.call('POST', '/v1/users', { email: anAddress(), [field]: value }), field)
  })

  it('takes the longest of everything', async () => {
    const app = testApp()
    const long = {
      first_name: 'x'.repeat(100),
      last_name: '李'.repeat(100),
      type: 'x'.repeat(50),
      role: 'x'.repeat(100),
      business_id: 'x'.repeat(100),
      external_id: aWord().padEnd(200, 'x'),
      metadata: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`.padEnd(40, 'x'), 'y'.repeat(200)])),
    }
    expect(await create(app, long)).toMatchObject(long)
  })

  it.each([
    ['email', (email: string) => email.toUpperCase()],
    ['email', (email: string) => ` ${email}`],
    ['email', (email: string) => email.replace('example.com', 'EXAMPLE.COM')],
  ])('409 for an %s that somebody has, in another spelling (%#)', async (field, respell) => {
    const app = testApp()
    const { email, id } = await create(app)
    const taken = await app.call('POST', '/v1/users', { email: respell(email), external_id: aWord() })
    expectProblem(taken, 409, 'identifier_taken')
    expect(taken.json.errors[0].path).toBe(field)
    expect(taken.text).not.toContain(id)
  })

  it('409 for a phone number in another spelling and for an external id, naming the one', async () => {
    const app = testApp()
    const user = await create(app, { phone: aPhone(), external_id: aWord() })
    const spaced = user.phone.replace(/(...)$/, ' ($1)')
    for (const [path, body] of [
      ['phone', { phone: spaced }],
      ['phone', { email: anAddress(), phone: spaced, external_id: aWord() }],
      ['external_id', { external_id: user.external_id }],
      ['external_id', { email: anAddress(), external_id: user.external_id }],
    ] as const) {
      const taken = await app.call('POST', '/v1/users', body)
      expectProblem(taken, 409, 'identifier_taken')
      expect(taken.json.errors).toEqual([{ path, message: expect.any(String) }])
    }
  })

  it('leaves nothing behind when one of two identifiers is taken', async () => {
    const app = testApp()
    const { phone } = await create(app, { phone: aPhone() })
    const email = anAddress()
    expectProblem(await app.call('POST', '/v1/users', { email, phone }), 409, 'identifier_taken')
    expect((await create(app, { email })).phone).toBeNull()
  })

  it('keeps plus tags and dots apart: they are other people', async () => {
    const app = testApp()
    const word = aWord()
    for (const email of [`a.b${word}@example.com`, `ab${word}@example.com`, `a.b${word}+x@example.com`])
      await create(app, { email })
  })

  it('makes one user of 20 creates at once in variants of one address', async () => {
    const app = testApp()
    const word = aWord()
    const variants = Array.from({ length: 20 }, (_, i) =>
      [...`person.${word}@example.com`]
        .map((letter, at) => ((i >> (at % 5)) & 1 ? letter.toUpperCase() : letter))
        .join(''),
    )
    const answers = await Promise.all(variants.map((email) => app.call('POST', '/v1/users', { email })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
    for (const answer of answers.filter(({ status }) => status === 409)) expectProblem(answer, 409, 'identifier_taken')
    const found = await app.call('GET', `/v1/users?q=${word}`)
    expect(idsOf(found)).toEqual([answers.find(({ status }) => status === 201)?.json.id])
    const rows = await env.DB.prepare('SELECT id FROM identifiers WHERE canonical LIKE ?').bind(`%${word}%`).all()
    expect(rows.results).toHaveLength(1)
  })

  it('makes one user of 20 creates at once with one external id', async () => {
    const app = testApp()
    const external_id = aWord()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.call('POST', '/v1/users', { email: anAddress(), external_id })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ json }) => json.code === 'identifier_taken')).toHaveLength(19)
    expect(idsOf(await app.call('GET', `/v1/users?external_id=${external_id}`))).toHaveLength(1)
  })

  it('writes an event that names the user, and no address', async () => {
    const app = testApp()
    const { id, email } = await create(app, { first_name: 'Ada' })
    const { results } = await env.DB.prepare('SELECT * FROM events WHERE user_id = ?').bind(id).all()
    expect(results).toMatchObject([{ type: 'user.created', user_id: id }])
    expect(JSON.stringify(results)).not.toContain(email)
  })
})

describe('/users without /v1', () => {
  it('makes a BUSINESS unless said otherwise; the rest is one and the same', async () => {
    const app = testApp()
    const one = await app.call('POST', '/users', { email: anAddress() })
    expect([one.status, one.json.type]).toEqual([201, 'BUSINESS'])
    const two = await app.call('POST', '/users', { email: anAddress(), type: 'PERSON' })
    expect(two.json.type).toBe('PERSON')
    expect((await app.call('PUT', `/users/${one.json.id}`, { first_name: 'Ada' })).json.type).toBe('BUSINESS')
    expect((await app.call('GET', `/v1/users/${one.json.id}`)).json).toMatchObject({
      type: 'BUSINESS',
      first_name: 'Ada',
    })
    expect((await app.call('PUT', `/users/${one.json.id}/status`, { status: 'INACTIVE' })).json.status).toBe('INACTIVE')
    expect((await app.call('GET', `/users/${two.json.id}/sessions`)).json).toEqual({ data: [], next_cursor: null })
    expect((await app.call('DELETE', `/users/${two.json.id}/sessions`)).status).toBe(204)
    expect((await app.call('POST', `/users/${two.json.id}/login_url`)).status).toBe(200)
    expect((await app.call('DELETE', `/users/${one.json.id}`)).status).toBe(204)
    expectProblem(await app.call('GET', `/v1/users/${one.json.id}`), 404, 'not_found')
  })

  it('answers machines with problems, not with pages', async () => {
    const app = testApp()
    expectProblem(await app.call('GET', `/users/${UNKNOWN}`), 404, 'not_found')
  })
})

describe('GET /v1/users/{id}', () => {
  it('404 for a user that is not there', async () => {
    const app = testApp()
    expectProblem(await app.call('GET', `/v1/users/${UNKNOWN}`), 404, 'not_found')
  })
})

describe('GET /v1/users', () => {
  it('finds by each filter, and by all of them together', async () => {
    const app = testApp()
    const fields = { phone: aPhone(), business_id: aWord(), external_id: aWord(), type: aWord(), role: aWord() }
    const user = await create(app, fields)
    await create(app)
    const filters = { email: user.email, ...fields }
    for (const [name, value] of Object.entries(filters)) {
      const found = await app.call('GET', `/v1/users?${new URLSearchParams({ [name]: value })}`)
      expect(found.json, name).toEqual({ data: [user], next_cursor: null })
    }
    const all = new URLSearchParams({ ...filters, status: 'ACTIVE', q: user.email })
    expect(idsOf(await app.call('GET', `/v1/users?${all}`))).toEqual([user.id])
    all.set('status', 'INACTIVE')
    expect(idsOf(await app.call('GET', `/v1/users?${all}`))).toEqual([])
  })

  it('finds an address in another case, a phone number in another spelling', async () => {
    const app = testApp()
    const user = await create(app, { phone: aPhone() })
    const spelled = { email: user.email.toUpperCase(), phone: user.phone.replace(/(....)$/, '-$1') }
    for (const [name, value] of Object.entries(spelled)) {
      expect(idsOf(await app.call('GET', `/v1/users?${new URLSearchParams({ [name]: value })}`)), name).toEqual([
        user.id,
      ])
    }
  })

  it.each(['ACTIVE', 'INACTIVE', 'PENDING'])('filters by the status %s', async (status) => {
    const app = testApp()
    const business_id = aWord()
    for (const each of ['ACTIVE', 'INACTIVE', 'PENDING']) await create(app, { business_id, status: each })
    const found = await app.call('GET', `/v1/users?business_id=${business_id}&status=${status}`)
    expect(found.json.data.map((user: { status: string }) => user.status)).toEqual([status])
  })

  it('q finds part of a first name, a last name or an address, in any case', async () => {
    const app = testApp()
    const word = aWord()
    const first = await create(app, { first_name: `Xx${word}` })
    const last = await create(app, { last_name: `${word}Yy` })
    const address = await create(app, { email: `z${word}@example.com` })
    const phone = await create(app, { phone: aPhone() })
    const search = async (q: string) => idsOf(await app.call('GET', `/v1/users?${new URLSearchParams({ q })}`)).sort()
    expect(await search(word)).toEqual([first.id, last.id, address.id].sort())
    expect(await search(`XX${word.toUpperCase()}`)).toEqual([first.id])
    expect(await search(`${word}y`)).toEqual([last.id])
    expect(await search(`z${word}@`)).toEqual([address.id])
    expect(await search(phone.phone.slice(1))).toEqual([phone.id])
  })

  it.each(['%', '_', '\\', "'", '"', '*', '?', '[', '100%', 'a_b', '\\%'])('q takes %s for what it is', async (odd) => {
    const app = testApp()
    const word = aWord()
    const user = await create(app, { first_name: `${word}${odd}x` })
    await create(app, { first_name: `${word}Zx` })
    const found = await app.call('GET', `/v1/users?${new URLSearchParams({ q: `${word}${odd}x` })}`)
    expect(found.status, found.text).toBe(200)
    expect(idsOf(found)).toEqual([user.id])
  })

  it.each(['x', '%', 'é', '🜁'])('q takes 100 characters of %s', async (letter) => {
    const app = testApp()
    const q = [...letter.repeat(100)].slice(0, 100 / letter.length).join('')
    const user = await create(app, { first_name: q })
    const found = await app.call('GET', `/v1/users?${new URLSearchParams({ q })}`)
    expect(found.status, found.text).toBe(200)
    expect(idsOf(found)).toContain(user.id)
  })

  it('pages through 45 users: newest first, none lost, none twice, however many at a time', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const business_id = aWord()
    const created: string[] = []
    for (let i = 0; i < 45; i++) {
      // Five in each second: within one the order is any, but always the same.
      if (i % 5 === 0) now += 1000
      created.push((await create(app, { business_id })).id)
    }
    const path = `/v1/users?business_id=${business_id}`
    const whole = await app.call('GET', `${path}&limit=100`)
    expect(whole.json.next_cursor).toBeNull()
    expect(idsOf(whole).sort()).toEqual([...created].sort())
    const times = whole.json.data.map(({ created_at }: { created_at: number }) => created_at)
    expect(times).toEqual([...times].sort((a, b) => b - a))
    for (const limit of [1, 7, 20, 44, 45, 46])
      expect(await allOf(app, path, limit), `${limit}`).toEqual(whole.json.data)
    expect((await app.call('GET', path)).json.data).toHaveLength(20)
  })

  it('loses nobody when users come and go between two pages', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const business_id = aWord()
    const path = `/v1/users?business_id=${business_id}&limit=3`
    const created: string[] = []
    for (let i = 0; i < 9; i++) {
      now += 1000
      created.unshift((await create(app, { business_id })).id)
    }
    const first = await app.call('GET', path)
    expect(idsOf(first)).toEqual(created.slice(0, 3))
    now += 1000
    await create(app, { business_id })
    await app.call('DELETE', `/v1/users/${created[2]}`)
    const second = await app.call('GET', `${path}&cursor=${first.json.next_cursor}`)
    expect(idsOf(second)).toEqual(created.slice(3, 6))
    await app.call('DELETE', `/v1/users/${created[6]}`)
    const third = await app.call('GET', `${path}&cursor=${second.json.next_cursor}`)
    expect(idsOf(third)).toEqual(created.slice(7, 9))
    expect(third.json.next_cursor).toBeNull()
  })

  it('is no longer found by an address that was given up', async () => {
    const app = testApp()
    const { id, email } = await create(app)
    await app.call('PUT', `/v1/users/${id}`, { email: anAddress() })
    expect(idsOf(await app.call('GET', `/v1/users?email=${email}`))).toEqual([])
    expect(idsOf(await app.call('GET', `/v1/users?q=${email}`))).toEqual([])
  })
})

describe('PUT /v1/users/{id}', () => {
  it('changes what is named and leaves the rest', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const user = await create(app, {
      phone: aPhone(),
      first_name: 'Ada',
      last_name: 'Lovelace',
      role: 'admin',
      external_id: aWord(),
      locale: 'en',
      metadata: { a: 1 },
    })
    now += 5000
    const changes = {
      first_name: 'Augusta',
      role: 'owner',
      locale: 'fr',
      type: 'ROBOT',
      business_id: aWord(),
      metadata: { b: 2 },
    }
    for (const [field, value] of Object.entries(changes)) {
      const changed = await app.call('PUT', `/v1/users/${user.id}`, { [field]: value })
      expect(changed.status, changed.text).toBe(200)
      expect(changed.headers.get('cache-control')).toBe('no-store')
    }
    const after = await app.call('GET', `/v1/users/${user.id}`)
    expect(after.json).toEqual({ ...user, ...changes, updated_at: user.updated_at + 5 })
    expect(app.outbox).toEqual([])
  })

  it('clears with null, and takes nothing for no change', async () => {
    const app = testApp()
    const fields = {
      first_name: 'Ada',
      last_name: 'L',
      role: 'r',
      business_id: aWord(),
      external_id: aWord(),
      locale: 'en',
    }
    const user = await create(app, fields)
    expect((await app.call('PUT', `/v1/users/${user.id}`, {})).json).toMatchObject(fields)
    const nothing = Object.fromEntries(Object.keys(fields).map((name) => [name, null]))
    const cleared = await app.call('PUT', `/v1/users/${user.id}`, nothing)
    expect(cleared.json).toEqual({ ...user, ...nothing, updated_at: cleared.json.updated_at })
    // The external id is free for somebody else.
    await create(app, { external_id: fields.external_id })
  })

  it('404 for a user that is not there', async () => {
    const app = testApp()
    expectProblem(await app.call('PUT', `/v1/users/${UNKNOWN}`, { first_name: 'Ada' }), 404, 'not_found')
    expectProblem(await app.call('PUT', `/v1/users/${UNKNOWN}`, { email: anAddress() }), 404, 'not_found')
  })

  it('409 for what another user has, and changes nothing then', async () => {
    const app = testApp()
    const other = await create(app, { phone: aPhone(), external_id: aWord() })
    const user = await create(app, { phone: aPhone(), external_id: aWord(), first_name: 'Ada' })
    for (const [path, value] of [
      ['email', other.email.toUpperCase()],
      ['phone', other.phone],
      ['external_id', other.external_id],
    ] as const) {
      const taken = await app.call('PUT', `/v1/users/${user.id}`, { first_name: 'Eve', [path]: value })
      expectProblem(taken, 409, 'identifier_taken')
      expect(taken.json.errors[0].path).toBe(path)
      expect((await app.call('GET', `/v1/users/${user.id}`)).json).toEqual(user)
    }
    expect(app.outbox).toEqual([])
  })

  it('takes what the user has already', async () => {
    const app = testApp()
    const user = await create(app, { phone: aPhone(), external_id: aWord() })
    const { email, phone, external_id } = user
    const same = await app.call('PUT', `/v1/users/${user.id}`, { email, phone, external_id })
    expect(same.json).toEqual({ ...user, updated_at: same.json.updated_at })
    expect(app.outbox).toEqual([])
  })

  it('gives a user without an address one, and tells nobody', async () => {
    const app = testApp()
    const { json: user } = await app.call('POST', '/v1/users', { external_id: aWord() })
    const email = anAddress()
    const phone = aPhone()
    const changed = await app.call('PUT', `/v1/users/${user.id}`, { email, phone })
    expect(changed.json).toMatchObject({ email, email_verified: false, phone, phone_verified: false })
    expect(changed.json.identifiers).toHaveLength(2)
    expect(app.outbox).toEqual([])
  })

  it('gives one address to one of 20 who ask for it at once', async () => {
    const app = testApp()
    const email = anAddress()
    const users = await Promise.all(Array.from({ length: 20 }, () => create(app)))
    const answers = await Promise.all(users.map(({ id }) => app.call('PUT', `/v1/users/${id}`, { email })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 409)])
    const kept = await Promise.all(users.map(({ id }) => app.call('GET', `/v1/users/${id}`)))
    expect(kept.filter(({ json }) => json.email === email)).toHaveLength(1)
    for (const [i, { json }] of kept.entries()) if (json.email !== email) expect(json).toEqual(users[i])
  })

  it('writes an event', async () => {
    const app = testApp()
    const { id } = await create(app)
    await app.call('PUT', `/v1/users/${id}`, { first_name: 'Ada' })
    const { results } = await env.DB.prepare('SELECT type FROM events WHERE user_id = ? ORDER BY id').bind(id).all()
    expect(results.map(({ type }) => type).sort()).toEqual(['user.created', 'user.updated'])
  })

  it('leaves no address behind where a delete came in between', async () => {
    const app = testApp()
    const user = await create(app)
    const email = anAddress()
    let overtaken = false
    const DB = new Proxy(env.DB, {
      get(db, name) {
        const member = Reflect.get(db, name)
        if (typeof member !== 'function') return member
        if (name !== 'batch' || overtaken) return member.bind(db)
        overtaken = true
        return async (statements: D1PreparedStatement[]) => {
          expect((await app.call('DELETE', `/v1/users/${user.id}`)).status).toBe(204)
          return db.batch(statements)
        }
      },
    })
    const late = await testApp({ bindings: { DB } }).call('PUT', `/v1/users/${user.id}`, { email })
    expectProblem(late, 404, 'not_found')
    expect((await create(app, { email })).email).toBe(email)
  })
})

describe('PUT /v1/users/{id}/status', () => {
  it.each(['ACTIVE', 'INACTIVE', 'PENDING'])('sets %s and says so', async (status) => {
    const app = testApp()
    const user = await create(app)
    const changed = await app.call('PUT', `/v1/users/${user.id}/status`, { status })
    expect(changed.status, changed.text).toBe(200)
    const { message, ...rest } = changed.json
    expect(message).toContain(status)
    expect(rest).toEqual({ ...user, status, updated_at: rest.updated_at })
    expect((await app.call('GET', `/v1/users/${user.id}`)).json).toEqual(rest)
  })

  it('takes nothing but a status', async () => {
    const app = testApp()
    const { id } = await create(app)
    expectInvalid(await app.call('PUT', `/v1/users/${id}/status`, {}), 'status')
    expectInvalid(await app.call('PUT', `/v1/users/${id}/status`, { status: 'ACTIVE', email: anAddress() }), 'email')
    expectProblem(await app.call('PUT', `/v1/users/${UNKNOWN}/status`, { status: 'ACTIVE' }), 404, 'not_found')
  })
})

describe('DELETE /v1/users/{id}', () => {
  it('204, then 404 everywhere', async () => {
    const app = testApp()
    const { id, email } = await create(app, { phone: aPhone(), external_id: aWord() })
    const deleted = await app.call('DELETE', `/v1/users/${id}`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    for (const [method, path, body] of [
      ['DELETE', ''],
      ['GET', ''],
      ['PUT', '', {}],
      ['PUT', '/status', { status: 'ACTIVE' }],
      ['POST', '/login_url'],
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
    ] as const) {
      expectProblem(await app.call(method, `/v1/users/${id}${path}`, body), 404, 'not_found')
    }
    expect(idsOf(await app.call('GET', `/v1/users?email=${email}`))).toEqual([])
  })

  it('frees address, number and external id at once, and keeps none of their text', async () => {
    const app = testApp()
    const fields = { email: `Ada.${aWord()}@example.com`, phone: aPhone(), external_id: aWord() }
    const user = await create(app, fields)
    await app.call('DELETE', `/v1/users/${user.id}`)
    const { results } = await env.DB.prepare('SELECT value, released_at FROM identifiers WHERE user_id = ?')
      .bind(user.id)
      .all()
    expect(results).toEqual([
      { value: '', released_at: expect.any(Number) },
      { value: '', released_at: expect.any(Number) },
    ])
    const again = await create(app, fields)
    expect(again.id).not.toBe(user.id)
    expect(again).toMatchObject(fields)
  })
})
