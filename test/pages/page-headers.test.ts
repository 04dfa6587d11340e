import { describe, expect, it } from 'vitest'

import { pageHeaders } from '../../src/http/pages/page-headers.ts'

const policy = (logo: string | null) => pageHeaders('bm9uY2U=', logo)['Content-Security-Policy']

describe('pageHeaders', () => {
  it('is this set', () => {
    expect(pageHeaders('bm9uY2U=', null)).toEqual({
      'Content-Security-Policy':
        "default-src 'none'; style-src 'nonce-bm9uY2U='; script-src 'nonce-bm9uY2U='; img-src data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      'Referrer-Policy': 'strict-origin',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    })
  })

  it('has no form-action: Chromium would apply it to the redirect to an application', () => {
    expect(policy(null)).not.toContain('form-action')
  })

  it('lets the origin of an https logo in', () => {
    expect(policy('https://cdn.acme.example:8443/a/logo.png?x')).toContain(
      'img-src data: https://cdn.acme.example:8443;',
    )
  })

  it.each([
    'https://a;script-src/logo.png',
    'https://a,b/logo.png',
    'http://acme.example/logo.png',
    'https://user@acme.example/logo.png',
    'data:image/png;base64,AAAA',
    'data:text/html,x',
    'https://*/x',
    'nonsense',
    '',
  ])('lets nothing else in for the logo %j', (logo) => {
    expect(policy(logo)).toBe(policy(null))
  })

  it.each(["x'; script-src *", '', 'a b'])('refuses the nonce %j', (nonce) => {
    expect(() => pageHeaders(nonce, null)).toThrow()
  })
})
