import { spawnSync } from 'node:child_process'

/** What this program started: the processes under it, and a workerd of its group that a dead wrangler left behind. */
export function family(): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,comm='], { encoding: 'utf8' })
  const rows = (stdout ?? '').split('\n').flatMap((line) => {
    const [, pid, parent, group, name] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*?)\s*$/.exec(line) ?? []
    return name === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group), name }]
  })
  const group = rows.find((row) => row.pid === process.pid)?.group
  const ours = new Set(rows.filter((row) => row.group === group).map((row) => row.pid))
  const under = (pid: number): number[] =>
    rows.filter((row) => row.parent === pid).flatMap((row) => [row.pid, ...under(row.pid)])
  const orphans = rows.filter((row) => row.name.endsWith('workerd') && ours.has(row.pid) && !ours.has(row.parent))
  return [...under(process.pid), ...orphans.map((row) => row.pid)]
}

export function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already, as it should be.
    }
  }
}
