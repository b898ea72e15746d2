import { Command } from 'commander';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

interface Flags {
  readonly text?: string;
  readonly hold?: number;
}

export function sendkeyCommand(): Command {
  return new Command('sendkey')
    .description(
      'Types on the keyboard of a machine: key combinations such as ctrl-alt-f2, or text for a guest with a US layout.',
    )
    .argument('<machine>', 'name of the machine')
    .argument(
      '[keys...]',
      'key combinations; a key has the name that QEMU (ret) or Linux (KEY_ENTER) uses, or a common name (enter)',
    )
    .option('--text <text>', 'type this text before the keys; a newline is typed as Enter')
    .option('--hold <time>', 'how long each key is held (default: 20ms)', durationMs)
    .action(async (name: string, keys: string[], { text, hold }: Flags) => {
      const { MachineStore } = await import('../../machines/index.ts');
      const machine = new MachineStore().get(name).live();
      await untilInterrupted(async (signal) => machine.type({ text, keys, holdMs: hold, signal }));
    });
}
