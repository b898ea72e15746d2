import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const PROGRAMS = /^(qemu-system-|qemu-ga|passt|vmlet-agent|vmlet-confine|init$)/;
const DIRECTORIES = /^(vmlet|tmp-)/;
const PATIENCE_MS = 10_000;

/** Fails the run when it leaves a process or a directory that was not there before. */
export default function setup(): () => Promise<void> {
  const before = new Set(remains());
  return async () => {
    const deadline = Date.now() + PATIENCE_MS;
    let left = remains().filter((one) => !before.has(one));
    // Orphans are reaped late on some hosts, and a killed QEMU takes a moment to go.
    while (left.length > 0 && Date.now() < deadline) {
      await delay(100);
      left = remains().filter((one) => !before.has(one));
    }
    if (left.length > 0)
      throw new Error(`the tests left behind:\n${left.map((one) => `  ${one}\n`).join('')}`);
  };
}

function remains(): string[] {
  return [...ourProcesses(), ...ourDirectories()];
}

function ourProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => describeProcess(pid))
    .filter((description) => description !== undefined);
}

function describeProcess(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    // Process 1 of the host may be called init; ours never is.
    if (state === 'Z' || parent === '0' || !PROGRAMS.test(command)) return undefined;
    return `process ${pid}: ${argv.slice(0, 200)}`;
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

function ourDirectories(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const cache = process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/', '.cache');
  return [
    ...entries(tmpdir(), DIRECTORIES).filter((path) => !/\/vmlet-\d+$/.test(path)),
    ...entries(join(tmpdir(), `vmlet-${process.getuid?.() ?? 0}`)),
    ...(runtime === undefined ? [] : entries(join(runtime, 'vmlet'))),
    ...entries(join(cache, 'vmlet', 'scratch')),
  ];
}

function entries(directory: string, pattern = /./): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => pattern.test(name))
      .map((name) => `directory ${join(directory, name)}`);
  } catch {
    // There is no such directory, and so nothing in it.
    return [];
  }
}
