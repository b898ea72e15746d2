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
      'Types text, or presses keys such as ctrl-alt-f2, on the keyboard of a machine. For text, the guest must use the ' +
        'US keyboard layout.',
    )
    .argument('<machine>', 'name of the machine')
    .argument(
      '[keys...]',
      'keys or key combinations, such as enter or ctrl-alt-f2; the key names of QEMU (ret) and Linux (KEY_ENTER) work too',
    )
    .option('--text <text>', 'type this text before the keys; a newline is typed as Enter')
    .option('--hold <time>', 'how long each key is held (default: 20ms)', durationMs)
    .action(async (name: string, keys: string[], { text, hold }: Flags) => {
      const { MachineStore } = await import('../../machines/index.ts');
      const machine = new MachineStore().get(name).live();
      await untilInterrupted(async (signal) => machine.type({ text, keys, holdMs: hold, signal }));
    });
}
