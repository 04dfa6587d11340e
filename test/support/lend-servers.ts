/** Keeps development servers for the files of a run, as many as are wanted at once: POST borrows one, DELETE gives it back. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { secretsAtRest } from './at-rest.ts'
import { type Json, type OwnDevServer, startDevServer } from './server.ts'

type Kept = { server: OwnDevServer; settings: Json; persistTo: string }

export default async function lendServers(project: TestProject): Promise<() => Promise<void>> {
  const starting: Promise<Kept>[] = []
  const all = new Map<string, Kept>()
  const idle: Kept[] = []

  async function start(): Promise<Kept> {
    const persistTo = await mkdtemp(join(tmpdir(), 'latchkey-lent-'))
    const server = await startDevServer({ persistTo })
    const { id: _, issuer: __, created_at: ___, ...settings } = await server.api('/v1/project')
    const kept = { server, settings, persistTo }
    all.set(server.origin, kept)
    return kept
  }

  async function borrow(): Promise<OwnDevServer> {
    const rested = idle.pop()
    if (rested) return asAtFirst(rested)
    const started = start()
    starting.push(started)
    return (await started).server
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kept = all.get(new URL(request.url ?? '/', 'http://lender').searchParams.get('origin') ?? '')
    if (request.method === 'POST') {
      const { origin, key } = await borrow()
      response.end(JSON.stringify({ origin, key }))
    } else if (!kept) {
      response.writeHead(404).end()
    } else if (request.method === 'DELETE') {
      idle.push(kept)
      response.writeHead(204).end()
    } else {
      response.end(await kept.server.output())
    }
  }

  const lender = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  }).listen(0, '127.0.0.1')
  await once(lender, 'listening')
  project.provide('lender', `http://127.0.0.1:${(lender.address() as AddressInfo).port}/`)

  return async () => {
    lender.close()
    lender.closeAllConnections()
    const ended = await Promise.allSettled(starting)
    const lay = await Promise.all(ended.map((one) => (one.status === 'fulfilled' ? end(one.value) : [])))
    if (lay.flat().length > 0) throw new Error(`Servers kept in plain: ${lay.flat().join(', ')}`)
  }
}

/** @returns what lay in its storage that opens a door (promise 7); what it printed holds its mails, for developers */
async function end({ server, persistTo }: Kept): Promise<string[]> {
  await server.stop()
  const found = await secretsAtRest(join(persistTo, 'v3'))
  await rm(persistTo, { recursive: true, force: true })
  return found
}

/** Whatever the file before left: its settings, its mails, its outage. */
async function asAtFirst({ server, settings }: Kept): Promise<OwnDevServer> {
  const requests: [string, RequestInit][] = [
    [
      '/v1/project',
      { method: 'PATCH', body: JSON.stringify(settings), headers: { 'content-type': 'application/json' } },
    ],
    ['/dev/inbox/messages', { method: 'DELETE' }],
    ['/dev/inbox/outage', { method: 'PUT', body: JSON.stringify({ status: null }) }],
  ]
  for (const [path, init] of requests) {
    const done = await fetch(new URL(path, server.url), {
      ...init,
      headers: { ...init.headers, 'x-api-key': server.key },
    })
    if (!done.ok) throw new Error(`${init.method} ${path} answered ${done.status} ${await done.text()}`)
  }
  return server
}
