import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../fixtures/agent/random.ts';
import {
  continuationField,
  directory,
  field,
  isoImage,
  jolietDescriptor,
  lastDescriptor,
  nameField,
  primaryDescriptor,
  record,
  rockRidgeMark,
  ucs2,
} from '../../../../fixtures/images/iso.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type Iso, openIso } from '../../../../src/images/iso/iso9660.ts';
import type { IsoEntry } from '../../../../src/images/iso/iso9660-directory.ts';
import { temporaryDirectory } from '../../../directory.ts';

const work = temporaryDirectory();
let images = 0;

function write(image: Buffer): string {
  const path = join(work, `${images++}.iso`);
  writeFileSync(path, image);
  return path;
}

/** A medium with only its primary descriptor; the root is block 20. */
function medium(blocks: Readonly<Record<number, Buffer>>): Buffer {
  return isoImage({ 16: primaryDescriptor({ root: 20 }), 17: lastDescriptor(), ...blocks });
}

function rockRidgeRoot(...records: readonly Buffer[]): Buffer {
  return directory(20, records, rockRidgeMark());
}

async function names(iso: Iso, path = '/'): Promise<string[]> {
  const entry = await iso.find(path);
  return (await iso.list(entry!)).map(({ name }) => name);
}

async function listRoot(image: Buffer): Promise<string[]> {
  await using iso = await openIso(write(image));
  return await names(iso);
}

async function extracted(iso: Iso, path: string): Promise<Buffer> {
  const target = join(work, 'extracted');
  await iso.extract((await iso.find(path))!, target);
  return readFileSync(target);
}

function patched(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt8(value, at);
  return bytes;
}

const content = Buffer.from('the kernel');
const file = record({ name: 'VMLINUZ.;1', block: 22, length: content.length });

describe('names', () => {
  it('are found in any case if the medium has only plain names', async () => {
    const below = directory(21, [file]);
    await using iso = await openIso(
      write(
        medium({
          20: directory(20, [record({ name: 'BOOT', block: 21, directory: true })]),
          21: below,
          22: content,
        }),
      ),
    );
    expect(iso.label).toBe('LABEL');
    expect(await names(iso)).toEqual(['BOOT']);
    expect(await iso.find('/boot/vmlinuz')).toMatchObject({ path: '/BOOT/VMLINUZ', kind: 'file', size: 10 });
    expect(await extracted(iso, '/Boot/VmLinuz')).toEqual(content);
    expect(await iso.find('/boot/vmlinuz/below')).toBeUndefined();
    expect(await iso.find('/boot/other')).toBeUndefined();
    expect(await iso.find('/boot/../boot')).toBeUndefined();
  });

  it('are those of Joliet without Rock Ridge', async () => {
    const image = isoImage({
      16: primaryDescriptor({ root: 20 }),
      17: jolietDescriptor({ root: 21, label: 'Other' }),
      18: lastDescriptor(),
      20: directory(20, [file]),
      21: directory(21, [record({ name: ucs2('vmlinüz.efi;1'), block: 22, length: content.length })]),
      22: content,
    });
    await using iso = await openIso(write(image));
    expect(await names(iso)).toEqual(['vmlinüz.efi']);
    expect(await iso.find('/VMLINÜZ.EFI')).toBeUndefined();
    expect(await extracted(iso, '/vmlinüz.efi')).toEqual(content);
  });

  it('are those of Rock Ridge if present, assembled from parts in several blocks', async () => {
    const far = Buffer.concat([Buffer.alloc(100), nameField('-linux')]);
    const systemUse = Buffer.concat([nameField('vmlinuz', 1), continuationField(23, 100, far.length - 100)]);
    const image = isoImage({
      16: primaryDescriptor({ root: 20 }),
      17: jolietDescriptor({ root: 21 }),
      18: lastDescriptor(),
      20: rockRidgeRoot(record({ name: 'VMLINUZ.;1', block: 22, length: content.length, systemUse })),
      21: directory(21, [record({ name: ucs2('joliet'), block: 22 })]),
      22: content,
      23: far,
    });
    expect(await listRoot(image)).toEqual(['vmlinuz-linux']);
  });

  it('start after the bytes that the medium skips', async () => {
    const records = [
      record({
        name: 'A',
        block: 22,
        systemUse: Buffer.concat([Buffer.alloc(14, 'x'), nameField('long name')]),
      }),
    ];
    const mark = Buffer.concat([Buffer.alloc(14), rockRidgeMark(14)]);
    expect(await listRoot(medium({ 20: directory(20, records, mark) }))).toEqual(['long name']);
  });

  it.each([
    ['a NUL', 'in\0itrd'],
    ['a slash', '../../etc/passwd'],
    ['the parent directory', '..'],
    ['nothing', ''],
    ['more than 255 bytes', 'ü'.repeat(100)],
  ])('with %s are rejected', async (_, name) => {
    const half = Math.ceil(name.length / 2);
    const systemUse = Buffer.concat([nameField(name.slice(0, half), 1), nameField(name.slice(half))]);
    const long = Buffer.concat([systemUse, nameField('x'.repeat(200))]);
    const needed = name.length > 50 ? long : systemUse;
    const image = medium({
      20: rockRidgeRoot(record({ name: 'A', block: 22, systemUse: continuationField(23, 0, needed.length) })),
      23: needed,
    });
    await expect(listRoot(image)).rejects.toThrow(/corrupt.*name/);
  });
});

