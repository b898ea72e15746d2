import { expect, it } from 'vitest';
import { AcceleratorUnavailableError } from '../../../../src/errors/index.ts';
import { chooseAccelerator } from '../../../../src/host/kvm/accelerator.ts';

const proved = { accelerator: { kvm: { usable: true, cpu: 'host', level: 'x86-64-v2' } } } as const;
const refused = {
  accelerator: { kvm: { usable: false, reason: '/dev/kvm does not exist', hint: 'sudo modprobe kvm_intel' } },
} as const;

it('uses proved KVM, with the proved model', () => {
  expect(chooseAccelerator('auto', proved)).toEqual({ kind: 'kvm', cpu: 'host' });
  expect(chooseAccelerator('kvm', proved)).toEqual({ kind: 'kvm', cpu: 'host' });
});

it('uses TCG otherwise, and states the reason', () => {
  expect(chooseAccelerator('auto', refused)).toEqual({ kind: 'tcg', reason: '/dev/kvm does not exist' });
});

it('uses TCG on request, with or without KVM', () => {
  expect(chooseAccelerator('tcg', proved)).toEqual({ kind: 'tcg', reason: 'requested' });
});

it('rejects unproved KVM with reason and hint', () => {
  const choose = (): unknown => chooseAccelerator('kvm', refused);
  expect(choose).toThrow(AcceleratorUnavailableError);
  expect(choose).toThrow('KVM is not usable: /dev/kvm does not exist');
  expect(choose).toThrow(
    expect.objectContaining({ code: 'VMLET_ACCEL_UNAVAILABLE', hint: 'sudo modprobe kvm_intel' }),
  );
});

it('uses KVM only if its processor supports the level of the image', () => {
  expect(chooseAccelerator('auto', proved, 'x86-64-v2')).toEqual({ kind: 'kvm', cpu: 'host' });
  const reason = 'the image needs CPU level x86-64-v3, but KVM offers only x86-64-v2 here';
  expect(chooseAccelerator('auto', proved, 'x86-64-v3')).toEqual({ kind: 'tcg', reason });
  expect(() => chooseAccelerator('kvm', proved, 'x86-64-v3')).toThrow(`KVM is not usable: ${reason}`);
});
