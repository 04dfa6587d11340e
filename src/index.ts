/** The Worker: requests, cron, and the Durable Object. */

import { createApp } from './app.ts'
import { deliverDue } from './domain/messages/deliver.ts'
import { purgeDeletedProjects } from './domain/projects/manage.ts'
import { removeOld } from './domain/retention/sweep.ts'
import { rotateSigningKeys } from './domain/signing-keys/signing-key.ts'
import type { Env } from './env.ts'
import { systemPorts } from './providers/system.ts'

export { Ledger } from './domain/ledger/ledger-object.ts'

const { app, depsFor } = createApp(systemPorts)

export default {
  fetch: app.fetch,
  /** Each minute, and what can wait once an hour; one job that fails stops no other. */
  async scheduled({ scheduledTime }, env, context) {
    const deps = await depsFor(env, context)
    const isHourly = new Date(scheduledTime).getUTCMinutes() === 0
    const jobs = [
      deliverDue(deps),
      removeOld(deps),
      purgeDeletedProjects(deps),
      ...(isHourly ? [rotateSigningKeys(deps)] : []),
    ]
    const failures = (await Promise.allSettled(jobs)).flatMap((job) => (job.status === 'rejected' ? [job.reason] : []))
    if (failures.length > 0) throw new AggregateError(failures, 'scheduled')
  },
} satisfies ExportedHandler<Env>
