import { Transform } from 'node:stream';
import { Command } from 'commander';
import { plainText, visibleText } from '../output/printable.ts';
import { lineCount } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

interface Flags {
  readonly readOnly?: true;
  readonly lines: number;
}

const CTRL_C = 0x03;
const CTRL_RIGHT_BRACKET = 0x1d;
const SCROLL_BACK = 50;

export function consoleCommand(): Command {
  return new Command('console')
    .description(
      'Connects standard input and output to the serial console of a machine until you press Ctrl-] or the machine ' +
        'ends. Several clients can be connected at the same time. vmlet’s testing library prints the path of a socket ' +
        'when a failed test is paused; to connect to the guest of the test, give this path instead of a machine name.',
    )
    .argument('<machine>', 'name of the machine, or path of a socket')
    .option('--read-only', 'do not send input to the machine; Ctrl-C and Ctrl-] detach')
    .option('--lines <n>', 'show the last N lines of the log first', lineCount, SCROLL_BACK)
    .action(openConsole);
}

async function openConsole(name: string, { readOnly, lines }: Flags): Promise<void> {
  const { MachineStore, attachConsole, describeStatus } = await import('../../machines/index.ts');
  // No machine has a slash in its name.
  const machine = name.includes('/') ? undefined : new MachineStore().get(name).live();
  const { stdin, stdout, stderr } = process;
  const what = machine ? `connecting to the serial console of ${name}` : `connecting to ${visibleText(name)}`;
  if (stdin.isTTY) stderr.write(`vmlet: ${what}; press Ctrl-] to detach\n`);
  const end = await untilInterrupted(async (signal) => {
    using _raw = rawTerminal();
    const input = readOnly ? stdin.pipe(detachKeysOnly()) : stdin;
    try {
      if (!machine) return { kind: await attachConsole(name, { input, output: stdout, signal }) } as const;
      return await machine.console({
        input,
        output: stdout,
        signal,
        // A terminal would answer queries in old output, and the guest would read that as input.
        scrollBack: { lines, show: (bytes) => void stdout.write(stdout.isTTY ? plainText(bytes) : bytes) },
      });
    } finally {
      if (input !== stdin) stdin.unpipe().pause();
    }
  });
  // The guest may have left the cursor anywhere.
  if (stdout.isTTY) stderr.write('\n');
  if (end.kind === 'closed') {
    stderr.write(
      `vmlet: disconnected from ${name}: the shell or the machine has ended, or this program read the output too slowly\n`,
    );
  }
  if (end.kind === 'ended')
    stderr.write(`vmlet: machine "${name}" has ended: ${describeStatus(end.status)}\n`);
}

function rawTerminal(): Disposable {
  const { stdin } = process;
  const raw = stdin.isTTY && !stdin.isRaw;
  if (raw) stdin.setRawMode(true);
  return {
    [Symbol.dispose]() {
      if (raw) stdin.setRawMode(false);
    },
  };
}

/** Drops all input except the keys that detach. */
function detachKeysOnly(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const detaches = chunk.includes(CTRL_RIGHT_BRACKET) || chunk.includes(CTRL_C);
      done(null, detaches ? Buffer.of(CTRL_RIGHT_BRACKET) : undefined);
    },
  });
}
