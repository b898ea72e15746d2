import { Command } from 'commander';
import type { LoggedEvent, MachineStore, NamedMachine } from '../../machines/index.ts';
import { formatLossless } from '../../qmp/index.ts';
import { BrokenMachineError, MachineNotFoundError } from '../../errors/index.ts';
import { printableLine } from '../output/printable.ts';
import { writeOut } from '../output/standard-output.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note } from '../output/say.ts';
import { visibleJson } from '../output/printable.ts';

export function eventsCommand(): Command {
  return new Command('events')
    .description(
      'Prints events of QEMU and vmlet as they happen, one per line: time, machine, event and data. Times are in ' +
        'UTC. Runs until Ctrl-C, or until the named machines are removed.',
    )
    .argument('[machines...]', 'names of the machines (default: all, also those that are created later)')
    .option('--since-start', 'also print the earlier events since the last start of the machine')
    .option('--json', 'print one JSON object per line')
    .action(events);
}

async function events(
  names: string[],
  { sinceStart, json }: { sinceStart?: true; json?: true },
): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const store = new MachineStore();
  const machines = [...new Set(names)].map((name) => store.get(name));
  const lineOf = json === true ? jsonLine : textLine;
  await untilInterrupted(async (signal) => {
    const options = { sinceStart: sinceStart === true, signal };
    if (machines.length === 0) await printAllEvents(store, options, lineOf);
    else await Promise.all(machines.map(async (machine) => printEvents(machine, options, lineOf)));
  });
}

/** Also those of machines that are created later. */
async function printAllEvents(
  store: MachineStore,
  { sinceStart, signal }: Options,
  lineOf: LineOf,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const followed = new Map<string, Promise<void>>();
  const broken = new Set<string>();
  let looked = Date.now();
  const follow = async (name: string, isNew: boolean): Promise<void> => {
    // A new machine may have been started before it was seen. The clock may have been set back since the last look.
    const wanted = sinceStart && broken.has(name);
    const after = isNew && !wanted ? Math.min(looked, Date.now()) : 0;
    const options = { sinceStart: sinceStart || isNew, after, signal: either };
    try {
      const machine = store.get(name);
      broken.delete(name);
      await printEvents(machine, options, lineOf);
    } catch (error) {
      if (error instanceof BrokenMachineError) {
        if (!broken.has(name)) note(error.message);
        broken.add(name);
      } else if (!(error instanceof MachineNotFoundError)) failed.abort(error);
    }
  };
  const followNew = (names: readonly string[], isNew: boolean): void => {
    for (const name of names) {
      if (followed.has(name)) continue;
      // Afterwards, another machine can get its name.
      const following = follow(name, isNew).finally(() => followed.delete(name));
      followed.set(name, following);
    }
  };
  const names = store.names();
  if (names.length === 0) note('no machines exist; waiting for new ones');
  followNew(names, false);
  try {
    for await (const changed of store.changes({ signal: either })) {
      followNew(changed, true);
      looked = Date.now();
    }
  } finally {
    await Promise.all(followed.values());
  }
}

interface Options {
  readonly sinceStart: boolean;
  /** Events before this time are left out at first; in milliseconds since 1970. */
  readonly after?: number;
  readonly signal: AbortSignal;
}

type LineOf = (machine: string, event: LoggedEvent) => string;

const jsonLine: LineOf = (machine, event) => visibleJson(formatLossless({ machine, ...event }));

const textLine: LineOf = (machine, { timestamp, event, data }) => {
  // With a zone, as `logs --since` reads it: a time without one is local.
  const time = `${new Date(timestamp.seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)}Z`;
  const details = Object.entries(data ?? {}).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : formatLossless(value)}`,
  );
  return printableLine([time, machine, event, ...details].join(' '));
};

async function printEvents(
  machine: NamedMachine,
  { after = 0, ...options }: Options,
  lineOf: LineOf,
): Promise<void> {
  const onPossibleGap = (): void =>
    note(`${machine.name}: some events are missing, because the log grew faster than vmlet could read it`);
  let from = after;
  try {
    for await (const event of machine.events({ ...options, onPossibleGap })) {
      const { seconds, microseconds } = event.timestamp;
      if (seconds * 1000 + microseconds / 1000 < from) continue;
      // The clock may be set back.
      from = 0;
      await writeOut(`${lineOf(machine.name, event)}\n`);
    }
  } catch (error) {
    // Other machines are still followed; after the last one the command ends.
    if (!(error instanceof MachineNotFoundError)) throw error;
    note(`machine "${machine.name}" was removed or renamed`);
  }
}
