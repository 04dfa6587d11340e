import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { brotliDecompress, createBrotliDecompress } from 'node:zlib'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'

// The flags that @sparticuz/chromium suggests are for AWS Lambda and are not used: they turn off web security and site
// isolation. Here cookies, Origin headers and CORS are to behave as they do for a person with an ordinary browser.
const flags = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-quic',
  '--disable-sync',
  '--font-render-hinting=none',
]

// Tried in this order when the Chromium from npm is of no use here (Playwright finds an ordinary Chrome by itself).
const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const LAUNCH_TIMEOUT_MS = 30_000

interface Choice {
  options: LaunchOptions
  /** The browser that proved the choice works, for the first caller to take. */
  first: Browser | undefined
}

interface Candidate {
  name: string
  /** Gives what to launch; it throws when there is nothing of this kind here. */
  find: () => Promise<LaunchOptions>
}

let choice: Promise<Choice> | undefined

/**
 * Starts a headless Chromium; close each one you get. The first call in a process finds out which browser works here,
 * and the first on a machine unpacks one, so give a hook that calls this a minute.
 */
export async function launchBrowser(): Promise<Browser> {
  choice ??= choose()
  const chosen = await choice
  const first = chosen.first
  chosen.first = undefined
  return first?.isConnected() ? first : chromium.launch(chosen.options)
}

async function choose(): Promise<Choice> {
  const reasons: string[] = []
  for (const { name, find } of candidates()) {
    try {
      const options: LaunchOptions = { args: flags, headless: true, timeout: LAUNCH_TIMEOUT_MS, ...(await find()) }
      const first = await launchAndRender(options)
      process.stderr.write(`Browser for the tests: ${name}, version ${first.version()}\n`)
      return { options, first }
    } catch (error) {
      reasons.push(`  ${name}: ${firstLine(error)}`)
    }
  }
  throw new Error(
    'No browser could be started for the tests. Install Google Chrome or Chromium (on Debian or Ubuntu: ' +
      '"apt install chromium"), or set CHROMIUM_PATH to the executable of one.\n' +
      reasons.join('\n'),
  )
}

function candidates(): Candidate[] {
  const named = process.env.CHROMIUM_PATH
  // Someone who names a browser wants that one: if it does not start, say so rather than take another.
  if (named) return [{ name: `CHROMIUM_PATH (${named})`, find: async () => ({ executablePath: named }) }]
  return [
    { name: 'Chromium from npm (@sparticuz/chromium)', find: chromiumFromNpm },
    { name: 'installed Google Chrome', find: async () => ({ channel: 'chrome' }) },
    ...installed
      .filter((path) => existsSync(path))
      .map((path) => ({ name: `installed ${path}`, find: async () => ({ executablePath: path }) })),
  ]
}

/** A browser can start and still crash with its first page (for want of a font, say), so show it one. */
async function launchAndRender(options: LaunchOptions): Promise<Browser> {
  const browser = await chromium.launch(options)
  try {
    const page = await browser.newPage()
    await page.setContent('<p>ready</p>', { timeout: LAUNCH_TIMEOUT_MS })
    await page.close()
    return browser
  } catch (error) {
    await browser.close()
    throw error
  }
}

async function chromiumFromNpm(): Promise<LaunchOptions> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`it is for Linux on x64, and this is ${process.platform} on ${process.arch}`)
  }
  const dir = await inflated()
  const executablePath = join(dir, 'chromium')
  const env = { ...process.env }
  if (!env.FONTCONFIG_FILE && !env.FONTCONFIG_PATH) env.FONTCONFIG_FILE = join(dir, 'fonts.conf')
  if ((await startFailure(executablePath, env)) !== undefined) {
    // Most likely libnss3 and libnspr4 are not installed, so lend the package's own to the browser process. They are
    // enough for http://localhost. For https:// they also need the machine's libsqlite3: without it, the browser ends
    // at the first TLS handshake.
    env.LD_LIBRARY_PATH = [join(dir, 'lib'), env.LD_LIBRARY_PATH].filter(Boolean).join(':')
    const failure = await startFailure(executablePath, env)
    if (failure !== undefined) throw new Error(failure)
  }
  return { executablePath, env }
}

