import { InvalidInputError } from '../../errors/index.ts';

/** A longer kernel command line hangs the guest without a word (x86 COMMAND_LINE_SIZE is 2048 with its NUL). */
export const LONGEST_KERNEL_COMMAND_LINE = 2047;

/** @throws InvalidInputError */
export function checkAppend(append: string | undefined): void {
  if (append === undefined) return;
  if (/[\0\n\r]/.test(append)) {
    throw new InvalidInputError('append', 'holds a line break or a NUL, which a kernel command line cannot');
  }
  if (Buffer.byteLength(append) > LONGEST_KERNEL_COMMAND_LINE) {
    throw new InvalidInputError(
      'append',
      `is ${Buffer.byteLength(append)} bytes long, and a kernel takes ${LONGEST_KERNEL_COMMAND_LINE}`,
      { hint: 'give long things to the command that runs in the guest, not to its kernel' },
    );
  }
}
