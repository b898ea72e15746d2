import { randomUUID } from 'node:crypto';
import { copyFile, appendFile, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { NoSpaceError, isSystemError } from '../../errors/index.ts';
import { convertDisk, makeDisk } from '../../images/qemu-img/qemu-img.ts';
import type { CreateArguments } from '../../images/qemu-img/qemu-img-arguments.ts';
import { backingName } from '../../images/qemu-img/disk-path.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { readAgent } from '../../images/record/agent-file.ts';
import { agentProgram } from '../paths/package-files.ts';
import type { DiskPlan, Plan } from '../plan/plan.ts';
import { type SeedMachine, writeSeedDisk } from '../plan/seed-disk.ts';
import { agentArchive } from './agent-archive.ts';

/**
 * Creates the files that the plan assigns to the machine, in its directories. They are removed with the
 * machine.
 * @param seed contents of the seed disk, if the plan has one; the host name is that of the machine by default.
 */
export async function prepareFiles(
  plan: Plan,
  { hostname, ...seed }: Pick<SeedMachine, 'seed' | 'guest'> & { readonly hostname?: string | undefined },
  { signal }: Limits,
): Promise<void> {
  const { firmware } = plan;
  if (firmware) {
    // No flush needed: the file is removed with the machine.
    const to = { path: firmware.variablesPath, format: 'qcow2' } as const;
    await convertDisk({ from: firmware.varsTemplate, to, signal });
  }
  if (plan.seed) {
    const identity = { ...seedIdentity(plan), ...(hostname !== undefined && { hostname }) };
    await writeSeedDisk(plan.seed.path, { ...seed, ...identity });
  }
  for (const disk of plan.disks) await makeNewDisk(disk, signal);
  if (plan.boot.kind === 'kernel' && plan.boot.initrdBase !== undefined) {
    const { kernelPath, initrdBase, modules } = plan.boot;
    const addition =
      modules === undefined
        ? agentArchive(await readAgent(agentProgram()))
        : await modulesOf(kernelPath, modules, signal);
    await addArchive(initrdBase, addition, plan.directory.initrd);
  }
}

/** Each launch boots from a fresh overlay, so the guest sees a new instance each time. */
export function seedIdentity({ name, network }: Plan): Omit<SeedMachine, 'seed' | 'guest'> {
  return { instanceId: `vmlet-${randomUUID()}`, hostname: name, macAddress: network?.guest.mac };
}

/** Creates the file of a disk that needs a new one. */
export async function makeNewDisk(disk: DiskPlan, signal: AbortSignal | undefined): Promise<void> {
  const made = newDisk(disk);
  if (made) await makeDisk({ ...made, signal });
}

/** Options for creating a disk's file; undefined when the file exists. */
export function newDisk({ path, backing, createBytes }: DiskPlan): CreateArguments | undefined {
  if (createBytes === undefined) return undefined;
  const names = backing && { name: backingName(backing.path), format: backing.format };
  return { path, format: 'qcow2', sizeBytes: createBytes, backing: names };
}

async function modulesOf(
  kernelPath: string,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { modulesArchive } = await import('../../images/micro/modules-archive.ts');
  return modulesArchive(kernelPath, directory, signal);
}

/** The kernel unpacks concatenated archives; each must start at a multiple of four bytes. */
async function addArchive(base: string, archive: Buffer, target: string): Promise<void> {
  try {
    await copyFile(base, target, constants.COPYFILE_FICLONE);
    const { size } = await stat(target);
    await appendFile(target, Buffer.concat([Buffer.alloc((4 - (size % 4)) % 4), archive]));
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC', 'EDQUOT')) throw error;
    throw new NoSpaceError(`no space left on device for the guest's initramfs: ${target}`, {
      hint: 'free some space on this file system, or set XDG_CACHE_HOME to a directory on another file system',
      cause: error,
    });
  }
}
