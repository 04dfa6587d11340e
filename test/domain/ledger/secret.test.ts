import { beforeAll, describe, expect, it } from 'vitest'
import { createKeyring, type Keyring } from '../../../src/domain/keyring.ts'
import {
  CHALLENGE_ID_PREFIX,
  ID_BYTES,
  mintChallengeId,
  mintSecret,
  PURPOSES,
  parseChallengeId,
  parseSecret,
  proofOf,
  SECRET_BYTES,
} from '../../../src/domain/ledger/secret.ts'
import { decodeBase64url, encodeBase64url } from '../../../src/lib/base64url.ts'
import { hex } from '../../../src/lib/bytes.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const keyring = (current: string, previous: string | null = null) => createKeyring(current, previous, random)
const OLD = 'old-secret-old-secret-old-secret-0001'
const NEW = 'new-secret-new-secret-new-secret-0001'

const ledger = random(16)
const id = random(ID_BYTES)
const secret = random(SECRET_BYTES)
const expiresAt = 1_800_000_000
const parts = { ledger, id, secret, expiresAt }
let keys: Keyring
let link: string
let challengeId: string
beforeAll(async () => {
  keys = await keyring(OLD)
  link = await mintSecret(keys, 'link', parts)
  challengeId = await mintChallengeId(keys, ledger, id)
})

const decoded = (text: string) => decodeBase64url(text.replace(CHALLENGE_ID_PREFIX, '')) ?? new Uint8Array()
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

describe('round trip', () => {
  it.each(['link', 'grant', 'bound_grant'] as const)('a %s', async (purpose) => {
    const text = await mintSecret(keys, purpose, parts)
    expect(text).toMatch(/^[A-Za-z0-9_-]{99}$/)
    expect(await parseSecret(keys, text)).toEqual({
      purpose,
      keyId: keys.currentId,
      expiresAt,
      ledger: hex(ledger),
      id: encodeBase64url(id),
      proof: await proofOf(purpose, id, secret),
    })
  })

  it('a challenge id', async () => {
    expect(challengeId).toMatch(/^chal_[A-Za-z0-9_-]{62}$/)
    expect(await parseChallengeId(keys, challengeId)).toEqual({ ledger: hex(ledger), id: encodeBase64url(id) })
  })

  it('200 random ones, to the last second of 32 bits', async () => {
    for (let i = 0; i < 200; i++) {
      const some = { ledger: random(16), id: random(12), secret: random(24), expiresAt: i === 0 ? 0xffffffff : i }
      const parsed = await parseSecret(keys, await mintSecret(keys, 'link', some))
      expect(parsed).toMatchObject({
        ledger: hex(some.ledger),
        id: encodeBase64url(some.id),
        expiresAt: some.expiresAt,
      })
    }
  })

  it('stores another hash for every purpose, id and secret', async () => {
    const proofs = await Promise.all([
      ...PURPOSES.map((purpose) => proofOf(purpose, id, secret)),
      proofOf('link', random(12), secret),
      proofOf('link', id, random(24)),
    ])
    expect(new Set(proofs).size).toBe(PURPOSES.length + 2)
  })
})

