import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { streamToFile } from '../../../../src/images/store/stream-to-file.ts';
import { type TemporaryDirectory, makeTemporaryDirectory } from '../../../directory.ts';

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = makeTemporaryDirectory();
});
afterEach(() => directory.remove());

async function* content(...words: string[]): AsyncGenerator<Uint8Array> {
  for (const word of words) yield await Promise.resolve(Buffer.from(word));
}

it('writes to no other file, whatever the name', async () => {
  const target = join(directory.path, 'report');
  writeFileSync(`${target}.new`, 'mine');
  await streamToFile(target, content('a', 'b'));
  expect(readFileSync(target, 'utf8')).toBe('ab');
  expect(readFileSync(`${target}.new`, 'utf8')).toBe('mine');
  expect(readdirSync(directory.path).sort()).toEqual(['report', 'report.new']);
});

it('leaves nothing behind after a failure', async () => {
  const target = join(directory.path, 'report');
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from('a'));
    throw new Error('the guest has gone');
  }
  await expect(streamToFile(target, broken())).rejects.toThrow('the guest has gone');
  expect(existsSync(target)).toBe(false);
  expect(readdirSync(directory.path)).toEqual([]);
});
