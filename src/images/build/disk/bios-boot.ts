import { SECTOR_BYTES } from './partition-table.ts';

/** Where GRUB's own code ends in the boot sector; the disk's signature and the partition table follow. */
const BOOT_CODE_BYTES = 440;
/** Offsets and values of boot.h and diskboot.h of GRUB's i386-pc. */
const KERNEL_SECTOR = 0x5c;
const BLOCK_LIST = 0x1f4;
const LOAD_SEGMENT = 0x820;

export interface BiosBoot {
  /** For the start of the disk's first sector. */
  readonly bootCode: Buffer;
  /** For the partition that is GRUB's. */
  readonly core: Buffer;
}

/**
 * GRUB for a disk that a BIOS starts. The boot sector loads the first sector of core.img, and that one the rest.
 * Neither knows where it is until it is told, which is all that grub-bios-setup does.
 * @param firstSector of the partition that is GRUB's.
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
