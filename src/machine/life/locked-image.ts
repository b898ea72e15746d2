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
 * Rewords a QEMU failure to open or write an image as the error that qemu-img would give: locked by another
 * process (and which), no space left, no permission. Other failures are returned unchanged.
 * @param paths the image, then its backing files.
 */
export async function explainImageFailure(
  error: unknown,
  paths: readonly [string, ...string[]],
): Promise<unknown> {
  const words = wordsOf(error);
  const failure = words === undefined ? undefined : await imageFailure(words, paths, error);
  if (failure instanceof PermissionError || (words !== undefined && isOutOfSight(words, paths))) {
    return new PermissionError(`permission denied for QEMU: ${paths[0]}`, {
      hint: "check the owner of the file, move it into the machine's directory, or restart the machine with it; a machine can access only its own directory and the files it was started with",
      cause: error,
    });
  }
  return failure ?? error;
}

/**
 * Explains a failed start of QEMU when another process has locked one of its images. QEMU's message names the
 * image. Other known messages may be about any file, so the failure is then returned unchanged.
 */
export async function explainLockedImage(failure: LaunchError, path: string): Promise<VmletError> {
  const explained = await explainImageFailure(failure, [path]);
  return explained instanceof ImageLockedError ? explained : failure;
}

/** A confined QEMU does not see files that it was not given. */
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
