import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeBzImage, makeModule } from '../../../../fixtures/images/make-elf.ts';
import { modulesArchive } from '../../../../src/images/micro/modules-archive.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();
const kernel = join(top, 'bzImage');
writeFileSync(kernel, makeBzImage(Buffer.from('kernel'), '6.1.0-mine'));

function tree(files: Readonly<Record<string, Uint8Array | string>>): string {
  const directory = directoryIn(top, 'modules-');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

const overlay = makeModule(['depends=', 'vermagic=6.1.0-mine SMP preempt mod_unload ']);

it('contains the modules that a guest needs, from any directory', async () => {
  const directory = tree({
    'fs/overlayfs/overlay.ko': overlay,
    'drivers/other.ko': makeModule(['depends=']),
    'modules.builtin': 'kernel/fs/fuse/fuse.ko\n',
  });
  const archive = await modulesArchive(kernel, directory, undefined);
  for (const part of ['lib/modules/6.1.0-mine/overlay.ko', 'overlay.ko:\n', 'kernel/fs/fuse/fuse.ko\n']) {
    expect(archive.includes(part)).toBe(true);
  }
  expect(archive.includes('other.ko')).toBe(false);
});

it('does not follow links out of an installed directory', async () => {
  const directory = tree({ 'modules.builtin': '' });
  symlinkSync(tree({ 'overlay.ko': overlay }), join(directory, 'build'));
  expect((await modulesArchive(kernel, directory, undefined)).includes('overlay.ko')).toBe(false);
});

it('rejects a directory without modules, and modules of another kernel', async () => {
  await expect(modulesArchive(kernel, tree({ 'a.c': '' }), undefined)).rejects.toThrow(
    ' has neither modules.builtin nor a kernel module that vmlet uses',
  );
  const other = tree({ 'overlay.ko': makeModule(['depends=', 'vermagic=6.2.0 SMP ']) });
  await expect(modulesArchive(kernel, other, undefined)).rejects.toThrow(
    'modules: the modules are for Linux 6.2.0, but the kernel is Linux 6.1.0-mine',
  );
});
