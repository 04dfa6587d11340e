/** better-auth on Node with SQLite: https://better-auth.com/docs/adapters/sqlite, node:sqlite. A program for a process of its own. */

import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { optionsOf, renewingOptionsOf, type Setup } from './better-auth-options.ts'

const { file, port, mail, secret } = JSON.parse(process.argv[2] ?? '') as {
  file: string
  port: number
  mail: string
  secret: string
}

const database = new DatabaseSync(file)
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
const setup: Setup = {
  database,
  baseURL: `http://127.0.0.1:${port}`,
  secret,
  async send(message) {
    const answer = await fetch(`http://${mail}/`, { method: 'POST', body: JSON.stringify(message) })
    await answer.text()
  },
}
const auth = toNodeHandler(betterAuth(optionsOf(setup)))
const renewing = toNodeHandler(betterAuth(renewingOptionsOf(setup)))
const { runMigrations } = await getMigrations(optionsOf(setup))
await runMigrations()

createServer((request, response) => {
  void (request.url?.startsWith('/api/renew/') ? renewing : auth)(request, response)
}).listen(port, '127.0.0.1', () => process.stdout.write('ready\n'))
