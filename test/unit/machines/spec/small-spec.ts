import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';

/** The fields of a machine that a change of its cards looks at. */
export const smallSpec = {
  name: 'm',
  ports: [],
  disks: [],
  net: 'auto',
  mac: '52:54:00:00:00:01',
  memoryBytes: 2 ** 30,
  labels: {},
  boot: { kind: 'firmware' },
} as unknown as MachineSpec;

/** Its place in a private network. */
export const member = { network: 'lan', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };
