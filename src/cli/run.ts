import { Command } from 'commander';
import { TimedOutError } from '../errors.ts';
import type { LaunchOptions, Machine } from '../index.ts';
import { addImageFlags } from './create-flags.ts';
import { debugLog } from './debug-log.ts';
import { runInGuest } from './guest-command.ts';
import { Interrupts } from './interrupts.ts';
import { ProgressLine, describeImageProgress } from './progress.ts';
import { reportError } from './report-error.ts';
import {
  type RunFlags,
  choice,
  collect,
  durationMs,
  launchOptions,
  splitWords,
  wholeNumber,
} from './run-options.ts';
import { type SeedFlags, addSeedFlags, seedOptions } from './seed-flags.ts';

type Flags = RunFlags & SeedFlags;

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Boots a fresh guest, runs one command in it and exits with its status. Nothing of the guest stays.\n' +
        'IMAGE is micro, an image such as debian:13, or the path of a disk with a slash in it; with --kernel there is none.',
    )
    .argument('[image]', 'what to boot')
    .argument('[command...]', 'what to run; a shell where none is given')
    .option('-i, --interactive', 'pass stdin on even where it is a terminal')
    .option('-t, --tty', 'give the command a terminal')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes its value from here', collect)
    .option('-w, --workdir <dir>', 'directory to run in')
    .option('-u, --user <user>', 'user to run as, by name or UID[:GID]')
    .option('-p, --publish <port>', 'forward a port, [ip:][host]:guest[/tcp|udp]', collect)
    .option('-m, --memory <size>', 'memory such as 512M (default: 256M; 2G for a disk)')
    .option('--cpus <n>', 'virtual processors (default: 1)', wholeNumber)
    .option(
      '--disk <disk>',
      'fresh disk such as 2G, or FILE[,format=qcow2|raw][,readonly][,trusted]',
      collect,
    )
    .addOption(choice('--net <kind>', 'network (default: auto)', ['auto', 'passt', 'slirp', 'none']))
    .addOption(choice('--accel <kind>', 'accelerator (default: auto)', ['auto', 'kvm', 'tcg']))
    .option('--name <name>', "the machine's and the guest's name (default: vmlet)")
    .option('--kernel <file>', 'boot this Linux kernel')
    .option('--initrd <file>', 'initramfs for --kernel; the agent is added to it')
    .option('--append <words>', "more of the kernel's command line")
    .option('--timeout <time>', 'end everything after this time, with status 124', durationMs)
    .option('--boot-timeout <time>', 'how long booting may take (default: 2m; 10m for a disk)', durationMs)
    .option('--console', "show the guest's serial console on stderr")
    .option('--debug', 'say on stderr what is done and when, as JSON lines')
    .option('--dry-run', 'print the commands that would be run, and run none')
    .option('--json', 'with --dry-run: print the plan as JSON')
    .passThroughOptions()
    .action(async (_image: string | undefined, _words: string[], flags: Flags) => {
      const { image, command: argv } = splitWords(command.args, flags);
      const options = launchOptions(image, flags, await seedOptions(flags));
      await (flags.dryRun ? printDryRun(options, flags) : run(options, argv, flags));
    });
  return addSeedFlags(addImageFlags(command, "the image's own"));
}

async function printDryRun(options: LaunchOptions, flags: RunFlags): Promise<void> {
  const { dryRun } = await import('../index.ts');
  const { plan, script } = await dryRun(options);
  process.stdout.write(flags.json ? `${JSON.stringify({ version: 1, plan }, null, 2)}\n` : script);
}

async function run(options: LaunchOptions, argv: string[], flags: RunFlags): Promise<void> {
  using interrupts = new Interrupts();
  const limit = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout);
  const signal = limit ? AbortSignal.any([interrupts.signal, limit]) : interrupts.signal;
  const log = flags.debug && (await debugLog());
  try {
    await using machine = await boot(options, flags, signal, log);
    process.exitCode = await runIn(machine, argv, flags, interrupts, signal);
    log?.debug({ status: process.exitCode }, 'the command has ended');
  } catch (error) {
    if (signal.aborted && signal.reason === limit?.reason) {
      throw new TimedOutError('the command', flags.timeout ?? 0, { hint: 'give it more with --timeout' });
    }
    throw error;
  }
}

async function boot(
  options: LaunchOptions,
  flags: RunFlags,
  signal: AbortSignal,
  log: LaunchOptions['log'],
): Promise<Machine> {
  const { launch } = await import('../index.ts');
  const progress = new ProgressLine();
  try {
    if (!flags.console && !log) progress.show('booting…');
    return await launch({
      ...options,
      signal,
      ...(flags.console && { console: process.stderr }),
      ...(log && { log }),
      // Where nobody sees it, the guest need not be asked.
      ...(progress.enabled && { onBoot: (doing) => progress.show(`booting: ${doing}…`) }),
      onProgress: (news) => {
        progress.show(news.phase === 'done' ? 'booting…' : describeImageProgress(news));
      },
    });
  } finally {
    progress.clear();
  }
}

async function runIn(
  machine: Machine,
  argv: string[],
  flags: RunFlags,
  interrupts: Interrupts,
  signal: AbortSignal,
): Promise<number> {
  const { cloudInitFailure, formatEndpoint } = await import('../index.ts');
  const { cloudInit } = machine;
  // One that is absent or disabled had nothing to do.
  const failure = cloudInit?.state === 'failed' ? cloudInitFailure(cloudInit, 'the guest') : undefined;
  if (failure) reportError(failure);
  for (const { ephemeral, hostAddress, hostPort, guestPort, protocol } of machine.ports) {
    if (!ephemeral) continue;
    const endpoint = formatEndpoint(hostAddress, hostPort, protocol);
    process.stderr.write(`vmlet: ${endpoint} leads to port ${guestPort} of the guest\n`);
  }
  void machine.networkLost.then(({ program }) => {
    process.stderr.write(`vmlet: ${program} has died; the guest has no network any more\n`);
  });
  const exec = machine.exec.bind(machine);
  return runInGuest(exec, argv, flags, interrupts, signal);
}
