import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { announcedBytes } from '../../../../src/images/formats/announced-size.ts';
import { compressionOf } from '../../../../src/images/formats/compression.ts';
import { importFile } from '../../../../src/images/transfer/import-file.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const MIB = 1024 * 1024;
const directory = temporaryDirectory();
const PACKERS: readonly (readonly [string, ...string[]])[] = [
  ['xz', '-0'],
  ['xz', '-0', '--block-size=1MiB'],
  ['zstd', '-q', '-1'],
  ['gzip', '-1'],
  ['bzip2', '-1'],
];
/** gzip and bzip2 state no size. */
const ANNOUNCE = new Set(['xz', 'zstd']);

function packed(path: string, program: string, words: readonly string[]): string {
  const to = `${path}.${program}${words.length}`;
  // By file name, so that zstd records the length.
  writeFileSync(to, execFileSync(program, [...words, '-c', path], { maxBuffer: 1e9 }));
  return to;
}

/** A qcow2 of 1 MiB, followed by as many bytes of x. */
function bomb(bytes: number): string {
  const path = join(directory, `bomb-${bytes}`);
  if (existsSync(path)) return path;
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
  const file = openSync(path, 'a');
  for (let left = bytes; left > 0; left -= MIB) writeSync(file, Buffer.alloc(Math.min(left, MIB), 'x'));
  closeSync(file);
  return path;
}

test.each(PACKERS)(
  'a file that is larger than its header says is rejected: %s %s',
  async (program, ...words) => {
    const path = packed(bomb(120 * MIB), program, words);
    const place = directoryIn(directory, 'place-');
    let most = 0;
    const importing = importFile({
      path,
      to: join(place, 'disk'),
      onProgress: ({ bytes }) => (most = bytes),
    });
    await expect(importing).rejects.toMatchObject({
      message: expect.stringMatching(/unpacks to more than the 65\S* MiB stated in its header/) as string,
      hint: expect.stringContaining('--any-size') as string,
    });
    expect(readdirSync(place)).toEqual([]);
    // A file that states its size is rejected at once.
    if (ANNOUNCE.has(program)) expect(most).toBeLessThan(4 * MIB);
    expect(most).toBeLessThan(70 * MIB);

    const all = await importFile({ path, to: join(place, 'disk'), anySize: true });
    expect(all.bytes).toBeGreaterThan(120 * MIB);
  },
);

test.each(PACKERS)('a large disk that takes little space is no bomb: %s %s', async (program, ...words) => {
  const raw = join(directory, 'sparse.raw');
  const file = openSync(raw, 'w');
  writeSync(file, Buffer.from('content'), 0, 7, 40 * MIB);
  ftruncateSync(file, 120 * MIB);
  closeSync(file);
  const qcow2 = join(directory, 'disk.qcow2');
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
  for (const path of [raw, qcow2]) {
    const place = directoryIn(directory, 'place-');
    const { bytes } = await importFile({ path: packed(path, program, words), to: join(place, 'disk') });
    expect(bytes).toBe(statSync(path).size);
    expect(statSync(join(place, 'disk')).blocks * 512).toBeLessThan(4 * MIB);
  }
});

test.each(PACKERS)('the size stated by %s %s is the size that it unpacks to', async (program, ...words) => {
  const path = packed(bomb(20 * MIB), program, words);
  const method = compressionOf(readFileSync(path));
  const file = await open(path);
  try {
    const announced = await announcedBytes(file, method);
    expect(announced).toBe(
      ANNOUNCE.has(program) ? statSync(join(directory, `bomb-${20 * MIB}`)).size : undefined,
    );
  } finally {
    await file.close();
  }
});

test('a truncated or invalid file states no size', async () => {
  const whole = readFileSync(packed(bomb(MIB), 'xz', ['-0']));
  const footer = whole.subarray(-12);
  const lies = [
    Buffer.alloc(0),
    footer.subarray(0, 11),
    Buffer.concat([footer.subarray(0, 4), Buffer.from('ffffffff', 'hex'), footer.subarray(8)]),
    Buffer.concat([Buffer.alloc(1000, 0xff), footer]),
    Buffer.concat([Buffer.alloc(1000), footer]),
  ];
  for (const [index, bytes] of lies.entries()) {
    const path = join(directory, `lie-${index}`);
    writeFileSync(path, bytes);
    const file = await open(path);
    for (const method of ['xz', 'zstd'] as const) {
      const announced = await announcedBytes(file, method);
      expect(announced === undefined || Number.isFinite(announced), `${index} ${method}`).toBe(true);
    }
    await file.close();
  }
});
