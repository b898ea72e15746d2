import { Command, Option } from 'commander';
import type { LogSource, NamedMachine } from '../../machines/index.ts';
import { PrintableText } from '../output/printable.ts';
import { writeOut } from '../output/standard-output.ts';
import { lineCount } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note } from '../output/say.ts';

interface Flags {
  readonly follow?: true;
  readonly tail?: number;
  readonly lines?: number;
  readonly source: LogSource;
  readonly raw?: true;
}

const SOURCES: readonly LogSource[] = ['serial', 'qemu', 'passt', 'swtpm', 'events'];

export function logsCommand(): Command {
  return new Command('logs')
    .description(
      'Prints the serial console log of a machine, running or not, or another of its logs. Escape sequences that would ' +
        'clear, colour or reset a terminal are removed.',
    )
    .argument('<machine>', 'name of the machine')
    .option('-f, --follow', 'keep printing new output, across restarts')
    .option('-n, --tail <n>', 'begin with the last N lines', lineCount)
    .addOption(new Option('--lines <n>', 'same as --tail').argParser(lineCount).hideHelp())
    .option('--raw', 'print the bytes unchanged')
    .addOption(new Option('--source <log>', 'log to print').choices(SOURCES).default('serial'))
    .action(logs);
}

async function logs(name: string, given: Flags): Promise<void> {
  const flags = { ...given, lines: given.tail ?? given.lines };
  const { MachineStore } = await import('../../machines/index.ts');
  const machine = new MachineStore().get(name);
  await untilInterrupted(async (signal) => {
    let bytes = 0;
    const text = flags.raw ? undefined : new PrintableText();
    for await (const piece of read(machine, flags, signal)) {
      bytes += piece.length;
      await writeOut(text ? text.push(piece) : piece);
      signal.throwIfAborted();
    }
    if (text) await writeOut(text.end());
    if (bytes === 0 && flags.lines !== 0) note(emptyNote(machine, flags.source));
  });
}

function read(
  machine: NamedMachine,
  {
    follow,
    lines: tailLines,
    source,
  }: Pick<Flags, 'follow' | 'source'> & { readonly lines: number | undefined },
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  if (!follow) return machine.log(source, { tailLines });
  return machine.followLog(source, {
    tailLines,
    signal,
    onPossibleGap: () => note('output is missing: the log grew faster than it was read'),
  });
}

function emptyNote(machine: NamedMachine, source: LogSource): string {
  const why = machine.status().kind === 'created' ? `; ${machine.name} has never run` : '';
  return `the ${source} log of ${machine.name} is empty${why}`;
}
