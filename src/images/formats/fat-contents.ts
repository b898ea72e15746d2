import { filesOf } from './fat-directory.ts';
import type { FatOptions } from './fat.ts';

const SECTOR = 512;
const ENTRY = 32;

/** The contents of a FAT file system. */
export interface FatContents extends Pick<FatOptions, 'label' | 'volumeId'> {
  /** Files of the root directory, by their long names. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Reads a file system that `fatImage` wrote: FAT12 or FAT16 without subdirectories. */
export function readFat(image: Buffer): FatContents {
  const clusterBytes = image.readUInt8(13) * SECTOR;
  const table = image.readUInt16LE(14) * SECTOR;
  const root = table + image.readUInt8(16) * image.readUInt16LE(22) * SECTOR;
  const data = root + image.readUInt16LE(17) * ENTRY;
  const next = image.toString('latin1', 54, 59) === 'FAT16' ? nextOfSixteen : nextOfTwelve;
  const contentOf = (first: number, bytes: number): Buffer => {
    const pieces: Buffer[] = [];
    for (let left = bytes, cluster = first; left > 0; left -= clusterBytes) {
      // The first cluster has the number 2.
      const at = data + (cluster - 2) * clusterBytes;
      pieces.push(image.subarray(at, at + Math.min(left, clusterBytes)));
      cluster = next(image, table, cluster);
    }
    return Buffer.concat(pieces);
  };
  return {
    label: image.toString('latin1', 43, 54).trimEnd(),
    volumeId: image.readUInt32LE(39),
    files: new Map(
      filesOf(image.subarray(root, data)).map(({ name, cluster, bytes }) => [
        name,
        contentOf(cluster, bytes),
      ]),
    ),
  };
}

function nextOfSixteen(image: Buffer, table: number, cluster: number): number {
  return image.readUInt16LE(table + cluster * 2);
}

/** Two links share three bytes, little-endian. */
function nextOfTwelve(image: Buffer, table: number, cluster: number): number {
  const pair = image.readUInt16LE(table + cluster + (cluster >> 1));
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}
