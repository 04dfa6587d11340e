/**
 * The DOM's types of WebCrypto want views of an ArrayBuffer that is not shared, and workerd's, which the domain is written with,
 * any view. What runs is one.
 */
interface SubtleCrypto {
  digest(algorithm: string, data: ArrayBufferView): Promise<ArrayBuffer>
  sign(algorithm: string, key: CryptoKey, data: ArrayBufferView): Promise<ArrayBuffer>
  importKey(
    format: 'raw',
    keyData: ArrayBufferView,
    algorithm: string | { name: string; hash?: string },
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey>
  deriveBits(
    params: { name: string; hash: string; salt: ArrayBufferView; info: ArrayBufferView },
    key: CryptoKey,
    length: number,
  ): Promise<ArrayBuffer>
  encrypt(
    params: { name: string; iv: ArrayBufferView; additionalData: ArrayBufferView },
    key: CryptoKey,
    data: ArrayBufferView,
  ): Promise<ArrayBuffer>
  decrypt(
    params: { name: string; iv: ArrayBufferView; additionalData: ArrayBufferView },
    key: CryptoKey,
    data: ArrayBufferView,
  ): Promise<ArrayBuffer>
}
