/** A program for a process of its own: one bundle in workerd, with real D1, KV and Durable Objects on disk. */

import { readFileSync } from 'node:fs'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

export type HostOptions = {
  /** One ES module. */
  script: string
  persistTo: string
  port: number
  variables: Record<string, string>
  hasLedger: boolean
  /** host:port of whatever takes the mail. */
  mail: string
}

const { script, persistTo, port, variables, hasLedger, mail } = JSON.parse(process.argv[2] ?? '') as HostOptions
const worker = new Miniflare(
  convertV4MiniflareOptions({
    // The same for all: a ledger's file is found by the Worker's name, and one contestant begins with another's storage.
    name: 'bench',
    modules: true,
    script: readFileSync(script, 'utf8'),
    compatibilityDate: '2026-11-02',
    cf: false,
    resourcePersistencePath: persistTo,
    bindings: variables,
    d1Databases: { DB: 'db' },
    kvNamespaces: { CODES: 'codes' },
    ...(hasLedger && { durableObjects: { LEDGER: { className: 'Ledger', useSQLite: true } } }),
    serviceBindings: { MAIL: { external: { address: mail, http: {} } } },
    // Straight to the Worker, without miniflare's own in front of it.
    unsafeDirectSockets: [{ host: '127.0.0.1', port }],
  }),
)
await worker.ready
process.stdout.write('ready\n')
process.on('SIGTERM', async () => {
  await worker.dispose()
  process.exit(0)
})
