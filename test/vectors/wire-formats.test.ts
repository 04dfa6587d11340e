/**
 * What is out there: links in mailboxes, challenge ids and refresh tokens at applications, hashes and seals in storage.
 * Each is written out here from the layout in the design, with WebCrypto alone, and frozen as a literal beside it (computed
 * once more with Python's hmac and hashlib). A change that makes one of these fail makes outstanding values worthless.
 */

import { describe, expect, it } from 'vitest'
import { drawFor } from '../../src/domain/challenges/draw.ts'
import { createKeyring, type KeyUse } from '../../src/domain/keyring.ts'
import { CODE_ALPHABETS, drawCode } from '../../src/domain/ledger/code.ts'
import {
  codeProofs,
  mintChallengeId,
  mintSecret,
  parseChallengeId,
  parseSecret,
  proofOf,
} from '../../src/domain/ledger/secret.ts'
import { ledgerOf } from '../../src/domain/ledger/subject.ts'
import { mintRefreshToken, parseRefreshToken } from '../../src/domain/sessions/refresh-token.ts'
import { importHmacKey } from '../../src/lib/digest.ts'
import type { Deps } from '../../src/ports.ts'

const SECRET = 'known-answer-secret-known-answer-0001'
const EXPIRES_AT = 1_800_000_000
const PROJECT = 'proj_1'
const range = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => from + i)
const LEDGER = range(0, 16)
const ID = range(16, 12)
const LINK_SECRET = range(32, 24)
const FAMILY = range(48, 16)
const ROUTE_KEY = range(64, 32)
const IV = range(96, 12)
const project = async (id = PROJECT, routeKey: Uint8Array = ROUTE_KEY) => ({
  id,
  routeKey: await importHmacKey(routeKey),
})

// --- the layouts, by hand -------------------------------------------------------------------------------------------

const bytes = (text: string) => new TextEncoder().encode(text)
const join = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const big = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)
const hexed = (data: Uint8Array) => [...data].map((byte) => (byte + 256).toString(16).slice(1)).join('')
const framed = (...texts: string[]) => join(...texts.flatMap((text) => [big(bytes(text).length), bytes(text)]))
const base64 = (data: Uint8Array) =>
  btoa(String.fromCharCode(...data)).replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_' })[c] ?? '')
async function mac(key: Uint8Array, data: Uint8Array) {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data))
}
/** RFC 5869 with a salt of zeros and one block. */
const derive = async (info: string) => mac(await mac(new Uint8Array(32), bytes(SECRET)), join(bytes(info), [1]))
const keyFor = (use: KeyUse | 'seal') => derive(`latchkey/1/${use}`)
const keyId = async () => [...(await derive('latchkey/1/key-id')).subarray(0, 1)]
const masked = async () => {
  const mask = await mac(await keyFor('mask'), ID)
  return LEDGER.map((byte, i) => byte ^ (mask[i] ?? 0))
}
const withMac = async (body: Uint8Array) =>
  base64(join(body, (await mac(await keyFor('secret'), body)).subarray(0, 16)))
const link = async (head: number) =>
  withMac(join([head], await keyId(), big(EXPIRES_AT), await masked(), ID, LINK_SECRET))
const proof = async (purpose: string) =>
  base64(new Uint8Array(await crypto.subtle.digest('SHA-256', join(framed(purpose), ID, LINK_SECRET))))
const repeated = (name: string) => async () =>
  mac(await keyFor('repeat'), framed(PROJECT, 'key_1', 'order-7', 'recipient', name))
const lettersOf = (letters: string, limit: number, drawn: Uint8Array) =>
  [...drawn]
    .filter((byte) => byte < limit)
    .map((byte) => letters[byte % letters.length])
    .join('')

// --- against the code -----------------------------------------------------------------------------------------------

const keys = () => createKeyring(SECRET, null, () => IV)
const parts = { ledger: LEDGER, id: ID, secret: LINK_SECRET, expiresAt: EXPIRES_AT }
const draw = async () =>
  drawFor({ keys: await keys() } as Deps, PROJECT, 'recipient', { caller: 'key_1', key: 'order-7', requestHash: '' })

