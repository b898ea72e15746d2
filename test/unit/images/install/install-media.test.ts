import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  directory,
  isoImage,
  lastDescriptor,
  nameField,
  primaryDescriptor,
  record,
  rockRidgeMark,
} from '../../../../fixtures/images/iso.ts';
import { INSTALL_LAYOUTS, appendFor } from '../../../../src/images/install/install-layouts.ts';
import { extractInstallMedia, findInstallMedia } from '../../../../src/images/install/install-media.ts';
import { parseTreeInfo } from '../../../../src/images/install/treeinfo.ts';
import { temporaryDirectory } from '../../../directory.ts';

const work = temporaryDirectory();
const tree = join(work, 'tree');

beforeEach(() => {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
});

function add(path: string, content = path): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
}

/** Files below one directory of the root, with Rock Ridge. */
function writeIso(label: string, parent: string, files: Readonly<Record<string, string>>): string {
  const names = Object.keys(files);
  const contents = Object.values(files).map((content) => Buffer.from(content));
  const records = names.map((name, index) =>
    record({
      name: `F${index}`,
      block: 22 + index,
      length: contents[index]!.length,
      systemUse: nameField(name),
    }),
  );
  const top = record({ name: 'D', block: 21, directory: true, systemUse: nameField(parent) });
  const path = join(work, 'medium.iso');
  const blocks = {
    16: primaryDescriptor({ root: 20, label }),
    17: lastDescriptor(),
    20: directory(20, [top], rockRidgeMark()),
    21: directory(21, records),
    ...Object.fromEntries(contents.map((content, index) => [22 + index, content])),
  };
  writeFileSync(path, isoImage(blocks));
  return path;
}

describe('layouts', () => {
  it.each(INSTALL_LAYOUTS)('$distribution: $kernel and $initrd $marker', async (layout) => {
    for (const path of [layout.kernel, layout.initrd, layout.marker]) if (path !== undefined) add(path);
    const { append: _, marker: __, ...found } = layout;
    expect(await findInstallMedia(tree)).toMatchObject(found);
  });

  it('prefer the text installer, and the usual kernel to a newer one', async () => {
    for (const path of ['install.amd/vmlinuz', 'install.amd/initrd.gz', 'install.amd/gtk/initrd.gz'])
      add(path);
    expect((await findInstallMedia(tree)).initrd).toBe('/install.amd/initrd.gz');
    rmSync(join(tree, 'install.amd'), { recursive: true });
    for (const path of ['casper/vmlinuz', 'casper/initrd', 'casper/hwe-vmlinuz', 'casper/hwe-initrd'])
      add(path);
    expect((await findInstallMedia(tree)).kernel).toBe('/casper/vmlinuz');
  });

  it('omit words that need a label if there is none', () => {
    expect(appendFor(['archisobasedir=arch', 'archisolabel={label}'], '')).toEqual(['archisobasedir=arch']);
    expect(appendFor(['archisobasedir=arch', 'archisolabel={label}'], 'ARCH_202611')).toEqual([
      'archisobasedir=arch',
      'archisolabel=ARCH_202611',
    ]);
  });

  it('escape the label like udev, as one word', () => {
    expect(appendFor(['inst.stage2=hd:LABEL={label}'], 'CentOS 7 x86_64')).toEqual([
      'inst.stage2=hd:LABEL=CentOS\\x207\\x20x86_64',
    ]);
    expect(appendFor(['a={label}'], '$& init=/bin/sh"\n')).toEqual([
      'a=\\x24\\x26\\x20init=\\x2fbin\\x2fsh\\x22\\x0a',
    ]);
  });
});

const FEDORA = `; written by productmd
[general]
family = Fedora
version = 41
[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd=images/pxeboot/initrd.img
[stage2]
mainimage = images/install.img
`;

