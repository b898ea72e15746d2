import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { readlinkSync } from 'node:fs';
import { descendantsOf } from '../../../src/process/procfs/descendants.ts';
import { pause } from '../../../src/util/time/pause.ts';
import { VMLET } from '../measurement/built-command.ts';
import { type MemoryByKind, memoryOf } from '../measurement/memory-map.ts';
import { median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';

const AT_ONCE = 30;
const WAITS = 'echo ready; exec sleep 1000';
/** The smallest Node that waits. */
const PLAIN = 'console.log("ready"); setTimeout(() => {}, 1e6)';
/** V8 returns memory when a process was idle for eight seconds (`--gc-memory-reducer-start-delay-ms`). */
const IDLE_MS = 12_000;
const LEAST_SHOWN = 2 ** 20 / 20;

type MemoryByProgram = ReadonlyMap<string, readonly MemoryByKind[]>;

export const forkMemory: Section = {
  title: `memory (PSS) of ${AT_ONCE} forks of a kept guest of micro that sleep at the same time, by program and kind, and of ${AT_ONCE} Node that do nothing`,
  rounds: 1,
  async run(rounds) {
    await ended(start([VMLET, 'run', 'micro', '--', 'true']));
    const lines: string[] = [];
    const data: object[] = [];
    for (let round = 0; round < rounds; round++) {
      const forks = await measure([VMLET, 'run', 'micro', '--', 'sh', '-c', WAITS]);
      const plain = await measure(['-e', PLAIN]);
      lines.push(...describe('fork', forks), ...describe('plain', plain));
      data.push({ forks: plainData(forks), plain: plainData(plain) });
    }
    return { text: lines.join('\n'), data: { samples: data } };
  },
};

/** Starts Node with these arguments many times, and measures all processes when they are idle. */
async function measure(args: readonly string[]): Promise<MemoryByProgram> {
  const started: ChildProcess[] = [];
  try {
    while (started.length < AT_ONCE) {
      const child = start(args);
      started.push(child);
      const [output] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [unknown];
      if (!Buffer.isBuffer(output)) throw new Error(`${args.join(' ')} has ended`);
    }
    await pause(IDLE_MS);
    const found = new Map<string, MemoryByKind[]>();
    for (const pid of started.flatMap((child) => [child.pid!, ...descendantsOf(child.pid!)])) {
      const program = basename(readlinkSync(`/proc/${pid}/exe`));
      found.set(program, [...(found.get(program) ?? []), memoryOf(pid)]);
    }
    return found;
  } finally {
    const ends = started.map(ended);
    for (const child of started) child.kill();
    await Promise.all(ends);
  }
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function describe(what: string, memory: MemoryByProgram): string[] {
  return [...memory].map(([program, all]) => {
    const kinds = [...new Set(all.flatMap((one) => [...one.keys()]))]
      .map((kind) => [kind, median(all.map((one) => one.get(kind) ?? 0))] as const)
      .filter(([, bytes]) => bytes >= LEAST_SHOWN)
      .sort(([, one], [, other]) => other - one)
      .map(([kind, bytes]) => `${kind} ${(bytes / 2 ** 20).toFixed(1)}`);
    return `${what.padEnd(6)}${program} (${all.length}), MiB: ${kinds.join(', ')}`;
  });
}

function plainData(memory: MemoryByProgram): object {
  return Object.fromEntries([...memory].map(([program, all]) => [program, all.map(Object.fromEntries)]));
}
