import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  formatImageReference,
  isImageReference,
  parseImageReference,
} from '../../../../src/images/record/reference.ts';

describe('the name of an image', () => {
  it.each([
    ['debian:13', 'debian', '13'],
    ['web', 'web', undefined],
    ['opensuse-leap:16.0', 'opensuse-leap', '16.0'],
    ['my_disk.2:v1_A-b', 'my_disk.2', 'v1_A-b'],
    ['9front', '9front', undefined],
    [`${'a'.repeat(64)}:${'B'.repeat(64)}`, 'a'.repeat(64), 'B'.repeat(64)],
  ])('%s', (text, name, tag) => {
    expect(parseImageReference(text)).toEqual({ name, tag });
    expect(formatImageReference({ name, tag })).toBe(text);
    expect(isImageReference(text)).toBe(true);
  });

  it.each([
    '',
    ':13',
    'debian:',
    'Debian:13',
    'debian:13:1',
    '-debian',
    '.debian',
    'debian:-1',
    'debian 13',
    'debian\n',
    'débian',
    '../debian',
    'a'.repeat(65),
    `debian:${'1'.repeat(65)}`,
  ])('is not %j', (text) => {
    expect(isImageReference(text)).toBe(false);
    expect(() => parseImageReference(text, '--image')).toThrow(InvalidInputError);
  });

  it('is distinguished from a path', () => {
    expect(() => parseImageReference('./disk.qcow2')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('not a path') as unknown }) as Error,
    );
  });
});
