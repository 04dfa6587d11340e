/**
 * 1Kosmos' encryption against OpenSSL: every value below was made with Node's `createECDH('secp256k1')` and `aes-256-gcm` from
 * fixed keys and IVs. The last private key is 1, so its public key is the generator of SEC 2 §2.4.1.
 */

import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../src/lib/base64.ts'
import { hex, hexBytes } from '../../src/lib/bytes.ts'
import { keyPairOf, SEED_BYTES, sealText, sharedKey, unsealText } from '../../src/lib/ecdh.ts'

const VECTORS = [
  {
    privateKey: '518776e0ee3bab1ccb224539e1fb9eb28ed6033c564686e8c53b1bd50982fa78',
    publicKey:
      'f313a8f8378b5875c4a26476be6ee6cdfb3b889cc2be5f2d81fc8bba80ad91bc708bd5f66a377bdaf230dca13838bfda58c837741e74916e5a614e11b9f14a66',
    otherPublicKey:
      '57bc59c90ce4f7011a3cde1e570c584cc380156443775f62293941dd7619751ecc328062c427ca48668a8520e750c98f00df856d913c05a151d8a90eae00e429',
    otherPrivateKey: '2f70bb84964b6da3c938c5204712f163e717529d8358bda20b50a41d2817f040',
    shared: '2406b5f590adcd99bfd282ff7d0eaed7c03545b3624ad8e29352f8132c0a8d5a',
    iv: '51b3df40daac903124f566fd480b15ba',
    text: '{"ts":1656480123,"appid":"fixme","uuid":"2927269a-deba-4f48-ba8c-9d6ee7900000"}',
    sealed:
      'UbPfQNqskDEk9Wb9SAsVui4YSRouQWcClQzP8pEKVxBVVFiza3nnH1DHYRmMibAlVs1p4wnJkU3tiYy+AQZgYb2cJox1exw7KAhAPiQZQcJOWyjr4tc73zFGDVp3tNvG66enIaUNHM3ypxBDqQXe',
  },
  {
    privateKey: '8d7bfd749754c0b93f9610596e8c593c1cfe8300ff7d6c569b9bc71842b97851',
    publicKey:
      '8853c5acbf8e0aab1da87ccf77ec83d15f69aceb0b74598b996f64ef5b1f3c9d036bf14da9050223314fc7adc62703948a8fcd1e2758a976b7ff022af4853f32',
    otherPublicKey:
      '4f6dc70bb9d9fe0c96497a511d762f7aa78d17a97013ca6f93b0b1f26a1380bc295e05a10e345e42e28ebce295c6bba6bc5d000be9e6776dd63c9e3bc3a1a514',
    otherPrivateKey: 'b0400d2b72291a65a9287d7abe744b09a4a350bac45c385690ab172d7fe1d6c7',
    shared: 'f32f5ef3ad4f0a15a1d6752334f26b75eb6de0358102534a947d60745f179e25',
    iv: 'd545eab4000638af078c2c2bc1cbad0b',
    text: '',
    sealed: '1UXqtAAGOK8HjCwrwcutCxwjShjITcR2+xDjXQeHwUg=',
  },
  {
    privateKey: '151c3890d62710551aed01fd7d57511da79a1660d5d92ecac4f982057778eaff',
    publicKey:
      '12909441936d1e376ba8d51d1b94f6c75f3d027304c81732da8fa6337a17d18e7b24bc597e39cb87feaab9c37c22c6e18e1c0221038cfb56caea335113195300',
    otherPublicKey:
      'a5b837e5390f9af5b49e89f4a2b8c1fa7e5b85694007efcb178b4701e6be9f2ccb7b79fdea51da9d0d5cc4f096d45fda4c49f15e36a4c450a95552cecd542af1',
    otherPrivateKey: 'f1b2cb1549f9b9efd892935073f55e2164f568e48305e6bb4eeff2377259595b',
    shared: 'dd3abaf9af5c7eda620efa053c0a5283b376612301bc842b5f652ae5813d8a36',
    iv: '26914c86d88d5e682a7f6000110dbc9a',
    text: 'lk_Grüße 🔑',
    sealed: 'JpFMhtiNXmgqf2AAEQ28mtLo6qyF5v3N/Ga7+xfnK14EMHIHTTOx3Ayj0zuFosA=',
  },
  {
    privateKey: '0000000000000000000000000000000000000000000000000000000000000001',
    publicKey:
      '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
    otherPublicKey:
      'ee676edb13cf2f87b9831623a72da31c69e47f8fdfa1bcbb6d5b20ed57efbc542e1b2cfae8545cab8b05049b13d0ca34d0a2bb3bb7699e53b4a9b90ad547e5d6',
    otherPrivateKey: 'b2a60c4385b48acadbfa797deab5badb930f5b7eab847c4d0a0280140dcb52a1',
    shared: 'ee676edb13cf2f87b9831623a72da31c69e47f8fdfa1bcbb6d5b20ed57efbc54',
    iv: 'cb6184142d8441e77b8cc0f8daf42f0d',
    text: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    sealed: 'y2GEFC2EQed7jMD42vQvDQQtBBzYSdvPCY2mMdjEe0mJe3aJtpLC2A1YR/B3oFecEDB6QzNtlCWJqjQQdZy78fc=',
  },
]
const [first] = VECTORS
if (!first) throw new Error('no vectors')
const key = hexBytes(first.shared)

