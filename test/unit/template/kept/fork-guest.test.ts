import { describe, expect, it } from 'vitest';
import {
  CopyInError,
  GuestSetupError,
  NoSpaceError,
  PermissionError,
  type VmletError,
} from '../../../../src/errors/index.ts';
import { forkTimeoutMs, mayBootInstead, mayReplace } from '../../../../src/template/kept/fork-guest.ts';

const OWN = { storage: '/s', memoryFile: '/m' };

describe('another boot instead of a failed fork', () => {
  it.each<[string, VmletError]>([
    ['a directory to copy that cannot be read', new PermissionError('permission denied: /src/key')],
    ['a directory that does not fit into the guest', new CopyInError('/src', 'No space left on device')],
  ])('does not help with %s', (_what, error) => {
    expect(mayBootInstead(error, {})).toBe(false);
    expect(mayReplace(error, { options: {}, own: undefined })).toBe(false);
  });

  it('helps when the secrets of the fork cannot be renewed, unless the run was aborted', () => {
    const error = new GuestSetupError('creating new ssh host keys and other secrets', 1, '');
    expect(mayBootInstead(error, {})).toBe(true);
    expect(mayBootInstead(error, { signal: AbortSignal.abort() })).toBe(false);
  });

  it('does not help when there is no space for the files of a template', () => {
    const error = new NoSpaceError('no space left');
    expect(mayReplace(error, { options: {}, own: OWN })).toBe(false);
    expect(mayReplace(error, { options: {}, own: undefined })).toBe(true);
  });
});

describe('the time limit of a fork', () => {
  it.each([
    ['kernel', 'kvm', 120_000],
    ['disk', 'kvm', 600_000],
    ['disk', 'tcg', 3_600_000],
  ] as const)('is that of a boot by %s with %s', (boot, accelerator, expected) => {
    const findings = { source: { kind: boot }, accelerator: { kind: accelerator } };
    expect(forkTimeoutMs({ spec: { timeoutMs: undefined }, findings })).toBe(expected);
  });

  it('is the given one', () => {
    const findings = { source: { kind: 'disk' }, accelerator: { kind: 'kvm' } } as const;
    expect(forkTimeoutMs({ spec: { timeoutMs: 5000 }, findings })).toBe(5000);
  });
});
