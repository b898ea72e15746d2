import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeExt4File } from '../../images/formats/ext4-file.ts';
import { DATA_LABEL } from '../../images/micro/stay-script.ts';
import { convertDisk } from '../../images/qemu-img/qemu-img.ts';
import { findProgram } from '../../process/program.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';

/**
 * Creates the disk that `micro` mounts at /data: an ext4 file system of e2fsprogs, with a journal that survives a power
 * loss; busybox in the guest would create one without a journal.
 * @returns undefined when this host has no mke2fs.
 */
export async function makeDataDisk(
  storage: string,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<StoredDisk | undefined> {
  const mke2fs = findProgram('mke2fs');
  if (mke2fs === undefined) return undefined;
  const raw = join(storage, 'data.raw');
  const file = 'disk0.qcow2';
  try {
    await makeExt4File(mke2fs, { path: raw, sizeBytes, label: DATA_LABEL, signal });
    await convertDisk({
      from: { path: raw, format: 'raw' },
      to: { path: join(storage, file), format: 'qcow2' },
      signal,
    });
  } finally {
    await rm(raw, { force: true });
  }
  return {
    name: 'disk0',
    file,
    owned: true,
    format: 'qcow2',
    readOnly: false,
    cache: 'writeback',
    discard: true,
  };
}
