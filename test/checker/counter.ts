/** Model 3 of security.md §3.3: of what is limited, no window lets more through than the limit. */

import type { Pass, Violation } from './history.ts'

/**
 * When exactly a call was counted is known to lie inside of it, so what is told is certain: more calls than the limit that began
 * and ended within one window. Windows are half open: a call counts from its moment until just before `windowMs` later.
 */
export function checkCounter(passes: Pass[], limit: number, windowMs: number): Violation<Pass>[] {
  const byBegin = passes.toSorted((one, other) => other.invoked - one.invoked)
  const byEnd = passes.toSorted((one, other) => other.answered - one.answered)
  const inside = new Set<Pass>()
  let ended = 0
  // The window begins earlier and earlier: what ends after it will not be inside again.
  for (const begin of byBegin) {
    if (begin.answered < begin.invoked + windowMs) inside.add(begin)
    for (let last = byEnd[ended]; last && last.answered >= begin.invoked + windowMs; last = byEnd[++ended])
      inside.delete(last)
    if (inside.size > limit) return [{ rule: 'more than the limit', calls: [...inside] }]
  }
  return []
}
