import { CommandFailedError, ImageLockedError, NoSpaceError, PermissionError } from '../errors.ts';
import { requireProgram } from '../process/program.ts';
import { type RunOptions, type RunResult, run } from '../process/run.ts';
import { lockHolders } from './lock-holders.ts';
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
    throw error instanceof CommandFailedError ? await explain(error, path) : error;
  }
}

async function explain(error: CommandFailedError, path: string): Promise<Error> {
  const { stderr } = error;
  if (/Failed to get .* lock|Failed to lock byte/.test(stderr)) {
    // The image that is locked may be a backing file of the one that was asked for.
    const locked = /Is another process using the image \[(.*)\]\?/s.exec(stderr)?.[1] ?? path;
    return new ImageLockedError(locked, await lockHolders(locked), {
      hint: 'Stop the machine that uses it, or work on an overlay of your own.',
      cause: error,
    });
  }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) {
    return new NoSpaceError(`the disk is full: there is no room for ${path}`, { cause: error });
  }
  if (/Permission denied|Read-only file system/.test(stderr)) {
    return new PermissionError(`${path} may not be used in this way by this user`, {
      hint: 'See who owns it and its directory.',
      cause: error,
    });
  }
  return error;
}
