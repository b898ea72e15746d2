import { release } from 'node:os';
import { describeExit } from '../../errors/index.ts';
import { Machine } from '../../machine/running/machine.ts';
import { describeOutcome } from '../../machine/life/outcome.ts';
import { packageVersion } from '../../machine/paths/package-files.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { takeScreenshot } from '../../machine/screen/screenshot.ts';
import { qemuCommand } from '../../machine/running/start-processes.ts';
import { outcomeByNow } from './outcome-by-now.ts';

/** One file of a bundle. */
export interface BundlePart {
  readonly file: string;
  /** Description for the index. */
  readonly what: string;
  readonly mode: number;
  /** `end` keeps only the end of a file that is too long. */
  readonly keeps: 'end' | 'all';
  /** Rejects with the reason when the part is unavailable. It may hang until the signal aborts, or longer. */
  readonly read: (machine: RunningMachine, signal: AbortSignal) => Promise<string | Uint8Array>;
}

/** A hanging QEMU reports no status, and the rest is written without it. */
const STATUS_TIMEOUT_MS = 1000;

/** The end of this boot's journal with systemd, otherwise of the kernel's messages. */
const JOURNAL = `
if [ -d /run/systemd/system ]; then journalctl --boot --no-pager --output=short-precise | tail -c "$0"
else dmesg | tail -c "$0"; fi`;

export function bundleParts(mostBytes: number): readonly BundlePart[] {
  const text = { mode: 0o600, keeps: 'end' } as const;
  const whole = { mode: 0o600, keeps: 'all' } as const;
  return [
    {
      file: 'console.log',
      what: 'the last 1000 lines of the serial console',
      ...text,
      read: async ({ console }) => Promise.resolve(asLines(console.last(Infinity))),
    },
    {
      file: 'journal.log',
      what: "the guest's journal since boot; without systemd, the messages of the guest's kernel",
      ...text,
      read: async (machine, signal) => readJournal(machine, mostBytes, signal),
    },
    {
      file: 'screen.png',
      what: "the machine's screen",
      ...whole,
      read: async ({ qmp, plan }, signal) =>
        takeScreenshot(qmp, { directory: plan.directory.storage, signal }),
    },
    {
      file: 'qmp.ndjson',
      what: "the last messages on QEMU's monitor (QMP), without passwords",
      ...text,
      read: async ({ qmp }) => Promise.resolve(qmp.trace.toJsonLines()),
    },
    {
      file: 'qemu.log',
      what: "the last lines of QEMU's output",
      ...text,
      read: async ({ qemuOutput }) => Promise.resolve(asLines(qemuOutput)),
    },
    {
      file: 'argv.sh',
      what: "QEMU's exact command line; numbers such as fd=3 are file descriptors that vmlet opened",
      ...whole,
      read: async ({ plan }) => Promise.resolve(`${qemuCommand(plan).map(quoteForShell).join(' \\\n  ')}\n`),
    },
    {
      file: 'machine.json',
      what: "state and settings of the machine, and the host's versions of vmlet, Node.js, QEMU and Linux",
      ...whole,
      read: describeMachine,
    },
  ];
}

async function readJournal(machine: RunningMachine, mostBytes: number, signal: AbortSignal): Promise<Buffer> {
  if (!(machine instanceof Machine))
    throw new Error(
      "the machine was launched with until: 'running', so vmlet does not use the guest's agent",
    );
  const result = await machine.exec(['sh', '-c', JOURNAL, String(mostBytes)], { signal });
  if (result.exitCode === 0) return result.stdout;
  throw new Error(`journalctl or dmesg ${describeExit(result)}: ${result.stderr.toString().trim()}`);
}

async function describeMachine(machine: RunningMachine, signal: AbortSignal): Promise<string> {
  const { name, pid, plan, ports, qmp } = machine;
  const outcome = await outcomeByNow(machine);
  const state = outcome
    ? { ended: outcome, description: describeOutcome(outcome) }
    : await withinLimits('query-status', qmp.execute('query-status', undefined, { signal }), {
        timeoutMs: STATUS_TIMEOUT_MS,
      }).catch((error: unknown) => ({ unknown: String(error) }));
  const told = {
    version: 1,
    name,
    state,
    pid,
    ports,
    host: {
      vmlet: packageVersion(),
      node: process.version,
      kernel: release(),
      qemu: { path: plan.qemu, ...qmp.greeting.version },
      accelerator: plan.accelerator,
    },
    plan,
  };
  return `${JSON.stringify(told, null, 2)}\n`;
}

function asLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
