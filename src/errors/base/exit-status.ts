/** How a process ended: exactly one of the two is set. */
export interface ExitStatus {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export function describeExit(status: ExitStatus): string {
  return status.signal === undefined
    ? `exited with status ${status.exitCode ?? 'unknown'}`
    : `was ended by ${status.signal}`;
}
