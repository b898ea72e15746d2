import { existsSync } from 'node:fs';
import { InvalidInputError, MachineNotFoundError } from '../../errors/index.ts';
import { type FollowLogOptions, followLog, readLog } from '../../machine/logs/log-file.ts';
import { type TimeSpan, linesWithin } from '../../machine/logs/log-times.ts';
import { poll } from '../../util/time/poll.ts';
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
  /**
   * Only lines since then, and until then, in milliseconds since 1970. The times of the serial log are true to a second.
   * Not for logs of programs, which have no times.
   */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Options of following a machine's log. */
export interface FollowMachineLogOptions extends MachineLogOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when the log was written faster than it was read, and bytes are missing. */
  readonly onPossibleGap?: (() => void) | undefined;
}

const LOOK_EVERY_MS = 1000;

function logPath(files: MachineFiles, source: LogSource): string {
  return {
    serial: files.serialLog,
    command: files.outputLog,
    qemu: files.qemuLog,
    passt: files.passtLog,
    swtpm: files.swtpmLog,
    events: files.events,
  }[source];
}

/**
 * Returns the contents of a log; empty when the log does not exist.
 * @throws InvalidInputError for times of a log without times.
 */
export function readMachineLog(
  { files }: Definition,
  source: LogSource,
  { tailLines, ...span }: MachineLogOptions,
): Iterable<Buffer> | AsyncIterable<Buffer> {
  const lines = lineTimes(source, span);
  const pieces = readLog(logPath(files, source), { tailLines, ...(!lines && { span }) });
  return lines ? linesWithin(pieces, span, lines) : pieces;
}

/** Returns how the lines of a log tell their time; undefined if nothing has to be read from them. */
function lineTimes(
  source: LogSource,
  { since, until }: TimeSpan,
): ((line: Buffer) => number | undefined) | undefined {
  if (source === 'serial' || (since === undefined && until === undefined)) return undefined;
  if (source === 'events') return timeOfEvent;
  if (source === 'command') return timeOfOutput;
  const field = since === undefined ? 'until' : 'since';
  const given = since === undefined || until === undefined ? `--${field}` : '--since and --until';
  throw new InvalidInputError(field, `the ${source} log has no timestamps`, {
    hint: `leave out ${given}, or choose a log with timestamps: --source serial, command or events`,
  });
}

function timeOfEvent(line: Buffer): number | undefined {
  const [, seconds, microseconds] =
    /"seconds": ?(\d{1,12}), ?"microseconds": ?(\d{1,6})/.exec(line.toString('latin1', 0, 200)) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000 + Number(microseconds) / 1000;
}

function timeOfOutput(line: Buffer): number | undefined {
  const time = Date.parse(line.toString('latin1', 0, Math.max(0, line.indexOf(' '))));
  return Number.isNaN(time) ? undefined : time;
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
  const { since, until, tailLines, signal, onPossibleGap } = options;
  const span = { since, until };
  const lines = lineTimes(source, span);
  const path = logPath(definition.files, source);
  return untilRemoved(definition, (removed) => {
    const pieces = followLog(path, {
      tailLines,
      signal,
      onPossibleGap,
      until: removed,
      ...(!lines && { span }),
    });
    return lines ? linesWithin(pieces, span, lines) : pieces;
  });
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
    hint: 'it was removed or renamed while this command was running; to list machines, run: vmlet ls',
  });
}

async function removal({ spec }: MachineFiles, signal: AbortSignal): Promise<void> {
  await poll(() => !existsSync(spec), { everyMs: LOOK_EVERY_MS, signal });
}
