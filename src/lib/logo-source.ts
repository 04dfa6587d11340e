/** A logo that may stand in an `<img>`: never fetched by us (security S2), never anything but https or a small picture. */

export type LogoSource = { kind: 'https'; src: string; origin: string } | { kind: 'data'; src: string }

/** A page with everything stays under 30 KiB; a larger picture belongs behind an https URL. */
const maxDataLength = 16 * 1024

export function logoSource(logo: string | null): LogoSource | null {
  if (logo === null) return null
  if (/^data:image\/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,][\x21-\x7e]*$/.test(logo)) {
    return logo.length <= maxDataLength ? { kind: 'data', src: logo } : null
  }
  const url = URL.parse(logo)
  // The URL standard allows `;` and `,` in a host; in a Content-Security-Policy they would start another directive.
  if (url?.protocol !== 'https:' || url.username !== '' || !/^[a-z0-9.-]+$/.test(url.hostname)) return null
  return { kind: 'https', src: url.href, origin: url.origin }
}
