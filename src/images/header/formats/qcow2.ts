import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import { type Findings, shown } from './image-header.ts';
import { readQcow2Extensions } from './qcow2-extensions.ts';
import type { Qcow2Geometry } from './qcow2-geometry.ts';
import { readQcow2Snapshots } from './qcow2-snapshots.ts';

/** Layout: QEMU's docs/interop/qcow2.rst; limits: its block/qcow2.h. */
const V2_LENGTH = 72;
const V3_LENGTH = 104;
const CLUSTER_BITS = { least: 9, most: 21 };
/** Extended L2 entries have bits for 32 parts of a cluster, each of at least one sector. */
const LEAST_EXTENDED_CLUSTER = 16 * 1024;
const L1_LIMIT = 32n * 1024n * 1024n;
const REFCOUNT_TABLE_LIMIT = 8n * 1024n * 1024n;
const MOST_REFCOUNT_ORDER = 6;
const LONGEST_BACKING_NAME = 1023;

const FEATURE = {
  dirty: 1n << 0n,
  corrupt: 1n << 1n,
  dataFile: 1n << 2n,
  compression: 1n << 3n,
  extendedL2: 1n << 4n,
};
const KNOWN_FEATURES = Object.values(FEATURE).reduce((all, bit) => all | bit);

export async function readQcow2(reader: HeaderReader, findings: Findings): Promise<void> {
  const head = await reader.upTo(0, V3_LENGTH + 8, 'its header');
  if (head.length < V2_LENGTH) throw new HeaderDamage('is truncated within its header');
  const version = head.readUInt32BE(4);
  findings.version = version;
  if (version !== 2 && version !== 3) throw new HeaderDamage(`has unknown qcow2 version ${version}`);
  if (version === 3 && head.length < V3_LENGTH) throw new HeaderDamage('is truncated within its header');
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < CLUSTER_BITS.least || clusterBits > CLUSTER_BITS.most) {
    throw new HeaderDamage(`has an invalid cluster size of 2^${clusterBits} bytes, expected 2^9 to 2^21`);
  }
  const clusterBytes = 2 ** clusterBits;
  const headerLength = version === 2 ? V2_LENGTH : head.readUInt32BE(100);
  if (version === 3 && (headerLength < V3_LENGTH || headerLength > clusterBytes || headerLength % 8 !== 0)) {
    throw new HeaderDamage(`has an invalid header length of ${headerLength} bytes`);
  }
  if (headerLength > reader.size) throw new HeaderDamage('is truncated within its header');
  const features = version === 3 ? head.readBigUInt64BE(72) : 0n;
  checkFeatures(features, clusterBytes, findings);
  checkCompression(features, headerLength > V3_LENGTH ? head.subarray(V3_LENGTH) : undefined, findings);
  const size = head.readBigUInt64BE(24);
  findings.size(size);
  checkTables(head, { size, clusterBytes, features, version }, reader, findings);
  const backing = { offset: head.readBigUInt64BE(8), length: head.readUInt32BE(16) };
  const geometry: Qcow2Geometry = {
    version,
    clusterBytes,
    headerLength,
    extensionsEnd:
      backing.offset > 0n && backing.offset < BigInt(clusterBytes) ? Number(backing.offset) : clusterBytes,
  };
  const extensions = await readQcow2Extensions(reader, geometry, findings);
  checkEncryption(head.readUInt32BE(32), extensions.hasEncryptionHeader, findings);
  if ((features & FEATURE.dataFile) !== 0n || extensions.dataFile !== undefined) {
    findings.reference('data', extensions.dataFile ?? '');
  }
  await readBackingName(reader, backing, geometry, extensions.backingFormat, findings);
  await readQcow2Snapshots(
    reader,
    { count: head.readUInt32BE(60), offset: head.readBigUInt64BE(64) },
    geometry,
    findings,
  );
}

function checkFeatures(features: bigint, clusterBytes: number, findings: Findings): void {
  const unknown = features & ~KNOWN_FEATURES;
  if (unknown !== 0n) {
    findings.problem(
      `requires features that are unknown to vmlet (incompatible bits 0x${unknown.toString(16)})`,
    );
  }
  if ((features & FEATURE.corrupt) !== 0n) {
    findings.problem('is marked as corrupt (qemu-img check -r all may repair it)', { trustable: true });
  }
  if ((features & FEATURE.extendedL2) !== 0n) {
    findings.expect(
      clusterBytes >= LEAST_EXTENDED_CLUSTER,
      `has extended L2 entries, but its clusters of ${clusterBytes} bytes are too small for such entries`,
    );
  }
}

