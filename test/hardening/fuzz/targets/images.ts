import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Random } from '../../../../fixtures/agent/random.ts';
import { hostileContents, mutatedCase, soundImages } from '../../../../fixtures/images/hostile/fuzz.ts';
import {
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
import { VmletError } from '../../../../src/errors/index.ts';
import { kernelPayload, kernelRelease } from '../../../../src/images/formats/bzimage.ts';
import { cpioArchive } from '../../../../src/images/formats/cpio.ts';
import { elfSection, hasPvhEntry, isStaticProgram } from '../../../../src/images/formats/elf.ts';
import { fatImage } from '../../../../src/images/formats/fat.ts';
import { readFat } from '../../../../src/images/formats/fat-contents.ts';
import { openIso } from '../../../../src/images/iso/iso9660.ts';
import { mutatedBytes } from '../mutate.ts';
import { bytesTarget, jsonTarget, must, same } from '../target.ts';
import { refusedOr } from './grammars.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let images: { readonly sound: readonly Buffer[]; readonly hostile: readonly Buffer[] } | undefined;

/** fixtures/images/hostile chooses and mutates an image; the seeds are chosen here. */
export const headerTarget = jsonTarget<number>({
  name: 'image-headers',
  what: 'headers of disk images (`test/hardening/fuzz/image-headers.ts` asks qemu-img too)',
  expected: ['taken', 'refused'],
  arbitrary: fc.nat(2 ** 31 - 1),
  prepare: async () => {
    images = { sound: soundImages(), hostile: hostileContents() };
    return Promise.resolve(async () => Promise.resolve((images = undefined)));
  },
  async check(seed) {
    if (!images) throw new Error('there are no images');
    const { accepted, violations } = await mutatedCase(new Random(seed), images.sound, images.hostile);
    must(violations.length === 0, violations.join('; '));
    return accepted ? 'taken' : 'refused';
  },
});

const FILE = record({ name: 'README.TXT;1', block: 22, length: 100 });
const INNER = record({ name: 'DIR', block: 21, directory: true });
const ISOS = [
  isoImage({
    16: primaryDescriptor({ root: 20 }),
    17: lastDescriptor(),
    20: directory(20, [FILE, INNER]),
    21: directory(21, [FILE]),
    22: Buffer.from('content'),
  }),
  isoImage({
    16: primaryDescriptor({ root: 20 }),
    17: jolietDescriptor({ root: 23 }),
    18: lastDescriptor(),
    20: directory(20, [FILE]),
    23: directory(23, [record({ name: ucs2('Lies mich.txt'), block: 22, length: 5 })]),
  }),
  isoImage({
    16: primaryDescriptor({ root: 20 }),
    17: lastDescriptor(),
    20: directory(
      20,
      [
        record({
          name: 'X',
          block: 22,
          length: 9,
          systemUse: Buffer.concat([nameField('a long name'), field('SL', Buffer.from([1, 0, 0, 1, 65]))]),
        }),
      ],
      rockRidgeMark(),
    ),
  }),
];
let folder = '';

export const isoTarget = bytesTarget({
  name: 'iso9660',
  what: 'CD images: directories listed, files read',
  expected: ['read', 'refused'],
  prepare: async () => {
    const made = makeTemporaryDirectory();
    folder = made.path;
    return Promise.resolve(async () => Promise.resolve(made.remove()));
  },
  // The region with numbers: the rest of a medium is zeros.
  arbitrary: fc
    .tuple(
      mutatedBytes(
        ISOS.map((image) => image.subarray(16 * 2048, 24 * 2048)),
        ['\x01CD001\x01', 'CE\x1c\x01', 'SP\x07\x01', '\xff'],
      ),
      fc.nat(2),
    )
    .map(([middle, index]) =>
      Buffer.concat([
        Buffer.alloc(16 * 2048),
        middle,
        (ISOS[index] ?? Buffer.alloc(0)).subarray(16 * 2048 + middle.length),
      ]),
    ),
  async check(bytes) {
    const path = join(folder, 'image.iso');
    writeFileSync(path, bytes);
    try {
      await using iso = await openIso(path);
      const root = await iso.find('/');
      let listed = 0;
      for (const entry of root ? await iso.list(root) : []) {
        must(!/[/\0]/.test(entry.name) && !['', '.', '..'].includes(entry.name), `the name ${entry.name}`);
        must(
          entry.extents.every(({ offset, length }) => offset + length <= bytes.length),
          'an extent outside',
        );
        if (entry.kind === 'directory') listed += (await iso.list(entry)).length;
        same(
          (await iso.find(entry.path))?.name.toLowerCase(),
          entry.name.toLowerCase(),
          'is not found by its own path',
        );
      }
      return listed >= 0 ? 'read' : 'refused';
    } catch (error) {
      if (!(error instanceof VmletError)) throw error;
      must(error.message.includes(path), `an error that does not name the file: ${error.message}`);
      return 'refused';
    }
  },
});

function bzImage(): Buffer {
  const kernel = Buffer.alloc(4096);
  kernel.writeUInt8(1, 0x1f1);
  kernel.write('HdrS', 0x202);
  kernel.writeUInt16LE(0x20f, 0x206);
  kernel.writeUInt16LE(0x100, 0x20e);
  kernel.write('6.1.0-1-amd64 (x) #1', 0x300);
  kernel.writeUInt32LE(16, 0x248);
  kernel.writeUInt32LE(200, 0x24c);
  kernel.set([0x1f, 0x8b], 1024 + 16);
  return kernel;
}

function elf(): Buffer {
  const file = Buffer.alloc(1024);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(62, 0x12);
  file.writeBigUInt64LE(64n, 0x20);
  file.writeBigUInt64LE(512n, 0x28);
  for (const [value, at] of [
    [56, 0x36],
    [2, 0x38],
    [64, 0x3a],
    [3, 0x3c],
    [1, 0x3e],
  ] as const)
    file.writeUInt16LE(value, at);
  file.writeUInt32LE(4, 64);
  file.writeBigUInt64LE(200n, 72);
  file.writeBigUInt64LE(40n, 96);
  file.writeUInt32LE(4, 200);
  file.writeUInt32LE(8, 204);
  file.writeUInt32LE(18, 208);
  file.write('Xen\0', 212);
  file.write('\0.shstrtab\0.modinfo\0', 300);
  file.writeBigUInt64LE(300n, 512 + 64 + 24);
  file.writeBigUInt64LE(30n, 512 + 64 + 32);
  file.writeUInt32LE(11, 512 + 128);
  file.writeBigUInt64LE(330n, 512 + 128 + 24);
  file.writeBigUInt64LE(10n, 512 + 128 + 32);
  file.write('Linux version 6.1.0 (x)', 400);
  return file;
}

export const kernelTarget = bytesTarget({
  name: 'kernels',
  what: 'bzImages and ELF files',
  expected: ['bzImage', 'pvh', 'elf', 'nothing'],
  arbitrary: mutatedBytes(
    [bzImage(), elf()],
    ['HdrS', 'Linux version 5', '\x7fELF\x02\x01', 'Xen\0', '\xff\xff\xff\xff', '\xfd7zXZ\0'],
  ),
  check(bytes) {
    const payload = kernelPayload(bytes);
    if (payload) must(payload.data.length <= bytes.length, 'a payload that is longer than its kernel');
    const release = kernelRelease(bytes);
    must(release === undefined || !/\s/.test(release), `a release such as ${JSON.stringify(release)}`);
    const section = elfSection(bytes, '.modinfo');
    must((section?.length ?? 0) <= bytes.length, 'a section that is longer than its file');
    const pvh = hasPvhEntry(bytes);
    const isStatic = isStaticProgram(bytes);
    return payload ? 'bzImage' : pvh ? 'pvh' : isStatic ? 'elf' : 'nothing';
  },
});

const content = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    'user-data',
    'meta-data',
    'a.b',
    'USER-D~1',
    ' x',
    'x.',
    'a'.repeat(255),
    'é',
    '😀',
    '\ud800',
    'con',
  ),
);

