import { spawnSync } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Throw-away values: nothing outside the tests knows them. */
const variables = {
  ISSUER: 'http://localhost:8787',
  LATCHKEY_SECRET: 'test-secret-test-secret-test-secret-0001',
  LATCHKEY_ROOT_KEY: 'lk_root_test_test_test_test_test_test_test',
  MAIL_PROVIDERS: 'resend',
  MAIL_FROM: 'Latchkey <sign-in@latchkey.test>',
  RESEND_API_KEY: 're_test',
}

// Wrangler warns of required secrets that are nowhere.
Object.assign(process.env, {
  LATCHKEY_SECRET: variables.LATCHKEY_SECRET,
  LATCHKEY_ROOT_KEY: variables.LATCHKEY_ROOT_KEY,
})

// Storage of tests needs no disk: on Linux it lies in memory where there is room, and every test is several times faster.
const MEMORY = '/dev/shm'
if (!process.env.TMPDIR && existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize > 2 * 1024 ** 3) process.env.TMPDIR = MEMORY
}

// The plugin reads the configuration below at once, and wants the folder of assets to be there.
const assets = spawnSync(process.execPath, [at('../src/cli/assets.ts')], { stdio: ['ignore', 'inherit', 'inherit'] })
if (assets.status !== 0) throw new Error('src/cli/assets.ts failed')

const PURE = [
  'test/{vectors,emails,providers,dev-inbox}/**/*.test.ts',
  'test/pages/*.test.{ts,tsx}',
  'test/locales/{choose,compile,locales}.test.ts',
  'test/domain/{address,phone,redirect-uris}.test.ts',
  'test/checker/*.test.ts',
  'test/domain/ledger/{code,decide,decide.property,dialects,secret,tally}.test.ts',
]

const insideWorkerd = () =>
  cloudflareTest(async () => ({
    main: './src/index.ts',
    wrangler: { configPath: './wrangler.toml' },
    miniflare: { bindings: { ...variables, TEST_MIGRATIONS: await readD1Migrations(at('../migrations')) } },
  }))

export default defineConfig({
  root: at('..'),
  test: {
    // Twice the cores of the smallest machine: browser and crash tests, and those of deadlines, wait much of their time. The
    // projects run by name, so outside first: a workerd is shared only by files that follow one another.
    maxWorkers: 4,
    projects: [
      {
        // What touches no storage: one workerd for all of it.
        root: at('..'),
        plugins: [insideWorkerd()],
        test: { name: 'pure', include: PURE, isolate: false, testTimeout: 30_000 },
      },
      {
        // Inside workerd, with real D1, KV and Durable Objects. A workerd of its own costs a file three seconds of a processor,
        // so they share one, and test/setup.ts empties it before each of them.
        root: at('..'),
        plugins: [insideWorkerd()],
        test: {
          name: 'workerd',
          isolate: false,
          // Packages as one module each: an isolate fetches its modules one by one.
          deps: {
            optimizer: {
              ssr: {
                enabled: true,
                include: [
                  'hono',
                  'hono/jsx',
                  'hono/jsx/jsx-runtime',
                  'hono/jsx/jsx-dev-runtime',
                  'hono/html',
                  'hono/factory',
                  'hono/cookie',
                  'hono/body-limit',
                  'hono/http-exception',
                  'zod',
                  'jose',
                  '@hono/zod-validator',
                  'libphonenumber-js/min',
                  'mustache',
                  'aws4fetch',
                  '@noble/curves/secp256k1.js',
                ],
              },
            },
          },
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/http/**', 'test/browser/**', 'test/cli/**', 'test/bench/**', ...PURE],
          setupFiles: ['test/setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        // From outside: the development server as its users start it, curl, Chromium, SIGKILL.
        root: at('..'),
        test: {
          name: 'outside',
          include: ['test/http/**/*.test.ts', 'test/browser/**/*.test.ts', 'test/cli/**/*.test.ts'],
          globalSetup: ['test/support/lend-servers.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
