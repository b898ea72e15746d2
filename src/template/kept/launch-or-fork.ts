import type { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { launchAt } from '../../machine/launch/launch.ts';
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
  // Validates the options; an invalid `kept` is reported there.
  if (options.kept !== 'use' && options.kept !== 'renew') return launchAt({}, options);
  const { launchKept } = await import('./launch-kept.ts');
  return launchKept(options, options.kept);
}
