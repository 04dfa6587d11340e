import { createExecutionContext } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../../src/app.ts'
import { purgeDeletedProjects } from '../../../src/domain/projects/manage.ts'
import { TABLES_OF_A_PROJECT } from '../../../src/domain/projects/queries.ts'
import { systemPorts } from '../../../src/providers/system.ts'
import { type Answer, anAddress, env, ISSUER, testApp } from '../../support/app.ts'
import { aKey, expectInsufficientScope, expectInvalid, expectProblem } from '../../support/refusals.ts'

let offset = 0
const app = testApp({ ports: { now: () => Date.now() + offset } })
const UNKNOWN = `proj_${'2'.repeat(27)}`

async function create(name = 'Second'): Promise<string> {
  const created = await app.call('POST', '/v1/projects', { name })
  expect(created.status, created.text).toBe(201)
  return created.json.id
}
const inProject = (id: string, headers: Record<string, string> = {}) => ({ headers: { 'x-project': id, ...headers } })
const firstId = async (): Promise<string> => (await app.call('GET', '/v1/project')).json.id
async function keyIn(project: string, scopes: readonly string[] = ['*']): Promise<{ id: string; key: string }> {
  const created = await app.call('POST', '/v1/api_keys', { name: 'k', scopes }, inProject(project))
  expect(created.status, created.text).toBe(201)
  return created.json as { id: string; key: string }
}
async function rowsOf(project: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of Object.keys(TABLES_OF_A_PROJECT)) {
    const row = await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE project_id = ?`)
      .bind(project)
      .first<{ n: number }>()
    counts[table] = row?.n ?? -1
  }
  return counts
}
/** Without what differs from one request to the next. */
const shapeOf = ({ status, json, headers }: Answer) => {
  const { request_id: _, ...body } = json
  return { status, body, headers: [...headers].filter(([name]) => name !== 'x-request-id') }
}

describe('POST /v1/projects', () => {
  it('makes a project with settings, keys and an issuer of its own', async () => {
    const created = await app.call('POST', '/v1/projects', { name: 'Second' })
    expect(created.status, created.text).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    const { id } = created.json
    const { json: first } = await app.call('GET', '/v1/project')
    expect(created.json).toMatchObject({ id: expect.stringMatching(/^proj_[0-9A-Za-z]{27}$/), name: 'Second' })
    expect(created.json.issuer).toBe(`${ISSUER}/p/${id}`)
    expect(Object.keys(created.json)).toEqual(Object.keys(first))
    expect((await app.call('GET', '/v1/project', undefined, inProject(id))).json).toEqual(created.json)
    const rows = await env.DB.prepare('SELECT route_key FROM projects WHERE id IN (?, ?)').bind(id, first.id).all()
    const routeKeys = rows.results.map((row) => JSON.stringify(row.route_key))
    expect(new Set(routeKeys).size).toBe(2)
    const event = await env.DB.prepare("SELECT * FROM events WHERE type = 'project.created' AND data ->> 'project' = ?")
      .bind(id)
      .first()
    expect(event?.project_id).toBe(first.id)
  })

  it.each([
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(81) }],
    ['name', { name: 'a\u202eb' }],
    ['settings', { name: 'x', settings: {} }],
  ])('400 naming %s for %j', async (path, body) => {
    expectInvalid(await app.call('POST', '/v1/projects', body), path)
  })
})

describe('GET /v1/projects', () => {
  it('lists all of them, the first one included, by pages', async () => {
    const made = [await create(), await create()]
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Answer = await app.call('GET', `/v1/projects?limit=1${cursor}`)
      expect(page.status, page.text).toBe(200)
      ids.push(...page.json.data.map(({ id }: { id: string }) => id))
      cursor = page.json.next_cursor && `&cursor=${page.json.next_cursor}`
    }
    expect(ids).toEqual([...new Set(ids)].sort().reverse())
    expect(ids).toEqual(expect.arrayContaining([...made, await firstId()]))
  })
})

describe('PATCH /v1/projects/{id}', () => {
  it('changes that project alone, as PATCH /v1/project does', async () => {
    const id = await create()
    const before = (await app.call('GET', '/v1/project')).json
    const changed = await app.call('PATCH', `/v1/projects/${id}`, {
      name: 'Renamed',
      link_ttl: 60,
      brand: { name: 'B' },
    })
    expect(changed.status, changed.text).toBe(200)
    expect(changed.json).toMatchObject({ id, name: 'Renamed', link_ttl: 60, brand: { name: 'B', logo: null } })
    expect((await app.call('GET', '/v1/project', undefined, inProject(id))).json).toEqual(changed.json)
    expect((await app.call('GET', '/v1/project')).json).toEqual(before)
    const back = await app.call('PATCH', `/v1/projects/${id}`, { link_ttl: null })
    expect(back.json.link_ttl).toBe(900)
  })

  it('400 for what is no setting, 404 for no project', async () => {
    const id = await create()
    expectInvalid(await app.call('PATCH', `/v1/projects/${id}`, { surprise: 1 }), 'surprise')
    expectInvalid(await app.call('PATCH', `/v1/projects/${id}`, { link_ttl: 0 }), 'link_ttl')
    for (const unknown of [UNKNOWN, 'first', 'x', id.slice(0, -1)]) {
      expectProblem(await app.call('PATCH', `/v1/projects/${unknown}`, { name: 'x' }), 404, 'not_found')
    }
  })
})

describe('DELETE /v1/projects/{id}', () => {
  it('knows every table that there is', async () => {
    const { results } = await env.DB.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    const tables = results.filter(({ sql }) => String(sql).includes('project_id')).map(({ name }) => name)
    expect(Object.keys(TABLES_OF_A_PROJECT).sort()).toEqual(tables.sort())
  })

  it('leaves no row of the project and every row of others', async () => {
    const id = await create()
    const { key } = await keyIn(id)
    await fill(key)
    const before = await rowsOf(id)
    for (const [table, count] of Object.entries(before)) expect(count, table).toBeGreaterThan(0)
    const other = await create()
    await fill((await keyIn(other)).key)
    const [others, firsts] = [await rowsOf(other), await rowsOf(await firstId())]

    expect((await app.call('DELETE', `/v1/projects/${id}`)).status).toBe(204)
    expect(Object.values(await rowsOf(id)).every((count) => count === 0)).toBe(true)
    expect(await rowsOf(other)).toEqual(others)
    const { events, ...rest } = await rowsOf(await firstId())
    expect({ ...rest, events: (events ?? 0) - 1 }).toEqual(firsts)

    expect((await app.call('GET', '/v1/users', undefined, { key })).status).toBe(401)
    expectProblem(await app.call('GET', '/v1/users', undefined, inProject(id)), 404, 'not_found')
    expectProblem(await app.call('DELETE', `/v1/projects/${id}`), 404, 'not_found')
    expectProblem(await app.call('PATCH', `/v1/projects/${id}`, { name: 'x' }), 404, 'not_found')
    const { json } = await app.call('GET', '/v1/projects?limit=100')
    expect(json.data.map((project: { id: string }) => project.id)).not.toContain(id)
  })

  it('goes on by cron with what one request could not delete, and with what came late', async () => {
    const id = await create()
    const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)`
    await env.DB.prepare(
      `INSERT INTO events (project_id, id, type, data, created_at) ${rows}
       SELECT ?, 'evt_' || i, 'user.created', '{}', 0 FROM n`,
    )
      .bind(id)
      .run()
    const cron = async () => {
      const ports = (...given: Parameters<typeof systemPorts>) => ({
        ...systemPorts(...given),
        now: () => Date.now() + offset,
      })
      await purgeDeletedProjects(await createApp(ports).depsFor(env, createExecutionContext()))
    }
    const tombstone = () => env.DB.prepare('SELECT name, settings FROM projects WHERE id = ?').bind(id).first()
    expect((await app.call('DELETE', `/v1/projects/${id}`)).status).toBe(204)
    expect((await rowsOf(id)).events).toBe(500)
    await cron()
    expect((await rowsOf(id)).events).toBe(0)
    expect(await tombstone()).toEqual({ name: '', settings: '{}' })
    const late = env.DB.prepare("INSERT INTO events VALUES (?, 'evt_late', 'user.created', NULL, '{}', 0)")
    await late.bind(id).run()
    try {
      offset = 10 * 60_000
      await cron()
    } finally {
      offset = 0
    }
    expect((await rowsOf(id)).events).toBe(0)
    expect(await tombstone()).toBeNull()
  })

  it('does not take the first project, nor one that is not there', async () => {
    const first = await firstId()
    expectInvalid(await app.call('DELETE', `/v1/projects/${first}`), 'id')
    expect(await firstId()).toBe(first)
    for (const id of [UNKNOWN, 'first', 'x']) {
      expectProblem(await app.call('DELETE', `/v1/projects/${id}`), 404, 'not_found')
    }
  })
})

