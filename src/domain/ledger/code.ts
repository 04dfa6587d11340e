/** Codes that a person types. */

export const CODE_ALPHABETS = {
  digits: '0123456789',
  /** No vowels, so that no word comes out; none of 0 1 2 5 8 and their look-alikes. */
  unambiguous: '34679CDFGHJKMNPQRTVWXY',
} as const
export type CodeAlphabet = keyof typeof CODE_ALPHABETS

/**
 * A code of `length` characters, each equally likely: a byte beyond the last whole multiple of the alphabet is drawn again.
 * @param draw brings `count` random bytes, or derived ones for a send that can be repeated
 */
export async function drawCode(
  alphabet: CodeAlphabet,
  length: number,
  draw: (count: number, round: number) => Promise<Uint8Array>,
): Promise<string> {
  const letters = CODE_ALPHABETS[alphabet]
  const limit = 256 - (256 % letters.length)
  let code = ''
  for (let round = 0; code.length < length; round++) {
    for (const byte of await draw(length * 2, round)) {
      if (byte < limit && code.length < length) code += letters.charAt(byte % letters.length)
    }
  }
  return code
}

/**
 * The code in what a person typed or pasted: spaces and dashes are dropped; of a longer text the lone run of the right
 * length is taken. Null if there is none, or more than one.
 */
export function readCode(alphabet: CodeAlphabet, length: number, typed: string): string | null {
  const letters = CODE_ALPHABETS[alphabet]
  const isCode = (run: string) => run.length === length && [...run].every((letter) => letters.includes(letter))
  const text = latinDigits(typed.slice(0, 2000).normalize('NFKC')).toUpperCase()
  const whole = text.replace(/[\s\-‐-―]/g, '')
  if (isCode(whole)) return whole
  const runs = text.split(/[^0-9A-Z]+/).filter(isCode)
  // "482 913 is your code": a code that was written in two groups.
  const grouped = [...text.matchAll(/[0-9A-Z]+(?:[ -][0-9A-Z]+)+/g)].flatMap(([words]) =>
    joinedRuns(words.split(/[ -]/), isCode),
  )
  const found = new Set(runs.length > 0 ? runs : grouped)
  const [code] = found
  return found.size === 1 && code ? code : null
}

/** An Arabic or Persian keypad types digits of its own. */
const latinDigits = (text: string): string =>
  text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))

/** Neighbouring words that make a code together. */
function joinedRuns(words: string[], isCode: (run: string) => boolean): string[] {
  return words.flatMap((word, i) =>
    [word + (words[i + 1] ?? ''), word + (words[i + 1] ?? '') + (words[i + 2] ?? '')].filter(isCode),
  )
}
