import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';
import { type VmdkDescriptor, parseVmdkDescriptor } from './vmdk-descriptor.ts';

/** VMware's Virtual Disk Format 5.0, as QEMU's block/vmdk.c reads it; little-endian, in sectors of 512 bytes. */
const SECTOR = 512n;
const SPARSE_BYTES = 512;
const COWD_BYTES = 32;
/** QEMU reads 20 sectors from the second one, regardless of the header. */
const USUAL_DESCRIPTOR = { offset: 512, length: 20 * 512 };
const LONGEST_DESCRIPTOR = 64 * 1024;
const MOST_ENTRIES = 512;
/** 2 MiB. QEMU allows 1 GiB, and keeps a compressed grain in memory twice. */
const MOST_GRAIN_SECTORS = 4096n;
const L1_ENTRIES = 32n * 1024n * 1024n;
/** Means that the footer at the end of a stream has the location of the grain directory. */
const AT_END = 0xffff_ffff_ffff_ffffn;
const COMPRESSED = 1 << 16;
const DEFLATE = 1;

export async function readVmdk(reader: HeaderReader, findings: Findings): Promise<void> {
  const magic = (await reader.upTo(0, 4, 'its header')).toString('latin1');
  if (magic === 'KDMV') return readSparse(reader, findings);
  if (magic === 'COWD') return readCowd(reader, findings);
  return readText(reader, findings);
}

async function readSparse(reader: HeaderReader, findings: Findings): Promise<void> {
  const header = await reader.bytes(0, SPARSE_BYTES, 'its header');
  checkSparse(header, reader, findings);
  findings.size(header.readBigUInt64LE(12) * SECTOR);
  if (header.readBigUInt64LE(56) === AT_END) await checkFooter(header, reader, findings);
  const place = { offset: header.readBigUInt64LE(28) * SECTOR, length: header.readBigUInt64LE(36) * SECTOR };
  if (place.length > BigInt(LONGEST_DESCRIPTOR)) {
    throw new HeaderDamage(`has a VMDK descriptor of ${place.length} bytes (limit: ${LONGEST_DESCRIPTOR})`);
  }
  if (place.offset > 0n) {
    const descriptor = await reader.bytes(place.offset, Number(place.length), 'its descriptor');
    checkEmbedded(parseVmdkDescriptor(descriptor), findings);
  }
  // QEMU looks for the parent here even if the header names another location.
  if (place.offset !== BigInt(USUAL_DESCRIPTOR.offset) || place.length !== BigInt(USUAL_DESCRIPTOR.length)) {
    const usual = await reader.upTo(USUAL_DESCRIPTOR.offset, USUAL_DESCRIPTOR.length, 'its descriptor');
    checkParent(parseVmdkDescriptor(usual), findings);
  }
}

function checkSparse(header: Buffer, reader: HeaderReader, findings: Findings): void {
  const version = header.readUInt32LE(4);
  findings.version = version;
  findings.expect(version >= 1 && version <= 3, `has unknown VMDK version ${version}`);
  const capacity = header.readBigUInt64LE(12);
  const grain = header.readBigUInt64LE(20);
  const entries = header.readUInt32LE(44);
  if (grain === 0n || grain > MOST_GRAIN_SECTORS) {
    throw new HeaderDamage(`has an invalid grain size of ${grain} sectors`);
  }
  if (entries === 0 || entries > MOST_ENTRIES) {
    throw new HeaderDamage(`has an invalid number of entries in each grain table: ${entries}`);
  }
  const perTable = grain * BigInt(entries);
  const tables = (capacity + perTable - 1n) / perTable;
  findings.expect(tables <= L1_ENTRIES, `has ${tables} grain tables (limit: ${L1_ENTRIES})`);
  findings.table('a grain directory', tables * 4n);
  const directory = header.readBigUInt64LE(56);
  findings.expect(
    directory === AT_END || (directory > 0n && reader.holds(directory * SECTOR, tables * 4n)),
    'is truncated or corrupt: its grain directory is not in the file',
  );
  if ((header.readUInt32LE(8) & COMPRESSED) !== 0) {
    const algorithm = header.readUInt16LE(77);
    findings.expect(algorithm === DEFLATE, `has an unknown compression algorithm: ${algorithm}`);
  }
}

