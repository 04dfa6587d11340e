/** What lies on the disk of a Worker that was tested from outside: nothing that opens a door, whatever it was handed out for. */

import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** By their shapes (design §3, and where each is minted), since the processes that were told them are many. */
const SHAPES: [string, RegExp][] = [
  ['a link or a grant', /(?<![\w-])E[A-Za-z0-9_-]{98}(?![\w-])/],
  ['a refresh token', /(?<![\w-])A[Q-Za-f][A-Za-z0-9_-]{70}(?![\w-])/],
  ['a session cookie', /sess_[0-9A-Za-z]{27}\.[A-Za-z0-9_-]{43}/],
  ['an API key', /lk_[0-9A-Za-z]{103}/],
  ['a client secret', /lks_[0-9A-Za-z]{43}/],
  ['a JWT', /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{40,}/],
]

export const secretsIn = (text: string): string[] =>
  SHAPES.filter(([, shape]) => shape.test(text)).map(([name]) => name)

/** In D1's, KV's and the ledgers' files, with what SQLite has not overwritten yet. @param folder of Miniflare's storage, `v3` */
export async function secretsAtRest(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const store of ['d1', 'kv', 'do']) {
    const entries = await readdir(join(folder, store), { recursive: true, withFileTypes: true })
    // The inbox of development is where mails end.
    for (const entry of entries.filter((one) => one.isFile() && !one.parentPath.endsWith('-Inbox'))) {
      const path = join(entry.parentPath, entry.name)
      const text = await readFile(path, 'latin1').catch(() => '')
      for (const what of secretsIn(text)) found.push(`${what} in ${relative(folder, path)}`)
    }
  }
  return found
}
