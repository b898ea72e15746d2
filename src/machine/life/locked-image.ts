import { existsSync } from 'node:fs';
import {
  ImageLockedError,
  LaunchError,
  PermissionError,
  QmpCrashedError,
  QmpJobError,
  QmpRefusedError,
  type VmletError,
} from '../../errors/index.ts';
import { imageFailure } from '../../images/qemu-img/image-failure.ts';

/**
 * The same failure in the words that qemu-img's would have, where QEMU could not open or write an image: another
 * process has it locked (and which), the file system is full, it may not be used. Anything else as it is.
 * @param paths the image, then what it stands on.
 */
export async function explainImageFailure(
  error: unknown,
  paths: readonly [string, ...string[]],
): Promise<unknown> {
  const words = wordsOf(error);
  const failure = words === undefined ? undefined : await imageFailure(words, paths, error);
  if (failure instanceof PermissionError || (words !== undefined && isOutOfSight(words, paths))) {
    return new PermissionError(`QEMU may not use ${paths[0]}`, {
      hint: 'a machine reaches the files in its own directory and those that it was started with: put this one there, or start the machine anew with it; otherwise see who owns it',
      cause: error,
    });
  }
  return failure ?? error;
}

/**
 * Why QEMU did not start, where another process has one of its images. QEMU says itself which image it is. Other words
 * that are known of images may be about any file here: then, the failure as it is.
 */
export async function explainLockedImage(failure: LaunchError, path: string): Promise<VmletError> {
  const explained = await explainImageFailure(failure, [path]);
  return explained instanceof ImageLockedError ? explained : failure;
}

/** In a root of its own QEMU does not see what it was not given. */
function isOutOfSight(words: string, paths: readonly string[]): boolean {
  return (
    words.includes('No such file or directory') &&
    paths.some((path) => words.includes(path) && existsSync(path))
  );
}

function wordsOf(error: unknown): string | undefined {
  if (error instanceof QmpRefusedError) return error.description;
  if (error instanceof QmpJobError) return error.message;
  if (error instanceof QmpCrashedError) return error.stderr.join('\n');
  if (error instanceof LaunchError) return error.qemuOutput.join('\n');
  return undefined;
}
