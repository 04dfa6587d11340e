export type InlineImage = {
  contentId: string
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'
  base64: string
}

const maxLength = 20_000

/** By the first twelve bytes as Latin-1. */
function typeOf(start: string): InlineImage['type'] | null {
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'image/gif'
  return start.startsWith('RIFF') && start.endsWith('WEBP') ? 'image/webp' : null
}

/**
 * A caller's logo, base64 or a data: URL, to go along as an attached picture: mail programs show no data: URLs. What it
 * is, its bytes say; anything but a picture of the four kinds counts as none.
 */
export function inlineLogo(value: string | undefined): InlineImage | null {
  if (value === undefined || value.length > maxLength) return null
  const base64 = value
    .replace(/^\s*data:[a-z0-9.+/-]*(?:;[a-z0-9=-]*)*,/i, '')
    .replace(/\s+/g, '')
    .replace(/=+$/, '')
  if (base64.length < 16 || base64.length % 4 === 1 || !/^[a-zA-Z0-9+/]+$/.test(base64)) return null
  const type = typeOf(atob(base64.slice(0, 16)))
  const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
  return type === null ? null : { contentId: 'logo', type, base64: padded }
}
