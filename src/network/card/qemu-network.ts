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

/** Delay of QEMU's reconnect after its peer has exited; a vmlet process always listens, so this is most of the gap. */
const RECONNECT_MS = 10;
const RECONNECT_SECONDS = 1;

/** Returns the way in which this QEMU connects its network again. */
export function reconnectionOf({
  hasReconnectMs,
  hasStreamReconnect,
}: {
  readonly hasReconnectMs: boolean;
  readonly hasStreamReconnect: boolean;
}): Reconnection {
  if (!hasStreamReconnect) return 'listens';
  return hasReconnectMs ? { 'reconnect-ms': RECONNECT_MS } : { reconnect: RECONNECT_SECONDS };
}

/** Returns the JSON for `-netdev` of a card whose frames go through a socket in the host's file system. */
export function socketNetdev(id: string, path: string, again: Reconnection | undefined) {
  return {
    type: 'stream' as const,
    id,
    server: again === 'listens',
    addr: { type: 'unix' as const, path },
    ...(again !== 'listens' && again),
  };
}

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
