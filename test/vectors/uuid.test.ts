/**
 * 1Kosmos codes: version-8 UUIDs (RFC 9562 §5.8). The literals were computed with Node's crypto from the layout in the design;
 * another layout makes outstanding codes worthless.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { createKeyring, type Keyring } from '../../src/domain/keyring.ts'
import { mintUuid, partsOfUuid, readUuid, UUID_RANDOM_BYTES } from '../../src/domain/ledger/secret.ts'
import { ledgerOf } from '../../src/domain/ledger/subject.ts'
import { hex, hexBytes } from '../../src/lib/bytes.ts'
import { importHmacKey } from '../../src/lib/digest.ts'

const OLD = 'old-secret-old-secret-old-secret-0001'
const NEW = 'new-secret-new-secret-new-secret-0001'
const PROJECT = 'proj_0ujtsYcgvSTl8PAuAdqWYSMnLOv'
const RANDOM = hexBytes('f1237456789abcdef012')
const UUID = '39684011-7a68-8123-b456-789abcdef012'
const project = { id: PROJECT, routeKey: await importHmacKey(new Uint8Array(32).fill(7)) }

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
let keys: Keyring
beforeAll(async () => {
  keys = await createKeyring(OLD, null, random)
})

describe('a code', () => {
  it('is MAC, version, variant and random bits', async () => {
    expect(UUID_RANDOM_BYTES).toBe(10)
    expect(await mintUuid(keys, PROJECT, RANDOM)).toBe(UUID)
    expect(await readUuid(keys, PROJECT, UUID)).toBe(UUID)
  })

  it('has 74 random bits: every other bit of what was drawn changes it', async () => {
    let differs = 0
    for (let bit = 0; bit < 80; bit++) {
      const drawn = RANDOM.slice()
      drawn[bit >> 3] = (drawn[bit >> 3] ?? 0) ^ (128 >> (bit & 7))
      if ((await mintUuid(keys, PROJECT, drawn)) !== UUID) differs++
    }
    expect(differs).toBe(74)
  })

  it('leads to a ledger, a challenge and a secret by the route key', async () => {
    const { id, secret } = await partsOfUuid(project, UUID)
    expect(hex(id)).toBe('d1ddbb8d5e499c7d1960cd4d')
    expect(hex(secret)).toBe('505e25dee8e9339c16147f93e9461646acfed4c4ceb16c2b')
    expect(hex(await ledgerOf(project, { kind: 'uuid', uuid: UUID }))).toBe('2b58aca72731a2464f176bb96d73e835')
  })

  it('is read however it is written', async () => {
    expect(await readUuid(keys, PROJECT, UUID.toUpperCase())).toBe(UUID)
  })

  it('of a secret that is rotated out is accepted while it is the previous one', async () => {
    expect(await readUuid(await createKeyring(NEW, OLD, random), PROJECT, UUID)).toBe(UUID)
    expect(await readUuid(await createKeyring(NEW, null, random), PROJECT, UUID)).toBeNull()
  })

  it('of another project is none', async () => {
    expect(await readUuid(keys, 'proj_0ujtsYcgvSTl8PAuAdqWYSMnLOw', UUID)).toBeNull()
  })

  it('with any other digit is none', async () => {
    for (let at = 0; at < UUID.length; at++) {
      const changed = UUID.slice(0, at) + (UUID[at] === '0' ? '1' : '0') + UUID.slice(at + 1)
      expect(await readUuid(keys, PROJECT, changed), changed).toBeNull()
    }
  })

  it.each([
    '',
    'x',
    UUID.replaceAll('-', ''),
    `{${UUID}}`,
    `${UUID} `,
    `${UUID}\n`,
    '2927269a-deba-4f48-ba8c-9d6ee7900000',
  ])('is not %j', async (text) => {
    expect(await readUuid(keys, PROJECT, text)).toBeNull()
  })
})
