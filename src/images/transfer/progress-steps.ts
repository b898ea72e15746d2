const STEP_BYTES = 1024 * 1024;
const STEP_MS = 250;

export interface TransferProgress {
  readonly phase: 'download' | 'copy' | 'check' | 'unpack';
  /** Bytes of this phase, including those of an earlier run. */
  readonly bytes: number;
  /** Undefined if unknown. */
  readonly totalBytes: number | undefined;
}

/** Limits progress reports to one per MiB, or one per 250 ms. */
export function inSteps(report: (bytes: number) => void): (bytes: number) => void {
  let reportedBytes = 0;
  let reportedAt = 0;
  return (bytes) => {
    const now = performance.now();
    if (bytes - reportedBytes < STEP_BYTES && now - reportedAt < STEP_MS) return;
    reportedBytes = bytes;
    reportedAt = now;
    report(bytes);
  };
}
