import { logoSource } from '../../lib/logo-source.ts'

/**
 * Headers of every page; HSTS is set for all answers elsewhere. There is no `form-action`: Chromium applies it to every
 * hop of the redirect that leads to an application. `strict-origin`, because with `no-referrer` Chromium sends
 * `Origin: null` on the form's POST; the address of the page, which may hold a secret, is in neither.
 *
 * @param polls the page's script asks our own origin how things stand; no other page's script may reach anything
 */
export function pageHeaders(
  nonce: string,
  logo: string | null,
  { polls = false }: { polls?: boolean } = {},
): Record<string, string> {
  // It would end up inside the policy.
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(nonce)) throw new Error('a nonce is base64')
  const source = logoSource(logo)
  const images = source?.kind === 'https' ? `data: ${source.origin}` : 'data:'
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      `script-src 'nonce-${nonce}'`,
      `img-src ${images}`,
      ...(polls ? ["connect-src 'self'"] : []),
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'strict-origin',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}