type Case = [what: string, frozen: string, byHand: () => Promise<string>, byCode: () => Promise<string>]
const cases: Case[] = [
  [
    'a link',
    'EVdrSdIAk4zZfxvH_3VxgBmQG1xWbBAREhMUFRYXGBkaGyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2N3B7cLgTUzQe9ZU9OxG6w9U',
    () => link(0x11),
    async () => mintSecret(await keys(), 'link', parts),
  ],
  [
    'a grant',
    'E1drSdIAk4zZfxvH_3VxgBmQG1xWbBAREhMUFRYXGBkaGyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2N4wNT_4CQYABfdN4u5SKANM',
    () => link(0x13),
    async () => mintSecret(await keys(), 'grant', parts),
  ],
  [
    'a bound grant',
    'FVdrSdIAk4zZfxvH_3VxgBmQG1xWbBAREhMUFRYXGBkaGyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2N2580BxSjFRKztoz5y2FNUk',
    () => link(0x15),
    async () => mintSecret(await keys(), 'bound_grant', parts),
  ],
  [
    'a challenge id',
    'chal_EFeTjNl_G8f_dXGAGZAbXFZsEBESExQVFhcYGRobokRT_0iYRzsDQ9CgvdlHdQ',
    async () => `chal_${await withMac(join([0x10], await keyId(), await masked(), ID))}`,
    async () => mintChallengeId(await keys(), LEDGER, ID),
  ],
  [
    'what is stored of a link',
    '4d56vDllk0MeJkKtrHlfTCcm4Oye8O0Nf7FJRsA3f5A',
    () => proof('link'),
    () => proofOf('link', ID, LINK_SECRET),
  ],
  [
    'what is stored of a grant',
    'RMJMf_Ds7ylj4ILs7ivBJSaT-wFMmIQUDFYVDfJJezU',
    () => proof('grant'),
    () => proofOf('grant', ID, LINK_SECRET),
  ],
  [
    'what is stored of a code',
    'ccmG4QOGmT2IYQpISTVDuzp1-1HwjpjndDytlCHppU4',
    async () => base64(await mac(await keyFor('pepper'), framed('code', PROJECT, hexed(LEDGER), '482913'))),
    async () => (await codeProofs(await keys(), 'code', PROJECT, hexed(LEDGER), '482913')).join(),
  ],
  [
    'a refresh token',
    'AVcwMTIzNDU2Nzg5Ojs8PT4_AAAAByTlNLl8yGPPQbGQaDTiBQrQ6ZZi3_owWKVgvqTtU9a4',
    async () => {
      const body = join([1], await keyId(), FAMILY, big(7))
      return base64(join(body, await mac(await keyFor('refresh'), body)))
    },
    async () => mintRefreshToken(await keys(), hexed(FAMILY), 7),
  ],
  [
    'the ledger of an address',
    'f1871f408c49d47611d7f56ef4784dbe',
    async () => hexed((await mac(ROUTE_KEY, framed(PROJECT, 'address', 'ada@example.com'))).subarray(0, 16)),
    async () => hexed(await ledgerOf(await project(), { kind: 'address', address: 'ada@example.com' })),
  ],
  [
    'the ledger of a user',
    '2c925346e346197080087274e3fafdb2',
    async () => hexed((await mac(ROUTE_KEY, framed(PROJECT, 'user', 'user_1'))).subarray(0, 16)),
    async () => hexed(await ledgerOf(await project(), { kind: 'user', userId: 'user_1' })),
  ],
  [
    'a link secret under an Idempotency-Key',
    '463a970e41632b81a57355f3ee253f8afc6d6b8cc5d152fc',
    async () => hexed((await repeated('link')()).subarray(0, 24)),
    async () => hexed(await (await draw())('link', 24)),
  ],
  [
    'six digits under an Idempotency-Key',
    '927052',
    async () => lettersOf(CODE_ALPHABETS.digits, 250, (await repeated('code:0')()).subarray(0, 12)).slice(0, 6),
    async () => {
      const drawn = await draw()
      return drawCode('digits', 6, (count, round) => drawn(`code:${round}`, count))
    },
  ],
  [
    'eight letters under an Idempotency-Key',
    'FGTGHGWC',
    async () => lettersOf('34679CDFGHJKMNPQRTVWXY', 242, (await repeated('code:0')()).subarray(0, 16)).slice(0, 8),
    async () => {
      const drawn = await draw()
      return drawCode('unambiguous', 8, (count, round) => drawn(`code:${round}`, count))
    },
  ],
  [
    'a seal',
    '57606162636465666768696a6b5d92a78e8f9e6df9aadd9ee877b924f18203183f0b20f07e32ac6a24622b',
    async () => {
      const key = await crypto.subtle.importKey('raw', await keyFor('seal'), 'AES-GCM', false, ['encrypt'])
      const params = { name: 'AES-GCM', iv: IV, additionalData: bytes('messages/msg_1/secrets') }
      return hexed(
        join(await keyId(), IV, new Uint8Array(await crypto.subtle.encrypt(params, key, bytes('attack at dawn')))),
      )
    },
    async () => hexed(await (await keys()).seal('messages/msg_1/secrets', bytes('attack at dawn'))),
  ],
]

