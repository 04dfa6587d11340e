/** What time removes, in small pieces, and what it must leave (design §7). */

import { describe, expect, it } from 'vitest'
import { ksuid } from '../../src/lib/ids.ts'
import { anAddress, env, ROOT_KEY, testApp } from '../support/app.ts'
import { aProject, signInOf, sweepLater, type TestProject } from '../support/project.ts'

const DAY = 86_400
const STEP = 2000
const ROWS_A_RUN = 500

const now = () => Math.floor(Date.now() / 1000)
let drawn = 0
/** 16 bytes that no other row has. */
const random = () => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, ++drawn)
  return bytes
}
const idOf = (prefix: string, at: number) => `${prefix}_${ksuid(at, random())}`

type Row = Record<string, string | number | null>
/** Many rows at once: D1 takes 100 values a statement. */
async function insert(table: string, rows: Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  const sql = `INSERT INTO ${table} (${columns.join(', ')})
    SELECT ${columns.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?)`
  for (let at = 0; at < rows.length; at += 1000) {
    await env.DB.prepare(sql)
      .bind(JSON.stringify(rows.slice(at, at + 1000)))
      .run()
  }
}
const idsIn = async (table: string, project: string, column = 'id'): Promise<string[]> => {
  const { results } = await env.DB.prepare(`SELECT ${column} AS id FROM ${table} WHERE project_id = ? ORDER BY 1`)
    .bind(project)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}
