import { networkCard } from './network-card.ts';
import type { BoundNetworkPlan } from './network.ts';
import { slirpNetdev } from './slirp.ts';

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
  /** How QEMU comes back to the path after it has lost passt, in the option that it knows; it does not where undefined. */
  readonly reconnect?: ReconnectOption | undefined;
}

/** Newer QEMUs count milliseconds, older ones seconds. */
export type ReconnectOption = { readonly 'reconnect-ms': number } | { readonly reconnect: number };

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
          server: false,
          addr: streamAddress(wiring),
          ...wiring.reconnect,
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
