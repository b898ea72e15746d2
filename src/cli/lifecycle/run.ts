import { Command } from 'commander';
import { InvalidInputError, MachineEndedError, TimedOutError } from '../../errors/index.ts';
import type { ForkOptions, LaunchOptions, Machine } from '../../index.ts';
import { bootNews } from './boot-news.ts';
import { debugLog } from '../output/debug-log.ts';
import { runInGuest } from '../enter/guest-command.ts';
import { resumeWithSpace } from './resume-with-space.ts';
import { Interrupts } from '../session/interrupts.ts';
import { addMachineFlags, launchOptions } from '../flags/machine-flags.ts';
import { ProgressLine } from '../output/progress.ts';
import { reportError } from '../output/report-error.ts';
import { collect, durationMs, requireDryRun } from '../flags/flag-values.ts';
import {
  type RunFlags,
  forkOptions,
  readLaterOptions,
  refuseMachineFlags,
  splitWords,
} from '../flags/run-options.ts';
import { type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { isBatchJob } from '../session/batch-system.ts';
import { whyHidden } from '../../public/host-directory.ts';
import { note, printJson } from '../output/say.ts';
import { ParentWatch } from '../../util/time/parent-watch.ts';

type Flags = RunFlags & SeedFlags;

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Runs one command in a new guest and exits with the status of the command. The guest is deleted afterwards. The first ' +
        'run of an image boots it and keeps the booted guest in the cache; later runs fork (copy) that guest.\n' +
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
    .option('-w, --workdir <dir>', 'working directory of the command')
    .option('-u, --user <user>', 'user to run as, and group: USER[:GROUP], each a name or a number')
    .option('--template <template>', 'start from this template instead of booting an image')
    .option('--pool <pool>', 'run the command in a ready guest of this pool (see vmlet pool)')
    .option('--fresh', 'always boot: do not use or keep a guest in the cache (default with VMLET_FRESH=1)')
    .option('--renew', 'boot, and replace the guest in the cache')
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
    .action(async (_image: string | undefined, _words: string[], flags: Flags) => {
      const { image, command: argv } = splitWords(readLaterOptions(command, command.args, flags), flags);
      if (flags.detach) {
        const { runDetached } = await import('./run-detached.ts');
        await runDetached(image, argv, flags, await seedOptions(flags));
        return;
      }
      requireDryRun(flags);
      if (flags.pool !== undefined) {
        await runInPool(flags.pool, argv, flags);
        return;
      }
      const origin: Origin =
        flags.template === undefined
          ? { launch: { ...launchOptions(image, flags, await seedOptions(flags)), kept: keptOf(flags) } }
          : { template: flags.template, fork: forkOptions(flags) };
      await (flags.dryRun ? printDryRun(origin, flags) : run(origin, argv, flags));
    });
  return addMachineFlags(command);
}

/** The treatment of a guest that an earlier run has kept. */
function keptOf({ fresh, renew }: RunFlags): NonNullable<LaunchOptions['kept']> {
  if (fresh && renew) {
    throw new InvalidInputError('fresh', 'cannot be used together with --renew', {
      hint: 'leave out --fresh or --renew',
    });
  }
  if (renew) return 'renew';
  const { VMLET_FRESH: always = '' } = process.env;
  return fresh === true || (always !== '' && always !== '0') ? 'ignore' : 'use';
}

/** Source of the machine. */
type Origin = { readonly launch: LaunchOptions } | { readonly template: string; readonly fork: ForkOptions };

async function printDryRun(origin: Origin, flags: RunFlags): Promise<void> {
  const { dryRun, openTemplate } = await import('../../index.ts');
  const {
    origin: kind,
    plan,
    script,
  } = await ('launch' in origin ? dryRun(origin.launch) : openTemplate(origin.template).dryRun(origin.fork));
  if (flags.json) printJson({ version: 1, origin: kind, plan });
  else process.stdout.write(script);
}

async function run(origin: Origin, argv: string[], flags: RunFlags): Promise<void> {
  const log = flags.debug && (await debugLog());
  await withinTimeout(flags, async (interrupts, signal) => {
    await using machine = await begin(origin, flags, signal, log);
    process.exitCode = await runIn(machine, argv, flags, interrupts, signal).catch((error: unknown) => {
      if (machine.origin === 'kept' && error instanceof MachineEndedError) {
        note(
          'the guest was a copy of a guest in the cache; to try again with a newly booted guest: vmlet run --fresh …',
        );
      }
      throw error;
    });
    const skipped = await machine.copyBack();
    if (skipped > 0)
      note(
        `${skipped} special ${skipped === 1 ? 'file was' : 'files were'} not copied back to the host (devices or FIFOs)`,
      );
    log?.debug({ status: process.exitCode }, 'the command has ended');
  });
}

