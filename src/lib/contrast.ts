/** WCAG 2.2 contrast of two sRGB colours (§1.4.3, §1.4.11). Colours are `#rgb` or `#rrggbb`. */

/** `#rrggbb` in lower case, or null: whatever is put into a style sheet has passed here. */
export function parseHex(value: string | null): string | null {
  const text = value?.trim().toLowerCase() ?? ''
  if (/^#[0-9a-f]{6}$/.test(text)) return text
  if (/^#[0-9a-f]{3}$/.test(text)) return text.replace(/[0-9a-f]/g, '$&$&')
  return null
}

/** From 1 to 21. Throws on what is no colour: callers hold constants or what `parseHex` gave. */
export function contrast(a: string, b: string): number {
  const one = luminance(a)
  const other = luminance(b)
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

/**
 * The ink of a label on a button of this colour. One of the two always reaches 4.58 : 1; white goes first where both
 * reach 4.5, because a saturated button reads as a button with it.
 */
export function inkOn(background: string): '#000000' | '#ffffff' {
  return contrast(background, '#ffffff') >= 4.5 ? '#ffffff' : '#000000'
}

function luminance(color: string): number {
  const hex = parseHex(color)
  if (hex === null) throw new Error('a colour is #rgb or #rrggbb')
  return 0.2126 * linear(hex.slice(1, 3)) + 0.7152 * linear(hex.slice(3, 5)) + 0.0722 * linear(hex.slice(5, 7))
}

/** The threshold is the one of IEC 61966-2-1; WCAG's 0.03928 is an older draft's and gives the same for 8 bits. */
function linear(channel: string): number {
  const value = Number.parseInt(channel, 16) / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
