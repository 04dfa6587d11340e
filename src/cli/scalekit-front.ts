/** `npm run scalekit-front`: lets Scalekit's SDKs, which speak gRPC, use a Latchkey, which answers Scalekit's REST. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Front, startFront } from './scalekit-server.ts'

const ORPHAN_CHECK_MS = 500
const STOP_WITHIN_MS = 10_000
const LOCAL = ['localhost', '127.0.0.1', '::1', '[::1]']

const HELP = `Lets an application with a Scalekit SDK use Latchkey: the SDK speaks gRPC, which a Worker cannot answer.

  npm run scalekit-front -- [--upstream URL] [--port N] [--host ADDRESS] [--cert FILE --key FILE]

  --upstream URL  the Latchkey to speak for (http://localhost:8787); of another project than its first, with /p/proj_…
  --port N        the port to listen on (8790)
  --host ADDRESS  the address to listen on (127.0.0.1)
  --cert FILE     with --key: serve https, with this certificate and its chain, in PEM
  --key FILE      the certificate's private key, in PEM
  --help          this text

The application keeps its code and takes three other values:

  new Scalekit('http://127.0.0.1:8790', '<client id>', '<client secret>')

The passwordless calls are translated; everything else, tokens and keys among it, is passed on as it came.
One line is printed per call, without tokens, codes or addresses.
`

type Options = { upstream: URL; port: number; host: string; tls?: { cert: Buffer; key: Buffer } }

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const front = await start(options)
  stopOnSignal(front)
  process.stdout.write(welcome(options))
}

function readOptions(args: string[]): Options {
  const flags = readFlags(args)
  if (flags.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  const port = Number(flags.port)
  if (!/^\d+$/.test(flags.port) || port < 1 || port > 65_535) fail('--port needs a number from 1 to 65535.')
  const upstream = addressOf(flags.upstream)
  if (LOCAL.includes(upstream.hostname) && Number(upstream.port) === port)
    fail(`--upstream is this program itself. Where does Latchkey run? npm run scalekit-front -- --upstream URL`)
  if ((flags.cert === undefined) !== (flags.key === undefined)) fail('--cert and --key need each other.')
  const tls = flags.cert && flags.key ? { cert: read('--cert', flags.cert), key: read('--key', flags.key) } : undefined
  return { upstream, port, host: flags.host, ...(tls ? { tls } : {}) }
}

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        upstream: { type: 'string', default: 'http://localhost:8787' },
        port: { type: 'string', default: '8790' },
        host: { type: 'string', default: '127.0.0.1' },
        cert: { type: 'string' },
        key: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return fail(reasonOf(error))
  }
}

/** With a path it is one project's, under which Latchkey has the same paths as under the origin. */
function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isAddress = url && /^https?:$/.test(url.protocol) && url.href === url.origin + url.pathname
  if (!isAddress) fail('--upstream needs an address, such as https://sign-in.example.com.')
  return url
}

function read(flag: string, file: string): Buffer {
  try {
    // npm runs this in the project's folder and says where the person was.
    return readFileSync(resolve(process.env.INIT_CWD ?? '.', file))
  } catch (error) {
    return fail(`${flag} cannot be read: ${reasonOf(error)}`)
  }
}

async function start(options: Options): Promise<Front> {
  const { port, host } = options
  try {
    return await startFront({ ...options, log: (line) => void process.stdout.write(`${line}\n`) })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      return fail(`Port ${port} is in use. Take another one: npm run scalekit-front -- --port ${port + 1}`)
    if (code === 'EACCES') return fail(`Port ${port} needs more rights than yours. Take another one with --port.`)
    if (code === 'EADDRNOTAVAIL') return fail(`This machine has no address ${host}. --host 0.0.0.0 is all it has.`)
    if (/^ERR_(OSSL|SSL|TLS)/.test(code)) return fail(`--cert and --key are no pair of PEM files: ${reasonOf(error)}`)
    throw error
  }
}

/** Once for what is under way to finish; the second time at once. */
function stopOnSignal(front: Front): void {
  let isStopping = false
  async function stop(): Promise<void> {
    if (isStopping) process.exit(1)
    isStopping = true
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    await front.close()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  // A signal to npm ends npm's shell and does not reach this program, which would go on unseen.
  const parent = process.ppid
  setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent && !isStopping) void stop()
  }, ORPHAN_CHECK_MS).unref()
}

function welcome({ upstream, host, port, tls }: Options): string {
  const shown = host.includes(':') ? `[${host}]` : host
  const isOpen = !tls && !LOCAL.includes(host)
  return `
Scalekit's SDKs can use Latchkey. Stop it with Ctrl-C.

  Address for the SDK  ${tls ? 'https' : 'http'}://${shown}:${port}
  Latchkey             ${upstream.href.replace(/\/$/, '')}
${isOpen ? '\nOther machines can reach it, and without --cert and --key they send their secrets in clear text.\n' : ''}
`
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\nnpm run scalekit-front -- --help lists the options.\n`)
  process.exit(1)
}

await main()
