import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import { type Findings, isPowerOfTwo } from './image-header.ts';

/** Microsoft's Virtual Hard Disk Image Format Specification; big-endian. QEMU calls it vpc. */
const FOOTER_BYTES = 512;
const DYNAMIC_BYTES = 1024;
const COOKIE = 'conectix';
const DYNAMIC_COOKIE = 'cxsparse';
const TYPE = { fixed: 2, dynamic: 3, differencing: 4 };
const SECTOR = 512n;
/** The largest size that cylinders, heads and sectors can express; beyond it the size in bytes counts. */
const LARGEST_GEOMETRY = 65_535 * 16 * 255;
/** 2040 GiB, VHD's own limit. */
const MOST_SECTORS = 0xff00_0000n;
/**
 * Creators for whose images the geometry counts: Virtual PC, Virtual Server, old QEMU. Old QEMU used it for others
 * too.
 */
const BY_GEOMETRY = ['vpc ', 'vs  ', 'qemu'];

export async function readVhd(reader: HeaderReader, findings: Findings): Promise<void> {
  const start = await reader.upTo(0, FOOTER_BYTES, 'its header');
  const isAtStart = start.toString('latin1', 0, 8) === COOKIE;
  const footer =
    isAtStart && start.length === FOOTER_BYTES
      ? start
      : await reader.bytes(Math.max(0, reader.size - FOOTER_BYTES), FOOTER_BYTES, 'its footer');
  findings.version = footer.readUInt16BE(12);
  findings.expect(findings.version === 1, `has unknown VHD version ${findings.version}`);
  const bytes = sizeOf(footer);
  findings.size(bytes);
  findings.expect(bytes / SECTOR <= MOST_SECTORS, 'has a disk size of more than 2040 GiB, the limit of VHD');
  findings.expect(footer.readUInt32BE(64) === checksum(footer, 64), 'has a header with a wrong checksum');
  const type = footer.readUInt32BE(60);
  if (isAtStart === (type === TYPE.fixed)) {
    throw new HeaderDamage(
      isAtStart
        ? 'has a copy of its footer at its start; a fixed-size VHD must not have this copy'
        : 'has no copy of its footer at its start; only a fixed-size VHD may omit this copy',
    );
  }
  if (type === TYPE.fixed) {
    findings.expect(
      bytes <= BigInt(reader.size - FOOTER_BYTES),
      `is truncated: its disk and footer need ${bytes + BigInt(FOOTER_BYTES)} bytes, but the file has only ${reader.size} bytes`,
    );
    return;
  }
  if (type !== TYPE.dynamic && type !== TYPE.differencing)
    throw new HeaderDamage(`has an unknown VHD type: ${type}`);
  await readDynamic(reader, footer, bytes, findings);
}

function sizeOf(footer: Buffer): bigint {
  const sectors = footer.readUInt16BE(56) * footer.readUInt8(58) * footer.readUInt8(59);
  const isByGeometry =
    BY_GEOMETRY.includes(footer.toString('latin1', 28, 32)) && sectors !== LARGEST_GEOMETRY;
  return isByGeometry ? BigInt(sectors) * SECTOR : (footer.readBigUInt64BE(48) / SECTOR) * SECTOR;
}

async function readDynamic(
  reader: HeaderReader,
  footer: Buffer,
  bytes: bigint,
  findings: Findings,
): Promise<void> {
  const header = await reader.bytes(footer.readBigUInt64BE(16), DYNAMIC_BYTES, 'its dynamic disk header');
  if (header.toString('latin1', 0, 8) !== DYNAMIC_COOKIE)
    throw new HeaderDamage('has no dynamic disk header');
  findings.expect(
    header.readUInt32BE(36) === checksum(header, 36),
    'has a dynamic disk header with a wrong checksum',
  );
  const table = header.readBigUInt64BE(16);
  const entries = header.readUInt32BE(28);
  const blockBytes = header.readUInt32BE(32);
  findings.table('a block table', entries * 4);
  if (!isPowerOfTwo(blockBytes) || blockBytes < 512)
    throw new HeaderDamage(`has an invalid block size of ${blockBytes} bytes`);
  findings.expect(
    BigInt(entries) * BigInt(blockBytes) >= bytes,
    `has a table of ${entries} blocks, too few for a disk of ${bytes} bytes`,
  );
  findings.expect(
    BigInt(entries) <= (MOST_SECTORS * SECTOR) / BigInt(blockBytes) + 1n &&
      reader.holds(table, BigInt(entries) * 4n),
    'is truncated or corrupt: its block table is not in the file',
  );
  if (footer.readUInt32BE(60) === TYPE.differencing || hasLocator(header)) {
    findings.reference('parent', parentName(header), 'vpc');
  }
}

/** Whether one of the eight parent locators, each in the syntax of another platform, is set. */
function hasLocator(header: Buffer): boolean {
  return Array.from({ length: 8 }, (_, index) => header.readUInt32BE(576 + index * 24)).some(
    (code) => code !== 0,
  );
}

function parentName(header: Buffer): string {
  return Buffer.from(header.subarray(64, 576)).swap16().toString('utf16le').replace(/\0.*$/s, '');
}

/** Returns the one's complement of the sum of all bytes except those of the checksum. */
function checksum(header: Buffer, at: number): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) if (index < at || index >= at + 4) sum += byte;
  return ~sum >>> 0;
}
