/** Removes what is over (design §7): a bounded piece each minute, so that no run is long and none is missed. */

import { ksuid, newId } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import { batch, query } from '../database.ts'
import { INPUT_SECONDS, INPUTS_WALK } from '../messages/queries.ts'
import {
  deleteOlder,
  deleteStep,
  eraseInputs,
  moveInputsWalk,
  putWalk,
  selectNextMessage,
  selectStepEnd,
  selectWalk,
  WALKS,
  type Walk,
} from './queries.ts'

const DAY_SECONDS = 86_400
const MESSAGES_DAYS = 30
const EVENTS_DAYS = 90
/** Of what has ended: sessions, refresh families, and addresses that were given up (an older link must not bring their owner back). */
const ENDED_DAYS = 7

/** Of requests that are taken once. */
const REQUEST_IDS_SECONDS = 120

const ROWS_A_RUN = 500
/** A row of two short texts, and three for a sign-in. */
const REQUEST_IDS_A_RUN = 5000
/** Rows that a walk looks at in one run: a million sessions are seen three times a day. */
const STEP = 2000
/** The messages of so long are looked at in one statement, however many projects they are of; an hour's in a run. */
const INPUTS_STEP_SECONDS = 300
const INPUTS_STEPS = 12

export async function removeOld(deps: Deps): Promise<void> {
  const now = Math.floor(deps.now() / 1000)
  const before = (prefix: 'msg' | 'evt', days: number) => newId(prefix, now - days * DAY_SECONDS, new Uint8Array(16))
  await eraseExpiredInputs(deps, now - INPUT_SECONDS)
  await batch(deps.db, [
    deleteOlder(deps.db, 'messages', before('msg', MESSAGES_DAYS), ROWS_A_RUN),
    deleteOlder(deps.db, 'events', before('evt', EVENTS_DAYS), ROWS_A_RUN),
    deleteOlder(deps.db, 'request_ids', ksuid(now - REQUEST_IDS_SECONDS, new Uint8Array(16)), REQUEST_IDS_A_RUN),
  ])
  for (const walk of WALKS) await walkOn(deps, walk, now - ENDED_DAYS * DAY_SECONDS)
}

/**
 * Each message is looked at once, in the order of ids, which is that of time. Nothing whose input is left and that is not due
 * has an id from before the walk's position: it is moved in the transaction that erases, and `updateMessage` compares with it.
 * @param until Unix seconds: of a message from before it, and left to the walk, the challenge has expired
 */
async function eraseExpiredInputs(deps: Deps, until: number): Promise<void> {
  const idAt = (seconds: number) => newId('msg', seconds, new Uint8Array(16))
  const end = idAt(until)
  for (let step = 0; step < INPUTS_STEPS; step++) {
    const row = await query<{ position: string }>(selectWalk(deps.db, INPUTS_WALK))
    const from: string | null = row && JSON.parse(row.position)[0]
    // The first time nothing was left to it; and a clock that goes back takes it along, else all until then would be due.
    if (from === null || from > end) {
      await batch(deps.db, [moveInputsWalk(deps.db, from, end)])
      return
    }
    const next = await query<{ at: number | null }>(selectNextMessage(deps.db, from, end))
    if (next?.at == null) return
    const to = idAt(Math.min(until, next.at + INPUTS_STEP_SECONDS))
    await batch(deps.db, [eraseInputs(deps.db, from, to), moveInputsWalk(deps.db, from, to)])
  }
}

/** Twice the same step, after a crash in between, removes nothing more. */
async function walkOn(deps: Deps, walk: Walk, before: number): Promise<void> {
  const row = await query<{ position: string }>(selectWalk(deps.db, walk.name))
  const from: string[] = row ? JSON.parse(row.position) : walk.key.map(() => '')
  const end = await query<Record<string, string>>(selectStepEnd(deps.db, walk, from, STEP))
  const to = end && walk.key.map((column) => end[column] ?? '')
  await batch(deps.db, [deleteStep(deps.db, walk, from, to, before), putWalk(deps.db, walk.name, to)])
}
