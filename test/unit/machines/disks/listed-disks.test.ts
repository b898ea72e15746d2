import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listDisks, usesOf } from '../../../../src/machines/disks/listed-disks.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedDisk, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

it('a disk has the use that QEMU makes of it, and that of the next start', () => {
  const next = { cache: 'none', discard: false, readOnly: true } as const;
  const now = { cache: 'writeback', discard: true, readOnly: false } as const;
  const stored = storedMachine(directory, { disks: [storedDisk('disk0', next), storedDisk('disk1', next)] });
  const [disk0, disk1] = stored.definition.spec.disks;
  expect(usesOf(stored.definition)(disk0!)).toEqual({ ...next, nextStart: undefined });
  countAsRunning(stored, { disks: [{ nodeName: 'disk0', ...now }] });
  const uses = usesOf(stored.definition);
  expect(uses(disk0!)).toEqual({ ...now, nextStart: next });
  expect(uses({ ...disk0!, ...now })).toEqual({ ...now, nextStart: undefined });
  // An interrupted addition: QEMU does not have it.
  expect(uses(disk1!)).toEqual({ ...next, nextStart: undefined });
});

it('a disk whose file is missing is listed with that problem', async () => {
  const { definition } = storedMachine(directory, { disks: [storedDisk('disk0')] });
  const path = join(definition.files.storage, 'disk0.qcow2');
  expect(await listDisks(definition)).toMatchObject([
    { name: 'disk0', path, problem: `no such file: ${path}` },
  ]);
});
