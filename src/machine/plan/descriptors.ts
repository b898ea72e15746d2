import type { Plan } from './plan.ts';

/** The numbers under which QEMU inherits its connections to the launcher. */
export const MONITOR_DESCRIPTOR = 3;
export const AGENT_DESCRIPTOR = 4;
export const CONSOLE_DESCRIPTOR = 5;
/** Only with the backend passt-stream. */
export const NETWORK_DESCRIPTOR = 6;

/** Of the cable of one of `Plan.cards`. */
export function cardDescriptor({ network }: Pick<Plan, 'network'>, index: number): number {
  return NETWORK_DESCRIPTOR + (network?.backend === 'passt-stream' ? 1 : 0) + index;
}
