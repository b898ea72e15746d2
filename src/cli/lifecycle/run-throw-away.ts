import { InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions, LaunchOptions, Machine } from '../../index.ts';
import { formatEndpoint } from '../../public/format.ts';
import { whyHidden } from '../../public/host-directory.ts';
import { keptByDefault } from '../../public/options.ts';
import { runInGuest } from '../enter/guest-command.ts';
import { launchOptions } from '../flags/machine-flags.ts';
import { forkOptions } from '../flags/refused-flags.ts';
import type { RunFlags } from '../flags/run-options.ts';
import { type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { debugLog } from '../output/debug-log.ts';
import { ProgressLine } from '../output/progress.ts';
import { reportError } from '../output/report-error.ts';
import { note, printJson } from '../output/say.ts';
import type { Interrupts } from '../session/interrupts.ts';
import { withinTimeout } from '../session/within-timeout.ts';
import { bootNews } from './boot-news.ts';
import { isForkSuspect } from './fork-suspect.ts';
import { sayMountNews } from './mount-news.ts';
import { resumeWithSpace } from './resume-with-space.ts';

/** Boots or forks a guest, runs the command in it, and deletes it. With --dry-run it prints how the guest would start. */
export async function runThrowAway(
  image: string | undefined,
  argv: string[],
  flags: RunFlags & SeedFlags,
): Promise<void> {
  const origin: Origin =
    flags.template === undefined
      ? {
          launch: {
            ...launchOptions(image, flags, await seedOptions(flags)),
            kept: keptOf(flags),
            ...consoleOf(flags),
          },
        }
      : { template: flags.template, fork: forkOptions(flags) };
  if (flags.dryRun) {
    await printDryRun(origin, flags);
    return;
  }
  sayMountNews(flags);
  await run(origin, argv, flags);
}

function consoleOf({ console }: RunFlags): Pick<LaunchOptions, 'console'> {
  return console ? { console: process.stderr } : {};
}

/** The treatment of a guest that an earlier run has kept. */
function keptOf({ fresh, renew }: RunFlags): NonNullable<LaunchOptions['kept']> {
  if (fresh && renew) {
    throw new InvalidInputError('fresh', 'cannot be used together with --renew', {
      hint: 'leave out --fresh or --renew',
    });
  }
  if (renew) return 'renew';
  return fresh ? 'ignore' : keptByDefault(process.env);
}

/** Source of the machine. */
type Origin = { readonly launch: LaunchOptions } | { readonly template: string; readonly fork: ForkOptions };

async function printDryRun(origin: Origin, flags: RunFlags): Promise<void> {
  const { dryRun, openTemplate } = await import('../../public/launch.ts');
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
      if (machine.origin === 'kept' && isForkSuspect(error)) {
        note(
          'the guest was forked from a kept guest; to try again with a newly booted guest: vmlet run --fresh …',
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

async function begin(
  origin: Origin,
  flags: RunFlags,
  signal: AbortSignal,
  log: LaunchOptions['log'],
): Promise<Machine> {
  const { launch, openTemplate } = await import('../../public/launch.ts');
  const progress = new ProgressLine();
  const common = { signal, ...(log && { log }) };
  try {
    if ('template' in origin)
      return await openTemplate(origin.template).fork({ ...origin.fork, ...consoleOf(flags), ...common });
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
  const { cloudInit } = machine;
  // An absent or disabled cloud-init is not a failure.
  if (cloudInit?.state === 'failed') {
    const { cloudInitFailure } = await import('../../public/launch.ts');
    const failure = cloudInitFailure(cloudInit, 'the guest');
    if (failure) reportError(failure);
  }
  for (const { ephemeral, hostAddress, hostPort, guestPort, protocol } of machine.ports) {
    if (!ephemeral) continue;
    const endpoint = formatEndpoint(hostAddress, hostPort, protocol);
    note(`forwarding ${endpoint} to port ${guestPort} of the guest`);
  }
  void machine.networkLost.then(({ program }) => {
    note(`the guest has lost its network connection, because ${program} has exited`);
  });
  noteHiddenDirectory(machine.plan);
  resumeWithSpace(machine);
  const exec = machine.exec.bind(machine);
  return runInGuest(exec, argv, flags, interrupts, signal);
}
