/** Asking D1: one deadline and one error for every query. SQL itself lives in the `queries.ts` files. */

import { Unavailable, within } from '../lib/deadline.ts'

const PATIENCE_MS = 5000
const WRITE_ATTEMPTS = 5

/** The first row, or null. @throws Unavailable */
export const query = <Row>(statement: D1PreparedStatement): Promise<Row | null> =>
  within(PATIENCE_MS, 'd1', statement.first<Row>())

/** All rows. @throws Unavailable */
export async function queryAll<Row>(statement: D1PreparedStatement): Promise<Row[]> {
  return (await within(PATIENCE_MS, 'd1', statement.all<Row>())).results
}

/** The first row, and how large the whole database is by now. @throws Unavailable */
export async function queryWithSize<Row>(
  statement: D1PreparedStatement,
): Promise<{ row: Row | null; bytes: number | null }> {
  const { results, meta } = await within(PATIENCE_MS, 'd1', statement.all<Row>())
  return { row: results[0] ?? null, bytes: meta.size_after ?? null }
}

/**
 * One transaction: all of it or nothing. The rows and the count of changes of each statement, in order.
 * @throws Unavailable, after which it may or may not have been committed: what is batched must bear being done again
 */
export async function batch(
  db: D1Database,
  statements: D1PreparedStatement[],
): Promise<{ rows: Record<string, unknown>[]; changes: number }[]> {
  const results = await within(PATIENCE_MS, 'd1', db.batch<Record<string, unknown>>(statements))
  return results.map((result) => ({ rows: result.results, changes: result.meta.changes }))
}

/**
 * For what is read, changed and written only if it is still as it was read: once more where another request came in between.
 * @param attempt gives null then
 * @throws Unavailable when it happens again and again
 */
export async function untilWritten<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let n = 0; n < WRITE_ATTEMPTS; n++) {
    const done = await attempt()
    if (done !== null) return done
  }
  throw new Unavailable('d1', `the ${what} was changed by other requests at the same time`)
}