/** Checks the compression type: 0 (zlib) or 1 (zstd). The feature bit is set for every type except zlib. */
function checkCompression(features: bigint, extra: Buffer | undefined, findings: Findings): void {
  const type = extra?.readUInt8(0) ?? 0;
  if (type > 1) findings.problem(`has an unknown compression type: ${type}`);
  findings.expect(
    ((features & FEATURE.compression) !== 0n) === (type !== 0),
    'has contradictory compression fields',
  );
}

interface TableContext {
  readonly size: bigint;
  readonly clusterBytes: number;
  readonly features: bigint;
  readonly version: number;
}

function checkTables(head: Buffer, context: TableContext, reader: HeaderReader, findings: Findings): void {
  const cluster = BigInt(context.clusterBytes);
  const l1 = { offset: head.readBigUInt64BE(40), length: BigInt(head.readUInt32BE(36)) * 8n };
  const refcounts = { offset: head.readBigUInt64BE(48), length: BigInt(head.readUInt32BE(56)) * cluster };
  checkTable('L1 table', l1, L1_LIMIT, cluster, reader, findings);
  checkTable('refcount table', refcounts, REFCOUNT_TABLE_LIMIT, cluster, reader, findings);
  if (l1.offset < refcounts.offset + refcounts.length && refcounts.offset < l1.offset + l1.length) {
    findings.problem('has an L1 table that overlaps its refcount table');
  }
  const entryBytes = (context.features & FEATURE.extendedL2) === 0n ? 8n : 16n;
  const bytesPerL1Entry = (cluster / entryBytes) * cluster;
  findings.expect(
    (l1.length / 8n) * bytesPerL1Entry >= context.size,
    `has an L1 table of ${l1.length / 8n} entries, too few for a disk of ${context.size} bytes`,
  );
  const order = context.version === 3 ? head.readUInt32BE(96) : 4;
  findings.expect(
    order <= MOST_REFCOUNT_ORDER,
    `has reference counts of 2^${order} bits (limit: 2^${MOST_REFCOUNT_ORDER})`,
  );
}

interface Place {
  readonly offset: bigint;
  /** Bytes. */
  readonly length: bigint;
}

function checkTable(
  name: string,
  { offset, length }: Place,
  limit: bigint,
  cluster: bigint,
  reader: HeaderReader,
  findings: Findings,
): void {
  if (length === 0n) return findings.problem(`has no ${name}`);
  const article = name.startsWith('L') ? 'an' : 'a';
  if (length > limit) return findings.problem(`has ${article} ${name} of ${length} bytes (limit: ${limit})`);
  if (offset < cluster || offset % cluster !== 0n) {
    return findings.problem(`has ${article} ${name} at an invalid offset: byte ${offset}`);
  }
  // The last cluster of the file may be incomplete.
  const end = (BigInt(reader.size) + cluster - 1n) / cluster;
  if (offset + length > end * cluster) {
    findings.problem(
      `is truncated or corrupt: its ${name} would end at byte ${offset + length}, but the file has only ${reader.size} bytes`,
    );
  }
}

function checkEncryption(method: number, hasHeader: boolean, findings: Findings): void {
  if (method === 0) return;
  if (method > 2) return findings.problem(`has an unknown encryption method: ${method}`);
  findings.encryption = method === 1 ? 'AES' : 'LUKS';
  if (method === 2) findings.expect(hasHeader, 'is encrypted with LUKS but has no LUKS header');
}

async function readBackingName(
  reader: HeaderReader,
  { offset, length }: { readonly offset: bigint; readonly length: number },
  { clusterBytes, headerLength }: Qcow2Geometry,
  format: string | undefined,
  findings: Findings,
): Promise<void> {
  if (offset === 0n) return;
  if (offset < BigInt(headerLength) || offset + BigInt(length) > BigInt(clusterBytes)) {
    return findings.problem(`has a backing file name at an invalid offset: byte ${offset}`);
  }
  if (length > LONGEST_BACKING_NAME) {
    return findings.problem(`has a backing file name of ${length} bytes (limit: ${LONGEST_BACKING_NAME})`);
  }
  if (length === 0) return;
  const name = await reader.bytes(offset, length, "its backing file's name");
  findings.reference('backing', decodeName(name, findings), format);
}

/** Decodes a name up to the first NUL, as QEMU does. */
function decodeName(bytes: Buffer, findings: Findings): string {
  const end = bytes.indexOf(0);
  const text = (end === -1 ? bytes : bytes.subarray(0, end)).toString('utf8');
  if (text.includes('\ufffd')) findings.problem(`has an invalid backing file name: ${shown(text)}`);
  return text;
}
