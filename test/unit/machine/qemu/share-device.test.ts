import { expect, it } from 'vitest';
import { shareDevice } from '../../../../src/machine/qemu/share-device.ts';

const DEVICE = { driver: 'vhost-user-fs-pci', id: 'share0-device', chardev: 'share0', tag: 'share0' };

it('the device of a directory is on the root bus, or the only one of its port', () => {
  expect(shareDevice({ tag: 'share0', port: undefined })).toEqual(DEVICE);
  expect(shareDevice({ tag: 'share0', port: 'port1' })).toEqual({ ...DEVICE, bus: 'port1', addr: '0' });
  expect(shareDevice({ tag: 'share0', port: 'port1', bus: 'bus2' })).toEqual({
    ...DEVICE,
    bus: 'bus2',
    addr: '0',
  });
});
