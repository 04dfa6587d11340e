import { beforeAll, describe, expect, it } from 'vitest'
import { createKeyring, type Keyring, type KeyUse } from '../../src/domain/keyring.ts'
import { mintSecret, parseSecret } from '../../src/domain/ledger/secret.ts'
import { hex, utf8 } from '../../src/lib/bytes.ts'

const OLD = 'old-secret-old-secret-old-secret-0001'
const NEW = 'new-secret-new-secret-new-secret-0001'
const FOREIGN = 'foreign-secret-foreign-secret-foreign'
const PLACE = 'messages:proj_1:msg_1'
const PLAIN = utf8('{"link":"https://…","code":"482913"}')
/** The compiler asks for a new use here. */
const USES = Object.keys({
  secret: 1,
  mask: 1,
  uuid: 1,
  session: 1,
  origin: 1,
  pepper: 1,
  relay: 1,
  device: 1,
  refresh: 1,
  cookie: 1,
  cursor: 1,
  repeat: 1,
  form: 1,
} satisfies Record<KeyUse, 1>) as KeyUse[]

const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const keyring = (current: string, previous: string | null = null) => createKeyring(current, previous, randomBytes)
const data = utf8('data')
let old: Keyring, rotated: Keyring, renewed: Keyring, foreign: Keyring
beforeAll(async () => {
  old = await keyring(OLD)
  rotated = await keyring(NEW, OLD)
  renewed = await keyring(NEW)
  foreign = await keyring(FOREIGN)
})

describe('MACs', () => {
  it('of every use differ', async () => {
    const macs = await Promise.all(USES.map(async (use) => hex(await old.mac(use, data))))
    expect(new Set(macs).size).toBe(USES.length)
    expect(macs.every((mac) => mac.length === 64)).toBe(true)
  })

  it.each(USES)('for %s: the same twice, another for other data, another under another secret', async (use) => {
    const mac = hex(await old.mac(use, data))
    expect(hex(await old.mac(use, data))).toBe(mac)
    expect(hex(await (await keyring(OLD)).mac(use, data))).toBe(mac)
    expect(hex(await old.mac(use, utf8('datb')))).not.toBe(mac)
    expect(hex(await foreign.mac(use, data))).not.toBe(mac)
  })

  it('new ones are under the current secret', async () => {
    expect(rotated.currentId).toBe(renewed.currentId)
    expect(await rotated.mac('form', data)).toEqual(await renewed.mac('form', data))
    expect(await rotated.mac('form', data)).not.toEqual(await old.mac('form', data))
  })

  it('of the previous secret are found by its key id', async () => {
    expect(old.currentId).not.toBe(renewed.currentId)
    expect(await rotated.macsFor('form', old.currentId, data)).toEqual([await old.mac('form', data)])
    expect(await rotated.macsFor('form', renewed.currentId, data)).toEqual([await renewed.mac('form', data)])
    expect(await renewed.macsFor('form', old.currentId, data)).toEqual([])
  })

  it.each([-1, 256, Number.NaN])('of key id %j there are none', async (id) => {
    expect(await rotated.macsFor('form', id, data)).toEqual([])
  })

  it('of all accepted secrets begin with the current one', async () => {
    expect(await rotated.allMacs('pepper', data)).toEqual([
      await renewed.mac('pepper', data),
      await old.mac('pepper', data),
    ])
    expect(await renewed.allMacs('pepper', data)).toEqual([await renewed.mac('pepper', data)])
  })
})

