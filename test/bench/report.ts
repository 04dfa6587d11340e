/** Tables and bars for a terminal. */

export function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

const BAR_WIDTH = 50

/** One bar for each, as long as its value beside the greatest. */
export function bars(values: [label: string, value: number][], unit: string): string {
  const greatest = Math.max(...values.map(([, value]) => value))
  const width = Math.max(...values.map(([label]) => label.length))
  return values
    .map(([label, value]) => {
      const bar = '█'.repeat(Math.max(1, Math.round((value / greatest) * BAR_WIDTH)))
      return `${label.padEnd(width)} ${bar} ${figure(value)}${unit}`
    })
    .join('\n')
}

/** Three digits that mean something. */
export const figure = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return '–'
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
export const times = (value: number | undefined): string => (value === undefined ? '–' : `${figure(value)}×`)
export const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`
export const heading = (text: string): string => `\n${text}\n${'═'.repeat(text.length)}`
