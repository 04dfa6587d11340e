import { describe, expect, it } from 'vitest'

const sources = import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })
const files = Object.entries(sources).map(([path, text]) => ({ path: path.replace('../src/', ''), text }))

/** Which folders a folder may import from, besides itself. Files directly in src: see TOP. */
const ARROW: Record<string, string[]> = {
  lib: [],
  locales: ['lib'],
  domain: ['lib', 'locales', 'ports.ts', 'env.ts'],
  emails: ['lib', 'locales', 'domain'],
  providers: ['lib', 'locales', 'domain', 'emails', 'ports.ts', 'env.ts'],
  http: ['lib', 'locales', 'domain', 'ports.ts', 'env.ts'],
  'dev-inbox': ['lib', 'locales'],
  docs: ['lib', 'locales', 'domain', 'emails', 'http'],
  cli: ['lib', 'locales', 'domain', 'docs'],
}
const SURFACES = [
  'http/api',
  'http/pages',
  'http/oidc',
  'http/dialects/transmit',
  'http/dialects/scalekit',
  'http/dialects/streambird',
  'http/dialects/1kosmos',
]

const folderOf = (path: string) => path.split('/')[0] ?? ''

function importsOf({ path, text }: { path: string; text: string }): string[] {
  const local = [...text.matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(([, target = '']) => target)
  return local.map((target) => new URL(target, `file:///${path}`).pathname.slice(1))
}

describe('the sources', () => {
  it('are all found', () => {
    expect(files.length).toBeGreaterThan(60)
  })

  it('import in one direction', () => {
    const wrong = files.flatMap((file) => {
      const from = folderOf(file.path)
      const allowed = ARROW[from]
      if (!allowed) return []
      return importsOf(file)
        .filter((target) => folderOf(target) !== from && !allowed.includes(folderOf(target)))
        .map((target) => `${file.path} imports ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it('keep the surfaces apart', () => {
    const surfaceOf = (path: string) => SURFACES.find((surface) => path.startsWith(`${surface}/`))
    const wrong = files.flatMap((file) => {
      const own = surfaceOf(file.path)
      if (!own) return []
      return importsOf(file).filter((target) => surfaceOf(target) !== undefined && surfaceOf(target) !== own)
    })
    expect(wrong).toEqual([])
  })

  it('evaluate nothing at the start that a request can wait for', () => {
    const atStart = new Set(['index.ts'])
    const packages = new Set<string>()
    for (const path of atStart) {
      const { text = '' } = files.find((file) => file.path === path) ?? {}
      for (const [, target = ''] of text.matchAll(/^(?:import|export) (?!type )[^;']*?from '([^']+)'$/gm)) {
        if (target.startsWith('.')) atStart.add(new URL(target, `file:///${path}`).pathname.slice(1))
        else packages.add(target.split('/')[0] ?? '')
      }
    }
    expect(atStart).toContain('domain/ledger/decide.ts')
    expect([...packages].sort()).toEqual(['cloudflare:workers', 'hono'])
    expect([...atStart].filter((path) => SURFACES.some((surface) => path.startsWith(`${surface}/`)))).toEqual([])
  })

  const rule = (name: string, pattern: RegExp, where: (path: string) => boolean, except: string[] = []) =>
    it(name, () => {
      const wrong = files
        .filter(({ path, text }) => where(path) && !except.includes(path) && pattern.test(text))
        .map(({ path }) => path)
      expect(wrong).toEqual([])
    })

  const inDomain = (path: string) => path.startsWith('domain/')
  const inProduct = (path: string) => !path.startsWith('cli/') && !path.startsWith('dev')
  rule('keep HTTP out of the domain', /from 'hono|\b(Request|Response)\b\(/, inDomain)
  rule(
    'keep the runtime out of the domain',
    /cloudflare:workers/,
    (path) => inDomain(path) && !path.endsWith('-object.ts'),
  )
  rule('keep SQL in queries.ts', /\.prepare\(|sql\.exec/, (path) => !/(queries|-object)\.ts$/.test(path))
  rule(
    'read the clock and random in one place',
    /Date\.now\(|new Date\(\)|Math\.random|crypto\.(getRandomValues|randomUUID)/,
    inProduct,
    // A request has its id before the ports exist; the page's script runs in the person's browser.
    ['providers/system.ts', 'http/middleware/request-id.ts', 'domain/ledger/ledger-object.ts'],
  )
  rule('reach the network in one place', /(?<![.\w])fetch\(/, inProduct, ['providers/system.ts'])
  rule('import zod whole, so that it is not bundled whole', /import \{[^}]*\} from 'zod'/, () => true)
  rule('switch no type off', /: any\b|as any\b|@ts-ignore|@ts-nocheck|@ts-expect-error/, () => true)
  rule(
    'compare secrets in constant time',
    /\b(proof|hash|mac|token|code|secret|key) ===? (?!null|undefined|''|'|"|`)/i,
    inDomain,
  )
  rule('log through one function', /console\./, (path) => inProduct(path) && path !== 'app.ts')
  rule('lower-case addresses nowhere else', /toLowerCase\(\)/, inDomain, [
    'domain/users/address.ts',
    'domain/templates/check.ts',
  ])
})

describe('the schema', () => {
  const migrations = import.meta.glob<string>('../migrations/*.sql', { query: '?raw', import: 'default', eager: true })
  const sql = Object.values(migrations).join('\n').replaceAll(/--.*$/gm, '')

  it('finds everything by project first', () => {
    const tables = [...sql.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\) STRICT/g)].filter(
      // What cron remembers of its walks is nobody's.
      ([, name = '']) => !['projects', 'walks'].includes(name),
    )
    expect(tables.length).toBeGreaterThan(7)
    for (const [, name, body = ''] of tables) expect(body, name).toMatch(/PRIMARY KEY \(project_id/)
    for (const [, name, columns = ''] of sql.matchAll(/CREATE (?:UNIQUE )?INDEX (\w+) ON \w+ \(([^)]*)\)/g)) {
      expect(columns, name).toMatch(/^project_id/)
    }
  })

  it('is strict everywhere', () => {
    expect([...sql.matchAll(/CREATE TABLE/g)]).toHaveLength([...sql.matchAll(/\) STRICT, WITHOUT ROWID/g)].length)
  })
})
