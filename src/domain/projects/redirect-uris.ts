/**
 * The one place that decides where a person may be sent. Exact string equality with a registered URI (RFC 9700 §2.1): no
 * pattern, no prefix, no normalising, since each of these has been a way out (security.md U1).
 */

const DEVELOPMENT_HOSTS = ['localhost', '127.0.0.1']
const FORBIDDEN_SCHEMES = ['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:']
export const MAX_URI_LENGTH = 2000
/**
 * RFC 3986 §2. URL parsers take more: they drop tabs and read a backslash as a slash, so what is registered would not be
 * where the person ends up; and a Location header holds ASCII.
 */
const URI_CHARACTERS = /^[\w.~:/?#[\]@!$&'()*+,;=%-]+$/
/** With `https:host`, `https:/host` and `https:///host`, parsers disagree on what the host is. */
const WEB_URI = /^https?:\/\/[^/?#]/i

export type RedirectRules = { registered: string[]; development: boolean }

/** Whether `uri` may be redirected to. In development any path on http://localhost:* and http://127.0.0.1:* may, too. */
export function mayRedirectTo(rules: RedirectRules, uri: string): boolean {
  return rules.registered.includes(uri) || (rules.development && isLoopbackPage(uri))
}

/**
 * Whether a client may have `uri`: one of its registered ones, character by character. An application on the person's own
 * machine takes whatever port is free, so that of a registered http loopback URI is left out of the comparison (RFC 8252
 * §7.3, §8.3), and nothing else is.
 */
export function matchesRegistered(registered: string[], uri: string): boolean {
  if (registered.includes(uri)) return true
  const wished = splitLoopback(uri)
  if (!wished) return false
  return registered.some((one) => {
    const known = splitLoopback(one)
    return known !== null && known.host === wished.host && known.rest === wished.rest
  })
}

/** Why a URI cannot be registered, in a sentence; null if it can. */
export function whyNotRegistrable(uri: string): string | null {
  const url = uri.length <= MAX_URI_LENGTH && URI_CHARACTERS.test(uri) ? URL.parse(uri) : null
  if (!url)
    return 'must be an absolute URI of at most 2000 characters: ASCII, without spaces and backslashes (RFC 3986)'
  if (/^[^/?#]*\/\/[^/?#]*@/.test(uri)) return 'must not hold a user name or password'
  if (uri.includes('#')) return 'must not have a fragment (RFC 6749 §3.1.2)'
  if (uri.includes('*')) return 'must not have a wildcard: URIs are compared exactly'
  if (FORBIDDEN_SCHEMES.includes(url.protocol)) return `must not use ${url.protocol}`
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  if (isWeb && !WEB_URI.test(uri)) return 'must name a host after two slashes'
  if (url.protocol === 'https:') return null
  if (url.protocol === 'http:') {
    const loopback = [...DEVELOPMENT_HOSTS, '[::1]'].includes(url.hostname)
    return loopback ? null : 'must use https (http only on localhost, 127.0.0.1 and [::1])'
  }
  // RFC 8252 §7.1: a private-use scheme is a reversed domain name, and so holds a dot.
  return url.protocol.includes('.') ? null : 'must use https, or a private-use scheme such as com.example.app:'
}

/** `uri` with parameters added to its query, everything else as it was registered. */
export function withParameters(uri: string, parameters: Record<string, string | null>): string {
  const added = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== null) added.set(name, value)
  if (added.size === 0) return uri
  const at = uri.indexOf('?')
  const separator = at < 0 ? '?' : at === uri.length - 1 || uri.endsWith('&') ? '' : '&'
  return `${uri}${separator}${added}`
}

function isLoopbackPage(uri: string): boolean {
  const url = uri.length <= MAX_URI_LENGTH ? URL.parse(uri) : null
  if (url?.protocol !== 'http:' || !DEVELOPMENT_HOSTS.includes(url.hostname)) return false
  // `url.href` is what the browser will do with it: only a text that means exactly what it says passes.
  return !url.username && !url.password && !uri.includes('#') && (url.href === uri || url.href === `${uri}/`)
}

/** Texts, not a parsed URL: what a parser would mend (case, backslashes, a user name) is then no loopback URI. */
function splitLoopback(uri: string): { host: string; rest: string } | null {
  const parts = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?((?:[/?].*)?)$/.exec(uri)
  const [, host, rest] = parts ?? []
  // The parser still refuses a port beyond 65535.
  return host !== undefined && rest !== undefined && URL.canParse(uri) ? { host, rest } : null
}