describe('refused', () => {
  it('a link with any bit changed', async () => {
    for (let bit = 0; bit < 74 * 8; bit++) {
      expect(await parseSecret(keys, encodeBase64url(flipped(decoded(link), bit))), `bit ${bit}`).toBeNull()
    }
  })

  it('a challenge id with any bit changed', async () => {
    for (let bit = 0; bit < 46 * 8; bit++) {
      const text = CHALLENGE_ID_PREFIX + encodeBase64url(flipped(decoded(challengeId), bit))
      expect(await parseChallengeId(keys, text), `bit ${bit}`).toBeNull()
    }
  })

  it('a link with any character changed, the bits behind the last byte too', async () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < link.length; at++) {
      for (const letter of at === link.length - 1 ? letters : 'Aa0_') {
        if (letter === link[at]) continue
        expect(await parseSecret(keys, link.slice(0, at) + letter + link.slice(at + 1)), `${at} ${letter}`).toBeNull()
      }
    }
  })

  it('a link of any other length', async () => {
    for (let length = 0; length < link.length; length++)
      expect(await parseSecret(keys, link.slice(0, length))).toBeNull()
    for (const more of ['A', 'AA', 'AAAA', '=', ' ', '\n', '\0', link]) {
      expect(await parseSecret(keys, link + more)).toBeNull()
      expect(await parseSecret(keys, more + link)).toBeNull()
    }
  })

  it('a challenge id of any other length', async () => {
    for (let length = 0; length < challengeId.length; length++)
      expect(await parseChallengeId(keys, challengeId.slice(0, length))).toBeNull()
    for (const more of ['A', 'AA', 'AAAA', '=', ' ', '\n', '\0']) {
      expect(await parseChallengeId(keys, challengeId + more)).toBeNull()
      expect(await parseChallengeId(keys, more + challengeId)).toBeNull()
    }
  })

  it.each([
    ['nothing', () => ''],
    ['10 KB', () => 'A'.repeat(10_240)],
    ['99 letters', () => 'A'.repeat(99)],
    ['99 characters outside ASCII', () => 'é'.repeat(99)],
    ['padding in the place of the last letter', () => `${link.slice(0, -1)}=`],
    ['a space in it', () => `${link.slice(0, 50)} ${link.slice(51)}`],
    ['percent encoding', () => encodeURIComponent(`${link}=`)],
    ['a full-width letter', () => `Ｅ${link.slice(1)}`],
    ['upper case', () => link.toUpperCase()],
  ])('%s', async (_what, text) => {
    expect(await parseSecret(keys, text())).toBeNull()
    expect(await parseChallengeId(keys, text())).toBeNull()
    expect(await parseChallengeId(keys, CHALLENGE_ID_PREFIX + text())).toBeNull()
  })

  it('the alphabet of RFC 4648 §4', async () => {
    // Until one has a letter in which the alphabets differ.
    let text = link
    while (!/[-_]/.test(text)) text = await mintSecret(keys, 'link', { ...parts, secret: random(24) })
    expect(await parseSecret(keys, text)).not.toBeNull()
    expect(await parseSecret(keys, text.replaceAll('-', '+').replaceAll('_', '/'))).toBeNull()
  })

  it('a challenge id as a secret, and a secret as a challenge id', async () => {
    const bare = challengeId.slice(CHALLENGE_ID_PREFIX.length)
    for (const text of [challengeId, bare, bare.padEnd(99, 'A'), bare.padStart(99, 'A')])
      expect(await parseSecret(keys, text)).toBeNull()
    for (const text of [link, CHALLENGE_ID_PREFIX + link, CHALLENGE_ID_PREFIX + link.slice(0, 62)])
      expect(await parseChallengeId(keys, text)).toBeNull()
  })

  it('a challenge id without its prefix, or with another', async () => {
    const bare = challengeId.slice(CHALLENGE_ID_PREFIX.length)
    for (const text of [bare, `CHAL_${bare}`, `chal-${bare}`, `chal${bare}`, `chal_chal_${bare}`])
      expect(await parseChallengeId(keys, text)).toBeNull()
  })

  it('one purpose as another, whatever the first byte says', async () => {
    for (let head = 0; head < 256; head++) {
      const bytes = decoded(link)
      if (head === bytes[0]) continue
      bytes[0] = head
      expect(await parseSecret(keys, encodeBase64url(bytes)), `head ${head}`).toBeNull()
    }
  })

  it('what we never mint, even under a right MAC', async () => {
    const signed = async (text: string, head: number) => {
      const body = decoded(text).slice(0, -16)
      body[0] = head
      return encodeBase64url(Uint8Array.from([...body, ...(await keys.mac('secret', body)).subarray(0, 16)]))
    }
    expect(await parseSecret(keys, await signed(link, 0x11))).not.toBeNull()
    for (const head of [0, 1, 0x10, 0x16, 0x1f, 0x21, 0xff])
      expect(await parseSecret(keys, await signed(link, head)), `head ${head}`).toBeNull()
    for (const head of [0, 1, 0x11, 0x1f, 0x20, 0xff])
      expect(
        await parseChallengeId(keys, CHALLENGE_ID_PREFIX + (await signed(challengeId, head))),
        `head ${head}`,
      ).toBeNull()
  })

  it('another deployment’s', async () => {
    const foreign = await keyring('foreign-secret-foreign-secret-foreign')
    expect(await parseSecret(foreign, link)).toBeNull()
    expect(await parseChallengeId(foreign, challengeId)).toBeNull()
    // Under our key id too.
    for (const text of [link, challengeId]) {
      const bytes = decoded(text)
      bytes[1] = foreign.currentId
      expect(await parseSecret(foreign, encodeBase64url(bytes))).toBeNull()
      expect(await parseChallengeId(foreign, CHALLENGE_ID_PREFIX + encodeBase64url(bytes))).toBeNull()
    }
  })

  it('a secret under the MAC of a challenge id', async () => {
    // The same key signs both: the first byte and the length keep them apart.
    const body = decoded(link).subarray(0, 58)
    const mac = (await keys.mac('secret', decoded(challengeId).subarray(0, 30))).subarray(0, 16)
    expect(await parseSecret(keys, encodeBase64url(Uint8Array.from([...body, ...mac])))).toBeNull()
  })
})