const countOf = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table}`).first<{ n: number }>())?.n ?? -1
const walks = async () => (await env.DB.prepare('SELECT name, position FROM walks ORDER BY name').all()).results

const message = (project: string, at: number, more: Row = {}): Row => ({
  project_id: project,
  id: idOf('msg', at),
  channel: 'email',
  to_masked: 'x',
  template: 'sign_in',
  locale: 'en',
  status: 'accepted',
  timeline: '[]',
  attempts: 1,
  expires_at: at + 900,
  created_at: at,
  ...more,
})
const event = (project: string, at: number): Row => ({
  project_id: project,
  id: idOf('evt', at),
  type: 'user.created',
  data: '{}',
  created_at: at,
})
const session = (project: string, more: Row = {}): Row => ({
  project_id: project,
  id: idOf('sess', now()),
  user_id: 'user_x',
  amr: '[]',
  created_at: now() - 40 * DAY,
  last_active_at: now(),
  idle_ttl: 30 * DAY,
  expires_at: now() + 30 * DAY,
  revoked_at: null,
  ...more,
})
const family = (project: string, sessionId: string, more: Row = {}): Row => ({
  project_id: project,
  id: crypto.randomUUID(),
  session_id: sessionId,
  client_id: 'key_x',
  grant_data: '{}',
  generation: 1,
  rotated_at: now() * 1000,
  ended_at: null,
  ...more,
})
const identifier = (project: string, released_at: number | null, more: Row = {}): Row => ({
  project_id: project,
  kind: 'email',
  canonical: anAddress(),
  id: idOf('email', now()),
  user_id: 'user_x',
  value: 'x',
  created_at: now(),
  released_at,
  ...more,
})

/** Two projects, so that nothing works for the first alone. */
async function twoProjects(): Promise<TestProject[]> {
  const app = testApp()
  return [await aProject(app), await aProject(app)]
}

describe('removes', () => {
  it('messages after 30 days and events after 90, to the second', async () => {
    for (const { id } of await twoProjects()) {
      const live = [
        message(id, now() - 30 * DAY + 60),
        message(id, now()),
        message(id, now() - 29 * DAY, { status: 'failed' }),
      ]
      const old = [message(id, now() - 30 * DAY - 1), message(id, now() - 400 * DAY, { status: 'failed' })]
      await insert('messages', [...live, ...old])
      const liveEvents = [event(id, now() - 90 * DAY + 60), event(id, now() - 31 * DAY)]
      const before = await idsIn('events', id)
      await insert('events', [...liveEvents, event(id, now() - 90 * DAY - 1), event(id, now() - 900 * DAY)])
      await sweepLater()
      expect(await idsIn('messages', id)).toEqual(live.map(({ id }) => id).sort())
      expect(await idsIn('events', id)).toEqual([...before, ...liveEvents.map(({ id }) => id)].sort())
    }
  })

  it('sessions 7 days after they were revoked, expired or fell asleep', async () => {
    for (const { id } of await twoProjects()) {
      const over = now() - 7 * DAY - 10
      const recently = now() - 7 * DAY + 60
      const live = [
        session(id),
        session(id, { revoked_at: recently }),
        session(id, { expires_at: recently }),
        session(id, { last_active_at: recently - 30 * DAY }),
        // Revoked lately, though it would have ended long ago.
        session(id, { revoked_at: recently, expires_at: over, last_active_at: over - 30 * DAY }),
        session(id, { created_at: now() - 300 * DAY }),
      ]
      const old = [
        session(id, { revoked_at: over }),
        session(id, { expires_at: over }),
        session(id, { last_active_at: over - 30 * DAY }),
        session(id, { revoked_at: over, expires_at: now() + 90 * DAY }),
      ]
      await insert('sessions', [...live, ...old])
      await sweepLater()
      expect(await idsIn('sessions', id)).toEqual(live.map(({ id }) => id).sort())
    }
  })

  it('refresh families 7 days after they were ended, or with their session', async () => {
    for (const { id } of await twoProjects()) {
      const [living, ended] = [session(id), session(id, { revoked_at: now() - 8 * DAY })]
      await insert('sessions', [living, ended])
      const over = now() - 7 * DAY - 10
      const live = [
        family(id, String(living.id)),
        family(id, String(living.id), { rotated_at: over * 1000 - 300 * DAY * 1000 }),
        family(id, String(living.id), { ended_at: now() - 6 * DAY }),
        // Its session is about to be written.
        family(id, idOf('sess', now())),
      ]
      const old = [
        family(id, String(living.id), { ended_at: over }),
        family(id, String(ended.id), { rotated_at: over * 1000 }),
        family(id, idOf('sess', now()), { rotated_at: over * 1000 }),
      ]
      await insert('refresh_families', [...live, ...old])
      await sweepLater()
      expect(await idsIn('refresh_families', id)).toEqual(live.map(({ id }) => id).sort())
    }
  })

  it('not the mark of a grant that was used twice a moment ago, whose session is not written yet', async () => {
    const { id } = await aProject(testApp())
    // As endFamily writes it.
    const mark = family(id, '', { client_id: '', generation: 0, rotated_at: 0, ended_at: now() - 5 })
    await insert('refresh_families', [mark])
    await sweepLater()
    expect(await idsIn('refresh_families', id)).toEqual([mark.id])
    await sweepLater(8 * DAY * 1000)
    expect(await idsIn('refresh_families', id)).toEqual([])
  })

  it('addresses 7 days after they were given up', async () => {
    for (const { id } of await twoProjects()) {
      const released = (secondsAgo: number) => (now() - secondsAgo) * 1000
      const live = [
        identifier(id, null),
        identifier(id, released(0)),
        identifier(id, released(7 * DAY - 60)),
        identifier(id, null, { kind: 'phone', canonical: '+12025550100' }),
      ]
      const old = [
        identifier(id, released(7 * DAY + 10)),
        identifier(id, released(300 * DAY), { kind: 'phone', canonical: '+12025550101' }),
      ]
      await insert('identifiers', [...live, ...old])
      await sweepLater()
      expect(await idsIn('identifiers', id, 'canonical')).toEqual(live.map(({ canonical }) => canonical).sort())
    }
  })

  it('nothing of what somebody still uses', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const sent = await project.sent({ email })
    const { code } = signInOf(project.app.outbox[0])
    const done = await project.ok('POST', '/v1/passwordless/verify', { id: sent.id, code })
    await project.ok('POST', '/v1/suppressions', { email: anAddress() })
    await project.ok('PUT', '/v1/templates/sign_in/en', { subject: 'S', html: '{{link}}' })
    for (let i = 0; i < 3; i++) await sweepLater()
    expect((await project.ok('GET', `/v1/sessions/${done.session_id}`)).revoked_at).toBeNull()
    const refreshed = await project.app.form(
      `${project.issuer}/oauth/token`,
      { grant_type: 'refresh_token', refresh_token: done.refresh_token },
      { 'x-api-key': ROOT_KEY, 'x-project': project.id },
    )
    expect(refreshed.status, refreshed.text).toBe(200)
    expect((await project.ok('GET', `/v1/users?email=${email}`)).data).toHaveLength(1)
    expect(await project.message(sent.message.id)).toMatchObject({ status: 'accepted' })
    expect((await project.ok('GET', '/v1/suppressions')).data).toHaveLength(1)
    expect((await project.ok('GET', '/v1/templates')).data).toHaveLength(1)
    expect((await project.ok('GET', '/v1/events')).data.length).toBeGreaterThan(0)
  })

  it('an address that was given up only when every link to it has ended', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const sent = await project.sent({
      email,
      expires_in: 7 * DAY,
      link: 'direct',
      redirect_uri: 'http://localhost:3000/',
    })
    await project.ok('DELETE', `/v1/users/${sent.user_id}`)
    const [address = ''] = await idsIn('identifiers', project.id, 'canonical')
    expect(address).toBe(email)
    // The link ends before the address is forgotten.
    await sweepLater((7 * DAY - 5) * 1000)
    expect(await idsIn('identifiers', project.id, 'canonical')).toEqual([email])
    await sweepLater((7 * DAY + 60) * 1000)
    expect(await idsIn('identifiers', project.id, 'canonical')).toEqual([])
  })
})

describe('is bounded', () => {
  it('removes so many messages and events a run, over all projects, until none is left', async () => {
    const projects = await twoProjects()
    const before = await countOf('messages')
    const beforeEvents = await countOf('events')
    for (const { id } of projects) {
      await insert(
        'messages',
        Array.from({ length: 400 }, (_, i) => message(id, now() - 31 * DAY - i)),
      )
      await insert(
        'events',
        Array.from({ length: 400 }, (_, i) => event(id, now() - 91 * DAY - i)),
      )
    }
    const left: number[][] = []
    for (let run = 0; run < 3; run++) {
      await sweepLater()
      left.push([(await countOf('messages')) - before, (await countOf('events')) - beforeEvents])
    }
    expect(left).toEqual([
      [800 - ROWS_A_RUN, 800 - ROWS_A_RUN],
      [0, 0],
      [0, 0],
    ])
  })

  it('walks through many sessions in steps, comes to the end and begins again', async () => {
    const [one, two] = await twoProjects()
    if (!one || !two) throw new Error('no projects')
    await sweepLater()
    expect(await walks()).toEqual([])
    const over = now() - 8 * DAY
    // Every second one is over.
    const rows = (project: TestProject, count: number) =>
      Array.from({ length: count }, (_, i) => session(project.id, i % 2 === 0 ? { revoked_at: over } : {}))
    const all = [...rows(one, 3001), ...rows(two, 2000)]
    await insert('sessions', all)
    const live = all.filter(({ revoked_at }) => revoked_at === null).map(({ id }) => String(id))
    const counts: number[] = [await countOf('sessions')]
    for (let run = 0; run < 6; run++) {
      await sweepLater()
      counts.push(await countOf('sessions'))
      const [walk] = (await walks()).filter(({ name }) => name === 'sessions')
      if (run === 0) expect(JSON.parse(String(walk?.position))).toHaveLength(2)
    }
    const removed = counts.slice(1).map((count, run) => (counts[run] ?? 0) - count)
    for (const piece of removed) expect(piece).toBeLessThanOrEqual(STEP)
    expect(removed[0]).toBeGreaterThan(900)
    expect(removed[0]).toBeLessThan(1100)
    const left = [...(await idsIn('sessions', one.id)), ...(await idsIn('sessions', two.id))]
    expect(left.sort()).toEqual(live.sort())
    // What ends behind the walk is found when it has begun again.
    await env.DB.prepare('UPDATE sessions SET revoked_at = ? WHERE project_id IN (?, ?)')
      .bind(over, one.id, two.id)
      .run()
    for (let run = 0; run < 5; run++) await sweepLater()
    expect([...(await idsIn('sessions', one.id)), ...(await idsIn('sessions', two.id))]).toEqual([])
  }, 60_000)

  it('a table of exactly one step, and of none', async () => {
    const { id } = await aProject(testApp())
    await env.DB.prepare('DELETE FROM walks').run()
    const there = await countOf('sessions')
    const rows = Array.from({ length: STEP - there }, () => session(id, { revoked_at: now() - 8 * DAY }))
    await insert('sessions', rows)
    for (let run = 0; run < 3; run++) await sweepLater()
    expect(await idsIn('sessions', id)).toEqual([])
    await sweepLater()
    expect((await walks()).filter(({ name }) => name === 'sessions')).toEqual([])
  })

  it('goes on where a run died between its steps', async () => {
    const { id } = await aProject(testApp())
    await insert('sessions', [session(id, { revoked_at: now() - 8 * DAY })])
    await env.DB.prepare("INSERT OR REPLACE INTO walks (name, position) VALUES ('sessions', ?)")
      .bind(JSON.stringify(['proj_zzz', 'sess_zzz']))
      .run()
    await sweepLater()
    expect(await idsIn('sessions', id)).toHaveLength(1)
    await sweepLater()
    expect(await idsIn('sessions', id)).toEqual([])
  })
})

describe('at once', () => {
  it('two runs, and eight, remove what one would', async () => {
    const [one, two] = await twoProjects()
    if (!one || !two) throw new Error('no projects')
    const over = now() - 8 * DAY
    const live: string[] = []
    for (const { id } of [one, two]) {
      const [keeps, ends] = [session(id), session(id, { expires_at: over })]
      live.push(String(keeps.id))
      await insert('sessions', [keeps, ends])
      await insert('refresh_families', [
        family(id, String(keeps.id)),
        family(id, String(ends.id), { rotated_at: over * 1000 }),
      ])
      await insert('messages', [message(id, now()), message(id, now() - 31 * DAY)])
      await insert('identifiers', [identifier(id, null), identifier(id, over * 1000)])
    }
    await Promise.all([sweepLater(), sweepLater()])
    await Promise.all(Array.from({ length: 8 }, () => sweepLater()))
    for (const { id } of [one, two]) {
      expect(await idsIn('messages', id)).toHaveLength(1)
      expect((await idsIn('sessions', id)).every((sessionId) => live.includes(sessionId))).toBe(true)
      expect(await idsIn('sessions', id)).toHaveLength(1)
      expect(await idsIn('refresh_families', id)).toHaveLength(1)
      expect(await idsIn('identifiers', id, 'canonical')).toHaveLength(1)
    }
  })
})
