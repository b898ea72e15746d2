export interface KernelParameter {
  readonly parameter: string;
  /** Why a throw-away guest wants it. */
  readonly reason: string;
}

export const MICRO_PARAMETERS: readonly KernelParameter[] = [
  { parameter: 'console=ttyS0', reason: 'the serial port is where the host listens' },
];
