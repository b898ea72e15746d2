import { expect, it } from 'vitest';
import { hardwareOf } from '../../../../src/machine/spec/hardware-options.ts';
import { refuseMac } from '../../../../src/machine/spec/machine-options.ts';

it('hardware contains only the given options', () => {
  const options = { name: 'web', memory: '1G', accel: 'kvm', cpus: undefined } as const;
  expect(hardwareOf(options)).toStrictEqual({ accel: 'kvm' });
});

it('a MAC address requires a first network card', () => {
  expect(() => {
    refuseMac({});
  }).not.toThrow();
  expect(() => {
    refuseMac({ mac: '52:54:00:12:34:56' });
  }).toThrow(
    expect.objectContaining({
      message: 'mac: requires a first network card, but the network is "none"',
      hint: 'leave out the MAC address, or choose another network; for the card of a private network, use --network NAME:mac=ADDRESS',
    }),
  );
});
