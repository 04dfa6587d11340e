import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** Makes the secrets that are missing, leaves the others alone, and gives the root key. */
export function ensureVars(path: string): string {
  const fresh = randomSecrets()
  const linesFor = (names: string[]) =>
    Object.entries(fresh)
      .filter(([name]) => names.includes(name))
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  if (!existsSync(path)) createOnce(path, linesFor(Object.keys(fresh)))

  const text = readFileSync(path, 'utf8')
  const missing = Object.keys(fresh).filter((name) => !parseEnv(text)[name])
  if (missing.length > 0) {
    appendFileSync(path, (text === '' || text.endsWith('\n') ? '' : '\n') + linesFor(missing))
    chmodSync(path, 0o600)
  }
  return parseEnv(readFileSync(path, 'utf8')).LATCHKEY_ROOT_KEY ?? ''
}

export const randomSecrets = (): Record<'LATCHKEY_SECRET' | 'LATCHKEY_ROOT_KEY', string> => ({
  LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
  LATCHKEY_ROOT_KEY: `lk_root_${base62(32)}`,
})

/** Whole or not at all, and not over another's: two servers may start at the same time in a fresh checkout. */
function createOnce(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, text, { mode: 0o600 })
  try {
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary)
  }
}

function base62(bytes: number): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let text = ''
  for (let rest = BigInt(`0x${randomBytes(bytes).toString('hex')}`); rest > 0n; rest /= 62n) {
    text += alphabet[Number(rest % 62n)]
  }
  return text.padEnd(Math.ceil((bytes * 8) / Math.log2(62)), '0')
}
