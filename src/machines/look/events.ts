import { type LoggedEvent, followEvents } from '../../machine/life/event-log.ts';
import type { Definition } from '../record/definition.ts';
import { untilRemoved } from './logs.ts';
import { lastStartOf } from '../record/machine-status.ts';

/** Options of following a machine's events. */
export interface MachineEventsOptions {
  /** Start with the events of the current or last run; with the next event by default. */
  readonly sinceStart?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when events may be missing from here on. */
  readonly onPossibleGap?: (() => void) | undefined;
}

/**
 * Yields events of QEMU and the keeper, across runs. They are read from a file, so a slow reader blocks nothing.
 * @throws MachineNotFoundError when the machine is removed, or the signal's reason.
 */
export async function* followMachineEvents(
  definition: Definition,
  { sinceStart = false, ...options }: MachineEventsOptions,
): AsyncGenerator<LoggedEvent, void, undefined> {
  const { files } = definition;
  // The rotated file may be from this run or the one before.
  const first = sinceStart ? (lastStartOf(files)?.getTime() ?? 0) : 0;
  const events = untilRemoved(definition, (until) =>
    followEvents(files.events, { ...options, until, tailLines: sinceStart ? undefined : 0 }),
  );
  for await (const event of events) if (timeOf(event) >= first) yield event;
}

/** In milliseconds since 1970. */
function timeOf({ timestamp: { seconds, microseconds } }: LoggedEvent): number {
  return seconds * 1000 + microseconds / 1000;
}
