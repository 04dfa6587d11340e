import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AddressFailure,
  describeAddressFailure,
  type EmailAddress,
  maskEmail,
  parseEmailAddress,
} from '../../src/domain/users/address.ts'
import { ACCEPTED, REFUSED } from './address-corpus.ts'

const ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-"
const LDH = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-'
// Printable ASCII without the space and without RFC 5322 §3.2.3 specials other than the dot and the @.
const HARMLESS = /^[^,;<>"()[\]\\:\s\u0080-\uffff]+$/
const PRINTABLE = /^[!-~]+$/
const EXHAUSTIVE = { timeout: 120_000 }

describe('the corpus', () => {
  it.each(ACCEPTED)('accepts $input: $why', ({ input, exact, canonical, subject }) => {
    const domain = exact.slice(exact.indexOf('@') + 1)
    expect(parseEmailAddress(input)).toEqual({ ok: true, value: { exact, canonical, subject, domain } })
  })

  it.each(ACCEPTED)('reads its own output again: $input', ({ input }) => {
    expectStable(mustParse(input))
  })

  it.each(REFUSED.map((refusal) => ({ ...refusal, shown: shown(refusal.input) })))(
    'refuses $shown as $reason: $why',
    ({ input, reason }) => {
      expect(parseEmailAddress(input)).toEqual({ ok: false, error: { reason } })
    },
  )

  it('has a case of every reason, and a sentence for each', () => {
    const reasons = [...new Set(REFUSED.map(({ reason }) => reason))]
    const all: AddressFailure['reason'][] = [
      'bad_domain',
      'bad_local_part',
      'empty',
      'no_at_sign',
      'too_long',
      'two_at_signs',
    ]
    expect(reasons.sort()).toEqual(all)
    const sentences = all.map((reason) => describeAddressFailure({ reason }))
    expect(new Set(sentences).size).toBe(all.length)
    for (const sentence of sentences) expect(sentence).toMatch(/^The .*\.$/)
  })

  it('gives a+1 to a+500 one subject and 500 canonical forms (E4)', () => {
    const addresses = Array.from({ length: 500 }, (_, index) => mustParse(`a+${index + 1}@gmail.com`))
    expect(new Set(addresses.map(({ subject }) => subject))).toEqual(new Set(['a@gmail.com']))
    expect(new Set(addresses.map(({ canonical }) => canonical)).size).toBe(500)
  })
})

// Each test lists the code points that break its rule, as U+XXXX, and expects none.
describe('every code point from 0 to 10FFFF', EXHAUSTIVE, () => {
  it('only atext is accepted as, before and after a local part', EXHAUSTIVE, () => {
    const offenders = codePointsWhere((character) => {
      const allowed = isOneOf(character, ATEXT)
      return (
        accepts(`${character}@example.com`) !== allowed ||
        accepts(`a${character}@example.com`) !== allowed ||
        // A space in front is the keyboard's, and trimmed.
        accepts(`${character}a@example.com`) !== (allowed || character === ' ')
      )
    })
    expect(offenders).toEqual([])
  })

  it('only atext and the dot are accepted within a local part, and only A-Z changes', EXHAUSTIVE, () => {
    const offenders = codePointsWhere((character) => {
      const parsed = parseEmailAddress(`a${character}b@example.com`)
      if (!parsed.ok) return isOneOf(character, `${ATEXT}.`)
      const lower = /^[A-Z]$/.test(character) ? String.fromCharCode(character.charCodeAt(0) + 32) : character
      return (
        !isOneOf(character, `${ATEXT}.`) ||
        parsed.value.exact !== `a${character}b@example.com` ||
        parsed.value.canonical !== `a${lower}b@example.com`
      )
    })
    expect(offenders).toEqual([])
  })

  // [where, the domain around one character, the ASCII that may stand there]
  it.each<[string, (character: string) => string, string]>([
    ['within a label', (character) => `ex${character}ample.com`, `${LDH}.`],
    ['at the start of the domain', (character) => `${character}example.com`, LDH.replace('-', '')],
    ['as a label', (character) => `${character}.com`, LDH.replace('-', '')],
    ['at the end of the domain', (character) => `example.com${character}`, `${LDH.replace('-', '')} `],
    ['beside a U-label', (character) => `b\u00fc${character}cher.com`, `${LDH}.`],
  ])('one %s never makes another ASCII domain (E3)', EXHAUSTIVE, (_where, around, allowed) => {
    let acceptedOutsideAscii = 0
    const offenders = codePointsWhere((character) => {
      const domain = around(character)
      const parsed = parseEmailAddress(`a@${domain}`)
      const isAscii = character <= '\x7f'
      if (!parsed.ok) return isAscii && isOneOf(character, allowed)
      if (isAscii && !isOneOf(character, allowed)) return true
      if (!isAscii) acceptedOutsideAscii += 1
      return !isFaithful(domain, parsed.value)
    })
    expect(offenders).toEqual([])
    expect(acceptedOutsideAscii).toBeGreaterThan(50_000)
  })

  it('what is accepted in a domain is ASCII, and is read as itself again', EXHAUSTIVE, () => {
    const offenders = codePointsWhere((character) => {
      const parsed = parseEmailAddress(`A@ex${character}ample.com`)
      return parsed.ok && !isStable(parsed.value)
    })
    expect(offenders).toEqual([])
  })

  it.each<[string, (character: string) => string]>([
    ['the prefix of an A-label', (character) => `${character}n--bcher-kva.de`],
    ['the hyphens of an A-label', (character) => `xn-${character}bcher-kva.de`],
    ['the code of an A-label', (character) => `xn--bcher-${character}va.de`],
    ['the inside of an A-label', (character) => `xn--bcher${character}-kva.de`],
  ])('one in %s never stands for ASCII', EXHAUSTIVE, (_where, around) => {
    const offenders = codePointsWhere((character) => {
      const domain = around(character)
      const parsed = parseEmailAddress(`a@${domain}`)
      if (!parsed.ok) return false
      if (!isFaithful(domain, parsed.value)) return true
      return character > '\x7f' && (domain.startsWith('xn--') || parsed.value.domain === 'xn--bcher-kva.de')
    })
    expect(offenders).toEqual([])
    expect(accepts('a@xn--bcher-kva.de')).toBe(true)
  })

  it('what the URL parser, NFKC or a case mapping turns into ASCII is refused in a label of ASCII', EXHAUSTIVE, () => {
    const counts = { url: 0, nfkc: 0, lower: 0 }
    const offenders = codePointsWhere((character) => {
      if (character <= '\x7f') return false
      const viaUrl =
        URL.canParse(`http://a${character}b`) && /^a[^-]*b$/.test(new URL(`http://a${character}b`).hostname)
      const viaNfkc = isAsciiText(character.normalize('NFKC'))
      const viaLower = isAsciiText(character.toLowerCase())
      if (viaUrl) counts.url += 1
      if (viaNfkc) counts.nfkc += 1
      if (viaLower) counts.lower += 1
      return (viaUrl || viaNfkc || viaLower) && accepts(`a@ex${character}ample.com`)
    })
    expect(offenders).toEqual([])
    // The runtime's Unicode version decides how many there are; these only prove that the loop saw them.
    expect(counts.url).toBeGreaterThan(1_500)
    expect(counts.nfkc).toBeGreaterThan(1_400)
    expect(counts.lower).toBe(1)
  })

  it('what NFKC or NFKD turns into an ASCII special is refused anywhere in a domain', EXHAUSTIVE, () => {
    const seen: string[] = []
    const offenders = codePointsWhere((character) => {
      if (character <= '\x7f') return false
      const folded = character.normalize('NFKC') + character.normalize('NFKD')
      if (!/[^A-Za-z0-9\u{80}-\u{10ffff}-]/u.test(folded)) return false
      seen.push(codePointName(character))
      return (
        accepts(`a@ex${character}ample.com`) ||
        accepts(`a@b\u00fc${character}cher.com`) ||
        accepts(`a@example.com${character}`) ||
        accepts(`a@example${character}com`)
      )
    })
    expect(offenders).toEqual([])
    expect(seen).toEqual(expect.arrayContaining(['U+FE6B', 'U+FF20', 'U+2024', 'U+FE52', 'U+FF0E', 'U+2100', 'U+226E']))
  })

  it('no character but the dot separates labels', EXHAUSTIVE, () => {
    const offenders = codePointsWhere((character) => accepts(`a@example${character}com`) !== (character === '.'))
    expect(offenders).toEqual([])
  })

  it('no character but @ separates the parts, or is accepted beside it', EXHAUSTIVE, () => {
    const offenders = codePointsWhere((character) => accepts(`jane${character}example.com`) !== (character === '@'))
    expect(offenders).toEqual([])
    const second = codePointsWhere((character) => {
      const parsed = parseEmailAddress(`jane@example.com${character}example.org`)
      const becomesAt = character.normalize('NFKC') === '@'
      return becomesAt !== (!parsed.ok && parsed.error.reason === 'two_at_signs')
    })
    expect(second).toEqual([])
  })
})

describe('properties', () => {
  const runs = { numRuns: 5_000 }
  const atext = fc.constantFrom(...ATEXT)
  const atom = fc.string({ unit: atext, minLength: 1, maxLength: 12 })
  const localPart = fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join('.'))
  const ldhLabel = fc
    .string({ unit: fc.constantFrom(...LDH.replace('-', '')), minLength: 1, maxLength: 12 })
    .filter((label) => !/^xn/i.test(label))
  const domain = fc
    .tuple(fc.array(ldhLabel, { minLength: 1, maxLength: 4 }), fc.constantFrom('com', 'Example', 'co2'))
    .map(([labels, top]) => [...labels, top].join('.'))
  const hostile = fc.constantFrom(
    ...'.@,;<>"()[]\\: \t\r\n\0/?#%_-+',
    'xn--',
    '\u3002',
    '\uff0e',
    '\uff20',
    '\u212a',
    '\u00ad',
    '\u200d',
    '\u00fc',
    '\u0308',
    '\u05d0',
    '\ud800',
  )
  const piece = fc.oneof(atom, ldhLabel, hostile, fc.string({ unit: 'binary', maxLength: 3 }))
  const nearlyAnAddress = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.tuple(localPart, fc.array(piece, { maxLength: 6 }), domain).map(([l, p, d]) => `${l}@${p.join('')}${d}`),
    fc.tuple(localPart, fc.array(piece, { maxLength: 6 }), domain).map(([l, p, d]) => `${l}${p.join('')}@${d}`),
    fc.tuple(localPart, fc.string({ unit: 'grapheme', maxLength: 8 })).map(([l, u]) => `${l}@${u}.com`),
    fc.string({ unit: 'binary', maxLength: 300 }),
  )

  it('an accepted address is ASCII with one @, 254 octets at most, and no control or special', () => {
    let seen = 0
    fc.assert(
      fc.property(nearlyAnAddress, (input) => {
        const parsed = parseEmailAddress(input)
        if (!parsed.ok) return
        seen += 1
        for (const form of [parsed.value.exact, parsed.value.canonical, parsed.value.subject]) {
          expect(form.split('@')).toHaveLength(2)
          expect(form.length).toBeLessThanOrEqual(254)
          expect(form).toMatch(PRINTABLE)
          expect(form).toMatch(HARMLESS)
          expect(form.slice(form.indexOf('@') + 1)).toBe(parsed.value.domain)
        }
        expect(parsed.value.domain).toMatch(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/)
        expectStable(parsed.value)
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(100)
  })

  it('every dot-atom at every LDH domain is accepted, its local part unchanged', () => {
    fc.assert(
      fc.property(localPart, domain, (local, host) => {
        const { exact, canonical } = mustParse(`${local}@${host}`)
        expect(exact.startsWith(`${local}@`)).toBe(true)
        expect(canonical).toBe(`${local}@${host}`.toLowerCase())
      }),
      runs,
    )
  })

  it('every U-label of Han, Cyrillic and Latin letters is accepted as the A-label UTS-46 gives it', () => {
    const han = fc.integer({ min: 0x4e00, max: 0x9fff })
    const cyrillic = fc.integer({ min: 0x430, max: 0x44f })
    const latin = fc.integer({ min: 0x61, max: 0x7a })
    const letters = fc.array(fc.oneof(han, cyrillic, latin), { maxLength: 10 })
    fc.assert(
      fc.property(han, letters, (first, rest) => {
        const host = `${String.fromCodePoint(first, ...rest)}.com`
        expect(mustParse(`a@${host}`).domain).toBe(new URL(`http://${host}`).hostname)
      }),
      runs,
    )
  })

  it('two spellings that differ in ASCII case only are one account (E5, Logto CVE-2026-15617)', () => {
    fc.assert(
      fc.property(localPart, domain, fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), (local, host, ups) => {
        const input = `${local}@${host}`
        const other = Array.from(input, (character, index) =>
          ups[index % ups.length] ? character.toUpperCase() : character.toLowerCase(),
        ).join('')
        expect(mustParse(other).canonical).toBe(mustParse(input).canonical)
      }),
      runs,
    )
  })
})

describe('maskEmail', () => {
  it.each([
    ['alice@example.com', 'a•••@example.com'],
    ['ab@example.com', 'a•••@example.com'],
    ['a@example.com', '•••@example.com'],
    ['Zoe+news@xn--bcher-kva.de', 'Z•••@xn--bcher-kva.de'],
  ])('shows %s as %s', (exact, masked) => {
    expect(maskEmail(exact)).toBe(masked)
  })
})

function accepts(input: string): boolean {
  return parseEmailAddress(input).ok
}

function mustParse(input: string): EmailAddress {
  const parsed = parseEmailAddress(input)
  if (!parsed.ok) throw new Error(`${shown(input)} was refused: ${parsed.error.reason}`)
  return parsed.value
}

// Both forms are read as themselves again, so a second parse anywhere cannot change an account's key.
function isStable({ exact, canonical, domain }: EmailAddress): boolean {
  const forms = exact === canonical ? [canonical] : [exact, canonical]
  return (
    isAsciiText(canonical) &&
    forms.every((form) => {
      const again = parseEmailAddress(form)
      return (
        again.ok && again.value.exact === form && again.value.canonical === canonical && again.value.domain === domain
      )
    })
  )
}

function expectStable(address: EmailAddress): void {
  expect(isStable(address), shown(address.exact)).toBe(true)
}

// Label by label: what was typed in ASCII comes out as typed, in lower case; anything else comes out as an A-label.
function isFaithful(typed: string, { domain }: EmailAddress): boolean {
  const labels = domain.split('.')
  const typedLabels = typed.replace(/ $/, '').split('.')
  return (
    labels.length === typedLabels.length &&
    typedLabels.every((typedLabel, index) => {
      const label = labels[index] ?? ''
      return isAsciiText(typedLabel) ? label === typedLabel.toLowerCase() : /^xn--[a-z0-9-]+$/.test(label)
    })
  )
}

function isAsciiText(text: string): boolean {
  return /^[^\u0080-\uffff]*$/.test(text)
}

function isOneOf(character: string, characters: string): boolean {
  return characters.includes(character)
}

/** What is assigned but for ideographs, which fold to nothing, and their compatibility forms, which do. */
const WALKED = [
  [0, 0x1ffff],
  [0x2f000, 0x2ffff],
  [0xe0000, 0xe0fff],
] as const
/** One in so many stands for the rest: ideographs, unassigned planes, private use. */
const STRIDE = 97

const nextCodePoint = (codePoint: number): number => {
  if (WALKED.some(([from, to]) => codePoint >= from && codePoint < to)) return codePoint + 1
  const [start = Infinity] = WALKED.map(([from]) => from).filter((from) => from > codePoint)
  return Math.min(codePoint + STRIDE, start)
}

function codePointsWhere(breaksRule: (character: string) => boolean): string[] {
  const found: string[] = []
  // Lone surrogates are in the range on purpose.
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint = nextCodePoint(codePoint)) {
    const character = String.fromCodePoint(codePoint)
    if (breaksRule(character)) found.push(codePointName(character))
  }
  return found
}

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

// Test names must be printable: the reporter runs on a terminal.
function shown(input: string): string {
  const start = Array.from(input.slice(0, 60), (character) =>
    /[\x20-\x7e]/.test(character) ? character : `<${codePointName(character)}>`,
  ).join('')
  return input.length > 60 ? `${start}… (${input.length})` : start || '(empty)'
}
