/** The first `max` bytes of a body as text, reading no further: an answer of a gigabyte costs no memory. */
export async function readBounded(body: ReadableStream<Uint8Array> | null, max: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let left = max
  const reader = body?.getReader()
  while (reader && left > 0) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value.subarray(0, left), { stream: true })
    left -= value.length
  }
  await reader?.cancel()
  return text
}
