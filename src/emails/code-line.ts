/**
 * The text with `@host #code` as its last line, which lets a phone offer the code to that site alone
 * (wicg.github.io/sms-one-time-codes). A line above that looks like one is broken, with and without a code of ours.
 */
export function withCodeLine(text: string, host: string, code: string | null): string {
  const line = `@${host} #${code}`
  const trimmed = text.trim()
  const own = code !== null && (trimmed === line || trimmed.endsWith(`\n${line}`))
  const body = (own ? trimmed.slice(0, -line.length).trimEnd() : trimmed).replace(/^@(?=.*#)/gm, '@ ')
  return code === null ? body : `${body}\n\n${line}`
}
