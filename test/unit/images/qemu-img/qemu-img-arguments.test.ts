import { expect, test } from 'vitest';
import {
  createArguments,
  repairArguments,
  resizeArguments,
  snapshotArguments,
} from '../../../../src/images/qemu-img/qemu-img-arguments.ts';

/** As `qemu-img --help` of 7.2 lists them: it knows few long names. */
const KNOWN = new Set(['-q', '-f', '-u', '-F', '-b', '--shrink', '-c', '-a', '-d', '--image-opts', '-r']);

test('uses only options of old releases', () => {
  const disk = { path: '/d', format: 'qcow2', sizeBytes: 512 } as const;
  const commands = [
    createArguments(disk),
    createArguments({ ...disk, backing: { name: '/base', format: 'raw' } }),
    resizeArguments({ ...disk, shrink: true }),
    snapshotArguments('-c', 'name', 'driver=qcow2'),
    repairArguments('driver=qcow2'),
  ];
  for (const option of commands.flat().filter((word) => word.startsWith('-'))) {
    expect(KNOWN).toContain(option);
  }
});

test('does not open the base of an overlay', () => {
  const backing = { name: '/base', format: 'raw' } as const;
  expect(createArguments({ path: '/d', format: 'qcow2', sizeBytes: 512, backing })).toEqual([
    ...['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', '/base', '/d', '512'],
  ]);
});
