import { Command, Option } from 'commander';
import {
  LOG_SOURCES,
  type LogSource,
  MachineStore,
  type NamedMachine,
  OutputLogReader,
} from '../../machines/index.ts';
import { PrintableText } from '../output/printable.ts';
import { writeOut } from '../output/standard-output.ts';
import { lineCount, pointInTime } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note } from '../output/say.ts';

interface Flags {
  readonly follow?: true;
  readonly tail?: number;
  readonly lines?: number;
  readonly since?: number;
  readonly until?: number;
  readonly source?: LogSource;
  readonly raw?: true;
}

export function logsCommand(): Command {
  return new Command('logs')
    .description(
      'Prints a log of a running or stopped machine. The default is the log of the serial console. For a machine ' +
        'created by vmlet run --detach, the default is the output of the command: stdout on stdout, stderr on stderr. ' +
        'Escape sequences, which could clear, colour or reset the terminal, are removed.',
    )
    .argument('<machine>', 'name of the machine')
    .option('-f, --follow', 'keep printing new output, also after the machine restarts')
    .option('-n, --tail <n>', 'begin with the last N lines (default: the whole log)', lineCount)
    .addOption(new Option('--lines <n>', 'same as --tail').argParser(lineCount).hideHelp())
    .option(
      '--since <time>',
      'print only lines since this time: 5m (5 minutes ago) or 2026-11-28T12:00:00Z',
      pointInTime,
    )
    .option(
      '--until <time>',
      'print only lines up to this time (same formats as --since); with --follow, exit at this time',
      pointInTime,
    )
    .option('--raw', 'print the bytes unchanged, with escape sequences')
    .addOption(
      new Option(
        '--source <log>',
        'log to print (default: command for machines of vmlet run --detach, otherwise serial)',
      ).choices(LOG_SOURCES),
    )
    .action(logs);
}

async function logs(name: string, given: Flags): Promise<void> {
  const machine = new MachineStore().get(name);
  const source = given.source ?? (machine.spec.command ? 'command' : 'serial');
  const flags = { ...given, source, lines: given.tail ?? given.lines };
  const print = source === 'command' ? outputPrinter(flags.raw) : bytePrinter(flags.raw);
  await untilInterrupted(async (signal) => {
    let bytes = 0;
    const ended = given.until === undefined ? undefined : untilThen(given.until);
    const either = ended ? AbortSignal.any([signal, ended]) : signal;
    try {
      for await (const piece of read(machine, flags, either)) {
        bytes += piece.length;
        await print(piece);
        signal.throwIfAborted();
      }
    } catch (error) {
      if (!ended?.aborted || signal.aborted) throw error;
    }
    await print(undefined);
    if (bytes === 0 && flags.lines !== 0) note(emptyNote(machine, source, given));
  });
}

/** Aborts at a time, of a span that has not passed. */
function untilThen(time: number): AbortSignal | undefined {
  const left = time - Date.now();
  return left > 0 ? AbortSignal.timeout(Math.min(left, 2 ** 31 - 1)) : undefined;
}

/** Prints pieces of a log; undefined is its end. */
type Printer = (piece: Buffer | undefined) => Promise<void>;

function bytePrinter(raw: true | undefined, output: NodeJS.WriteStream = process.stdout): Printer {
  const text = raw ? undefined : new PrintableText();
  return async (piece) => {
    if (piece) await writeOut(text ? text.push(piece) : piece, output);
    else if (text) await writeOut(text.end(), output);
  };
}

/** Prints each of the command's two streams to our own. */
function outputPrinter(raw: true | undefined): Printer {
  const reader = new OutputLogReader();
  const printers = { stdout: bytePrinter(raw), stderr: bytePrinter(raw, process.stderr) };
  return async (piece) => {
    for (const part of piece ? reader.push(piece) : []) await printers[part.stream](part.bytes);
    if (!piece) for (const end of Object.values(printers)) await end(undefined);
  };
}

function read(
  machine: NamedMachine,
  {
    follow,
    lines: tailLines,
    source,
    since,
    until,
  }: Pick<Flags, 'follow' | 'since' | 'until'> & {
    readonly source: LogSource;
    readonly lines: number | undefined;
  },
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  // A span that has passed needs no waiting.
  if (!follow || (until !== undefined && until <= Date.now())) {
    return machine.log(source, { tailLines, since, until });
  }
  return machine.followLog(source, {
    ...{ tailLines, since, until },
    signal,
    onPossibleGap: () => note('some output is missing, because the log grew faster than vmlet could read it'),
  });
}

function emptyNote(machine: NamedMachine, source: LogSource, { since, until }: Flags): string {
  const why = machine.status().kind === 'created' ? `; the machine has never run` : '';
  const isPart = why === '' && (since !== undefined || until !== undefined);
  return isPart
    ? `the ${source} log of ${machine.name} has no lines in the given period`
    : `the ${source} log of ${machine.name} is empty${why}`;
}
