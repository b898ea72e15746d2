import { Command, CommanderError } from 'commander';
import { collect, durationMs, requireDryRun } from '../flags/flag-values.ts';
import { OF_POOLED_RUN, type RunFlags, readLaterOptions, splitWords } from '../flags/run-options.ts';
import type { SeedFlags } from '../flags/seed-flags.ts';

type Flags = RunFlags & SeedFlags;

/** @param words of the command line after the verb. */
export async function runCommand(words: readonly string[]): Promise<Command> {
  // The schemas that describe the machine flags take 10 ms to load, a fifth of what a run in a pool takes beside Node.
  if (isPooledRun(words)) return withoutMachineFlags();
  const { addMachineFlags } = await import('../flags/machine-flags.ts');
  return addMachineFlags(withoutMachineFlags());
}

/** Whether the words name a pool and a command, and have no flag that a run in a pool refuses. */
export function isPooledRun(words: readonly string[]): boolean {
  if (!words.some((word) => word.startsWith('--pool'))) return false;
  const command = withoutMachineFlags()
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  try {
    const { operands, unknown } = command.parseOptions([...words]);
    const flags = Object.keys(command.opts());
    return (
      flags.includes('pool') &&
      flags.every((flag) => OF_POOLED_RUN.includes(flag)) &&
      operands.length > 0 &&
      unknown.length === 0
    );
  } catch (error) {
    // The command line is wrong; the whole command says how.
    if (error instanceof CommanderError) return false;
    throw error;
  }
}

function withoutMachineFlags(): Command {
  let given: readonly string[] = [];
  const command = new Command('run')
    .description(
      'Runs one command in a new guest and exits with the status of the command. The guest is deleted afterwards. The first ' +
        'run of an image boots a guest and keeps it, with its memory; later runs fork (copy) this kept guest.\n' +
        'With --detach, a named machine runs the command in the background and stops when the command ends. To ' +
        'show the output: vmlet logs; to show the exit status: vmlet ls or vmlet wait. Each start of the machine runs the ' +
        'command again.\n' +
        'IMAGE is micro (a small Linux with busybox), an image such as debian:13, the path of a disk file (with a slash, as ' +
        'in ./disk.qcow2), or host. With host, the guest sees the programs and settings of this host, and the working ' +
        'directory. Everything that the guest changes stays in its memory, and is lost at the end. With --template or --pool, leave ' +
        'out IMAGE. With --kernel, leave out IMAGE or give host.',
    )
    .argument('[image]', 'image to boot')
    .argument('[command...]', 'command to run (default: a shell)')
    .option('-d, --detach', 'run in the background as a named machine, and print its name')
    .option('-i, --interactive', 'pass stdin to the command even if stdin is a terminal')
    .option('-t, --tty', 'allocate a terminal for the command')
    .option(
      '-e, --env <name=value>',
      'set an environment variable; NAME alone copies its value from the host',
      collect,
    )
    .option(
      '-w, --workdir <dir>',
      'working directory of the command (default: /; with image host, your current directory)',
    )
    .option('-u, --user <user>', 'user to run as, and group: USER[:GROUP], each a name or a number')
    .option('--template <template>', 'start from this template instead of booting an image')
    .option('--pool <pool>', 'run the command in a ready guest of this pool (see vmlet pool)')
    .option(
      '--fresh',
      'always boot: neither use a kept guest nor keep the new one (default with VMLET_FRESH=1)',
    )
    .option('--renew', 'boot, and replace the kept guest')
    .option(
      '--timeout <time>',
      'end the guest after this time, and exit with 124 (default: no limit)',
      durationMs,
    )
    .option('--rm', 'with --detach: remove the machine and its disks when the command has ended')
    .option(
      '--die-with-parent',
      'end the guest when the parent process of vmlet ends (default in jobs of batch systems such as Slurm)',
    )
    .option('--no-die-with-parent', 'keep the guest running when the parent process of vmlet ends')
    .option('--dry-run', 'print a shell script that starts the guest, instead of starting it')
    .option('--json', 'with --dry-run: print JSON instead of a shell script')
    .passThroughOptions()
    // Before the hooks that check the options.
    .hook('preAction', () => {
      given = readLaterOptions(command, command.args, command.opts<Flags>());
    })
    .action(async (_image: string | undefined, _words: string[], flags: Flags) => {
      const { image, command: argv } = splitWords(given, flags);
      if (flags.detach) {
        const { runDetached } = await import('./run-detached.ts');
        await runDetached(image, argv, flags);
        return;
      }
      requireDryRun(flags);
      if (flags.pool !== undefined) {
        const { runPooled } = await import('./run-pooled.ts');
        await runPooled(flags.pool, argv, flags);
        return;
      }
      const { runThrowAway } = await import('./run-throw-away.ts');
      await runThrowAway(image, argv, flags);
    });
  return command;
}
