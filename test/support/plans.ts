/**
 * Every statement that a test file sends to D1 is planned once more at its end: none may read a whole project where it wants one
 * person (design §7: no growth with a million users). The tables have no statistics, and SQLite then takes the primary key's
 * first column, `project_id`, for as good as an index: a statement names the index that it means.
 */

/** Tables, and their short names in joins, that grow with people. */
const GROWING =
  /^(?:SCAN|SEARCH) (?:users|u|identifiers|i|sessions|s|refresh_families|f|messages|m|events|members|organizations|o|suppressions)\b/
const WHOLE = /^SCAN|\(project_id=\?\)$/

/** What looks at a project's whole table on purpose, and why. */
const MEANT: [RegExp, RegExp, string][] = [
  [
    /^SEARCH (?:users|events|messages|m|organizations|members|suppressions)\b/,
    /ORDER BY \S+(?: DESC)? LIMIT/,
    'a page of a list',
  ],
  [/^/, /^DELETE .* LIMIT \?2\)$/s, 'a project that was deleted, a piece at a time'],
  [/^/, /instr\(lower\(/, 'a part of a name or an address is looked for in all of them'],
  [/^\w+ users\b/, /count\(\*\) AS total/, "total_count of Streambird's search"],
  [/^SCAN users$/, /AND \(0\)/, 'nobody fits: nothing is read'],
]

const statements = new Set<string>()
/** By the files before, in the same workerd and with the same schema. */
const planned = new Set<string>()
let database: D1Database | null = null

/** The same database, and every statement that is prepared for it is kept. */
export function watchPlans(db: D1Database): D1Database {
  database = db
  return new Proxy(db, {
    get(target, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          if (!planned.has(sql)) statements.add(sql)
          return target.prepare(sql)
        }
      }
      const member = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Steps that look at each row of a project, or of a table, with the statement. */
export async function wholeReads(): Promise<string[]> {
  const found: string[] = []
  for (const sql of statements) {
    if (!database) continue
    const numbers = [...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n))
    const count = numbers.length > 0 ? Math.max(...numbers) : (sql.match(/\?/g)?.length ?? 0)
    const nothing = Array<null>(count).fill(null)
    const { results } = await database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...nothing)
      .all<{ detail: string }>()
    const steps = results.map(({ detail }) => detail).filter((detail) => GROWING.test(detail) && WHOLE.test(detail))
    const left = steps.filter((step) => !MEANT.some(([which, within]) => which.test(step) && within.test(sql)))
    if (left.length > 0) found.push(`${left.join(', ')}: ${sql.replace(/\s+/g, ' ')}`)
    planned.add(sql)
  }
  statements.clear()
  return found
}
