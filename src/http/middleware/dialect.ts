import { createMiddleware } from 'hono/factory'
import type { Vendor } from '../../env.ts'
import type { AppEnv } from '../context.ts'

/** The routes of a vendor that `DIALECTS` does not name are not there. */
export const onlyIfSpoken = (vendor: Vendor) =>
  createMiddleware<AppEnv>(async (c, next) => (c.var.deps.config.dialects.includes(vendor) ? next() : c.notFound()))
