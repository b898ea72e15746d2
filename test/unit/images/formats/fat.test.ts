import { describe, expect, it } from 'vitest';
import { Random } from '../../../../fixtures/agent/random.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { readFat } from '../../../../src/images/formats/fat-contents.ts';
import { fatImage } from '../../../../src/images/formats/fat.ts';

const time = new Date('2026-03-04T05:06:08Z');
const options = { label: 'CIDATA', volumeId: 0x1234abcd, time };

const UNITS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** An independent implementation of the format, from its description. */
function readImage(image: Buffer): { kind: number; label: string; files: Map<string, Buffer> } {
  const sector = image.readUInt16LE(11);
  const clusterBytes = image.readUInt8(13) * sector;
  const fatAt = image.readUInt16LE(14) * sector;
  const fatBytes = image.readUInt16LE(22) * sector;
  const rootAt = fatAt + image.readUInt8(16) * fatBytes;
  const dataAt = rootAt + image.readUInt16LE(17) * 32;
  const sectors = image.readUInt16LE(19) || image.readUInt32LE(32);
  expect(image.length).toBe(sectors * sector);
  expect(image.subarray(fatAt, fatAt + fatBytes)).toEqual(image.subarray(fatAt + fatBytes, rootAt));
  const kind = (image.length - dataAt) / clusterBytes < 4085 ? 12 : 16;
  const next = (cluster: number): number => {
    if (kind === 16) return image.readUInt16LE(fatAt + cluster * 2);
    const pair = image.readUInt16LE(fatAt + Math.floor(cluster * 1.5));
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
  };
  const end = kind === 16 ? 0xfff8 : 0xff8;
  const files = new Map<string, Buffer>();
  let label = '';
  let name = '';
  for (let at = rootAt; at < dataAt && image[at] !== 0; at += 32) {
    const entry = image.subarray(at, at + 32);
    if (entry[11] === 0x0f) {
      const units = UNITS.map((unit) => entry.readUInt16LE(unit)).filter(
        (unit) => unit !== 0 && unit !== 0xffff,
      );
      name = String.fromCharCode(...units) + name;
    } else if (entry[11] === 0x08) {
      label = entry.toString('latin1', 0, 11).trim();
    } else {
      const pieces: Buffer[] = [];
      for (let cluster = entry.readUInt16LE(26); cluster >= 2 && cluster < end; cluster = next(cluster)) {
        pieces.push(
          image.subarray(dataAt + (cluster - 2) * clusterBytes, dataAt + (cluster - 1) * clusterBytes),
        );
      }
      files.set(name, Buffer.concat(pieces).subarray(0, entry.readUInt32LE(28)));
      name = '';
    }
  }
  return { kind, label, files };
}

function roundTrip(files: Map<string, Buffer>): { kind: number; label: string } {
  const image = Buffer.from(fatImage(files, options));
  const { files: read, ...rest } = readImage(image);
  const own = readFat(image);
  expect([own.label, own.volumeId]).toEqual([options.label, options.volumeId]);
  for (const found of [read, own.files]) {
    expect([...found.keys()]).toEqual([...files.keys()]);
    for (const [name, content] of files)
      expect(content.equals(found.get(name) ?? Buffer.alloc(0)), name).toBe(true);
  }
  return rest;
}

describe('a FAT file system', () => {
  it('stores files under long names', () => {
    const files = new Map([
      ['meta-data', Buffer.from('instance-id: a\n')],
      ['empty', Buffer.alloc(0)],
      ['UPPER.TXT', Buffer.from('u')],
      ['exactly-13-ch', Buffer.alloc(512, 1)],
      ['exactly-26-characters-here', Buffer.alloc(513, 2)],
      ['grüße 日本.tar.gz', Buffer.from('x')],
      ['😀', Buffer.from('y')],
      ['x'.repeat(255), Buffer.from('z')],
    ]);
    expect(roundTrip(files)).toEqual({ kind: 12, label: 'CIDATA' });
  });

  it('can be empty', () => {
    expect(roundTrip(new Map())).toEqual({ kind: 12, label: 'CIDATA' });
  });

  it.each([
    [4083, 12],
    [4084, 12],
    [4085, 16],
    [4086, 16],
    [65_524, 16],
    [65_525, 16],
  ])('with %i clusters has %i bits', (clusters, kind) => {
    expect(roundTrip(new Map([['big', Buffer.alloc(clusters * 512 - 1, 7)]])).kind).toBe(kind);
  });

  it('stores any names and sizes', () => {
    const seed = 20_260_304;
    const random = new Random(seed);
    for (let round = 0; round < 40; round++) {
      const files = new Map<string, Buffer>();
      const count = random.below(60);
      while (files.size < count) {
        const length = 1 + random.below(40);
        const letters = Array.from({ length }, () => random.pick(Array.from('abcäz019.-_ ~$(日'))).join('');
        files.set(`${files.size}${letters}e`, random.bytes(random.below(3) * random.below(3000)));
      }
      roundTrip(files);
    }
  });

  it('gives similar names different short names', () => {
    const files = new Map(
      Array.from({ length: 1200 }, (_, index) => [`same-beginning-${index}`, Buffer.from([index & 255])]),
    );
    const image = Buffer.from(fatImage(files, options));
    const shortNames = new Set<string>();
    const root = (1 + 2 * image.readUInt16LE(22)) * 512;
    for (let at = root; image[at] !== 0 && at < root + image.readUInt16LE(17) * 32; at += 32) {
      if (image[at + 11] === 0x01) shortNames.add(image.toString('latin1', at, at + 11));
    }
    expect(shortNames.size).toBe(1200);
    roundTrip(files);
  });

  it('has the same bytes for the same files', () => {
    const make = (): Uint8Array => fatImage(new Map([['a', Buffer.from('1')]]), options);
    expect(make()).toEqual(make());
  });

  it.each(['', '.', '..', 'a/b', 'a:b', 'a\nb', 'end.', 'end ', ' start', 'x'.repeat(256)])(
    'rejects the file name %j',
    (name) => {
      expect(() => fatImage(new Map([[name, Buffer.alloc(1)]]), options)).toThrow(InvalidInputError);
    },
  );

  it('rejects two names that differ only in case', () => {
    const files = new Map(['Readme', 'README'].map((name) => [name, Buffer.alloc(0)]));
    expect(() => fatImage(files, options)).toThrow('files: duplicate name "README"');
  });

  it.each(['', 'twelve-chars', 'a b', 'ä'])('rejects the label %j', (label) => {
    expect(() => fatImage(new Map(), { ...options, label })).toThrow(InvalidInputError);
  });

  it('rejects times before 1980', () => {
    expect(() => fatImage(new Map(), { ...options, time: new Date(0) })).toThrow(
      'the year must be from 1980 to 2107',
    );
  });
});
