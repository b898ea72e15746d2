import type { HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';

/** As QEMU's block/vdi.c reads it; little-endian. */
const HEADER_BYTES = 512;
const VERSION = 0x0001_0001;
const BLOCK_BYTES = 1024 * 1024;
/** VDI_BLOCKS_IN_IMAGE_MAX */
const MOST_BLOCKS = 0x1fff_ffff;

export async function readVdi(reader: HeaderReader, findings: Findings): Promise<void> {
  const header = await reader.bytes(0, HEADER_BYTES, 'its header');
  const version = header.readUInt32LE(0x44);
  findings.version = version >>> 16;
  findings.expect(version === VERSION, `has unknown VDI version ${version >>> 16}.${version & 0xffff}`);
  const blocks = header.readUInt32LE(0x180);
  const allocated = header.readUInt32LE(0x184);
  const map = BigInt(header.readUInt32LE(0x154));
  const data = BigInt(header.readUInt32LE(0x158));
  const size = header.readBigUInt64LE(0x170);
  findings.size(size);
  const type = header.readUInt32LE(0x4c);
  findings.expect(
    type === 1 || type === 2,
    `has VDI type ${type}; vmlet supports only types 1 (dynamic) and 2 (fixed)`,
  );
  const [sectorBytes, blockBytes] = [header.readUInt32LE(0x168), header.readUInt32LE(0x178)];
  findings.expect(sectorBytes === 512, `has an invalid sector size of ${sectorBytes} bytes, expected 512`);
  findings.expect(
    blockBytes === BLOCK_BYTES,
    `has an invalid block size of ${blockBytes} bytes, expected ${BLOCK_BYTES}`,
  );
  findings.table('a block map', blocks * 4);
  findings.expect(blocks <= MOST_BLOCKS, `has ${blocks} blocks (limit: ${MOST_BLOCKS})`);
  findings.expect(
    allocated <= blocks,
    `has ${allocated} allocated blocks, but only ${blocks} blocks in total`,
  );
  findings.expect(
    size <= BigInt(blocks) * BigInt(BLOCK_BYTES),
    `has ${blocks} blocks, too few for a disk of ${size} bytes`,
  );
  findings.expect(
    map % 512n === 0n && data % 512n === 0n && data >= map,
    `has invalid offsets: byte ${map} for its block map and byte ${data} for its data`,
  );
  findings.expect(
    map >= BigInt(HEADER_BYTES) && reader.holds(map, BigInt(blocks) * 4n),
    'is truncated or corrupt: its block map is not in the file',
  );
  // The identifiers of the image that it was linked from, and of its parent.
  for (const at of [0x1a8, 0x1b8]) {
    const identifier = header.subarray(at, at + 16);
    if (identifier.some((byte) => byte !== 0)) {
      findings.reference('parent', identifier.toString('hex'), 'vdi');
      return;
    }
  }
}