describe('only the root key', () => {
  it.each([
    ['GET', '/v1/projects', undefined],
    ['POST', '/v1/projects', { name: 'x' }],
    ['PATCH', `/v1/projects/${UNKNOWN}`, { name: 'x' }],
    ['DELETE', `/v1/projects/${UNKNOWN}`, undefined],
  ])('may %s %s', async (method, path, body) => {
    const all = await aKey(app, ['*'])
    const own = await keyIn(await create())
    for (const { key } of [all, own]) expectInsufficientScope(await app.call(method, path, body, { key }), 'root')
  })
})

describe('x-project', () => {
  it('lets the root key act for a project, and no other', async () => {
    const [a, b] = [await create('A'), await create('B')]
    const email = anAddress()
    const ids = new Set<string>()
    for (const options of [inProject(a), inProject(b), {}]) {
      const created = await app.call('POST', '/v1/users', { email }, options)
      expect(created.status, created.text).toBe(201)
      ids.add(created.json.id)
      const { json } = await app.call('GET', `/v1/users?email=${encodeURIComponent(email)}`, undefined, options)
      expect(json.data.map(({ id }: { id: string }) => id)).toEqual([created.json.id])
    }
    expect(ids.size).toBe(3)
  })

  it.each([UNKNOWN, 'first', '', 'x', `key_${'2'.repeat(27)}`, '__proto__'])('404 for the project %j', async (id) => {
    expectProblem(await app.call('GET', '/v1/project', undefined, inProject(id)), 404, 'not_found')
  })

  it('of another key names its own project, or is refused alike whether there is such a project or not', async () => {
    const [a, b] = [await create('A'), await create('B')]
    const { key } = await keyIn(a)
    expect((await app.call('GET', '/v1/project', undefined, { key, ...inProject(a) })).json.id).toBe(a)
    const refused = []
    for (const id of [b, await firstId(), UNKNOWN, 'x', '']) {
      const answer = await app.call('GET', '/v1/project', undefined, { key, ...inProject(id) })
      expectInsufficientScope(answer, 'root')
      refused.push(shapeOf(answer))
    }
    for (const one of refused) expect(one).toEqual(refused[0])
  })

  it('tells nothing to a caller without a key', async () => {
    const id = await create()
    for (const wished of [id, UNKNOWN]) {
      const answer = await app.call('GET', '/v1/project', undefined, { key: null, ...inProject(wished) })
      expectProblem(answer, 401, 'unauthorized')
    }
  })
})

