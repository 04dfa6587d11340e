/** Moments, durations and names as phrases of a language, ready to be put into a text of `Messages`. */

import type { Messages } from './messages.ts'

/** `14:05 CET on 21 November`. Without a zone, or with one that nobody knows: UTC. */
export function moment(messages: Messages, at: number, timeZone: string | null): string {
  const format = (options: Intl.DateTimeFormatOptions) => dateFormat(messages.intl, timeZone, options)
  const time = format({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(at * 1000)
  const day = format({ day: 'numeric', month: 'long' })
    .formatToParts(at * 1000)
    .map(({ type, value }) => (type === 'day' && value === '1' ? messages.firstOfMonth : value))
  return messages.timeOnDay(time, day.join(''))
}

const units = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const

/** `15 minutes`. Rounded down, so that no text promises more time than there is. */
export function duration(messages: Messages, seconds: number): string {
  const fit = units.find(
    (step) => seconds >= step.seconds && (seconds % step.seconds === 0 || seconds >= 3 * step.seconds),
  )
  const { unit, seconds: size } = fit ?? { unit: 'second', seconds: 1 }
  const format = new Intl.NumberFormat(messages.intl, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.floor(seconds / size))
}

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
const leftToRight = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Nd}]/u

/** A name of the other direction in first strong isolates, so that it cannot reorder the sentence around it. */
export function isolate(messages: Messages, value: string): string {
  const foreign = messages.dir === 'ltr' ? rightToLeft : leftToRight
  return foreign.test(value) ? `\u2068${value}\u2069` : value
}

function dateFormat(intl: string, timeZone: string | null, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(intl, { ...options, timeZone: timeZone ?? 'UTC' })
  } catch {
    // The zone comes from outside; everything else here is a constant.
    return new Intl.DateTimeFormat(intl, { ...options, timeZone: 'UTC' })
  }
}

/** A country of two letters (`CF-IPCountry`) by its name; null where there is none (`XX`, Tor's `T1`). */
export function placeName(messages: Messages, place: string | null): string | null {
  if (place === null || !/^[A-Z][A-Z0-9]$/.test(place)) return place
  try {
    const name = new Intl.DisplayNames([messages.intl], { type: 'region', fallback: 'none' }).of(place)
    return place === 'XX' ? null : (name ?? null)
  } catch {
    return null
  }
}
