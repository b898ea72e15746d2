import { describe, expect, it } from 'vitest';
import { type Tree, type TreeEntry, changesBetween } from '../../../../src/guest/sync/tree-changes.ts';

const file = (changes: Partial<TreeEntry> = {}): TreeEntry => ({
  ...{ kind: 'file', mode: 0o644, size: 5, mtimeMs: 1500 },
  ...changes,
});
const directory: TreeEntry = { kind: 'directory', mode: 0o755, size: 0, mtimeMs: 1 };
const tree = (entries: Readonly<Record<string, TreeEntry>>): Tree => new Map(Object.entries(entries));
const nothing = { replace: [], removeFiles: [], removeDirectories: [], send: [], compare: [], setMode: [] };

describe('the changes between two trees', () => {
  it('are empty for equal trees, whatever the times of directories', () => {
    const host = tree({ a: file(), d: directory, 'd/l': { ...file(), kind: 'symlink' } });
    const guest = tree({ a: file(), d: { ...directory, mtimeMs: 2 }, 'd/l': { ...file(), kind: 'symlink' } });
    expect(changesBetween(host, guest)).toEqual(nothing);
  });

  it('send new and different members, directories before their contents', () => {
    const host = tree({ 'd/x': file(), d: directory, b: file({ size: 6 }), c: file({ mtimeMs: 1501 }) });
    const guest = tree({ b: file(), c: file() });
    expect(changesBetween(host, guest)).toEqual({ ...nothing, send: ['b', 'c', 'd', 'd/x'] });
  });

  it('set the mode of a file whose contents have to be compared first', () => {
    const host = tree({ run: file({ mode: 0o755 }) });
    const guest = tree({ run: file({ isRecent: true }) });
    expect(changesBetween(host, guest, 1000)).toEqual({ ...nothing, compare: ['run'], setMode: ['run'] });
  });

  it('remove missing members, inner directories first', () => {
    const guest = tree({
      d: directory,
      'd/e': directory,
      'd/e/f': file(),
      'd/e/l': { ...file(), kind: 'symlink' },
    });
    expect(changesBetween(tree({}), guest)).toEqual({
      ...nothing,
      removeFiles: ['d/e/f', 'd/e/l'],
      removeDirectories: ['d/e', 'd'],
    });
  });

  it('replace members of another type', () => {
    const changes = changesBetween(
      tree({ a: file(), b: directory }),
      tree({ a: directory, 'a/x': file(), b: file() }),
    );
    expect(changes).toEqual({ ...nothing, replace: ['a', 'b'], removeFiles: ['a/x'], send: ['a', 'b'] });
  });

  it('set permission bits if only these differ, except on links', () => {
    const host = tree({
      a: file({ mode: 0o755 }),
      d: { ...directory, mode: 0o700 },
      l: { ...file({ mode: 0o777 }), kind: 'symlink' },
    });
    const guest = tree({ a: file(), d: directory, l: { ...file(), kind: 'symlink' } });
    expect(changesBetween(host, guest)).toEqual({ ...nothing, setMode: ['a', 'd'] });
  });
});

it('links differ only if their targets do', () => {
  const link = (target: string, mtimeMs = 1): TreeEntry => ({
    ...file({ mtimeMs }),
    kind: 'symlink',
    target,
  });
  expect(changesBetween(tree({ l: link('a', 2) }), tree({ l: link('a') }))).toEqual(nothing);
  expect(changesBetween(tree({ l: link('b') }), tree({ l: link('a') })).send).toEqual(['l']);
});

describe('with times in whole seconds', () => {
  it('files with times in the same second are equal', () => {
    expect(
      changesBetween(tree({ a: file({ mtimeMs: 1999.5 }) }), tree({ a: file({ mtimeMs: 1000 }) }), 1000),
    ).toEqual(nothing);
  });

  it('contents of recent files are compared', () => {
    const guest = tree({ a: file({ isRecent: true }) });
    expect(changesBetween(tree({ a: file() }), guest, 1000)).toEqual({ ...nothing, compare: ['a'] });
  });

  it('contents of equal size are compared', () => {
    const host = tree({
      a: file({ mtimeMs: 9000 }),
      b: file({ size: 1 }),
      l: { ...file({ mtimeMs: 9000 }), kind: 'symlink' },
    });
    const guest = tree({ a: file(), b: file(), l: { ...file(), kind: 'symlink' } });
    expect(changesBetween(host, guest, 1000)).toEqual({ ...nothing, compare: ['a'], send: ['b'] });
  });
});
