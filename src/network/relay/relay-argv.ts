import { confine } from '../../process/confine/confine.ts';
import { type ConfinementAbilities, type Layers, layersOf } from '../../process/confine/layers.ts';
import { ANY_PARENT, STANDARD_DESCRIPTORS, tether } from '../../process/confine/tether.ts';
import { relayProgram } from '../../process/native/network-programs.ts';
import type { BoundForward } from '../ports/port.ts';
import { MOST_SOCKETS, type SocketForward } from '../ports/socket-forward.ts';

/** Forwards that go over the agent. */
export interface RelayedForwards {
  readonly sockets: readonly SocketForward[];
  /** TCP ports that were added while the machine is running; after the next start they are passt's. */
  readonly ports: readonly BoundForward[];
}

/** The listening socket, and the connection to the agent. */
const INHERITED = 2;
/** It writes no files. */
const LONGEST_FILE = 1024 * 1024;
/** Ports and sockets together. */
export const MAX_RELAYED = MOST_SOCKETS;

/** Returns the layers around a relay, which inherits all that it uses. */
export function relayLayers(abilities: ConfinementAbilities): Layers {
  return layersOf({ connects: 'nowhere', longestFile: LONGEST_FILE }, abilities);
}

/** Returns the command line of all relays; the keeper adds the guest's port. */
export function relayArguments(layers: Layers): [string, ...string[]] {
  const program = relayProgram();
  const confinement = confine({ execute: [program], readOnly: [], readWrite: [], own: [] }, layers);
  return tether(ANY_PARENT, STANDARD_DESCRIPTORS + INHERITED, [program], confinement);
}

/** Returns the table that the keeper reads: three words for each forward, ended by NUL. */
export function relayTable({ sockets, ports }: RelayedForwards): string {
  return [
    ...sockets.flatMap(({ path, guestPort }) => [path, '0', String(guestPort)]),
    ...ports.flatMap(({ hostAddress, hostPort, guestPort }) => [
      hostAddress,
      String(hostPort),
      String(guestPort),
    ]),
  ]
    .map((word) => `${word}\0`)
    .join('');
}
