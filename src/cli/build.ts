/** `npm run build`: the production bundle as it would be deployed, its size against the budget, and what must not be in it. */

import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { writeAssets } from './assets.ts'

/** design §7: 250 KiB gzipped. */
const BUDGET_BYTES = 250 * 1024
/** Of the development inbox, of tests, of what makes /docs, and of the languages that are assets. */
const FORBIDDEN = ['dev/inbox', 'InboxMail', 'latchkey-dev', 'markedjs', 'Link to this section', 'Sie sind angemeldet']

await writeAssets()
rmSync('dist', { recursive: true, force: true })
const wrangler = spawnSync(
  process.execPath,
  ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--env=', '--dry-run', '--outdir', 'dist', '--minify'],
  {
    encoding: 'utf8',
    env: {
      ...process.env,
      LATCHKEY_CLI: '1',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  },
)
if (wrangler.status !== 0) fail(`wrangler could not build the Worker:\n${wrangler.stdout}${wrangler.stderr}`)

const bundle = readFileSync('dist/index.js')
const size = gzipSync(bundle).length
const found = FORBIDDEN.filter((text) => bundle.includes(text))
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

console.log(`production bundle: ${kib(bundle.length)}, ${kib(size)} gzipped (budget ${kib(BUDGET_BYTES)})`)
if (size > BUDGET_BYTES)
  fail('the bundle is over its budget: make big data a static asset, or leave out what is not used')
if (found.length > 0) fail(`the production bundle holds ${found.join(', ')}, which does not belong there`)

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
