import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';
import type { Qcow2Geometry } from './qcow2-geometry.ts';

/** QEMU allows 65 536; published images have none, and users' own a few. */
const MOST_SNAPSHOTS = 1024;
const ENTRY_BYTES = 40;
/** QCOW_MAX_SNAPSHOT_EXTRA_DATA */
const MOST_EXTRA_BYTES = 1024;
const L1_LIMIT = 32n * 1024n * 1024n;

/** Reads the snapshot table, a sequence of entries of varying length. */
export async function readQcow2Snapshots(
  reader: HeaderReader,
  { count, offset }: { readonly count: number; readonly offset: bigint },
  { clusterBytes }: Qcow2Geometry,
  findings: Findings,
): Promise<void> {
  if (count === 0) return;
  if (count > MOST_SNAPSHOTS) return findings.problem(`has ${count} snapshots (limit: ${MOST_SNAPSHOTS})`);
  const cluster = BigInt(clusterBytes);
  if (offset < cluster || offset % cluster !== 0n) {
    return findings.problem(`has a snapshot table at an invalid offset: byte ${offset}`);
  }
  let at = offset;
  for (let index = 0; index < count; index += 1) {
    const entry = await reader.bytes(at, ENTRY_BYTES, 'its snapshot table');
    const l1 = { offset: entry.readBigUInt64BE(0), length: BigInt(entry.readUInt32BE(8)) * 8n };
    const extraBytes = entry.readUInt32BE(36);
    if (extraBytes > MOST_EXTRA_BYTES) {
      throw new HeaderDamage(
        `has a snapshot with ${extraBytes} bytes of extra data (limit: ${MOST_EXTRA_BYTES})`,
      );
    }
    if (l1.length > L1_LIMIT || l1.offset % cluster !== 0n || !reader.holds(l1.offset, l1.length)) {
      throw new HeaderDamage('has a snapshot with an invalid L1 table');
    }
    const names = entry.readUInt16BE(12) + entry.readUInt16BE(14);
    at += BigInt(Math.ceil((ENTRY_BYTES + extraBytes + names) / 8) * 8);
    if (at > BigInt(reader.size) + 7n) throw new HeaderDamage('is truncated within its snapshot table');
  }
  findings.snapshots = count;
}
