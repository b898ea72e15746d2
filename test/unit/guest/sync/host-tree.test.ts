import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { HostTree } from '../../../../src/guest/sync/host-tree.ts';
import { ignoredPaths } from '../../../../src/guest/sync/ignored-paths.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();

function rootWith(...files: readonly string[]): string {
  const root = directoryIn(top, 'tree-');
  for (const path of files) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  return root;
}

function treeOf(root: string, patterns: readonly string[] = [], mostEntries?: number) {
  const entered: string[] = [];
  const tree = new HostTree(root, ignoredPaths(patterns), (path) => entered.push(path), mostEntries);
  return { tree, entered, paths: () => [...tree.entries.keys()].sort() };
}

describe('a tree of the host', () => {
  it('contains its members, except ignored ones and those that cannot be copied', async () => {
    const root = rootWith('a', 'd/e/f', 'node_modules/x', 'd/node_modules/y');
    chmodSync(join(root, 'd/e/f'), 0o640);
    symlinkSync('a', join(root, 'link'));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const { tree, entered, paths } = treeOf(root, ['node_modules']);
    await tree.scan(undefined);
    expect(paths()).toEqual(['a', 'd', 'd/e', 'd/e/f', 'link']);
    expect(tree.entries.get('d/e/f')).toMatchObject({ kind: 'file', size: 5, mode: 0o640 });
    expect(tree.entries.get('link')?.kind).toBe('symlink');
    expect([...tree.omitted]).toEqual(['fifo']);
    expect(entered).toEqual(['', 'd', 'd/e']);
  });

  it('is rejected with more entries than the limit, ignored ones excluded', async () => {
    const root = rootWith('a', 'd/b', 'd/c', 'node_modules/x', 'node_modules/y');
    const enough = treeOf(root, ['node_modules'], 4);
    await enough.tree.scan(undefined);
    expect(enough.paths()).toEqual(['a', 'd', 'd/b', 'd/c']);
    for (const { tree } of [treeOf(root, [], 4), treeOf(root, ['node_modules'], 3)]) {
      await expect(tree.scan(undefined)).rejects.toThrow(
        /^source: the directory contains more than [34] files$/,
      );
    }
    writeFileSync(join(root, 'd/one more'), '');
    await expect(enough.tree.rescan(['d'], undefined)).rejects.toThrow(InvalidInputError);
  });

  it('rescans single directories, and scans new ones', async () => {
    const root = rootWith('a', 'd/e/f', 'g/h');
    const { tree, entered, paths } = treeOf(root);
    await tree.scan(undefined);
    mkdirSync(join(root, 'd/new/inner'), { recursive: true });
    writeFileSync(join(root, 'd/new/inner/x'), '');
    rmSync(join(root, 'd/e'), { recursive: true });
    writeFileSync(join(root, 'g/unseen'), '');
    await tree.rescan(['d', 'gone'], undefined);
    expect(paths()).toEqual(['a', 'd', 'd/new', 'd/new/inner', 'd/new/inner/x', 'g', 'g/h']);
    expect(entered.slice(-2)).toEqual(['d/new', 'd/new/inner']);
  });

  it('scans a directory that has replaced another of the same name', async () => {
    const root = rootWith('d/old/x', 'other/y');
    const { tree, paths } = treeOf(root);
    await tree.scan(undefined);
    renameSync(join(root, 'd'), join(top, 'away'));
    renameSync(join(root, 'other'), join(root, 'd'));
    await tree.rescan([''], undefined);
    expect(paths()).toEqual(['d', 'd/y']);
  });

  it('scans a directory that was removed and created again', async () => {
    const root = rootWith('a');
    const path = join(root, 'd');
    mkdirSync(path);
    const { tree, entered, paths } = treeOf(root);
    await tree.scan(undefined);
    const { birthtimeMs } = statSync(path);
    // Often with the same inode number. The clock of the file system is coarse.
    do {
      rmdirSync(path);
      mkdirSync(path);
    } while (statSync(path).birthtimeMs === birthtimeMs);
    writeFileSync(join(path, 'x'), '');
    await tree.rescan([''], undefined);
    expect(paths()).toEqual(['a', 'd', 'd/x']);
    expect(entered).toEqual(['', 'd', '', 'd']);
  });

  it('reports that its root was removed, and accepts a new one', async () => {
    const root = rootWith('a');
    const { tree, paths } = treeOf(root);
    await tree.scan(undefined);
    renameSync(root, `${root}-away`);
    await expect(tree.rescan([''], undefined)).rejects.toThrow(`the directory was removed: ${root}`);
    renameSync(rootWith('b/c'), root);
    await tree.rescan([''], undefined);
    expect(paths()).toEqual(['b', 'b/c']);
  });

  it('does not count ignored members as omitted', async () => {
    const root = rootWith('a');
    execFileSync('mkfifo', [join(root, 'x.sock'), join(root, 'fifo')]);
    const { tree } = treeOf(root, ['*.sock']);
    await tree.scan(undefined);
    expect([...tree.omitted]).toEqual(['fifo']);
  });

  it('detects members that have changed since the scan', async () => {
    const root = rootWith('a', 'b', 'c', 'd/x');
    const { tree } = treeOf(root);
    await tree.scan(undefined);
    writeFileSync(join(root, 'a'), 'longer');
    rmSync(join(root, 'b'));
    rmSync(join(root, 'd'), { recursive: true });
    writeFileSync(join(root, 'd'), '');
    const changed = ['a', 'b', 'c', 'd', 'd/x'].filter((path) => !tree.isUnchanged(path));
    expect(changed).toEqual(['a', 'b', 'd', 'd/x']);
  });

  it('stops on abort', async () => {
    const { tree } = treeOf(rootWith('a'));
    await expect(tree.scan(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