describe('frozen', () => {
  it.each(cases)('%s', async (_what, frozen, byHand, byCode) => {
    expect(await byHand()).toBe(frozen)
    expect(await byCode()).toBe(frozen)
  })
})

// The name of each use is part of every key derived for it.
it.each([
  ['secret', '7e3eb381d4c5b68ab7fdb4024a4d159eb1f1f572b8cde545e78c60626e2f3266'],
  ['mask', '38263dbe884f5963aa54a10365a2de16d1afb4c1382a418ce8cea6b4ce13966e'],
  ['pepper', 'd447e4e33bb94c09afd26433925fe9b278de35a4e1fdd1405f5d949adbc7ba86'],
  ['refresh', 'c862cb71844305c6652695878356949869b28b075a1043dd4c43548bd6516f41'],
  ['cookie', 'e7cf6264648b8bcd067e0b2ef2cbd36277add4adb237ac78e8f60727f813ce02'],
  ['cursor', 'f271a79bc0239737a8c7af4d451561aea4b45cb89cf80c795e5520069c7134b0'],
  ['repeat', 'b023c93b9bc71ac478946ec50289f7676963aa212b6faa6738bc32a2c1adec70'],
  ['form', '143fd6fefad3b5d68ebeca73fb1c6673a3a44ddaa66d48cb1c42d627b8caa363'],
] as const)('the key for %s', async (use, frozen) => {
  expect(hexed(await mac(await keyFor(use), bytes('data')))).toBe(frozen)
  expect(hexed(await (await keys()).mac(use, bytes('data')))).toBe(frozen)
})

