import { SECTOR_BYTES } from './partition-table.ts';

/** Length of GRUB's code in the boot sector; the disk signature and the partition table follow. */
const BOOT_CODE_BYTES = 440;
/** Offsets and values from GRUB's boot.h and diskboot.h for i386-pc. */
const KERNEL_SECTOR = 0x5c;
const BLOCK_LIST = 0x1f4;
const LOAD_SEGMENT = 0x820;

export interface BiosBoot {
  /** Goes at the start of the disk's first sector. */
  readonly bootCode: Buffer;
  /** Goes into GRUB's partition. */
  readonly core: Buffer;
}

/**
 * Prepares GRUB for a disk that a BIOS boots. The boot sector loads the first sector of core.img, which loads the
 * rest.
 * Like grub-bios-setup, this writes their locations into both.
 * @param firstSector of GRUB's partition.
 */
export function biosBoot(bootImage: Uint8Array, coreImage: Uint8Array, firstSector: number): BiosBoot {
  const boot = Buffer.from(bootImage);
  boot.writeBigUInt64LE(BigInt(firstSector), KERNEL_SECTOR);
  const core = Buffer.from(coreImage);
  const sectors = Math.ceil(core.length / SECTOR_BYTES);
  core.writeBigUInt64LE(BigInt(firstSector + 1), BLOCK_LIST);
  core.writeUInt16LE(sectors - 1, BLOCK_LIST + 8);
  core.writeUInt16LE(LOAD_SEGMENT, BLOCK_LIST + 10);
  return { bootCode: boot.subarray(0, BOOT_CODE_BYTES), core };
}
