import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { disposableListOf, shardOf } from '../../src/lib/shard.ts'

describe('shardOf', () => {
  // RFC 9923 appendix C: FNV-1a of 32 bits. Folded: bf ^ 9c ^ f9 ^ 68, and so on.
  it.each([
    ['', 'c5'],
    ['a', 'ed'],
    ['foobar', 'b2'],
  ])('%j → %s', (name, shard) => {
    expect(shardOf(name)).toBe(shard)
  })

  it('leads to a list that is there, sorted, and short', async () => {
    const { ASSETS } = env as unknown as { ASSETS: Fetcher }
    const response = await ASSETS.fetch(`https://assets.invalid${disposableListOf('mailinator.com')}`)
    const text = await response.text()
    const domains = text.trim().split('\n')
    expect(domains).toContain('mailinator.com')
    expect(domains).toEqual([...domains].sort())
    expect(text.length).toBeLessThan(4096)
  })
})
