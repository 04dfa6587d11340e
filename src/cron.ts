import { deliverDue } from './domain/messages/deliver.ts'
import { purgeDeletedProjects } from './domain/projects/manage.ts'
import { removeOld } from './domain/retention/sweep.ts'
import { rotateSigningKeys } from './domain/signing-keys/signing-key.ts'
import type { Deps } from './ports.ts'

/** Each minute, and what can wait once an hour; one job that fails stops no other. */
export async function runJobs(deps: Deps, scheduledTime: number): Promise<void> {
  const isHourly = new Date(scheduledTime).getUTCMinutes() === 0
  const jobs = [
    deliverDue(deps),
    removeOld(deps),
    purgeDeletedProjects(deps),
    ...(isHourly ? [rotateSigningKeys(deps)] : []),
  ]
  const failures = (await Promise.allSettled(jobs)).flatMap((job) => (job.status === 'rejected' ? [job.reason] : []))
  if (failures.length > 0) throw new AggregateError(failures, 'scheduled')
}
