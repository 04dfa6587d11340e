/** A part of the system did not answer, or answered that it cannot: the caller gets a 503 and may ask again. */
export class Unavailable extends Error {
  readonly part: string
  constructor(part: string, cause?: unknown) {
    super(`${part} is unavailable`, { cause })
    this.name = 'Unavailable'
    this.part = part
  }
}

/** `work`, or `Unavailable` when it throws or takes longer. The work itself is not stopped: it may still commit. */
export async function within<T>(milliseconds: number, part: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unavailable(part, 'timed out')), milliseconds)
  })
  try {
    return await Promise.race([work, timeout])
  } catch (cause) {
    throw cause instanceof Unavailable ? cause : new Unavailable(part, cause)
  } finally {
    clearTimeout(timer)
  }
}
