import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { findDirectory, findOnDisk, finderOnDisk } from '../../../../src/process/confine/found-path.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let top: string;
beforeEach(() => {
  const made = makeTemporaryDirectory();
  top = made.path;
  mkdirSync(join(top, 'real'));
  writeFileSync(join(top, 'real', 'file'), '');
  return made.remove;
});

it('follows links and records the real path of each', () => {
  symlinkSync('real', join(top, 'relative'));
  symlinkSync(join(top, 'relative'), join(top, 'absolute'));
  symlinkSync('../relative/./file', join(top, 'real', 'other'));
  expect(findOnDisk(join(top, 'absolute', 'other'))).toEqual({
    path: join(top, 'real', 'file'),
    kind: 'file',
    links: [
      { path: join(top, 'absolute'), target: join(top, 'relative') },
      { path: join(top, 'relative'), target: 'real' },
      { path: join(top, 'real', 'other'), target: '../relative/./file' },
      { path: join(top, 'relative'), target: 'real' },
    ],
  });
});

it('finds nothing for missing paths and circular links', () => {
  symlinkSync('circle', join(top, 'circle'));
  expect(findOnDisk(join(top, 'circle', 'file'))).toBeUndefined();
  expect(findOnDisk(join(top, 'none'))).toBeUndefined();
  expect(findOnDisk(join(top, 'real', 'file', 'below'))).toBeUndefined();
});

it('resolves a directory that does not exist yet', () => {
  symlinkSync('real', join(top, 'link'));
  expect(findDirectory(join(top, 'link', 'new', 'newer'))).toEqual({
    path: join(top, 'real', 'new', 'newer'),
    kind: 'directory',
    links: [{ path: join(top, 'link'), target: 'real' }],
  });
});

it('looks at each directory once in one search, and again in the next', () => {
  symlinkSync('real', join(top, 'link'));
  const find = finderOnDisk();
  const links = [{ path: join(top, 'link'), target: 'real' }];
  const real = { path: join(top, 'real'), kind: 'directory', links };
  expect(find(join(top, 'link'))).toEqual(real);
  unlinkSync(join(top, 'link'));
  expect(find(join(top, 'link', 'file'))).toEqual({ path: join(top, 'real', 'file'), kind: 'file', links });
  expect(finderOnDisk()(join(top, 'link'))).toBeUndefined();
});
