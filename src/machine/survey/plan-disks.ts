import type { MachineDirectory } from '../paths/directory.ts';
import type { DiskPlan } from '../plan/plan.ts';
import { requireImageDiskSize } from '../spec/image-disk-size.ts';
import type { BootSource, FoundDisk, FoundSpec } from './found-spec.ts';

/** Plans the disk that the machine boots from, if it does, and then its extra ones. */
export function planDisks(spec: FoundSpec, source: BootSource, directory: MachineDirectory): DiskPlan[] {
  const bootDisk = source.kind === 'disk' ? [{ ...source.layer, readOnly: false }] : [];
  const wantedBytes = diskBytesOf(spec, source);
  return [...bootDisk, ...spec.disks].map((disk: FoundDisk, index) =>
    planDisk(disk, index, directory, index === 0 ? wantedBytes : undefined),
  );
}

/** Plans extra disks that are plugged into these ports, after `first` other disks. */
export function planPluggedDisks(
  disks: readonly FoundDisk[],
  first: number,
  directory: MachineDirectory,
  ports: readonly string[],
): DiskPlan[] {
  return disks.map((disk, index) => ({
    ...planDisk(disk, first + index, directory),
    bus: ports[index],
    isPlugged: true,
  }));
}

function planDisk(
  disk: FoundDisk,
  number: number,
  directory: MachineDirectory,
  wantedBytes?: number,
): DiskPlan {
  const nodeName = `disk${number}`;
  const own = {
    nodeName,
    path: directory.disk(nodeName),
    format: 'qcow2',
    readOnly: false,
    backing: undefined,
    createBytes: undefined,
    cache: 'writeback',
    discard: true,
    serial: nodeName,
    bus: undefined,
    bootIndex: undefined,
  } as const;
  if ('sizeBytes' in disk) return { ...own, createBytes: disk.sizeBytes };
  const { path, format, backing, virtualBytes } = disk;
  if (disk.readOnly) return { ...own, path, format, backing, readOnly: true };
  return { ...own, backing: { path, format, backing }, createBytes: wantedBytes ?? virtualBytes };
}

function diskBytesOf({ diskBytes }: FoundSpec, source: BootSource): number | undefined {
  if (diskBytes === undefined || source.kind === 'kernel' || !source.image) return undefined;
  requireImageDiskSize(source.image, diskBytes);
  return diskBytes;
}
