import { readdirSync } from 'node:fs';
import { readProcessStat } from './stat.ts';

/** Returns the processes that a process has started, and theirs, as far as their parents are alive. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProcessStat(name);
    if (!stat) continue;
    const known = children.get(stat.parentPid);
    if (known) known.push(Number(name));
    else children.set(stat.parentPid, [Number(name)]);
  }
  const found: number[] = [];
  const open = [...(children.get(pid) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next);
    open.push(...(children.get(next) ?? []));
  }
  return found;
}
