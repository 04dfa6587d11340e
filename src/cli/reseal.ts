/**
 * What the database holds sealed, sealed anew under the current LATCHKEY_SECRET. Each row is changed only where it is still
 * what was read, so a Worker may write meanwhile, and a run that broke off is run again.
 */

import type { Keyring } from '../domain/keyring.ts'
import { SEALED, SEALED_FOR_DAYS, type SealedColumn, testIdentityPlace } from '../domain/sealed.ts'
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts'
import { hex, hexBytes } from '../lib/bytes.ts'

/** SQL without parameters, as `wrangler d1 execute` takes it. */
export type SqlDatabase = {
  rows(sql: string): Promise<Record<string, unknown>[]>
  run(statements: string[]): Promise<void>
}

/** `unreadable`: places that no given secret opens. */
export type Resealed = { looked: number; changed: number; unreadable: string[] }

type Seal = { place: string; sealed: Uint8Array; update(resealed: Uint8Array): string }

const PAGE = 100
/** A command line and a statement of D1 end at 100 KB. */
const MAX_COMMAND = 60_000

/**
 * @param keys accept both secrets
 * @param current accepts the current one alone: what it opens is left as it is
 */
export async function reseal(db: SqlDatabase, keys: Keyring, current: Keyring): Promise<Resealed> {
  const result: Resealed = { looked: 0, changed: 0, unreadable: [] }
  const visit = async (seals: Seal[]) => {
    const updates: string[] = []
    for (const { place, sealed, update } of seals) {
      result.looked += 1
      if (await current.unseal(place, sealed)) continue
      const plain = await keys.unseal(place, sealed)
      if (plain) updates.push(update(await current.seal(place, plain)))
      else result.unreadable.push(place)
    }
    for (const some of chunks(updates)) await db.run(some)
    result.changed += updates.length
  }
  for (const column of SEALED) for await (const page of pages(db, column)) await visit(page)
  for await (const page of testIdentities(db)) await visit(page)
  return result
}

/** How many rows are sealed under that key id: the values too that live for days and are not sealed anew. */
export async function countSealedUnder(db: SqlDatabase, keyId: number): Promise<number> {
  const counts = [...SEALED, ...SEALED_FOR_DAYS].map(
    ({ table, column }) =>
      `(SELECT count(*) FROM ${table} WHERE hex(substr(${column}, 1, 1)) = '${hex(Uint8Array.of(keyId)).toUpperCase()}')`,
  )
  const [row] = await db.rows(`SELECT ${counts.join(' + ')} AS count`)
  let count = Number(row?.count ?? 0)
  for await (const page of testIdentities(db)) count += page.filter(({ sealed }) => sealed[0] === keyId).length
  return count
}

async function* pages(db: SqlDatabase, { table, key, column, names, place }: SealedColumn): AsyncGenerator<Seal[]> {
  for (let after: unknown[] | null = null; ; ) {
    const from: string = after ? `WHERE (${key.join(', ')}) > (${after.map(quote).join(', ')})` : ''
    const columns = [...key, ...names, `hex(${column}) AS sealed`].join(', ')
    const rows: Record<string, unknown>[] = await db.rows(
      `SELECT ${columns} FROM ${table} ${from} ORDER BY ${key.join(', ')} LIMIT ${PAGE}`,
    )
    const last = rows.at(-1)
    if (!last) return
    yield rows.map((row) => {
      const found = String(row.sealed)
      const where = key.map((name) => `${name} = ${quote(row[name])}`).join(' AND ')
      return {
        place: place(Object.fromEntries([...key, ...names].map((name) => [name, String(row[name])]))),
        sealed: hexBytes(found.toLowerCase()),
        update: (resealed) =>
          `UPDATE ${table} SET ${column} = X'${hex(resealed)}' WHERE ${where} AND hex(${column}) = '${found}'`,
      }
    })
    after = key.map((name) => last[name])
  }
}

/** Their codes lie inside the settings' JSON, each sealed by itself. */
async function* testIdentities(db: SqlDatabase): AsyncGenerator<Seal[]> {
  const rows = await db.rows(`SELECT id, settings FROM projects WHERE instr(settings, '"test_identities"') > 0`)
  for (const row of rows) {
    const id = String(row.id)
    const { test_identities: identities = [] } = JSON.parse(String(row.settings)) as {
      test_identities?: { address: string; sealed: string }[]
    }
    yield identities.flatMap(({ address, sealed }) => {
      const bytes = decodeBase64url(sealed)
      return bytes
        ? [
            {
              place: testIdentityPlace(id, address),
              sealed: bytes,
              // One value in place of another in the same text: what else changed meanwhile stays.
              update: (resealed: Uint8Array) =>
                `UPDATE projects SET settings = replace(settings, ${quote(sealed)}, ${quote(encodeBase64url(resealed))}) WHERE id = ${quote(id)}`,
            },
          ]
        : []
    })
  }
}

function chunks(statements: string[]): string[][] {
  const all: string[][] = []
  let length = MAX_COMMAND
  for (const statement of statements) {
    if (length + statement.length > MAX_COMMAND) {
      all.push([])
      length = 0
    }
    all.at(-1)?.push(statement)
    length += statement.length
  }
  return all
}

/** A value as SQL text. Numbers too: the columns' types turn them back. */
const quote = (value: unknown): string =>
  typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
