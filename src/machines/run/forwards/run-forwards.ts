import type { BoundForward } from '../../../network/ports/port.ts';
import type { SocketForward } from '../../../network/ports/socket-forward.ts';
import type { RelayedForwards } from '../../../network/relay/relay-argv.ts';
import type { Definition } from '../../record/definition.ts';
import { readPlan } from '../../record/machine-plan-file.ts';
import { boundSockets } from '../../spec/forwards.ts';
import { type ForwardOptions, replaceForwards } from './live-forwards.ts';
import { replaceRelayed } from './live-relay.ts';

/** The forwards of a running machine. */
export interface RunForwards {
  readonly network: readonly BoundForward[];
  readonly relayed: RelayedForwards;
  /** Whether the start has added one to the guest's ssh server. */
  readonly addsSsh: boolean;
}

export function forwardsOfRun({ files }: Definition): RunForwards {
  const plan = readPlan(files);
  const { network, relay } = plan;
  return {
    network: network?.forwards ?? [],
    addsSsh: network?.addsSsh ?? true,
    relayed: { sockets: boundSockets(plan), ports: relay?.ports ?? [] },
  };
}

export function portsOf({ network, relayed }: Pick<RunForwards, 'network' | 'relayed'>): BoundForward[] {
  return [...network, ...relayed.ports];
}

export function filterForwards(
  { network, relayed, addsSsh }: RunForwards,
  isKept: (forward: BoundForward) => boolean,
  sockets: readonly SocketForward[],
): RunForwards {
  return {
    network: network.filter(isKept),
    relayed: {
      sockets: relayed.sockets.filter((socket) => hasSocket(sockets, socket)),
      ports: relayed.ports.filter(isKept),
    },
    addsSsh,
  };
}

export function hasSocket(sockets: readonly SocketForward[], { path, guestPort }: SocketForward): boolean {
  return sockets.some((one) => one.path === path && one.guestPort === guestPort);
}

/**
 * Changes only the part that differs.
 * @returns false where that requires a restart of passt, which `mayRestart` forbids; nothing has changed then.
 * @throws what `replaceRelayed` and `replaceForwards` throw; the earlier forwards are restored then.
 */
export async function changeForwards(
  definition: Definition,
  before: RunForwards,
  after: RunForwards,
  options: ForwardOptions,
): Promise<boolean> {
  const differ = (key: 'network' | 'relayed'): boolean =>
    JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  if (differ('relayed')) await replaceRelayed(definition, after.relayed, options);
  let isDone = false;
  try {
    isDone = !differ('network') || (await replaceForwards(definition, after.network, options));
    return isDone;
  } finally {
    if (!isDone && differ('relayed')) await replaceRelayed(definition, before.relayed, {});
  }
}
