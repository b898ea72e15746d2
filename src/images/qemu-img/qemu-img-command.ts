import { CommandFailedError } from '../../errors/index.ts';
import { type Files, confineToFiles } from '../../process/confine-to-files.ts';
import { requireProgram } from '../../process/program.ts';
import { type RunOptions, type RunResult, run } from '../../process/run.ts';
import { DISK_STANDSTILL_MS } from '../../process/standstill.ts';
import { imageFailure } from './image-failure.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';

const INSTALL_HINT =
  'on Debian or Ubuntu, run: sudo apt-get install qemu-utils; on Fedora: sudo dnf install qemu-img';

export interface QemuImgOptions extends Pick<RunOptions, 'signal' | 'acceptedExitCodes' | 'onStdout'> {
  /** Limits it to these files and directories; by default it has the access of this user. */
  readonly files?: Pick<Files, 'readOnly' | 'own'> | undefined;
}

/**
 * Runs qemu-img.
 * @param path the image that an error is about.
 * @throws ImageLockedError, NoSpaceError, PermissionError, InvalidInputError for a missing file, CommandFailedError,
 *   MissingProgramError, StandstillError when it makes no progress for a minute, or the signal's reason.
 */
export async function qemuImg(
  args: readonly string[],
  path: string,
  { files, ...options }: QemuImgOptions,
): Promise<RunResult> {
  const program = requireProgram('qemu-img', INSTALL_HINT);
  try {
    return await run([program, ...args], {
      ...options,
      environment: plainEnvironment(),
      standstillMs: DISK_STANDSTILL_MS,
      confinement: files && (await confineToFiles({ ...files, programs: [program], longestFile: undefined })),
    });
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    throw (await imageFailure(error.stderr, [path], error)) ?? error;
  }
}
