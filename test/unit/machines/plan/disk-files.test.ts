import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireDiskFiles } from '../../../../src/machines/plan/disk-files.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedDisk, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const base = join(directory, 'base.qcow2');
const medium = join(directory, 'system.iso');

it.each([
  ['disk0.qcow2', 'disk0', (path: string) => `no such file: ${path}`, 'vmlet disk rm web disk0'],
  [base, 'disk1', () => `no such file: ${base} (TOP is based on it)`, 'vmlet disk rm web disk1'],
  [medium, 'cdrom0', () => `no such file: ${medium}`, 'vmlet cd eject web cdrom0'],
])('a machine without the file %s is rejected with the name of its %s', (file, name, problem, command) => {
  const backing = { path: base, format: 'raw' } as const;
  const { definition } = storedMachine(directory, {
    disks: [storedDisk('disk0'), storedDisk('disk1', { backing })],
    cdroms: [{ name: 'cdrom0', path: medium }, { name: 'cdrom1' }],
  });
  const inStorage = (path: string): string => join(definition.files.storage, path);
  for (const path of [inStorage('disk0.qcow2'), inStorage('disk1.qcow2'), base, medium]) {
    writeFileSync(path, '');
  }
  requireDiskFiles(definition);
  const path = file.startsWith('/') ? file : inStorage(file);
  rmSync(path);
  expect(() => requireDiskFiles(definition)).toThrow(
    expect.objectContaining({
      message: `${name}: ${problem(path).replace('TOP', inStorage('disk1.qcow2'))}`,
      hint: expect.stringMatching(
        new RegExp(`^restore the file; to start machine "web" .*: ${command}$`),
      ) as string,
    }),
  );
});
