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
import type { InstalledPackage } from './recipe/installer.ts';
import { removeTree } from '../packages/namespace.ts';
import { installSystem } from './new-system.ts';
import { SECTOR_BYTES, partitionTable } from './disk/partition-table.ts';
import { type DistributionRecipe, inputsDigest, settleRecipe } from './recipe.ts';
import { requirePrograms } from './recipe/required-programs.ts';
import { writeRootFileSystem } from './disk/root-file-system.ts';

/** In the order in which they come; 'running scripts' once for each script. */
export type DistributionBuildPhase = InstallPhase | 'making the disk';

export interface DistributionBuildOptions extends DistributionRecipe {
  /** Path of the qcow2 to make; a file that is there already is refused. */
  readonly to: string;
  /**
   * A directory of the caller's, with room for the system twice and of a path without a colon or an at sign. What was
   * made in it goes at the end; after a SIGKILL `removeTree` removes it, which a plain removal may not.
   */
  readonly work: string;
  readonly onProgress?: ((phase: DistributionBuildPhase) => void) | undefined;
  /** A line that a script printed. */
  readonly onOutput?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DistributionDisk {
  readonly virtualBytes: number;
  readonly kernelRelease: string;
  /** All that is installed, sorted by name. */
  readonly packages: readonly InstalledPackage[];
  readonly guest: GuestDescription;
}

/** Of what a disk is built from, for a cache; the state of the mirror is not in it. @throws InvalidInputError, ImageBuildError */
export async function buildInputsDigest(recipe: DistributionRecipe): Promise<string> {
  return inputsDigest(await settleRecipe(recipe));
}

/**
 * Makes a disk with a system of a distribution's packages that boots by GRUB under BIOS, UEFI and Secure Boot, with
 * cloud-init, sshd and our agent. Needs no root, no loop devices and no mounts of the host's.
 * @throws InvalidInputError, MissingProgramError, ImageBuildError (a script that fails, a package that is not there, a
 *   mirror that cannot be reached), NoSpaceError, PermissionError, CommandFailedError, the signal's reason. Nothing
 *   stays.
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
    const system = await finishSystem(root, recipe.installer);
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

/** Makes the disk's file, all holes but for the partition table and what a BIOS starts. */
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
