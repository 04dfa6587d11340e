import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../context.ts'
import type { Refuse } from '../problem.ts'

/** Whatever refuses from here on, the answer has the vendor's shape: `problem` asks for it. */
export const refusesLike = (refuse: Refuse) =>
  createMiddleware<AppEnv>(async (c, next) => {
    c.set('refuse', refuse)
    await next()
  })
