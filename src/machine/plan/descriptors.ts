import type { Plan } from './plan.ts';

/** Descriptor numbers of the connections that QEMU inherits from the launcher. */
export const MONITOR_DESCRIPTOR = 3;
export const AGENT_DESCRIPTOR = 4;
export const CONSOLE_DESCRIPTOR = 5;
/** Used only with the backend passt-stream. */
export const NETWORK_DESCRIPTOR = 6;

/** Returns the descriptor for the link of one of `Plan.cards`. */
export function cardDescriptor({ network }: Pick<Plan, 'network'>, index: number): number {
  return NETWORK_DESCRIPTOR + (network?.backend === 'passt-stream' ? 1 : 0) + index;
}
