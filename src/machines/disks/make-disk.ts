import { join } from 'node:path';
import type { DiskImage } from '../../images/record/image.ts';
import { createDisk, createOverlay } from '../../images/qemu-img/qemu-img.ts';
import { findDiskFile } from '../../machine/survey/boot-source.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';
import { requireImageDiskSize } from '../../machine/spec/image-disk-size.ts';
import type { NewDisk } from '../spec/new-disk.ts';

/** Cloud images are as small as possible, and a qcow2 disk takes only the space that was written. */
const DISK_BYTES = 20 * 1024 ** 3;

export async function makeImageDisk(
  image: DiskImage,
  wantedBytes: number | undefined,
  storage: string,
  signal: AbortSignal | undefined,
): Promise<StoredDisk> {
  const { path, format, backing, virtualBytes } = image;
  if (wantedBytes !== undefined) requireImageDiskSize(image, wantedBytes);
  const file = 'disk0.qcow2';
  await createOverlay({
    path: join(storage, file),
    backingPath: path,
    backingFormat: format,
    sizeBytes: Math.max(wantedBytes ?? DISK_BYTES, virtualBytes),
    signal,
  });
  return {
    name: 'disk0',
    file,
    owned: true,
    format: 'qcow2',
    backing: { path, format, ...(backing && { backing }) },
    readOnly: false,
    cache: 'writeback',
    discard: true,
  };
}

export async function makeDisk(
  disk: NewDisk,
  place: { readonly name: string; readonly storage: string; readonly signal: AbortSignal | undefined },
): Promise<StoredDisk> {
  const { name, storage, signal } = place;
  const file = `${name}.qcow2`;
  const common = { name, cache: disk.cache, discard: disk.discard, readOnly: disk.readOnly };
  if ('sizeBytes' in disk.source) {
    await createDisk({
      path: join(storage, file),
      format: 'qcow2',
      sizeBytes: disk.source.sizeBytes,
      signal,
    });
    return { ...common, file, owned: true, format: 'qcow2' };
  }
  const { path, format, backing, virtualBytes } = await findDiskFile(disk.source, disk.field, signal);
  const standsOn = backing && { backing };
  if (disk.adopt) return { ...common, file: path, owned: true, format, ...standsOn };
  if (disk.readOnly) return { ...common, file: path, owned: false, format, ...standsOn };
  await createOverlay({
    path: join(storage, file),
    backingPath: path,
    backingFormat: format,
    sizeBytes: virtualBytes,
    signal,
  });
  return { ...common, file, owned: true, format: 'qcow2', backing: { path, format, ...standsOn } };
}
