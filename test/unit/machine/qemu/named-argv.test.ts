import { describe, expect, it } from 'vitest';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { namedArguments } from '../../../../src/machine/qemu/named-argv.ts';
import { plainDisk, plainNamedPlan } from '../plan/plain-plan.ts';
import { deviceOf, objectsOf, valuesOf } from './command-line.ts';

function words(changes: Partial<NamedPlan> = {}): string[] {
  return namedArguments({ ...plainNamedPlan, ...changes });
}

it('is the plain machine with the additions of a named one', () => {
  expect(valuesOf(words(), '-uuid')).toEqual([plainNamedPlan.uuid]);
  expect(valuesOf(words(), '-name')).toEqual(['guest=web,process=vmlet-web']);
});

it('creates the ports before their disks', () => {
  const all = words({ rootPorts: ['port0', 'port1'], disks: [{ ...plainDisk, bus: 'port1' }] });
  const ids = objectsOf(all, '-device').map(({ id }) => id);
  expect(ids.slice(0, 2)).toEqual(['port0', 'port1']);
  expect(deviceOf(all, 'port1')).toMatchObject({ driver: 'pcie-root-port', addr: '10.1' });
  expect(ids).toContain('disk0-device');
});

it('serves each monitor at its path', () => {
  const monitorSockets = ['/run/m/a', '/run/m/b,c'];
  const all = words({ monitorSockets });
  expect(valuesOf(all, '-chardev').slice(3, 5)).toEqual([
    'socket,id=monitor-0,path=/run/m/a,server=on,wait=off',
    'socket,id=monitor-1,path=/run/m/b,,c,server=on,wait=off',
  ]);
  expect(valuesOf(all, '-mon').slice(1)).toEqual([
    'chardev=monitor-0,mode=control',
    'chardev=monitor-1,mode=control',
  ]);
  expect(words({ monitorSockets, monitorObjects: true })).not.toContain('-mon');
});

it("has QEMU's own agent on the second port of the channels", () => {
  const all = words();
  expect(valuesOf(all, '-chardev').at(-1)).toBe(
    'socket,id=guest-agent,path=/run/m/qga.sock,server=on,wait=off',
  );
  expect(deviceOf(all, 'guest-agent-device')).toEqual({
    driver: 'virtserialport',
    bus: 'channels.0',
    nr: 2,
    chardev: 'guest-agent',
    id: 'guest-agent-device',
    name: 'org.qemu.guest_agent.0',
  });
});

it('has a TPM if swtpm listens at its socket', () => {
  expect(words()).not.toContain('-tpmdev');
  expect(valuesOf(words({ tpmSocket: '/run/m/tpm' }), '-chardev').at(-1)).toBe(
    'socket,id=tpm-control,path=/run/m/tpm',
  );
  expect(valuesOf(words({ tpmSocket: '/run/m/tpm' }), '-tpmdev')).toHaveLength(1);
});

