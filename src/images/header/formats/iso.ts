import type { HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';

/** ECMA-119 8.4: the primary volume descriptor is the first; it has numbers in both byte orders. */
const DESCRIPTOR = 16 * 2048;
/** Padding sectors at the end of a CD (run-out), which some tools count but do not write. */
const RUN_OUT_SECTORS = 150n + 2n;

/** Reads the size of a medium. Its files are not checked. */
export async function readIso(reader: HeaderReader, findings: Findings): Promise<void> {
  findings.size(BigInt(reader.size));
  const descriptor = await reader.upTo(DESCRIPTOR, 2048, 'its volume descriptor');
  const isPrimary =
    descriptor.length === 2048 &&
    descriptor.readUInt8(0) === 1 &&
    descriptor.toString('latin1', 1, 6) === 'CD001';
  if (!isPrimary) return;
  const blocks = descriptor.readUInt32LE(80);
  const blockBytes = descriptor.readUInt16LE(128);
  const bytes = BigInt(blocks) * BigInt(blockBytes);
  findings.expect([512, 1024, 2048].includes(blockBytes), `has an invalid block size of ${blockBytes} bytes`);
  findings.expect(
    bytes <= BigInt(reader.size) + RUN_OUT_SECTORS * 2048n,
    `is truncated: its volume has ${bytes} bytes, but the file has only ${reader.size} bytes`,
  );
}