describe('.treeinfo', () => {
  it('is preferred to every layout, and states whether there is a second stage', async () => {
    for (const path of [
      'casper/vmlinuz',
      'casper/initrd',
      'images/pxeboot/vmlinuz',
      'images/pxeboot/initrd.img',
    ])
      add(path);
    add('.treeinfo', FEDORA);
    expect(await findInstallMedia(tree)).toEqual({
      distribution: 'Fedora 41',
      kernel: '/images/pxeboot/vmlinuz',
      initrd: '/images/pxeboot/initrd.img',
      append: [],
    });
    expect(parseTreeInfo(FEDORA).layout?.append).toEqual(['inst.stage2=hd:LABEL={label}']);
    const suse = FEDORA.slice(0, FEDORA.indexOf('[stage2]')).replaceAll('\n', '\r\n');
    expect(parseTreeInfo(suse).layout).toMatchObject({ initrd: '/images/pxeboot/initrd.img', append: [] });
  });

  it('that names missing files is skipped', async () => {
    add('.treeinfo', FEDORA);
    for (const path of ['linux', 'initrd.gz']) add(path);
    expect((await findInstallMedia(tree)).kernel).toBe('/linux');
  });

  it('for another architecture is reported', async () => {
    for (const path of ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img']) add(path);
    add('.treeinfo', FEDORA.replace('x86_64', 'aarch64'));
    await expect(findInstallMedia(tree)).rejects.toThrow(`${tree} is for aarch64, expected x86_64`);
  });

  it('shows no control characters', () => {
    expect(parseTreeInfo(FEDORA.replace('Fedora', '\x1b[31mFedora')).layout?.distribution).toBe(
      '[31mFedora 41',
    );
    expect(parseTreeInfo('\0'.repeat(1000))).toEqual({ layout: undefined, architectures: [] });
  });
});

describe('media', () => {
  it('as images have kernel, initrd and the words for their label', async () => {
    const iso = writeIso('ARCH 1', 'casper', { vmlinuz: 'the kernel', initrd: 'the initrd' });
    const target = join(work, 'target');
    mkdirSync(target);
    expect(await extractInstallMedia(iso, target)).toEqual({
      distribution: 'Ubuntu',
      kernel: join(target, 'kernel'),
      initrd: join(target, 'initrd'),
      append: [],
    });
    expect(readdirSync(target).sort()).toEqual(['initrd', 'kernel']);
    expect(readFileSync(join(target, 'kernel'), 'utf8')).toBe('the kernel');
    expect(readFileSync(join(target, 'initrd'), 'utf8')).toBe('the initrd');
  });

  it('without an installer are rejected, with what was searched and a hint', async () => {
    const iso = writeIso('DATA', 'photos', { 'one.jpeg': 'x' });
    for (const location of [iso, tree]) {
      await expect(findInstallMedia(location)).rejects.toMatchObject({
        message: expect.stringMatching(
          /no known installer in .*\.treeinfo file .*, or one of .*: \/install\.amd\/vmlinuz, .*\/boot\/vmlinuz-lts/,
        ) as string,
        hint: expect.stringMatching(/--iso FILE.*--kernel KERNEL --initrd/) as string,
      });
    }
    await expect(findInstallMedia(join(work, 'none'))).rejects.toThrow('no such file: ');
  });

  it('with an empty kernel are rejected', async () => {
    const iso = writeIso('U', 'casper', { vmlinuz: '', initrd: 'x' });
    await expect(findInstallMedia(iso)).rejects.toThrow(/\/casper\/vmlinuz in .* is empty/);
  });

  it('with a kernel that would fill the disk are rejected', async () => {
    for (const path of ['linux', 'initrd.gz']) add(path);
    truncateSync(join(tree, 'initrd.gz'), 2 * 1024 ** 3 + 1);
    await expect(findInstallMedia(tree)).rejects.toThrow(/\/initrd\.gz in .* is too large: \d+ bytes/);
  });

  it('do not provide files from outside of their directory', async () => {
    add('initrd.gz');
    writeFileSync(join(work, 'secret'), 'secret');
    symlinkSync('../secret', join(tree, 'linux'));
    await expect(findInstallMedia(tree)).rejects.toThrow('no known installer');
    rmSync(join(tree, 'linux'));
    add('real');
    symlinkSync('real', join(tree, 'linux'));
    expect((await findInstallMedia(tree)).kernel).toBe('/linux');
    add('.treeinfo', FEDORA.replaceAll('images/pxeboot/', '../'));
    writeFileSync(join(work, 'vmlinuz'), 'secret');
    writeFileSync(join(work, 'initrd.img'), 'secret');
    expect((await findInstallMedia(tree)).kernel).toBe('/linux');
  });
});

describe('a directory that this user may not read', () => {
  const closed = join(work, 'closed');
  /** For root: as a user without its rights. */
  async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
    if (process.getuid?.() !== 0) return run();
    process.seteuid?.(4321);
    try {
      return await run();
    } finally {
      process.seteuid?.(0);
    }
  }

  beforeEach(() => {
    chmodSync(work, 0o755);
    rmSync(closed, { recursive: true, force: true });
    mkdirSync(join(closed, 'below'), { recursive: true });
    chmodSync(closed, 0o000);
    return () => chmodSync(closed, 0o700);
  });

  it.each([
    ['itself', closed, join(closed, '.treeinfo')],
    ['above', join(closed, 'below'), join(closed, 'below')],
  ])('is named with the field and a hint: %s', async (_case, location, denied) => {
    const finding = asOrdinaryUser(async () => findInstallMedia(location));
    await expect(finding).rejects.toMatchObject({
      code: 'VMLET_INVALID_INPUT',
      message: `location: permission denied: ${denied}`,
      hint: 'check the owner and the permissions of the file and of its directories',
    });
  });
});
