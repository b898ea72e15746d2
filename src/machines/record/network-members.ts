import { dirname } from 'node:path';
import { checkNames } from '../../network/private/addresses.ts';
import { type Places, membersOf } from '../../network/private/members.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import type { MachineFiles } from './machine-files.ts';

/** Returns the directories in which a machine and its networks are. */
export function placesOf({ directory, networks }: Pick<MachineFiles, 'directory' | 'networks'>): Places {
  return { machines: dirname(directory), networks };
}

/** @throws InvalidInputError when another member of a network has the machine's new name. */
export function checkNewName(places: Places, { name, networks = [] }: MachineSpec, newName: string): void {
  for (const { network } of networks) {
    const others = membersOf(places, network).filter((member) => member.name !== name);
    checkNames({ name: network }, others, [newName]);
  }
}

/** Returns the names of a machine's networks. */
export function networksOf({ networks = [] }: Pick<MachineSpec, 'networks'>): string[] {
  return networks.map(({ network }) => network);
}