/** Why the executable does not start, or undefined when it does. */
async function startFailure(executable: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    await promisify(execFile)(executable, ['--version'], { env, timeout: LAUNCH_TIMEOUT_MS })
    return undefined
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return stderr === '' ? firstLine(error) : firstLine(stderr)
  }
}

/**
 * The folder that holds the unpacked package. The package's own inflate is not used: it takes any file that is already
 * there for a complete one, and so trips over a second process that is still writing. This unpacks into a folder of
 * its own and then renames it, so under the final name there are only complete copies.
 */
async function inflated(): Promise<string> {
  const require = createRequire(import.meta.url)
  const root = join(dirname(require.resolve('@sparticuz/chromium')), '..', '..')
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const uid = process.getuid?.() ?? 0
  const base = join(tmpdir(), `latchkey-chromium-${version}-${uid}`)
  for (let copy = 0; copy < 10; copy++) {
    const dir = `${base}-${copy}`
    if (!existsSync(dir)) await inflateTo(dir, join(root, 'bin'))
    if (await isIntact(dir, uid)) return dir
    // Another user's folder, or one that lost files to a cleaner of the tmp folder: leave it, it may be in use.
  }
  throw new Error(`the copies in ${base}-* are incomplete or another user's, remove them`)
}

async function inflateTo(dir: string, bin: string): Promise<void> {
  const temporary = await mkdtemp(`${dir}.`)
  try {
    const executable = createWriteStream(join(temporary, 'chromium'), { mode: 0o700 })
    const [, libraries, fonts] = await Promise.all([
      pipeline(createReadStream(join(bin, 'chromium.br')), createBrotliDecompress(), executable),
      untar(join(bin, 'al2023.tar.br'), temporary),
      untar(join(bin, 'fonts.tar.br'), temporary),
    ])
    // The fonts of the machine, and one of our own should it have none.
    await writeFile(
      join(temporary, 'fonts.conf'),
      '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n' +
        '  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n' +
        '  <dir prefix="relative">fonts</dir>\n' +
        '  <cachedir prefix="xdg">fontconfig</cachedir>\n</fontconfig>\n',
    )
    const names = ['chromium', 'fonts.conf', ...libraries, ...fonts]
    const sizes = await Promise.all(names.map(async (name) => [name, (await stat(join(temporary, name))).size]))
    await writeFile(join(temporary, 'files.json'), JSON.stringify(Object.fromEntries(sizes)))
    await rename(temporary, dir)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // Another process was first, and its copy is as good as ours.
    if (!existsSync(dir)) throw error
  }
}

async function isIntact(dir: string, uid: number): Promise<boolean> {
  try {
    if ((await stat(dir)).uid !== uid) return false
    const sizes = JSON.parse(await readFile(join(dir, 'files.json'), 'utf8')) as Record<string, number>
    for (const [name, size] of Object.entries(sizes)) {
      if ((await stat(join(dir, name))).size !== size) return false
    }
    return true
  } catch {
    return false
  }
}

/** Unpacks the plain files of a small .tar.br and returns their names. */
async function untar(archive: string, target: string): Promise<string[]> {
  const tar = await promisify(brotliDecompress)(await readFile(archive))
  const names: string[] = []
  let offset = 0
  // Each file is a 512-byte header and then its bytes, filled up to a multiple of 512. An empty header is the end.
  while (offset + 512 <= tar.length && tar[offset] !== 0) {
    const field = (start: number, length: number) =>
      tar.toString('utf8', offset + start, offset + start + length).replace(/\0.*$/s, '')
    const name = join('/', field(0, 100)).slice(1)
    const size = Number.parseInt(field(124, 12), 8)
    const type = field(156, 1)
    offset += 512
    if (type === '0' || type === '') {
      await mkdir(dirname(join(target, name)), { recursive: true })
      await writeFile(join(target, name), tar.subarray(offset, offset + size))
      names.push(name)
    }
    offset += Math.ceil(size / 512) * 512
  }
  return names
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
