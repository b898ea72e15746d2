import type { Machine } from '../api/types.ts';

const STYLES: Readonly<Record<string, string>> = {
  running: 'running',
  paused: 'paused',
  broken: 'broken',
  stopped: 'stopped',
  created: 'stopped',
  saved: 'stopped',
};

/** The state in one word. Other states of QEMU need attention. */
export function State({ machine }: { readonly machine: Machine }) {
  return <span class={`state ${STYLES[machine.state] ?? 'busy'}`}>{machine.state}</span>;
}

/** The reason why the machine ended, or what it waits for; empty for one that runs. */
export function reasonOf(machine: Machine): string {
  if (!('spec' in machine)) return machine.problem;
  const { kind, description } = machine.status;
  return kind === 'running' && description === machine.state ? '' : description;
}
