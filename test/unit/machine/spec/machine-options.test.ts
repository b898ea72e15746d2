import { expect, it } from 'vitest';
import { hardwareOf } from '../../../../src/machine/spec/machine-options.ts';

it('hardware contains only the given options', () => {
  const options = { name: 'web', memory: '1G', accel: 'kvm', cpus: undefined } as const;
  expect(hardwareOf(options)).toStrictEqual({ accel: 'kvm' });
});
