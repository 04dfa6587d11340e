/** Every bundle as wrangler builds it for production, in a folder outside the project. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { writeAssets } from '../../src/cli/assets.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONTESTANTS = join(ROOT, 'test/bench/contestants')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

export type Bundle = { path: string; gzipBytes: number }

/** What Latchkey is measured against is no dependency of the project: it is fetched by who runs the bench, as its lockfile says. */
export function installContestants(): void {
  const wanted = JSON.parse(readFileSync(join(CONTESTANTS, 'package.json'), 'utf8')).dependencies as Record<
    string,
    string
  >
  const isThere = Object.entries(wanted).every(([name, version]) => {
    const path = join(CONTESTANTS, 'node_modules', name, 'package.json')
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === version
  })
  if (isThere) return
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund']
  const { status, stdout, stderr } = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: CONTESTANTS, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: CONTESTANTS, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The other contestants could not be installed:\n${stdout}${stderr}`)
}

/** Latchkey from wrangler.toml, as `npm run build` does. */
export async function bundleLatchkey(folder: string): Promise<Bundle> {
  await writeAssets()
  const outdir = join(folder, 'latchkey')
  wrangler(ROOT, ['deploy', '--env=', '--dry-run', '--outdir', outdir, '--minify'])
  return bundleAt(join(outdir, 'index.js'))
}

/** @param main a module in this folder */
export function bundleWorker(folder: string, main: string): Bundle {
  const name = basename(main, '.ts')
  const outdir = join(folder, name)
  mkdirSync(outdir, { recursive: true })
  const config = join(outdir, 'wrangler.json')
  writeFileSync(
    config,
    // As Latchkey's own: without the names of functions a bundle is smaller, and starts sooner.
    JSON.stringify({ name, main: join(ROOT, 'test/bench', main), compatibility_date: '2026-11-02', keep_names: false }),
  )
  wrangler(outdir, ['deploy', '--config', config, '--dry-run', '--outdir', outdir, '--minify'])
  return bundleAt(join(outdir, `${name}.js`))
}

function wrangler(cwd: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd,
    encoding: 'utf8',
    env: {
      ...process.env,
      LATCHKEY_CLI: '1',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  })
  if (status !== 0) throw new Error(`wrangler could not build:\n${stdout}${stderr}`)
}

const bundleAt = (path: string): Bundle => ({ path, gzipBytes: gzipSync(readFileSync(path)).length })
