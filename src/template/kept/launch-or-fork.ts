import type { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import type { DryRun } from '../../machine/launch/dry-run.ts';
import { launchAt } from '../../machine/launch/launch.ts';
import { requireObject } from '../../util/options/parse-options.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';

/**
 * Starts a virtual machine and resolves when it is ready, see `until`. It boots, unless `kept` allows it to fork a guest
 * that an earlier launch has booted.
 *
 * The machine ends with the thread that called this, even if that thread is killed. On failure, everything
 * that was started is cleaned up before the promise rejects.
 *
 * @throws InvalidInputError, PortTakenError, MissingProgramError, AcceleratorUnavailableError,
 * ImageNotFoundError, ImageBuildError, NoSpaceError, UnsupportedHostError, LaunchError with the last lines of
 * QEMU and of the guest's console, or the signal's reason.
 */
export async function launch(options: LaunchOptions & { readonly until: 'running' }): Promise<RunningMachine>;
export async function launch(options?: LaunchOptions): Promise<Machine>;
export async function launch(options: LaunchOptions = {}): Promise<RunningMachine> {
  requireObject(options);
  // Validates the options; an invalid `kept` is reported there.
  if (options.kept !== 'use' && options.kept !== 'renew') {
    if (options.kept === 'ignore') {
      options.log?.debug({ reason: 'kept guests are not used' }, 'booting, not from a kept guest');
    }
    return launchAt({}, options);
  }
  const { launchKept } = await import('./launch-kept.ts');
  return launchKept(options, options.kept);
}

/**
 * Describes what `launch` would do, without doing any of it. In the script, programs are connected by
 * sockets, because a shell cannot create the descriptors that `launch` lets them inherit.
 * @throws the errors that `launch` throws before it starts anything; ImageNotFoundError when an image would
 * have to be built.
 */
export async function dryRun(options: LaunchOptions = {}): Promise<DryRun> {
  requireObject(options);
  if (options.kept !== undefined) {
    const { dryRunKept } = await import('./dry-run-kept.ts');
    return dryRunKept(options, options.kept);
  }
  const { dryRunOfBoot } = await import('../../machine/launch/dry-run.ts');
  return dryRunOfBoot(options);
}
