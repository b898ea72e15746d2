import { networkCard } from './network-card.ts';
import type { BoundNetworkPlan } from './network.ts';
import { slirpNetdev } from './slirp.ts';

/** QEMU's side of the guest's network. */
export interface QemuNetwork {
  /** For `-chardev`, which takes no JSON. */
  readonly chardev:
    { readonly backend: 'socket'; readonly options: Readonly<Record<string, string>> } | undefined;
  /** JSON for `-netdev`, each; what leads outside is the first. */
  readonly netdevs: readonly [object, ...object[]];
  /** JSON for `-device`. */
  readonly device: object;
  /** passt maps the guest's memory: `memory-backend-memfd,share=on`. */
  readonly needsSharedMemory: boolean;
}

export interface QemuNetworkWiring {
  /** Where QEMU connects to, of at most 107 bytes; for passt-vhost-user. */
  readonly socketPath: string;
  /** The number of the descriptor on which QEMU inherits its end of the pair, for passt-stream; undefined for the path. */
  readonly descriptor: number | undefined;
  /** How QEMU comes back to the path after it has lost passt; it does not where undefined. */
  readonly reconnect?: Reconnect | undefined;
}

/**
 * In the option that QEMU knows: newer ones count milliseconds, older ones seconds. The oldest do not come back: a
 * netdev of theirs is exchanged for another by who watches them, behind a hub, since a card keeps what it is plugged into.
 */
export type Reconnect = { readonly 'reconnect-ms': number } | { readonly reconnect: number } | 'exchanged';

const ID = 'network';
/** The netdev's port in the hub, and the card's. */
const CABLE = `${ID}-cable`;
const SOCKET = `${ID}-port`;
const HUB = 0;

export function qemuNetwork(plan: BoundNetworkPlan, wiring: QemuNetworkWiring): QemuNetwork {
  const exchange = streamExchange(plan, wiring);
  const device = networkCard({ id: `${ID}-device`, netdev: exchange ? SOCKET : ID, mac: plan.guest.mac });
  switch (plan.backend) {
    case 'passt-vhost-user':
      return {
        // QEMU refuses vhost-user on a chardev that inherits its descriptor: it cannot pass descriptors on one.
        chardev: { backend: 'socket', options: { id: `${ID}-passt`, path: wiring.socketPath } },
        netdevs: [{ type: 'vhost-user', id: ID, chardev: `${ID}-passt` }],
        device,
        needsSharedMemory: true,
      };
    case 'passt-stream':
      return {
        chardev: undefined,
        netdevs: exchange
          ? [exchange.netdev, exchange.cable, { type: 'hubport', id: SOCKET, hubid: HUB }]
          : [{ ...streamNetdev(wiring), ...(wiring.reconnect as object | undefined) }],
        device,
        needsSharedMemory: false,
      };
    case 'slirp':
      return { chardev: undefined, netdevs: [slirpNetdev(ID, plan)], device, needsSharedMemory: false };
  }
}

/** What takes the place of a stream that has ended, where QEMU does not come back by itself. */
export function streamExchange(
  { backend }: Pick<BoundNetworkPlan, 'backend'>,
  wiring: QemuNetworkWiring,
): { readonly netdev: object; readonly cable: object } | undefined {
  if (backend !== 'passt-stream' || wiring.reconnect !== 'exchanged') return undefined;
  return {
    netdev: streamNetdev(wiring),
    cable: { type: 'hubport', id: CABLE, hubid: HUB, netdev: ID },
  };
}

function streamNetdev(wiring: QemuNetworkWiring): object {
  return { type: 'stream', id: ID, server: false, addr: streamAddress(wiring) };
}

function streamAddress({ descriptor, socketPath }: QemuNetworkWiring): object {
  return descriptor === undefined
    ? { type: 'unix', path: socketPath }
    : { type: 'fd', str: String(descriptor) };
}
