import { constants } from 'node:os';

/** vmlet itself failed, as with podman run; 126 and 127 mean that the guest could not run the command. */
export const EXIT_VMLET = 125;
/** Timed out, as with timeout(1). */
export const EXIT_TIMED_OUT = 124;

/** Exit status that a shell reports for a command that was killed by a signal. @param signal as of `signalName`. */
export function exitCodeOfSignal(signal: string): number {
  const known = constants.signals[signal as NodeJS.Signals] as number | undefined;
  return 128 + (known ?? Number(/^SIG(\d+)$/.exec(signal)?.[1] ?? 0));
}