// --- two projects side by side (promise 12) -------------------------------------------------------------------------

/** One of everything, in the project of this key. */
async function fill(key: string) {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await app.call(method, path, body, { key })
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300)
    return answer.json
  }
  const email = anAddress()
  const external_id = crypto.randomUUID()
  const user = await ask('POST', '/v1/users', { email, external_id })
  const sent = await ask('POST', '/v1/passwordless/send', { email, reveal: true, method: 'code' })
  const verified = await ask('POST', '/v1/passwordless/verify', { id: sent.id, code: sent.code })
  const open = await ask('POST', '/v1/passwordless/send', { email, reveal: true })
  const client = await ask('POST', '/v1/clients', { name: 'App' })
  const apiKey = await ask('POST', '/v1/api_keys', { name: 'k', scopes: ['users:read'] })
  await ask('POST', '/v1/suppressions', { email: anAddress() })
  const organization = await ask('POST', '/v1/organizations', { name: 'Acme', external_id })
  await ask('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles: ['admin'] })
  await ask('PUT', '/v1/templates/sign_in/en', { subject: 'Sign in', html: '<p>{{link}} {{code}}</p>' })
  // 1Kosmos: a key pair, and a request that was taken.
  const { id } = await ask('GET', '/v1/project')
  await ask('POST', '/api/r1/system/community_info/fetch', { communityName: id })
  const requestid = JSON.stringify({ ts: Math.floor(Date.now() / 1000), appid: 'test', uuid: crypto.randomUUID() })
  const headers = { noecdsa: 'true', licensekey: key, requestid }
  const unknown = await app.call('GET', `/api/r1/acr/community/${id}/no-code`, undefined, { key: null, headers })
  expect(unknown.status, unknown.text).toBe(404)
  return { email, external_id, user, open, verified, client, apiKey, organization }
}

