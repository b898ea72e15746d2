import { expect, test } from 'vitest';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { knownAddresses } from '../../../../src/machines/look/guest-addresses.ts';

const passt = { backend: 'passt-stream', guest: { addresses: ['10.0.2.15/24'] } };
const lan = { addresses: ['10.9.0.3/24', 'fd00::3/64'] };
const seen = [{ interface: undefined, address: '192.0.2.7', prefix: undefined }];

test.each([
  ['passt', passt, [], [], ['10.0.2.15']],
  ['slirp', { ...passt, backend: 'slirp' }, [], seen, ['10.0.2.15', '192.0.2.7']],
  ['passt', passt, [lan], [], ['10.0.2.15', '10.9.0.3']],
  ['private-network', undefined, [lan], [], ['10.9.0.3']],
  ['private-network', undefined, [lan], seen, ['10.9.0.3', '192.0.2.7']],
  ['neighbours', undefined, [], seen, ['192.0.2.7']],
])('without an agent: %s', (source, network, privateCards, onBridges, addresses) => {
  const plan = { network, privateCards } as unknown as NamedPlan;
  const known = knownAddresses(plan, onBridges);
  expect(known?.source).toBe(source);
  expect(known?.addresses.map(({ address }) => address)).toEqual(addresses);
});

test('without an agent, nothing is known of a guest that was not seen on its bridge', () => {
  expect(knownAddresses({ network: undefined, privateCards: [] }, [])).toBeUndefined();
});
