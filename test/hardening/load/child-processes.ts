import { readFileSync, readdirSync } from 'node:fs';

export interface ChildProcess {
  readonly pid: number;
  /** The kernel’s name of it, at most 15 bytes. */
  readonly program: string;
}

/** All live descendants of a process, without zombies. */
export function descendantsOf(ancestor: number): ChildProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => lookAt(Number(pid)))
    .filter((one) => one !== undefined);
  const below = (parent: number): ChildProcess[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(ancestor);
}

function lookAt(pid: number): (ChildProcess & { readonly parent: number }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const program = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return state === 'Z' ? undefined : { pid, program, parent: Number(parent) };
  } catch {
    // It ended in the meantime.
    return undefined;
  }
}

/** Proportional set size in bytes, which counts a page shared by n as an nth; undefined without permission. */
export function memoryOf(pid: number): number | undefined {
  try {
    const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** For the note of a row: `QEMU 41.2 MiB`; reports missing permission. */
export function describeMemory(name: string, pids: readonly number[]): string {
  const sizes = pids.map((pid) => memoryOf(pid)).filter((size) => size !== undefined);
  if (pids.length === 0) return `no ${name}`;
  if (sizes.length === 0) return `${name} not readable`;
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return `${name} ${(mean / 2 ** 20).toFixed(1)} MiB`;
}
