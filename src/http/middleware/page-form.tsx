import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { AppEnv } from '../context.ts'
import { answerPage } from '../pages/answer.tsx'
import { sameOrigin } from './same-origin.tsx'

/** What a form of ours must be before it is read: from our own page, and small. @param maxSize bytes */
export const pageForm = (maxSize: number) =>
  [
    sameOrigin,
    bodyLimit({ maxSize, onError: (c) => answerPage(c as Context<AppEnv>, { kind: 'junk' }, { status: 413 }) }),
  ] as const
