import { expect, it } from 'vitest'
import { createKeyring } from '../../src/domain/keyring.ts'
import { makeCursor, readCursor } from '../../src/http/api/cursor.ts'
import type { Deps } from '../../src/ports.ts'

// Beside properties.test.ts: what follows a second dot is not under the MAC, and is dropped.
it.each(['.', '.x', '.x.y'])('a cursor with %j behind it is refused', async (tail) => {
  const keys = await createKeyring('a-secret-a-secret-a-secret-a-secret-0001', null, (length) => new Uint8Array(length))
  const deps = { keys } as Deps
  expect(await readCursor(deps, 'list', (await makeCursor(deps, 'list', 'user_1')) + tail)).toBeNull()
})
