/** Cookies of our pages. On a plain http loopback issuer they lose the prefix and Secure, which a browser refuses there. */

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts'
import type { AppEnv } from './context.ts'

const DAY = 86_400

/** visit: who presses a link's button. flow: which browser asked. device: which addresses signed in here before. */
const LIFE_SECONDS = { visit: DAY, flow: 30 * DAY, device: 365 * DAY }
export type CookieName = keyof typeof LIFE_SECONDS

export const readCookie = (c: Context<AppEnv>, name: CookieName): string | undefined => getCookie(c, fullName(c, name))

export const writeCookie = (c: Context<AppEnv>, name: CookieName, value: string): void =>
  write(c, fullName(c, name), value, LIFE_SECONDS[name])

/** 128 random bits that a browser keeps: the cookie's, or fresh ones. */
export function readKeyCookie(c: Context<AppEnv>, name: 'visit' | 'flow'): Uint8Array | null {
  const bytes = decodeBase64url(readCookie(c, name) ?? '')
  return bytes?.length === 16 ? bytes : null
}

/** Written again on each visit, so that it lives on while it is used. */
export function keepKeyCookie(c: Context<AppEnv>, name: 'visit' | 'flow'): Uint8Array {
  const key = readKeyCookie(c, name) ?? c.var.deps.randomBytes(16)
  writeCookie(c, name, encodeBase64url(key))
  return key
}

/** Single sign-on is a project's own: another project on the same origin neither reads nor writes it. */
export const readSession = (c: Context<AppEnv>, projectId: string): string | undefined =>
  getCookie(c, fullName(c, sessionName(projectId)))

export const writeSession = (c: Context<AppEnv>, projectId: string, value: string, maxAge: number): void =>
  write(c, fullName(c, sessionName(projectId)), value, maxAge)

export const dropSession = (c: Context<AppEnv>, projectId: string): void => {
  deleteCookie(c, fullName(c, sessionName(projectId)), { path: '/', secure: !c.var.deps.config.issuer.development })
}

const sessionName = (projectId: string) => `session_${projectId.slice('proj_'.length)}`

const fullName = (c: Context<AppEnv>, name: string): string =>
  c.var.deps.config.issuer.development ? name : `__Host-${name}`

function write(c: Context<AppEnv>, name: string, value: string, maxAge: number): void {
  setCookie(c, name, value, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure: !c.var.deps.config.issuer.development,
    // Browsers keep none longer than 400 days (RFC 6265bis §5.6.2), and Hono refuses to write one.
    maxAge: Math.min(maxAge, 400 * DAY),
  })
}
