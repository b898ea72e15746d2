import type { GuestProcess } from '../../index.ts';

/** Gives the keyboard to the guest, Ctrl-C and all, and tells it of the window's size; undone when disposed. */
export function attachTerminal(guestProcess: GuestProcess): Disposable {
  const { stdin, stdout } = process;
  const raw = stdin.isTTY && !stdin.isRaw;
  const onResize = (): void => guestProcess.resize({ rows: stdout.rows, columns: stdout.columns });
  if (raw) stdin.setRawMode(true);
  stdout.on('resize', onResize);
  return {
    [Symbol.dispose]() {
      stdout.off('resize', onResize);
      if (raw) stdin.setRawMode(false);
    },
  };
}
