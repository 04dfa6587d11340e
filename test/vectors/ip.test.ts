import { describe, expect, it } from 'vitest'
import { limitKeyOfIp } from '../../src/lib/ip.ts'

describe('IPv6 is limited by its /64', () => {
  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['2001:db8:0:1::ffff:1.2.3.4', '2001:db8:0:1::/64'],
  ])('%s', (ip, key) => {
    expect(limitKeyOfIp(ip)).toBe(key)
  })

  it.each([
    '2001:DB8:0:AB:0:0:0:1',
    '2001:0db8:0000:00ab:0000:0000:0000:0001',
    '2001:db8:0:ab::1',
    '2001:db8::ab:0:0:0:1',
    '2001:db8:0:ab:0:0:0.0.0.1',
    '2001:db8:0:ab::0.0.0.1',
  ])('%s is one address however it is spelt', (spelling) => {
    expect(limitKeyOfIp(spelling)).toBe('2001:db8:0:ab::/64')
  })

  it('10,000 addresses of one /64 have one key', () => {
    const addresses = Array.from(
      { length: 10_000 },
      (_, i) => `2001:db8:0:7:${i.toString(16)}:${(i % 997).toString(16)}::1`,
    )
    expect(new Set(addresses.map(limitKeyOfIp))).toEqual(new Set(['2001:db8:0:7::/64']))
  })

  it('neighbouring /64 have two keys', () => {
    expect(limitKeyOfIp('2001:db8:0:7::1')).not.toBe(limitKeyOfIp('2001:db8:0:8::1'))
  })
})

describe('IPv4 is limited by itself', () => {
  it.each(['192.0.2.1', '127.0.0.1', '255.255.255.255'])('%s', (ip) => {
    expect(limitKeyOfIp(ip)).toBe(ip)
  })

  // RFC 4291 §2.5.5.2. In one bucket they would be all of IPv4.
  it.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['::ffff:0.0.0.0', '0.0.0.0'],
    ['::ffff:255.255.255.255', '255.255.255.255'],
    ['::ffff:0:1', '0.0.0.1'],
  ])('%s is mapped', (ip, key) => {
    expect(limitKeyOfIp(ip)).toBe(key)
  })

  it.each(['::ffff:0:192.0.2.1', '::192.0.2.1', '1::ffff:192.0.2.1', '::fffe:c000:201'])('%s is not', (ip) => {
    expect(limitKeyOfIp(ip)).toMatch(/::\/64$/)
  })
})

it.each([null, '', ':', ':::', '::1]', 'fe80::1%eth0', '1:2:3', '1:2:3:4:5:6:7:8:9', 'g::1', '[::1]', 'http://[::1]'])(
  '%j is no address',
  (ip) => {
    expect(limitKeyOfIp(ip)).toBe('none')
  },
)
