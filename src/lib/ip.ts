/**
 * The key of an address for limits: an IPv4 address, or the /64 of an IPv6 one, since anybody has 2^64 of the rest.
 * Spellings of one address fall together: `URL` writes IPv6 canonically (RFC 5952), and an IPv4-mapped address (RFC 4291
 * §2.5.5.2) is the IPv4 address, since one /64 holds all of them.
 */
export function limitKeyOfIp(ip: string | null): string {
  if (!ip) return 'none'
  if (!ip.includes(':')) return ip
  const host = URL.parse(`http://[${ip}]/`)?.hostname.slice(1, -1)
  if (!host) return 'none'
  const [head = '', tail = ''] = host.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return dotted(groups.slice(6))
  return `${groups.slice(0, 4).join(':')}::/64`
}

const dotted = (groups: string[]): string =>
  groups
    .map((group) => Number.parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 255])
    .join('.')
