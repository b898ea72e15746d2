/** How a process ended: exactly one of the two fields is set. */
export interface ExitStatus {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** Returns words such as `exited with status 1`, or `was killed by SIGKILL`. */
export function describeExit(status: ExitStatus): string {
  return status.signal === undefined
    ? `exited with status ${status.exitCode ?? 'unknown'}`
    : `was killed by ${status.signal}`;
}
