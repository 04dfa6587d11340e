/** The colours of pages and mails, in one place so that both look alike. */

import { contrast, inkOn, parseHex } from './contrast.ts'

export type Paper = {
  ink: string
  quiet: string
  paper: string
  ground: string
  line: string
  danger: string
  ok: string
}

/** Neither pure black nor pure white for text: mail programs that invert colours keep such pairs apart best. */
export const light: Paper = {
  ink: '#1b1f24',
  quiet: '#59626d',
  paper: '#ffffff',
  ground: '#f4f5f7',
  line: '#dde1e6',
  danger: '#b3261e',
  ok: '#17693a',
}

export const dark: Paper = {
  ink: '#e9ecef',
  quiet: '#a4adb8',
  paper: '#1a1d21',
  ground: '#121417',
  line: '#343a42',
  danger: '#ff8f87',
  ok: '#6fd39a',
}

/** Readable under white ink, and 3 : 1 on both papers. */
const defaultAccent = '#3867d6'

export type Accent = {
  accent: string
  /** Ink of a label on the accent, at least 4.5 : 1. */
  accentInk: string
  /** What a hovered button is mixed with: away from its ink, so that contrast only grows. */
  accentShade: string
}

export function accentOf(primaryColor: string | null): Accent {
  const accent = parseHex(primaryColor) ?? defaultAccent
  const accentInk = inkOn(accent)
  return { accent, accentInk, accentShade: accentInk === '#ffffff' ? '#000000' : '#ffffff' }
}

/**
 * The accent where it can be told from the paper (3 : 1), else a grey that can: for a focus ring, and for the edge of a
 * button that would melt into the page.
 */
export function edgeOn(paper: Paper, accent: string): string {
  return contrast(accent, paper.paper) >= 3 ? accent : paper.quiet
}