async function runInPool(name: string, argv: string[], flags: RunFlags): Promise<void> {
  refuseMachineFlags('--pool', flags, ['template', 'dryRun', 'console', 'debug'], process.argv);
  const { openPool } = await import('../../public/pools.ts');
  await withinTimeout(flags, async (interrupts, signal) => {
    await using guest = await openPool(name).take({ signal });
    process.exitCode = await runInGuest(guest.exec.bind(guest), argv, flags, interrupts, signal);
  });
}

/** Ends the work with --timeout, by signals, and with the parent process where that is wanted. */
async function withinTimeout(
  flags: RunFlags,
  work: (interrupts: Interrupts, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  using interrupts = new Interrupts();
  const limit = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout);
  const signal = limit ? AbortSignal.any([interrupts.signal, limit]) : interrupts.signal;
  using _parent = (flags.dieWithParent ?? isBatchJob(process.env)) ? endWithParent(interrupts) : undefined;
  try {
    await work(interrupts, signal);
  } catch (error) {
    if (signal.aborted && signal.reason === limit?.reason) {
      throw new TimedOutError('the command', flags.timeout ?? 0, { hint: 'raise --timeout' });
    }
    throw error;
  }
}

/** A batch system may kill only the process that it started; an orphaned guest would occupy its node. */
function endWithParent(interrupts: Interrupts): ParentWatch {
  return new ParentWatch(() => {
    // The reader of stderr may have exited too.
    process.stderr.once('error', () => undefined);
    note(
      'the parent process of vmlet has ended, so vmlet ends the guest; to keep a guest running, use --no-die-with-parent',
    );
    interrupts.end('SIGHUP');
  });
}

async function begin(
  origin: Origin,
  flags: RunFlags,
  signal: AbortSignal,
  log: LaunchOptions['log'],
): Promise<Machine> {
  const { launch, openTemplate } = await import('../../index.ts');
  const progress = new ProgressLine();
  const common = { signal, ...(flags.console && { console: process.stderr }), ...(log && { log }) };
  try {
    if ('template' in origin) return await openTemplate(origin.template).fork({ ...origin.fork, ...common });
    return await launch({ ...origin.launch, ...common, ...bootNews(progress, flags) });
  } finally {
    progress.clear();
  }
}

/** A command that finds no files in the working directory should not surprise. */
function noteHiddenDirectory({ shares, guest }: Machine['plan']): void {
  const directory = process.cwd();
  if (guest.directory !== undefined || directory === '/' || !shares.some(({ shows }) => shows)) return;
  const { words, isShareable } = whyHidden(directory);
  note(`the working directory ${directory} is not shared with the guest, because ${words}`);
  note(
    isShareable
      ? 'to share it, use -v .:$PWD; to share it read-only, use -v .:$PWD:ro'
      : 'to share it under another path, use -v .:/mnt/host:ro',
  );
}

async function runIn(
  machine: Machine,
  argv: string[],
  flags: RunFlags,
  interrupts: Interrupts,
  signal: AbortSignal,
): Promise<number> {
  const { cloudInitFailure, formatEndpoint } = await import('../../index.ts');
  const { cloudInit } = machine;
  // An absent or disabled cloud-init is not a failure.
  const failure = cloudInit?.state === 'failed' ? cloudInitFailure(cloudInit, 'the guest') : undefined;
  if (failure) reportError(failure);
  for (const { ephemeral, hostAddress, hostPort, guestPort, protocol } of machine.ports) {
    if (!ephemeral) continue;
    const endpoint = formatEndpoint(hostAddress, hostPort, protocol);
    note(`forwarding ${endpoint} to port ${guestPort} of the guest`);
  }
  void machine.networkLost.then(({ program }) => {
    note(`the guest has lost its network connection, because ${program} has exited`);
  });
  if (machine.origin === 'boot') noteHiddenDirectory(machine.plan);
  resumeWithSpace(machine);
  const exec = machine.exec.bind(machine);
  return runInGuest(exec, argv, flags, interrupts, signal);
}
