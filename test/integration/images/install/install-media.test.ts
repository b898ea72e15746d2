import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DEBIAN_INSTALLER,
  INSTALLER_INITRD,
  INSTALLER_KERNEL,
  makeMiniIso,
  missingForMiniIso,
} from '../../../../fixtures/images/mini-iso.ts';
import { extractInstallMedia, findInstallMedia } from '../../../../src/images/install/install-media.ts';
import { openIso } from '../../../../src/images/iso/iso9660.ts';
import { directoryIn, makeTemporaryDirectory } from '../../../directory.ts';

const hasXorriso = existsSync('/usr/bin/xorriso');
if (!hasXorriso) console.warn('skipped: xorriso is not installed, so that no install medium can be made');
const missing = missingForMiniIso();
if (missing !== undefined) console.warn(`skipped: ${missing}, so that there is no real installer to read`);

let made: ReturnType<typeof makeTemporaryDirectory> | undefined;
afterAll(() => made?.remove());
function newDirectory(): string {
  made ??= makeTemporaryDirectory();
  return directoryIn(made.path, 'medium');
}

/** A file’s content is its path unless given. */
function makeTree(files: Readonly<Record<string, string | Buffer>>): string {
  const tree = newDirectory();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  return tree;
}

function makeIso(tree: string, ...options: readonly string[]): string {
  const iso = join(newDirectory(), 'medium.iso');
  execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', ...options, '-o', iso, tree], { stdio: 'pipe' });
  return iso;
}

describe.skipIf(!hasXorriso)('media made by xorriso', () => {
  const kernel = Buffer.alloc(3 * 1024 * 1024 + 7, 'kernel');
  const files = { 'casper/vmlinuz': kernel, 'casper/initrd': 'the initrd' };

  it.each([
    ['Rock Ridge', ['-R'], 'casper'],
    ['Rock Ridge and Joliet', ['-R', '-J'], 'casper'],
    ['Joliet', ['-J', '--norock'], 'casper'],
    ['plain names', ['-iso-level', '1', '--norock'], 'CASPER'],
  ])('are read if they have %s', async (_, options, name) => {
    const path = makeIso(makeTree(files), ...options);
    await using iso = await openIso(path);
    expect((await iso.list(iso.root)).map((entry) => entry.name)).toEqual([name]);
    const target = newDirectory();
    const media = await extractInstallMedia(path, target);
    expect(media.distribution).toBe('Ubuntu');
    expect(readFileSync(media.kernel).equals(kernel)).toBe(true);
    expect(readFileSync(media.initrd, 'utf8')).toBe('the initrd');
  });

  it('get the boot parameters for their label', async () => {
    const tree = makeTree({
      'images/pxeboot/vmlinuz': 'k',
      'images/pxeboot/initrd.img': 'i',
      'images/install.img': 's',
    });
    const media = await findInstallMedia(makeIso(tree, '-R', '-V', 'My Fedora 41'));
    expect(media.append).toEqual(['inst.stage2=hd:LABEL=My\\x20Fedora\\x2041']);
  });

  it('can have long names, many files, deep directories and links', async () => {
    const long = 'l'.repeat(250);
    const deep = Array.from({ length: 12 }, (_, index) => `d${index}`).join('/');
    const tree = makeTree({
      [long]: 'long',
      [`${deep}/bottom`]: 'bottom',
      ...Object.fromEntries(
        Array.from({ length: 500 }, (_, index) => [`many/file number ${index}`, `${index}`]),
      ),
    });
    symlinkSync('many', join(tree, 'link'));
    await using iso = await openIso(makeIso(tree, '-R', '-D'));
    expect((await iso.list(iso.root)).map(({ name }) => name).sort()).toEqual(['d0', 'link', long, 'many']);
    expect((await iso.find('/link'))?.kind).toBe('link');
    const many = await iso.list((await iso.find('/many'))!);
    expect(new Set(many.map(({ name }) => name)).size).toBe(500);
    for (const [path, content] of [
      [long, 'long'],
      [`${deep}/bottom`, 'bottom'],
      ['many/file number 499', '499'],
    ] as const) {
      expect((await iso.read((await iso.find(path))!, 100)).toString()).toBe(content);
    }
  });

  it('are rejected if truncated, before anything is copied', async () => {
    const iso = makeIso(makeTree(files), '-R');
    truncateSync(iso, 2 * 1024 * 1024);
    await expect(findInstallMedia(iso)).rejects.toThrow(
      /corrupt: \/casper\/vmlinuz ends at byte \d+, but the image has only 2097152/,
    );
  });
});

describe.skipIf(missing !== undefined)("Debian's installer", () => {
  it('is found in its mini.iso and in its directory, and copied unchanged', async () => {
    const work = newDirectory();
    const iso = join(work, 'mini.iso');
    makeMiniIso(work, iso);
    for (const location of [iso, DEBIAN_INSTALLER]) {
      const media = await extractInstallMedia(location, newDirectory());
      expect(media).toMatchObject({ distribution: 'Debian netboot', append: [] });
      expect(readFileSync(media.kernel).equals(readFileSync(INSTALLER_KERNEL))).toBe(true);
      expect(readFileSync(media.initrd).equals(readFileSync(INSTALLER_INITRD))).toBe(true);
    }
  });
});
