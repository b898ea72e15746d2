import { expect, test } from 'vitest';
import { hasMonitorObjects, qmpMonitorArguments } from '../../../../src/host/programs/qmp-monitor.ts';

test('a monitor is an object if QEMU supports monitor objects', () => {
  expect(hasMonitorObjects({ objects: ['iothread', 'monitor-hmp', 'monitor-qmp'] })).toBe(true);
  expect(hasMonitorObjects({ objects: ['iothread'] })).toBe(false);
  expect(qmpMonitorArguments('one', true)).toEqual([
    '-object',
    '{"qom-type":"monitor-qmp","id":"one","chardev":"one"}',
  ]);
  expect(qmpMonitorArguments('one', false)).toEqual(['-mon', 'chardev=one,mode=control']);
});
