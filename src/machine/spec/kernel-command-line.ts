import { InvalidInputError } from '../../errors/index.ts';

/** A longer kernel command line hangs the guest silently (x86 COMMAND_LINE_SIZE is 2048 with its NUL). */
export const LONGEST_KERNEL_COMMAND_LINE = 2047;

/** Returns the error of `append` for a guest whose boot loader starts the kernel. */
export function appendNeedsKernel(hint: string): InvalidInputError {
  return new InvalidInputError(
    'append',
    'the machine boots from a disk, whose boot loader sets the kernel command line',
    { hint },
  );
}

/** @throws InvalidInputError */
export function checkAppend(append: string | undefined): void {
  if (append === undefined) return;
  if (/[\0\n\r]/.test(append)) {
    throw new InvalidInputError('append', 'must not contain a line break or a NUL');
  }
  if (Buffer.byteLength(append) > LONGEST_KERNEL_COMMAND_LINE) {
    throw new InvalidInputError(
      'append',
      `the kernel command line is too long: ${Buffer.byteLength(append)} bytes (limit: ${LONGEST_KERNEL_COMMAND_LINE})`,
      {
        hint: 'shorten --append; to pass long values to a program in the guest, use its arguments, environment variables or files',
      },
    );
  }
}
