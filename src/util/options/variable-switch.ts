const OFF = new Set(['', '0', 'false', 'no', 'off']);

/** True when an environment variable such as `VMLET_FRESH=1` is set, and not to 0, false, no or off in any case. */
export function isSwitchedOn(value: string | undefined): boolean {
  return value !== undefined && !OFF.has(value.toLowerCase());
}
