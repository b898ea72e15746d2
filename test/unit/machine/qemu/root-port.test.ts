import { expect, test } from 'vitest';
import {
  MOST_ROOT_PORTS,
  cardPort,
  cardsOfPorts,
  portNumber,
  rootPortDevice,
  rootPorts,
} from '../../../../src/machine/qemu/root-port.ts';

test('each port has its own address, whatever the number of ports', () => {
  const devices = rootPorts(MOST_ROOT_PORTS).map(rootPortDevice);
  expect(devices[0]).toEqual({
    driver: 'pcie-root-port',
    id: 'port0',
    bus: 'pcie.0',
    addr: '10.0',
    chassis: 1,
    slot: 1,
    multifunction: true,
  });
  expect(devices.map((device) => 'addr' in device && device.addr).slice(7, 10)).toEqual([
    '10.7',
    '11.0',
    '11.1',
  ]);
  expect(new Set(devices.map((device) => 'addr' in device && device.addr)).size).toBe(MOST_ROOT_PORTS);
  // Numbers from 0x18 belong to the board.
  expect(devices.at(-1)).toMatchObject({ id: 'port63', addr: '17.7' });
  const first = devices.filter((device) => 'multifunction' in device).map(({ id }) => id);
  expect(first).toEqual(['port0', 'port8', 'port16', 'port24', 'port32', 'port40', 'port48', 'port56']);
});

test('the ports of cards have addresses of their own, whatever ports come before', () => {
  const cards = [0, 1, 7].map(cardPort);
  expect(cards).toEqual(['card-port0', 'card-port1', 'card-port7']);
  const common = { driver: 'pcie-root-port', bus: 'pcie.0' };
  for (const before of [4, MOST_ROOT_PORTS]) {
    const devices = [...rootPorts(before), ...cards].map(rootPortDevice).slice(-3);
    expect(devices).toEqual([
      { ...common, id: 'card-port0', addr: 'f.0', chassis: 100, slot: 100, multifunction: true },
      { ...common, id: 'card-port1', addr: 'f.1', chassis: 101, slot: 101 },
      { ...common, id: 'card-port7', addr: 'f.7', chassis: 107, slot: 107 },
    ]);
  }
  expect(
    cardsOfPorts(['port0', 'seed-port', 'card-port0', 'card-port7', 'card-port10', 'xcard-port1']),
  ).toEqual([0, 7]);
});

test.each([
  ['disk0', 0],
  ['disk59', 59],
  ['xdisk1', NaN],
  ['disk1x', NaN],
  ['disk', NaN],
  ['seed', NaN],
])('the port of %s has the number %d', (name, number) => {
  expect(portNumber(name)).toBe(number);
});
