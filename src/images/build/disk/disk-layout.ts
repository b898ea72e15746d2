import { type Partition, SECTOR_BYTES, usableSectors } from './partition-table.ts';

/** Partitions start at multiples of 1 MiB. */
const ALIGNMENT = (1024 * 1024) / SECTOR_BYTES;
/** The last partition ends where systemd-repart would end it; otherwise that rewrites the table at the first boot. */
const END_ALIGNMENT = 4096 / SECTOR_BYTES;

export interface DiskLayout {
  readonly diskSectors: number;
  readonly biosBoot: Partition;
  readonly efi: Partition;
  readonly root: Partition;
}

/** Lays out a disk that boots under BIOS and UEFI. The root file system is last, so that it can grow. */
export function diskLayout(sizeBytes: number, newId: () => string): DiskLayout {
  const diskSectors = sizeBytes / SECTOR_BYTES;
  const biosBoot = {
    type: '21686148-6449-6e6f-744e-656564454649',
    id: newId(),
    name: 'BIOS boot',
    firstSector: ALIGNMENT,
    sectors: ALIGNMENT,
  };
  const efi = {
    type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
    id: newId(),
    name: 'EFI system',
    firstSector: 2 * ALIGNMENT,
    sectors: 16 * ALIGNMENT,
  };
  const firstSector = efi.firstSector + efi.sectors;
  const end = Math.floor(usableSectors(diskSectors).end / END_ALIGNMENT) * END_ALIGNMENT;
  // The type of an x86-64 root partition, by which systemd-repart finds it.
  const type = '4f68bce3-e8cd-4db1-96e7-fbcaf984b709';
  const root = { type, id: newId(), name: 'root', firstSector, sectors: end - firstSector };
  return { diskSectors, biosBoot, efi, root };
}
