import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import { type Findings, isPowerOfTwo } from './image-header.ts';

/** QEMU's docs/interop/qed_spec.rst; little-endian. */
const HEADER_BYTES = 64;
const FEATURE = { backing: 1n, check: 2n, backingIsRaw: 4n };
const KNOWN_FEATURES = FEATURE.backing | FEATURE.check | FEATURE.backingIsRaw;
const LONGEST_BACKING_NAME = 1023;

export async function readQed(reader: HeaderReader, findings: Findings): Promise<void> {
  const header = await reader.bytes(0, HEADER_BYTES, 'its header');
  const clusterBytes = header.readUInt32LE(4);
  const tableClusters = header.readUInt32LE(8);
  const headerClusters = header.readUInt32LE(12);
  const features = header.readBigUInt64LE(16);
  if (!isPowerOfTwo(clusterBytes) || clusterBytes < 4096 || clusterBytes > 64 * 1024 * 1024) {
    throw new HeaderDamage(`has an invalid cluster size of ${clusterBytes} bytes, expected 4 KiB to 64 MiB`);
  }
  if (!isPowerOfTwo(tableClusters) || tableClusters > 16) {
    throw new HeaderDamage(`has an invalid table size of ${tableClusters} clusters, expected 1 to 16`);
  }
  findings.table('an L1 table', tableClusters * clusterBytes);
  const headerBytes = BigInt(headerClusters) * BigInt(clusterBytes);
  findings.expect(
    headerClusters > 0 && headerBytes <= 0x7fff_ffffn,
    `has an invalid header size of ${headerBytes} bytes`,
  );
  const unknown = features & ~KNOWN_FEATURES;
  findings.expect(
    unknown === 0n,
    `requires features that are unknown to vmlet (bits 0x${unknown.toString(16)})`,
  );
  const size = header.readBigUInt64LE(48);
  findings.size(size);
  const entries = BigInt((clusterBytes * tableClusters) / 8);
  findings.expect(
    size <= entries * entries * BigInt(clusterBytes),
    `has tables too small for a disk of ${size} bytes`,
  );
  const l1 = header.readBigUInt64LE(40);
  findings.expect(
    l1 >= headerBytes &&
      l1 % BigInt(clusterBytes) === 0n &&
      reader.holds(l1, BigInt(tableClusters) * BigInt(clusterBytes)),
    'is truncated or corrupt: its L1 table is not in the file',
  );
  if ((features & FEATURE.backing) !== 0n)
    await readBackingName(reader, header, features, headerBytes, findings);
}

async function readBackingName(
  reader: HeaderReader,
  header: Buffer,
  features: bigint,
  headerBytes: bigint,
  findings: Findings,
): Promise<void> {
  const offset = header.readUInt32LE(56);
  const length = header.readUInt32LE(60);
  if (length > LONGEST_BACKING_NAME || BigInt(offset) + BigInt(length) > headerBytes) {
    throw new HeaderDamage('has an invalid backing file name');
  }
  const name = await reader.bytes(offset, length, "its backing file's name");
  findings.reference(
    'backing',
    name.toString('utf8').replace(/\0.*$/s, ''),
    (features & FEATURE.backingIsRaw) === 0n ? undefined : 'raw',
  );
}