describe('still read', () => {
  it('a link', async () => {
    const [, text = ''] = cases[0] ?? []
    expect(text.length).toBe(99)
    expect(await parseSecret(await keys(), text)).toEqual({
      purpose: 'link',
      keyId: 87,
      expiresAt: EXPIRES_AT,
      ledger: hexed(LEDGER),
      id: base64(ID),
      proof: '4d56vDllk0MeJkKtrHlfTCcm4Oye8O0Nf7FJRsA3f5A',
    })
  })

  it('a challenge id', async () => {
    const text = 'chal_EFeTjNl_G8f_dXGAGZAbXFZsEBESExQVFhcYGRobokRT_0iYRzsDQ9CgvdlHdQ'
    expect(await parseChallengeId(await keys(), text)).toEqual({ ledger: hexed(LEDGER), id: base64(ID) })
  })

  it('a refresh token', async () => {
    const text = 'AVcwMTIzNDU2Nzg5Ojs8PT4_AAAAByTlNLl8yGPPQbGQaDTiBQrQ6ZZi3_owWKVgvqTtU9a4'
    expect(await parseRefreshToken(await keys(), text)).toEqual({ familyId: hexed(FAMILY), generation: 7 })
  })

  it('a seal', async () => {
    const sealed = '57606162636465666768696a6b5d92a78e8f9e6df9aadd9ee877b924f18203183f0b20f07e32ac6a24622b'
    const data = Uint8Array.from(sealed.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    expect(await (await keys()).unseal('messages/msg_1/secrets', data)).toEqual(bytes('attack at dawn'))
  })
})

describe('a refresh token', () => {
  const forged = async (change: (data: Uint8Array) => void) => {
    const text = await mintRefreshToken(await keys(), hexed(FAMILY), 7)
    const data = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    change(data)
    return parseRefreshToken(await keys(), base64(data))
  }

  it('is refused with any bit changed', async () => {
    for (let bit = 0; bit < 54 * 8; bit++) {
      const parsed = await forged((data) => {
        data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      })
      expect(parsed, `bit ${bit}`).toBeNull()
    }
  })

  it.each([
    ['', 'empty'],
    ['AVcwMTIzNDU2Nzg5Ojs8PT4_AAAAByTlNLl8yGPPQbGQaDTiBQrQ6ZZi3_owWKVgvqTtU9a', 'a letter less'],
    ['AVcwMTIzNDU2Nzg5Ojs8PT4_AAAAByTlNLl8yGPPQbGQaDTiBQrQ6ZZi3_owWKVgvqTtU9a4A', 'a letter more'],
    ['AVcwMTIzNDU2Nzg5Ojs8PT4/AAAAByTlNLl8yGPPQbGQaDTiBQrQ6ZZi3/owWKVgvqTtU9a4', 'the other alphabet'],
    ['x'.repeat(10_240), '10 KB'],
  ])('%.20j… is refused: %s', async (text) => {
    expect(await parseRefreshToken(await keys(), text)).toBeNull()
  })

  it('keeps every generation apart, and is the same for the same one', async () => {
    const ring = await keys()
    const tokens = await Promise.all(
      [0, 1, 2, 255, 256, 0xffffffff].map((n) => mintRefreshToken(ring, hexed(FAMILY), n)),
    )
    expect(new Set(tokens).size).toBe(6)
    expect(await mintRefreshToken(ring, hexed(FAMILY), 2)).toBe(tokens[2])
    expect((await parseRefreshToken(ring, tokens[5] ?? ''))?.generation).toBe(0xffffffff)
  })

  it('outlives a rotation, and ends when the previous secret goes', async () => {
    const text = await mintRefreshToken(await keys(), hexed(FAMILY), 7)
    const rotated = await createKeyring('the-secret-after-the-known-answer-01', SECRET, () => IV)
    const later = await createKeyring('the-secret-after-the-known-answer-01', null, () => IV)
    expect(await parseRefreshToken(rotated, text)).toEqual({ familyId: hexed(FAMILY), generation: 7 })
    expect(await mintRefreshToken(rotated, hexed(FAMILY), 7)).not.toBe(text)
    expect(await parseRefreshToken(later, text)).toBeNull()
  })
})

describe('what is stored of a code', () => {
  const ledger = hexed(LEDGER)
  const proofs = async (project: string, where: string, code: string, purpose: 'code' | 'relay' = 'code') =>
    codeProofs(await keys(), purpose, project, where, code)

  it('differs with the purpose, the project, the ledger and the code', async () => {
    const all = await Promise.all([
      proofs(PROJECT, ledger, '482913'),
      proofs('proj_2', ledger, '482913'),
      proofs(PROJECT, '00'.repeat(16), '482913'),
      proofs(PROJECT, ledger, '482913', 'relay'),
      proofs(PROJECT, ledger, '482914'),
      proofs(PROJECT, ledger, '0482913'),
    ])
    expect(all.every((list) => list.length === 1)).toBe(true)
    expect(new Set(all.flat()).size).toBe(6)
  })

  it('is no bare hash: another pepper, another value', async () => {
    const other = await createKeyring('another-deployment-another-deployment', null, () => IV)
    expect(await codeProofs(other, 'code', PROJECT, ledger, '482913')).not.toEqual(
      await proofs(PROJECT, ledger, '482913'),
    )
  })

  it('has one value for each accepted secret, the current one first', async () => {
    const rotated = await createKeyring('the-secret-after-the-known-answer-01', SECRET, () => IV)
    const alone = await createKeyring('the-secret-after-the-known-answer-01', null, () => IV)
    const [current] = await codeProofs(alone, 'code', PROJECT, ledger, '482913')
    const [previous] = await proofs(PROJECT, ledger, '482913')
    expect(await codeProofs(rotated, 'code', PROJECT, ledger, '482913')).toEqual([current, previous])
  })
})

describe('the ledger of a subject', () => {
  it('is another for another project, route key, subject or kind of subject', async () => {
    const of = async (id: string, routeKey: Uint8Array, kind: 'address' | 'user', text: string) =>
      hexed(
        await ledgerOf(await project(id, routeKey), kind === 'user' ? { kind, userId: text } : { kind, address: text }),
      )
    const all = await Promise.all([
      of(PROJECT, ROUTE_KEY, 'address', 'a@example.com'),
      of('proj_2', ROUTE_KEY, 'address', 'a@example.com'),
      of(PROJECT, range(65, 32), 'address', 'a@example.com'),
      of(PROJECT, ROUTE_KEY, 'address', 'b@example.com'),
      of(PROJECT, ROUTE_KEY, 'user', 'a@example.com'),
    ])
    expect(new Set(all).size).toBe(5)
    expect(all.every((name) => /^[0-9a-f]{32}$/.test(name))).toBe(true)
  })
})
