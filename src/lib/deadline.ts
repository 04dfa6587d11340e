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
export function within<T>(milliseconds: number, part: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Unavailable(part, 'timed out')), milliseconds)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (cause) => {
        clearTimeout(timer)
        reject(cause instanceof Unavailable ? cause : new Unavailable(part, cause))
      },
    )
  })
}
