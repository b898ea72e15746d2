import { readdirSync } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessStartError } from '../../../../src/errors/index.ts';
import { FileDigest } from '../../../../src/images/digest/file-digest.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { withoutDescriptors } from '../../../without-descriptors.ts';
import { digestOf, noise } from '../transfer/lab.ts';
import { awaitedLater, until } from '../../../until.ts';

const path = join(temporaryDirectory(), 'growing');
const content = noise(40 * 1024 * 1024);
let handle: FileHandle;
let digest: FileDigest;
let threadsBefore: number;

beforeEach(async () => {
  handle = await open(path, 'w+');
  // Node starts the threads of its pool with the first file that it opens.
  threadsBefore = threads();
  digest = new FileDigest({ path, descriptor: handle.fd, algorithm: 'sha256' });
});

afterEach(async () => {
  await digest.close();
  await handle.close();
});

function threads(): number {
  return readdirSync('/proc/self/task').length;
}

test('a file is digested while it grows, and its thread ends with it', async () => {
  const half = 20 * 1024 * 1024 + 1;
  await handle.write(content, 0, half, 0);
  digest.growTo(half);
  await handle.write(content, half, content.length - half, half);
  digest.growTo(content.length);
  const read: number[] = [];
  const hex = await digest.digest(undefined, (bytes) => read.push(bytes));
  expect(hex).toBe(digestOf(content).hex);
  expect(await digest.digest(undefined)).toBe(hex);
  expect(read).toEqual([...read].sort((one, other) => one - other));
  expect(read.at(-1)).toBe(content.length);
  await until(() => threads() === threadsBefore);
  expect(() => digest.growTo(content.length + 1)).toThrow(/grew after its checksum was computed/);
});

test('empty input has a digest', async () => {
  expect(await digest.digest(undefined)).toBe(digestOf(Buffer.alloc(0)).hex);
});

test('a file that was truncated is an error, not a hang', async () => {
  await handle.write(content, 0, 1000, 0);
  await truncate(path, 500);
  digest.growTo(1000);
  await expect(digest.digest(undefined)).rejects.toThrow(
    `${path} was truncated while its checksum was computed`,
  );
  expect(() => digest.growTo(2000)).toThrow(`${path} was truncated`);
});

test('a thread that exits early is an error, not a hang', async () => {
  digest.growTo(1);
  const failing = awaitedLater(
    expect(digest.digest(undefined)).rejects.toThrow(
      /the thread that computes the checksum of .*growing exited early/,
    ),
  );
  await digest.close();
  await failing;
});

test('a thread for which the host has no descriptors is a VmletError', async () => {
  // Ends within this block: a thread opens its own files when it begins to run.
  await withoutDescriptors(async () => {
    const other = new FileDigest({ path, descriptor: handle.fd, algorithm: 'sha256' });
    await expect(other.digest(undefined)).rejects.toThrow(
      new ProcessStartError(`the thread that computes the checksum of ${path}`),
    );
    await other.close();
  });
});

test('an abort ends the thread at once', async () => {
  await handle.truncate(64 * 1024 ** 3);
  digest.growTo(64 * 1024 ** 3);
  const abort = new AbortController();
  const reason = new Error('enough');
  const failing = digest.digest(abort.signal, () => abort.abort(reason));
  await expect(failing).rejects.toBe(reason);
  await digest.close();
  expect(threads()).toBe(threadsBefore);
});