describe('of one subject', () => {
  it('two links cannot be linked: no more bytes fall together than by chance', async () => {
    const count = 300
    const texts = await Promise.all(
      Array.from({ length: count }, () =>
        mintSecret(keys, 'link', { ledger, id: random(12), secret: random(24), expiresAt }),
      ),
    )
    const subjects = texts.map((text) => decoded(text).subarray(6, 22))
    expect(new Set(subjects.map(hex)).size).toBe(count)
    let same = 0
    let pairs = 0
    for (const [i, a] of subjects.entries()) {
      for (const b of subjects.slice(i + 1)) {
        pairs++
        same += a.filter((byte, at) => byte === b[at]).length
      }
    }
    // 1 in 256 of 717,600 byte pairs is 2,803, with a deviation of 53; ten of these are never seen by chance.
    expect(Math.abs(same - (pairs * 16) / 256)).toBeLessThan(530)
    // The ledger's name stands in none.
    expect(texts.some((text) => hex(decoded(text)).includes(hex(ledger)))).toBe(false)
  })

  it('a link and its challenge id name one ledger and one challenge', async () => {
    const [parsed, ref] = [await parseSecret(keys, link), await parseChallengeId(keys, challengeId)]
    expect({ ledger: parsed?.ledger, id: parsed?.id }).toEqual(ref)
  })
})

describe('rotation', () => {
  it('accepts what the previous secret minted, until it is removed', async () => {
    const rotated = await keyring(NEW, OLD)
    const later = await keyring(NEW)
    expect(await parseSecret(rotated, link)).toEqual(await parseSecret(keys, link))
    expect(await parseChallengeId(rotated, challengeId)).toEqual(await parseChallengeId(keys, challengeId))
    expect(await parseSecret(later, link)).toBeNull()
    expect(await parseChallengeId(later, challengeId)).toBeNull()
  })

  it('mints under the new secret only', async () => {
    const rotated = await keyring(NEW, OLD)
    const later = await keyring(NEW)
    const text = await mintSecret(rotated, 'link', parts)
    expect(decoded(text)[1]).toBe(later.currentId)
    expect((await parseSecret(later, text))?.ledger).toBe(hex(ledger))
    expect(await parseSecret(keys, text)).toBeNull()
    expect((await parseChallengeId(later, await mintChallengeId(rotated, ledger, id)))?.ledger).toBe(hex(ledger))
  })
})
