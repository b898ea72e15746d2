import { type LoggedEvent, followEvents } from '../../machine/life/event-log.ts';
import type { Definition } from '../record/definition.ts';
import { untilRemoved } from './logs.ts';
import { lastStartOf } from '../record/machine-status.ts';

export interface MachineEventsOptions {
  /** Begins with the events of the run that is on its way, or was the last; with the next event by default. */
  readonly sinceStart?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when events may be missing from here on. */
  readonly onPossibleGap?: (() => void) | undefined;
}

/**
 * QEMU's events and the keeper's, from run to run. They are read from a file, so that nobody waits for who reads them.
 * @throws MachineNotFoundError when the machine is removed, or the signal's reason.
 */
export async function* followMachineEvents(
  definition: Definition,
  { sinceStart = false, ...options }: MachineEventsOptions,
): AsyncGenerator<LoggedEvent, void, undefined> {
  const { files } = definition;
  // The file that was set aside may be of this run or of the one before.
  const first = sinceStart ? (lastStartOf(files)?.getTime() ?? 0) : 0;
  const events = untilRemoved(definition, (until) =>
    followEvents(files.events, { ...options, until, tailLines: sinceStart ? undefined : 0 }),
  );
  for await (const event of events) if (timeOf(event) >= first) yield event;
}

/** Milliseconds since 1970. */
function timeOf({ timestamp: { seconds, microseconds } }: LoggedEvent): number {
  return seconds * 1000 + microseconds / 1000;
}
