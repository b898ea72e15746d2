import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VHDX, iso, le64, vhdx, vmdkSparse } from '../../../../fixtures/images/hostile/foreign.ts';
import { qcow2 } from '../../../../fixtures/images/hostile/qcow2.ts';
import { ImageRefusedError, InvalidInputError } from '../../../../src/errors/index.ts';
import {
  type AcceptOptions,
  acceptForeignImage,
  acceptImage,
  acceptMedium,
} from '../../../../src/images/header/accept.ts';
import { temporaryDirectory } from '../../../directory.ts';

const foreign = { format: undefined, field: 'image', from: 'a stranger' };
const directory = temporaryDirectory();
let count = 0;

function write(content: Buffer, name = `image${(count += 1)}`): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const as = (format: AcceptOptions['format'], trusted = false): AcceptOptions => ({
  format,
  field: 'image',
  trusted,
});

async function refusal(path: string, options: AcceptOptions): Promise<ImageRefusedError> {
  const error: unknown = await acceptImage(path, options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ImageRefusedError);
  return error as ImageRefusedError;
}

describe('a rejected image has a hint', () => {
  it.each([
    ['a backing file', qcow2({ clusterBits: 12, backing: 'base.raw' }), 'qcow2', /append ,trusted/],
    ['a corrupt image', qcow2({ incompatible: 2n }), 'qcow2', /append ,trusted/],
    ['a truncated image', qcow2({ cut: 512 }), 'qcow2', /download or copy the file again/],
    [
      'an image with an unknown feature',
      qcow2({ incompatible: 1n << 5n }),
      'qcow2',
      /^convert the image to plain qcow2/,
    ],
    ['an encrypted image', qcow2({ overwrite: [[32, 4, 1]] }), 'qcow2', /decrypt it with qemu-img convert/],
    ['a qcow2 stated to be raw', qcow2(), 'raw', /append ,format=qcow2 .*,format=raw,trusted/],
    ['a CD stated to be a qcow2', iso(20), 'qcow2', /,format=raw/],
    ['zeros stated to be a qcow2', Buffer.alloc(1024), 'qcow2', /,format=raw/],
    ['an image to be converted', vmdkSparse(), 'qcow2', /convert it: qemu-img convert -f vmdk -O qcow2/],
    ['a compressed image', Buffer.from('\xfd7zXZ\0', 'latin1'), 'qcow2', /unpack it first: unxz/],
  ] as const)('for %s', async (_, content, format, hint) => {
    expect((await refusal(write(content), as(format))).hint).toMatch(hint);
  });

  it.each([
    ['a CD', iso(20), 'qcow2'],
    ['a disk to be converted', vmdkSparse(), 'qcow2'],
    ['zeros', Buffer.alloc(1024), 'qcow2'],
    ['a qcow2', qcow2(), 'raw'],
  ] as const)('for %s instead of the catalogue’s format', async (_, content, format) => {
    const attempt = acceptForeignImage(write(content), { ...foreign, format });
    await expect(attempt).rejects.toMatchObject({
      path: foreign.from,
      hint: expect.stringMatching(/^if the catalogue states a wrong format, /) as string,
    });
  });

  it('that does not suggest trust if that would not help', async () => {
    const path = write(qcow2({ clusterBits: 12, backing: 'nbd://localhost/x', backingFormat: 'raw' }));
    expect((await refusal(path, as('qcow2'))).hint).not.toContain('trusted');
    expect((await refusal(path, as('qcow2', true))).message).toContain('not a local file');
  });
});

describe('a CD image', () => {
  const lay = async (content: Buffer): Promise<unknown> =>
    acceptMedium(write(content), { field: 'iso' }).catch((caught: unknown) => caught);

  it.each([
    ['is accepted with a volume', iso(20)],
    ['is accepted without one', Buffer.alloc(2048)],
  ])('%s', async (_, content) => {
    expect(await lay(content)).toBeUndefined();
  });

  it.each([
    ['a disk', qcow2(), 'is a qcow2 image, not a CD image', /as a disk/],
    ['a compressed image', Buffer.from('\xfd7zXZ\0', 'latin1'), 'is compressed with xz', /unpack it first/],
    [
      'a truncated image',
      iso(20 + 300).subarray(0, 20 * 2048),
      'is truncated',
      /download or copy the file again/,
    ],
    ['half a sector', Buffer.alloc(2048 + 256), 'not a multiple of 512', /download or copy the file again/],
    ['an empty image', Buffer.alloc(0), 'is empty', /download or copy the file again/],
  ])('is rejected: %s', async (_, content, reason, hint) => {
    const error = await lay(content);
    expect(error).toBeInstanceOf(ImageRefusedError);
    expect((error as ImageRefusedError).message).toMatch(/^iso: /);
    expect((error as ImageRefusedError).message).toContain(reason);
    expect((error as ImageRefusedError).hint).toMatch(hint);
  });
});

