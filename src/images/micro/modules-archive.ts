import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
import { cpioArchive } from '../formats/cpio.ts';
import { collectModules } from './kernel-modules.ts';
import { requireRelease } from './kernel-tree.ts';
import { moduleEntries } from './micro-initrd.ts';
import { MICRO_MODULES } from './micro-modules.ts';

const BUILT_IN = 'modules.builtin';

/**
 * Collects the modules that `micro` uses, for a kernel of the user, as an initramfs to append to that of `micro`.
 * @param directory a build tree, or an installed directory such as /lib/modules/RELEASE.
 * @throws InvalidInputError for a directory without modules, or with those of another kernel; ImageBuildError for a
 * file that is no kernel, for a damaged module, and where a program for decompressing is missing.
 */
export async function modulesArchive(
  kernelPath: string,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const release = requireRelease(await readFile(kernelPath), kernelPath);
  const modules = await collectModules(directory, MICRO_MODULES, { signal });
  const builtIn = await unlessMissingAsync(readFile(join(directory, BUILT_IN)), ['ENOENT']);
  if (modules.length === 0 && builtIn === undefined) {
    throw new InvalidInputError(
      'modules',
      `${directory} has neither modules.builtin nor a kernel module that vmlet uses`,
      {
        hint: 'give a kernel build tree in which "make modules" has run, or a directory such as /lib/modules/RELEASE',
      },
    );
  }
  const other = modules.find((module) => module.release !== undefined && module.release !== release);
  if (other?.release !== undefined) {
    throw new InvalidInputError(
      'modules',
      `the modules are for Linux ${other.release}, but the kernel is Linux ${release}`,
      {
        hint: `give the modules of Linux ${release}`,
      },
    );
  }
  return cpioArchive([
    ...moduleEntries(release, modules),
    ...(builtIn === undefined
      ? []
      : [{ type: 'file', path: `lib/modules/${release}/${BUILT_IN}`, mode: 0o644, data: builtIn } as const]),
  ]);
}