describe('files', () => {
  it('in several parts are joined', async () => {
    const parts = [
      record({ name: 'BIG.;1', block: 22, length: 2048, flags: 0x80 }),
      record({ name: 'BIG.;1', block: 24, length: 5 }),
    ];
    const image = medium({ 20: directory(20, parts), 22: Buffer.alloc(2048, 'a'), 24: Buffer.from('12345') });
    await using iso = await openIso(write(image));
    expect(await extracted(iso, '/big')).toEqual(Buffer.from(`${'a'.repeat(2048)}12345`));
    expect((await iso.read((await iso.find('/big'))!, 2053)).length).toBe(2053);
    await expect(iso.read((await iso.find('/big'))!, 2052)).rejects.toThrow('vmlet reads at most 2052');
  });

  it('in overlapping parts are rejected if they exceed the image', async () => {
    const part = { name: 'BIG.;1', block: 20, length: 12 * 2048 };
    const parts = Array.from({ length: 4 }, (_, index) => record({ ...part, flags: index < 3 ? 0x80 : 0 }));
    await expect(listRoot(medium({ 20: directory(20, parts) }))).rejects.toThrow(
      'larger than the whole image',
    );
  });

  it('without a last part are rejected', async () => {
    const open = record({ name: 'A', block: 22, flags: 0x80 });
    for (const records of [[open], [open, file]]) {
      await expect(listRoot(medium({ 20: directory(20, records) }))).rejects.toThrow('lacks its last extent');
    }
  });

  it('that are empty may have any address', async () => {
    const empty = record({ name: 'EMPTY', block: 0xffffffff, length: 0 });
    await using iso = await openIso(write(medium({ 20: directory(20, [empty]) })));
    expect(await extracted(iso, '/empty')).toEqual(Buffer.alloc(0));
  });

  it('that are associated with another of the same name are skipped', async () => {
    const fork = record({ name: 'A', block: 23, flags: 0x04 });
    await using iso = await openIso(
      write(medium({ 20: directory(20, [fork, record({ name: 'A', block: 22 })]) })),
    );
    expect((await iso.list(iso.root)).map(({ extents }) => extents[0]?.offset)).toEqual([22 * 2048]);
  });

  it('that are links or compressed are not treated as plain files', async () => {
    const image = medium({
      20: rockRidgeRoot(
        record({ name: 'A', block: 22, length: 0, systemUse: field('SL', Buffer.from([0, 8, 0])) }),
        record({ name: 'B', block: 22, systemUse: field('ZF', Buffer.alloc(12)) }),
      ),
    });
    await using iso = await openIso(write(image));
    const kinds = (await iso.list(iso.root)).map(({ kind }) => kind);
    expect(kinds).toEqual(['link', 'zisofs']);
    await expect(extracted(iso, '/A')).rejects.toThrow(/\/A in .* is a link/);
    await expect(extracted(iso, '/B')).rejects.toThrow('zisofs');
    await expect(extracted(iso, '/')).rejects.toThrow('is a directory, expected a file');
  });

  it('leave no temporary file when they cannot be copied completely', async () => {
    const targets = join(work, 'targets');
    mkdirSync(targets);
    writeFileSync(join(targets, 'kernel'), 'old');
    await using iso = await openIso(write(medium({ 20: directory(20, [file]), 22: content })));
    const entry = (await iso.find('/vmlinuz'))!;
    await expect(
      iso.extract(entry, join(targets, 'kernel'), AbortSignal.abort(new Error('enough'))),
    ).rejects.toThrow('enough');
    writeFileSync(iso.path, 'cut off');
    await expect(iso.extract(entry, join(targets, 'kernel'))).rejects.toThrow('was truncated');
    expect(readdirSync(targets)).toEqual(['kernel']);
    expect(readFileSync(join(targets, 'kernel'), 'utf8')).toBe('old');
  });
});