const random = (id: string) => id.replace(/_.*/, (rest) => `_${'2'.repeat(rest.length - 1)}`)

describe('a key of one project', () => {
  it('sees nothing of another: the answer is that for a random id', async () => {
    const [a, b] = [await create('A'), await create('B')]
    const mine = (await keyIn(a)).key
    const theirs = await fill((await keyIn(b)).key)
    const ids: [string, string, unknown?][] = [
      ['GET', `/v1/users/${theirs.user.id}`],
      ['PUT', `/v1/users/${theirs.user.id}`, { first_name: 'Eve' }],
      ['PUT', `/v1/users/${theirs.user.id}/status`, { status: 'INACTIVE' }],
      ['POST', `/v1/users/${theirs.user.id}/login_url`, {}],
      ['GET', `/v1/users/${theirs.user.id}/sessions`],
      ['DELETE', `/v1/users/${theirs.user.id}/sessions`],
      ['DELETE', `/v1/users/${theirs.user.id}`],
      ['GET', `/users/${theirs.user.id}`],
      ['GET', `/v1/sessions/${theirs.verified.session_id}`],
      ['DELETE', `/v1/sessions/${theirs.verified.session_id}`],
      ['GET', `/v1/passwordless/${theirs.open.id}`],
      ['DELETE', `/v1/passwordless/${theirs.open.id}`],
      ['GET', `/v1/clients/${theirs.client.id}`],
      ['PATCH', `/v1/clients/${theirs.client.id}`, { rotate_secret: true }],
      ['DELETE', `/v1/clients/${theirs.client.id}`],
      ['DELETE', `/v1/api_keys/${theirs.apiKey.id}`],
      ['GET', `/v1/organizations/${theirs.organization.id}`],
      ['PATCH', `/v1/organizations/${theirs.organization.id}`, { name: 'Eve' }],
      ['GET', `/v1/organizations/${theirs.organization.id}/members`],
      ['POST', `/v1/organizations/${theirs.organization.id}/members`, { user_id: theirs.user.id }],
      ['PUT', `/v1/organizations/${theirs.organization.id}/members/${theirs.user.id}`, { roles: ['owner'] }],
      ['DELETE', `/v1/organizations/${theirs.organization.id}/members/${theirs.user.id}`],
      ['DELETE', `/v1/organizations/${theirs.organization.id}`],
    ]
    const before = await rowsOf(b)
    for (const [method, path, body] of ids) {
      const answer = await app.call(method, path, body, { key: mine })
      const nothing = await app.call(method, path.replace(/(user|sess|chal|client|key|org)_[^/]+/, random), body, {
        key: mine,
      })
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(404)
      expect(shapeOf(answer), `${method} ${path}`).toEqual(shapeOf(nothing))
    }
    expect(await rowsOf(b)).toEqual(before)
  })

  it('can use no secret of another', async () => {
    const [a, b] = [await create('A'), await create('B')]
    const mine = (await keyIn(a)).key
    const key = (await keyIn(b)).key
    const theirs = await fill(key)
    const { id, code, link } = theirs.open
    const token = new URL(link).searchParams.get('code')
    for (const body of [{ token }, { id, code }, { token, id }]) {
      const answer = await app.call('POST', '/v1/passwordless/verify', body, { key: mine })
      expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
    }
    expect((await app.call('POST', '/v1/passwordless/resend', { id }, { key: mine })).status).toBe(404)
    const refreshed = await app.form(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: theirs.verified.refresh_token },
      { 'x-api-key': mine },
    )
    expect(refreshed.json.error).toBe('invalid_grant')
    // Nothing of it was spent.
    expect((await app.call('GET', `/v1/passwordless/${id}`, undefined, { key })).json.status).toBe('pending')
    const verified = await app.call('POST', '/v1/passwordless/verify', { id, code }, { key })
    expect(verified.status, verified.text).toBe(200)
  })

  it('lists nothing of another, and its cursors are junk there', async () => {
    const [a, b] = [await create('A'), await create('B')]
    const mine = await keyIn(a)
    const other = (await keyIn(b)).key
    await fill(other)
    const theirs = await fill(other)
    for (const list of ['users', 'clients', 'organizations']) {
      const { json } = await app.call('GET', `/v1/${list}`, undefined, { key: mine.key })
      expect(json).toEqual({ data: [], next_cursor: null })
    }
    const keys = await app.call('GET', '/v1/api_keys', undefined, { key: mine.key })
    expect(keys.json.data.map(({ id }: { id: string }) => id)).toEqual([mine.id])
    for (const filter of [
      `email=${encodeURIComponent(theirs.email)}`,
      `external_id=${theirs.external_id}`,
      `q=${theirs.email.slice(0, 8)}`,
    ]) {
      expect((await app.call('GET', `/v1/users?${filter}`, undefined, { key: mine.key })).json.data).toEqual([])
    }
    for (const list of ['users', 'clients', 'api_keys', 'organizations']) {
      const { json } = await app.call('GET', `/v1/${list}?limit=1`, undefined, { key: other })
      expect(json.next_cursor).toEqual(expect.any(String))
      const answer = await app.call('GET', `/v1/${list}?cursor=${json.next_cursor}`, undefined, { key: mine.key })
      expectInvalid(answer, 'cursor')
    }
  })

  it('may use the same address, external id and client_id', async () => {
    const keys = [(await keyIn(await create('A'))).key, (await keyIn(await create('B'))).key]
    const [email, external_id, client_id] = [anAddress(), crypto.randomUUID(), 'shared']
    for (const key of keys) {
      expect((await app.call('POST', '/v1/users', { email, external_id }, { key })).status).toBe(201)
      expect((await app.call('POST', '/v1/clients', { name: 'x', client_id }, { key })).status).toBe(201)
    }
  })

  it('signs people in with tokens of its own issuer', async () => {
    const a = await create('A')
    const { verified } = await fill((await keyIn(a)).key)
    const payload = JSON.parse(atob(verified.access_token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    expect(payload).toMatchObject({ iss: `${ISSUER}/p/${a}`, aud: a })
  })
})
