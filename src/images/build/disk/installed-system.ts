import { readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ImageBuildError, isSystemError } from '../../../errors/index.ts';
import { BUILD_FOLDER, type InstalledPackage, type SettledRecipe } from '../recipe/package-installer.ts';

export interface BootLoaders {
  /** GRUB's boot sector. */
  readonly bootImage: Buffer;
  readonly coreImage: Buffer;
  /** Signed by Microsoft; starts `grub`. */
  readonly shim: Buffer;
  /** GRUB for UEFI, signed by the distribution. */
  readonly grub: Buffer;
  /** The directory below /EFI that is built into `grub`. */
  readonly vendor: string;
  /** The configuration of `grub`. */
  readonly findRoot: Buffer;
}

export interface InstalledSystem {
  readonly bootLoaders: BootLoaders;
  readonly kernelRelease: string;
  /** Sorted by name. */
  readonly packages: readonly InstalledPackage[];
}

/**
 * Reads the boot loaders and versions from a new system, and removes the build's files and everything that each
 * machine has to generate for itself.
 * @throws ImageBuildError when a script of the user removed what a system needs.
 */
export async function finishSystem(
  root: string,
  { installer, scripts }: Pick<SettledRecipe, 'installer' | 'scripts'>,
): Promise<InstalledSystem> {
  const hint =
    scripts.length > 0
      ? 'check that no --run script removes it'
      : 'build the image again; if the error persists, use another --mirror';
  const read = async (path: string): Promise<Buffer> => readFile(join(root, path));
  const loader = async (name: string): Promise<Buffer> => read(`${BUILD_FOLDER}/boot-loaders/${name}`);
  try {
    const system = {
      bootLoaders: {
        bootImage: await loader('boot.img'),
        coreImage: await loader('core.img'),
        shim: await loader('shim.efi'),
        grub: await loader('grub.efi'),
        vendor: (await loader('vendor')).toString('utf8').trim(),
        findRoot: await read(`${BUILD_FOLDER}/find-root.cfg`),
      },
      kernelRelease: newestKernel(await readdir(join(root, 'usr/lib/modules')), hint),
      packages: await installer.installedPackages(root),
    };
    await rm(join(root, BUILD_FOLDER), { recursive: true });
    await forgetIdentity(root, installer.resolverLink);
    return system;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    const path = error.path === undefined ? 'a file' : `/${relative(root, error.path)}`;
    throw new ImageBuildError(`the new system lacks ${path}, which vmlet needs to complete the image`, {
      hint,
      cause: error,
    });
  }
}

async function forgetIdentity(root: string, resolverLink: string | undefined): Promise<void> {
  const replace = async (path: string, content: string): Promise<void> => {
    // An existing file may be a link that points out of the new system.
    await rm(join(root, path), { force: true });
    await writeFile(join(root, path), content, { mode: 0o644 });
  };
  // Each machine gets its own id. With an empty file systemd does not treat the boot as the first, and skips presets.
  await replace('etc/machine-id', '');
  await rm(join(root, 'var/lib/dbus/machine-id'), { force: true });
  for (const name of await readdir(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) await rm(join(root, 'etc/ssh', name));
  }
  // It was a copy of the host's while packages were installed.
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  if (resolverLink !== undefined) await symlink(resolverLink, join(root, 'etc/resolv.conf'));
  // Nothing is out of date: services need no update at the first boot.
  await replace('etc/.updated', '');
  await replace('var/.updated', '');
}

function newestKernel(releases: readonly string[], hint: string): string {
  const newest = [...releases].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
  if (newest !== undefined) return newest;
  throw new ImageBuildError('the new system has no kernel', { hint });
}
