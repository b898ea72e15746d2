import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { DigestMismatchError, InvalidInputError } from '../../../../src/errors/index.ts';
import { importFile } from '../../../../src/images/transfer/import-file.ts';
import type { TransferProgress } from '../../../../src/images/transfer/progress-steps.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { digestOf, noise } from './lab.ts';

const directory = temporaryDirectory();
const content = Buffer.concat([noise(1_000_000), Buffer.alloc(8_000_000), noise(100)]);
const source = join(directory, 'source.raw');
writeFileSync(source, content, { mode: 0o400 });
let place: string;
let to: string;
let turn = 0;

beforeEach(() => {
  place = join(directory, `place${turn++}`);
  mkdirSync(place);
  to = join(place, 'file');
});

test.each(['sha256', 'sha512'] as const)(
  'a file is copied with its holes, and its %s detected',
  async (algorithm) => {
    const expected = digestOf(content, algorithm);
    const file = await importFile({ path: source, to, expected, reserveBytes: 0 });
    expect(file).toEqual({
      path: to,
      bytes: content.length,
      sha256: digestOf(content).hex,
      compression: 'none',
      verified: expected,
    });
    expect(readFileSync(to).equals(content)).toBe(true);
    expect(statSync(to).blocks * 512).toBeLessThan(2_000_000);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(place)).toEqual(['file']);
  },
);

test('a copy is reported before it begins, and then the reading for the digest', async () => {
  const told: TransferProgress[] = [];
  await importFile({ path: source, to, reserveBytes: 0, onProgress: (news) => told.push(news) });
  expect(told[0]).toEqual({ phase: 'copy', bytes: 0, totalBytes: undefined });
  expect(new Set(told.slice(1).map(({ phase }) => phase))).toEqual(new Set(['check']));
});

test('a packed file is unpacked, and the digest applies to the packed file', async () => {
  const path = join(directory, 'packed');
  writeFileSync(path, execFileSync('gzip', ['-c', source], { maxBuffer: 1e9 }));
  const expected = digestOf(readFileSync(path));
  const file = await importFile({ path, to, expected, reserveBytes: 0 });
  expect(file).toMatchObject({ compression: 'gzip', sha256: digestOf(content).hex, verified: expected });
  await expect(importFile({ path, to: `${to}2`, expected: digestOf(content) })).rejects.toThrow(
    DigestMismatchError,
  );
  await expect(importFile({ path, to: `${to}2`, maxBytes: 2_000_000 })).rejects.toThrow(
    /unpacks to more than/,
  );
  writeFileSync(path, readFileSync(path).subarray(0, -1000));
  await expect(importFile({ path, to: `${to}2` })).rejects.toThrow(/is corrupt: gzip failed/);
  writeFileSync(path, execFileSync('gzip', { input: '' }));
  await expect(importFile({ path, to: `${to}2` })).rejects.toThrow(/is empty after unpacking with gzip/);
  expect(readdirSync(place)).toEqual(['file']);
});

test('a wrong digest leaves nothing', async () => {
  await expect(importFile({ path: source, to, expected: digestOf(noise(1)) })).rejects.toThrow(
    DigestMismatchError,
  );
  expect(readdirSync(place)).toEqual([]);
});

test('a path that is not a regular file is rejected', async () => {
  const socket = join(directory, 'socket');
  const listening = createServer().listen(socket);
  await once(listening, 'listening');
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  symlinkSync('/dev/null', join(directory, 'link'));
  for (const [path, words] of [
    [directory, /is a directory, not a regular file/],
    ['/dev/zero', /is a device, not a regular file/],
    [join(directory, 'link'), /is a device, not a regular file/],
    [join(directory, 'pipe'), /is a named pipe, not a regular file/],
    [socket, /is a socket, not a regular file/],
    [join(directory, 'missing'), /no such file: /],
  ] as const) {
    const failing = importFile({ path, to });
    await expect(failing).rejects.toThrow(InvalidInputError);
    await expect(failing).rejects.toThrow(words);
  }
  listening.close();
  expect(readdirSync(place)).toEqual([]);
});
