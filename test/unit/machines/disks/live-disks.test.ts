import { expect, it } from 'vitest';
import { PermissionError } from '../../../../src/errors/index.ts';
import { explainChain } from '../../../../src/machines/disks/live-disks.ts';

it('a disk that a running machine cannot open is reported with its backing file', () => {
  const denied = new PermissionError('permission denied for QEMU: /machine/disk1.qcow2');
  expect(explainChain(denied, ['/top.qcow2', '/base.qcow2'])).toMatchObject({
    code: 'VMLET_PERMISSION',
    message:
      'permission denied: /top.qcow2 has a backing file, /base.qcow2, and the running machine cannot open both',
    hint: 'stop the machine first, then add the disk',
  });
  const other = new Error('other');
  expect(explainChain(other, ['/top.qcow2', '/base.qcow2'])).toBe(other);
});
