import type { DiskLayer } from '../../images/record/image.ts';
import type { DiskPlan, SeedPlan } from '../plan/plan.ts';

/**
 * Returns the block node of a disk, for -blockdev and blockdev-add. The whole chain is spelt out, so that
 * QEMU opens the files of the plan and not those named in a header.
 */
export function blockNodeOf(disk: DiskPlan): Record<string, unknown> {
  return {
    driver: disk.format,
    'node-name': disk.nodeName,
    'read-only': disk.readOnly,
    // Child nodes inherit this unless they set it themselves.
    ...(disk.cache !== 'writeback' && {
      cache: disk.cache === 'none' ? { direct: true } : { 'no-flush': true },
    }),
    ...(disk.discard && !disk.readOnly && { discard: 'unmap' }),
    file: fileNode(disk.path, disk.readOnly),
    ...backingOf(disk),
  };
}

/** Returns the guest's virtio disk, for -device and device_add. */
export function diskDevice(disk: DiskPlan): DiskDevice {
  return {
    driver: 'virtio-blk-pci',
    drive: disk.nodeName,
    id: diskDeviceId(disk.nodeName),
    ...(disk.serial !== undefined && { serial: disk.serial }),
    // The port's only slot. If it is occupied, QEMU 7.2 would use another, which no guest checks.
    ...(disk.bus !== undefined && { bus: disk.bus, addr: '0' }),
    ...(disk.bootIndex !== undefined && { bootindex: disk.bootIndex }),
  };
}

export interface DiskDevice {
  readonly driver: string;
  readonly id: string;
  readonly [property: string]: string | number;
}

/** Returns the medium in a drive, for -blockdev and blockdev-add. */
export function mediumNode(nodeName: string, filename: string) {
  return {
    driver: 'raw',
    'node-name': nodeName,
    'read-only': true,
    file: { driver: 'file', filename, 'read-only': true },
  } as const;
}

export const SEED = 'seed';

export function seedNode({ path }: SeedPlan): Record<string, unknown> {
  return mediumNode(SEED, path);
}

export function seedDevice({ bus }: SeedPlan): DiskDevice {
  return {
    driver: 'virtio-blk-pci',
    drive: SEED,
    id: diskDeviceId(SEED),
    serial: SEED,
    ...(bus !== undefined && { bus }),
  };
}

export function diskDeviceId(nodeName: string): string {
  return `${nodeName}-device`;
}

/** Returns all backing files of a disk, the nearest first. */
export function backingChain({
  backing,
}: {
  readonly backing?: DiskLayer | undefined;
}): readonly DiskLayer[] {
  return backing ? [backing, ...backingChain(backing)] : [];
}

function backingOf({ format, backing }: Omit<DiskLayer, 'path'>): Record<string, unknown> {
  if (backing) return { backing: backingNode(backing) };
  return format === 'qcow2' ? { backing: null } : {};
}

function backingNode(backing: DiskLayer): Record<string, unknown> {
  return {
    driver: backing.format,
    'read-only': true,
    file: fileNode(backing.path, true),
    ...backingOf(backing),
  };
}

function fileNode(filename: string, readOnly: boolean): Record<string, unknown> {
  return { driver: 'file', filename, ...(readOnly && { 'read-only': true }) };
}
