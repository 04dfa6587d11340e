/** The Worker: requests, cron, and the Durable Object. */

import { createApp } from './app.ts'
import type { Env } from './env.ts'

export { Ledger } from './domain/ledger/ledger-object.ts'

const { app, depsFor } = createApp(async (env, config) =>
  (await import('./providers/system.ts')).systemPorts(env, config),
)

export default {
  fetch: app.fetch,
  async scheduled({ scheduledTime }, env, context) {
    const { runJobs } = await import('./cron.ts')
    await runJobs(await depsFor(env, context), scheduledTime)
  },
} satisfies ExportedHandler<Env>
