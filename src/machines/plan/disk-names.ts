import { InvalidInputError } from '../../errors/index.ts';
import { MOST_ROOT_PORTS } from '../../machine/qemu/root-port.ts';
import type { Definition } from '../record/definition.ts';
import { SPARE_ROOT_PORTS } from './machine-plan.ts';
import type { MachineSpec, StoredDisk } from '../spec/machine-spec.ts';

/** @throws InvalidInputError */
export function requireDisk({ spec }: Pick<Definition, 'spec'>, diskName: string): StoredDisk {
  const found = spec.disks.find(({ name }) => name === diskName);
  if (found) return found;
  const names = spec.disks.map(({ name }) => name).join(', ');
  if (names === '') {
    throw new InvalidInputError('disk', `machine "${spec.name}" has no disks`, {
      hint: `to add a disk, run: vmlet disk add ${spec.name} 20G`,
    });
  }
  throw new InvalidInputError('disk', `no such disk in machine "${spec.name}": ${diskName}`, {
    hint: `choose one of: ${names}`,
  });
}

/** Returns the names that another disk can have, lowest numbers first. */
export function unusedDiskNames({ disks }: MachineSpec): string[] {
  const used = new Set(disks.map(({ name }) => name));
  const numbers = Array.from({ length: MOST_ROOT_PORTS - SPARE_ROOT_PORTS }, (_, number) => number);
  return numbers.map((number) => `disk${number}`).filter((name) => !used.has(name));
}
