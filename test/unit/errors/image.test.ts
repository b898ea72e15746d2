import { expect, it } from 'vitest';
import { ImageInUseError } from '../../../src/errors/index.ts';

it.each([
  ['machine "web"', 'vmlet rm --storage web'],
  ['template "warm"', 'vmlet template rm warm'],
  ['pool "fast"', 'vmlet pool rm fast'],
  ['app:1', 'vmlet image rm app:1'],
  ['app:1 (sha256:0123456789ab)', 'vmlet image rm 0123456789ab;'],
  ['disk /srv/kept.qcow2', 'delete this disk'],
  ['a throw-away machine (process 42)', 'try again when the throw-away machine has ended'],
  ['an image that process 42 is building', 'try again when the build has ended'],
])('an image in use by %s has a hint to remove that', (user, hint) => {
  expect(new ImageInUseError('debian:13', [user, 'other']).hint).toContain(hint);
});

it('an image in use with a name has a hint to move that name, not a digest', () => {
  const hintFor = (image: string) => new ImageInUseError(image, ['machine "web"']).hint;
  const remove = 'remove the machine with its disks first: vmlet rm --storage web';
  expect(hintFor('debian:13')).toContain('vmlet image tag IMAGE debian:13');
  expect(hintFor('debian:13 (sha256:0123456789ab)')).toBe(remove);
  expect(hintFor('0123456789ab')).toBe(remove);
});

it('micro in use by a machine has a hint to remove the machine without its disks, or to build the image again', () => {
  const hintFor = (image: string) => new ImageInUseError(image, ['machine "web"']).hint;
  const remove = 'remove the machine first: vmlet rm web';
  expect(hintFor('micro')).toBe(`${remove}; or, to replace the image, run: vmlet image build micro`);
  expect(hintFor('micro (sha256:0123456789ab)')).toBe(remove);
});
