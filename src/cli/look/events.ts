import { Command } from 'commander';
import type { LoggedEvent, NamedMachine } from '../../machines/index.ts';
import { formatLossless } from '../../qmp/index.ts';
import { MachineNotFoundError } from '../../errors/index.ts';
import { printableLine } from '../output/printable.ts';
import { writeOut } from '../output/standard-output.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note } from '../output/say.ts';
import { visibleJson } from '../output/printable.ts';

export function eventsCommand(): Command {
  return new Command('events')
    .description(
      'Prints events of QEMU and vmlet as they happen, one per line: time, machine, event and data. Runs until ' +
        'Ctrl-C, or until the machines are removed.',
    )
    .argument('[machines...]', 'names of the machines (default: all)')
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
  const wanted = names.length > 0 ? [...new Set(names)] : store.names();
  const machines = wanted.map((name) => store.get(name));
  if (machines.length === 0) {
    note('no machines exist');
    return;
  }
  await untilInterrupted(async (signal) => {
    const lineOf = json === true ? jsonLine : textLine;
    await Promise.all(
      machines.map(async (machine) =>
        printEvents(machine, { sinceStart: sinceStart === true, signal }, lineOf),
      ),
    );
  });
}

type LineOf = (machine: string, event: LoggedEvent) => string;

const jsonLine: LineOf = (machine, event) => visibleJson(formatLossless({ machine, ...event }));

const textLine: LineOf = (machine, { timestamp, event, data }) => {
  const time = new Date(timestamp.seconds * 1000).toISOString().replace('T', ' ').slice(0, 19);
  const details = Object.entries(data ?? {}).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : formatLossless(value)}`,
  );
  return printableLine([time, machine, event, ...details].join(' '));
};

async function printEvents(
  machine: NamedMachine,
  options: { readonly sinceStart: boolean; readonly signal: AbortSignal },
  lineOf: LineOf,
): Promise<void> {
  const onPossibleGap = (): void =>
    note(`${machine.name}: some events are missing, because the log grew faster than vmlet could read it`);
  try {
    for await (const event of machine.events({ ...options, onPossibleGap })) {
      await writeOut(`${lineOf(machine.name, event)}\n`);
    }
  } catch (error) {
    // Other machines are still followed; after the last one the command ends.
    if (!(error instanceof MachineNotFoundError)) throw error;
    note(`machine "${machine.name}" was removed or renamed`);
  }
}
