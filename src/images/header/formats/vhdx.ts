import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import { type Findings, isPowerOfTwo } from './image-header.ts';

/** Microsoft's [MS-VHDX]; little-endian. */
const HEADERS = [64 * 1024, 128 * 1024];
const REGION_TABLES = [192 * 1024, 256 * 1024];
const REGION_TABLE_BYTES = 64 * 1024;
const REGION_ENTRY_BYTES = 32;
const METADATA_TABLE_BYTES = 64 * 1024;
const METADATA_ENTRY_BYTES = 32;
const MOST_ENTRIES = 2047;
const LARGEST = 64n * 1024n ** 4n;
const LONGEST_LOCATOR = 64 * 1024;
const MOST_LOCATOR_ENTRIES = 32;

const GUID = {
  blockTable: '6677c22d23f600429d64115e9bfd4a08',
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  parameters: '3767a1ca36fa434db3b633f0aa44e76b',
  size: '2442a52f1bcd7648b2115dbed83bf4b8',
  sectorSize: '1dbf41816fa90947ba47f233a8faab5f',
  parentLocator: '2d5fd3a80bb34d45abf7d3d84834ab0c',
};

interface Region {
  readonly offset: bigint;
  readonly length: number;
}

export async function readVhdx(reader: HeaderReader, findings: Findings): Promise<void> {
  await checkHeaders(reader, findings);
  const regions = await readRegions(reader);
  const blocks = regions.get(GUID.blockTable);
  const metadata = regions.get(GUID.metadata);
  if (!blocks || !metadata) throw new HeaderDamage(`has no ${blocks ? 'metadata' : 'block table'}`);
  findings.table('a block table', blocks.length);
  findings.expect(
    reader.holds(blocks.offset, BigInt(blocks.length)),
    'is truncated or corrupt: its block table is not in the file',
  );
  const items = await readMetadata(reader, metadata);
  const parameters = await itemAt(reader, items, GUID.parameters, 8);
  const size = (await itemAt(reader, items, GUID.size, 8)).readBigUInt64LE(0);
  const sectorBytes = (await itemAt(reader, items, GUID.sectorSize, 4)).readUInt32LE(0);
  findings.size(size);
  findings.expect(size <= LARGEST, 'has a disk size of more than 64 TiB, the limit of VHDX');
  findings.expect(
    sectorBytes === 512 || sectorBytes === 4096,
    `has an invalid sector size of ${sectorBytes} bytes`,
  );
  checkBlocks(parameters.readUInt32LE(0), size, blocks, findings);
  if ((parameters.readUInt32LE(4) & 2) !== 0 || items.has(GUID.parentLocator)) {
    findings.reference('parent', await parentName(reader, items.get(GUID.parentLocator)), 'vhdx');
  }
}

/** Checks the newer of the two headers: the older one may still refer to a log that was since replayed. */
async function checkHeaders(reader: HeaderReader, findings: Findings): Promise<void> {
  const headers: Buffer[] = [];
  for (const at of HEADERS) {
    const header = await reader.bytes(at, 4096, 'its headers');
    if (header.toString('latin1', 0, 4) === 'head') headers.push(header);
  }
  const newest = headers.map(sequenceOf).reduce((most, next) => (next > most ? next : most), -1n);
  if (newest === -1n) throw new HeaderDamage('has no VHDX header');
  for (const header of headers.filter((one) => sequenceOf(one) === newest)) {
    findings.version = header.readUInt16LE(66);
    findings.expect(findings.version === 1, `has unknown VHDX version ${findings.version}`);
    const log = header.subarray(48, 64);
    findings.expect(
      log.every((byte) => byte === 0),
      'was not closed properly: its log has pending changes',
    );
  }
}

function sequenceOf(header: Buffer): bigint {
  return header.readBigUInt64LE(8);
}

