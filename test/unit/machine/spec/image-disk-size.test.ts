import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { requireImageDiskSize } from '../../../../src/machine/spec/image-disk-size.ts';

const GiB = 1024 ** 3;
const image = { name: 'debian:13', virtualBytes: 3 * GiB };

it.each([3 * GiB, 20 * GiB])('accepts a disk at least as large as its image: %d', (wanted) => {
  expect(() => requireImageDiskSize(image, wanted)).not.toThrow();
});

it('rejects a smaller disk, with both sizes', () => {
  const require = (): void => requireImageDiskSize(image, 3 * GiB - 512);
  expect(require).toThrow(InvalidInputError);
  expect(require).toThrow(/^diskSize: .* is smaller than the image debian:13 \(3 GiB\)$/);
  expect(require).toThrow(expect.objectContaining({ hint: 'use at least the size of the image' }));
});
