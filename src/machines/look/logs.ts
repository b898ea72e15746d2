import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MachineNotFoundError } from '../../errors/index.ts';
import { type FollowLogOptions, followLog, readLog } from '../../machine/logs/log-file.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';

/**
 * Logs of a machine: its serial port, the output of its command (`OutputLogReader` reads it) and of its programs, and
 * QEMU's events.
 */
export const LOG_SOURCES = ['serial', 'command', 'qemu', 'passt', 'swtpm', 'events'] as const;
/** The name of a log of a machine. */
export type LogSource = (typeof LOG_SOURCES)[number];

/** Options of reading a machine's log. */
export interface MachineLogOptions {
  /** Start with this many last lines; with everything by default. */
  readonly tailLines?: number | undefined;
}

/** Options of following a machine's log. */
export interface FollowMachineLogOptions extends MachineLogOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when the log was written faster than it was read, and bytes are missing. */
  readonly onPossibleGap?: (() => void) | undefined;
}

const LOOK_EVERY_MS = 1000;

export function logPath(files: MachineFiles, source: LogSource): string {
  return {
    serial: files.serialLog,
    command: files.outputLog,
    qemu: files.qemuLog,
    passt: files.passtLog,
    swtpm: files.swtpmLog,
    events: files.events,
  }[source];
}

/** Returns the contents of a log; empty when the log does not exist. */
export function readMachineLog(
  { files }: Definition,
  source: LogSource,
  options: MachineLogOptions,
): Iterable<Buffer> {
  return readLog(logPath(files, source), options);
}

/**
 * Yields the contents of a log and everything appended later, across runs.
 * @throws MachineNotFoundError when the machine is removed, or the signal's reason.
 */
export function followMachineLog(
  definition: Definition,
  source: LogSource,
  options: FollowMachineLogOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const path = logPath(definition.files, source);
  return untilRemoved(definition, (removed) => followLog(path, { ...options, until: removed }));
}

/**
 * Yields the items of `follow` until the machine is removed; `follow` ends with the given promise.
 * @throws MachineNotFoundError at the end.
 */
export async function* untilRemoved<T>(
  { spec, files }: Definition,
  follow: (removed: FollowLogOptions['until']) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const done = new AbortController();
  try {
    yield* follow(removal(files, done.signal));
  } finally {
    done.abort();
  }
  throw new MachineNotFoundError(spec.name, {
    hint: 'check its name: it was removed or renamed while vmlet followed it',
  });
}

async function removal({ spec }: MachineFiles, signal: AbortSignal): Promise<void> {
  while (existsSync(spec)) await delay(LOOK_EVERY_MS, undefined, { signal });
}
