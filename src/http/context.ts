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
    /** Set on 1Kosmos' paths: what the client and we encrypt with; null where it wants all in clear. */
    sharedKey: Uint8Array | null
    /** Set by `refusesLike`, on a dialect's paths alone. */
    refuse?: Refuse
  }
}
