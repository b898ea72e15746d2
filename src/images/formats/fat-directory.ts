import { InvalidInputError } from '../../errors/index.ts';

export interface FatFile {
  readonly name: string;
  /** The first cluster; 0 for an empty file. */
  readonly cluster: number;
  readonly bytes: number;
}

const ENTRY = 32;
const READ_ONLY = 0x01;
const VOLUME_LABEL = 0x08;
/** Attributes of a part of a long name: label, hidden, system. Programs without long names skip such entries. */
const LONG_NAME = 0x0f;
const PART_UNITS = 13;
/** Offsets of the 13 UTF-16 units of a part in its entry. */
const UNIT_OFFSETS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
const MAX_NAME_UNITS = 255;

/**
 * Returns the entries of a directory (Microsoft's fatgen103): the parts of each file's long name, the last one first,
 * then its entry with a short name.
 * @throws InvalidInputError for an invalid name, and for names that differ only in case.
 */
export function directoryEntries(files: readonly FatFile[], time: Date): Buffer {
  const longNames = new Set<string>();
  const shortNames = new Set<string>();
  const entries = files.flatMap((file) => {
    checkName(file.name);
    const folded = file.name.toUpperCase();
    if (longNames.has(folded)) {
      throw new InvalidInputError('files', `duplicate name ${JSON.stringify(file.name)} (FAT ignores case)`);
    }
    longNames.add(folded);
    const shortName = shortNameFor(file.name, shortNames);
    shortNames.add(shortName);
    return [...longNameEntries(file.name, shortName), fileEntry(file, shortName, time)];
  });
  return Buffer.concat(entries);
}

/** Lists the files of a directory's entries, with their long names. */
export function filesOf(entries: Buffer): FatFile[] {
  const files: FatFile[] = [];
  let name = '';
  // An entry that begins with 0 ends the directory.
  for (let at = 0; at < entries.length && entries.readUInt8(at) !== 0; at += ENTRY) {
    const entry = entries.subarray(at, at + ENTRY);
    const attributes = entry.readUInt8(11);
    if (attributes === LONG_NAME) name = partOf(entry) + name;
    else if ((attributes & VOLUME_LABEL) === 0) {
      files.push({ name, cluster: entry.readUInt16LE(26), bytes: entry.readUInt32LE(28) });
      name = '';
    }
  }
  return files;
}

function partOf(entry: Buffer): string {
  const units = UNIT_OFFSETS.map((offset) => entry.readUInt16LE(offset));
  const end = units.indexOf(0);
  return String.fromCharCode(...(end === -1 ? units : units.slice(0, end)));
}

export function volumeLabelEntry(label: string, time: Date): Buffer {
  const entry = Buffer.alloc(ENTRY);
  entry.write(label.padEnd(11), 'latin1');
  entry.writeUInt8(VOLUME_LABEL, 11);
  writeTime(entry, 22, time);
  return entry;
}

function checkName(name: string): void {
  const forbidden = /[\x00-\x1f\x7f"*/:<>?\\|]|[. ]$|^ /;
  if (name === '' || name.length > MAX_NAME_UNITS || forbidden.test(name)) {
    throw new InvalidInputError('files', `FAT does not support the name ${JSON.stringify(name)}`);
  }
}

/** Returns a unique short name of 8 and 3 characters, padded: `NAME~1` and so on. */
function shortNameFor(name: string, taken: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const base = shortCharacters(dot > 0 ? name.slice(0, dot) : name);
  const extension = shortCharacters(dot > 0 ? name.slice(dot + 1) : '').slice(0, 3);
  for (let number = 1; ; number++) {
    const tail = `~${number}`;
    const shortName = `${base.slice(0, 8 - tail.length)}${tail}`.padEnd(8) + extension.padEnd(3);
    if (!taken.has(shortName)) return shortName;
  }
}

function shortCharacters(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9_-]/g, '');
}

function longNameEntries(name: string, shortName: string): Buffer[] {
  const parts = Math.ceil(name.length / PART_UNITS);
  const checksum = checksumOf(shortName);
  return Array.from({ length: parts }, (_, index) => {
    const number = parts - index;
    const entry = Buffer.alloc(ENTRY);
    entry.writeUInt8(index === 0 ? number | 0x40 : number, 0);
    entry.writeUInt8(LONG_NAME, 11);
    entry.writeUInt8(checksum, 13);
    UNIT_OFFSETS.forEach((offset, unit) => {
      const at = (number - 1) * PART_UNITS + unit;
      // A name that ends within a part is followed by a NUL, and padded with ones.
      entry.writeUInt16LE(at < name.length ? name.charCodeAt(at) : at === name.length ? 0 : 0xffff, offset);
    });
    return entry;
  });
}

/** Returns the checksum of a short name, which links the long name to it. */
function checksumOf(shortName: string): number {
  return Buffer.from(shortName, 'latin1').reduce(
    (sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff,
    0,
  );
}

function fileEntry({ cluster, bytes }: FatFile, shortName: string, time: Date): Buffer {
  const entry = Buffer.alloc(ENTRY);
  entry.write(shortName, 'latin1');
  entry.writeUInt8(READ_ONLY, 11);
  writeTime(entry, 14, time); // created
  entry.writeUInt16LE(dateOf(time), 18); // accessed
  writeTime(entry, 22, time); // written
  entry.writeUInt16LE(cluster, 26);
  entry.writeUInt32LE(bytes, 28);
  return entry;
}

function writeTime(entry: Buffer, offset: number, time: Date): void {
  const [hours, minutes, seconds] = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()];
  entry.writeUInt16LE((hours << 11) | (minutes << 5) | (seconds >> 1), offset);
  entry.writeUInt16LE(dateOf(time), offset + 2);
}

function dateOf(time: Date): number {
  const year = time.getUTCFullYear();
  if (!(year >= 1980 && year <= 2107)) {
    const problem = `FAT cannot store the date ${String(time)}: the year must be from 1980 to 2107`;
    throw new InvalidInputError('time', problem, { hint: 'correct the clock of this host' });
  }
  return ((year - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
}
