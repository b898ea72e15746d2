import { confine } from '../../process/confine/confine.ts';
import { type ConfinementAbilities, type Layers, layersOf } from '../../process/confine/layers.ts';
import { ANY_PARENT, STANDARD_DESCRIPTORS, tether } from '../../process/confine/tether.ts';
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

/** The layers around the programs of a network. */
export interface NetworkLayers {
  readonly switchLayers: Layers;
  readonly plugLayers: Layers;
}

/** The switch writes no files but its lock, the plug none. */
const LONGEST_FILE = 1024 * 1024;
/** QEMU's connection. */
const INHERITED = 1;

/** Returns the layers around the switch of a network and its plugs. */
export function networkLayers(abilities: ConfinementAbilities): NetworkLayers {
  return {
    switchLayers: layersOf({ connects: 'nowhere', longestFile: LONGEST_FILE }, abilities),
    plugLayers: layersOf({ connects: 'by-path', longestFile: LONGEST_FILE }, abilities),
  };
}

/**
 * Returns the command line of the keeper's helper for a card: the plug starts the switch if there is none, and then
 * becomes itself in its layers, in which it can start nothing.
 */
export function plugArguments(
  plug: Plug,
  { switchLayers, plugLayers }: NetworkLayers,
): [string, ...string[]] {
  const networkSwitch = switchArguments(plug, switchLayers);
  return [
    plugProgram(),
    ...['--start', plug.directory, String(networkSwitch.length), ...networkSwitch],
    ...['--', ...confinedPlug(plug, plugLayers)],
  ];
}

/** The switch outlives the plug, so it is not tethered. */
function switchArguments({ directory }: Plug, layers: Layers): string[] {
  const program = switchProgram();
  const confinement = confine({ execute: [program], readOnly: [], readWrite: [], own: [directory] }, layers);
  const descriptors = ['--descriptors', String(STANDARD_DESCRIPTORS)];
  return [confineProgram(), ...descriptors, ...confinement, '--', program, directory];
}

function confinedPlug({ directory, name, mac }: Plug, layers: Layers): string[] {
  const program = plugProgram();
  // It connects to the switch's socket, which another switch replaces: one mounted by itself would be out of date.
  const confinement = confine({ execute: [program], readOnly: [directory], readWrite: [], own: [] }, layers);
  const argv = [program, directory, name, mac];
  return tether(ANY_PARENT, STANDARD_DESCRIPTORS + INHERITED, argv, confinement);
}