describe('a trusted image', () => {
  it('is accepted with its backing chain', async () => {
    write(Buffer.alloc(1024 * 1024), 'base.raw');
    write(qcow2({ clusterBits: 12, backing: 'base.raw', backingFormat: 'raw' }), 'middle.qcow2');
    const top = write(qcow2({ clusterBits: 12, backing: 'middle.qcow2', backingFormat: 'qcow2' }));
    const image = await acceptImage(top, as('qcow2', true));
    expect(image.backing?.backing).toMatchObject({ path: join(directory, 'base.raw'), format: 'raw' });
  });

  it('is rejected if its backing file has no stated format', async () => {
    const top = write(qcow2({ clusterBits: 12, backing: 'base.raw' }));
    const error = await refusal(top, as('qcow2', true));
    expect(error.message).toContain('does not state the format of its backing file');
    expect(error.hint).toContain(`qemu-img rebase -u -f qcow2 -F FORMAT -b base.raw ${top}`);
  });

  it('is rejected if its backing file is missing, with a command without words of the image that a shell interprets', async () => {
    const gone = write(qcow2({ clusterBits: 12, backing: 'a;b', backingFormat: 'raw' }));
    expect((await refusal(gone, as('qcow2', true))).hint).toContain(`-F raw -b BACKING ${gone}`);
    const unstated = write(qcow2({ clusterBits: 12, backing: 'a;b' }));
    expect((await refusal(unstated, as('qcow2', true))).hint).toContain(`-F FORMAT -b BACKING ${unstated}`);
  });

  it('is rejected if it is its own backing file', async () => {
    const self = write(qcow2({ clusterBits: 12, backing: 'self', backingFormat: 'qcow2' }), 'self');
    expect((await refusal(self, as('qcow2', true))).message).toContain(
      'has a loop in its chain of backing files',
    );
  });

  it('is rejected with too many backing files', async () => {
    for (let index = 0; index < 70; index += 1) {
      write(qcow2({ clusterBits: 12, backing: `link${index + 1}`, backingFormat: 'qcow2' }), `link${index}`);
    }
    const error = await refusal(join(directory, 'link0'), as('qcow2', true));
    expect(error.message).toContain('has too many backing files (limit: 63)');
  });

  it('is accepted as the stated raw disk, whatever its contents', async () => {
    expect(await acceptImage(write(qcow2()), as('raw', true))).toMatchObject({ format: 'raw' });
  });
});

describe('a VHDX that was closed properly', () => {
  const log = [VHDX.header + 48, Buffer.alloc(16, 7)] as const;

  it('may name a former log in its older header', async () => {
    const path = write(vhdx(undefined, [log, [VHDX.header * 2 + 8, le64(1)]]));
    expect(await acceptForeignImage(path, foreign)).toMatchObject({ format: 'vhdx' });
  });

  it('has no log in the newer header', async () => {
    const path = write(vhdx(undefined, [log, [VHDX.header + 8, le64(1)]]));
    const attempt = acceptForeignImage(path, foreign);
    await expect(attempt).rejects.toThrow('was not closed');
  });
});

describe('a path that is not a file', () => {
  it('is rejected without being opened', async () => {
    mkdirSync(join(directory, 'folder'));
    expect((await refusal(join(directory, 'folder'), as('raw'))).message).toContain('is a directory');
    expect((await refusal('/dev/null', as('raw'))).message).toContain('is a device');
  });

  it('is reported as missing', async () => {
    const attempt = acceptImage(join(directory, 'nothing'), as('raw'));
    await expect(attempt).rejects.toThrow(InvalidInputError);
  });

  it('is not read after an abort', async () => {
    const reason = new Error('no longer');
    const attempt = acceptImage(write(qcow2()), { ...as('qcow2'), signal: AbortSignal.abort(reason) });
    await expect(attempt).rejects.toBe(reason);
  });
});
