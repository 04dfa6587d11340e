/** The examples of the README, running as their reader would run them. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DevServer } from './server.ts'

export type Examples = {
  /** Starts the example with this name, as a client of the server; where it listens. */
  run(name: string): Promise<string>
  stop(): Promise<void>
}

export async function startExamples(server: DevServer): Promise<Examples> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-examples-'))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  const children: ChildProcess[] = []
  return {
    async run(name) {
      const code = new RegExp(`<!-- example: ${name} -->\\n\`\`\`js\\n([\\s\\S]*?)\`\`\``).exec(
        await readFile('README.md', 'utf8'),
      )?.[1]
      if (!code) throw new Error(`the README has no example ${name}`)
      const file = join(folder, `${name}.mjs`)
      await writeFile(file, code)
      const port = await freePort()
      const client = await server.api('/v1/clients', {
        name: `Example ${name}`,
        redirect_uris: [`http://localhost:${port}/callback`],
      })
      const env = {
        ...process.env,
        ISSUER: server.origin,
        CLIENT_ID: client.client_id,
        CLIENT_SECRET: client.client_secret,
        PORT: String(port),
      }
      const child = spawn(process.execPath, [file], { env, cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
      children.push(child)
      const origin = `http://localhost:${port}`
      for (let i = 0; i < 100; i++) {
        if (
          await fetch(origin).then(
            () => true,
            () => false,
          )
        )
          return origin
        await sleep(100)
      }
      throw new Error(`the example ${name} did not start`)
    },
    async stop() {
      for (const child of children) child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((ready) => probe.once('listening', ready))
  const address = probe.address()
  await new Promise((closed) => probe.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
