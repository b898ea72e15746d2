import type { ChildProcess } from 'node:child_process';

/** After a program is gone, a child of it may still hold its output open; what it printed itself is there by then. */
const PATIENCE_MS = 1000;

/** Closes our ends of what a program printed into a moment after it is gone, whoever else has the others. */
export function giveUpOrphanedOutput(child: ChildProcess): void {
  child.once('exit', () => {
    const giveUp = (): void => child.stdio.forEach((stream) => stream?.destroy());
    // On a host with much to do the time may be over before we have read what is there: that comes first.
    const timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
    child.once('close', () => clearTimeout(timer));
  });
}
