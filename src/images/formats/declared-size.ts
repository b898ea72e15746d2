/** Allowance for data beside the clusters and their tables: bitmaps, headers, appended data. */
const SLACK_BYTES = 64 * 1024 * 1024;
/** Metadata per cluster: an L2 entry of 16 bytes and a reference count of at most 8. */
const BYTES_OF_CLUSTER = 24;
const SECTOR = 512;

/**
 * Returns the longest plausible file for the disk size in this header: of a qcow2 without snapshots, or of a raw disk
 * with a GPT (docs/interop/qcow2.rst, "Header"; UEFI 2.10 §5.3.2).
 * @param head at least the first 1 KiB of the file.
 * @returns bytes; undefined for content that states no size.
 */
export function longestFileOf(head: Buffer): number | undefined {
  if (head.length >= 64 && head.readUInt32BE(0) === 0x51_46_49_fb) return longestQcow2(head);
  const gpt = head.subarray(SECTOR);
  if (gpt.length >= 40 && gpt.toString('latin1', 0, 8) === 'EFI PART') {
    // The backup header is in the disk's last sector.
    return Number(gpt.readBigUInt64LE(32) + 1n) * SECTOR + SLACK_BYTES;
  }
  return undefined;
}

function longestQcow2(head: Buffer): number | undefined {
  const clusterBits = head.readUInt32BE(20);
  const virtualBytes = Number(head.readBigUInt64BE(24));
  const snapshots = head.readUInt32BE(60);
  // Each snapshot may hold a whole disk. An invalid cluster size is rejected later, when the whole header is checked.
  if (snapshots > 0 || clusterBits < 9 || clusterBits > 21) return undefined;
  return virtualBytes * (1 + BYTES_OF_CLUSTER / 2 ** clusterBits) + SLACK_BYTES;
}
