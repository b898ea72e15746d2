import { expect, it } from 'vitest';
import { refusalOf } from '../../../../src/util/system/platform.ts';

it('accepts Linux on x86-64, and explains it on others', () => {
  expect(refusalOf('linux', 'x64')).toBeUndefined();
  for (const [platform, architecture] of [
    ['linux', 'arm64'],
    ['linux', 'ia32'],
    ['darwin', 'arm64'],
    ['darwin', 'x64'],
    ['win32', 'x64'],
  ] as const) {
    expect(refusalOf(platform, architecture)).toBe(
      `vmlet requires Linux on x86-64 (linux x64), but this Node.js is for ${platform} ${architecture}`,
    );
  }
});
