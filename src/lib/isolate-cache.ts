/**
 * What this isolate remembers for a short while: projects, API keys, signing keys. Never a secret's state: an isolate
 * can vanish, and another one knows nothing of it.
 */
export type IsolateCache = {
  /** The remembered value, or what `load` brings; null is not remembered, so a refusal always rests on a fresh read. */
  get<T>(key: string, now: number, load: () => Promise<T | null>): Promise<T | null>
  forget(key: string): void
}

/** @param lifetime milliseconds @param capacity the oldest goes first beyond it */
export function createIsolateCache(lifetime: number, capacity = 1000): IsolateCache {
  const entries = new Map<string, { value: unknown; until: number }>()
  return {
    async get<T>(key: string, now: number, load: () => Promise<T | null>) {
      const entry = entries.get(key)
      if (entry && entry.until > now) return entry.value as T
      const value = await load()
      entries.delete(key)
      if (value !== null) {
        if (entries.size >= capacity)
          for (const oldest of [entries.keys().next().value]) if (oldest) entries.delete(oldest)
        entries.set(key, { value, until: now + lifetime })
      }
      return value
    },
    forget(key) {
      entries.delete(key)
    },
  }
}
