/** What one request asked of the outside, as the recorder writes it down and the bare Worker does it again. */

/** Texts and numbers as they were bound; of bytes the count, since what is sealed is different each time anyway. */
export type Value = string | number | null | { bytes: number }
export type Statement = { sql: string; values: Value[] }

export type Call = (
  | { kind: 'd1'; statements: Statement[]; rowsRead: number; rowsWritten: number }
  | {
      kind: 'ledger'
      name: string
      command: unknown
      /** Of the document after the call; null: it was deleted. */
      documentBytes: number | null
      /** Of what the call answered, as JSON. */
      outcomeBytes: number
      /** Milliseconds until the alarm that the call set; null: it set none. */
      alarmIn: number | null
      rowsRead: number
      rowsWritten: number
    }
  | { kind: 'kv get'; key: string }
  | { kind: 'kv put'; key: string; value: string; ttl: number }
  | { kind: 'mail'; bytes: number }
) & {
  /** Whether the caller waited for it. */
  before: boolean
}

export type Tape = { calls: Call[]; status: number; answerBytes: number }
