import { expect, test } from 'vitest';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { isInside } from '../../../../src/machines/guest/wait-conditions.ts';

const plan = {
  network: { guest: { addresses: ['10.0.2.15/24', 'fd76:6d6c:6574::15/64'] } },
  privateCards: [{ addresses: ['10.9.0.3/24'] }],
} as unknown as NamedPlan;

test.each([
  ['10.0.2.15', true],
  // By the guest's own means, as from a router advertisement.
  ['fd76:6d6c:6574:0:5054:ff:fe12:3456', true],
  ['10.9.0.77', true],
  ['192.168.7.15', false],
  ['10.9.1.3', false],
  ['fd76:6d6c:6575::15', false],
])('%s is in a network of vmlet: %s', (address, inside) => {
  expect(isInside(address, plan)).toBe(inside);
});

test('without networks of vmlet, every address is outside', () => {
  expect(isInside('10.0.2.15', { network: undefined, privateCards: [] })).toBe(false);
});
