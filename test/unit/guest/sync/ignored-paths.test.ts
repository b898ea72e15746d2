import { describe, expect, it } from 'vitest';
import { ignoredPaths } from '../../../../src/guest/sync/ignored-paths.ts';

it('follows the rules of .gitignore', () => {
  const ignored = ignoredPaths(['node_modules/\n# comment\n/dist\n*.log', '!keep.log']);
  expect(ignored.has('node_modules', true)).toBe(true);
  expect(ignored.has('node_modules', false)).toBe(false);
  expect(ignored.has('a/node_modules', true)).toBe(true);
  expect(ignored.has('a/node_modules/x/y.js', false)).toBe(true);
  expect([ignored.has('dist', true), ignored.has('a/dist', true)]).toEqual([true, false]);
  expect([ignored.has('a/x.log', false), ignored.has('a/keep.log', false)]).toEqual([true, false]);
});

it('keeps spaces as .gitignore does', () => {
  const ignored = ignoredPaths([' a\r\nb\\ \nc ']);
  const names = [' a', 'a', 'b ', 'b', 'c', 'c '];
  expect(names.filter((name) => ignored.has(name, false))).toEqual([' a', 'b ', 'c']);
});

it('is case-sensitive', () => {
  const ignored = ignoredPaths(['build', '*.LOG']);
  expect([ignored.has('build', true), ignored.has('Build', true)]).toEqual([true, false]);
  expect([ignored.has('a.LOG', false), ignored.has('a.log', false)]).toEqual([true, false]);
});

it('lists directories that need not be read, unless a later rule may include something in them', () => {
  expect(ignoredPaths(['node_modules/', '/dist', '*.o', '.git', '']).names).toEqual(['node_modules', '.git']);
  expect(ignoredPaths(['node_modules', '!node_modules/mine']).names).toEqual([]);
  expect(ignoredPaths([]).names).toEqual([]);
});

describe('files of the tree', () => {
  const entered = (files: Readonly<Record<string, string>>, patterns: readonly string[] = []) => {
    const ignored = ignoredPaths(patterns, true);
    for (const [directory, text] of Object.entries(files)) ignored.enter(directory, text);
    return ignored;
  };

  it('apply to their own directory, and override those above them', () => {
    const ignored = entered({ '': '*.log\n/dist', a: '!keep.log\nbuild/\n/only\nx/y', 'a/b': 'keep.log' });
    const has = (path: string) => ignored.has(path, false);
    expect(
      ['x.log', 'keep.log', 'a/x.log', 'a/keep.log', 'a/c/keep.log', 'a/b/keep.log'].filter(has),
    ).toEqual([...['x.log', 'keep.log', 'a/x.log', 'a/b/keep.log']]);
    expect(['dist', 'a/dist', 'only', 'a/only', 'a/c/only', 'a/x/y', 'a/c/x/y'].filter(has)).toEqual([
      ...['dist', 'a/only', 'a/x/y'],
    ]);
    expect(['build', 'a/build', 'a/c/build'].filter((path) => ignored.has(path, true))).toEqual([
      ...['a/build', 'a/c/build'],
    ]);
  });

  it('are overridden by patterns of the user', () => {
    const ignored = entered({ '': '*.log', a: '!x.tmp' }, ['*.tmp', '!mine.log']);
    expect(['a/x.tmp', 'mine.log', 'x.log'].map((path) => ignored.has(path, false))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('can have directories of any name', () => {
    const name = 'a*b [c] #!?\\';
    const ignored = entered({ [name]: 'x', 'a?': 'y' });
    expect(
      [`${name}/x`, 'aab c #!?\\/x', 'a*b [c] #!d\\/x', 'a?/y', 'ab/y'].map((path) =>
        ignored.has(path, false),
      ),
    ).toEqual([true, false, false, true, false]);
  });

  it('skip empty patterns, and the mark at the beginning of a file', () => {
    for (const directory of ['', 'a']) {
      const ignored = entered({ [directory]: '\ufeffone\n/\n!\n!/\n  \ntwo' });
      const inside = directory === '' ? '' : 'a/';
      expect(
        ['one', 'two', 'three', 'd/three'].filter((name) => ignored.has(`${inside}${name}`, false)),
      ).toEqual(['one', 'two']);
    }
    expect(ignoredPaths(['\ufeffone\n/']).has('one', false)).toBe(true);
  });

  it('report whether what was ignored still is', () => {
    const ignored = ignoredPaths([], true);
    expect(
      [undefined, '*.log', '*.log', '*.log\n*.o', undefined, '!x'].map((text) => ignored.enter('a/b', text)),
    ).toEqual(['none', 'stricter', 'none', 'other', 'other', 'first']);
  });

  it('report a change, after which those below count again', () => {
    const ignored = entered({ '': 'a', b: '!a' });
    expect(ignored.has('b/a', false)).toBe(false);
    expect([ignored.enter('b', '!a'), ignored.enter('', 'a\nc')]).toEqual(['none', 'other']);
    expect([ignored.has('b/a', false), ignored.has('b/c', false)]).toEqual([true, true]);
    expect([ignored.enter('b', '!a'), ignored.has('b/a', false), ignored.has('b/c', false)]).toEqual([
      'first',
      false,
      true,
    ]);
    expect([ignored.enter('', undefined), ignored.has('c', false)]).toEqual(['other', false]);
  });
});
