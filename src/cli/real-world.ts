/** What the programs for operators do outside of themselves: wrangler, files, the network, the person at the terminal. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Ran, World } from './deploy-steps.ts'
import type { Deployment } from './deployment.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WRANGLER = resolve(ROOT, 'node_modules/wrangler/bin/wrangler.js')
export const SETTINGS = 'deployment.json'

/** deployment.json, as far as there is one. */
export function readDeployment(): Partial<Deployment> {
  const file = resolve(ROOT, SETTINGS)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

export async function realWorld(): Promise<World> {
  const { experimental_readRawConfig: read } = await import('wrangler')
  return {
    config: 'wrangler.deploy.json',
    env: process.env,
    wrangler: (args, { input, accountId } = {}) =>
      spawned([WRANGLER, ...args], input, accountId ? { CLOUDFLARE_ACCOUNT_ID: accountId } : {}),
    node: (args) => spawned(args),
    fetch: (url, init) => fetch(url, init),
    sleep: (milliseconds) => sleep(milliseconds),
    say: (line) => void process.stdout.write(`${line}\n`),
    askSecret: (question) => (isSomebodyThere() ? ask(question, { hidden: true }) : Promise.resolve(null)),
    readToml: () => read({ config: resolve(ROOT, 'wrangler.toml') }).rawConfig as Record<string, unknown>,
    saveDeployment: (deployment) => writeJson(SETTINGS, deployment),
    saveConfig: writeJson,
    keepSecrets(secrets) {
      const file = '.latchkey-secrets'
      const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`)
      const before = existsSync(resolve(ROOT, file)) ? readFileSync(resolve(ROOT, file), 'utf8') : ''
      writeFileSync(resolve(ROOT, file), before + lines.join(''), { mode: 0o600 })
      return file
    },
  }
}

const writeJson = (file: string, value: unknown): void =>
  writeFileSync(resolve(ROOT, file), `${JSON.stringify(value, null, 2)}\n`)

async function spawned(args: string[], input = '', extra: Record<string, string> = {}): Promise<Ran> {
  const env = {
    ...process.env,
    ...extra,
    LATCHKEY_CLI: '1',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
  }
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  // A program that ends without reading what it was given is judged by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? 1, stdout, stderr }
}

const isSomebodyThere = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true

export async function ask(question: string, { hidden = false } = {}): Promise<string> {
  if (!isSomebodyThere()) return ''
  process.stdout.write(question)
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stdout
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  const answer = await lines.question('')
  lines.close()
  if (hidden) process.stdout.write('\n')
  return answer.trim()
}
