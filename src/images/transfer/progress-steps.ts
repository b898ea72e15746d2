const STEP_BYTES = 1024 * 1024;
const STEP_MS = 250;

export interface TransferProgress {
  readonly phase: 'download' | 'copy' | 'unpack';
  /** Of this phase, those of an earlier run included. */
  readonly bytes: number;
  /** Undefined where it is not known. */
  readonly totalBytes: number | undefined;
}

/** Passes on how many bytes there are, but not for each few of them: from one MiB to the next, and after a while. */
export function inSteps(tell: (bytes: number) => void): (bytes: number) => void {
  let toldBytes = 0;
  let toldAt = 0;
  return (bytes) => {
    const now = performance.now();
    if (bytes - toldBytes < STEP_BYTES && now - toldAt < STEP_MS) return;
    toldBytes = bytes;
    toldAt = now;
    tell(bytes);
  };
}
