import { expect, it } from 'vitest';
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
