/** The characters of an SMS of 160: 3GPP TS 23.038 §6.2.1, the default alphabet and its extension table. */

const ALPHABET = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà' +
    '\f^{}\\[~]|€',
)

/** False: it goes out as UCS-2, at 70 characters in one SMS. */
export function isGsm(text: string): boolean {
  return [...text].every((character) => ALPHABET.has(character))
}
