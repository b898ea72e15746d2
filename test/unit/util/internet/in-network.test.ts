import { expect, test } from 'vitest';
import { isInNetwork } from '../../../../src/util/internet/in-network.ts';

test.each([
  ['10.9.0.77', '10.9.0.3/24', true],
  ['10.9.1.3', '10.9.0.3/24', false],
  ['fd76:6d6c:6574::1:2', 'fd76:6d6c:6574::15/64', true],
  ['fd76:6d6c:6575::15', 'fd76:6d6c:6574::15/64', false],
  ['10.9.0.3', 'fd76::/64', false],
  ['10.9.0.3', '10.9.0.3', false],
  ['10.9.0.3', '10.9.0.3/33', false],
  ['10.9.0.3', '10.9.0.3/x', false],
  ['lan', '10.9.0.3/24', false],
])('%s in %s: %s', (address, network, isInside) => {
  expect(isInNetwork(address, network)).toBe(isInside);
});
