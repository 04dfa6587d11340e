/** What every handler finds in its context. */

import type { Caller } from '../domain/api-keys/api-key.ts'
import type { Project } from '../domain/projects/project.ts'
import type { Env } from '../env.ts'
import type { Deps } from '../ports.ts'
import type { Refuse } from './problem.ts'

export type AppEnv = {
  Bindings: Env
  Variables: {
    deps: Deps
    requestId: string
    /** Set by `requireScope`. */
    caller: Caller
    /** Set by `projectOfPath`. */
    project: Project
    /** Set by `refusesLike`, on a dialect's paths alone. */
    refuse?: Refuse
  }
}
