import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestDescription } from '../record/guest-description.ts';
import { convertDisk } from '../qemu-img/qemu-img.ts';
import { biosBoot } from './disk/bios-boot.ts';
import { type DiskLayout, diskLayout } from './disk/disk-layout.ts';
import { writeEfiPartition } from './disk/efi-partition.ts';
import type { InstallPhase } from './problems/install-output.ts';
import { type InstalledSystem, finishSystem } from './disk/installed-system.ts';
import type { InstalledPackage } from './recipe/package-installer.ts';
import { removeTree } from '../packages/namespace.ts';
import { installSystem } from './new-system.ts';
import { SECTOR_BYTES, partitionTable } from './disk/partition-table.ts';
import { type DistributionRecipe, inputsDigest, settleRecipe } from './recipe.ts';
import { requirePrograms } from './recipe/required-programs.ts';
import { writeRootFileSystem } from './disk/root-file-system.ts';

/** The phases of a build, in order; 'running scripts' repeats for each script. */
export type DistributionBuildPhase = InstallPhase | 'making the disk';

export interface DistributionBuildOptions extends DistributionRecipe {
  /** Path of the qcow2 to create. The file must not exist. */
  readonly to: string;
  /**
   * A directory of the caller, with space for the system twice, and no colon or at sign in its path. The build removes
   * what it created there; after a SIGKILL use `removeTree`, because a plain removal may lack the permission.
   */
  readonly work: string;
  readonly onProgress?: ((phase: DistributionBuildPhase) => void) | undefined;
  /** Called with each line that a script prints. */
  readonly onOutput?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DistributionDisk {
  readonly virtualBytes: number;
  readonly kernelRelease: string;
  /** All installed packages, sorted by name. */
  readonly packages: readonly InstalledPackage[];
  readonly guest: GuestDescription;
}

/**
 * Returns a digest of the inputs of a build, for a cache. It does not cover the state of the mirror.
 * @throws InvalidInputError, ImageBuildError
 */
export async function buildInputsDigest(recipe: DistributionRecipe): Promise<string> {
  return inputsDigest(await settleRecipe(recipe));
}

/**
 * Builds a disk from a distribution's packages. It boots with GRUB under BIOS, UEFI and Secure Boot, and has
 * cloud-init, sshd and vmlet's agent. Requires no root, no loop devices and no mounts on the host.
 * @throws InvalidInputError, MissingProgramError, ImageBuildError (a failed script, a missing package, an unreachable
 *   mirror), NoSpaceError, PermissionError, CommandFailedError, the signal's reason. Nothing remains then.
 */
export async function buildDistributionDisk(options: DistributionBuildOptions): Promise<DistributionDisk> {
  const { signal } = options;
  signal?.throwIfAborted();
  const recipe = await settleRecipe(options);
  requirePrograms(recipe.installer);
  const rootId = randomUUID();
  const work = join(options.work, 'system');
  await mkdir(work);
  try {
    const root = await installSystem(recipe, {
      ...{ work, rootId, signal },
      onPhase: (phase) => options.onProgress?.(phase),
      onScriptOutput: (line) => options.onOutput?.(line),
    });
    signal?.throwIfAborted();
    options.onProgress?.('making the disk');
    const system = await finishSystem(root, recipe);
    const disk = join(work, 'disk');
    const layout = diskLayout(recipe.sizeBytes, randomUUID);
    await writeBootSectors(disk, layout, system);
    await writeEfiPartition(disk, layout.efi, system.bootLoaders, work, signal);
    await writeRootFileSystem(disk, layout.root, root, rootId, signal);
    await removeTree(root);
    await convertDisk({
      from: { path: disk, format: 'raw' },
      to: { path: options.to, format: 'qcow2' },
      signal,
    });
    return {
      virtualBytes: recipe.sizeBytes,
      kernelRelease: system.kernelRelease,
      packages: system.packages,
      guest: {
        user: recipe.release.user,
        firmware: 'bios',
        cpu: recipe.release.cpu,
        provisioner: 'cloud-init',
        agent: true,
      },
    };
  } finally {
    await removeTree(work);
  }
}

/** Creates the disk's file: a sparse file with the partition table and the code that a BIOS starts. */
async function writeBootSectors(path: string, layout: DiskLayout, system: InstalledSystem): Promise<void> {
  const { diskSectors, biosBoot: partition, efi, root } = layout;
  const table = partitionTable(diskSectors, randomUUID(), [partition, efi, root]);
  const { bootImage, coreImage } = system.bootLoaders;
  const { bootCode, core } = biosBoot(bootImage, coreImage, partition.firstSector);
  const file = await open(path, 'wx');
  try {
    await file.truncate(diskSectors * SECTOR_BYTES);
    const write = async (data: Buffer, sector: number): Promise<unknown> =>
      file.write(data, 0, data.length, sector * SECTOR_BYTES);
    await write(table.start, 0);
    await write(table.end, diskSectors - table.end.length / SECTOR_BYTES);
    await write(bootCode, 0);
    await write(core, partition.firstSector);
  } finally {
    await file.close();
  }
}