const P = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'
/** Of P-256: a point, on another curve. */
const P256 =
  '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
  '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

describe.each(VECTORS)('the keys $privateKey and $otherPrivateKey', (vector) => {
  it('share the same X coordinate from either side', () => {
    expect(hex(sharedKey(hexBytes(vector.privateKey), hexBytes(vector.otherPublicKey)) ?? key)).toBe(vector.shared)
    expect(hex(sharedKey(hexBytes(vector.otherPrivateKey), hexBytes(vector.publicKey)) ?? key)).toBe(vector.shared)
  })

  it('seal and open the same text', async () => {
    expect(await sealText(hexBytes(vector.shared), hexBytes(vector.iv), vector.text)).toBe(vector.sealed)
    expect(await unsealText(hexBytes(vector.shared), vector.sealed)).toBe(vector.text)
  })
})

describe('a key pair', () => {
  it('is made of its seed, and is a pair', () => {
    const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES))
    const [one, same, other] = [keyPairOf(seed), keyPairOf(seed), keyPairOf(flipped(seed, 0))]
    expect(one).toEqual(same)
    expect(hex(one.privateKey)).not.toBe(hex(other.privateKey))
    expect([one.privateKey.length, one.publicKey.length]).toEqual([32, 64])
    const shared = sharedKey(one.privateKey, other.publicKey)
    expect(shared).toHaveLength(32)
    expect(shared).toEqual(sharedKey(other.privateKey, one.publicKey))
  })
})

describe('a public key', () => {
  const privateKey = hexBytes(first.privateKey)
  it.each([
    ['nothing', ''],
    ['half a point', first.otherPublicKey.slice(0, 64)],
    ['a byte too few', first.otherPublicKey.slice(2)],
    ['a byte too many', `04${first.otherPublicKey}`],
    ['zeros', '00'.repeat(64)],
    ['a Y of another point', first.otherPublicKey.slice(0, 64) + first.publicKey.slice(64)],
    ['a point of another curve', P256],
    ['an X beyond the field', P + first.otherPublicKey.slice(64)],
    ['ones', 'ff'.repeat(64)],
  ])('that is %s has no shared key', (_, publicKey) => {
    expect(sharedKey(privateKey, hexBytes(publicKey))).toBeNull()
  })

  it('with any one bit changed is no point', () => {
    const bytes = hexBytes(first.otherPublicKey)
    for (let bit = 0; bit < bytes.length * 8; bit += 7) expect(sharedKey(privateKey, flipped(bytes, bit))).toBeNull()
  })
})

describe('a sealed text', () => {
  const bytes = decodeBase64(first.sealed) ?? new Uint8Array()

  it('with any one bit changed is refused', async () => {
    for (let bit = 0; bit < bytes.length * 8; bit++)
      expect(await unsealText(key, encodeBase64(flipped(bytes, bit))), `bit ${bit}`).toBeNull()
  })

  it('cut at any place is refused', async () => {
    for (let length = 0; length < bytes.length; length++)
      expect(await unsealText(key, encodeBase64(bytes.subarray(0, length))), `${length} bytes`).toBeNull()
  })

  it.each(['', '=', 'AAAA', '!'.repeat(64), `${first.sealed}=`, ` ${first.sealed}`, first.sealed.slice(1), '🔑🔑'])(
    'that is %j is refused',
    async (text) => {
      expect(await unsealText(key, text)).toBeNull()
    },
  )

  it('under another key is refused', async () => {
    expect(await unsealText(flipped(key, 0), first.sealed)).toBeNull()
  })

  it('that is no UTF-8 is refused', async () => {
    const iv = new Uint8Array(16)
    const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, aes, Uint8Array.of(0xff, 0xfe)))
    expect(await unsealText(key, encodeBase64(Uint8Array.from([...iv, ...sealed])))).toBeNull()
  })
})

describe('base64', () => {
  // RFC 4648 §10.
  it.each([
    ['', ''],
    ['66', 'Zg=='],
    ['666f', 'Zm8='],
    ['666f6f', 'Zm9v'],
    ['666f6f62', 'Zm9vYg=='],
    ['fbff', '+/8='],
  ])('of %j', (given, text) => {
    expect(encodeBase64(hexBytes(given))).toBe(text)
    expect(decodeBase64(text)).toEqual(hexBytes(given))
  })

  it.each(['Zg', 'Zg=', 'Zh==', 'Zm9=v', '-_8=', 'Zm9v\n', 'Z===', '===='])('is not %j', (text) => {
    expect(decodeBase64(text)).toBeNull()
  })
})