export const fatTarget = jsonTarget<[string, string][]>({
  name: 'fat',
  what: 'FAT file systems, written and read back',
  expected: ['same', 'refused'],
  arbitrary: fc.array(fc.tuple(name, content), { maxLength: 6 }),
  check(files) {
    const given = new Map(files.map(([path, data]) => [path, Buffer.from(data, 'base64')] as const));
    const image = refusedOr(() => fatImage(given, { label: 'CIDATA', volumeId: 7, time: new Date(1.7e12) }));
    if (!image) return 'refused';
    const read = readFat(Buffer.from(image));
    same(
      [...read.files].map(([path, data]) => [path, Buffer.from(data).toString('hex')]),
      [...given].map(([path, data]) => [path, data.toString('hex')]),
      'other files come back',
    );
    same([read.label, read.volumeId], ['CIDATA', 7], 'another label');
    return 'same';
  },
});

/** Parses like Linux’s init/initramfs.c. */
function readCpio(archive: Buffer): [string, string, string][] {
  const entries: [string, string, string][] = [];
  for (let at = 0; ;) {
    must(archive.toString('latin1', at, at + 6) === '070701', `no header at ${at}`);
    const number = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, nameSize] = [number(1), number(6), number(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    must(archive[at + 110 + nameSize - 1] === 0, 'a name without its end');
    const data = (at + 110 + nameSize + 3) & ~3;
    if (path === 'TRAILER!!!') return entries;
    entries.push([path, mode.toString(8), archive.toString('hex', data, data + size)]);
    at = (data + size + 3) & ~3;
  }
}

export const cpioTarget = jsonTarget<[string, number, string][]>({
  name: 'cpio',
  what: 'archives for a kernel, written and read back',
  expected: ['same'],
  arbitrary: fc.array(fc.tuple(fc.stringMatching(/^[a-z/é.-]{1,60}$/u), fc.nat(0o777), content), {
    maxLength: 6,
  }),
  check(files) {
    const archive = cpioArchive(
      files.map(([path, mode, data]) => ({ type: 'file', path, mode, data: Buffer.from(data, 'base64') })),
    );
    const expected = files.map(([path, mode, data]) => [
      path,
      (0o100000 | mode).toString(8),
      Buffer.from(data, 'base64').toString('hex'),
    ]);
    same(readCpio(archive), expected, 'other files come back');
    return 'same';
  },
});
