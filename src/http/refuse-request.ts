/** /authorize that must not redirect: a page for the person, with a sentence for the developer. */

import type { Context } from 'hono'
import type { AppEnv } from './context.ts'
import { answerSignIn } from './pages/answer.tsx'

export const refuseRequest = (c: Context<AppEnv>, detail: string): Response | Promise<Response> =>
  answerSignIn(c, { kind: 'request_refused', detail }, { status: 400 })