/** Checks the footer: a marker, a second header, which takes precedence, and an end marker, of one sector each. */
async function checkFooter(header: Buffer, reader: HeaderReader, findings: Findings): Promise<void> {
  // In a file without whole sectors, programs that round its size find another footer than others.
  if (reader.size < 3 * SPARSE_BYTES || reader.size % SPARSE_BYTES !== 0) {
    throw new HeaderDamage('is truncated: its footer is missing');
  }
  const footer = await reader.bytes(reader.size - 2 * SPARSE_BYTES, SPARSE_BYTES, 'its footer');
  if (footer.toString('latin1', 0, 4) !== 'KDMV')
    throw new HeaderDamage('is truncated: its footer is missing');
  checkSparse(footer, reader, findings);
  findings.expect(footer.readBigUInt64LE(56) !== AT_END, 'is corrupt: its footer has no grain directory');
  findings.expect(
    footer.subarray(12, 56).equals(header.subarray(12, 56)),
    'is corrupt: its footer does not match its header',
  );
}

/** Checks an embedded descriptor, whose only extent must be this file, under its original name. */
function checkEmbedded(descriptor: VmdkDescriptor, findings: Findings): void {
  checkParent(descriptor, findings);
  for (const [index, extent] of descriptor.extents.entries()) {
    const isItself = index === 0 && extent.kind === 'SPARSE' && !/[/\\]/.test(extent.name);
    if (!isItself) findings.reference('extent', extent.name);
  }
}

function checkParent({ parent, hasParent }: VmdkDescriptor, findings: Findings): void {
  if (hasParent) findings.reference('parent', parent ?? '', 'vmdk');
}

async function readText(reader: HeaderReader, findings: Findings): Promise<void> {
  if (reader.size > LONGEST_DESCRIPTOR) {
    throw new HeaderDamage(`has a VMDK descriptor of ${reader.size} bytes (limit: ${LONGEST_DESCRIPTOR})`);
  }
  const descriptor = parseVmdkDescriptor(await reader.bytes(0, reader.size, 'its descriptor'));
  findings.version = descriptor.version;
  checkParent(descriptor, findings);
  for (const extent of descriptor.extents) findings.reference('extent', extent.name);
  // A text descriptor contains no data, so it always needs an extent.
  if (descriptor.extents.length === 0) findings.problem('is damaged: its VMDK descriptor lists no extents');
  const sectors = descriptor.extents.reduce((sum, extent) => sum + extent.sectors, 0n);
  findings.size(sectors * SECTOR);
}

/** Reads a VMFS sparse extent of ESX, which QEMU also opens as a disk. */
async function readCowd(reader: HeaderReader, findings: Findings): Promise<void> {
  const header = await reader.bytes(0, COWD_BYTES, 'its header');
  const version = header.readUInt32LE(4);
  findings.version = version;
  findings.expect(version === 1, `has unknown VMDK (COWD) version ${version}`);
  const sectors = BigInt(header.readUInt32LE(12));
  const grain = header.readUInt32LE(16);
  const directory = BigInt(header.readUInt32LE(20));
  const entries = BigInt(header.readUInt32LE(24));
  findings.expect(
    grain > 0 && BigInt(grain) <= MOST_GRAIN_SECTORS,
    `has an invalid grain size of ${grain} sectors`,
  );
  findings.table('a grain directory', entries * 4n);
  findings.expect(
    directory > 0n && entries > 0n && reader.holds(directory * SECTOR, entries * 4n),
    'is truncated or corrupt: its grain directory is not in the file',
  );
  findings.size(sectors * SECTOR);
  const usual = await reader.upTo(USUAL_DESCRIPTOR.offset, USUAL_DESCRIPTOR.length, 'its descriptor');
  checkParent(parseVmdkDescriptor(usual), findings);
}
