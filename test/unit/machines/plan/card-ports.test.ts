import { expect, test } from 'vitest';
import { cardPorts } from '../../../../src/machines/plan/card-ports.ts';

const member = (network: string, card?: number) => ({
  network,
  address: '10.9.0.2',
  mac: '52:54:0a:09:00:02',
  ...(card !== undefined && { card }),
});
const again = { network: { descriptor: undefined, again: { 'reconnect-ms': 10 } } };
const listening = { network: { descriptor: undefined, again: 'listens' as const } };

test.each([
  ['no network', [], again, 2],
  ['one', [member('a')], again, 3],
  ['one that is not the first any more, so that the first is spare', [member('a', 1)], again, 3],
  ['a gap of more than the spare ones', [member('a', 5)], again, 6],
  ['as many as possible', [0, 1, 2, 3, 4, 5, 6, 7].map((card) => member('n', card)), again, 8],
  ['one, where none can be added later', [member('a')], listening, 1],
  ['no network, where none can be added later', [], listening, 0],
])('a machine with %s has ports for them without gaps', (_what, networks, wiring, count) => {
  const numbers = Array.from({ length: count }, (_, card) => `card-port${card}`);
  expect(cardPorts({ networks }, wiring)).toEqual(numbers);
});
