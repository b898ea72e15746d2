/** The on-disk format of ISO 9660 (ECMA-119) and Joliet. No number read from a medium is trusted. */

export const SECTOR_SIZE = 2048;
/** The first sectors belong to boot loaders (ECMA-119 6.2.1). */
export const FIRST_DESCRIPTOR_SECTOR = 16;
const LONGEST_NAME = 255;
const JOLIET_LEVELS: readonly string[] = ['%/@', '%/C', '%/E'];

/** The medium contradicts itself, the standard or the size of its file. */
export class IsoDamage extends Error {}

export interface Extent {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface VolumeDescriptor {
  readonly kind: 'primary' | 'joliet';
  readonly label: string;
  readonly blockSize: number;
  readonly root: Extent;
}

export interface DirectoryRecord {
  readonly identifier: Buffer;
  readonly extent: Extent;
  readonly isDirectory: boolean;
  /** True when another record with the same name has the next part of the file. */
  readonly continues: boolean;
  /** True when it belongs to a file of the same name, as Apple's resource forks do. */
  readonly isAssociated: boolean;
  /** True when the file's blocks alternate with those of other files, which is obsolete. */
  readonly isInterleaved: boolean;
  readonly systemUse: Buffer;
}

/** Returns 'end' for the end of the list, 'other' for a descriptor without files, undefined for other content. */
export function parseVolumeDescriptor(sector: Buffer): VolumeDescriptor | 'other' | 'end' | undefined {
  if (sector.length < SECTOR_SIZE || sector.toString('latin1', 1, 6) !== 'CD001') return undefined;
  const type = sector.readUInt8(0);
  if (type === 255) return 'end';
  const isJoliet = type === 2 && JOLIET_LEVELS.includes(sector.toString('latin1', 88, 91));
  if (type !== 1 && !isJoliet) return 'other';
  const blockSize = sector.readUInt16LE(128);
  if (![512, 1024, 2048].includes(blockSize)) throw new IsoDamage(`invalid block size of ${blockSize} bytes`);
  const root = recordAt(sector.subarray(156, 190), blockSize);
  if (!root.isDirectory) throw new IsoDamage('its root is not a directory');
  const label = sector.subarray(40, 72);
  return {
    kind: isJoliet ? 'joliet' : 'primary',
    label: (isJoliet ? decodeJoliet(label) : label.toString('latin1')).replace(/[\0 ]+$/, ''),
    blockSize,
    root: root.extent,
  };
}

/** Yields the records of a directory. None crosses a sector boundary (ECMA-119 6.8.1.1). */
export function* parseDirectory(directory: Buffer, blockSize: number): Generator<DirectoryRecord> {
  let at = 0;
  while (at < directory.length) {
    const sectorEnd = Math.min(at - (at % SECTOR_SIZE) + SECTOR_SIZE, directory.length);
    const length = directory.readUInt8(at);
    if (length === 0) {
      at = sectorEnd;
      continue;
    }
    if (at + length > sectorEnd) throw new IsoDamage('a directory record crosses a sector boundary');
    yield recordAt(directory.subarray(at, at + length), blockSize);
    at += length;
  }
}

function recordAt(record: Buffer, blockSize: number): DirectoryRecord {
  const nameLength = record.length < 34 ? 0 : record.readUInt8(32);
  if (nameLength === 0 || 33 + nameLength > record.length) {
    throw new IsoDamage(`a directory record of ${record.length} bytes is too short for its name`);
  }
  const flags = record.readUInt8(25);
  // A name of even length is padded, so that the next field has an even offset.
  const systemUseAt = 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0);
  return {
    identifier: record.subarray(33, 33 + nameLength),
    extent: {
      offset: (record.readUInt32LE(2) + record.readUInt8(1)) * blockSize,
      length: record.readUInt32LE(10),
    },
    isDirectory: (flags & 0x02) !== 0,
    isAssociated: (flags & 0x04) !== 0,
    continues: (flags & 0x80) !== 0,
    isInterleaved: record.readUInt8(26) !== 0 || record.readUInt8(27) !== 0,
    systemUse: record.subarray(systemUseAt),
  };
}

/** True for the first two records of every directory: itself and its parent. */
export function isSelfOrParent({ identifier }: DirectoryRecord): boolean {
  return identifier.length === 1 && identifier.readUInt8(0) <= 1;
}

export function plainName(identifier: Buffer): string {
  return withoutVersion(identifier.toString('latin1')).replace(/\.$/, '');
}

export function jolietName(identifier: Buffer): string {
  return withoutVersion(decodeJoliet(identifier));
}

/** Returns the name. @throws IsoDamage for a name that is invalid or leads to another directory. */
export function checkedName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new IsoDamage(`invalid file name ${JSON.stringify(name.slice(0, 80))}`);
  }
  if (Buffer.byteLength(name) > LONGEST_NAME) {
    throw new IsoDamage(`a file name is longer than ${LONGEST_NAME} bytes`);
  }
  return name;
}

function withoutVersion(name: string): string {
  return name.replace(/;\d*$/, '');
}

/** Decodes big-endian UCS-2; an odd last byte is dropped. */
function decodeJoliet(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le');
}
