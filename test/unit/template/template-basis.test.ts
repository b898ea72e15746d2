import { describe, expect, it } from 'vitest';
import type { KvmVerdict } from '../../../src/host/survey/host.ts';
import type { Plan } from '../../../src/machine/plan/plan.ts';
import type { PasstAbilities } from '../../../src/network/plan/network.ts';
import { basisDifferences, basisOf, bootsWithMore } from '../../../src/template/template-basis.ts';
import { plainPlan } from '../machine/plan/plain-plan.ts';

const KVM: KvmVerdict = { usable: true, cpu: 'host', level: 'x86-64-v2' };
const NO_KVM: KvmVerdict = { usable: false, reason: '/dev/kvm does not exist' };
const PASST: PasstAbilities = {
  path: '/usr/bin/passt',
  hasFd: true,
  hasVhostUser: true,
  completesHandshakes: true,
};
const TCG: Plan['accelerator'] = { kind: 'tcg', reason: 'no /dev/kvm' };

function hostWith(kvm: KvmVerdict) {
  return { qemu: { version: '10.0' }, accelerator: { kvm } };
}

describe('a template that was saved with KVM', () => {
  it('differs where KVM is not usable, with the reason', () => {
    const saved = basisOf(plainPlan, hostWith(KVM));
    expect(basisDifferences(saved, basisOf(plainPlan, hostWith(KVM)))).toEqual([]);
    const [difference, ...others] = basisDifferences(saved, basisOf(plainPlan, hostWith(NO_KVM)));
    expect(difference).toMatch(
      /^processor was KVM on .* and is now without KVM \(\/dev\/kvm does not exist\)$/,
    );
    expect(others).toEqual([]);
  });
});

describe('a template that was saved without KVM', () => {
  it('is the same where KVM is usable', () => {
    const emulated = { ...plainPlan, accelerator: TCG };
    expect(basisOf(emulated, hostWith(KVM))).toEqual(basisOf(emulated, hostWith(NO_KVM)));
  });
});

describe('a guest that boots now', () => {
  const slow = { accelerator: TCG, network: networkBy('slirp') };
  const fast = { accelerator: plainPlan.accelerator, network: networkBy('passt-stream') };
  const auto = { accel: 'auto', net: 'auto' } as const;
  const host = (kvm: KvmVerdict, passt?: PasstAbilities) => ({ accelerator: { kvm }, passt });

  it('gets KVM that was not usable when the template was saved', () => {
    expect(bootsWithMore({ ...slow, network: undefined }, auto, host(KVM), undefined)).toBe(true);
  });

  it('gets passt that was not installed when the template was saved', () => {
    expect(bootsWithMore(slow, auto, host(NO_KVM, PASST), undefined)).toBe(true);
  });

  it.each([
    ['where nothing has changed', slow, auto, host(NO_KVM), undefined],
    ['where passt is gone, without which forks can do', fast, auto, host(KVM), undefined],
    ['where it does not ask for it', slow, { accel: 'tcg', net: 'slirp' }, host(KVM, PASST), undefined],
    ['where KVM lacks the CPU level of the image', slow, auto, host(KVM), 'x86-64-v3'],
  ] as const)('gets nothing more %s', (_where, plan, spec, on, level) => {
    expect(bootsWithMore(plan, spec, on, level)).toBe(false);
  });
});

function networkBy(backend: 'slirp' | 'passt-stream'): Plan['network'] {
  return { backend } as Plan['network'];
}