describe('hostile images', () => {
  it.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.alloc(100), /is not an ISO 9660 image/],
    ['zeros', Buffer.alloc(2048 * 40), /is not an ISO 9660 image/],
    [
      'no block size',
      isoImage({ 16: primaryDescriptor({ root: 20, blockSize: 3 }) }),
      /block size of 3 bytes/,
    ],
    ['a root beyond the end', isoImage({ 16: primaryDescriptor({ root: 40 }) }), /directory \/ ends at byte/],
    [
      'a huge root',
      isoImage({ 16: primaryDescriptor({ root: 20, rootLength: 17 * 2 ** 20 }) }, 9000),
      /directory \/ is too large: 17825792 bytes/,
    ],
    [
      'an empty root',
      isoImage({ 16: primaryDescriptor({ root: 20, rootLength: 0 }) }),
      /directory \/ is empty/,
    ],
    ['a root of zeros', medium({}), /root directory is empty/],
    [
      'a file beyond the end',
      medium({ 20: directory(20, [record({ name: 'A', block: 31, length: 2049 })]) }),
      /\/A ends at byte 65537/,
    ],
    [
      'a file with a huge length',
      medium({ 20: directory(20, [record({ name: 'A', block: 22, length: 0xffffffff })]) }),
      /\/A ends at byte/,
    ],
    [
      'a record without room for its name',
      medium({ 20: Buffer.concat([directory(20, []), Buffer.from([33]), Buffer.alloc(32)]) }),
      /too short for its name/,
    ],
    [
      'a record beyond its sector',
      medium({
        20: Buffer.concat([
          directory(20, Array<Buffer>(57).fill(record({ name: 'A', block: 0, length: 0 }))),
          Buffer.from([255]),
        ]),
      }),
      /crosses a sector boundary/,
    ],
    [
      'a name beyond its record',
      medium({
        20: Buffer.concat([
          directory(20, []),
          patched(record({ name: 'A', block: 22 }), 32, 9),
          record({ name: 'B', block: 22 }),
        ]),
      }),
      /too short for its name/,
    ],
    [
      'a file whose blocks alternate with others',
      medium({ 20: directory(20, [patched(record({ name: 'A', block: 22 }), 27, 1)]) }),
      /\/A is interleaved/,
    ],
    [
      'a loop',
      medium({ 20: directory(20, [record({ name: 'A', block: 20, directory: true })]) }),
      /\/A contains itself/,
    ],
    [
      'Rock Ridge beyond its record',
      medium({
        20: rockRidgeRoot(
          record({ name: 'A', block: 22, systemUse: Buffer.from('NM\xff\x01\0abc', 'latin1') }),
        ),
      }),
      /Rock Ridge field has 255 bytes/,
    ],
    [
      'Rock Ridge without a length',
      medium({
        20: rockRidgeRoot(
          record({ name: 'A', block: 22, systemUse: Buffer.from('NM\0\x01\0abc', 'latin1') }),
        ),
      }),
      /Rock Ridge field has 0 bytes/,
    ],
    [
      'a continuation of itself',
      medium({
        20: rockRidgeRoot(record({ name: 'A', block: 22, systemUse: continuationField(23, 0, 28) })),
        23: continuationField(23, 0, 28),
      }),
      /more than 32 Rock Ridge continuations/,
    ],
    [
      'a continuation beyond the end',
      medium({
        20: rockRidgeRoot(record({ name: 'A', block: 22, systemUse: continuationField(40, 0, 28) })),
      }),
      /Rock Ridge continuation ends at byte/,
    ],
    [
      'a continuation that leaves its block',
      medium({
        20: rockRidgeRoot(record({ name: 'A', block: 22, systemUse: continuationField(23, 2040, 28) })),
      }),
      /crosses a block boundary/,
    ],
  ])('are rejected with the reason: %s', async (_, image, reason) => {
    const opened = listRoot(image);
    await expect(opened).rejects.toThrow(InvalidInputError);
    await expect(opened).rejects.toThrow(reason);
  });

  it('cannot form a cycle through another directory', async () => {
    const image = medium({
      20: directory(20, [record({ name: 'A', block: 21, directory: true })]),
      21: directory(21, [record({ name: 'B', block: 20, directory: true })]),
    });
    await using iso = await openIso(write(image));
    await expect(iso.find('/a/b/a/b')).rejects.toThrow('/A/B contains itself');
  });

  it('are not followed deeper than 64 directories', async () => {
    const blocks: Record<number, Buffer> = { 16: primaryDescriptor({ root: 20 }), 17: lastDescriptor() };
    for (let block = 20; block < 100; block++) {
      blocks[block] = directory(block, [record({ name: 'D', block: block + 1, directory: true })]);
    }
    await using iso = await openIso(write(isoImage(blocks, 102)));
    expect((await iso.find('/d'.repeat(64)))?.path).toBe('/D'.repeat(64));
    await expect(iso.find('/d'.repeat(65))).rejects.toThrow('nested more than 64 levels deep');
  });

  it('are limited in records across directories', async () => {
    const empty = record({ name: 'A', block: 0, length: 0 });
    const sector = Buffer.alloc(2048);
    for (let at = 0; at + empty.length <= 2048; at += empty.length) empty.copy(sector, at);
    const sectors = 1900;
    const big = (name: string) => record({ name, block: 21, length: sectors * 2048, directory: true });
    const image = medium({ 20: directory(20, [big('X'), big('Y')]) });
    const whole = Buffer.concat([
      image.subarray(0, 21 * 2048),
      Buffer.concat(Array.from({ length: sectors }, () => sector)),
    ]);
    await using iso = await openIso(write(whole));
    await expect(iso.find('/x/none')).rejects.toThrow('more than 100000 directory records');
  });

  it('that are missing or not regular files are rejected without waiting', async () => {
    await expect(openIso(work)).rejects.toThrow('is a directory, not a regular file');
    await expect(openIso(join(work, 'none.iso'))).rejects.toThrow('no such file: ');
    await expect(openIso('/dev/zero')).rejects.toThrow('is a device, not a regular file');
  });
});

