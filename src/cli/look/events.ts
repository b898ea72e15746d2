import { Command } from 'commander';
import type { NamedMachine } from '../../machines/index.ts';
import { formatLossless } from '../../qmp/index.ts';
import { MachineNotFoundError } from '../../errors/index.ts';
import { writeOut } from '../output/standard-output.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function eventsCommand(): Command {
  return new Command('events')
    .description(
      "Prints QEMU's events and the keeper's as they come, one JSON object a line with the machine's name. It reads files: " +
        'nothing waits for it.',
    )
    .argument('[machines...]', 'their names; all that are there by default')
    .option('--since-start', 'begin with the events of the run that is on its way, or was the last')
    .action(events);
}

async function events(names: string[], { sinceStart }: { sinceStart?: true }): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const store = new MachineStore();
  const wanted = names.length > 0 ? [...new Set(names)] : store.names();
  const machines = wanted.map((name) => store.get(name));
  if (machines.length === 0) {
    process.stderr.write('vmlet: there are no machines\n');
    return;
  }
  await untilInterrupted(async (signal) => {
    await Promise.all(machines.map(async (machine) => printEvents(machine, sinceStart === true, signal)));
  });
}

async function printEvents(machine: NamedMachine, sinceStart: boolean, signal: AbortSignal): Promise<void> {
  const onPossibleGap = (): void =>
    void process.stderr.write(`vmlet: ${machine.name}: some events are missing\n`);
  try {
    for await (const event of machine.events({ sinceStart, signal, onPossibleGap })) {
      await writeOut(`${formatLossless({ machine: machine.name, ...event })}\n`);
    }
  } catch (error) {
    // The others go on; when it was the last, that is all.
    if (!(error instanceof MachineNotFoundError)) throw error;
    process.stderr.write(`vmlet: ${machine.name} was removed or renamed\n`);
  }
}
