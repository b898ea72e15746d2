/** What a disk may have beside its clusters and their tables: bitmaps, a header, what was appended. */
const SLACK_BYTES = 64 * 1024 * 1024;
/** For each cluster: an entry of 16 bytes in the table of clusters, and a count of 8 at most. */
const BYTES_OF_CLUSTER = 24;
const SECTOR = 512;

/**
 * How long a file may be at most that begins like this, by what it says of the disk in it: a qcow2 without snapshots,
 * and a raw disk with a GPT (docs/interop/qcow2.rst, "Header"; UEFI 2.10 §5.3.2).
 * @param head at least 1 KiB of it.
 * @returns bytes; undefined for what says nothing of the kind.
 */
export function longestFileOf(head: Buffer): number | undefined {
  if (head.length >= 64 && head.readUInt32BE(0) === 0x51_46_49_fb) return longestQcow2(head);
  const gpt = head.subarray(SECTOR);
  if (gpt.length >= 40 && gpt.toString('latin1', 0, 8) === 'EFI PART') {
    // The other copy of the table is in the disk's last sector.
    return Number(gpt.readBigUInt64LE(32) + 1n) * SECTOR + SLACK_BYTES;
  }
  return undefined;
}

function longestQcow2(head: Buffer): number | undefined {
  const clusterBits = head.readUInt32BE(20);
  const virtualBytes = Number(head.readBigUInt64BE(24));
  const snapshots = head.readUInt32BE(60);
  // Each snapshot may hold another disk. An impossible size of clusters is refused when the whole header is judged.
  if (snapshots > 0 || clusterBits < 9 || clusterBits > 21) return undefined;
  return virtualBytes * (1 + BYTES_OF_CLUSTER / 2 ** clusterBits) + SLACK_BYTES;
}
