import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { DevServer, Json } from './server.ts'

/**
 * The blocks with these names of a page in src/docs, pasted into one shell as its reader would; what the last one printed.
 * @param folder where the shell runs, and what it writes stays
 */
export async function pasteStory(
  server: DevServer,
  folder: string,
  page: string,
  names: string[],
  environment: Record<string, string> = {},
): Promise<Json> {
  const path = `src/docs/${page}.md`
  const markdown = await readFile(path, 'utf8')
  const blocks = names.map((name) => {
    const block = new RegExp(`<!-- story: ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(markdown)?.[1]
    if (!block) throw new Error(`${path} has no story ${name}`)
    return block.replaceAll('https://issuer.example', server.origin)
  })
  const script = blocks.map((block, i) => (i < blocks.length - 1 ? `{ ${block}\n} > /dev/null` : block)).join('\n')
  // Not on every machine.
  const uuidgen = `uuidgen() { echo ${crypto.randomUUID()}; }\n`
  const env = { ...process.env, LATCHKEY_KEY: server.key, ...environment }
  const { stdout } = await promisify(execFile)('bash', ['-euc', uuidgen + script], { cwd: folder, env })
  return stdout === '' ? null : (JSON.parse(stdout) as Json)
}
