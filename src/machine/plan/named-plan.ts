import type { Layers } from '../../process/confine/layers.ts';
import type { RelayedForwards } from '../../network/relay/relay-argv.ts';
import type { NetworkLayers } from '../../network/switch/plug-argv.ts';
import type { Copy } from '../share/copies.ts';
import type { Plan } from './plan.ts';

export interface CdromPlan {
  /** Name of the drive and of the block node in it. */
  readonly name: string;
  /** Undefined for an empty drive. */
  readonly path: string | undefined;
  readonly bootIndex: number;
}

/** A card in a private network. The keeper starts a plug on QEMU's connection, and the plug finds the switch. */
export interface PrivateCardPlan extends NetworkLayers {
  /** Number in its port, in the names of its devices and in those of its socket. */
  readonly card: number;
  readonly network: string;
  readonly mac: string;
  /** In bytes. */
  readonly mtu: number;
  /** Its port; undefined on the root bus, in memory that an earlier release saved. */
  readonly bus: string | undefined;
  /** The guest's addresses, with prefix lengths. */
  readonly addresses: readonly string[];
  /** Socket that QEMU connects to, of at most 107 bytes. */
  readonly socketPath: string;
  /** Directory of the network's switch. */
  readonly switchDirectory: string;
}

/** A card on a bridge of the host. QEMU inherits its tap device as a descriptor. */
export interface BridgeCardPlan {
  /** 0 for the machine's first card; the others count from 1, in the names of their devices and in their addresses. */
  readonly number: number;
  readonly descriptor: number;
  readonly mac: string;
  /** Undefined in a plan of an older release, whose cards have the usual one. */
  readonly mtu?: number | undefined;
}

/** Settings that a start uses, by the names of their options. */
export type StartSettings = Readonly<Record<string, unknown>>;

/** The plan of a named machine: a throw-away machine's hardware and more. */
export interface NamedPlan extends Plan {
  readonly uuid: string;
  /** Paths of additional monitors, each of which serves one client at a time. */
  readonly monitorSockets: readonly string[];
  /** Socket of the QEMU guest agent. */
  readonly guestAgentSocket: string;
  /** Socket of swtpm. */
  readonly tpmSocket: string | undefined;
  /** Adds a screen, a keyboard and a tablet; this VNC socket shows the screen. */
  readonly vncSocket: string | undefined;
  readonly cdroms: readonly CdromPlan[];
  /** Directories that are copied into the guest when it has booted. */
  readonly copies: readonly Copy[];
  /** To tell which have changed since the start; undefined in a plan of an older release. */
  readonly settings: StartSettings | undefined;
  /** Cards on bridges of the host. */
  readonly bridges: readonly BridgeCardPlan[];
  /** Private networks, whose cards come after all other devices. */
  readonly privateCards: readonly PrivateCardPlan[];
  /** Forwards over the agent, and the confinement of their relays; undefined in a plan of an older release. */
  readonly relay: (RelayedForwards & { readonly layers: Layers }) | undefined;
}
