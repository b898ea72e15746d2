import { networkCard } from './network-card.ts';
import type { BoundNetworkPlan } from '../plan/network.ts';
import { slirpNetdev } from '../slirp/slirp.ts';

/** QEMU's side of the guest's network. */
export interface QemuNetwork {
  /** For `-chardev`, which takes no JSON. */
  readonly chardev:
    { readonly backend: 'socket'; readonly options: Readonly<Record<string, string>> } | undefined;
  /** JSON for `-netdev`. */
  readonly netdev: object;
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
  /** How QEMU and passt find each other again at the path after passt was lost; they do not where undefined. */
  readonly again?: ComesAgain | undefined;
}

/** QEMU connects again, in the option that it knows: newer ones count milliseconds, older ones seconds. */
export type ComesAgain =
  | { readonly 'reconnect-ms': number }
  | { readonly reconnect: number }
  /** It knows neither. It listens, and lets the next one in. */
  | 'listens';

const ID = 'network';

export function qemuNetwork(plan: BoundNetworkPlan, wiring: QemuNetworkWiring): QemuNetwork {
  const device = networkCard({ id: `${ID}-device`, netdev: ID, mac: plan.guest.mac });
  switch (plan.backend) {
    case 'passt-vhost-user':
      return {
        // QEMU refuses vhost-user on a chardev that inherits its descriptor: it cannot pass descriptors on one.
        chardev: { backend: 'socket', options: { id: `${ID}-passt`, path: wiring.socketPath } },
        netdev: { type: 'vhost-user', id: ID, chardev: `${ID}-passt` },
        device,
        needsSharedMemory: true,
      };
    case 'passt-stream':
      return {
        chardev: undefined,
        netdev: {
          type: 'stream',
          id: ID,
          server: wiring.again === 'listens',
          addr: streamAddress(wiring),
          ...(wiring.again !== 'listens' && wiring.again),
        },
        device,
        needsSharedMemory: false,
      };
    case 'slirp':
      return { chardev: undefined, netdev: slirpNetdev(ID, plan), device, needsSharedMemory: false };
  }
}

function streamAddress({ descriptor, socketPath }: QemuNetworkWiring): object {
  return descriptor === undefined
    ? { type: 'unix', path: socketPath }
    : { type: 'fd', str: String(descriptor) };
}
