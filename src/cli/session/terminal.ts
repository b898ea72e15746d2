import type { GuestProcess } from '../../index.ts';

/** Passes all keys, including Ctrl-C, and the window size to the guest until disposed. */
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

/** True when a person types and reads here, in no pipe. */
export function isOnTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}