it('has a screen, and a tablet as pointer, only with a socket for it', () => {
  const hidden = words();
  expect(hidden).not.toContain('-vnc');
  expect(['screen', 'usb', 'tablet'].map((id) => deviceOf(hidden, id))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const shown = words({ vncSocket: '/run/a,b/vnc' });
  expect(valuesOf(shown, '-vnc')).toEqual(['unix:/run/a,,b/vnc']);
  expect(['screen', 'usb', 'tablet'].map((id) => deviceOf(shown, id))).toEqual([
    { driver: 'VGA', id: 'screen' },
    { driver: 'qemu-xhci', id: 'usb' },
    { driver: 'usb-tablet', id: 'tablet', bus: 'usb.0' },
  ]);
});

describe('CD drives', () => {
  const cdroms = [
    { name: 'cd0', path: '/a.iso', bootIndex: 1 },
    { name: 'cd1', path: undefined, bootIndex: 2 },
  ];

  it('are each on their own channel, in boot order', () => {
    const all = words({ cdroms });
    expect(deviceOf(all, 'cd0-device')).toEqual({
      driver: 'ide-cd',
      id: 'cd0-device',
      bus: 'ide.0',
      bootindex: 1,
      drive: 'cd0',
    });
    expect(deviceOf(all, 'cd1-device')).toEqual({
      driver: 'ide-cd',
      id: 'cd1-device',
      bus: 'ide.1',
      bootindex: 2,
    });
  });

  it('have their media read-only, or are empty', () => {
    expect(objectsOf(words({ cdroms }), '-blockdev')).toEqual([
      {
        driver: 'raw',
        'node-name': 'cd0',
        'read-only': true,
        file: { driver: 'file', filename: '/a.iso', 'read-only': true },
      },
    ]);
  });
});

it('is attached to the bridge by an inherited descriptor', () => {
  expect(words()).not.toContain('-netdev');
  const all = words({ bridges: [{ number: 0, descriptor: 9, mac: '52:54:00:00:00:09' }] });
  expect(objectsOf(all, '-netdev')).toMatchObject([{ type: 'tap', id: 'network', fd: '9' }]);
  expect(deviceOf(all, 'network-device')).toEqual({
    ...{ driver: 'virtio-net-pci', id: 'network-device', netdev: 'network' },
    ...{ mac: '52:54:00:00:00:09', romfile: '' },
  });
});

it('has further cards on bridges at addresses that depend on no other device', () => {
  const all = words({
    bridges: [
      { number: 1, descriptor: 6, mac: '52:54:00:00:00:01', mtu: 9000 },
      { number: 2, descriptor: 7, mac: '52:54:00:00:00:02', mtu: 1500 },
    ],
  });
  expect(objectsOf(all, '-netdev')).toEqual([
    { type: 'tap', id: 'bridge1', fd: '6' },
    { type: 'tap', id: 'bridge2', fd: '7' },
  ]);
  const card = { driver: 'virtio-net-pci', romfile: '', bus: 'pcie.0' };
  expect(deviceOf(all, 'bridge1-device')).toEqual({
    ...card,
    ...{ id: 'bridge1-device', netdev: 'bridge1', mac: '52:54:00:00:00:01' },
    ...{ addr: '18.0', multifunction: true, host_mtu: 9000 },
  });
  expect(deviceOf(all, 'bridge2-device')).toEqual({
    ...card,
    ...{ id: 'bridge2-device', netdev: 'bridge2', mac: '52:54:00:00:00:02', addr: '18.1' },
  });
});

it('tells the guest the MTU of the bridge, if it is not the usual one', () => {
  const deviceWith = (mtu: number | undefined) =>
    deviceOf(
      words({ bridges: [{ number: 0, descriptor: 9, mac: '52:54:00:00:00:09', mtu }] }),
      'network-device',
    );
  expect(deviceWith(9000)).toMatchObject({ host_mtu: 9000 });
  expect(deviceWith(1500)).not.toHaveProperty('host_mtu');
  expect(deviceWith(undefined)).not.toHaveProperty('host_mtu');
});

describe('private networks', () => {
  const card = {
    network: 'lan',
    card: 0,
    bus: 'card-port0',
    mac: '52:54:0a:09:00:02',
    mtu: 1500,
    addresses: ['10.9.0.2/24'],
    socketPath: '/run/m/card0.sock',
    switchDirectory: '/n/lan/switch',
    switchLayers: plainNamedPlan.layers,
    plugLayers: plainNamedPlan.layers,
  };

  it('have their cards after all other devices, in ports of their own', () => {
    const all = words({
      bridges: [
        { number: 0, descriptor: 6, mac: '52:54:00:00:00:01' },
        { number: 1, descriptor: 7, mac: '52:54:00:00:00:02' },
      ],
      privateCards: [card, { ...card, card: 3, bus: undefined, mac: '52:54:0a:0a:00:02', mtu: 9000 }],
    });
    const ids = objectsOf(all, '-device').map(({ id }) => id);
    expect(ids.slice(-4)).toEqual(['network-device', 'bridge1-device', 'card0-device', 'card3-device']);
    expect(deviceOf(all, 'card0-device')).toEqual({
      driver: 'virtio-net-pci',
      id: 'card0-device',
      netdev: 'card0',
      mac: '52:54:0a:09:00:02',
      romfile: '',
      bus: 'card-port0',
    });
    // Memory that an earlier release saved has its cards on the root bus.
    expect(deviceOf(all, 'card3-device')).toEqual({
      driver: 'virtio-net-pci',
      id: 'card3-device',
      netdev: 'card3',
      mac: '52:54:0a:0a:00:02',
      romfile: '',
      host_mtu: 9000,
    });
  });

  it('connect again as the first card does', () => {
    const netdev = (again: NamedPlan['wiring']['network']['again']) =>
      objectsOf(
        words({
          privateCards: [card],
          wiring: { ...plainNamedPlan.wiring, network: { descriptor: undefined, again } },
        }),
        '-netdev',
      ).find(({ id }) => id === 'card0');
    const addr = { type: 'unix', path: '/run/m/card0.sock' };
    expect(netdev({ 'reconnect-ms': 10 })).toEqual({
      type: 'stream',
      id: 'card0',
      server: false,
      addr,
      'reconnect-ms': 10,
    });
    expect(netdev('listens')).toEqual({ type: 'stream', id: 'card0', server: true, addr });
  });
});
