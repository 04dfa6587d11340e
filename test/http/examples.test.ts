import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Examples, startExamples } from '../support/examples.ts'
import { hiddenInputs } from '../support/html.ts'
import { borrowDevServer, type DevServer } from '../support/server.ts'

let server: DevServer
let examples: Examples

beforeAll(async () => {
  server = await borrowDevServer()
  examples = await startExamples(server)
})
afterAll(async () => {
  await examples?.stop()
  await server?.stop()
})

/** A browser without scripts: keeps cookies by host, follows redirects. */
function person() {
  const jars = new Map<string, Map<string, string>>()
  const request = async (
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; text: string; status: number }> => {
    const { origin } = new URL(url)
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form ? { origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const location = answer.headers.get('location')
    if (location) return request(new URL(location, url).href)
    return { url, text: await answer.text(), status: answer.status }
  }
  return request
}

describe.each(['node', 'hono'])('the %s example of the README', (name) => {
  it('signs a person in by OpenID Connect', async () => {
    const origin = await examples.run(name)
    const email = `${name}.reader@example.com`
    const visit = person()
    expect((await visit(origin)).text).toContain('Not signed in')
    const page = await visit(`${origin}/login`)
    expect(page.url).toContain('/sign-in?request=')
    expect(page.text).toContain(`Example ${name}`)
    const waiting = await visit(`${server.origin}/sign-in`, { ...hiddenInputs(page.text), email })
    const { code } = await server.inbox.next(email)
    const { s = '' } = hiddenInputs(waiting.text)
    const done = await visit(`${server.origin}/sign-in/code`, { s, typed: code ?? '' })
    expect(done.url).toBe(`${origin}/`)
    expect(done.text).toBe(`Signed in as ${email}`)
    const stranger = await person()(`${origin}/callback?code=junk&state=junk`)
    expect(stranger.text).toContain('did not work')
  })
})
