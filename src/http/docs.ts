/** GET /docs: pages made by src/cli/assets.ts, with this deployment's own issuer in their examples. */

import { type Context, Hono } from 'hono'
import { encodeBase64url } from '../lib/base64url.ts'
import { utf8 } from '../lib/bytes.ts'
import { Unavailable, within } from '../lib/deadline.ts'
import { sha256 } from '../lib/digest.ts'
import { escapeHtml } from '../lib/escape-html.ts'
import { ISSUER_PLACEHOLDER } from '../lib/issuer-placeholder.ts'
import type { AppEnv } from './context.ts'

const PATIENCE_MS = 5000
const CACHE = 'public, max-age=300'

export function docs() {
  const app = new Hono<AppEnv>()
  app.get('/', (c) => answer(c, 'index'))
  app.get('/:page', (c) => answer(c, c.req.param('page')))
  return app
}

async function answer(c: Context<AppEnv>, name: string): Promise<Response> {
  const stored = /^[a-z0-9]+$/.test(name) ? await read(c, name) : null
  const html = (stored ?? (await read(c, 'not-found')) ?? '').replaceAll(ISSUER_PLACEHOLDER, () =>
    escapeHtml(c.var.deps.config.issuer.origin),
  )
  const etag = `"${encodeBase64url(await sha256(utf8(html)))}"`
  const headers = { ...(await pageHeaders(html)), 'Cache-Control': CACHE, ETag: etag }
  if (stored === null) return c.body(html, 404, { ...headers, 'Cache-Control': 'no-store' })
  const known = c.req.header('if-none-match')?.split(/\s*,\s*/) ?? []
  // What compresses an answer on its way makes its tag a weak one (RFC 9110 §8.8.3).
  if (known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag)) return c.body(null, 304, headers)
  return c.body(html, 200, headers)
}

/** Null: there is no such page. */
async function read(c: Context<AppEnv>, name: string): Promise<string | null> {
  const { assets } = c.var.deps
  if (!assets) throw new Unavailable('assets', 'there is no ASSETS binding, which /docs needs')
  return within(PATIENCE_MS, 'assets', readFrom(assets, name))
}

async function readFrom(assets: Fetcher, name: string): Promise<string | null> {
  const response = await assets.fetch(`https://assets.invalid/docs/${name}.html`)
  if (response.status === 404) {
    await response.body?.cancel()
    return null
  }
  if (!response.ok) throw new Unavailable('assets', `${response.status}`)
  return response.text()
}

async function pageHeaders(html: string): Promise<Record<string, string>> {
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  const hash = btoa(String.fromCharCode(...(await sha256(utf8(style)))))
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'strict-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}
