import { confine } from '../../process/confine/confine.ts';
import { type ConfinementAbilities, type Layers, layersOf } from '../../process/confine/layers.ts';
import { STANDARD_DESCRIPTORS } from '../../process/confine/tether.ts';
import { confineProgram } from '../../process/native/confine-program.ts';
import { plugProgram, switchProgram } from '../../process/native/network-programs.ts';

/** A card of a machine in a private network. */
export interface Plug {
  /** The network's directory; the path of its socket, `switch.sock`, has at most 107 bytes. It exists. */
  readonly directory: string;
  /** The member's name in the network. */
  readonly name: string;
  /** MAC address of the card. */
  readonly mac: string;
}

/** It writes no files but its lock. */
const LONGEST_FILE = 1024 * 1024;

/** Returns the layers around the switch of a network. */
export function switchLayers(abilities: ConfinementAbilities): Layers {
  return layersOf({ connects: 'nowhere', longestFile: LONGEST_FILE }, abilities);
}

/**
 * Returns the command line of the keeper's helper for a card: the plug, followed by the command line with which it starts
 * the switch. The switch outlives the plug, so it is not tethered.
 */
export function plugArguments({ directory, name, mac }: Plug, layers: Layers): [string, ...string[]] {
  const program = switchProgram();
  const confinement = confine({ execute: [program], readOnly: [], readWrite: [], own: [directory] }, layers);
  return [
    plugProgram(),
    ...[directory, name, mac, '--'],
    ...[confineProgram(), '--descriptors', String(STANDARD_DESCRIPTORS), ...confinement, '--'],
    ...[program, directory],
  ];
}
