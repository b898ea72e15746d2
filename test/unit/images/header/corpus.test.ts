import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostileImage, hostileImages } from '../../../../fixtures/images/hostile/corpus.ts';
import { FILES, keptName, readKept } from '../../../../fixtures/images/hostile/make.ts';
import { ImageRefusedError } from '../../../../src/errors/index.ts';
import { acceptForeignImage, acceptImage } from '../../../../src/images/header/accept.ts';
import { temporaryDirectory } from '../../../directory.ts';

const foreign = { format: undefined, field: 'image', from: 'a stranger' };
const directory = temporaryDirectory();
const images = hostileImages();

function write(image: HostileImage): string {
  const path = join(directory, image.name);
  writeFileSync(path, image.content);
  return path;
}

async function refusal(accepting: Promise<unknown>): Promise<ImageRefusedError> {
  const error: unknown = await accepting.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ImageRefusedError);
  return error as ImageRefusedError;
}

describe('the hostile images', () => {
  it('match their script, each with a name of its own', () => {
    expect(readdirSync(FILES).sort()).toEqual([...new Set(images.map(keptName))].sort());
    expect(images.length).toBe(readdirSync(FILES).length);
    for (const image of images) expect(readKept(image).equals(image.content), image.name).toBe(true);
  });

  it.each(images)('$name is rejected for the expected reason in its stated format', async (image) => {
    const path = write(image);
    const error = await refusal(acceptImage(path, { format: image.format, field: 'disks[0]' }));
    expect(error.message.startsWith(`disks[0]: ${path} `)).toBe(true);
    expect(error.reasons).toContainEqual(expect.stringContaining(image.reason));
    // One sentence, whatever text the image contains.
    expect(error.message.replace(path, '')).toMatch(/^[^\p{C}]*$/u);
    expect(error.message.length - path.length).toBeLessThan(400);
  });

  const alone = images.filter(({ otherwise }) => otherwise !== null);
  it.each(alone)('$name is rejected if its content is probed', async (image) => {
    const error = await refusal(acceptForeignImage(write(image), foreign));
    // Neither the path nor a hint that only applies to a disk option.
    expect(error.message).toMatch(/^image: a stranger /);
    expect(error.hint ?? '').not.toMatch(/append |say ,/);
    expect(error.reasons).toContainEqual(expect.stringContaining(image.otherwise ?? image.reason));
  });

  const harmless = images.filter(({ otherwise }) => otherwise === null);
  it.each(harmless)('$name has the format of its content if none is stated', async (image) => {
    const accepted = await acceptForeignImage(write(image), foreign);
    expect(accepted.header.references).toEqual([]);
    expect(accepted.header.problems).toEqual([]);
  });

  it('are rejected even if trusted, unless trust is all they lack', async () => {
    // The backing file of a trusted image is looked up on this host, which may have it.
    const standing = images.filter(({ format, name }) => format === 'qcow2' && !name.startsWith('backing-'));
    const taken: string[] = [];
    for (const image of standing) {
      const path = write(image);
      await acceptImage(path, { format: 'qcow2', field: 'image', trusted: true }).then(
        () => taken.push(image.name),
        (error: unknown) => expect(error, image.name).toBeInstanceOf(ImageRefusedError),
      );
    }
    expect(taken.sort()).toEqual(['corrupt.qcow2', 'size-100-tib.qcow2', 'size-4-pib.qcow2']);
  });
});
