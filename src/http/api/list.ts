/** `?limit=&cursor=` → `{ data, next_cursor }`, the same for every list. */

import type { Context } from 'hono'
import * as z from 'zod'
import type { AppEnv } from '../context.ts'
import { problem } from '../problem.ts'
import { makeCursor, readCursor } from './cursor.ts'

export const listQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many at most'),
  cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
}

/**
 * One page. One row more than asked tells whether there is another.
 * @param list names the list for its cursors, the project and filters included
 */
export async function answerList<Row extends { id: string }>(
  c: Context<AppEnv>,
  list: string,
  page: { limit: number; cursor?: string | undefined },
  load: (limit: number, beforeId: string | null) => Promise<Row[]>,
  toWire: (row: Row) => unknown,
): Promise<Response> {
  const { deps } = c.var
  const beforeId = page.cursor === undefined ? null : await readCursor(deps, list, page.cursor)
  if (page.cursor !== undefined && beforeId === null) {
    const errors = [{ path: 'cursor', message: 'is not a cursor of this list' }]
    return problem(c, 'invalid_request', 'cursor: is not a cursor of this list. Take next_cursor of the page before.', {
      errors,
    })
  }
  const rows = await load(page.limit + 1, beforeId)
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  const next = rows.length > shown.length && last ? await makeCursor(deps, list, last.id) : null
  return c.json({ data: shown.map(toWire), next_cursor: next }, 200, { 'cache-control': 'no-store' })
}
