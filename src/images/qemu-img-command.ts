import { CommandFailedError } from '../errors.ts';
import { requireProgram } from '../process/program.ts';
import { type RunOptions, type RunResult, run } from '../process/run.ts';
import { imageFailure } from './image-failure.ts';
import { plainEnvironment } from './plain-environment.ts';

const INSTALL_HINT = 'Debian and Ubuntu: sudo apt-get install qemu-utils. Fedora: sudo dnf install qemu-img.';

/**
 * Runs qemu-img.
 * @param path the image that an error is about.
 * @throws ImageLockedError, NoSpaceError, PermissionError, CommandFailedError, MissingProgramError, the signal's reason.
 */
export async function qemuImg(
  args: readonly string[],
  path: string,
  options: Pick<RunOptions, 'signal' | 'acceptedExitCodes' | 'onStdout'>,
): Promise<RunResult> {
  const program = requireProgram('qemu-img', INSTALL_HINT);
  try {
    return await run([program, ...args], { ...options, environment: plainEnvironment() });
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    throw (await imageFailure(error.stderr, [path], error)) ?? error;
  }
}
