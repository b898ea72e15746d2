import { InvalidInputError } from '../../errors/index.ts';
import { directoryEntries, volumeLabelEntry } from './fat-directory.ts';

/** Properties of a FAT file system. */
export interface FatOptions {
  /** At most 11 letters, digits, `_` and `-`. Case is preserved, although most tools use upper case. */
  readonly label: string;
  /** A 32-bit identifier, which blkid shows as its UUID. */
  readonly volumeId: number;
  /** The time of all files, with a resolution of two seconds; from 1980 to 2107, in UTC. */
  readonly time: Date;
}

const SECTOR = 512;
const ENTRY = 32;
const FATS = 2;
const RESERVED_SECTORS = 1;
/** The number of clusters alone determines the type (Microsoft's fatgen103, "FAT Type Determination"). */
const MAX_FAT12_CLUSTERS = 4084;
const MAX_FAT16_CLUSTERS = 65_524;
const MAX_ROOT_ENTRIES = 65_520;
const FIXED_DISK = 0xf8;
const MAX_CLUSTER_SECTORS = 64;

interface Layout {
  readonly kind: 12 | 16;
  readonly clusterSectors: number;
  readonly clusters: number;
  readonly fatSectors: number;
  readonly rootSectors: number;
  readonly totalSectors: number;
}

/**
 * Creates a FAT file system with these files in its root directory, by their long names. The same files in the same
 * order give the same bytes.
 * @throws InvalidInputError for an invalid name or label, for names that differ only in case, and for more than the
 *   2 GiB that FAT16 can hold.
 */
export function fatImage(files: ReadonlyMap<string, Uint8Array>, options: FatOptions): Uint8Array {
  checkLabel(options.label);
  const contents = [...files.values()];
  const layout = layOut(
    contents,
    directoryEntries(
      [...files.keys()].map((name) => ({ name, cluster: 0, bytes: 0 })),
      options.time,
    ).length,
  );
  const starts = firstClusters(contents, layout);
  const entries = directoryEntries(
    [...files].map(([name, content], index) => ({
      name,
      cluster: starts[index] ?? 0,
      bytes: content.length,
    })),
    options.time,
  );
  const image = Buffer.alloc(layout.totalSectors * SECTOR);
  bootSector(layout, options).copy(image);
  const fat = allocationTable(contents, starts, layout);
  for (let copy = 0; copy < FATS; copy++)
    fat.copy(image, (RESERVED_SECTORS + copy * layout.fatSectors) * SECTOR);
  const root = (RESERVED_SECTORS + FATS * layout.fatSectors) * SECTOR;
  Buffer.concat([volumeLabelEntry(options.label, options.time), entries]).copy(image, root);
  const data = root + layout.rootSectors * SECTOR;
  contents.forEach((content, index) => {
    // The first cluster has the number 2.
    if (content.length > 0) {
      image.set(content, data + ((starts[index] ?? 2) - 2) * layout.clusterSectors * SECTOR);
    }
  });
  return image;
}

function checkLabel(label: string): void {
  if (/^[A-Za-z0-9_-]{1,11}$/.test(label)) return;
  throw new InvalidInputError('label', `invalid FAT label ${JSON.stringify(label)}`, {
    hint: 'use 1 to 11 letters, digits, "_" and "-"',
  });
}

function layOut(contents: readonly Uint8Array[], entryBytes: number): Layout {
  const rootEntries = entryBytes / ENTRY + 1;
  for (let clusterSectors = 1; clusterSectors <= MAX_CLUSTER_SECTORS; clusterSectors *= 2) {
    const used = contents.reduce((sum, { length }) => sum + clustersOf(length, clusterSectors), 0);
    const clusters = Math.max(used, 1);
    if (clusters > MAX_FAT16_CLUSTERS || rootEntries > MAX_ROOT_ENTRIES) continue;
    const kind = clusters > MAX_FAT12_CLUSTERS ? 16 : 12;
    const fatSectors = Math.ceil(((clusters + 2) * kind) / 8 / SECTOR);
    const rootSectors = Math.ceil((rootEntries * ENTRY) / SECTOR);
    const totalSectors = RESERVED_SECTORS + FATS * fatSectors + rootSectors + clusters * clusterSectors;
    return { kind, clusterSectors, clusters, fatSectors, rootSectors, totalSectors };
  }
  throw new InvalidInputError(
    'files',
    'the files for the first boot are larger than 2 GiB in total, the limit of their disk',
  );
}

function clustersOf(bytes: number, clusterSectors: number): number {
  return Math.ceil(bytes / (clusterSectors * SECTOR));
}

/** Returns the first cluster of each file. Files are contiguous; an empty one has no cluster, written as 0. */
function firstClusters(contents: readonly Uint8Array[], { clusterSectors }: Layout): number[] {
  let next = 2;
  return contents.map(({ length }) => {
    if (length === 0) return 0;
    const first = next;
    next += clustersOf(length, clusterSectors);
    return first;
  });
}

function bootSector(layout: Layout, { label, volumeId }: FatOptions): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector.write('\xeb\x3c\x90VMLET   ', 'latin1');
  sector.writeUInt16LE(SECTOR, 11);
  sector.writeUInt8(layout.clusterSectors, 13);
  sector.writeUInt16LE(RESERVED_SECTORS, 14);
  sector.writeUInt8(FATS, 16);
  sector.writeUInt16LE((layout.rootSectors * SECTOR) / ENTRY, 17);
  const small = layout.totalSectors < 0x10000;
  sector.writeUInt16LE(small ? layout.totalSectors : 0, 19);
  sector.writeUInt8(FIXED_DISK, 21);
  sector.writeUInt16LE(layout.fatSectors, 22);
  // Sectors per track and heads are meaningless here, but mtools requires the size to be a multiple of them.
  sector.writeUInt16LE(1, 24);
  sector.writeUInt16LE(1, 26);
  sector.writeUInt32LE(small ? 0 : layout.totalSectors, 32);
  sector.writeUInt8(0x80, 36); // drive number
  sector.writeUInt8(0x29, 38); // the next three fields are present
  sector.writeUInt32LE(volumeId >>> 0, 39);
  sector.write(label.padEnd(11), 43, 'latin1');
  sector.write(`FAT${layout.kind}   `, 54, 'latin1');
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function allocationTable(
  contents: readonly Uint8Array[],
  starts: readonly number[],
  { kind, clusterSectors, clusters, fatSectors }: Layout,
): Buffer {
  const end = kind === 16 ? 0xffff : 0xfff;
  const links = new Uint16Array(clusters + 2);
  links[0] = (end & ~0xff) | FIXED_DISK;
  links[1] = end;
  contents.forEach(({ length }, index) => {
    const first = starts[index] ?? 0;
    const last = first + clustersOf(length, clusterSectors) - 1;
    for (let cluster = first; cluster <= last; cluster++)
      links[cluster] = cluster === last ? end : cluster + 1;
  });
  const table = Buffer.alloc(fatSectors * SECTOR);
  links.forEach((link, cluster) => {
    if (kind === 16) table.writeUInt16LE(link, cluster * 2);
    else writeTwelveBits(table, cluster, link);
  });
  return table;
}

/** Two links share three bytes, little-endian. */
function writeTwelveBits(table: Buffer, cluster: number, link: number): void {
  const at = cluster + (cluster >> 1);
  const shifted = cluster % 2 === 0 ? link : link << 4;
  table.writeUInt8(table.readUInt8(at) | (shifted & 0xff), at);
  table.writeUInt8(table.readUInt8(at + 1) | (shifted >> 8), at + 1);
}