async function readRegions(reader: HeaderReader): Promise<ReadonlyMap<string, Region>> {
  for (const at of REGION_TABLES) {
    const table = await reader.bytes(at, REGION_TABLE_BYTES, 'its region table');
    if (table.toString('latin1', 0, 4) !== 'regi') continue;
    const count = table.readUInt32LE(8);
    if (count > MOST_ENTRIES) throw new HeaderDamage(`has ${count} regions (limit: ${MOST_ENTRIES})`);
    const regions = new Map<string, Region>();
    for (let index = 0; index < count; index += 1) {
      const entry = table.subarray(16 + index * REGION_ENTRY_BYTES, 16 + (index + 1) * REGION_ENTRY_BYTES);
      const kind = entry.toString('hex', 0, 16);
      if (regions.has(kind)) throw new HeaderDamage('has a duplicate region');
      const isKnown = kind === GUID.blockTable || kind === GUID.metadata;
      if (!isKnown && (entry.readUInt32LE(28) & 1) !== 0)
        throw new HeaderDamage(`requires a VHDX feature that is unknown to vmlet (region type ${kind})`);
      regions.set(kind, { offset: entry.readBigUInt64LE(16), length: entry.readUInt32LE(24) });
    }
    return regions;
  }
  throw new HeaderDamage('has no region table');
}

async function readMetadata(reader: HeaderReader, region: Region): Promise<ReadonlyMap<string, Region>> {
  const table = await reader.bytes(region.offset, METADATA_TABLE_BYTES, 'its metadata');
  if (table.toString('latin1', 0, 8) !== 'metadata') throw new HeaderDamage('has no metadata table');
  const count = table.readUInt16LE(10);
  if (count > MOST_ENTRIES) throw new HeaderDamage(`has ${count} metadata items (limit: ${MOST_ENTRIES})`);
  const items = new Map<string, Region>();
  for (let index = 0; index < count; index += 1) {
    const entry = table.subarray(32 + index * METADATA_ENTRY_BYTES, 32 + (index + 1) * METADATA_ENTRY_BYTES);
    items.set(entry.toString('hex', 0, 16), {
      offset: region.offset + BigInt(entry.readUInt32LE(16)),
      length: entry.readUInt32LE(20),
    });
  }
  return items;
}

async function itemAt(
  reader: HeaderReader,
  items: ReadonlyMap<string, Region>,
  kind: string,
  length: number,
): Promise<Buffer> {
  const item = items.get(kind);
  if (!item || item.length < length) throw new HeaderDamage('lacks required metadata');
  return reader.bytes(item.offset, length, 'its metadata');
}

function checkBlocks(blockBytes: number, size: bigint, table: Region, findings: Findings): void {
  const MiB = 1024 * 1024;
  if (!isPowerOfTwo(blockBytes) || blockBytes < MiB || blockBytes > 256 * MiB) {
    return findings.problem(
      `has an invalid block size of ${blockBytes} bytes (expected a power of two from 1 MiB to 256 MiB)`,
    );
  }
  const entries = (size + BigInt(blockBytes) - 1n) / BigInt(blockBytes);
  findings.expect(
    entries * 8n <= BigInt(table.length),
    `has a block table of ${table.length} bytes, which is too small for a disk of ${size} bytes`,
  );
}

/** Returns the first path among the names and values in the locator. */
async function parentName(reader: HeaderReader, locator: Region | undefined): Promise<string> {
  if (!locator || locator.length < 20 || locator.length > LONGEST_LOCATOR) return '';
  const bytes = await reader.bytes(locator.offset, locator.length, 'its parent locator');
  const count = Math.min(bytes.readUInt16LE(18), MOST_LOCATOR_ENTRIES);
  let found = '';
  for (let index = 0; index < count && 20 + (index + 1) * 12 <= bytes.length; index += 1) {
    const at = 20 + index * 12;
    const textAt = (offset: number, length: number): string =>
      bytes.toString(
        'utf16le',
        bytes.readUInt32LE(at + offset),
        bytes.readUInt32LE(at + offset) + bytes.readUInt16LE(at + length),
      );
    if (['relative_path', 'absolute_win32_path'].includes(textAt(0, 8)) && found === '')
      found = textAt(4, 10);
  }
  return found;
}
