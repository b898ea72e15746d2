import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIST, parseListing } from '../../../../src/guest/sync/guest-listing.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();

function list(directory: string, ...ignored: readonly string[]) {
  return parseListing(execFileSync('sh', ['-c', LIST, 'sh', directory, ...ignored]));
}

describe('a listing', () => {
  it('contains every member, whatever its name', () => {
    const directory = directoryIn(top, 'list-');
    mkdirSync(join(directory, '-d'));
    writeFileSync(join(directory, '-d/line\nbreak'), 'seven b');
    writeFileSync(join(directory, 'ä *'), '');
    chmodSync(join(directory, 'ä *'), 0o4750);
    utimesSync(join(directory, 'ä *'), 12, 1234.9);
    symlinkSync('to\nnowhere', join(directory, 'link'));
    const entries = list(directory);
    expect([...entries.keys()].sort()).toEqual(['-d', '-d/line\nbreak', 'link', 'ä *']);
    expect(entries.get('-d')).toMatchObject({ kind: 'directory', size: 0 });
    expect(entries.get('-d/line\nbreak')).toMatchObject({ kind: 'file', size: 7, isRecent: true });
    expect(entries.get('ä *')).toEqual({ kind: 'file', mode: 0o4750, size: 0, mtimeMs: 1_234_000 });
    expect(entries.get('link')).toMatchObject({ kind: 'symlink', target: 'to\nnowhere' });
  });

  it('omits ignored directories', () => {
    const directory = directoryIn(top, 'list-');
    for (const path of ['a/node_modules/x', 'a/b', '.git'])
      mkdirSync(join(directory, path), { recursive: true });
    writeFileSync(join(directory, 'a/b/node_modules'), '');
    expect([...list(directory, 'node_modules', '.git').keys()].sort()).toEqual([
      'a',
      'a/b',
      'a/b/node_modules',
    ]);
  });

  it('is empty for a missing directory, which is created', () => {
    expect(list(join(top, 'new/inner')).size).toBe(0);
  });

  it('tolerates empty and incomplete output', () => {
    expect(parseListing(Buffer.from('')).size).toBe(0);
    expect(parseListing(Buffer.from('4\n0\n./a\0')).get('a')).toMatchObject({ kind: 'file' });
  });
});
