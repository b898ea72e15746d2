import { networkCard } from './network-card.ts';
import type { BoundNetworkPlan } from '../plan/network.ts';
import { slirpNetdev } from '../slirp/slirp.ts';

/** QEMU's side of the guest's network. */
export interface QemuNetwork {
  /** For `-chardev`, which does not support JSON. */
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
  /** Socket that QEMU connects to, of at most 107 bytes; for passt-vhost-user. */
  readonly socketPath: string;
  /** The descriptor of QEMU's inherited end of the pair, for passt-stream; undefined to use the path. */
  readonly descriptor: number | undefined;
  /** How QEMU and passt reconnect at the path after passt was lost; undefined if they do not. */
  readonly again?: Reconnection | undefined;
}

/** QEMU's reconnect option: newer versions use milliseconds, older ones seconds. */
export type Reconnection =
  | { readonly 'reconnect-ms': number }
  | { readonly reconnect: number }
  /** It supports neither. It listens, and accepts the next connection. */
  | 'listens';

const ID = 'network';

export function qemuNetwork(plan: BoundNetworkPlan, wiring: QemuNetworkWiring): QemuNetwork {
  const device = networkCard({ id: `${ID}-device`, netdev: ID, mac: plan.guest.mac });
  switch (plan.backend) {
    case 'passt-vhost-user':
      return {
        // QEMU rejects vhost-user on a chardev with an inherited descriptor, on which it cannot pass
        // descriptors.
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
