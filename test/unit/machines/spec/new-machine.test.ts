import { expect, it } from 'vitest';
import type { CreateOptions } from '../../../../src/machines/spec/create-options.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';

function problem(options: Omit<CreateOptions, 'name'>): string {
  try {
    parseCreateOptions({ name: 'web', ...options });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was accepted');
}

it.each([
  ['disk.qcow2', 'disk.qcow2'],
  ['./disk.qcow2', './disk.qcow2'],
  ['disk,format=raw,nodiscard', 'disk'],
])('boots from the file of --disk %s', (disk, path) => {
  const { boot, disks } = parseCreateOptions({ name: 'web', disks: [disk] });
  expect(boot).toEqual({ kind: 'firmware' });
  expect(disks).toMatchObject([{ source: { path } }]);
});

it.each([[[]], [['20G']], [['20G,cache=unsafe', '1G']]])(
  'rejects a machine with only the empty disks %j',
  (disks) => {
    expect(problem({ disks })).toBe('image: machine "web" has nothing to boot from');
  },
);

it('names a disk that is neither a size nor a file', () => {
  expect(problem({ disks: ['20X'] })).toBe('disks[0]: no such file: 20X');
});
