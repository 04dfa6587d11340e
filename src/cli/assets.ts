/**
 * Makes the static assets that the Worker reads through ASSETS, in .wrangler/assets: lists too big for the bundle, the
 * languages other than English, and the pages of /docs. Writes only what changed, so that any number of servers and tests
 * can run it side by side.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { disposableListOf } from '../lib/shard.ts'
import { messagesFor } from '../locales/all.ts'
import { compile } from '../locales/compile.ts'
import { assetOf, LOCALES } from '../locales/index.ts'

const TARGET = fileURLToPath(new URL('../../.wrangler/assets', import.meta.url))

const SHARDS = 256

/** Path within the assets → text. */
type Files = Map<string, string>
type BuildDocs = (markdown: (page: string) => string) => Files

export async function writeAssets(target = TARGET): Promise<void> {
  // By address: the types of the pages' sources are those of the Worker, and these programs have Node's.
  const { buildDocs } = (await import(new URL('../docs/build.ts', import.meta.url).href)) as { buildDocs: BuildDocs }
  const files: Files = new Map([...disposableLists(), ...languages(), ...buildDocs(markdownOf)])
  const draft = `${target}.${process.pid}`
  for (const [path, text] of files) writeChanged(join(target, path), text, draft)
  rmSync(draft, { force: true })
  for (const path of filesIn(target)) {
    if (!files.has(path)) rmSync(join(target, path), { force: true })
  }
}

const markdownOf = (page: string): string =>
  readFileSync(fileURLToPath(new URL(`../docs/${page}.md`, import.meta.url)), 'utf8')

function disposableLists(): Files {
  const domains: string[] = createRequire(import.meta.url)(
    'disposable-email-domains-js/dist/dict/disposable_email_blocklist.json',
  )
  const lists = Map.groupBy(domains, disposableListOf)
  if (lists.size !== SHARDS) throw new Error('a list without any domain would be a file that is not there')
  return new Map([...lists].map(([path, listed]) => [path, `${listed.sort().join('\n')}\n`]))
}

function languages(): Files {
  const others = LOCALES.filter((locale) => locale !== 'en')
  return new Map(others.map((locale) => [assetOf(locale), JSON.stringify(compile(messagesFor(locale)))]))
}

/** Whole or not at all: another process may be reading it. */
function writeChanged(path: string, text: string, draft: string): void {
  if (readIfThere(path) === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(draft, text)
  renameSync(draft, path)
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `/${relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeAssets()