describe('seals', () => {
  it('are opened in their place', async () => {
    expect(await old.unseal(PLACE, await old.seal(PLACE, PLAIN))).toEqual(PLAIN)
    expect(await old.unseal('', await old.seal('', new Uint8Array()))).toEqual(new Uint8Array())
  })

  it('begin with the key id, have a fresh IV each, and show nothing of the text', async () => {
    const seals = await Promise.all(Array.from({ length: 50 }, () => old.seal(PLACE, PLAIN)))
    expect(seals.every((sealed) => sealed[0] === old.currentId && sealed.length === 1 + 12 + PLAIN.length + 16)).toBe(
      true,
    )
    expect(new Set(seals.map((sealed) => hex(sealed.subarray(1, 13)))).size).toBe(50)
    expect(seals.some((sealed) => hex(sealed).includes(hex(PLAIN.subarray(0, 8))))).toBe(false)
  })

  it.each(['messages:proj_1:msg_2', 'messages:proj_2:msg_1', '', `${PLACE} `, PLACE.slice(0, -1)])(
    'are refused in %j',
    async (place) => {
      expect(await old.unseal(place, await old.seal(PLACE, PLAIN))).toBeNull()
    },
  )

  it('are refused with any bit changed', async () => {
    const sealed = await rotated.seal(PLACE, PLAIN)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await rotated.unseal(PLACE, changed), `bit ${bit}`).toBeNull()
    }
  })

  it('are refused cut short or made longer', async () => {
    const sealed = await old.seal(PLACE, PLAIN)
    for (let length = 0; length < sealed.length; length++)
      expect(await old.unseal(PLACE, sealed.slice(0, length))).toBeNull()
    expect(await old.unseal(PLACE, Uint8Array.from([...sealed, 0]))).toBeNull()
  })

  it('of the previous secret are opened, new ones are not made with it', async () => {
    expect(await rotated.unseal(PLACE, await old.seal(PLACE, PLAIN))).toEqual(PLAIN)
    const sealed = await rotated.seal(PLACE, PLAIN)
    expect(sealed[0]).toBe(renewed.currentId)
    expect(await renewed.unseal(PLACE, sealed)).toEqual(PLAIN)
    expect(await old.unseal(PLACE, sealed)).toBeNull()
  })

  it('of a secret that is gone or foreign are refused', async () => {
    const sealed = await old.seal(PLACE, PLAIN)
    expect(await renewed.unseal(PLACE, sealed)).toBeNull()
    expect(await foreign.unseal(PLACE, sealed)).toBeNull()
    // Under a forged key id too.
    expect(await foreign.unseal(PLACE, Uint8Array.from([foreign.currentId, ...sealed.subarray(1)]))).toBeNull()
  })
})

describe('two secrets whose key ids fall together', () => {
  let first: Keyring, second: Keyring, both: Keyring
  beforeAll(async () => {
    const byId = new Map<number, string>()
    for (let i = 0; ; i++) {
      const secret = `brute-force-brute-force-brute-force-${i}`
      const ring = await keyring(secret)
      const known = byId.get(ring.currentId)
      byId.set(ring.currentId, secret)
      if (known === undefined) continue
      first = await keyring(known)
      second = ring
      both = await keyring(secret, known)
      return
    }
  })

  it('are two secrets', async () => {
    expect(first.currentId).toBe(second.currentId)
    expect(await first.mac('form', data)).not.toEqual(await second.mac('form', data))
  })

  it('give two MACs', async () => {
    expect(await both.macsFor('form', both.currentId, data)).toEqual([
      await second.mac('form', data),
      await first.mac('form', data),
    ])
  })

  it('both open their seals', async () => {
    expect(await both.unseal(PLACE, await first.seal(PLACE, PLAIN))).toEqual(PLAIN)
    expect(await both.unseal(PLACE, await second.seal(PLACE, PLAIN))).toEqual(PLAIN)
    expect(await second.unseal(PLACE, await first.seal(PLACE, PLAIN))).toBeNull()
  })

  it('both have their links read, each with its own mask', async () => {
    const parts = { ledger: randomBytes(16), id: randomBytes(12), secret: randomBytes(24), expiresAt: 1_800_000_000 }
    const fromFirst = await mintSecret(first, 'link', parts)
    const fromSecond = await mintSecret(second, 'link', parts)
    expect(fromFirst).not.toBe(fromSecond)
    for (const text of [fromFirst, fromSecond]) expect((await parseSecret(both, text))?.ledger).toBe(hex(parts.ledger))
    expect(await parseSecret(second, fromFirst)).toBeNull()
  })
})
