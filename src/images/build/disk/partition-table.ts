import { crc32 } from 'node:zlib';

export const SECTOR_BYTES = 512;
const ENTRIES = 128;
const ENTRY_BYTES = 128;
const HEADER_BYTES = 92;
/** A header and its entries: after the first sector, and again at the end of the disk. */
const TABLE_SECTORS = 1 + (ENTRIES * ENTRY_BYTES) / SECTOR_BYTES;

export interface Partition {
  /** GUID of its type. */
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly firstSector: number;
  readonly sectors: number;
}

/** Returns the range of sectors that a GUID partition table leaves free; `end` is exclusive. */
export function usableSectors(diskSectors: number): { readonly first: number; readonly end: number } {
  return { first: 1 + TABLE_SECTORS, end: diskSectors - TABLE_SECTORS };
}

/**
 * Creates a GUID partition table (UEFI specification 2.10, chapter 5).
 * @returns the first 34 sectors of the disk and the last 33.
 */
export function partitionTable(
  diskSectors: number,
  diskId: string,
  partitions: readonly Partition[],
): { readonly start: Buffer; readonly end: Buffer } {
  const entries = Buffer.alloc(ENTRIES * ENTRY_BYTES);
  partitions.forEach((partition, index) => writeEntry(entries.subarray(index * ENTRY_BYTES), partition));
  const last = diskSectors - 1;
  const header = (at: number, other: number, entriesAt: number): Buffer => {
    const sector = Buffer.alloc(SECTOR_BYTES);
    const { first, end } = usableSectors(diskSectors);
    sector.write('EFI PART', 0, 'latin1');
    sector.writeUInt32LE(0x0001_0000, 8);
    sector.writeUInt32LE(HEADER_BYTES, 12);
    [at, other, first, end - 1].forEach((lba, index) => sector.writeBigUInt64LE(BigInt(lba), 24 + 8 * index));
    writeGuid(sector, 56, diskId);
    sector.writeBigUInt64LE(BigInt(entriesAt), 72);
    sector.writeUInt32LE(ENTRIES, 80);
    sector.writeUInt32LE(ENTRY_BYTES, 84);
    sector.writeUInt32LE(crc32(entries), 88);
    // Computed over the header while this field is zero.
    sector.writeUInt32LE(crc32(sector.subarray(0, HEADER_BYTES)), 16);
    return sector;
  };
  return {
    start: Buffer.concat([protectiveRecord(diskSectors), header(1, last, 2), entries]),
    end: Buffer.concat([entries, header(last, 1, diskSectors - TABLE_SECTORS)]),
  };
}

/** A boot sector with one partition that covers the disk, for programs without support for GUID partition tables. */
function protectiveRecord(diskSectors: number): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES);
  const entry = sector.subarray(446);
  entry.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]);
  entry.writeUInt32LE(1, 8);
  entry.writeUInt32LE(Math.min(diskSectors - 1, 0xffff_ffff), 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function writeEntry(entry: Buffer, { type, id, name, firstSector, sectors }: Partition): void {
  writeGuid(entry, 0, type);
  writeGuid(entry, 16, id);
  entry.writeBigUInt64LE(BigInt(firstSector), 32);
  entry.writeBigUInt64LE(BigInt(firstSector + sectors - 1), 40);
  entry.write(name, 56, 72, 'utf16le');
}

/** Writes a GUID, whose first three fields are little-endian. */
function writeGuid(target: Buffer, offset: number, guid: string): void {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  bytes.copy(target, offset);
}
