import { expect, it } from 'vitest';
import { cpuModel } from '../../../../src/machine/plan/board.ts';

const kvm = { kind: 'kvm', cpu: 'qemu64' } as const;
const tcg = { kind: 'tcg', reason: 'asked for' } as const;

it.each([
  ['auto', kvm, 'qemu64'],
  ['auto', tcg, 'max'],
  ['Nehalem', kvm, 'Nehalem'],
  ['Nehalem', tcg, 'Nehalem'],
  ['host', kvm, 'host'],
] as const)('the processor %s under %o is %s', (asked, accelerator, model) => {
  expect(cpuModel(asked, accelerator)).toBe(model);
});

it("the host's own processor is refused without KVM, with the reason", () => {
  expect(() => cpuModel('host', tcg)).toThrow(
    'cpu: host needs KVM, and this machine runs without (asked for)',
  );
});
