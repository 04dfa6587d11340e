/** Where a surface is mounted that the first project has at the issuer itself, and any project under its own, /p/:project. */

import type { Hono } from 'hono'
import type { Vendor } from '../env.ts'
import type { AppEnv } from './context.ts'
import { onlyIfSpoken } from './middleware/dialect.ts'
import { projectOfPath } from './middleware/project-of-path.ts'

export function mountOfProject(app: Hono<AppEnv>, path: string, surface: Hono<AppEnv>): void {
  for (const base of ['', '/p/:project']) {
    app.use(`${base}${path}`, projectOfPath)
    app.use(`${base}${path}/*`, projectOfPath)
    app.route(`${base}${path}`, surface)
  }
}

/** Where a vendor's clients look for what OAuth has elsewhere. */
export function mountOfVendor(app: Hono<AppEnv>, vendor: Vendor, path: string, surface: Hono<AppEnv>): void {
  for (const base of ['', '/p/:project']) {
    app.use(`${base}${path}`, onlyIfSpoken(vendor), projectOfPath)
    app.route(`${base}${path}`, surface)
  }
}
