import { existsSync } from 'node:fs';
import {
  ImageLockedError,
  LaunchError,
  PermissionError,
  QmpCrashedError,
  QmpJobError,
  QmpRefusedError,
  type VmletError,
  VolumeInUseError,
} from '../../errors/index.ts';
import type { VolumePlan } from '../plan/plan.ts';
import { imageFailure } from '../../images/qemu-img/image-failure.ts';
import { describeHolders } from '../volume/volume-holders.ts';

/**
 * Rewords a QEMU failure to open or write an image as the error that qemu-img would give: locked by another
 * process (and which), missing, no space left, no permission. Other failures are returned unchanged.
 * @param paths the image, then its backing files.
 */
export async function explainImageFailure(
  error: unknown,
  paths: readonly [string, ...string[]],
): Promise<unknown> {
  const words = wordsOf(error);
  const failure = words === undefined ? undefined : await imageFailure(words, paths, error);
  if (failure && /Read-only file system/.test(words ?? '')) return failure;
  if (failure instanceof PermissionError || (words !== undefined && isOutOfSight(words, paths))) {
    return new PermissionError(`permission denied for QEMU: ${paths[0]}`, {
      hint: 'check the owner and the permissions of the file; if they are correct, add the file while the machine is stopped: in a running machine, QEMU can open only the files that were given at its start',
      cause: error,
    });
  }
  return failure ?? error;
}

/**
 * Explains a failed start of QEMU when another process has locked one of its images. QEMU's message names the
 * image. Other known messages may be about any file, so the failure is then returned unchanged.
 */
export async function explainLockedImage(
  failure: LaunchError,
  path: string,
  volumes: readonly VolumePlan[],
): Promise<VmletError> {
  const words = failure.qemuOutput.join('\n');
  const volume = volumes.find(({ disk }) => words.includes(disk.path));
  const explained = await explainImageFailure(failure, [volume?.disk.path ?? path]);
  if (!(explained instanceof ImageLockedError)) return failure;
  return volume ? await volumeInUse(volume, explained) : explained;
}

export async function volumeInUse(
  { name, disk }: Pick<VolumePlan, 'name' | 'disk'>,
  cause: ImageLockedError,
): Promise<VolumeInUseError> {
  const hint =
    'stop the machine that uses the volume, or mount the volume read-only (ro) in all machines; ' +
    `to see which machines use the volume, run: vmlet volume inspect ${name}`;
  return new VolumeInUseError(name, await describeHolders(disk.path), hint, cause);
}

/** A confined QEMU does not see files that it was not given. */
function isOutOfSight(words: string, paths: readonly string[]): boolean {
  return (
    words.includes('No such file or directory') &&
    paths.some((path) => words.includes(`'${path}'`) && existsSync(path))
  );
}

function wordsOf(error: unknown): string | undefined {
  if (error instanceof QmpRefusedError) return error.description;
  if (error instanceof QmpJobError) return error.message;
  if (error instanceof QmpCrashedError) return error.stderr.join('\n');
  if (error instanceof LaunchError) return error.qemuOutput.join('\n');
  return undefined;
}
