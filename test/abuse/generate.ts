/** Requests that nobody would write, from a JSON Schema and a seed. The same seed gives the same requests. */

export type Schema = Record<string, any>

export type Random = {
  /** 0 up to, and without, `below`. */
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(of: readonly T[]): T
}

/** mulberry32: small, and good enough to choose mutations with. */
export function random(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number) => Math.floor(next() * below)
  return { int, chance: (probability) => next() < probability, pick: (of) => of[int(of.length)] as never }
}

export const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\u202egro.live',
  '\ufeff',
  '\uffff',
  'é'.normalize('NFD'),
  '＠',
  'K',
  '🧿',
  '%00',
  '%',
  '\r\nx: y',
  "' OR 1=1 --",
  '../..',
  '..\\..',
  '<script>alert(1)</script>',
  '{{link}}',
  '{{{link}}}',
  '$&',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e999',
  'true',
  '[]',
  '{}',
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(8193),
  'http://localhost:3000/',
  'javascript:alert(1)',
  '9'.repeat(400),
]
const ODD_NUMBERS = [0, -0, -1, 0.5, 1e-7, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 53 + 2, 1e21, 1e308, -1e308, 5e-324]
const ODD_VALUES = [null, true, false, [], {}, [[]], [null], { x: 1 }, '', 0, [1, 'a', null]]

/** A value that fits the schema, mostly. @param known values by the name of a field */
export function sample(r: Random, schema: Schema, known: Record<string, () => unknown>, name = '', depth = 0): unknown {
  const own = known[name]
  if (own && r.chance(0.8)) return own()
  if (schema.anyOf ?? schema.oneOf) return sample(r, r.pick(schema.anyOf ?? schema.oneOf), known, name, depth)
  if ('const' in schema) return schema.const
  if (schema.enum) return r.pick(schema.enum)
  switch ([schema.type].flat()[0]) {
    case 'string':
      return text(r, schema)
    case 'integer':
    case 'number': {
      const low = Math.max(schema.minimum ?? 0, -1e6)
      const high = Math.min(schema.maximum ?? 1000, 1e6)
      return r.pick([low, high, low + r.int(Math.max(1, high - low))])
    }
    case 'boolean':
      return r.chance(0.5)
    case 'null':
      return null
    case 'array':
      return Array.from({ length: Math.max(schema.minItems ?? 0, r.int(3)) }, () =>
        sample(r, schema.items ?? {}, known, name, depth + 1),
      )
    case 'object': {
      const required: string[] = schema.required ?? []
      const fields = Object.entries<Schema>(schema.properties ?? {}).filter(
        ([field]) => required.includes(field) || r.chance(depth === 0 ? 0.3 : 0.5),
      )
      const more = schema.additionalProperties && r.chance(0.5) ? [['key_1', schema.additionalProperties] as const] : []
      return Object.fromEntries(
        [...fields, ...more].map(([field, of]) => [field, sample(r, of, known, field, depth + 1)]),
      )
    }
    default:
      return r.pick(ODD_VALUES)
  }
}

function text(r: Random, { format, minLength = 0, maxLength = 40 }: Schema): string {
  if (format === 'email') return `p${r.int(1e9)}@example.com`
  if (format === 'uri') return 'http://localhost:3000/x'
  return 'abcdefghij'
    .repeat(1 + maxLength / 10)
    .slice(0, r.pick([Math.max(1, minLength), Math.min(maxLength, 30), maxLength]))
}

/** One thing wrong in it, somewhere: a type, a bound, a name, or too much of it. */
export function mutate(r: Random, value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) {
    if (value.length > 0 && r.chance(0.6)) return value.map((item, i) => (i === 0 ? mutate(r, item, depth + 1) : item))
    return r.pick([[...value, ...value, ...value], Array.from({ length: 300 }, () => value[0] ?? 'x'), oddValue(r)])
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
    if (fields.length > 0 && (depth === 0 || r.chance(0.6))) {
      const [field, inner] = r.pick(fields)
      switch (r.int(10)) {
        case 0:
          return Object.fromEntries(fields.filter(([name]) => name !== field))
        case 1:
          return { ...value, [r.pick(ODD_TEXTS).slice(0, 60)]: oddValue(r) }
        case 2:
          return {
            ...value,
            ...Object.fromEntries(Array.from({ length: r.pick([20, 255, 300]) }, (_, i) => [`k${i}`, 1])),
          }
        case 3:
          return { ...value, [field]: nested(r.pick([2, 15, 16, 17, 400]), inner) }
        default:
          return { ...value, [field]: r.chance(0.5) ? mutate(r, inner, depth + 1) : oddValue(r) }
      }
    }
    return depth === 0 ? { [r.pick(['surprise', 'id', 'project_id', 'scopes'])]: oddValue(r) } : oddValue(r)
  }
  return oddValue(r)
}

function oddValue(r: Random): unknown {
  return r.pick([() => r.pick(ODD_TEXTS), () => r.pick(ODD_NUMBERS), () => r.pick(ODD_VALUES)])()
}

function nested(levels: number, inner: unknown): unknown {
  let value = inner
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

/** JSON that a serializer would not write: duplicate keys, prototypes, half a pair, numbers beyond all ranges. */
export function garble(r: Random, json: string): string | Uint8Array {
  const first = json.startsWith('{"') ? (/^\{"([^"\\]*)"/.exec(json)?.[1] ?? 'a') : 'a'
  const inside = json.startsWith('{') && json.length > 2 ? `${json.slice(1)}` : '"a":1}'
  return r.pick<() => string | Uint8Array>([
    () => `{"${first}":1,${inside}`,
    () => `{"__proto__":{"role":"admin"},${inside}`,
    () => `{"constructor":{"prototype":{"x":1}},${inside}`,
    () => `{"${first}":"\\ud800",${inside}`,
    () => json.replace(/":"/, '":"\\ud83d'),
    () => json.replace(/":"/, '":"\\u0000'),
    () => json.replace(/:\s*-?\d+/, ':1e999'),
    () => json.replace(/:\s*-?\d+/, `:${'9'.repeat(3000)}`),
    () => json.replace(/:("[^"]*"|\d+)/, ':NaN'),
    () => json.slice(0, r.int(json.length + 1)),
    () => `${json}${json}`,
    () => `\ufeff${json}`,
    () => ` \n${json}\t`,
    () => `[${json}]`,
    () => `${'['.repeat(5000)}${']'.repeat(5000)}`,
    () => `{"a":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`,
    () => json.padEnd(r.pick([16_384, 16_385, 65_536, 65_537, 140_000])),
    () => Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    () => Uint8Array.from([...new TextEncoder().encode(json)].flatMap((byte) => [byte, 0])),
    () => '',
  ])()
}
