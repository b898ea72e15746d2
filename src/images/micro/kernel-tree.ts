import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageBuildError } from '../../errors/index.ts';
import { kernelRelease } from '../formats/bzimage.ts';
import { entriesOf } from '../store/store.ts';

export interface KernelTree {
  readonly kernelPath: string;
  /** Undefined for a kernel without modules. */
  readonly modulesDirectory: string | undefined;
  readonly release: string;
}

/**
 * Finds the kernel and its modules in an unpacked package tree: Debian has boot/vmlinuz-RELEASE, Fedora
 * lib/modules/RELEASE/vmlinuz; lib/modules may be below usr.
 * @throws ImageBuildError
 */
export async function findKernelTree(root: string): Promise<KernelTree> {
  for (const modules of [join(root, 'usr/lib/modules'), join(root, 'lib/modules')]) {
    for (const release of await entriesOf(modules)) {
      const modulesDirectory = join(modules, release);
      for (const kernelPath of [join(modulesDirectory, 'vmlinuz'), join(root, `boot/vmlinuz-${release}`)]) {
        if (await isReadable(kernelPath)) return { kernelPath, modulesDirectory, release };
      }
    }
  }
  throw new ImageBuildError(
    "the packages of the host's distribution contain no kernel with matching modules",
    { hint: 'give your own kernel: vmlet image build micro --kernel KERNEL --modules DIRECTORY' },
  );
}

/** Returns a kernel's release. @throws ImageBuildError for a file that is not a Linux kernel. */
export function requireRelease(kernel: Buffer, path: string): string {
  const release = kernelRelease(kernel);
  if (release === undefined) {
    throw new ImageBuildError(
      `${path} is not an x86 Linux kernel: expected a bzImage or an uncompressed vmlinux`,
    );
  }
  return release;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