async function walk(iso: Iso, entry: IsoEntry): Promise<void> {
  if (entry.kind === 'file') expect(await iso.read(entry, 2 ** 20)).toHaveLength(entry.size);
  if (entry.kind !== 'directory') return;
  for (const below of await iso.list(entry)) await walk(iso, below);
}

describe('2000 damaged images', () => {
  it('are read or rejected, with no other error', { timeout: 60_000 }, async () => {
    const random = new Random(9660);
    const valid = isoImage(
      {
        16: primaryDescriptor({ root: 20 }),
        17: jolietDescriptor({ root: 24 }),
        18: lastDescriptor(),
        20: rockRidgeRoot(
          record({ name: 'BOOT', block: 21, directory: true, systemUse: nameField('boot') }),
          record({
            name: 'A',
            block: 22,
            systemUse: Buffer.concat([nameField('a', 1), continuationField(23, 64, 40)]),
          }),
        ),
        21: directory(21, [record({ name: 'B', block: 22, length: 100, systemUse: nameField('b') })]),
        22: content,
        23: Buffer.concat([Buffer.alloc(64), nameField('-long-name'), Buffer.alloc(40)]),
        24: directory(24, [record({ name: ucs2('boot'), block: 25, directory: true })]),
        25: directory(25, [record({ name: ucs2('b'), block: 22, length: 100 })]),
      },
      26,
    );
    const counted = { read: 0, refused: 0 };
    const interesting = [16, 17, 20, 20, 20, 21, 23, 24, 25];
    const path = join(work, 'damaged.iso');
    for (let round = 0; round < 2000; round++) {
      const image = Buffer.from(valid);
      for (let change = random.below(6); change >= 0; change--) {
        const at = random.pick(interesting) * 2048 + random.below(256);
        image.writeUInt8(random.pick([0, 1, 255, random.below(256)]), at);
      }
      writeFileSync(path, random.below(20) === 0 ? image.subarray(0, random.below(image.length)) : image);
      try {
        await using iso = await openIso(path);
        await walk(iso, iso.root);
        counted.read += 1;
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw new Error(`round ${round}`, { cause: error });
        counted.refused += 1;
      }
    }
    // Otherwise the changes were too many or too few to show anything.
    expect(counted.read).toBeGreaterThan(200);
    expect(counted.refused).toBeGreaterThan(200);
  });
});
