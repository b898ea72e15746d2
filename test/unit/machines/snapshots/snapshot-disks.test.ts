import { describe, expect, it } from 'vitest';
import type { StoredDisk } from '../../../../src/machines/spec/machine-spec.ts';
import {
  nodesForRemoval,
  pathsForRemoval,
  requireOnDisks,
} from '../../../../src/machines/snapshots/snapshot-disks.ts';
import { removeMachineSnapshots } from '../../../../src/machines/snapshots/snapshots.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedDisk, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const raw = storedDisk('disk1', { file: '/raw.img', format: 'raw' });
const readOnly = storedDisk('disk2', { readOnly: true });

describe('disks of which snapshots are removed', () => {
  const machine = (...disks: StoredDisk[]) => storedMachine(directory, { disks }).definition;

  it('are those with qcow2, also beside a raw one or if all are read-only', () => {
    const { files, ...first } = machine(storedDisk('disk0'), raw, readOnly);
    const [disk0, disk2] = [`${files.storage}/disk0.qcow2`, `${files.storage}/disk2.qcow2`];
    expect(pathsForRemoval({ files, ...first })).toEqual([disk0, disk2]);
    expect(pathsForRemoval(machine(readOnly))).toEqual([disk2]);
  });

  it('are those that QEMU has and writes to while the machine runs', () => {
    const definition = machine(storedDisk('disk0'), raw, readOnly, storedDisk('disk3'));
    const of = (...names: string[]) => ({ disks: names.map((nodeName) => ({ nodeName })) as never });
    expect(nodesForRemoval(definition, of('disk0', 'disk1', 'disk2'))).toEqual(['disk0']);
    expect(nodesForRemoval(definition, of('disk0', 'disk3'))).toEqual(['disk0', 'disk3']);
    expect(() => nodesForRemoval(definition, of('disk1'))).toThrow('has no disk with snapshots');
  });
});

it('an unknown snapshot is rejected without a look at a disk', async () => {
  const { locations, definition } = storedMachine(directory);
  const message = 'snapshot: no such snapshot: "a"';
  await expect(requireOnDisks(definition, ['a', 'b'], undefined)).rejects.toThrow(message);
  await expect(removeMachineSnapshots(locations, 'web', ['a'])).rejects.toThrow(message);
});
