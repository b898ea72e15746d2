import { readFileSync, readlinkSync } from 'node:fs';

/** Proportional bytes of each kind of mapping. */
export type MemoryByKind = ReadonlyMap<string, number>;

const TOTAL = 'total';

/** Returns the memory (PSS) of a process by kind, with its total. */
export function memoryOf(pid: number): MemoryByKind {
  return memoryIn(readFileSync(`/proc/${pid}/smaps`, 'utf8'), readlinkSync(`/proc/${pid}/exe`));
}

/** @param smaps as proc_pid_smaps(5) describes it. */
export function memoryIn(smaps: string, program: string): MemoryByKind {
  const bytes = new Map<string, number>();
  let kind = '';
  for (const line of smaps.split('\n')) {
    const mapping = /^[\da-f]+-[\da-f]+ (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping) kind = kindOf(mapping[1] ?? '', mapping[2] ?? '', program);
    const pss = Number(/^Pss: +(\d+) kB$/.exec(line)?.[1] ?? 0) * 1024;
    for (const name of [kind, TOTAL]) bytes.set(name, (bytes.get(name) ?? 0) + pss);
  }
  return bytes;
}

function kindOf(access: string, path: string, program: string): string {
  if (path === program) return 'program';
  if (path.includes('.so')) return 'libraries';
  if (path === '[heap]') return 'heap';
  if (path.startsWith('[stack')) return 'stack';
  // The file of a kept guest or template.
  if (path.endsWith('/memory')) return 'guest';
  if (path === '' || path.startsWith('[anon')) return access.includes('x') ? 'translated code' : 'anonymous';
  return 'other';
}
