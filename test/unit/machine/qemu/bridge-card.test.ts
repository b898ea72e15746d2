import { expect, it } from 'vitest';
import { bridgeMtus } from '../../../../src/machine/qemu/bridge-card.ts';

it('names the MTU of each card on a bridge, that of an older plan too', () => {
  const card = { descriptor: 6, mac: '52:54:00:00:00:01' };
  expect(bridgeMtus([])).toEqual({});
  expect(
    bridgeMtus([
      { ...card, number: 0 },
      { ...card, number: 2, mtu: 9000 },
    ]),
  ).toEqual({ network: 1500, bridge2: 9000 });
});
