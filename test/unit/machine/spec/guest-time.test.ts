import { expect, it } from 'vitest';
import { bootTimeoutMs } from '../../../../src/machine/spec/guest-time.ts';
import { waitTimeoutMs } from '../../../../src/machines/guest/wait.ts';

const KVM = { kind: 'kvm' } as const;
const TCG = { kind: 'tcg' } as const;

it('an emulated guest gets six times as long to boot and for waits', () => {
  expect([bootTimeoutMs('kernel', KVM), bootTimeoutMs('disk', KVM)]).toEqual([120_000, 600_000]);
  expect([bootTimeoutMs('kernel', TCG), bootTimeoutMs('disk', TCG)]).toEqual([720_000, 3_600_000]);
  expect([waitTimeoutMs({}, KVM), waitTimeoutMs({ cloudInit: true }, KVM)]).toEqual([120_000, 600_000]);
  expect([waitTimeoutMs({}, TCG), waitTimeoutMs({ cloudInit: true }, TCG)]).toEqual([720_000, 3_600_000]);
});
