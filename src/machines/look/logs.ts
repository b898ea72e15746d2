import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MachineNotFoundError } from '../../errors/index.ts';
import { type FollowLogOptions, followLog, readLog } from '../../machine/logs/log-file.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';

/** What is written down about a machine: its serial port, what its programs print, and QEMU's events. */
export const LOG_SOURCES = ['serial', 'qemu', 'passt', 'swtpm', 'events'] as const;
export type LogSource = (typeof LOG_SOURCES)[number];

export interface MachineLogOptions {
  /** Begins with the last so many lines; with everything by default. */
  readonly tailLines?: number | undefined;
}

export interface FollowMachineLogOptions extends MachineLogOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when it was written faster than it was read, so that bytes are missing from here on. */
  readonly onPossibleGap?: (() => void) | undefined;
}

const LOOK_EVERY_MS = 1000;

export function logPath(files: MachineFiles, source: LogSource): string {
  return {
    serial: files.serialLog,
    qemu: files.qemuLog,
    passt: files.passtLog,
    swtpm: files.swtpmLog,
    events: files.events,
  }[source];
}

/** What a log holds; nothing where there is none yet. */
export function readMachineLog(
  { files }: Definition,
  source: LogSource,
  options: MachineLogOptions,
): Iterable<Buffer> {
  return readLog(logPath(files, source), options);
}

/**
 * The same, and what is still to come, from run to run.
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
 * What `follow` yields, until the machine is removed; `follow` ends with the promise that it is given.
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
  throw new MachineNotFoundError(spec.name, { hint: 'it was removed or renamed while it was followed' });
}

async function removal({ spec }: MachineFiles, signal: AbortSignal): Promise<void> {
  while (existsSync(spec)) await delay(LOOK_EVERY_MS, undefined, { signal });
}
