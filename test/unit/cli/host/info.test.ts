import { expect, test } from 'vitest';
import { describeAccelerator, describePasst } from '../../../../src/cli/host/info.ts';

const versions = { vmlet: '0.1.0', node: '20.19.0', qemu: '10.0.0', passt: undefined };
const programs = { qemu: '/usr/bin/qemu-system-x86_64', passt: '/usr/bin/passt' };

test.each([
  ['2025_06_11.0293c6f', programs.passt, '2025_06_11.0293c6f'],
  [undefined, programs.passt, '/usr/bin/passt (unknown version)'],
  [undefined, undefined, 'not installed'],
])('describes passt of version %s at %s', (version, path, words) => {
  const facts = { versions: { ...versions, passt: version }, programs: { ...programs, passt: path } };
  expect(describePasst(facts)).toBe(words);
});

test.each([
  [undefined, 'KVM'],
  ['/dev/kvm does not exist', 'TCG (emulated; /dev/kvm does not exist)'],
  [
    'a test guest failed with -cpu host: it hung; with -cpu qemu64: it hung',
    'TCG (emulated; a test guest failed with -cpu host)',
  ],
])('describes the accelerator without KVM because of %s', (kvmProblem, words) => {
  expect(describeAccelerator({ kvmProblem })).toBe(words);
});
