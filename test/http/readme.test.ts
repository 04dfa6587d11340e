import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hiddenInputs } from '../support/html.ts'
import { borrowDevServer, type DevServer } from '../support/server.ts'

let server: DevServer
let folder: string
let readme: string

beforeAll(async () => {
  server = await borrowDevServer()
  folder = await mkdtemp(join(tmpdir(), 'latchkey-readme-'))
  // The story finds jose where the project has it.
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  readme = await readFile('README.md', 'utf8')
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The blocks of the README with these names, pasted into one shell; what the last one printed. */
async function paste(names: string[], environment: Record<string, string> = {}): Promise<string> {
  const blocks = names.map((name) => {
    const block = new RegExp(`<!-- story: ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1]
    if (!block) throw new Error(`the README has no story ${name}`)
    return block.replaceAll('http://localhost:8787', server.origin)
  })
  const script = blocks.map((block, i) => (i < blocks.length - 1 ? `{ ${block}\n} > /dev/null` : block)).join('\n')
  const env = {
    ...process.env,
    PATH: `${resolve('node_modules/.bin')}:${process.env.PATH}`,
    LATCHKEY_KEY: server.key,
    ...environment,
  }
  const { stdout } = await promisify(execFile)('bash', ['-euc', script], { cwd: folder, env })
  return stdout
}

describe('the story of the README, pasted', () => {
  it('sends, is pressed, exchanges, and ends with tokens that verify', async () => {
    const sent = JSON.parse(
      (await paste(['send']))
        .split('}{')
        .at(-1)
        ?.replace(/^(?!\{)/, '{') ?? '',
    )
    expect(sent).toMatchObject({ method: 'link_and_code', message: { status: 'accepted' } })
    const [message] = await server.inbox.messages('ada@example.com')
    const page = await fetch(message?.links[0] ?? '')
    const pressed = await fetch(`${server.origin}/auth/magic-link`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(hiddenInputs(await page.text())),
    })
    const location = new URL(pressed.headers.get('location') ?? '')
    expect(location.searchParams.get('state')).toBe('from-the-readme')
    const GRANT = location.searchParams.get('code') ?? ''
    const claims = await paste(['send', 'exchange', 'jwks'], { GRANT })
    expect(claims).toContain(`iss: '${server.origin}'`)
    expect(claims).toContain("amr: [ 'email', 'link' ]")
    const refreshed = JSON.parse(await paste(['send', 'refresh']))
    expect(refreshed).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
  })

  it('signs in by code', async () => {
    const verified = JSON.parse(await paste(['send', 'code']))
    expect(verified).toMatchObject({ method: 'code', user: { email: 'grace@example.com' } })
  })

  it('names commands, files and addresses that are there', async () => {
    for (const [, path = ''] of readme.matchAll(/`((?:src|test|migrations)\/[\w./-]+\.\w+)`/g)) {
      await expect(readFile(path, 'utf8'), path).resolves.toBeTruthy()
    }
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> }
    for (const [, name = ''] of readme.matchAll(/npm run ([a-z:-]+)/g)) expect(Object.keys(scripts)).toContain(name)
    for (const path of ['/healthz', '/openapi.json', '/.well-known/jwks.json', '/dev/inbox', '/']) {
      expect((await fetch(server.origin + path)).status, path).toBe(200)
    }
  })
})
