import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DigestMismatchError, DownloadError, InvalidInputError } from '../../../../src/errors/index.ts';
import type { TransferProgress } from '../../../../src/images/transfer/progress-steps.ts';
import { digestOf, labWithFile, noise } from './lab.ts';

const { lab, content } = await labWithFile('disk.raw', 3_000_000);

test('a file is downloaded completely, with the server’s metadata', async () => {
  const file = await lab.download('disk.raw');
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  expect(file).toMatchObject({
    path: lab.to,
    bytes: content.length,
    sha256: digestOf(content).hex,
    compression: 'none',
    verified: undefined,
    url: `${lab.server.url}/disk.raw`,
  });
  expect(file.etag).toMatch(/^"/);
  expect(file.lastModified).toMatch(/GMT$/);
  expect(lab.left()).toEqual(['file']);
});

test.each(['sha256', 'sha512'] as const)('a %s is detected', async (algorithm) => {
  const expected = digestOf(content, algorithm);
  const file = await lab.download('disk.raw', {
    expected: { algorithm, hex: expected.hex.toUpperCase() },
  });
  expect(file.verified).toEqual(expected);
  expect(file.sha256).toBe(digestOf(content).hex);
});

test.each(['sha256', 'sha512'] as const)('a wrong %s leaves nothing', async (algorithm) => {
  const expected = digestOf(noise(10), algorithm);
  const failing = lab.download('disk.raw', { expected });
  await expect(failing).rejects.toThrow(DigestMismatchError);
  await expect(failing).rejects.toMatchObject({
    expected: expected.hex,
    received: digestOf(content, algorithm).hex,
  });
  expect(lab.left()).toEqual([]);
});

test('an invalid digest is rejected before the download', async () => {
  const before = lab.server.requests.length;
  await expect(lab.download('disk.raw', { expected: { algorithm: 'sha256', hex: 'ab' } })).rejects.toThrow(
    InvalidInputError,
  );
  expect(lab.server.requests).toHaveLength(before);
});

test('progress grows to the total', async () => {
  const told: TransferProgress[] = [];
  await lab.download('disk.raw', { onProgress: (progress) => told.push(progress) });
  const bytes = told.map((progress) => progress.bytes);
  expect(bytes).toEqual([...bytes].sort((one, other) => one - other));
  expect(told.at(-1)).toEqual({ phase: 'download', bytes: content.length, totalBytes: content.length });
  expect(told.length).toBeGreaterThan(2);
});

test('a redirect is followed and reported', async () => {
  const file = await lab.download('moved/disk.raw');
  expect(file.url).toBe(`${lab.server.url}/disk.raw`);
});

test('an empty file is downloaded as a file', async () => {
  lab.put('empty', Buffer.alloc(0));
  const file = await lab.download('empty', { expected: digestOf(Buffer.alloc(0)) });
  expect(file.bytes).toBe(0);
  expect(statSync(lab.to).size).toBe(0);
});

test('zeros take no space', async () => {
  const parts = [noise(10_000), Buffer.alloc(8_000_000), noise(10), Buffer.alloc(4_000_000)];
  const sparse = lab.put('sparse.raw', Buffer.concat(parts));
  await lab.download('sparse.raw', { expected: digestOf(sparse) });
  expect(readFileSync(lab.to).equals(sparse)).toBe(true);
  expect(statSync(lab.to).blocks * 512).toBeLessThan(2_000_000);
});

const PACKERS = {
  xz: ['xz', '-0'],
  gzip: ['gzip', '-1'],
  zstd: ['zstd', '-1', '-q'],
  bzip2: ['bzip2', '-1'],
} as const;

test.each(Object.entries(PACKERS))(
  '%s is unpacked, and the digest applies to the packed file',
  async (method, [program, ...words]) => {
    const packed = lab.put(
      `disk.${method}`,
      execFileSync(program, [...words, '-c', join(lab.served, 'disk.raw')], { maxBuffer: 1e9 }),
    );
    const phases = new Set<string>();
    const file = await lab.download(`disk.${method}`, {
      expected: digestOf(packed),
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect(file).toMatchObject({ compression: method, bytes: content.length, sha256: digestOf(content).hex });
    expect(readFileSync(lab.to).equals(content)).toBe(true);
    expect([...phases]).toEqual(['download', 'unpack']);
    expect(lab.left()).toEqual(['file']);
    await lab.download(`disk.${method}`, { decompress: 'none' });
    expect(readFileSync(lab.to).equals(packed)).toBe(true);
    // The end of a file is missing, and no digest was given.
    lab.put('short', packed.subarray(0, -100));
    await expect(lab.download('short')).rejects.toMatchObject({ reason: 'compression' });
    expect(lab.left()).toEqual(['file']);
  },
);

test('a file that is not compressed as expected leaves nothing', async () => {
  const failing = lab.download('disk.raw', { decompress: 'xz' });
  await expect(failing).rejects.toThrow(/is not compressed with xz/);
  await expect(failing).rejects.toThrow(DownloadError);
  expect(lab.left()).toEqual([]);
});

test.each(Object.entries(PACKERS))('a bomb in %s is stopped', async (method, [program, ...words]) => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  lab.put(`bomb.${method}`, execFileSync(program, [...words, '-c'], { input: zeros, maxBuffer: 1e9 }));
  await expect(lab.download(`bomb.${method}`, { maxBytes: 8 * 1024 * 1024 })).rejects.toMatchObject({
    reason: 'too-large',
    message: expect.stringMatching(
      /unpacks to more than 8 MiB, the largest size that vmlet accepts/,
    ) as string,
  });
  expect(lab.left()).toEqual([]);
});

test('a file that cannot be unpacked here is not downloaded completely', async () => {
  lab.put('big.xz', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), noise(40_000_000)]));
  const path = process.env['PATH'];
  const programs = join(lab.place, 'programs');
  execFileSync('mkdir', [programs]);
  execFileSync('ln', ['-s', execFileSync('which', ['flock'], { encoding: 'utf8' }).trim(), programs]);
  let most = 0;
  try {
    process.env['PATH'] = programs;
    await expect(
      lab.download('big.xz', { onProgress: ({ bytes }) => (most = Math.max(most, bytes)) }),
    ).rejects.toMatchObject({ program: 'xz', hint: expect.stringMatching(/install xz-utils/) as string });
  } finally {
    process.env['PATH'] = path;
  }
  expect(most).toBeLessThan(10_000_000);
  expect(lab.left().filter((name) => !name.startsWith('programs'))).toEqual([]);
});

test('an abort keeps the received part, and rejects with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const failing = lab.download('stall/disk.raw?after=2000000', {
    signal: abort.signal,
    onProgress: ({ bytes }) => {
      if (bytes > 0) abort.abort(reason);
    },
  });
  await expect(failing).rejects.toBe(reason);
  expect(lab.left().filter((name) => name.endsWith('.part'))).toHaveLength(1);
  expect(lab.left()).not.toContain('file');
});
