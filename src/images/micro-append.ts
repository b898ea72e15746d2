export interface KernelParameter {
  readonly parameter: string;
  /** Why a throw-away guest wants it. */
  readonly reason: string;
}

export const MICRO_PARAMETERS: readonly KernelParameter[] = [
  { parameter: 'quiet', reason: 'each character on the serial port costs the guest a trap' },
];
